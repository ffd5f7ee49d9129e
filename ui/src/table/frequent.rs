//! The most frequent values of a column, as bars in its head.

use crate::fonts;
use crate::tokens::{Tokens, font};
use crate::widgets::{line, paint_left};
use aloft_spec::profile::{ColumnProfile, TopValue};
use aloft_spec::table::ColumnKind;
use aloft_spec::text::percent;
use egui::{Color32, CornerRadius, FontId, Painter, Rect, Ui, pos2, vec2};

/// Values that have room below each other.
const SHOWN: usize = 3;
/// Room beside a value within its bar.
const PADDING: f32 = 4.0;

/// Paints the values into `rect`; each has its share of the rows that have a value.
pub fn values_ui(ui: &Ui, painter: &Painter, rect: Rect, profile: &ColumnProfile, counted: u64) {
    let t = Tokens::of(ui);
    let most = profile.top.first().map_or(1, |top| top.count.max(1)) as f32;
    let step = rect.height() / SHOWN as f32;
    for (index, value) in profile.top.iter().take(SHOWN).enumerate() {
        let top = rect.top() + index as f32 * step;
        let width = (rect.width() * value.count as f32 / most).max(2.0);
        let bar = Rect::from_min_size(pos2(rect.left(), top), vec2(width, step - 1.5));
        painter.rect_filled(bar, CornerRadius::same(2), t.accent_quiet.gamma_multiply(0.55));
        let room = rect.width() - 2.0 * PADDING;
        let galley = line(ui, &label(value, counted), face(), t.text, room);
        paint_left(painter, galley, rect.left() + PADDING, bar.center().y);
    }
}

/// Width in which the values can be read whole; 0 where a column's head shows something else.
pub fn width(ui: &Ui, profile: &ColumnProfile, rows: u64) -> f32 {
    if profile.histogram.is_some() || profile.field.kind == ColumnKind::Boolean {
        return 0.0;
    }
    let counted = rows.saturating_sub(profile.nulls).max(1);
    let widths = profile.top.iter().take(SHOWN).map(|value| {
        let label = label(value, counted);
        line(ui, &label, face(), Color32::PLACEHOLDER, f32::INFINITY)
            .size()
            .x
    });
    widths.fold(0.0, f32::max).ceil() + 2.0 * PADDING
}

/// `Adelie 44.2 %`
fn label(value: &TopValue, counted: u64) -> String {
    format!(
        "{} {}",
        super::one_line(&value.value),
        percent(value.count, counted)
    )
}

fn face() -> FontId {
    fonts::regular(font::SMALL - 1.5)
}
