//! What trees make small, and its derivatives.

use crate::{error::TreesError, gradients::Gradient};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that one thread derives at a time; losses are summed block by block, whatever thread has them.
const BLOCK: usize = 4096;
/// A probability counts as this at the least.
const LEAST: f64 = 1e-15;

/// A loss, its scores, and what they mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Objective {
    /// Half the squared difference of score and target.
    Squares,
    /// Log loss of two classes, 0 and 1; the score is the log-odds of 1.
    Logistic,
    /// Log loss of several labels, any of which may be 1 of a row, the mean over them; each has a score, its log-odds.
    Labels {
        /// Labels.
        labels: usize,
    },
    /// Log loss of several classes, each with a score; their softmax is the probabilities.
    Softmax {
        /// Classes.
        classes: usize,
    },
    /// Pinball loss, the mean over some quantiles, each of which is a score (Koenker and Bassett, 1978).
    Quantiles {
        /// Their levels, each above 0 and below 1; 0.5 is the median.
        levels: Vec<f64>,
    },
}

/// The targets of the training rows.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// A number or a class for each row; 0 or 1 for each label of each row, [labels, rows].
    pub values: &'a [f32],
    /// What each row counts; empty for 1.
    pub weights: &'a [f32],
}

impl Targets<'_> {
    fn weight(&self, row: usize) -> f32 {
        self.weights.get(row).copied().unwrap_or(1.0)
    }

    /// What all rows count, of which there are so many.
    fn total(&self, rows: usize) -> f64 {
        match self.weights.is_empty() {
            true => rows as f64,
            false => self.weights.iter().map(|weight| f64::from(*weight)).sum(),
        }
    }
}

impl Objective {
    /// Scores of a row.
    pub fn scores(&self) -> usize {
        match self {
            Self::Softmax { classes } => *classes,
            Self::Quantiles { levels } => levels.len(),
            Self::Labels { labels } => *labels,
            Self::Squares | Self::Logistic => 1,
        }
    }

    /// Targets of a row: one for each label, else one.
    pub fn targets(&self) -> usize {
        match self {
            Self::Labels { labels } => *labels,
            _ => 1,
        }
    }

    /// Checks that targets fit.
    ///
    /// # Errors
    /// [`TreesError::Target`] where a target isn't finite or not one of the classes, or there is none.
    pub fn check(&self, targets: Targets<'_>) -> Result<(), TreesError> {
        let classes = match self {
            Self::Logistic | Self::Labels { .. } => Some(2),
            Self::Softmax { classes } => Some(*classes),
            Self::Squares | Self::Quantiles { .. } => None,
        };
        let fits = |value: &f32| match classes {
            Some(classes) => value.fract() == 0.0 && *value >= 0.0 && *value < classes as f32,
            None => value.is_finite(),
        };
        let rows = targets.values.len() / self.targets().max(1);
        let message = match targets.values.iter().position(|value| !fits(value)) {
            Some(at) => format!("the target of row {} is {}", at % rows.max(1), targets.values[at]),
            None if targets.values.is_empty() => "there are no rows".into(),
            None => return Ok(()),
        };
        Err(TreesError::Target { message })
    }

    /// The scores that are best for all rows together, from which the first trees start.
    pub fn base(&self, targets: Targets<'_>) -> Vec<f64> {
        let rows = 0..targets.values.len();
        let log_odds = |share: f64| {
            let share = share.clamp(LEAST, 1.0 - LEAST);
            (share / (1.0 - share)).ln()
        };
        let mean = |of: &dyn Fn(f32) -> f64| {
            let sum: f64 = rows
                .clone()
                .map(|row| of(targets.values[row]) * f64::from(targets.weight(row)))
                .sum();
            sum / targets.total(targets.values.len())
        };
        match self {
            Self::Squares => vec![mean(&|value| f64::from(value))],
            Self::Logistic => vec![log_odds(mean(&|value| f64::from(value)))],
            Self::Labels { labels } => {
                let own = |values| Targets { values, ..targets };
                let each = targets.values.chunks(targets.values.len() / labels);
                each.flat_map(|values| Self::Logistic.base(own(values))).collect()
            }
            Self::Softmax { classes } => (0..*classes)
                .map(|class| {
                    mean(&|value| f64::from(u8::from(value as usize == class)))
                        .max(LEAST)
                        .ln()
                })
                .collect(),
            Self::Quantiles { levels } => {
                let values = rows.map(|row| (f64::from(targets.values[row]), targets.weight(row)));
                let values: Vec<(f64, f32)> = values.collect();
                levels
                    .iter()
                    .map(|level| quantile(values.clone(), *level))
                    .collect()
            }
        }
    }

