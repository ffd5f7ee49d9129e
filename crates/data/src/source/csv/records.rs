//! Records of a CSV file one by one, read within a bounded memory.

use super::fields::{Field, Marks, Split, Splitter};
use memchr::memchr_iter;
use std::io::{self, Read};

/// What is read at once.
const CHUNK: usize = 1 << 20;
/// No record is longer. A quote that is never closed would otherwise take the rest of the file into memory.
pub(super) const LONGEST_RECORD: usize = 64 << 20;

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

/// One record.
pub(super) struct Record<'a> {
    /// Its bytes without the line feed.
    pub bytes: &'a [u8],
    fields: &'a [Field],
    quote: Option<u8>,
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
            match Splitter::new(rest, self.marks).next(&mut self.fields) {
                Split::Record { end } => break end,
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
            fields: &self.fields,
            quote: self.marks.quote,
        }))
    }

    /// Moves what is unread to the front and reads on behind it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.truncate(self.unread.end);
        self.buffer.drain(..self.unread.start);
        let wanted = CHUNK.max(self.buffer.len()) as u64;
        let read = self.reader.by_ref().take(wanted).read_to_end(&mut self.buffer)?;
        self.at_end = (read as u64) < wanted;
        self.unread = 0..self.buffer.len();
        Ok(())
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
            Some(field) => &self.bytes[..field.end()],
            None => &self.bytes[..0],
        }
    }

    /// Its fields as they stand, the quotes around them removed, doubled quotes within them kept.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        let (bytes, last, quote) = (self.bytes, self.fields.len().saturating_sub(1), self.quote);
        let fields = self.fields.iter().enumerate();
        fields.map(move |(index, field)| &bytes[field.text(bytes, quote, index == last)])
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
        let (mut all, mut line) = (Vec::new(), 1);
        loop {
            match records.next() {
                Ok(Some(record)) => {
                    let fields = record
                        .fields
                        .iter()
                        .map(|field| record.bytes[field.start..field.end()].to_vec());
                    all.push((line, fields.collect()));
                    line += 1 + memchr_iter(b'\n', record.bytes).count();
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
