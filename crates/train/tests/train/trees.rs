//! Trees go the way of networks: events, early stop, checkpoints, the saved model and predictions.

use crate::common::{create, curve, events, penguins, predict, rows, spec};
use aloft_data::{read_frame, write_table};
use aloft_spec::{
    Code,
    event::EventKind,
    run::RunStatus,
    train::{ClassWeights, ModelKind, SplitBy, TrainSpec},
};
use aloft_train::{execute, measure};
use polars::prelude::*;
use std::{fs, path::Path};

fn trees(target: &str, rounds: u32) -> TrainSpec {
    let mut train = spec(target);
    train.model.kind = ModelKind::Trees;
    train.model.trees.rounds = rounds;
    train.patience = Some(0);
    train
}

fn model(run_dir: &Path) -> Vec<u8> {
    fs::read(run_dir.join("model/model.safetensors")).unwrap()
}

#[test]
fn going_on_from_a_checkpoint_gives_the_same_bits() {
    let frame = rows(2000);
    for target in ["late", "size", "level"] {
        let mut train = trees(target, 60);
        train.model.trees.row_share = Some(0.7);
        train.model.trees.column_share = Some(0.7);
        let folder = tempfile::tempdir().unwrap();
        let new_run = |name: &str, train: TrainSpec| {
            let folder = folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            create(&folder, train, &frame)
        };
        let whole = new_run("whole", train.clone());
        assert_eq!(execute(&whole).unwrap(), RunStatus::Done);
        assert_eq!(curve(&whole).len(), 6);

        let run_dir = new_run("stopped", train);
        // Another worker that ended after two epochs: its run was to be no longer.
        let mut record = aloft_runs::read(&run_dir).unwrap();
        record.train.model.trees.rounds = 20;
        aloft_runs::write(&run_dir, &record).unwrap();
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        let mut record = aloft_runs::read(&run_dir).unwrap();
        record.train.model.trees.rounds = 60;
        record.status = RunStatus::Lost;
        record.metrics.clear();
        aloft_runs::write(&run_dir, &record).unwrap();
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        let resumed = |event: &EventKind| {
            matches!(
                event,
                EventKind::Started {
                    resumed_epochs: 2,
                    ..
                }
            )
        };
        assert!(events(&run_dir).iter().any(resumed));

        assert_eq!(curve(&run_dir), curve(&whole));
        let (resumed, whole_model) = (model(&run_dir), model(&whole));
        let differs = resumed.iter().zip(&whole_model).position(|(a, b)| a != b);
        assert_eq!((differs, resumed.len()), (None, whole_model.len()));
        let metrics = |run_dir: &Path| aloft_runs::read(run_dir).unwrap().metrics;
        assert_eq!(metrics(&run_dir), metrics(&whole));
    }
}

#[test]
fn the_validation_part_says_how_many_trees_are_kept() {
    let mut train = trees("told", 400);
    train.ignore.push("late".into());
    train.patience = Some(3);
    // Every fourth row tells the opposite, which can only be learned by heart.
    let mut frame = rows(600);
    let told: Vec<Option<bool>> = frame.column("late").unwrap().bool().unwrap().iter().collect();
    let told = told
        .iter()
        .enumerate()
        .map(|(row, late)| late.map(|late| late ^ (row * 7919 % 4 == 0)));
    frame
        .with_column(Column::new("told".into(), told.collect::<Vec<_>>()))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &frame);
    execute(&run_dir).unwrap();
    let curve = curve(&run_dir);
    let best = curve.iter().min_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
    assert!(curve.len() < 40 && curve.len() as u32 == best.0 + 3, "{curve:?}");
    let loss = aloft_runs::read(&run_dir).unwrap().metrics["validation"]["log_loss"];
    assert_eq!(
        loss, best.2,
        "the model is that of the best epoch, to the last bit"
    );
}

#[test]
fn predictions_reproduce_the_stored_metrics() {
    let mut frame = rows(1000);
    let at: Vec<i64> = (0..1000).collect();
    frame.with_column(Column::new("at".into(), at)).unwrap();
    let mut train = trees("level", 50);
    train.split.by = SplitBy::Time;
    train.split.column = Some("at".into());
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &frame);
    execute(&run_dir).unwrap();
    let (input, output) = (
        folder.path().join("in.parquet"),
        folder.path().join("out.parquet"),
    );
    write_table(&frame.slice(800, 200), &input).unwrap();
    let summary = predict(&run_dir, &input, &output).unwrap();
    assert_eq!((summary.rows, summary.task.as_str()), (200, "regression"));
    let written = read_frame(&output).unwrap();
    let numbers = |name: &str| -> Vec<f64> {
        let column = written.column(name).unwrap().f64().unwrap();
        column.iter().map(Option::unwrap).collect()
    };
    let (predicted, truth) = (numbers("prediction"), numbers("level"));
    let squares = predicted
        .iter()
        .zip(&truth)
        .map(|(p, y)| (p - y).powi(2))
        .sum::<f64>();
    let stored = aloft_runs::read(&run_dir).unwrap().metrics["test"]["rmse"];
    assert!(((squares / 200.0).sqrt() - stored).abs() < 1e-12);
}

