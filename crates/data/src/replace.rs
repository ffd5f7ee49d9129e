//! Files are replaced by write, sync, rename: whoever looks sees the old one or the new one, never half of one.

use crate::error::{DataError, Result};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// A file under a temporary name, removed unless it is put in its place.
pub(crate) struct Replacement {
    pub file: File,
    path: PathBuf,
    placed: bool,
}

impl Replacement {
    /// A new file in `dir`.
    pub(crate) fn in_dir(dir: &Path) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!(".{}-{number}.tmp", process::id()));
        // A person knows the folder, and not this name.
        let file = File::create(&path).map_err(|error| DataError::writing(dir, error))?;
        Ok(Self {
            file,
            path,
            placed: false,
        })
    }

    /// Its temporary name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs it and gives it its name.
    pub(crate) fn place(mut self, target: &Path) -> Result<()> {
        let failed = |error| DataError::writing(target, error);
        self.file.sync_all().map_err(failed)?;
        fs::rename(&self.path, target).map_err(failed)?;
        self.placed = true;
        // The name itself is only safe once its folder is; not every system lets a folder be synced.
        if let Some(Ok(dir)) = target.parent().map(File::open) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.placed {
            // What is left behind is a hidden file; there is nobody to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}
