//! Which columns the model looks at.

use super::{note_ui, spoken, title_ui};
use crate::fonts;
use crate::metrics::{ROW, word};
use crate::tokens::{Tokens, font, space};
use crate::widgets::{line, paint_left, paint_right};
use aloft_spec::report::{Explanation, Importance};
use aloft_spec::text::thousands;
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
        let decimals = decimals(&explanation.importance);
        for found in explanation.importance.iter().take(MOST) {
            bar_ui(ui, found, reach, decimals, &metric);
        }
    });
    note_ui(ui, notes(explanation));
}

/// So many that the most important column has three digits: what has none left with them doesn't matter beside it.
fn decimals(importance: &[Importance]) -> usize {
    let most = importance
        .iter()
        .map(|found| found.mean.abs())
        .fold(0.0, f64::max);
    if most > 0.0 && most.is_finite() {
        (2 - most.log10().floor() as i32).clamp(0, 9) as usize
    } else {
        0
    }
}

/// A number without the sign of one that is rounded to nothing.
fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

fn bar_ui(ui: &mut Ui, found: &Importance, reach: f64, decimals: usize, metric: &str) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let number = |value: f64| rounded(value, decimals);
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
    let value = format!("{} ± {}", number(found.mean), number(found.deviation));
    let value = line(ui, &value, fonts::regular(font::SMALL + 0.5), t.dim, NUMBERS);
    paint_right(painter, value, rect.right(), y);
}

fn notes(explanation: &Explanation) -> String {
    let mut notes = Vec::new();
    let more = explanation.importance.len().saturating_sub(MOST);
    if more > 0 {
        let verb = if more == 1 {
            "column matters"
        } else {
            "columns matter"
        };
        notes.push(format!("{} more {verb} less", thousands(more as u64)));
    }
    if explanation.unreached > 0 {
        let verb = if explanation.unreached == 1 {
            "column wasn't"
        } else {
            "columns weren't"
        };
        notes.push(format!(
            "{} {verb} reached in time",
            thousands(explanation.unreached)
        ));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_below_each_other() {
        let of = |mean| Importance {
            column: "c".into(),
            mean,
            deviation: 0.001,
            repeats: 5,
        };
        let all = [of(0.927), of(0.005_92), of(-0.000_05)];
        let decimals = decimals(&all);
        let said = all.map(|found| rounded(found.mean, decimals));
        assert_eq!(said, ["0.927", "0.006", "0.000"]);
        assert_eq!(super::decimals(&[of(84_000.0)]), 0);
        assert_eq!(super::decimals(&[]), 0);
    }
}
