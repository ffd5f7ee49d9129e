//! Questions of the session, and the window's own small ones: closing with runs going on, the name of a notebook, the
//! sheet of shortcuts.

use crate::command::{Command, Scope, keys_text};
use crate::dialog;
use crate::fonts;
use crate::preflight::preflight_ui;
use crate::tokens::{Tokens, font, space};
use crate::view::Frame;
use crate::widgets::{Button, text_ui};
use aloft_protocol::Operation;
use aloft_protocol::operation::CloseChoice;
use aloft_protocol::snapshot::Question;
use egui::{Context, Key, RichText};

/// Shows what waits for an answer.
pub fn questions_ui(ctx: &Context, frame: &mut Frame<'_>) {
    notebook_name_ui(ctx, frame);
    shortcuts_ui(ctx, frame);
    match &frame.snapshot.question {
        Some(Question::Preflight { target, preflight }) => {
            preflight_ui(ctx, frame, target, preflight.as_deref());
        }
        Some(Question::CloseWithRuns { runs }) => close_ui(ctx, frame, runs),
        // The form for a new target shows it; without the form nobody waits for it any more.
        Some(Question::HostKey { .. }) | None => {}
    }
}

fn close_ui(ctx: &Context, frame: &mut Frame<'_>, runs: &[String]) {
    let mut choice = None;
    let title = if runs.len() == 1 {
        "A run goes on"
    } else {
        "Runs go on"
    };
    let closed = dialog::show(ctx, title, 440.0, |ui| {
        let t = Tokens::of(ui);
        for run in runs {
            text_ui(ui, run.as_str(), fonts::mono(font::CODE), t.text);
        }
        let words = if runs.len() == 1 {
            "It can go on without the window; you find it again when you come back."
        } else {
            "They can go on without the window; you find them again when you come back."
        };
        text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        dialog::buttons_ui(ui, |ui| {
            let keep = ui.add(Button::new("Keep running").primary());
            dialog::suggest(ui, &keep);
            if keep.clicked() {
                choice = Some(CloseChoice::KeepRunning);
            }
            if ui.add(Button::new("Stop and close").color(t.bad)).clicked() {
                choice = Some(CloseChoice::StopRuns);
            }
            if ui.add(Button::new("Cancel")).clicked() {
                choice = Some(CloseChoice::Cancel);
            }
        });
    });
    if let Some(choice) = choice.or(closed.then_some(CloseChoice::Cancel)) {
        frame.send(Operation::Close { choice });
    }
}

fn notebook_name_ui(ctx: &Context, frame: &mut Frame<'_>) {
    let Some(mut name) = frame.view.new_notebook.take() else {
        return;
    };
    let mut made = false;
    let mut cancelled = false;
    let closed = dialog::show(ctx, "New notebook", 380.0, |ui| {
        let t = Tokens::of(ui);
        let response = egui::TextEdit::singleline(&mut name)
            .hint_text(RichText::new("weather_forecast").color(t.dim))
            .desired_width(f32::INFINITY)
            .show(ui)
            .response
            .response
            .accessible_name("Name of the notebook");
        let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if !entered && ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
        let usable = is_file_name(&name);
        let words = match name.trim() {
            "" => "It becomes the name of a file.",
            _ if usable => "",
            _ => "A file's name has no / \\ : * ? \" < > | and doesn't begin with a dot.",
        };
        text_ui(ui, words, fonts::regular(font::SMALL + 0.5), t.dim);
        dialog::buttons_ui(ui, |ui| {
            let create = ui.add_enabled(usable, Button::new("Create").primary());
            made = create.clicked() || (entered && usable);
            cancelled = ui.add(Button::new("Cancel")).clicked();
        });
    });
    if made {
        frame.send(Operation::NewNotebook {
            name: name.trim().to_owned(),
        });
    } else if !closed && !cancelled {
        frame.view.new_notebook = Some(name);
    }
}

/// Whether a text can be a file's name on all systems.
fn is_file_name(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && !name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c))
}

fn shortcuts_ui(ctx: &Context, frame: &mut Frame<'_>) {
    if !frame.view.shortcuts {
        return;
    }
    let mut done = false;
    let closed = dialog::show(ctx, Command::Shortcuts.text(), 680.0, |ui| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::XL + space::S;
            sheet_ui(ui, "Everywhere", &keys_of(ctx, Scope::Everywhere));
            ui.vertical(|ui| {
                sheet_ui(ui, "With a block selected", &keys_of(ctx, Scope::Notebook));
                ui.add_space(space::M);
                let in_tables = IN_TABLES.map(|(keys, words)| (keys.to_owned(), words));
                sheet_ui(ui, "In the cells of a table", &in_tables);
            });
        });
        let t = Tokens::of(ui);
        ui.add_space(space::S);
        let words = "Esc leaves a text and selects its block. Tab goes to the next control; in code that is being written it \
                     indents. In a selected chart Left and Right choose rows, with Shift more of them.";
        text_ui(ui, words, fonts::regular(font::BODY), t.dim);
        dialog::buttons_ui(ui, |ui| {
            let close = ui.add(Button::new("Close"));
            dialog::suggest(ui, &close);
            done = close.clicked();
        });
    });
    frame.view.shortcuts = !closed && !done;
}

/// Keys that only tables know.
const IN_TABLES: [(&str, &str); 5] = [
    ("Arrows", "Go to the next cell"),
    ("Ctrl Arrows", "Go to the last one"),
    ("Shift Arrows", "Select more"),
    ("Ctrl A", "Select all"),
    ("Ctrl C", "Copy"),
];

/// Keys and what they do.
fn keys_of(ctx: &Context, scope: Scope) -> Vec<(String, &'static str)> {
    let commands = Command::ALL
        .into_iter()
        .filter(|command| command.scope() == scope);
    let keys = |command: Command| {
        let keys: Vec<String> = command
            .shortcuts()
            .iter()
            .map(|shortcut| keys_text(ctx, shortcut))
            .collect();
        (!keys.is_empty()).then(|| (keys.join(", "), command.text()))
    };
    commands.filter_map(keys).collect()
}

fn sheet_ui(ui: &mut egui::Ui, title: &str, keys: &[(String, &str)]) {
    let t = Tokens::of(ui);
    ui.vertical(|ui| {
        ui.label(
            RichText::new(title)
                .font(fonts::semibold(font::SMALL))
                .color(t.dim),
        );
        egui::Grid::new(title)
            .spacing(egui::vec2(space::L, 4.0))
            .min_row_height(18.0)
            .show(ui, |ui| {
                for (keys, words) in keys {
                    ui.label(RichText::new(keys).color(t.dim));
                    ui.label(RichText::new(*words).color(t.text));
                    ui.end_row();
                }
            });
    });
}

#[cfg(test)]
mod tests {
    use super::is_file_name;

    #[test]
    fn names_of_notebooks_are_names_of_files() {
        assert!(is_file_name("weather forecast"));
        for bad in ["", "  ", "a/b", "..", "a\u{7}"] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
    }
}
