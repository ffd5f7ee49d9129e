//! The few widgets that the window is made of. Each has an accessible name and shows the keyboard's focus.

mod button;
mod icon;
mod list;
mod mark;

pub use button::{Button, Segments};
pub use icon::Icon;
pub use list::{Row, section_ui};
pub use mark::{bar_ui, chip_ui, dot, dot_ui, ring};

use crate::tokens::{Tokens, radius};
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, CornerRadius, FontId, Galley, Painter, Pos2, Rect, Response, Stroke, StrokeKind, Ui};
use std::sync::Arc;

/// One line of text, cut with `…` where it is too long.
pub fn line(ui: &Ui, text: &str, font: FontId, color: Color32, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), TextFormat::simple(font, color));
    job.wrap = TextWrapping::truncate_at_width(max_width.max(0.0));
    job.break_on_newline = false;
    ui.painter().layout_job(job)
}

/// Paints a line of text with its left end at `x`, centred at `y`.
pub fn paint_left(painter: &Painter, galley: Arc<Galley>, x: f32, y: f32) -> Rect {
    let rect = Rect::from_min_size(Pos2::new(x, y - galley.size().y / 2.0), galley.size());
    painter.galley(rect.min, galley, Color32::PLACEHOLDER);
    rect
}

/// Paints a line of text with its right end at `x`, centred at `y`.
pub fn paint_right(painter: &Painter, galley: Arc<Galley>, x: f32, y: f32) -> Rect {
    let left = x - galley.size().x;
    paint_left(painter, galley, left, y)
}

/// The ring around what has the keyboard's focus.
pub fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        focus_ring_at(ui, response.rect, radius::CONTROL);
    }
}

/// The same around any rectangle.
pub fn focus_ring_at(ui: &Ui, rect: Rect, corner: u8) {
    ui.painter().rect_stroke(
        rect,
        CornerRadius::same(corner),
        Stroke::new(2.0, Tokens::of(ui).accent),
        StrokeKind::Inside,
    );
}

/// A wrapped text in a colour and size of the tokens.
pub fn text_ui(ui: &mut Ui, text: impl Into<String>, font: FontId, color: Color32) -> Response {
    ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(color)).wrap())
}

/// A one-pixel line over the whole width.
pub fn line_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().hline(
        rect.x_range(),
        rect.center().y,
        Stroke::new(1.0, Tokens::of(ui).line),
    );
}
