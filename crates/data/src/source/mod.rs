//! Files, folders and addresses to relations.
//!
//! Where a source lies is looked at first ([`location`]), then its format opens it: to a lazy plan over all its rows,
//! their number, and how it was read.

pub(crate) mod access;
mod columnar;
mod content;
mod csv;
mod delta;
mod encoding;
mod folder;
mod images;
mod json;
mod jsonl;
pub(crate) mod location;
pub(crate) mod remote;
mod signature;
mod spreadsheet;
mod sqlite;
pub(crate) mod statistics;

use crate::{
    Cancel, Relation,
    error::{DataError, Result},
    execute::{self, EngineChoice},
    fingerprint::of_source,
    output,
    profile::Seen,
    sample::{self, RowGroups},
};
use access::Access;
use aloft_spec::{
    Problem,
    output::TableOutput,
    profile::Scan,
    reading::Reading,
    source::{Format, SampleMethod, SourceSpec, ending},
    table::Scope,
};
use folder::Folder;
use location::Location;
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// A Parquet file of so many bytes has its first rows sooner than a sample.
const LARGE_PARQUET: u64 = 16 << 20;

/// A source that was opened and checked.
pub(crate) struct Opened {
    /// All its rows, lazily.
    pub plan: LazyFrame,
    /// How many they are.
    pub rows: u64,
    /// How it was read.
    pub reading: Reading,
    /// Where the rows lie in a CSV file: some of them can be parsed without the others.
    pub layout: Option<csv::Layout>,
    /// Where they lie in Parquet files.
    pub row_groups: Option<RowGroups>,
}

/// Opens a source: checks it, counts its rows and chooses those of `scope`. `path` is the file or folder, a glob, or
/// an address.
///
/// `Sample` and `Head` follow `spec.sample` and bring the chosen rows into memory; where they cover the whole source,
/// the relation says `All`. `All` stays a lazy plan.
///
/// # Errors
/// `NotFound`, `Unreadable` (damaged, cut off, another encoding or format), `RaggedRow` with its line, `EmptyData`,
/// `DuplicateName` of columns, `UnknownName` of a sheet or table, `BadValue` of a key, `Unsupported`, `Unreachable`,
/// `AuthFailed`, `Stopped`.
pub fn source(
    spec: &SourceSpec,
    path: &Path,
    scope: Scope,
    cancel: &Cancel,
) -> std::result::Result<Relation, Problem> {
    Access::new().source(spec, path, scope, cancel)
}

/// A short text that changes when the source does; see [`Access::fingerprint`].
///
/// # Errors
/// `NotFound`, `Unreadable`.
pub fn fingerprint(path: &Path) -> std::result::Result<String, Problem> {
    let spec = SourceSpec::new(path.to_string_lossy());
    Access::new().fingerprint(&spec, path, &Cancel::new())
}

impl Access {
    /// [`source()`] with what this allows.
    ///
    /// # Errors
    /// Those of [`source()`].
    pub fn source(
        &self,
        spec: &SourceSpec,
        path: &Path,
        scope: Scope,
        cancel: &Cancel,
    ) -> std::result::Result<Relation, Problem> {
        Ok(relation(spec, path, scope, self, cancel)?)
    }

    /// All rows of a source that are to be profiled next: of a large CSV file that is new the profile is made while the file
    /// is looked at, and the relation keeps it. Meanwhile `on_partial` is told what is known of the rows so far, with at most
    /// `head_rows` of them.
    ///
    /// # Errors
    /// Those of [`source()`].
    pub fn source_to_profile(
        &self,
        spec: &SourceSpec,
        path: &Path,
        head_rows: usize,
        cancel: &Cancel,
        on_partial: &mut dyn FnMut(TableOutput),
    ) -> std::result::Result<Relation, Problem> {
        cancel.check()?;
        let location = Location::of(spec, path, self, cancel)?;
        let opened = match &location {
            Location::File(file) if is_of(spec, file, Format::Csv) => {
                let mut on_seen = |seen: Seen| {
                    if let Ok(output) = output::of_first_rows(seen) {
                        on_partial(output);
                    }
                };
                csv::open_and_profile(spec, file, head_rows, self, cancel, &mut on_seen)?
            }
            _ => None,
        };
        Ok(match opened {
            Some(opened) => chosen(opened, spec, path, None, Scope::All, cancel)?,
            None => relation(spec, path, Scope::All, self, cancel)?,
        })
    }

