//! The list of runs.

use crate::{
    Result,
    error::Error,
    folder::{self, file},
    job, status,
};
use aloft_spec::{
    Extent, Problem,
    run::{RunRecord, RunStatus, RunSummary},
    sweep::SweepTrial,
};
use jiff::{civil::DateTime, tz::TimeZone};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// All runs in a folder, newest first. None when the folder isn't there.
///
/// A run whose record can't be read is in the list as failed, with the problem; what isn't a run is left out.
///
/// # Errors
/// When the folder itself can't be read.
pub fn list(runs_dir: &Path) -> Result<Vec<RunSummary>> {
    let mut runs: Vec<RunSummary> = folders(runs_dir)?.iter().map(|path| summary(path)).collect();
    runs.sort_by(|a, b| (&b.created_at, &b.id).cmp(&(&a.created_at, &a.id)));
    Ok(runs)
}

/// Trials of sweeps that are wanted, by their numbers, each with its folder.
///
/// # Errors
/// When the folder itself can't be read. Runs that can't be read are no trials.
pub fn trials(
    runs_dir: &Path,
    wanted: impl Fn(&RunRecord, &SweepTrial) -> bool,
) -> Result<Vec<(PathBuf, RunRecord)>> {
    let mut found: Vec<(PathBuf, RunRecord)> = folders(runs_dir)?
        .into_iter()
        .filter_map(|path| Some((path.clone(), folder::read(&path).ok()?)))
        .filter(|(_, record)| record.sweep.as_ref().is_some_and(|trial| wanted(record, trial)))
        .collect();
    found.sort_by_key(|(_, record)| record.sweep.as_ref().map(|sweep| sweep.index));
    Ok(found)
}

/// The folders that are runs.
fn folders(runs_dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(runs_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io("read", runs_dir))?,
    };
    Ok(entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.join(file::RUN).exists() || path.join(file::EVENTS).exists())
        .collect())
}

fn summary(run_dir: &Path) -> RunSummary {
    let id = run_dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    // A broken job.json fails the record below and is told there.
    let target = job::read_job(run_dir).ok().flatten().map(|job| job.target);
    match status::settled(run_dir) {
        Ok(record) => RunSummary {
            id,
            cell: record.cell,
            notebook: record.notebook,
            created_at: record.created_at,
            status: record.status,
            extent: record.data.extent,
            seconds: record.outcome.map(|outcome| outcome.seconds),
            metrics: record.metrics,
            trial: record.sweep,
            target,
            problem: record.problem,
        },
        Err(problem) => unreadable(id, target, problem),
    }
}

/// A run of which only the folder's name is known: `20260131-154500-late-3fa9c1`.
fn unreadable(id: String, target: Option<String>, problem: Problem) -> RunSummary {
    let created_at = id
        .get(..15)
        .and_then(|text| DateTime::strptime("%Y%m%d-%H%M%S", text).ok())
        .and_then(|at| at.to_zoned(TimeZone::UTC).ok())
        .map(|at| at.timestamp().to_string())
        .unwrap_or_default();
    RunSummary {
        cell: id.split('-').nth(2).unwrap_or_default().to_owned(),
        id,
        notebook: String::new(),
        created_at,
        status: RunStatus::Failed,
        extent: Extent::all(0),
        seconds: None,
        metrics: Default::default(),
        trial: None,
        target,
        problem: Some(problem),
    }
}
