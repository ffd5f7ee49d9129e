//! What is known about each column of a table.

use crate::table::{Extent, Field};
use serde::{Deserialize, Serialize};

/// The profile of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Which rows it was made of. While a long scan goes on, the first rows so far.
    pub extent: Extent,
    /// One entry a column, in the table's order.
    pub columns: Vec<ColumnProfile>,
    /// Which columns go together; none while a scan goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub associations: Option<Associations>,
    /// What was read of the source's file to get at its rows; none for a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan: Option<Scan>,
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
    /// True when `distinct` is an estimate (HyperLogLog, 0.8 % standard error), because there are more than ten thousand
    /// different values in a table that needn't fit memory. Then quantiles, histogram and top values are estimates too,
    /// with the errors said beside them.
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
    /// How far the rank of a quantile or of a bin's edge may be off, as a share of all values, with a probability of
    /// 99 %: with 0.001 a p50 lies between the exact p49.9 and p50.1. None when they are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_error: Option<f64>,
    /// Histogram of numbers, dates and times; each bin is exact, or within twice `rank_error` of all rows.
    pub histogram: Option<Histogram>,
    /// The most frequent values, most frequent first: of texts and booleans any, of others those that occur in at least
    /// a hundredth of the rows, or any where there are no more than fifty.
    pub top: Vec<TopValue>,
    /// The counts of `top` are too low by no more than so many rows. None when they are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_error: Option<u64>,
    /// How long texts are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<Lengths>,
    /// Days without rows, of dates and points in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<Gaps>,
}

impl ColumnProfile {
    /// Of a column of which nothing is known yet.
    pub fn new(field: Field) -> Self {
        Self {
            field,
            nulls: 0,
            distinct: 0,
            distinct_approximate: false,
            min: None,
            max: None,
            mean: None,
            std: None,
            quantiles: None,
            rank_error: None,
            histogram: None,
            top: Vec::new(),
            top_error: None,
            lengths: None,
            gaps: None,
        }
    }
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

/// Lengths of texts in characters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// Of the shortest.
    pub min: u64,
    /// On average.
    pub mean: f64,
    /// Of the longest.
    pub max: u64,
}

/// Days on which nothing happened, between the first and the last on which something did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Days from the first to the last, both counted.
    pub days: u64,
    /// Of these, how many have no row.
    pub missing: u64,
    /// Most of them in a row.
    pub longest: u64,
    /// The first day of these, as `2013-02-03`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_from: Option<String>,
}

/// Which columns go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Associations {
    /// Rows that they were computed of: a uniform sample where these are fewer than the profile's.
    pub rows: u64,
    /// Columns that were looked at: of a very wide table the first ones; lists, structs and bytes aren't.
    pub columns: u64,
    /// The strongest pairs, strongest first; those below 0.1 are left out.
    pub strongest: Vec<Association>,
}

/// How strongly two columns go together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Association {
    /// Name of one column.
    pub a: String,
    /// Name of the other.
    pub b: String,
    /// How it was measured.
    pub measure: Measure,
    /// From −1 to 1 for Pearson's, otherwise from 0 to 1.
    pub value: f64,
}

/// Measures of association; which one depends on what the two columns hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Two numbers: Pearson's correlation. Truths are 0 and 1, dates and times numbers.
    Pearson,
    /// A category (a text with at most a hundred different values) and a number: the correlation ratio η.
    CorrelationRatio,
    /// Two categories: Cramér's V.
    CramersV,
}

/// What was read of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Bytes that were read, as they lie in the file; those of a footer or of a look at the file's structure aren't counted
    /// where its rows were read apart from them.
    pub bytes_read: u64,
    /// Bytes that there are.
    pub bytes_total: u64,
    /// Rows in what was read.
    pub rows_read: u64,
    /// Parquet: row groups that were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_groups_read: Option<u64>,
    /// Parquet: row groups that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_groups: Option<u64>,
}
