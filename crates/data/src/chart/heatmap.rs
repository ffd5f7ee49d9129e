//! Rectangles over two columns: counts, or means of a third.

use super::{
    Drawing, axis_of_names, axis_over, grid,
    groups::{Categories, key},
    histogram::bin,
    numbers::{is_whole, number, reals, scale},
    rows::Rows,
};
use crate::{
    bins::Bins,
    error::{Result, guarded},
};
use aloft_spec::{
    chart::{Axis, Marks, NO_VALUE},
    table::{ColumnKind, Field},
};
use polars::prelude::*;

const DEFAULT_BINS: usize = 24;
const MOST_BINS: usize = 120;
const MOST_NAMES: usize = 30;

/// How a column is cut along an axis.
enum Side {
    Bins(Bins),
    /// By its values, which are known only when they were counted.
    Names,
}

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: &Field) -> Result<Drawing> {
    let spec = rows.spec;
    let z = spec
        .z
        .as_deref()
        .map(|name| rows.relation.field(name))
        .transpose()?;
    let (x_column, y_column) = (side_column(x)?, side_column(y)?);
    let mut columns = vec![x_column.alias("x"), y_column.alias("y")];
    let value = match z {
        None => len().cast(DataType::Float64),
        Some(z) => {
            columns.push(number(z, "leave out `z` to count rows")?.alias("z"));
            col("z").sum()
        }
    };
    let plan = rows.select(columns);
    let most = spec.bins.unwrap_or(DEFAULT_BINS).clamp(1, MOST_BINS);
    let (x_side, y_side) = (side(rows, &plan, "x", x, most)?, side(rows, &plan, "y", y, most)?);
    let key_of = |name: &str, side: &Side| match side {
        Side::Bins(bins) => bin(name, bins),
        Side::Names => col(name),
    };
    let groups = plan
        .with_columns([
            key_of("x", &x_side).alias("column key"),
            key_of("y", &y_side).alias("row key"),
        ])
        .group_by([col("facet"), col("column key"), col("row key")])
        .agg([value.alias("sum"), len().alias("rows")]);
    let groups = rows.relation.run(groups)?;
    let across = placed(&groups, "column key", x, &x_side)?;
    let up = placed(&groups, "row key", y, &y_side)?;
    let (columns, lines) = (across.edges.len() - 1, up.edges.len() - 1);
    // Rows of names that aren't shown fall outside the grid.
    let outside = |places: Vec<Option<usize>>, count: usize| -> Vec<u64> {
        places
            .into_iter()
            .map(|place| place.unwrap_or(count) as u64)
            .collect()
    };
    let groups = guarded(|| {
        let mean = if z.is_some() {
            col("sum") / col("rows").cast(DataType::Float64)
        } else {
            col("sum")
        };
        groups
            .lazy()
            .with_columns([
                lit(Series::new("column".into(), outside(across.places, columns))),
                lit(Series::new("row".into(), outside(up.places, lines))),
                mean.alias("value"),
            ])
            .collect()
    })?;
    let panels: Vec<Marks> = grid::fill(&groups, rows.panels(), columns, lines)?
        .into_iter()
        .map(|values| Marks::Cells {
            x_edges: across.edges.clone(),
            y_edges: up.edges.clone(),
            values,
        })
        .collect();
    let measure = super::measure(z);
    let notes = [(x, across.omitted), (y, up.omitted)]
        .into_iter()
        .filter(|(_, omitted)| *omitted > 0)
        .map(|(field, omitted)| format!("{omitted} more of {} not shown", field.name))
        .collect();
    Ok(Drawing {
        description: format!(
            "Heatmap of {measure} by {} and {}, {columns} by {lines} cells",
            x.name, y.name
        ),
        ramp: Some(grid::ramp(measure, &panels)),
        panels,
        x: across.axis,
        y: up.axis,
        notes,
    })
}

/// Texts and truth values are names, the others numbers.
fn has_names(field: &Field) -> bool {
    matches!(
        field.kind,
        ColumnKind::Text | ColumnKind::Boolean | ColumnKind::Other
    )
}

fn side_column(field: &Field) -> Result<Expr> {
    if has_names(field) {
        Ok(key(field)?.cast(DataType::String).fill_null(lit(NO_VALUE)))
    } else {
        number(field, "")
    }
}

fn side(rows: &Rows<'_>, plan: &LazyFrame, name: &str, field: &Field, most: usize) -> Result<Side> {
    if has_names(field) {
        return Ok(Side::Names);
    }
    let ends = plan
        .clone()
        .select([col(name).min().alias("low"), col(name).max().alias("high")]);
    let ends = rows.relation.run(ends)?;
    let (low, high) = (reals(&ends, "low")?[0], reals(&ends, "high")?[0]);
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
    Ok(Side::Bins(Bins::new(low, high, is_whole(field, false), most)))
}

/// A side as it is drawn.
struct Placed {
    axis: Axis,
    edges: Vec<f64>,
    /// The place of each group along it; none where its name isn't shown.
    places: Vec<Option<usize>>,
    /// Names that aren't shown.
    omitted: usize,
}

fn placed(groups: &DataFrame, key: &str, field: &Field, side: &Side) -> Result<Placed> {
    match side {
        Side::Bins(bins) => {
            let edges = grid::edges(bins);
            Ok(Placed {
                axis: axis_over(&*field.name, scale(field, false), edges.iter().copied(), 0.0),
                places: super::numbers::indices(groups, key)?
                    .into_iter()
                    .map(Some)
                    .collect(),
                edges,
                omitted: 0,
            })
        }
        Side::Names => {
            let categories = Categories::of(groups, key, field, MOST_NAMES)?;
            Ok(Placed {
                axis: axis_of_names(&*field.name, categories.names.clone()),
                places: categories.places(groups, key)?,
                edges: grid::edges_of_names(categories.names.len()),
                omitted: categories.omitted,
            })
        }
    }
}
