//! Tables and views of SQLite databases.
//!
//! SQLite gives each value a type, not each column. So all values are looked at first, then they are copied in batches
//! to what polars reads.

use super::{Opened, access::Access, columnar, csv::kind};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    fingerprint,
    near::suggestion,
};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
};
use kind::ColumnType;
use polars::prelude::*;
use rusqlite::{Connection, OpenFlags, Row, types::ValueRef};
use std::path::Path;

/// Rows that are copied at once.
const BATCH: usize = 1 << 16;
/// How often a scan looks whether it is cancelled.
const ROWS_BETWEEN_CHECKS: usize = 4096;

/// Opens the table or view that `spec.table` names, or the only one that there is.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let connection = connect(file)?;
    let failed = |error: rusqlite::Error| unreadable(file, &error);
    let tables = tables(&connection).map_err(failed)?;
    let table = chosen(file, &tables, spec.table.as_deref())?;
    // What others write in the meantime isn't seen: both readings below are of the same rows.
    connection.execute_batch("BEGIN").map_err(failed)?;
    let mut columns = columns(&connection, table).map_err(failed)?;
    if columns.is_empty() {
        return Err(DataError::Empty {
            file: file.to_owned(),
            what: "the table has no columns",
        });
    }
    let mut rows = 0;
    each_row(file, &connection, table, cancel, |row| {
        for (index, column) in columns.iter_mut().enumerate() {
            column.meet(row.get_ref(index).map_err(failed)?);
        }
        rows += 1;
        Ok(())
    })?;
    let schema: Schema = columns.iter().map(Column::field).collect();
    let bytes = columnar::size(file)?;
    let key = [
        "table of",
        table,
        &fingerprint::of_source(spec, file, access, cancel)?,
    ];
    let plan = access.table_copy(&key, &schema, |push| {
        let mut batch = Batch::of(&columns);
        each_row(file, &connection, table, cancel, |row| {
            batch.add(row).map_err(failed)?;
            if batch.rows == BATCH {
                push(batch.take(&columns)?)?;
            }
            Ok(())
        })?;
        push(batch.take(&columns)?)
    })?;
    let mut reading = Reading::new(Format::Sqlite, 1, bytes);
    // Where there are other tables, only SQLite knows which pages it has read.
    reading.bytes_read = (tables.len() == 1).then_some(bytes);
    reading.other_tables = tables.iter().filter(|other| *other != table).cloned().collect();
    reading.table = Some(table.to_owned());
    for column in columns.iter().filter(|column| column.is_mixed()) {
        let name = &column.name;
        reading.warnings.push(format!(
            "`{name}` holds values of several kinds and is read as text"
        ));
    }
    reading.pictures = columnar::picture_columns(&plan)?;
    Ok(Opened {
        plan,
        rows,
        reading,
        layout: None,
        row_groups: None,
    })
}

fn connect(file: &Path) -> Result<Connection> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let (head, _) = super::content::head(file, MAGIC.len())?;
    if head != MAGIC {
        let hint = "say its `format` if the ending is misleading; encrypted databases can't be read";
        return Err(DataError::unreadable(file, "this isn't a SQLite database", hint));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &rusqlite::Error) -> DataError {
    let said = error.to_string();
    let hint = if said.contains("malformed") {
        "the file is damaged or cut off: copy it again while nobody writes to it, or repair it with `.recover` of sqlite3"
    } else if said.contains("locked") {
        "another program is writing to it; try again"
    } else {
        "look at it with the program sqlite3"
    };
    DataError::unreadable(file, format!("the database can't be read: {said}"), hint)
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn chosen<'a>(file: &Path, tables: &'a [String], wanted: Option<&str>) -> Result<&'a str> {
    let unknown = |what: String, hint: String| DataError::UnknownPart {
        file: file.to_owned(),
        what,
        hint,
    };
    match (wanted, tables) {
        (Some(wanted), _) => tables
            .iter()
            .find(|table| *table == wanted)
            .map(String::as_str)
            .ok_or_else(|| {
                unknown(
                    format!("the database has no table `{wanted}`"),
                    suggestion(wanted, "tables", tables.iter().map(String::as_str)),
                )
            }),
        (None, [one]) => Ok(one),
        (None, []) => Err(DataError::Empty {
            file: file.to_owned(),
            what: "the database has no table",
        }),
        (None, _) => Err(unknown(
            format!("the database has {} tables", tables.len()),
            format!("set `table` to one of them: {}", tables.join(", ")),
        )),
    }
}

/// A column, and what its values have in common.
struct Column {
    name: String,
    /// Its type as it was declared, in capital letters.
    declared: String,
    integers: bool,
    reals: bool,
    texts: bool,
    blobs: bool,
    /// Whether its whole numbers are 0 and 1.
    bits: bool,
    kinds: kind::Kinds,
}

fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    connection
        .prepare("SELECT name, upper(type) FROM pragma_table_info(?1)")?
        .query_map([table], |row| {
            Ok(Column {
                name: row.get(0)?,
                declared: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
                integers: false,
                reals: false,
                texts: false,
                blobs: false,
                bits: true,
                kinds: kind::Kinds::default(),
            })
        })?
        .collect()
}

