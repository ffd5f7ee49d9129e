//! Predictions take the same memory for files of any size, and are there as a whole or not at all.

#![allow(clippy::unwrap_used, reason = "what a test can't do without fails it")]

mod common;

use aloft_data::{Cancel, read_frame, write_table};
use aloft_spec::Code;
use aloft_train::execute;
use common::{create, predict, rows, spec};
use polars::prelude::*;
use std::fs;

/// Set in the process that predicts: the run, the input and the output.
#[cfg(target_os = "linux")]
const CHILD: &str = "ALOFT_TEST_PREDICT";
/// Rows that are written at a time.
#[cfg(target_os = "linux")]
const PART: usize = 1 << 14;
/// Columns of numbers.
#[cfg(target_os = "linux")]
const WIDTH: usize = 12;

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

/// The peak memory of a process that predicts so many times [`PART`] rows.
#[cfg(target_os = "linux")]
fn peak(folder: &std::path::Path, run_dir: &std::path::Path, parts: usize) -> u64 {
    let input = folder.join(format!("{parts}.parquet"));
    let mut writer = aloft_data::TableWriter::create(&input).unwrap();
    for _ in 0..parts {
        writer.write(wide(PART)).unwrap();
    }
    writer.finish().unwrap();
    let paths = [run_dir, &input, &folder.join("out.parquet")].map(|path| path.display().to_string());
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_longer_table_takes_no_more_memory", "--nocapture"])
        .env(CHILD, paths.join("\n"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&child.stderr)
    );
    let peak = said.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Rows of numbers that don't repeat.
#[cfg(target_os = "linux")]
fn wide(count: usize) -> DataFrame {
    let mut columns: Vec<Column> = (0..WIDTH)
        .map(|column| {
            let numbers: Vec<f64> = (0..count)
                .map(|row| ((row * 7919 + column) as f64).sqrt())
                .collect();
            Column::new(format!("n{column}").into(), numbers)
        })
        .collect();
    columns.push(Column::new(
        "late".into(),
        (0..count).map(|row| row % 3 == 0).collect::<Vec<_>>(),
    ));
    DataFrame::new(count, columns).unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_longer_table_takes_no_more_memory() {
    if let Ok(paths) = std::env::var(CHILD) {
        let paths: Vec<&std::path::Path> = paths.lines().map(std::path::Path::new).collect();
        predict(paths[0], paths[1], paths[2]).unwrap();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        println!(
            "\n{}",
            status.lines().find(|line| line.starts_with("VmHWM:")).unwrap()
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &wide(1000));
    execute(&run_dir).unwrap();
    let (short, long) = (12, 60);
    let grown = peak(folder.path(), &run_dir, long).saturating_sub(peak(folder.path(), &run_dir, short));
    // 12 columns of 8 bytes, and as much again for the others and the predictions.
    // polars reads some row groups ahead; what counts is that there are many more.
    let longer = ((long - short) * PART * WIDTH * 8) as u64;
    assert!(
        grown < longer / 2,
        "{} MB for {} MB more",
        grown >> 20,
        longer >> 20
    );
}
