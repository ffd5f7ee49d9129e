//! Whether a file is still the same, without reading all of it.

use crate::error::{DataError, Result};
use aloft_spec::Problem;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    time::UNIX_EPOCH,
};

/// Bytes at each end that are looked at.
const END: u64 = 64 << 10;

/// A short text that changes when the file does: BLAKE3 (hex) of its size, the time of its last change, and the first
/// and the last 64 KiB.
///
/// # Errors
/// `NotFound`, `Unreadable`.
pub fn fingerprint(file: &Path) -> std::result::Result<String, Problem> {
    Ok(hash(file)?)
}

fn hash(file: &Path) -> Result<String> {
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
