//! Target encoding: a category as what the target comes to in its training rows (Micci-Barreca, "A Preprocessing Scheme
//! for High-Cardinality Categorical Attributes", 2001).
//!
//! A training row that were encoded with its own target among the others would tell it: such rows are encoded by means
//! over the other folds (Pargent et al., "Regularized target encoding", 2022), all other rows by means over the whole
//! training part.

use super::{Category, Columns, number::mean_and_deviation};
use serde::{Deserialize, Serialize};

/// Folds of the training rows.
const FOLDS: usize = 5;
/// Rows with the overall mean that are added to each category, so that a rare one is near it.
const PRIOR_ROWS: f64 = 10.0;

/// What the training rows come to: [rows, width] numbers, one for a number or for two classes, else one for each class.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Numbers of a row.
    pub width: usize,
    /// The numbers.
    pub values: Vec<f64>,
}

/// A fitted column of categories whose numbers are means of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetMeans {
    /// The categories, by code.
    #[serde(flatten)]
    pub category: Category,
    /// The numbers of each code, [codes, width], code 0 (unknown and missing) first; on the scale that the model sees.
    pub means: Vec<Vec<f64>>,
    /// What is taken off each number, over the training part.
    pub center: Vec<f64>,
    /// What it is divided by after that.
    pub deviation: Vec<f64>,
}

impl TargetMeans {
    /// Fits the codes of the training rows, and what these rows come to.
    pub(super) fn fit(category: Category, codes: &[u32], outcomes: &Outcomes) -> Self {
        let width = outcomes.width;
        let out_of_fold = out_of_fold(codes, category.values.len() + 1, outcomes);
        let column = |index: usize| out_of_fold.iter().skip(index).step_by(width).copied();
        let (center, deviation): (Vec<f64>, Vec<f64>) =
            (0..width).map(|index| mean_and_deviation(column(index))).unzip();
        let fitted = Self {
            means: means(codes, category.values.len() + 1, outcomes, |_| true),
            category,
            center,
            deviation,
        };
        Self {
            means: fitted
                .means
                .iter()
                .map(|numbers| fitted.scaled(numbers))
                .collect(),
            ..fitted
        }
    }

    /// Numbers of a row.
    pub(super) fn width(&self) -> usize {
        self.center.len()
    }

    /// The numbers of rows with these codes.
    pub(super) fn encode(&self, codes: &[u32], out: &mut Columns<'_>) {
        for (row, code) in codes.iter().enumerate() {
            for (column, number) in self.means[*code as usize].iter().enumerate() {
                out.set(row, column, *number);
            }
        }
    }

    /// The numbers of the training rows, each by the rows of other folds; `rows` says where each is in `out`.
    pub(super) fn encode_training(
        &self,
        codes: &[u32],
        outcomes: &Outcomes,
        rows: &[u32],
        out: &mut Columns<'_>,
    ) {
        let numbers = out_of_fold(codes, self.means.len(), outcomes);
        for (numbers, row) in numbers.chunks_exact(outcomes.width).zip(rows) {
            for (column, number) in self.scaled(numbers).into_iter().enumerate() {
                out.set(*row as usize, column, number);
            }
        }
    }

    fn scaled(&self, numbers: &[f64]) -> Vec<f64> {
        let scales = self.center.iter().zip(&self.deviation);
        numbers
            .iter()
            .zip(scales)
            .map(|(number, (center, deviation))| (number - center) / deviation)
            .collect()
    }
}

/// The mean of each code over the rows that count, [codes][width].
fn means(codes: &[u32], count: usize, outcomes: &Outcomes, counts: impl Fn(usize) -> bool) -> Vec<Vec<f64>> {
    let width = outcomes.width;
    let mut rows = vec![0.0; count];
    let mut sums = vec![vec![0.0; width]; count];
    for (row, (code, values)) in codes.iter().zip(outcomes.values.chunks_exact(width)).enumerate() {
        if counts(row) {
            rows[*code as usize] += 1.0;
            let sums = sums[*code as usize].iter_mut();
            sums.zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
    let all: f64 = rows.iter().sum();
    let overall: Vec<f64> = (0..width)
        .map(|index| sums.iter().map(|sums| sums[index]).sum::<f64>() / all.max(1.0))
        .collect();
    let mean = |(sums, rows): (Vec<f64>, f64)| {
        let prior = overall.iter().map(|mean| mean * PRIOR_ROWS);
        let sums = sums.into_iter().zip(prior);
        sums.map(|(sum, prior)| (sum + prior) / (rows + PRIOR_ROWS))
            .collect()
    };
    sums.into_iter().zip(rows).map(mean).collect()
}

/// The numbers of each row by the rows of the other folds, [rows, width]. Rows go to folds in turns: their order says
/// nothing, since a run's rows are sorted.
fn out_of_fold(codes: &[u32], count: usize, outcomes: &Outcomes) -> Vec<f64> {
    let by_fold: Vec<Vec<Vec<f64>>> = (0..FOLDS)
        .map(|fold| means(codes, count, outcomes, |row| row % FOLDS != fold))
        .collect();
    codes
        .iter()
        .enumerate()
        .flat_map(|(row, code)| by_fold[row % FOLDS][*code as usize].iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(values: &[&str]) -> Category {
        Category {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    /// The target is noise: what a category that names each row says of it must not be its own target.
    #[test]
    fn a_row_does_not_tell_its_own_target() {
        let rows = 200;
        let codes: Vec<u32> = (1..=rows).collect();
        let outcomes = Outcomes {
            width: 1,
            values: (0..rows).map(|row| f64::from((row * 7919) % 13)).collect(),
        };
        let encoded = out_of_fold(&codes, rows as usize + 1, &outcomes);
        // All that is known is the mean of the other folds, which is the same for all rows of a fold.
        for (row, number) in encoded.iter().enumerate() {
            assert_eq!(*number, encoded[row % FOLDS]);
        }
        let leaking = means(&codes, rows as usize + 1, &outcomes, |_| true);
        assert_ne!(leaking[1], leaking[2]);
    }

    #[test]
    fn categories_are_told_apart_by_their_means_and_rare_ones_stay_near_the_middle() {
        // a is 0, b is 1, a hundred times each; c is 1, once.
        let codes: Vec<u32> = (0..200).map(|row| 1 + row % 2).chain([3]).collect();
        let values: Vec<f64> = codes.iter().map(|code| f64::from(u8::from(*code > 1))).collect();
        let outcomes = Outcomes { width: 1, values };
        let fitted = TargetMeans::fit(category(&["a", "b", "c"]), &codes, &outcomes);
        let of = |code: usize| fitted.means[code][0];
        assert!(of(1) < of(0) && of(0) < of(3) && of(3) < of(2));
        assert!(of(3) - of(0) < 0.2 * (of(2) - of(0)), "one row says little");
        assert!((of(1) + 1.0).abs() < 0.1 && (of(2) - 1.0).abs() < 0.1);
    }
}
