//! Attaching: the target's event log is mirrored and the job's state follows it.

use super::{job_of, try_lock};
use crate::target::{Poll, Target};
use crate::{CloudError, Result};
use aloft_runs::{file, read_events, write_job};
use aloft_spec::job::{JobRecord, JobState};
use aloft_spec::run::RunStatus;
use aloft_spec::{Code, Event, EventKind, Problem};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Asks the target once: adds what the run has written there to the local `events.jsonl`, which stays a byte-for-byte
/// prefix of that log, and keeps the job's new state. Call it every second or so until the state isn't `Running` any
/// more. While another process does the same, this returns the state that the other one keeps.
///
/// # Errors
/// `NotFound` when the run was never sent; `Unreachable`, after which the job goes on and the next call tries again;
/// `Corrupted` when the log there is shorter than what came from it before.
pub fn attach(target: &dyn Target, run_dir: &Path) -> Result<JobRecord> {
    let job = job_of(target, run_dir)?;
    if job.state != JobState::Running {
        return Ok(job);
    }
    let Some(_lock) = try_lock(run_dir)? else {
        return Ok(job);
    };
    // Another process may have gone on between the two looks.
    let mut job = job_of(target, run_dir)?;
    if job.state != JobState::Running {
        return Ok(job);
    }
    let poll = mirror(target, &job.remote, run_dir)?;
    if !poll.alive {
        conclude(&mut job, target, run_dir, &poll)?;
        write_job(run_dir, &job)?;
    }
    Ok(job)
}

/// Brings the local log up to the target's, and returns the last answer.
pub(super) fn mirror(target: &dyn Target, remote: &str, run_dir: &Path) -> Result<Poll> {
    let path = run_dir.join(file::EVENTS);
    loop {
        let offset = match std::fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            found => found.map_err(CloudError::local("read", &path))?.len(),
        };
        let poll = target.poll(remote, offset)?;
        if poll.size < offset {
            return Err(CloudError::Corrupted {
                name: file::EVENTS.into(),
                what: format!(
                    "has {} bytes on the target and {offset} here: one of the two was changed",
                    poll.size
                ),
            }
            .into());
        }
        append(&path, &poll.events).map_err(CloudError::local("write", &path))?;
        let now = offset + poll.events.len() as u64;
        if now >= poll.size || poll.events.is_empty() {
            return Ok(poll);
        }
    }
}

/// A write that is cut off leaves a shorter prefix, from whose end the next one goes on.
fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let mut log = OpenOptions::new().append(true).create(true).open(path)?;
    log.write_all(bytes)
}

/// How a job has ended whose worker is gone.
fn conclude(job: &mut JobRecord, target: &dyn Target, run_dir: &Path, poll: &Poll) -> Result<()> {
    let (state, problem) = match read_events(run_dir)?.pop() {
        Some(Event {
            kind: EventKind::Finished { status, problem, .. },
            ..
        }) => match status {
            RunStatus::Done => (JobState::Ended, None),
            RunStatus::Stopped => (JobState::Stopped, None),
            _ => (JobState::Failed, problem),
        },
        // It was ended after its grace.
        _ if poll.stopping => (JobState::Stopped, None),
        _ => (JobState::Failed, Some(died(job, target, poll))),
    };
    job.state = state;
    job.problem = problem;
    Ok(())
}

fn died(job: &JobRecord, target: &dyn Target, poll: &Poll) -> Problem {
    let how = match poll.exit {
        None => "is gone: killed, or the machine went down".into(),
        Some(137) => "was killed by signal 9, as a machine does that is out of memory".into(),
        Some(exit) if exit > 128 => format!("was ended by signal {}", exit - 128),
        Some(exit) => format!("ended with code {exit} and without a word"),
    };
    let mut message = format!(
        "the process that executed the run on {} {how}",
        target.destination()
    );
    let last = last_lines(&poll.printed);
    if !last.is_empty() {
        message.push_str("; it printed last:\n");
        message.push_str(&last);
    }
    Problem::new(Code::WorkerDied, message).with_hint(format!(
        "send the run again: it goes on from its last checkpoint; all that it printed is in {}/{} there",
        job.remote,
        file::WORKER_LOG
    ))
}

/// The last eight lines.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}
