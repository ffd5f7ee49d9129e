//! What a model looks at, whatever kind it is: it is asked about rows in which something was changed.
//!
//! A column is changed where it lies in the encoded rows. Another order of its values is another order of its block, and a
//! value in all rows is the block of a row that has it: nothing is encoded again, and a row has no value that no row has.

mod dependence;
mod importance;

use crate::{
    batch::Encoded,
    error::Result,
    evaluate::Outputs,
    metrics::{Truth, metrics},
    preprocess::{Block, Preprocessing},
    task::Task,
};
use aloft_nn::rng::{Purpose, Random};
use aloft_spec::report::Explanation;
use polars::prelude::*;
use std::time::{Duration, Instant};

/// Rows that are looked at; importances hardly change with more of them.
const ROWS: usize = 1000;
/// Share of the time for the importances; the rest is for the curves.
const FOR_IMPORTANCE: f64 = 0.7;

/// What a model says about rows of these encoded ones.
pub type Predict<'a> = dyn Fn(&Encoded) -> Result<Outputs> + 'a;

/// What is known of the rows that are looked at.
#[derive(Debug)]
pub struct Sample<'a> {
    /// The model's preprocessing.
    pub preprocessing: &'a Preprocessing,
    /// Its task.
    pub task: &'a Task,
    /// The rows, encoded.
    pub rows: Encoded,
    /// What is true of them.
    pub truth: Truth,
    /// Their values.
    pub values: DataFrame,
}

/// How long explaining may take.
pub struct Budget<'a> {
    until: Instant,
    /// Until then the importances are found.
    importance_until: Instant,
    stop: &'a mut dyn FnMut() -> bool,
}

impl<'a> Budget<'a> {
    /// From now on; and only as long as nobody wants it stopped.
    pub fn new(time: Duration, stop: &'a mut dyn FnMut() -> bool) -> Self {
        let now = Instant::now();
        Self {
            until: now + time,
            importance_until: now + time.mul_f64(FOR_IMPORTANCE),
            stop,
        }
    }

    fn is_spent(&mut self, until: Instant) -> bool {
        Instant::now() >= until || (self.stop)()
    }
}

/// Which rows of a part are looked at, a seeded random sample in their order.
pub fn sampled(seed: u64, part: &[u32]) -> Vec<u32> {
    let mut rows = part.to_vec();
    if rows.len() > ROWS {
        Random::new(seed, Purpose::Permutation, 0).shuffle(&mut rows);
        rows.truncate(ROWS);
        rows.sort_unstable();
    }
    rows
}

/// Explains a model on some rows of a part, as far as the time allows.
pub fn explain(
    split: &str,
    seed: u64,
    sample: &Sample<'_>,
    predict: &Predict<'_>,
    budget: &mut Budget<'_>,
) -> Result<Explanation> {
    let blocks = sample.preprocessing.blocks();
    let base = loss(sample, &predict(&sample.rows)?);
    let importance = importance::importance(seed, sample, &blocks, base, predict, budget)?;
    let leading: Vec<usize> = importance
        .iter()
        .filter(|found| found.mean > 0.0)
        .filter_map(|found| blocks.iter().position(|block| block.name == found.column))
        .collect();
    let dependence = dependence::dependence(sample, &blocks, &leading, predict, budget)?;
    Ok(Explanation {
        split: split.to_owned(),
        rows: sample.rows.rows as u64,
        metric: metric(sample.task).to_owned(),
        base,
        unreached: (blocks.len() - importance.len()) as u64,
        importance,
        dependence,
        outputs: match sample.task {
            // The other class's curve is the same upside down.
            Task::Binary { classes, .. } => classes.iter().skip(1).cloned().collect(),
            Task::Multiclass { classes, .. } => classes.iter().take(dependence::CURVES).cloned().collect(),
            Task::Quantiles { quantiles, .. } => quantiles
                .iter()
                .take(dependence::CURVES)
                .map(f64::to_string)
                .collect(),
            Task::Multilabel { labels, .. } => labels.iter().take(dependence::CURVES).cloned().collect(),
            Task::Regression { .. } | Task::Forecast { .. } | Task::Anomaly { .. } => Vec::new(),
        },
    })
}

/// The metric that gets worse when a column says nothing any more.
fn metric(task: &Task) -> &'static str {
    match task {
        Task::Regression { .. } | Task::Forecast { .. } | Task::Anomaly { .. } => "rmse",
        Task::Quantiles { .. } => "pinball",
        Task::Binary { .. } | Task::Multiclass { .. } | Task::Multilabel { .. } => "log_loss",
    }
}

fn loss(sample: &Sample<'_>, outputs: &Outputs) -> f64 {
    let metrics = metrics(outputs, &sample.truth);
    metrics.get(metric(sample.task)).copied().unwrap_or(f64::NAN)
}

/// Copies a column of a row to another row of the same width.
fn copy(block: &Block, from: &Encoded, row: usize, to: &mut Encoded, at: usize) {
    let numbers = |row: usize| row * from.numeric_width + block.numbers.start;
    let categories = |row: usize| row * from.category_width + block.categories.start;
    let (width, count) = (block.numbers.len(), block.categories.len());
    to.numeric[numbers(at)..][..width].copy_from_slice(&from.numeric[numbers(row)..][..width]);
    to.categories[categories(at)..][..count].copy_from_slice(&from.categories[categories(row)..][..count]);
}

#[cfg(test)]
mod tests;
