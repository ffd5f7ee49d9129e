//! Scatters of each two columns, and histograms of each.

use super::{
    axis_over,
    correlation::numeric,
    counted,
    numbers::{is_whole, number, reals, scale},
    rows,
};
use crate::{Relation, bins::Bins, error::Result};
use aloft_spec::{
    chart::{Bar, ChartData, ChartSpec, Marks, Panel, Scale, Series},
    table::Field,
    text::thousands,
};

/// Columns that have room beside each other.
const MOST_COLUMNS: usize = 5;
/// Points of a small panel.
const MOST_POINTS: u64 = 1000;
const DEFAULT_BINS: usize = 20;

/// The columns that are drawn, and how many are not.
pub(super) fn drawn<'a>(relation: &'a Relation, spec: &ChartSpec) -> Result<(Vec<&'a Field>, usize)> {
    numeric(relation, spec, MOST_COLUMNS)
}

pub(super) fn chart(relation: &Relation, spec: &ChartSpec) -> Result<ChartData> {
    let (fields, omitted) = drawn(relation, spec)?;
    let columns = fields
        .iter()
        .enumerate()
        .map(|(at, field)| Ok(number(field, "leave it out of `columns`")?.alias(format!("c{at}"))))
        .collect::<Result<Vec<_>>>()?;
    let plan = relation.plan.clone().select(columns);
    let (drawn, total) = rows::draw(relation, plan, MOST_POINTS)?;
    let values = (0..fields.len())
        .map(|at| reals(&drawn, &format!("c{at}")))
        .collect::<Result<Vec<_>>>()?;
    let axes: Vec<_> = fields
        .iter()
        .zip(&values)
        .map(|(field, values)| axis_over(&*field.name, scale(field, false), values.iter().copied(), 0.04))
        .collect();
    let bins = spec.bins.unwrap_or(DEFAULT_BINS).clamp(1, 60);
    let mut panels = Vec::new();
    for row in 0..fields.len() {
        for column in 0..fields.len() {
            let (marks, y) = if row == column {
                let bars = histogram(&values[row], is_whole(fields[row], false), bins);
                let tops = bars.iter().map(|bar| bar.top).chain([0.0]);
                let y = axis_over("rows", Scale::Linear, tops, 0.0);
                (Marks::Bars { bars }, y)
            } else {
                let points = values[column]
                    .iter()
                    .zip(&values[row])
                    .filter(|(x, y)| x.is_finite() && y.is_finite())
                    .map(|(x, y)| [*x, *y])
                    .collect();
                let points = vec![Series { class: 0, points }];
                (Marks::Points { points }, axes[row].clone())
            };
            panels.push(Panel {
                title: String::new(),
                x: axes[column].clone(),
                y,
                marks,
            });
        }
    }
    let mut notes = Vec::new();
    if total > MOST_POINTS {
        notes.push(format!("{} of {} rows", thousands(MOST_POINTS), thousands(total)));
    }
    if omitted > 0 {
        notes.push(format!("{omitted} more columns not shown"));
    }
    Ok(ChartData {
        mark: spec.mark,
        description: format!("Pair plot of {}", counted(fields.len(), "column")),
        panels,
        across: fields.len(),
        legend: None,
        ramp: None,
        notes,
        extent: relation.extent(0),
    })
}

fn histogram(values: &[f64], whole: bool, most: usize) -> Vec<Bar> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(low), Some(high)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let bins = Bins::new(*low, *high, whole, most);
    let counts = bins.counts(0, sorted.len() as u64, |edge| {
        sorted.partition_point(|value| *value < edge) as u64
    });
    let bar = |(index, count): (usize, u64)| Bar {
        left: bins.edge(index),
        right: bins.edge(index + 1),
        bottom: 0.0,
        top: count as f64,
        class: 0,
        value: count as f64,
    };
    counts.into_iter().enumerate().map(bar).collect()
}
