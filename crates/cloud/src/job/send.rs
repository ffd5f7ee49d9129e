//! Sending: what would leave, and the leaving itself.

use super::attach::mirror;
use super::parcel::Parcel;
use super::{lock, now};
use crate::target::{Launch, Progress, Target};
use crate::{CloudError, Result};
use aloft_runs::{append_receipt, read_job, write_job};
use aloft_spec::Code;
use aloft_spec::job::{JobRecord, JobState, Preflight, Receipt};
use aloft_spec::run::{RunRecord, RunStatus};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What [`send`] would send. The target is asked what it has already, unless the policy forbids the run to leave; where
/// it doesn't answer, all files count as to be sent and the note says why. `placement` is left to the caller.
///
/// # Errors
/// Those of the run's files, and those of the target (credential, host key) but `Unreachable`.
pub fn preflight(target: &dyn Target, run_dir: &Path, program: &Path) -> Result<Preflight> {
    let job = read_job(run_dir)?;
    let parcel = Parcel::of(target, run_dir, program, job.as_ref())?;
    let mut note = may_leave(&parcel.record).err();
    let allowed = note.is_none();
    let mut present = BTreeSet::new();
    if allowed {
        match target.present(&parcel.hashes()) {
            Ok(hashes) => present = hashes,
            Err(problem) if problem.code == Code::Unreachable => note = Some(problem.message),
            Err(problem) => return Err(problem),
        }
    }
    let files = parcel.files(&present);
    let data = parcel.record.data;
    Ok(Preflight {
        cell: parcel.record.cell,
        target: target.name().into(),
        destination: target.destination(),
        identity: target.identity(),
        files,
        rows: data.rows,
        extent: data.extent,
        columns: data.columns,
        class: data.class,
        allowed,
        note,
        placement: None,
    })
}

/// Sends a run to a target and starts it there. `program` is the `aloft` that executes it.
///
/// Called again after it was killed, cancelled or cut off, it goes on: nothing is sent twice, and a run that is being
/// executed there already stays as it is. A run that was stopped or whose worker died is resumed from its last checkpoint.
///
/// The receipt is on the disk before the first byte leaves. It says what was to be sent at that moment; after an upload
/// that was interrupted it may say more than has arrived, never less. Each call that sends writes one.
///
/// # Errors
/// `Forbidden` by the policy; `Unsupported` when the run is done or is being executed elsewhere; `Stopped` when `cancel`
/// became true; `Incompatible` when the program doesn't run there; and those of the connection.
pub fn send(
    target: &dyn Target,
    run_dir: &Path,
    program: &Path,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<JobRecord> {
    let _lock = lock(run_dir)?;
    let before = read_job(run_dir)?;
    let parcel = Parcel::of(target, run_dir, program, before.as_ref())?;
    may_leave(&parcel.record).map_err(CloudError::Forbidden)?;
    if let Some(job) = before.as_ref().filter(|job| job.state == JobState::Running)
        && is_executed(target, job, run_dir)?
    {
        return Ok(job.clone());
    }
    can_be_executed(run_dir, &parcel.record)?;

    let present = target.present(&parcel.hashes())?;
    let mut job = JobRecord {
        run: parcel.record.id.clone(),
        target: target.name().into(),
        kind: target.kind().into(),
        remote: before.map(|job| job.remote).unwrap_or_default(),
        sent_at: now(),
        state: JobState::Uploading,
        problem: None,
    };
    write_job(run_dir, &job)?;
    append_receipt(run_dir, &receipt(target, &parcel, &present, &job.sent_at))?;
    upload(target, &parcel, &present, progress, cancel)?;

    let launch = Launch {
        run: &parcel.record.id,
        blobs: &parcel.blobs,
    };
    match target.launch(&launch) {
        Ok(remote) => {
            job.remote = remote;
            job.state = JobState::Running;
            write_job(run_dir, &job)?;
            Ok(job)
        }
        Err(problem) => {
            // Without a connection it may have been started: the next call finds out.
            if problem.code != Code::Unreachable {
                job.state = JobState::Failed;
                job.problem = Some(problem.clone());
                write_job(run_dir, &job)?;
            }
            Err(problem)
        }
    }
}

fn may_leave(record: &RunRecord) -> std::result::Result<(), String> {
    aloft_placement::may_leave(&record.policy, record.data.class)
}

/// Whether a job that says it is running is being executed at this moment.
fn is_executed(target: &dyn Target, job: &JobRecord, run_dir: &Path) -> Result<bool> {
    if job.target != target.name() {
        return Err(CloudError::Busy {
            what: format!("is on target `{}`", job.target),
            hint: "wait until it has ended there, or stop it with `aloft jobs stop`".into(),
        }
        .into());
    }
    Ok(mirror(target, &job.remote, run_dir)?.alive)
}

fn can_be_executed(run_dir: &Path, record: &RunRecord) -> Result<()> {
    let (what, hint) = if aloft_runs::is_alive(run_dir) {
        (
            "is being executed on this machine",
            "stop it first: it then goes on there from its last checkpoint",
        )
    } else if record.status == RunStatus::Done {
        ("is done, and its model is in its folder", "start a new run")
    } else {
        return Ok(());
    };
    Err(CloudError::Busy {
        what: what.into(),
        hint: hint.into(),
    }
    .into())
}

fn receipt(target: &dyn Target, parcel: &Parcel, present: &BTreeSet<String>, at: &str) -> Receipt {
    let data = &parcel.record.data;
    Receipt {
        at: at.into(),
        target: target.name().into(),
        destination: target.destination(),
        identity: target.identity(),
        files: parcel.files(present),
        rows: data.rows,
        columns: data.columns.clone(),
        class: data.class,
    }
}

fn upload(
    target: &dyn Target,
    parcel: &Parcel,
    present: &BTreeSet<String>,
    progress: &mut Progress<'_>,
    cancel: &AtomicBool,
) -> Result<()> {
    let missing: Vec<_> = parcel
        .blobs
        .iter()
        .filter(|blob| !present.contains(&blob.hash))
        .collect();
    let total = missing.iter().map(|blob| blob.bytes).sum();
    let mut before = 0;
    progress(before, total);
    for blob in missing {
        target.upload(blob, &mut |done, _| progress(before + done, total), cancel)?;
        before += blob.bytes;
    }
    // Whoever cancelled while the last bytes were checked doesn't want the run to start.
    if cancel.load(Ordering::Relaxed) {
        return Err(CloudError::Cancelled.into());
    }
    Ok(())
}
