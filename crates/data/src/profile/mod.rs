//! What is known about each column of a table, in one pass over its rows.
//!
//! Nulls, smallest, largest, mean, spread, lengths and gaps are always exact. A column with up to 10,000 different
//! values is known exactly in all of it; of one with more, the number of different values, the quantiles and with them
//! the histogram, and the most frequent values come from sketches of bounded size, each with its error. A table in
//! memory is known exactly, however many values it has. Associations between columns are those of a bounded uniform
//! sample of the rows.

mod association;
mod column;
mod meaning;
mod ordered;
mod row_sample;
mod running;
mod scan;
mod tally;
mod text;

pub(crate) use running::{Batch, Running};
pub(crate) use scan::{Seen, scan, watched};

use crate::{
    Cancel,
    error::{Result, guarded},
    table::clipped,
};
use aloft_spec::profile::{Associations, ColumnProfile, TopValue};
use column::ColumnSummary;
use polars::prelude::*;
use rayon::prelude::*;
use row_sample::RowSample;

/// Bins of a histogram.
const BINS: usize = 24;
/// Values shown as the most frequent.
const TOP: usize = 8;
/// Letters of a text that are shown.
const LONGEST_TEXT: usize = 200;
/// Shares of the quantiles of a profile.
pub(crate) const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The running profile of a table.
#[derive(Clone)]
struct Summary {
    rows: u64,
    columns: Vec<ColumnSummary>,
    sample: RowSample,
}

impl Summary {
    /// Of a table without rows. One that is exact holds every different value of every column.
    fn new(schema: &Schema, exact: bool) -> Self {
        let column = |(name, dtype): (&PlSmallStr, &DataType)| ColumnSummary::new(name, dtype, exact);
        Self {
            rows: 0,
            columns: schema.iter().map(column).collect(),
            sample: RowSample::new(schema),
        }
    }

    /// Adds rows, the first of which is number `first_row` of the table; columns side by side on all cores.
    fn add(&mut self, rows: &DataFrame, first_row: u64, cancel: &Cancel) -> Result<()> {
        self.rows += rows.height() as u64;
        self.columns
            .par_iter_mut()
            .zip(rows.columns().par_iter())
            .try_for_each(|(summary, column)| {
                cancel.step()?;
                guarded(|| summary.add(column.as_materialized_series()))
            })?;
        guarded(|| self.sample.add(rows, first_row))
    }

    /// Adds all that the summary of other rows of the same table has seen.
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.columns
            .par_iter_mut()
            .zip(other.columns.into_par_iter())
            .for_each(|(column, other)| column.merge(other));
        self.sample.merge(other.sample);
    }

    fn profiles(&self) -> Vec<ColumnProfile> {
        self.columns.par_iter().map(ColumnSummary::profile).collect()
    }

    fn associations(&mut self, columns: &[ColumnProfile]) -> Associations {
        association::strongest(self.sample.rows(), columns, self.rows)
    }
}

/// The profile of each column of a frame in memory, exactly.
pub(crate) fn of_frame(frame: &DataFrame, cancel: &Cancel) -> Result<(Vec<ColumnProfile>, Associations)> {
    let mut summary = Summary::new(frame.schema(), true);
    summary.add(frame, 0, cancel)?;
    let columns = summary.profiles();
    let associations = summary.associations(&columns);
    Ok((columns, associations))
}

/// The most frequent first; those equally frequent by value.
fn top<T: Ord>(mut counts: Vec<(T, u64)>, text: impl Fn(&T) -> String) -> Vec<TopValue> {
    let order = |a: &(T, u64), b: &(T, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if counts.len() > TOP {
        counts.select_nth_unstable_by(TOP, order);
        counts.truncate(TOP);
    }
    counts.sort_unstable_by(order);
    counts
        .into_iter()
        .map(|(value, count)| TopValue {
            value: text(&value),
            count,
        })
        .collect()
}

/// A value as a profile shows it.
fn shown(text: String) -> String {
    clipped(text, LONGEST_TEXT)
}

/// Dates and times as milliseconds.
pub(crate) fn milliseconds(series: &Series) -> PolarsResult<Series> {
    let unit = TimeUnit::Milliseconds;
    let whole = match series.dtype() {
        DataType::Date => series
            .cast(&DataType::Datetime(unit, None))?
            .cast(&DataType::Int64)?,
        DataType::Datetime(_, zone) => series
            .cast(&DataType::Datetime(unit, zone.clone()))?
            .cast(&DataType::Int64)?,
        DataType::Duration(_) => series.cast(&DataType::Duration(unit))?.cast(&DataType::Int64)?,
        // Times of day count nanoseconds.
        _ => return Ok(&series.cast(&DataType::Int64)?.cast(&DataType::Float64)? / 1e6),
    };
    whole.cast(&DataType::Float64)
}
