//! `report.json`: what a run came to, for the window and for people.

use crate::{
    checkpoint::EpochRecord,
    error::{Result, TrainError},
    evaluate::Outputs,
    metrics::{Metrics, Truth, confusion},
    task::Task,
};
use aloft_runs::{file, replace_file};
use aloft_spec::{run, text::significant_digits};
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Version of this format.
    pub version: u32,
    /// `binary`, `multiclass` or `regression`.
    pub task: &'static str,
    /// The column that is predicted.
    pub target: String,
    /// Class names; none for regression.
    pub classes: Vec<String>,
    /// The epoch whose weights are the model, from 1.
    pub best_epoch: u32,
    /// Metrics by split and name.
    pub metrics: run::Metrics,
    /// Whether the model beats a base line, in a sentence.
    pub conclusion: String,
    /// How often each class was taken for each, by split; none for regression.
    pub confusion: BTreeMap<String, Confusion>,
    /// What each epoch came to.
    pub curves: Vec<EpochRecord>,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

/// A confusion matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// Rows of each class, in the order of `classes`.
    pub rows: Vec<u64>,
    /// `counts[actual][predicted]`.
    pub counts: Vec<Vec<u64>>,
}

impl Report {
    /// Replaces a run's report.
    pub fn write(&self, run_dir: &Path) -> Result<()> {
        let path = run_dir.join(file::REPORT);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        Ok(replace_file(&path, text.as_bytes())?)
    }
}

/// The confusion matrix of some rows; `None` for numbers.
pub fn confusion_of(task: &Task, truth: &Truth, outputs: &Outputs) -> Option<Confusion> {
    let Truth::Classes(truth) = truth else {
        return None;
    };
    let counts = confusion(task.classes().len(), truth, &outputs.predicted());
    Some(Confusion {
        rows: counts.iter().map(|row| row.iter().sum()).collect(),
        counts,
    })
}

/// Whether a model beats what could be said without one.
pub fn conclusion(task: &Task, split: &str, metrics: &Metrics) -> String {
    let metric = |name: &str| metrics.get(name).copied();
    let number = |value: f64| significant_digits(value, 4);
    let (what, own, base, better) = match task {
        Task::Regression { .. } | Task::Anomaly { .. } => {
            let (Some(own), Some(base)) = (metric("rmse"), metric("base_rmse")) else {
                return format!("There is nothing to compare on the {split} rows.");
            };
            ("an error (RMSE)", own, base, own < base)
        }
        Task::Forecast { .. } => {
            let lines = [metric("last_value_rmse"), metric("seasonal_naive_rmse")];
            let best = lines.into_iter().flatten().reduce(f64::min);
            let (Some(own), Some(base)) = (metric("rmse"), best) else {
                return format!("There is nothing to compare on the {split} windows.");
            };
            ("an error (RMSE)", own, base, own < base)
        }
        Task::Binary { .. } | Task::Multiclass { .. } => {
            let (Some(own), Some(base)) = (metric("accuracy"), metric("base_rate_accuracy")) else {
                return format!("There is nothing to compare on the {split} rows.");
            };
            ("an accuracy", own, base, own > base)
        }
    };
    let baseline = match task {
        Task::Regression { .. } | Task::Anomaly { .. } => "saying the mean of the training rows",
        Task::Forecast { .. } if metric("seasonal_naive_rmse") < metric("last_value_rmse") => {
            "saying the value of one season before"
        }
        Task::Forecast { .. } => "saying the last value",
        Task::Binary { .. } | Task::Multiclass { .. } => "always saying the most frequent class",
    };
    let verdict = if better { "beats" } else { "doesn't beat" };
    format!(
        "The model {verdict} the base line: {what} of {} on the {split} rows, where {baseline} has {}.",
        number(own),
        number(base)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_whether_it_beats_the_base_line() {
        let metrics = |own: (&str, f64), base: (&str, f64)| {
            Metrics::from([(own.0.to_owned(), own.1), (base.0.to_owned(), base.1)])
        };
        let task = Task::Regression {
            mean: 0.0,
            deviation: 1.0,
        };
        let better = conclusion(&task, "test", &metrics(("rmse", 12.344_44), ("base_rmse", 40.0)));
        assert_eq!(
            better,
            "The model beats the base line: an error (RMSE) of 12.34 on the test rows, where saying the mean of the \
             training rows has 40."
        );
        assert!(
            conclusion(&task, "test", &metrics(("rmse", 41.0), ("base_rmse", 40.0))).contains("doesn't beat")
        );
        assert!(conclusion(&task, "test", &Metrics::new()).contains("nothing to compare"));
    }
}
