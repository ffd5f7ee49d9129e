//! Predictions for new rows, by a run's model: batch by batch, so that the scored table is never whole in memory.

mod anomalies;
mod pictures;
mod windows;

use crate::{
    error::{Result, TrainError},
    evaluate::{Outputs, evaluate},
    inputs::{Examples, Inputs},
    model::Model,
    saved::SavedModel,
    task::{LabelType, Task},
};
use aloft_data::{Cancel, TableWriter, source};
use aloft_spec::{Problem, source::SourceSpec, table::Scope};
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
    /// The column that the model was trained to predict; labels with commas between them.
    pub target: String,
    /// `binary`, `multiclass`, `multilabel`, `regression`, `quantiles`, `forecast` or `anomaly`.
    pub task: String,
    /// Columns that were added to the rows.
    pub added: Vec<String>,
}

/// Reads rows (CSV, Parquet, JSON lines, Arrow), and writes them (CSV or Parquet, by the ending of `output`) in their
/// order with all their columns, the column `prediction`, and for classes `probability_<class>` for each; for labels
/// `prediction_<label>` and `probability_<label>` for each; for quantiles `quantile_<share>` for each in place of `prediction`. An autoencoder adds `score`, what it can't give back of a row, and
/// `anomaly`, whether that is more than the threshold. Pictures themselves aren't written. A forecast reads the history of
/// series as a whole, and writes their next steps instead. `run_dir` may also be a folder that an export has written. CSV,
/// Parquet and Arrow are read and written in batches. `progress` is told how many rows are done, out of how many.
///
/// # Errors
/// `NotFound` where the run has no model, `UnknownColumn` naming the columns that the rows lack, `BadValue` where a value
/// doesn't fit its column or a name is taken, `Stopped`. Whatever goes wrong, `output` stays as it was.
pub fn predict(
    run_dir: &Path,
    input: &Path,
    output: &Path,
    cancel: &Cancel,
    progress: &mut dyn FnMut(u64, u64),
) -> std::result::Result<PredictSummary, Problem> {
    Ok(predict_rows(run_dir, input, output, cancel, progress)?)
}

fn predict_rows(
    run_dir: &Path,
    input: &Path,
    output: &Path,
    cancel: &Cancel,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<PredictSummary> {
    let (saved, model) = SavedModel::read(run_dir)?;
    let spec = SourceSpec::new(input.to_string_lossy());
    let rows = source(&spec, input, Scope::All, cancel)?;
    if let Inputs::Windows(windows) = &saved.inputs {
        let summary = windows::predict(&saved, windows, &model, &rows.collect()?, output)
            .map_err(|error| error.in_file(input))?;
        progress(summary.rows, summary.rows);
        return Ok(summary);
    }
    let added = names(&saved.task);
    let taken = |name: &&String| rows.schema().iter().any(|field| field.name == **name);
    if let Some(taken) = added.iter().find(taken) {
        let message = format!("the rows have a column `{taken}` already");
        let hint = "rename it or leave it out; the predictions get that name";
        return Err(TrainError::bad_value(message, hint).in_file(input));
    }
    let mut writer = TableWriter::create(output)?;
    let total = rows.rows()?;
    let mut done = 0;
    let mut write = |frame: DataFrame| -> Result<()> {
        cancel.check()?;
        let height = frame.height() as u64;
        let scored =
            scored(&saved, &model, input, frame).map_err(|error| error.after_rows(done).in_file(input))?;
        writer.write(scored)?;
        done += height;
        progress(done, total);
        Ok(())
    };
    for frame in rows.batches()? {
        write(frame?)?;
    }
    if total == 0 {
        write(rows.collect()?)?;
    }
    cancel.check()?;
    writer.finish()?;
    Ok(PredictSummary {
        rows: done,
        target: saved.target,
        task: saved.task.name().to_owned(),
        added,
    })
}

/// The rows with what the model says about them.
fn scored(saved: &SavedModel, model: &Model, input: &Path, mut frame: DataFrame) -> Result<DataFrame> {
    let rows: Box<dyn Examples> = match &saved.inputs {
        // `predict` reads series as a whole and doesn't come here.
        Inputs::Windows(windows) => Box::new(windows.next(&frame)?.rows),
        Inputs::Table(table) => Box::new(table.encode(&frame)?),
        Inputs::Numbers(table) => Box::new(table.spread(&frame)?),
        Inputs::Text(texts) => Box::new(texts.encode(&frame)?),
        Inputs::Images(images) => {
            let read = pictures::read(&mut frame, &images.column, input)?;
            Box::new(images.encode(&read)?)
        }
    };
    let indices: Vec<u32> = (0..rows.count() as u32).collect();
    let outputs = evaluate(model, &saved.task, rows.as_ref(), &indices)?;
    let added = match &saved.task {
        Task::Anomaly { numbers, threshold } => {
            anomalies::columns(&outputs, rows.as_ref(), *numbers, *threshold)?
        }
        task => columns(task, &outputs),
    };
    frame.hstack_mut(&added)?;
    Ok(frame)
}

/// Names of the columns that are added to the rows.
pub(crate) fn names(task: &Task) -> Vec<String> {
    if let Task::Anomaly { .. } = task {
        return anomalies::ADDED.map(str::to_owned).into();
    }
    if let Task::Quantiles { quantiles, .. } = task {
        return quantiles
            .iter()
            .map(|quantile| format!("quantile_{quantile}"))
            .collect();
    }
    if let Task::Multilabel { labels, .. } = task {
        let of_label = |label: &String| [format!("{PREDICTION}_{label}"), format!("probability_{label}")];
        return labels.iter().flat_map(of_label).collect();
    }
    let probabilities = task.classes().iter().map(|class| format!("probability_{class}"));
    [PREDICTION.to_owned()].into_iter().chain(probabilities).collect()
}

/// The columns that are added to the rows: predictions in the target's own type.
fn columns(task: &Task, outputs: &Outputs) -> Vec<Column> {
    let names = names(task);
    match (task, outputs) {
        (
            Task::Binary { classes, labels } | Task::Multiclass { classes, labels },
            Outputs::Probabilities { values, .. },
        ) => {
            let mut columns = vec![labelled(classes, *labels, &outputs.predicted())];
            for (index, name) in names.iter().skip(1).enumerate() {
                let probabilities: Vec<f64> = values
                    .iter()
                    .skip(index)
                    .step_by(classes.len())
                    .copied()
                    .collect();
                columns.push(Column::new(name.as_str().into(), probabilities));
            }
            columns
        }
        (Task::Multilabel { types, .. }, Outputs::Labels { width, values }) => {
            let label = |(index, (kind, names)): (usize, (&LabelType, &[String]))| {
                let probabilities: Vec<f64> = values.iter().skip(index).step_by(*width).copied().collect();
                let said = probabilities.iter().map(|probability| *probability > 0.5);
                let predicted = match kind {
                    LabelType::Boolean => Column::new(names[0].as_str().into(), said.collect::<Vec<_>>()),
                    _ => Column::new(names[0].as_str().into(), said.map(i64::from).collect::<Vec<_>>()),
                };
                [predicted, Column::new(names[1].as_str().into(), probabilities)]
            };
            let labels = types.iter().zip(names.chunks_exact(2)).enumerate();
            labels.flat_map(label).collect()
        }
        (Task::Quantiles { .. }, Outputs::Quantiles { width, values }) => names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let numbers: Vec<f64> = values.iter().skip(index).step_by(*width).copied().collect();
                Column::new(name.as_str().into(), numbers)
            })
            .collect(),
        (
            _,
            Outputs::Numbers(values)
            | Outputs::Labels { values, .. }
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
