//! What can go wrong with data, and how it is said.

use crate::{near::suggestion, source::remote::classify};
use aloft_spec::{
    Code, Problem,
    source::{Format, is_remote},
    sql::FUNCTIONS,
    text::{nearest, thousands},
};
use polars::prelude::PolarsError;
use serde::{Deserialize, Serialize};
use std::{
    fmt::Display,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(crate) use crate::guarded::guarded;

/// An error of this crate; it becomes a [`Problem`] with a code, a place and a hint at the boundary.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("there is no file `{}`", file.display())]
    NotFound { file: PathBuf },
    #[error("{what}")]
    Unreadable {
        file: PathBuf,
        line: Option<usize>,
        what: String,
        hint: String,
    },
    #[error("{}", ragged(rows, *count, *expected))]
    Ragged {
        file: PathBuf,
        /// The first of them.
        rows: Vec<RaggedRow>,
        /// How many there are.
        count: u64,
        /// Fields of the header.
        expected: usize,
    },
    /// A sheet, a table or a key of records that isn't in the file.
    #[error("{what}")]
    UnknownPart {
        file: PathBuf,
        what: String,
        hint: String,
    },
    /// Something about an address.
    #[error("{what}")]
    Remote {
        address: String,
        code: Code,
        what: String,
        hint: String,
    },
    /// Said by who uses this crate.
    #[error("{0}")]
    Other(Problem),
    #[error("{what}")]
    Empty { file: PathBuf, what: &'static str },
    #[error("two columns are named `{name}`")]
    DuplicateColumn { file: Option<PathBuf>, name: String },
    #[error("there is no column `{name}`")]
    UnknownColumn { name: String, columns: Vec<String> },
    #[error("there is no table `{name}`")]
    UnknownTable { name: String, tables: Vec<String> },
    #[error("{message}")]
    Sql { message: String },
    #[error("{what}")]
    Unsupported { what: String, hint: String },
    #[error("{what}")]
    BadValue { what: String, hint: String },
    #[error("stopped")]
    Stopped,
    #[error("{}: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    /// More than is read into memory at once. It is only said within this crate, which then reads in batches.
    #[error("these columns don't fit into memory at once")]
    TooLarge,
    /// polars said so, about values it met while computing.
    #[error("{0}")]
    Compute(String),
}

pub(crate) type Result<T> = std::result::Result<T, DataError>;

/// A row of a CSV file that has more or fewer fields than the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RaggedRow {
    /// Its line, from 1.
    pub line: usize,
    pub fields: usize,
}

fn ragged(rows: &[RaggedRow], all: u64, expected: usize) -> String {
    let Some((first, others)) = rows.split_first() else {
        return "rows and header have different numbers of fields".into();
    };
    let mut text = format!(
        "this row has {}, the header has {}",
        count(first.fields),
        thousands(expected as u64)
    );
    if !others.is_empty() {
        let lines: Vec<String> = others
            .iter()
            .map(|row| format!("line {} has {}", thousands(row.line as u64), row.fields))
            .collect();
        let further = all.saturating_sub(rows.len() as u64);
        text.push_str(&format!("; also {}", lines.join(", ")));
        if further > 0 {
            text.push_str(&format!(", and {} more rows don't fit", thousands(further)));
        }
    }
    text
}

fn count(fields: usize) -> String {
    if fields == 1 {
        "1 field".into()
    } else {
        format!("{} fields", thousands(fields as u64))
    }
}

impl DataError {
    pub(crate) fn unreadable(file: &Path, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            line: None,
            what: what.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn unreadable_at(
        file: &Path,
        line: usize,
        what: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Unreadable {
            file: file.to_owned(),
            line: Some(line),
            what: what.into(),
            hint: hint.into(),
        }
    }

    /// A thread panicked; what it said went to standard error.
    pub(crate) fn broken() -> Self {
        Self::Compute("a thread has ended before its part of the work was done".into())
    }

    /// An error while reading a file.
    pub(crate) fn reading(file: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound {
                file: file.to_owned(),
            },
            io::ErrorKind::PermissionDenied => Self::unreadable(
                file,
                "no permission to read this file",
                "change its permissions, or copy it",
            ),
            _ => Self::unreadable(file, error.to_string(), "check the disk, then try again"),
        }
    }

