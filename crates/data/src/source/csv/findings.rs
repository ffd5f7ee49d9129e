//! What is found in a piece of a CSV file: rows, the kinds of values in each column, what means "no value", and rows that
//! don't fit.

use super::{
    block::Block,
    columns::Reader,
    fields::{self, Field, Split, Splitter},
    kind::Kinds,
    nulls::{Meaning, Nulls},
    rules::Rules,
    scan::Failed,
};
use crate::{Cancel, error::RaggedRow};
use aloft_spec::source::Ragged;

/// So many ragged rows are named.
const NAMED_ROWS: usize = 5;

/// What is known of some records, and of those of other pieces that were joined to them.
#[derive(Debug, Clone)]
pub(super) struct Findings {
    /// Rows that are read: all, those that are skipped left out.
    pub rows: u64,
    /// Line feeds in their text.
    pub lines: usize,
    pub kinds: Vec<Kinds>,
    pub nulls: Nulls,
    pub ragged: RaggedRows,
    /// Blank lines behind the last record. In a table of several columns they are nothing at the end, and rows without
    /// fields elsewhere.
    pub blanks: RaggedRows,
    /// Whether there is any record that isn't blank.
    pub any: bool,
    /// Where every so many rows begin; see [`super::index`].
    pub starts: Vec<u32>,
}

/// Rows with another number of fields than the header.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RaggedRows {
    pub count: u64,
    /// The first of them.
    pub first: Vec<RaggedRow>,
}

impl RaggedRows {
    fn add(&mut self, line: usize, fields: usize) {
        self.count += 1;
        if self.first.len() < NAMED_ROWS {
            self.first.push(RaggedRow { line, fields });
        }
    }

    /// Adds those of a text that begins so many lines later.
    fn append(&mut self, other: &Self, lines: usize) {
        self.count += other.count;
        let missing = NAMED_ROWS.saturating_sub(self.first.len());
        let later = other.first.iter().map(|row| RaggedRow {
            line: row.line + lines,
            ..*row
        });
        self.first.extend(later.take(missing));
    }
}

impl Findings {
    /// Of no records.
    pub(super) fn new(width: usize, rules: &Rules) -> Self {
        Self {
            rows: 0,
            lines: 0,
            kinds: vec![Kinds::default(); width],
            nulls: Nulls::new(rules.null_values.clone(), width),
            ragged: RaggedRows::default(),
            blanks: RaggedRows::default(),
            any: false,
            starts: Vec::new(),
        }
    }

    /// What is in bytes that begin with a record, whose lines are counted from 1, and how many bytes were looked at: a
    /// record that isn't finished is left, unless the bytes are the last of the text. Every `stride`th row's start is
    /// noted.
    pub(super) fn of(
        bytes: &[u8],
        is_last: bool,
        width: usize,
        stride: u64,
        rules: &Rules,
        cancel: &Cancel,
    ) -> Result<(Self, usize), Failed> {
        Self::reading(bytes, is_last, width, stride, rules, None, cancel)
    }

    /// The same, while a reader of the bytes reads the rows.
    pub(super) fn reading(
        bytes: &[u8],
        is_last: bool,
        width: usize,
        stride: u64,
        rules: &Rules,
        mut reader: Option<&mut Reader<'_>>,
        cancel: &Cancel,
    ) -> Result<(Self, usize), Failed> {
        // A reader has found that they are.
        let is_utf8 = reader.is_some();
        let mut found = Self::new(width, rules);
        let mut records = Splitter::new(bytes, rules.marks);
        let (mut block, mut fields) = (Block::new(width), Vec::new());
        let mut quoted_before = 0;
        let mut look = |found: &mut Self, block: &mut Block, quoted: usize| {
            let quote = rules.marks.quote.filter(|_| quoted > quoted_before);
            quoted_before = quoted;
            found.look(bytes, block, quote, rules, reader.as_deref_mut());
        };
        let length = loop {
            cancel.step()?;
            let (before, start, quoted) = (block.rows(), records.position(), records.quoted());
            block.fill(&mut records);
            found.add_rows(block.starts(before), stride);
            // Only quotes can hold a line feed.
            found.lines += if records.quoted() > quoted {
                memchr::memchr_iter(b'\n', &bytes[start..records.position()]).count()
            } else {
                block.rows() - before
            };
            if block.is_full() {
                look(&mut found, &mut block, records.quoted());
                continue;
            }
            let start = records.position();
            let end = match records.next(&mut fields) {
                Split::Record { end } => end,
                Split::Unfinished { open_quote: false } if is_last && start < bytes.len() => bytes.len(),
                Split::Unfinished { .. } => break start,
            };
            found.lines += 1 + memchr::memchr_iter(b'\n', &bytes[start..end]).count();
            if found.add(&bytes[..end], start, &fields, stride, rules) {
                block.push(&fields);
            }
            if end == bytes.len() {
                break end;
            }
        };
        look(&mut found, &mut block, records.quoted());
        if !is_utf8 {
            check_utf8(&bytes[..length], rules)?;
        }
        Ok((found, length))
    }

