//! Targets: a list to test and remove, and a form for a new one.

mod form;

pub use form::TargetForm;

use crate::dialog;
use crate::fonts;
use crate::tokens::{Tokens, font, radius, size, space};
use crate::view::Frame;
use crate::widgets::{Button, dot, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::TargetView;
use egui::{Align, Context, Layout, RichText, Sense, Stroke, Ui};

/// Shows list or form while they are open.
pub fn targets_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let Some(mut form) = frame.view.targets.take() else {
        return;
    };
    let keep = if form.is_new() {
        form::form_ui(ctx, frame, &mut form)
    } else {
        list_ui(ctx, frame, &mut form)
    };
    if keep {
        frame.view.targets = Some(form);
    }
}

fn list_ui(ctx: &Context, frame: &mut Frame<'_>, form: &mut TargetForm) -> bool {
    let targets: &[TargetView] = frame.project().map_or(&[], |project| &project.targets);
    let mut done = false;
    let closed = dialog::show(ctx, "Targets", size::DIALOG, |ui| {
        let t = Tokens::of(ui);
        if targets.is_empty() {
            let words = "No targets yet. Any Linux machine that you reach over SSH can be one.";
            text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        }
        for target in targets {
            target_ui(ui, frame, target);
        }
        dialog::buttons_ui(ui, |ui| {
            done = ui.add(Button::new("Done")).clicked();
            if ui.add(Button::new("Add a target…").primary()).clicked() {
                *form = TargetForm::new_target();
            }
        });
    });
    !(closed || done)
}

fn target_ui(ui: &mut Ui, frame: &mut Frame<'_>, target: &TargetView) {
    let t = Tokens::of(ui);
    egui::Frame::new()
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(egui::CornerRadius::same(radius::CONTROL))
        .inner_margin(space::S + 2.0)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                let (rect, _) =
                    ui.allocate_exact_size(egui::vec2(size::DOT, font::BODY_LINE), Sense::hover());
                let mark = match &target.tested {
                    Some(Ok(_)) => t.ok,
                    Some(Err(_)) => t.bad,
                    None => t.faint,
                };
                dot(ui.painter(), rect.center(), mark);
                ui.label(
                    RichText::new(&target.name)
                        .font(fonts::medium(font::BODY))
                        .color(t.text),
                );
                ui.label(RichText::new(target.spec.address()).color(t.dim));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let name = target.name.clone();
                    let remove = format!("Remove {name}");
                    let test = format!("Test {name}");
                    if ui
                        .add(Button::new("Remove").quiet().small().name(&remove))
                        .clicked()
                    {
                        frame.send(Operation::RemoveTarget { name });
                    } else if ui.add(Button::new("Test").small().name(&test)).clicked() {
                        frame.send(Operation::TestTarget { name });
                    }
                });
            });
            match &target.tested {
                Some(Ok(said)) => {
                    text_ui(ui, said.as_str(), fonts::regular(font::SMALL + 0.5), t.dim);
                }
                Some(Err(problem)) => crate::cell::problem_ui(ui, problem),
                None => {}
            }
        });
}
