//! How a table becomes a model's rows where that isn't told by the types of its columns: windows of a series, pictures,
//! texts.

use serde::{Deserialize, Serialize};

/// `[forecast]`: the target is a series in time, and its next values are predicted from those before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForecastSpec {
    /// The column of dates, times or whole numbers that orders the rows.
    pub time: String,
    /// Columns whose values tell several series apart, such as a station; none where the table is one series.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<String>,
    /// Steps ahead that are predicted; a season when left out, and 12 where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<usize>,
    /// Steps that the model looks back on; when left out, two seasons or two horizons, whichever is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lags: Option<usize>,
    /// Steps after which the series repeats itself; when left out, by the time between rows: a day for hours and
    /// minutes, a week for days, a year for weeks, months and quarters, otherwise none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<usize>,
    /// Features whose values are known before their time, such as holidays. Rows to predict from go on without a target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// Whether the model is told the hour, the weekday and the day of the year, each on a circle, of which the training part
    /// has seen half at least and which its series follow.
    #[serde(default = "yes")]
    pub calendar: bool,
}

fn yes() -> bool {
    true
}

impl ForecastSpec {
    /// The defaults for a column of time.
    pub fn new(time: impl Into<String>) -> Self {
        Self {
            time: time.into(),
            series: Vec::new(),
            horizon: None,
            lags: None,
            season: None,
            known: Vec::new(),
            calendar: true,
        }
    }
}

/// `[image]`: the rows are pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageSpec {
    /// The column of PNG or JPEG bytes, or, of a folder of pictures, of their paths.
    pub column: String,
    /// Height and width that pictures are brought to; when left out those of the first one, at most 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Whether colours count, or only how bright a pixel is; when left out, whether the first picture has colours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<bool>,
    /// Pixels that training pictures are moved by at most; when left out a fourteenth of the shorter side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<usize>,
    /// Whether every second training picture is mirrored from left to right.
    pub flip: bool,
    /// Share of height and width that is cut off training pictures at most, 0 to less than 1.
    pub crop: f64,
}

impl Default for ImageSpec {
    fn default() -> Self {
        Self {
            column: "image".into(),
            size: None,
            color: None,
            shift: None,
            flip: false,
            crop: 0.0,
        }
    }
}

/// `[text]`: the rows are texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSpec {
    /// The column of texts.
    pub column: String,
    /// Words of an n-gram at most; 0 for letters alone.
    #[serde(default = "two")]
    pub words: usize,
    /// Letters of an n-gram at most, for words that are written in several ways; 0 for none.
    #[serde(default)]
    pub letters: usize,
    /// Places that n-grams are hashed into.
    #[serde(default = "buckets")]
    pub buckets: usize,
    /// Tokens of a text that are read at most; when left out as many as 98 % of the training texts have, up to 512 (128 for
    /// a transformer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
}

fn two() -> usize {
    2
}

fn buckets() -> usize {
    1 << 15
}

impl TextSpec {
    /// The defaults for a column of texts.
    pub fn new(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            words: two(),
            letters: 0,
            buckets: buckets(),
            length: None,
        }
    }
}
