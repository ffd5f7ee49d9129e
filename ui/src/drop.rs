//! Files dropped on the window.

use crate::fonts;
use crate::tokens::{Tokens, font, radius, space};
use crate::view::Frame;
use aloft_protocol::Operation;
use egui::{Align2, Context, CornerRadius, Id, LayerId, Order, Stroke, StrokeKind};
use std::path::PathBuf;

/// Takes dropped files, and says where they would go while they hover.
pub fn drop_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let (hovering, dropped) = ctx.input(|input| {
        let dropped: Vec<PathBuf> = input
            .raw
            .dropped_files
            .iter()
            .map(|file| file.path().to_owned())
            .collect();
        (!input.raw.hovered_files.is_empty(), dropped)
    });
    if !dropped.is_empty() {
        frame.send(Operation::Drop { paths: dropped });
    }
    if hovering {
        let t = Tokens::of_ctx(ctx);
        let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("drop")));
        let rect = ctx.content_rect();
        painter.rect_filled(rect, 0.0, t.backdrop);
        let inner = rect.shrink(space::XL);
        let corner = CornerRadius::same(radius::CARD);
        painter.rect(
            inner,
            corner,
            t.raised.gamma_multiply(0.9),
            Stroke::new(2.0, t.accent),
            StrokeKind::Inside,
        );
        let words = if frame.project().is_some() {
            "Drop: data files become sources, a folder is opened"
        } else {
            "Drop to open"
        };
        painter.text(
            inner.center(),
            Align2::CENTER_CENTER,
            words,
            fonts::semibold(font::HEADING),
            t.text,
        );
    }
}
