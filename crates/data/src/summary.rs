//! Profiles of tables that don't fit memory: one pass over batches, in bounded memory.
//!
//! Nulls, smallest, largest, mean and spread are exact; the number of different values is an estimate (HyperLogLog);
//! quantiles, histogram and top values come from a uniform sample of the rows. Up to some million rows nothing is left
//! out and all of it is exact.

use crate::{
    Cancel,
    error::{Result, guarded},
    execute, profile, table,
};
use aloft_spec::{profile::ColumnProfile, table::ColumnKind};
use polars::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Values that are kept for quantiles, over all columns.
const KEPT_CELLS: usize = 32_000_000;
/// Rows that are kept at the least, however many columns there are.
const KEPT_ROWS: usize = 100_000;

/// The first `head` rows of a plan, the profile of each column, and how many rows there are.
pub(crate) fn summarize(
    plan: LazyFrame,
    head: usize,
    cancel: &Cancel,
) -> Result<(DataFrame, Vec<ColumnProfile>, u64)> {
    let schema = guarded(|| plan.clone().collect_schema())?;
    let kept_rows = (KEPT_CELLS / schema.len().max(1)).max(KEPT_ROWS);
    summarize_keeping(plan, &schema, head, kept_rows, cancel)
}

fn summarize_keeping(
    plan: LazyFrame,
    schema: &Schema,
    head: usize,
    kept_rows: usize,
    cancel: &Cancel,
) -> Result<(DataFrame, Vec<ColumnProfile>, u64)> {
    let summary = Arc::new(Mutex::new(Summary::new(schema, head, kept_rows)));
    let into = summary.clone();
    execute::batches(plan, cancel, move |batch| {
        guarded(|| into.lock().unwrap_or_else(PoisonError::into_inner).add(&batch))?;
        Ok(true)
    })?;
    let summary = std::mem::replace(
        &mut *summary.lock().unwrap_or_else(PoisonError::into_inner),
        Summary::new(schema, 0, 0),
    );
    summary.finish(cancel)
}

struct Summary {
    rows: u64,
    head_rows: usize,
    head: DataFrame,
    kept_rows: usize,
    kept: DataFrame,
    /// The hash of each kept row's number. Those above the threshold are dropped: a uniform sample of the rows, the
    /// same for the same rows.
    hashes: Vec<u64>,
    threshold: u64,
    columns: Vec<Running>,
}

impl Summary {
    fn new(schema: &Schema, head_rows: usize, kept_rows: usize) -> Self {
        let empty = DataFrame::empty_with_schema(schema);
        Self {
            rows: 0,
            head_rows,
            head: empty.clone(),
            kept_rows,
            kept: empty,
            hashes: Vec::new(),
            threshold: u64::MAX,
            columns: schema
                .iter_values()
                .map(|dtype| Running::new(table::kind(dtype)))
                .collect(),
        }
    }

    fn add(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let missing = self.head_rows - self.head.height();
        if missing > 0 {
            self.head.vstack_mut(&batch.head(Some(missing)))?;
        }
        for (running, column) in self.columns.iter_mut().zip(batch.columns()) {
            running.add(column.as_materialized_series())?;
        }
        let numbers = self.rows..self.rows + batch.height() as u64;
        self.rows = numbers.end;
        let hashes: Vec<u64> = numbers.map(mixed).collect();
        let within = |hashes: &[u64], threshold| {
            hashes
                .iter()
                .map(|hash| *hash <= threshold)
                .collect::<BooleanChunked>()
        };
        self.kept
            .vstack_mut(&batch.filter(&within(&hashes, self.threshold))?)?;
        self.hashes
            .extend(hashes.into_iter().filter(|hash| *hash <= self.threshold));
        while self.hashes.len() > self.kept_rows {
            self.threshold /= 2;
            self.kept = self.kept.filter(&within(&self.hashes, self.threshold))?;
            self.hashes.retain(|hash| *hash <= self.threshold);
        }
        Ok(())
    }

