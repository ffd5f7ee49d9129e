//! What charts draw: bins and aggregates, computed by polars, never more of them than a screen can show. One file a mark.

mod bar;
mod boxes;
mod classes;
mod correlation;
mod grid;
mod groups;
mod heatmap;
mod histogram;
mod line;
mod missing;
mod numbers;
mod pairs;
mod png;
mod rows;
mod scatter;
mod svg;
mod violin;

pub use png::{Picture, picture, png};
pub use svg::svg;

use crate::{
    Relation,
    error::{DataError, Result},
};
use aloft_spec::{
    chart::{Axis, ChartData, ChartSpec, Legend, Mark, Marks, Panel, Ramp, Scale},
    table::Field,
};
use rows::Rows;
use std::collections::BTreeSet;

/// What a mark makes of rows: the marks of each panel, and what they share.
struct Drawing {
    /// One for each facet.
    panels: Vec<Marks>,
    x: Axis,
    y: Axis,
    ramp: Option<Ramp>,
    notes: Vec<String>,
    /// What it is, in words: `Bar chart of mean of dep_delay by carrier, 16 bars`.
    description: String,
}

/// The columns that a chart reads.
pub(crate) fn columns<'a>(relation: &'a Relation, spec: &'a ChartSpec) -> Result<BTreeSet<&'a str>> {
    let fields = match spec.mark {
        Mark::Correlation => correlation::drawn(relation, spec)?.0,
        Mark::Pairs => pairs::drawn(relation, spec)?.0,
        Mark::Missing => missing::drawn(relation, spec)?.0,
        _ => Vec::new(),
    };
    let drawn = fields.into_iter().map(|field| field.name.as_str());
    let named = spec.named_columns().map(|(_, name)| relation.field(name));
    let named = named.map(|field| Ok(field?.name.as_str()));
    drawn.map(Ok).chain(named).collect()
}

/// Computes what a chart of `relation` draws.
pub(crate) fn chart(relation: &Relation, spec: &ChartSpec) -> Result<ChartData> {
    let mut chart = match spec.mark {
        Mark::Correlation => correlation::chart(relation, spec)?,
        Mark::Pairs => pairs::chart(relation, spec)?,
        Mark::Missing => missing::chart(relation, spec)?,
        _ => of_axes(relation, spec)?,
    };
    chart.extent = relation.extent(relation.count()?);
    Ok(chart)
}

fn of_axes(relation: &Relation, spec: &ChartSpec) -> Result<ChartData> {
    let rows = Rows::of(relation, spec)?;
    let x = relation.field(needed(spec.x.as_deref(), "x", spec.mark)?)?;
    let y = spec.y.as_deref().map(|name| relation.field(name)).transpose()?;
    let y_needed = || needed(y, "y", spec.mark);
    let drawing = match spec.mark {
        Mark::Histogram => histogram::draw(&rows, x)?,
        Mark::Bar => bar::draw(&rows, x, y)?,
        Mark::Line => line::draw(&rows, x, y, false)?,
        Mark::Area => line::draw(&rows, x, y, true)?,
        Mark::Scatter => scatter::draw(&rows, x, y_needed()?, scatter::Kind::Plot)?,
        Mark::Map => scatter::draw(&rows, x, y_needed()?, scatter::Kind::Map)?,
        Mark::Box => boxes::draw(&rows, x, y_needed()?)?,
        Mark::Violin => violin::draw(&rows, x, y_needed()?)?,
        // The others draw columns.
        _ => heatmap::draw(&rows, x, y_needed()?)?,
    };
    let mut description = drawing.description;
    if let Some(color) = &spec.color {
        description.push_str(&format!(", coloured by {color}"));
    }
    if let Some(facet) = &spec.facet {
        description.push_str(&format!(", in {} panels by {facet}", rows.facets.names.len()));
    }
    let across = across(drawing.panels.len());
    let titles = rows.facets.names.iter().map(|name| match &spec.facet {
        Some(facet) => format!("{facet} {name}"),
        None => String::new(),
    });
    let panels = drawing
        .panels
        .into_iter()
        .zip(titles)
        .map(|(marks, title)| Panel {
            title,
            x: drawing.x.clone(),
            y: drawing.y.clone(),
            marks,
        })
        .collect();
    let mut notes = drawing.notes;
    if rows.facets.omitted > 0 {
        notes.push(format!("{} more panels not shown", rows.facets.omitted));
    }
    Ok(ChartData {
        mark: spec.mark,
        description,
        panels,
        across,
        legend: spec.color.as_ref().map(|title| Legend {
            title: title.clone(),
            classes: rows.classes.names.clone(),
        }),
        ramp: drawing.ramp,
        notes,
        extent: relation.extent(0),
    })
}

fn needed<T>(value: Option<T>, key: &str, mark: Mark) -> Result<T> {
    value.ok_or_else(|| DataError::BadValue {
        what: format!("a {} chart needs `{key}`", mark.word()),
        hint: format!("name the column: {key} = \"…\""),
    })
}

/// Panels side by side: as wide as high, and no more than four.
fn across(panels: usize) -> usize {
    match panels {
        0..=3 => panels.max(1),
        4 => 2,
        5 | 6 | 9 => 3,
        _ => 4,
    }
}

/// An axis over positions, with some room at its ends. Of no positions, from 0 to 1.
fn axis_over(
    label: impl Into<String>,
    scale: Scale,
    positions: impl IntoIterator<Item = f64>,
    room: f64,
) -> Axis {
    let (low, high) = positions
        .into_iter()
        .filter(|position| position.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| {
            (low.min(at), high.max(at))
        });
    let (low, high) = match high - low {
        span if span > 0.0 => (low - room * span, high + room * span),
        0.0 => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    };
    Axis {
        label: label.into(),
        scale,
        low,
        high,
    }
}

/// An axis of names.
fn axis_of_names(label: impl Into<String>, names: Vec<String>) -> Axis {
    Axis {
        label: label.into(),
        low: -0.5,
        high: names.len().max(1) as f64 - 0.5,
        scale: Scale::Names(names),
    }
}

/// What the numbers of a bar or line are: `mean of dep_delay`, `rows`.
fn measure(y: Option<&Field>) -> String {
    y.map_or_else(|| "rows".into(), |y| format!("mean of {}", y.name))
}

/// `12 bars`, `1 bar`.
fn counted(count: usize, what: &str) -> String {
    let count_text = aloft_spec::text::thousands(count as u64);
    match (count, what.strip_suffix("x")) {
        (1, _) => format!("1 {what}"),
        (_, Some(_)) => format!("{count_text} {what}es"),
        _ => format!("{count_text} {what}s"),
    }
}
