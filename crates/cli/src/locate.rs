//! Paths and names on the command line to notebooks and runs.

use crate::Result;
use aloft_engine::Workspace;
use aloft_project::Project;
use aloft_spec::{Code, Problem, table::Scope};
use std::path::{Path, PathBuf};

/// Which rows `--full` means.
pub fn scope(full: bool) -> Scope {
    if full { Scope::All } else { Scope::Sample }
}

/// A number of seconds on the command line.
pub fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("a number of seconds is greater than 0".into()),
    }
}

/// The notebook that a path names, or all notebooks of the project that it names.
pub fn workspaces(path: &Path) -> Result<Vec<Workspace>> {
    if path.is_file() && path.file_name().is_none_or(|name| name != "aloft.toml") {
        return Ok(vec![Workspace::open(path)?]);
    }
    let project = Project::open(path)?;
    let notebooks = project.notebooks();
    if notebooks.is_empty() {
        return Err(
            Problem::new(Code::NotFound, "the project has no notebook (*.aloft.md)")
                .in_file(path)
                .with_hint(
                    "make one in its folder `notebooks`, or start from `aloft new DIR --example penguins`",
                ),
        );
    }
    notebooks
        .into_iter()
        .map(|notebook| Workspace::load(project.clone(), notebook))
        .collect()
}

/// A run as [`run_dir`] finds it, or a folder that holds a model by itself.
pub fn model_dir(run: &Path, project: &Path) -> Result<PathBuf> {
    match run.join("model.json").is_file() {
        true => Ok(run.to_owned()),
        false => run_dir(run, project),
    }
}

/// A run by its folder, its id, or the beginning of an id that only one run has.
pub fn run_dir(run: &Path, project: &Path) -> Result<PathBuf> {
    if run.join("run.toml").is_file() {
        return Ok(run.to_owned());
    }
    let runs_dir = Project::open(project)?.runs_dir();
    let name = run.to_string_lossy();
    let ids: Vec<String> = aloft_runs::list(&runs_dir)?
        .into_iter()
        .map(|summary| summary.id)
        .filter(|id| id.starts_with(name.as_ref()))
        .collect();
    match ids.as_slice() {
        [id] => Ok(runs_dir.join(id)),
        [] => Err(Problem::new(Code::NotFound, format!("there is no run `{name}`"))
            .in_file(&runs_dir)
            .with_hint("`aloft runs` lists them; name a run's folder, its id or the beginning of its id")),
        several => match several.iter().find(|id| **id == *name) {
            Some(id) => Ok(runs_dir.join(id)),
            None => Err(Problem::new(
                Code::UnknownName,
                format!("{} runs begin with `{name}`", several.len()),
            )
            .with_hint(format!("they are {}", several.join(", ")))),
        },
    }
}
