//! `chart` cells, and what a chart draws.

use serde::{Deserialize, Serialize};

/// How a chart draws its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Counts in bins of `x`.
    Histogram,
    /// One bar for each value of `x`: the mean of `y`, or the count without a `y`.
    Bar,
    /// `y` over `x`: the mean of `y` in order of `x`, or the count without a `y`.
    Line,
    /// The same with the ground below it filled.
    Area,
    /// One point a row; where these are many, how many fall into each small rectangle.
    Scatter,
    /// For each value of `x` the quantiles of `y`.
    Box,
    /// For each value of `x` the density of `y`.
    Violin,
    /// Rectangles over `x` and `y`: the count, or the mean of `z`.
    Heatmap,
    /// Pearson's correlation between each two of `columns`.
    Correlation,
    /// Scatters of each two of `columns`, and histograms of each.
    Pairs,
    /// Which share of each of `columns` is missing, from the first row to the last.
    Missing,
    /// Points at the longitude `x` and the latitude `y`, in degrees.
    Map,
}

impl Mark {
    /// All marks.
    pub const ALL: [Self; 12] = [
        Self::Histogram,
        Self::Bar,
        Self::Line,
        Self::Area,
        Self::Scatter,
        Self::Box,
        Self::Violin,
        Self::Heatmap,
        Self::Correlation,
        Self::Pairs,
        Self::Missing,
        Self::Map,
    ];

    /// As a cell writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::Bar => "bar",
            Self::Line => "line",
            Self::Area => "area",
            Self::Scatter => "scatter",
            Self::Box => "box",
            Self::Violin => "violin",
            Self::Heatmap => "heatmap",
            Self::Correlation => "correlation",
            Self::Pairs => "pairs",
            Self::Missing => "missing",
            Self::Map => "map",
        }
    }

    /// Whether it draws `columns` rather than `x` and `y`.
    pub fn has_columns(self) -> bool {
        matches!(self, Self::Correlation | Self::Pairs | Self::Missing)
    }

    /// Whether rows can be chosen along its horizontal axis.
    pub fn has_brush(self) -> bool {
        !self.has_columns()
    }

    /// Whether it can't do without a `y`.
    pub fn needs_y(self) -> bool {
        matches!(
            self,
            Self::Scatter | Self::Box | Self::Violin | Self::Heatmap | Self::Map
        )
    }

    /// Whether `bins` mean something to it.
    pub fn has_bins(self) -> bool {
        matches!(
            self,
            Self::Histogram | Self::Heatmap | Self::Scatter | Self::Map | Self::Pairs
        )
    }

    /// Whether its marks can have the colours of classes.
    pub fn has_color(self) -> bool {
        !matches!(
            self,
            Self::Heatmap | Self::Correlation | Self::Missing | Self::Pairs
        )
    }

    /// Whether its axes can be logarithmic: `x`, `y`.
    pub fn has_log(self) -> [bool; 2] {
        let x = matches!(self, Self::Histogram | Self::Line | Self::Area | Self::Scatter);
        [x, x || matches!(self, Self::Bar | Self::Box | Self::Violin)]
    }
}

/// The body of a `toml chart` cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChartSpec {
    /// The source or query that it draws.
    pub data: String,
    /// How.
    pub mark: Mark,
    /// Column of the horizontal axis; marks that draw `columns` have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Column of the vertical axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Column whose mean a heatmap shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub z: Option<String>,
    /// Column whose values have colours of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Column whose values have panels of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facet: Option<String>,
    /// Columns of a correlation matrix, of pairs, of a map of missing values; those that fit when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Bins of a histogram, or along each axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<usize>,
    /// Whether the horizontal axis is logarithmic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log_x: bool,
    /// Whether the vertical axis is logarithmic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub log_y: bool,
}

impl ChartSpec {
    /// A chart with nothing but its data and mark.
    pub fn new(data: impl Into<String>, mark: Mark) -> Self {
        Self {
            data: data.into(),
            mark,
            x: None,
            y: None,
            z: None,
            color: None,
            facet: None,
            columns: Vec::new(),
            bins: None,
            log_x: false,
            log_y: false,
        }
    }

    /// The columns that it names, with the keys that name them.
    pub fn named_columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let single = [
            ("x", &self.x),
            ("y", &self.y),
            ("z", &self.z),
            ("color", &self.color),
            ("facet", &self.facet),
        ];
        single
            .into_iter()
            .filter_map(|(key, name)| Some((key, name.as_deref()?)))
            .chain(self.columns.iter().map(|name| ("columns", name.as_str())))
    }
}

/// What was chosen along the horizontal axis of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "brush", rename_all = "lowercase")]
pub enum Brush {
    /// Everything between two positions of the axis.
    Range {
        /// The lower one.
        low: f64,
        /// The higher one.
        high: f64,
    },
    /// One of the names of the axis.
    Name {
        /// As the axis has it.
        name: String,
    },
}

