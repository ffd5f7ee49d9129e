//! Which share of each column is missing, from the first row to the last.

use super::{axis_of_names, axis_over, counted, grid, numbers::reals};
use crate::{Relation, bins::Bins, error::Result};
use aloft_spec::{
    chart::{ChartData, ChartSpec, Marks, Panel, Ramp, Scale},
    table::{ColumnKind, Field},
};
use polars::prelude::*;

/// Columns that have room below each other.
const MOST_COLUMNS: usize = 60;
/// Stretches of rows.
const STRETCHES: usize = 100;

/// The columns that are drawn, and how many are not.
pub(super) fn drawn<'a>(relation: &'a Relation, spec: &ChartSpec) -> Result<(Vec<&'a Field>, usize)> {
    let mut fields: Vec<&Field> = if spec.columns.is_empty() {
        relation.schema().iter().collect()
    } else {
        let named = spec.columns.iter().map(|name| relation.field(name));
        named.collect::<Result<_>>()?
    };
    let omitted = fields.len().saturating_sub(MOST_COLUMNS);
    fields.truncate(MOST_COLUMNS);
    Ok((fields, omitted))
}

pub(super) fn chart(relation: &Relation, spec: &ChartSpec) -> Result<ChartData> {
    let (fields, omitted) = drawn(relation, spec)?;
    let rows = relation.count()?;
    let bins = Bins::new(1.0, rows.max(1) as f64, true, STRETCHES);
    let stretch = (col("row").cast(DataType::Float64) + lit(0.5)) / lit(bins.width);
    let missing = fields.iter().enumerate().map(|(at, field)| {
        let column = col(field.name.as_str());
        let missing = match field.kind {
            // NaN counts as none, because pandas writes missing numbers so.
            ColumnKind::Float if !field.dtype.starts_with("decimal") => {
                column.clone().is_null().or(column.is_nan().fill_null(lit(false)))
            }
            _ => column.is_null(),
        };
        missing.cast(DataType::Float64).alias(format!("c{at}"))
    });
    let mut columns = vec![stretch.floor().cast(DataType::UInt32).alias("stretch")];
    columns.extend(missing);
    let shares: Vec<Expr> = (0..fields.len()).map(|at| col(format!("c{at}")).mean()).collect();
    let frame = relation.run(
        relation
            .plan
            .clone()
            .with_row_index("row", None)
            .select(columns)
            .group_by([col("stretch")])
            .agg(shares),
    )?;
    let stretches = super::numbers::indices(&frame, "stretch")?;
    let mut values = vec![None; bins.count * fields.len()];
    for at in 0..fields.len() {
        // The first column is the highest row.
        let line = fields.len() - 1 - at;
        for (stretch, share) in stretches.iter().zip(reals(&frame, &format!("c{at}"))?) {
            values[line * bins.count + (*stretch).min(bins.count - 1)] = Some(share);
        }
    }
    let x_edges = grid::edges(&bins);
    Ok(ChartData {
        mark: spec.mark,
        description: format!("Map of missing values in {}", counted(fields.len(), "column")),
        panels: vec![Panel {
            title: String::new(),
            x: axis_over("row", Scale::Linear, x_edges.iter().copied(), 0.0),
            y: axis_of_names("", fields.iter().rev().map(|field| field.name.clone()).collect()),
            marks: Marks::Cells {
                x_edges,
                y_edges: grid::edges_of_names(fields.len()),
                values,
            },
        }],
        across: 1,
        legend: None,
        ramp: Some(Ramp {
            label: "share missing".into(),
            low: 0.0,
            high: 1.0,
            diverging: false,
        }),
        notes: match omitted {
            0 => Vec::new(),
            more => vec![format!("{more} more columns not shown")],
        },
        extent: relation.extent(0),
    })
}
