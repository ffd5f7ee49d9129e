//! CSV and TSV: how the file is written is found out from its first lines, then one pass over the bytes finds ragged
//! rows, bad text, the number of rows, the type of each column and what means "no value".
//!
//! polars pads short rows silently and guesses types from the first rows. Here the whole file is looked at once, within
//! a bounded memory, before anything is built on it. What polars can't read as it is (another encoding, rows that need
//! repair) becomes a copy that it can.

pub(super) mod kind;
mod nulls;
mod records;
mod repair;
mod scan;
mod sniff;

use super::{
    Opened,
    access::Access,
    content::Content,
    encoding::{HEAD, Text},
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
};
use aloft_spec::{
    reading::{self, Reading},
    source::{Format, Ragged, SourceSpec, ending},
    text::thousands,
};
use kind::ColumnType;
use polars::prelude::*;
use records::{Marks, Records};
use scan::{Failed, RECORDS_BETWEEN_CHECKS, Rules, Scanned};
use sniff::Given;
use std::{io::Cursor, io::Read, path::Path};

/// A CSV file that was looked at from its first to its last byte.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    content: Content,
    marks: Marks,
    header: bool,
    columns: Vec<(PlSmallStr, ColumnType)>,
    null_values: Vec<String>,
    rows: u64,
    trailing_blanks: bool,
}

/// Opens a CSV file: checks all of it and makes a lazy plan of its rows.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let given = given(spec)?;
    let mut text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    loop {
        let rules = rules(spec, file, &text.content, given)?;
        match scan::scan(file, &text.content, &rules, cancel) {
            Ok(scanned) => return finish(file, &text, &rules, scanned, access, cancel),
            Err(Failed::Error(error)) => return Err(error),
            Err(Failed::NotUtf8 { bytes, .. })
                if text.guessed && matches!(&text.content, Content::File(path) if path == file) =>
            {
                text = Text::reopen(file, &bytes, access, cancel)?;
            }
            Err(Failed::NotUtf8 { line, .. }) => {
                return Err(DataError::unreadable_at(
                    file,
                    line,
                    "this row isn't valid UTF-8",
                    "set `encoding` to the one that the file was saved in, for instance `windows-1252`",
                ));
            }
        }
    }
}

/// What the keys say of the dialect.
fn given(spec: &SourceSpec) -> Result<Given> {
    let bad = |what: String, hint: &str| DataError::BadValue {
        what,
        hint: hint.into(),
    };
    let mark = |letter: char| {
        u8::try_from(letter)
            .ok()
            .filter(|byte| byte.is_ascii() && !matches!(byte, b'\n' | b'\r'))
    };
    let separator = match spec.separator {
        None => None,
        Some(letter) => Some(mark(letter).filter(|byte| *byte != b'"').ok_or_else(|| {
            bad(
                format!("`{letter}` can't separate fields"),
                "use one ASCII character, for instance `;`",
            )
        })?),
    };
    let quote = match spec.quote.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => {
            let mut letters = text.chars();
            let one = letters.next().and_then(mark).filter(|_| letters.next().is_none());
            let one = one.filter(|byte| Some(*byte) != separator);
            Some(Some(one.ok_or_else(|| {
                bad(
                    format!("`{text}` can't be a quote"),
                    "use one ASCII character that isn't the separator, or \"\" for none",
                )
            })?))
        }
    };
    match spec.decimal {
        None | Some('.' | ',') => {}
        Some(other) => {
            return Err(bad(
                format!("`{other}` can't stand before a fraction"),
                "use `.` or `,`",
            ));
        }
    }
    Ok(Given {
        separator,
        quote,
        header: spec.header,
    })
}

fn rules(spec: &SourceSpec, file: &Path, content: &Content, given: Given) -> Result<Rules> {
    let mut head = Vec::new();
    content
        .reader()?
        .take(HEAD as u64)
        .read_to_end(&mut head)
        .map_err(|error| DataError::decompressing(file, &error))?;
    let likely = if ending(file) == "tsv" { b'\t' } else { b',' };
    let found = sniff::sniff(&head, given, likely);
    Ok(Rules {
        marks: found.marks,
        header: found.header,
        null_values: spec.null_values.clone(),
        // Between commas `1,5` is two values; between quotes there it may be 15 as well as 1.5.
        comma: spec
            .decimal
            .map_or(found.marks.separator != b',', |decimal| decimal == ','),
        ragged: spec.ragged,
    })
}

