//! Rows as a file whose name is the hash of its bytes.
//!
//! A run refers to its rows by that hash, here and on any machine that it is sent to. So the same rows must give the
//! same bytes, in whatever order threads and joins produced them: rows are sorted by all columns, values that have
//! several forms (zero, NaN, categories) get one, and the writer's choices are fixed.

use crate::{
    Relation,
    error::{DataError, Result, guarded},
    replace::Replacement,
    table,
};
use aloft_spec::table::{ColumnKind, Extent, Field};
use polars::{polars_utils::compression::ZstdLevel, prelude::*};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Rows of a row group.
const ROW_GROUP: usize = 1 << 18;

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

pub(crate) fn write(relation: &Relation, dir: &Path, columns: &[String]) -> Result<SnapshotFile> {
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
    let plan = relation
        .plan
        .clone()
        .select(columns.iter().map(|name| col(name.as_str())).collect::<Vec<_>>());
    let frame = canonical(&relation.run(plan)?)?;
    relation.cancel.step()?;
    let rows = frame.height() as u64;
    let (path, hash, bytes) = write_hashed(frame, dir)?;
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

/// The rows in canonical form and order.
fn canonical(frame: &DataFrame) -> Result<DataFrame> {
    guarded(|| {
        let columns = frame
            .columns()
            .iter()
            .map(|column| one_form(column.as_materialized_series()))
            .collect::<PolarsResult<_>>()?;
        let frame = DataFrame::new(frame.height(), columns)?;
        let names: Vec<PlSmallStr> = frame.get_column_names_owned();
        // Rows that are equal in all columns are the same row, so their order doesn't matter.
        let mut frame = frame.sort(names, SortMultipleOptions::default().with_nulls_last(true))?;
        frame.rechunk_mut();
        Ok(frame)
    })
}

/// Values that compare as equal are made the same bytes.
fn one_form(series: &Series) -> PolarsResult<Column> {
    let dtype = series.dtype();
    let series = match table::kind(dtype) {
        // Codes of categories depend on which came first.
        ColumnKind::Text => series.cast(&DataType::String)?,
        // One NaN for all of them, and 0 for −0 (their sum is 0).
        ColumnKind::Float if dtype.is_decimal() || *dtype == DataType::Float64 => {
            let series = series.cast(&DataType::Float64)?;
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            series.f64()?.apply_values(one).into_series()
        }
        ColumnKind::Float => {
            let series = series.cast(&DataType::Float32)?;
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            series.f32()?.apply_values(one).into_series()
        }
        _ => series.clone(),
    };
    Ok(series.into_column())
}

fn write_hashed(mut frame: DataFrame, dir: &Path) -> Result<(PathBuf, String, u64)> {
    fs::create_dir_all(dir).map_err(|error| DataError::writing(dir, error))?;
    let replacement = Replacement::in_dir(dir)?;
    let mut out = Hashing {
        to: &replacement.file,
        hasher: blake3::Hasher::new(),
        bytes: 0,
    };
    guarded(|| {
        ParquetWriter::new(&mut out)
            .with_compression(ParquetCompression::Zstd(Some(ZstdLevel::try_new(1)?)))
            .with_statistics(StatisticsOptions::empty())
            .with_row_group_size(Some(ROW_GROUP))
            .finish(&mut frame)
    })
    .map_err(|error| match error {
        DataError::Compute(message) => DataError::writing(replacement.path(), io::Error::other(message)),
        other => other,
    })?;
    let (hash, bytes) = (out.hasher.finalize().to_hex().to_string(), out.bytes);
    let path = dir.join(format!("{hash}.parquet"));
    // The name says the content, so what is there already is the same.
    if fs::metadata(&path).is_ok_and(|there| there.len() == bytes) {
        return Ok((path, hash, bytes));
    }
    replacement.place(&path)?;
    Ok((path, hash, bytes))
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
