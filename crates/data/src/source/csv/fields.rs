//! Where the fields of a record end: 64 bytes at a time.
//!
//! The rules are those of RFC 4180, read as polars reads them: a field that begins with a quote ends at a separator or
//! a line feed outside quotes; in any other field a quote is a letter like others. Separator and quote can be others.

use memchr::{memchr, memchr3};

const BLOCK: usize = u64::BITS as usize;

/// What separates fields, and what stands around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub separator: u8,
    pub quote: Option<u8>,
}

/// Where a field lies, the quotes around it included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub start: usize,
    pub end: usize,
    pub quoted: bool,
}

impl Field {
    /// The place of its text: without the quotes around it, and without the carriage return of the line's end if it is
    /// the last of its record. Doubled quotes within stay.
    #[inline]
    pub(super) fn text(self, bytes: &[u8], quote: Option<u8>, is_last: bool) -> std::ops::Range<usize> {
        let Self {
            start,
            mut end,
            quoted,
        } = self;
        if is_last && end > start && bytes[end - 1] == b'\r' {
            end -= 1;
        }
        if quoted && end - start >= 2 && Some(bytes[end - 1]) == quote {
            start + 1..end - 1
        } else {
            start..end
        }
    }
}

/// What came of looking for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Split {
    /// A record that ends here, at a line feed.
    Record { end: usize },
    /// The bytes end before the record does.
    Unfinished { open_quote: bool },
}

/// Splits bytes, which begin with a record, into records and these into fields.
pub(super) struct Splitter<'a> {
    bytes: &'a [u8],
    marks: Marks,
    /// Where the next record begins.
    position: usize,
    /// The block that is looked at, by its first byte.
    block: usize,
    /// The separators and line feeds of it that weren't passed yet, a bit each.
    ends: u64,
}

impl<'a> Splitter<'a> {
    pub(super) fn new(bytes: &'a [u8], marks: Marks) -> Self {
        let mut splitter = Self {
            bytes,
            marks,
            position: 0,
            block: 0,
            ends: 0,
        };
        splitter.ends = splitter.ends_of_block();
        splitter
    }

    /// Where the next record begins.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Finds the fields of the next record; their places count from the beginning of the bytes. After one that is
    /// unfinished there is nothing more to find.
    pub(super) fn next(&mut self, fields: &mut Vec<Field>) -> Split {
        fields.clear();
        self.append(fields)
    }

    /// The same; the fields are added to those that are there.
    pub(super) fn append(&mut self, fields: &mut Vec<Field>) -> Split {
        let mut start = self.position;
        loop {
            let opens = self
                .marks
                .quote
                .filter(|quote| self.bytes.get(start) == Some(quote));
            let end = match opens {
                None => self.next_end(),
                Some(quote) => match end_of_quoted(&self.bytes[start..], self.marks.separator, quote) {
                    Err(()) => return Split::Unfinished { open_quote: true },
                    Ok(None) => None,
                    Ok(Some(length)) => {
                        self.pass(start + length + 1);
                        Some(start + length)
                    }
                },
            };
            fields.push(Field {
                start,
                end: end.unwrap_or(self.bytes.len()),
                quoted: opens.is_some(),
            });
            match end {
                None => return Split::Unfinished { open_quote: false },
                Some(end) => start = end + 1,
            }
            if self.bytes[start - 1] == b'\n' {
                self.position = start;
                return Split::Record { end: start - 1 };
            }
        }
    }

    /// The next separator or line feed.
    #[inline]
    fn next_end(&mut self) -> Option<usize> {
        while self.ends == 0 {
            self.block += BLOCK;
            if self.block >= self.bytes.len() {
                return None;
            }
            self.ends = self.ends_of_block();
        }
        let end = self.block + self.ends.trailing_zeros() as usize;
        self.ends &= self.ends - 1;
        Some(end)
    }

    /// Passes all separators and line feeds before a position.
    fn pass(&mut self, position: usize) {
        if position >= self.block + BLOCK {
            self.block = position - position % BLOCK;
            self.ends = self.ends_of_block();
        }
        self.ends &= !0 << (position % BLOCK);
    }

    #[inline]
    fn ends_of_block(&self) -> u64 {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        match rest.first_chunk() {
            Some(block) => either(block, self.marks.separator, b'\n'),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                // A separator may be any byte, also zero.
                either(&block, self.marks.separator, b'\n') & ((1 << rest.len()) - 1)
            }
        }
    }
}

