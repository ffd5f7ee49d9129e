//! What can go wrong with a run's folder, and how it is told.

use aloft_spec::{Code, Problem};
use std::io;
use std::path::{Path, PathBuf};

/// Errors of this crate. At its boundary each becomes a [`Problem`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("{} isn't the folder of a run", .0.display())]
    NoRun(PathBuf),
    #[error("`{0}` can't be the name of a run")]
    BadId(String),
    #[error("the record of the run can't be read: {message}")]
    BadRecord {
        path: PathBuf,
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{} can't be read: {message}", path.display())]
    BadJson { path: PathBuf, message: String },
    #[error("the run has format {found}, and this version of Aloft knows formats up to {known}")]
    NewerFormat { path: PathBuf, found: u32, known: u32 },
    #[error("the record of the run can't be written: {0}")]
    Unwritable(String),
    #[error("the run is being executed already{}", pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Busy { run_dir: PathBuf, pid: Option<u32> },
    #[error("the program `{}` can't be started: {source}", program.display())]
    NoStart { program: PathBuf, source: io::Error },
    #[error("the program `aloft` wasn't found{}", .0.as_ref().map(|path| format!(" at {}", path.display())).unwrap_or_default())]
    NoProgram(Option<PathBuf>),
    #[error("`{name}` {what}")]
    Corrupted {
        run_dir: PathBuf,
        name: String,
        what: String,
    },
}

impl Error {
    /// For `map_err`: what was being done to which file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Io { path, source, .. } => {
                let (code, hint) = advice(source.kind());
                Self::new(code, message).in_file(path).with_hint(hint)
            }
            Error::NoRun(path) => Self::new(Code::NotFound, message)
                .in_file(path)
                .with_hint("a run is a folder with a `run.toml`; `aloft runs` lists them"),
            Error::BadId(_) => Self::new(Code::BadValue, message)
                .with_hint("use letters, digits, `-` and `_`, at most 128 of them"),
            Error::BadRecord {
                path, line, column, ..
            } => Self::new(Code::Unreadable, message)
                .at(path, line, column)
                .with_hint("the file is written by Aloft: take it from a copy of the run, or train again"),
            Error::BadJson { path, .. } => Self::new(Code::Unreadable, message)
                .in_file(path)
                .with_hint("the file is written by Aloft: take it from a copy of the run, or remove it"),
            Error::NewerFormat { path, .. } => Self::new(Code::Unsupported, message)
                .in_file(path)
                .with_hint("use the version of Aloft that made it, or a newer one"),
            Error::Unwritable(_) => Self::new(Code::Internal, message),
            Error::Busy { run_dir, .. } => Self::new(Code::Unsupported, message)
                .in_file(run_dir)
                .with_hint("wait for it, or stop it first"),
            Error::NoStart { source, .. } => {
                let code = match source.kind() {
                    io::ErrorKind::NotFound => Code::NotFound,
                    io::ErrorKind::OutOfMemory => Code::OutOfMemory,
                    _ => Code::Incompatible,
                };
                Self::new(code, message)
                    .with_hint("set ALOFT_PROGRAM to an `aloft` that runs on this machine")
            }
            Error::NoProgram(_) => Self::new(Code::NotFound, message)
                .with_hint("put `aloft` beside this program, or set ALOFT_PROGRAM to its path"),
            Error::Corrupted { run_dir, name, .. } => Self::new(Code::Corrupted, message)
                .in_file(run_dir.join(name))
                .with_hint("fetch the run again; if it was changed by hand, take it from a copy"),
        }
    }
}

/// The code and the next step for an error of the operating system.
fn advice(kind: io::ErrorKind) -> (Code, &'static str) {
    match kind {
        io::ErrorKind::NotFound => (Code::NotFound, "check the path"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
            Code::DiskFull,
            "free some space, or remove runs that aren't needed any more",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
            Code::Unreadable,
            "check the permissions of the file and of its folder",
        ),
        _ => (Code::Unreadable, "check the disk and the path"),
    }
}
