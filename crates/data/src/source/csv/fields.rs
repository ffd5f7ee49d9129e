//! Where the fields of a record end: 64 bytes at a time.
//!
//! The rules are those of RFC 4180, read as polars reads them: a field that begins with a quote ends at a separator or
//! a line feed outside quotes; in any other field a quote is a letter like others. Separator and quote can be others.

use memchr::{memchr, memchr3};
use std::ops::Range;

const BLOCK: usize = u64::BITS as usize;
/// Blocks that are looked through at once.
const BLOCKS: usize = 16;
const WINDOW: usize = BLOCK * BLOCKS;

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
    /// No record is as long as 4 GB.
    length: u32,
    pub quoted: bool,
}

impl Field {
    #[inline]
    pub(super) fn end(self) -> usize {
        self.start + self.length as usize
    }

    /// The place of its text: see [`text`].
    #[inline]
    pub(super) fn text(self, bytes: &[u8], quote: Option<u8>, is_last: bool) -> Range<usize> {
        text(bytes, self.start..self.end(), quote, is_last)
    }
}

/// The place of a field's text: without the quotes around it, and without the carriage return of the line's end if it is
/// the last of its record. Doubled quotes within stay.
#[inline]
pub(super) fn text(bytes: &[u8], field: Range<usize>, quote: Option<u8>, is_last: bool) -> Range<usize> {
    let Range { start, mut end } = field;
    if is_last && end > start && bytes[end - 1] == b'\r' {
        end -= 1;
    }
    match quote {
        Some(quote) if end > start + 1 && bytes[start] == quote && bytes[end - 1] == quote => {
            start + 1..end - 1
        }
        _ => start..end,
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
    /// The first byte of the blocks that were looked through.
    window: usize,
    /// The separators and line feeds in each of these, a bit each.
    found: [u64; BLOCKS],
    /// The one of these blocks that is looked at.
    block: usize,
    /// The separators and line feeds of it that weren't passed yet.
    ends: u64,
    /// Fields in quotes so far.
    quoted: usize,
}

impl<'a> Splitter<'a> {
    pub(super) fn new(bytes: &'a [u8], marks: Marks) -> Self {
        let mut splitter = Self {
            bytes,
            marks,
            position: 0,
            window: 0,
            found: [0; BLOCKS],
            block: 0,
            ends: 0,
            quoted: 0,
        };
        splitter.look_through(0);
        splitter
    }

    /// How many fields so far were in quotes.
    pub(super) fn quoted(&self) -> usize {
        self.quoted
    }

    /// Where the next record begins.
    #[inline]
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
                Some(quote) => {
                    self.quoted += 1;
                    match end_of_quoted(&self.bytes[start..], self.marks.separator, quote) {
                        Err(()) => return Split::Unfinished { open_quote: true },
                        Ok(None) => None,
                        Ok(Some(length)) => {
                            self.go_to(start + length + 1);
                            Some(start + length)
                        }
                    }
                }
            };
            fields.push(Field {
                start,
                length: (end.unwrap_or(self.bytes.len()) - start) as u32,
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

    /// Finds the fields of the next record, if they are as many as there are `places` but one, and it ends at a line feed:
    /// where each begins, and one place behind the end of the last. Anything else isn't passed, and is left to
    /// [`Self::append`].
    #[inline]
    pub(super) fn row(&mut self, places: &mut [usize]) -> bool {
        let found = self.find_row(places);
        if !found {
            self.go_to(self.position);
        }
        found
    }

    #[inline]
    fn find_row(&mut self, places: &mut [usize]) -> bool {
        let Some((behind, starts)) = places.split_last_mut() else {
            return false;
        };
        let (mut start, width) = (self.position, starts.len());
        for (number, place) in starts.iter_mut().enumerate() {
            *place = start;
            let end = match self.marks.quote {
                Some(quote) if self.bytes.get(start) == Some(&quote) => {
                    self.quoted += 1;
                    match end_of_quoted(&self.bytes[start..], self.marks.separator, quote) {
                        Ok(Some(length)) => {
                            self.go_to(start + length + 1);
                            start + length
                        }
                        _ => return false,
                    }
                }
                _ => match self.next_end() {
                    Some(end) => end,
                    None => return false,
                },
            };
            start = end + 1;
            if (self.bytes[end] == b'\n') != (number + 1 == width) {
                return false;
            }
        }
        *behind = start;
        self.position = start;
        true
    }

    /// The next separator or line feed.
    #[inline]
    fn next_end(&mut self) -> Option<usize> {
        while self.ends == 0 {
            self.block += 1;
            if self.block < BLOCKS {
                self.ends = self.found[self.block];
            } else if self.window + WINDOW < self.bytes.len() {
                self.look_through(self.window + WINDOW);
            } else {
                return None;
            }
        }
        let end = self.window + self.block * BLOCK + self.ends.trailing_zeros() as usize;
        self.ends &= self.ends - 1;
        Some(end)
    }

    /// Goes on with the first separator or line feed from a position on.
    fn go_to(&mut self, position: usize) {
        if !(self.window..self.window + WINDOW).contains(&position) {
            self.look_through(position - position % WINDOW);
        }
        self.block = position % WINDOW / BLOCK;
        self.ends = self.found[self.block] & !0 << (position % BLOCK);
    }

    /// Looks for ends of fields in the bytes from `window` on, which is a multiple of its length.
    fn look_through(&mut self, window: usize) {
        let rest = self.bytes.get(window..).unwrap_or_default();
        match rest.first_chunk() {
            Some(bytes) => either(bytes, self.marks.separator, b'\n', &mut self.found),
            None => {
                let mut bytes = [0; WINDOW];
                bytes[..rest.len()].copy_from_slice(rest);
                either(&bytes, self.marks.separator, b'\n', &mut self.found);
                // A separator may be any byte, also zero.
                self.found[rest.len() / BLOCK] &= (1 << (rest.len() % BLOCK)) - 1;
                self.found[rest.len() / BLOCK + 1..].fill(0);
            }
        }
        (self.window, self.block, self.ends) = (window, 0, self.found[0]);
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

/// Which bytes are one of two, a bit each.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "instructions of the processor, which are only used where it has them"
)]
fn either(bytes: &[u8; WINDOW], a: u8, b: u8, found: &mut [u64; BLOCKS]) {
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { either_by_vectors(bytes, a, b, found) }
    } else {
        either_by_words(bytes, a, b, found);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn either_by_vectors(bytes: &[u8; WINDOW], a: u8, b: u8, found: &mut [u64; BLOCKS]) {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi8,
    };
    let (a, b) = (_mm256_set1_epi8(a as i8), _mm256_set1_epi8(b as i8));
    let (words, _) = bytes.as_chunks::<8>();
    let of = |words: &[[u8; 8]]| {
        let word = |number: usize| i64::from_le_bytes(words[number]);
        let bytes = _mm256_set_epi64x(word(3), word(2), word(1), word(0));
        let found = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, a), _mm256_cmpeq_epi8(bytes, b));
        u64::from(_mm256_movemask_epi8(found) as u32)
    };
    for (words, found) in words.chunks_exact(8).zip(found) {
        *found = of(&words[..4]) | of(&words[4..]) << 32;
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn either(bytes: &[u8; WINDOW], a: u8, b: u8, found: &mut [u64; BLOCKS]) {
    either_by_words(bytes, a, b, found);
}

/// The same with no other than 64-bit registers.
fn either_by_words(bytes: &[u8; WINDOW], a: u8, b: u8, found: &mut [u64; BLOCKS]) {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // The high bit of each byte that is zero.
    let zeros = |word: u64| !(((word & LOW) + LOW) | word | LOW);
    let (words, _) = bytes.as_chunks::<8>();
    let bits = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        let each = |byte: u8| u64::from(byte) * 0x0101_0101_0101_0101;
        let found = zeros(word ^ each(a)) | zeros(word ^ each(b));
        // The eight high bits side by side.
        (found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    };
    for (words, found) in words.chunks_exact(8).zip(found) {
        let of_words = words.iter().enumerate();
        *found = of_words.fold(0, |all, (index, word)| all | bits(word) << (8 * index));
    }
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
            proptest::sample::select(b"abcd,\"\n\r ".to_vec()), 0..3000)
        ) {
            let marks = Marks { separator: b',', quote: Some(b'"') };
            let mut splitter = Splitter::new(&text, marks);
            let (mut ends, mut fields) = (Vec::new(), Vec::new());
            let open = loop {
                match splitter.next(&mut fields) {
                    Split::Record { end } => {
                        ends.extend(fields.iter().map(|field| (field.end(), field.end() == end)));
                        prop_assert_eq!(splitter.position(), end + 1);
                    }
                    Split::Unfinished { open_quote } => {
                        // The last of them goes on to the end of the text.
                        let whole = if open_quote { &fields[..] } else { &fields[..fields.len() - 1] };
                        ends.extend(whole.iter().map(|field| (field.end(), false)));
                        break open_quote;
                    }
                }
            };
            prop_assert_eq!((ends, open), reference(&text));
        }

        /// However often what is no row comes between them.
        #[test]
        fn rows_are_the_records_of_a_width(
            records in prop::collection::vec("a{0,90},\"x(\"\"|,|\n)?\",b|[ab]{0,3},[ab\"]{0,3},[a\r]{0,2}|[ab,\"]{0,9}", 0..60),
            end in "\n|",
        ) {
            let text = records.join("\n") + &end;
            let marks = Marks { separator: b',', quote: Some(b'"') };
            let (mut rows, mut records) = (Splitter::new(text.as_bytes(), marks), Splitter::new(text.as_bytes(), marks));
            let (mut places, mut fields, mut others) = ([0; 4], Vec::new(), Vec::new());
            loop {
                let split = records.next(&mut fields);
                let is_row = matches!(split, Split::Record { .. }) && fields.len() == 3;
                prop_assert_eq!(rows.row(&mut places), is_row);
                if is_row {
                    let starts: Vec<usize> = fields.iter().map(|field| field.start).chain([records.position()]).collect();
                    prop_assert_eq!(&places[..], &starts);
                } else {
                    prop_assert_eq!(rows.next(&mut others), split);
                    prop_assert_eq!(others.len(), fields.len());
                }
                prop_assert_eq!(rows.position(), records.position());
                if matches!(split, Split::Unfinished { .. }) {
                    break;
                }
            }
        }

        #[test]
        fn bytes_are_found_in_both_ways(bytes in prop::collection::vec(0_u8..6, WINDOW), a in 0_u8..6, b in 0_u8..6) {
            let bytes: [u8; WINDOW] = std::array::from_fn(|at| bytes[at] ^ if at % 7 == 0 { 0x80 } else { 0 });
            let is_one = |at: &usize| bytes[*at] == a || bytes[*at] == b;
            let expected: [u64; BLOCKS] = std::array::from_fn(|block| {
                (0..BLOCK).filter(|at| is_one(&(block * BLOCK + at))).fold(0, |all, at| all | 1 << at)
            });
            let (mut fast, mut plain) = ([0; BLOCKS], [0; BLOCKS]);
            either(&bytes, a, b, &mut fast);
            either_by_words(&bytes, a, b, &mut plain);
            prop_assert_eq!((fast, plain), (expected, expected));
        }
    }
}
