//! Separator, quote and header of a CSV file, by its first lines.

use super::{
    fields::Marks,
    kind::{ColumnType, Kinds},
    nulls::{Meaning, Nulls},
    records::Records,
};
use polars::prelude::DataType;

/// Separators that are tried, the likeliest first.
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// So many records are looked at.
const MOST_RECORDS: usize = 500;

/// The fields of some records.
type Rows = Vec<Vec<Vec<u8>>>;

/// What the keys of a source say; what they don't say is found out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given {
    pub separator: Option<u8>,
    /// `Some(None)` is no quote.
    pub quote: Option<Option<u8>>,
    pub header: Option<bool>,
}

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub marks: Marks,
    pub header: bool,
}

/// The dialect of a text by its first bytes, `likely` being the separator that its ending promises. The bytes may end
/// within a record.
pub(super) fn sniff(head: &[u8], given: Given, likely: u8) -> Found {
    let separators = match given.separator {
        Some(separator) => vec![separator],
        None => {
            let others = SEPARATORS.into_iter().filter(|separator| *separator != likely);
            [likely].into_iter().chain(others).collect()
        }
    };
    let quotes = match given.quote {
        Some(quote) => vec![quote],
        None => vec![Some(b'"'), Some(b'\'')],
    };
    let mut best: Option<(f64, Marks, Rows)> = None;
    for quote in quotes {
        if given.quote.is_none() && quote == Some(b'\'') && !single_quotes(head, &separators) {
            continue;
        }
        for &separator in &separators {
            let marks = Marks { separator, quote };
            let records = records(head, marks);
            let score = score(&records, separator) + if quote == Some(b'\'') { 0.5 } else { 0.0 };
            if best.as_ref().is_none_or(|(known, _, _)| score > *known) {
                best = Some((score, marks, records));
            }
        }
    }
    let (_, marks, records) = best.unwrap_or((
        0.0,
        Marks {
            separator: likely,
            quote: Some(b'"'),
        },
        Vec::new(),
    ));
    Found {
        marks,
        header: given.header.unwrap_or_else(|| has_header(&records)),
    }
}

/// The first records, blank lines left out. One that is cut off by the end of the bytes is left out too.
fn records(head: &[u8], marks: Marks) -> Rows {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut reader = Records::new(head, marks);
    let mut all = Vec::new();
    while all.len() < MOST_RECORDS {
        match reader.next() {
            Ok(Some(record)) if record.is_blank() => {}
            Ok(Some(record)) => all.push(record.fields().map(<[u8]>::to_vec).collect()),
            Ok(None) | Err(_) => break,
        }
    }
    all
}

/// How well a separator explains the records: the share of them that has as many fields as the first (twice, it is
/// what matters most), and the share of their values that are numbers, dates or truth values. Zero for one column.
fn score(records: &[Vec<Vec<u8>>], separator: u8) -> f64 {
    let Some(width) = records.first().map(Vec::len).filter(|width| *width > 1) else {
        return 0.0;
    };
    let even = records.iter().filter(|record| record.len() == width).count();
    let even = even as f64 / records.len() as f64;
    let values = records.iter().skip(1).flatten().filter(|value| !value.is_empty());
    let (mut typed, mut count) = (0, 0);
    for value in values {
        count += 1;
        typed += usize::from(is_typed(value, separator));
    }
    2.0 * even * even
        + if count > 0 {
            f64::from(typed as u32) / f64::from(count)
        } else {
            0.0
        }
}

fn is_typed(value: &[u8], separator: u8) -> bool {
    let mut kinds = Kinds::default();
    kinds.add(value);
    kinds.column_type(separator != b',') != ColumnType::Plain(DataType::String)
}

