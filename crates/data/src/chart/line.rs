//! Means and counts in order of a number or a time.

use super::{
    Drawing, axis_over, counted,
    histogram::bin,
    measure,
    numbers::{indices, number, on, position, reals, scale, scale_of},
    rows::Rows,
};
use crate::{bins::Bins, error::Result};
use aloft_spec::{
    chart::{Marks, Series},
    table::Field,
};
use polars::prelude::*;

/// Points of a line, at most.
const MOST_POINTS: usize = 2000;
/// Of more rows the points are joined before they are counted, so that they never all lie in memory.
const MOST_ROWS: u64 = 500_000;

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: Option<&Field>, filled: bool) -> Result<Drawing> {
    let spec = rows.spec;
    let mut columns = vec![
        position(
            x,
            spec.log_x,
            "choose mark = \"bar\", or a column of numbers or dates as `x`",
        )?
        .alias("x"),
    ];
    let value = match y {
        None => len().cast(DataType::Float64),
        Some(y) => {
            columns.push(number(y, "choose a column of numbers as `y`")?.alias("y"));
            col("y").mean()
        }
    };
    let mut plan = rows.select(columns);
    let mut keys = vec![col("facet"), col("class"), col("x")];
    let mut wanted = vec![value.alias("value"), len().alias("rows")];
    if rows.relation.count()? > MOST_ROWS {
        let ends = plan
            .clone()
            .select([col("x").min().alias("low"), col("x").max().alias("high")]);
        let ends = rows.relation.run(ends)?;
        let (low, high) = (reals(&ends, "low")?[0], reals(&ends, "high")?[0]);
        if low.is_finite() && low < high {
            plan = plan.with_columns([bin("x", &Bins::new(low, high, false, MOST_POINTS)).alias("bin")]);
            keys[2] = col("bin");
            wanted.push(col("x").mean());
        }
    }
    let groups = rows.relation.run(
        plan.group_by(keys)
            .agg(wanted)
            .sort(["facet", "class", "x"], SortMultipleOptions::default()),
    )?;
    let (facets, classes) = (indices(&groups, "facet")?, indices(&groups, "class")?);
    let points: Vec<Point> = reals(&groups, "x")?
        .into_iter()
        .zip(reals(&groups, "value")?)
        .zip(reals(&groups, "rows")?)
        .map(|((x, value), rows)| Point { x, value, rows })
        .collect();
    let mut panels: Vec<Vec<Series>> = vec![Vec::new(); rows.panels()];
    let mut from = 0;
    let runs: Vec<(usize, usize)> = facets.into_iter().zip(classes).collect();
    for run in runs.chunk_by(|a, b| a == b) {
        let points = thinned(&points[from..from + run.len()], y.is_some());
        from += run.len();
        let (facet, class) = run[0];
        let points: Vec<[f64; 2]> = points
            .into_iter()
            .map(|[x, value]| [x, on(spec.log_y, value)])
            .filter(|[_, y]| y.is_finite())
            .collect();
        panels[facet].push(Series { class, points });
    }
    let all = || panels.iter().flatten().flat_map(|line| &line.points);
    let count = all().count();
    let ground = (filled && !spec.log_y).then_some(0.0);
    let y_axis = axis_over(
        measure(y),
        scale_of(y, spec.log_y),
        all().map(|point| point[1]).chain(ground),
        0.04,
    );
    let y_axis = match ground {
        // The ground of an area is the lower end of its axis.
        Some(_) if y_axis.low < 0.0 && all().all(|point| point[1] >= 0.0) => {
            aloft_spec::chart::Axis { low: 0.0, ..y_axis }
        }
        _ => y_axis,
    };
    let word = if filled { "Area" } else { "Line" };
    Ok(Drawing {
        description: format!(
            "{word} chart of {} over {}, {}",
            measure(y),
            x.name,
            counted(count, "point")
        ),
        x: axis_over(&*x.name, scale(x, spec.log_x), all().map(|point| point[0]), 0.0),
        y: y_axis,
        panels: panels
            .into_iter()
            .map(|lines| Marks::Lines { lines, filled })
            .collect(),
        ramp: None,
        notes: Vec::new(),
    })
}

/// A point of a line before it is thinned.
struct Point {
    x: f64,
    value: f64,
    rows: f64,
}

/// Neighbours are joined to their mean, weighted by their rows; counts are summed.
fn thinned(points: &[Point], means: bool) -> Vec<[f64; 2]> {
    let together = points.len().div_ceil(MOST_POINTS).max(1);
    points
        .chunks(together)
        .map(|part| {
            let weight: f64 = part.iter().map(|point| point.rows).sum();
            let weighted =
                |of: fn(&Point) -> f64| part.iter().map(|point| of(point) * point.rows).sum::<f64>() / weight;
            let value = if means {
                weighted(|point| point.value)
            } else {
                part.iter().map(|point| point.value).sum()
            };
            [weighted(|point| point.x), value]
        })
        .collect()
}
