//! One pass over all records of a CSV file: its columns, their types, what means "no value", and rows that don't fit.
//!
//! The file is cut into pieces, which threads look at side by side ([`Pieces`], [`Findings`]) and join in their order.
//! Where a piece turns out to begin within a record, it is looked at again from that record's beginning on.

use super::{
    findings::Findings,
    guess::Guess,
    header::Head,
    index::{Index, Part},
    kind::{ColumnType, Kinds},
    pieces::{self, Piece, Pieces},
    records::{LONGEST_RECORD, Record, RecordError, Records},
    rules::Rules,
};
use crate::{
    Cancel,
    error::{DataError, RaggedRow, Result},
    in_order::{Stages, in_stages},
    source::content::Content,
};
use aloft_spec::source::Ragged;
use polars::prelude::{DataFrame, DataType, PlSmallStr};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, Read},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// What was found in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Scanned {
    pub names: Vec<String>,
    pub kinds: Vec<Kinds>,
    /// Rows that are read: all, those that are skipped left out.
    pub rows: u64,
    pub null_values: Vec<String>,
    /// How many rows have another number of fields than the header, and the first of them.
    pub ragged: u64,
    pub ragged_rows: Vec<RaggedRow>,
    /// Blank lines behind the last row, which polars would take for rows.
    pub trailing_blanks: bool,
    /// Where the rows are.
    pub index: Index,
}

impl Scanned {
    /// Of the findings in all records behind the header.
    pub(super) fn new(names: Vec<String>, found: Findings, comma: bool, index: Index) -> Self {
        let is_text = |kinds: Kinds| kinds.column_type(comma) == ColumnType::Plain(DataType::String);
        Self {
            names,
            null_values: found.nulls.texts(|column| !is_text(found.kinds[column])),
            kinds: found.kinds,
            rows: found.rows,
            ragged: found.ragged.count,
            ragged_rows: found.ragged.first,
            trailing_blanks: found.blanks.count > 0,
            index,
        }
    }

    /// Names and types of the columns. Where numbers have a comma before the fraction, a point may as well stand between
    /// thousands: such a column is text.
    pub(super) fn columns(&self, rules: &Rules) -> Vec<(PlSmallStr, ColumnType)> {
        let types = || self.kinds.iter().map(|kinds| kinds.column_type(rules.comma));
        let comma = rules.only_comma || types().any(|kind| kind == ColumnType::CommaReal);
        let types = types().map(|kind| match kind {
            ColumnType::Plain(DataType::Float64) if comma => ColumnType::Plain(DataType::String),
            kind => kind,
        });
        self.names.iter().map(PlSmallStr::from).zip(types).collect()
    }

    /// Columns whose numbers have a point among those with a comma.
    pub(super) fn pointed(&self, rules: &Rules) -> Vec<&str> {
        let columns = self.columns(rules);
        let kinds = self.kinds.iter().map(|kinds| kinds.column_type(rules.comma));
        let changed = self.names.iter().zip(columns.iter().zip(kinds));
        changed
            .filter(|(_, ((_, read), found))| read != found)
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

/// Why a scan ended early.
#[derive(Debug)]
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
    scan_pieces(file, content, rules, pieces::LENGTH, None, cancel)
}

/// The same, while rows are read as `guess` has it and looked at. Where it doesn't hold for all of the file, that ends.
pub(super) fn scan_and_profile(
    file: &Path,
    content: &Content,
    rules: &Rules,
    guess: &Guess<'_>,
    cancel: &Cancel,
) -> std::result::Result<Scanned, Failed> {
    scan_pieces(file, content, rules, pieces::LENGTH, Some(guess), cancel)
}

fn scan_pieces(
    file: &Path,
    content: &Content,
    rules: &Rules,
    length: usize,
    guess: Option<&Guess<'_>>,
    cancel: &Cancel,
) -> std::result::Result<Scanned, Failed> {
    let head = Head::read(file, content, rules)?;
    let width = head.names.len();
    let mut reader = content.reader()?;
    io::copy(&mut reader.by_ref().take(head.bytes), &mut io::sink())
        .map_err(|error| DataError::decompressing(file, &error))?;
    let pieces = Pieces::new(reader, rules.marks, width, length);
    let plain = content.plain()?;
    let stride = match &plain {
        Some(plain) => Index::stride(plain.bytes / rules.record_bytes),
        None => u64::MAX,
    };
    let look = Look {
        file,
        width,
        stride,
        rules,
        guess,
        cancel,
    };
    let mut joined = look.at_all(pieces, &head)?;
    let ragged = &mut joined.found.ragged;
    if rules.ragged == Ragged::Error && ragged.count > 0 {
        return Err(Failed::Error(DataError::Ragged {
            file: file.to_owned(),
            rows: std::mem::take(&mut ragged.first),
            count: ragged.count,
            expected: width,
        }));
    }
    let index = Index {
        first: plain.map_or(0, |plain| plain.mark_bytes) + head.bytes,
        stride,
        parts: joined.parts,
    };
    Ok(Scanned::new(head.names, joined.found, rules.comma, index))
}

/// Pieces that were looked at, joined as far as all before them were.
struct Joined<'a> {
    look: &'a Look<'a>,
    found: Findings,
    parts: Vec<Part>,
    /// The beginning of a record that goes on in the next piece, and the bytes before it.
    open: Vec<u8>,
    open_offset: u64,
}

