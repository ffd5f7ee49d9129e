//! Charts of `chart` cells.

use crate::fonts;
use crate::tokens::{Tokens, font};
use crate::{ticks, time};
use aloft_spec::chart::{ChartData, Marks};
use aloft_spec::text;
use egui::{Color32, Role, Stroke, Ui, WidgetInfo};
use egui_plot::{
    AxisHints, Bar, BarChart, BoxElem, BoxPlot, BoxSpread, GridMark, HoverPosition, Line, Plot, PlotPoints,
    Points,
};

const HEIGHT: f32 = 260.0;
/// Room for the labels and the name of a horizontal axis. The plot finds it out by itself only in its second frame.
pub const X_AXIS: f32 = 34.0;
/// Longer names of categories are cut.
const LONGEST_NAME: usize = 14;

/// Shows a chart over the whole width.
pub fn chart_ui(ui: &mut Ui, id: egui::Id, name: &str, data: &ChartData) {
    let t = Tokens::of(ui);
    let categories: &[String] = match &data.marks {
        Marks::Bar { categories, .. } | Marks::Box { categories, .. } => categories,
        _ => &[],
    };
    let is_time = matches!(
        &data.marks,
        Marks::Line { time: true, .. }
            | Marks::Histogram { time: true, .. }
            | Marks::Scatter { time: true, .. }
    );
    let x_value = move |value: f64| match category(categories, value) {
        Some(name) => cut(name),
        None if !categories.is_empty() => String::new(),
        None if is_time => time::date(value),
        None => text::significant_digits(value, 4),
    };
    let x_axis = axis(AxisHints::new_x(), &data.x_label, t)
        .min_thickness(X_AXIS)
        .formatter(move |mark, range| {
            let months = is_time && range.end() - range.start() > 60.0 * time::DAY;
            if months {
                time::month(mark.value)
            } else {
                x_value(mark.value)
            }
        });
    let y_axis = axis(AxisHints::new_y(), &data.y_label, t)
        .min_thickness(44.0)
        .formatter(|mark, _| text::significant_digits(mark.value, 4));
    let mut plot = quiet(Plot::new(id), t)
        .height(HEIGHT)
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .label_formatter(move |hover| match hover {
            HoverPosition::NearDataPoint { position, .. } => {
                let y = text::significant_digits(position.y, 5);
                Some(format!("{}\n{y}", x_value(position.x)))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    if !categories.is_empty() {
        let count = categories.len();
        plot = plot.x_grid_spacer(move |_| {
            let mark = |index| GridMark {
                value: f64::from(index),
                step_size: 1.0,
            };
            (0..count as u32).map(mark).collect()
        });
    } else if is_time {
        plot = plot.x_grid_spacer(|input| ticks::times(&input));
    }
    let shown = plot.show(ui, |plot| match &data.marks {
        Marks::Histogram { edges, counts, .. } => {
            let bars = edges.windows(2).zip(counts).map(|(edge, &count)| {
                let width = edge[1] - edge[0];
                Bar::new(edge[0] + width / 2.0, count as f64).width(width * 0.94)
            });
            plot.bar_chart(bars_in(bars.collect(), t));
        }
        Marks::Bar { values, .. } => {
            let bars = values.iter().enumerate();
            let bars = bars.map(|(index, &value)| Bar::new(index as f64, value).width(0.7));
            plot.bar_chart(bars_in(bars.collect(), t));
        }
        Marks::Line { points, .. } => {
            plot.line(
                Line::new("", PlotPoints::from(points.clone()))
                    .color(t.accent)
                    .width(1.8),
            );
        }
        Marks::Scatter { points, .. } => {
            let radius = if points.len() > 2000 { 1.3 } else { 2.2 };
            let points = Points::new("", PlotPoints::from(points.clone()));
            plot.points(points.color(t.accent.gamma_multiply(0.55)).radius(radius));
        }
        Marks::Box { quantiles, .. } => {
            let boxes = quantiles.iter().enumerate().map(|(index, q)| {
                BoxElem::new(index as f64, BoxSpread::new(q[0], q[1], q[2], q[3], q[4]))
                    .box_width(0.55)
                    .whisker_width(0.25)
                    .fill(t.accent_quiet.gamma_multiply(0.5))
                    .stroke(Stroke::new(1.3, t.accent))
            });
            plot.box_plot(
                BoxPlot::new("", boxes.collect()).element_formatter(Box::new(|elem, _| {
                    let q = [
                        elem.spread.upper_whisker,
                        elem.spread.median,
                        elem.spread.lower_whisker,
                    ];
                    let [high, middle, low] = q.map(|value| text::significant_digits(value, 4));
                    format!("95 %: {high}\nmedian: {middle}\n5 %: {low}")
                })),
            );
        }
    });
    shown.response.widget_info(|| {
        let label = format!("Chart {name}: {} over {}", data.y_label, data.x_label);
        WidgetInfo::labeled(Role::Image, true, label)
    });
}

fn bars_in(bars: Vec<Bar>, t: &Tokens) -> BarChart {
    let bars = bars
        .into_iter()
        .map(|bar| bar.stroke(Stroke::NONE).fill(t.accent_quiet))
        .collect();
    BarChart::new("", bars)
        .color(t.accent_quiet)
        .element_formatter(Box::new(|bar, _| text::significant_digits(bar.value, 5)))
}

/// A plot that leaves scrolling to the page and draws only what says something.
pub fn quiet<'a>(plot: Plot<'a>, t: &Tokens) -> Plot<'a> {
    plot.allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_crosshair(false)
        .show_grid([false, true])
        .x_grid_spacer(|input| ticks::numbers(&input))
        .y_grid_spacer(|input| ticks::numbers(&input))
        .grid_color(t.line)
        .grid_fade(0.0)
        .cursor_color(t.faint)
        .sense(egui::Sense::hover())
}

/// An axis in the tokens' colours.
pub fn axis<'a>(hints: AxisHints<'a>, label: &str, t: &Tokens) -> AxisHints<'a> {
    let label = egui::RichText::new(label)
        .font(fonts::regular(font::SMALL))
        .color(t.dim);
    hints
        .label(label)
        .tick_label_color(t.dim)
        .tick_label_font(fonts::regular(font::SMALL))
}

fn category(categories: &[String], value: f64) -> Option<&str> {
    let index = value.round();
    if index < 0.0 || (value - index).abs() > 0.01 {
        return None;
    }
    categories.get(index as usize).map(String::as_str)
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// What else there is to say about a chart's rows: categories and points that aren't shown.
pub fn omitted(marks: &Marks) -> Option<String> {
    match marks {
        Marks::Bar { omitted, .. } | Marks::Box { omitted, .. } if *omitted > 0 => {
            Some(format!("{} more not shown", text::thousands(*omitted as u64)))
        }
        Marks::Scatter { points, total, .. } if (points.len() as u64) < *total => Some(format!(
            "{} of {} points",
            text::thousands(points.len() as u64),
            text::thousands(*total)
        )),
        _ => None,
    }
}

/// The colour of the line that a label stands for.
pub fn sample_line_ui(ui: &mut Ui, color: Color32, dashed: bool) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, font::BODY_LINE), egui::Sense::hover());
    let stroke = Stroke::new(2.0, color);
    let y = rect.center().y;
    if dashed {
        for left in [0.0, 5.0, 10.0] {
            let x = rect.left() + left;
            ui.painter().hline(x..=x + 3.0, y, stroke);
        }
    } else {
        ui.painter().hline(rect.x_range(), y, stroke);
    }
}
