//! What forecasts came to: their errors by how far ahead they look, and some of them beside what happened.

use serde::{Deserialize, Serialize};

/// The forecasts of a part that the model hasn't seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecasts {
    /// Which part: `test`, or `validation` where there is no test part.
    pub split: String,
    /// Forecasts that were made, each of as many steps as `errors` has.
    pub windows: u64,
    /// Root of the model's mean square error at each step ahead, in the target's unit.
    pub errors: Vec<f64>,
    /// The same of what needs no model.
    pub base_lines: Vec<StepErrors>,
    /// Some forecasts, from a usual one to the worst.
    pub traces: Vec<Trace>,
}

/// The errors of something that needs no model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepErrors {
    /// What it says, as in "the error of …": `the last value`.
    pub words: String,
    /// Root of the mean square error at each step ahead.
    pub errors: Vec<f64>,
}

/// A forecast beside what happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Which forecast it is.
    pub rank: Rank,
    /// The series; empty where the table is one.
    pub series: String,
    /// The last point in time that the model has seen, as the column of time writes it.
    pub at: String,
    /// What came before, up to that point.
    pub seen: Vec<f64>,
    /// What happened.
    pub actual: Vec<f64>,
    /// What the model said.
    pub predicted: Vec<f64>,
    /// Root of the mean square error over its steps.
    pub error: f64,
}

/// Where a forecast stands among all when they are sorted by their error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rank {
    #[default]
    /// In the middle.
    Median,
    /// Nine of ten are better.
    NinthDecile,
    /// None is worse.
    Worst,
}

impl Rank {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Median, Self::NinthDecile, Self::Worst];

    /// As said on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Median => "A usual forecast",
            Self::NinthDecile => "Nine of ten are better",
            Self::Worst => "The worst",
        }
    }

    /// Its place among so many sorted ones, of which there is at least one.
    pub fn place(self, count: usize) -> usize {
        let last = count.saturating_sub(1);
        match self {
            Self::Median => last / 2,
            Self::NinthDecile => last * 9 / 10,
            Self::Worst => last,
        }
    }
}
