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
    /// Factor of each tree, above 0: the smaller it is, the more rounds it takes and the smoother the sum gets.
    pub learning_rate: f64,
    /// Leaves of a tree at the most, from 2.
    pub leaves: usize,
    /// Splits from the root to a leaf at the most; 0 for any number.
    pub depth: usize,
    /// Rows of a leaf at the least; by the size of the training part when left out: a fortieth of its rows, from 3 to 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rows: Option<usize>,
    /// Penalty on the absolute values of leaves.
    pub l1: f64,
    /// Penalty on the squares of leaves' values.
    pub l2: f64,
    /// Share of the training rows that each round draws, above 0 to 1.
    pub row_share: f64,
    /// Share of the columns that each tree draws, above 0 to 1.
    pub column_share: f64,
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
            learning_rate: 0.1,
            leaves: 31,
            depth: 0,
            min_rows: None,
            l1: 0.0,
            l2: 1.0,
            row_share: 1.0,
            column_share: 1.0,
            bins: 255,
            monotone: BTreeMap::new(),
        }
    }
}

impl TreesSpec {
    /// Rounds after which the validation part is looked at.
    pub const ROUNDS_PER_EPOCH: u32 = 10;

    /// Epochs at the most; the last one is a whole one too.
    pub fn epochs(&self) -> u32 {
        self.rounds.div_ceil(Self::ROUNDS_PER_EPOCH)
    }

    /// Rows of a leaf at the least, out of so many training rows.
    pub fn min_rows_for(&self, train_rows: usize) -> usize {
        self.min_rows.unwrap_or((train_rows / 40).clamp(3, 20))
    }

    /// Whether nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
