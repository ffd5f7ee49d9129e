//! Running cells: what is wanted becomes tasks, results become outputs.

use super::{runs, select};
use crate::message::Effect;
use crate::state::{OpenNotebook, State, Work};
use aloft_protocol::{BlockId, TaskId, operation::Rows, snapshot::CellState};
use aloft_spec::{CellKind, Code, Output, Problem, output::TableOutput, verdict::Verdict};

/// Runs a cell, and first those that it needs and that aren't up to date.
pub fn run(state: &mut State, block: BlockId, rows: Rows) {
    let Some(notebook) = state.notebook() else { return };
    let Some(name) = notebook.cell_name(block).map(str::to_owned) else {
        return;
    };
    let mut upstream = Vec::new();
    collect_upstream(notebook, &name, &mut upstream);
    for cell in upstream {
        let fresh = state.notebook().is_some_and(|notebook| {
            notebook
                .cells
                .get(&cell)
                .is_some_and(|known| known.key.as_ref() == Some(&notebook.key(&cell)))
        });
        // A sweep trains by itself what its train cell says.
        if !fresh && !is(state, &cell, &CellKind::Train) {
            enqueue(state, &cell, Rows::Sample);
        }
    }
    enqueue_work(state, &name, rows, true);
}

fn is(state: &State, cell: &str, kind: &CellKind) -> bool {
    let notebook = state.notebook();
    let found = notebook.and_then(|notebook| notebook.document.cell(cell));
    found.is_some_and(|cell| cell.kind == *kind)
}

fn collect_upstream(notebook: &OpenNotebook, name: &str, found: &mut Vec<String>) {
    for upstream in notebook.document.dependencies(name) {
        if upstream != name && !found.contains(&upstream) && notebook.document.cell(&upstream).is_some() {
            // A circle ends here, because its second visit finds the name in the list.
            found.push(upstream.clone());
            collect_upstream(notebook, &upstream, found);
            found.retain(|other| *other != upstream);
            found.push(upstream);
        }
    }
}

/// Runs all cells in order of their dependencies.
pub fn run_all(state: &mut State) {
    let Some(notebook) = state.notebook() else { return };
    let order = notebook.document.order();
    if order.is_empty() {
        let hint = "add a source cell, or drop a data file on the window";
        return state
            .report(Problem::new(Code::EmptyData, "this notebook has no cell to run").with_hint(hint));
    }
    for cell in order {
        // A sweep takes many times what a training takes: only who asks for it gets it.
        if !is(state, &cell, &CellKind::Sweep) {
            enqueue(state, &cell, Rows::Sample);
        }
    }
}

/// Adds a task for a cell unless one waits already. An output that was computed before is taken from the cache.
pub fn enqueue(state: &mut State, name: &str, rows: Rows) {
    enqueue_work(state, name, rows, false);
}

fn enqueue_work(state: &mut State, name: &str, rows: Rows, again: bool) {
    let Some(kind) = state
        .notebook()
        .and_then(|notebook| Some(notebook.document.cell(name)?.kind.clone()))
    else {
        return;
    };
    let (label, work) = match kind {
        // A parameter has its value without being run.
        CellKind::Param | CellKind::Unknown(_) => return,
        CellKind::Sweep => (
            format!("Sweeping {name}"),
            Work::Sweep {
                cell: name.to_owned(),
                rows,
            },
        ),
        CellKind::Train => (
            format!("Training {name}"),
            Work::Prepare {
                cell: name.to_owned(),
                rows,
            },
        ),
        _ => (
            format!("Running {name}"),
            Work::Evaluate {
                cell: name.to_owned(),
                rows,
                again,
            },
        ),
    };
    let busy = |other: &Work| match (other, &work) {
        (Work::Train { cell, .. } | Work::Prepare { cell, .. }, Work::Prepare { cell: wanted, .. }) => {
            cell == wanted
        }
        (Work::Sweep { cell, .. }, Work::Sweep { cell: wanted, .. }) => cell == wanted,
        (
            Work::Evaluate { cell, rows, again },
            Work::Evaluate {
                cell: wanted,
                rows: on,
                again: anew,
            },
        ) => cell == wanted && rows == on && again >= anew,
        _ => *other == work,
    };
    if state.tasks.iter().any(|task| busy(&task.work)) {
        return;
    }
    let task = state.add_task(label, work);
    if let Some(notebook) = state.notebook_mut() {
        notebook.cell_mut(name).state = CellState::Waiting { task };
    }
}

