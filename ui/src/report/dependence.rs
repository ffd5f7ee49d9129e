//! What the leading columns do to the prediction.

use super::pane::{Pane, axis};
use super::{note_ui, spoken, title_ui};
use crate::chart::line_legend_ui;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::widgets::{line, paint_left, paint_right, text_ui};
use aloft_spec::chart::{Axis, Scale};
use aloft_spec::report::{Dependence, Explanation, Report};
use aloft_spec::text::significant_digits;
use aloft_spec::ticks;
use egui::{Color32, Sense, Stroke, Ui, pos2, vec2};

/// Charts side by side, where there is room.
const ACROSS: usize = 3;
const NARROWEST: f32 = 190.0;
const HEIGHT: f32 = 128.0;
/// Room for the names of a column of names, as a share of the width.
const NAMES: f32 = 0.36;

/// A chart a column, all with the same scale of predictions.
pub fn dependence_ui(ui: &mut Ui, report: &Report, explanation: &Explanation) {
    if explanation.dependence.is_empty() {
        return;
    }
    let several = explanation.outputs.len() > 1;
    let of = match (report.task.as_str(), &explanation.outputs[..]) {
        ("regression", _) => format!("Mean prediction of {}", report.target),
        (_, [class]) => format!("Mean probability of {class}"),
        _ => "Mean probability of each class".to_owned(),
    };
    title_ui(ui, &format!("{of} if a column had the same value in all rows"));
    if several {
        let t = Tokens::of(ui);
        let classes = explanation.outputs.iter().enumerate();
        line_legend_ui(
            ui,
            classes.map(|(index, class)| (class.as_str(), t.class(index), false)),
        );
    }
    let all = explanation.dependence.iter();
    let predicted = axis(
        "",
        all.flat_map(|curve| curve.predictions.iter().flatten().copied()),
    );
    let across = ((ui.available_width() / NARROWEST) as usize).clamp(1, ACROSS);
    let width = (ui.available_width() - space::M * (across - 1) as f32) / across as f32;
    for row in explanation.dependence.chunks(across) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            for curve in row {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    ui.spacing_mut().item_spacing.y = 2.0;
                    let t = Tokens::of(ui);
                    text_ui(ui, curve.column.as_str(), fonts::mono(font::SMALL), t.text);
                    match &curve.scale {
                        Scale::Names(names) => names_ui(ui, curve, names, &predicted, several),
                        _ => curve_ui(ui, curve, &predicted, several),
                    }
                });
            }
        });
    }
    note_ui(
        ui,
        "Points lie at equal shares of the rows: where they are far apart, few rows say so.",
    );
}

fn color(t: &Tokens, several: bool, output: usize) -> Color32 {
    match several {
        true => t.class(output),
        false => t.accent,
    }
}

fn curve_ui(ui: &mut Ui, curve: &Dependence, predicted: &Axis, several: bool) {
    let t = Tokens::of(ui);
    let x = Axis {
        scale: curve.scale.clone(),
        ..axis("", curve.at.iter().copied())
    };
    let size = vec2(ui.available_width(), HEIGHT);
    let pane = Pane::ui(ui, size, x.clone(), predicted.clone(), &words(curve));
    let mut read = Vec::new();
    for (output, means) in curve.predictions.iter().enumerate() {
        let points = || curve.at.iter().copied().zip(means.iter().copied());
        let color = color(t, several, output);
        pane.line(ui, points().map(|(at, mean)| [at, mean]), Stroke::new(1.6, color));
        for (at, mean) in points() {
            pane.painter(ui).circle_filled(pane.at([at, mean]), 2.0, color);
            let (place, mean_text) = (ticks::reading(&x, at), significant_digits(mean, 3));
            read.push(([at, mean], move || format!("{place}\n{mean_text}")));
        }
    }
    pane.read(
        read.iter()
            .map(|(point, words)| (*point, words as &dyn Fn() -> String)),
    );
}

/// A row a name, with its mean prediction as a point.
fn names_ui(ui: &mut Ui, curve: &Dependence, names: &[String], predicted: &Axis, several: bool) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    spoken(&response, &words(curve));
    let left = rect.left() + rect.width() * NAMES;
    let (right, bottom) = (rect.right() - 8.0, rect.bottom() - 18.0);
    let x = |value: f64| {
        left + (right - left) * ((value - predicted.low) / (predicted.high - predicted.low)) as f32
    };
    let small = || fonts::regular(font::SMALL - 1.0);
    let painter = ui.painter();
    let mut free = f32::NEG_INFINITY;
    for tick in ticks::positions(predicted) {
        painter.vline(x(tick), rect.top() + 4.0..=bottom, Stroke::new(1.0, t.line));
        let label = line(ui, &ticks::label(predicted, tick), small(), t.dim, 60.0);
        let at = x(tick) - label.size().x / 2.0;
        if at >= free {
            free = paint_left(painter, label, at, bottom + 10.0).right() + 6.0;
        }
    }
    let step = ((bottom - rect.top() - 4.0) / names.len().max(1) as f32).min(18.0);
    let mut pointed = None;
    for (index, name) in names.iter().enumerate() {
        let y = rect.top() + 4.0 + step * (index as f32 + 0.5);
        let label = line(
            ui,
            name,
            fonts::regular(font::SMALL),
            t.text,
            left - rect.left() - 8.0,
        );
        paint_right(painter, label, left - 8.0, y);
        painter.hline(left..=right, y, Stroke::new(1.0, t.line));
        for (output, means) in curve.predictions.iter().enumerate() {
            let Some(mean) = means.get(index) else { continue };
            let color = color(t, several, output);
            painter.circle_filled(pos2(x(*mean), y), 3.2, color);
        }
        if response
            .hover_pos()
            .is_some_and(|pointer| (pointer.y - y).abs() <= step / 2.0)
        {
            let means = curve.predictions.iter().filter_map(|means| means.get(index));
            let means: Vec<String> = means.map(|mean| significant_digits(*mean, 3)).collect();
            pointed = Some(format!("{name}\n{}", means.join(" · ")));
        }
    }
    if let Some(words) = pointed {
        response.on_hover_ui_at_pointer(|ui| {
            ui.label(words);
        });
    }
}

/// The curve for those who don't see it.
fn words(curve: &Dependence) -> String {
    let all = || curve.predictions.iter().flatten().copied();
    let number = |value: f64| significant_digits(value, 3);
    format!(
        "Prediction over {}: from {} to {}",
        curve.column,
        number(all().fold(f64::INFINITY, f64::min)),
        number(all().fold(f64::NEG_INFINITY, f64::max))
    )
}
