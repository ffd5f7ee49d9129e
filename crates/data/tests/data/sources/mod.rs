//! Files in, rows or a clear problem out.

mod addresses;
mod dialects;
mod formats;
mod servers;
mod stores;

use crate::common::*;
use aloft_data::{Cancel, fingerprint, read_frame, source, write_table};
use aloft_spec::{
    Code,
    source::{Format, SampleMethod},
    table::{Extent, Scope},
};
use polars::prelude::*;
use proptest::prelude::*;
use std::{fs::File, io::Write};

fn frame(rows: i64) -> DataFrame {
    df!(
        "id" => (0..rows).collect::<Vec<_>>(),
        "half" => (0..rows).map(|row| row as f64 / 2.0).collect::<Vec<_>>(),
        "word" => (0..rows).map(|row| (row % 7 != 0).then(|| format!("w{}", row % 5))).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// The same rows as a file of each format.
fn every_format(folder: &Folder, rows: i64) -> Vec<std::path::PathBuf> {
    let mut frame = frame(rows);
    let path = |ending: &str| folder.path().join(format!("rows.{ending}"));
    CsvWriter::new(File::create(path("csv")).unwrap())
        .finish(&mut frame)
        .unwrap();
    CsvWriter::new(File::create(path("tsv")).unwrap())
        .with_separator(b'\t')
        .finish(&mut frame)
        .unwrap();
    // Row groups and batches of odd sizes, so that a sample crosses their borders.
    ParquetWriter::new(File::create(path("parquet")).unwrap())
        .with_row_group_size(Some(97))
        .finish(&mut frame)
        .unwrap();
    IpcWriter::new(File::create(path("arrow")).unwrap())
        .finish(&mut frame)
        .unwrap();
    JsonWriter::new(File::create(path("jsonl")).unwrap())
        .with_json_format(JsonFormat::JsonLines)
        .finish(&mut frame)
        .unwrap();
    ["csv", "tsv", "parquet", "arrow", "jsonl"].map(path).into()
}

#[test]
fn every_format_gives_the_same_rows() {
    let folder = Folder::new();
    for file in every_format(&folder, 500) {
        let relation = whole(&file);
        assert_eq!(
            types(&relation),
            "id: i64, half: f64, word: str",
            "{}",
            file.display()
        );
        assert_eq!(relation.extent(500), Extent::all(500));
        assert!(
            relation.collect().unwrap().equals_missing(&frame(500)),
            "{}",
            file.display()
        );
        assert!(read_frame(&file).unwrap().equals_missing(&frame(500)));
    }
}

#[test]
fn a_sample_is_the_same_rows_whatever_the_format() {
    let folder = Folder::new();
    let mut seen = Vec::new();
    for file in every_format(&folder, 1000) {
        let relation = source(&sampled(50, 3), &file, Scope::Sample, &Cancel::new()).unwrap();
        assert_eq!(
            relation.extent(50),
            Extent {
                scope: Scope::Sample,
                rows: 50,
                total: Some(1000)
            }
        );
        let ids: Vec<i64> = relation
            .collect()
            .unwrap()
            .column("id")
            .unwrap()
            .i64()
            .unwrap()
            .iter()
            .flatten()
            .collect();
        assert_eq!(ids.len(), 50);
        assert!(ids.is_sorted(), "the file's order is kept");
        seen.push(ids);
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_sample_that_covers_all_rows_says_all() {
    let folder = Folder::new();
    for file in every_format(&folder, 40) {
        let relation = source(&sampled(40, 3), &file, Scope::Sample, &Cancel::new()).unwrap();
        assert_eq!(relation.output(5).unwrap().extent, Extent::all(40));
        assert!(relation.collect().unwrap().equals_missing(&frame(40)));
    }
}

#[test]
fn a_head_is_the_first_rows_and_said_to_be() {
    let folder = Folder::new();
    for file in every_format(&folder, 300) {
        let mut spec = sampled(20, 3);
        spec.sample.method = SampleMethod::Head;
        let relation = source(&spec, &file, Scope::Sample, &Cancel::new()).unwrap();
        assert_eq!(relation.extent(20).to_string(), "first 20 of 300 rows");
        assert!(relation.collect().unwrap().equals_missing(&frame(20)));
        let relation = source(&sampled(20, 3), &file, Scope::Head, &Cancel::new()).unwrap();
        assert_eq!(relation.scope(), Scope::Head);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_sample_has_exactly_so_many_different_rows(total in 0_i64..400, wanted in 1_u64..500, seed: u64) {
        let folder = Folder::new();
        let file = folder.path().join("rows.csv");
        CsvWriter::new(File::create(&file).unwrap()).finish(&mut frame(total)).unwrap();
        let sample = || {
            let relation = source(&sampled(wanted, seed), &file, Scope::Sample, &Cancel::new()).unwrap();
            relation.collect().unwrap()
        };
        let rows = sample();
        prop_assert_eq!(rows.height() as u64, wanted.min(total as u64));
        let ids = rows.column("id").unwrap().as_materialized_series().n_unique().unwrap();
        prop_assert_eq!(ids, rows.height());
        prop_assert!(rows.equals_missing(&sample()));
    }
}

#[test]
fn csv_types_hold_for_the_whole_file() {
    let folder = Folder::new();
    let mut text = String::from("whole,late_real,late_text,day,at,zoned,truth,gap\n");
    for row in 0..30_000 {
        let (real, word) = if row == 29_990 {
            ("1.5", "word")
        } else {
            ("1", "1")
        };
        text.push_str(&format!(
            "{row},{real},{word},2013-01-{:02},2013-01-01 10:00:0{},2013-06-01T12:00:00+02:00,TRUE,NA\n",
            row % 28 + 1,
            row % 10
        ));
    }
    let file = folder.write("late.csv", text);
    let expected = "whole: i64, late_real: f64, late_text: str, day: date, at: datetime[us], \
                    zoned: datetime[us, UTC], truth: bool, gap: str";
    for scope in [Scope::All, Scope::Sample, Scope::Head] {
        let relation = source(&sampled(100, 1), &file, scope, &Cancel::new()).unwrap();
        assert_eq!(types(&relation), expected);
        let last = ask("SELECT * FROM t ORDER BY whole LIMIT 1", &[("t", &relation)]).unwrap();
        let first = rows(&last);
        assert!(first.contains("| 2013-06-01 10:00:00 | true | -"), "{first}");
    }
}

#[test]
fn csv_text_comes_through() {
    let folder = Folder::new();
    let file = folder.write(
        "quoted.csv",
        "\u{feff}\"name, full\";note;\n\"Ann \"\"A\"\"\";\"two\nlines\";1\r\nB;;NA\nC; x ; 3\n\n\n",
    );
    let mut spec = spec();
    spec.separator = Some(';');
    for scope in [Scope::All, Scope::Sample] {
        let relation = source(&spec, &file, scope, &Cancel::new()).unwrap();
        assert_eq!(types(&relation), "name, full: str, note: str, column_3: i64");
        assert_eq!(
            rows(&relation),
            "Ann \"A\" | two\nlines | 1\nB | - | -\nC |  x  | 3"
        );
    }
    // A sample parses only its rows; it must parse them the same way.
    spec.sample.rows = 2;
    let relation = source(&spec, &file, Scope::Sample, &Cancel::new()).unwrap();
    assert_eq!(types(&relation), "name, full: str, note: str, column_3: i64");
    assert_eq!(relation.collect().unwrap().height(), 2);
}

#[test]
fn null_values_are_those_that_are_named() {
    let folder = Folder::new();
    let file = folder.write("nulls.csv", "a,b\n1,NA\n-,x\n");
    assert_eq!(types(&whole(&file)), "a: i64, b: str");
    assert_eq!(rows(&whole(&file)), "1 | -\n- | x");
    let mut spec = spec();
    spec.null_values = Some(vec!["-".into()]);
    let relation = source(&spec, &file, Scope::All, &Cancel::new()).unwrap();
    assert_eq!(types(&relation), "a: i64, b: str");
    assert_eq!(rows(&relation), "1 | NA\n- | x");
    spec.null_values = Some(Vec::new());
    let relation = source(&spec, &file, Scope::All, &Cancel::new()).unwrap();
    assert_eq!(types(&relation), "a: str, b: str");
}

#[test]
fn compressed_csv_reads_like_plain() {
    let folder = Folder::new();
    // `printf 'a,b\n1,x\n2,y\n' | gzip -n`
    let gzip = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0xa9, 0xe0, 0x32, 0xd2,
        0xa9, 0xe4, 0x02, 0x00, 0xc2, 0x96, 0x7e, 0x9d, 0x0c, 0, 0, 0,
    ];
    let file = folder.write("rows.csv.gz", gzip);
    for scope in [Scope::All, Scope::Sample] {
        let relation = open(&file, scope).unwrap();
        assert_eq!(types(&relation), "a: i64, b: str");
        assert_eq!(rows(&relation), "1 | x\n2 | y");
    }
}

/// What opening a file says.
fn problem(folder: &Folder, name: &str, bytes: &[u8]) -> String {
    let file = folder.write(name, bytes);
    said(&open(&file, Scope::All).unwrap_err())
}

#[test]
fn a_missing_file_names_those_near() {
    let folder = Folder::new();
    folder.write("flights.parquet", "");
    let problem = open(&folder.path().join("flight.parquet"), Scope::Sample).unwrap_err();
    assert_eq!(problem.code, Code::NotFound);
    assert_eq!(problem.hint.as_deref(), Some("did you mean `flights.parquet`?"));
    let problem = open(&folder.path().join("no/such/file.csv"), Scope::Sample).unwrap_err();
    assert!(problem.hint.unwrap().contains("isn't there either"));
}

#[test]
fn ragged_rows_are_named_by_their_line() {
    let folder = Folder::new();
    let ragged = |text: &str| problem(&folder, "ragged.csv", text.as_bytes());
    assert!(
        ragged("a,b,c\n1,2,3\n1,2\n")
            .starts_with("RaggedRow at line 3: this row has 2 fields, the header has 3 (fill in")
    );
    assert!(
        ragged("a,b\n\"x\ny\",2\n1,2,3\n")
            .starts_with("RaggedRow at line 4: this row has 3 fields, the header has 2 (put")
    );
    assert!(ragged("a,b\n1,2\n\n3,4\n").starts_with("RaggedRow at line 3: this row has 0 fields"));
    let long = "1,2\n".repeat(100_000);
    assert!(
        ragged(&format!("a,b\n{long}1\n")).starts_with("RaggedRow at line 100002: this row has 1 field, the")
    );
}

#[test]
fn damaged_text_is_named_by_its_line() {
    let folder = Folder::new();
    let said = |bytes: &[u8]| problem(&folder, "bad.csv", bytes);
    assert!(
        said(b"a,b\n1,\"2\n3,4\n")
            .starts_with("Unreadable at line 2: a quote opens in this row and is never closed")
    );
    assert!(said(b"\x7fELF\0\0\0\0\x01\x02").starts_with("Unreadable: this isn't a text file"));
    assert!(said(b"a,b,a\n1,2,3\n").starts_with("DuplicateName: two columns are named `a`"));
    assert!(said(b"").starts_with("EmptyData: the file is empty"));
    assert!(said(b"\n").starts_with("EmptyData: the file has no header"));
    assert_eq!(rows(&whole(&folder.write("header.csv", "a,b\n"))), "");
}

#[test]
fn json_lines_name_the_line_too() {
    let folder = Folder::new();
    let said = |text: &str| problem(&folder, "bad.jsonl", text.as_bytes());
    assert!(said("{\"a\": 1}\n{\"a\": \n").starts_with("Unreadable at line 2: this line isn't valid JSON"));
    assert!(said("{\"a\": 1}\n\n[1]\n").starts_with("Unreadable at line 3: this line isn't a JSON object"));
    assert!(said("\n").starts_with("EmptyData: the file has no objects"));
    let file = folder.write(
        "mixed.jsonl",
        "{\"a\": 1, \"b\": [1]}\n\n{\"a\": 1.5}\n{\"b\": [], \"c\": \"x\"}",
    );
    assert_eq!(types(&whole(&file)), "a: f64, b: list[i64], c: str");
    assert_eq!(rows(&whole(&file)), "1 | [1] | -\n1.5 | - | -\n- | [] | x");
}

#[test]
fn damaged_columnar_files_say_what_is_wrong() {
    let folder = Folder::new();
    let files = every_format(&folder, 2000);
    for (file, format) in [(&files[2], "Parquet"), (&files[3], "Arrow IPC")] {
        let whole = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let cut = problem(&folder, &format!("cut-{name}"), &whole[..whole.len() / 2]);
        assert!(
            cut.starts_with(&format!(
                "Unreadable: the {format} file is cut off: its footer is missing ("
            )),
            "{cut}"
        );
        let other = problem(&folder, &format!("other-{name}"), b"a,b\n1,2\n");
        assert!(other.starts_with("Unreadable: this isn't a"), "{other}");
        // Damage anywhere is an error or gives rows, and never a panic.
        for position in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0xff;
            let file = folder.write(&format!("damaged-{position}-{name}"), bytes);
            if let Err(problem) = open(&file, Scope::All).and_then(|relation| relation.output(10)) {
                assert!(
                    matches!(problem.code, Code::Unreadable | Code::Unsupported),
                    "{}",
                    said(&problem)
                );
                assert!(problem.hint.is_some());
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = Folder::new();
    assert!(problem(&folder, "book.pdf", b"PK").starts_with("Unsupported: Aloft can't read `.pdf` files"));
    assert!(
        said(&open(folder.path(), Scope::All).unwrap_err()).contains("is a folder without Parquet files")
    );
    let mut spec = spec();
    spec.format = Some(Format::Csv);
    let file = folder.write("table.dat", "a\n1\n");
    assert_eq!(
        rows(&source(&spec, &file, Scope::All, &Cancel::new()).unwrap()),
        "1"
    );
    spec.separator = Some('é');
    assert_eq!(
        source(&spec, &file, Scope::All, &Cancel::new()).unwrap_err().code,
        Code::BadValue
    );
}

#[test]
fn a_cancelled_call_stops() {
    let folder = Folder::new();
    let cancel = Cancel::new();
    let file = &every_format(&folder, 100)[0];
    let relation = source(&spec(), file, Scope::All, &cancel).unwrap();
    cancel.cancel();
    assert_eq!(
        source(&spec(), file, Scope::All, &cancel).unwrap_err().code,
        Code::Stopped
    );
    assert_eq!(relation.output(1).unwrap_err().code, Code::Stopped);
    assert_eq!(
        relation.snapshot(folder.path(), &[]).unwrap_err().code,
        Code::Stopped
    );
    assert!(relation.with_cancel(&Cancel::new()).output(1).is_ok());
}

#[test]
fn a_fingerprint_changes_with_the_file() {
    let folder = Folder::new();
    let file = folder.write("a.csv", "a\n1\n");
    let before = fingerprint(&file).unwrap();
    assert_eq!(before, fingerprint(&file).unwrap());
    File::options()
        .append(true)
        .open(&file)
        .unwrap()
        .write_all(b"2\n")
        .unwrap();
    assert_ne!(before, fingerprint(&file).unwrap());
    assert_eq!(
        fingerprint(&folder.path().join("none")).unwrap_err().code,
        Code::NotFound
    );
}

#[test]
fn tables_are_written_by_their_ending() {
    let folder = Folder::new();
    for ending in ["csv", "tsv", "parquet"] {
        let file = folder.path().join(format!("out.{ending}"));
        write_table(&frame(20), &file).unwrap();
        assert!(read_frame(&file).unwrap().equals_missing(&frame(20)));
    }
    let problem = write_table(&frame(1), &folder.path().join("out.xlsx")).unwrap_err();
    assert_eq!(problem.code, Code::BadValue);
    assert_eq!(
        write_table(&frame(1), &folder.path().join("no/out.csv"))
            .unwrap_err()
            .code,
        Code::NotFound
    );
    let lists = df!("l" => [Series::new("".into(), [1, 2])]).unwrap();
    assert!(write_table(&lists, &folder.path().join("out.csv")).is_err());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left.len(), 3, "no temporary file is left behind: {left:?}");
}
