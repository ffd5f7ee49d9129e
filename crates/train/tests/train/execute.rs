//! The worker from the outside: a run folder in, events, model and record out.

use crate::common::{create, curve, events, penguins, rows, spec};
use aloft_spec::{
    Code,
    event::{EventKind, Phase},
    run::RunStatus,
    train::{CategoryEncoding, DeviceSpec, ModelKind, SplitBy, TrainSpec},
    verdict::{Placement, ReasonKind},
};
use aloft_train::execute;
use polars::prelude::*;
use std::{fs, path::Path, thread, time::Duration};

fn run(train: TrainSpec, frame: &DataFrame) -> (tempfile::TempDir, std::path::PathBuf, RunStatus) {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, frame);
    let status = execute(&run_dir).unwrap();
    (folder, run_dir, status)
}

fn test_metric(run_dir: &Path, name: &str) -> f64 {
    aloft_runs::read(run_dir).unwrap().metrics["test"][name]
}

#[test]
fn each_task_and_model_learns() {
    let frame = rows(1500);
    for kind in [ModelKind::Mlp, ModelKind::Linear, ModelKind::Trees] {
        for categories in [CategoryEncoding::Embedding, CategoryEncoding::OneHot] {
            for (target, metric, least) in [
                ("late", "roc_auc", 0.97),
                ("size", "accuracy", 0.85),
                ("level", "r2", 0.95),
            ] {
                let mut train = spec(target);
                train.model.kind = kind;
                train.model.categories = categories;
                train.epochs = Some(40);
                train.optimizer.learning_rate = Some(1e-2);
                let (_folder, run_dir, status) = run(train, &frame);
                assert_eq!(status, RunStatus::Done);
                let reached = test_metric(&run_dir, metric);
                assert!(
                    reached > least,
                    "{kind:?} {categories:?} {target}: {metric} is {reached}"
                );
            }
        }
    }
}

#[test]
fn penguins_are_told_apart_without_tuning() {
    let (_folder, run_dir, _) = run(TrainSpec::new("penguins", "species"), &penguins());
    let accuracy = test_metric(&run_dir, "accuracy");
    assert!(accuracy >= 0.97, "{accuracy}");
    let report = aloft_runs::read_report(&run_dir).unwrap().unwrap();
    assert!(
        report.conclusion.contains("better than always saying 'Adelie'"),
        "{}",
        report.conclusion
    );
    let confusion = &report.confusion["test"];
    let sum: u64 = confusion.counts.iter().flatten().sum();
    assert_eq!((sum, confusion.rows.len()), (69, 3));
}

#[test]
fn the_log_tells_the_run_in_order_and_the_record_agrees() {
    let train = TrainSpec {
        epochs: Some(6),
        patience: Some(0),
        ..spec("late")
    };
    let (_folder, run_dir, status) = run(train, &rows(2000));
    assert_eq!(status, RunStatus::Done);
    let mut phases = Vec::new();
    let (mut prepared, mut verdicts, mut measured) = (None, 0, None);
    let events = events(&run_dir);
    assert!(
        matches!(&events[0], EventKind::Started { device, resumed_epochs: 0, .. } if device.starts_with("c"))
    );
    for event in &events {
        match event {
            EventKind::Phase { phase } => phases.push(*phase),
            EventKind::Prepared {
                train_rows,
                validation_rows,
                test_rows,
                task,
                classes,
                steps_per_epoch,
                ..
            } => {
                assert_eq!(
                    (train_rows + validation_rows + test_rows, task.as_str()),
                    (2000, "binary")
                );
                assert_eq!(classes, &["false", "true"]);
                prepared = Some(*steps_per_epoch);
            }
            EventKind::Measured { measurement } => {
                assert!(
                    measurement.step_seconds.len() >= 30
                        && measurement.step_seconds.iter().all(|seconds| *seconds > 0.0)
                );
                assert!(
                    measurement.evaluate_seconds_per_row > 0.0 && measurement.prepare_seconds_per_row > 0.0
                );
                assert!(measurement.parameter_bytes > 0 && measurement.row_bytes > 0);
                measured = Some(measurement.measured_rows);
            }
            EventKind::Verdict { verdict } => {
                verdicts += 1;
                assert_eq!(verdict.forecast.steps, 6 * prepared.unwrap());
            }
            _ => {}
        }
    }
    assert_eq!(
        phases,
        [
            Phase::Load,
            Phase::Fit,
            Phase::WarmUp,
            Phase::Train,
            Phase::Evaluate,
            Phase::Save,
            Phase::Explain
        ]
    );
    assert_eq!((measured, curve(&run_dir).len()), (Some(2000), 6));
    assert!(verdicts >= 1);
    let record = aloft_runs::read(&run_dir).unwrap();
    let outcome = record.outcome.unwrap();
    assert_eq!((record.status, outcome.epochs), (RunStatus::Done, 6));
    assert!(outcome.seconds > 0.0 && outcome.samples_per_second > 0.0 && outcome.forecast_seconds > 0.0);
    assert!(outcome.memory_bytes > 0 && outcome.disk_bytes > 0);
    assert!(record.forecast.unwrap().seconds.mid > 0.0);
    assert!(
        matches!(events.last(), Some(EventKind::Finished { status: RunStatus::Done, problem: None, outcome: Some(told) }) if *told == outcome)
    );
    aloft_runs::verify_manifest(&run_dir).unwrap();
    assert_eq!(
        execute(&run_dir).unwrap(),
        RunStatus::Done,
        "a run that is done stays as it is"
    );
    assert_eq!(crate::common::events(&run_dir).len(), events.len());
}

