//! Parquet and Arrow IPC files.

use super::{Opened, location::Files};
use crate::{
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    sample::{
        RowGroups, record_batches,
        row_groups::{Footer, OneFile, RowGroup},
    },
};
use aloft_spec::{reading::Reading, source::Format};
use polars::{
    io::{HiveOptions, cloud::CloudOptions, ipc::IpcScanOptions},
    lazy::dsl::UnifiedScanArgs,
    prelude::*,
};
use rayon::prelude::*;
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    slice,
    sync::Arc,
};

/// Opens a Parquet file by its footer.
pub(crate) fn open_parquet(file: &Path) -> Result<Opened> {
    check_parquet(file)?;
    let footer = Footer::of_file(file, 0)?;
    let plan = guarded(|| {
        let options = ScanArgsParquet {
            glob: false,
            ..Default::default()
        };
        let plan = LazyFrame::scan_parquet(path_to_read(file)?, options)?;
        Ok(filtered_after(plan, &whole_seconds(slice::from_ref(&footer))))
    })?;
    let mut reading = Reading::new(Format::Parquet, 1, size(file)?);
    reading.bytes_read = Some(footer.bytes);
    look_for_pictures(&plan, &footer.groups, &mut reading)?;
    let row_groups = RowGroups::of_plan(&plan, footer.groups);
    Ok(Opened {
        plan,
        rows: row_groups.rows(),
        reading,
        layout: None,
        row_groups: Some(row_groups),
    })
}

/// Columns of Parquet files whose points in time were whole seconds to a program that wrote one of them. They are stored as
/// milliseconds, and come so; but the conditions that polars hands to its reader compare them in seconds, and would find
/// no rows.
pub(super) fn whole_seconds(footers: &[Footer]) -> Vec<PlSmallStr> {
    let of_seconds =
        |field: &&ArrowField| matches!(field.dtype, ArrowDataType::Timestamp(ArrowTimeUnit::Second, _));
    let found = footers
        .iter()
        .flat_map(|footer| footer.schema.iter_values().filter(of_seconds));
    let names: BTreeSet<&PlSmallStr> = found.map(|field| &field.name).collect();
    names.into_iter().cloned().collect()
}

/// The same rows, where conditions on these columns aren't handed to the reader: what a column is made of isn't seen
/// through a change of its unit, though that changes nothing here.
fn filtered_after(plan: LazyFrame, columns: &[PlSmallStr]) -> LazyFrame {
    if columns.is_empty() {
        return plan;
    }
    let kept = |name: &PlSmallStr| col(name.clone()).dt().cast_time_unit(TimeUnit::Milliseconds);
    plan.with_columns(columns.iter().map(kept).collect::<Vec<_>>())
}

/// The first rows of a Parquet file. A plan would read the whole row groups that they are in.
pub(crate) fn first_rows(file: &Path, rows: usize) -> Result<DataFrame> {
    let source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
    guarded(|| {
        ParquetReader::new(source)
            .with_slice(Some((0, rows)))
            .read_parallel(ParallelStrategy::Columns)
            .finish()
    })
}

/// How polars is to read a file. It maps those that are named by a path: then all that was read counts as memory of the
/// process until the scan ends. Those that are named by an address are read a part at a time.
fn path_to_read(file: &Path) -> PolarsResult<PlRefPath> {
    const SMALL: u64 = 64 << 20;
    let absolute = std::path::absolute(file)?;
    match absolute.to_str() {
        Some(path) if file.metadata()?.len() > SMALL && path.starts_with('/') => {
            Ok(PlRefPath::new(format!("file://{}", path.replace('%', "%25"))))
        }
        _ => PlRefPath::try_from_path(file),
    }
}

/// Opens Parquet files as one table: their rows one after another in the order of their paths. Folders that are named
/// `year=2024` are columns.
pub(crate) fn open_parquet_files(files: &Files) -> Result<Opened> {
    let looked = files.paths.par_iter().enumerate().map(|(number, file)| {
        check_parquet(file)?;
        Ok((Footer::of_file(file, number)?, size(file)?))
    });
    let looked = looked.collect::<Result<Vec<_>>>()?;
    let bytes = looked.iter().map(|(_, bytes)| bytes).sum();
    let footers: Vec<Footer> = looked.into_iter().map(|(footer, _)| footer).collect();
    check_columns(&files.paths, &footers)?;
    let bytes_read = footers.iter().map(|footer| footer.bytes).sum();
    let partitions = partitions(files);
    let paths = files
        .paths
        .iter()
        .map(|file| guarded(|| PlRefPath::try_from_path(file)));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    let several = Several::new(paths, &partitions, None, whole_seconds(&footers))?;
    let row_groups = RowGroups {
        list: footers.into_iter().flat_map(|footer| footer.groups).collect(),
        one_file: several.one_file(),
        distant: false,
    };
    let mut reading = Reading::new(Format::Parquet, files.paths.len() as u64, bytes);
    reading.bytes_read = Some(bytes_read);
    reading.partitions = partitions;
    look_for_pictures(&several.plan, &row_groups.list, &mut reading)?;
    Ok(Opened {
        plan: several.plan,
        rows: row_groups.rows(),
        reading,
        layout: None,
        row_groups: Some(row_groups),
    })
}