    fn finish(mut self, cancel: &Cancel) -> Result<(DataFrame, Vec<ColumnProfile>, u64)> {
        self.kept.rechunk_mut();
        let mut columns = profile::columns(&self.kept, cancel)?;
        if self.threshold < u64::MAX {
            let scale = self.rows as f64 / self.hashes.len().max(1) as f64;
            for (column, running) in columns.iter_mut().zip(self.columns) {
                guarded(|| running.put(column, self.rows, scale))?;
            }
        }
        Ok((self.head, columns, self.rows))
    }
}

/// A number's bits, mixed (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What is known about a column so far.
struct Running {
    kind: ColumnKind,
    nulls: u64,
    count: f64,
    mean: f64,
    /// Sum of squared distances from the mean.
    squares: f64,
    /// Smallest and largest value, two rows.
    extremes: Option<Series>,
    distinct: Distinct,
}

impl Running {
    fn new(kind: ColumnKind) -> Self {
        Self {
            kind,
            nulls: 0,
            count: 0.0,
            mean: 0.0,
            squares: 0.0,
            extremes: None,
            distinct: Distinct::new(),
        }
    }

    fn add(&mut self, series: &Series) -> PolarsResult<()> {
        let mut present = series.drop_nulls();
        if series.dtype().is_float() {
            present = present.filter(&present.is_not_nan()?)?;
        }
        self.nulls += (series.len() - present.len()) as u64;
        if present.is_empty() {
            return Ok(());
        }
        if matches!(
            self.kind,
            ColumnKind::Integer | ColumnKind::Float | ColumnKind::Boolean
        ) {
            let values = present.cast(&DataType::Float64)?;
            self.add_numbers(values.f64()?);
        }
        if self.kind == ColumnKind::Other {
            return Ok(());
        }
        if matches!(present.dtype(), DataType::Categorical(..) | DataType::Enum(..)) {
            present = present.cast(&DataType::String)?;
        }
        let ends = |series: &Series| -> PolarsResult<Series> {
            let mut ends = series.min_reduce()?.into_series(series.name().clone());
            ends.append(&series.max_reduce()?.into_series(series.name().clone()))?;
            Ok(ends)
        };
        let mut extremes = ends(&present)?;
        if let Some(before) = &self.extremes {
            extremes.append(before)?;
            extremes = ends(&extremes)?;
        }
        self.extremes = Some(extremes);
        self.distinct.add(&present)
    }

    /// Joins two parts (Chan, Golub and LeVeque 1979).
    fn add_numbers(&mut self, values: &Float64Chunked) {
        let count = values.len() as f64;
        let mean = values.iter().flatten().sum::<f64>() / count;
        let squares: f64 = values.iter().flatten().map(|value| (value - mean).powi(2)).sum();
        let (total, apart) = (self.count + count, mean - self.mean);
        self.squares += squares + apart * apart * self.count * count / total;
        self.mean += apart * count / total;
        self.count = total;
    }

    /// Replaces in the profile of a sample what is known about all rows, and scales the sample's counts to them.
    fn put(self, profile: &mut ColumnProfile, rows: u64, scale: f64) -> PolarsResult<()> {
        profile.nulls = self.nulls;
        profile.distinct_approximate = true;
        if self.kind == ColumnKind::Other {
            return Ok(());
        }
        profile.distinct = self.distinct.estimate().min(rows - self.nulls);
        profile.mean = (self.count > 0.0 && self.mean.is_finite()).then_some(self.mean);
        let spread = (self.squares / (self.count - 1.0)).sqrt();
        profile.std = (profile.std.is_some() && spread.is_finite()).then_some(spread);
        if let Some(extremes) = &self.extremes {
            let texts = match table::values(extremes) {
                Ok(values) => [values.format(0), values.format(1)],
                Err(_) => [None, None],
            };
            [profile.min, profile.max] = texts.map(|text| text.map(profile::shown));
        }
        let scaled = |count: u64| (count as f64 * scale).round() as u64;
        if let Some(histogram) = &mut profile.histogram {
            histogram
                .counts
                .iter_mut()
                .for_each(|count| *count = scaled(*count));
        }
        profile
            .top
            .iter_mut()
            .for_each(|value| value.count = scaled(value.count));
        Ok(())
    }
}

