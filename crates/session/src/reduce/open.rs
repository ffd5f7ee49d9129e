//! Opening and closing projects and notebooks.

use super::{edit, recall, runs};
use crate::message::{Effect, Listing, Loaded, NotebookText, Place};
use crate::state::{OpenNotebook, OpenProject, State, Work};
use aloft_protocol::TaskId;
use aloft_spec::{Code, Problem, source::Format};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

pub fn open(state: &mut State, path: PathBuf, effects: &mut Vec<Effect>) {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let task = state.add_task(format!("Opening {name}"), Work::Load);
    effects.push(Effect::Load {
        task,
        place: Place::Path(path),
    });
}

pub fn example(state: &mut State, name: String, effects: &mut Vec<Effect>) {
    let task = state.add_task(format!("Opening example {name}"), Work::Load);
    effects.push(Effect::Load {
        task,
        place: Place::Example(name),
    });
}

/// A folder or a notebook is opened; data files become source cells of the open notebook, or of the project that they
/// lie in where none is open.
pub fn drop(state: &mut State, paths: Vec<PathBuf>, now: Instant, effects: &mut Vec<Effect>) {
    let (data, other): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| Format::of_path(path).is_some());
    if let Some(path) = other.into_iter().next() {
        open(state, path, effects);
    } else if state.notebook().is_some() {
        for path in data {
            edit::add_source(state, &path, now);
        }
    } else if let Some(first) = data.first().cloned() {
        open(state, first, effects);
    }
}

pub fn close_project(state: &mut State, effects: &mut Vec<Effect>) {
    edit::save_if_unsaved(state, effects);
    forget_open(state);
    state.open = None;
    effects.push(Effect::ReadRecent);
}

/// Work for a notebook that is about to go ends; runs and jobs go on by themselves.
fn forget_open(state: &mut State) {
    for task in &state.tasks {
        if task.work != Work::Load {
            task.cancel.cancel();
        }
    }
    state.tasks.retain(|task| task.work == Work::Load);
    state.question = None;
    if let Some(open) = &mut state.open {
        for cancel in open.followed.values() {
            cancel.cancel();
        }
        open.followed.clear();
    }
}

pub fn loaded(
    state: &mut State,
    task: TaskId,
    result: Result<Box<Loaded>, Problem>,
    now: Instant,
    effects: &mut Vec<Effect>,
) {
    if state.end_task(task).is_none() {
        return;
    }
    let loaded = match result {
        Ok(loaded) => *loaded,
        Err(problem) => return state.report(problem),
    };
    edit::save_if_unsaved(state, effects);
    forget_open(state);
    let name = loaded.project.name();
    effects.push(Effect::Remember {
        path: loaded.project.root.clone(),
        name,
        forget: false,
    });
    state.open = Some(OpenProject {
        project: Arc::new(loaded.project),
        notebooks: Vec::new(),
        files: Vec::new(),
        runs: Arc::default(),
        jobs: Vec::new(),
        target_tests: BTreeMap::new(),
        diagnostics: loaded.diagnostics,
        notebook: None,
        window: loaded.window,
        followed: BTreeMap::new(),
    });
    listed(state, loaded.listing);
    if let Some((path, text)) = loaded.notebook {
        show(state, path, text, now, effects);
    } else if let Some(data) = loaded.dropped {
        // A data file was opened by itself: a notebook that looks at it is what the user wants to see.
        let stem = data
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        new_notebook(state, &stem, effects);
        edit::add_source(state, &data, now);
    }
}

pub fn listed(state: &mut State, listing: Listing) {
    if let Some(open) = &mut state.open {
        open.notebooks = listing.notebooks;
        open.files = listing.files;
        open.runs = Arc::new(listing.runs);
        open.jobs = listing.jobs;
        if let Some(notebook) = &open.notebook {
            let path = notebook.path.to_string_lossy().into_owned();
            if !open.notebooks.contains(&path) {
                open.notebooks.push(path);
            }
        }
    }
}

pub fn notebook(state: &mut State, notebook: &str, effects: &mut Vec<Effect>) {
    if state
        .notebook()
        .is_some_and(|open| open.path == Path::new(notebook))
    {
        return;
    }
    edit::save_if_unsaved(state, effects);
    if let Some(open) = &state.open {
        effects.push(Effect::ReadNotebook {
            project: open.project.clone(),
            path: notebook.into(),
        });
    }
}

pub fn notebook_read(
    state: &mut State,
    path: &Path,
    result: Result<NotebookText, Problem>,
    now: Instant,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(text) => {
            if state.notebook().is_some_and(|open| open.path == path) {
                edit::reread(state, text, now);
            } else {
                show(state, path.to_owned(), text, now, effects);
            }
        }
        Err(problem) => state.report(problem),
    }
}

fn show(state: &mut State, path: PathBuf, text: NotebookText, now: Instant, effects: &mut Vec<Effect>) {
    let recovered = text.recovered.is_some();
    let current = text.recovered.unwrap_or_else(|| text.saved.clone());
    let mut notebook = OpenNotebook::new(path, text.saved, current);
    notebook.refresh_due = Some(now);
    notebook.recalling = true;
    if recovered {
        state.tell(format!(
            "Recovered unsaved changes of {}",
            notebook.path.display()
        ));
    }
    state.tasks.retain(|task| {
        let evaluation = matches!(
            task.work,
            Work::Evaluate { .. } | Work::Select { .. } | Work::Page { .. } | Work::Plan { .. }
        );
        if evaluation {
            task.cancel.cancel();
        }
        !evaluation
    });
    if let Some(open) = &mut state.open {
        open.notebook = Some(notebook);
    }
    recall::start(state, effects);
    runs::attach_latest(state, effects);
}

pub fn new_notebook(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    edit::save_if_unsaved(state, effects);
    let Some(open) = &mut state.open else {
        return state.report(
            Problem::new(Code::NotFound, "no project is open")
                .with_hint("open a folder, then make a notebook in it"),
        );
    };
    let stem: String = name
        .trim()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '_'
            }
        })
        .collect::<String>()
        .to_lowercase();
    let stem = if stem.is_empty() {
        "notebook".to_owned()
    } else {
        stem
    };
    let mut file = format!("notebooks/{stem}.aloft.md");
    let mut number = 2;
    while open.notebooks.contains(&file) {
        file = format!("notebooks/{stem}_{number}.aloft.md");
        number += 1;
    }
    let title = if name.trim().is_empty() {
        "Notebook"
    } else {
        name.trim()
    };
    let text: Arc<str> = format!("# {title}\n").into();
    open.notebooks.push(file.clone());
    open.notebook = Some(OpenNotebook::new(file.into(), "".into(), text));
}
