//! How far predictions are off.

use super::pane::{Pane, axis};
use super::{HEIGHT, note_ui, title_ui};
use crate::tokens::Tokens;
use aloft_spec::report::{Evaluation, Residuals};
use aloft_spec::text::{significant_digits, thousands};
use egui::{Rect, Ui, vec2};

/// The histogram of predicted minus true values.
pub fn residuals_ui(ui: &mut Ui, residuals: &Residuals, evaluation: &Evaluation) {
    title_ui(ui, "Predicted minus true");
    let beyond = residuals.below + residuals.above;
    let height = if beyond > 0 { HEIGHT - 20.0 } else { HEIGHT };
    let x = axis("predicted − true", residuals.edges.iter().copied().chain([0.0]));
    let mut y = axis("", residuals.counts.iter().map(|count| *count as f64));
    y.low = 0.0;
    let t = Tokens::of(ui);
    let top = y.high;
    let name = format!("Histogram of residuals, {} rows", thousands(evaluation.rows));
    let pane = Pane::ui(ui, vec2(ui.available_width(), height), x, y, &name);
    let bars = residuals.edges.windows(2).zip(&residuals.counts);
    let mut pointed = None;
    for (edges, count) in bars {
        let rect = Rect::from_two_pos(pane.at([edges[0], 0.0]), pane.at([edges[1], *count as f64]));
        let gap = (rect.width() * 0.06).min(0.5);
        pane.painter(ui)
            .rect_filled(rect.shrink2(vec2(gap, 0.0)), 0.0, t.accent_quiet);
        let pointer = pane.response.hover_pos();
        if pointer.is_some_and(|pointer| rect.x_range().contains(pointer.x)) {
            pointed = Some((edges[0], edges[1], *count));
        }
    }
    pane.dashes(ui, [0.0, 0.0], [0.0, top], t.dim);
    if let Some((from, to, count)) = pointed {
        let number = |value: f64| significant_digits(value, 3);
        let words = format!("{} to {}\n{} rows", number(from), number(to), thousands(count));
        pane.response.on_hover_ui_at_pointer(|ui| {
            ui.label(words);
        });
    }
    if beyond > 0 {
        let (below, above) = (thousands(residuals.below), thousands(residuals.above));
        note_ui(
            ui,
            format!("{below} rows lie further below, {above} further above."),
        );
    }
}
