//! `sweep` cells: which values of a train cell's keys are tried and how they are chosen, and what came of it.

mod leaderboard;

pub use leaderboard::{Baseline, Leaderboard, SweepState, TrialStatus, TrialSummary};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Values of a train cell's keys, by their paths: `optimizer.learning_rate`.
pub type Values = BTreeMap<String, SweepValue>;

/// The body of a `toml sweep` cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepSpec {
    /// The train cell whose keys get other values.
    pub train: String,
    /// How values are chosen.
    #[serde(default)]
    pub method: SweepMethod,
    /// Trials at the most; when left out [`SweepSpec::TRIALS`], and all points of a grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<u32>,
    /// Seconds at the most, those of earlier starts included; as long as it takes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Trials at a time at the most; when left out as many as memory and cores allow, up to four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    /// Seed of the choice of values. What trials themselves draw comes from the train cell's seed.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Trials that fall behind are stopped early; none is when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halving: Option<HalvingSpec>,
    /// What is tried, by the path of the key.
    pub space: BTreeMap<String, DimensionSpec>,
}

mod defaults {
    pub fn seed() -> u64 {
        7
    }
}

impl SweepSpec {
    /// Trials where the cell doesn't say how many, and the method could go on forever.
    pub const TRIALS: u32 = 24;

    /// Trials at the most; a grid ends by itself.
    pub fn trials_at_most(&self) -> u32 {
        self.trials.unwrap_or(match self.method {
            SweepMethod::Grid => u32::MAX,
            SweepMethod::Random | SweepMethod::Bayesian => Self::TRIALS,
        })
    }
}

/// How values are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SweepMethod {
    /// All combinations, one after the other.
    Grid,
    /// Independent draws (Bergstra and Bengio, 2012).
    Random,
    /// Draws that look more and more like the best trials so far: tree-structured Parzen estimators (Bergstra et al., 2011).
    #[default]
    Bayesian,
}

/// Asynchronous successive halving (Li et al., 2020) in the variant that stops: a trial goes on at a rung only where it is
/// among the best of those that came so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HalvingSpec {
    /// One trial in so many goes on at each rung, at least 2.
    pub factor: u32,
    /// Epochs up to the first rung; each further one is `factor` times as far.
    pub epochs: u32,
}

impl Default for HalvingSpec {
    fn default() -> Self {
        Self { factor: 3, epochs: 4 }
    }
}

/// What a key can be: exactly one of the first five.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DimensionSpec {
    /// One of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choice: Option<Vec<SweepValue>>,
    /// A number from the first to the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uniform: Option<[f64; 2]>,
    /// The same, each order of magnitude alike; both are greater than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_uniform: Option<[f64; 2]>,
    /// A whole number from the first to the second, both included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int_uniform: Option<[i64; 2]>,
    /// The same, each order of magnitude alike; both are greater than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int_log_uniform: Option<[i64; 2]>,
    /// Points of a grid in a range, its ends included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
}

/// A value of a key of a train cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a value is a number, a text in quotes, true or false, or a list of these"
)]
pub enum SweepValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A real number.
    Number(f64),
    /// A text: a word such as `adamw`.
    Text(String),
    /// Several: the widths of layers.
    List(Vec<SweepValue>),
}

/// As the leaderboard shows it.
impl fmt::Display for SweepValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A key's name without its tables, as long as no other of the keys ends like it: `learning_rate`.
pub fn short_name<'a>(key: &'a str, keys: &[String]) -> &'a str {
    fn last(key: &str) -> &str {
        key.rsplit('.').next().unwrap_or(key)
    }
    match keys.iter().filter(|other| last(other) == last(key)).count() {
        0 | 1 => last(key),
        _ => key,
    }
}

/// Values in a line: `kind trees · leaves 63`.
pub fn words(values: &Values) -> String {
    if values.is_empty() {
        return "as the cell says".into();
    }
    let keys: Vec<String> = values.keys().cloned().collect();
    // The kind says what the others are about.
    let is_kind = |key: &String| key.ends_with(".kind");
    let (kinds, others): (Vec<_>, Vec<_>) = values.iter().partition(|(key, _)| is_kind(key));
    let texts = kinds
        .into_iter()
        .chain(others)
        .map(|(key, value)| format!("{} {value}", short_name(key, &keys)));
    texts.collect::<Vec<_>>().join(" · ")
}

/// Which trial of a sweep a run is; in its `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepTrial {
    /// The sweep's name.
    pub sweep: String,
    /// Hash of what the trials of the sweep have in common: the train cell, the rows, the space and how values are chosen.
    pub key: String,
    /// Which trial it is, from 1.
    pub index: u32,
    /// What the train cell's keys are in it.
    pub values: Values,
}
