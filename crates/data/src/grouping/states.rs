//! What is known of a group while its rows come in.

use super::totals::Kind;

/// What is known of a group.
pub(super) trait State: Clone + Default + Send + 'static {
    /// Adds a value.
    fn add(&mut self, word: u64);

    fn merge(&mut self, other: &Self);

    fn result(&self, kind: Kind) -> Value;
}

/// A result.
pub(super) enum Value {
    None,
    Whole(i128),
    Real(f64),
}

/// How many there were.
#[derive(Clone, Default)]
pub(super) struct Rows(u64);

impl State for Rows {
    fn add(&mut self, _: u64) {
        self.0 += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.0 += other.0;
    }

    fn result(&self, _: Kind) -> Value {
        Value::Whole(self.0.into())
    }
}

/// A sum of whole numbers is exact.
#[derive(Clone, Default)]
pub(super) struct WholeSum {
    sum: i128,
    values: u64,
}

impl State for WholeSum {
    fn add(&mut self, word: u64) {
        self.sum += i128::from(word as i64);
        self.values += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.sum += other.sum;
        self.values += other.values;
    }

    fn result(&self, kind: Kind) -> Value {
        match kind {
            Kind::Sum => Value::Whole(self.sum),
            _ if self.values == 0 => Value::None,
            _ => Value::Real(self.sum as f64 / self.values as f64),
        }
    }
}

/// A sum of reals in twice their precision (Knuth's two-sum), so that the order of the rows, which is that of threads,
/// doesn't show in it.
#[derive(Clone, Default)]
pub(super) struct RealSum {
    sum: f64,
    /// What rounding took from the sum.
    rest: f64,
    values: u64,
}

impl RealSum {
    fn put(&mut self, value: f64) {
        let sum = self.sum + value;
        let part = sum - self.sum;
        self.rest += (self.sum - (sum - part)) + (value - part);
        self.sum = sum;
    }

    fn sum(&self) -> f64 {
        // Beyond the largest number there is no rest.
        if self.rest.is_finite() {
            self.sum + self.rest
        } else {
            self.sum
        }
    }
}

impl State for RealSum {
    fn add(&mut self, word: u64) {
        self.put(f64::from_bits(word));
        self.values += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.put(other.sum);
        self.rest += other.rest;
        self.values += other.values;
    }

    fn result(&self, kind: Kind) -> Value {
        match kind {
            Kind::Sum => Value::Real(self.sum()),
            _ if self.values == 0 => Value::None,
            _ => Value::Real(self.sum() / self.values as f64),
        }
    }
}

/// The smallest and the largest value.
#[derive(Clone)]
pub(super) struct WholeEnds {
    least: i64,
    most: i64,
}

impl Default for WholeEnds {
    fn default() -> Self {
        Self {
            least: i64::MAX,
            most: i64::MIN,
        }
    }
}

impl State for WholeEnds {
    fn add(&mut self, word: u64) {
        self.least = self.least.min(word as i64);
        self.most = self.most.max(word as i64);
    }

    fn merge(&mut self, other: &Self) {
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    fn result(&self, kind: Kind) -> Value {
        match kind {
            _ if self.least > self.most => Value::None,
            Kind::Least => Value::Whole(self.least.into()),
            _ => Value::Whole(self.most.into()),
        }
    }
}

/// The same of reals. As for polars, `NaN` is only there where all are.
#[derive(Clone, Default)]
pub(super) struct RealEnds(Option<(f64, f64)>);

impl RealEnds {
    fn put(&mut self, least: f64, most: f64) {
        // These functions hand on the number beside a `NaN`.
        self.0 = Some(match self.0 {
            None => (least, most),
            Some((low, high)) => (low.min(least), high.max(most)),
        });
    }
}

impl State for RealEnds {
    fn add(&mut self, word: u64) {
        let value = f64::from_bits(word);
        self.put(value, value);
    }

    fn merge(&mut self, other: &Self) {
        if let Some((least, most)) = other.0 {
            self.put(least, most);
        }
    }

    fn result(&self, kind: Kind) -> Value {
        match (self.0, kind) {
            (None, _) => Value::None,
            (Some((least, _)), Kind::Least) => Value::Real(least),
            (Some((_, most)), _) => Value::Real(most),
        }
    }
}

/// Squares of distances from the mean: Welford's method, and that of Chan and others to add two groups.
#[derive(Clone, Default)]
pub(super) struct Spread<const WHOLE: bool> {
    values: u64,
    mean: f64,
    squares: f64,
}

impl<const WHOLE: bool> State for Spread<WHOLE> {
    fn add(&mut self, word: u64) {
        let value = if WHOLE {
            word as i64 as f64
        } else {
            f64::from_bits(word)
        };
        self.values += 1;
        let distance = value - self.mean;
        self.mean += distance / self.values as f64;
        self.squares += distance * (value - self.mean);
    }

    fn merge(&mut self, other: &Self) {
        if other.values == 0 {
            return;
        }
        let (mine, theirs) = (self.values as f64, other.values as f64);
        let (all, distance) = (mine + theirs, other.mean - self.mean);
        self.mean += distance * theirs / all;
        self.squares += other.squares + distance * distance * mine * theirs / all;
        self.values += other.values;
    }

    fn result(&self, kind: Kind) -> Value {
        let (Kind::Variance(less) | Kind::Deviation(less)) = kind else {
            return Value::None;
        };
        if self.values <= u64::from(less) {
            return Value::None;
        }
        let variance = self.squares / (self.values - u64::from(less)) as f64;
        Value::Real(match kind {
            Kind::Deviation(_) => variance.sqrt(),
            _ => variance,
        })
    }
}
