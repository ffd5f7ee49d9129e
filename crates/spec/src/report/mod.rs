//! `report.json`: what a run came to and why, for the window and for people.
//!
//! The worker writes it after the metrics, and once more when the explanation is there. Version 1 had no evaluation and no
//! explanation; both are optional, so that old reports are read as they are.

mod estimate;
mod forecasts;
mod threshold;

pub use estimate::{Estimate, Verdict, estimate, headline, is_error};
pub use forecasts::{Forecasts, Rank, StepErrors, Trace};
pub use threshold::{Alarms, Choice, Costs, Thresholds};

use crate::{
    chart::Scale,
    run::Metrics,
    table::{Extent, Table},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version that this program writes.
pub const VERSION: u32 = 2;

/// `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// `binary`, `multiclass` or `regression`.
    pub task: String,
    /// The column that is predicted.
    pub target: String,
    /// Class names in the order of the model's outputs; none for regression.
    pub classes: Vec<String>,
    /// The epoch whose weights are the model, from 1, unless it learned anew.
    pub best_epoch: u32,
    /// Metrics by split and name.
    pub metrics: Metrics,
    /// How good the model is and whether it beats what needs no model, in a sentence.
    pub conclusion: String,
    /// How often each class was taken for each, by split; none for regression.
    #[serde(default)]
    pub confusion: BTreeMap<String, Confusion>,
    /// Where the model learned anew from training and validation part together. Metrics of the validation part are those of
    /// the model before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refit: Option<Refit>,
    /// What each epoch came to.
    #[serde(default)]
    pub curves: Vec<EpochRecord>,
    /// What was left out, and why.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The model on rows that it hasn't seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Where what is predicted is what comes next in a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecasts: Option<Forecasts>,
    /// What the model looks at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// What a model learned anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refit {
    /// Rows that it learned from: those of the training and of the validation part.
    pub rows: u64,
    /// Epochs, which are those with the least mean loss over the folds.
    pub epochs: u32,
    /// Folds of the rows that chose the epochs.
    pub folds: u32,
}

/// What an epoch came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Mean training loss over it.
    pub train_loss: f64,
    /// Loss after it, on the rows of the validation part that are evaluated after each epoch.
    pub validation_loss: f64,
    /// Metrics on the same rows.
    pub metrics: BTreeMap<String, f64>,
}

/// A confusion matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Rows of each class, in the order of the classes.
    pub rows: Vec<u64>,
    /// `counts[actual][predicted]`.
    pub counts: Vec<Vec<u64>>,
}

/// A model on rows that it hasn't seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Which part: `test`, or `validation` where there is no test part.
    pub split: String,
    /// Rows of that part.
    pub rows: u64,
    /// The rows of the run, of which the part is a part.
    pub extent: Extent,
    /// How the intervals were made.
    pub bootstrap: Bootstrap,
    /// The model's metrics, in the order in which they are read.
    pub metrics: Vec<Estimate>,
    /// What needs no model, on the same rows.
    pub baselines: Vec<Baseline>,
    /// Whether what is predicted comes true as often (classes) or as high (numbers) as predicted.
    pub reliability: Vec<ReliabilityBin>,
    /// What each threshold of a binary model would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Predicted minus true values of a regression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residuals: Option<Residuals>,
    /// The rows on which the model is most wrong, the worst first.
    pub worst: WorstRows,
}

/// How intervals were made: percentiles over rows drawn again with replacement (Efron, 1979).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// How often rows were drawn.
    pub resamples: u32,
    /// Share of the resamples within the interval: 0.95.
    pub level: f64,
    /// Rows of a resample. Fewer than the part has: of a random sample of so many, and the interval was narrowed by the
    /// square root of the share ("m out of n").
    pub rows: u64,
    /// Whether each class kept its number of rows.
    pub stratified: bool,
    /// Seed of the draws.
    pub seed: u64,
}