    /// The first `rows` rows of a source where they are there much sooner than a sample of it, as they are of a large CSV or
    /// Parquet file and of those at an address; else `None`.
    ///
    /// # Errors
    /// Those of [`source()`].
    pub fn first_rows(
        &self,
        spec: &SourceSpec,
        path: &Path,
        rows: u64,
        cancel: &Cancel,
    ) -> std::result::Result<Option<Relation>, Problem> {
        let mut spec = spec.clone();
        let covered = spec.sample.rows <= rows || spec.sample.method == SampleMethod::Head;
        spec.sample.rows = rows;
        let location = Location::of(&spec, path, self, cancel)?;
        if covered {
            return Ok(None);
        }
        if let Some(relation) = first_rows(&spec, &location, self, cancel)? {
            return Ok(Some(relation));
        }
        let is_large = match &location {
            Location::File(file) => {
                is_of(&spec, file, Format::Parquet) && columnar::size(file)? >= LARGE_PARQUET
            }
            _ => false,
        };
        Ok(if is_large {
            Some(relation(&spec, path, Scope::Head, self, cancel)?)
        } else {
            None
        })
    }

    /// A short text that changes when the source does: its content by size, time and ends; of several files those of
    /// each; of an address its size and entity tag. It isn't read as a whole.
    ///
    /// # Errors
    /// `NotFound`, `Unreadable`, `Unreachable`, `AuthFailed`.
    pub fn fingerprint(
        &self,
        spec: &SourceSpec,
        path: &Path,
        cancel: &Cancel,
    ) -> std::result::Result<String, Problem> {
        Ok(of_source(spec, path, self, cancel)?)
    }
}

fn relation(
    spec: &SourceSpec,
    path: &Path,
    scope: Scope,
    access: &Access,
    cancel: &Cancel,
) -> Result<Relation> {
    cancel.step()?;
    let location = Location::of(spec, path, access, cancel)?;
    let only_head = scope == Scope::Head || (scope != Scope::All && spec.sample.method == SampleMethod::Head);
    if only_head && let Some(relation) = first_rows(spec, &location, access, cancel)? {
        return Ok(relation);
    }
    let parquet = match &location {
        Location::File(file) if is_of(spec, file, Format::Parquet) => Some(file.clone()),
        _ => None,
    };
    let opened = open(spec, path, location, access, cancel)?;
    chosen(opened, spec, path, parquet, scope, cancel)
}

/// The rows of `scope` of a source that was opened; `parquet` is its file, if it is one.
fn chosen(
    opened: Opened,
    spec: &SourceSpec,
    path: &Path,
    parquet: Option<PathBuf>,
    scope: Scope,
    cancel: &Cancel,
) -> Result<Relation> {
    let wanted = spec.sample.rows;
    let Opened {
        plan,
        rows: total,
        reading,
        layout,
        row_groups,
    } = opened;
    let engine = EngineChoice::for_bytes(reading.bytes);
    let in_memory = |frame: DataFrame, scope| Relation::of_frame(frame, scope, Some(total), cancel);
    // Where the rows don't lie in parts, opening has read what there is to read.
    let opened_to_read = reading.bytes_read.map(|bytes_read| Scan {
        bytes_read,
        bytes_total: reading.bytes,
        rows_read: total,
        ..Scan::default()
    });
    let relation = match scope {
        Scope::All => {
            let parts = layout.as_ref().and_then(csv::Layout::parts);
            let relation = Relation::of_file(plan, path, total, engine, cancel)?.with_parts(parts);
            match parquet {
                Some(file) => relation.of_parquet(&file),
                None => relation,
            }
        }
        _ if total <= wanted => {
            let frame = execute::collect(plan, engine).map_err(|error| error.in_file(path))?;
            in_memory(frame, Scope::All)
        }
        Scope::Sample | Scope::Stratified | Scope::Latest if spec.sample.method != SampleMethod::Head => {
            let about_file = |error: DataError| error.in_file(path);
            let (indices, scope) = sample::choose(&plan, total, &spec.sample, cancel).map_err(about_file)?;
            let read = match (&layout, &row_groups) {
                (Some(layout), _) => {
                    csv::rows(path, layout, &indices, cancel).map(|(frame, scan)| (frame, Some(scan)))
                }
                (None, Some(groups)) => sample::rows_of_groups(plan, groups, &indices, cancel)
                    .map(|(frame, scan)| (frame, Some(of_format(reading.format, scan)))),
                (None, None) => sample::rows(plan, indices, cancel).map(|frame| (frame, opened_to_read)),
            };
            let (frame, scan) = read.map_err(about_file)?;
            in_memory(frame, scope).with_scan(scan)
        }
        _ => {
            let frame = match &parquet {
                Some(file) => columnar::first_rows(file, wanted as usize),
                None => {
                    let head = plan.slice(0, wanted.min(IdxSize::MAX.into()) as IdxSize);
                    execute::collect(head, EngineChoice::Streaming)
                }
            };
            in_memory(frame.map_err(|error| error.in_file(path))?, Scope::Head)
        }
    };
    Ok(relation.with_reading(reading))
}

