//! Runs sent to targets. The policy is enforced here, whatever the caller has shown or asked.

use crate::{Cancel, Result, targets::connect};
use aloft_project::Project;
use aloft_spec::{
    Code, Problem,
    job::{JobRecord, JobState, Preflight},
};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How often a job is asked for news.
const POLL: Duration = Duration::from_secs(1);
/// The longest pause between two tries to reach a target.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a pause looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(100);

/// What would leave this machine if a run were sent to a target.
pub fn preflight(project: &Project, run_dir: &Path, target: &str) -> Result<Preflight> {
    let mut preflight = aloft_cloud::preflight(
        connect(project, target)?.as_ref(),
        run_dir,
        &aloft_runs::worker_program()?,
    )?;
    if let Err(reason) = aloft_placement::may_leave(&project.spec.policy, preflight.class) {
        preflight.allowed = false;
        preflight.note = Some(reason);
    }
    Ok(preflight)
}

/// Sends a run to a target and starts it there; the same call again goes on where an earlier one was interrupted.
/// `progress` is told how many bytes of how many are there.
///
/// # Errors
/// `Forbidden` when the policy keeps the run's data here, before any network is touched.
pub fn send(
    project: &Project,
    run_dir: &Path,
    target: &str,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<JobRecord> {
    let class = aloft_runs::read(run_dir)?.data.class;
    aloft_placement::may_leave(&project.spec.policy, class).map_err(|reason| {
        Problem::new(Code::Forbidden, reason)
            .in_file(project.root.join("aloft.toml"))
            .with_hint("train it here, or ask whoever answers for the data about `policy.may_leave`")
    })?;
    aloft_cloud::send(
        connect(project, target)?.as_ref(),
        run_dir,
        &aloft_runs::worker_program()?,
        progress,
        cancel.flag(),
    )
}

/// The jobs of a project, latest first.
pub fn jobs(project: &Project) -> Result<Vec<JobRecord>> {
    aloft_cloud::jobs(&project.runs_dir())
}

/// News of an attached job.
#[derive(Debug)]
pub enum News<'a> {
    /// The target was asked; new events are in the run's folder.
    Polled(&'a JobRecord),
    /// The target can't be reached at the moment; it is tried again.
    Unreachable(&'a Problem),
    /// The outcome is on its way: bytes that are here, of all.
    Fetching(u64, u64),
}

/// Attaches to a job: mirrors its events into the run's folder and, when it has ended, brings the outcome home and
/// verifies it. Returns when nothing more will come, or soon after `cancel` (the job goes on). A lost connection is tried
/// again for as long as it takes.
pub fn attach(
    project: &Project,
    run_dir: &Path,
    cancel: &Cancel,
    tell: &mut dyn FnMut(News<'_>),
) -> Result<JobRecord> {
    let mut record = job(run_dir)?;
    let mut pause = POLL;
    let target = connect(project, &record.target)?;
    while !record.state.is_final() {
        match advance(target.as_ref(), run_dir, cancel, tell) {
            Ok(latest) => {
                record = latest;
                pause = POLL;
                tell(News::Polled(&record));
            }
            Err(problem) if problem.code == Code::Unreachable => {
                tell(News::Unreachable(&problem));
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(problem) => return Err(problem),
        }
        if record.state.is_final() || !wait(pause, cancel) {
            break;
        }
    }
    Ok(record)
}

/// Asks the target of a job once: new events are mirrored into the run's folder.
pub fn poll_job(project: &Project, run_dir: &Path) -> Result<JobRecord> {
    let record = job(run_dir)?;
    if record.state.is_final() {
        return Ok(record);
    }
    aloft_cloud::attach(connect(project, &record.target)?.as_ref(), run_dir)
}

/// Asks a job's worker to stop; the target ends it if it doesn't.
pub fn stop_job(project: &Project, run_dir: &Path) -> Result<()> {
    let record = job(run_dir)?;
    aloft_cloud::stop_job(connect(project, &record.target)?.as_ref(), run_dir)
}

/// Brings a job's outcome home, once more if need be.
pub fn fetch_job(
    project: &Project,
    run_dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<JobRecord> {
    let record = job(run_dir)?;
    aloft_cloud::fetch(
        connect(project, &record.target)?.as_ref(),
        run_dir,
        progress,
        cancel.flag(),
    )
}

fn advance(
    target: &dyn aloft_cloud::Target,
    run_dir: &Path,
    cancel: &Cancel,
    tell: &mut dyn FnMut(News<'_>),
) -> Result<JobRecord> {
    let record = aloft_cloud::attach(target, run_dir)?;
    if !matches!(record.state, JobState::Ended | JobState::Stopped) {
        return Ok(record);
    }
    tell(News::Polled(&record));
    let mut progress = |done, total| tell(News::Fetching(done, total));
    match aloft_cloud::fetch(target, run_dir, &mut progress, cancel.flag()) {
        // One that was stopped before its first epoch has nothing to bring.
        Err(problem) if problem.code == Code::NotFound && record.state == JobState::Stopped => Ok(record),
        fetched => fetched,
    }
}

fn job(run_dir: &Path) -> Result<JobRecord> {
    aloft_runs::read_job(run_dir)?.ok_or_else(|| {
        Problem::new(Code::NotFound, "this run wasn't sent to a target")
            .in_file(run_dir)
            .with_hint("`aloft jobs list` shows those that were")
    })
}

/// Waits, and says whether it wasn't cancelled.
fn wait(pause: Duration, cancel: &Cancel) -> bool {
    let until = Instant::now() + pause;
    while Instant::now() < until {
        if cancel.is_cancelled() {
            return false;
        }
        thread::sleep(GLANCE);
    }
    !cancel.is_cancelled()
}
