//! Rows in, a file named by its hash out: the same rows, the same bytes.

use crate::common::*;
use aloft_data::{read_frame, write_table};
use aloft_spec::Code;
use polars::prelude::*;
use proptest::prelude::*;

#[test]
fn a_snapshot_is_named_by_its_hash_and_holds_the_rows() {
    let folder = Folder::new();
    let relation = whole(&folder.write("t.csv", "a,b,c\n2,x,1\n1,y,2\n1,x,3\n"));
    let columns = ["b".to_owned(), "a".to_owned()];
    let snapshot = relation
        .snapshot(&folder.path().join("snapshots"), &columns)
        .unwrap();
    let bytes = std::fs::read(&snapshot.path).unwrap();
    assert_eq!(snapshot.hash, blake3::hash(&bytes).to_hex().to_string());
    assert_eq!(
        snapshot.path.file_name().unwrap().to_str().unwrap(),
        format!("{}.parquet", snapshot.hash)
    );
    assert_eq!((snapshot.bytes, snapshot.rows), (bytes.len() as u64, 3));
    assert_eq!(
        (snapshot.columns.as_slice(), snapshot.extent.to_string()),
        (&columns[..], "all 3 rows".into())
    );
    assert_eq!(rows(&whole(&snapshot.path)), "x | 1\nx | 2\ny | 1");
    assert_eq!(
        relation
            .snapshot(&folder.path().join("snapshots"), &columns)
            .unwrap(),
        snapshot
    );
    let files = std::fs::read_dir(folder.path().join("snapshots"))
        .unwrap()
        .count();
    assert_eq!(files, 1, "nothing is left behind");
    let problem = relation.snapshot(folder.path(), &["d".into()]).unwrap_err();
    assert_eq!(problem.code, Code::UnknownColumn);
}

#[test]
fn what_cannot_be_learned_from_is_skipped_and_said() {
    let folder = Folder::new();
    let file = folder.write(
        "t.jsonl",
        "{\"n\": 1, \"l\": [1], \"s\": {\"a\": 1}, \"z\": null}\n",
    );
    let relation = whole(&file);
    let snapshot = relation.snapshot(folder.path(), &[]).unwrap();
    assert_eq!(snapshot.columns, ["n"]);
    assert_eq!(snapshot.skipped, ["l", "s", "z"]);
    let problem = relation.snapshot(folder.path(), &["l".into()]).unwrap_err();
    assert_eq!(problem.code, Code::Unsupported);
}

#[test]
fn values_with_several_forms_get_one() {
    let folder = Folder::new();
    let hash = |zero: f64, nan: f64, first: &str| {
        let words: Vec<&str> = if first == "b" {
            vec!["b", "a"]
        } else {
            vec!["a", "b"]
        };
        let (x, y) = if first == "b" {
            ([1.0, zero], [nan, 2.0])
        } else {
            ([zero, 1.0], [2.0, nan])
        };
        let mut frame = df!("w" => words, "x" => x, "y" => y).unwrap();
        let categories = DataType::from_categories(Categories::global());
        let column = frame.column("w").unwrap().cast(&categories).unwrap();
        frame.with_column(column).unwrap();
        let file = folder.path().join("t.parquet");
        write_table(&frame, &file).unwrap();
        whole(&file).snapshot(folder.path(), &[]).unwrap().hash
    };
    let expected = hash(0.0, f64::NAN, "a");
    assert_eq!(hash(-0.0, -f64::NAN, "a"), expected);
    assert_eq!(hash(0.0, f64::from_bits(0x7ff8_0000_0000_0001), "b"), expected);
    assert_ne!(hash(0.5, f64::NAN, "a"), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn bytes_do_not_depend_on_the_order_of_rows(
        rows in proptest::collection::vec((proptest::option::of(-3_i64..3), -2_i32..2, "[ab]{0,2}"), 1..200),
        seed: u64,
        cuts in proptest::collection::vec(1_usize..50, 0..4),
    ) {
        let folder = Folder::new();
        let frame = df!(
            "n" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "x" => rows.iter().map(|row| f64::from(row.1) / 4.0).collect::<Vec<_>>(),
            "w" => rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(),
        ).unwrap();
        let hash = |frame: &DataFrame, group: usize| {
            let file = folder.path().join("t.parquet");
            ParquetWriter::new(std::fs::File::create(&file).unwrap())
                .with_row_group_size(Some(group)).finish(&mut frame.clone()).unwrap();
            whole(&file).snapshot(folder.path(), &[]).unwrap().hash
        };
        let expected = hash(&frame, 1000);
        let shuffled = frame.sample_n_literal(frame.height(), false, Some(true), Some(seed)).unwrap();
        prop_assert_eq!(&hash(&shuffled, 1000), &expected);
        for cut in cuts {
            prop_assert_eq!(&hash(&shuffled, cut), &expected);
        }
    }
}

#[test]
fn joins_in_either_direction_give_the_same_bytes() {
    let folder = Folder::new();
    let left: String = (0..5000).map(|row| format!("{},{}\n", row % 100, row)).collect();
    let right: String = (0..100)
        .rev()
        .map(|row| format!("{row},w{}\n", row % 7))
        .collect();
    let l = whole(&folder.write("l.csv", format!("k,v\n{left}")));
    let r = whole(&folder.write("r.csv", format!("k,w\n{right}")));
    let hash = |sql: &str| {
        let joined = ask(sql, &[("l", &l), ("r", &r)]).unwrap();
        joined.snapshot(folder.path(), &[]).unwrap().hash
    };
    let one = hash("SELECT v, w FROM l JOIN r ON l.k = r.k");
    assert_eq!(hash("SELECT v, w FROM r JOIN l ON l.k = r.k"), one);
    assert_eq!(
        hash("SELECT v, w FROM (SELECT * FROM l ORDER BY v DESC) AS l JOIN r ON l.k = r.k"),
        one
    );
    let snapshot = read_frame(&folder.path().join(format!("{one}.parquet"))).unwrap();
    assert_eq!(snapshot.height(), 5000);
}
