//! What is known about a column so far: straight from the values that polars holds, block by block.

use super::{
    meaning::Meaning,
    ordered::Ordered,
    tally::{EXACT_VALUES, Tally},
    text::Texts,
    top,
};
use crate::{sketch::hash_bytes, table};
use aloft_spec::{profile::ColumnProfile, table::ColumnKind};
use polars::prelude::*;

/// Values that go through all steps at once; they fit the first cache.
const BLOCK: usize = 1024;

/// The running profile of a column.
#[derive(Clone)]
pub(super) struct ColumnSummary {
    field: aloft_spec::table::Field,
    rows: u64,
    nulls: u64,
    values: Values,
    block: Vec<i64>,
}

#[derive(Clone)]
enum Values {
    Ordered(Ordered),
    Texts(Texts),
    Booleans {
        truths: u64,
    },
    /// Lists, structs, bytes: only how many are different.
    Others {
        exact: bool,
        tally: Tally,
    },
}

impl ColumnSummary {
    /// Of a column without rows. One that is exact holds every different value.
    pub(super) fn new(name: &str, dtype: &DataType, exact: bool) -> Self {
        let field = table::field(name, dtype);
        let values = match field.kind {
            ColumnKind::Boolean => Values::Booleans { truths: 0 },
            ColumnKind::Text => Values::Texts(Texts::new(exact)),
            ColumnKind::Other => Values::Others {
                exact,
                tally: Tally::new(),
            },
            _ => Values::Ordered(Ordered::new(meaning(dtype), exact)),
        };
        Self {
            field,
            rows: 0,
            nulls: 0,
            values,
            block: Vec::with_capacity(BLOCK),
        }
    }

    /// Adds the next rows of the column.
    pub(super) fn add(&mut self, series: &Series) -> PolarsResult<()> {
        self.rows += series.len() as u64;
        self.nulls += series.null_count() as u64;
        match &mut self.values {
            Values::Booleans { truths } => *truths += u64::from(series.bool()?.sum().unwrap_or(0)),
            Values::Texts(texts) => match series.dtype() {
                DataType::String => texts.add(series.str()?),
                _ => texts.add(series.cast(&DataType::String)?.str()?),
            },
            Values::Others { exact, tally } => {
                add_others(series, tally)?;
                if !*exact && tally.held() > EXACT_VALUES {
                    tally.approximate();
                }
            }
            Values::Ordered(ordered) => self.nulls += add_ordered(series, &mut self.block, ordered)?,
        }
        Ok(())
    }

    /// Adds all that the summary of other rows of the same column has seen.
    pub(super) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.nulls += other.nulls;
        match (&mut self.values, other.values) {
            (Values::Ordered(values), Values::Ordered(other)) => values.merge(other),
            (Values::Texts(values), Values::Texts(other)) => values.merge(other),
            (Values::Booleans { truths }, Values::Booleans { truths: other }) => *truths += other,
            (Values::Others { tally, .. }, Values::Others { tally: mut other, .. }) => {
                if !tally.is_exact() || !other.is_exact() {
                    tally.approximate();
                    other.approximate();
                }
                tally.merge(&other);
            }
            // A column has one type.
            _ => {}
        }
    }

    /// What is known by now.
    pub(super) fn profile(&self) -> ColumnProfile {
        let mut profile = ColumnProfile::new(self.field.clone());
        profile.nulls = self.nulls;
        let present = self.rows - self.nulls;
        match &self.values {
            Values::Ordered(ordered) => ordered.put(&mut profile, present),
            Values::Texts(texts) => texts.put(&mut profile, present),
            Values::Booleans { truths } => put_booleans(&mut profile, present, *truths),
            Values::Others { tally, .. } => {
                profile.distinct = tally.distinct(present);
                profile.distinct_approximate = !tally.is_exact();
            }
        }
        profile
    }
}

fn put_booleans(profile: &mut ColumnProfile, present: u64, truths: u64) {
    let counts: Vec<(&str, u64)> = [("false", present - truths), ("true", truths)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    profile.distinct = counts.len() as u64;
    profile.mean = (present > 0).then(|| truths as f64 / present as f64);
    profile.min = counts.first().map(|(value, _)| (*value).to_owned());
    profile.max = counts.last().map(|(value, _)| (*value).to_owned());
    profile.top = top(counts, |value| (*value).to_owned());
}

fn meaning(dtype: &DataType) -> Meaning {
    match dtype {
        DataType::UInt64 => Meaning::Unsigned,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Meaning::Signed,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Meaning::Signed,
        dtype if dtype.is_temporal() => Meaning::Time(dtype.clone()),
        // Decimals and numbers of 128 bits are right to fifteen digits.
        _ => Meaning::Real,
    }
}

/// Adds the keys of a column; returns how many values were NaN, which counts as none.
fn add_ordered(series: &Series, block: &mut Vec<i64>, ordered: &mut Ordered) -> PolarsResult<u64> {
    let physical = series.to_physical_repr();
    macro_rules! whole {
        ($chunks:expr) => {
            add_keys($chunks, block, ordered, |value| Some(i64::from(value)))
        };
    }
    let real = |value: f64| (!value.is_nan()).then(|| Meaning::key_of_real(value));
    Ok(match physical.dtype() {
        DataType::Int8 => whole!(physical.i8()?),
        DataType::Int16 => whole!(physical.i16()?),
        DataType::Int32 => whole!(physical.i32()?),
        DataType::Int64 => whole!(physical.i64()?),
        DataType::UInt8 => whole!(physical.u8()?),
        DataType::UInt16 => whole!(physical.u16()?),
        DataType::UInt32 => whole!(physical.u32()?),
        DataType::UInt64 => add_keys(physical.u64()?, block, ordered, |value| {
            Some(Meaning::key_of_unsigned(value))
        }),
        DataType::Float32 => add_keys(physical.f32()?, block, ordered, |value| real(value.into())),
        DataType::Float64 => add_keys(physical.f64()?, block, ordered, real),
        _ => {
            // The type as it was: of decimals the physical one has lost its point.
            let reals = series.cast(&DataType::Float64)?;
            add_keys(reals.f64()?, block, ordered, real)
        }
    })
}

fn add_keys<T: PolarsNumericType>(
    chunks: &ChunkedArray<T>,
    block: &mut Vec<i64>,
    ordered: &mut Ordered,
    key: impl Fn(T::Native) -> Option<i64>,
) -> u64 {
    let mut left_out = 0;
    for (chunk, array) in chunks.downcast_iter().zip(chunks.chunks()) {
        if array.null_count() == 0 {
            for values in chunk.values().as_slice().chunks(BLOCK) {
                block.clear();
                block.extend(values.iter().filter_map(|value| key(*value)));
                left_out += (values.len() - block.len()) as u64;
                ordered.add(block);
            }
            continue;
        }
        block.clear();
        for value in chunk.non_null_values_iter() {
            match key(value) {
                Some(key) => block.push(key),
                None => left_out += 1,
            }
            if block.len() == BLOCK {
                ordered.add(block);
                block.clear();
            }
        }
        ordered.add(block);
    }
    left_out
}

fn add_others(series: &Series, tally: &mut Tally) -> PolarsResult<()> {
    match series.dtype() {
        DataType::Null => {}
        DataType::Binary => series.binary()?.iter().flatten().for_each(|bytes| {
            tally.add(hash_bytes(bytes));
        }),
        _ => series.drop_nulls().iter().for_each(|value| {
            tally.add(hash_bytes(value.to_string().as_bytes()));
        }),
    }
    Ok(())
}
