//! What is known about each column of a table.

use crate::table::{Extent, Field};
use serde::{Deserialize, Serialize};

/// The profile of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which rows it was made of.
    pub extent: Extent,
    /// One entry a column, in the table's order.
    pub columns: Vec<ColumnProfile>,
}

/// The profile of a column. What a column's type doesn't have is `None` or empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name and type.
    #[serde(flatten)]
    pub field: Field,
    /// Rows without a value; NaN counts as none, because pandas writes missing numbers so.
    pub nulls: u64,
    /// Different values, null not counted.
    pub distinct: u64,
    /// True when `distinct` is an estimate. Then the quantiles, the histogram and the top values are estimates too: they
    /// come from a seeded uniform sample of the rows, its counts scaled to all of them.
    pub distinct_approximate: bool,
    /// Smallest value as text (numbers, dates, texts).
    pub min: Option<String>,
    /// Largest value as text.
    pub max: Option<String>,
    /// Arithmetic mean of numbers; share of true values of a boolean.
    pub mean: Option<f64>,
    /// Sample standard deviation of numbers (n − 1 below the line).
    pub std: Option<f64>,
    /// p05, p25, p50, p75 and p95 of numbers, linearly interpolated.
    pub quantiles: Option<[f64; 5]>,
    /// Histogram of numbers, dates and times.
    pub histogram: Option<Histogram>,
    /// The most frequent values of text, booleans and whole numbers with few values; most frequent first.
    pub top: Vec<TopValue>,
}

/// Counts in bins of equal width. Dates and points in time are milliseconds since 1970-01-01 UTC, times of day
/// milliseconds since midnight, spans of time milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Lower edge of the first bin.
    pub low: f64,
    /// Upper edge of the last bin.
    pub high: f64,
    /// Rows in each bin.
    pub counts: Vec<u64>,
}

/// A value and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopValue {
    /// The value as text.
    pub value: String,
    /// Rows that have it.
    pub count: u64,
}
