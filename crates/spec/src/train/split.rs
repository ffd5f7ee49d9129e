//! How rows are divided.

use serde::{Deserialize, Serialize};

/// How rows are divided into training, validation and test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SplitSpec {
    /// By what.
    pub by: SplitBy,
    /// The column for `time` (the latest rows are the test, those before them the validation) and for `group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Share of validation rows, 0 to 1.
    pub validation: f64,
    /// Share of test rows, 0 to 1.
    pub test: f64,
    /// Trainings by cross-validation after the run's own, which say how much the metrics depend on the division: each
    /// validates on another part of what isn't the test, and leaves it out of its training. By time each learns from what
    /// is before its part. 0 for none.
    pub folds: u32,
    /// Seed of the division.
    pub seed: u64,
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self {
            by: SplitBy::Random,
            column: None,
            validation: 0.1,
            test: 0.2,
            folds: 0,
            seed: 7,
        }
    }
}

/// By what rows are divided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// At random; for classes each class in the same shares.
    #[default]
    Random,
    /// Rows with the same value of a column stay together, so that the test is of groups never seen. The column isn't
    /// learned from unless it is among the features.
    Group,
    /// By the order of a column.
    Time,
}
