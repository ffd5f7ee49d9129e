//! The editor of a block's text.

pub mod buffer;
mod complete;
mod highlight;
mod marks;
mod popup;

pub use popup::Popup;

use crate::focus;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::view::{Frame, block_id, cell_of, editor_id};
use aloft_protocol::snapshot::BlockView;
use aloft_protocol::{BlockId, Operation};
use egui::text::{CCursor, CCursorRange, CharIndex};
use egui::text_edit::{TextEditOutput, TextEditState};
use egui::{
    Context, CursorIcon, Event, EventFilter, Id, Key, Margin, Modifiers, Rect, Response, Sense, TextBuffer,
    TextEdit, Ui,
};
use popup::Choice;

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
    let mut asked = false;
    let mut taken = false;
    if focused && language != Language::Prose {
        asked = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Space));
        taken = choose(ui, frame, block.id);
    }
    // Who walks through the window by Tab comes out again, and changes nothing on the way.
    let indents = language != Language::Prose && frame.view.walked_into != Some(block.id);
    if focused && indents {
        tab_becomes_spaces(ui);
    }
    let suggesting = frame
        .view
        .popup
        .as_ref()
        .is_some_and(|popup| popup.block == block.id);
    let buffer = frame.view.buffers.entry(block.id).or_default();
    buffer.follow(&block.text, block.text_revision);
    let marks = cell_of(block).map_or_else(Vec::new, |cell| {
        marks::of_cell(cell, &buffer.text, buffer.skipped_lines(), t)
    });

    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let job = match language {
            Language::Prose => highlight::prose(text.as_str(), t),
            Language::Sql => highlight::sql(text.as_str(), t),
            Language::Toml => highlight::toml(text.as_str(), t),
        };
        let mut wrapped = egui::text::LayoutJob {
            wrap: egui::text::TextWrapping::wrap_at_width(width),
            ..job
        };
        marks::underline(&mut wrapped, &marks);
        ui.painter().layout_job(wrapped)
    };
    let face = match language {
        Language::Prose => fonts::regular(font::PROSE),
        Language::Sql | Language::Toml => fonts::mono(font::CODE),
    };
    let output = TextEdit::multiline(&mut buffer.text)
        .id(id)
        .font(face)
        .frame(egui::Frame::new().inner_margin(Margin::symmetric(space::M as i8 + 2, space::S as i8 + 2)))
        .desired_width(f32::INFINITY)
        .desired_rows(1)
        .event_filter(EventFilter {
            tab: indents,
            horizontal_arrows: true,
            vertical_arrows: true,
            // Escape closes the suggestions first, and leaves the text only then.
            escape: suggesting,
        })
        .layouter(&mut layouter)
        .show(ui);
    let response = output.response.response.clone().accessible_name(name);
    if response.changed() {
        let text = buffer.whole();
        frame.send(Operation::EditText {
            block: block.id,
            text,
        });
    }
    if response.gained_focus() {
        let by_tab = ui.input(|input| input.key_pressed(Key::Tab));
        frame.view.walked_into = by_tab.then_some(block.id);
    } else if focused && ui.input(|input| input.events.iter().any(is_editing)) {
        frame.view.walked_into = None;
    }
    if response.gained_focus() || response.changed() || (response.has_focus() && response.clicked()) {
        frame.view.selected = Some(block.id);
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        frame.view.selected = Some(block.id);
        ui.memory_mut(|memory| memory.request_focus(block_id(block.id)));
    }
    if language != Language::Prose && !taken {
        suggestions_ui(ui.ctx(), frame, block.id, &output, &response, asked);
    }
    response
}

/// Lets keys choose from the open suggestions; true when one was put into the text.
fn choose(ui: &Ui, frame: &mut Frame<'_>, block: BlockId) -> bool {
    let Some(popup) = frame.view.popup.as_mut().filter(|popup| popup.block == block) else {
        return false;
    };
    let Some(choice) = popup.keys(ui) else {
        return false;
    };
    let popup = frame.view.popup.take();
    match (choice, popup) {
        (Choice::Take, Some(popup)) => take(ui.ctx(), frame, &popup),
        _ => false,
    }
}