#[test]
fn the_same_run_gives_the_same_bits() {
    let mut train = spec("size");
    train.model.dropout = 0.2;
    train.epochs = Some(4);
    let (_a, first, _) = run(train.clone(), &rows(700));
    let (_b, second, _) = run(train.clone(), &rows(700));
    assert_eq!(
        aloft_runs::read(&first).unwrap().metrics,
        aloft_runs::read(&second).unwrap().metrics
    );
    assert_eq!(curve(&first), curve(&second));
    let weights = |run_dir: &Path| fs::read(run_dir.join("model/model.safetensors")).unwrap();
    assert_eq!(weights(&first), weights(&second));
    train.seed += 1;
    let (_c, other, _) = run(train, &rows(700));
    assert_ne!(curve(&first), curve(&other));
}

/// The epoch that a run is in. Epochs that are done are told only once a checkpoint is on the disk, which may take as long as
/// all of them where the disk is slow.
fn epochs_begun(run_dir: &Path) -> u32 {
    let epochs = events(run_dir).into_iter().map(|event| match event {
        EventKind::Step { epoch, .. } => epoch,
        EventKind::Epoch { epoch, .. } => epoch + 1,
        _ => 0,
    });
    epochs.max().unwrap_or_default()
}

#[test]
fn stopping_and_going_on_equals_never_stopping() {
    let mut train = TrainSpec {
        epochs: Some(30),
        patience: Some(0),
        ..spec("level")
    };
    train.model.dropout = 0.1;
    goes_on(train);
}

#[test]
fn mixed_precision_learns_as_much_goes_on_where_it_stopped_and_is_told() {
    let mut train = TrainSpec {
        epochs: Some(15),
        patience: Some(0),
        mixed_precision: true,
        device: DeviceSpec::Cpu,
        ..spec("level")
    };
    train.model.hidden = vec![64, 64];
    let (_folder, run_dir, _) = run(train.clone(), &rows(3000));
    let events = events(&run_dir);
    let warned = events.iter().any(|event| {
        matches!(event, EventKind::Log { level, message } if level == "warning" && message.contains("bf16"))
    });
    let mixed = aloft_runs::read(&run_dir).unwrap();
    let is_told = mixed.device.unwrap().ends_with("bf16 products");
    assert!(is_told != warned, "{events:?}");
    let mut single = train.clone();
    single.mixed_precision = false;
    let (_other, other, _) = run(single, &rows(3000));
    assert_eq!(curve(&run_dir) == curve(&other), warned);
    let reached = |run_dir: &Path| test_metric(run_dir, "rmse");
    let (mixed, single) = (reached(&run_dir), reached(&other));
    assert!(mixed < 1.1 * single, "{mixed} and {single}");
    goes_on(train);
}

