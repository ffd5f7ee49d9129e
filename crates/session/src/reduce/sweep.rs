//! Sweeps in the window: what has happened in one, its best values into the train cell, and a new cell's text.

use super::edit;
use crate::message::Effect;
use crate::state::{OpenNotebook, State, Work};
use aloft_notebook::Block;
use aloft_protocol::{BlockId, TaskId, snapshot::CellState};
use aloft_spec::{
    CellKind, CellSpec, Code, Problem,
    sweep::{Leaderboard, SweepState},
    train::ModelKind,
};
use std::sync::Arc;
use std::time::Instant;

/// Something has happened in a sweep.
pub fn swept(state: &mut State, task: TaskId, leaderboard: Leaderboard) {
    let Some(task) = state.tasks.iter_mut().find(|known| known.id == task) else {
        return;
    };
    let Work::Sweep { cell: name, .. } = &task.work else {
        return;
    };
    let (ended, planned) = (leaderboard.ended(), leaderboard.planned);
    let share = ended as f32 / planned.max(1) as f32;
    task.fraction = Some(share);
    let name = name.clone();
    if let Some(notebook) = state.notebook_mut() {
        let cell = notebook.cell_mut(&name);
        cell.leaderboard = Some(Arc::new(leaderboard));
        if let CellState::Running { label, fraction, .. } = &mut cell.state {
            *label = format!("{ended} of {planned} trials");
            *fraction = Some(share);
        }
    }
}

/// A sweep has ended.
pub fn ended(
    state: &mut State,
    task: TaskId,
    key: String,
    result: Result<Box<Leaderboard>, Problem>,
    effects: &mut Vec<Effect>,
) {
    let Some(task) = state.end_task(task) else { return };
    let Work::Sweep { cell: name, .. } = task.work else {
        return;
    };
    // Its trials are runs of the project.
    if let Some(open) = &state.open {
        effects.push(Effect::List {
            project: open.project.clone(),
        });
    }
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let fresh = notebook.key(&name) == key;
    let cell = notebook.cell_mut(&name);
    cell.tried = Some(key.clone());
    cell.state = match result {
        Ok(leaderboard) => {
            let seconds = leaderboard.seconds;
            let stopped = leaderboard.state == SweepState::Stopped;
            cell.leaderboard = Some(Arc::new(*leaderboard));
            cell.seconds = seconds;
            cell.key = Some(key);
            match (stopped, fresh) {
                (true, _) => CellState::Stopped,
                (false, true) => CellState::Done {
                    seconds,
                    cached: false,
                },
                (false, false) => CellState::Stale,
            }
        }
        Err(problem) if problem.code == Code::Stopped => CellState::Stopped,
        Err(problem) => CellState::Failed { problem },
    };
}

/// Writes the values of a trial into the train cell, as one step of undo.
pub fn use_trial(state: &mut State, block: BlockId, trial: u32, now: Instant) {
    let found = state.notebook().and_then(|notebook| {
        let leaderboard = notebook
            .cells
            .get(notebook.cell_name(block)?)?
            .leaderboard
            .as_ref()?;
        let trial = leaderboard.trials.iter().find(|found| found.index == trial)?;
        Some((leaderboard.train.clone(), trial.values.clone()))
    });
    if let Some((train, values)) = found {
        edit::set_values(state, &train, &values, now);
    }
}

/// A sweep over the keys that matter most of the train cell before a place, or of the last one.
pub fn template(notebook: &OpenNotebook, after: Option<BlockId>) -> String {
    let end = after
        .and_then(|block| notebook.index(block))
        .map_or(usize::MAX, |index| index + 1);
    let trains = |block: &Block| match block {
        Block::Cell(cell) if cell.kind == CellKind::Train => Some(cell.name.clone()),
        _ => None,
    };
    let blocks = notebook.document.blocks();
    let before = blocks.iter().take(end).filter_map(trains).next_back();
    let train = before
        .or_else(|| blocks.iter().filter_map(trains).next_back())
        .unwrap_or_else(|| "model".into());
    let is_trees = matches!(
        notebook.document.spec(&train, &notebook.path),
        Ok(CellSpec::Train(spec)) if spec.model.kind == ModelKind::Trees
    );
    let space = match is_trees {
        true => {
            "\"model.trees.learning_rate\" = { log_uniform = [0.02, 0.3] }\n\
             \"model.trees.leaves\" = { int_log_uniform = [4, 64] }\n"
        }
        false => {
            "\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-2] }\n\
             \"model.dropout\" = { uniform = [0.0, 0.4] }\n"
        }
    };
    format!("train = {train:?}\ntrials = 16\n\n[space]\n{space}")
}
