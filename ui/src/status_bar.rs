//! The line at the bottom: the machine, what runs, and whether the text is saved.

use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, bar_ui};
use aloft_protocol::Operation;
use aloft_spec::text;
use egui::{Align, Layout, RichText, Ui};

const BAR: f32 = 64.0;
/// Pieces of work that are named; the rest is counted.
const TASKS_SHOWN: usize = 3;

/// Shows the line in its panel.
pub fn status_bar_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(ui.max_rect().size());
        ui.add_space(space::M);
        machine_ui(ui, frame);
        tasks_ui(ui, frame);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(space::M);
            if let Some(notebook) = frame.notebook() {
                words(
                    ui,
                    if notebook.unsaved {
                        "Unsaved changes"
                    } else {
                        "Saved"
                    },
                );
            }
        });
    });
}

fn machine_ui(ui: &mut Ui, frame: &Frame<'_>) {
    let t = Tokens::of(ui);
    let machine = &frame.snapshot.machine;
    if !machine.device.is_empty() {
        words(ui, &machine.device);
    }
    let cpu = f64::from(machine.cpu);
    let load = bar_ui(ui, BAR, cpu, t.accent_quiet);
    load.on_hover_text(format!("{:.0} % of the processor in use", cpu * 100.0));
    if machine.memory_total_bytes == 0 {
        return;
    }
    ui.add_space(space::M);
    words(ui, "Memory");
    let share = machine.memory_used_bytes as f64 / machine.memory_total_bytes as f64;
    bar_ui(ui, BAR, share, if share > 0.9 { t.bad } else { t.accent_quiet });
    let used = text::bytes(machine.memory_used_bytes);
    let total = text::bytes(machine.memory_total_bytes);
    // The unit is said once where both have the same.
    let (number, unit) = used.split_once(' ').unwrap_or((&used, ""));
    let used = if total.ends_with(unit) { number } else { &used };
    words(ui, &format!("{used} of {total}"));
}

fn tasks_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let (waiting, running): (Vec<_>, Vec<_>) = frame.snapshot.tasks.iter().partition(|task| task.waiting);
    for task in running.iter().take(TASKS_SHOWN) {
        ui.add_space(space::M);
        let percent = task
            .fraction
            .map(|fraction| format!(" · {:.0} %", fraction * 100.0));
        words(ui, &format!("{}{}", task.label, percent.unwrap_or_default()));
        let name = format!("Stop: {}", task.label);
        if task.stoppable && stop_ui(ui, &name, "Stop") {
            frame.send(Operation::Stop { task: task.id });
        }
    }
    let more = running.len().saturating_sub(TASKS_SHOWN);
    if more > 0 {
        words(ui, &format!("and {more} more"));
    }
    if !waiting.is_empty() {
        ui.add_space(space::M);
        words(ui, &format!("{} waiting", waiting.len()));
        if stop_ui(ui, "Stop all that waits", "Stop all that waits") {
            for task in waiting {
                frame.send(Operation::Stop { task: task.id });
            }
        }
    }
}

fn stop_ui(ui: &mut Ui, name: &str, tip: &str) -> bool {
    let button = ui.add(Button::icon_only(Icon::Stop, name));
    button.on_hover_text(tip).clicked()
}

fn words(ui: &mut Ui, words: &str) {
    let t = Tokens::of(ui);
    let text = RichText::new(words)
        .font(fonts::regular(font::SMALL + 0.5))
        .color(t.dim);
    ui.add(egui::Label::new(text).truncate());
}
