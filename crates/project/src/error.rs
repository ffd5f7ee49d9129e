//! What can go wrong with a project's folder.

use aloft_spec::{Code, Problem};
use std::io;
use std::path::PathBuf;

/// What can go wrong with a project's folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("there is no such file or folder")]
    NotFound(PathBuf),
    /// A file can't be read.
    #[error("the file can't be read: {1}")]
    Read(PathBuf, #[source] io::Error),
    /// A file can't be written.
    #[error("the file can't be written: {1}")]
    Write(PathBuf, #[source] io::Error),
    /// A text file has bytes that are no text, on this line.
    #[error("the file isn't text in UTF-8")]
    NotText(PathBuf, usize),
    /// A new project needs a folder of its own.
    #[error("the folder isn't empty")]
    NotEmpty(PathBuf),
    /// No example has that name.
    #[error("there is no example `{0}`")]
    NoExample(String),
    /// `aloft.toml` can't be edited because of what is in it.
    #[error("`{1}` isn't a table, so no target can be kept there")]
    NotATable(PathBuf, String),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let problem = |code: Code| Self::new(code, message);
        match error {
            Error::NotFound(path) => problem(Code::NotFound)
                .in_file(path)
                .with_hint("check the path, or make a project with `aloft new DIR`"),
            Error::Read(path, cause) => {
                let hint = match cause.kind() {
                    io::ErrorKind::PermissionDenied => "change its permissions so that you can read it",
                    io::ErrorKind::IsADirectory => "name a file, not a folder",
                    _ => "check the disk and the path",
                };
                let code = match cause.kind() {
                    io::ErrorKind::NotFound => Code::NotFound,
                    _ => Code::Unreadable,
                };
                problem(code).in_file(path).with_hint(hint)
            }
            Error::Write(path, cause) => {
                let full = matches!(
                    cause.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                );
                let (code, hint) = match cause.kind() {
                    _ if full => (
                        Code::DiskFull,
                        "make room on the disk; the file is as it was before",
                    ),
                    io::ErrorKind::NotFound => (Code::NotFound, "its folder is gone; make it again"),
                    _ => (
                        Code::Unreadable,
                        "check the permissions of its folder; the file is as it was before",
                    ),
                };
                problem(code).in_file(path).with_hint(hint)
            }
            Error::NotText(path, line) => problem(Code::Unreadable)
                .at(path, line, 1)
                .with_hint("save it as UTF-8"),
            Error::NotEmpty(path) => problem(Code::BadValue)
                .in_file(path)
                .with_hint("name a folder that doesn't exist yet; a folder with files is opened as it is"),
            Error::NoExample(_) => {
                let names: Vec<&str> = crate::examples().iter().map(|example| example.name).collect();
                problem(Code::UnknownName).with_hint(format!("examples: {}", names.join(", ")))
            }
            Error::NotATable(path, _) => problem(Code::BadValue)
                .in_file(path)
                .with_hint("write it as [targets.NAME]"),
        }
    }
}