    /// Takes note of rows that begin at these places, whose lines are counted elsewhere.
    fn add_rows(&mut self, starts: impl Iterator<Item = usize>, stride: u64) {
        for start in starts {
            self.settle_blanks();
            self.any = true;
            if self.rows.is_multiple_of(stride) {
                // A piece is far shorter than 4 GB.
                self.starts.push(start as u32);
            }
            self.rows += 1;
        }
    }

    /// Takes note of the record from `start` to the end of the bytes, whose lines are counted. Whether its fields are as
    /// many as there are columns, so that their values are to be looked at with those of others.
    fn add(&mut self, bytes: &[u8], start: usize, fields: &[Field], stride: u64, rules: &Rules) -> bool {
        let width = self.kinds.len();
        let line = |found: &Self| found.lines - memchr::memchr_iter(b'\n', &bytes[start..]).count();
        // In a table of one column a blank line is a row without a value.
        if width > 1 && matches!(&bytes[start..], b"" | b"\r") {
            self.blanks.add(line(self), 0);
            return false;
        }
        self.settle_blanks();
        self.any = true;
        let fits = fields.len() == width;
        if !fits {
            self.ragged.add(line(self), fields.len());
            if rules.ragged != Ragged::Fill {
                return false;
            }
            for (column, field) in fields.iter().take(width).enumerate() {
                let value = field.text(bytes, rules.marks.quote, column + 1 == fields.len());
                if self.nulls.meet(column, &bytes[value.clone()]) == Meaning::Value {
                    self.kinds[column].add(&bytes[value]);
                }
            }
        }
        self.add_rows([start].into_iter(), stride);
        fits
    }

    /// Takes note of the values of rows, column by column, and forgets these. No field begins with a quote where `quote`
    /// is none.
    fn look(
        &mut self,
        bytes: &[u8],
        block: &mut Block,
        quote: Option<u8>,
        rules: &Rules,
        mut reader: Option<&mut Reader<'_>>,
    ) {
        let width = self.kinds.len();
        for (column, kinds) in self.kinds.iter_mut().enumerate() {
            if let Some(reader) = &mut reader {
                let nulls = &mut self.nulls;
                let note = |kinds: &mut Kinds, value: &[u8]| {
                    if nulls.meet(column, value) == Meaning::Value {
                        kinds.add(value);
                    }
                };
                // What a value is read as tells its kind, unless something else means "no value".
                if rules.null_values.is_none() && reader.add_noting(column, block, kinds, note) {
                    continue;
                }
                reader.add(column, block);
            }
            let is_last = column + 1 == width;
            let mut values = block
                .column(column)
                .map(|field| fields::text(bytes, field, quote, is_last));
            while !kinds.is_text()
                && let Some(value) = values.next()
            {
                // A plain number means nothing else, unless that is said.
                if rules.null_values.is_none() && kinds.add_plain(bytes, value.clone()) {
                    continue;
                }
                if self.nulls.meet(column, &bytes[value.clone()]) == Meaning::Value {
                    kinds.add(&bytes[value]);
                }
            }
            // Beside a text it only matters which of them mean nothing.
            for value in values {
                self.nulls.meet(column, &bytes[value]);
            }
        }
        if let Some(reader) = reader {
            reader.rows += block.rows();
        }
        block.clear();
    }

    /// Blank lines in front of a record are rows that don't fit.
    fn settle_blanks(&mut self) {
        if self.blanks.count > 0 {
            let blanks = std::mem::take(&mut self.blanks);
            self.ragged.append(&blanks, 0);
        }
    }

    /// Adds what was found in the text behind.
    pub(super) fn append(&mut self, other: &Self) {
        if other.any {
            self.settle_blanks();
            self.any = true;
        }
        self.ragged.append(&other.ragged, self.lines);
        self.blanks.append(&other.blanks, self.lines);
        self.rows += other.rows;
        self.lines += other.lines;
        self.nulls.merge(&other.nulls);
        for (kinds, other) in self.kinds.iter_mut().zip(&other.kinds) {
            kinds.merge(*other);
        }
    }
}

/// Whether bytes, which are whole records, are UTF-8; if not, the first record that isn't is told.
fn check_utf8(bytes: &[u8], rules: &Rules) -> Result<(), Failed> {
    let Err(error) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let bad = error.valid_up_to();
    let mut records = Splitter::new(bytes, rules.marks);
    let mut fields = Vec::new();
    let mut record = 0..bytes.len();
    while record.start <= bad {
        record.start = records.position();
        match records.next(&mut fields) {
            Split::Record { end } if end < bad => {}
            Split::Record { end } => {
                record.end = end;
                break;
            }
            Split::Unfinished { .. } => break,
        }
    }
    Err(Failed::NotUtf8 {
        line: memchr::memchr_iter(b'\n', &bytes[..bad]).count() + 1,
        bytes: bytes[record].to_vec(),
    })
}
