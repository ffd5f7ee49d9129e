//! The editor of a block's text.

pub mod buffer;
mod highlight;

use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::view::{Frame, block_id, editor_id};
use aloft_protocol::Operation;
use aloft_protocol::snapshot::BlockView;
use egui::{Event, EventFilter, Key, Margin, Modifiers, Response, TextBuffer, TextEdit, Ui};

/// How an editor's text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Markdown: in the face of prose, without colours.
    Prose,
    /// SQL.
    Sql,
    /// TOML.
    Toml,
}

/// A block's text, to be edited.
pub fn editor_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: &BlockView,
    language: Language,
    name: &str,
) -> Response {
    let t = Tokens::of(ui);
    let id = editor_id(block.id);
    let focused = ui.memory(|memory| memory.has_focus(id));
    if focused && language != Language::Prose {
        tab_becomes_spaces(ui);
    }
    let buffer = frame.view.buffers.entry(block.id).or_default();
    buffer.follow(&block.text, block.text_revision);

    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let job = match language {
            Language::Prose => highlight::prose(text.as_str(), t),
            Language::Sql => highlight::sql(text.as_str(), t),
            Language::Toml => highlight::toml(text.as_str(), t),
        };
        let wrapped = egui::text::LayoutJob {
            wrap: egui::text::TextWrapping::wrap_at_width(width),
            ..job
        };
        ui.painter().layout_job(wrapped)
    };
    let face = match language {
        Language::Prose => fonts::regular(font::PROSE),
        Language::Sql | Language::Toml => fonts::mono(font::CODE),
    };
    let response = TextEdit::multiline(&mut buffer.text)
        .id(id)
        .font(face)
        .frame(egui::Frame::new().inner_margin(Margin::symmetric(space::M as i8 + 2, space::S as i8 + 2)))
        .desired_width(f32::INFINITY)
        .desired_rows(1)
        .event_filter(EventFilter {
            tab: language != Language::Prose,
            horizontal_arrows: true,
            vertical_arrows: true,
            escape: false,
        })
        .layouter(&mut layouter)
        .show(ui)
        .response
        .response
        .accessible_name(name);
    if response.changed() {
        let text = buffer.whole();
        frame.send(Operation::EditText {
            block: block.id,
            text,
        });
    }
    if response.gained_focus() || response.changed() || (response.has_focus() && response.clicked()) {
        frame.view.selected = Some(block.id);
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        frame.view.selected = Some(block.id);
        ui.memory_mut(|memory| memory.request_focus(block_id(block.id)));
    }
    response
}

/// Tab indents by spaces, as the notebook's own templates do.
fn tab_becomes_spaces(ui: &Ui) {
    ui.input_mut(|input| {
        for event in &mut input.events {
            if matches!(event, Event::Key { key: Key::Tab, pressed: true, modifiers, .. } if *modifiers == Modifiers::NONE)
            {
                *event = Event::Text("    ".to_owned());
            }
        }
    });
}