/// Whether files have the columns of the first one, so that they can be one table.
pub(super) fn check_columns(paths: &[PathBuf], footers: &[Footer]) -> Result<()> {
    let [(first_path, first), others @ ..] = &*paths.iter().zip(footers).collect::<Vec<_>>() else {
        return Ok(());
    };
    for (path, footer) in others {
        if let Some(difference) = difference(&footer.schema, &first.schema)? {
            return Err(DataError::unreadable(
                path,
                format!(
                    "{difference} in `{}`, and both are to be one table",
                    first_path.display()
                ),
                "name the files that have the same columns with a pattern, and the others as a source of their own",
            ));
        }
    }
    Ok(())
}

/// How the columns of a file differ from those of another.
fn difference(columns: &ArrowSchema, others: &ArrowSchema) -> Result<Option<String>> {
    for (name, other) in others.iter() {
        let Some(field) = columns.get(name) else {
            return Ok(Some(format!("there is no column `{name}`, as there is")));
        };
        if field.dtype != other.dtype {
            let dtypes = guarded(|| Ok([field, other].map(DataType::from_arrow_field)))?;
            // Types of nested columns are compared by who reads them, and a column without values suits any.
            let is_told = |dtype: &DataType| !dtype.is_nested() && !dtype.is_null();
            if dtypes[0] != dtypes[1] && dtypes.iter().all(is_told) {
                let [here, there] = &dtypes;
                return Ok(Some(format!("`{name}` is {here} here and {there}")));
            }
        }
    }
    let more = columns.iter_names().find(|name| !others.contains(name));
    Ok(more.map(|name| format!("there is a column `{name}`, which isn't")))
}

/// Parquet files that are one table, with a column for each of the partitions that their folders name.
pub(super) struct Several {
    pub plan: LazyFrame,
    paths: Arc<[PlRefPath]>,
    options: ScanArgsParquet,
    /// See [`whole_seconds`].
    seconds: Arc<[PlSmallStr]>,
}

impl Several {
    pub(super) fn new(
        paths: Vec<PlRefPath>,
        partitions: &[String],
        cloud_options: Option<CloudOptions>,
        seconds: Vec<PlSmallStr>,
    ) -> Result<Self> {
        let mut options = ScanArgsParquet {
            cloud_options,
            ..scan_options(partitions)
        };
        guarded(|| {
            let mut plan = LazyFrame::scan_parquet_files(paths.iter().cloned().collect(), options.clone())?;
            if !partitions.is_empty() {
                // The type of a partition is that of the values of all files, also where only one of them is read.
                let schema = plan.collect_schema()?;
                let of_partition = |name: &String| Some(Field::new(name.into(), schema.get(name)?.clone()));
                options.hive_options.schema =
                    Some(Arc::new(partitions.iter().filter_map(of_partition).collect()));
            }
            Ok(Self {
                plan: filtered_after(plan, &seconds),
                paths: paths.into(),
                options,
                seconds: seconds.into(),
            })
        })
    }

    /// The rows of one of the files.
    pub(super) fn one_file(&self) -> OneFile {
        let (paths, options) = (self.paths.clone(), self.options.clone());
        let seconds = self.seconds.clone();
        Arc::new(move |number| {
            guarded(|| {
                let path = paths.get(number).cloned().into_iter().collect();
                let plan = LazyFrame::scan_parquet_files(path, options.clone())?;
                Ok(filtered_after(plan, &seconds))
            })
        })
    }
}

/// How several files are read as one table, with a column for each of `partitions`.
fn scan_options(partitions: &[String]) -> ScanArgsParquet {
    ScanArgsParquet {
        glob: false,
        hive_options: HiveOptions {
            enabled: Some(!partitions.is_empty()),
            try_parse_dates: true,
            ..HiveOptions::new_disabled()
        },
        ..Default::default()
    }
}

/// Names of the columns that the folders of the first file name.
fn partitions(files: &Files) -> Vec<String> {
    let Some(first) = files.paths.first() else {
        return Vec::new();
    };
    let below = first.strip_prefix(&files.root).unwrap_or(first);
    let folders = below.parent().into_iter().flat_map(Path::components);
    folders
        .filter_map(|folder| {
            let folder = folder.as_os_str().to_string_lossy();
            folder.split_once('=').map(|(name, _)| name.to_owned())
        })
        .collect()
}

/// Whether a file begins and ends as a Parquet file does.
pub(super) fn check_parquet(file: &Path) -> Result<()> {
    check_frame(file, b"PAR1", b"PAR1", "Parquet")
}