    /// An error while reading what may be compressed.
    pub(crate) fn decompressing(file: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::unreadable(
                    file,
                    format!("the compressed data is damaged or cut off: {error}"),
                    "copy or download it again",
                )
            }
            io::ErrorKind::Other => Self::unreadable(
                file,
                format!("it can't be decompressed: {error}"),
                "make the file again",
            ),
            _ => Self::reading(file, error),
        }
    }

    /// The same about another file, where it is about `from`.
    pub(crate) fn about(mut self, from: &Path, to: &Path) -> Self {
        match &mut self {
            Self::NotFound { file }
            | Self::Unreadable { file, .. }
            | Self::Ragged { file, .. }
            | Self::Empty { file, .. }
            | Self::UnknownPart { file, .. }
            | Self::DuplicateColumn { file: Some(file), .. }
                if file == from =>
            {
                to.clone_into(file);
            }
            _ => {}
        }
        self
    }

    /// An error while writing a file.
    pub(crate) fn writing(path: &Path, error: io::Error) -> Self {
        Self::Write {
            path: path.to_owned(),
            error,
        }
    }

    /// The same as an error about a file that was being read, unless it already says more.
    pub(crate) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Compute(what) if what.contains("dictionary key must fit") => Self::unreadable(
                file,
                "a column of categories has missing values, which polars can't read from this format",
                "write the file as Parquet, or the column as text",
            ),
            Self::Compute(what)
                if is_remote(&file.to_string_lossy()) && what.contains("object-store error") =>
            {
                classify(&file.to_string_lossy(), &what)
            }
            Self::Compute(what) => {
                let hint = "the file may be damaged or still being written; make it again";
                Self::unreadable(file, what, hint)
            }
            Self::DuplicateColumn { name, .. } => Self::DuplicateColumn {
                file: Some(file.to_owned()),
                name,
            },
            other => other,
        }
    }

    /// The same with the columns and tables that a name may have meant.
    pub(crate) fn among(
        self,
        columns: impl IntoIterator<Item = String>,
        tables: impl IntoIterator<Item = String>,
    ) -> Self {
        match self {
            Self::UnknownTable { name, .. } => Self::UnknownTable {
                name,
                tables: tables.into_iter().collect(),
            },
            Self::UnknownColumn { name, .. } => Self::UnknownColumn {
                name,
                columns: columns.into_iter().collect(),
            },
            other => other,
        }
    }
}

impl From<PolarsError> for DataError {
    fn from(error: PolarsError) -> Self {
        match error {
            PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => Self::from(*error),
            PolarsError::ColumnNotFound(message) => Self::UnknownColumn {
                name: named_in(&message),
                columns: Vec::new(),
            },
            PolarsError::Duplicate(message) => Self::DuplicateColumn {
                file: None,
                name: named_in(&message),
            },
            PolarsError::SQLInterface(message) if message.starts_with("no column named") => {
                Self::UnknownColumn {
                    name: named_in(&message),
                    columns: Vec::new(),
                }
            }
            PolarsError::SQLInterface(message) if message.starts_with("no table or struct column named") => {
                Self::UnknownTable {
                    name: named_in(&message),
                    tables: Vec::new(),
                }
            }
            PolarsError::SQLInterface(message) if message.starts_with("unsupported function") => {
                let name = named_in(&message);
                let near = nearest(&name, FUNCTIONS.iter().copied());
                let hint = match near.first() {
                    Some(function) => format!("did you mean `{}`?", function.to_uppercase()),
                    None => "write it in another way; SQL here is what polars knows of it".into(),
                };
                Self::Unsupported {
                    what: format!("there is no function `{name}`"),
                    hint,
                }
            }
            PolarsError::SQLSyntax(message) => Self::Sql {
                message: first_paragraph(&message),
            },
            PolarsError::SQLInterface(message) => Self::Unsupported {
                what: match message.contains("Ident {") {
                    // What polars has read, in the words of its parser.
                    true => "polars doesn't know a part of this statement".into(),
                    false => first_paragraph(&message),
                },
                hint: "write it in another way; SQL here is what polars knows of it".into(),
            },
            PolarsError::IO { error, msg } => {
                let said = |error: &dyn Display| {
                    Self::Compute(first_paragraph(
                        &msg.map_or_else(|| error.to_string(), |msg| msg.to_string()),
                    ))
                };
                match Arc::try_unwrap(error).map(io::Error::downcast) {
                    // An error of ours from within a plan.
                    Ok(Ok(error)) => error,
                    Ok(Err(error)) => said(&error),
                    Err(error) => said(&error),
                }
            }
            other => Self::Compute(first_paragraph(&other.to_string())),
        }
    }
}

