//! Axes and grids in the window's colours.

use crate::fonts;
use crate::tokens::{Tokens, font};
use aloft_spec::chart::{Axis, Scale};
use aloft_spec::ticks;
use egui_plot::{AxisHints, GridMark, Plot};

/// Room for the labels and the name of a horizontal axis. The plot finds it out by itself only in its second frame.
pub const X_AXIS: f32 = 34.0;

/// A plot that leaves scrolling to the page and draws only what says something.
pub fn quiet<'a>(plot: Plot<'a>, t: &Tokens) -> Plot<'a> {
    let numbers = |input: egui_plot::GridInput| grid(ticks::numbers(input.bounds.0, input.bounds.1));
    plot.allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_crosshair(false)
        .show_grid([false, true])
        .x_grid_spacer(numbers)
        .y_grid_spacer(numbers)
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

/// An axis of a chart.
pub fn of<'a>(hints: AxisHints<'a>, of: &Axis, t: &Tokens) -> AxisHints<'a> {
    let shown = of.clone();
    let hints = match of.scale {
        // Each name stands where it has room: there is no rounder one in between to stand for it.
        Scale::Names(_) => hints.label_spacing(0.0..=1.0),
        _ => hints,
    };
    axis(hints, &of.label, t).formatter(move |mark, _| ticks::label(&shown, mark.value))
}

/// Where a plot draws lines and labels.
pub fn grid(positions: Vec<f64>) -> Vec<GridMark> {
    let step = match positions[..] {
        [first, second, ..] => second - first,
        _ => 1.0,
    };
    positions
        .into_iter()
        .map(|value| GridMark {
            value,
            step_size: step,
        })
        .collect()
}

/// Whether an axis has names rather than numbers.
pub fn has_names(axis: &Axis) -> bool {
    matches!(axis.scale, Scale::Names(_))
}
