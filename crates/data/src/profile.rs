//! What is known about each column, exactly, over a frame in memory. Larger ones go through [`crate::summary`].

use crate::{
    Cancel,
    bins::Bins,
    error::{Result, guarded},
    table::{self, clipped},
};
use aloft_spec::{
    profile::{ColumnProfile, Histogram, TopValue},
    table::ColumnKind,
    text::significant,
};
use polars::prelude::*;
use rayon::prelude::*;
use std::fmt::Display;

/// Bins of a histogram.
const BINS: usize = 24;
/// Values shown as the most frequent.
const TOP: usize = 8;
/// Whole numbers with more different values aren't categories.
const MOST_CATEGORIES: u64 = 50;
/// Letters of a text that are shown.
const LONGEST_TEXT: usize = 200;
/// Shares of the quantiles of a profile.
pub(crate) const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// The profile of each column, side by side on all cores.
pub(crate) fn columns(frame: &DataFrame, cancel: &Cancel) -> Result<Vec<ColumnProfile>> {
    frame
        .columns()
        .par_iter()
        .map(|column| {
            cancel.step()?;
            profile(column.as_materialized_series())
        })
        .collect()
}

fn profile(series: &Series) -> Result<ColumnProfile> {
    let field = table::field(series.name(), series.dtype());
    let mut profile = ColumnProfile {
        nulls: series.null_count() as u64,
        distinct: 0,
        distinct_approximate: false,
        min: None,
        max: None,
        mean: None,
        std: None,
        quantiles: None,
        histogram: None,
        top: Vec::new(),
        field,
    };
    guarded(|| match profile.field.kind {
        ColumnKind::Integer => integers(&mut profile, series),
        ColumnKind::Float => floats(&mut profile, series),
        ColumnKind::Boolean => booleans(&mut profile, series),
        ColumnKind::Text => texts(&mut profile, series),
        ColumnKind::Date | ColumnKind::Datetime | ColumnKind::Time => times(&mut profile, series),
        ColumnKind::Other => others(&mut profile, series),
    })?;
    Ok(profile)
}

fn integers(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let whole = series.cast(&DataType::Int64)?;
    if whole.null_count() != series.null_count() {
        // Beyond 64 bits with a sign: as real numbers they are right to fifteen digits.
        return floats(profile, series);
    }
    let mut values: Vec<i64> = whole.i64()?.iter().flatten().collect();
    values.sort_unstable();
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Ok(());
    };
    profile.min = Some(first.to_string());
    profile.max = Some(last.to_string());
    let runs = runs(&values);
    profile.distinct = runs.len() as u64;
    if profile.distinct <= MOST_CATEGORIES {
        profile.top = top(runs);
    }
    let reals: Vec<f64> = values.iter().map(|value| *value as f64).collect();
    numbers(profile, &reals, true);
    Ok(())
}

fn floats(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let real = series.cast(&DataType::Float64)?;
    // Adding zero makes -0 the same value as 0.
    let mut values: Vec<f64> = real
        .f64()?
        .iter()
        .flatten()
        .filter(|value| !value.is_nan())
        .map(|value| value + 0.0)
        .collect();
    profile.nulls = (series.len() - values.len()) as u64;
    values.sort_unstable_by(f64::total_cmp);
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Ok(());
    };
    profile.min = Some(significant(*first));
    profile.max = Some(significant(*last));
    profile.distinct = values.chunk_by(|a, b| a == b).count() as u64;
    numbers(profile, &values, false);
    Ok(())
}

/// Mean, spread, quantiles and histogram of ascending numbers.
fn numbers(profile: &mut ColumnProfile, sorted: &[f64], whole: bool) {
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    if mean.is_finite() {
        profile.mean = Some(mean);
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        profile.std = (sorted.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    }
    let quantiles = QUANTILES.map(|share| quantile(sorted, share));
    profile.quantiles = quantiles
        .iter()
        .all(|value| value.is_finite())
        .then_some(quantiles);
    profile.histogram = histogram(sorted, whole);
}

/// Linear interpolation between the two values next to it (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (low, high) = (
        sorted[position.floor() as usize],
        sorted[position.ceil() as usize],
    );
    if low == high {
        low
    } else {
        low + (high - low) * position.fract()
    }
}

