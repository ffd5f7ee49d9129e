//! What a specification can ask for, from the rows to the metrics: each recipe learns, and gives the same bits again, also
//! after a stop.

use crate::common::{create, curve, events, predict, rows, spec};
use aloft_spec::{
    Code,
    event::EventKind,
    run::RunStatus,
    train::{
        CategoryEncoding, ClassWeightRule, ClassWeights, OptimizerKind, Scaling, ScheduleKind, SplitBy,
        TrainSpec,
    },
};
use aloft_train::execute;
use polars::prelude::DataFrame;
use std::{collections::BTreeMap, fs, path::PathBuf, thread, time::Duration};

fn small(target: &str) -> TrainSpec {
    let mut train = TrainSpec {
        epochs: Some(4),
        patience: Some(0),
        ..spec(target)
    };
    train.model.hidden = vec![12, 12];
    train.model.members = 3;
    train
}

fn run(train: TrainSpec, frame: &DataFrame) -> (tempfile::TempDir, PathBuf, RunStatus) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, frame);
    let status = execute(&run_dir).unwrap();
    (folder, run_dir, status)
}

fn metrics(run_dir: &std::path::Path) -> aloft_spec::run::Metrics {
    aloft_runs::read(run_dir).unwrap().metrics
}

#[test]
fn every_optimizer_and_schedule_learns_and_repeats_to_the_last_bit() {
    let frame = rows(500);
    let kinds = [
        OptimizerKind::Adamw,
        OptimizerKind::Adam,
        OptimizerKind::Sgd,
        OptimizerKind::Lion,
        OptimizerKind::Rmsprop,
    ];
    let schedules = [
        ScheduleKind::Cosine,
        ScheduleKind::Constant,
        ScheduleKind::OneCycle,
        ScheduleKind::Plateau,
    ];
    for (index, kind) in kinds.into_iter().enumerate() {
        let mut train = small("late");
        train.epochs = Some(12);
        train.optimizer.kind = kind;
        train.schedule.kind = schedules[index % schedules.len()];
        train.optimizer.accumulate = 1 + index % 2;
        train.model.residual = index % 2 == 0;
        let (_a, first, status) = run(train.clone(), &frame);
        assert_eq!(status, RunStatus::Done, "{kind:?}");
        let losses = curve(&first);
        assert!(losses[11].1 < losses[0].1, "{kind:?} learns: {losses:?}");
        let (_b, second, _) = run(train, &frame);
        assert_eq!(
            (curve(&first), metrics(&first)),
            (curve(&second), metrics(&second))
        );
    }
}

#[test]
fn a_stopped_recipe_goes_on_as_if_never_stopped() {
    let mut train = small("size");
    train.epochs = Some(14);
    train.model.hidden = vec![48, 48];
    train.optimizer.kind = OptimizerKind::Sgd;
    train.optimizer.accumulate = 2;
    train.schedule.kind = ScheduleKind::Plateau;
    train.schedule.wait = 1;
    train.loss.label_smoothing = 0.1;
    train.loss.class_weights = Some(ClassWeights::Rule(ClassWeightRule::Balanced));
    train.split.folds = 2;
    let frame = rows(4000);
    let (_folder, whole, _) = run(train.clone(), &frame);
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &frame);
    let folds = |run_dir: &std::path::Path| {
        let fold = |event: &EventKind| matches!(event, EventKind::Metrics { split, .. } if split.starts_with("fold "));
        events(run_dir).iter().filter(|event| fold(event)).count()
    };
    // Once in the middle of the epochs, and once in the cross-validation.
    for stop in [
        |epochs: usize, _: usize| epochs >= 3,
        |_: usize, folds: usize| folds >= 1,
    ] {
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    if stop(curve(&run_dir).len(), folds(&run_dir)) {
                        break;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
                aloft_runs::request_stop(&run_dir).unwrap();
            });
            execute(&run_dir).unwrap();
        });
        fs::remove_file(run_dir.join("stop")).unwrap();
    }
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert_eq!(curve(&run_dir), curve(&whole));
    assert_eq!(metrics(&run_dir), metrics(&whole));
    let weights = |run_dir: &std::path::Path| fs::read(run_dir.join("model/model.safetensors")).unwrap();
    assert_eq!(weights(&run_dir), weights(&whole));
}