/// Length of a field that begins with a quote; `None` when it goes on to the end of the bytes, an error when a quote is
/// open there.
fn end_of_quoted(bytes: &[u8], separator: u8, quote: u8) -> Result<Option<usize>, ()> {
    let mut position = 0;
    loop {
        // Here a quote opens; what follows up to the next quote is text whatever it is.
        let close = memchr(quote, &bytes[position + 1..]).ok_or(())? + position + 1;
        // Behind the closing quote the field ends, or another quote opens (two quotes are a quote in the text).
        match memchr3(separator, b'\n', quote, &bytes[close + 1..]).map(|length| close + 1 + length) {
            None => return Ok(None),
            Some(next) if bytes[next] == quote => position = next,
            Some(next) => return Ok(Some(next)),
        }
    }
}

/// Which of 64 bytes are one of two, a bit each.
#[cfg(target_arch = "x86_64")]
#[inline]
#[expect(unsafe_code, reason = "instructions that every processor of this kind has")]
fn either(block: &[u8; BLOCK], a: u8, b: u8) -> u64 {
    // SAFETY: SSE2 is a part of every 64-bit x86.
    unsafe { either_by_vectors(block, a, b) }
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse2")]
fn either_by_vectors(block: &[u8; BLOCK], a: u8, b: u8) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8};
    let (a, b) = (_mm_set1_epi8(a as i8), _mm_set1_epi8(b as i8));
    let (words, _) = block.as_chunks::<8>();
    let of = |low: [u8; 8], high: [u8; 8]| {
        let bytes = _mm_set_epi64x(i64::from_le_bytes(high), i64::from_le_bytes(low));
        let found = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
        u64::from(_mm_movemask_epi8(found) as u16)
    };
    of(words[0], words[1])
        | of(words[2], words[3]) << 16
        | of(words[4], words[5]) << 32
        | of(words[6], words[7]) << 48
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn either(block: &[u8; BLOCK], a: u8, b: u8) -> u64 {
    either_by_words(block, a, b)
}

/// The same with no other than 64-bit registers.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn either_by_words(block: &[u8; BLOCK], a: u8, b: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte that is zero.
    let zeros = |word: u64| !(((word & LOW) + LOW) | word | LOW);
    let (words, _) = block.as_chunks::<8>();
    let bits = words.iter().map(|word| {
        let word = u64::from_le_bytes(*word);
        let each = |byte: u8| u64::from(byte) * 0x0101_0101_0101_0101;
        let found = zeros(word ^ each(a)) | zeros(word ^ each(b));
        // The eight high bits side by side.
        (found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    });
    bits.enumerate()
        .fold(0, |all, (index, bits)| all | bits << (8 * index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A plain reading of the same rules, letter by letter: ends of fields, and whether a line ends there.
    fn reference(text: &[u8]) -> (Vec<(usize, bool)>, bool) {
        let (mut ends, mut in_quotes, mut quoted, mut start) = (Vec::new(), false, false, 0);
        for (at, byte) in text.iter().enumerate() {
            if at == start {
                quoted = false;
            }
            match byte {
                b'"' if at == start || quoted => {
                    quoted = true;
                    in_quotes = !in_quotes;
                }
                b',' | b'\n' if !in_quotes => {
                    ends.push((at, *byte == b'\n'));
                    start = at + 1;
                }
                _ => {}
            }
        }
        (ends, in_quotes)
    }

    proptest! {
        #[test]
        fn fields_end_where_the_plain_reading_says(text in proptest::collection::vec(
            proptest::sample::select(b"abcd,\"\n\r ".to_vec()), 0..300)
        ) {
            let marks = Marks { separator: b',', quote: Some(b'"') };
            let mut splitter = Splitter::new(&text, marks);
            let (mut ends, mut fields) = (Vec::new(), Vec::new());
            let open = loop {
                match splitter.next(&mut fields) {
                    Split::Record { end } => {
                        ends.extend(fields.iter().map(|field| (field.end, field.end == end)));
                        prop_assert_eq!(splitter.position(), end + 1);
                    }
                    Split::Unfinished { open_quote } => {
                        // The last of them goes on to the end of the text.
                        let whole = if open_quote { &fields[..] } else { &fields[..fields.len() - 1] };
                        ends.extend(whole.iter().map(|field| (field.end, false)));
                        break open_quote;
                    }
                }
            };
            prop_assert_eq!((ends, open), reference(&text));
        }

        #[test]
        fn bytes_are_found_in_both_ways(block in prop::array::uniform32(0_u8..6), a in 0_u8..6, b in 0_u8..6) {
            let mut twice = [0; BLOCK];
            twice[..32].copy_from_slice(&block);
            twice[32..].copy_from_slice(&block.map(|byte| byte ^ 0x80));
            let expected = (0..BLOCK).filter(|at| twice[*at] == a || twice[*at] == b).fold(0, |all, at| all | 1_u64 << at);
            prop_assert_eq!(either(&twice, a, b), expected);
            prop_assert_eq!(either_by_words(&twice, a, b), expected);
        }
    }
}
