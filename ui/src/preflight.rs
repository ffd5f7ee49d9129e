//! What would leave this machine, before it does.

use crate::dialog;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::training::pairs_ui;
use crate::view::Frame;
use crate::widgets::{Button, sentence_ui, text_ui};
use aloft_protocol::Operation;
use aloft_spec::job::{Preflight, SentFile};
use aloft_spec::text;
use aloft_spec::verdict::Placement;
use egui::{Align, Context, Layout, RichText, Ui};

/// Shows the preflight; `None` while it is being worked out.
pub fn preflight_ui(ctx: &Context, frame: &mut Frame<'_>, target: &str, preflight: Option<&Preflight>) {
    let mut answer = None;
    let title = format!("Send to {target}");
    let closed = dialog::show(ctx, &title, crate::tokens::size::DIALOG, |ui| {
        match preflight {
            Some(preflight) => content_ui(ui, preflight),
            None => {
                let t = Tokens::of(ui);
                let words = "Working out what would leave this machine…";
                text_ui(ui, words, fonts::regular(font::BODY), t.dim);
            }
        }
        dialog::buttons_ui(ui, |ui| {
            if let Some(preflight) = preflight.filter(|preflight| preflight.allowed) {
                let send = format!("Send {}", text::bytes(preflight.bytes_to_send()));
                if ui.add(Button::new(&send).primary()).clicked() {
                    answer = Some(Operation::ConfirmSend);
                }
            }
            let cancel = ui.add(Button::new("Cancel"));
            dialog::suggest(ui, &cancel);
            if cancel.clicked() {
                answer = Some(Operation::CancelSend);
            }
        });
    });
    if closed {
        answer = Some(Operation::CancelSend);
    }
    if let Some(operation) = answer {
        frame.send(operation);
    }
}

fn content_ui(ui: &mut Ui, preflight: &Preflight) {
    let t = Tokens::of(ui);
    let columns = preflight.columns.len();
    let facts = [
        ("cell", preflight.cell.clone()),
        ("to", preflight.destination.clone()),
        ("as", preflight.identity.clone()),
        ("rows", preflight.rows_told()),
        ("columns", format!("{columns}: {}", preflight.columns.join(", "))),
        ("class", preflight.class.to_string()),
    ];
    egui::Grid::new("preflight")
        .num_columns(2)
        .spacing(egui::vec2(space::L, 4.0))
        .max_col_width(ui.available_width() - 90.0)
        .min_row_height(18.0)
        .show(ui, |ui| {
            for (name, value) in facts {
                ui.label(RichText::new(name).color(t.dim));
                ui.add(egui::Label::new(RichText::new(value).color(t.text)).wrap());
                ui.end_row();
            }
        });
    ui.add_space(space::S);
    files_ui(ui, &preflight.files);
    let warning = match (preflight.allowed, preflight.placement) {
        (false, _) => Some((
            t.bad,
            preflight
                .note
                .as_deref()
                .unwrap_or("The policy keeps this data here"),
        )),
        (true, Some(Placement::Here)) => Some((t.dim, "The verdict would have this run on this machine")),
        _ => None,
    };
    if let Some((color, words)) = warning {
        sentence_ui(ui, words, color);
    }
    if preflight.allowed
        && let Some(note) = &preflight.note
    {
        sentence_ui(ui, note, t.dim);
    }
}

fn files_ui(ui: &mut Ui, files: &[SentFile]) {
    let t = Tokens::of(ui);
    egui::Frame::new()
        .fill(t.code)
        .corner_radius(egui::CornerRadius::same(crate::tokens::radius::CONTROL))
        .inner_margin(space::S + 2.0)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.spacing_mut().interact_size.y = 18.0;
            for file in files {
                ui.horizontal(|ui| {
                    let color = if file.sent { t.text } else { t.dim };
                    ui.label(
                        RichText::new(&file.name)
                            .font(fonts::mono(font::CODE))
                            .color(color),
                    );
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let note = if file.sent {
                            text::bytes(file.bytes)
                        } else {
                            format!("{} · there already", text::bytes(file.bytes))
                        };
                        ui.label(RichText::new(note).color(color));
                    });
                });
            }
        });
}

/// The key of a host that nobody has vouched for yet.
pub fn fingerprint_ui(ui: &mut Ui, host: &str, port: u16, fingerprint: &str) {
    let t = Tokens::of(ui);
    pairs_ui(ui, "host key", [("host", format!("{host}:{port}"))].into_iter());
    text_ui(ui, fingerprint, fonts::mono(font::CODE), t.text);
    let words = "Compare it with what the machine's owner tells you, or with `ssh-keygen -lf` on the machine. Once \
                 trusted, another key is refused.";
    sentence_ui(ui, words, t.dim);
}
