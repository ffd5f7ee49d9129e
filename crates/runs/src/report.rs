//! `report.json`: what a run came to and why.

use crate::{Result, error::Error, files, folder::file};
use aloft_spec::report::{Report, VERSION};
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::Path;

/// The report of a run; `None` where it has none yet.
///
/// # Errors
/// `Unreadable` when the file isn't what [`write_report`] wrote, `Unsupported` for one of a newer version.
pub fn read_report(run_dir: &Path) -> Result<Option<Report>> {
    /// The one key that every version has.
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let path = run_dir.join(file::REPORT);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::io("read", &path))?,
    };
    if let Ok(Head { version }) = serde_json::from_slice(&bytes)
        && version > VERSION
    {
        return Err(Error::NewerFormat {
            path,
            found: version,
            known: VERSION,
        }
        .into());
    }
    Ok(serde_json::from_slice(&bytes).map_err(|error| Error::BadJson {
        path,
        message: error.to_string(),
    })?)
}

/// Replaces the report of a run.
///
/// # Errors
/// What the operating system says; the old report is then still there.
pub fn write_report(run_dir: &Path, report: &Report) -> Result<()> {
    let text = serde_json::to_vec_pretty(report).map_err(|error| Error::Unwritable(error.to_string()))?;
    files::replace_file(&run_dir.join(file::REPORT), &text)
}
