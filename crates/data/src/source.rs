//! Files to relations.

use crate::{
    Cancel, Relation, columnar,
    csv::{self, Dialect, Layout},
    error::{DataError, Result},
    execute::{self, EngineChoice},
    jsonl,
    sample::{self, RowGroup},
};
use aloft_spec::{
    Problem,
    profile::Scan,
    source::{Format, SampleMethod, SourceSpec},
    table::Scope,
};
use polars::prelude::*;
use std::{fs, path::Path};

/// A file that was opened and checked.
pub(crate) struct Opened {
    /// All its rows, lazily.
    pub plan: LazyFrame,
    /// How many they are.
    pub rows: u64,
    /// Parquet: the row groups, in the order of their rows.
    pub row_groups: Option<Vec<RowGroup>>,
}

/// Opens a source: checks the file, counts its rows and chooses those of `scope`.
///
/// `Sample` and `Head` follow `spec.sample` and bring the chosen rows into memory; where they cover the whole file, the
/// relation says `All`. `All` stays a lazy plan over the file.
///
/// # Errors
/// `NotFound`, `Unreadable` (damaged, cut off, not UTF-8, another format), `RaggedRow` with its line, `EmptyData`,
/// `DuplicateName` of columns, `BadValue` of a key, `Unsupported`, `Stopped`.
pub fn source(
    spec: &SourceSpec,
    file: &Path,
    scope: Scope,
    cancel: &Cancel,
) -> std::result::Result<Relation, Problem> {
    Ok(open(spec, file, scope, cancel)?)
}

fn open(spec: &SourceSpec, file: &Path, scope: Scope, cancel: &Cancel) -> Result<Relation> {
    cancel.step()?;
    let bytes = check_file(file)?;
    let (opened, layout) = open_format(spec, file, cancel)?;
    let total = opened.rows;
    let wanted = spec.sample.rows;
    let in_memory = |frame: DataFrame, scope| Ok(Relation::of_frame(frame, scope, total, cancel));
    match scope {
        Scope::All => {
            let engine = EngineChoice::for_bytes(bytes);
            Relation::of_file(opened.plan, file, total, engine, cancel)
        }
        _ if total <= wanted => {
            let frame = execute::collect(opened.plan, EngineChoice::for_bytes(bytes))
                .map_err(|error| error.in_file(file))?;
            in_memory(frame, Scope::All)
        }
        Scope::Sample | Scope::Stratified | Scope::Latest if spec.sample.method != SampleMethod::Head => {
            let about_file = |error: DataError| error.in_file(file);
            let (indices, scope) =
                sample::choose(&opened.plan, total, &spec.sample, cancel).map_err(about_file)?;
            let (frame, scan) = match (&layout, &opened.row_groups) {
                (Some(layout), _) => (csv::rows(file, layout, &indices, cancel), None),
                (None, None) => (sample::rows(opened.plan, indices, cancel), None),
                (None, Some(groups)) => {
                    let read = sample::rows_of_groups(opened.plan, groups, &indices, cancel);
                    let (frame, scan) = read.map_err(about_file)?;
                    (Ok(frame), Some(scan))
                }
            };
            let scan = scan.unwrap_or(Scan {
                bytes_read: bytes,
                bytes_total: bytes,
                rows_read: total,
                ..Scan::default()
            });
            Ok(in_memory(frame.map_err(about_file)?, scope)?.with_scan(scan))
        }
        _ => {
            let head = opened.plan.slice(0, wanted.min(IdxSize::MAX.into()) as IdxSize);
            let frame =
                execute::collect(head, EngineChoice::Streaming).map_err(|error| error.in_file(file))?;
            in_memory(frame, Scope::Head)
        }
    }
}

/// Size of a file that can be read and isn't empty.
fn check_file(file: &Path) -> Result<u64> {
    let metadata = fs::metadata(file).map_err(|error| DataError::reading(file, &error))?;
    if metadata.is_dir() {
        return Err(DataError::Unsupported {
            what: format!("`{}` is a folder", file.display()),
            hint: "name one file in it".into(),
        });
    }
    if metadata.len() == 0 {
        return Err(DataError::Empty {
            file: file.to_owned(),
            what: "the file is empty",
        });
    }
    Ok(metadata.len())
}

fn open_format(spec: &SourceSpec, file: &Path, cancel: &Cancel) -> Result<(Opened, Option<Layout>)> {
    let format = spec.format.map_or_else(|| format_of(file), Ok)?;
    let opened = match format {
        Format::Csv => {
            let (opened, layout) = csv::open(file, &Dialect::of(spec, file)?, cancel)?;
            return Ok((opened, Some(layout)));
        }
        Format::Parquet => columnar::open_parquet(file),
        Format::Arrow => columnar::open_arrow(file),
        Format::Jsonl => jsonl::open(file, cancel),
    };
    Ok((opened.map_err(|error| error.in_file(file))?, None))
}

fn format_of(file: &Path) -> Result<Format> {
    match ending(file).as_str() {
        "csv" | "tsv" | "txt" => Ok(Format::Csv),
        "parquet" | "pq" => Ok(Format::Parquet),
        "jsonl" | "ndjson" => Ok(Format::Jsonl),
        "arrow" | "feather" | "ipc" => Ok(Format::Arrow),
        other => Err(DataError::Unsupported {
            what: match other {
                "" => format!("`{}` has no ending that says its format", file.display()),
                ending => format!("Aloft can't read `.{ending}` files"),
            },
            hint: "it reads .csv, .tsv, .parquet, .jsonl, .arrow and .feather; `format` says it for other endings"
                .into(),
        }),
    }
}

/// The ending of a file in small letters, that of a compression left out: `csv` of `A.CSV.gz`.
pub(crate) fn ending(file: &Path) -> String {
    let lower = |path: &Path| {
        path.extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase()
    };
    match lower(file).as_str() {
        "gz" | "zst" | "zz" => lower(Path::new(file.file_stem().unwrap_or_default())),
        ending => ending.to_owned(),
    }
}
