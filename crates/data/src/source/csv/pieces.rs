//! A text in pieces that are likely to begin and to end between two records, so that they can be looked at side by side.
//!
//! Whether a line feed ends a record is only known for sure to who has read all before it. Here it is guessed from the
//! records behind it; who looks at the pieces in their order finds out where a guess was wrong.

use super::{
    fields::{Field, Marks, Split, Splitter},
    records::LONGEST_RECORD,
};
use memchr::{memchr, memchr_iter, memrchr};
use std::io::{self, Read};

/// About the length of a piece. Much longer ones leave the caches between being read and being looked at.
pub(super) const LENGTH: usize = 1 << 20;
/// The last part of a piece, in which its end is looked for.
const WINDOW: usize = 32 << 10;
/// So many line feeds are tried.
const MOST_TRIED: usize = 64;
/// Records that must have the right number of fields behind a line feed that is taken for the end of one.
const MATCHING: usize = 3;

/// A part of a text.
pub(super) struct Piece {
    /// Bytes before it.
    pub offset: u64,
    pub bytes: Vec<u8>,
    pub is_last: bool,
}

/// Cuts a text.
pub(super) struct Pieces<R> {
    reader: R,
    marks: Marks,
    /// Fields of a record.
    width: usize,
    length: usize,
    /// Read already, for the next piece.
    rest: Vec<u8>,
    offset: u64,
    at_end: bool,
}

impl<R: Read> Pieces<R> {
    /// Of what `reader` reads, which begins with a record. Each is about `length` bytes long.
    pub(super) fn new(reader: R, marks: Marks, width: usize, length: usize) -> Self {
        Self {
            reader,
            marks,
            width,
            length,
            rest: Vec::new(),
            offset: 0,
            at_end: false,
        }
    }

    /// The next piece, in the memory of an earlier one; `None` after the last. Only the last may be empty.
    pub(super) fn next(&mut self, mut memory: Vec<u8>) -> io::Result<Option<Piece>> {
        if self.at_end {
            return Ok(None);
        }
        memory.clear();
        memory.append(&mut self.rest);
        let mut bytes = memory;
        let mut cut = None;
        while cut.is_none() && !self.at_end {
            let wanted = self.length.max(bytes.len());
            let read = self.reader.by_ref().take(wanted as u64).read_to_end(&mut bytes)?;
            self.at_end = read < wanted;
            // A piece without any line feed is left to who looks at it: a quote is open.
            cut = likely_end(&bytes, self.marks, self.width)
                .or_else(|| (bytes.len() > LONGEST_RECORD).then_some(bytes.len()));
        }
        if let Some(end) = cut.filter(|_| !self.at_end) {
            self.rest.extend_from_slice(&bytes[end..]);
            bytes.truncate(end);
        }
        let piece = Piece {
            offset: self.offset,
            is_last: self.at_end,
            bytes,
        };
        self.offset += piece.bytes.len() as u64;
        Ok(Some(piece))
    }
}

/// Where a record is likely to end last, behind its line feed; `None` without any.
fn likely_end(bytes: &[u8], marks: Marks, width: usize) -> Option<usize> {
    let window = bytes.len().saturating_sub(WINDOW);
    let last = || memrchr(b'\n', bytes).map(|end| end + 1);
    let quoted = marks
        .quote
        .is_some_and(|quote| memchr(quote, &bytes[window..]).is_some());
    if !quoted {
        return last();
    }
    likely_start(&bytes[window..], marks, width)
        .map(|start| window + start)
        .map(|start| start + whole_records(&bytes[start..], marks))
        .filter(|end| *end > 0)
        .or_else(last)
}

/// Where the first record begins in bytes from the middle of a text, as far as can be told from those behind it.
pub(super) fn likely_start(bytes: &[u8], marks: Marks, width: usize) -> Option<usize> {
    let starts = memchr_iter(b'\n', bytes).map(|end| end + 1).take(MOST_TRIED);
    let mut fields: Vec<Field> = Vec::new();
    for start in starts {
        let mut records = Splitter::new(&bytes[start..], marks);
        let fits = (0..MATCHING)
            .all(|_| matches!(records.next(&mut fields), Split::Record { .. }) && fields.len() == width);
        if fits {
            return Some(start);
        }
    }
    None
}

/// The length of the whole records that bytes begin with.
fn whole_records(bytes: &[u8], marks: Marks) -> usize {
    let mut records = Splitter::new(bytes, marks);
    let mut fields = Vec::new();
    while let Split::Record { .. } = records.next(&mut fields) {}
    records.position()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MARKS: Marks = Marks {
        separator: b',',
        quote: Some(b'"'),
    };

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "[ab,\"\n]{0,200}", length in 1_usize..60) {
            let mut pieces = Pieces::new(text.as_bytes(), MARKS, 2, length);
            let mut joined = Vec::new();
            let mut lasts = Vec::new();
            while let Some(piece) = pieces.next(Vec::new()).unwrap() {
                prop_assert_eq!(piece.offset, joined.len() as u64);
                prop_assert!(piece.is_last || piece.bytes.ends_with(b"\n"));
                lasts.push(piece.is_last);
                joined.extend(piece.bytes);
            }
            prop_assert_eq!(joined, text.as_bytes());
            prop_assert_eq!(lasts.iter().filter(|last| **last).count(), 1);
            prop_assert_eq!(lasts.last(), Some(&true));
        }
    }

    #[test]
    fn line_feeds_in_quotes_are_told_by_what_follows() {
        let row = "1,\"a text, which\nhas two lines, or \"\"more\"\"\nand goes on\"\n";
        let text = row.repeat(20);
        let bytes = &text.as_bytes()[7..text.len() - 5];
        assert_eq!(likely_start(bytes, MARKS, 2), Some(row.len() - 7));
        assert_eq!(likely_end(bytes, MARKS, 2), Some(19 * row.len() - 7));
    }
}
