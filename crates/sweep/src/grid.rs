//! All combinations of the values of a space, in a fixed order.

use crate::{
    Error, Space,
    space::{Domain, Range},
};
use aloft_spec::sweep::{SweepValue, Values};

/// Values of one key at the most, where it isn't said how many there are.
const VALUES: f64 = 10_000.0;

/// All combinations of the values of a space; the last key's values change fastest.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    keys: Vec<(String, Vec<SweepValue>)>,
}

impl Grid {
    /// All combinations; of ranges with steps, of these.
    ///
    /// # Errors
    /// There are real numbers without a number of steps, or very many whole ones.
    pub fn new(space: &Space) -> Result<Self, Error> {
        let values = |domain: &Domain| match domain {
            Domain::Choice(values) => Some(values.clone()),
            Domain::Range(range) => points(*range),
        };
        let keys = space.dimensions().iter().map(|dimension| {
            let values = values(&dimension.domain).ok_or_else(|| Error::NoSteps(dimension.key.clone()))?;
            Ok((dimension.key.clone(), values))
        });
        Ok(Self {
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    /// How many combinations there are.
    pub fn len(&self) -> u64 {
        self.keys
            .iter()
            .fold(1, |all: u64, (_, values)| all.saturating_mul(values.len() as u64))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The combination of an index, from 0; `None` behind the last.
    pub fn values(&self, index: u64) -> Option<Values> {
        if index >= self.len() {
            return None;
        }
        let mut left = index;
        let mut found = Values::new();
        for (key, values) in self.keys.iter().rev() {
            let count = values.len() as u64;
            found.insert(key.clone(), values[(left % count) as usize].clone());
            left /= count;
        }
        Some(found)
    }
}

/// The points of a range, both ends among them.
fn points(range: Range) -> Option<Vec<SweepValue>> {
    let Range {
        low,
        high,
        whole,
        steps,
        ..
    } = range;
    let Some(steps) = steps.filter(|steps| *steps >= 2) else {
        let few = whole && high - low < VALUES;
        return few.then(|| (low as i64..=high as i64).map(SweepValue::Integer).collect());
    };
    // From end to end, unlike coordinates, which leave room around whole numbers.
    let exact = Range {
        whole: false,
        ..range
    };
    let mut points: Vec<SweepValue> = (0..steps)
        .map(|step| exact.value(f64::from(step) / f64::from(steps - 1)))
        .map(|value| match (value, whole) {
            (SweepValue::Number(value), true) => SweepValue::Integer(value.round() as i64),
            (value, _) => value,
        })
        .collect();
    points.dedup();
    Some(points)
}
