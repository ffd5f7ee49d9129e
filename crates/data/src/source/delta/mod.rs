//! Delta Lake tables: the log says which Parquet files are the table, polars reads these.
//!
//! The format is that of <https://github.com/delta-io/delta/blob/master/PROTOCOL.md>, reader versions 1 to 3. Tables with
//! deletion vectors or mapped columns are refused: reading them without would give rows that aren't there.

mod log;

use super::{Opened, columnar};
use crate::error::{DataError, Result, guarded};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
};
use log::{Add, Table};
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// Opens a version of a table: the latest, or the one that `spec.version` says. Rows come in the order of the files'
/// paths.
pub(crate) fn open(spec: &SourceSpec, folder: &Path) -> Result<Opened> {
    let table = log::read(folder, spec.version)?;
    check(folder, &table)?;
    let mut adds: Vec<&Add> = table.adds.values().collect();
    adds.sort_by(|a, b| a.path.cmp(&b.path));
    let (mut rows, mut bytes) = (0, 0);
    for add in &adds {
        let file = data_file(folder, add)?;
        rows += columnar::parquet_rows(&file)?;
        bytes += columnar::size(&file)?;
    }
    let mut reading = Reading::new(Format::Delta, adds.len() as u64, bytes);
    reading.version = Some(table.version);
    reading.partitions = table.partition_columns.clone();
    let plan = plan(folder, &table, &adds)?;
    reading.pictures = columnar::picture_columns(&plan)?;
    Ok(Opened {
        plan,
        rows,
        reading,
        layout: None,
        row_groups: None,
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

fn data_file(folder: &Path, add: &Add) -> Result<PathBuf> {
    let decoded = percent_decoded(&add.path);
    let path = match decoded
        .strip_prefix("file://")
        .or_else(|| decoded.strip_prefix("file:"))
    {
        Some(absolute) => PathBuf::from(absolute),
        None if decoded.contains("://") => {
            return Err(DataError::Unsupported {
                what: format!("the Delta Lake table names a data file at another place: {decoded}"),
                hint: "copy the table with its files into one folder".into(),
            });
        }
        None => folder.join(&decoded),
    };
    if !path.is_file() {
        return Err(DataError::unreadable(
            folder,
            format!("the Delta Lake table names a data file that isn't there: {decoded}"),
            "copy the whole folder; a version that was vacuumed can't be read any more",
        ));
    }
    Ok(path)
}

fn plan(folder: &Path, table: &Table, adds: &[&Add]) -> Result<LazyFrame> {
    let names: Vec<Expr> = table
        .fields
        .iter()
        .map(|field| col(field.name.as_str()))
        .collect();
    let Some(newest) = adds.iter().max_by_key(|add| add.modification_time) else {
        return Err(DataError::Empty {
            file: folder.to_owned(),
            what: "the table has no rows",
        });
    };
    // Columns may have been added over time: the newest file has them all.
    let newest = data_file(folder, newest)?;
    let schema = guarded(|| scan(std::slice::from_ref(&newest), None)?.collect_schema())?;
    let mut parts = Vec::new();
    for group in adds.chunk_by(|a, b| a.partition_values == b.partition_values) {
        let files = group
            .iter()
            .map(|add| data_file(folder, add))
            .collect::<Result<Vec<_>>>()?;
        let values = table
            .partition_columns
            .iter()
            .map(|name| {
                let value = group[0].partition_values.0.get(name).and_then(Option::as_deref);
                Ok(literal(folder, table, name, value)?.alias(name.as_str()))
            })
            .collect::<Result<Vec<_>>>()?;
        let plan = guarded(|| scan(&files, Some(schema.clone())))?;
        parts.push(plan.with_columns(values).select(names.clone()));
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

fn scan(files: &[PathBuf], schema: Option<SchemaRef>) -> PolarsResult<LazyFrame> {
    let paths = files
        .iter()
        .map(|path| PlRefPath::try_from_path(path))
        .collect::<PolarsResult<_>>()?;
    let options = ScanArgsParquet {
        glob: false,
        hive_options: polars::io::HiveOptions::new_disabled(),
        allow_missing_columns: true,
        schema,
        ..Default::default()
    };
    LazyFrame::scan_parquet_files(paths, options)
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
