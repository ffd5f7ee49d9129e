//! Rows of a CSV file by what is known of it: all of them lazily, or only some.

use super::{
    RECORDS_BETWEEN_CHECKS, columns,
    fields::Marks,
    index::{self, Index},
    kind::ColumnType,
    records::Records,
    rules::Rules,
    scan::{self, Scanned},
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    parts::Parts,
    profile::Seen,
    source::content::Content,
};
use aloft_spec::profile::Scan;
use polars::prelude::*;
use std::{
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A CSV file that was looked at from its first to its last byte.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(super) content: Content,
    pub(super) marks: Marks,
    pub(super) header: bool,
    pub(super) columns: Vec<(PlSmallStr, ColumnType)>,
    pub(super) null_values: Vec<String>,
    pub(super) rows: u64,
    pub(super) trailing_blanks: bool,
    /// Where its rows are, if it is a file that isn't compressed.
    pub(super) index: Option<(PathBuf, Index)>,
    /// Whether it was looked at when it was opened, or at an earlier time.
    pub(super) looked_at: bool,
    /// What is known of its rows, where they were read while it was looked at.
    pub(super) seen: Option<Arc<Seen>>,
}

/// The rows at `indices` (ascending, from 0) of a file that was opened before, and what was read for them. Only these
/// are parsed, and where it is known where rows are, not much more is read.
pub(crate) fn rows(
    file: &Path,
    layout: &Layout,
    indices: &[u64],
    cancel: &Cancel,
) -> Result<(DataFrame, Scan)> {
    let total = std::fs::metadata(file)
        .map_err(|error| DataError::reading(file, &error))?
        .len();
    let (text, read) = layout.text_of_rows(file, indices, cancel)?;
    let scan = Scan {
        // Who has just looked at the whole file has read it.
        bytes_read: if layout.looked_at {
            total
        } else {
            read.unwrap_or(total)
        },
        bytes_total: total,
        rows_read: if layout.looked_at {
            layout.rows
        } else {
            indices.len() as u64
        },
        ..Scan::default()
    };
    Ok((layout.parse(text, None)?, scan))
}

impl Parts for Layout {
    fn count(&self) -> usize {
        self.index.as_ref().map_or(0, |(_, index)| index.parts.len())
    }

    fn rows(&self, number: usize) -> u64 {
        let part = self.index.as_ref().and_then(|(_, index)| index.parts.get(number));
        part.map_or(0, |part| part.rows)
    }

    fn schema(&self) -> SchemaRef {
        let columns = self.columns.iter();
        Arc::new(
            columns
                .map(|(name, kind)| Field::new(name.clone(), kind.dtype()))
                .collect(),
        )
    }

    fn bytes(&self, columns: Option<&[PlSmallStr]>, rows: u64) -> u64 {
        // Of a text its place, and no more of its letters than stand in the file for all columns.
        const TEXT: u64 = 16;
        let letters = self.index.as_ref().map_or(0, |(_, index)| {
            let of_all: u64 = index.parts.iter().map(|part| part.bytes).sum();
            (of_all as f64 * rows as f64 / self.rows.max(1) as f64) as u64
        });
        let wanted = |name| columns.is_none_or(|columns| columns.contains(name));
        let kinds = self.columns.iter().filter(|(name, _)| wanted(name));
        let (mut bytes, mut has_texts) = (0_u64, false);
        for (_, kind) in kinds {
            let size = match kind.dtype() {
                DataType::Boolean => 1,
                DataType::Date => 4,
                DataType::String => TEXT,
                _ => 8,
            };
            bytes += rows * size;
            has_texts |= size == TEXT;
        }
        bytes + if has_texts { letters } else { 0 }
    }

    fn seen(&self) -> Option<&Seen> {
        self.seen.as_deref()
    }

    fn read(&self, number: usize, columns: Option<&[PlSmallStr]>) -> Result<DataFrame> {
        let Some((file, index)) = &self.index else {
            return self.parse(Vec::new(), columns);
        };
        let (text, rows) = index.part(file, number)?;
        let frame = self.parse(text, columns)?;
        if frame.height() as u64 != rows {
            return Err(index::changed(file));
        }
        Ok(frame)
    }
}

