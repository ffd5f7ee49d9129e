//! Who has the keyboard, and which keys are commands.

use crate::command::{Command, Scope};
use crate::view::{Frame, block_id};
use egui::{Context, Event, Id, KeyboardShortcut, Ui};

/// The first row of navigation.
pub const NAVIGATION: &str = "focus navigation";
/// The first tab of the inspector.
pub const INSPECTOR: &str = "focus inspector";

/// Where it is kept what gets the keyboard in the next frame.
const GIVEN: &str = "focus given";

/// Asks the first widget of a panel to take the keyboard.
pub fn request(ctx: &Context, panel: &'static str) {
    ctx.data_mut(|data| data.insert_temp(Id::unique(panel), true));
    ctx.request_repaint();
}

/// Gives the keyboard to a panel's first widget if it was asked for.
pub fn take(ui: &Ui, panel: &'static str, response: &egui::Response) {
    if ui
        .data_mut(|data| data.remove_temp::<bool>(Id::unique(panel)))
        .is_some()
    {
        response.request_focus();
    }
}

/// Gives the keyboard to something in the next frame: in the frame of a click, what isn't below the pointer lets it go.
pub fn give(ctx: &Context, id: Id) {
    ctx.data_mut(|data| data.insert_temp(Id::unique(GIVEN), Some(id)));
    ctx.request_repaint();
}

/// Whether keys are for the notebook as a whole: nothing else has the keyboard, and nothing waits for an answer.
pub fn is_in_notebook(ctx: &Context, frame: &Frame<'_>) -> bool {
    let focused = ctx.memory(egui::Memory::focused);
    let is_free = focused.is_none_or(|id| frame.view.selected.is_some_and(|block| id == block_id(block)));
    is_free && !frame.view.has_dialog(frame.snapshot) && !egui::Popup::is_any_open(ctx)
}

/// Turns keys into commands before any widget sees them: a text field would undo by itself.
pub fn keys(ctx: &Context, frame: &mut Frame<'_>) {
    if let Some(id) = ctx
        .data_mut(|data| data.remove_temp::<Option<Id>>(Id::unique(GIVEN)))
        .flatten()
    {
        ctx.memory_mut(|memory| memory.request_focus(id));
    }
    if frame.view.has_dialog(frame.snapshot) || egui::Popup::is_any_open(ctx) {
        // Enter with Ctrl or Shift means a cell; it must not press the button that a question suggests.
        for command in [Command::RunCell, Command::RunCellAndNext, Command::RunAll] {
            for shortcut in command.shortcuts() {
                consume(ctx, shortcut);
            }
        }
        return;
    }
    // A field that isn't a cell's text (a cell's new name, a search) keeps its own undo and Enter.
    if frame.view.renaming.is_some() {
        return;
    }
    let notebook_has_keys = is_in_notebook(ctx, frame);
    for command in Command::ALL {
        let counts = match command.scope() {
            Scope::Everywhere => true,
            Scope::Notebook => notebook_has_keys,
        };
        // Escape has other meanings where there is nothing to clear.
        if !counts || (command == Command::ClearSelection && !command.enabled(frame)) {
            continue;
        }
        for shortcut in command.shortcuts() {
            let times = consume(ctx, shortcut);
            for _ in 0..times {
                if command.enabled(frame) {
                    command.perform(ctx, frame);
                }
            }
        }
    }
}

/// Takes presses of exactly these keys out of the input and counts them.
fn consume(ctx: &Context, shortcut: &KeyboardShortcut) -> usize {
    ctx.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| {
            !matches!(event, Event::Key { key, modifiers, pressed: true, .. }
                if *key == shortcut.logical_key && modifiers.matches_exact(shortcut.modifiers))
        });
        before - input.events.len()
    })
}