/// What was found in bytes, and how many of them were looked at.
type Looked = std::result::Result<(Findings, usize), Failed>;

/// How bytes are looked at.
struct Look<'a> {
    file: &'a Path,
    width: usize,
    stride: u64,
    rules: &'a Rules,
    guess: Option<&'a Guess<'a>>,
    cancel: &'a Cancel,
}

impl Look<'_> {
    fn at(&self, bytes: &[u8], is_last: bool) -> Looked {
        Findings::of(bytes, is_last, self.width, self.stride, self.rules, self.cancel)
    }

    /// The same of a piece, and its rows as long as the guess of their layout holds.
    fn at_rows(&self, piece: &Piece) -> (Looked, Option<DataFrame>) {
        let Some(mut reader) = self.guess.and_then(|guess| guess.reader(&piece.bytes)) else {
            return (self.at(&piece.bytes, piece.is_last), None);
        };
        let looked = Findings::reading(
            &piece.bytes,
            piece.is_last,
            self.width,
            self.stride,
            self.rules,
            Some(&mut reader),
            self.cancel,
        );
        let rows = if looked.is_ok() { reader.frame() } else { None };
        (looked, rows)
    }

    /// Looks at all pieces; those that begin behind the header, whose lines are counted before theirs.
    fn at_all<R: Read + Send>(
        &self,
        mut pieces: Pieces<R>,
        head: &Head,
    ) -> std::result::Result<Joined<'_>, Failed> {
        let mut found = Findings::new(self.width, self.rules);
        found.lines = head.lines;
        let mut joined = Joined {
            look: self,
            found,
            parts: Vec::new(),
            open: Vec::new(),
            open_offset: 0,
        };
        // The memory of pieces that were joined, for later ones.
        let spare: Mutex<Vec<Vec<u8>>> = Mutex::default();
        let spare = || spare.lock().unwrap_or_else(PoisonError::into_inner);
        in_stages(
            || {
                let memory = spare().pop().unwrap_or_default();
                let next = pieces.next(memory);
                next.map_err(|error| Failed::from(DataError::decompressing(self.file, &error)))
            },
            |piece| {
                let looked = self.at_rows(&piece);
                (piece, looked)
            },
            |(piece, (looked, rows))| {
                let begins_a_row = joined.open.is_empty();
                joined.add(&piece, looked)?;
                spare().push(piece.bytes);
                match self.guess {
                    Some(guess) => Ok(guess.begin(rows.filter(|_| begins_a_row))?),
                    None => Ok(None),
                }
            },
            self.guess.map_or(Stages::NONE, Guess::stages),
            |stage, batch| match (self.guess, batch) {
                (Some(guess), Some(batch)) => Ok(guess.add(stage, batch)?),
                _ => Ok(()),
            },
        )?;
        if !joined.open.is_empty() {
            return Err(Failed::Error(open_quote(self.file, joined.found.lines + 1)));
        }
        Ok(joined)
    }
}