impl Layout {
    /// By what was found in a text that needs no repair.
    pub(super) fn new(content: Content, rules: &Rules, scanned: &Scanned) -> Self {
        Self {
            content,
            marks: rules.marks,
            header: rules.header,
            columns: scanned.columns(rules),
            null_values: scanned.null_values.clone(),
            rows: scanned.rows,
            trailing_blanks: scanned.trailing_blanks,
            index: None,
            looked_at: true,
            seen: None,
        }
    }

    /// Whether a file in which this was found has the same columns, and all of its rows are those that fit them.
    pub(super) fn fits(&self, scanned: &Scanned, rules: &Rules) -> bool {
        scanned.ragged == 0
            && self.columns == scanned.columns(rules)
            && self.null_values == scanned.null_values
    }

    /// Rows by their text; of these columns alone where they are given, in that order.
    pub(super) fn parse(&self, text: Vec<u8>, columns: Option<&[PlSmallStr]>) -> Result<DataFrame> {
        let place = |name: &PlSmallStr| self.columns.iter().position(|(column, _)| column == name);
        let wanted: Vec<usize> = match columns {
            Some(columns) => columns.iter().filter_map(place).collect(),
            None => (0..self.columns.len()).collect(),
        };
        match (columns::frame(&text, self, &wanted), columns) {
            (Some(frame), _) => Ok(frame),
            (None, None) => self.parse_by_polars(text),
            (None, Some(columns)) => {
                let frame = self.parse_by_polars(text)?;
                guarded(|| frame.select(columns.iter().cloned()))
            }
        }
    }

    /// The same as polars reads them when they are a part of a plan.
    pub(super) fn parse_by_polars(&self, text: Vec<u8>) -> Result<DataFrame> {
        let frame = guarded(|| {
            CsvReadOptions::default()
                .with_has_header(false)
                .with_schema(Some(self.read_schema()))
                .map_parse_options(|options| {
                    options
                        .with_separator(self.marks.separator)
                        .with_quote_char(self.marks.quote)
                        .with_null_values(Some(self.null_values()))
                })
                .into_reader_with_file_handle(Cursor::new(text))
                .finish()
        })?;
        execute::collect(
            frame.lazy().with_columns(self.conversions()),
            EngineChoice::InMemory,
        )
    }

    /// Its parts, which can be read one without the other; `None` where it isn't known where rows are.
    pub(crate) fn parts(&self) -> Option<Arc<dyn Parts>> {
        self.index
            .is_some()
            .then(|| Arc::new(self.clone()) as Arc<dyn Parts>)
    }

    /// All rows, lazily.
    pub(super) fn plan(&self) -> Result<LazyFrame> {
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
        Arc::new(fields.collect())
    }

    fn null_values(&self) -> NullValues {
        NullValues::AllColumns(self.null_values.iter().map(PlSmallStr::from).collect())
    }

    /// Texts of dates to dates, numbers with a comma to numbers.
    fn conversions(&self) -> Vec<Expr> {
        let columns = self.columns.iter();
        columns.filter_map(|(name, kind)| kind.conversion(name)).collect()
    }

    /// The text of the rows at `indices`, and how many bytes were read for it, where not all had to be.
    pub(super) fn text_of_rows(
        &self,
        file: &Path,
        indices: &[u64],
        cancel: &Cancel,
    ) -> Result<(Vec<u8>, Option<u64>)> {
        match &self.index {
            Some((path, index)) => {
                let (text, read) = index.rows(path, self.marks, indices, cancel)?;
                Ok((text, Some(read)))
            }
            None => Ok((self.text_by_a_pass(file, indices, cancel)?, None)),
        }
    }

    /// The same by a pass over all rows before them.
    fn text_by_a_pass(&self, file: &Path, indices: &[u64], cancel: &Cancel) -> Result<Vec<u8>> {
        let mut records = Records::new(self.content.reader()?, self.marks);
        let mut chosen = Vec::new();
        let mut wanted = indices.iter().copied().peekable();
        let mut row = 0_u64;
        if self.header {
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
        Ok(chosen)
    }
}
