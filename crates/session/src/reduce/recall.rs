//! Outputs of earlier sessions: when a notebook is opened they are shown before anything is computed.

use super::schedule;
use crate::message::Effect;
use crate::state::State;
use aloft_engine::{Recalled, RecalledSweep};
use aloft_protocol::{operation::Rows, snapshot::CellState};
use aloft_spec::{CellKind, sweep::SweepState};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Looks for the outputs of all cells of the open notebook.
pub fn start(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(workspace) = schedule::workspace(state) else {
        return;
    };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let has_output = |kind: &CellKind| {
        matches!(
            kind,
            CellKind::Source | CellKind::Query | CellKind::Chart | CellKind::Sweep
        )
    };
    let cells: Vec<(String, String)> = notebook
        .document
        .cells()
        .filter(|cell| has_output(&cell.kind))
        .map(|cell| (cell.name.clone(), notebook.key(&cell.name)))
        .collect();
    notebook.recalling = !cells.is_empty();
    if !cells.is_empty() {
        effects.push(Effect::Recall { workspace, cells });
    }
}

/// An output was found: as good as new when nothing that it depends on has changed, else stale.
pub fn recalled(state: &mut State, notebook: &Path, name: &str, key: String, recalled: Recalled) {
    let Some(notebook) = state.notebook_mut().filter(|open| open.path == notebook) else {
        return;
    };
    let current = notebook.document.cell(name).is_some() && notebook.key(name) == key;
    let cell = notebook.cell_mut(name);
    // What was computed in the meantime is newer.
    if cell.output.is_some() {
        return;
    }
    let fresh = recalled.fresh && current;
    let seconds = recalled.seconds;
    cell.show(recalled.output, key, Some(Rows::Sample), seconds);
    if !recalled.fresh {
        // The text may be the same and the file another one.
        cell.key = None;
    }
    if cell.state == CellState::New {
        cell.state = if fresh {
            CellState::Done {
                seconds,
                cached: true,
            }
        } else {
            CellState::Stale
        };
    }
    notebook.suggest_joins(name);
}

/// The trials of a sweep's latest start were found.
pub fn recalled_sweep(state: &mut State, notebook: &Path, name: &str, key: String, recalled: RecalledSweep) {
    let Some(notebook) = state.notebook_mut().filter(|open| open.path == notebook) else {
        return;
    };
    let current = notebook.document.cell(name).is_some() && notebook.key(name) == key;
    let cell = notebook.cell_mut(name);
    // What was started in the meantime is newer.
    if cell.leaderboard.is_some() || cell.state != CellState::New {
        return;
    }
    let seconds = recalled.leaderboard.seconds;
    let ended = matches!(
        recalled.leaderboard.state,
        SweepState::Done | SweepState::OutOfTime
    );
    cell.leaderboard = Some(Arc::new(recalled.leaderboard));
    cell.seconds = seconds;
    cell.key = recalled.fresh.then_some(key);
    cell.state = match (recalled.fresh && current, ended) {
        (false, _) => CellState::Stale,
        (true, true) => CellState::Done {
            seconds,
            cached: false,
        },
        (true, false) => CellState::Stopped,
    };
}

/// All outputs that there are were found; from now on cheap cells are evaluated by themselves.
pub fn ended(state: &mut State, notebook: &Path, now: Instant) {
    if let Some(notebook) = state.notebook_mut().filter(|open| open.path == notebook) {
        notebook.recalling = false;
        notebook.refresh_due = Some(now);
    }
}
