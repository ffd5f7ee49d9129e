//! How good predictions are: sums in double precision and in the order of the rows. A metric that isn't defined for the
//! rows (a rank with one class only) is left out rather than NaN.

mod labels;
mod ranking;
mod score;

pub use score::{BINS, Named, Scored, bin, confidence, log_loss, pinball};

use crate::evaluate::Outputs;
use score::mean;
use std::collections::BTreeMap;

/// Metrics by name.
pub type Metrics = BTreeMap<String, f64>;

/// The true values of the evaluated rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// Each row's class.
    Classes(Vec<u32>),
    /// Each row's labels, and the shares of the training part that a base line would say.
    Labels {
        /// 0 or 1, [rows, labels].
        values: Vec<f64>,
        /// Shares of the training part that have each label.
        shares: Vec<f64>,
    },
    /// Each row's numbers, and the mean over the training part that a base line would say.
    Numbers {
        /// In the target's unit.
        values: Vec<f64>,
        /// Mean over the training part.
        base: f64,
    },
    /// Each row's number, where quantiles are predicted.
    Quantiles {
        /// In the target's unit.
        values: Vec<f64>,
        /// The quantiles, rising.
        quantiles: Vec<f64>,
        /// Those of the training part, which a base line would say.
        base: Vec<f64>,
    },
}

impl Truth {
    /// Rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Labels { values, shares } => values.len() / shares.len().max(1),
            Self::Numbers { values, .. } | Self::Quantiles { values, .. } => values.len(),
        }
    }

    /// The rows of these indices.
    pub fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(rows.iter().map(|row| classes[*row as usize]).collect()),
            Self::Labels { values, shares } => {
                let of_row = |row: &u32| values[*row as usize * shares.len()..][..shares.len()].iter();
                Self::Labels {
                    values: rows.iter().flat_map(of_row).copied().collect(),
                    shares: shares.clone(),
                }
            }
            Self::Numbers { values, base } => Self::Numbers {
                values: rows.iter().map(|row| values[*row as usize]).collect(),
                base: *base,
            },
            Self::Quantiles {
                values,
                quantiles,
                base,
            } => Self::Quantiles {
                values: rows.iter().map(|row| values[*row as usize]).collect(),
                quantiles: quantiles.clone(),
                base: base.clone(),
            },
        }
    }
}

/// The metrics of some rows.
///
/// - classes: `accuracy`, `balanced_accuracy` (the mean of the classes' recalls), `macro_f1`, `log_loss`, `brier`,
///   `calibration_error`, `base_rate_accuracy` (always saying the rows' most frequent class);
/// - two classes: also `f1` (of the second), `roc_auc` and `pr_auc` (average precision);
/// - more classes: `macro_roc_auc` and `macro_pr_auc`, the mean over each class against the others;
/// - labels: `micro_f1` and `macro_f1`, `subset_accuracy` (all labels right), `hamming_loss` (share of wrong labels),
///   `macro_roc_auc`, `log_loss`, and what saying the training part's share of each label has: `base_micro_f1`,
///   `base_macro_f1`, `base_subset_accuracy`, `base_log_loss`;
/// - regression, forecasts and autoencoders: `rmse`, `mae`, `r2`, `base_rmse` (always saying the training part's mean);
/// - quantiles: `pinball` (mean over rows and quantiles), `coverage` (share of rows from the lowest to the highest
///   quantile), `mae` (of the median, where it is among them), `base_pinball` (always saying the training part's quantiles).
pub fn metrics(outputs: &Outputs, truth: &Truth) -> Metrics {
    let Some(scored) = Scored::new(outputs, truth) else {
        return Metrics::new();
    };
    scored
        .metrics(&vec![1; scored.rows()])
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| value.is_finite())?)))
        .collect()
}

/// Root of the mean square and mean of the errors of base lines, by their names: `last_value_rmse`, `last_value_mae`.
/// Nothing but for numbers.
pub fn base_lines(lines: &[(&'static str, Vec<f64>)], truth: &Truth) -> Metrics {
    let Truth::Numbers { values, .. } = truth else {
        return Metrics::new();
    };
    let errors =
        |said: &[f64], of: fn(f64) -> f64| mean(said.iter().zip(values).map(|(p, y)| (of(p - y), 1)));
    lines
        .iter()
        .flat_map(|(name, said)| {
            [
                (format!("{name}_rmse"), errors(said, |error| error * error).sqrt()),
                (format!("{name}_mae"), errors(said, f64::abs)),
            ]
        })
        .filter(|(_, error)| error.is_finite())
        .collect()
}

/// The loss that early stopping watches: log loss for classes and labels; for numbers the mean squared error in units of the
/// training part's deviation, for quantiles the pinball loss in such units. `units` has one for each number, or some to be
/// repeated. NaN when a prediction is.
pub fn loss(outputs: &Outputs, truth: &Truth, units: &[f64]) -> f64 {
    match (outputs, truth) {
        (Outputs::Numbers(predicted), Truth::Numbers { values, .. }) => mean(
            predicted
                .iter()
                .zip(values)
                .zip(units.iter().cycle())
                .map(|((p, y), unit)| (((p - y) / unit).powi(2), 1)),
        ),
        (Outputs::Labels { width, values: said }, Truth::Labels { values, .. }) => {
            let rows = said.chunks_exact(*width).zip(values.chunks_exact(*width));
            mean(rows.map(|(said, truth)| (labels::loss(said, truth), 1)))
        }
        (Outputs::Probabilities { classes, values }, Truth::Classes(truth)) => mean(
            values
                .chunks_exact(*classes)
                .zip(truth)
                .map(|(row, class)| (log_loss(row[*class as usize]), 1)),
        ),
        (
            Outputs::Quantiles {
                width,
                values: predicted,
            },
            Truth::Quantiles {
                values, quantiles, ..
            },
        ) => {
            let rows = predicted
                .chunks_exact(*width)
                .zip(values)
                .zip(units.iter().cycle());
            mean(rows.map(|((row, value), unit)| (pinball(quantiles, row, *value) / unit, 1)))
        }
        _ => f64::NAN,
    }
}

/// How often each class (row) was taken for each class (column).
pub fn confusion(classes: usize, truth: &[u32], predicted: &[u32]) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (truth, predicted) in truth.iter().zip(predicted) {
        counts[*truth as usize][*predicted as usize] += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
