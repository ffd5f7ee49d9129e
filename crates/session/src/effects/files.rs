//! Files of projects: reading, saving, the journal, the recent list.

use super::{answer, guarded};
use crate::message::{Effect, Listing, Loaded, Message, NotebookText, Place};
use aloft_project::{Project, Recent, Settings};
use aloft_protocol::{
    TaskId,
    operation::Theme,
    snapshot::{ExampleView, FileView, RecentProject},
};
use aloft_spec::{Code, Problem};
use crossbeam_channel::Sender;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The examples that come with the program.
pub fn examples() -> Vec<ExampleView> {
    aloft_project::examples()
        .iter()
        .map(|example| ExampleView {
            name: example.name.to_owned(),
            title: example.title.to_owned(),
            description: example.description.to_owned(),
        })
        .collect()
}

/// The colours that were chosen last.
pub fn theme() -> Theme {
    match Settings::load().theme.as_str() {
        "light" => Theme::Light,
        "dark" => Theme::Dark,
        _ => Theme::System,
    }
}

/// How large everything was painted last, in percent.
pub fn zoom_percent() -> u16 {
    Settings::load().zoom_percent
}

/// The recent list and the settings.
pub fn recent(effect: Effect, messages: &Sender<Message>) {
    let result = match effect {
        Effect::Remember {
            path, forget: true, ..
        } => Recent::load().forget(&path),
        Effect::Remember { path, name, .. } => Recent::load().add(&path, &name),
        Effect::KeepTheme(theme) => {
            let mut settings = Settings::load();
            settings.theme = theme;
            settings.save()
        }
        Effect::KeepZoom(percent) => {
            let mut settings = Settings::load();
            settings.zoom_percent = percent;
            settings.save()
        }
        _ => Ok(()),
    };
    if let Err(problem) = result {
        answer(messages, Message::Failed(problem));
    }
    let recent = Recent::load()
        .entries()
        .iter()
        .map(|entry| RecentProject {
            name: entry.name.clone(),
            path: entry.path.clone(),
            exists: entry.path.is_dir(),
        })
        .collect();
    answer(messages, Message::Recent(recent));
}

pub fn load(task: TaskId, place: Place, messages: &Sender<Message>) {
    let result = guarded(|| {
        let path = match place {
            // The project's root is absolute, and the notebook asked for is found below it.
            Place::Path(path) => std::path::absolute(&path).unwrap_or(path),
            Place::Example(name) => example(&name)?,
        };
        let project = Project::open(&path)?;
        let listing = listing(&project);
        let asked = path
            .strip_prefix(&project.root)
            .ok()
            .map(Path::to_owned)
            .filter(|relative| {
                listing
                    .notebooks
                    .iter()
                    .any(|notebook| Path::new(notebook) == relative)
            });
        let first = asked.or_else(|| listing.notebooks.first().map(PathBuf::from));
        let notebook = match first {
            Some(notebook) => {
                let text = text(&project, &notebook)?;
                Some((notebook, text))
            }
            None => None,
        };
        let (diagnostics, window) = (project.diagnostics(), project.window());
        let dropped = path.is_file().then_some(path);
        Ok(Box::new(Loaded {
            project,
            notebook,
            listing,
            diagnostics,
            dropped,
            window: Arc::new(window),
        }))
    });
    answer(messages, Message::Loaded { task, result });
}

/// The user's copy of an example, made the first time.
fn example(name: &str) -> Result<PathBuf, Problem> {
    let home = std::env::var_os("HOME").map(PathBuf::from).ok_or_else(|| {
        Problem::new(Code::NotFound, "there is no home folder to put the example in").with_hint("set HOME")
    })?;
    let folder = home.join("Aloft").join(name);
    if !folder.join("aloft.toml").is_file() {
        aloft_project::new_project(&folder, Some(name))?;
    }
    Ok(folder)
}

fn text(project: &Project, notebook: &Path) -> Result<NotebookText, Problem> {
    let saved: Arc<str> = project.read_notebook(notebook)?.into();
    let recovered = project
        .journal_read(notebook)
        .map(Arc::from)
        .filter(|text| *text != saved);
    Ok(NotebookText { saved, recovered })
}

pub fn read_notebook(project: &Project, path: PathBuf, messages: &Sender<Message>) {
    let result = guarded(|| text(project, &path));
    answer(messages, Message::NotebookRead { path, result });
}

/// Tells of a file that isn't as it was read or written last. A file that is gone is told of by the next save.
pub fn check_notebook(project: &Project, path: PathBuf, expected: &str, messages: &Sender<Message>) {
    if let Ok(saved) = project.read_notebook(&path)
        && saved != expected
    {
        let result = Ok(NotebookText {
            saved: saved.into(),
            recovered: None,
        });
        answer(messages, Message::NotebookRead { path, result });
    }
}

pub fn save(
    project: &Project,
    path: PathBuf,
    text: Arc<str>,
    expected: &str,
    overwrite: bool,
    messages: &Sender<Message>,
) {
    let result = guarded(|| {
        let there = project.read_notebook(&path).ok();
        let foreign = there.is_some_and(|there| there != expected && *there != *text);
        if foreign && !overwrite {
            return Err(Problem::new(
                Code::MergeConflict,
                format!(
                    "{} was changed by another program and isn't saved",
                    path.display()
                ),
            )
            .with_hint("save again to overwrite it; your text is kept here and in the journal"));
        }
        project.write_notebook(&path, &text)?;
        project.journal_clear(&path)
    });
    let done = result.is_ok();
    answer(messages, Message::Saved { path, text, result });
    if done {
        answer(messages, Message::Listed(listing(project)));
    }
}

pub fn journal(project: &Project, path: &Path, text: &str, messages: &Sender<Message>) {
    if let Err(problem) = project.journal_write(path, text) {
        answer(messages, Message::Failed(problem));
    }
}

/// What is in the project's folder.
pub fn listing(project: &Project) -> Listing {
    Listing {
        notebooks: project
            .notebooks()
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect(),
        files: project
            .data_files()
            .into_iter()
            .map(|path| {
                let bytes = std::fs::metadata(project.root.join(&path)).map_or(0, |metadata| metadata.len());
                FileView {
                    path: path.to_string_lossy().into_owned(),
                    bytes,
                }
            })
            .collect(),
        runs: aloft_runs::list(&project.runs_dir()).unwrap_or_default(),
        jobs: aloft_engine::jobs(project).unwrap_or_default(),
    }
}