impl Joined<'_> {
    /// Joins a piece to those before it.
    fn add(&mut self, piece: &Piece, looked: Looked) -> std::result::Result<(), Failed> {
        let (offset, bytes, looked) = if self.open.is_empty() {
            (piece.offset, None, looked)
        } else {
            // The guess was wrong: it begins within a record.
            let mut bytes = std::mem::take(&mut self.open);
            bytes.extend_from_slice(&piece.bytes);
            let looked = self.look.at(&bytes, piece.is_last);
            (self.open_offset, Some(bytes), looked)
        };
        let lines = self.found.lines;
        let (found, length) = looked.map_err(|failed| match failed {
            Failed::NotUtf8 { line, bytes } => Failed::NotUtf8 {
                line: line + lines,
                bytes,
            },
            failed => failed,
        })?;
        self.found.append(&found);
        self.parts.push(Part {
            offset,
            bytes: length as u64,
            rows: found.rows,
            starts: found.starts,
        });
        let bytes = bytes.as_deref().unwrap_or(&piece.bytes);
        if bytes.len() - length > LONGEST_RECORD {
            return Err(Failed::Error(open_quote(self.look.file, self.found.lines + 1)));
        }
        self.open.extend_from_slice(&bytes[length..]);
        self.open_offset = offset + length as u64;
        Ok(())
    }
}

/// The next of some records, with an error that names the file.
pub(super) fn next<'a, R: Read>(records: &'a mut Records<R>, file: &Path) -> Result<Option<Record<'a>>> {
    records.next().map_err(|error| match error {
        RecordError::Read(error) => DataError::decompressing(file, &error),
        RecordError::OpenQuote(line) => open_quote(file, line),
    })
}

