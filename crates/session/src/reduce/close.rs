//! Closing the window: text is saved, and runs are asked about.

use super::{edit, runs};
use crate::message::Effect;
use crate::state::{State, Work};
use aloft_protocol::{operation::CloseChoice, snapshot::Question};
use std::time::{Duration, Instant};

/// How long closing waits for runs that were asked to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(8);

/// Runs and sweeps that go on here.
fn local_runs(state: &State) -> Vec<String> {
    state
        .tasks
        .iter()
        .filter_map(|task| match &task.work {
            Work::Train { run, .. } => Some(run.clone()),
            Work::Sweep { cell, .. } if task.started => Some(cell.clone()),
            _ => None,
        })
        .collect()
}

pub fn request(state: &mut State, effects: &mut Vec<Effect>) {
    let runs = local_runs(state);
    if runs.is_empty() {
        leave(state, effects);
    } else {
        state.question = Some(Question::CloseWithRuns { runs });
    }
}

pub fn answer(state: &mut State, choice: CloseChoice, now: Instant, effects: &mut Vec<Effect>) {
    state.question = None;
    match choice {
        CloseChoice::Cancel => {}
        CloseChoice::KeepRunning => leave(state, effects),
        CloseChoice::StopRuns => {
            for task in &state.tasks {
                match &task.work {
                    Work::Train { run, .. } => runs::stop(state, run, effects),
                    Work::Sweep { .. } => task.cancel.cancel(),
                    _ => {}
                }
            }
            edit::save_if_unsaved(state, effects);
            state.closing_deadline = Some(now + STOP_PATIENCE);
        }
    }
}

/// Saves and closes: the snapshot says so once the save has arrived, and one that fails takes the closing back.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    edit::save_if_unsaved(state, effects);
    state.closing_deadline = None;
    state.closing = true;
}

/// Closes once the runs have stopped, or when they take too long to.
pub fn tick(state: &mut State, now: Instant) {
    if let Some(deadline) = state.closing_deadline
        && (local_runs(state).is_empty() || now >= deadline)
    {
        state.closing_deadline = None;
        state.closing = true;
    }
}
