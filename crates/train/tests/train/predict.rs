//! Predictions equal what the evaluation in training found.

use crate::common::{create, predict, rows, spec};
use aloft_data::{read_frame, write_table};
use aloft_spec::{Code, train::TrainSpec};
use aloft_train::{execute, measure};
use polars::prelude::*;

/// Rows whose later part a split by time takes as the test, so that the test knows which they are.
fn timed(count: usize) -> DataFrame {
    let mut frame = rows(count);
    frame
        .with_column(Column::new("at".into(), (0..count as i64).collect::<Vec<_>>()))
        .unwrap();
    frame
}

fn timed_spec(target: &str) -> TrainSpec {
    let mut train = spec(target);
    train.split.by = aloft_spec::train::SplitBy::Time;
    train.split.column = Some("at".into());
    train.epochs = Some(5);
    train
}

#[test]
fn predictions_on_the_test_rows_reproduce_the_stored_metrics() {
    for (target, ending) in [
        ("late", "csv"),
        ("late", "parquet"),
        ("size", "csv"),
        ("level", "csv"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let frame = timed(1000);
        let run_dir = create(folder.path(), timed_spec(target), &frame);
        execute(&run_dir).unwrap();
        let test = frame.slice(800, 200);
        let (input, output) = (
            folder.path().join(format!("in.{ending}")),
            folder.path().join(format!("out.{ending}")),
        );
        // The target isn't needed for a prediction.
        write_table(&test.drop(target).unwrap(), &input).unwrap();
        let summary = predict(&run_dir, &input, &output).unwrap();
        assert_eq!((summary.rows, summary.target.as_str()), (200, target));
        let written = read_frame(&output).unwrap();
        assert_eq!(written.height(), 200);
        let names: Vec<String> = written
            .get_column_names()
            .into_iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names[names.len() - summary.added.len()..], summary.added);
        assert!(
            written
                .column("at")
                .unwrap()
                .as_materialized_series()
                .i64()
                .unwrap()
                .iter()
                .eq((800..1000).map(Some))
        );

        let metrics = aloft_runs::read(&run_dir).unwrap().metrics["test"].clone();
        let column =
            |frame: &DataFrame, name: &str| frame.column(name).unwrap().as_materialized_series().clone();
        let (truth, predicted) = (column(&test, target), column(&written, "prediction"));
        if target == "level" {
            let (truth, predicted) = (truth.f64().unwrap().clone(), predicted.f64().unwrap().clone());
            let errors = truth
                .iter()
                .zip(predicted.iter())
                .map(|(y, p)| (p.unwrap() - y.unwrap()).powi(2));
            assert_eq!((errors.sum::<f64>() / 200.0).sqrt(), metrics["rmse"]);
        } else {
            let texts = |series: &Series| series.cast(&DataType::String).unwrap();
            let (truth, predicted) = (texts(&truth), texts(&predicted));
            let (truth, predicted) = (truth.str().unwrap(), predicted.str().unwrap());
            let hits = truth.iter().zip(predicted.iter()).filter(|(y, p)| y == p).count();
            assert_eq!(hits as f64 / 200.0, metrics["accuracy"]);
            let mut log_loss = 0.0;
            for (row, class) in truth.iter().enumerate() {
                let of_class = column(&written, &format!("probability_{}", class.unwrap()));
                log_loss -= of_class.f64().unwrap().get(row).unwrap().ln();
            }
            assert_eq!(log_loss / 200.0, metrics["log_loss"]);
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), timed_spec("late"), &timed(300));
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    write_table(&timed(10), &input).unwrap();
    assert_eq!(
        predict(&run_dir, &input, &output).unwrap_err().code,
        Code::NotFound,
        "no model yet"
    );
    execute(&run_dir).unwrap();

    write_table(&timed(10).drop("x").unwrap().drop("kind").unwrap(), &input).unwrap();
    let problem = predict(&run_dir, &input, &output).unwrap_err();
    assert_eq!(problem.code, Code::UnknownColumn);
    assert!(problem.message.contains("x, kind"), "{problem}");

    let mut wrong = timed(10);
    wrong
        .with_column(Column::new("x".into(), vec!["much"; 10]))
        .unwrap();
    write_table(&wrong, &input).unwrap();
    let problem = predict(&run_dir, &input, &output).unwrap_err();
    assert_eq!(problem.code, Code::BadValue);
    assert!(
        problem.message.contains("`x`") && problem.message.contains("`much`"),
        "{problem}"
    );

    write_table(&timed(10), &input).unwrap();
    predict(&run_dir, &input, &output).unwrap();
    let problem = predict(&run_dir, &output, &output).unwrap_err();
    assert_eq!(problem.code, Code::BadValue);
    assert!(problem.message.contains("`prediction`"), "{problem}");
    assert!(predict(&run_dir, &folder.path().join("absent.csv"), &output).is_err());
}

#[test]
fn a_measurement_needs_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.parquet");
    write_table(&rows(2000), &data).unwrap();
    let train = spec("late");
    let measured = measure(&train, &data, 2000).unwrap();
    assert_eq!(
        (measured.train_rows, measured.validation_rows, measured.test_rows),
        (1400, 200, 400)
    );
    assert_eq!((measured.batch_rows, measured.steps_per_epoch), (64, 22));
    let measurement = measured.measurement;
    assert_eq!(measurement.batch_rows, 64);
    assert!(
        measurement.step_seconds.len() >= 5 && measurement.step_seconds.iter().all(|seconds| *seconds > 0.0)
    );
    // A run on a hundred times the rows takes larger batches.
    let planned = measure(&train, &data, 200_000).unwrap();
    assert_eq!((planned.batch_rows, planned.steps_per_epoch), (256, 547));
    assert_eq!(
        measure(&spec("lat"), &data, 2000).unwrap_err().code,
        Code::UnknownColumn
    );
}
