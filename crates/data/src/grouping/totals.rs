//! What is told of each group: counts, sums, means, extremes, spreads.

use super::block::Arguments;
use crate::error::{DataError, Result, guarded};
use polars::prelude::*;
use std::any::Any;

/// What is computed of the values of a group. Missing values are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// How many rows the group has, with and without values.
    Rows,
    /// How many rows have a value.
    Values,
    Sum,
    Mean,
    Least,
    Most,
    /// The variance, divided by so many less than there are values.
    Variance(u8),
    /// Its root.
    Deviation(u8),
}

/// A total that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub kind: Kind,
    /// Of which argument; any for rows.
    pub argument: usize,
    /// Whether its values are whole numbers, truth values or times, as opposed to reals.
    pub is_whole: bool,
    /// The type of the result.
    pub dtype: DataType,
}

/// One total of all groups.
pub(super) trait Total: Send {
    /// Adds rows, of which these are the groups; there are `all` groups by now.
    fn add(&mut self, rows: &Arguments, groups: &[u32], all: usize);

    /// Adds groups of another one of the same kind to groups of this one; there are `all` of these by now.
    fn merge(&mut self, other: &dyn Total, from: &[u32], to: &[u32], all: usize);

    /// The results of groups, in this order.
    fn results(&self, groups: &[u32], wanted: &Wanted) -> Result<Series>;

    fn as_any(&self) -> &dyn Any;
}

impl Wanted {
    /// The total of no groups yet.
    pub fn start(&self) -> Box<dyn Total> {
        match (self.kind, self.is_whole) {
            (Kind::Rows, _) => States::<Rows>::start(None),
            (Kind::Values, _) => States::<Rows>::start(Some(self.argument)),
            (Kind::Sum | Kind::Mean, true) => States::<WholeSum>::start(Some(self.argument)),
            (Kind::Sum | Kind::Mean, false) => States::<RealSum>::start(Some(self.argument)),
            (Kind::Least | Kind::Most, true) => States::<WholeEnds>::start(Some(self.argument)),
            (Kind::Least | Kind::Most, false) => States::<RealEnds>::start(Some(self.argument)),
            (Kind::Variance(_) | Kind::Deviation(_), true) => {
                States::<Spread<true>>::start(Some(self.argument))
            }
            (Kind::Variance(_) | Kind::Deviation(_), false) => {
                States::<Spread<false>>::start(Some(self.argument))
            }
        }
    }
}

/// The states of all groups, by their numbers.
struct States<S> {
    /// Of which argument; of all rows without one.
    argument: Option<usize>,
    states: Vec<S>,
}

/// What is known of a group.
trait State: Clone + Default + Send + 'static {
    /// Adds a value.
    fn add(&mut self, word: u64);

    fn merge(&mut self, other: &Self);

    fn result(&self, kind: Kind) -> Value;
}

/// A result.
enum Value {
    None,
    Whole(i128),
    Real(f64),
}

impl<S: State> States<S> {
    fn start(argument: Option<usize>) -> Box<dyn Total> {
        Box::new(Self {
            argument,
            states: Vec::new(),
        })
    }
}

impl<S: State> Total for States<S> {
    fn add(&mut self, rows: &Arguments, groups: &[u32], all: usize) {
        self.states.resize(all, S::default());
        let Some(argument) = self.argument else {
            groups
                .iter()
                .for_each(|group| self.states[*group as usize].add(0));
            return;
        };
        let each = groups.iter().zip(&rows.words[argument]);
        if rows.nulls.is_empty() {
            each.for_each(|(group, word)| self.states[*group as usize].add(*word));
        } else {
            each.zip(&rows.nulls)
                .filter(|(_, nulls)| *nulls >> argument & 1 == 0)
                .for_each(|((group, word), _)| self.states[*group as usize].add(*word));
        }
    }

    fn merge(&mut self, other: &dyn Total, from: &[u32], to: &[u32], all: usize) {
        self.states.resize(all, S::default());
        // Those of the same list of totals are of the same kind.
        if let Some(other) = other.as_any().downcast_ref::<Self>() {
            for (from, to) in from.iter().zip(to) {
                self.states[*to as usize].merge(&other.states[*from as usize]);
            }
        }
    }

    fn results(&self, groups: &[u32], wanted: &Wanted) -> Result<Series> {
        let results = groups
            .iter()
            .map(|group| self.states[*group as usize].result(wanted.kind));
        series(results, &wanted.dtype)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn series(results: impl Iterator<Item = Value>, dtype: &DataType) -> Result<Series> {
    let name = PlSmallStr::EMPTY;
    if dtype.is_float() {
        let reals = results.map(|result| match result {
            Value::None => None,
            Value::Whole(value) => Some(value as f64),
            Value::Real(value) => Some(value),
        });
        let reals = Float64Chunked::from_iter_options(name, reals);
        return guarded(|| reals.into_series().cast(dtype));
    }
    let too_large = || DataError::BadValue {
        what: "a sum is beyond what whole numbers of 64 bits hold".into(),
        hint: "sum it as real numbers: SUM(CAST(… AS DOUBLE))".into(),
    };
    let whole = results.map(|result| match result {
        Value::Whole(value) => i64::try_from(value).map(Some).map_err(|_| too_large()),
        _ => Ok(None),
    });
    let whole = whole.collect::<Result<Vec<_>>>()?;
    let whole = Int64Chunked::from_iter_options(name, whole.into_iter()).into_series();
    guarded(|| match dtype {
        // Dates count days in 32 bits.
        DataType::Date => whole.strict_cast(&DataType::Int32)?.cast(dtype),
        _ => whole.strict_cast(dtype),
    })
}

/// How many there were.
#[derive(Clone, Default)]
struct Rows(u64);

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
struct WholeSum {
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
struct RealSum {
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
struct WholeEnds {
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
struct RealEnds(Option<(f64, f64)>);

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
struct Spread<const WHOLE: bool> {
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
