//! Delta Lake tables: the log says which Parquet files are the table, polars reads these.
//!
//! The format is that of <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>, reader versions 1 to 3. Tables with
//! deletion vectors or mapped columns are refused: reading them without would give rows that aren't there.

mod log;

use super::{Opened, columnar, folder::Folder};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    sample::RowGroups,
};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
};
use log::{Add, Table};
use polars::{
    io::{HiveOptions, cloud::CloudOptions},
    prelude::*,
};
use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens a version of a table: the latest, or the one that `spec.version` says. Rows come in the order of the files'
/// paths.
pub(crate) fn open(spec: &SourceSpec, folder: &Folder<'_>, cancel: &Cancel) -> Result<Opened> {
    let table = log::read(folder, spec.version, cancel)?;
    let shown = folder.shown();
    check(&shown, &table)?;
    let mut adds: Vec<Add> = table.adds.values().cloned().collect();
    adds.sort_by(|a, b| a.path.cmp(&b.path));
    let names = adds
        .iter()
        .map(|add| data_file(folder, add))
        .collect::<Result<Vec<_>>>()?;
    if let Some(missing) = names.iter().find(|name| !folder.has(name)) {
        return Err(DataError::unreadable(
            &shown,
            format!("the Delta Lake table names a data file that isn't there: {missing}"),
            "copy the whole folder; a version that was vacuumed can't be read any more",
        ));
    }
    let paths = names
        .iter()
        .map(|name| folder.path(name))
        .collect::<Result<Vec<_>>>()?;
    let footers = folder.footers(&names, cancel)?;
    let mut reading = Reading::new(
        Format::Delta,
        adds.len() as u64,
        adds.iter().map(|add| add.size.max(0) as u64).sum(),
    );
    reading.bytes_read = Some(footers.iter().map(|footer| footer.bytes).sum());
    let mut groups: Vec<_> = footers.into_iter().flat_map(|footer| footer.groups).collect();
    reading.version = Some(table.version);
    reading.partitions = table.partition_columns.clone();
    let files = Files::new(folder, table, adds, paths)?;
    let plan = files.plan()?;
    columnar::look_for_pictures(&plan, &groups, &mut reading)?;
    // A column has its rows in several plans: polars can't choose rows by a look at one of them.
    groups.iter_mut().for_each(|group| group.columns.clear());
    let row_groups = RowGroups {
        list: groups,
        distant: matches!(folder, Folder::There(_)),
        one_file: Arc::new(move |number| files.part(number..number + 1)),
    };
    Ok(Opened {
        plan,
        rows: row_groups.rows(),
        reading,
        layout: None,
        row_groups: Some(row_groups),
    })
}

/// What this reader can't do is refused.
fn check(folder: &Path, table: &Table) -> Result<()> {
    let refused = |what: String, hint: &str| {
        Err(DataError::Unsupported {
            what: format!("`{}`: {what}", folder.display()),
            hint: hint.into(),
        })
    };
    if table.adds.values().any(|add| add.deletion_vector.is_some()) {
        return refused(
            "the Delta Lake table has deletion vectors".into(),
            "purge them (`REORG TABLE … APPLY (PURGE)`), or read the table with another program",
        );
    }
    if table.mapping.as_deref().is_some_and(|mode| mode != "none") {
        return refused(
            "the Delta Lake table maps its columns' names".into(),
            "write it again without `delta.columnMapping.mode`",
        );
    }
    // Features that don't change how rows are read, and those that were looked at above.
    const KNOWN: [&str; 5] = [
        "deletionVectors",
        "columnMapping",
        "timestampNtz",
        "v2Checkpoint",
        "vacuumProtocolCheck",
    ];
    let unknown: Vec<&str> = table
        .reader_features
        .iter()
        .map(String::as_str)
        .filter(|feature| !KNOWN.contains(feature))
        .collect();
    if table.min_reader_version > 3 || !unknown.is_empty() {
        return refused(
            format!(
                "the Delta Lake table needs reader version {} {}",
                table.min_reader_version,
                unknown.join(", ")
            ),
            "write it as Parquet with a program that knows these",
        );
    }
    Ok(())
}

/// The name below the folder of a file with rows.
fn data_file(folder: &Folder<'_>, add: &Add) -> Result<String> {
    let decoded = percent_decoded(&add.path);
    let whole = match (
        decoded
            .strip_prefix("file://")
            .or_else(|| decoded.strip_prefix("file:")),
        folder,
    ) {
        // Joined to the folder, a whole path stays what it is.
        (Some(path), Folder::Here(_)) => return Ok(path.to_owned()),
        _ => decoded.contains("://"),
    };
    match decoded.strip_prefix(&*folder.shown().to_string_lossy()) {
        Some(below) if whole => Ok(below.trim_start_matches('/').to_owned()),
        _ if whole => Err(DataError::Unsupported {
            what: format!("the Delta Lake table names a data file at another place: {decoded}"),
            hint: "copy the table with its files into one folder".into(),
        }),
        _ => Ok(decoded),
    }
}