fn open_quote(file: &Path, line: usize) -> DataError {
    DataError::unreadable_at(
        file,
        line,
        "a quote opens in this row and is never closed",
        "close it, double a quote that belongs to the text, or set `quote = \"\"` where quotes are letters",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        parts::Parts,
        profile::{self, Running},
        source::csv::{
            fields::Marks,
            findings::RaggedRows,
            layout::Layout,
            nulls::{Meaning, Nulls},
        },
    };
    use proptest::prelude::*;

    /// The same, record by record.
    fn reference(content: &Content, rules: &Rules) -> std::result::Result<Scanned, Failed> {
        let file = Path::new("t.csv");
        let head = Head::read(file, content, rules)?;
        let width = head.names.len();
        let mut kinds = vec![Kinds::default(); width];
        let mut nulls = Nulls::new(None, width);
        let (mut rows, mut blanks) = (0, Vec::new());
        let mut ragged: Vec<RaggedRow> = Vec::new();
        let mut records = Records::new(content.reader()?, rules.marks);
        next(&mut records, file)?;
        let mut next_line = head.lines + 1;
        while let Some(record) = next(&mut records, file)? {
            let line = next_line;
            next_line += 1 + memchr::memchr_iter(b'\n', record.bytes).count();
            if record.is_blank() && width > 1 {
                blanks.push(RaggedRow { line, fields: 0 });
                continue;
            }
            ragged.append(&mut blanks);
            if record.len() != width {
                ragged.push(RaggedRow {
                    line,
                    fields: record.len(),
                });
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
        let found = Findings {
            rows,
            kinds,
            nulls,
            ragged: RaggedRows {
                count: ragged.len() as u64,
                first: ragged.into_iter().take(5).collect(),
            },
            blanks: RaggedRows {
                count: blanks.len() as u64,
                first: blanks,
            },
            ..Findings::new(width, rules)
        };
        Ok(Scanned::new(head.names, found, rules.comma, Index::default()))
    }

    fn rules(ragged: Ragged) -> Rules {
        Rules {
            marks: Marks {
                separator: b',',
                quote: Some(b'"'),
            },
            header: true,
            null_values: None,
            comma: false,
            only_comma: false,
            ragged,
            record_bytes: 10,
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let value = prop_oneof![
            "[0-9]{0,4}",
            Just("NA".to_owned()),
            "-?[0-9.]{1,9}",
            "\"[ab,\n]{0,6}(\"\"x)?\"",
            "[ab\" ]{0,3}"
        ];
        let fields = prop_oneof![9 => Just(3_usize), 1 => 0..5_usize];
        let row = fields.prop_flat_map(move |fields| prop::collection::vec(value.clone(), fields));
        let end = prop_oneof![Just("\n"), Just("\r\n")];
        prop::collection::vec((row, end), 0..60).prop_map(|rows| {
            let lines = rows.into_iter().map(|(row, end)| row.join(",") + end);
            "a,\"b\nc\",d\n".to_owned() + &lines.collect::<String>()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        /// Whatever is guessed of a text, what is found in it is the same; where the guess was right, so is the profile.
        #[test]
        fn a_guess_changes_nothing(text in text(), length in 1_usize..150, known in 1_usize..9, fill: bool, given: bool) {
            let folder = tempfile::tempdir().unwrap();
            let (file, first) = (folder.path().join("t.csv"), folder.path().join("first.csv"));
            std::fs::write(&file, &text).unwrap();
            std::fs::write(&first, text.split_inclusive('\n').take(known + 2).collect::<String>()).unwrap();
            let mut rules = rules(if fill { Ragged::Fill } else { Ragged::Skip });
            rules.null_values = given.then(|| vec!["NA".to_owned(), "1".into()]);
            let (content, cancel) = (Content::File(file.clone()), Cancel::new());
            let (Ok(expected), Ok(known)) = (
                scan_pieces(&file, &content, &rules, length, None, &cancel),
                scan(&first, &Content::File(first.clone()), &rules, &cancel),
            ) else {
                return Ok(());
            };
            let layout = Layout::new(content.clone(), &rules, &known);
            let running = Running::new(&layout.schema(), 0, &cancel);
            let guess = Guess::new(&layout, &running);
            let found = scan_pieces(&file, &content, &rules, length, Some(&guess), &cancel);
            prop_assert_eq!(found.as_ref().ok(), Some(&expected));
            if guess.holds() && layout.fits(&expected, &rules) {
                let all = Layout::new(content, &rules, &expected);
                let rows = text.as_bytes()[expected.index.first as usize..].to_vec();
                let exact = profile::of_frame(&all.parse(rows, None).unwrap(), &cancel).unwrap();
                let seen = running.ended();
                prop_assert_eq!((seen.rows, seen.columns), (expected.rows, exact.0));
            }
        }

        /// However the text is cut, and whatever is guessed of its pieces, it is what it is.
        #[test]
        fn pieces_give_what_a_plain_reading_does(text in text(), length in 1_usize..150, cut in 0_usize..4, fill: bool) {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("t.csv");
            let mut bytes = text.into_bytes();
            bytes.truncate(bytes.len().saturating_sub(cut).max(9));
            std::fs::write(&file, &bytes).unwrap();
            let content = Content::File(file.clone());
            let rules = rules(if fill { Ragged::Fill } else { Ragged::Skip });
            let found = scan_pieces(&file, &content, &rules, length, None, &Cancel::new());
            match (found, reference(&content, &rules)) {
                (Ok(found), Ok(expected)) => {
                    let index = found.index.clone();
                    prop_assert_eq!(&Scanned { index: Index::default(), ..found.clone() }, &expected);
                    prop_assert_eq!(index.parts.iter().map(|part| part.rows).sum::<u64>(), found.rows);
                    if found.ragged == 0 {
                        // Any rows are found again by the index as they are in a pass over all of them.
                        let plain = Layout::new(content.clone(), &rules, &found);
                        let indexed = Layout { index: Some((file.clone(), index)), ..plain.clone() };
                        let chosen: Vec<u64> = (0..found.rows).filter(|row| (row * 7 + length as u64).is_multiple_of(3)).collect();
                        let rows = |layout: &Layout| layout.text_of_rows(&file, &chosen, &Cancel::new()).unwrap().0;
                        prop_assert_eq!(rows(&plain), rows(&indexed));
                    }
                }
                (Err(Failed::Error(found)), Err(Failed::Error(expected))) => {
                    prop_assert_eq!(found.to_string(), expected.to_string());
                }
                (found, expected) => prop_assert!(false, "{found:?}, not {expected:?}"),
            }
        }
    }
}
