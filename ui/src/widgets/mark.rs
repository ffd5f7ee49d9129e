//! Marks that mean a state: dots, bars, chips.

use super::{focus_ring_at, line, paint_left};
use crate::fonts;
use crate::tokens::{Tokens, font, radius, size, space};
use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

/// A dot that means a state.
pub fn dot(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_filled(center, size::DOT / 2.0, color);
}

/// A hollow dot: what it stands for isn't true any more, or not yet.
pub fn ring(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_stroke(center, size::DOT / 2.0 - 0.75, egui::Stroke::new(1.5, color));
}

/// The same as a widget of its own.
pub fn dot_ui(ui: &mut Ui, color: Color32) -> Response {
    let height = ui.available_height().min(font::BODY_LINE);
    let (rect, response) = ui.allocate_exact_size(vec2(size::DOT, height), Sense::hover());
    dot(ui.painter(), rect.center(), color);
    response
}

/// A bar that shows a share from 0 to 1; more fills it.
pub fn bar_ui(ui: &mut Ui, width: f32, share: f64, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::BAR), Sense::hover());
    bar(ui.painter(), rect, share, color, Tokens::of(ui).line);
    response
}

fn bar(painter: &Painter, rect: Rect, share: f64, color: Color32, ground: Color32) {
    let corner = CornerRadius::same(radius::ROUND);
    painter.rect_filled(rect, corner, ground);
    let share = share.clamp(0.0, 1.0) as f32;
    if share > 0.0 {
        let filled = Rect::from_min_size(
            rect.min,
            vec2((rect.width() * share).max(rect.height()), rect.height()),
        );
        painter.rect_filled(filled, corner, color);
    }
}

/// A rounded button that says how something stands.
pub fn chip_ui(ui: &mut Ui, mark: Color32, ground: Color32, text: &str) -> Response {
    let t = Tokens::of(ui);
    let galley = line(ui, text, fonts::medium(font::BODY - 1.0), t.text, f32::INFINITY);
    let padding = space::M - 2.0;
    let width = padding + size::DOT + 6.0 + galley.size().x + padding;
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::CONTROL_SMALL), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    if ui.is_rect_visible(rect) {
        ui.painter()
            .rect_filled(rect, CornerRadius::same(radius::ROUND), ground);
        let y = rect.center().y;
        dot(
            ui.painter(),
            Pos2::new(rect.left() + padding + size::DOT / 2.0, y),
            mark,
        );
        paint_left(ui.painter(), galley, rect.left() + padding + size::DOT + 6.0, y);
        if response.has_focus() || response.hovered() {
            focus_ring_at(ui, rect, radius::ROUND);
        }
    }
    response
}