/// Fails unless a run that is stopped and resumed again and again comes to the same as one that isn't.
fn goes_on(train: TrainSpec) {
    // Long enough to be stopped in the middle on a fast machine.
    let frame = rows(20_000);
    let (_folder, whole, _) = run(train.clone(), &frame);
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &frame);
    let mut stops = 0;
    loop {
        let watched = run_dir.clone();
        let goal = epochs_begun(&run_dir) + 3;
        let watcher = thread::spawn(move || {
            for _ in 0..5000 {
                if epochs_begun(&watched) >= goal {
                    aloft_runs::request_stop(&watched).unwrap();
                    break;
                }
                thread::sleep(Duration::from_millis(1));
            }
        });
        let status = execute(&run_dir).unwrap();
        if status == RunStatus::Done {
            break;
        }
        watcher.join().unwrap();
        assert_eq!(status, RunStatus::Stopped);
        assert!(
            run_dir.join("model/model.json").exists(),
            "the best model so far is kept"
        );
        let outcome = aloft_runs::read(&run_dir).unwrap().outcome.unwrap();
        assert_eq!(outcome.epochs as usize, curve(&run_dir).len());
        aloft_runs::verify_manifest(&run_dir).unwrap();
        stops += 1;
        fs::remove_file(run_dir.join("stop")).unwrap();
    }
    assert!(stops >= 1, "the run was too quick to be stopped");
    assert_eq!(curve(&run_dir), curve(&whole));
    assert_eq!(
        aloft_runs::read(&run_dir).unwrap().metrics,
        aloft_runs::read(&whole).unwrap().metrics
    );
    let weights = |run_dir: &Path| fs::read(run_dir.join("model/model.safetensors")).unwrap();
    assert_eq!(weights(&run_dir), weights(&whole));
    let resumed = events(&run_dir)
        .into_iter()
        .any(|event| matches!(event, EventKind::Started { resumed_epochs, .. } if resumed_epochs > 0));
    assert!(resumed);
}

/// As after `kill -9`: the record says that it runs, and no worker is there.
#[test]
fn a_lost_run_goes_on_from_its_checkpoint() {
    let train = TrainSpec {
        epochs: Some(5),
        patience: Some(0),
        ..spec("late")
    };
    let frame = rows(600);
    let (_folder, whole, _) = run(train.clone(), &frame);
    // The checkpoint of a run with the same steps that ended after two epochs.
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, &frame);
    let watched = run_dir.clone();
    thread::scope(|scope| {
        scope.spawn(|| {
            while curve(&watched).len() < 2 {
                thread::sleep(Duration::from_micros(200));
            }
            aloft_runs::request_stop(&watched).unwrap();
        });
        execute(&run_dir).unwrap();
    });
    let mut record = aloft_runs::read(&run_dir).unwrap();
    fs::remove_file(run_dir.join("stop")).unwrap();
    record.status = RunStatus::Running;
    record.outcome = None;
    record.metrics.clear();
    aloft_runs::write(&run_dir, &record).unwrap();
    fs::remove_dir_all(run_dir.join("model")).unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert_eq!(
        aloft_runs::read(&run_dir).unwrap().metrics,
        aloft_runs::read(&whole).unwrap().metrics
    );
}

#[test]
fn a_run_that_stops_improving_ends_early_with_its_best_epoch() {
    let mut train = TrainSpec {
        epochs: Some(200),
        patience: Some(3),
        refit: Some(false),
        ..spec("late")
    };
    train.optimizer.learning_rate = Some(3e-2);
    let (_folder, run_dir, _) = run(train, &rows(400));
    let curve = curve(&run_dir);
    assert!(curve.len() < 200);
    let best = curve.iter().min_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
    assert_eq!(curve.len() as u32, best.0 + 3);
    let model: serde_json::Value =
        serde_json::from_slice(&fs::read(run_dir.join("model/model.json")).unwrap()).unwrap();
    assert_eq!(model["best_epoch"], best.0);
    let loss = aloft_runs::read(&run_dir).unwrap().metrics["validation"]["log_loss"];
    assert_eq!(loss, best.2, "the model is that of the best epoch");
}

#[test]
fn a_cross_validation_tells_how_far_it_is() {
    let mut train = TrainSpec {
        patience: Some(0),
        ..spec("late")
    };
    train.split.folds = 3;
    let (_folder, run_dir, status) = run(train, &rows(6000));
    assert_eq!(status, RunStatus::Done);
    let events = events(&run_dir);
    let mut last = (0, 0);
    for event in &events {
        if let EventKind::Fold {
            fold,
            folds,
            epoch,
            epochs,
            loss,
            samples_per_second,
            seconds_left,
        } = event
        {
            assert_eq!((*folds, *epochs), (3, 20));
            assert!((1..=3).contains(fold) && (1..=20).contains(epoch));
            assert!((*fold, *epoch) >= last, "{:?} after {last:?}", (fold, epoch));
            assert!(loss.is_finite() && *samples_per_second > 0.0 && *seconds_left >= 0.0);
            last = (*fold, *epoch);
        }
    }
    assert!(last.0 > 0, "it says nothing");
    // Each fold's metrics come when it is done, and what they come to stands in the record.
    let of_folds: Vec<(&str, f64)> = events
        .iter()
        .filter_map(|event| match event {
            EventKind::Metrics { split, metrics } if split.starts_with("fold ") => {
                Some((split.as_str(), metrics["log_loss"]))
            }
            _ => None,
        })
        .collect();
    let names: Vec<&str> = of_folds.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3"]);
    let record = aloft_runs::read(&run_dir).unwrap();
    let mean = of_folds.iter().map(|(_, loss)| loss).sum::<f64>() / 3.0;
    assert!((record.metrics["folds"]["log_loss"] - mean).abs() < 1e-12);
}

