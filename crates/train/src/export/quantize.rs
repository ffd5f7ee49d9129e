//! Smaller models, and what they lose.

use super::{Exported, exported, network};
use crate::{
    error::Result,
    metrics::Metrics,
    model::{Learned, Model},
    precision::Precision,
    prepare::Prepared,
    saved::SavedModel,
    table,
    trainer::evaluation,
};
use aloft_runs::file;
use aloft_spec::{Extent, Problem};
use serde::Serialize;
use std::path::Path;

/// A smaller model, and its metrics beside those of the run's model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantized {
    /// What was written.
    #[serde(flatten)]
    pub exported: Exported,
    /// How the weights are stored.
    pub precision: Precision,
    /// The part that the metrics are of: `test`, or `validation` where there is no test part.
    pub split: &'static str,
    /// The rows of that part.
    pub extent: Extent,
    /// Metrics of the run's model.
    pub before: Metrics,
    /// Metrics of the smaller one.
    pub after: Metrics,
}

/// Writes a run's model with smaller weights into a folder that `predict` can read (`model.safetensors`, `model.json`), and
/// measures what was lost, on the run's own rows.
///
/// # Errors
/// `NotFound` where the run has no model or its rows are gone, and those of reading them.
pub fn quantize(
    run_dir: &Path,
    precision: Precision,
    folder: &Path,
) -> std::result::Result<Quantized, Problem> {
    Ok(quantize_model(run_dir, precision, folder)?)
}

fn quantize_model(run_dir: &Path, precision: Precision, folder: &Path) -> Result<Quantized> {
    let (mut saved, network) = network(run_dir)?;
    let record = aloft_runs::read(run_dir)?;
    let table = table::open(&run_dir.join(file::DATA), &record.train)?;
    let mut prepared = Prepared::new(&record.train, table.as_ref())?;
    if saved.refit.is_some() {
        let seen = prepared.split.without_validation();
        prepared = Prepared::fold(&record.train, table.as_ref(), seen)?;
    }
    drop(table);
    let (split, rows) = match prepared.split.test.is_empty() {
        true => ("validation", &prepared.split.validation),
        false => ("test", &prepared.split.test),
    };
    let learned = Learned::Network(network.weights()?);
    let before = evaluation(&prepared, &Model::Network(network), rows)?.metrics;
    saved.precision = precision;
    saved.write_as(folder, &learned, &saved)?;
    // What is measured is what lies on the disk.
    let (_, smaller) = SavedModel::read(folder)?;
    let after = evaluation(&prepared, &smaller, rows)?.metrics;
    saved.metrics = [(split.to_owned(), after.clone())].into();
    saved.write_as(folder, &learned, &saved)?;
    Ok(Quantized {
        exported: exported(folder)?,
        precision,
        split,
        extent: Extent::all(rows.len() as u64),
        before,
        after,
    })
}
