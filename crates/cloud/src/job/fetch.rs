//! Fetching: the outcome comes home, is checked against its manifest, and only then takes its place.

use super::{attach, job_of, lock};
use crate::target::{Progress, Target};
use crate::{CloudError, Result};
use aloft_runs::{FileHash, Manifest, file, hash_file, read_manifest, verify_manifest, write_job};
use aloft_spec::Code;
use aloft_spec::job::{JobRecord, JobState};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};
use std::sync::atomic::AtomicBool;

/// Where files lie until all of them are there and right. A fetch that was cut off finds what it had.
const STAGING: &str = ".fetch";

/// Brings the outcome of a run that has ended home: model, report, record and event log, each checked against the
/// manifest that the worker wrote. Until all are right, nothing in the run's folder changes. The state becomes `Home`
/// when a model came; a run that failed or has no model keeps its state.
///
/// # Errors
/// `NotFound` while there is no outcome; `Corrupted` with the name of the file that isn't what the worker wrote;
/// `Stopped` when `cancel` became true; and those of the connection.
pub fn fetch(
    target: &dyn Target,
    run_dir: &Path,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<JobRecord> {
    attach(target, run_dir)?;
    let _lock = lock(run_dir)?;
    let mut job = job_of(target, run_dir)?;
    match job.state {
        JobState::Home if verify_manifest(run_dir).is_ok() => return Ok(job),
        JobState::Running => return Err(no_outcome(target, " yet: it is being executed", true)),
        JobState::Uploading => return Err(no_outcome(target, " yet: it is being sent", true)),
        _ => {}
    }
    let staging = run_dir.join(STAGING);
    fs::create_dir_all(&staging).map_err(CloudError::local("create", &staging))?;
    let manifest = fetch_manifest(target, &job, &staging, cancel)?;
    // The mirrored log is most likely the one that is asked for.
    let missing: BTreeMap<&String, &FileHash> = manifest
        .files
        .iter()
        .filter(|(name, expected)| !(*name == file::EVENTS && is_there(run_dir, name, expected)))
        .collect();
    download(target, &job, &missing, &staging, progress, cancel)?;
    check_record(run_dir, &staging, &missing)?;
    put_in_place(run_dir, &staging, &missing)?;
    verify_manifest(run_dir)?;
    // It is empty but for what a fetch of an earlier outcome has left.
    fs::remove_dir_all(&staging).map_err(CloudError::local("remove", &staging))?;
    if job.state != JobState::Failed && missing.keys().any(|name| is_of_model(name)) {
        job.state = JobState::Home;
        job.problem = None;
    }
    write_job(run_dir, &job)?;
    Ok(job)
}

fn no_outcome(target: &dyn Target, why: &str, running: bool) -> aloft_spec::Problem {
    CloudError::NoOutcome {
        target: target.name().into(),
        why: why.into(),
        running,
    }
    .into()
}

fn fetch_manifest(
    target: &dyn Target,
    job: &JobRecord,
    staging: &Path,
    cancel: &AtomicBool,
) -> Result<Manifest> {
    let to = staging.join(file::MANIFEST);
    match target.download(&job.remote, file::MANIFEST, &to, &mut |_, _| {}, cancel) {
        Err(problem) if problem.code == Code::NotFound => {
            return Err(no_outcome(target, ": it ended before it had one", false));
        }
        downloaded => downloaded?,
    }
    let manifest = read_manifest(staging)?;
    match manifest.files.keys().find(|name| !belongs(name)) {
        None => Ok(manifest),
        Some(name) => Err(CloudError::Corrupted {
            name: file::MANIFEST.into(),
            what: format!("names `{name}`, which is no file of an outcome"),
        }
        .into()),
    }
}

/// Whether a name that came from elsewhere is one that an outcome has: nothing else is written here.
fn belongs(name: &str) -> bool {
    [file::RUN, file::REPORT, file::EVENTS].contains(&name)
        || (is_of_model(name)
            && Path::new(name)
                .components()
                .all(|component| matches!(component, Component::Normal(_))))
}

fn is_of_model(name: &str) -> bool {
    name.strip_prefix(file::MODEL)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn is_there(folder: &Path, name: &str, expected: &FileHash) -> bool {
    hash_file(&folder.join(name)).is_ok_and(|found| found == *expected)
}

fn download(
    target: &dyn Target,
    job: &JobRecord,
    missing: &BTreeMap<&String, &FileHash>,
    staging: &Path,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<()> {
    let total = missing.values().map(|expected| expected.bytes).sum();
    let mut before = 0;
    for (name, expected) in missing {
        progress(before, total);
        if !is_there(staging, name, expected) {
            let to = staging.join(name);
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).map_err(CloudError::local("create", folder))?;
            }
            let mut told = |done, _| progress(before + done, total);
            target.download(&job.remote, name, &to, &mut told, cancel)?;
            if !is_there(staging, name, expected) {
                return Err(CloudError::Corrupted {
                    name: (*name).clone(),
                    what: format!(
                        "on {} isn't what the worker wrote: its hash differs",
                        target.destination()
                    ),
                }
                .into());
            }
        }
        before += expected.bytes;
    }
    progress(total, total);
    Ok(())
}

/// The record that came home replaces the one that is here, so it must be the same run's.
fn check_record(run_dir: &Path, staging: &Path, missing: &BTreeMap<&String, &FileHash>) -> Result<()> {
    if !missing.keys().any(|name| *name == file::RUN) {
        return Ok(());
    }
    let here = aloft_runs::read(run_dir)?;
    let there = aloft_runs::read(staging)?;
    if (here.id, here.data.hash) == (there.id, there.data.hash) {
        return Ok(());
    }
    Err(CloudError::Corrupted {
        name: file::RUN.into(),
        what: "is that of another run".into(),
    }
    .into())
}

/// Moves the files to their places, the manifest last: a folder with a manifest that agrees is whole.
fn put_in_place(run_dir: &Path, staging: &Path, missing: &BTreeMap<&String, &FileHash>) -> Result<()> {
    let to_place = |name: &str| -> Result<()> {
        let (from, to) = (staging.join(name), run_dir.join(name));
        Ok(fs::rename(&from, &to).map_err(CloudError::local("write", &to))?)
    };
    if missing.keys().any(|name| is_of_model(name)) {
        let model = run_dir.join(file::MODEL);
        if model.exists() {
            fs::remove_dir_all(&model).map_err(CloudError::local("replace", &model))?;
        }
        to_place(file::MODEL)?;
    }
    for name in missing.keys().filter(|name| !is_of_model(name)) {
        to_place(name)?;
    }
    to_place(file::MANIFEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_an_outcome_are_taken_from_elsewhere() {
        for name in ["run.toml", "model/model.json", "model/parts/0.safetensors"] {
            assert!(belongs(name), "{name}");
        }
        let strange = [
            "../run.toml",
            "/etc/passwd",
            "model/../../aloft.toml",
            "model",
            "modelling",
            "job.json",
            "receipts.jsonl",
            "model//etc/passwd/../x",
            "",
        ];
        for name in strange {
            assert!(!belongs(name), "{name}");
        }
    }
}