fn problem_of(train: TrainSpec, frame: &DataFrame) -> aloft_spec::Problem {
    let (_folder, run_dir, status) = run(train, frame);
    assert_eq!(status, RunStatus::Failed);
    let record = aloft_runs::read(&run_dir).unwrap();
    let told = events(&run_dir).pop();
    let problem = record.problem.unwrap();
    assert!(
        matches!(told, Some(EventKind::Finished { status: RunStatus::Failed, problem: Some(told), .. }) if told == problem)
    );
    assert!(problem.hint.is_some());
    problem
}

#[test]
fn failures_are_told_with_their_reason() {
    let frame = rows(200);
    assert_eq!(problem_of(spec("lat"), &frame).code, Code::UnknownColumn);
    let same = frame
        .clone()
        .lazy()
        .with_column(lit(true).alias("late"))
        .collect()
        .unwrap();
    let single = problem_of(spec("late"), &same);
    assert_eq!(single.code, Code::SingleClass);
    assert!(single.message.contains("`late`") && single.message.contains("200"));
    assert_eq!(
        problem_of(spec("late"), &frame.head(Some(4))).code,
        Code::EmptyData
    );
    let mut wild = spec("level");
    wild.optimizer.learning_rate = Some(1e30);
    let diverged = problem_of(wild, &frame);
    assert_eq!(diverged.code, Code::Diverged);
    assert!(diverged.message.contains("step") && diverged.hint.unwrap().contains("learning_rate"));
    if aloft_train::devices()
        .iter()
        .all(|device| device.kind != "cuda" || !device.usable)
    {
        let absent = problem_of(
            TrainSpec {
                device: DeviceSpec::Cuda,
                ..spec("late")
            },
            &frame,
        );
        assert_eq!(absent.code, Code::NoDevice);
    }
}

#[test]
fn a_torn_table_and_a_torn_checkpoint_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &rows(200));
    let data = run_dir.join("data.parquet");
    let bytes = fs::read(&data).unwrap();
    fs::remove_file(&data).unwrap();
    fs::write(&data, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
    assert_eq!(
        aloft_runs::read(&run_dir).unwrap().problem.unwrap().code,
        Code::Unreadable
    );
    fs::write(&data, &bytes).unwrap();
    fs::create_dir_all(run_dir.join("checkpoints")).unwrap();
    fs::write(run_dir.join("checkpoints/last.safetensors"), b"torn").unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
    let problem = aloft_runs::read(&run_dir).unwrap().problem.unwrap();
    assert!(problem.message.contains("checkpoint"), "{problem}");
    fs::remove_dir_all(run_dir.join("checkpoints")).unwrap();
    assert_eq!(
        execute(&run_dir).unwrap(),
        RunStatus::Done,
        "a failed run can be executed again"
    );
    assert_eq!(aloft_runs::read(&run_dir).unwrap().problem, None);
}

#[test]
fn rows_without_a_target_are_dropped_and_time_can_split() {
    let frame = rows(500)
        .lazy()
        .with_column(
            when(col("x").gt(lit(9.0)))
                .then(lit(NULL))
                .otherwise(col("late"))
                .alias("late"),
        )
        .collect()
        .unwrap();
    let mut train = spec("late");
    train.split.by = SplitBy::Time;
    train.split.column = Some("day".into());
    let (_folder, run_dir, status) = run(train, &frame);
    assert_eq!(status, RunStatus::Done);
    let missing = frame.column("late").unwrap().null_count() as u64;
    let told = events(&run_dir).into_iter().any(|event| matches!(event, EventKind::Prepared { dropped_rows, .. } if dropped_rows == missing && missing > 0));
    assert!(told);
}

#[test]
fn a_run_over_its_thresholds_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &rows(1000));
    let mut record = aloft_runs::read(&run_dir).unwrap();
    record.thresholds.minutes = 1e-9;
    aloft_runs::write(&run_dir, &record).unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    let verdict = events(&run_dir).into_iter().find_map(|event| match event {
        EventKind::Verdict { verdict } => Some(verdict),
        _ => None,
    });
    let verdict = verdict.unwrap();
    assert_eq!(verdict.placement, Placement::Cloud);
    assert!(verdict.exceeded().any(|reason| reason.kind == ReasonKind::Time));
}
