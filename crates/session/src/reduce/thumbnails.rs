//! Small pictures of the rows of a table that are in view: made when they are asked for.

use super::schedule;
use crate::message::Effect;
use crate::state::State;
use aloft_protocol::{BlockId, operation::Rows, snapshot::Thumbnails};
use std::ops::RangeInclusive;

/// Makes the pictures in these columns and rows that aren't there yet.
pub fn show(
    state: &mut State,
    block: BlockId,
    columns: &[String],
    in_view: RangeInclusive<u64>,
    effects: &mut Vec<Effect>,
) {
    let Some(notebook) = state.notebook() else { return };
    let Some(name) = notebook.cell_name(block).filter(|name| notebook.is_fresh(name)) else {
        return;
    };
    let name = name.to_owned();
    let (Some(workspace), key) = (schedule::workspace(state), notebook.shown_key(&name)) else {
        return;
    };
    let workspace = match notebook.of_chosen(&name) {
        Some(_) => schedule::selecting(state, &workspace),
        None => workspace,
    };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let known = notebook.cell_mut(&name);
    let rows = known.rows.unwrap_or(Rows::Sample);
    for ((column, first), cancel) in known.pictures.look(&key, columns, in_view) {
        effects.push(Effect::Thumbnails {
            workspace: workspace.clone(),
            cell: name.clone(),
            key: key.clone(),
            rows,
            column,
            first,
            cancel,
        });
    }
}

/// Pictures were made. What can't be drawn stays as it was, in words.
pub fn shown(state: &mut State, cell: &str, key: &str, thumbnails: Thumbnails) {
    if let Some(notebook) = state.notebook_mut() {
        notebook.cell_mut(cell).pictures.take(key, thumbnails);
    }
}
