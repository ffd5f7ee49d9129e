//! Numbers and booleans.

use super::{Columns, Encoding, Fitted, one_value, scale::Scale};
use aloft_spec::train::{Imputation, PreprocessSpec};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// A fitted column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// Stands for a missing value.
    pub fill: f64,
    /// What the number becomes.
    #[serde(flatten)]
    pub scale: Scale,
    /// Whether a second column says where the value was missing.
    pub indicator: bool,
}

impl Number {
    pub(super) fn fit(values: &[f64], spec: &PreprocessSpec) -> Fitted {
        let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        if known.is_empty() {
            return Fitted::LeftOut("it has no value in the training part".into());
        }
        let missing = known.len() < values.len();
        // Equal numbers are the same bits, so their order doesn't matter.
        known.par_sort_unstable_by(f64::total_cmp);
        let (lowest, highest) = (known[0], known[known.len() - 1]);
        if lowest == highest && !missing {
            return one_value(lowest, values.len());
        }
        let fill = match spec.impute {
            Imputation::Median => quantile(&known, 0.5),
            Imputation::Mean => mean_and_deviation(known.iter().copied()).0,
            Imputation::Zero => 0.0,
        };
        Fitted::Kept(Encoding::Number(Self {
            fill,
            scale: Scale::fit(spec.scaling, values, fill, &known),
            indicator: missing && spec.indicators,
        }))
    }

    pub(super) fn width(&self) -> usize {
        1 + usize::from(self.indicator)
    }

    pub(super) fn encode(&self, values: &[f64], out: &mut Columns<'_>) {
        for (row, value) in values.iter().enumerate() {
            let missing = value.is_nan();
            let value = if missing { self.fill } else { *value };
            out.set(row, 0, self.scale.apply(value));
            if self.indicator {
                out.set(row, 1, f64::from(missing));
            }
        }
    }
}

/// The value that a share of rising values stays below, between two of them on the line that joins them.
pub fn quantile(rising: &[f64], share: f64) -> f64 {
    let place = share * rising.len().saturating_sub(1) as f64;
    let below = place.floor() as usize;
    match (rising.get(below), rising.get(below + 1)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        (Some(low), None) => *low,
        _ => f64::NAN,
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
    pub(super) fn fit(values: &[Option<bool>], spec: &PreprocessSpec) -> Fitted {
        let yes = values.iter().filter(|value| **value == Some(true)).count();
        let no = values.iter().filter(|value| **value == Some(false)).count();
        let missing = yes + no < values.len();
        if (yes == 0 || no == 0) && !missing {
            return one_value(yes > 0, values.len());
        }
        Fitted::Kept(Encoding::Flag(Self {
            mode: yes > no,
            indicator: missing && spec.indicators,
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
