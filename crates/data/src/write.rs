//! Whole tables and charts from and to files.

use crate::{
    Cancel, chart,
    error::{DataError, Result, guarded},
    replace::Replacement,
    source,
};
use aloft_spec::{Problem, chart::ChartData, source::SourceSpec, table::Scope};
use polars::prelude::*;
use std::{io::Write as _, path::Path};

/// Pixels a point of charts in PNG files: sharp on dense screens and on paper.
const PNG_SCALE: f32 = 2.0;

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

/// Writes a chart as SVG or PNG by the ending of `path`, replacing what is there.
///
/// # Errors
/// `Unsupported` for another ending, and those of writing.
pub fn write_chart(chart: &ChartData, path: &Path) -> std::result::Result<(), Problem> {
    let bytes = match ending(path).as_str() {
        "svg" => chart::svg(chart).into_bytes(),
        "png" => chart::png(chart, PNG_SCALE)?,
        _ => {
            let problem = DataError::Unsupported {
                what: format!("charts are written as SVG or PNG, not as `{}`", path.display()),
                hint: "let the name end with .svg or .png".into(),
            };
            return Err(problem.into());
        }
    };
    let written = || -> Result<()> {
        let mut replacement = Replacement::in_dir(folder(path))?;
        let written = replacement.file.write_all(&bytes);
        written.map_err(|error| DataError::writing(path, error))?;
        replacement.place(path)
    };
    Ok(written()?)
}

/// The ending of a path in small letters; empty without one.
fn ending(path: &Path) -> String {
    path.extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase()
}

/// The folder that a file is written to.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn write(frame: &DataFrame, path: &Path) -> Result<()> {
    let separator = match ending(path).as_str() {
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
    let replacement = Replacement::in_dir(folder(path))?;
    let mut frame = frame.clone();
    guarded(|| match separator {
        Some(separator) => CsvWriter::new(&replacement.file)
            .with_separator(separator)
            .finish(&mut frame),
        None => ParquetWriter::new(&replacement.file).finish(&mut frame).map(drop),
    })?;
    replacement.place(path)
}
