//! How the window over a project is left: kept beside the project's caches, for the next time.

use crate::message::Effect;
use crate::state::State;
use aloft_protocol::BlockId;
use aloft_spec::window::{Panels, Widths, WindowState};
use std::sync::Arc;

/// Keeps what is around the notebook.
pub fn keep_panels(state: &mut State, panels: Panels, effects: &mut Vec<Effect>) {
    keep(state, effects, |window| window.panels = panels);
}

/// Keeps the widths of a table's columns.
pub fn keep_widths(state: &mut State, block: BlockId, widths: Widths, effects: &mut Vec<Effect>) {
    let Some(notebook) = state.notebook() else { return };
    let Some(cell) = notebook.cell_name(block).map(str::to_owned) else {
        return;
    };
    let path = notebook.path.to_string_lossy().into_owned();
    keep(state, effects, |window| {
        window.widths.entry(path).or_default().insert(cell, widths);
    });
}

/// Widths go along with a cell's new name.
pub fn renamed(state: &mut State, before: &str, name: &str, effects: &mut Vec<Effect>) {
    let Some(open) = &state.open else { return };
    let Some(notebook) = &open.notebook else { return };
    let path = notebook.path.to_string_lossy().into_owned();
    let known = open.window.widths.get(&path).and_then(|cells| cells.get(before));
    if let Some(widths) = known.cloned() {
        keep(state, effects, |window| {
            let cells = window.widths.entry(path).or_default();
            cells.remove(before);
            cells.insert(name.to_owned(), widths);
        });
    }
}

fn keep(state: &mut State, effects: &mut Vec<Effect>, change: impl FnOnce(&mut WindowState)) {
    let Some(open) = &mut state.open else { return };
    change(Arc::make_mut(&mut open.window));
    effects.push(Effect::KeepWindow {
        project: open.project.clone(),
        window: open.window.clone(),
    });
}
