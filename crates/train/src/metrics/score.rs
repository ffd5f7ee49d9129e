//! Predictions beside the truth, with all that doesn't depend on how much a row counts worked out once: a metric of rows
//! drawn again (a bootstrap) is then one pass over their counts.

use super::{Truth, labels::Labels, ranking::Ranking};
use crate::evaluate::Outputs;

/// Probabilities below this count as this in the log loss.
const LEAST_PROBABILITY: f64 = 1e-15;
/// Classes up to which each is ranked against the others: ranking costs a sort a class.
const RANKED_CLASSES: usize = 20;
/// Bins of equal width that the calibration error is of.
pub const BINS: usize = 10;

/// Metrics with their names; `None` where one isn't defined.
pub type Named = Vec<(&'static str, Option<f64>)>;

/// Predictions beside the truth.
#[derive(Debug, Clone)]
pub enum Scored {
    /// Of classes.
    Classes(Classes),
    /// Of labels.
    Labels(Labels),
    /// Of numbers.
    Numbers(Numbers),
    /// Of quantiles.
    Quantiles(Quantiles),
}

/// Predicted classes beside the true ones.
#[derive(Debug, Clone)]
pub struct Classes {
    classes: usize,
    rows: Vec<ClassRow>,
    /// Of the second class of two, of each of several, or none.
    rankings: Vec<Ranking>,
}

/// What is known of one row, side by side: a metric of rows drawn again is one pass over them.
#[derive(Debug, Clone, Copy)]
struct ClassRow {
    truth: u32,
    predicted: u32,
    log_loss: f64,
    brier: f64,
    /// Its [`confidence`], the bin of that, and 1 where it came true.
    claimed: f64,
    bin: usize,
    came_true: f64,
}

/// Predicted numbers beside the true ones.
#[derive(Debug, Clone)]
pub struct Numbers {
    /// Predicted minus true.
    errors: Vec<f64>,
    /// True minus the mean of all: the variance of some rows doesn't drown in their mean.
    deviations: Vec<f64>,
    /// True minus what the base line says.
    base_errors: Vec<f64>,
}

/// Predicted quantiles beside the true numbers.
#[derive(Debug, Clone)]
pub struct Quantiles {
    /// The mean over a row's quantiles of the pinball loss, and what the base line's is.
    losses: Vec<f64>,
    base_losses: Vec<f64>,
    /// 1 where the number is from the lowest to the highest quantile; nothing of one quantile alone.
    within: Option<Vec<f64>>,
    /// Distances to the median, where it is predicted.
    distances: Option<Vec<f64>>,
}

impl Scored {
    /// Scores predictions; `None` where they are of another kind than the truth.
    pub fn new(outputs: &Outputs, truth: &Truth) -> Option<Self> {
        Some(match (outputs, truth) {
            (Outputs::Numbers(predicted), Truth::Numbers { values, base }) => {
                let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
                Self::Numbers(Numbers {
                    errors: predicted.iter().zip(values).map(|(p, y)| p - y).collect(),
                    deviations: values.iter().map(|y| y - mean).collect(),
                    base_errors: values.iter().map(|y| y - base).collect(),
                })
            }
            (Outputs::Labels { values: said, .. }, Truth::Labels { values, shares }) => {
                Self::Labels(Labels::new(said, values, shares))
            }
            (Outputs::Probabilities { classes, values }, Truth::Classes(truth)) => {
                Self::Classes(Classes::new(outputs.predicted(), *classes, values, truth))
            }
            (
                Outputs::Quantiles {
                    width,
                    values: predicted,
                },
                Truth::Quantiles {
                    values,
                    quantiles,
                    base,
                },
            ) => Self::Quantiles(Quantiles::new(*width, predicted, values, quantiles, base)),
            _ => return None,
        })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.rows.len(),
            Self::Labels(labels) => labels.rows(),
            Self::Numbers(numbers) => numbers.errors.len(),
            Self::Quantiles(quantiles) => quantiles.losses.len(),
        }
    }

    /// Passes over the rows that [`Self::metrics`] takes.
    pub fn passes(&self) -> usize {
        match self {
            Self::Classes(classes) => 1 + classes.rankings.len(),
            Self::Labels(labels) => labels.passes(),
            Self::Numbers(_) | Self::Quantiles(_) => 1,
        }
    }

    /// The metrics of the rows, each counted so often.
    pub fn metrics(&self, weights: &[u32]) -> Named {
        match self {
            Self::Classes(classes) => classes.metrics(weights),
            Self::Labels(labels) => labels.metrics(weights),
            Self::Numbers(numbers) => numbers.metrics(weights),
            Self::Quantiles(quantiles) => quantiles.metrics(weights),
        }
    }
}