/// How many values of a column of bytes are looked at.
const LOOKED_AT: u64 = 8;

/// Says in `reading` which columns hold pictures, and how much of these row groups was read to find that out.
pub(super) fn look_for_pictures(plan: &LazyFrame, groups: &[RowGroup], reading: &mut Reading) -> Result<()> {
    let names = columns_of_bytes(plan)?;
    if names.is_empty() {
        return Ok(());
    }
    reading.pictures = picture_columns(plan)?;
    let mut rows = 0;
    for group in groups.iter().take_while(|group| {
        let is_read = rows < LOOKED_AT;
        rows += group.rows;
        is_read
    }) {
        for name in &names {
            let known = group.columns.iter().find(|(column, _)| name == column);
            let read = known.map(|(_, bytes)| bytes);
            reading.bytes_read = reading.bytes_read.zip(read).map(|(before, read)| before + read);
        }
    }
    Ok(())
}

fn columns_of_bytes(plan: &LazyFrame) -> Result<Vec<PlSmallStr>> {
    let schema = guarded(|| plan.clone().collect_schema())?;
    let of_bytes = schema.iter().filter(|(_, dtype)| **dtype == DataType::Binary);
    Ok(of_bytes.map(|(name, _)| name.clone()).collect())
}

/// Columns of bytes whose first value is a PNG or a JPEG.
pub(crate) fn picture_columns(plan: &LazyFrame) -> Result<Vec<String>> {
    let names = columns_of_bytes(plan)?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let of_bytes: Vec<Expr> = names.into_iter().map(col).collect();
    let first = execute::collect(
        plan.clone().select(of_bytes).slice(0, LOOKED_AT as IdxSize),
        EngineChoice::Streaming,
    )?;
    guarded(|| {
        let mut pictures = Vec::new();
        for column in first.columns() {
            let bytes = column.as_materialized_series().binary()?.iter().flatten().next();
            if bytes.is_some_and(|bytes| {
                bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff")
            }) {
                pictures.push(column.name().to_string());
            }
        }
        Ok(pictures)
    })
}

pub(crate) fn size(file: &Path) -> Result<u64> {
    let metadata = fs::metadata(file).map_err(|error| DataError::reading(file, &error))?;
    Ok(metadata.len())
}

/// Opens an Arrow IPC file by its footer and the headers of its record batches.
pub(crate) fn open_arrow(file: &Path) -> Result<Opened> {
    check_frame(file, b"ARROW1", b"ARROW1", "Arrow IPC")?;
    let plan = guarded(|| {
        let options = UnifiedScanArgs {
            glob: false,
            ..Default::default()
        };
        LazyFrame::scan_ipc(
            PlRefPath::try_from_path(file)?,
            IpcScanOptions::default(),
            options,
        )
    })?;
    let batches = record_batches::of_file(file)?;
    let mut reading = Reading::new(Format::Arrow, 1, size(file)?);
    reading.bytes_read = Some(batches.bytes);
    look_for_pictures(&plan, &batches.list, &mut reading)?;
    let row_groups = RowGroups::of_plan(&plan, batches.list);
    Ok(Opened {
        plan,
        rows: row_groups.rows(),
        reading,
        layout: None,
        row_groups: Some(row_groups),
    })
}

/// Both formats begin and end with a mark; the one at the end is missing when a file was cut off.
fn check_frame(file: &Path, begin: &[u8], end: &[u8], format: &str) -> Result<()> {
    let failed = |error| DataError::reading(file, &error);
    let mut source = File::open(file).map_err(failed)?;
    let length = source.metadata().map_err(failed)?.len();
    let mut first = Vec::new();
    source
        .by_ref()
        .take(begin.len() as u64)
        .read_to_end(&mut first)
        .map_err(failed)?;
    if first != begin {
        return Err(DataError::unreadable(
            file,
            format!("this isn't {} {format} file", article(format)),
            match first.as_slice() {
                [b'F', b'E', b'A', b'1', ..] => "it is Feather version 1; write it again as version 2",
                [0xff, 0xff, 0xff, 0xff, ..] => "it is an Arrow stream; write it as a file (with a footer)",
                _ => "say its `format` if the ending is misleading, or make the file again",
            },
        ));
    }
    let from_end = (end.len() as u64).min(length);
    source.seek(SeekFrom::End(-(from_end as i64))).map_err(failed)?;
    let mut last = Vec::new();
    source.read_to_end(&mut last).map_err(failed)?;
    if last != end || length < 2 * begin.len() as u64 + 4 {
        return Err(DataError::unreadable(
            file,
            format!("the {format} file is cut off: its footer is missing"),
            "copy or download it again, or wait until it is written",
        ));
    }
    Ok(())
}

fn article(word: &str) -> &'static str {
    if word.starts_with('A') { "an" } else { "a" }
}