/// The name of rows without a value on axes of names and in legends.
pub const NO_VALUE: &str = "no value";

/// What a chart draws, small enough for a frame: never more marks than pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChartData {
    /// Its mark.
    pub mark: Mark,
    /// What it shows, for those who can't see it: `Bar chart of mean of dep_delay by carrier, 16 bars`.
    pub description: String,
    /// The panels, row by row: one, or one a facet, or one for each pair of columns.
    pub panels: Vec<Panel>,
    /// Panels side by side.
    pub across: usize,
    /// What the colours of marks stand for, where they stand for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legend: Option<Legend>,
    /// What the colours of cells stand for, where there are cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// What isn't shown: `11 more carriers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Which rows it was made of.
    pub extent: crate::Extent,
}

/// Classes and their colours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legend {
    /// The column.
    pub title: String,
    /// Its values; a mark's class is an index of this. The palette has eight colours.
    pub classes: Vec<String>,
}

/// Numbers and their colours, from pale to full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// What the numbers are.
    pub label: String,
    /// The number with the first colour.
    pub low: f64,
    /// The number with the last colour.
    pub high: f64,
    /// Two colours with nothing between them at the middle, for numbers on both sides of 0.
    pub diverging: bool,
}

/// Two axes, and what is drawn between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// What tells it from the other panels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub marks: Marks,
}

/// An axis. Marks lie at its positions; how a position reads is what its scale says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The column or number.
    pub label: String,
    /// How positions read.
    pub scale: Scale,
    /// The lowest position.
    pub low: f64,
    /// The highest position.
    pub high: f64,
}

/// How positions on an axis read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// They are the numbers.
    Linear,
    /// They are the decimal logarithms of the numbers.
    Log,
    /// They are milliseconds since 1970-01-01 UTC.
    Time,
    /// They are degrees of longitude or latitude.
    Degrees,
    /// They are indices of names; each name has the stretch from half before its index to half after.
    Names(Vec<String>),
}

/// What is drawn in a panel. Positions are those of its axes; a class is an index of the legend, 0 without one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "draw", rename_all = "lowercase")]
pub enum Marks {
    /// Upright bars: of histograms side by side, of classes on each other.
    Bars {
        /// From left to right.
        bars: Vec<Bar>,
    },
    /// Polylines, one a class.
    Lines {
        /// In order of the classes.
        lines: Vec<Series>,
        /// Whether the ground below is filled.
        filled: bool,
    },
    /// Points, by class.
    Points {
        /// In order of the classes.
        points: Vec<Series>,
    },
    /// Boxes.
    Boxes {
        /// From left to right.
        boxes: Vec<BoxMark>,
    },
    /// Violins.
    Violins {
        /// From left to right.
        violins: Vec<Violin>,
    },
    /// Rectangles of a grid.
    Cells {
        /// Edges along the horizontal axis, one more than columns.
        x_edges: Vec<f64>,
        /// Edges along the vertical axis, one more than rows.
        y_edges: Vec<f64>,
        /// Row by row from the lowest; none where there is nothing.
        values: Vec<Option<f64>>,
    },
}

/// A bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Its left edge.
    pub left: f64,
    /// Its right edge.
    pub right: f64,
    /// Where it begins.
    pub bottom: f64,
    /// Where it ends.
    pub top: f64,
    /// Its class.
    pub class: usize,
    /// The number that it stands for.
    pub value: f64,
}

/// Points of a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Their class.
    pub class: usize,
    /// Their positions; of a line in order of x.
    pub points: Vec<[f64; 2]>,
}

/// A box with whiskers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoxMark {
    /// Its middle on the horizontal axis.
    pub at: f64,
    /// Its width.
    pub width: f64,
    /// Its class.
    pub class: usize,
    /// p05, p25, p50, p75, p95 of its rows.
    pub quantiles: [f64; 5],
}

/// A violin: a density on both sides of its middle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violin {
    /// Its middle on the horizontal axis.
    pub at: f64,
    /// Its width where it is widest.
    pub width: f64,
    /// Its class.
    pub class: usize,
    /// Positions on the vertical axis with the density there, the greatest of the panel being 1.
    pub density: Vec<[f64; 2]>,
    /// p25, p50, p75 of its rows.
    pub quartiles: [f64; 3],
}

impl Axis {
    /// The number at a position.
    pub fn value(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Log => 10_f64.powf(position),
            _ => position,
        }
    }

    /// The name at a position, where the axis has names and one is near.
    pub fn name(&self, position: f64) -> Option<&str> {
        match &self.scale {
            Scale::Names(names) if position > -0.5 => {
                names.get(position.round() as usize).map(String::as_str)
            }
            _ => None,
        }
    }
}
