//! Which waiting work starts: one evaluation at a time in order, one local training at a time, measurements when the
//! machine is otherwise quiet, and cheap cells by themselves after a change.

use super::{select, work};
use crate::message::Effect;
use crate::state::{State, Task, Work};
use aloft_engine::Workspace;
use aloft_protocol::{operation::Rows, snapshot::CellState};
use aloft_spec::{CellKind, Code, Problem, Severity};
use std::sync::Arc;
use std::time::Instant;

/// A cell whose last evaluation took longer isn't evaluated again without a click.
const CHEAP_SECONDS: f64 = 2.0;

pub fn schedule(state: &mut State, now: Instant, effects: &mut Vec<Effect>) {
    refresh(state, now);
    select::schedule(state, now);
    while let Some(index) = next(state) {
        start(state, index, effects);
    }
}

/// The first waiting task that may start now.
fn next(state: &State) -> Option<usize> {
    let running =
        |wanted: fn(&Work) -> bool| state.tasks.iter().any(|task| task.started && wanted(&task.work));
    let evaluating = running(|work| {
        matches!(
            work,
            Work::Evaluate { .. }
                | Work::Select { .. }
                | Work::Page { .. }
                | Work::Prepare { .. }
                | Work::Plan { .. }
                | Work::Preflight { .. }
        )
    });
    if evaluating {
        return None;
    }
    let training = running(|work| matches!(work, Work::Train { .. } | Work::Sweep { .. }));
    let waits = |task: &Task| !task.started;
    let evaluation = state.tasks.iter().position(|task| {
        waits(task)
            && match task.work {
                Work::Evaluate { .. } | Work::Select { .. } | Work::Page { .. } | Work::Preflight { .. } => {
                    true
                }
                // One training at a time: two would make each other slow and their forecasts wrong.
                Work::Prepare { .. } | Work::Sweep { .. } => !training,
                _ => false,
            }
    });
    evaluation.or_else(|| {
        // A measurement beside a training would measure the training.
        let prepared = state
            .tasks
            .iter()
            .any(|task| matches!(task.work, Work::Prepare { .. } | Work::Sweep { .. }));
        state
            .tasks
            .iter()
            .position(|task| waits(task) && !training && !prepared && matches!(task.work, Work::Plan { .. }))
    })
}

fn start(state: &mut State, index: usize, effects: &mut Vec<Effect>) {
    let Some(workspace) = workspace(state) else {
        state.tasks.remove(index);
        return;
    };
    let task = &mut state.tasks[index];
    task.started = true;
    let (id, cancel, work) = (task.id, task.cancel.clone(), task.work.clone());
    // A sweep may well find values with which its train cell doesn't fail.
    if let Some(cell) = work.cell().filter(|_| !matches!(work, Work::Sweep { .. }))
        && let Some(upstream) = failed_upstream(state, cell)
    {
        let problem = Problem::new(Code::UnknownName, format!("needs `{upstream}`, which failed"))
            .with_hint(format!("mend `{upstream}` first"));
        let cell = cell.to_owned();
        state.end_task(id);
        if let Some(notebook) = state.notebook_mut() {
            let key = notebook.key(&cell);
            let cell = notebook.cell_mut(&cell);
            cell.tried = Some(key);
            cell.state = CellState::Failed { problem };
        }
        return;
    }
    let key = |cell: &str| {
        state
            .notebook()
            .map(|notebook| notebook.key(cell))
            .unwrap_or_default()
    };
    let chosen_key = state
        .notebook()
        .zip(work.selecting())
        .and_then(|(notebook, cell)| notebook.chosen_key(cell))
        .unwrap_or_default();
    let effect = match work.clone() {
        Work::Evaluate { cell, rows, again } => Effect::Evaluate {
            task: id,
            key: key(&cell),
            workspace,
            cell,
            rows,
            again,
            cancel,
        },
        Work::Select { cell, rows } => Effect::Evaluate {
            task: id,
            key: chosen_key,
            workspace: selecting(state, &workspace),
            cell,
            rows,
            again: false,
            cancel,
        },
        Work::Page { cell, rows, first } => Effect::Page {
            task: id,
            workspace: match state.notebook() {
                Some(notebook) if notebook.follows(&cell) => selecting(state, &workspace),
                _ => workspace,
            },
            cell,
            rows,
            first,
            cancel,
        },
        Work::Prepare { cell, rows } => Effect::StartRun {
            task: id,
            key: key(&cell),
            workspace,
            cell,
            rows,
            cancel,
        },
        Work::Sweep { cell, rows } => Effect::Sweep {
            task: id,
            key: key(&cell),
            workspace,
            cell,
            rows,
            cancel,
        },
        Work::Plan { cell, rows } => Effect::Plan {
            task: id,
            key: key(&cell),
            workspace,
            cell,
            rows,
            cancel,
        },
        Work::Preflight { cell, target, rows } => Effect::Preflight {
            task: id,
            workspace,
            cell,
            rows,
            target,
            cancel,
        },
        Work::Load | Work::Train { .. } | Work::Send { .. } | Work::Job { .. } | Work::Target => return,
    };
    if let (Some(cell), Some(notebook)) = (work.cell(), state.notebook_mut()) {
        let label = if matches!(work, Work::Prepare { .. } | Work::Sweep { .. }) {
            "preparing rows"
        } else {
            "running"
        };
        notebook.cell_mut(cell).state = CellState::Running {
            task: id,
            label: label.into(),
            fraction: None,
        };
    }
    effects.push(effect);
}

