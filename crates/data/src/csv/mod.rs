//! CSV and TSV: one pass over the bytes finds ragged rows, bad text, the number of rows and the type of each column.
//!
//! polars pads short rows silently and guesses types from the first rows. Here the whole file is looked at once, within
//! a bounded memory, before anything is built on it.

mod kind;
mod records;

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    source::{self, Opened},
};
use kind::{ColumnType, Kinds};
use polars::{
    io::utils::compression::{CompressedReader, SupportedCompression},
    prelude::*,
};
use records::{Record, RecordError, Records};
use std::{
    collections::HashSet,
    fs::File,
    io::{Cursor, Read, Seek},
    path::Path,
};

/// How often a long scan looks whether it is cancelled.
const RECORDS_BETWEEN_CHECKS: u64 = 4096;
const NO_UTF8_HINT: &str = "save it as UTF-8, for instance with `iconv -f latin1 -t utf-8`";

/// How a CSV file is written.
#[derive(Debug, Clone)]
pub(crate) struct Dialect {
    pub separator: u8,
    /// Texts that mean "no value" beside the empty one.
    pub null_values: Vec<String>,
}

/// A CSV file that was looked at from its first to its last byte.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    dialect: Dialect,
    columns: Vec<(PlSmallStr, ColumnType)>,
    rows: u64,
    /// Blank lines behind the last row, which polars would take for rows.
    trailing_blanks: bool,
}

/// Opens a CSV file: checks all of it and makes a lazy plan of its rows.
pub(crate) fn open(file: &Path, dialect: &Dialect, cancel: &Cancel) -> Result<(Opened, Layout)> {
    let layout = scan(file, dialect, cancel)?;
    let plan = guarded(|| {
        let plan = LazyCsvReader::new(PlRefPath::try_from_path(file)?)
            .with_glob(false)
            .with_has_header(true)
            .with_schema(Some(layout.read_schema()))
            .with_separator(dialect.separator)
            .with_null_values(Some(layout.null_values()))
            .finish()?;
        let plan = if layout.trailing_blanks {
            plan.slice(0, layout.rows as IdxSize)
        } else {
            plan
        };
        Ok(plan.with_columns(layout.conversions()))
    })?;
    Ok((
        Opened {
            plan,
            rows: layout.rows,
            row_groups: None,
        },
        layout,
    ))
}

/// The rows at `indices` (ascending, from 0) of a file that was opened before. Only these are parsed.
pub(crate) fn rows(file: &Path, layout: &Layout, indices: &[u64], cancel: &Cancel) -> Result<DataFrame> {
    let mut records = Records::new(reader(file)?, layout.dialect.separator);
    let mut chosen = Vec::new();
    let mut wanted = indices.iter().copied().peekable();
    let mut row = 0;
    next(&mut records, file)?;
    while let Some(index) = wanted.peek() {
        if row % RECORDS_BETWEEN_CHECKS == 0 {
            cancel.step()?;
        }
        let Some(record) = next(&mut records, file)? else {
            return Err(DataError::unreadable(
                file,
                "the file became shorter while it was read",
                "run it again",
            ));
        };
        if row == *index {
            chosen.extend_from_slice(record.bytes);
            chosen.push(b'\n');
            wanted.next();
        }
        row += 1;
    }
    let frame = guarded(|| {
        CsvReadOptions::default()
            .with_has_header(false)
            .with_schema(Some(layout.read_schema()))
            .map_parse_options(|options| {
                options
                    .with_separator(layout.dialect.separator)
                    .with_null_values(Some(layout.null_values()))
            })
            .into_reader_with_file_handle(Cursor::new(chosen))
            .finish()
    })?;
    execute::collect(
        frame.lazy().with_columns(layout.conversions()),
        EngineChoice::InMemory,
    )
}

impl Layout {
    fn read_schema(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|(name, kind)| Field::new(name.clone(), kind.read_as()));
        std::sync::Arc::new(fields.collect())
    }

    fn null_values(&self) -> NullValues {
        NullValues::AllColumns(self.dialect.null_values.iter().map(PlSmallStr::from).collect())
    }

    /// Texts of dates to dates.
    fn conversions(&self) -> Vec<Expr> {
        let options = |format: &str| StrptimeOptions {
            format: Some(format.into()),
            ..Default::default()
        };
        self.columns
            .iter()
            .filter_map(|(name, kind)| {
                let text = || col(name.clone()).str();
                match kind {
                    ColumnType::Plain(_) => None,
                    ColumnType::Date => Some(text().to_date(options("%Y-%m-%d"))),
                    ColumnType::Datetime { format, offset } => {
                        let zone = offset.then_some(TimeZone::UTC);
                        let unit = Some(ColumnType::UNIT);
                        Some(text().to_datetime(unit, zone, options(format), lit("raise")))
                    }
                }
            })
            .collect()
    }
}

