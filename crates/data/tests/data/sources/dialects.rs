//! How a CSV file is written is found out, said, and can be set.

use crate::common::*;
use aloft_data::{Access, Cancel, Relation, source};
use aloft_spec::{
    Problem,
    reading::Dialect,
    source::{Ragged, SourceSpec},
    table::Scope,
};
use proptest::prelude::*;
use std::path::Path;

fn dialect(relation: &Relation) -> Dialect {
    relation.reading().unwrap().dialect.clone().unwrap()
}

fn with(file: &Path, set: impl FnOnce(&mut SourceSpec)) -> Result<Relation, Problem> {
    let mut spec = spec();
    set(&mut spec);
    source(&spec, file, Scope::All, &Cancel::new())
}

#[test]
fn a_dialect_is_found_out_and_said() {
    let folder = Folder::new();
    let file = folder.write(
        "german.csv",
        "Ort;Temperatur;Tag\nKöln;-1,5;2024-01-01\nBonn;NA;2024-01-02\n'Ulm;3;?\n",
    );
    let relation = whole(&file);
    assert_eq!(types(&relation), "Ort: str, Temperatur: f64, Tag: date");
    assert_eq!(
        rows(&relation),
        "Köln | -1.5 | 2024-01-01\nBonn | - | 2024-01-02\n'Ulm | 3 | -"
    );
    let reading = relation.reading().unwrap();
    let text = reading.to_string();
    assert!(
        text.ends_with(", UTF-8, separator ;, decimal comma, no value: NA ?"),
        "{text}"
    );
    assert_eq!(reading.bytes_read, Some(std::fs::metadata(&file).unwrap().len()));
    assert_eq!(relation.output(1).unwrap().reading.as_ref(), Some(reading));
    let asked = ask("SELECT * FROM t", &[("t", &relation)]).unwrap();
    assert!(asked.reading().is_none());
    // A sample parses only its rows; it must parse them the same way.
    let mut sampled = sampled(2, 1);
    sampled.decimal = Some(',');
    let sample = source(&sampled, &file, Scope::Sample, &Cancel::new()).unwrap();
    assert_eq!(types(&sample), types(&relation));
}

#[test]
fn every_key_wins_over_what_was_found() {
    let folder = Folder::new();
    let file = folder.write("a.csv", "a;b\n1,5;'x'\n2,5;NA\n");
    let read = |set: fn(&mut SourceSpec)| with(&file, set).unwrap();
    assert_eq!(types(&read(|spec| spec.decimal = Some('.'))), "a: str, b: str");
    assert_eq!(types(&read(|spec| spec.separator = Some('|'))), "a;b: str");
    assert_eq!(
        types(&read(|spec| spec.header = Some(false))),
        "column_1: str, column_2: str"
    );
    assert!(rows(&read(|spec| spec.quote = Some("'".into()))).starts_with("1.5 | x\n"));
    assert!(rows(&read(|spec| spec.quote = Some(String::new()))).starts_with("1.5 | 'x'\n"));
    assert!(rows(&read(|spec| spec.null_values = Some(vec!["'x'".into()]))).ends_with("2.5 | NA"));
    for set in [
        (|spec| spec.quote = Some("''".into())) as fn(&mut SourceSpec),
        |spec| spec.decimal = Some('x'),
        |spec| spec.encoding = Some("klingon".into()),
    ] {
        assert_eq!(with(&file, set).unwrap_err().code, aloft_spec::Code::BadValue);
    }
    // Numbers between quotes and commas are texts unless the key says what the comma is.
    let file = folder.write("b.csv", "a,b\n\"1,5\",1\n\"2,5\",2\n");
    assert_eq!(types(&whole(&file)), "a: str, b: i64");
    assert_eq!(
        types(&with(&file, |spec| spec.decimal = Some(',')).unwrap()),
        "a: f64, b: i64"
    );
}

#[test]
fn a_point_beside_decimal_commas_may_stand_between_thousands() {
    let folder = Folder::new();
    let file = folder.write("de.csv", "x;y;n\n1,5;1.234;7\n2,75;12.500;8\n");
    let relation = whole(&file);
    assert_eq!(types(&relation), "x: f64, y: str, n: i64");
    assert_eq!(rows(&relation), "1.5 | 1.234 | 7\n2.75 | 12.500 | 8");
    let warnings = &relation.reading().unwrap().warnings;
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("`y` stays text"),
        "{warnings:?}"
    );
    let sample = source(&sampled(1, 1), &file, Scope::Sample, &Cancel::new()).unwrap();
    assert_eq!(types(&sample), types(&relation));
    // Without a comma anywhere it is one before a fraction, unless the key says that none is.
    let file = folder.write("points.csv", "y;n\n1.234;7\n12.500;8\n");
    assert_eq!(types(&whole(&file)), "y: f64, n: i64");
    assert_eq!(
        types(&with(&file, |spec| spec.decimal = Some(',')).unwrap()),
        "y: str, n: i64"
    );
}

