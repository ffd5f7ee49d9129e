//! What colours stand for.

use crate::fonts;
use crate::tokens::{Tokens, font, space};
use aloft_spec::chart::ChartData;
use aloft_spec::text::significant_digits;
use egui::{Color32, CornerRadius, Rect, Sense, Stroke, Ui, vec2};

/// Side of a class's square.
const SQUARE: f32 = 10.0;
/// Width of the strip of a ramp.
const STRIP: f32 = 120.0;

/// The legend of classes or the ramp of numbers, above the panels.
pub fn legend_ui(ui: &mut Ui, data: &ChartData, t: &Tokens) {
    if data.legend.is_none() && data.ramp.is_none() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, space::XS);
        if let Some(legend) = &data.legend {
            words(ui, &legend.title, t.dim);
            for (class, name) in legend.classes.iter().enumerate() {
                ui.add_space(space::S);
                let (rect, _) = ui.allocate_exact_size(vec2(SQUARE, font::BODY_LINE), Sense::hover());
                let square = Rect::from_center_size(rect.center(), vec2(SQUARE, SQUARE));
                ui.painter()
                    .rect_filled(square, CornerRadius::same(2), t.class(class));
                words(ui, name, t.text);
            }
        } else if let Some(ramp) = &data.ramp {
            words(ui, &ramp.label, t.dim);
            ui.add_space(space::S);
            words(ui, &significant_digits(ramp.low, 3), t.dim);
            let (rect, _) = ui.allocate_exact_size(vec2(STRIP, font::BODY_LINE), Sense::hover());
            let strip = rect.shrink2(vec2(0.0, (font::BODY_LINE - SQUARE) / 2.0));
            for step in 0..STRIP as usize {
                let left = strip.left() + step as f32;
                let part = Rect::from_min_size(egui::pos2(left, strip.top()), vec2(1.0, strip.height()));
                let shade = t.shade(step as f64 / f64::from(STRIP), ramp.diverging);
                ui.painter().rect_filled(part, 0.0, shade);
            }
            words(ui, &significant_digits(ramp.high, 3), t.dim);
        }
    });
}

fn words(ui: &mut Ui, words: &str, color: Color32) {
    ui.label(
        egui::RichText::new(words)
            .font(fonts::regular(font::SMALL))
            .color(color),
    );
}

/// What the lines of a chart are, one behind the other: a name, its colour, and whether it is dashed.
pub fn line_legend_ui<'a>(ui: &mut Ui, lines: impl IntoIterator<Item = (&'a str, Color32, bool)>) {
    let t = Tokens::of(ui);
    ui.horizontal_wrapped(|ui| {
        for (name, color, dashed) in lines {
            ui.spacing_mut().item_spacing.x = 5.0;
            sample_line_ui(ui, color, dashed);
            ui.spacing_mut().item_spacing.x = space::M;
            words(ui, name, t.dim);
        }
    });
}

/// The colour of the line that a label stands for.
pub fn sample_line_ui(ui: &mut Ui, color: Color32, dashed: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, font::BODY_LINE), Sense::hover());
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
