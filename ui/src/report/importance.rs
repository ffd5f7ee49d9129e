//! Which columns the model looks at.

use super::{note_ui, spoken, title_ui};
use crate::fonts;
use crate::metrics::{ROW, word};
use crate::tokens::{Tokens, font, space};
use crate::widgets::{line, paint_left, paint_right};
use aloft_spec::report::{Explanation, Importance};
use aloft_spec::text::{significant_digits, thousands};
use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

/// Columns that are shown.
const MOST: usize = 12;
/// Room for names and numbers.
const NAMES: f32 = 170.0;
const NUMBERS: f32 = 110.0;

/// A bar a column: how much worse the model gets when its values are shuffled, with the deviation over the repeats.
pub fn importance_ui(ui: &mut Ui, explanation: &Explanation) {
    let metric = word(&explanation.metric);
    title_ui(
        ui,
        &format!("How much {metric} rises when a column's values are shuffled"),
    );
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let reach = explanation
            .importance
            .iter()
            .map(|found| found.mean + found.deviation)
            .fold(f64::MIN_POSITIVE, f64::max);
        for found in explanation.importance.iter().take(MOST) {
            bar_ui(ui, found, reach, &metric);
        }
    });
    note_ui(ui, notes(explanation));
}

fn bar_ui(ui: &mut Ui, found: &Importance, reach: f64, metric: &str) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let number = |value: f64| significant_digits(value, 3);
    spoken(
        &response,
        &format!(
            "{}: {metric} rises by {} ± {}",
            found.column,
            number(found.mean),
            number(found.deviation)
        ),
    );
    let y = rect.center().y;
    let painter = ui.painter();
    let name = line(
        ui,
        &found.column,
        fonts::mono(font::CODE - 0.5),
        t.text,
        NAMES - space::M,
    );
    paint_left(painter, name, rect.left(), y);
    let room = Rect::from_min_max(
        pos2(rect.left() + NAMES, rect.top()),
        pos2(rect.right() - NUMBERS, rect.bottom()),
    );
    let x = |value: f64| room.left() + room.width() * (value / reach).clamp(0.0, 1.0) as f32;
    let bar = Rect::from_min_max(
        pos2(room.left(), y - 5.0),
        pos2(x(found.mean).max(room.left() + 1.0), y + 5.0),
    );
    painter.rect_filled(bar, 2.0, t.accent_quiet);
    if found.deviation > 0.0 {
        let ends = x(found.mean - found.deviation)..=x(found.mean + found.deviation);
        painter.hline(ends, y, Stroke::new(1.5, t.accent));
    }
    let value = format!(
        "{} ± {}",
        number(found.mean),
        significant_digits(found.deviation, 2)
    );
    let value = line(ui, &value, fonts::regular(font::SMALL + 0.5), t.dim, NUMBERS);
    paint_right(painter, value, rect.right(), y);
}

fn notes(explanation: &Explanation) -> String {
    let mut notes = Vec::new();
    let more = explanation.importance.len().saturating_sub(MOST);
    if more > 0 {
        notes.push(format!("{} more columns matter less", thousands(more as u64)));
    }
    if explanation.unreached > 0 {
        let unreached = thousands(explanation.unreached);
        notes.push(format!("{unreached} columns weren't reached in time"));
    }
    let repeats = explanation.importance.iter().map(|found| found.repeats).max();
    notes.push(format!(
        "{} {} rows, shuffled {} times",
        thousands(explanation.rows),
        explanation.split,
        repeats.unwrap_or_default()
    ));
    notes.push("columns that say the same share their importance".into());
    notes.join(" · ")
}