/// How many different values there are, in 16 kB (HyperLogLog, Flajolet, Fusy, Gandouet and Meunier 2007): 0.8 %
/// standard error.
struct Distinct {
    registers: Vec<u8>,
    hashes: Vec<u64>,
}

const REGISTER_BITS: u32 = 14;

impl Distinct {
    fn new() -> Self {
        Self {
            registers: vec![0; 1 << REGISTER_BITS],
            hashes: Vec::new(),
        }
    }

    fn add(&mut self, series: &Series) -> PolarsResult<()> {
        let state = PlSeedableRandomStateQuality::fixed();
        series.vec_hash(state, &mut self.hashes)?;
        for hash in &self.hashes {
            let hash = mixed(*hash);
            let register = (hash >> (64 - REGISTER_BITS)) as usize;
            let rank = ((hash << REGISTER_BITS).leading_zeros().min(64 - REGISTER_BITS) + 1) as u8;
            self.registers[register] = self.registers[register].max(rank);
        }
        Ok(())
    }

    fn estimate(&self) -> u64 {
        let registers = self.registers.len() as f64;
        let harmonic: f64 = self.registers.iter().map(|rank| (-f64::from(*rank)).exp2()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / harmonic;
        let empty = self.registers.iter().filter(|rank| **rank == 0).count() as f64;
        // Few values: count the registers that none of them reached.
        let estimate = if raw <= 2.5 * registers && empty > 0.0 {
            registers * (registers / empty).ln()
        } else {
            raw
        };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: i64) -> DataFrame {
        let numbers = Column::new("n".into(), (0..rows).collect::<Vec<_>>());
        let reals = Column::new(
            "x".into(),
            (0..rows).map(|row| (row % 1000) as f64).collect::<Vec<_>>(),
        );
        let words = Column::new(
            "w".into(),
            (0..rows)
                .map(|row| if row % 4 == 0 { "a" } else { "b" })
                .collect::<Vec<_>>(),
        );
        let gaps = Column::new(
            "g".into(),
            (0..rows)
                .map(|row| (row % 10 != 0).then_some(row % 3 == 0))
                .collect::<Vec<_>>(),
        );
        DataFrame::new(rows as usize, vec![numbers, reals, words, gaps]).unwrap()
    }

    #[test]
    fn a_summary_that_keeps_all_rows_is_exact() {
        let frame = frame(5000);
        let cancel = Cancel::new();
        let (head, columns, rows) =
            summarize_keeping(frame.clone().lazy(), frame.schema(), 7, 5000, &cancel).unwrap();
        assert_eq!(head, frame.head(Some(7)));
        assert_eq!(rows, 5000);
        assert_eq!(columns, profile::columns(&frame, &cancel).unwrap());
    }

    #[test]
    fn a_summary_that_thins_is_near_and_says_so() {
        let frame = frame(200_000);
        let cancel = Cancel::new();
        let exact = profile::columns(&frame, &cancel).unwrap();
        let (_, columns, rows) =
            summarize_keeping(frame.clone().lazy(), frame.schema(), 0, 20_000, &cancel).unwrap();
        assert_eq!(rows, 200_000);
        for (near, exact) in columns.iter().zip(&exact) {
            assert_eq!(
                (near.nulls, &near.min, &near.max),
                (exact.nulls, &exact.min, &exact.max)
            );
            assert!(
                (near.distinct as f64 / exact.distinct as f64 - 1.0).abs() < 0.04,
                "{near:?}"
            );
            if let (Some(near), Some(exact)) = (near.mean, exact.mean) {
                assert!((near - exact).abs() <= 1e-9 * exact.abs());
            }
            if let (Some(near), Some(exact)) = (near.std, exact.std) {
                assert!((near - exact).abs() <= 1e-9 * exact);
            }
            if let (Some(near), Some(exact)) = (near.quantiles, exact.quantiles) {
                let range = exact[4] - exact[0];
                assert!(
                    near.iter()
                        .zip(&exact)
                        .all(|(near, exact)| (near - exact).abs() < 0.03 * range)
                );
            }
        }
        assert!(columns[0].distinct_approximate);
        let share = columns[2].top[0].count as f64 / 200_000.0;
        assert!((share - 0.75).abs() < 0.02, "{share}");
    }
}
