//! What a pointer reads in a panel.

use super::marks::To;
use aloft_spec::chart::{Axis, ChartData, Marks, Panel};
use aloft_spec::text::significant_digits;
use aloft_spec::ticks::reading as read;
use egui::{Pos2, Rect};

/// A point that is so near is read.
const NEAR: f32 = 12.0;

/// The words at a place on the screen; `None` where nothing is drawn.
pub fn reading(data: &ChartData, panel: &Panel, pointer: Pos2, to: To<'_>) -> Option<String> {
    let class = |class: usize| match &data.legend {
        Some(legend) => legend
            .classes
            .get(class)
            .map(|name| format!("\n{name}"))
            .unwrap_or_default(),
        None => String::new(),
    };
    let number = |value: f64| significant_digits(value, 5);
    let covers = |left: f64, right: f64| {
        let (left, right) = (to([left, panel.y.low]).x, to([right, panel.y.low]).x);
        (left..=right).contains(&pointer.x)
    };
    let (x, y) = (&panel.x, &panel.y);
    match &panel.marks {
        Marks::Bars { bars } => {
            let at = |bar: &&aloft_spec::chart::Bar| {
                Rect::from_two_pos(to([bar.left, bar.bottom]), to([bar.right, bar.top])).contains(pointer)
            };
            let over = |bar: &&aloft_spec::chart::Bar| covers(bar.left, bar.right);
            let bar = bars.iter().find(at).or_else(|| bars.iter().find(over))?;
            let place = if super::axes::has_names(x) {
                read(x, ((bar.left + bar.right) / 2.0).round())
            } else {
                format!("{} to {}", read(x, bar.left), read(x, bar.right))
            };
            Some(format!(
                "{place}{}\n{} {}",
                class(bar.class),
                y.label,
                number(bar.value)
            ))
        }
        Marks::Lines { lines: series, .. } | Marks::Points { points: series } => {
            let all = series.iter().flat_map(|series| {
                let points = series.points.iter();
                points.map(|point| (to(*point).distance(pointer), series.class, point))
            });
            let (distance, of, point) = all.min_by(|a, b| a.0.total_cmp(&b.0))?;
            let named = |axis: &Axis, at: f64| format!("{} {}", axis.label, read(axis, at));
            (distance <= NEAR).then(|| {
                let (x, y) = (named(x, point[0]), named(y, point[1]));
                format!("{}{}\n{}", x.trim_start(), class(of), y.trim_start())
            })
        }
        Marks::Boxes { boxes } => {
            let half = |shown: &aloft_spec::chart::BoxMark| shown.width / 2.0;
            let shown = boxes
                .iter()
                .find(|shown| covers(shown.at - half(shown), shown.at + half(shown)))?;
            let [low, _, middle, _, high] = shown.quantiles.map(|at| read(y, at));
            let name = read(x, shown.at.round());
            Some(format!(
                "{name}{}\n95 %: {high}\nmedian: {middle}\n5 %: {low}",
                class(shown.class)
            ))
        }
        Marks::Violins { violins } => {
            let violin = violins
                .iter()
                .find(|violin| covers(violin.at - violin.width / 2.0, violin.at + violin.width / 2.0))?;
            let [low, middle, high] = violin.quartiles.map(|at| read(y, at));
            let name = read(x, violin.at.round());
            Some(format!(
                "{name}{}\n75 %: {high}\nmedian: {middle}\n25 %: {low}",
                class(violin.class)
            ))
        }
        Marks::Cells {
            x_edges,
            y_edges,
            values,
        } => {
            let column = x_edges.windows(2).position(|edges| covers(edges[0], edges[1]))?;
            let row = y_edges.windows(2).position(|edges| {
                let (bottom, top) = (to([x.low, edges[0]]).y, to([x.low, edges[1]]).y);
                (top..=bottom).contains(&pointer.y)
            })?;
            let value = (*values.get(row * (x_edges.len() - 1) + column)?)?;
            let middle = |edges: &[f64], at: usize| (edges[at] + edges[at + 1]) / 2.0;
            let ramp = data.ramp.as_ref()?;
            Some(format!(
                "{}\n{}\n{} {}",
                read(x, middle(x_edges, column)),
                read(y, middle(y_edges, row)),
                ramp.label,
                number(value)
            ))
        }
    }
}
