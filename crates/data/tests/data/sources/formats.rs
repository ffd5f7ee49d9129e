//! Files, folders and databases of every format.

use crate::common::*;
use aloft_data::{Access, Cancel, Relation, source};
use aloft_spec::{
    Code, Problem,
    source::{Format, SourceSpec},
    table::Scope,
};
use polars::prelude::*;
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/sources/fixtures")
        .join(name)
}

fn with(file: &Path, set: impl FnOnce(&mut SourceSpec)) -> Result<Relation, Problem> {
    let mut spec = spec();
    set(&mut spec);
    source(&spec, file, Scope::All, &Cancel::new())
}

fn table(file: &Path, table: &str) -> Result<Relation, Problem> {
    with(file, |spec| spec.table = Some(table.into()))
}

fn write_parquet(file: &Path, mut frame: DataFrame) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    ParquetWriter::new(File::create(file).unwrap())
        .finish(&mut frame)
        .unwrap();
}

/// A sample of a source is the same rows twice, and rows of the whole.
fn check_sample(spec: &SourceSpec, file: &Path) {
    let mut spec = spec.clone();
    spec.sample.rows = 2;
    let take = || source(&spec, file, Scope::Sample, &Cancel::new()).unwrap();
    let (first, second) = (take(), take());
    assert_eq!(first.scope(), Scope::Sample);
    assert_eq!(rows(&first), rows(&second));
    assert_eq!(rows(&first).lines().count(), 2);
    let all = rows(&source(&spec, file, Scope::All, &Cancel::new()).unwrap());
    assert!(
        rows(&first)
            .lines()
            .all(|row| all.lines().any(|other| other == row))
    );
}

