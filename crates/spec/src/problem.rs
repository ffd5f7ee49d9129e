//! Errors as people and programs meet them: a code to branch on, what happened, where, and what to do next.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

/// What kind of problem this is. The window and scripts branch on it, never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// A file or folder isn't there.
    NotFound,
    /// A file is there and can't be read: truncated, of another format, or without permission.
    Unreadable,
    /// A row of a text table has more or fewer fields than its header.
    RaggedRow,
    /// Text that should be TOML, SQL or JSON isn't.
    Syntax,
    /// A cell or a table is named that doesn't exist.
    UnknownName,
    /// A column is named that doesn't exist.
    UnknownColumn,
    /// A key that Aloft doesn't know; it is kept.
    UnknownKey,
    /// A value of the wrong type or out of its range.
    BadValue,
    /// Two cells have the same name.
    DuplicateName,
    /// Cells depend on each other in a circle.
    Cycle,
    /// A file holds merge-conflict marks.
    MergeConflict,
    /// A table without rows or columns where some are needed.
    EmptyData,
    /// A target column with one class only: nothing can be learned.
    SingleClass,
    /// The loss became NaN or infinite.
    Diverged,
    /// The disk is full or a quota is reached.
    DiskFull,
    /// Memory ran out.
    OutOfMemory,
    /// A device was asked for that isn't there.
    NoDevice,
    /// There is no keyring service to ask.
    KeyringUnavailable,
    /// The keyring is there and locked.
    KeyringLocked,
    /// Nothing is stored in the keyring under that name.
    SecretMissing,
    /// A host didn't answer.
    Unreachable,
    /// A host's key isn't known yet.
    HostKeyUnknown,
    /// A host's key is another one than before.
    HostKeyChanged,
    /// The credentials were refused or are expired.
    AuthFailed,
    /// A program can't run where it was sent (architecture, C library, no execute permission).
    Incompatible,
    /// What came back isn't what was sent: a hash differs.
    Corrupted,
    /// A policy or a threshold of `aloft.toml` forbids it.
    Forbidden,
    /// The user stopped it.
    Stopped,
    /// The process that did the work died.
    WorkerDied,
    /// Something isn't possible with this kind of thing.
    Unsupported,
    /// A mistake in Aloft itself.
    Internal,
}

impl Code {
    /// The exit code of the command line: 1 failed, 2 bad usage or bad input, 3 stopped by a limit, a policy or a person.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NotFound
            | Self::Unreadable
            | Self::RaggedRow
            | Self::Syntax
            | Self::UnknownName
            | Self::UnknownColumn
            | Self::UnknownKey
            | Self::BadValue
            | Self::DuplicateName
            | Self::Cycle
            | Self::MergeConflict
            | Self::EmptyData
            | Self::SingleClass
            | Self::Unsupported => 2,
            Self::Forbidden | Self::Stopped => 3,
            _ => 1,
        }
    }
}

/// Where in a file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, relative to the project's folder where it lies in one.
    pub file: PathBuf,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// One problem: what happened, where, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Problem {
    /// What kind it is.
    pub code: Code,
    /// What happened, in a sentence without a full stop.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a place or a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            place: None,
            hint: None,
        }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same at a file as a whole.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.place = Some(Place {
            file: file.into(),
            line: None,
            column: None,
        });
        self
    }

    /// The same at a line and column of a file, both from 1.
    #[must_use]
    pub fn at(mut self, file: impl Into<PathBuf>, line: usize, column: usize) -> Self {
        self.place = Some(Place {
            file: file.into(),
            line: Some(line),
            column: Some(column),
        });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, and may not be what is meant.
    Warning,
    /// Doesn't work.
    Error,
}

/// A finding in a text or in data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    #[serde(flatten)]
    pub problem: Problem,
}
