//! Bytes that polars reads: a file, or memory.

use crate::error::{DataError, Result, guarded};
use polars::{
    io::utils::compression::{ByteSourceReader, CompressedReader, SupportedCompression},
    prelude::*,
};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

/// The bytes of a source, or of a copy that was made of it.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    File(PathBuf),
    Memory(ScanSources),
}

/// A file whose bytes are its text.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    pub path: PathBuf,
    pub bytes: u64,
    /// Bytes of the mark that it begins with.
    pub mark_bytes: u64,
}

impl Content {
    /// The file, if it is one that isn't compressed.
    pub(crate) fn plain(&self) -> Result<Option<Plain>> {
        let Self::File(path) = self else {
            return Ok(None);
        };
        let failed = |error| DataError::reading(path, &error);
        let mut source = File::open(path).map_err(failed)?;
        let mut first = Vec::with_capacity(4);
        source.by_ref().take(4).read_to_end(&mut first).map_err(failed)?;
        if SupportedCompression::check(&first).is_some() {
            return Ok(None);
        }
        Ok(Some(Plain {
            path: path.clone(),
            bytes: source.metadata().map_err(failed)?.len(),
            mark_bytes: if first.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 },
        }))
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        Self::Memory(ScanSources::Buffers([bytes.into()].into()))
    }

    /// What polars reads.
    pub(crate) fn sources(&self) -> Result<ScanSources> {
        match self {
            Self::File(file) => guarded(|| {
                Ok(ScanSources::Paths(
                    [PlRefPath::try_from_path(file)?].into_iter().collect(),
                ))
            }),
            Self::Memory(sources) => Ok(sources.clone()),
        }
    }

    /// Its bytes, a byte order mark left out; of a compressed file (gzip, zlib, zstd) what is in it.
    pub(crate) fn reader(&self) -> Result<Box<dyn Read + Send>> {
        match self {
            Self::File(file) => {
                let mut reader = reader(file)?;
                let mut first = Vec::with_capacity(3);
                reader
                    .by_ref()
                    .take(3)
                    .read_to_end(&mut first)
                    .map_err(|error| DataError::decompressing(file, &error))?;
                if first == b"\xef\xbb\xbf" {
                    first.clear();
                }
                Ok(Box::new(io::Cursor::new(first).chain(reader)))
            }
            Self::Memory(sources) => match sources {
                ScanSources::Buffers(buffers) if !buffers.is_empty() => {
                    let bytes = buffers[0].clone();
                    Ok(Box::new(guarded(|| CompressedReader::try_new(bytes))?))
                }
                _ => Ok(Box::new(io::empty())),
            },
        }
    }
}

/// How a file is compressed, by its first bytes.
pub(crate) fn compression(file: &Path) -> Result<Option<SupportedCompression>> {
    let failed = |error| DataError::reading(file, &error);
    let mut magic = Vec::with_capacity(4);
    File::open(file)
        .and_then(|source| source.take(4).read_to_end(&mut magic))
        .map_err(failed)?;
    Ok(SupportedCompression::check(&magic))
}

/// The bytes of a file; of a compressed one (gzip, zlib, zstd) what is in it.
pub(crate) fn reader(file: &Path) -> Result<Box<dyn Read + Send>> {
    let failed = |error| DataError::reading(file, &error);
    let compression = compression(file)?;
    let mut source = File::open(file).map_err(failed)?;
    source.rewind().map_err(failed)?;
    if compression.is_none() {
        return Ok(Box::new(source));
    }
    let buffered = BufReader::with_capacity(1 << 20, source);
    Ok(
        match guarded(|| ByteSourceReader::try_new(buffered, compression))? {
            ByteSourceReader::Gzip(reader) => Box::new(reader),
            ByteSourceReader::Zlib(reader) => Box::new(reader),
            ByteSourceReader::Zstd(reader) => Box::new(reader),
            ByteSourceReader::UncompressedStream(reader) => Box::new(reader),
            ByteSourceReader::UncompressedMemory { .. } => Box::new(io::empty()),
        },
    )
}

/// The first bytes of a file (uncompressed), and whether that is all of it.
pub(crate) fn head(file: &Path, most: usize) -> Result<(Vec<u8>, bool)> {
    let mut head = Vec::new();
    reader(file)?
        .take(most as u64 + 1)
        .read_to_end(&mut head)
        .map_err(|error| DataError::decompressing(file, &error))?;
    let whole = head.len() <= most;
    head.truncate(most);
    Ok((head, whole))
}
