//! Gradient-boosted trees: how many there are, and how they grow.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Gradient-boosted trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TreesSpec {
    /// Rounds at the most, each a tree (for several classes or quantiles a tree for each), in groups of
    /// [`ROUNDS_PER_EPOCH`](Self::ROUNDS_PER_EPOCH) that count as epochs. How many there are in the end, the validation
    /// part says: `patience` counts epochs.
    pub rounds: u32,
    /// Factor of each tree, above 0: the smaller it is, the more rounds it takes and the smoother the sum gets. By the size of
    /// the training part when left out, as are the shares: [`growth`](Self::growth).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Leaves of a tree at the most, from 2.
    pub leaves: usize,
    /// Splits from the root to a leaf at the most; 0 for any number.
    pub depth: usize,
    /// Rows of a leaf at the least; by the size of the training part when left out: a twentieth of its rows, from 5 to 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rows: Option<usize>,
    /// Penalty on the absolute values of leaves.
    pub l1: f64,
    /// Penalty on the squares of leaves' values.
    pub l2: f64,
    /// Share of the training rows that each round draws, above 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_share: Option<f64>,
    /// Share of the columns that each tree draws, above 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column_share: Option<f64>,
    /// Bins of a column of numbers at the most, from 2 to 255.
    pub bins: usize,
    /// Columns of numbers with which predictions may only rise (1) or fall (-1), all else being equal: a number itself, each
    /// quantile, the probability of the second of two classes, that of each label. Missing values go their own way.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub monotone: BTreeMap<String, i8>,
}

impl Default for TreesSpec {
    fn default() -> Self {
        Self {
            rounds: 500,
            learning_rate: None,
            leaves: 31,
            depth: 0,
            min_rows: None,
            l1: 0.0,
            l2: 1.0,
            row_share: None,
            column_share: None,
            bins: 255,
            monotone: BTreeMap::new(),
        }
    }
}

/// How much of a small step each tree is, and of what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// Factor of each tree.
    pub learning_rate: f64,
    /// Share of the rows that each round draws.
    pub row_share: f64,
    /// Share of the columns that each tree draws.
    pub column_share: f64,
}

impl TreesSpec {
    /// Training rows below which trees are small steps, each of a part of rows and columns, when nothing is set: from few rows
    /// any one tree learns much by heart, and many that differ do so less (`benches/README.md`).
    pub const SMALL_ROWS: usize = 1000;

    /// Rounds after which the validation part is looked at.
    pub const ROUNDS_PER_EPOCH: u32 = 10;

    /// Epochs at the most; the last one is a whole one too.
    pub fn epochs(&self) -> u32 {
        self.rounds.div_ceil(Self::ROUNDS_PER_EPOCH)
    }

    /// Rows of a leaf at the least, out of so many training rows.
    pub fn min_rows_for(&self, train_rows: usize) -> usize {
        self.min_rows.unwrap_or((train_rows / 20).clamp(5, 20))
    }

    /// Steps and shares, for so many training rows.
    pub fn growth(&self, train_rows: usize) -> Growth {
        let (learning_rate, row_share, column_share) = match train_rows < Self::SMALL_ROWS {
            true => (0.05, 0.6, 0.8),
            false => (0.1, 1.0, 1.0),
        };
        Growth {
            learning_rate: self.learning_rate.unwrap_or(learning_rate),
            row_share: self.row_share.unwrap_or(row_share),
            column_share: self.column_share.unwrap_or(column_share),
        }
    }

    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_of_small_tables_are_small_steps_and_what_is_set_stays() {
        let mut trees = TreesSpec::default();
        let of = |trees: &TreesSpec, rows| {
            let growth = trees.growth(rows);
            (growth.learning_rate, growth.row_share, growth.column_share)
        };
        assert_eq!(of(&trees, 999), (0.05, 0.6, 0.8));
        assert_eq!(of(&trees, 1000), (0.1, 1.0, 1.0));
        assert_eq!(
            [50, 240, 100_000].map(|rows| trees.min_rows_for(rows)),
            [5, 12, 20]
        );
        (trees.learning_rate, trees.row_share) = (Some(0.2), Some(1.0));
        assert_eq!(of(&trees, 10), (0.2, 1.0, 0.8));
    }
}