fn scan(file: &Path, dialect: &Dialect, cancel: &Cancel) -> Result<Layout> {
    let mut records = Records::new(reader(file)?, dialect.separator);
    let names = match next(&mut records, file)? {
        Some(header) if !header.is_blank() => header_names(file, &header)?,
        _ => {
            return Err(DataError::Empty {
                file: file.to_owned(),
                what: "the file has no header",
            });
        }
    };
    let mut kinds = vec![Kinds::default(); names.len()];
    let (mut rows, mut blank) = (0, None);
    while let Some(record) = next(&mut records, file)? {
        if rows % RECORDS_BETWEEN_CHECKS == 0 {
            cancel.step()?;
        }
        // In a table of one column a blank line is a row without a value; in others it is nothing, at the end.
        if record.is_blank() && names.len() > 1 {
            blank.get_or_insert(record.line);
            continue;
        }
        if let Some(line) = blank {
            return Err(ragged(file, line, 0, names.len()));
        }
        if record.len() != names.len() {
            return Err(ragged(file, record.line, record.len(), names.len()));
        }
        check_utf8(file, &record)?;
        for (kinds, value) in kinds.iter_mut().zip(record.fields()) {
            if !value.is_empty() && !dialect.null_values.iter().any(|null| null.as_bytes() == value) {
                kinds.add(value);
            }
        }
        rows += 1;
    }
    Ok(Layout {
        dialect: dialect.clone(),
        columns: names
            .into_iter()
            .zip(kinds.into_iter().map(Kinds::column_type))
            .collect(),
        rows,
        trailing_blanks: blank.is_some(),
    })
}

fn ragged(file: &Path, line: usize, fields: usize, expected: usize) -> DataError {
    DataError::Ragged {
        file: file.to_owned(),
        line,
        fields,
        expected,
    }
}

/// The bytes of a file; of a compressed one (gzip, zlib, zstd) what is in it.
fn reader(file: &Path) -> Result<Box<dyn Read>> {
    let failed = |error| DataError::reading(file, &error);
    let mut source = File::open(file).map_err(failed)?;
    let mut magic = Vec::with_capacity(4);
    source.by_ref().take(4).read_to_end(&mut magic).map_err(failed)?;
    source.rewind().map_err(failed)?;
    if SupportedCompression::check(&magic).is_none() {
        return Ok(Box::new(source));
    }
    let mut compressed = Vec::new();
    source.read_to_end(&mut compressed).map_err(failed)?;
    Ok(Box::new(guarded(|| {
        CompressedReader::try_new(compressed.into())
    })?))
}

fn next<'a, R: Read>(records: &'a mut Records<R>, file: &Path) -> Result<Option<Record<'a>>> {
    records.next().map_err(|error| match error {
        RecordError::Read(error) => DataError::reading(file, &error),
        RecordError::OpenQuote(line) => DataError::unreadable_at(
            file,
            line,
            "a quote opens in this row and is never closed",
            "close it, or double a quote that belongs to the text",
        ),
    })
}

fn check_utf8(file: &Path, record: &Record<'_>) -> Result<()> {
    let Err(error) = std::str::from_utf8(record.bytes) else {
        return Ok(());
    };
    let line = record.line + memchr::memchr_iter(b'\n', &record.bytes[..error.valid_up_to()]).count();
    Err(DataError::unreadable_at(
        file,
        line,
        "this row isn't valid UTF-8",
        NO_UTF8_HINT,
    ))
}

/// Names of the columns. A column without a name is `column_1`, by its position.
fn header_names(file: &Path, header: &Record<'_>) -> Result<Vec<PlSmallStr>> {
    if header.bytes.starts_with(&[0xff, 0xfe]) || header.bytes.starts_with(&[0xfe, 0xff]) {
        return Err(DataError::unreadable(
            file,
            "the file is UTF-16, not UTF-8",
            "save it as UTF-8, for instance with `iconv -f utf-16 -t utf-8`",
        ));
    }
    if header.bytes.contains(&0) {
        let hint = "say `format` if its ending is misleading";
        return Err(DataError::unreadable(file, "this isn't a text file", hint));
    }
    check_utf8(file, header)?;
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for (index, bytes) in header.fields().enumerate() {
        let text = String::from_utf8_lossy(bytes);
        let text = if index == 0 {
            unquoted(text.trim_start_matches('\u{feff}'))
        } else {
            &text
        };
        let name = match text.replace("\"\"", "\"") {
            name if name.trim().is_empty() => format!("column_{}", index + 1),
            name => name,
        };
        if !seen.insert(name.clone()) {
            return Err(DataError::DuplicateColumn {
                file: Some(file.to_owned()),
                name,
            });
        }
        names.push(name.into());
    }
    Ok(names)
}

/// The text without quotes around it: behind a byte order mark they aren't seen as such.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

impl Dialect {
    /// The dialect of a source: by its keys, then by the file's ending.
    pub(crate) fn of(spec: &aloft_spec::source::SourceSpec, file: &Path) -> Result<Self> {
        let separator = match spec.separator {
            Some(separator) => match u8::try_from(separator) {
                Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => byte,
                _ => {
                    return Err(DataError::BadValue {
                        what: format!("`{separator}` can't separate fields"),
                        hint: "use one ASCII character, for instance `;`".into(),
                    });
                }
            },
            None if source::ending(file) == "tsv" => b'\t',
            None => b',',
        };
        let null_values = spec.null_values.clone().unwrap_or_else(|| vec!["NA".into()]);
        Ok(Self {
            separator,
            null_values,
        })
    }
}
