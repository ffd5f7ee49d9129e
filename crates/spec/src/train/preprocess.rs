//! What columns become before a model sees them.

use serde::{Deserialize, Serialize};

/// Preprocessing, fitted on the training part alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreprocessSpec {
    /// How numbers are brought to one scale.
    pub scaling: Scaling,
    /// What stands for a missing number.
    pub impute: Imputation,
    /// Whether a 0/1 column says where a value was missing, for columns in which that happens in the training part.
    pub indicators: bool,
}

impl Default for PreprocessSpec {
    fn default() -> Self {
        Self {
            scaling: Scaling::default(),
            impute: Imputation::default(),
            indicators: true,
        }
    }
}

/// How numbers are brought to one scale. For a numeric target a number stays unclipped, with mean 0 and standard deviation 1,
/// where a straight line says so much more of the target then: a hundredth of its variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Mean 0 and standard deviation 1; softly clipped beyond 3.
    Standard,
    /// Median 0 and the middle half as wide as that of a normal distribution; softly clipped beyond 3.
    #[default]
    Robust,
    /// By rank, to a normal distribution: only the order counts.
    Quantile,
}

/// What stands for a missing number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Imputation {
    /// The median of the training part.
    #[default]
    Median,
    /// Its mean.
    Mean,
    /// Zero.
    Zero,
}
