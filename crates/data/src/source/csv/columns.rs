//! Rows of a CSV file from their text to columns of their types, which a look at all of it has found.
//!
//! polars reads CSV too, and everything lazy goes through it. Where all rows or chosen ones are wanted at once this is
//! several times as fast: fields are found and numbers are read eight letters at a time, dates need no pattern, and a
//! part of the file stays in the caches until it has become columns.

use super::{
    fields::{Field, Marks, Split, Splitter},
    kind::{ColumnType, UNIT},
    layout::Layout,
    moment::Moment,
    values::{integer, real},
};
use polars::prelude::*;

/// Fields that are found before their values are read, column by column.
const BLOCK_FIELDS: usize = 8192;

/// The rows that a text holds, which is whole records of a file. `None` where it holds something else than the layout
/// says: polars may know how to read it, or can say what is wrong.
/// Values are read of the columns with the numbers `wanted` alone, which are given in that order.
pub(super) fn frame(text: &[u8], layout: &Layout, wanted: &[usize]) -> Option<DataFrame> {
    let text = std::str::from_utf8(text).ok()?;
    let bytes = text.as_bytes();
    let width = layout.columns.len();
    let nulls = NullTexts::new(&layout.null_values);
    let mut columns: Vec<Column> = wanted
        .iter()
        .map(|number| Column::new(&layout.columns[*number].1))
        .collect();
    let mut records = Splitter::new(bytes, layout.marks);
    let mut fields = Vec::with_capacity(BLOCK_FIELDS + width);
    let (mut rows, mut at_end) = (0, bytes.is_empty());
    while !at_end {
        let (before, start) = (fields.len(), records.position());
        let end = match records.append(&mut fields) {
            Split::Record { end } => end + 1,
            Split::Unfinished { open_quote: false } => bytes.len(),
            Split::Unfinished { open_quote: true } => return None,
        };
        at_end = end >= bytes.len();
        if width > 1 && matches!(&bytes[start..end], b"" | b"\n" | b"\r\n" | b"\r") {
            // Blank lines behind the last row.
            fields.truncate(before);
        } else if fields.len() - before == width {
            rows += 1;
        } else {
            return None;
        }
        if fields.len() >= BLOCK_FIELDS || at_end {
            for (number, column) in wanted.iter().zip(&mut columns) {
                let of_column = fields.chunks_exact(width).map(|row: &[Field]| &row[*number]);
                column.add(text, of_column, layout.marks, &nulls)?;
            }
            fields.clear();
        }
    }
    let series = columns.into_iter().zip(wanted).map(|(column, number)| {
        let (name, kind) = &layout.columns[*number];
        column.series(name.clone(), kind).into_column()
    });
    DataFrame::new(rows, series.collect()).ok()
}

/// Texts that mean "no value".
struct NullTexts<'a> {
    texts: &'a [String],
    /// By their first letter: nearly all values are told by this.
    firsts: [bool; 256],
}

impl<'a> NullTexts<'a> {
    fn new(texts: &'a [String]) -> Self {
        let mut firsts = [false; 256];
        let letters = texts.iter().filter_map(|text| text.as_bytes().first());
        letters.for_each(|first| firsts[usize::from(*first)] = true);
        Self { texts, firsts }
    }

    #[inline]
    fn has(&self, value: &[u8]) -> bool {
        value.first().is_none_or(|first| self.firsts[usize::from(*first)])
            && self.texts.iter().any(|text| text.as_bytes() == value)
    }
}

/// The values of a column so far.
enum Column {
    Integers(PrimitiveChunkedBuilder<Int64Type>),
    Reals {
        values: PrimitiveChunkedBuilder<Float64Type>,
        point: u8,
    },
    Booleans(BooleanChunkedBuilder),
    Days(PrimitiveChunkedBuilder<Int32Type>),
    Micros(PrimitiveChunkedBuilder<Int64Type>),
    Texts(StringChunkedBuilder),
}

