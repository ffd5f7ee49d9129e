//! The few widgets that the window is made of. Each has an accessible name and shows the keyboard's focus.

mod button;
mod icon;
mod list;
mod mark;

pub use button::{Button, Segments};
pub use icon::Icon;
pub use list::{Row, section_ui};
pub use mark::{bar_ui, chip_ui, dot, dot_ui, ring};

use crate::fonts;
use crate::tokens::{Tokens, font, radius};
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

/// A wrapped sentence of the program. Names and code in it stand between backticks: those are in the face of code, without
/// the marks.
pub fn sentence_ui(ui: &mut Ui, text: &str, color: Color32) -> Response {
    let text = capitalized(text);
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        // A mark without another one is a letter.
        return text_ui(ui, text, fonts::regular(font::BODY), color);
    }
    let mut job = LayoutJob::default();
    for (index, piece) in pieces.into_iter().enumerate() {
        let face = match index % 2 {
            0 => fonts::regular(font::BODY),
            _ => fonts::mono(font::CODE - 0.5),
        };
        job.append(piece, 0.0, TextFormat::simple(face, color));
    }
    ui.add(egui::Label::new(job).wrap())
}

/// The same sentence as it is spoken.
pub fn spoken(text: &str) -> String {
    capitalized(text).replace('`', "")
}

/// On the command line a problem goes on behind `error:`; here it is a sentence of its own. An address or a file's name at
/// its beginning stays as it is.
pub fn capitalized(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let is_word = word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || b"'-,".contains(&byte));
    match text.get(..1) {
        Some(first) if is_word => first.to_ascii_uppercase() + &text[1..],
        _ => text.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_like_sentences() {
        for (text, shown) in [
            ("there is no column `carier`", "There is no column `carier`"),
            ("a batch takes 130 GB", "A batch takes 130 GB"),
            ("`year` is 2013", "`year` is 2013"),
            (
                "lab.example.org:22 doesn't answer",
                "lab.example.org:22 doesn't answer",
            ),
            ("data/a.csv can't be read", "data/a.csv can't be read"),
            ("7 of 15 classes", "7 of 15 classes"),
            ("über", "über"),
            ("", ""),
        ] {
            assert_eq!(capitalized(text), shown);
        }
        assert_eq!(spoken("leave `c0` out"), "Leave c0 out");
    }
}
