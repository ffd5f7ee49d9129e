//! The next steps of series, from a table of their history.

use super::{PREDICTION, PredictSummary};
use crate::{
    error::{Result, TrainError},
    evaluate::{Outputs, evaluate},
    inputs::{Examples, windows::Windows},
    model::Model,
    saved::SavedModel,
};
use aloft_data::write_table;
use polars::prelude::*;
use std::path::Path;

/// Writes the next steps of each series: the columns that tell series apart, the time, and the prediction.
pub(super) fn predict(
    saved: &SavedModel,
    windows: &Windows,
    model: &Model,
    frame: &DataFrame,
    output: &Path,
) -> Result<PredictSummary> {
    let next = windows.next(frame)?;
    let rows: Vec<u32> = (0..next.rows.count() as u32).collect();
    let (Outputs::Numbers(values)
    | Outputs::Labels { values, .. }
    | Outputs::Probabilities { values, .. }
    | Outputs::Quantiles { values, .. }) = evaluate(model, &saved.task, &next.rows, &rows)?;
    let mut columns = next.columns;
    if columns.iter().any(|column| column.name() == PREDICTION) {
        return Err(TrainError::bad_value(
            format!("the rows have a column `{PREDICTION}` already"),
            "rename it; the predictions get that name",
        ));
    }
    columns.push(Column::new(PREDICTION.into(), values));
    let frame = DataFrame::new(columns[0].len(), columns)?;
    write_table(&frame, output)?;
    Ok(PredictSummary {
        rows: frame.height() as u64,
        target: saved.target.clone(),
        task: saved.task.name().to_owned(),
        added: vec![PREDICTION.to_owned()],
    })
}