impl From<Problem> for DataError {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

/// The first name between quotes in a message of polars, or all of it.
fn named_in(message: &str) -> String {
    let quote = message.find(['"', '\'', '`']);
    let named = quote.and_then(|start| {
        let quote = message[start..].chars().next()?;
        let rest = &message[start + 1..];
        rest.find(quote).map(|end| &rest[..end])
    });
    named
        .unwrap_or_else(|| message.lines().next().unwrap_or_default())
        .to_owned()
}

/// polars follows its messages by advice about its own functions and by a context; what happened comes first.
pub(crate) fn first_paragraph(message: &str) -> String {
    message
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .trim()
        .replace('\n', " ")
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        let message = error.to_string();
        match error {
            DataError::NotFound { file } => {
                let hint = near_files(&file);
                Problem::new(Code::NotFound, message)
                    .with_hint(hint)
                    .in_file(file)
            }
            DataError::Unreadable { file, line, hint, .. } => {
                let problem = Problem::new(Code::Unreadable, message).with_hint(hint);
                match line {
                    Some(line) => problem.at(file, line, 1),
                    None => problem.in_file(file),
                }
            }
            DataError::Ragged {
                file, rows, expected, ..
            } => {
                let first = rows.first().copied().unwrap_or(RaggedRow { line: 1, fields: 0 });
                Problem::new(Code::RaggedRow, message)
                    .with_hint(if first.fields > expected {
                        "put quotes around fields that hold the separator, set `separator`, or set `ragged` to \
                         \"fill\" (cut off) or \"skip\""
                    } else {
                        "fill in the missing fields, or set `ragged` to \"fill\" or \"skip\"; a wrong `separator` looks \
                         like this too"
                    })
                    .at(file, first.line, 1)
            }
            DataError::UnknownPart { file, hint, .. } => Problem::new(Code::UnknownName, message)
                .with_hint(hint)
                .in_file(file),
            DataError::Remote {
                address, code, hint, ..
            } => Problem::new(code, message).with_hint(hint).in_file(address),
            DataError::Other(problem) => problem,
            DataError::Empty { file, .. } => Problem::new(Code::EmptyData, message)
                .with_hint("check that the file was written to its end")
                .in_file(file),
            DataError::DuplicateColumn { file, .. } => {
                let problem = Problem::new(Code::DuplicateName, message);
                match file {
                    Some(file) => problem.with_hint("rename one of them in the file").in_file(file),
                    None => problem.with_hint("give one of them another name with AS"),
                }
            }
            DataError::UnknownColumn { name, columns } => Problem::new(Code::UnknownColumn, message)
                .with_hint(suggestion(&name, "columns", columns.iter().map(String::as_str))),
            DataError::UnknownTable { name, tables } => Problem::new(Code::UnknownName, message)
                .with_hint(suggestion(&name, "tables", tables.iter().map(String::as_str))),
            DataError::Sql { .. } => {
                Problem::new(Code::Syntax, message).with_hint("check the statement near that place")
            }
            DataError::Unsupported { hint, .. } => Problem::new(Code::Unsupported, message).with_hint(hint),
            DataError::BadValue { hint, .. } => Problem::new(Code::BadValue, message).with_hint(hint),
            DataError::Stopped => Problem::new(Code::Stopped, message),
            DataError::Write { error, .. } => {
                let (code, hint) = match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        (Code::DiskFull, "free some space, then try again")
                    }
                    io::ErrorKind::NotFound => (Code::NotFound, "make the folder first"),
                    _ => (Code::Unreadable, "choose a folder that can be written to"),
                };
                Problem::new(code, message).with_hint(hint)
            }
            DataError::TooLarge => {
                Problem::new(Code::BadValue, message).with_hint("choose fewer columns, or look at a sample")
            }
            DataError::Compute(_) => {
                let hint = if message.starts_with("conversion from") {
                    "TRY_CAST makes null of what doesn't fit"
                } else if message.starts_with("the sum of") {
                    "sum it as real numbers: SUM(CAST(… AS DOUBLE))"
                } else {
                    "look at the values and the types of the columns that take part"
                };
                Problem::new(Code::BadValue, message).with_hint(hint)
            }
        }
    }
}

/// What lies where a file was looked for.
fn near_files(file: &Path) -> String {
    let folder = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(folder) else {
        return format!("the folder `{}` isn't there either", folder.display());
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    // Where there are data files, nobody means another.
    if names
        .iter()
        .any(|name| Format::of_path(Path::new(name)).is_some())
    {
        names.retain(|name| Format::of_path(Path::new(name)).is_some());
    }
    let wanted = file.file_name().unwrap_or_default().to_string_lossy();
    suggestion(&wanted, "files there", names.iter().map(String::as_str))
}
