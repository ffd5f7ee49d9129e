//! Tables as the window and the command line show them.

use crate::text::thousands;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which rows a table, a profile, a chart or a model was made of. Every number on the screen carries one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How the rows were chosen.
    pub scope: Scope,
    /// How many rows were seen.
    pub rows: u64,
    /// How many there are in all, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// How rows were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// A seeded random sample, or a query over samples.
    Sample,
    /// A seeded random sample of each value of some columns, in proportion, and of each at least one row.
    Stratified,
    /// The latest rows by a column of time.
    Latest,
    /// The first rows.
    Head,
    /// Rows that were chosen in a chart, and queries over them.
    Selected,
    /// All rows.
    All,
}

impl Extent {
    /// All rows of a table.
    pub fn all(rows: u64) -> Self {
        Self {
            scope: Scope::All,
            rows,
            total: Some(rows),
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = thousands(self.rows);
        match (self.scope, self.total) {
            (Scope::All, _) if self.rows == 0 => f.write_str("no rows"),
            (Scope::All, _) if self.rows == 1 => f.write_str("the only row"),
            (Scope::All, _) => write!(f, "all {rows} rows"),
            (Scope::Sample, Some(total)) => {
                write!(f, "sample, {rows} of {} rows", thousands(total))
            }
            (Scope::Sample | Scope::Stratified, None) => write!(f, "{rows} rows of the sample"),
            (Scope::Stratified, Some(total)) => {
                write!(f, "stratified sample, {rows} of {} rows", thousands(total))
            }
            (Scope::Latest, Some(total)) => write!(f, "latest {rows} of {} rows", thousands(total)),
            (Scope::Latest, None) => write!(f, "{rows} of the latest rows"),
            (Scope::Selected, Some(total)) => {
                write!(f, "selection, {rows} of {} rows", thousands(total))
            }
            (Scope::Selected, None) => write!(f, "{rows} rows of the selection"),
            (Scope::Head, Some(total)) => write!(f, "first {rows} of {} rows", thousands(total)),
            (Scope::Head, None) => write!(f, "first {rows} rows"),
        }
    }
}

/// What a column holds, coarsely: it decides alignment, charts and preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Real numbers.
    Float,
    /// Text or categories.
    Text,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// A point in time.
    Datetime,
    /// A time of day or a span of time.
    Time,
    /// Lists, structs, bytes.
    Other,
}

/// A column's name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type as polars says it, short: `i64`, `f64`, `str`, `bool`, `datetime[ms, UTC]`.
    pub dtype: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// Rows in memory, typed so that fifty thousand of them stay small and a row is formatted only when painted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The columns, all of the same length.
    pub columns: Vec<Column>,
    /// Rows held here.
    pub rows: usize,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name and type.
    #[serde(flatten)]
    pub field: Field,
    /// Its values; null is no value.
    pub values: Values,
}

/// Values of a column. Dates and times, lists and bytes come formatted as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// True or false.
    Boolean(Vec<Option<bool>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Real numbers.
    Float(Vec<Option<f64>>),
    /// Text.
    Text(Vec<Option<String>>),
}

impl Values {
    /// The text of a cell, or `None` for null. Floats as [`real`](crate::text::real) has them.
    pub fn format(&self, row: usize) -> Option<String> {
        match self {
            Self::Boolean(values) => values.get(row)?.map(|value| value.to_string()),
            Self::Integer(values) => values.get(row)?.map(|value| value.to_string()),
            Self::Float(values) => values.get(row)?.map(crate::text::real),
            Self::Text(values) => values.get(row)?.clone(),
        }
    }
}
