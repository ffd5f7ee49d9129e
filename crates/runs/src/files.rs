//! Files that are whole or not there: write, sync, rename.

use crate::{Result, error::Error};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Replaces a file as a whole: whoever reads it, at any moment and after any crash, sees the old or the new content.
///
/// # Errors
/// What the operating system says; `DiskFull` when there is no room. The old content is then still there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(replace(path, bytes).map_err(Error::io("write", path))?)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_beside(path);
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Writes a new file down to the disk.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes names that were created, renamed or removed in a folder last over a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    File::open(folder)?.sync_all()
}

/// Gives a file a second name, or copies it where the two places don't share a file system.
/// Both names may be one file: it must never be written again.
pub(crate) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// A text that no other call of any living process gets.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{count}", std::process::id())
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", unique()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::Code;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        replace_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let problem = replace_file(&folder.path().join("none/run.toml"), b"").unwrap_err();
        assert_eq!(problem.code, Code::NotFound);
    }

    #[test]
    fn data_is_copied_where_it_cannot_be_linked() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("a");
        fs::write(&from, "rows").unwrap();
        // A second link to the same name fails as a link across file systems does; the copy then replaces it.
        let to = folder.path().join("b");
        fs::write(&to, "old").unwrap();
        link_or_copy(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"rows");
        assert!(link_or_copy(&folder.path().join("none"), &to).is_err());
    }
}
