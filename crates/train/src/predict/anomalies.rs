//! How unlike the others rows are.

use crate::{anomaly::scores, batch::Batch, error::Result, evaluate::Outputs, inputs::Examples};
use polars::prelude::*;

/// The column of errors, and the one that says which are above the threshold.
pub(super) const ADDED: [&str; 2] = ["score", "anomaly"];

/// The columns that are added to the rows.
pub(super) fn columns(
    outputs: &Outputs,
    rows: &dyn Examples,
    numbers: usize,
    threshold: f64,
) -> Result<Vec<Column>> {
    let (Outputs::Numbers(given_back)
    | Outputs::Labels {
        values: given_back, ..
    }
    | Outputs::Probabilities {
        values: given_back, ..
    }
    | Outputs::Quantiles {
        values: given_back, ..
    }) = outputs;
    let mut batch = Batch::default();
    rows.gather(&(0..rows.count() as u32).collect::<Vec<_>>(), &mut batch)?;
    let values: Vec<f64> = batch
        .rows()
        .numbers
        .iter()
        .map(|number| f64::from(*number))
        .collect();
    let scores = scores(given_back, &values, numbers);
    let above: Vec<bool> = scores.iter().map(|score| *score > threshold).collect();
    Ok(vec![
        Column::new(ADDED[0].into(), scores),
        Column::new(ADDED[1].into(), above),
    ])
}
