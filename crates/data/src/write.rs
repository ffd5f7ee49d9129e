//! Whole tables from files, tables to files, whole or batch by batch, and charts to files.

use crate::{
    Cancel, chart,
    error::{DataError, Result, guarded},
    replace::Replacement,
    source,
};
use aloft_spec::{Problem, chart::ChartData, source::SourceSpec, table::Scope};
use polars::{
    io::{csv::write::BatchedWriter as CsvBatches, parquet::write::BatchedWriter as ParquetBatches},
    prelude::*,
};
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

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
    let mut writer = TableWriter::create(path)?;
    writer.write(frame.clone())?;
    writer.finish()
}

/// A table that is written batch by batch as CSV, TSV or Parquet by the ending of its path. What is there stays until it is
/// finished, and stays for good where it isn't.
pub struct TableWriter {
    path: PathBuf,
    replacement: Replacement,
    format: Format,
    batches: Option<Batches>,
}

/// How rows are written.
#[derive(Clone, Copy)]
enum Format {
    /// As text with this between the fields.
    Separated(u8),
    Parquet,
}

/// What has begun with the first batch.
enum Batches {
    Separated(CsvBatches<File>),
    Parquet(ParquetBatches<File>),
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl TableWriter {
    /// Begins a table that will be `path`.
    ///
    /// # Errors
    /// `BadValue` for an ending that isn't known, and those of making a file beside `path`.
    pub fn create(path: &Path) -> std::result::Result<Self, Problem> {
        Ok(Self {
            path: path.to_owned(),
            format: format_of(path)?,
            replacement: Replacement::in_dir(folder(path))?,
            batches: None,
        })
    }

    /// Appends rows; all batches have the columns of the first.
    ///
    /// # Errors
    /// `Unsupported` for columns that the format can't hold, and those of writing.
    pub fn write(&mut self, frame: DataFrame) -> std::result::Result<(), Problem> {
        Ok(self.append(frame)?)
    }

    /// Gives the table its path. One to which nothing was written has no columns.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> std::result::Result<(), Problem> {
        Ok(self.place()?)
    }

    fn append(&mut self, mut frame: DataFrame) -> Result<()> {
        let batches = match &mut self.batches {
            Some(batches) => batches,
            None => {
                let file = self
                    .replacement
                    .file
                    .try_clone()
                    .map_err(|error| DataError::writing(&self.path, error))?;
                let begun = guarded(|| begin(self.format, file, frame.schema()))?;
                self.batches.insert(begun)
            }
        };
        guarded(|| {
            // The writers take columns whose chunks lie at the same rows.
            frame.rechunk_mut();
            match batches {
                Batches::Separated(batches) => batches.write_batch(&frame),
                Batches::Parquet(batches) => batches.write_batch(&frame),
            }
        })
    }

    fn place(self) -> Result<()> {
        guarded(|| match self.batches {
            Some(Batches::Separated(mut batches)) => batches.finish(),
            Some(Batches::Parquet(batches)) => batches.finish().map(drop),
            None => Ok(()),
        })?;
        self.replacement.place(&self.path)
    }
}

fn begin(format: Format, file: File, schema: &Schema) -> PolarsResult<Batches> {
    Ok(match format {
        Format::Separated(separator) => {
            Batches::Separated(CsvWriter::new(file).with_separator(separator).batched(schema)?)
        }
        Format::Parquet => Batches::Parquet(ParquetWriter::new(file).batched(schema)?),
    })
}

fn format_of(path: &Path) -> Result<Format> {
    match ending(path).as_str() {
        "csv" => Ok(Format::Separated(b',')),
        "tsv" => Ok(Format::Separated(b'\t')),
        "parquet" => Ok(Format::Parquet),
        _ => Err(DataError::BadValue {
            what: format!("`{}` doesn't end in a format that can be written", path.display()),
            hint: "end it in .csv, .tsv or .parquet".into(),
        }),
    }
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
