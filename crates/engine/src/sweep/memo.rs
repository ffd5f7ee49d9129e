//! What a sweep remembers beside its run folders: who was stopped at which rung, which values weren't possible, and the time
//! spent. A small file in the project's state folder, replaced as a whole; whoever holds its lock is at the sweep.

use crate::{Result, resolved::json};
use aloft_spec::{
    Code, Problem,
    sweep::{SweepTrial, Values},
};
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

/// What is remembered.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    /// Seconds spent.
    pub seconds: f64,
    /// The latest decision on each trial.
    pub decisions: BTreeMap<u32, Decision>,
    /// Trials that can't be, by their numbers.
    pub refused: BTreeMap<u32, Refused>,
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

impl Refused {
    /// The trial that would have had these values.
    pub fn trial(&self, sweep: &str, key: &str, index: u32) -> SweepTrial {
        SweepTrial {
            sweep: sweep.to_owned(),
            key: key.to_owned(),
            index,
            values: self.values.clone(),
        }
    }
}

/// What is remembered of the sweep with this key, whoever is at it; nothing at its first start.
///
/// # Errors
/// A file that can't be read.
pub(super) fn read(state_dir: &Path, key: &str) -> Result<Content> {
    let path = path(state_dir, key);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Content::default()),
        read => serde_json::from_str(&read.map_err(|error| unkept(&path, &error))?).map_err(|error| {
            Problem::new(
                Code::Unreadable,
                format!("the sweep's file can't be read: {error}"),
            )
            .in_file(&path)
            .with_hint("remove it: trials are in their run folders")
        }),
    }
}

fn path(state_dir: &Path, key: &str) -> PathBuf {
    state_dir.join("sweeps").join(format!("{key}.json"))
}

fn unkept(path: &Path, error: &io::Error) -> Problem {
    Problem::new(Code::Unreadable, format!("the sweep can't be kept: {error}")).in_file(path)
}

impl Memo {
    /// Opens the memory of the sweep with this key; empty at its first start.
    ///
    /// # Errors
    /// `Unsupported` when another process is at the sweep.
    pub fn open(state_dir: &Path, key: &str) -> Result<Self> {
        let path = path(state_dir, key);
        let failed = |error: io::Error| unkept(&path, &error);
        let folder = path.parent().unwrap_or(state_dir);
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.with_extension("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Problem::new(Code::Unsupported, "the sweep is running already")
                    .with_hint("another window or `aloft sweep` is at it: wait for it, or stop it there"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let content = read(state_dir, key)?;
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

    /// All of it.
    pub fn content(&self) -> &Content {
        &self.content
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