#[test]
fn lines_that_end_with_a_carriage_return_alone_are_refused() {
    let folder = Folder::new();
    let file = folder.write("mac.csv", "a,b\r1,x\r2,y\r");
    let problem = with(&file, |_| ()).unwrap_err();
    assert!(
        problem.message.contains("carriage return alone") && problem.hint.is_some(),
        "{problem}"
    );
    assert_eq!(types(&whole(&folder.write("one.csv", "a,b\r"))), "a: str, b: str");
}

#[test]
fn a_file_without_a_header_has_numbered_columns() {
    let folder = Folder::new();
    for text in ["1,x\n2,y\n", "\u{feff}1,x\r\n2,y\r\n"] {
        let file = folder.write("bare.csv", text);
        let relation = whole(&file);
        assert_eq!(types(&relation), "column_1: i64, column_2: str");
        assert_eq!(rows(&relation), "1 | x\n2 | y");
        assert!(!dialect(&relation).header);
        let sample = source(&sampled(1, 1), &file, Scope::Sample, &Cancel::new()).unwrap();
        assert_eq!(types(&sample), types(&relation));
    }
}

fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "windows-1252" => text.chars().map(|letter| letter as u8).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

#[test]
fn encodings_are_found_out_and_said() {
    let folder = Folder::new();
    let copies = folder.path().join("copies");
    let text = "name,city\nJosé,München\nAndré,Genève\nZoë,Malmö\n";
    let expected = "José | München\nAndré | Genève\nZoë | Malmö";
    let cases: [(&str, &[u8], &str); 6] = [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8 with a byte order mark"),
        ("utf-16le", b"\xff\xfe", "UTF-16LE with a byte order mark"),
        ("utf-16be", b"\xfe\xff", "UTF-16BE with a byte order mark"),
        ("utf-16le", b"", "UTF-16LE"),
        ("windows-1252", b"", "windows-1252"),
    ];
    for (encoding, mark, said) in cases {
        let file = folder.write("text.csv", [mark, &encoded(text, encoding)].concat());
        for access in [Access::new(), Access::new().with_copies(&copies)] {
            for scope in [Scope::All, Scope::Sample] {
                let relation = access
                    .source(&sampled(10, 1), &file, scope, &Cancel::new())
                    .unwrap();
                assert_eq!(types(&relation), "name: str, city: str", "{said}");
                assert_eq!(rows(&relation), expected, "{said}");
                let shown = relation.reading().unwrap().to_string();
                assert!(shown.contains(&format!(", {said}, separator")), "{shown}");
            }
        }
    }
    // A copy is made once for each file that isn't UTF-8, and found again.
    assert_eq!(std::fs::read_dir(&copies).unwrap().count(), 4);
}

#[test]
fn another_encoding_behind_the_head_is_found_too() {
    let folder = Folder::new();
    let mut bytes = b"n,name\n".to_vec();
    for row in 0..60_000 {
        bytes.extend_from_slice(format!("{row},plain\n").as_bytes());
    }
    bytes.extend_from_slice(b"60000,Jos\xe9\n");
    let file = folder.write("late.csv", bytes);
    let relation = whole(&file);
    assert_eq!(relation.rows().unwrap(), 60_001);
    let last = ask("SELECT name FROM t WHERE n = 60000", &[("t", &relation)]).unwrap();
    assert_eq!(rows(&last), "José");
    let problem = with(&file, |spec| spec.encoding = Some("utf-8".into())).unwrap_err();
    assert!(
        said(&problem).starts_with("Unreadable at line 60002: this row isn't valid UTF-8 (set `encoding`"),
        "{}",
        said(&problem)
    );
    // Seven bytes aren't pairs of bytes.
    let file = folder.write("wrong.csv", b"a,b\n1,2");
    let problem = with(&file, |spec| spec.encoding = Some("utf-16le".into())).unwrap_err();
    assert!(
        said(&problem).contains("isn't valid UTF-16LE"),
        "{}",
        said(&problem)
    );
}

#[test]
fn ragged_rows_are_counted_and_named() {
    let folder = Folder::new();
    let text = "a,b,c\n1,2,3\n4,5\n\n6,7,8,9\r\n10,11,12\n13\n14,15\n16\n17,18,19,20\n";
    let file = folder.write("ragged.csv", text);
    let problem = said(&whole_or(&file, Ragged::Error).unwrap_err());
    assert!(
        problem.starts_with(
            "RaggedRow at line 3: this row has 2 fields, the header has 3; also line 4 has 0, line 5 has 4, line 7 has 1, \
             line 8 has 2, and 2 more rows don't fit (fill in"
        ),
        "{problem}"
    );
    for access in [
        Access::new(),
        Access::new().with_copies(folder.path().join("copies")),
    ] {
        let read = |ragged| {
            let spec = SourceSpec { ragged, ..spec() };
            access.source(&spec, &file, Scope::All, &Cancel::new()).unwrap()
        };
        let filled = read(Ragged::Fill);
        assert_eq!(
            rows(&filled),
            "1 | 2 | 3\n4 | 5 | -\n6 | 7 | 8\n10 | 11 | 12\n13 | - | -\n14 | 15 | -\n16 | - | -\n17 | 18 | 19"
        );
        assert_eq!(types(&filled), "a: i64, b: i64, c: i64");
        assert_eq!(
            filled.reading().unwrap().warnings,
            [
                "7 rows with another number of fields than the header were filled or cut off (line 3, 4, 5, 7, 8, …)"
            ]
        );
        let skipped = read(Ragged::Skip);
        assert_eq!(rows(&skipped), "1 | 2 | 3\n10 | 11 | 12");
        let found = dialect(&skipped);
        assert_eq!((found.ragged_rows, found.ragged_lines), (7, vec![3, 4, 5, 7, 8]));
    }
}