#[test]
fn penguins_are_told_apart_without_tuning() {
    let mut train = TrainSpec::new("penguins", "species");
    train.model.kind = ModelKind::Trees;
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &penguins());
    execute(&run_dir).unwrap();
    let accuracy = aloft_runs::read(&run_dir).unwrap().metrics["test"]["accuracy"];
    assert!(accuracy >= 0.95, "{accuracy}");
}

#[test]
fn a_plan_measures_rounds_and_keys_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.parquet");
    write_table(&rows(800), &data).unwrap();
    let measured = measure(&trees("late", 100), &data, 8000).unwrap();
    assert_eq!(
        (measured.steps_per_epoch, measured.batch_rows),
        (1, 10 * measured.train_rows)
    );
    assert!(
        measured
            .measurement
            .step_seconds
            .iter()
            .all(|seconds| *seconds > 0.0)
    );
    let mut train = trees("late", 100);
    train.model.trees.leaves = 1;
    let problem = measure(&train, &data, 800).unwrap_err();
    assert_eq!(problem.code, Code::BadValue);
    assert!(problem.message.contains("leaves"), "{problem}");
}

#[test]
fn a_class_that_counts_more_is_found_more_often() {
    // One row in ten, told by noise as much as by the columns.
    let mut frame = rows(2000);
    let rare: Vec<&str> = (0..2000)
        .map(|row| match (row * 7919) % 10 {
            0 => "rare",
            _ => "often",
        })
        .collect();
    frame.with_column(Column::new("late".into(), rare)).unwrap();
    let found = |weights: Option<ClassWeights>| {
        let folder = tempfile::tempdir().unwrap();
        let mut train = trees("late", 20);
        train.loss.class_weights = weights;
        let run_dir = create(folder.path(), train, &frame);
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        let report = aloft_runs::read_report(&run_dir).unwrap().unwrap();
        let taken: u64 = report.confusion["test"].counts.iter().map(|row| row[1]).sum();
        taken
    };
    let given = ClassWeights::Given([("rare".to_owned(), 100.0)].into());
    let (plain, weighted) = (found(None), found(Some(given)));
    assert!(weighted > plain + 50, "{plain} and {weighted}");
}

/// Along the whole way: the column is found among those of the model, and predictions never fall with it.
#[test]
fn predictions_never_fall_with_a_column_that_may_only_rise() {
    let folder = tempfile::tempdir().unwrap();
    // Waves that a forest follows where it may.
    let mut frame = rows(1500);
    let x: Vec<f64> = frame
        .column("x")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    let wavy: Vec<f64> = x.iter().map(|x| x + 4.0 * (x * 3.0).sin()).collect();
    frame.with_column(Column::new("level".into(), wavy)).unwrap();
    let along = |monotone: &[(&str, i8)], name: &str| -> Vec<f64> {
        let folder = folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let mut train = trees("level", 60);
        train.model.trees.monotone = monotone
            .iter()
            .map(|(name, way)| ((*name).to_owned(), *way))
            .collect();
        let run_dir = create(&folder, train, &frame);
        assert_eq!(
            execute(&run_dir).unwrap(),
            RunStatus::Done,
            "{:?}",
            events(&run_dir).pop()
        );
        let mut asked = rows(1500).slice(200, 1);
        for _ in 0..7 {
            asked = asked.vstack(&asked).unwrap();
        }
        let steps: Vec<f64> = (0..asked.height()).map(|step| step as f64 * 0.08).collect();
        asked.with_column(Column::new("x".into(), steps)).unwrap();
        let (input, output) = (folder.join("in.parquet"), folder.join("out.parquet"));
        write_table(&asked, &input).unwrap();
        predict(&run_dir, &input, &output).unwrap();
        let scored = read_frame(&output).unwrap();
        let column = scored.column("prediction").unwrap().f64().unwrap();
        column.iter().flatten().collect()
    };
    let free = along(&[], "free");
    assert!(!free.is_sorted(), "{free:?}");
    let rising = along(&[("x", 1), ("gappy", -1)], "rising");
    assert!(rising.is_sorted() && rising[0] + 3.0 < rising[127], "{rising:?}");
}

#[test]
fn directions_are_of_numbers_and_of_what_has_an_order() {
    let problem = |target: &str, column: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut train = trees(target, 10);
        train.model.trees.monotone.insert(column.to_owned(), 1);
        let run_dir = create(folder.path(), train, &rows(400));
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
        aloft_runs::read(&run_dir).unwrap().problem.unwrap()
    };
    let text = problem("late", "kind");
    assert!(
        text.code == Code::BadValue && text.message.contains("`kind`"),
        "{text}"
    );
    let classes = problem("size", "x");
    assert!(classes.message.contains("3 classes have no order"), "{classes}");
}
