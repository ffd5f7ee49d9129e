//! A run as its worker sees it: the folder, the record, the event log, and whether someone wants it stopped.

use crate::error::{Result, TrainError};
use aloft_runs::{EventLog, file};
use aloft_spec::{
    event::{EventKind, Phase},
    run::RunRecord,
};
use signal_hook::{
    SigId,
    consts::{SIGINT, SIGTERM},
    flag, low_level,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often the folder is asked for the file `stop`.
const LOOK_FOR_STOP: Duration = Duration::from_millis(50);

/// A run that is being executed.
#[derive(Debug)]
pub struct Run {
    /// Its folder.
    pub dir: PathBuf,
    /// Its record; written by [`Run::save`].
    pub record: RunRecord,
    log: EventLog,
    since: Instant,
    signals: Signals,
    looked: Instant,
}

impl Run {
    /// Takes a run whose worker this process is.
    pub fn new(dir: &Path, record: RunRecord) -> Result<Self> {
        let signals = Signals::new().map_err(TrainError::io("handling signals for", dir))?;
        let since = Instant::now();
        Ok(Self {
            dir: dir.to_owned(),
            record,
            log: EventLog::append_to(dir)?,
            since,
            signals,
            looked: since,
        })
    }

    /// Appends an event.
    pub fn event(&mut self, kind: EventKind) -> Result<()> {
        Ok(self.log.write(kind)?)
    }

    /// Appends that a phase begins.
    pub fn phase(&mut self, phase: Phase) -> Result<()> {
        self.event(EventKind::Phase { phase })
    }

    /// Appends something to read.
    pub fn warn(&mut self, message: &str) -> Result<()> {
        self.event(EventKind::Log {
            level: "warning".into(),
            message: message.to_owned(),
        })
    }

    /// Replaces `run.toml`.
    pub fn save(&self) -> Result<()> {
        Ok(aloft_runs::write(&self.dir, &self.record)?)
    }

    /// Seconds since this worker took the run.
    pub fn elapsed(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
    }

    /// Whether someone wants it stopped: by the file `stop`, by SIGTERM, or by Ctrl+C.
    pub fn stop_requested(&mut self) -> bool {
        if self.looked.elapsed() >= LOOK_FOR_STOP {
            self.looked = Instant::now();
            if aloft_runs::stop_requested(&self.dir) {
                self.signals.stop.store(true, Ordering::Relaxed);
            }
        }
        self.signals.stop.load(Ordering::Relaxed)
    }
}

/// Turns SIGTERM and SIGINT into a flag as long as it lives; the second one ends the process at once, as without it.
#[derive(Debug)]
struct Signals {
    stop: Arc<AtomicBool>,
    registered: Vec<SigId>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let mut signals = Self {
            stop: Arc::new(AtomicBool::new(false)),
            registered: Vec::new(),
        };
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag down, passes and raises it.
            let ends = flag::register_conditional_default(signal, Arc::clone(&signals.stop))?;
            signals.registered.push(ends);
            signals
                .registered
                .push(flag::register(signal, Arc::clone(&signals.stop))?);
        }
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.registered.drain(..) {
            low_level::unregister(id);
        }
    }
}

/// Removes a `stop` file that was meant for an earlier worker: one that is older than the record that this worker left.
pub fn forget_old_stop(dir: &Path) -> Result<()> {
    let path = dir.join(file::STOP);
    let written = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    let (Ok(asked), Ok(ended)) = (written(&path), written(&dir.join(file::RUN))) else {
        return Ok(());
    };
    if asked > ended {
        return Ok(());
    }
    fs::remove_file(&path).map_err(TrainError::io("removing", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_old_stop_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let (stop, record) = (dir.path().join(file::STOP), dir.path().join(file::RUN));
        let at = |path: &Path, seconds| {
            let file = fs::File::create(path).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(seconds))
                .unwrap();
        };
        at(&record, 1000);
        at(&stop, 2000);
        forget_old_stop(dir.path()).unwrap();
        assert!(stop.exists());
        at(&stop, 500);
        forget_old_stop(dir.path()).unwrap();
        assert!(!stop.exists());
        forget_old_stop(dir.path()).unwrap();
    }
}