#[test]
fn folds_say_how_far_metrics_spread() {
    let mut train = small("late");
    train.split.folds = 3;
    let (_folder, run_dir, status) = run(train.clone(), &rows(400));
    assert_eq!(status, RunStatus::Done);
    let with = metrics(&run_dir);
    assert!(with["folds"]["accuracy"] > 0.5 && with["folds_spread"]["accuracy"] < 0.3);
    assert_eq!(with["folds"].len(), with["test"].len());
    let told: Vec<f64> = events(&run_dir)
        .into_iter()
        .filter_map(|event| match event {
            EventKind::Metrics { split, metrics } if split.ends_with(" of 3") => Some(metrics["accuracy"]),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 3);
    assert!((told.iter().sum::<f64>() / 3.0 - with["folds"]["accuracy"]).abs() < 1e-12);
    train.split.folds = 0;
    let (_folder, without, _) = run(train, &rows(400));
    assert_eq!(
        metrics(&without)["test"],
        with["test"],
        "the model is the same with and without"
    );
}

#[test]
fn quantiles_of_a_number_are_learned_and_predicted() {
    let mut train = small("level");
    train.epochs = Some(30);
    train.quantiles = vec![0.1, 0.5, 0.9];
    let frame = rows(800);
    let (folder, run_dir, status) = run(train, &frame);
    assert_eq!(
        status,
        RunStatus::Done,
        "{:?}",
        aloft_runs::read(&run_dir).unwrap().problem
    );
    let test = &metrics(&run_dir)["test"];
    assert!(test["pinball"] < 0.6 * test["base_pinball"], "{test:?}");
    assert!((0.5..=1.0).contains(&test["coverage"]), "{test:?}");
    let (input, output) = (
        folder.path().join("new.parquet"),
        folder.path().join("out.parquet"),
    );
    aloft_data::write_table(&frame.drop("level").unwrap(), &input).unwrap();
    let summary = predict(&run_dir, &input, &output).unwrap();
    assert_eq!(summary.added, ["quantile_0.1", "quantile_0.5", "quantile_0.9"]);
    let predicted = aloft_data::read_frame(&output).unwrap();
    let column = |name: &str| predicted.column(name).unwrap().f64().unwrap().clone();
    let (low, high) = (column("quantile_0.1"), column("quantile_0.9"));
    assert!(
        low.iter().zip(high.iter()).all(|(low, high)| low <= high),
        "quantiles never cross"
    );
}

#[test]
fn preprocessing_splits_and_weights_do_as_they_are_told() {
    let frame = rows(600);
    for (scaling, categories) in [
        (Scaling::Standard, CategoryEncoding::Target),
        (Scaling::Quantile, CategoryEncoding::OneHot),
    ] {
        for target in ["late", "size", "level"] {
            let mut train = small(target);
            train.epochs = Some(10);
            train.preprocess.scaling = scaling;
            train.model.categories = categories;
            train.split.by = SplitBy::Group;
            train.split.column = Some("day".into());
            let (_folder, run_dir, status) = run(train, &frame);
            assert_eq!(
                status,
                RunStatus::Done,
                "{:?}",
                aloft_runs::read(&run_dir).unwrap().problem
            );
            let test = &metrics(&run_dir)["test"];
            let better = match target {
                "level" => test["rmse"] < test["base_rmse"],
                _ => test["accuracy"] > test["base_rate_accuracy"],
            };
            assert!(better, "{target} {scaling:?}: {test:?}");
        }
    }
    let mut train = small("size");
    train.loss.class_weights = Some(ClassWeights::Given(BTreeMap::from([("xl".into(), 2.0)])));
    let (_folder, run_dir, _) = run(train, &frame);
    let problem = aloft_runs::read(&run_dir).unwrap().problem.unwrap();
    assert_eq!(problem.code, Code::BadValue);
    assert!(problem.message.contains("`xl`") && problem.hint.unwrap().contains("l, m, s"));
}