/// Whether single quotes stand around fields: all fields that begin with one end with one, and no field begins with a
/// double quote.
fn single_quotes(head: &[u8], separators: &[u8]) -> bool {
    let is_edge = |byte: Option<&u8>| {
        byte.is_none_or(|byte| separators.contains(byte) || matches!(byte, b'\n' | b'\r'))
    };
    let mut fields = 0;
    let mut open = false;
    for (index, byte) in head.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| head.get(before));
        match byte {
            b'"' if !open && is_edge(before) => return false,
            b'\'' if !open && is_edge(before) => open = true,
            b'\'' if open && is_edge(head.get(index + 1)) => {
                open = false;
                fields += 1;
            }
            b'\n' if open => return false,
            _ => {}
        }
    }
    fields >= 2 && !open
}

/// Whether the first record names the columns: it does unless it looks like the others, which means that some column
/// holds numbers, dates or truth values, and each such column does so in the first record as well. A row of years is
/// taken for names.
fn has_header(records: &[Vec<Vec<u8>>]) -> bool {
    let Some((first, rest)) = records.split_first() else {
        return true;
    };
    let typed = |value: &[u8]| is_typed(value, 0);
    let named = first.iter().filter(|value| !typed(value)).count();
    if named == first.len() || are_years(first) {
        return true;
    }
    if rest.is_empty() {
        return named > 0;
    }
    (0..first.len()).any(|column| {
        let mut kinds = Kinds::default();
        let mut nulls = Nulls::new(None, 1);
        for value in rest.iter().filter_map(|record| record.get(column)) {
            if nulls.meet(0, value) == Meaning::Value {
                kinds.add(value);
            }
        }
        let is_text = kinds.column_type(true) == ColumnType::Plain(DataType::String);
        let above = &first[column];
        !is_text && !typed(above) && Nulls::new(None, 1).meet(0, above) == Meaning::Value
    })
}

/// Three or more different years, as the columns of a table of years have them.
fn are_years(record: &[Vec<u8>]) -> bool {
    let mut years: Vec<u32> = record
        .iter()
        .filter_map(|value| std::str::from_utf8(value).ok()?.parse().ok())
        .filter(|year| (1900..=2100).contains(year))
        .collect();
    let count = years.len();
    years.sort_unstable();
    years.dedup();
    count >= 3 && years.len() == count && record.len() - count <= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (char, Option<char>, bool) {
        let found = sniff(text.as_bytes(), Given::default(), b',');
        (
            char::from(found.marks.separator),
            found.marks.quote.map(char::from),
            found.header,
        )
    }

    #[test]
    fn separators_are_those_that_explain_the_rows() {
        let quote = Some('"');
        assert_eq!(found("a,b\n1,2\n"), (',', quote, true));
        assert_eq!(found("a;b;c\n1,5;2,5;x\n2,5;3,5;y\n"), (';', quote, true));
        assert_eq!(found("1,5;2,5;3\n2,5;3,5;4\n"), (';', quote, false));
        assert_eq!(found("a\tb\nx, y\t1\nz, w\t2\n"), ('\t', quote, true));
        assert_eq!(found("a|b|c\n1|2|3\n"), ('|', quote, true));
        assert_eq!(found("note\nhello; world\nfoo; bar\n"), (',', quote, true));
        assert_eq!(found("a,b\n\"x;y\",1\n\"z;w\",2\n"), (',', quote, true));
        assert_eq!(found("a,b\n'x,y',1\n'z, w',2\n"), (',', Some('\''), true));
        assert_eq!(found("a,b\n'tis,1\nit's,2\n"), (',', quote, true));
        assert_eq!(found(""), (',', quote, true));
    }

    #[test]
    fn a_header_is_unlike_the_rows() {
        let header = |text: &str| found(text).2;
        assert!(header("a,b\nx,y\n"));
        assert!(header("id,2\n1,2\n"));
        assert!(!header("1,x\n2,y\n"));
        assert!(!header("Ann,1.5,2020-01-01\nBob,2.5,2020-01-02\n"));
        assert!(!header("NA,1\n3,4\n"));
        assert!(header("country,2019,2020,2021\nA,1,2,3\nB,4,5,6\n"));
        assert!(!header("1,2\n"));
        let said = Given {
            header: Some(true),
            ..Given::default()
        };
        assert!(sniff(b"1,2\n3,4\n", said, b',').header);
    }
}