/// Something that needs no model, or a simpler one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Which.
    pub kind: BaselineKind,
    /// What it does, as in "better than …": `always saying 'late'`.
    pub words: String,
    /// Its metrics.
    pub metrics: Vec<Estimate>,
    /// By how much the model is better, on the same resamples: above 0 is better, whichever way the metric counts.
    pub gains: Vec<Estimate>,
}

/// Kinds of base lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaselineKind {
    /// The training part's most frequent class, with the classes' shares as probabilities.
    Majority,
    /// The training part's mean.
    Mean,
    /// The training part's median.
    Median,
    /// The training part's quantiles.
    Quantiles,
    /// The value of the latest row that is earlier in time.
    Last,
    /// A linear or logistic regression on the same preprocessing.
    Linear,
}

impl BaselineKind {
    /// As said on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Quantiles => "quantiles",
            Self::Last => "last value",
            Self::Linear => "linear model",
        }
    }
}

/// Rows with similar predictions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Their number.
    pub rows: u64,
    /// Mean prediction: of a binary model the probability of its second class, of other classes that of the likeliest
    /// class, else the number.
    pub predicted: f64,
    /// Share of rows of which it was true, or the mean of the true numbers.
    pub actual: f64,
    /// Lower end of the 95 % interval of `actual` (Wilson's for shares, 1.96 standard errors for numbers).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A histogram of predicted minus true values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Residuals {
    /// Edges, one more than counts, from the 0.5th to the 99.5th percentile.
    pub edges: Vec<f64>,
    /// Rows between them.
    pub counts: Vec<u64>,
    /// Rows below the first edge.
    pub below: u64,
    /// Rows above the last one.
    pub above: u64,
}

/// The rows on which a model is most wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorstRows {
    /// Their place in the run's `data.parquet`, from 0.
    pub rows: Vec<u64>,
    /// What each should be.
    pub actual: Vec<String>,
    /// What the model says.
    pub predicted: Vec<String>,
    /// Probability that the model gives the true class, or predicted minus true value.
    pub errors: Vec<f64>,
    /// Their values in the columns that the model reads.
    pub table: Table,
}

/// What a model looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Which part its rows are of.
    pub split: String,
    /// How many rows of the part were looked at, a random sample.
    pub rows: u64,
    /// The metric that the importances are of: `log_loss` or `rmse`.
    pub metric: String,
    /// That metric with all columns as they are.
    pub base: f64,
    /// Columns by falling importance.
    pub importance: Vec<Importance>,
    /// What the leading columns do to the prediction.
    pub dependence: Vec<Dependence>,
    /// What each curve of a dependence is of: class names, or the target.
    pub outputs: Vec<String>,
    /// Columns that weren't reached before the time was up or someone stopped it.
    pub unreached: u64,
}

/// How much worse a metric gets when a column's values are put into another order (Breiman, 2001; Fisher et al., 2019).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The column.
    pub column: String,
    /// Mean increase of the metric over the repeats.
    pub mean: f64,
    /// Standard deviation over the repeats; 0 after a single one.
    pub deviation: f64,
    /// How often it was done.
    pub repeats: u32,
}

/// Mean prediction over the rows if a column had the same value in all of them (Friedman, 2001).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dependence {
    /// The column.
    pub column: String,
    /// How positions read.
    pub scale: Scale,
    /// Positions: values of the column that occur, at its quantiles; or its most frequent names.
    pub at: Vec<f64>,
    /// `predictions[output][position]`.
    pub predictions: Vec<Vec<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_version_1_is_read() {
        let text = r#"{"version": 1, "task": "binary", "target": "late", "classes": ["false", "true"], "best_epoch": 3,
            "metrics": {"test": {"accuracy": 0.9}}, "conclusion": "The model beats the base line.",
            "confusion": {"test": {"rows": [8, 2], "counts": [[8, 0], [1, 1]]}},
            "curves": [{"epoch": 1, "train_loss": 0.5, "validation_loss": 0.6, "metrics": {}}], "warnings": []}"#;
        let report: Report = serde_json::from_str(text).expect("an old report");
        assert_eq!((report.evaluation, report.explanation), (None, None));
        assert_eq!(report.confusion["test"].counts[1], [1, 1]);
    }
}