impl Column {
    fn new(kind: &ColumnType) -> Self {
        let name = PlSmallStr::EMPTY;
        match kind {
            ColumnType::Plain(DataType::Int64) => Self::Integers(PrimitiveChunkedBuilder::new(name, 0)),
            ColumnType::Plain(DataType::Float64) => Self::Reals {
                values: PrimitiveChunkedBuilder::new(name, 0),
                point: b'.',
            },
            ColumnType::CommaReal => Self::Reals {
                values: PrimitiveChunkedBuilder::new(name, 0),
                point: b',',
            },
            ColumnType::Plain(DataType::Boolean) => Self::Booleans(BooleanChunkedBuilder::new(name, 0)),
            ColumnType::Date => Self::Days(PrimitiveChunkedBuilder::new(name, 0)),
            ColumnType::Datetime { .. } => Self::Micros(PrimitiveChunkedBuilder::new(name, 0)),
            ColumnType::Plain(_) => Self::Texts(StringChunkedBuilder::new(name, 0)),
        }
    }

    /// Adds the values of some fields; `None` when one isn't of the column's type.
    fn add<'a>(
        &mut self,
        text: &str,
        fields: impl Iterator<Item = &'a Field>,
        marks: Marks,
        nulls: &NullTexts<'_>,
    ) -> Option<()> {
        let bytes = text.as_bytes();
        // polars leaves out a carriage return at the end of any field.
        let places = fields.map(|field| (field.text(bytes, marks.quote, true), field));
        macro_rules! add {
            ($values:expr, $read:expr) => {
                for (place, _) in places {
                    if place.is_empty() || nulls.has(&bytes[place.clone()]) {
                        $values.append_null();
                    } else {
                        $values.append_value($read(place)?);
                    }
                }
            };
        }
        match self {
            Self::Integers(values) => add!(values, |place| integer(bytes, place)),
            Self::Reals { values, point } => add!(values, |place| real(bytes, place, *point)),
            Self::Booleans(values) => add!(values, |place| truth(&bytes[place])),
            Self::Days(values) => add!(values, |place| Some(Moment::of(&bytes[place])?.days())),
            Self::Micros(values) => add!(values, |place| Some(Moment::of(&bytes[place])?.micros())),
            Self::Texts(values) => {
                let mut unescaped = String::new();
                for (place, field) in places {
                    let is_null = if field.quoted {
                        nulls.has(&bytes[place.clone()])
                    } else {
                        place.is_empty() || nulls.has(&bytes[place.clone()])
                    };
                    if is_null {
                        values.append_null();
                        continue;
                    }
                    let value = text.get(place.clone())?;
                    match marks.quote.filter(|_| field.quoted) {
                        // Something stands behind the closing quote.
                        Some(_) if place.start == field.start => return None,
                        Some(quote) if value.as_bytes().contains(&quote) => {
                            unescape(value, char::from(quote), &mut unescaped);
                            values.append_value(&unescaped);
                        }
                        _ => values.append_value(value),
                    }
                }
            }
        }
        Some(())
    }

    fn series(self, name: PlSmallStr, kind: &ColumnType) -> Series {
        let series = match self {
            Self::Integers(values) => values.finish().into_series(),
            Self::Reals { values, .. } => values.finish().into_series(),
            Self::Booleans(values) => values.finish().into_series(),
            Self::Days(values) => values.finish().into_date().into_series(),
            Self::Micros(values) => {
                let zone = match kind.dtype() {
                    DataType::Datetime(_, zone) => zone,
                    _ => None,
                };
                values.finish().into_datetime(UNIT, zone).into_series()
            }
            Self::Texts(values) => values.finish().into_series(),
        };
        series.with_name(name)
    }
}

fn truth(value: &[u8]) -> Option<bool> {
    if value.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else {
        value.eq_ignore_ascii_case(b"false").then_some(false)
    }
}

