//! Adding blocks: buttons between two blocks while the pointer is there, and a menu for the keyboard.

use crate::command::{Command, add_block};
use crate::dialog;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, text_ui};
use aloft_protocol::BlockId;
use aloft_spec::CellKind;
use egui::{Align, Key, Layout, Rect, Sense, Ui, UiBuilder, vec2};

/// Space between two blocks.
pub const GAP: f32 = 22.0;

/// What can be added, and the letter that chooses it in the menu.
const KINDS: [(&str, Key, Option<CellKind>); 7] = [
    ("Source", Key::S, Some(CellKind::Source)),
    ("Query", Key::Q, Some(CellKind::Query)),
    ("Parameter", Key::P, Some(CellKind::Param)),
    ("Chart", Key::C, Some(CellKind::Chart)),
    ("Train", Key::T, Some(CellKind::Train)),
    ("Sweep", Key::W, Some(CellKind::Sweep)),
    ("Text", Key::X, None),
];

/// The space after a block; the buttons are there while the pointer is.
pub fn gap_ui(ui: &mut Ui, frame: &mut Frame<'_>, after: BlockId) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), GAP), Sense::hover());
    if ui.rect_contains_pointer(rect) && ui.input(|input| input.pointer.primary_down()) {
        // A press on the way to something else, such as a selection of text, doesn't bring buttons up.
        return;
    }
    if ui.rect_contains_pointer(rect) {
        let mut inner = ui.new_child(
            UiBuilder::new()
                .max_rect(centered(rect, 480.0))
                .layout(Layout::left_to_right(Align::Center)),
        );
        buttons_ui(&mut inner, frame, Some(after));
    }
}

/// The buttons at the end of the notebook: always there.
pub fn end_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
    let layout = Layout::left_to_right(Align::Center);
    let mut inner = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    buttons_ui(&mut inner, frame, None);
}

fn centered(rect: Rect, width: f32) -> Rect {
    Rect::from_center_size(rect.center(), vec2(width.min(rect.width()), rect.height()))
}

fn buttons_ui(ui: &mut Ui, frame: &mut Frame<'_>, after: Option<BlockId>) {
    ui.spacing_mut().item_spacing.x = space::XS;
    for (text, _, kind) in KINDS {
        let command = kind.as_ref().map_or(Command::AddText, Command::adding);
        let place = if after.is_some() { "here" } else { "at the end" };
        let name = format!("{} {place}", command.text());
        let button = Button::new(text).icon(Icon::Plus).quiet().small().name(&name);
        if ui.add(button).on_hover_text(command.tooltip()).clicked() {
            add_block(frame, after, kind);
        }
    }
}

/// The menu that `A` and `B` open: arrows or a letter choose.
pub fn menu_ui(ui: &Ui, frame: &mut Frame<'_>) {
    let Some(adding) = frame.view.adding else {
        return;
    };
    let t = Tokens::of(ui);
    let mut chosen = None;
    let closed = dialog::show(ui.ctx(), "Add", 260.0, |ui| {
        let hint = "S, Q, P, C, T, W, X, or arrows and Enter";
        text_ui(ui, hint, fonts::regular(font::SMALL), t.dim);
        ui.add_space(space::XS);
        for (index, (text, key, kind)) in KINDS.into_iter().enumerate() {
            let response = ui.add(Button::new(text).wide());
            if index == 0 {
                dialog::suggest(ui, &response);
            }
            if response.clicked() || ui.input(|input| input.key_pressed(key)) {
                chosen = Some(kind);
            }
        }
    });
    if closed || chosen.is_some() {
        frame.view.adding = None;
    }
    if let Some(kind) = chosen {
        add_block(frame, adding.after, kind);
    }
}
