//! Records of a CSV file, read within a bounded memory.
//!
//! The rules are those of RFC 4180, read as polars reads them: a field that begins with a quote ends at a separator or
//! a line feed outside quotes; in any other field a quote is a letter like others. Separator and quote can be others.

use memchr::{memchr, memchr_iter, memchr2};
use std::io::{self, Read};

/// What is read at once.
const CHUNK: usize = 1 << 20;
/// No record is longer. A quote that is never closed would otherwise take the rest of the file into memory.
const LONGEST_RECORD: usize = 64 << 20;

/// Reads records one by one.
pub(super) struct Records<R> {
    reader: R,
    marks: Marks,
    buffer: Vec<u8>,
    /// The part of the buffer that isn't consumed yet.
    unread: std::ops::Range<usize>,
    at_end: bool,
    /// Line of the next record, from 1.
    line: usize,
    fields: Vec<Field>,
}

/// What separates fields, and what stands around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub separator: u8,
    pub quote: Option<u8>,
}

/// One record.
pub(super) struct Record<'a> {
    /// Its bytes without the line feed.
    pub bytes: &'a [u8],
    /// The line it begins on, from 1.
    pub line: usize,
    fields: &'a [Field],
    quote: Option<u8>,
}

#[derive(Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
}

/// Why records couldn't be read.
#[derive(Debug)]
pub(super) enum RecordError {
    Read(io::Error),
    /// The quote that was opened in the record of this line isn't closed.
    OpenQuote(usize),
}

impl<R: Read> Records<R> {
    pub(super) fn new(reader: R, marks: Marks) -> Self {
        Self {
            reader,
            marks,
            buffer: Vec::new(),
            unread: 0..0,
            at_end: false,
            line: 1,
            fields: Vec::new(),
        }
    }