/// Counts in bins; infinite numbers are left out.
fn histogram(sorted: &[f64], whole: bool) -> Option<Histogram> {
    let from = sorted.partition_point(|value| *value == f64::NEG_INFINITY);
    let to = sorted.partition_point(|value| *value < f64::INFINITY);
    let finite = sorted.get(from..to).filter(|values| !values.is_empty())?;
    let bins = Bins::new(finite[0], finite[finite.len() - 1], whole, BINS);
    Some(Histogram {
        low: bins.low,
        high: bins.high(),
        counts: bins.counts(finite),
    })
}

fn booleans(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let values = series.bool()?;
    let present = (values.len() - values.null_count()) as u64;
    let truths = u64::from(values.sum().unwrap_or(0));
    let counts: Vec<(&str, u64)> = [("false", present - truths), ("true", truths)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    profile.distinct = counts.len() as u64;
    profile.mean = (present > 0).then(|| truths as f64 / present as f64);
    profile.min = counts.first().map(|(value, _)| (*value).to_owned());
    profile.max = counts.last().map(|(value, _)| (*value).to_owned());
    profile.top = top(counts);
    Ok(())
}

fn texts(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let series = series.cast(&DataType::String)?;
    let mut counts: PlHashMap<&str, u64> = PlHashMap::default();
    let texts = series.str()?;
    for text in texts.iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    profile.distinct = counts.len() as u64;
    profile.min = counts.keys().min().map(|text| shown((*text).to_owned()));
    profile.max = counts.keys().max().map(|text| shown((*text).to_owned()));
    profile.top = top(counts.into_iter().collect());
    Ok(())
}

fn times(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let sorted = series.sort(SortOptions::default().with_nulls_last(true))?;
    let sorted = sorted.head(Some(series.len() - series.null_count()));
    if sorted.is_empty() {
        return Ok(());
    }
    profile.min = table::texts(&sorted.head(Some(1)))?.pop().flatten();
    profile.max = table::texts(&sorted.tail(Some(1)))?.pop().flatten();
    let values: Vec<f64> = milliseconds(&sorted)?.f64()?.iter().flatten().collect();
    let physical = sorted.to_physical_repr().cast(&DataType::Int64)?;
    profile.distinct = runs(&physical.i64()?.iter().flatten().collect::<Vec<_>>()).len() as u64;
    // Days are whole: bins of equally many days each.
    const DAY: f64 = 86_400_000.0;
    profile.histogram = if profile.field.kind == ColumnKind::Date {
        let days: Vec<f64> = values.iter().map(|value| value / DAY).collect();
        histogram(&days, true).map(|days| Histogram {
            low: days.low * DAY,
            high: days.high * DAY,
            ..days
        })
    } else {
        histogram(&values, false)
    };
    Ok(())
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

fn others(profile: &mut ColumnProfile, series: &Series) -> PolarsResult<()> {
    let present = series.drop_nulls();
    profile.distinct = match present.dtype() {
        DataType::Binary => present.n_unique()? as u64,
        DataType::Null => 0,
        _ => {
            let mut texts: Vec<String> = present.iter().map(|value| value.to_string()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts.len() as u64
        }
    };
    Ok(())
}

/// Each different value of an ascending list with how often it occurs.
fn runs(sorted: &[i64]) -> Vec<(i64, u64)> {
    sorted
        .chunk_by(|a, b| a == b)
        .map(|run| (run[0], run.len() as u64))
        .collect()
}

/// The most frequent first; those equally frequent by value.
fn top<T: Ord + Display>(mut counts: Vec<(T, u64)>) -> Vec<TopValue> {
    let order = |a: &(T, u64), b: &(T, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if counts.len() > TOP {
        counts.select_nth_unstable_by(TOP, order);
        counts.truncate(TOP);
    }
    counts.sort_unstable_by(order);
    counts
        .into_iter()
        .map(|(value, count)| TopValue {
            value: shown(value.to_string()),
            count,
        })
        .collect()
}

/// A value as a profile shows it.
pub(crate) fn shown(text: String) -> String {
    clipped(text, LONGEST_TEXT)
}
