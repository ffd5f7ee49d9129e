//! `chart` cells, and the numbers that a chart draws.

use serde::{Deserialize, Serialize};

/// How a chart draws its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Counts in bins of `x`.
    Histogram,
    /// One bar for each value of `x`: the mean of `y`, or the count without a `y`.
    Bar,
    /// `y` over `x`: the mean of `y` in order of `x`.
    Line,
    /// One point a row, thinned to what the eye can tell apart.
    Scatter,
    /// For each value of `x` the quartiles of `y`.
    Box,
}

/// The body of a `toml chart` cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartSpec {
    /// The source or query that it draws.
    pub data: String,
    /// How.
    pub mark: Mark,
    /// Column of the horizontal axis.
    pub x: String,
    /// Column of the vertical axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Bins of a histogram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<usize>,
}

/// What a chart draws, small enough for a frame: never more points than pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartData {
    /// Label of the horizontal axis.
    pub x_label: String,
    /// Label of the vertical axis.
    pub y_label: String,
    /// The marks.
    pub marks: Marks,
    /// Which rows it was made of.
    pub extent: crate::Extent,
}

/// The marks of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "lowercase")]
pub enum Marks {
    /// Bars from `edges[i]` to `edges[i + 1]` of height `counts[i]`.
    Histogram {
        /// Edges of the bins, one more than counts.
        edges: Vec<f64>,
        /// Rows in each bin.
        counts: Vec<u64>,
        /// True when the edges count milliseconds since 1970-01-01 UTC.
        #[serde(default)]
        time: bool,
    },
    /// A bar a category, in order of the first seen or of size.
    Bar {
        /// Names of the bars.
        categories: Vec<String>,
        /// Their heights.
        values: Vec<f64>,
        /// How many further categories aren't shown.
        omitted: usize,
    },
    /// A polyline.
    Line {
        /// Points in order of x.
        points: Vec<[f64; 2]>,
        /// True when x counts milliseconds since 1970-01-01 UTC.
        time: bool,
    },
    /// Points.
    Scatter {
        /// The points shown.
        points: Vec<[f64; 2]>,
        /// Out of how many.
        total: u64,
        /// True when x counts milliseconds since 1970-01-01 UTC.
        #[serde(default)]
        time: bool,
    },
    /// A box a category.
    Box {
        /// Names of the boxes.
        categories: Vec<String>,
        /// p05, p25, p50, p75, p95 of each.
        quantiles: Vec<[f64; 5]>,
        /// How many further categories aren't shown.
        omitted: usize,
    },
}
