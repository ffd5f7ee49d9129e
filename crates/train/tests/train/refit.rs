//! Learning anew from training and validation rows together.

use crate::common::{create, curve, events, rows, spec};
use aloft_spec::{
    event::{EventKind, Phase},
    run::RunStatus,
    train::{ModelKind, TrainSpec},
};
use aloft_train::{Precision, execute, quantize};
use polars::prelude::DataFrame;
use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

fn phases(run_dir: &Path) -> Vec<Phase> {
    let of = |event| match event {
        EventKind::Phase { phase } => Some(phase),
        _ => None,
    };
    events(run_dir).into_iter().filter_map(of).collect()
}

/// A run in a folder of its own.
fn run_in(folder: &Path, name: &str, train: TrainSpec, frame: &DataFrame) -> PathBuf {
    let folder = folder.join(name);
    fs::create_dir(&folder).unwrap();
    create(&folder, train, frame)
}

#[test]
fn a_small_table_is_learned_anew_from_all_rows_but_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    let frame = rows(600);
    let usual = run_in(folder.path(), "usual", spec("late"), &frame);
    let without = TrainSpec {
        refit: Some(false),
        ..spec("late")
    };
    let without = run_in(folder.path(), "without", without, &frame);
    for run_dir in [&usual, &without] {
        assert_eq!(execute(run_dir).unwrap(), RunStatus::Done);
    }
    let order = phases(&usual);
    let at = |phase| order.iter().position(|other| *other == phase);
    assert!(
        at(Phase::Train) < at(Phase::Refit) && at(Phase::Refit) < at(Phase::Evaluate),
        "{order:?}"
    );
    assert!(!phases(&without).contains(&Phase::Refit));
    let report = aloft_runs::read_report(&usual).unwrap().unwrap();
    let refit = report.refit.unwrap();
    assert_eq!((refit.rows, refit.folds), (480, TrainSpec::REFIT_FOLDS));
    assert!((1..=TrainSpec::new("", "").epochs_for(420)).contains(&refit.epochs));
    let model: serde_json::Value =
        serde_json::from_slice(&fs::read(usual.join("model/model.json")).unwrap()).unwrap();
    assert_eq!(model["best_epoch"], refit.epochs);
    // The training before is the same, and its model is what the validation part judges.
    assert_eq!(curve(&usual), curve(&without));
    let metrics = |run_dir: &Path| aloft_runs::read(run_dir).unwrap().metrics;
    let (anew, before) = (metrics(&usual), metrics(&without));
    assert_eq!(anew["validation"], before["validation"]);
    assert_ne!(anew["test"], before["test"]);
    assert!(anew["test"]["roc_auc"] > 0.9, "{anew:?}");
    // What reads the model again reads rows as it does.
    let quantized = quantize(&usual, Precision::F16, &folder.path().join("small")).unwrap();
    assert_eq!(quantized.before, anew["test"]);
}

#[test]
fn rows_that_stay_in_their_file_are_learned_anew_to_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let frame = rows(600);
    let metrics = |name: &str, memory_mb| {
        let train = TrainSpec {
            memory_mb,
            epochs: Some(4),
            ..spec("late")
        };
        let run_dir = run_in(folder.path(), name, train, &frame);
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        assert!(
            aloft_runs::read_report(&run_dir)
                .unwrap()
                .unwrap()
                .refit
                .is_some()
        );
        aloft_runs::read(&run_dir).unwrap().metrics
    };
    assert_eq!(metrics("file", Some(0)), metrics("memory", None));
}

#[test]
fn so_are_trees() {
    let folder = tempfile::tempdir().unwrap();
    let mut train = spec("late");
    train.model.kind = ModelKind::Trees;
    train.model.trees.rounds = 100;
    let run_dir = create(folder.path(), train, &rows(600));
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    let report = aloft_runs::read_report(&run_dir).unwrap().unwrap();
    let refit = report.refit.unwrap();
    assert!(refit.rows == 480 && (1..=10).contains(&refit.epochs), "{refit:?}");
    let rounds = format!("for {} rounds", 10 * refit.epochs);
    let told = |event| matches!(event, EventKind::Log { message, .. } if message.contains(&rounds));
    assert!(events(&run_dir).into_iter().any(told));
    assert!(report.metrics["test"]["roc_auc"] > 0.9, "{:?}", report.metrics);
}

#[test]
fn a_larger_table_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &rows(1500));
    execute(&run_dir).unwrap();
    assert!(!phases(&run_dir).contains(&Phase::Refit));
    assert_eq!(aloft_runs::read_report(&run_dir).unwrap().unwrap().refit, None);
}

#[test]
fn one_that_is_stopped_meanwhile_keeps_its_model_and_learns_anew_when_resumed() {
    let train = TrainSpec {
        refit: Some(true),
        epochs: Some(12),
        patience: Some(0),
        ..spec("late")
    };
    let folder = tempfile::tempdir().unwrap();
    // Long enough to be stopped in the middle.
    let frame = rows(8000);
    let whole = run_in(folder.path(), "whole", train.clone(), &frame);
    assert_eq!(execute(&whole).unwrap(), RunStatus::Done);
    let told = events(&whole)
        .into_iter()
        .any(|event| matches!(event, EventKind::Fold { folds, .. } if folds == TrainSpec::REFIT_FOLDS + 1));
    assert!(told, "it doesn't tell how far it is");
    let run_dir = run_in(folder.path(), "stopped", train, &frame);
    let watched = run_dir.clone();
    let watcher = thread::spawn(move || {
        for _ in 0..60_000 {
            if phases(&watched).contains(&Phase::Refit) {
                return aloft_runs::request_stop(&watched).unwrap();
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Stopped);
    watcher.join().unwrap();
    let stopped = aloft_runs::read_report(&run_dir).unwrap().unwrap();
    assert_eq!(stopped.refit, None);
    assert_eq!(stopped.curves.len(), 12);
    fs::remove_file(run_dir.join("stop")).unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    let metrics = |run_dir: &Path| aloft_runs::read(run_dir).unwrap().metrics;
    assert_eq!(metrics(&run_dir), metrics(&whole));
    let weights = |run_dir: &Path| fs::read(run_dir.join("model/model.safetensors")).unwrap();
    assert_eq!(weights(&run_dir), weights(&whole));
}
