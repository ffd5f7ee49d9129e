//! Small pictures of the rows of a table that are in view: made when they are asked for, kept as long as the table is shown.

use super::schedule;
use crate::message::Effect;
use crate::state::State;
use aloft_protocol::{
    BlockId,
    operation::Rows,
    snapshot::{THUMBNAILS, Thumbnails},
};
use std::sync::Arc;

/// Stretches of rows whose pictures are kept for a table; those that were looked at first go first.
const KEPT: usize = 8;

/// Makes the pictures of a column, of the rows from `first` on.
pub fn show(state: &State, block: BlockId, column: String, first: u64, effects: &mut Vec<Effect>) {
    let Some(notebook) = state.notebook() else { return };
    let Some(name) = notebook.cell_name(block).filter(|name| notebook.is_fresh(name)) else {
        return;
    };
    let (Some(workspace), Some(known)) = (schedule::workspace(state), notebook.cells.get(name)) else {
        return;
    };
    let workspace = match notebook.of_chosen(name) {
        Some(_) => schedule::selecting(state, &workspace),
        None => workspace,
    };
    effects.push(Effect::Thumbnails {
        workspace,
        cell: name.to_owned(),
        key: notebook.shown_key(name),
        rows: known.rows.unwrap_or(Rows::Sample),
        column,
        first,
        count: THUMBNAILS,
    });
}

/// Pictures were made. What can't be drawn stays as it was, in words.
pub fn shown(state: &mut State, cell: &str, key: String, thumbnails: Thumbnails) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let cell = notebook.cell_mut(cell);
    if cell.thumbnails_of.as_ref() != Some(&key) {
        cell.thumbnails.clear();
        cell.thumbnails_of = Some(key);
    }
    cell.thumbnails.push(Arc::new(thumbnails));
    let more = cell.thumbnails.len().saturating_sub(KEPT);
    cell.thumbnails.drain(..more);
}