/// What a model claims of a row: of two classes the probability of the second and whether it was that, of others the
/// probability of the likeliest and whether that was right.
pub fn confidence(row: &[f64], predicted: u32, truth: u32) -> (f64, bool) {
    match row {
        [_, second] => (*second, truth == 1),
        _ => (row[predicted as usize], truth == predicted),
    }
}

/// The bin of a probability: bins are closed at their upper end, as scikit-learn's are.
pub fn bin(probability: f64) -> usize {
    (1..BINS)
        .find(|bin| probability <= *bin as f64 / BINS as f64)
        .map_or(BINS - 1, |bin| bin - 1)
}

impl Classes {
    fn new(predicted: Vec<u32>, classes: usize, probabilities: &[f64], truth: &[u32]) -> Self {
        let column = |class: usize| -> Vec<f64> {
            probabilities
                .iter()
                .skip(class)
                .step_by(classes)
                .copied()
                .collect()
        };
        let ranking = |class: usize| Ranking::new(&column(class), |row| truth[row] as usize == class);
        let squares = |row: &[f64], truth: u32| -> f64 {
            (0..)
                .zip(row)
                .map(|(class, p)| (p - f64::from(u8::from(class == truth))).powi(2))
                .sum()
        };
        let of_row = |((row, truth), predicted): ((&[f64], &u32), u32)| {
            let (claimed, came_true) = confidence(row, predicted, *truth);
            ClassRow {
                truth: *truth,
                predicted,
                log_loss: log_loss(row[*truth as usize]),
                brier: match classes {
                    2 => (row[1] - f64::from(*truth)).powi(2),
                    _ => squares(row, *truth),
                },
                claimed,
                bin: bin(claimed),
                came_true: f64::from(u8::from(came_true)),
            }
        };
        let rows = probabilities.chunks_exact(classes).zip(truth);
        Self {
            classes,
            rows: rows.zip(predicted).map(of_row).collect(),
            rankings: match classes {
                2 => vec![ranking(1)],
                _ if classes <= RANKED_CLASSES => (0..classes).map(ranking).collect(),
                _ => Vec::new(),
            },
        }
    }

    fn metrics(&self, weights: &[u32]) -> Named {
        // Rows of each class, rows taken for it, and those that are both.
        let (mut of_class, mut taken, mut right) = (
            vec![0u64; self.classes],
            vec![0u64; self.classes],
            vec![0u64; self.classes],
        );
        let (mut log_loss, mut brier) = (0.0, 0.0);
        // What is claimed in each bin, and what came true.
        let mut bins = [(0.0, 0.0); BINS];
        for (row, weight) in self.rows.iter().zip(weights) {
            let (truth, count, weight) = (row.truth as usize, u64::from(*weight), f64::from(*weight));
            of_class[truth] += count;
            taken[row.predicted as usize] += count;
            right[truth] += count * u64::from(row.truth == row.predicted);
            log_loss += row.log_loss * weight;
            brier += row.brier * weight;
            bins[row.bin].0 += weight * row.claimed;
            bins[row.bin].1 += weight * row.came_true;
        }
        let rows = of_class.iter().sum::<u64>() as f64;
        let hits: u64 = right.iter().sum();
        // Expected calibration error: the mean distance of claimed and true shares over bins of equal width (Naeini et al.,
        // 2015; of the likeliest class, Guo et al., 2017).
        let distances = bins
            .iter()
            .map(|(claimed, came_true): &(f64, f64)| (claimed - came_true).abs());
        let calibration_error = distances.sum::<f64>() / rows;
        let present: Vec<usize> = (0..self.classes).filter(|class| of_class[*class] > 0).collect();
        let recall = |class: usize| right[class] as f64 / of_class[class] as f64;
        let f1 = |class: usize| {
            let both = taken[class] + of_class[class];
            (both > 0).then(|| 2.0 * right[class] as f64 / both as f64)
        };
        let areas: Option<Vec<_>> = self
            .rankings
            .iter()
            .map(|ranking| ranking.areas(weights))
            .collect();
        let areas = areas.filter(|areas| !areas.is_empty());
        let mut named = vec![
            ("accuracy", Some(hits as f64 / rows)),
            (
                "balanced_accuracy",
                Some(mean(present.iter().map(|class| (recall(*class), 1)))),
            ),
        ];
        if self.classes == 2 {
            named.push(("f1", f1(1)));
        }
        // Of several classes it is a mean over them, and is called so.
        let [roc_auc, pr_auc] = match self.classes {
            2 => ["roc_auc", "pr_auc"],
            _ => ["macro_roc_auc", "macro_pr_auc"],
        };
        named.extend([
            (
                "macro_f1",
                Some(mean((0..self.classes).filter_map(|class| Some((f1(class)?, 1))))),
            ),
            (
                roc_auc,
                areas
                    .as_ref()
                    .map(|areas| mean(areas.iter().map(|area| (area.roc, 1)))),
            ),
            (
                pr_auc,
                areas
                    .as_ref()
                    .map(|areas| mean(areas.iter().map(|area| (area.precision, 1)))),
            ),
            ("log_loss", Some(log_loss / rows)),
            ("brier", Some(brier / rows)),
            ("calibration_error", Some(calibration_error)),
            (
                "base_rate_accuracy",
                of_class.iter().max().map(|most| *most as f64 / rows),
            ),
        ]);
        named
    }
}