#[test]
fn parquet_folders_and_globs_are_one_table() {
    let folder = Folder::new();
    for (path, id) in [
        ("d/year=2023/part=b/1.parquet", 3_i64),
        ("d/year=2023/part=a/1.parquet", 1),
        ("d/year=2023/part=a/2.parquet", 2),
        ("d/year=2024/part=a/1.parquet", 4),
    ] {
        write_parquet(&folder.path().join(path), df!("id" => [id, id * 10]).unwrap());
    }
    folder.write("d/_SUCCESS", "done");
    folder.write("d/README.md", "notes");
    let data = folder.path().join("d");
    let relation = whole(&data);
    assert_eq!(types(&relation), "id: i64, year: i64, part: str");
    assert_eq!(
        rows(&relation),
        "1 | 2023 | a\n10 | 2023 | a\n2 | 2023 | a\n20 | 2023 | a\n3 | 2023 | b\n30 | 2023 | b\n4 | 2024 | a\n40 | 2024 | a"
    );
    let reading = relation.reading().unwrap();
    assert_eq!(
        (reading.files, &*reading.partitions),
        (4, &["year".to_owned(), "part".to_owned()][..])
    );
    let opened_by = reading.bytes_read.unwrap();
    assert!(
        0 < opened_by && opened_by < reading.bytes,
        "the footers alone: {opened_by}"
    );
    check_sample(&spec(), &data);
    let glob = whole(&folder.path().join("d/year=2023/*/1.parquet"));
    assert_eq!(rows(&glob).lines().count(), 4);
    let none = open(&folder.path().join("d/*.parquet"), Scope::All).unwrap_err();
    assert_eq!(none.code, Code::NotFound);
    // A part that is cut off is named.
    let part = data.join("year=2024/part=a/1.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let problem = open(&data, Scope::All).unwrap_err();
    assert_eq!(problem.place.as_ref().unwrap().file, part);
    assert!(said(&problem).contains("cut off"));
}

#[test]
fn files_with_other_columns_are_named() {
    let folder = Folder::new();
    let data = folder.path().join("d");
    let first = data.join("1.parquet");
    write_parquet(&first, df!("a" => [1, 2], "b" => ["x", "y"]).unwrap());
    for (frame, expected) in [
        (df!("a" => ["p"], "b" => ["x"]), "`a` is str here and i32 in "),
        (df!("a" => [1]), "there is no column `b`, as there is in "),
        (
            df!("a" => [1], "b" => ["x"], "c" => [2]),
            "there is a column `c`, which isn't in ",
        ),
    ] {
        let other = data.join("2.parquet");
        write_parquet(&other, frame.unwrap());
        let problem = open(&data, Scope::All).unwrap_err();
        assert_eq!(problem.place.as_ref().unwrap().file, other);
        let expected = format!("Unreadable: {expected}`{}`, and both", first.display());
        assert!(said(&problem).starts_with(&expected), "{}", said(&problem));
    }
    // Their order is nobody's concern.
    write_parquet(&data.join("2.parquet"), df!("b" => ["z"], "a" => [3]).unwrap());
    assert_eq!(rows(&whole(&data)), "1 | x\n2 | y\n3 | z");
}

#[test]
fn a_misleading_ending_is_told() {
    let folder = Folder::new();
    write_parquet(&folder.path().join("t.csv"), df!("a" => [1, 2]).unwrap());
    let told = |file: &Path| said(&open(file, Scope::All).unwrap_err());
    assert_eq!(
        told(&folder.path().join("t.csv")),
        "Unreadable: the file holds Parquet, not CSV (set `format` to \"parquet\", or rename the file)"
    );
    let parquet = with(&folder.path().join("t.csv"), |spec| {
        spec.format = Some(Format::Parquet);
    });
    assert_eq!(rows(&parquet.unwrap()), "1\n2");
    for (name, held) in [("people.xlsx", "Excel"), ("people.ods", "OpenDocument")] {
        let file = folder.write(&format!("{name}.json"), fs::read(fixture(name)).unwrap());
        assert!(told(&file).starts_with(&format!("Unreadable: the file holds {held}, not JSON")));
    }
    let text = folder.write("t.parquet", "a,b\n1,2\n");
    assert!(told(&text).starts_with("Unreadable: this isn't a Parquet file"));
    // A folder without a table in it names a file that is one.
    let problem = told(folder.path());
    assert!(!problem.contains("for instance"), "{problem}");
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    folder.write("below/t.csv", "a\n1\n");
    let problem = told(&below);
    assert!(
        problem.contains("for instance") && problem.contains("below/t.csv"),
        "{problem}"
    );
}

#[test]
fn json_is_an_array_or_an_object_that_holds_one() {
    let folder = Folder::new();
    let expected = "1 | x\n2.5 | -";
    for text in [
        r#"[{"a": 1, "b": "x"}, {"a": 2.5}]"#,
        "\u{feff}[\n  {\n    \"a\": 1,\n    \"b\": \"x\"\n  },\n  {\"a\": 2.5, \"b\": null}\n]",
        r#"{"count": 2, "tags": ["u"], "rows": [{"a": 1, "b": "x"}, {"a": 2.5}]}"#,
    ] {
        let file = folder.write("t.json", text);
        for access in [
            Access::new(),
            Access::new().with_copies(folder.path().join("copies")),
        ] {
            let relation = access.source(&spec(), &file, Scope::All, &Cancel::new()).unwrap();
            assert_eq!(types(&relation), "a: f64, b: str");
            assert_eq!(rows(&relation), expected);
        }
    }
    let two = folder.write(
        "two.json",
        r#"{"a": [{"x": 1}], "b": [{"y": 2}, {"y": 3}, {"y": 4}]}"#,
    );
    assert!(said(&open(&two, Scope::All).unwrap_err()).contains("set `table` to one of their keys: a, b"));
    assert_eq!(rows(&table(&two, "b").unwrap()), "2\n3\n4");
    assert_eq!(table(&two, "c").unwrap_err().code, Code::UnknownName);
    let spec = SourceSpec {
        table: Some("b".into()),
        ..spec()
    };
    check_sample(&spec, &two);
    let problem = |text: &str| said(&open(&folder.write("bad.json", text), Scope::All).unwrap_err());
    assert!(
        problem("[{\"a\": 1},\n {\"a\": ").starts_with("Unreadable at line 2: this isn't valid JSON: EOF")
    );
    assert!(problem("[{\"a\": 1}] x").starts_with("Unreadable at line 1: this isn't valid JSON"));
    assert!(problem("[1, 2]").starts_with("Unreadable: the array holds something else than objects"));
    assert!(problem("{\"a\": 1}").starts_with("Unreadable: the file has no array of objects"));
    assert!(problem("[]").starts_with("EmptyData"));
}

#[test]
fn compressed_json_lines_read_like_plain() {
    let folder = Folder::new();
    // `printf '{"a":1}\n{"a":2}\n' | zstd --no-check`
    let zstd = [
        0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x81, 0x00, 0x00, 0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x0a,
        0x7b, 0x22, 0x61, 0x22, 0x3a, 0x32, 0x7d, 0x0a,
    ];
    let file = folder.write("t.jsonl.zst", zstd);
    for scope in [Scope::All, Scope::Sample] {
        assert_eq!(rows(&open(&file, scope).unwrap()), "1\n2");
    }
}

#[test]
fn sheets_have_types() {
    let people = fixture("people.xlsx");
    let relation = whole(&people);
    assert_eq!(
        types(&relation),
        "name: str, age: i64, height: f64, born: date, seen: datetime[us], member: bool, mixed: str, when: time"
    );
    assert_eq!(
        rows(&relation),
        "Ann | 31 | 1.75 | 1990-02-28 | 2024-01-02 03:04:05 | true | 1 | 08:30:00\n\
         Zoë | - | 1.5 | 1955-12-31 | 2024-01-03 00:00:00 | false | two | 23:59:00\n\
         Bob | - | 2 | - | - | true | - | -"
    );
    let reading = relation.reading().unwrap();
    assert_eq!(reading.table.as_deref(), Some("People"));
    assert_eq!(reading.other_tables, ["Years", "Empty", "Bare"]);
    assert_eq!(reading.warnings.len(), 2, "{:?}", reading.warnings);
    assert_eq!(
        types(&table(&people, "Years").unwrap()),
        "country: str, 2019: i64, 2020: i64, 2021: i64"
    );
    assert_eq!(
        types(&table(&people, "Bare").unwrap()),
        "column_1: i64, column_2: str"
    );
    assert_eq!(table(&people, "Empty").unwrap_err().code, Code::EmptyData);
    assert!(
        said(&table(&people, "Peple").unwrap_err())
            .starts_with("UnknownName: the workbook has no sheet `Peple` (did you mean `People`?)")
    );
    check_sample(&spec(), &people);
    let ods = whole(&fixture("people.ods"));
    assert_eq!(
        types(&ods),
        "name: str, age: i64, height: f64, born: date, seen: datetime[us], member: bool"
    );
    assert!(rows(&ods).ends_with("Zoë | - | 1.5 | 1955-12-31 | 2024-01-03 00:00:00 | false"));
    let folder = Folder::new();
    for name in ["people.xlsx", "people.ods"] {
        let bytes = fs::read(fixture(name)).unwrap();
        let cut = folder.write(name, &bytes[..bytes.len() / 2]);
        assert_eq!(open(&cut, Scope::All).unwrap_err().code, Code::Unreadable);
    }
}

fn database(folder: &Folder) -> PathBuf {
    let file = folder.path().join("shop.sqlite");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, price REAL, note TEXT, day DATE, at DATETIME, paid BOOLEAN, \
             odd, raw BLOB, later TEXT);
             INSERT INTO orders VALUES (1, 1, 'x', '2024-01-31', '2024-01-31 10:00:00', 1, 1, x'0102', NULL);
             INSERT INTO orders VALUES (2, 2.5, NULL, '2024-02-01', NULL, 0, 'two', NULL, NULL);
             INSERT INTO orders VALUES (3, NULL, 'z', NULL, '2024-02-02 11:30:00', NULL, 3, x'03', NULL);
             CREATE TABLE \"odd \"\"name\" (a);
             CREATE VIEW paid AS SELECT id FROM orders WHERE paid;",
        )
        .unwrap();
    file
}