impl Column {
    fn meet(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(value) => {
                self.integers = true;
                self.bits &= matches!(value, 0 | 1);
            }
            ValueRef::Real(_) => self.reals = true,
            ValueRef::Text(text) => {
                self.texts = true;
                self.kinds.add(text);
            }
            ValueRef::Blob(_) => self.blobs = true,
        }
    }

    fn is_mixed(&self) -> bool {
        usize::from(self.integers || self.reals) + usize::from(self.texts) + usize::from(self.blobs) > 1
    }

    /// What its texts become, where they were declared to be dates or points in time and all are.
    fn time(&self) -> Option<ColumnType> {
        let is_time = self.declared.contains("DATE") || self.declared.contains("TIME");
        let kind = self.kinds.column_type(false);
        let fits = matches!(kind, ColumnType::Date | ColumnType::Datetime { .. });
        (is_time && fits && !self.is_mixed()).then_some(kind)
    }

    /// The type that its values are copied as.
    fn raw_type(&self) -> DataType {
        match () {
            () if self.is_mixed() || self.texts => DataType::String,
            () if self.blobs => DataType::Binary,
            () if self.reals => DataType::Float64,
            () if self.integers && self.bits && self.declared.starts_with("BOOL") => DataType::Boolean,
            () if self.integers => DataType::Int64,
            // No value at all: by what was declared, as SQLite reads it.
            () if self.declared.contains("INT") => DataType::Int64,
            () if ["REAL", "FLOA", "DOUB"]
                .iter()
                .any(|name| self.declared.contains(name)) =>
            {
                DataType::Float64
            }
            () => DataType::String,
        }
    }

    fn field(&self) -> Field {
        let dtype = self.time().map_or_else(|| self.raw_type(), |time| time.dtype());
        Field::new(self.name.as_str().into(), dtype)
    }
}

fn each_row(
    file: &Path,
    connection: &Connection,
    table: &str,
    cancel: &Cancel,
    mut take: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let failed = |error: rusqlite::Error| unreadable(file, &error);
    let quoted = table.replace('"', "\"\"");
    let mut statement = connection
        .prepare(&format!("SELECT * FROM \"{quoted}\""))
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut seen = 0_usize;
    while let Some(row) = rows.next().map_err(failed)? {
        if seen.is_multiple_of(ROWS_BETWEEN_CHECKS) {
            cancel.step()?;
        }
        seen += 1;
        take(row)?;
    }
    Ok(())
}

/// Rows on their way to polars.
struct Batch {
    columns: Vec<Values>,
    rows: usize,
}

enum Values {
    Boolean(Vec<Option<bool>>),
    Integer(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Text(Vec<Option<String>>),
    Blob(Vec<Option<Vec<u8>>>),
}

impl Batch {
    fn of(columns: &[Column]) -> Self {
        let columns = columns.iter().map(|column| match column.raw_type() {
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Int64 => Values::Integer(Vec::new()),
            DataType::Float64 => Values::Real(Vec::new()),
            DataType::Binary => Values::Blob(Vec::new()),
            _ => Values::Text(Vec::new()),
        });
        Self {
            columns: columns.collect(),
            rows: 0,
        }
    }

    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        for (index, values) in self.columns.iter_mut().enumerate() {
            let value = row.get_ref(index)?;
            match values {
                Values::Boolean(values) => values.push(value.as_i64_or_null()?.map(|value| value != 0)),
                Values::Integer(values) => values.push(value.as_i64_or_null()?),
                Values::Real(values) => values.push(match value {
                    ValueRef::Integer(value) => Some(value as f64),
                    ValueRef::Real(value) => Some(value),
                    _ => None,
                }),
                Values::Text(values) => values.push(match value {
                    ValueRef::Null => None,
                    ValueRef::Integer(value) => Some(value.to_string()),
                    ValueRef::Real(value) => Some(value.to_string()),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        Some(String::from_utf8_lossy(text).into_owned())
                    }
                }),
                Values::Blob(values) => values.push(value.as_blob_or_null()?.map(<[u8]>::to_vec)),
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// What was added since the last time, as a frame.
    fn take(&mut self, columns: &[Column]) -> Result<DataFrame> {
        let rows = std::mem::take(&mut self.rows);
        let series = self.columns.iter_mut().zip(columns).map(|(values, column)| {
            let name = column.name.as_str().into();
            let series = match values {
                Values::Boolean(values) => Series::new(name, std::mem::take(values)),
                Values::Integer(values) => Series::new(name, std::mem::take(values)),
                Values::Real(values) => Series::new(name, std::mem::take(values)),
                Values::Text(values) => Series::new(name, std::mem::take(values)),
                Values::Blob(values) => Series::new(name, std::mem::take(values)),
            };
            series.into_column()
        });
        let conversions: Vec<Expr> = columns
            .iter()
            .filter_map(|column| column.time()?.conversion(&column.name))
            .collect();
        guarded(|| {
            DataFrame::new(rows, series.collect())?
                .lazy()
                .with_columns(conversions)
                .collect()
        })
    }
}
