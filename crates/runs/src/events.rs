//! `events.jsonl`: written by the worker, followed by whoever wants to know.

use crate::{Result, error::Error, folder::file, lines::Appender};
use aloft_spec::{Event, EventKind};
use jiff::Timestamp;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The worker's end of the log. See the module `lines` for what a crash leaves and how it goes on.
///
/// Numbers in events must be finite: JSON has no others, and a line with one is read back as a warning.
#[derive(Debug)]
pub struct EventLog {
    lines: Appender,
    synced: Option<Instant>,
}

/// Between two syncs of a run whose epochs take milliseconds: each sync waits for the disk.
const BETWEEN_SYNCS: Duration = Duration::from_secs(1);

impl EventLog {
    /// Opens the log of a run to write on, or creates it. Only the run's worker does this.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn append_to(run_dir: &Path) -> Result<Self> {
        Ok(Self {
            lines: Appender::open(&run_dir.join(file::EVENTS))?,
            synced: None,
        })
    }

    /// Writes an event with the time of now. When this returns, others can read it, and it outlives this process;
    /// after `Finished`, and after an `Epoch` once a second, it outlives a power cut as well.
    ///
    /// # Errors
    /// What the operating system says, such as `DiskFull`. The log stays readable, and a later write may succeed.
    pub fn write(&mut self, kind: EventKind) -> Result<()> {
        let sync = match kind {
            EventKind::Finished { .. } => true,
            EventKind::Epoch { .. } => self.synced.is_none_or(|at| at.elapsed() >= BETWEEN_SYNCS),
            _ => false,
        };
        let at = format!("{:.3}", Timestamp::now());
        self.lines.write(&Event { at, kind })?;
        if sync {
            self.lines.sync()?;
            self.synced = Some(Instant::now());
        }
        Ok(())
    }
}

/// The reader's end: each poll gives the events that came since the last one.
///
/// It holds no file open and keeps nothing but a position after the last whole line. So a line in the making waits for
/// the next poll, and the log may be replaced by a longer copy, as a mirror of a distant run is.
#[derive(Debug, Clone)]
pub struct Follow {
    path: PathBuf,
    /// Bytes of the lines that were read.
    offset: u64,
    /// Their number.
    line: u64,
    /// Time of the last event, for warnings, which have none of their own.
    at: String,
}

impl Follow {
    /// Follows the log of a run from its start. The log needn't be there yet.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            path: run_dir.join(file::EVENTS),
            offset: 0,
            line: 0,
            at: String::new(),
        }
    }

    /// The events that came since the last call, in order; none when there is nothing new.
    ///
    /// A line that can't be understood (torn by a crash, or of a newer version) becomes a [`EventKind::Log`] with level
    /// `warning`. A log that became shorter is read again from its start, after such a warning.
    ///
    /// # Errors
    /// What the operating system says; never because of the log's content.
    pub fn poll(&mut self) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let bytes = match self.read_new(&mut events) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(events),
            read => read.map_err(Error::io("read", &self.path))?,
        };
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(text) = line.strip_suffix(b"\n") else {
                break;
            };
            self.offset += line.len() as u64;
            self.line += 1;
            if text.trim_ascii().is_empty() {
                continue;
            }
            let event = serde_json::from_slice(text).unwrap_or_else(|error| {
                self.warning(format!(
                    "line {} of {} can't be read: {error}",
                    self.line,
                    file::EVENTS
                ))
            });
            self.at.clone_from(&event.at);
            events.push(event);
        }
        Ok(events)
    }

    fn read_new(&mut self, events: &mut Vec<Event>) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() < self.offset {
            events.push(self.warning(format!(
                "{} became shorter and is read again from its start",
                file::EVENTS
            )));
            self.offset = 0;
            self.line = 0;
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn warning(&self, message: String) -> Event {
        Event {
            at: self.at.clone(),
            kind: EventKind::Log {
                level: "warning".into(),
                message,
            },
        }
    }
}

/// All events of a run so far, as [`Follow`] gives them; none when it has no log yet.
///
/// # Errors
/// What the operating system says.
pub fn read_events(run_dir: &Path) -> Result<Vec<Event>> {
    Follow::new(run_dir).poll()
}
