//! `job.json` and `receipts.jsonl`: where a run was sent, and what left this machine.

use crate::{Result, error::Error, files, folder::file, lines::Appender};
use aloft_spec::job::{JobRecord, Receipt};
use std::fs;
use std::io;
use std::path::Path;

/// The job of a run that was sent to a target; `None` for a run that wasn't.
///
/// # Errors
/// `Unreadable` when the file isn't what [`write_job`] wrote.
pub fn read_job(run_dir: &Path) -> Result<Option<JobRecord>> {
    let path = run_dir.join(file::JOB);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::io("read", &path))?,
    };
    Ok(serde_json::from_slice(&bytes).map_err(|error| Error::BadJson {
        path,
        message: error.to_string(),
    })?)
}

/// Keeps the job of a run, on the disk before anything is done with it.
///
/// # Errors
/// What the operating system says; the old record is then still there.
pub fn write_job(run_dir: &Path, job: &JobRecord) -> Result<()> {
    let text = serde_json::to_vec_pretty(job).map_err(|error| Error::Unwritable(error.to_string()))?;
    files::replace_file(&run_dir.join(file::JOB), &text)
}

/// Adds a receipt, on the disk when this returns. Earlier ones are never changed.
///
/// # Errors
/// What the operating system says.
pub fn append_receipt(run_dir: &Path, receipt: &Receipt) -> Result<()> {
    let mut lines = Appender::open(&run_dir.join(file::RECEIPTS))?;
    lines.write(receipt)?;
    lines.sync()
}

/// All receipts of a run, oldest first. A line that a crash has torn was never relied on and is left out.
///
/// # Errors
/// What the operating system says.
pub fn receipts(run_dir: &Path) -> Result<Vec<Receipt>> {
    let path = run_dir.join(file::RECEIPTS);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(Error::io("read", &path))?,
    };
    Ok(bytes
        .split_inclusive(|&byte| byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}
