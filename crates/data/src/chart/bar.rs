//! One bar a category: counts or means.

use super::{
    Drawing, axis_of_names, axis_over, counted,
    groups::{beside, grouped, omitted_note},
    histogram::LOG_FLOOR,
    measure,
    numbers::{number, on, scale_of},
    rows::Rows,
};
use crate::error::Result;
use aloft_spec::{
    chart::{Bar, Marks},
    table::Field,
};
use polars::prelude::*;

/// Width of a category's bars; the rest is room between categories.
const WIDTH: f64 = 0.7;

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: Option<&Field>) -> Result<Drawing> {
    let log = rows.spec.log_y;
    let (value, column) = match y {
        None => (len().cast(DataType::Float64), None),
        Some(y) => (col("y").mean(), Some(number(y, "leave out `y` to count rows")?)),
    };
    let (groups, categories) = grouped(rows, x, column, &[("value", value)])?;
    let classes = rows.classes.names.len();
    // Counts of classes add up to those of all; means don't.
    let stacked = y.is_none() && !log;
    let mut panels: Vec<Vec<Bar>> = vec![Vec::new(); rows.panels()];
    for group in groups {
        let value = group.numbers[0];
        let end = on(log, value);
        if !end.is_finite() {
            continue;
        }
        let panel = &mut panels[group.facet];
        let (at, width) = if stacked || classes == 1 {
            (group.category as f64, WIDTH)
        } else {
            beside(group.category, group.class, classes, WIDTH)
        };
        let left = at - width / 2.0;
        let bottom = match panel.last() {
            Some(below) if stacked && below.left == left => below.top,
            _ if log && y.is_none() => LOG_FLOOR,
            _ => 0.0,
        };
        panel.push(Bar {
            left,
            right: at + width / 2.0,
            bottom,
            top: if stacked { bottom + end } else { end },
            class: group.class,
            value,
        });
    }
    let ends = panels.iter().flatten().map(|bar| bar.top);
    let mut y_axis = axis_over(
        measure(y),
        scale_of(y, log),
        ends.clone().chain((!log).then_some(0.0)),
        0.0,
    );
    if log {
        // Bars have no natural beginning on a logarithmic axis: they begin a little below the smallest.
        y_axis.low = if y.is_none() {
            LOG_FLOOR
        } else {
            y_axis.low - 0.1 * (y_axis.high - y_axis.low)
        };
        let low = y_axis.low;
        panels.iter_mut().flatten().for_each(|bar| bar.bottom = low);
    }
    let bars: usize = panels.iter().map(Vec::len).sum();
    Ok(Drawing {
        description: format!(
            "Bar chart of {} by {}, {}",
            measure(y),
            x.name,
            counted(bars, "bar")
        ),
        panels: panels.into_iter().map(|bars| Marks::Bars { bars }).collect(),
        x: axis_of_names(&*x.name, categories.names.clone()),
        y: y_axis,
        ramp: None,
        notes: omitted_note(&categories),
    })
}
