//! Partial dependence: the mean prediction over the rows if a column had the same value in all of them.

use super::{Budget, Predict, Sample, copy};
use crate::{
    batch::Encoded,
    error::Result,
    evaluate::Outputs,
    preprocess::{Block, Readable},
};
use aloft_spec::{chart::Scale, report::Dependence};
use std::{cmp::Reverse, collections::BTreeMap};

/// Columns whose curves are found.
const COLUMNS: usize = 6;
/// Rows that a curve is the mean of.
const ROWS: usize = 300;
/// Positions of a curve of numbers.
const POSITIONS: usize = 16;
/// Names that have a place of their own.
const NAMES: usize = 8;
/// Share of the rows beyond each end of a curve.
const BEYOND: f64 = 0.02;
/// Curves of a column, one a class.
pub const CURVES: usize = 8;

/// The curves of the leading columns.
pub fn dependence(
    sample: &Sample<'_>,
    blocks: &[Block],
    leading: &[usize],
    predict: &Predict<'_>,
    budget: &mut Budget<'_>,
) -> Result<Vec<Dependence>> {
    let stride = sample.rows.rows.div_ceil(ROWS).max(1);
    let some: Vec<u32> = (0..sample.rows.rows as u32).step_by(stride).collect();
    let mut found = Vec::new();
    for index in leading.iter().take(COLUMNS) {
        let until = budget.until;
        if budget.is_spent(until) {
            break;
        }
        let (block, column) = (&blocks[*index], &sample.preprocessing.columns[*index]);
        let series = sample.values.column(&column.name)?.as_materialized_series();
        let positions = positions(column.encoding.readable(series)?);
        if positions.at.len() < 2 {
            continue;
        }
        let predictions = means(&asked(sample, block, &positions.rows, &some), some.len(), predict)?;
        found.push(Dependence {
            column: column.name.clone(),
            scale: positions.scale,
            at: positions.at,
            predictions,
        });
    }
    Ok(found)
}

/// Where a curve has its points, and a row that has each value.
struct Positions {
    scale: Scale,
    at: Vec<f64>,
    rows: Vec<usize>,
}

fn positions(values: Readable) -> Positions {
    match values {
        Readable::Numbers(values) => along(values.into_iter(), Scale::Linear),
        Readable::Moments(values) => along(
            values.into_iter().map(|value| value.map(|value| value as f64)),
            Scale::Time,
        ),
        Readable::Names(values) => {
            let mut found: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
            for (row, name) in values.iter().enumerate() {
                if let Some(name) = name {
                    found.entry(name).or_insert((0, row)).0 += 1;
                }
            }
            let mut frequent: Vec<(&str, (u64, usize))> = found.into_iter().collect();
            frequent.sort_by_key(|(_, (count, _))| Reverse(*count));
            frequent.truncate(NAMES);
            Positions {
                at: (0..frequent.len()).map(|index| index as f64).collect(),
                rows: frequent.iter().map(|(_, (_, row))| *row).collect(),
                scale: Scale::Names(frequent.into_iter().map(|(name, _)| name.to_owned()).collect()),
            }
        }
    }
}

/// Different values at equal shares of the rows.
fn along(values: impl Iterator<Item = Option<f64>>, scale: Scale) -> Positions {
    let mut known: Vec<(f64, usize)> = values
        .enumerate()
        .filter_map(|(row, value)| Some((value?, row)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    let last = known.len().saturating_sub(1) as f64;
    let share = |step: usize| BEYOND + (1.0 - 2.0 * BEYOND) * step as f64 / (POSITIONS - 1) as f64;
    let mut points: Vec<(f64, usize)> = (0..POSITIONS)
        .filter_map(|step| known.get((share(step) * last).round() as usize).copied())
        .collect();
    points.dedup_by_key(|(value, _)| *value);
    let (at, rows) = points.into_iter().unzip();
    Positions { scale, at, rows }
}

/// The rows, for each position once, with the column's value there.
fn asked(sample: &Sample<'_>, block: &Block, positions: &[usize], some: &[u32]) -> Encoded {
    let mut asked = sample.rows.select(&some.repeat(positions.len()));
    for (position, from) in positions.iter().enumerate() {
        for row in 0..some.len() {
            copy(
                block,
                &sample.rows,
                *from,
                &mut asked,
                position * some.len() + row,
            );
        }
    }
    asked
}

/// Mean predictions of each `rows` rows, by output.
fn means(asked: &Encoded, rows: usize, predict: &Predict<'_>) -> Result<Vec<Vec<f64>>> {
    let (width, skipped, values) = match predict(asked)? {
        Outputs::Numbers(values) => (1, 0, values),
        Outputs::Probabilities { classes, values } => (classes, usize::from(classes == 2), values),
        Outputs::Labels { width, values } | Outputs::Quantiles { width, values } => (width, 0, values),
    };
    let mean = |some: &[f64], output: usize| {
        some.iter().skip(output).step_by(width).sum::<f64>() / rows.max(1) as f64
    };
    let outputs = (skipped..width).take(CURVES);
    Ok(outputs
        .map(|output| {
            values
                .chunks(rows * width)
                .map(|some| mean(some, output))
                .collect()
        })
        .collect())
}
