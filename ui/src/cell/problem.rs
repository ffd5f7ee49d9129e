//! A problem where it belongs: what happened, where, and what to do next.

use crate::tokens::{Tokens, font, size, space};
use crate::widgets::{capitalized, dot, sentence_ui, spoken};
use aloft_spec::{Problem, Severity};
use egui::{CornerRadius, Margin, Role, Ui, WidgetInfo};

/// A finding within a card, over the whole width.
pub fn finding_ui(ui: &mut Ui, severity: Severity, problem: &Problem, corner: CornerRadius) {
    let t = Tokens::of(ui);
    let (mark, ground) = match severity {
        Severity::Error => (t.bad, t.bad_quiet),
        Severity::Warning => (t.warn, t.warn_quiet),
        Severity::Info => (t.faint, t.panel),
    };
    egui::Frame::new()
        .fill(ground)
        .corner_radius(corner)
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::S;
                let (rect, _) =
                    ui.allocate_exact_size(egui::vec2(size::DOT, font::BODY_LINE), egui::Sense::hover());
                dot(ui.painter(), rect.center() - egui::vec2(0.0, 1.0), mark);
                ui.vertical(|ui| problem_ui(ui, problem));
            });
        });
}

/// The words of a problem.
pub fn problem_ui(ui: &mut Ui, problem: &Problem) {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    let message = capitalized(&problem.message);
    let message = match &problem.place {
        Some(place) => match (place.line, place.column) {
            (Some(line), Some(column)) => format!("{line}:{column}  {message}"),
            (Some(line), None) => format!("{line}  {message}"),
            _ => message,
        },
        None => message,
    };
    let response = sentence_ui(ui, &message, t.text);
    if let Some(place) = &problem.place {
        response.clone().on_hover_text(place.to_string());
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken(&problem.message)));
    if let Some(hint) = &problem.hint {
        sentence_ui(ui, hint, t.dim);
    }
}
