//! What may be wrong with a cell's data, below it: a sentence and a way out each.

use crate::tokens::{Tokens, font, size, space};
use crate::view::Frame;
use crate::widgets::{Button, dot, line_ui, sentence_ui, spoken};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::{BlockView, CellView};
use aloft_spec::{CellKind, Finding, Severity};
use egui::{Margin, Role, Sense, Ui, WidgetInfo, vec2};

/// Findings that are shown before one asks for all.
const FIRST: usize = 3;

/// The gravest findings, and all of them when asked for.
pub fn data_findings_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    if cell.findings.is_empty() {
        return;
    }
    line_ui(ui);
    let count = cell.findings.len();
    let open = frame.view.open_findings.contains(&block.id);
    let shown = if open { count } else { FIRST.min(count) };
    egui::Frame::new()
        .inner_margin(Margin::symmetric(space::M as i8, space::S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = space::XS;
            for finding in &cell.findings[..shown] {
                finding_ui(ui, frame, block, cell, finding);
            }
            if count > FIRST {
                let words = if open {
                    "Show fewer".to_owned()
                } else {
                    format!("Show all {count}")
                };
                let name = format!("{words} findings of {}", cell.name);
                if ui.add(Button::new(&words).quiet().small().name(&name)).clicked() {
                    if open {
                        frame.view.open_findings.remove(&block.id);
                    } else {
                        frame.view.open_findings.insert(block.id);
                    }
                }
            }
        });
}

fn finding_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView, finding: &Finding) {
    let t = Tokens::of(ui);
    let (mark, word) = match finding.severity {
        Severity::Error => (t.bad, "Error"),
        Severity::Warning => (t.warn, "Warning"),
        Severity::Info => (t.faint, "Note"),
    };
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(size::DOT, font::BODY_LINE), Sense::hover());
        dot(ui.painter(), rect.center() - vec2(0.0, 1.0), mark);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            let sentence = sentence_ui(ui, &finding.message, t.text);
            let seen = format!("Seen in {}", finding.extent);
            sentence.on_hover_text(seen).widget_info(|| {
                WidgetInfo::labeled(Role::Label, true, format!("{word}: {}", spoken(&finding.message)))
            });
            sentence_ui(ui, &finding.hint, t.dim);
            if let Some(class) = finding.class.filter(|_| cell.kind == CellKind::Source) {
                let words = format!("Set class to {class}");
                let name = format!("{words} in {}", cell.name);
                if ui.add(Button::new(&words).small().name(&name)).clicked() {
                    frame.send(Operation::SetClass {
                        block: block.id,
                        class,
                    });
                }
            }
        });
    });
}