fn whole_or(file: &Path, ragged: Ragged) -> Result<Relation, Problem> {
    with(file, |spec| spec.ragged = ragged)
}

#[test]
fn a_cut_off_compressed_file_is_said() {
    let folder = Folder::new();
    // `printf 'a,b\n1,x\n2,y\n' | gzip -n`, and the same with its end cut off.
    let gzip = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0xa9, 0xe0, 0x32, 0xd2,
    ];
    let file = folder.write("cut.csv.gz", gzip);
    let problem = said(&open(&file, Scope::All).unwrap_err());
    assert!(
        problem.starts_with("Unreadable: the compressed data is damaged or cut off"),
        "{problem}"
    );
}

/// A dialect to write a table in.
#[derive(Debug, Clone)]
struct Written {
    separator: char,
    header: bool,
    crlf: bool,
    encoding: &'static str,
    null: &'static str,
}

fn written() -> impl Strategy<Value = Written> {
    let encodings = vec!["utf-8", "utf-16le", "windows-1252"];
    (
        proptest::sample::select(vec![',', ';', '\t', '|']),
        any::<bool>(),
        any::<bool>(),
        proptest::sample::select(encodings),
        proptest::sample::select(vec!["", "NA", "-", "?", "NULL"]),
    )
        .prop_map(|(separator, header, crlf, encoding, null)| Written {
            separator,
            header,
            crlf,
            encoding,
            null,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever the dialect, the table is read back as it was.
    #[test]
    fn tables_come_back_from_any_dialect(
        written in written(),
        table in proptest::collection::vec((any::<i32>(), proptest::option::of(-999_i32..999), "[a-zé ,;|\t\"'\n]{0,9}"), 3..12),
    ) {
        let comma = matches!(written.separator, ';' | '\t' | '|');
        let end = if written.crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        let field = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let line = |fields: [String; 3]| fields.join(&written.separator.to_string()) + end;
        if written.header {
            text.push_str(&line(["whole".into(), "real".into(), "text".into()]));
        }
        let real = |tenths: i32| {
            let sign = if tenths < 0 { "-" } else { "" };
            let point = if comma { "," } else { "." };
            format!("{sign}{}{point}{}", tenths.abs() / 10, tenths.abs() % 10)
        };
        for (index, (whole, tenths, word)) in table.iter().enumerate() {
            // One number at least, so that the column's kind can be told; a letter, so that a text isn't a number.
            let tenths = if index == 0 { Some(tenths.unwrap_or(5)) } else { *tenths };
            text.push_str(&line([
                whole.to_string(),
                tenths.map_or(written.null.to_owned(), real),
                field(&format!("é{word}")),
            ]));
        }
        let folder = Folder::new();
        let file = folder.write("t.csv", encoded(&text, written.encoding));
        // Few letters aren't enough to tell one encoding of single bytes from another.
        let encoding = (written.encoding == "windows-1252").then(|| "windows-1252".to_owned());
        let mut spec = SourceSpec { encoding, ..spec() };
        let relation = source(&spec, &file, Scope::All, &Cancel::new()).unwrap();
        let found = dialect(&relation);
        prop_assert_eq!(found.separator, written.separator);
        prop_assert_eq!(found.header, written.header);
        let kinds: Vec<&str> = relation.schema().iter().map(|field| field.dtype.as_str()).collect();
        prop_assert_eq!(kinds, ["i64", "f64", "str"]);
        let frame = relation.collect().unwrap();
        let [wholes, reals, words] = frame.columns() else { panic!("three columns") };
        for (index, (whole, tenths, word)) in table.iter().enumerate() {
            prop_assert_eq!(wholes.i64().unwrap().get(index), Some(i64::from(*whole)));
            let tenths = if index == 0 { Some(tenths.unwrap_or(5)) } else { *tenths };
            prop_assert_eq!(reals.f64().unwrap().get(index), tenths.map(|tenths| f64::from(tenths) / 10.0));
            let expected = format!("é{word}");
            prop_assert_eq!(words.str().unwrap().get(index), Some(expected.as_str()));
        }
        // The rows of a sample are among those of the whole.
        spec.sample.rows = 2;
        let sample = source(&spec, &file, Scope::Sample, &Cancel::new()).unwrap().collect().unwrap();
        prop_assert_eq!(sample.height(), 2);
        prop_assert_eq!(sample.schema(), frame.schema());
    }
}