fn finish(
    file: &Path,
    text: &Text,
    rules: &Rules,
    scanned: Scanned,
    access: &Access,
    cancel: &Cancel,
) -> Result<Opened> {
    let reading = reading(file, text, rules, &scanned)?;
    let width = scanned.columns.len();
    let (content, trailing_blanks) = if scanned.ragged > 0 {
        (
            repair::repaired(file, &text.content, rules, width, access, cancel)?,
            false,
        )
    } else {
        (text.content.clone(), scanned.trailing_blanks)
    };
    let layout = Layout {
        content,
        marks: rules.marks,
        header: rules.header,
        columns: scanned.columns,
        null_values: scanned.null_values,
        rows: scanned.rows,
        trailing_blanks,
    };
    Ok(Opened {
        plan: layout.plan()?,
        rows: layout.rows,
        reading,
        layout: Some(layout),
        row_groups: None,
    })
}

fn reading(file: &Path, text: &Text, rules: &Rules, scanned: &Scanned) -> Result<Reading> {
    let bytes = std::fs::metadata(file)
        .map_err(|error| DataError::reading(file, &error))?
        .len();
    let mut reading = Reading::new(Format::Csv, 1, bytes);
    reading.bytes_read = Some(bytes);
    reading.encoding = Some(text.reading());
    let comma = scanned
        .columns
        .iter()
        .any(|(_, kind)| *kind == ColumnType::CommaReal);
    let lines: Vec<u64> = scanned.ragged_rows.iter().map(|row| row.line as u64).collect();
    if scanned.ragged > 0 {
        let named: Vec<String> = lines.iter().map(|line| thousands(*line)).collect();
        let done = match rules.ragged {
            Ragged::Fill => "were filled or cut off",
            Ragged::Skip | Ragged::Error => "were left out",
        };
        let more = if scanned.ragged > lines.len() as u64 {
            ", …"
        } else {
            ""
        };
        reading.warnings.push(format!(
            "{} {} with another number of fields than the header {done} (line {}{more})",
            thousands(scanned.ragged),
            if scanned.ragged == 1 { "row" } else { "rows" },
            named.join(", ")
        ));
    }
    reading.dialect = Some(reading::Dialect {
        separator: rules.marks.separator.into(),
        quote: rules.marks.quote.map(char::from),
        header: rules.header,
        decimal: if comma { ',' } else { '.' },
        null_values: scanned.null_values.clone(),
        ragged: rules.ragged,
        ragged_rows: scanned.ragged,
        ragged_lines: lines,
    });
    Ok(reading)
}

/// The rows at `indices` (ascending, from 0) of a file that was opened before. Only these are parsed.
pub(crate) fn rows(file: &Path, layout: &Layout, indices: &[u64], cancel: &Cancel) -> Result<DataFrame> {
    let mut records = Records::new(layout.content.reader()?, layout.marks);
    let mut chosen = Vec::new();
    let mut wanted = indices.iter().copied().peekable();
    let mut row = 0_u64;
    if layout.header {
        scan::next(&mut records, file)?;
    }
    while let Some(index) = wanted.peek() {
        if row.is_multiple_of(RECORDS_BETWEEN_CHECKS) {
            cancel.step()?;
        }
        let Some(record) = scan::next(&mut records, file)? else {
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
                    .with_separator(layout.marks.separator)
                    .with_quote_char(layout.marks.quote)
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
    /// All rows, lazily.
    fn plan(&self) -> Result<LazyFrame> {
        let sources = self.content.sources()?;
        guarded(|| {
            let plan = LazyCsvReader::new_with_sources(sources)
                .with_glob(false)
                .with_has_header(self.header)
                .with_schema(Some(self.read_schema()))
                .with_separator(self.marks.separator)
                .with_quote_char(self.marks.quote)
                .with_null_values(Some(self.null_values()))
                .finish()?;
            let plan = if self.trailing_blanks {
                plan.slice(0, self.rows as IdxSize)
            } else {
                plan
            };
            Ok(plan.with_columns(self.conversions()))
        })
    }

    fn read_schema(&self) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .map(|(name, kind)| Field::new(name.clone(), kind.read_as()));
        std::sync::Arc::new(fields.collect())
    }

    fn null_values(&self) -> NullValues {
        NullValues::AllColumns(self.null_values.iter().map(PlSmallStr::from).collect())
    }

    /// Texts of dates to dates, numbers with a comma to numbers.
    fn conversions(&self) -> Vec<Expr> {
        let columns = self.columns.iter();
        columns.filter_map(|(name, kind)| kind.conversion(name)).collect()
    }
}
