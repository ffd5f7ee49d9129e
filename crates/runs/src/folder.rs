//! The folder of a run: made as a whole, read, and its record replaced.

use crate::{Result, error::Error, files};
use aloft_spec::run::{FORMAT, RunRecord};
use jiff::Timestamp;
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names in the folder of a run; [`aloft_spec::run`] says what each is.
pub mod file {
    /// The record.
    pub const RUN: &str = "run.toml";
    /// The event log.
    pub const EVENTS: &str = "events.jsonl";
    /// The rows.
    pub const DATA: &str = "data.parquet";
    /// Which process executes the run.
    pub const WORKER: &str = "worker.json";
    /// Held locked by that process as long as it lives.
    pub const WORKER_LOCK: &str = "worker.lock";
    /// What that process printed.
    pub const WORKER_LOG: &str = "worker.log";
    /// Asks for a stop by being there.
    pub const STOP: &str = "stop";
    /// The folder of the model.
    pub const MODEL: &str = "model";
    /// The folder of the checkpoints.
    pub const CHECKPOINTS: &str = "checkpoints";
    /// Metrics and curves.
    pub const REPORT: &str = "report.json";
    /// Hashes of the outcome.
    pub const MANIFEST: &str = "manifest.json";
    /// Where the run was sent.
    pub const JOB: &str = "job.json";
    /// What left this machine.
    pub const RECEIPTS: &str = "receipts.jsonl";
}

/// Folders that are being made begin with this; they are not runs yet.
const CREATING: &str = ".creating-";
/// A folder in the making that is older than this was left by a crash.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// The name of a run: `20260131-154500-late-3fa9c1`, in UTC. Unique only together with [`create`].
///
/// `hash` is the run's code hash; its first six characters are taken.
pub fn new_id(cell: &str, at: Timestamp, hash: &str) -> String {
    let hash: String = hash.chars().take(6).collect();
    format!("{}-{cell}-{hash}", at.strftime("%Y%m%d-%H%M%S"))
}

/// Makes the folder of a run and returns it. It appears under its name complete and on the disk, or not at all.
///
/// `data` is linked, or copied where that isn't possible: it must never be written again. A name that is taken gets
/// `-2`, `-3` and so on; the record in the folder has the name that it got.
///
/// # Errors
/// `BadValue` for an id that isn't a plain name, `DiskFull`, `NotFound` for the data.
pub fn create(runs_dir: &Path, mut record: RunRecord, data: &Path) -> Result<PathBuf> {
    if !is_plain_name(&record.id) {
        return Err(Error::BadId(record.id).into());
    }
    fs::create_dir_all(runs_dir).map_err(Error::io("create", runs_dir))?;
    remove_abandoned(runs_dir);
    let building = runs_dir.join(format!("{CREATING}{}-{}", record.id, files::unique()));
    let made = build(&building, runs_dir, &mut record, data);
    if made.is_err() {
        // The first error is the one to tell; what stays is removed a day later.
        let _ = fs::remove_dir_all(&building);
    }
    made
}

fn build(building: &Path, runs_dir: &Path, record: &mut RunRecord, data: &Path) -> Result<PathBuf> {
    fs::create_dir(building).map_err(Error::io("create", building))?;
    files::link_or_copy(data, &building.join(file::DATA)).map_err(Error::io("take over", data))?;
    let wanted = record.id.clone();
    for attempt in 1_u32.. {
        if attempt > 1 {
            record.id = format!("{wanted}-{attempt}");
        }
        let run_dir = runs_dir.join(&record.id);
        if run_dir.exists() {
            continue;
        }
        write(building, record)?;
        // Renaming onto a run that came into being since fails, because its folder isn't empty.
        match fs::rename(building, &run_dir) {
            Ok(()) => {
                files::sync_folder(runs_dir).map_err(Error::io("write", runs_dir))?;
                return Ok(run_dir);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                ) => {}
            Err(error) => return Err(Error::io("create", &run_dir)(error).into()),
        }
    }
    Err(Error::BadId(wanted).into())
}

/// Reads the record of a run as its last writer left it; [`crate::settled`] knows more about what came of it.
///
/// # Errors
/// `NotFound` when this isn't a run, `Unreadable` with line and column, `Unsupported` for a newer format.
pub fn read(run_dir: &Path) -> Result<RunRecord> {
    let path = run_dir.join(file::RUN);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::NoRun(run_dir.to_owned()).into());
        }
        read => read.map_err(Error::io("read", &path))?,
    };
    Ok(parse(&text, &path)?)
}

/// Replaces the record of a run. Only its creator and then its worker do this.
///
/// # Errors
/// What the operating system says; the old record is then still there.
pub fn write(run_dir: &Path, record: &RunRecord) -> Result<()> {
    let text = toml::to_string(record).map_err(|error| Error::Unwritable(error.to_string()))?;
    files::replace_file(&run_dir.join(file::RUN), text.as_bytes())
}

fn parse(text: &str, path: &Path) -> std::result::Result<RunRecord, Error> {
    /// The one key that every format has.
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    if let Ok(Head { format }) = toml::from_str(text)
        && format > FORMAT
    {
        return Err(Error::NewerFormat {
            path: path.to_owned(),
            found: format,
            known: FORMAT,
        });
    }
    toml::from_str(text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Error::BadRecord {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// Whether a text names a visible folder right where it is put, on any file system.
fn is_plain_name(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Removes what a crash left of folders in the making. Best effort: they are invisible anyway.
fn remove_abandoned(runs_dir: &Path) {
    for entry in fs::read_dir(runs_dir).into_iter().flatten().flatten() {
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED));
        if old && entry.file_name().to_string_lossy().starts_with(CREATING) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