/// The open notebook as the workers read it.
pub fn workspace(state: &State) -> Option<Arc<Workspace>> {
    let open = state.open.as_ref()?;
    let notebook = open.notebook.as_ref()?;
    Some(Arc::new(Workspace {
        project: (*open.project).clone(),
        notebook: notebook.path.clone(),
        document: (*notebook.document).clone(),
        selection: None,
    }))
}

/// The same with the rows that are chosen in a chart.
pub fn selecting(state: &State, workspace: &Workspace) -> Arc<Workspace> {
    let chosen = state.notebook().and_then(|notebook| notebook.chosen.as_ref());
    Arc::new(Workspace {
        selection: chosen.map(|chosen| chosen.selection.clone()),
        ..workspace.clone()
    })
}

/// A cell that this one reads directly and that failed with its present text.
fn failed_upstream(state: &State, cell: &str) -> Option<String> {
    let notebook = state.notebook()?;
    notebook.document.dependencies(cell).into_iter().find(|upstream| {
        notebook.cells.get(upstream).is_some_and(|known| {
            matches!(known.state, CellState::Failed { .. })
                && known.tried.as_ref() == Some(&notebook.key(upstream))
        })
    })
}

/// Some time after the last change: cheap cells are evaluated again, then train cells are measured, so that their
/// price stands beside the button.
fn refresh(state: &mut State, now: Instant) {
    let Some(notebook) = state.notebook() else { return };
    let busy = state.tasks.iter().any(|task| {
        !matches!(
            task.work,
            Work::Train { .. } | Work::Sweep { .. } | Work::Job { .. }
        )
    });
    if busy || notebook.recalling || notebook.refresh_due.is_none_or(|due| due > now) {
        return;
    }
    let document = notebook.document.clone();
    let mut cells = Vec::new();
    let mut plans = Vec::new();
    for name in document.order() {
        let Some(cell) = document.cell(&name) else {
            continue;
        };
        if matches!(cell.kind, CellKind::Param | CellKind::Sweep) {
            continue;
        }
        let broken = document
            .cell_diagnostics(&notebook.path, &name)
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error);
        if broken {
            continue;
        }
        let key = notebook.key(&name);
        let known = notebook.cells.get(&name);
        if cell.kind == CellKind::Train {
            for rows in [Rows::Sample, Rows::All] {
                let planned = known.is_some_and(|known| {
                    known.verdict(rows).is_some_and(|(with, _)| *with == key)
                        || known.plan_tried.get(&(rows == Rows::All)) == Some(&key)
                });
                if !planned && failed_upstream(state, &name).is_none() {
                    plans.push((name.clone(), rows));
                }
            }
            continue;
        }
        let up_to_date = known.is_some_and(|known| {
            known.key.as_ref() == Some(&key)
                || known.tried.as_ref() == Some(&key)
                || known.seconds > CHEAP_SECONDS
                || known.state == CellState::Stopped
        });
        if !up_to_date {
            cells.push(name);
        }
    }
    if cells.is_empty()
        && let Some(notebook) = state.notebook_mut()
    {
        // Everything is fresh: the measurements are the last step of a refresh.
        notebook.refresh_due = None;
        for (name, rows) in plans {
            work::enqueue_plan(state, &name, rows);
        }
        return;
    }
    for name in cells {
        work::enqueue(state, &name, Rows::Sample);
    }
}