impl Numbers {
    fn metrics(&self, weights: &[u32]) -> Named {
        let of = |values: &[f64], of: &dyn Fn(f64) -> f64| {
            mean(
                values
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| (of(*value), *weight)),
            )
        };
        let square = |value: f64| value * value;
        let error = of(&self.errors, &square);
        let variance = of(&self.deviations, &square) - square(of(&self.deviations, &|value| value));
        vec![
            ("rmse", Some(error.sqrt())),
            ("mae", Some(of(&self.errors, &f64::abs))),
            ("r2", (variance > 0.0).then(|| 1.0 - error / variance)),
            ("base_rmse", Some(of(&self.base_errors, &square).sqrt())),
        ]
    }
}

impl Quantiles {
    fn new(width: usize, predicted: &[f64], values: &[f64], quantiles: &[f64], base: &[f64]) -> Self {
        let rows = || predicted.chunks_exact(width).zip(values);
        let within = |(row, value): (&[f64], &f64)| match row {
            [low, .., high] => f64::from(u8::from(low <= value && value <= high)),
            _ => f64::NAN,
        };
        let median = quantiles.iter().position(|quantile| *quantile == 0.5);
        Self {
            losses: rows()
                .map(|(row, value)| pinball(quantiles, row, *value))
                .collect(),
            base_losses: values
                .iter()
                .map(|value| pinball(quantiles, base, *value))
                .collect(),
            within: (width > 1).then(|| rows().map(within).collect()),
            distances: median.map(|median| rows().map(|(row, value)| (row[median] - value).abs()).collect()),
        }
    }

    fn metrics(&self, weights: &[u32]) -> Named {
        let of = |values: &Option<Vec<f64>>| values.as_ref().map(|values| weighted(values, weights));
        vec![
            ("pinball", Some(weighted(&self.losses, weights))),
            ("coverage", of(&self.within)),
            ("mae", of(&self.distances)),
            ("base_pinball", Some(weighted(&self.base_losses, weights))),
        ]
    }
}

/// The mean over quantiles q of `max(q (y - x), (q - 1) (y - x))`, where x is what is predicted (Koenker and Bassett, 1978).
pub fn pinball(quantiles: &[f64], predicted: &[f64], value: f64) -> f64 {
    // Not `max`, which would turn NaN into a number.
    let each = quantiles
        .iter()
        .zip(predicted)
        .map(|(q, x)| (value - x) * if value < *x { q - 1.0 } else { *q });
    each.sum::<f64>() / quantiles.len() as f64
}

/// The log loss of a row whose true class had this probability.
pub fn log_loss(probability: f64) -> f64 {
    // Not `max`, which would turn NaN into a number.
    match probability < LEAST_PROBABILITY {
        true => -LEAST_PROBABILITY.ln(),
        false => -probability.ln(),
    }
}

fn weighted(values: &[f64], weights: &[u32]) -> f64 {
    mean(values.iter().copied().zip(weights.iter().copied()))
}

/// The mean of values with weights.
pub fn mean(values: impl Iterator<Item = (f64, u32)>) -> f64 {
    let (mut sum, mut count) = (0.0, 0u64);
    for (value, weight) in values {
        sum += value * f64::from(weight);
        count += u64::from(weight);
    }
    sum / count as f64
}
