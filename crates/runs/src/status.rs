//! Where a run stands: its record, corrected by what its worker, its event log and its job say.

use crate::{
    Result,
    events::read_events,
    folder::{self, file},
    job, worker,
};
use aloft_spec::{
    Code, EventKind, Problem,
    job::{JobRecord, JobState},
    run::{Metrics, Outcome, RunRecord, RunStatus},
    text,
};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Where a run stands now; see [`settled`].
///
/// # Errors
/// As [`crate::read`].
pub fn status(run_dir: &Path) -> Result<RunStatus> {
    Ok(settled(run_dir)?.status)
}

/// The record of a run with what `run.toml` can't know:
///
/// - `Running` as long as its worker lives, also in the moments before and after the record says so;
/// - what the log's last `Finished` says, when the worker was killed before it wrote the record;
/// - `Lost`, when a worker took the run and is gone without a word;
/// - for a run that was sent to a target, what the job and the mirrored log say. No process here is looked for then.
///
/// # Errors
/// As [`crate::read`].
pub fn settled(run_dir: &Path) -> Result<RunRecord> {
    if let Some(job) = job::read_job(run_dir)? {
        return settled_by_job(run_dir, &job);
    }
    if worker::is_alive(run_dir) {
        let mut record = folder::read(run_dir)?;
        record.status = RunStatus::Running;
        // What an earlier worker ended with isn't so any more.
        record.problem = None;
        return Ok(record);
    }
    // Read after the look at the worker: what a worker that is gone has written doesn't change any more.
    let mut record = folder::read(run_dir)?;
    if record.status.is_final() {
        return Ok(record);
    }
    let log = Ending::read(run_dir)?;
    let taken = log.started || record.status == RunStatus::Running || run_dir.join(file::WORKER).exists();
    log.add_to(&mut record);
    if taken && !record.status.is_final() {
        record.status = RunStatus::Lost;
        record.problem = Some(worker_died(run_dir));
    }
    Ok(record)
}

/// What Rust says before it ends a process that can't have more memory, around the bytes that were asked for.
const OUT_OF_MEMORY: (&str, &str) = ("memory allocation of ", " bytes failed");

fn worker_died(run_dir: &Path) -> Problem {
    let last_lines = tail(&run_dir.join(file::WORKER_LOG)).unwrap_or_default();
    let refused = last_lines.lines().rev().find_map(|line| {
        let bytes = line.trim().strip_prefix(OUT_OF_MEMORY.0)?;
        bytes.strip_suffix(OUT_OF_MEMORY.1)?.parse().ok()
    });
    if let Some(refused) = refused {
        let message = format!(
            "the run ended because it ran out of memory: it asked for {} more and there were none",
            text::bytes(refused)
        );
        return Problem::new(Code::OutOfMemory, message).with_hint(
            "set memory_mb in the train cell to less than the machine has, so that a table of more stays in its file; take \
             fewer rows or columns, or a smaller batch_size; or run it on a target with more memory",
        );
    }
    let mut message =
        "the process that executed the run is gone: killed, perhaps because the machine ran out of memory, or the machine \
         went down"
            .to_owned();
    if let Some(line) = last_line(&last_lines) {
        message.push_str(&format!("; {} ends with: {line}", file::WORKER_LOG));
    }
    Problem::new(Code::WorkerDied, message).with_hint("resume the run: it goes on from its last checkpoint")
}

/// The end of a text file.
fn tail(path: &Path) -> Option<String> {
    const TAIL: u64 = 4096;
    let mut file = File::open(path).ok()?;
    let end = file.seek(SeekFrom::End(0)).ok()?;
    file.seek(SeekFrom::Start(end.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last line that isn't empty, cut to a line that can be shown.
fn last_line(text: &str) -> Option<String> {
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(200).collect())
}

fn settled_by_job(run_dir: &Path, job: &JobRecord) -> Result<RunRecord> {
    let mut record = folder::read(run_dir)?;
    if !record.status.is_final() {
        Ending::read(run_dir)?.add_to(&mut record);
    }
    let ended = record.status.is_final();
    record.status = match job.state {
        JobState::Uploading => RunStatus::Created,
        JobState::Failed => RunStatus::Failed,
        JobState::Stopped => RunStatus::Stopped,
        JobState::Running | JobState::Ended | JobState::Home if ended => record.status,
        JobState::Running | JobState::Ended => RunStatus::Running,
        JobState::Home => RunStatus::Done,
    };
    record.problem = job.problem.clone().or(record.problem);
    Ok(record)
}

/// What the event log says of the end of the run's last execution.
#[derive(Debug, Default)]
struct Ending {
    started: bool,
    finished: Option<(RunStatus, Option<Problem>, Option<Outcome>)>,
    metrics: Metrics,
}

impl Ending {
    fn read(run_dir: &Path) -> Result<Self> {
        let mut ending = Self::default();
        for event in read_events(run_dir)? {
            match event.kind {
                // A run that is resumed after its end hasn't ended.
                EventKind::Started { .. } => {
                    ending = Self {
                        started: true,
                        ..Self::default()
                    };
                }
                EventKind::Metrics { split, metrics } => {
                    ending.metrics.insert(split, metrics);
                }
                EventKind::Finished {
                    status,
                    problem,
                    outcome,
                } => ending.finished = Some((status, problem, outcome)),
                _ => {}
            }
        }
        Ok(ending)
    }

    fn add_to(self, record: &mut RunRecord) {
        let Some((status, problem, outcome)) = self.finished else {
            return;
        };
        record.status = status;
        record.problem = problem.or(record.problem.take());
        record.outcome = outcome.or(record.outcome);
        record.metrics.extend(self.metrics);
    }
}
