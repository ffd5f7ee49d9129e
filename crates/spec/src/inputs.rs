//! How a table becomes a model's rows where a row of the one isn't a row of the other: windows of a series.

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
    /// Whether the model is told the hour, the weekday and the day of the year, each on a circle.
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
