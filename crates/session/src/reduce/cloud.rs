//! Targets and jobs: preflight, send, attach, stop, fetch.

use super::runs;
use crate::message::{Effect, TargetOutcome};
use crate::state::{State, Work};
use aloft_protocol::{
    BlockId, TaskId,
    operation::{Rows, Secret},
    snapshot::{CellState, Question},
};
use aloft_spec::{
    Code, Problem,
    job::{JobRecord, JobState, Preflight},
    project::SshTarget,
};
use std::path::{Path, PathBuf};

pub fn preflight(state: &mut State, block: BlockId, target: String, rows: Rows) {
    let Some(cell) = state
        .notebook()
        .and_then(|notebook| notebook.cell_name(block))
        .map(str::to_owned)
    else {
        return;
    };
    state.question = Some(Question::Preflight {
        target: target.clone(),
        preflight: None,
    });
    state.add_task(
        format!("Preparing {cell} for {target}"),
        Work::Preflight { cell, target, rows },
    );
}

pub fn preflighted(
    state: &mut State,
    task: TaskId,
    result: Result<(PathBuf, Preflight), Problem>,
    effects: &mut Vec<Effect>,
) {
    let wanted = state.end_task(task).is_some() && matches!(state.question, Some(Question::Preflight { .. }));
    match result {
        Ok((run_dir, preflight)) if wanted => {
            state.preflight_run = Some(run_dir);
            state.question = Some(Question::Preflight {
                target: preflight.target.clone(),
                preflight: Some(Box::new(preflight)),
            });
        }
        Ok((run_dir, _)) => effects.push(Effect::Discard { run_dir }),
        Err(problem) => {
            if wanted {
                state.question = None;
            }
            if problem.code != Code::Stopped {
                state.report(problem);
            }
        }
    }
}

pub fn confirm(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Question::Preflight {
        target,
        preflight: Some(preflight),
    }) = state.question.take()
    else {
        return;
    };
    let (Some(run_dir), Some(open)) = (state.preflight_run.take(), &state.open) else {
        return;
    };
    if !preflight.allowed {
        effects.push(Effect::Discard { run_dir });
        return;
    }
    let project = open.project.clone();
    let run = run_dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // The run's name is `<date>-<time>-<cell>-<hash>`, and a cell's name has no dash.
    let cell = run.split('-').nth(2).unwrap_or_default().to_owned();
    let task = state.add_task(
        format!("Sending {cell} to {target}"),
        Work::Send {
            cell: cell.clone(),
            run,
        },
    );
    runs::mark_started(state, task);
    let cancel = state
        .tasks
        .iter()
        .find(|other| other.id == task)
        .map(|task| task.cancel.clone())
        .unwrap_or_default();
    if let Some(notebook) = state.notebook_mut() {
        notebook.cell_mut(&cell).state = CellState::Running {
            task,
            label: format!("sending to {target}"),
            fraction: Some(0.0),
        };
    }
    effects.push(Effect::Send {
        task,
        project,
        run_dir,
        target,
        cancel,
    });
}

pub fn cancel(state: &mut State, effects: &mut Vec<Effect>) {
    if matches!(state.question, Some(Question::Preflight { .. })) {
        state.question = None;
        for task in &state.tasks {
            if matches!(task.work, Work::Preflight { .. }) {
                task.cancel.cancel();
            }
        }
        if let Some(run_dir) = state.preflight_run.take() {
            effects.push(Effect::Discard { run_dir });
        }
    } else if matches!(state.question, Some(Question::HostKey { .. })) {
        state.question = None;
    }
}

pub fn progress(state: &mut State, task: TaskId, done: u64, total: u64) {
    let fraction = if total > 0 {
        done as f32 / total as f32
    } else {
        1.0
    };
    let Some(task) = state.tasks.iter_mut().find(|other| other.id == task) else {
        return;
    };
    task.fraction = Some(fraction);
    let cell = task.work.cell().map(str::to_owned);
    if let (Some(cell), Some(notebook)) = (cell, state.notebook_mut())
        && let CellState::Running { fraction: bar, .. } = &mut notebook.cell_mut(&cell).state
    {
        *bar = Some(fraction);
    }
}

