//! Numbers and booleans.

use super::{Columns, Encoding, Fitted, one_value};
use serde::{Deserialize, Serialize};

/// Standard deviations up to which a number passes unchanged; beyond, only the logarithm of the excess counts.
pub const SOFT_CLIP: f64 = 3.0;

/// A fitted column of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// Stands for a missing value.
    pub median: f64,
    /// Over the training part, missing values as the median.
    pub mean: f64,
    /// Standard deviation likewise; 1 where it is 0.
    pub deviation: f64,
    /// Whether a second column says where the value was missing.
    pub indicator: bool,
}

impl Number {
    pub(super) fn fit(values: &[f64]) -> Fitted {
        let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        if known.is_empty() {
            return Fitted::LeftOut("it has no value in the training part".into());
        }
        let indicator = known.len() < values.len();
        known.sort_by(f64::total_cmp);
        let (lowest, highest) = (known[0], known[known.len() - 1]);
        if lowest == highest && !indicator {
            return one_value(lowest, values.len());
        }
        let middle = known.len() / 2;
        let median = match known.len() % 2 {
            1 => known[middle],
            _ => f64::midpoint(known[middle - 1], known[middle]),
        };
        let (mean, deviation) = mean_and_deviation(
            values
                .iter()
                .map(|value| if value.is_nan() { median } else { *value }),
        );
        Fitted::Kept(Encoding::Number(Self {
            median,
            mean,
            deviation,
            indicator,
        }))
    }

    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.indicator)
    }

    pub(super) fn encode(&self, values: &[f64], out: &mut Columns<'_>) {
        for (row, value) in values.iter().enumerate() {
            let missing = value.is_nan();
            let value = if missing { self.median } else { *value };
            out.set(row, 0, soft_clip((value - self.mean) / self.deviation));
            if self.indicator {
                out.set(row, 1, f64::from(missing));
            }
        }
    }
}

/// The number itself within ±3; beyond, 3 plus the logarithm of the excess: an outlier stays the largest and doesn't
/// drown the others.
fn soft_clip(score: f64) -> f64 {
    let excess = score.abs() - SOFT_CLIP;
    match excess > 0.0 {
        true => score.signum() * (SOFT_CLIP + excess.ln_1p()),
        false => score,
    }
}

/// Mean and population standard deviation in two passes; a deviation of 0 counts as 1.
pub fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    match variance.sqrt() {
        deviation if deviation > 0.0 => (mean, deviation),
        _ => (mean, 1.0),
    }
}

/// A fitted column of booleans.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// The more frequent value; stands for a missing one.
    pub mode: bool,
    /// Whether a second column says where the value was missing.
    pub indicator: bool,
}

impl Flag {
    pub(super) fn fit(values: &[Option<bool>]) -> Fitted {
        let yes = values.iter().filter(|value| **value == Some(true)).count();
        let no = values.iter().filter(|value| **value == Some(false)).count();
        let indicator = yes + no < values.len();
        if (yes == 0 || no == 0) && !indicator {
            return one_value(yes > 0, values.len());
        }
        Fitted::Kept(Encoding::Flag(Self {
            mode: yes > no,
            indicator,
        }))
    }

    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.indicator)
    }

    pub(super) fn encode(&self, values: &[Option<bool>], out: &mut Columns<'_>) {
        for (row, value) in values.iter().enumerate() {
            out.set(row, 0, f64::from(value.unwrap_or(self.mode)));
            if self.indicator {
                out.set(row, 1, f64::from(value.is_none()));
            }
        }
    }
}
