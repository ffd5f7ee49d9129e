//! How good predictions are: sums in double precision and in the order of the rows. A metric that isn't defined for the
//! rows (a rank with one class only) is left out rather than NaN.

use crate::evaluate::Outputs;
use std::collections::BTreeMap;

/// Probabilities below this count as this in the log loss.
const LEAST_PROBABILITY: f64 = 1e-15;

/// Metrics by name.
pub type Metrics = BTreeMap<String, f64>;

/// The true values of the evaluated rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Truth {
    /// Each row's class.
    Classes(Vec<u32>),
    /// Each row's numbers, and the mean over the training part that a base line would say.
    Numbers {
        /// In the target's unit.
        values: Vec<f64>,
        /// Mean over the training part.
        base: f64,
    },
}

/// The metrics of some rows.
///
/// - binary: `accuracy`, `balanced_accuracy`, `f1` (of the second class), `roc_auc`, `log_loss`, `brier`,
///   `base_rate_accuracy` (always saying the rows' most frequent class);
/// - multiclass: `accuracy`, `balanced_accuracy`, `macro_f1`, `log_loss`, `base_rate_accuracy`;
/// - regression and forecast: `rmse`, `mae`, `r2`, `base_rmse` (always saying the training part's mean).
pub fn metrics(outputs: &Outputs, truth: &Truth) -> Metrics {
    let named = match (outputs, truth) {
        (Outputs::Numbers(predicted), Truth::Numbers { values, base }) => {
            of_numbers(predicted, values, *base)
        }
        (Outputs::Probabilities { classes, values }, Truth::Classes(truth)) => {
            of_classes(outputs, *classes, values, truth)
        }
        _ => Vec::new(),
    };
    named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| value.is_finite())?)))
        .collect()
}