    /// First and second derivatives for each score of each row, [scores, rows] as the scores themselves (for quantiles those
    /// of each quantile's own loss). Returns the mean loss.
    pub fn derive(&self, scores: &[f64], targets: Targets<'_>, gradients: &mut [Gradient]) -> f64 {
        let rows = targets.values.len() / self.targets();
        let sum = match self {
            Self::Softmax { classes } => softmax(*classes, scores, targets, gradients),
            Self::Squares => each(scores, targets, gradients, |score, target, losses| {
                let over = score - target;
                losses.add(0.5 * over * over);
                [over, 1.0]
            }),
            Self::Logistic => each(scores, targets, gradients, logistic),
            Self::Labels { labels } => {
                let of_label = gradients.chunks_mut(rows).zip(scores.chunks(rows));
                let of_label = of_label.zip(targets.values.chunks(rows));
                let sum: f64 = of_label
                    .map(|((gradients, scores), values)| {
                        each(scores, Targets { values, ..targets }, gradients, logistic)
                    })
                    .sum();
                sum / *labels as f64
            }
            Self::Quantiles { levels } => {
                let of_level = gradients.chunks_mut(rows).zip(scores.chunks(rows)).zip(levels);
                let sum: f64 = of_level
                    .map(|((gradients, scores), level)| {
                        each(scores, targets, gradients, |score, target, losses| {
                            let over = score - target;
                            let slope = if over >= 0.0 { 1.0 - level } else { -level };
                            losses.add(slope * over);
                            [slope, 1.0]
                        })
                    })
                    .sum();
                sum / levels.len() as f64
            }
        };
        sum / targets.total(rows)
    }

    /// The best value of a leaf of a score's tree where that doesn't follow from derivatives: the quantile of what is left to predict.
    pub(crate) fn leaf_value(
        &self,
        index: usize,
        rows: &[u32],
        scores: &[f64],
        targets: Targets<'_>,
    ) -> Option<f64> {
        let Self::Quantiles { levels } = self else {
            return None;
        };
        let left = |row: &u32| {
            let row = *row as usize;
            (f64::from(targets.values[row]) - scores[row], targets.weight(row))
        };
        Some(quantile(rows.iter().map(left).collect(), levels[index]))
    }
}

/// Derivatives of the log loss of a score that is a log-odds.
fn logistic(score: f64, target: f64, losses: &mut Losses) -> [f64; 2] {
    let one = 1.0 / (1.0 + (-score).exp());
    losses.probability(if target == 1.0 { one } else { 1.0 - one });
    [one - target, one * (1.0 - one)]
}

/// Derivatives of one score, row by row. Returns the sum of the losses.
fn each(
    scores: &[f64],
    targets: Targets<'_>,
    gradients: &mut [Gradient],
    of_row: impl Fn(f64, f64, &mut Losses) -> [f64; 2] + Sync,
) -> f64 {
    let rows = targets.values.len();
    let losses: Vec<f64> = gradients
        .par_chunks_mut(BLOCK)
        .enumerate()
        .map(|(block, gradients)| {
            let mut losses = Losses::default();
            for (row, gradient) in (block * BLOCK..rows).zip(gradients) {
                let weight = targets.weight(row);
                losses.weight = f64::from(weight);
                let derivatives = of_row(scores[row], f64::from(targets.values[row]), &mut losses);
                *gradient = derivatives.map(|number| (number * f64::from(weight)) as f32);
            }
            losses.sum()
        })
        .collect();
    losses.into_iter().sum()
}

/// Derivatives of all classes. Second ones are `c / (c - 1)` times those of the softmax, as LightGBM has them (Friedman,
/// 2001, algorithm 6), since classes' trees move each other's probabilities.
fn softmax(classes: usize, scores: &[f64], targets: Targets<'_>, gradients: &mut [Gradient]) -> f64 {
    let rows = targets.values.len();
    let factor = classes as f64 / (classes as f64 - 1.0).max(1.0);
    let score = |class: usize, row: usize| scores[class * rows + row];
    let mut levels = vec![0.0; rows];
    let losses: Vec<f64> = levels
        .par_chunks_mut(BLOCK)
        .enumerate()
        .map(|(block, levels)| {
            let mut losses = Losses::default();
            for (row, level) in (block * BLOCK..).zip(levels) {
                let own = (0..classes).map(|class| score(class, row));
                let highest = own.clone().fold(f64::NEG_INFINITY, f64::max);
                *level = highest + own.map(|score| (score - highest).exp()).sum::<f64>().ln();
                losses.weight = f64::from(targets.weight(row));
                losses.add(*level - score(targets.values[row] as usize, row));
            }
            losses.sum()
        })
        .collect();
    gradients
        .par_chunks_mut(rows)
        .enumerate()
        .for_each(|(class, gradients)| {
            for (row, gradient) in gradients.iter_mut().enumerate() {
                let probability = (score(class, row) - levels[row]).exp();
                let own = f64::from(u8::from(targets.values[row] as usize == class));
                let weight = f64::from(targets.weight(row));
                let second = factor * probability * (1.0 - probability);
                *gradient = [
                    ((probability - own) * weight) as f32,
                    (second.max(0.0) * weight) as f32,
                ];
            }
        });
    losses.into_iter().sum()
}

