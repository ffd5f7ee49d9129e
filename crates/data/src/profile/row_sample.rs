//! A uniform sample of rows of a stream, for what needs two columns at a time.

use crate::{
    profile::milliseconds,
    sketch::{hash_bytes, mixed},
    table,
};
use aloft_spec::table::ColumnKind;
use polars::prelude::*;
use rayon::prelude::*;

/// Columns that are sampled, the first ones.
pub(super) const MOST_COLUMNS: usize = 100;
const MOST_ROWS: usize = 50_000;
/// Rows of each pair of columns, over all pairs.
const MOST_PAIRED_ROWS: usize = 50_000_000;
/// So many rows at once are taken from their columns by several threads.
const WORTH_SHARING: usize = 4096;

/// Some rows, which depend on their numbers alone: those whose mixed number is smallest.
#[derive(Clone)]
pub(super) struct RowSample {
    most: usize,
    threshold: u64,
    hashes: Vec<u64>,
    columns: Vec<SampledColumn>,
}

/// The values of the sampled rows.
#[derive(Clone)]
pub(super) struct SampledColumn {
    /// Its place in the table.
    pub place: usize,
    pub values: SampledValues,
}

#[derive(Clone)]
pub(super) enum SampledValues {
    /// Numbers, truths as 0 and 1, dates and times as milliseconds; NaN is none.
    Numbers(Vec<f64>),
    /// Texts as their hashes; 0 is none.
    Texts(Vec<u64>),
}

impl RowSample {
    pub(super) fn new(schema: &Schema) -> Self {
        let columns: Vec<SampledColumn> = schema
            .iter_values()
            .enumerate()
            .filter_map(|(place, dtype)| {
                let values = match table::kind(dtype) {
                    ColumnKind::Other => return None,
                    ColumnKind::Text => SampledValues::Texts(Vec::new()),
                    _ => SampledValues::Numbers(Vec::new()),
                };
                Some(SampledColumn { place, values })
            })
            .take(MOST_COLUMNS)
            .collect();
        let pairs = columns.len() * columns.len() / 2;
        Self {
            most: (MOST_PAIRED_ROWS / pairs.max(1)).min(MOST_ROWS),
            threshold: u64::MAX,
            hashes: Vec::new(),
            columns,
        }
    }

    /// The values of the sampled rows.
    pub(super) fn rows(&mut self) -> &[SampledColumn] {
        self.thin();
        &self.columns
    }

    /// Adds rows, the first of which is number `first_row` of the table.
    pub(super) fn add(&mut self, rows: &DataFrame, first_row: u64) -> PolarsResult<()> {
        if self.columns.len() < 2 {
            return Ok(());
        }
        let mut hashes: Vec<(u64, IdxSize)> = (0..rows.height() as IdxSize)
            .map(|row| (mixed(first_row + u64::from(row)), row))
            .filter(|(hash, _)| *hash <= self.threshold)
            .collect();
        // A first batch may be much larger than the sample.
        if hashes.len() > self.most {
            hashes.select_nth_unstable(self.most);
            hashes.truncate(self.most);
            hashes.sort_unstable_by_key(|(_, row)| *row);
        }
        let chosen = IdxCa::from_vec(PlSmallStr::EMPTY, hashes.iter().map(|(_, row)| *row).collect());
        self.hashes.extend(hashes.iter().map(|(hash, _)| *hash));
        let add = |column: &mut SampledColumn| {
            let values = rows.columns()[column.place]
                .as_materialized_series()
                .take(&chosen)?;
            column.values.extend(&values)
        };
        if chosen.len() < WORTH_SHARING {
            self.columns.iter_mut().try_for_each(add)?;
        } else {
            self.columns.par_iter_mut().try_for_each(add)?;
        }
        self.thin_sometimes();
        Ok(())
    }

    /// Adds the sample of other rows of the same table.
    pub(super) fn merge(&mut self, other: Self) {
        self.threshold = self.threshold.min(other.threshold);
        self.hashes.extend(other.hashes);
        for (column, other) in self.columns.iter_mut().zip(other.columns) {
            match (&mut column.values, other.values) {
                (SampledValues::Numbers(values), SampledValues::Numbers(other)) => values.extend(other),
                (SampledValues::Texts(values), SampledValues::Texts(other)) => values.extend(other),
                _ => {}
            }
        }
        self.thin();
    }

    /// Thins out where there are many more rows than wanted: after each batch it would take more time than the batch.
    fn thin_sometimes(&mut self) {
        if self.hashes.len() > self.most + self.most / 2 {
            self.thin();
        }
    }

    /// Keeps the rows with the smallest hashes.
    fn thin(&mut self) {
        if self.hashes.len() > self.most {
            let mut sorted = self.hashes.clone();
            let (_, largest, _) = sorted.select_nth_unstable(self.most - 1);
            self.threshold = self.threshold.min(*largest);
        }
        if self.hashes.iter().all(|hash| *hash <= self.threshold) {
            return;
        }
        let keep: Vec<bool> = self.hashes.iter().map(|hash| *hash <= self.threshold).collect();
        retain(&mut self.hashes, &keep);
        self.columns
            .par_iter_mut()
            .for_each(|column| match &mut column.values {
                SampledValues::Numbers(values) => retain(values, &keep),
                SampledValues::Texts(values) => retain(values, &keep),
            });
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    values.retain(|_| keep.next().copied().unwrap_or(false));
}

impl SampledValues {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    fn extend(&mut self, series: &Series) -> PolarsResult<()> {
        match self {
            Self::Texts(values) => {
                let texts = series.cast(&DataType::String)?;
                let hashes = texts
                    .str()?
                    .iter()
                    .map(|text| text.map_or(0, |text| hash_bytes(text.as_bytes()) | 1));
                values.extend(hashes);
            }
            Self::Numbers(values) => {
                let numbers = if series.dtype().is_temporal() {
                    milliseconds(series)?
                } else {
                    series.cast(&DataType::Float64)?
                };
                values.extend(numbers.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rows: std::ops::Range<i64>, step: usize) -> RowSample {
        let frame = df!("a" => rows.clone().collect::<Vec<_>>(), "b" => rows.clone().map(|row| row.to_string()).collect::<Vec<_>>())
            .unwrap();
        let mut sample = RowSample::new(frame.schema());
        sample.most = 200;
        for first in (0..frame.height()).step_by(step) {
            let part = frame.slice(first as i64, step);
            sample.add(&part, rows.start as u64 + first as u64).unwrap();
        }
        sample
    }

    fn numbers(mut sample: RowSample) -> Vec<i64> {
        let SampledValues::Numbers(values) = &sample.rows()[0].values else {
            panic!("the first column holds numbers");
        };
        let mut values: Vec<i64> = values.iter().map(|value| *value as i64).collect();
        values.sort_unstable();
        values
    }

    #[test]
    fn the_rows_depend_on_their_numbers_alone() {
        let whole = numbers(sample(0..10_000, 10_000));
        assert_eq!(whole.len(), 200);
        assert_eq!(whole, numbers(sample(0..10_000, 77)));
        let mut merged = sample(0..3000, 500);
        merged.merge(sample(3000..10_000, 1000));
        assert_eq!(whole, numbers(merged));
        // Rows of each tenth of the table: 20 expected, standard deviation 4.2.
        for tenth in 0..10 {
            let count = whole.iter().filter(|row| **row / 1000 == tenth).count();
            assert!((4..40).contains(&count), "{count}");
        }
    }

    #[test]
    fn few_rows_are_all_kept() {
        assert_eq!(numbers(sample(0..150, 40)), (0..150).collect::<Vec<_>>());
    }
}