/// Whether a file is of a format, as the spec or its name says.
fn is_of(spec: &SourceSpec, file: &Path, format: Format) -> bool {
    spec.format.or_else(|| Format::of_path(file)) == Some(format)
}

/// Row groups are those of Parquet and Delta Lake; record batches of Arrow are read alike, and not called so.
fn of_format(format: Format, scan: Scan) -> Scan {
    match format {
        Format::Arrow => Scan {
            row_groups_read: None,
            row_groups: None,
            ..scan
        },
        _ => scan,
    }
}

/// The first rows of CSV by its first bytes, where these are enough to go by.
fn first_rows(
    spec: &SourceSpec,
    location: &Location,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<Relation>> {
    let wanted = spec.sample.rows;
    let found = match location {
        Location::File(file) if is_of(spec, file, Format::Csv) => {
            csv::first_rows(spec, file, wanted, access, cancel)?
        }
        Location::Remote(objects) => remote::first_rows(spec, objects, wanted, access, cancel)?,
        _ => None,
    };
    Ok(found.map(|(frame, reading, scan)| {
        let relation = Relation::of_frame(frame, Scope::Head, None, cancel);
        relation.with_scan(Some(scan)).with_reading(reading)
    }))
}

fn open(
    spec: &SourceSpec,
    path: &Path,
    location: Location,
    access: &Access,
    cancel: &Cancel,
) -> Result<Opened> {
    match location {
        Location::File(file) => open_file(spec, &file, access, cancel),
        Location::Files(files) => columnar::open_parquet_files(&files),
        Location::Folder(folder) => {
            let is_delta = folder.join("_delta_log").is_dir() || spec.format.is_some();
            let here = Folder::Here(&folder);
            match spec.format {
                Some(Format::Images) => images::open(&here, cancel),
                _ if is_delta => delta::open(spec, &here, cancel),
                _ => images::open(&here, cancel),
            }
        }
        Location::Remote(objects) => remote::open(spec, &objects, access, cancel),
    }
    .map_err(|error| error.in_file(path))
}

/// Opens a file that lies on this machine.
fn open_file(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let format = spec.format.map_or_else(|| format_of(file), Ok)?;
    let opened = match format {
        Format::Csv => csv::open(spec, file, access, cancel),
        Format::Parquet => columnar::open_parquet(file),
        Format::Arrow => columnar::open_arrow(file),
        Format::Json => json::open(spec, file, access, cancel),
        Format::Jsonl => jsonl::open(spec, file, access, cancel),
        format @ (Format::Excel | Format::Ods) => spreadsheet::open(spec, file, format),
        Format::Sqlite => sqlite::open(spec, file, access, cancel),
        format @ (Format::Delta | Format::Images) => Err(DataError::Unsupported {
            what: format!(
                "`{}` is a file, and {format} is read from a folder",
                file.display()
            ),
            hint: "name the folder".into(),
        }),
    };
    opened.map_err(|error| signature::explained(error.in_file(file), file, format))
}

fn format_of(file: &Path) -> Result<Format> {
    Format::of_path(file).ok_or_else(|| DataError::Unsupported {
        what: match ending(file).as_str() {
            "" => format!("`{}` has no ending that says its format", file.display()),
            ending => format!("Aloft can't read `.{ending}` files"),
        },
        hint: "it reads .csv, .tsv, .parquet, .json, .jsonl, .arrow, .feather, .xlsx, .ods and .sqlite; `format` says it \
               for other endings"
            .into(),
    })
}
