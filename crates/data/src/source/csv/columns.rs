//! Rows of a CSV file from their text to columns of their types, which a look at all of it has found.
//!
//! polars reads CSV too, and everything lazy goes through it. Where all rows or chosen ones are wanted at once this is
//! several times as fast: fields are found and numbers are read eight letters at a time, dates need no pattern, and a
//! part of the file stays in the caches until it has become columns.

use super::{
    block::Block,
    fields::{Split, Splitter},
    kind::Kinds,
    layout::Layout,
    typed::{Column, Text},
};
use memchr::memchr_iter;
use polars::prelude::DataFrame;

/// The rows that a text holds, which is whole records of a file. `None` where it holds something else than the layout
/// says: polars may know how to read it, or can say what is wrong.
/// Values are read of the columns with the numbers `wanted` alone, which are given in that order.
pub(super) fn frame(text: &[u8], layout: &Layout, wanted: &[usize]) -> Option<DataFrame> {
    let width = layout.columns.len();
    let mut reader = Reader::new(text, layout, wanted)?;
    let mut records = Splitter::new(text, layout.marks);
    let (mut block, mut fields) = (Block::new(width), Vec::new());
    let mut at_end = text.is_empty();
    while !at_end {
        block.fill(&mut records);
        let start = records.position();
        at_end = start >= text.len();
        if !at_end && !block.is_full() {
            let end = match records.next(&mut fields) {
                Split::Record { end } => end + 1,
                Split::Unfinished { open_quote: false } => text.len(),
                Split::Unfinished { open_quote: true } => return None,
            };
            at_end = end >= text.len();
            if fields.len() == width {
                block.push(&fields);
            } else if !matches!(&text[start..end], b"" | b"\n" | b"\r\n" | b"\r") {
                return None;
            }
            // Otherwise it is a blank line behind the last row.
        }
        if block.is_full() || at_end {
            for number in wanted {
                reader.add(*number, &block);
            }
            reader.rows += block.rows();
            block.clear();
        }
    }
    reader.frame()
}

/// Reads some columns of a text, the rows of which are found by who asks for it.
pub(super) struct Reader<'a> {
    layout: &'a Layout,
    wanted: &'a [usize],
    text: Text<'a>,
    /// By their numbers, those that are wanted; none of them once one couldn't be read.
    columns: Vec<Option<Column>>,
    /// How many rows were added to each.
    pub rows: usize,
}

impl<'a> Reader<'a> {
    /// `None` where the text isn't UTF-8.
    pub(super) fn new(text: &'a [u8], layout: &'a Layout, wanted: &'a [usize]) -> Option<Self> {
        let likely = memchr_iter(b'\n', text).count() + 1;
        let text = std::str::from_utf8(text).ok()?;
        let mut columns: Vec<Option<Column>> = layout.columns.iter().map(|_| None).collect();
        for number in wanted {
            columns[*number] = Some(Column::new(&layout.columns[*number].1, likely));
        }
        Some(Self {
            layout,
            wanted,
            text: Text::new(text, layout.marks.quote, &layout.null_values),
            columns,
            rows: 0,
        })
    }

    /// Adds the next rows of a column.
    pub(super) fn add(&mut self, number: usize, block: &Block) {
        if let Some(column) = &mut self.columns[number]
            && column.add(&self.text, block.column(number)).is_none()
        {
            self.columns.fill_with(|| None);
        }
    }

    /// The same, with the kinds of their values; see [`Column::add_noting`]. False where that isn't done.
    pub(super) fn add_noting(
        &mut self,
        number: usize,
        block: &Block,
        kinds: &mut Kinds,
        note: impl FnMut(&mut Kinds, &[u8]),
    ) -> bool {
        let Some(column) = self.columns[number].as_mut().filter(|_| self.text.is_plain()) else {
            return false;
        };
        if column
            .add_noting(&self.text, block.column(number), kinds, note)
            .is_none()
        {
            self.columns.fill_with(|| None);
        }
        true
    }

    /// All rows, if they could be read.
    pub(super) fn frame(mut self) -> Option<DataFrame> {
        let series = self.wanted.iter().map(|number| {
            let (name, kind) = &self.layout.columns[*number];
            let column = self.columns[*number].take()?;
            Some(column.series(name.clone(), kind).into())
        });
        DataFrame::new(self.rows, series.collect::<Option<_>>()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Cancel,
        source::{
            content::Content,
            csv::{
                fields::Marks,
                rules::Rules,
                scan::{self, Scanned},
            },
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
            only_comma: false,
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