#[test]
fn tables_of_databases_have_types() {
    let folder = Folder::new();
    let file = database(&folder);
    let copies = folder.path().join("copies");
    let spec = SourceSpec {
        table: Some("orders".into()),
        ..spec()
    };
    for access in [Access::new(), Access::new().with_copies(&copies)] {
        let relation = access.source(&spec, &file, Scope::All, &Cancel::new()).unwrap();
        assert_eq!(
            types(&relation),
            "id: i64, price: f64, note: str, day: date, at: datetime[us], paid: bool, odd: str, raw: binary, later: str"
        );
        assert_eq!(
            rows(&relation),
            "1 | 1 | x | 2024-01-31 | 2024-01-31 10:00:00 | true | 1 | 2 bytes | -\n\
             2 | 2.5 | - | 2024-02-01 | - | false | two | - | -\n\
             3 | - | z | - | 2024-02-02 11:30:00 | - | 3 | 1 bytes | -"
        );
        assert_eq!(relation.reading().unwrap().warnings.len(), 1);
        let stored = access.fingerprint(&spec, &file, &Cancel::new()).unwrap();
        assert_eq!(stored, access.fingerprint(&spec, &file, &Cancel::new()).unwrap());
    }
    assert_eq!(fs::read_dir(&copies).unwrap().count(), 1);
    check_sample(&spec, &file);
    assert_eq!(rows(&table(&file, "paid").unwrap()), "1");
    assert_eq!(rows(&table(&file, "odd \"name").unwrap()), "");
    assert!(said(&open(&file, Scope::All).unwrap_err()).starts_with(
        "UnknownName: the database has 3 tables (set `table` to one of them: odd \"name, orders, paid)"
    ));
    assert!(said(&table(&file, "order").unwrap_err()).contains("did you mean `orders`?"));
    let bytes = fs::read(&file).unwrap();
    let cut = folder.write("cut.sqlite", &bytes[..bytes.len() / 2]);
    assert_eq!(table(&cut, "orders").unwrap_err().code, Code::Unreadable);
    let other = folder.write("other.db", "a,b\n1,2\n");
    assert!(said(&open(&other, Scope::All).unwrap_err()).contains("this isn't a SQLite database"));
}

