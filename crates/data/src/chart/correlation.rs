//! Pearson's correlation between each two columns, in one pass.

use super::{
    axis_of_names, grid,
    numbers::{number, reals},
};
use crate::{
    Relation,
    error::{DataError, Result},
    execute,
};
use aloft_spec::{
    chart::{ChartData, ChartSpec, Marks, Panel, Ramp},
    table::{ColumnKind, Field},
};
use std::sync::{Arc, Mutex, PoisonError};

/// Columns of a matrix that can be read.
const MOST_COLUMNS: usize = 24;

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
    let count = fields.len();
    let moments = Arc::new(Mutex::new(vec![Moments::default(); count * count]));
    let into = moments.clone();
    let plan = relation.plan.clone().select(columns);
    relation.about_file(execute::batches(plan, &relation.cancel, move |batch| {
        let values = (0..count)
            .map(|at| reals(&batch, &format!("c{at}")))
            .collect::<Result<Vec<_>>>()?;
        let mut moments = into.lock().unwrap_or_else(PoisonError::into_inner);
        for a in 0..count {
            for b in 0..a {
                moments[a * count + b].add(&values[a], &values[b]);
            }
        }
        Ok(true)
    }))?;
    let moments = moments.lock().unwrap_or_else(PoisonError::into_inner);
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    // Read from the top as matrices are: the first column is the highest row.
    let values = (0..count)
        .rev()
        .flat_map(|row| (0..count).map(move |column| (row, column)))
        .map(|(row, column)| match row.cmp(&column) {
            std::cmp::Ordering::Equal => Some(1.0),
            std::cmp::Ordering::Greater => moments[row * count + column].correlation(),
            std::cmp::Ordering::Less => moments[column * count + row].correlation(),
        })
        .collect();
    let marks = Marks::Cells {
        x_edges: grid::edges_of_names(count),
        y_edges: grid::edges_of_names(count),
        values,
    };
    Ok(ChartData {
        mark: spec.mark,
        description: format!("Correlation matrix of {count} columns"),
        panels: vec![Panel {
            title: String::new(),
            x: axis_of_names("", names.clone()),
            y: axis_of_names("", names.into_iter().rev().collect()),
            marks,
        }],
        across: 1,
        legend: None,
        ramp: Some(Ramp {
            label: "correlation".into(),
            low: -1.0,
            high: 1.0,
            diverging: true,
        }),
        notes: match omitted {
            0 => Vec::new(),
            more => vec![format!("{more} more columns not shown")],
        },
        extent: relation.extent(0),
    })
}

/// The columns that a chart of numbers names, or the first that are numbers and how many more there are.
pub(super) fn numeric<'a>(
    relation: &'a Relation,
    spec: &ChartSpec,
    most: usize,
) -> Result<(Vec<&'a Field>, usize)> {
    let word = spec.mark.word();
    if !spec.columns.is_empty() {
        if spec.columns.len() > most {
            return Err(DataError::BadValue {
                what: format!(
                    "a {word} chart has {most} columns at the most, and here are {}",
                    spec.columns.len()
                ),
                hint: "name fewer `columns`".into(),
            });
        }
        let fields = spec
            .columns
            .iter()
            .map(|name| relation.field(name))
            .collect::<Result<Vec<_>>>()?;
        for field in &fields {
            number(field, "leave it out of `columns`").map(drop)?;
        }
        return Ok((fields, 0));
    }
    let mut fields: Vec<&Field> = relation
        .schema()
        .iter()
        .filter(|field| matches!(field.kind, ColumnKind::Integer | ColumnKind::Float))
        .collect();
    if fields.len() < 2 {
        return Err(DataError::BadValue {
            what: format!(
                "a {word} chart needs two columns of numbers, and the table has {}",
                fields.len()
            ),
            hint: "name `columns`; truth values and dates count as numbers where they are named".into(),
        });
    }
    let omitted = fields.len().saturating_sub(most);
    fields.truncate(most);
    Ok((fields, omitted))
}

/// Means and co-moments of two columns over the rows where both have a value, updated row by row (Welford, 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    x_mean: f64,
    y_mean: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Moments {
    fn add(&mut self, xs: &[f64], ys: &[f64]) {
        for (x, y) in xs.iter().zip(ys).filter(|(x, y)| x.is_finite() && y.is_finite()) {
            self.count += 1.0;
            let (dx, dy) = (x - self.x_mean, y - self.y_mean);
            self.x_mean += dx / self.count;
            self.y_mean += dy / self.count;
            self.xx += dx * (x - self.x_mean);
            self.yy += dy * (y - self.y_mean);
            self.xy += dx * (y - self.y_mean);
        }
    }

    /// None where one of the two doesn't vary.
    fn correlation(&self) -> Option<f64> {
        let variance = self.xx * self.yy;
        (variance > 0.0).then(|| (self.xy / variance.sqrt()).clamp(-1.0, 1.0))
    }
}