pub fn sent(
    state: &mut State,
    task: TaskId,
    run_dir: &Path,
    result: Result<JobRecord, Problem>,
    effects: &mut Vec<Effect>,
) {
    let Some(task) = state.end_task(task) else { return };
    let Work::Send { cell, run } = task.work else {
        return;
    };
    match result {
        Ok(job) => {
            state.tell(format!(
                "{cell} runs on {}; this window can be closed",
                job.target
            ));
            if let Some(open) = &mut state.open {
                open.jobs.retain(|other| other.run != job.run);
                open.jobs.insert(0, job);
                effects.push(Effect::List {
                    project: open.project.clone(),
                });
            }
            let known_key = state.notebook().map(|notebook| notebook.key(&cell));
            if let Some(notebook) = state.notebook_mut() {
                let cell = notebook.cell_mut(&cell);
                cell.training = None;
                cell.key = known_key;
            }
            runs::follow(state, &run, None, effects);
            attach(state, &cell, &run, effects);
        }
        Err(problem) => {
            effects.push(Effect::Discard {
                run_dir: run_dir.to_owned(),
            });
            if let Some(notebook) = state.notebook_mut() {
                notebook.cell_mut(&cell).state = if problem.code == Code::Stopped {
                    CellState::Stopped
                } else {
                    CellState::Failed {
                        problem: problem.clone(),
                    }
                };
            }
            if problem.code != Code::Stopped {
                state.report(problem);
            }
        }
    }
}

/// Mirrors a job's events until its model is home.
pub fn attach(state: &mut State, cell: &str, run: &str, effects: &mut Vec<Effect>) {
    let Some(open) = &state.open else { return };
    let Some(job) = open.jobs.iter().find(|job| job.run == run) else {
        return;
    };
    if job.state.is_final() {
        return;
    }
    let (target, project) = (job.target.clone(), open.project.clone());
    let work = Work::Job {
        cell: cell.to_owned(),
        run: run.to_owned(),
    };
    if state.tasks.iter().any(|task| task.work == work) {
        return;
    }
    let run_dir = project.runs_dir().join(run);
    let id = state.add_task(format!("{cell} on {target}"), work);
    runs::mark_started(state, id);
    let Some(cancel) = state
        .tasks
        .iter()
        .find(|task| task.id == id)
        .map(|task| task.cancel.clone())
    else {
        return;
    };
    if let Some(notebook) = state.notebook_mut() {
        notebook.cell_mut(cell).state = CellState::Running {
            task: id,
            label: format!("on {target}"),
            fraction: None,
        };
    }
    effects.push(Effect::Attach {
        project,
        run_dir,
        cancel,
    });
}

pub fn job_state(
    state: &mut State,
    run: &str,
    result: Result<JobRecord, Problem>,
    effects: &mut Vec<Effect>,
) {
    let Some(open) = &mut state.open else { return };
    let job = match result {
        Ok(job) => job,
        // A target that doesn't answer has not lost the job: it is asked again.
        Err(problem) => return state.report(problem),
    };
    let (target, job_state, problem) = (job.target.clone(), job.state, job.problem.clone());
    match open.jobs.iter_mut().find(|other| other.run == run) {
        Some(known) => *known = job,
        None => open.jobs.insert(0, job),
    }
    if !job_state.is_final() {
        return;
    }
    if job_state == JobState::Home {
        super::runs::read_report(state, run, effects);
    }
    let Some(open) = &state.open else { return };
    effects.push(Effect::List {
        project: open.project.clone(),
    });
    let task = state
        .tasks
        .iter()
        .find(|task| matches!(&task.work, Work::Job { run: of, .. } if of == run))
        .cloned();
    if let Some(task) = task {
        state.end_task(task.id);
        let cell = task.work.cell().unwrap_or_default().to_owned();
        match job_state {
            JobState::Home => state.tell(format!("The model of {cell} is home from {target}, verified")),
            JobState::Failed => {
                let problem =
                    problem.unwrap_or_else(|| Problem::new(Code::WorkerDied, "the job failed on its target"));
                if let Some(notebook) = state.notebook_mut() {
                    notebook.cell_mut(&cell).state = CellState::Failed { problem };
                }
            }
            _ => {}
        }
    }
}

