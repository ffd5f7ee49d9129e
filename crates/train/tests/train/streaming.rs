//! Predictions are made batch by batch, with the same numbers, and are there as a whole or not at all.

use crate::common::{create, predict, rows, spec};
use aloft_data::{Cancel, read_frame, write_table};
use aloft_spec::Code;
use aloft_train::execute;
use polars::prelude::*;
use std::fs;

#[test]
fn batches_give_the_same_numbers_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &rows(400));
    execute(&run_dir).unwrap();
    // Some batches, and a rest.
    let frame = rows(150_000);
    for ending in ["parquet", "csv"] {
        let path = |name: &str| folder.path().join(format!("{name}.{ending}"));
        write_table(&frame, &path("all")).unwrap();
        let mut told = Vec::new();
        let mut tell = |done, total| told.push((done, total));
        aloft_train::predict(&run_dir, &path("all"), &path("out"), &Cancel::new(), &mut tell).unwrap();
        assert!(
            told.len() > 1 && told.is_sorted() && *told.last().unwrap() == (150_000, 150_000),
            "{told:?}"
        );
        let all = read_frame(&path("out")).unwrap();
        assert_eq!(all.height(), 150_000);
        for start in [0, 65_530, 149_000] {
            write_table(&frame.slice(start, 1000), &path("some")).unwrap();
            predict(&run_dir, &path("some"), &path("some_out")).unwrap();
            let some = read_frame(&path("some_out")).unwrap();
            assert!(some.equals_missing(&all.slice(start, 1000)), "from row {start}");
        }
    }
}

#[test]
fn what_is_stopped_or_wrong_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &rows(400));
    execute(&run_dir).unwrap();
    let (input, output) = (
        folder.path().join("in.csv"),
        folder.path().join("out/out.parquet"),
    );
    fs::create_dir(output.parent().unwrap()).unwrap();
    let left = || fs::read_dir(output.parent().unwrap()).unwrap().count();
    let mut frame = rows(150_000);
    write_table(&frame, &input).unwrap();
    let cancel = Cancel::new();
    let stopper = cancel.clone();
    let problem = aloft_train::predict(&run_dir, &input, &output, &cancel, &mut |_, _| stopper.cancel());
    assert_eq!(problem.unwrap_err().code, Code::Stopped);
    assert_eq!(left(), 0);
    // A text far down is named by its own row.
    let texts: Vec<&str> = (0..150_000)
        .map(|row| if row == 140_001 { "much" } else { "1.5" })
        .collect();
    frame.with_column(Column::new("x".into(), texts)).unwrap();
    write_table(&frame, &input).unwrap();
    let problem = predict(&run_dir, &input, &output).unwrap_err();
    assert!(problem.message.contains("row 140002"), "{problem}");
    assert_eq!(left(), 0);
    write_table(&frame.slice(0, 0), &folder.path().join("none.parquet")).unwrap();
    predict(&run_dir, &folder.path().join("none.parquet"), &output).unwrap();
    assert_eq!(read_frame(&output).unwrap().shape(), (0, frame.width() + 3));
}