/// A quoted text with one quote for two; one that stands alone is left out, as polars does.
fn unescape(text: &str, quote: char, into: &mut String) {
    into.clear();
    let mut after_quote = false;
    for letter in text.chars() {
        if letter != quote || after_quote {
            into.push(letter);
            after_quote = false;
        } else {
            after_quote = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Cancel,
        source::{
            content::Content,
            csv::scan::{self, Rules, Scanned},
        },
    };
    use aloft_spec::source::Ragged;
    use proptest::prelude::*;

    fn rules(separator: u8) -> Rules {
        Rules {
            marks: Marks {
                separator,
                quote: Some(b'"'),
            },
            header: true,
            null_values: None,
            comma: separator != b',',
            ragged: Ragged::Error,
            record_bytes: 10,
        }
    }

    /// What a look at all of a text finds, and its rows.
    fn layout(text: &str, rules: &Rules) -> Option<(Layout, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        std::fs::write(&file, text).unwrap();
        let content = Content::File(file.clone());
        let scanned: Scanned = scan::scan(&file, &content, rules, &Cancel::new()).ok()?;
        let rows = text.split_once('\n').unwrap().1.as_bytes().to_vec();
        Some((Layout::new(content, rules, &scanned), rows))
    }

    fn all(layout: &Layout) -> Vec<usize> {
        (0..layout.columns.len()).collect()
    }

    /// Columns of one kind each, with some texts that mean nothing.
    fn text(separator: char) -> impl Strategy<Value = String> {
        let column = prop_oneof![
            Just("-?[0-9]{1,20}| [0-9]|\\+7"),
            Just("-?[0-9]{1,9}(\\.[0-9]{1,12})?|[0-9]e-?[0-9]{1,2}|inf"),
            Just("-?[0-9]{1,3}[.,][0-9]{1,3}"),
            Just("[Tt]rue|FALSE"),
            Just("20[0-9]{2}-0[1-9]-[12][0-9]"),
            Just("19[0-9]{2}-1[0-2]-0[1-9]T[01][0-9]:[0-5][0-9]"),
            Just("20[0-9]{2}-1[0-2]-0[1-9] [01][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?"),
            Just("20[0-9]{2}-1[0-2]-0[1-9] [01][0-9]:[0-5][0-9]:[0-5][0-9](Z|[+-]0[0-9]:?30)"),
            Just("[a-dé ]{1,20}|\"[a-c,;\n]{0,9}(\"\"[é\"]?\")?\"|\"\"|x\r|[ab]\"[c\"]"),
        ];
        let columns = prop::collection::vec(column, 2..5);
        columns.prop_flat_map(move |columns| {
            let values: Vec<_> = columns
                .iter()
                .map(|column| prop_oneof![8 => *column, 1 => "(NA|-|)", 1 => "\"(NA|1|)\""])
                .collect();
            let names: Vec<String> = (0..columns.len()).map(|number| format!("c{number}")).collect();
            let rows = prop::collection::vec((values, prop_oneof![Just("\n"), Just("\r\n")]), 1..40);
            (Just(names), rows).prop_map(move |(names, rows)| {
                let join = |fields: &[String]| fields.join(&separator.to_string());
                let rows = rows.iter().map(|(fields, end)| join(fields) + end);
                join(&names) + "\n" + &rows.collect::<String>()
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn rows_are_those_that_polars_reads(comma in text(','), semicolon in text(';')) {
            for (text, separator) in [(comma, b','), (semicolon, b';')] {
                let Some((layout, rows)) = layout(&text, &rules(separator)) else {
                    continue;
                };
                // Where this can't read a text, polars does.
                let (Some(ours), Ok(theirs)) = (frame(&rows, &layout, &all(&layout)), layout.parse_by_polars(rows.clone())) else {
                    continue;
                };
                prop_assert_eq!(ours.schema(), theirs.schema());
                prop_assert!(ours.equals_missing(&theirs), "{text}\n{ours:?}\n{theirs:?}");
            }
        }
    }

    #[test]
    fn values_have_the_types_of_their_columns() {
        let text = "n,x,when,day,yes,note\n\
                    1,-0.5,2013-01-31 10:00:00,2013-01-31,true,\"two \"\"words\"\"\"\n\
                    NA,12,,2012-02-29,FALSE,\"\"\n\
                    -9223372036854775807,1e3,2013-01-31 10:00:00.5,,,a\n";
        let (layout, rows) = layout(text, &rules(b',')).unwrap();
        let ours = frame(&rows, &layout, &all(&layout)).unwrap();
        let dtypes: Vec<String> = ours.dtypes().iter().map(ToString::to_string).collect();
        assert_eq!(dtypes, ["i64", "f64", "datetime[μs]", "date", "bool", "str"]);
        assert!(ours.equals_missing(&layout.parse_by_polars(rows).unwrap()));
        assert_eq!(
            ours.column("note").unwrap().str().unwrap().get(0),
            Some("two \"words\"")
        );
        assert_eq!(ours.column("note").unwrap().str().unwrap().get(1), Some(""));
        assert!(frame(b"1,2\n", &layout, &all(&layout)).is_none());
        assert!(
            frame(
                b"1,2,2013-01-31 10:00:00,2013-01-31,yes,a\n",
                &layout,
                &all(&layout)
            )
            .is_none()
        );
    }
}
