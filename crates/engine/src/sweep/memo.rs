//! What a sweep remembers beside its run folders: who was stopped at which rung, which values weren't possible, and the time
//! spent. A small file in the project's state folder, replaced as a whole; whoever holds its lock is at the sweep.

use crate::{Result, resolved::json};
use aloft_spec::{Code, Problem, sweep::Values};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The memory of one sweep. Dropped, it lets another process at it.
#[derive(Debug)]
pub(super) struct Memo {
    path: PathBuf,
    content: Content,
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    seconds: f64,
    /// The latest decision on each trial.
    decisions: BTreeMap<u32, Decision>,
    refused: BTreeMap<u32, Refused>,
}

/// What was decided on a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Decision {
    /// After so many epochs.
    pub epochs: u32,
    /// Whether it goes on. If not, what it came to by then is its result.
    pub goes_on: bool,
}

/// Values that a train cell can't have together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Refused {
    pub values: Values,
    pub problem: Problem,
}

impl Memo {
    /// Opens the memory of the sweep with this key; empty at its first start.
    ///
    /// # Errors
    /// `Unsupported` when another process is at the sweep.
    pub fn open(state_dir: &Path, key: &str) -> Result<Self> {
        let folder = state_dir.join("sweeps");
        let failed = |error: io::Error| {
            Problem::new(Code::Unreadable, format!("the sweep can't be kept: {error}")).in_file(&folder)
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join(format!("{key}.lock")))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Problem::new(Code::Unsupported, "the sweep is running already")
                    .with_hint("another window or `aloft sweep` is at it: wait for it, or stop it there"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let path = folder.join(format!("{key}.json"));
        let content = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content::default(),
            read => serde_json::from_str(&read.map_err(failed)?).map_err(|error| {
                Problem::new(
                    Code::Unreadable,
                    format!("the sweep's file can't be read: {error}"),
                )
                .in_file(&path)
                .with_hint("remove it: trials are in their run folders")
            })?,
        };
        Ok(Self {
            path,
            content,
            _lock: lock,
        })
    }

    /// Seconds spent, as last written down.
    pub fn seconds(&self) -> f64 {
        self.content.seconds
    }

    /// The latest decision on a trial.
    pub fn decision(&self, trial: u32) -> Option<Decision> {
        self.content.decisions.get(&trial).copied()
    }

    /// Trials that can't be, by their numbers.
    pub fn refused(&self) -> &BTreeMap<u32, Refused> {
        &self.content.refused
    }

    /// Writes a decision down, before anyone relies on it.
    pub fn decide(&mut self, trial: u32, epochs: u32, goes_on: bool) -> Result<()> {
        self.content.decisions.insert(trial, Decision { epochs, goes_on });
        self.write()
    }

    /// Writes down a trial that can't be.
    pub fn refuse(&mut self, trial: u32, values: Values, problem: Problem) -> Result<()> {
        self.content.refused.insert(trial, Refused { values, problem });
        self.write()
    }

    /// Writes down the seconds spent.
    pub fn spend(&mut self, seconds: f64) -> Result<()> {
        self.content.seconds = seconds;
        self.write()
    }

    fn write(&self) -> Result<()> {
        aloft_runs::replace_file(&self.path, json(&self.content)?.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_decided_is_there_after_a_restart_and_one_process_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut memo = Memo::open(folder.path(), "k").unwrap();
        memo.decide(3, 6, false).unwrap();
        memo.spend(2.5).unwrap();
        let busy = Memo::open(folder.path(), "k").unwrap_err();
        assert_eq!(busy.code, Code::Unsupported);
        Memo::open(folder.path(), "other").unwrap();
        drop(memo);
        let memo = Memo::open(folder.path(), "k").unwrap();
        let decision = Decision {
            epochs: 6,
            goes_on: false,
        };
        assert_eq!((memo.decision(3), memo.seconds()), (Some(decision), 2.5));
        drop(memo);
        fs::write(folder.path().join("sweeps/k.json"), "{").unwrap();
        assert_eq!(Memo::open(folder.path(), "k").unwrap_err().code, Code::Unreadable);
    }
}