    /// The next record, blank lines included; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, RecordError> {
        let length = loop {
            let rest = &self.buffer[self.unread.clone()];
            match split(rest, self.marks, &mut self.fields) {
                Split::Record { length } => break length,
                Split::Unfinished { .. } if !self.at_end => {
                    if rest.len() > LONGEST_RECORD {
                        return Err(RecordError::OpenQuote(self.line));
                    }
                    self.fill().map_err(RecordError::Read)?;
                }
                Split::Unfinished { open_quote: true } => return Err(RecordError::OpenQuote(self.line)),
                Split::Unfinished { open_quote: false } if rest.is_empty() => return Ok(None),
                Split::Unfinished { open_quote: false } => break rest.len(),
            }
        };
        let start = self.unread.start;
        let bytes = &self.buffer[start..start + length];
        let line = self.line;
        self.unread.start = (start + length + 1).min(self.unread.end);
        // Only quotes can hold a line feed.
        let quoted = self.fields.iter().any(|field| field.quoted);
        self.line += 1 + if quoted {
            memchr_iter(b'\n', bytes).count()
        } else {
            0
        };
        Ok(Some(Record {
            bytes,
            line,
            fields: &self.fields,
            quote: self.marks.quote,
        }))
    }

    /// Moves what is unread to the front and reads on behind it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let room = self.unread.len() + CHUNK.max(self.unread.len());
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        while self.unread.end < room {
            match self.reader.read(&mut self.buffer[self.unread.end..room]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(read) => self.unread.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

enum Split {
    /// A record of so many bytes, followed by a line feed.
    Record { length: usize },
    /// The bytes end before the record does.
    Unfinished { open_quote: bool },
}

/// Finds the fields of the first record of `bytes`.
fn split(bytes: &[u8], marks: Marks, fields: &mut Vec<Field>) -> Split {
    fields.clear();
    let separator = marks.separator;
    let mut start = 0;
    loop {
        let opens = marks.quote.filter(|quote| bytes.get(start) == Some(quote));
        let quoted = opens.is_some();
        let end = match opens {
            Some(quote) => match end_of_quoted(&bytes[start..], separator, quote) {
                Ok(length) => length.map(|length| start + length),
                Err(()) => return Split::Unfinished { open_quote: true },
            },
            None => end_of_plain(&bytes[start..], separator).map(|length| start + length),
        };
        let field_end = end.unwrap_or(bytes.len());
        fields.push(Field {
            start,
            end: field_end,
            quoted,
        });
        match end {
            None => return Split::Unfinished { open_quote: false },
            Some(end) if bytes[end] == b'\n' => return Split::Record { length: end },
            Some(end) => start = end + 1,
        }
    }
}

/// Length of a field that doesn't begin with a quote; `None` when it goes on to the end of the bytes. Most fields are
/// shorter than what a search by vectors takes to start.
fn end_of_plain(bytes: &[u8], separator: u8) -> Option<usize> {
    const SHORT: usize = 24;
    let (short, long) = bytes.split_at(bytes.len().min(SHORT));
    let near = short.iter().position(|byte| *byte == separator || *byte == b'\n');
    near.or_else(|| memchr2(separator, b'\n', long).map(|length| short.len() + length))
}

/// Length of a field that begins with a quote; `None` when it goes on to the end of the bytes, an error when a quote is
/// open there.
fn end_of_quoted(bytes: &[u8], separator: u8, quote: u8) -> Result<Option<usize>, ()> {
    let mut position = 0;
    loop {
        // Here a quote opens; what follows up to the next quote is text whatever it is.
        let close = memchr(quote, &bytes[position + 1..]).ok_or(())? + position + 1;
        // Behind the closing quote the field ends, or another quote opens (two quotes are a quote in the text).
        match memchr::memchr3(separator, b'\n', quote, &bytes[close + 1..]).map(|length| close + 1 + length) {
            None => return Ok(None),
            Some(next) if bytes[next] == quote => position = next,
            Some(next) => return Ok(Some(next)),
        }
    }
}

impl<'a> Record<'a> {
    /// How many fields it has.
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it is a line with nothing on it.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.bytes, b"" | b"\r")
    }

    /// The bytes of its first `count` fields, with what separates them.
    pub(super) fn first_fields(&self, count: usize) -> &'a [u8] {
        match count.checked_sub(1).and_then(|last| self.fields.get(last)) {
            Some(field) => &self.bytes[..field.end],
            None => &self.bytes[..0],
        }
    }

    /// Its fields as they stand, the quotes around them removed, doubled quotes within them kept.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let (bytes, last, quote) = (self.bytes, self.fields.len().saturating_sub(1), self.quote);
        self.fields.iter().enumerate().map(move |(index, field)| {
            let mut end = field.end;
            if index == last && end > field.start && bytes[end - 1] == b'\r' {
                end -= 1;
            }
            let quotes = field.quoted && end - field.start >= 2 && Some(bytes[end - 1]) == quote;
            if quotes {
                &bytes[field.start + 1..end - 1]
            } else {
                &bytes[field.start..end]
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A plain reading of the same rules, letter by letter.
    fn reference(text: &[u8]) -> Option<Vec<(usize, Vec<Vec<u8>>)>> {
        let mut records = Vec::new();
        let (mut line, mut record_line) = (1, 1);
        let (mut fields, mut field): (Vec<Vec<u8>>, Vec<u8>) = (Vec::new(), Vec::new());
        let mut in_quotes = false;
        for &byte in text {
            if byte == b'\n' {
                line += 1;
            }
            match byte {
                b'"' if field.first() == Some(&b'"') || field.is_empty() => {
                    in_quotes = !in_quotes;
                    field.push(byte);
                }
                b',' if !in_quotes => fields.push(std::mem::take(&mut field)),
                b'\n' if !in_quotes => {
                    fields.push(std::mem::take(&mut field));
                    records.push((record_line, std::mem::take(&mut fields)));
                    record_line = line;
                }
                _ => field.push(byte),
            }
        }
        if in_quotes {
            return None;
        }
        if !field.is_empty() || !fields.is_empty() {
            fields.push(field);
            records.push((record_line, fields));
        }
        Some(records)
    }

    fn read(text: &[u8]) -> Option<Vec<(usize, Vec<Vec<u8>>)>> {
        let mut records = Records::new(
            text,
            Marks {
                separator: b',',
                quote: Some(b'"'),
            },
        );
        let mut all = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => {
                    let fields = record
                        .fields
                        .iter()
                        .map(|field| record.bytes[field.start..field.end].to_vec());
                    all.push((record.line, fields.collect()));
                }
                Ok(None) => return Some(all),
                Err(_) => return None,
            }
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_reading(text in proptest::collection::vec(
            proptest::sample::select(b"ab,\"\n\r ".to_vec()), 0..60)
        ) {
            prop_assert_eq!(read(&text), reference(&text));
        }
    }

    #[test]
    fn records_longer_than_a_chunk_are_read_whole() {
        let long = "x".repeat(3 * CHUNK);
        let text = format!("a,b\n\"{long}\n\",2\n3,4\n");
        let records = read(text.as_bytes()).unwrap();
        let shape: Vec<(usize, usize)> = records
            .iter()
            .map(|(line, fields)| (*line, fields[0].len()))
            .collect();
        assert_eq!(shape, [(1, 1), (2, long.len() + 3), (4, 1)]);
    }
}