/// The fixture was written by delta-rs: two partition columns, a checkpoint, a deletion, a column added later.
#[test]
fn delta_tables_are_what_their_log_says() {
    let delta = fixture("delta");
    let relation = whole(&delta);
    let reading = relation.reading().unwrap();
    assert_eq!((reading.version, reading.files), (Some(3), 5));
    assert_eq!(reading.partitions, ["day", "region"]);
    let sorted = ask(
        "SELECT day, region, id, x, note FROM t ORDER BY day, region, id",
        &[("t", &relation)],
    )
    .unwrap();
    assert_eq!(
        types(&sorted),
        "day: date, region: str, id: i64, x: f64, note: str"
    );
    assert_eq!(
        rows(&sorted),
        "2024-01-01 | no rth | 0 | 0 | -\n2024-01-01 | no rth | 2 | 1 | -\n2024-01-02 | no rth | 0 | 0 | -\n\
         2024-01-02 | no rth | 2 | 1 | -\n2024-01-02 | south | 1 | 0.5 | -\n2024-01-03 | no rth | 0 | 0 | n0\n\
         2024-01-03 | south | 1 | 0.5 | n1"
    );
    assert_eq!(relation.rows().unwrap(), 7);
    let version = |version| with(&delta, |spec| spec.version = Some(version));
    assert_eq!(version(0).unwrap().rows().unwrap(), 4);
    assert_eq!(version(1).unwrap().rows().unwrap(), 7);
    assert_eq!(version(2).unwrap().rows().unwrap(), 5);
    assert_eq!(version(9).unwrap_err().code, Code::BadValue);
    check_sample(&spec(), &delta);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

#[test]
fn delta_tables_that_cannot_be_read_are_refused() {
    let folder = Folder::new();
    let path = folder.path().join("t");
    let problem = |change: &dyn Fn(&Path)| {
        fs::remove_dir_all(&path).ok();
        copy_folder(&fixture("delta"), &path);
        change(&path.join("_delta_log"));
        said(&open(&path, Scope::All).unwrap_err())
    };
    let add = |log: &Path, line: &str| fs::write(log.join("00000000000000000004.json"), line).unwrap();
    let vectors = problem(&|log| {
        add(
            log,
            r#"{"add": {"path": "x.parquet", "partitionValues": {}, "deletionVector": {"storageType": "u"}}}"#,
        );
    });
    assert!(
        vectors.starts_with("Unsupported") && vectors.contains("deletion vectors"),
        "{vectors}"
    );
    let mapped = problem(&|log| {
        let data = r#"{"metaData": {"schemaString": "{\"fields\": [{\"name\": \"a\", \"type\": \"long\"}]}",
            "partitionColumns": [], "configuration": {"delta.columnMapping.mode": "name"}}}"#;
        add(log, &data.replace('\n', ""));
    });
    assert!(
        mapped.starts_with("Unsupported") && mapped.contains("maps its columns"),
        "{mapped}"
    );
    let feature = problem(&|log| {
        add(
            log,
            r#"{"protocol": {"minReaderVersion": 3, "readerFeatures": ["variantType"]}}"#,
        );
    });
    assert!(feature.contains("variantType"), "{feature}");
    let cut = problem(&|log| add(log, r#"{"add": {"pa"#));
    assert!(cut.starts_with("Unreadable: this part of the log"), "{cut}");
    let gap = problem(&|log| fs::remove_file(log.join("00000000000000000002.json")).unwrap());
    assert!(gap.contains("commit 2 is missing"), "{gap}");
    let gone = problem(&|log| fs::remove_dir_all(log.parent().unwrap().join("day=2024-01-03")).unwrap());
    assert!(gone.contains("names a data file that isn't there"), "{gone}");
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([1, 2, 3]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn folders_of_pictures_are_tables() {
    let folder = Folder::new();
    let picture = png(4, 3);
    for class in ["cat", "dog"] {
        fs::create_dir(folder.path().join(class)).unwrap();
        folder.write(&format!("{class}/1.png"), &picture);
    }
    folder.write("dog/2.jpeg", b"\xff\xd8\xff broken");
    folder.write("top.PNG", png(1, 1));
    let relation = whole(folder.path());
    assert_eq!(
        types(&relation),
        "path: str, class: str, width: i64, height: i64, bytes: i64"
    );
    let bytes = picture.len();
    assert_eq!(
        rows(&relation),
        format!(
            "cat/1.png | cat | 4 | 3 | {bytes}\ndog/1.png | dog | 4 | 3 | {bytes}\ndog/2.jpeg | dog | - | - | 10\n\
             top.PNG | - | 1 | 1 | {}",
            png(1, 1).len()
        )
    );
    assert_eq!(
        relation.reading().unwrap().warnings,
        ["1 picture is damaged, the first is `dog/2.jpeg`"]
    );
    check_sample(&spec(), folder.path());
    let file = folder.path().join("pictures/p.parquet");
    write_parquet(
        &file,
        df!("image" => [&picture[..]], "raw" => [&b"abc"[..]]).unwrap(),
    );
    assert_eq!(whole(&file).reading().unwrap().pictures, ["image"]);
}

#[test]
fn a_fingerprint_notices_a_change_in_any_part() {
    let folder = Folder::new();
    let data = folder.path().join("d");
    write_parquet(&data.join("a=1/x.parquet"), df!("v" => [1]).unwrap());
    let print = || aloft_data::fingerprint(&data).unwrap();
    let before = print();
    assert_eq!(before, print());
    write_parquet(&data.join("a=2/x.parquet"), df!("v" => [1]).unwrap());
    let two = print();
    assert_ne!(before, two);
    write_parquet(&data.join("a=2/x.parquet"), df!("v" => [1, 2]).unwrap());
    assert_ne!(two, print());
    let delta = folder.path().join("delta");
    copy_folder(&fixture("delta"), &delta);
    let before = aloft_data::fingerprint(&delta).unwrap();
    folder.write(
        "delta/_delta_log/00000000000000000004.json",
        "{\"commitInfo\": {}}\n",
    );
    assert_ne!(before, aloft_data::fingerprint(&delta).unwrap());
    let pictures = Folder::new();
    pictures.write("1.png", png(1, 1));
    let before = aloft_data::fingerprint(pictures.path()).unwrap();
    pictures.write("2.png", png(1, 1));
    assert_ne!(before, aloft_data::fingerprint(pictures.path()).unwrap());
}
