//! What can be tried: dimensions, their values, and a coordinate for each value.

use crate::{Error, draws::Draws};
use aloft_spec::sweep::{DimensionSpec, SweepValue, Values};
use std::collections::BTreeMap;

/// Digits of a drawn real number: more say nothing, and are a pain to read.
const DIGITS: i32 = 4;

/// What can be tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    dimensions: Vec<Dimension>,
}

/// A key and what it can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimension {
    /// The path of the key.
    pub key: String,
    pub(crate) domain: Domain,
}

/// What a key can be. A coordinate is the index of a choice, or from 0 at the lower to 1 at the upper bound of a range.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Domain {
    /// One of these.
    Choice(Vec<SweepValue>),
    /// Numbers between two bounds.
    Range(Range),
}

/// Numbers between two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub low: f64,
    pub high: f64,
    /// Whether each order of magnitude counts alike.
    pub log: bool,
    /// Whether they are whole numbers.
    pub whole: bool,
    /// Points of a grid.
    pub steps: Option<u32>,
}

impl Space {
    /// A space of these dimensions.
    ///
    /// # Errors
    /// There is no dimension, or one without values.
    pub fn new(space: &BTreeMap<String, DimensionSpec>) -> Result<Self, Error> {
        if space.is_empty() {
            return Err(Error::Empty);
        }
        let dimensions = space.iter().map(|(key, spec)| Dimension::new(key, spec));
        Ok(Self {
            dimensions: dimensions.collect::<Result<_, _>>()?,
        })
    }

    /// Its dimensions, by the names of their keys.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The same with all values of its ranges, whatever a grid would take.
    pub(crate) fn without_steps(&self) -> Self {
        let mut space = self.clone();
        for dimension in &mut space.dimensions {
            if let Domain::Range(range) = &mut dimension.domain {
                range.steps = None;
            }
        }
        space
    }

    /// Whether each value is one of the space.
    pub fn contains(&self, values: &Values) -> bool {
        values.len() == self.dimensions.len() && self.coordinates(values).is_some()
    }

    /// A point drawn at random, each coordinate alike.
    pub(crate) fn draw(&self, draws: &mut Draws) -> Vec<f64> {
        let coordinate = |dimension: &Dimension| match &dimension.domain {
            Domain::Choice(values) => draws.below(values.len()) as f64,
            Domain::Range(_) => draws.uniform(),
        };
        self.dimensions.iter().map(coordinate).collect()
    }

    /// The values at a point.
    pub(crate) fn values(&self, point: &[f64]) -> Values {
        let values = self.dimensions.iter().zip(point);
        values
            .map(|(dimension, at)| (dimension.key.clone(), dimension.value(*at)))
            .collect()
    }

    /// The point of values; `None` where one is missing or isn't of the space.
    pub(crate) fn coordinates(&self, values: &Values) -> Option<Vec<f64>> {
        let coordinate = |dimension: &Dimension| dimension.coordinate(values.get(&dimension.key)?);
        self.dimensions.iter().map(coordinate).collect()
    }
}

impl Dimension {
    fn new(key: &str, spec: &DimensionSpec) -> Result<Self, Error> {
        let range = |low, high, log, whole| {
            Domain::Range(Range {
                low,
                high,
                log,
                whole,
                steps: spec.steps,
            })
        };
        let mut domains = Vec::new();
        domains.extend(spec.choice.clone().map(Domain::Choice));
        domains.extend(spec.uniform.map(|[low, high]| range(low, high, false, false)));
        domains.extend(spec.log_uniform.map(|[low, high]| range(low, high, true, false)));
        let whole = |[low, high]: [i64; 2], log| range(low as f64, high as f64, log, true);
        domains.extend(spec.int_uniform.map(|bounds| whole(bounds, false)));
        domains.extend(spec.int_log_uniform.map(|bounds| whole(bounds, true)));
        let sound = |domain: &Domain| match domain {
            Domain::Choice(values) => !values.is_empty(),
            Domain::Range(range) => {
                range.low < range.high
                    && (range.high - range.low).is_finite()
                    && (!range.log || range.low > 0.0)
            }
        };
        match <[Domain; 1]>::try_from(domains) {
            Ok([domain]) if sound(&domain) => Ok(Self {
                key: key.to_owned(),
                domain,
            }),
            _ => Err(Error::NoRange(key.to_owned())),
        }
    }

    fn value(&self, at: f64) -> SweepValue {
        match &self.domain {
            Domain::Choice(values) => values[(at as usize).min(values.len() - 1)].clone(),
            Domain::Range(range) => range.value(at),
        }
    }

    fn coordinate(&self, value: &SweepValue) -> Option<f64> {
        match &self.domain {
            Domain::Choice(values) => Some(values.iter().position(|known| known == value)? as f64),
            Domain::Range(range) => range.coordinate(value),
        }
    }
}

impl Range {
    /// The bounds between which coordinates lie. Around whole numbers there is half a step to each side, so that the first and
    /// the last are as likely as others.
    fn bounds(self) -> (f64, f64) {
        let half = if self.whole { 0.5 } else { 0.0 };
        (self.scaled(self.low - half), self.scaled(self.high + half))
    }

    fn scaled(self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    pub fn value(self, at: f64) -> SweepValue {
        let (start, end) = self.bounds();
        let scaled = start + at.clamp(0.0, 1.0) * (end - start);
        let value = if self.log { scaled.exp() } else { scaled };
        match self.whole {
            true => SweepValue::Integer(value.round().clamp(self.low, self.high) as i64),
            false => SweepValue::Number(rounded(value).clamp(self.low, self.high)),
        }
    }

    fn coordinate(self, value: &SweepValue) -> Option<f64> {
        let value = match (value, self.whole) {
            (SweepValue::Integer(value), _) => *value as f64,
            (SweepValue::Number(value), false) => *value,
            _ => return None,
        };
        let (start, end) = self.bounds();
        (self.low..=self.high)
            .contains(&value)
            .then(|| ((self.scaled(value) - start) / (end - start)).clamp(0.0, 1.0))
    }
}

/// The number with few digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // By way of its text: the nearest double of a short decimal number, which prints as that.
    let text = format!("{value:.*e}", (DIGITS - 1) as usize);
    text.parse().unwrap_or(value)
}