/// Puts the chosen suggestion into the text, with the cursor behind it.
fn take(ctx: &Context, frame: &mut Frame<'_>, popup: &Popup) -> bool {
    let (block, id) = (popup.block, editor_id(popup.block));
    let buffer = frame.view.buffers.entry(block).or_default();
    let Some((text, cursor)) = popup.taken(&buffer.text) else {
        return false;
    };
    let index = CharIndex(text[..cursor].chars().count());
    buffer.text = text;
    let text = buffer.whole();
    set_cursor(ctx, id, index);
    frame.send(Operation::EditText { block, text });
    true
}

/// Puts the cursor of an editor that was shown before a letter of its text.
fn set_cursor(ctx: &Context, editor: Id, letter: CharIndex) {
    if let Some(mut state) = TextEditState::load(ctx, editor) {
        state
            .cursor
            .set_char_range(Some(CCursorRange::one(CCursor::new(letter))));
        state.store(ctx, editor);
    }
}

/// The room below a text that is shorter than what stands beside it looks like a part of it: a click there goes to its end.
pub fn room_below_ui(ui: &Ui, frame: &mut Frame<'_>, block: BlockId, room: Rect) {
    let id = editor_id(block);
    // Not a stop of Tab: the text above is.
    let room = ui
        .interact(room, id.with("below"), Sense::CLICK)
        .on_hover_cursor(CursorIcon::Text);
    if room.clicked() {
        let buffer = frame.view.buffers.get(&block);
        let end = buffer.map_or(0, |buffer| buffer.text.chars().count());
        set_cursor(ui.ctx(), id, CharIndex(end));
        focus::give(ui.ctx(), id);
        frame.view.selected = Some(block);
    }
}

/// Opens, follows and closes the list of suggestions as the text and the cursor change.
fn suggestions_ui(
    ctx: &Context,
    frame: &mut Frame<'_>,
    block: BlockId,
    output: &TextEditOutput,
    response: &Response,
    asked: bool,
) {
    let cursor = output
        .cursor_range
        .filter(CCursorRange::is_empty)
        .map(|range| range.primary);
    let is_open = frame
        .view
        .popup
        .as_ref()
        .is_some_and(|popup| popup.block == block);
    let Some(cursor) = cursor.filter(|_| response.has_focus()) else {
        // A press on a suggestion takes the keyboard from the text for a moment.
        if is_open && !ctx.input(|input| input.pointer.any_down() || input.pointer.any_released()) {
            frame.view.popup = None;
        } else if is_open {
            show(ctx, frame, response.id, output, CCursor::default());
        }
        return;
    };
    let text = frame.view.buffers.entry(block).or_default().text.clone();
    let at = text
        .char_indices()
        .nth(cursor.index.0)
        .map_or(text.len(), |(at, _)| at);
    if response.changed() || asked {
        let was_asked = asked || (is_open && frame.view.popup_asked);
        frame.view.popup = Popup::open(block, &text, at, frame, was_asked);
        frame.view.popup_asked = was_asked && frame.view.popup.is_some();
    } else if is_open && frame.view.popup.as_ref().is_some_and(|popup| !popup.ends_at(at)) {
        frame.view.popup = None;
    }
    show(ctx, frame, response.id, output, cursor);
}

fn show(ctx: &Context, frame: &mut Frame<'_>, editor: Id, output: &TextEditOutput, cursor: CCursor) {
    let Some(mut popup) = frame.view.popup.take() else {
        return;
    };
    let place = output
        .galley
        .pos_from_cursor(cursor)
        .translate(output.galley_pos.to_vec2());
    if popup.ui(ctx, editor, place).is_none() {
        frame.view.popup = Some(popup);
    } else {
        take(ctx, frame, &popup);
        ctx.memory_mut(|memory| memory.request_focus(editor));
    }
}

/// Whether something is done in the text that has the keyboard, rather than going on to the next one.
fn is_editing(event: &Event) -> bool {
    match event {
        Event::Key { key, pressed, .. } => *pressed && *key != Key::Tab,
        Event::Text(_) | Event::Paste(_) | Event::Cut | Event::Ime(_) => true,
        Event::PointerButton { pressed, .. } => *pressed,
        _ => false,
    }
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
