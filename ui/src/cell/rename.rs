//! A cell's name while it is changed.

use crate::fonts;
use crate::tokens::{Tokens, font};
use crate::view::{Frame, block_id};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::is_valid_name;
use egui::{Id, Key, Ui};

/// A name being typed.
#[derive(Debug)]
pub struct Renaming {
    /// The cell.
    pub block: BlockId,
    name: String,
    focused: bool,
}

impl Renaming {
    /// Starts with the name as it is.
    pub fn new(block: BlockId, name: &str) -> Self {
        Self {
            block,
            name: name.to_owned(),
            focused: false,
        }
    }
}

/// The field; Enter keeps the name, Esc leaves it as it was.
pub fn rename_ui(ui: &mut Ui, frame: &mut Frame<'_>) {
    let Some(renaming) = &mut frame.view.renaming else {
        return;
    };
    let t = Tokens::of(ui);
    let valid = is_valid_name(&renaming.name);
    let response = egui::TextEdit::singleline(&mut renaming.name)
        .id(Id::unique(("rename", renaming.block)))
        .font(fonts::mono(font::CODE))
        .text_color(if valid { t.text } else { t.bad })
        .desired_width(160.0)
        .show(ui)
        .response
        .response
        .accessible_name("Name of the cell");
    if !renaming.focused {
        renaming.focused = true;
        response.request_focus();
    }
    if !valid {
        response.show_tooltip_text("Letters, digits and underscores, starting with a letter");
    }
    if response.lost_focus() {
        let block = renaming.block;
        let name = renaming.name.clone();
        let kept = valid && ui.input(|input| input.key_pressed(Key::Enter));
        frame.view.renaming = None;
        if kept {
            frame.send(Operation::RenameCell { block, name });
        }
        ui.memory_mut(|memory| memory.request_focus(block_id(block)));
    }
}
