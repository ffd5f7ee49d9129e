//! Counts in bins.

use super::{
    Drawing, axis_over, counted,
    numbers::{indices, is_whole, on, position, reals, scale},
    rows::Rows,
};
use crate::{bins::Bins, error::Result};
use aloft_spec::{
    chart::{Bar, Marks, Scale},
    table::Field,
};
use polars::prelude::*;

const DEFAULT_BINS: usize = 40;
const MOST_BINS: usize = 500;

pub(super) fn draw(rows: &Rows<'_>, x: &Field) -> Result<Drawing> {
    let spec = rows.spec;
    let most = spec.bins.unwrap_or(DEFAULT_BINS).clamp(1, MOST_BINS);
    let values = rows.select([position(x, spec.log_x, "choose mark = \"bar\"")?.alias("x")]);
    let ends = rows.relation.run(
        values
            .clone()
            .select([col("x").min().alias("low"), col("x").max().alias("high")]),
    )?;
    let (low, high) = (reals(&ends, "low")?[0], reals(&ends, "high")?[0]);
    let mut panels = vec![Vec::new(); rows.panels()];
    let mut edges = Vec::new();
    if low.is_finite() && high.is_finite() {
        let bins = Bins::new(low, high, is_whole(x, spec.log_x), most);
        edges = (0..=bins.count).map(|index| bins.edge(index)).collect();
        for (panel, counts) in panels.iter_mut().zip(count(rows, values, &bins)?) {
            *panel = bars(&counts, &edges, spec.log_y);
        }
    }
    let tops = panels.iter().flatten().map(|bar: &Bar| bar.top);
    let y_scale = if spec.log_y { Scale::Log } else { Scale::Linear };
    let mut y = axis_over("rows", y_scale, tops.chain([0.0]), 0.0);
    // A bar of one row has to be seen on a logarithmic axis too.
    y.low = if spec.log_y { LOG_FLOOR } else { 0.0 };
    let mut x_axis = axis_over(&*x.name, scale(x, spec.log_x), edges.iter().copied(), 0.0);
    if edges.is_empty() {
        x_axis.scale = scale(x, spec.log_x);
    }
    Ok(Drawing {
        description: format!(
            "Histogram of {}, {}",
            x.name,
            counted(edges.len().saturating_sub(1), "bin")
        ),
        panels: panels.into_iter().map(|bars| Marks::Bars { bars }).collect(),
        x: x_axis,
        y,
        ramp: None,
        notes: Vec::new(),
    })
}

/// Where bars of counts begin on a logarithmic axis: below one row.
pub(super) const LOG_FLOOR: f64 = -std::f64::consts::LOG10_2;

/// Rows in each bin, by facet and class.
fn count(rows: &Rows<'_>, values: LazyFrame, bins: &Bins) -> Result<Vec<Vec<Vec<u64>>>> {
    let counted = rows.relation.run(
        values
            .select([col("facet"), col("class"), bin("x", bins).alias("bin")])
            .group_by([col("facet"), col("class"), col("bin")])
            .agg([len().alias("rows")]),
    )?;
    let mut counts = vec![vec![vec![0; bins.count]; rows.classes.names.len()]; rows.panels()];
    let (facets, classes) = (indices(&counted, "facet")?, indices(&counted, "class")?);
    let (places, numbers) = (indices(&counted, "bin")?, indices(&counted, "rows")?);
    for row in 0..counted.height() {
        counts[facets[row]][classes[row]][places[row]] += numbers[row] as u64;
    }
    Ok(counts)
}

/// The bin of a column. The largest value lies on the last edge, and rounding may put a value beside its bin.
pub(super) fn bin(column: &str, bins: &Bins) -> Expr {
    let place = ((col(column) - lit(bins.low)) / lit(bins.width)).floor();
    let last = (bins.count - 1) as f64;
    when(place.clone().lt(lit(0.0)))
        .then(lit(0.0))
        .when(place.clone().gt(lit(last)))
        .then(lit(last))
        .otherwise(place)
        .cast(DataType::UInt32)
}

/// Bars of each bin, those of classes on each other; on a logarithmic axis, where heights don't add, before each other.
fn bars(counts: &[Vec<u64>], edges: &[f64], log: bool) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (index, edge) in edges.windows(2).enumerate() {
        let mut below = 0;
        for (class, counts) in counts.iter().enumerate() {
            let count = counts[index];
            // A bin without rows is one bar without height, not one for each class.
            if count == 0 && class > 0 {
                continue;
            }
            let bottom = if log { LOG_FLOOR } else { below as f64 };
            let top = if log {
                on(true, count as f64).max(LOG_FLOOR)
            } else {
                (below + count) as f64
            };
            bars.push(Bar {
                left: edge[0],
                right: edge[1],
                bottom,
                top,
                class,
                value: count as f64,
            });
            below += count;
        }
    }
    bars
}