/// A sum of losses. Probabilities are multiplied as long as they can be, since a logarithm costs much more.
struct Losses {
    sum: f64,
    product: f64,
    /// What the next row counts.
    weight: f64,
}

impl Default for Losses {
    fn default() -> Self {
        Self {
            sum: 0.0,
            product: 1.0,
            weight: 1.0,
        }
    }
}

impl Losses {
    #[inline]
    fn add(&mut self, loss: f64) {
        self.sum += loss * self.weight;
    }

    /// Adds the log loss of the true class's probability.
    #[inline]
    fn probability(&mut self, probability: f64) {
        let probability = if probability < LEAST { LEAST } else { probability };
        if self.weight == 1.0 {
            self.product *= probability;
            if self.product < 1e-280 {
                self.sum -= self.product.ln();
                self.product = 1.0;
            }
        } else {
            self.sum -= probability.ln() * self.weight;
        }
    }

    fn sum(&self) -> f64 {
        self.sum - self.product.ln()
    }
}

/// The smallest value below or at which lies the share `level` of the weights.
fn quantile(mut values: Vec<(f64, f32)>, level: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let wanted = level * values.iter().map(|(_, weight)| f64::from(*weight)).sum::<f64>();
    let mut seen = 0.0;
    for (value, weight) in &values {
        seen += f64::from(*weight);
        if seen >= wanted {
            return *value;
        }
    }
    values.last().map_or(0.0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objectives() -> [Objective; 5] {
        [
            Objective::Squares,
            Objective::Logistic,
            Objective::Softmax { classes: 3 },
            Objective::Labels { labels: 2 },
            Objective::Quantiles {
                levels: vec![0.2, 0.8],
            },
        ]
    }

    fn targets(objective: &Objective) -> Vec<f32> {
        match objective {
            Objective::Logistic => vec![0.0, 1.0, 1.0, 0.0, 1.0],
            Objective::Softmax { .. } => vec![2.0, 0.0, 1.0, 2.0, 2.0],
            Objective::Labels { .. } => vec![0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0],
            Objective::Squares | Objective::Quantiles { .. } => vec![0.5, -1.0, 2.0, 0.0, 4.0],
        }
    }

    #[test]
    fn first_derivatives_are_slopes_of_the_loss() {
        for objective in objectives() {
            let values = targets(&objective);
            let weights = [1.0, 2.0, 0.5, 1.0, 1.0];
            let targets = Targets {
                values: &values,
                weights: &weights,
            };
            let mut scores: Vec<f64> = (0..5 * objective.scores())
                .map(|i| (i as f64 * 0.7).sin())
                .collect();
            let mut gradients = vec![[0.0; 2]; scores.len()];
            let mut other = gradients.clone();
            objective.derive(&scores, targets, &mut gradients);
            for at in 0..scores.len() {
                let (step, own) = (1e-5, scores[at]);
                let mut loss = |score| {
                    scores[at] = score;
                    objective.derive(&scores, targets, &mut other) * 5.5
                };
                let scale = match &objective {
                    Objective::Quantiles { levels } => levels.len() as f64,
                    Objective::Labels { labels } => *labels as f64,
                    _ => 1.0,
                };
                let slope = scale * (loss(own + step) - loss(own - step)) / (2.0 * step);
                loss(own);
                assert!(
                    (slope - f64::from(gradients[at][0])).abs() < 1e-4,
                    "{objective:?} {slope}"
                );
                assert!(gradients[at][1] > 0.0);
            }
        }
    }

    #[test]
    fn the_base_is_better_than_its_neighbours() {
        for objective in objectives() {
            let values = targets(&objective);
            let targets = Targets {
                values: &values,
                weights: &[],
            };
            let loss = |shift: f64| {
                let mut base = objective.base(targets);
                base[0] += shift;
                let scores: Vec<f64> = base.iter().flat_map(|base| [*base; 5]).collect();
                objective.derive(&scores, targets, &mut vec![[0.0; 2]; scores.len()])
            };
            assert!(loss(0.0) <= loss(0.1) && loss(0.0) <= loss(-0.1), "{objective:?}");
        }
    }

    #[test]
    fn targets_that_do_not_fit_are_refused() {
        for (objective, values) in [
            (Objective::Squares, vec![f32::NAN]),
            (Objective::Logistic, vec![0.0, 2.0]),
            (Objective::Labels { labels: 2 }, vec![0.0, 1.0, 1.0, 0.5]),
            (Objective::Softmax { classes: 3 }, vec![0.5]),
            (Objective::Quantiles { levels: vec![0.5] }, vec![]),
        ] {
            let targets = Targets {
                values: &values,
                weights: &[],
            };
            assert!(objective.check(targets).is_err(), "{objective:?}");
        }
    }
}
