//! Outputs on the disk, in the project's `.aloft/cache`, and beside them the copies of sources in `.aloft/copies`. Nothing
//! here is needed: what is missing or damaged is made again, and what was used longest ago is removed when the budget is
//! reached.

use super::entry::Entry;
use crate::Result;
use aloft_project::Project;
use aloft_spec::table::Scope;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Ending of outputs; their names are hashes of what they are made of.
const OUTPUT: &str = "output";
/// Ending of the files that say which output a cell had last.
const LATEST: &str = "latest";
/// A file in the making that is older than this was left by a crash.
const ABANDONED: Duration = Duration::from_secs(3600);
/// A copy that was used since may be in use: it stays, and the budget leaves it out.
const IN_USE: Duration = Duration::from_secs(24 * 3600);

/// The outputs of a project on the disk.
#[derive(Debug)]
pub(crate) struct DiskCache {
    folder: PathBuf,
    copies: PathBuf,
    budget: u64,
}

/// Files of a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// How many.
    pub files: u64,
    /// Their bytes in all.
    pub bytes: u64,
}

impl DiskCache {
    /// That of a project, with the budget of its `aloft.toml`.
    pub fn of(project: &Project) -> Self {
        Self {
            folder: folder(project),
            copies: copies(project),
            budget: project.spec.cache.disk_mb.saturating_mul(1 << 20),
        }
    }

    /// The output of a key. One that is damaged is removed.
    pub fn read(&self, key: &str) -> Option<Entry> {
        let path = self.output(key);
        let bytes = fs::read(&path).ok()?;
        let Some(entry) = Entry::decode(&bytes) else {
            // It will be written again when it has been computed; until then there is none.
            let _ = fs::remove_file(&path);
            return None;
        };
        // The time of the last use decides who goes first; a cache that can't be written to is still read.
        let _ = File::options()
            .append(true)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        Some(entry)
    }

    /// The key of the output that a cell had last.
    pub fn latest(&self, notebook: &Path, cell: &str, scope: Scope) -> Option<String> {
        let path = self.pointer(notebook, cell, scope);
        let text = fs::read_to_string(&path).ok()?;
        let key = text.trim();
        if key.len() == blake3::OUT_LEN * 2 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Some(key.to_owned());
        }
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps the output of a key.
    ///
    /// # Errors
    /// What the operating system says; whoever asks can go on without.
    pub fn write(&self, key: &str, entry: &Entry) -> Result<()> {
        if self.budget == 0 {
            return Ok(());
        }
        let Some(bytes) = entry.encode()? else {
            return Ok(());
        };
        // An output that would push everything else out, and then itself, isn't kept.
        if bytes.len() as u64 > self.budget / 2 {
            return Ok(());
        }
        self.make_folder()?;
        aloft_runs::replace_file(&self.output(key), &bytes)?;
        self.evict();
        Ok(())
    }

    /// Notes which output a cell has now.
    ///
    /// # Errors
    /// As [`DiskCache::write`].
    pub fn point(&self, notebook: &Path, cell: &str, scope: Scope, key: &str) -> Result<()> {
        if self.budget == 0 || self.latest(notebook, cell, scope).as_deref() == Some(key) {
            return Ok(());
        }
        self.make_folder()?;
        aloft_runs::replace_file(&self.pointer(notebook, cell, scope), key.as_bytes())
    }

    fn make_folder(&self) -> Result<()> {
        fs::create_dir_all(&self.folder).map_err(|error| {
            aloft_spec::Problem::new(
                aloft_spec::Code::Unreadable,
                format!("the cache can't be made: {error}"),
            )
            .in_file(&self.folder)
        })
    }

    /// Where the output of a key is. Another version of what makes outputs looks elsewhere.
    fn output(&self, key: &str) -> PathBuf {
        let [aloft, polars] = aloft_data::ENGINE;
        let name = hash(&[aloft, polars, key]);
        self.folder.join(name).with_extension(OUTPUT)
    }

    fn pointer(&self, notebook: &Path, cell: &str, scope: Scope) -> PathBuf {
        let name = hash(&[&notebook.to_string_lossy(), cell, &format!("{scope:?}")]);
        self.folder.join(name).with_extension(LATEST)
    }

    /// Removes what was used longest ago, outputs and copies alike, until the budget holds, and what a crash left.
    fn evict(&self) {
        let mut files = files(&self.folder);
        files.retain(|file| {
            let abandoned = file.path.extension().is_some_and(|ending| ending == "tmp")
                && file.used.elapsed().is_ok_and(|age| age > ABANDONED);
            !abandoned || fs::remove_file(&file.path).is_err()
        });
        let unused = |copy: &Used| copy.used.elapsed().is_ok_and(|age| age > IN_USE);
        files.extend(self::files(&self.copies).into_iter().filter(unused));
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_by_key(|file| file.used);
        for file in files {
            if bytes <= self.budget {
                return;
            }
            if fs::remove_file(&file.path).is_ok() {
                bytes -= file.bytes;
            }
        }
    }
}

/// A project's folder of outputs.
pub(crate) fn folder(project: &Project) -> PathBuf {
    project.state_dir().join("cache")
}

/// A project's folder of copies of sources that can't be read as they are.
pub(crate) fn copies(project: &Project) -> PathBuf {
    project.state_dir().join("copies")
}

/// A file with when it was used last.
pub(crate) struct Used {
    pub path: PathBuf,
    pub bytes: u64,
    pub used: SystemTime,
}

/// The files in a folder; none where there is no folder.
pub(crate) fn files(folder: &Path) -> Vec<Used> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let of_entry = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(Used {
            path: entry.path(),
            bytes: metadata.len(),
            used: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        })
    };
    entries.flatten().filter_map(of_entry).collect()
}

/// The hash of some texts, hex; which text ends where is a part of it.
fn hash(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
