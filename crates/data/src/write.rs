//! Whole tables from and to files.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    replace::Replacement,
    source,
};
use aloft_spec::{Problem, source::SourceSpec, table::Scope};
use polars::prelude::*;
use std::path::Path;

/// All rows of a file of any format that a source can have, in memory.
///
/// # Errors
/// Those of [`crate::source()`].
pub fn read_frame(path: &Path) -> std::result::Result<DataFrame, Problem> {
    let spec = SourceSpec::new(path.to_string_lossy());
    source::source(&spec, path, Scope::All, &Cancel::new())?.collect()
}

/// Writes a table as CSV, TSV or Parquet by the ending of `path`, replacing what is there.
///
/// # Errors
/// `BadValue` for another ending, `Unsupported` for columns that the format can't hold, and those of writing.
pub fn write_table(frame: &DataFrame, path: &Path) -> std::result::Result<(), Problem> {
    Ok(write(frame, path)?)
}

fn write(frame: &DataFrame, path: &Path) -> Result<()> {
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let separator = match ending.as_str() {
        "csv" => Some(b','),
        "tsv" => Some(b'\t'),
        "parquet" => None,
        _ => {
            return Err(DataError::BadValue {
                what: format!("`{}` doesn't end in a format that can be written", path.display()),
                hint: "end it in .csv, .tsv or .parquet".into(),
            });
        }
    };
    let dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let replacement = Replacement::in_dir(dir)?;
    let mut frame = frame.clone();
    guarded(|| match separator {
        Some(separator) => CsvWriter::new(&replacement.file)
            .with_separator(separator)
            .finish(&mut frame),
        None => ParquetWriter::new(&replacement.file).finish(&mut frame).map(drop),
    })?;
    replacement.place(path)
}
