//! Follows a run's event log, wherever the run is executed: for a job the log is the local mirror.

use crate::Result;
use aloft_runs::Follow;
use aloft_spec::{Event, EventKind, run::RunStatus};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often the log is looked at.
const INTERVAL: Duration = Duration::from_millis(40);
/// How often a quiet run is asked whether its worker is still there.
const LIVENESS: Duration = Duration::from_millis(400);

/// A reader of a run's events, from the first one on.
pub struct Following {
    run_dir: PathBuf,
    log: Follow,
    pending: VecDeque<Event>,
    /// The log's latest word is that the run has finished. It isn't the end yet: a run that is resumed goes on.
    finished: bool,
    /// The run had ended before the log was read to its end.
    ended: Option<RunStatus>,
    looked: Option<Instant>,
}

/// What happened while waiting.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// The next event.
    Event(Event),
    /// Nothing yet.
    Quiet,
    /// All events are read and nothing more will come.
    Ended(RunStatus),
}

impl Following {
    /// Follows the run in a folder, from its first event on.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            run_dir: run_dir.to_owned(),
            log: Follow::new(run_dir),
            pending: VecDeque::new(),
            finished: false,
            ended: None,
            looked: None,
        }
    }

    /// The next event, waiting for it at most so long. A worker that is gone without a last word is noticed here.
    pub fn wait(&mut self, timeout: Duration) -> Result<Progress> {
        let deadline = Instant::now() + timeout;
        loop {
            if self.pending.is_empty() {
                self.pending.extend(self.log.poll()?);
            }
            if let Some(event) = self.pending.pop_front() {
                self.finished = matches!(event.kind, EventKind::Finished { .. });
                return Ok(Progress::Event(event));
            }
            if let Some(status) = self.ended {
                return Ok(Progress::Ended(status));
            }
            let due = self.finished || self.looked.is_none_or(|at| at.elapsed() >= LIVENESS);
            if due {
                self.looked = Some(Instant::now());
                let status = aloft_runs::status(&self.run_dir)?;
                if status.is_final() {
                    // Its last lines may have been written between the two looks: the log is read once more.
                    self.ended = Some(status);
                    continue;
                }
            }
            if Instant::now() >= deadline {
                return Ok(Progress::Quiet);
            }
            thread::sleep(INTERVAL.min(timeout));
        }
    }
}
