//! Rows as a file whose name is the hash of its bytes.
//!
//! A run refers to its rows by that hash, here and on any machine that it is sent to. So the same rows must give the
//! same bytes, in whatever order threads and joins produced them: rows are sorted by all columns ([`order`]), values that
//! have several forms (zero, NaN, categories) get one, and the writer's choices are fixed. Rows that don't fit into memory
//! are sorted in parts, which are merged ([`merge`]), to the same bytes.

mod merge;
mod order;
#[cfg(test)]
mod tests;

use crate::{
    Cancel, Relation,
    error::{DataError, Result, guarded},
    execute::EngineChoice,
    replace::Replacement,
};
use aloft_spec::table::{ColumnKind, Extent, Field};
use merge::{Sorted, Sorter};
use polars::{polars_utils::compression::ZstdLevel, prelude::*};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Rows of a row group, and less than twice as many.
const ROW_GROUP: usize = 1 << 18;
/// Bytes of rows that are sorted in memory at a time, at the least and at the most. Each part that is sorted by itself keeps
/// a file open until all are merged, so that of a large table parts can't be small.
const IN_MEMORY: (usize, usize) = (64 << 20, 512 << 20);
/// How often rows are in memory while they are sorted: as they came, in their canonical form, and in their order.
const COPIES: u64 = 3;

/// A snapshot that lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// The file, `<hash>.parquet` in the folder that was asked for.
    pub path: PathBuf,
    /// BLAKE3 of its bytes, hex.
    pub hash: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in the order that was asked for.
    pub columns: Vec<String>,
    /// Columns that were left out because nothing can be learned from their type: lists, structs, columns of nulls alone,
    /// and bytes that weren't asked for by name.
    pub skipped: Vec<String>,
    /// Which rows of the sources they are.
    pub extent: Extent,
}

/// Writes a snapshot; sorting may take so many bytes of memory.
pub(crate) fn write(relation: &Relation, dir: &Path, columns: &[String], bytes: u64) -> Result<SnapshotFile> {
    write_in_parts(relation, dir, columns, (in_memory(bytes), ROW_GROUP))
}

/// Bytes of rows to sort at a time, where that may take so many.
fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes / COPIES)
        .unwrap_or(usize::MAX)
        .clamp(IN_MEMORY.0, IN_MEMORY.1)
}

/// The same with so many bytes in memory at a time, and so many rows in a row group.
fn write_in_parts(
    relation: &Relation,
    dir: &Path,
    columns: &[String],
    (in_memory, row_group): (usize, usize),
) -> Result<SnapshotFile> {
    let named = !columns.is_empty();
    let fields: Vec<&Field> = if columns.is_empty() {
        relation.schema().iter().collect()
    } else {
        columns
            .iter()
            .map(|name| relation.field(name))
            .collect::<Result<_>>()?
    };
    let (skipped, kept): (Vec<&Field>, Vec<&Field>) = fields
        .into_iter()
        .partition(|field| field.kind == ColumnKind::Other && !(named && is_bytes(field)));
    let names = |fields: &[&Field]| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>();
    let (columns, skipped) = (names(&kept), names(&skipped));
    if columns.is_empty() {
        return Err(DataError::Unsupported {
            what: "no column of this table can be learned from".into(),
            hint: "make numbers, texts, dates or truth values of its columns in a query".into(),
        });
    }
    let relation = &relation.select(&columns)?;
    fs::create_dir_all(dir).map_err(|error| DataError::writing(dir, error))?;
    let sorted = match relation.engine {
        EngineChoice::InMemory => Sorted::of(order::canonical(&relation.frame()?)?),
        EngineChoice::Streaming => {
            let mut sorter = Sorter::new(dir, in_memory);
            for frame in relation.batches()? {
                sorter.push(frame?)?;
            }
            match sorter.finish()? {
                Some(sorted) => sorted,
                // Without a row there is no batch, and still the columns have types.
                None => Sorted::of(order::canonical(&relation.frame()?)?),
            }
        }
    };
    relation.cancel.step()?;
    let rows = sorted.rows as u64;
    let (path, hash, bytes) = write_hashed(sorted, dir, row_group, &relation.cancel)?;
    Ok(SnapshotFile {
        path,
        hash,
        bytes,
        rows,
        columns,
        skipped,
        extent: relation.extent(rows),
    })
}

/// Bytes are pictures; only a model of pictures asks for them.
fn is_bytes(field: &Field) -> bool {
    field.dtype == DataType::Binary.to_string()
}

fn write_hashed(
    sorted: Sorted,
    dir: &Path,
    row_group: usize,
    cancel: &Cancel,
) -> Result<(PathBuf, String, u64)> {
    let replacement = Replacement::in_dir(dir)?;
    let mut out = Hashing {
        to: &replacement.file,
        hasher: blake3::Hasher::new(),
        bytes: 0,
    };
    let writer = ParquetWriter::new(&mut out)
        .with_compression(guarded(zstd)?)
        .with_statistics(StatisticsOptions::empty());
    let failed = |error| match error {
        DataError::Compute(message) => DataError::writing(replacement.path(), io::Error::other(message)),
        other => other,
    };
    let mut batches = guarded(|| writer.batched(&sorted.schema)).map_err(failed)?;
    for group in sorted.groups(row_group) {
        cancel.step()?;
        let group = group?;
        guarded(|| batches.write_batch(&group)).map_err(failed)?;
    }
    guarded(|| batches.finish()).map_err(failed)?;
    drop(batches);
    let (hash, bytes) = (out.hasher.finalize().to_hex().to_string(), out.bytes);
    let path = dir.join(format!("{hash}.parquet"));
    // The name says the content, so what is there already is the same.
    if fs::metadata(&path).is_ok_and(|there| there.len() == bytes) {
        return Ok((path, hash, bytes));
    }
    replacement.place(&path)?;
    Ok((path, hash, bytes))
}

fn zstd() -> PolarsResult<ParquetCompression> {
    Ok(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
}

/// Hashes what it writes.
struct Hashing<'a> {
    to: &'a fs::File,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