/// Root of the mean square and mean of the errors of base lines, by their names: `last_value_rmse`, `last_value_mae`.
/// Nothing for classes.
pub fn base_lines(lines: &[(&'static str, Vec<f64>)], truth: &Truth) -> Metrics {
    let Truth::Numbers { values, .. } = truth else {
        return Metrics::new();
    };
    let errors = |said: &[f64], of: fn(f64) -> f64| mean(said.iter().zip(values).map(|(p, y)| of(p - y)));
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

/// The loss that early stopping watches: log loss for classes; for numbers the mean squared error in units that `units`
/// repeats: the training part's deviation, or one for each number. NaN when a prediction is.
pub fn loss(outputs: &Outputs, truth: &Truth, units: &[f64]) -> f64 {
    match (outputs, truth) {
        (Outputs::Numbers(predicted), Truth::Numbers { values, .. }) => mean(
            predicted
                .iter()
                .zip(values)
                .zip(units.iter().cycle())
                .map(|((p, y), unit)| ((p - y) / unit).powi(2)),
        ),
        (Outputs::Probabilities { classes, values }, Truth::Classes(truth)) => {
            log_loss(*classes, values, truth)
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

type Named = Vec<(&'static str, Option<f64>)>;

fn of_numbers(predicted: &[f64], values: &[f64], base: f64) -> Named {
    let squared = |predict: &dyn Fn(usize) -> f64| {
        mean(
            values
                .iter()
                .enumerate()
                .map(|(row, y)| (predict(row) - y).powi(2)),
        )
    };
    let error = squared(&|row| predicted[row]);
    let own_mean = mean(values.iter().copied());
    let variance = squared(&|_| own_mean);
    vec![
        ("rmse", Some(error.sqrt())),
        (
            "mae",
            Some(mean(predicted.iter().zip(values).map(|(p, y)| (p - y).abs()))),
        ),
        ("r2", (variance > 0.0).then(|| 1.0 - error / variance)),
        ("base_rmse", Some(squared(&|_| base).sqrt())),
    ]
}

fn of_classes(outputs: &Outputs, classes: usize, probabilities: &[f64], truth: &[u32]) -> Named {
    let counts = confusion(classes, truth, &outputs.predicted());
    let of_class = |class: usize| counts[class].iter().sum::<u64>();
    let hits: u64 = (0..classes).map(|class| counts[class][class]).sum();
    let rows = truth.len() as f64;
    let present: Vec<usize> = (0..classes).filter(|class| of_class(*class) > 0).collect();
    let recall = |class: usize| counts[class][class] as f64 / of_class(class) as f64;
    let f1 = |class: usize| {
        let taken: u64 = counts.iter().map(|row| row[class]).sum();
        let both = taken + of_class(class);
        (both > 0).then(|| 2.0 * counts[class][class] as f64 / both as f64)
    };
    let mut named = vec![
        ("accuracy", Some(hits as f64 / rows)),
        (
            "balanced_accuracy",
            Some(mean(present.iter().map(|class| recall(*class)))),
        ),
        ("log_loss", Some(log_loss(classes, probabilities, truth))),
        (
            "base_rate_accuracy",
            (0..classes).map(of_class).max().map(|most| most as f64 / rows),
        ),
    ];
    if classes == 2 {
        let positive: Vec<f64> = probabilities.chunks_exact(2).map(|row| row[1]).collect();
        named.push(("f1", f1(1)));
        named.push(("roc_auc", roc_auc(&positive, truth)));
        named.push((
            "brier",
            Some(mean(
                positive
                    .iter()
                    .zip(truth)
                    .map(|(p, y)| (p - f64::from(*y)).powi(2)),
            )),
        ));
    } else {
        named.push((
            "macro_f1",
            Some(mean(present.iter().filter_map(|class| f1(*class)))),
        ));
    }
    named
}

fn log_loss(classes: usize, probabilities: &[f64], truth: &[u32]) -> f64 {
    let rows = probabilities.chunks_exact(classes).zip(truth);
    mean(rows.map(|(row, class)| match row[*class as usize] {
        // Not `max`, which would turn NaN into a number.
        probability if probability < LEAST_PROBABILITY => -LEAST_PROBABILITY.ln(),
        probability => -probability.ln(),
    }))
}

/// Area under the ROC curve by ranks (Mann and Whitney), equal scores sharing their mean rank.
fn roc_auc(scores: &[f64], truth: &[u32]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let positives = truth.iter().filter(|class| **class == 1).count();
    let negatives = truth.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut ranks = 0.0;
    let mut start = 0;
    while start < order.len() {
        let same = order[start..]
            .iter()
            .take_while(|row| scores[**row] == scores[order[start]])
            .count()
            .max(1);
        let shared = start as f64 + (same as f64 + 1.0) / 2.0;
        let hits = order[start..start + same]
            .iter()
            .filter(|row| truth[**row] == 1)
            .count();
        ranks += shared * hits as f64;
        start += same;
    }
    let (positives, negatives) = (positives as f64, negatives as f64);
    Some((ranks - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0u64);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(metrics: &Metrics, expected: &[(&str, f64)]) {
        assert_eq!(metrics.len(), expected.len(), "{metrics:?}");
        for (name, value) in expected {
            assert!(
                (metrics[*name] - value).abs() < 1e-9,
                "{name}: {} and {value}",
                metrics[*name]
            );
        }
    }

    /// Expected values by scikit-learn 1.9.
    #[test]
    fn binary_metrics() {
        let positive = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9];
        let values = positive.iter().flat_map(|p| [1.0 - p, *p]).collect();
        let outputs = Outputs::Probabilities { classes: 2, values };
        let truth = Truth::Classes(vec![0, 0, 1, 1, 1, 1]);
        close(&metrics(&outputs, &truth), &BINARY);
        assert!((loss(&outputs, &truth, &[1.0]) - BINARY[6].1).abs() < 1e-9);
    }

    const BINARY: [(&str, f64); 7] = [
        ("accuracy", 4.0 / 6.0),
        ("balanced_accuracy", 0.75),
        ("f1", 2.0 / 3.0),
        ("roc_auc", 0.8125),
        ("brier", 0.167_083_333_333),
        ("base_rate_accuracy", 4.0 / 6.0),
        ("log_loss", 0.485_133_843_795),
    ];

    #[test]
    fn multiclass_metrics() {
        let values = vec![0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.2, 0.5, 0.3, 0.1, 0.2, 0.7];
        let outputs = Outputs::Probabilities { classes: 3, values };
        let truth = Truth::Classes(vec![0, 1, 2, 2]);
        let log_loss = -(0.7f64.ln() + 0.8f64.ln() + 0.3f64.ln() + 0.7f64.ln()) / 4.0;
        close(
            &metrics(&outputs, &truth),
            &[
                ("accuracy", 0.75),
                ("balanced_accuracy", 2.5 / 3.0),
                ("macro_f1", (1.0 + 2.0 / 3.0 + 2.0 / 3.0) / 3.0),
                ("log_loss", log_loss),
                ("base_rate_accuracy", 0.5),
            ],
        );
        assert_eq!(
            confusion(3, &[0, 1, 2, 2], &outputs.predicted()),
            [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
        );
    }

    #[test]
    fn regression_metrics() {
        let outputs = Outputs::Numbers(vec![2.5, 0.0, 2.0, 8.0]);
        let truth = Truth::Numbers {
            values: vec![3.0, -0.5, 2.0, 7.0],
            base: 2.0,
        };
        close(
            &metrics(&outputs, &truth),
            &[
                ("rmse", 0.375f64.sqrt()),
                ("mae", 0.5),
                ("r2", 0.948_608_137_045),
                ("base_rmse", (32.25f64 / 4.0).sqrt()),
            ],
        );
        assert!((loss(&outputs, &truth, &[2.0]) - 0.375 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_defined_is_left_out_and_nan_shows_in_the_loss() {
        let outputs = Outputs::Probabilities {
            classes: 2,
            values: vec![0.5, 0.5, 0.2, 0.8],
        };
        assert!(!metrics(&outputs, &Truth::Classes(vec![1, 1])).contains_key("roc_auc"));
        let nan = Outputs::Probabilities {
            classes: 2,
            values: vec![f64::NAN; 4],
        };
        assert!(loss(&nan, &Truth::Classes(vec![0, 1]), &[1.0]).is_nan());
        let nan = Outputs::Numbers(vec![f64::NAN]);
        assert!(
            loss(
                &nan,
                &Truth::Numbers {
                    values: vec![1.0],
                    base: 0.0
                },
                &[1.0]
            )
            .is_nan()
        );
    }
}