/// The files of a table, as polars reads them.
struct Files {
    shown: PathBuf,
    table: Table,
    adds: Vec<Add>,
    paths: Vec<PlRefPath>,
    options: Option<CloudOptions>,
    /// Columns may have been added over time: the newest file has them all.
    schema: SchemaRef,
}

impl Files {
    fn new(folder: &Folder<'_>, table: Table, adds: Vec<Add>, paths: Vec<PlRefPath>) -> Result<Self> {
        let newest = adds
            .iter()
            .zip(&paths)
            .max_by_key(|(add, _)| add.modification_time);
        let Some((_, newest)) = newest else {
            return Err(DataError::Empty {
                file: folder.shown(),
                what: "the table has no rows",
            });
        };
        let options = folder.cloud_options();
        let newest = std::slice::from_ref(newest);
        let schema = guarded(|| scan(newest, None, options.clone())?.collect_schema())?;
        Ok(Self {
            shown: folder.shown(),
            table,
            adds,
            paths,
            options,
            schema,
        })
    }

    /// All rows.
    fn plan(&self) -> Result<LazyFrame> {
        let mut parts = Vec::new();
        let mut first = 0;
        for group in self
            .adds
            .chunk_by(|a, b| a.partition_values == b.partition_values)
        {
            parts.push(self.part(first..first + group.len())?);
            first += group.len();
        }
        guarded(|| match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => concat(
                parts,
                UnionArgs {
                    rechunk: false,
                    ..Default::default()
                },
            ),
        })
    }

    /// The rows of files that have the same values of partitions.
    fn part(&self, files: Range<usize>) -> Result<LazyFrame> {
        let partition_values = &self.adds[files.start].partition_values.0;
        let columns = self.table.partition_columns.iter();
        let values = columns
            .map(|name| {
                let value = partition_values.get(name).and_then(Option::as_deref);
                Ok(literal(&self.shown, &self.table, name, value)?.alias(name.as_str()))
            })
            .collect::<Result<Vec<_>>>()?;
        let fields = self.table.fields.iter();
        let names: Vec<Expr> = fields.map(|field| col(field.name.as_str())).collect();
        let paths = &self.paths[files];
        let plan = guarded(|| scan(paths, Some(self.schema.clone()), self.options.clone()))?;
        Ok(plan.with_columns(values).select(names))
    }
}

fn scan(
    paths: &[PlRefPath],
    schema: Option<SchemaRef>,
    cloud_options: Option<CloudOptions>,
) -> PolarsResult<LazyFrame> {
    let options = ScanArgsParquet {
        glob: false,
        hive_options: HiveOptions::new_disabled(),
        allow_missing_columns: true,
        schema,
        cloud_options,
        ..Default::default()
    };
    LazyFrame::scan_parquet_files(paths.iter().cloned().collect(), options)
}

/// The value of a partition, which the log keeps as text.
fn literal(folder: &Path, table: &Table, name: &str, value: Option<&str>) -> Result<Expr> {
    let kind = table.fields.iter().find(|field| field.name == name);
    let kind = kind.and_then(|field| field.kind.as_str()).unwrap_or("string");
    let text = match value {
        // An empty text is no value, whatever the type.
        None | Some("") => lit(NULL).cast(DataType::String),
        Some(value) => lit(value),
    };
    let time = |unit, zone: Option<TimeZone>, format: &str| {
        let options = StrptimeOptions {
            format: Some(format.into()),
            ..Default::default()
        };
        text.clone().str().to_datetime(unit, zone, options, lit("raise"))
    };
    let micros = Some(TimeUnit::Microseconds);
    Ok(match kind {
        "string" => text,
        "boolean" => match value {
            Some("true") => lit(true),
            Some("false") => lit(false),
            _ => lit(NULL).cast(DataType::Boolean),
        },
        "byte" => text.strict_cast(DataType::Int8),
        "short" => text.strict_cast(DataType::Int16),
        "integer" => text.strict_cast(DataType::Int32),
        "long" => text.strict_cast(DataType::Int64),
        "float" => text.strict_cast(DataType::Float32),
        "double" => text.strict_cast(DataType::Float64),
        "date" => text.str().to_date(StrptimeOptions {
            format: Some("%Y-%m-%d".into()),
            ..Default::default()
        }),
        "timestamp" if value.is_some_and(|value| value.ends_with('Z')) => {
            time(micros, Some(TimeZone::UTC), "%Y-%m-%dT%H:%M:%S%.f%#z")
        }
        "timestamp" => time(micros, None, "%Y-%m-%d %H:%M:%S%.f").dt().replace_time_zone(
            Some(TimeZone::UTC),
            lit("raise"),
            NonExistent::Raise,
        ),
        "timestamp_ntz" => time(micros, None, "%Y-%m-%d %H:%M:%S%.f"),
        other => {
            return Err(DataError::Unsupported {
                what: format!(
                    "`{}` is partitioned by `{name}`, which is a {other}",
                    folder.display()
                ),
                hint: "partition by texts, whole numbers, dates or truth values".into(),
            });
        }
    })
}

/// The text without its escapes: `a%20b` is `a b`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(percent_decoded("d=a%20b/x%2541.parquet"), "d=a b/x%41.parquet");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz"), "%zz");
    }
}