/// Measures the first steps of a train cell.
pub fn plan(state: &mut State, block: BlockId, rows: Rows) {
    let Some(name) = state
        .notebook()
        .and_then(|notebook| notebook.cell_name(block))
        .map(str::to_owned)
    else {
        return;
    };
    enqueue_plan(state, &name, rows);
}

/// Adds a task that measures a train cell.
pub fn enqueue_plan(state: &mut State, name: &str, rows: Rows) {
    let work = Work::Plan {
        cell: name.to_owned(),
        rows,
    };
    if !state.tasks.iter().any(|task| task.work == work) {
        let what = match rows {
            Rows::Sample => "",
            Rows::All => ", all rows",
        };
        state.add_task(format!("Measuring {name}{what}"), work);
    }
}

/// A cell was evaluated.
pub fn evaluated(
    state: &mut State,
    task: TaskId,
    key: String,
    seconds: f64,
    cached: bool,
    result: Result<Output, Problem>,
) {
    let Some(task) = state.end_task(task) else { return };
    if let Work::Select { cell, .. } = &task.work {
        return select::selected(state, cell, key, result);
    }
    let rows = match &task.work {
        Work::Evaluate { rows, .. } => Some(*rows),
        _ => None,
    };
    let Some(name) = task.work.cell().map(str::to_owned) else {
        return;
    };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let fresh = notebook.key(&name) == key;
    let cell = notebook.cell_mut(&name);
    cell.tried = Some(key.clone());
    cell.partial = None;
    match result {
        Ok(output) => {
            cell.show(output, key, rows, seconds);
            cell.state = if fresh {
                CellState::Done { seconds, cached }
            } else {
                CellState::Stale
            };
            notebook.suggest_joins(&name);
        }
        Err(problem) if problem.code == Code::Stopped => cell.state = CellState::Stopped,
        Err(problem) => cell.state = CellState::Failed { problem },
    }
}

/// A cell that is being evaluated tells what it knows of its first rows.
pub fn partial(state: &mut State, task: TaskId, output: TableOutput) {
    let Some(task) = state.tasks.iter_mut().find(|known| known.id == task) else {
        return;
    };
    let Work::Evaluate { cell: name, .. } = &task.work else {
        return;
    };
    let seen = &output.profile.extent;
    let share = seen.total.map(|total| seen.rows as f32 / total.max(1) as f32);
    task.fraction = share;
    let name = name.clone();
    if let Some(notebook) = state.notebook_mut() {
        let cell = notebook.cell_mut(&name);
        if let CellState::Running { fraction, .. } = &mut cell.state {
            *fraction = share;
            cell.partial = Some(Output::Table(output));
        }
    }
}

/// A train cell was measured.
pub fn planned(state: &mut State, task: TaskId, key: String, result: Result<Verdict, Problem>) {
    let Some(task) = state.end_task(task) else { return };
    let Work::Plan { cell: name, rows } = task.work else {
        return;
    };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let cell = notebook.cell_mut(&name);
    cell.plan_tried.insert(rows == Rows::All, key.clone());
    match result {
        Ok(verdict) => cell.set_verdict(rows, key, verdict),
        Err(problem) if problem.code == Code::Stopped => {}
        // A cell that can't be measured can't be trained either: the reason stands at the cell.
        Err(problem) if cell.training.is_none() => cell.state = CellState::Failed { problem },
        Err(problem) => state.report(problem),
    }
}

/// Stops a piece of work.
pub fn stop(state: &mut State, id: TaskId, effects: &mut Vec<Effect>) {
    let Some(task) = state.tasks.iter_mut().find(|task| task.id == id) else {
        return;
    };
    task.cancel.cancel();
    let work = task.work.clone();
    match work {
        Work::Train { run, .. } => runs::stop(state, &run, effects),
        Work::Job { run, .. } => super::cloud::stop_job(state, &run, effects),
        _ if !task.started => {
            state.end_task(id);
            if let Some(cell) = work.selecting() {
                return select::stopped(state, cell);
            }
            let Some(notebook) = state.notebook_mut() else {
                return;
            };
            if let Work::Page { cell, .. } = &work {
                notebook.cell_mut(cell).page = None;
            } else if let Some(cell) = work.cell() {
                notebook.cell_mut(cell).state = CellState::Stopped;
            }
        }
        _ => {}
    }
}
