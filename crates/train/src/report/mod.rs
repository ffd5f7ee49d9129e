//! What a run came to, for `report.json`: metrics with intervals, beside what needs no model; where the model is wrong.

mod baseline;
mod bootstrap;
mod conclusion;
mod forecasts;
mod linear;
mod minimize;
mod reliability;
#[cfg(test)]
mod tests;
mod thresholds;
mod wrong;

pub use conclusion::{conclusion, conclusion_of_metrics};
pub use forecasts::forecasts;

use crate::{
    error::Result,
    evaluate::Outputs,
    metrics::{Truth, confusion},
    prepare::Prepared,
    table::Table,
};
use aloft_spec::{
    report::{Baseline, BaselineKind, Confusion, Estimate, Evaluation},
    run::RunRecord,
};
use polars::prelude::DataFrame;

/// A part of the rows, and what the model says about them.
#[derive(Debug)]
pub struct Part<'a> {
    /// `validation` or `test`.
    pub name: &'a str,
    /// Its rows.
    pub rows: &'a [u32],
    /// What is true of them.
    pub truth: Truth,
    /// What the model says.
    pub outputs: Outputs,
}

impl Part<'_> {
    /// How often each class was taken for each; `None` for numbers.
    pub fn confusion(&self, classes: usize) -> Option<Confusion> {
        let Truth::Classes(truth) = &self.truth else {
            return None;
        };
        let counts = confusion(classes, truth, &self.outputs.predicted());
        Some(Confusion {
            rows: counts.iter().map(|row| row.iter().sum()).collect(),
            counts,
        })
    }
}

/// Evaluates the last of the parts (the test part where there is one) beside its base lines; `None` without a part, and
/// where several values are true of a row: windows overlap, so that rows drawn again would make intervals too narrow.
/// `table` is the run's, and beside the evaluation come its rows `others` with the columns that the model reads: reading a
/// table once is enough.
pub fn evaluation(
    record: &RunRecord,
    prepared: &Prepared,
    table: &dyn Table,
    parts: &[Part<'_>],
    others: &[u32],
) -> Result<Option<(Evaluation, DataFrame)>> {
    let Some(part) = parts.last().filter(|_| prepared.task.target_width() == 1) else {
        return Ok(None);
    };
    let predicted = baseline::baselines(&record.train, prepared, table, part.rows)?;
    let mut outputs = vec![&part.outputs];
    outputs.extend(predicted.iter().map(|baseline| &baseline.outputs));
    let intervals = bootstrap::intervals(record.train.seed, &part.truth, &outputs);
    let mut metrics = intervals.metrics.into_iter();
    let own = metrics.next().unwrap_or_default();
    let baselines = predicted.into_iter().zip(metrics).zip(intervals.gains);
    let (worst, others) = wrong::worst(prepared, table, part, others)?;
    let evaluation = Evaluation {
        split: part.name.to_owned(),
        rows: part.rows.len() as u64,
        extent: record.data.extent.clone(),
        bootstrap: intervals.bootstrap,
        metrics: own,
        baselines: baselines
            .map(|((baseline, metrics), gains)| Baseline {
                metrics: meant(baseline.kind, metrics),
                gains: meant(baseline.kind, gains),
                kind: baseline.kind,
                words: baseline.words,
            })
            .collect(),
        reliability: reliability::reliability(&part.truth, &part.outputs),
        thresholds: thresholds::thresholds(prepared.task.classes(), parts),
        residuals: wrong::residuals(part),
        worst,
    };
    Ok(Some((evaluation, others)))
}

/// The metrics that mean something of a base line: one that names a class without a probability has no log loss.
fn meant(kind: BaselineKind, mut metrics: Vec<Estimate>) -> Vec<Estimate> {
    let of_probabilities = ["log_loss", "brier", "calibration_error", "roc_auc", "pr_auc"];
    metrics.retain(|metric| kind != BaselineKind::Last || !of_probabilities.contains(&metric.name.as_str()));
    metrics
}
