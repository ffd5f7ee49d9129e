//! Quantiles of a number for each category.

use super::{
    Drawing, axis_of_names, axis_over, counted,
    groups::{beside, grouped, omitted_note},
    numbers::{position, scale},
    rows::Rows,
};
use crate::{error::Result, profile::QUANTILES};
use aloft_spec::{
    chart::{BoxMark, Marks},
    table::Field,
};
use polars::prelude::*;

/// Width of a category's boxes.
const WIDTH: f64 = 0.6;

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: &Field) -> Result<Drawing> {
    let names: [&str; 5] = ["q0", "q1", "q2", "q3", "q4"];
    let quantile = |share: f64| col("y").quantile(lit(share), QuantileMethod::Linear);
    let aggregates: Vec<(&str, Expr)> = names.into_iter().zip(QUANTILES.map(quantile)).collect();
    let position = position(y, rows.spec.log_y, "choose a column of numbers as `y`")?;
    let (groups, categories) = grouped(rows, x, Some(position), &aggregates)?;
    let mut panels: Vec<Vec<BoxMark>> = vec![Vec::new(); rows.panels()];
    for group in groups {
        let (at, width) = beside(group.category, group.class, rows.classes.names.len(), WIDTH);
        panels[group.facet].push(BoxMark {
            at,
            width,
            class: group.class,
            quantiles: std::array::from_fn(|index| group.numbers[index]),
        });
    }
    let all = || panels.iter().flatten();
    let description = format!(
        "Box plot of {} by {}, {}",
        y.name,
        x.name,
        counted(all().count(), "box")
    );
    let y_axis = axis_over(
        &*y.name,
        scale(y, rows.spec.log_y),
        all().flat_map(|shown| shown.quantiles),
        0.04,
    );
    Ok(Drawing {
        description,
        panels: panels.into_iter().map(|boxes| Marks::Boxes { boxes }).collect(),
        x: axis_of_names(&*x.name, categories.names.clone()),
        y: y_axis,
        ramp: None,
        notes: omitted_note(&categories),
    })
}
