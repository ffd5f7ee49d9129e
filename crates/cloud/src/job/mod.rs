//! Jobs: runs on targets. The same for every target.

mod attach;
mod fetch;
mod parcel;
mod send;

pub use attach::attach;
pub use fetch::fetch;
pub use send::{preflight, send};

use crate::{CloudError, Result, Target};
use aloft_runs::read_job;
use aloft_spec::job::{JobRecord, JobState};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

/// Held locked by the process that sends, mirrors or fetches a run, so that only one writes its files.
const LOCK: &str = "job.lock";
/// A poll holds the lock for the time of a few answers, an upload for as long as it takes.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The job of a run; `None` when it was never sent.
///
/// # Errors
/// `Unreadable`.
pub fn job(run_dir: &Path) -> Result<Option<JobRecord>> {
    read_job(run_dir)
}

/// The jobs of all runs in a folder, latest first. A folder without runs has none.
///
/// # Errors
/// What the operating system says of the folder. A run whose job can't be read is left out.
pub fn jobs(runs_dir: &Path) -> Result<Vec<JobRecord>> {
    let entries = match std::fs::read_dir(runs_dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(CloudError::local("read", runs_dir))?,
    };
    let mut jobs: Vec<JobRecord> = entries
        .flatten()
        .filter_map(|entry| read_job(&entry.path()).ok().flatten())
        .collect();
    jobs.sort_by(|one, other| other.sent_at.cmp(&one.sent_at));
    Ok(jobs)
}

/// Asks a run on its target to stop at its next step, and returns. The target ends it if it hasn't stopped a minute
/// later. A run that has ended stays as it is.
///
/// # Errors
/// `NotFound` when the run was never sent, `Unsupported` while it is being uploaded, and those of the target.
pub fn stop_job(target: &dyn Target, run_dir: &Path) -> Result<()> {
    let job = job_of(target, run_dir)?;
    match job.state {
        JobState::Running => target.stop(&job.remote),
        JobState::Uploading => Err(CloudError::Busy {
            what: "is still on its way to the target".into(),
            hint: "end the command or the window's task that sends it".into(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// The job of a run, which must be one of this target.
fn job_of(target: &dyn Target, run_dir: &Path) -> Result<JobRecord> {
    let Some(job) = read_job(run_dir)? else {
        let run = run_dir.file_name().unwrap_or(run_dir.as_os_str());
        return Err(CloudError::NoJob(run.to_string_lossy().into_owned()).into());
    };
    if job.target != target.name() {
        return Err(CloudError::OtherTarget {
            there: job.target,
            asked: target.name().into(),
        }
        .into());
    }
    Ok(job)
}

/// The lock of a run's job, given back when it is dropped; `None` when another process holds it.
fn try_lock(run_dir: &Path) -> Result<Option<File>> {
    let path = run_dir.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(CloudError::local("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(CloudError::local("lock", &path)(error).into()),
    }
}

/// The lock of a run's job, for which this waits a moment.
fn lock(run_dir: &Path) -> Result<File> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        if let Some(lock) = try_lock(run_dir)? {
            return Ok(lock);
        }
        if Instant::now() > deadline {
            return Err(CloudError::Busy {
                what: "is being sent or fetched by another process".into(),
                hint: "wait until it is done".into(),
            }
            .into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Now, RFC 3339, UTC.
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
