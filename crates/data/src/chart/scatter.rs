//! Points, and where they are many, how many fall into each small rectangle.

use super::{
    Drawing, axis_over, counted, grid,
    histogram::bin,
    numbers::{indices, is_whole, position, reals, scale},
    rows::Rows,
};
use crate::{bins::Bins, error::Result};
use aloft_spec::{
    chart::{Axis, Marks, Scale, Series},
    table::Field,
    text::thousands,
};
use polars::prelude::*;

/// Points that are drawn one by one.
const MOST_POINTS: u64 = 5000;
/// Rectangles along each axis of a chart with one panel.
const RECTANGLES: [usize; 2] = [96, 60];
/// Room at the ends of an axis of points.
const ROOM: f64 = 0.03;

/// What points lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A plane of two numbers.
    Plot,
    /// The surface of the earth.
    Map,
}

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: &Field, kind: Kind) -> Result<Drawing> {
    let spec = rows.spec;
    let instead = "choose mark = \"box\", or columns of numbers or dates";
    let (log_x, log_y) = (spec.log_x && kind == Kind::Plot, spec.log_y && kind == Kind::Plot);
    let mut plan = rows.select([
        position(x, log_x, instead)?.alias("x"),
        position(y, log_y, instead)?.alias("y"),
    ]);
    let mut notes = Vec::new();
    if kind == Kind::Map {
        let on_earth = col("x")
            .abs()
            .lt_eq(lit(180.0))
            .and(col("y").abs().lt_eq(lit(90.0)));
        let off = plan.clone().select([on_earth.clone().not().sum().alias("off")]);
        let off = indices(&rows.relation.run(off)?, "off")?[0];
        if off > 0 {
            notes.push(format!(
                "{} without a place on earth not shown",
                counted(off, "row")
            ));
        }
        plan = plan.filter(on_earth);
    }
    let (drawn, total) = rows.draw(plan.clone(), MOST_POINTS)?;
    let thinned = total > MOST_POINTS;
    let what = match kind {
        Kind::Plot => format!("Scatter plot of {} against {}", y.name, x.name),
        Kind::Map => "Map".to_owned(),
    };
    let axes = |positions: &DataFrame| -> Result<[Axis; 2]> {
        let (x_scale, y_scale) = match kind {
            Kind::Plot => (scale(x, log_x), scale(y, log_y)),
            Kind::Map => (Scale::Degrees, Scale::Degrees),
        };
        Ok([
            axis_over(&*x.name, x_scale, reals(positions, "x")?, ROOM),
            axis_over(&*y.name, y_scale, reals(positions, "y")?, ROOM),
        ])
    };
    if thinned && spec.color.is_none() {
        let ends = plan.clone().select([
            col("x").min().alias("x_low"),
            col("x").max().alias("x_high"),
            col("y").min().alias("y_low"),
            col("y").max().alias("y_high"),
        ]);
        let ends = rows.relation.run(ends)?;
        let end = |name: &str| -> Result<f64> { Ok(reals(&ends, name)?[0]) };
        let most = match spec.bins {
            Some(bins) => [bins.clamp(1, RECTANGLES[0]); 2],
            // Small panels have room for fewer.
            None if rows.panels() > 1 => [40, 25],
            None => RECTANGLES,
        };
        let x_bins = Bins::new(end("x_low")?, end("x_high")?, is_whole(x, log_x), most[0]);
        let y_bins = Bins::new(end("y_low")?, end("y_high")?, is_whole(y, log_y), most[1]);
        let binned = plan
            .select([
                col("facet"),
                bin("x", &x_bins).alias("column"),
                bin("y", &y_bins).alias("row"),
            ])
            .group_by([col("facet"), col("column"), col("row")])
            .agg([len().alias("value")]);
        let filled = grid::fill(
            &rows.relation.run(binned)?,
            rows.panels(),
            x_bins.count,
            y_bins.count,
        )?;
        let panels: Vec<Marks> = filled
            .into_iter()
            .map(|values| Marks::Cells {
                x_edges: grid::edges(&x_bins),
                y_edges: grid::edges(&y_bins),
                values,
            })
            .collect();
        let [mut x_axis, mut y_axis] = axes(&drawn)?;
        (x_axis.low, x_axis.high) = (x_bins.low, x_bins.high());
        (y_axis.low, y_axis.high) = (y_bins.low, y_bins.high());
        return Ok(Drawing {
            description: format!(
                "{what}, {} points counted in {} by {} rectangles",
                thousands(total),
                x_bins.count,
                y_bins.count
            ),
            ramp: Some(grid::ramp("rows", &panels)),
            panels,
            x: x_axis,
            y: y_axis,
            notes,
        });
    }
    if thinned {
        notes.push(format!(
            "{} of {} points",
            thousands(MOST_POINTS),
            thousands(total)
        ));
    }
    let [x_axis, y_axis] = axes(&drawn)?;
    Ok(Drawing {
        description: format!(
            "{what}{} {}",
            if kind == Kind::Map { " of" } else { "," },
            counted(drawn.height(), "point")
        ),
        panels: points(&drawn, rows.panels(), rows.classes.names.len())?,
        x: x_axis,
        y: y_axis,
        ramp: None,
        notes,
    })
}

/// Rows with the columns `facet`, `class`, `x` and `y` as points.
fn points(frame: &DataFrame, panels: usize, classes: usize) -> Result<Vec<Marks>> {
    let mut points = vec![vec![Vec::new(); classes]; panels];
    let (facets, of, xs, ys) = (
        indices(frame, "facet")?,
        indices(frame, "class")?,
        reals(frame, "x")?,
        reals(frame, "y")?,
    );
    for row in 0..frame.height() {
        points[facets[row]][of[row]].push([xs[row], ys[row]]);
    }
    let series = |classes: Vec<Vec<[f64; 2]>>| {
        let all = classes.into_iter().enumerate();
        all.filter(|(_, points)| !points.is_empty())
            .map(|(class, points)| Series { class, points })
            .collect()
    };
    Ok(points
        .into_iter()
        .map(|classes| Marks::Points {
            points: series(classes),
        })
        .collect())
}
