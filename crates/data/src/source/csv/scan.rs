//! One pass over all records of a CSV file: its columns, their types, what means "no value", and rows that don't fit.

use super::{
    kind::{ColumnType, Kinds},
    nulls::{Meaning, Nulls},
    records::{Marks, Record, RecordError, Records},
};
use crate::{
    Cancel,
    error::{DataError, RaggedRow, Result},
    source::content::Content,
};
use aloft_spec::source::Ragged;
use polars::prelude::{DataType, PlSmallStr};
use std::{collections::HashSet, io::Read, path::Path};

/// How often a long scan looks whether it is cancelled.
pub(super) const RECORDS_BETWEEN_CHECKS: u64 = 4096;
/// So many ragged rows are named.
const NAMED_ROWS: usize = 5;

/// How a file is to be read.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub marks: Marks,
    pub header: bool,
    /// What the key `null_values` says.
    pub null_values: Option<Vec<String>>,
    /// Whether a comma can stand before a fraction.
    pub comma: bool,
    pub ragged: Ragged,
}

/// What was found in a file.
#[derive(Debug, Clone)]
pub(super) struct Scanned {
    pub columns: Vec<(PlSmallStr, ColumnType)>,
    /// Rows that are read: all, those that are skipped left out.
    pub rows: u64,
    pub null_values: Vec<String>,
    /// How many rows have another number of fields than the header, and the first of them.
    pub ragged: u64,
    pub ragged_rows: Vec<RaggedRow>,
    /// Blank lines behind the last row, which polars would take for rows.
    pub trailing_blanks: bool,
}

/// Why a scan ended early.
pub(super) enum Failed {
    /// These bytes aren't UTF-8: the file may have another encoding.
    NotUtf8 {
        line: usize,
        bytes: Vec<u8>,
    },
    Error(DataError),
}

impl From<DataError> for Failed {
    fn from(error: DataError) -> Self {
        Self::Error(error)
    }
}

/// Looks at all records. With [`Ragged::Error`] rows that don't fit are an error, which names the first of them.
pub(super) fn scan(
    file: &Path,
    content: &Content,
    rules: &Rules,
    cancel: &Cancel,
) -> std::result::Result<Scanned, Failed> {
    let names = column_names(file, content, rules)?;
    let width = names.len();
    let mut kinds = vec![Kinds::default(); width];
    let mut nulls = Nulls::new(rules.null_values.clone(), width);
    let mut ragged = RaggedRows::default();
    let (mut rows, mut seen) = (0, 0_u64);
    let mut blanks = Vec::new();
    let mut records = Records::new(content.reader()?, rules.marks);
    if rules.header {
        next(&mut records, file)?;
    }
    while let Some(record) = next(&mut records, file)? {
        if seen.is_multiple_of(RECORDS_BETWEEN_CHECKS) {
            cancel.step()?;
        }
        seen += 1;
        // In a table of one column a blank line is a row without a value; in others it is nothing, at the end.
        if record.is_blank() && width > 1 {
            blanks.push(record.line);
            continue;
        }
        for line in blanks.drain(..) {
            ragged.add(line, 0);
        }
        check_utf8(&record)?;
        if record.len() != width {
            ragged.add(record.line, record.len());
            if rules.ragged != Ragged::Fill {
                continue;
            }
        }
        for (column, value) in record.fields().take(width).enumerate() {
            if nulls.meet(column, value) == Meaning::Value {
                kinds[column].add(value);
            }
        }
        rows += 1;
    }
    if rules.ragged == Ragged::Error && ragged.count > 0 {
        return Err(Failed::Error(DataError::Ragged {
            file: file.to_owned(),
            rows: ragged.first,
            count: ragged.count,
            expected: width,
        }));
    }
    let is_text = |kinds: Kinds| kinds.column_type(rules.comma) == ColumnType::Plain(DataType::String);
    let null_values = nulls.texts(|column| !is_text(kinds[column]));
    let types = kinds.into_iter().map(|kinds| kinds.column_type(rules.comma));
    Ok(Scanned {
        columns: names.into_iter().zip(types).collect(),
        rows,
        null_values,
        ragged: ragged.count,
        ragged_rows: ragged.first,
        trailing_blanks: !blanks.is_empty(),
    })
}

#[derive(Default)]
struct RaggedRows {
    count: u64,
    first: Vec<RaggedRow>,
}

impl RaggedRows {
    fn add(&mut self, line: usize, fields: usize) {
        self.count += 1;
        if self.first.len() < NAMED_ROWS {
            self.first.push(RaggedRow { line, fields });
        }
    }
}

pub(super) fn next<'a, R: Read>(records: &'a mut Records<R>, file: &Path) -> Result<Option<Record<'a>>> {
    records.next().map_err(|error| match error {
        RecordError::Read(error) => DataError::decompressing(file, &error),
        RecordError::OpenQuote(line) => DataError::unreadable_at(
            file,
            line,
            "a quote opens in this row and is never closed",
            "close it, double a quote that belongs to the text, or set `quote = \"\"` where quotes are letters",
        ),
    })
}

fn check_utf8(record: &Record<'_>) -> std::result::Result<(), Failed> {
    let Err(error) = std::str::from_utf8(record.bytes) else {
        return Ok(());
    };
    Err(Failed::NotUtf8 {
        line: record.line + memchr::memchr_iter(b'\n', &record.bytes[..error.valid_up_to()]).count(),
        bytes: record.bytes.to_vec(),
    })
}

/// Names of the columns: those of the header, else `column_1` and so on.
fn column_names(
    file: &Path,
    content: &Content,
    rules: &Rules,
) -> std::result::Result<Vec<PlSmallStr>, Failed> {
    let mut records = Records::new(content.reader()?, rules.marks);
    let first = match next(&mut records, file)? {
        Some(first) if !first.is_blank() => first,
        _ => {
            let what = if rules.header {
                "the file has no header"
            } else {
                "the file begins with a blank line"
            };
            return Err(Failed::Error(DataError::Empty {
                file: file.to_owned(),
                what,
            }));
        }
    };
    check_utf8(&first)?;
    let numbered = |index: usize| format!("column_{}", index + 1);
    if !rules.header {
        return Ok((0..first.len()).map(|index| numbered(index).into()).collect());
    }
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for (index, bytes) in first.fields().enumerate() {
        let text = String::from_utf8_lossy(bytes);
        let text = match rules.marks.quote.map(char::from) {
            Some(quote) => text.replace(&format!("{quote}{quote}"), &quote.to_string()),
            None => text.into_owned(),
        };
        let name = if text.trim().is_empty() {
            numbered(index)
        } else {
            text
        };
        if !seen.insert(name.clone()) {
            return Err(Failed::Error(DataError::DuplicateColumn {
                file: Some(file.to_owned()),
                name,
            }));
        }
        names.push(name.into());
    }
    Ok(names)
}
