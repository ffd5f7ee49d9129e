//! Whether a source is still the same, without reading all of it.

use crate::{
    Cancel,
    error::{DataError, Result},
    source::{
        access::Access,
        location::{self, Location},
    },
};
use aloft_spec::source::SourceSpec;
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// Bytes at each end that are looked at.
const END: u64 = 64 << 10;

/// A short text that changes when a file, a folder, the files of a glob or what lies at an address does.
///
/// It is a BLAKE3 (hex) of what tells contents apart without reading all of them: of a file its size, the time of its
/// last change, and the first and the last 64 KiB (where column formats keep their schema); of several files the path,
/// the size and the time of each; of an address the size, the entity tag and the time that the server says.
///
/// # Errors
/// `NotFound`, `Unreadable`, `Unreachable`, `AuthFailed`.
pub(crate) fn of_source(spec: &SourceSpec, path: &Path, access: &Access, cancel: &Cancel) -> Result<String> {
    match Location::of(spec, path, access, cancel)? {
        Location::File(file) => {
            let content = of_file(&file)?;
            // What a database has written and not yet moved into its file lies beside it.
            let log = PathBuf::from(format!("{}-wal", file.display()));
            match fs::metadata(&log) {
                Ok(metadata) if metadata.len() > 0 => Ok(of_parts([content, stamp(&log)?])),
                _ => Ok(content),
            }
        }
        Location::Files(files) => {
            let stamps = files
                .paths
                .iter()
                .map(|file| stamp(file))
                .collect::<Result<Vec<_>>>()?;
            Ok(of_parts(stamps))
        }
        Location::Folder(folder) => {
            let mut files = location::walk(&folder, |_| true)?;
            files.sort();
            let stamps = files.iter().map(|file| stamp(file)).collect::<Result<Vec<_>>>()?;
            Ok(of_parts(stamps))
        }
        Location::Remote(objects) => Ok(of_parts(objects.stamps())),
    }
}

/// Path, size and time of the last change.
fn stamp(file: &Path) -> Result<String> {
    let metadata = fs::metadata(file).map_err(|error| DataError::reading(file, &error))?;
    let changed = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let changed = changed.unwrap_or_default().as_nanos();
    Ok(format!("{} {} {changed}", file.display(), metadata.len()))
}

fn of_parts(parts: impl IntoIterator<Item = String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The fingerprint of one file.
pub(crate) fn of_file(file: &Path) -> Result<String> {
    let failed = |error| DataError::reading(file, &error);
    let mut source = File::open(file).map_err(failed)?;
    let metadata = source.metadata().map_err(failed)?;
    let size = metadata.len();
    let changed = metadata
        .modified()
        .map_err(failed)?
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&size.to_le_bytes());
    hasher.update(&changed.as_nanos().to_le_bytes());
    let mut end = Vec::new();
    source.by_ref().take(END).read_to_end(&mut end).map_err(failed)?;
    hasher.update(&end);
    source
        .seek(SeekFrom::Start(size.saturating_sub(END)))
        .map_err(failed)?;
    end.clear();
    source.take(END).read_to_end(&mut end).map_err(failed)?;
    hasher.update(&end);
    Ok(hasher.finalize().to_hex().to_string())
}
