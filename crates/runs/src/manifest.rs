//! `manifest.json`: hash and size of each file of a run's outcome. A copy is complete and right when it agrees.

use crate::{Result, error::Error, files, folder::file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The files of an outcome: all of `model/`, and `report.json`, `run.toml`, `events.jsonl`, as far as they are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// By name in the run's folder, with `/` between folders.
    pub files: BTreeMap<String, FileHash>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// BLAKE3 of its content, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
}

/// Hash and size of a file.
///
/// # Errors
/// What the operating system says.
pub fn hash_file(path: &Path) -> Result<FileHash> {
    Ok(hash(path).map_err(Error::io("read", path))?)
}

/// Writes the manifest of a run that has ended: the last thing that a worker writes.
///
/// # Errors
/// What the operating system says.
pub fn write_manifest(run_dir: &Path) -> Result<()> {
    let mut manifest = Manifest::default();
    for name in outcome_files(run_dir)? {
        let hash = hash_file(&run_dir.join(&name))?;
        manifest.files.insert(name, hash);
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Error::Unwritable(error.to_string()))?;
    files::replace_file(&run_dir.join(file::MANIFEST), &text)
}

/// Reads the manifest of a run.
///
/// # Errors
/// `NotFound` when there is none: the run hasn't ended, or the copy isn't complete. `Unreadable`.
pub fn read_manifest(run_dir: &Path) -> Result<Manifest> {
    let path = run_dir.join(file::MANIFEST);
    let bytes = fs::read(&path).map_err(Error::io("read", &path))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| Error::BadJson {
        path,
        message: error.to_string(),
    })?)
}

/// Checks each file of a run's outcome against its manifest.
///
/// # Errors
/// `Corrupted` with the name of the first file that is missing, of another size or of another content, or that is in
/// `model/` and not in the manifest; and as [`read_manifest`].
pub fn verify_manifest(run_dir: &Path) -> Result<()> {
    let manifest = read_manifest(run_dir)?;
    let corrupted = |name: &str, what: String| Error::Corrupted {
        run_dir: run_dir.to_owned(),
        name: name.to_owned(),
        what,
    };
    for (name, expected) in &manifest.files {
        if !stays_within(name) {
            return Err(corrupted(name, "is not a file of the run".into()).into());
        }
        let path = run_dir.join(name);
        let found = match hash(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(corrupted(name, "is missing".into()).into());
            }
            found => found.map_err(Error::io("read", &path))?,
        };
        if found.bytes != expected.bytes {
            let what = format!(
                "has {} bytes where there should be {}",
                found.bytes, expected.bytes
            );
            return Err(corrupted(name, what).into());
        }
        if found.hash != expected.hash {
            return Err(corrupted(name, "isn't what was written: its hash differs".into()).into());
        }
    }
    for name in outcome_files(run_dir)? {
        if !manifest.files.contains_key(&name) {
            return Err(corrupted(&name, "isn't in the manifest".into()).into());
        }
    }
    Ok(())
}

fn hash(path: &Path) -> io::Result<FileHash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(FileHash {
        hash: hasher.finalize().to_hex().to_string(),
        bytes: hasher.count(),
    })
}

/// Names of the files that an outcome has.
fn outcome_files(run_dir: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = [file::REPORT, file::RUN, file::EVENTS]
        .into_iter()
        .filter(|name| run_dir.join(name).is_file())
        .map(str::to_owned)
        .collect();
    let mut folders: Vec<String> = vec![file::MODEL.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = run_dir.join(&folder);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(Error::io("read", &path))?,
        };
        for entry in entries {
            let entry = entry.map_err(Error::io("read", &path))?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(name);
            } else {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a name that came from elsewhere stays in the run's folder.
fn stays_within(name: &str) -> bool {
    let path = PathBuf::from(name);
    path.components().count() > 0
        && path
            .components()
            .all(|component| matches!(component, Component::Normal(_)))
}
