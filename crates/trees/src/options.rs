//! How trees are grown.

use crate::error::TreesError;
use serde::{Deserialize, Serialize};

/// How trees are grown. The defaults are those of LightGBM where they have the same meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Factor of each tree's values, above 0.
    pub learning_rate: f64,
    /// Leaves of a tree at the most, from 2.
    pub leaves: usize,
    /// Splits from the root to a leaf at the most; 0 for any number.
    pub depth: usize,
    /// Rows of a leaf at the least. Where the rows' second derivatives differ, rows are counted by them while a split is
    /// looked for (as LightGBM does), so that a leaf may have some fewer.
    pub min_rows: usize,
    /// Sum of second derivatives of a leaf at the least.
    pub min_weight: f64,
    /// Gain of a split at the least.
    pub min_gain: f64,
    /// Penalty on the absolute values of leaves, on the scale of sums of gradients.
    pub l1: f64,
    /// Penalty on the squares of leaves' values, on the scale of sums of second derivatives.
    pub l2: f64,
    /// Share of the rows that each round draws, above 0 to 1.
    pub row_share: f64,
    /// Share of the columns that each tree draws, above 0 to 1.
    pub column_share: f64,
    /// Bins of a column of numbers at the most, from 2 to 255; missing values have one more.
    pub bins: usize,
    /// How categories are split.
    pub categories: CategoryOptions,
    /// For each feature, whether predictions may only rise (1) or fall (-1) with it; 0 or nothing for any way. Categories
    /// have none.
    #[serde(default)]
    pub monotone: Vec<i8>,
    /// Seed of drawn rows and columns.
    pub seed: u64,
}

/// How categories are split. With at most `one_by_one` of them each is tried against the rest. With more they are put in
/// the order of their mean gradients (Fisher, 1958) and cut once; the other numbers keep that from following noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CategoryOptions {
    /// Most categories for which each is tried alone.
    pub one_by_one: usize,
    /// Added to a category's weight when its mean gradient is taken; categories with fewer rows go right.
    pub smoothing: f64,
    /// Added to `l2`.
    pub l2: f64,
    /// Most categories on the smaller side of a split.
    pub most: usize,
    /// Rows that a group of categories has at the least, before the next cut is tried.
    pub min_group: usize,
}

impl Default for CategoryOptions {
    fn default() -> Self {
        Self {
            one_by_one: 4,
            smoothing: 10.0,
            l2: 10.0,
            most: 32,
            min_group: 100,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            learning_rate: 0.1,
            leaves: 31,
            depth: 0,
            min_rows: 20,
            min_weight: 1e-3,
            min_gain: 0.0,
            l1: 0.0,
            l2: 0.0,
            row_share: 1.0,
            column_share: 1.0,
            bins: 255,
            categories: CategoryOptions::default(),
            monotone: Vec::new(),
            seed: 7,
        }
    }
}

impl Options {
    /// Checks all ranges.
    ///
    /// # Errors
    /// [`TreesError::Option`] names the first option that is out of its range.
    pub fn check(&self) -> Result<(), TreesError> {
        let share = |value: f64| value > 0.0 && value <= 1.0;
        let penalty = |value: f64| value >= 0.0 && value.is_finite();
        let positive = self.learning_rate > 0.0 && self.learning_rate.is_finite();
        let checks = [
            (
                "learning_rate",
                self.learning_rate,
                positive,
                "it is above 0, for instance 0.1",
            ),
            (
                "leaves",
                self.leaves as f64,
                self.leaves >= 2,
                "a tree has 2 leaves at the least",
            ),
            (
                "min_rows",
                self.min_rows as f64,
                self.min_rows >= 1,
                "a leaf has 1 row at the least",
            ),
            (
                "min_weight",
                self.min_weight,
                penalty(self.min_weight),
                "it is 0 or more",
            ),
            (
                "min_gain",
                self.min_gain,
                penalty(self.min_gain),
                "it is 0 or more",
            ),
            ("l1", self.l1, penalty(self.l1), "it is 0 or more"),
            ("l2", self.l2, penalty(self.l2), "it is 0 or more"),
            (
                "row_share",
                self.row_share,
                share(self.row_share),
                "it is above 0 and 1 at the most",
            ),
            (
                "column_share",
                self.column_share,
                share(self.column_share),
                "it is above 0 and 1 at the most",
            ),
            (
                "bins",
                self.bins as f64,
                (2..=255).contains(&self.bins),
                "it is from 2 to 255",
            ),
        ];
        match checks.into_iter().find(|(_, _, sound, _)| !sound) {
            None => Ok(()),
            Some((option, value, _, range)) => Err(TreesError::Option {
                option,
                value: value.to_string(),
                range,
            }),
        }
    }

    /// Whether predictions may only rise (1) or fall (-1) with a feature.
    pub(crate) fn direction(&self, feature: usize) -> i8 {
        self.monotone.get(feature).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_held() {
        assert_eq!(Options::default().check(), Ok(()));
        type Spoil = fn(&mut Options);
        let wrong: [(&str, Spoil); 6] = [
            ("learning_rate", |options| options.learning_rate = f64::NAN),
            ("leaves", |options| options.leaves = 1),
            ("row_share", |options| options.row_share = 0.0),
            ("column_share", |options| options.column_share = 1.5),
            ("l2", |options| options.l2 = -1.0),
            ("bins", |options| options.bins = 256),
        ];
        for (name, spoil) in wrong {
            let mut options = Options::default();
            spoil(&mut options);
            let error = options.check().unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }
}