fn job_effect(
    state: &mut State,
    run: &str,
    effects: &mut Vec<Effect>,
    effect: impl FnOnce(std::sync::Arc<aloft_project::Project>, PathBuf) -> Effect,
) {
    let Some(open) = &state.open else { return };
    let run_dir = open.project.runs_dir().join(run);
    effects.push(effect(open.project.clone(), run_dir));
}

pub fn stop_job(state: &mut State, run: &str, effects: &mut Vec<Effect>) {
    job_effect(state, run, effects, |project, run_dir| Effect::StopJob {
        project,
        run_dir,
    });
}

pub fn fetch_job(state: &mut State, run: &str, effects: &mut Vec<Effect>) {
    job_effect(state, run, effects, |project, run_dir| Effect::FetchJob {
        project,
        run_dir,
    });
}

pub fn probe(state: &mut State, host: String, port: u16, effects: &mut Vec<Effect>) {
    let task = state.add_task(format!("Asking {host} for its key"), Work::Target);
    runs::mark_started(state, task);
    effects.push(Effect::ProbeHost { task, host, port });
}

pub fn host_key(
    state: &mut State,
    task: TaskId,
    host: String,
    port: u16,
    result: Result<(String, String), Problem>,
) {
    state.end_task(task);
    match result {
        Ok((key, fingerprint)) => {
            state.question = Some(Question::HostKey {
                host,
                port,
                key,
                fingerprint,
            });
        }
        Err(problem) => state.report(problem),
    }
}

fn target_effect(
    state: &mut State,
    label: String,
    effects: &mut Vec<Effect>,
    effect: impl FnOnce(TaskId, std::sync::Arc<aloft_project::Project>) -> Effect,
) {
    let Some(project) = state.open.as_ref().map(|open| open.project.clone()) else {
        return;
    };
    let task = state.add_task(label, Work::Target);
    runs::mark_started(state, task);
    effects.push(effect(task, project));
}

pub fn add_target(
    state: &mut State,
    name: String,
    target: SshTarget,
    secret: Option<Secret>,
    effects: &mut Vec<Effect>,
) {
    if matches!(state.question, Some(Question::HostKey { .. })) {
        state.question = None;
    }
    target_effect(state, format!("Adding {name}"), effects, |task, project| {
        Effect::AddTarget {
            task,
            project,
            name,
            target,
            secret,
        }
    });
}

pub fn test_target(state: &mut State, name: String, effects: &mut Vec<Effect>) {
    target_effect(state, format!("Testing {name}"), effects, |task, project| {
        Effect::TestTarget { task, project, name }
    });
}

pub fn remove_target(state: &mut State, name: String, effects: &mut Vec<Effect>) {
    target_effect(state, format!("Removing {name}"), effects, |task, project| {
        Effect::RemoveTarget { task, project, name }
    });
}

pub fn target_done(state: &mut State, task: TaskId, name: String, result: Result<TargetOutcome, Problem>) {
    if state.end_task(task).is_none() {
        return;
    }
    let Some(open) = &mut state.open else { return };
    match result {
        Ok(TargetOutcome::Changed(project)) => {
            open.target_tests.remove(&name);
            open.project = std::sync::Arc::new(*project);
        }
        Ok(TargetOutcome::Tested(answer)) => {
            open.target_tests.insert(name, Ok(answer));
        }
        Err(problem) => {
            open.target_tests.insert(name, Err(problem.clone()));
            state.report(problem);
        }
    }
}
