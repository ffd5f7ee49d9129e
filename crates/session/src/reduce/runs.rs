//! Runs: started, followed, resumed, stopped, here and on targets.

use crate::message::Effect;
use crate::state::{State, Work};
use crate::training::Training;
use aloft_protocol::{TaskId, operation::Rows, snapshot::CellState};
use aloft_spec::{
    CellKind, CellSpec, Code, Problem,
    event::{Event, EventKind, Phase},
    report::Report,
    run::{RunRecord, RunStatus},
};
use std::path::PathBuf;

/// The name of a run is the name of its folder.
fn run_name(run_dir: &std::path::Path) -> String {
    run_dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The folder of a run of the open project.
pub fn run_dir(state: &State, run: &str) -> Option<PathBuf> {
    Some(state.open.as_ref()?.project.runs_dir().join(run))
}

/// A worker was started on a new run.
pub fn started(
    state: &mut State,
    task: TaskId,
    key: String,
    result: Result<PathBuf, Problem>,
    effects: &mut Vec<Effect>,
) {
    let Some(mut task) = state.end_task(task) else {
        return;
    };
    let Work::Prepare { cell, .. } = task.work.clone() else {
        return;
    };
    match result {
        Ok(run_dir) => {
            let run = run_name(&run_dir);
            if let Some(notebook) = state.notebook_mut() {
                let cell = notebook.cell_mut(&cell);
                cell.key = Some(key);
                cell.training = None;
                cell.state = CellState::Running {
                    task: task.id,
                    label: "starting".into(),
                    fraction: None,
                };
            }
            if task.cancel.is_cancelled() {
                effects.push(Effect::StopRun { run_dir });
            }
            let id = task.id;
            task.work = Work::Train {
                cell,
                run: run.clone(),
            };
            state.tasks.push(task);
            follow(state, &run, Some(id), effects);
            if let Some(open) = &state.open {
                let project = open.project.clone();
                effects.push(Effect::List { project });
            }
        }
        Err(problem) => {
            if let Some(notebook) = state.notebook_mut() {
                let cell = notebook.cell_mut(&cell);
                cell.tried = Some(key);
                cell.state = if problem.code == Code::Stopped {
                    CellState::Stopped
                } else {
                    CellState::Failed { problem }
                };
            }
        }
    }
}

/// Follows the latest run of each train cell of the open notebook: a window that was killed finds its runs again.
pub fn attach_latest(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(open) = &state.open else { return };
    let Some(notebook) = &open.notebook else { return };
    let path = notebook.path.to_string_lossy();
    let cells: Vec<String> = notebook
        .document
        .cells()
        .filter(|cell| cell.kind == CellKind::Train)
        .map(|cell| cell.name.clone())
        .collect();
    let mut found = Vec::new();
    for cell in cells {
        let latest = open
            .runs
            .iter()
            .find(|run| run.cell == cell && run.notebook == path && run.status != RunStatus::Created);
        if let Some(run) = latest {
            found.push((cell, run.id.clone(), run.status, run.target.is_some()));
        }
    }
    for (cell, run, status, remote) in found {
        let task = (status == RunStatus::Running && !remote).then(|| {
            let id = state.add_task(
                format!("Training {cell}"),
                Work::Train {
                    cell: cell.clone(),
                    run: run.clone(),
                },
            );
            mark_started(state, id);
            id
        });
        follow(state, &run, task, effects);
        if remote {
            super::cloud::attach(state, &cell, &run, effects);
        }
    }
}

/// A task that needs no start.
pub fn mark_started(state: &mut State, id: TaskId) {
    if let Some(task) = state.tasks.iter_mut().find(|task| task.id == id) {
        task.started = true;
    }
}

/// Follows a run's events.
pub fn follow(state: &mut State, run: &str, task: Option<TaskId>, effects: &mut Vec<Effect>) {
    let Some(open) = &mut state.open else { return };
    let cancel = aloft_data::Cancel::default();
    if let Some(before) = open.followed.insert(run.to_owned(), cancel.clone()) {
        before.cancel();
    }
    effects.push(Effect::Follow {
        project: open.project.clone(),
        run: run.to_owned(),
        task,
        cancel,
    });
}

/// The run's record was read: the cell shows it from now on.
pub fn attached(
    state: &mut State,
    cell: &str,
    record: &RunRecord,
    target: Option<String>,
    task: Option<TaskId>,
) {
    let Some(open) = &mut state.open else { return };
    let previous_best = open
        .runs
        .iter()
        .filter(|run| run.cell == cell && run.id < record.id)
        .filter_map(|run| run.metrics.get("validation")?.get("log_loss").copied())
        .min_by(f64::total_cmp);
    let Some(notebook) = &mut open.notebook else {
        return;
    };
    let key = notebook.key(cell);
    let unchanged = is_unchanged(&notebook.document, &notebook.path, cell, record);
    let known = notebook.cell_mut(cell);
    known.training = Some(Training::new(record, target, previous_best));
    match task {
        Some(task) => {
            if known.key.is_none() && unchanged {
                known.key = Some(key);
            }
            known.state = CellState::Running {
                task,
                label: "starting".into(),
                fraction: None,
            };
        }
        None => known.key = unchanged.then_some(key),
    }
}

/// Whether the notebook still says what a run was made of.
fn is_unchanged(
    document: &aloft_notebook::Document,
    path: &std::path::Path,
    cell: &str,
    record: &RunRecord,
) -> bool {
    let same_rows = aloft_engine::same_lineage(document, record);
    same_rows && matches!(document.spec(cell, path), Ok(CellSpec::Train(spec)) if spec == record.train)
}

/// The cell that shows a run.
fn cell_of(state: &State, run: &str) -> Option<String> {
    let notebook = state.notebook()?;
    let shows = |cell: &crate::state::Cell| {
        cell.training
            .as_ref()
            .is_some_and(|training| training.view.run == run)
    };
    notebook
        .cells
        .iter()
        .find(|(_, cell)| shows(cell))
        .map(|(name, _)| name.clone())
}

/// Reads the report of a run, if a cell shows that run.
pub fn read_report(state: &State, run: &str, effects: &mut Vec<Effect>) {
    if let (Some(run_dir), Some(_)) = (run_dir(state, run), cell_of(state, run)) {
        effects.push(Effect::ReadReport {
            run_dir,
            run: run.to_owned(),
        });
    }
}

/// The report of a run was read.
pub fn reported(state: &mut State, run: &str, result: Result<Option<Report>, Problem>) {
    let report = match result {
        Ok(report) => report,
        Err(problem) => return state.report(problem),
    };
    let Some(name) = cell_of(state, run) else { return };
    if let Some(notebook) = state.notebook_mut()
        && let Some(training) = &mut notebook.cell_mut(&name).training
        && let Some(report) = report
    {
        training.report(report);
    }
}

/// Events of a run.
pub fn events(state: &mut State, run: &str, events: Vec<Event>, effects: &mut Vec<Effect>) {
    // From then on the report is there, and only its last part is still to come.
    let evaluated = |event: &Event| {
        matches!(
            event.kind,
            EventKind::Phase {
                phase: Phase::Explain
            }
        )
    };
    if events.iter().any(evaluated) {
        read_report(state, run, effects);
    }
    let Some(name) = cell_of(state, run) else { return };
    let task = state.tasks.iter().position(
        |task| matches!(&task.work, Work::Train { run: of, .. } | Work::Job { run: of, .. } if of == run),
    );
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let key = notebook.key(&name);
    let cell = notebook.cell_mut(&name);
    let Some(training) = &mut cell.training else {
        return;
    };
    for event in events {
        training.apply(event);
    }
    let fraction = training.fraction();
    let label = training
        .view
        .phase
        .map_or("running", aloft_spec::event::Phase::label);
    if let Some(verdict) = training.verdict.take() {
        let rows = if training.view.extent.starts_with("all") {
            Rows::All
        } else {
            Rows::Sample
        };
        if cell.key.as_ref() == Some(&key) {
            cell.set_verdict(rows, key, verdict);
        }
    }
    if let CellState::Running {
        label: shown,
        fraction: bar,
        ..
    } = &mut cell.state
    {
        label.clone_into(shown);
        *bar = Some(fraction);
    }
    if let Some(task) = task {
        state.tasks[task].fraction = Some(fraction);
    }
}

/// A run has ended, or its worker is gone.
pub fn ended(
    state: &mut State,
    run: &str,
    status: RunStatus,
    problem: Option<Problem>,
    effects: &mut Vec<Effect>,
) {
    let local = state
        .tasks
        .iter()
        .find(|task| matches!(&task.work, Work::Train { run: of, .. } if of == run));
    if let Some(id) = local.map(|task| task.id) {
        state.end_task(id);
    }
    if let Some(open) = &mut state.open {
        open.followed.remove(run);
        effects.push(Effect::List {
            project: open.project.clone(),
        });
    }
    read_report(state, run, effects);
    let Some(name) = cell_of(state, run) else { return };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let fresh_key = notebook.key(&name);
    let cell = notebook.cell_mut(&name);
    let Some(training) = &cell.training else { return };
    let seconds = training.view.seconds.unwrap_or_default();
    let told = training.ended.as_ref().and_then(|(_, problem)| problem.clone());
    cell.seconds = seconds;
    cell.tried = Some(fresh_key.clone());
    cell.state = match status {
        RunStatus::Done if cell.key.as_ref() == Some(&fresh_key) => CellState::Done {
            seconds,
            cached: false,
        },
        RunStatus::Done => CellState::Stale,
        RunStatus::Stopped => CellState::Stopped,
        _ => CellState::Failed {
            problem: told.or(problem).unwrap_or_else(|| {
                Problem::new(Code::WorkerDied, "the run ended without a reason")
                    .with_hint(format!("its output is in runs/{run}/worker.log"))
            }),
        },
    };
    // A run that has ended corrects the forecasts, and counts for the stability.
    let measured: Vec<Rows> = [Rows::Sample, Rows::All]
        .into_iter()
        .filter(|rows| cell.verdict(*rows).is_some_and(|(key, _)| *key == fresh_key))
        .collect();
    if status == RunStatus::Done {
        for rows in measured {
            super::work::enqueue_plan(state, &name, rows);
        }
    }
}

/// Asks a run's worker to stop.
pub fn stop(state: &State, run: &str, effects: &mut Vec<Effect>) {
    if let Some(run_dir) = run_dir(state, run) {
        effects.push(Effect::StopRun { run_dir });
    }
}

/// Writes a run's model to a file.
pub fn export_model(state: &State, run: &str, path: PathBuf, effects: &mut Vec<Effect>) {
    if let Some(run_dir) = run_dir(state, run) {
        effects.push(Effect::ExportModel { run_dir, path });
    }
}

/// Continues a run from its last checkpoint.
pub fn resume(state: &mut State, run: &str, effects: &mut Vec<Effect>) {
    let Some(run_dir) = run_dir(state, run) else {
        return;
    };
    let cell = cell_of(state, run).or_else(|| {
        Some(
            state
                .open
                .as_ref()?
                .runs
                .iter()
                .find(|known| known.id == run)?
                .cell
                .clone(),
        )
    });
    let Some(cell) = cell else { return };
    let id = state.add_task(
        format!("Training {cell}"),
        Work::Train {
            cell: cell.clone(),
            run: run.to_owned(),
        },
    );
    mark_started(state, id);
    if let Some(notebook) = state.notebook_mut() {
        notebook.cell_mut(&cell).state = CellState::Running {
            task: id,
            label: "resuming".into(),
            fraction: None,
        };
    }
    effects.push(Effect::Resume {
        task: id,
        run: run.to_owned(),
        run_dir,
    });
}

/// A worker goes on with a run. Only now it is followed: whoever looked before would see that it had ended.
pub fn resumed(
    state: &mut State,
    id: TaskId,
    run: &str,
    result: Result<(), Problem>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(()) => {
            follow(state, run, Some(id), effects);
            if let Some(open) = &state.open {
                effects.push(Effect::List {
                    project: open.project.clone(),
                });
            }
        }
        Err(problem) => {
            let Some(task) = state.end_task(id) else { return };
            let Work::Train { cell, .. } = task.work else {
                return;
            };
            if let Some(notebook) = state.notebook_mut() {
                notebook.cell_mut(&cell).state = CellState::Failed { problem };
            }
        }
    }
}
