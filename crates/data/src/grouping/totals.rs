//! What is told of each group: counts, sums, means, extremes, spreads.

use super::{
    block::Arguments,
    states::{RealEnds, RealSum, Rows, Spread, State, Value, WholeEnds, WholeSum},
};
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
