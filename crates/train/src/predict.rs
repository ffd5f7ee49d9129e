//! Predictions for new rows, by a run's model.

mod anomalies;
mod pictures;
mod windows;

use crate::{
    error::{Result, TrainError},
    evaluate::{Outputs, evaluate},
    inputs::{Examples, Inputs},
    saved::SavedModel,
    task::{LabelType, Task},
};
use aloft_data::{read_frame, write_table};
use aloft_spec::Problem;
use polars::prelude::*;
use serde::Serialize;
use std::path::Path;

/// The column of predictions.
const PREDICTION: &str = "prediction";

/// What [`predict`] wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictSummary {
    /// Rows that were predicted.
    pub rows: u64,
    /// The column that the model was trained to predict.
    pub target: String,
    /// `binary`, `multiclass`, `regression`, `quantiles`, `forecast` or `anomaly`.
    pub task: String,
    /// Columns that were added to the rows.
    pub added: Vec<String>,
}

/// Reads rows (CSV, Parquet, JSON lines, Arrow), and writes them (CSV or Parquet, by the ending of `output`) in their
/// order with all their columns, the column `prediction`, and for classes `probability_<class>` for each; for quantiles
/// `quantile_<share>` for each in place of `prediction`. A forecast reads the history of series, and writes their next steps
/// instead; an autoencoder adds `score`, what it can't give back of a row, and `anomaly`, whether that is more than the
/// threshold. Pictures themselves aren't written.
///
/// # Errors
/// `NotFound` where the run has no model, `UnknownColumn` naming the columns that the rows lack, `BadValue` where a value
/// doesn't fit its column or a name is taken.
pub fn predict(run_dir: &Path, input: &Path, output: &Path) -> std::result::Result<PredictSummary, Problem> {
    Ok(predict_rows(run_dir, input, output)?)
}

fn predict_rows(run_dir: &Path, input: &Path, output: &Path) -> Result<PredictSummary> {
    let (saved, model) = SavedModel::read(run_dir)?;
    let mut frame = read_frame(input)?;
    let rows: Result<Box<dyn Examples>> = match &saved.inputs {
        Inputs::Windows(windows) => {
            return windows::predict(&saved, windows, &model, &frame, output)
                .map_err(|error| error.in_file(input));
        }
        Inputs::Table(table) => table.encode(&frame).map(|rows| Box::new(rows) as _),
        Inputs::Numbers(table) => table.spread(&frame).map(|rows| Box::new(rows) as _),
        Inputs::Text(texts) => texts.encode(&frame).map(|rows| Box::new(rows) as _),
        Inputs::Images(images) => {
            let read = pictures::read(&mut frame, &images.column, input);
            read.and_then(|frame| images.encode(&frame))
                .map(|rows| Box::new(rows) as _)
        }
    };
    let rows = rows.map_err(|error| error.in_file(input))?;
    let indices: Vec<u32> = (0..rows.count() as u32).collect();
    let outputs = evaluate(&model, &saved.task, rows.as_ref(), &indices)?;
    let added = match &saved.task {
        Task::Anomaly { numbers, threshold } => {
            anomalies::columns(&outputs, rows.as_ref(), *numbers, *threshold)
        }
        task => columns(task, &outputs),
    };
    let names: Vec<String> = added.iter().map(|column| column.name().to_string()).collect();
    if let Some(taken) = names.iter().find(|name| frame.column(name).is_ok()) {
        let message = format!("the rows have a column `{taken}` already");
        let hint = "rename it or leave it out; the predictions get that name";
        return Err(TrainError::bad_value(message, hint).in_file(input));
    }
    frame.hstack_mut(&added)?;
    write_table(&frame, output)?;
    Ok(PredictSummary {
        rows: frame.height() as u64,
        target: saved.target,
        task: saved.task.name().to_owned(),
        added: names,
    })
}

/// The columns that are added to the rows: predictions in the target's own type.
fn columns(task: &Task, outputs: &Outputs) -> Vec<Column> {
    match (task, outputs) {
        (
            Task::Binary { classes, labels } | Task::Multiclass { classes, labels },
            Outputs::Probabilities { values, .. },
        ) => {
            let mut columns = vec![labelled(classes, *labels, &outputs.predicted())];
            for (index, class) in classes.iter().enumerate() {
                let probabilities: Vec<f64> = values
                    .iter()
                    .skip(index)
                    .step_by(classes.len())
                    .copied()
                    .collect();
                columns.push(Column::new(format!("probability_{class}").into(), probabilities));
            }
            columns
        }
        (Task::Quantiles { quantiles, .. }, Outputs::Quantiles { width, values }) => quantiles
            .iter()
            .enumerate()
            .map(|(index, quantile)| {
                let numbers: Vec<f64> = values.iter().skip(index).step_by(*width).copied().collect();
                Column::new(format!("quantile_{quantile}").into(), numbers)
            })
            .collect(),
        (
            _,
            Outputs::Numbers(values)
            | Outputs::Probabilities { values, .. }
            | Outputs::Quantiles { values, .. },
        ) => {
            vec![Column::new(PREDICTION.into(), values)]
        }
    }
}

fn labelled(classes: &[String], labels: LabelType, predicted: &[u32]) -> Column {
    let texts: StringChunked = predicted
        .iter()
        .map(|class| classes.get(*class as usize).map(String::as_str))
        .collect();
    fn parsed<T: std::str::FromStr>(texts: &StringChunked) -> Vec<Option<T>> {
        texts.iter().map(|text| text?.parse().ok()).collect()
    }
    match labels {
        LabelType::Boolean => Column::new(PREDICTION.into(), parsed::<bool>(&texts)),
        LabelType::Integer => Column::new(PREDICTION.into(), parsed::<i64>(&texts)),
        LabelType::Float => Column::new(PREDICTION.into(), parsed::<f64>(&texts)),
        LabelType::Text => texts.with_name(PREDICTION.into()).into_column(),
    }
}
