//! A table that is more than it may take of memory stays in its file, and the model is the same to the last bit.

use crate::common::{create, curve, events, rows, spec};
use aloft_spec::{
    Code,
    event::EventKind,
    report::Report,
    run::RunStatus,
    train::{CategoryEncoding, ModelKind, SplitBy, TrainSpec},
};
use aloft_train::execute;
use std::{fs, path::Path, thread, time::Duration};

/// So little that [`ROWS`] rows stay in their file.
const LITTLE: Option<u64> = Some(1);
const ROWS: usize = 10_000;

fn stayed(run_dir: &Path) -> bool {
    events(run_dir).iter().any(|event| {
        matches!(event, EventKind::Log { message, .. } if message.ends_with("they stay in their file"))
    })
}

/// What a run came to, but for the explanation, which takes as many columns as there is time for.
fn outcome(run_dir: &Path) -> (Vec<(u32, f64, f64)>, Report, Vec<u8>) {
    let report = aloft_runs::read_report(run_dir).unwrap().unwrap();
    let report = Report {
        explanation: None,
        ..report
    };
    let model = fs::read(run_dir.join("model/model.safetensors")).unwrap();
    (curve(run_dir), report, model)
}

#[test]
fn the_model_is_the_same() {
    let frame = rows(ROWS);
    let of_kind = |kind: ModelKind, target: &str| {
        let mut train = TrainSpec {
            epochs: Some(2),
            ..spec(target)
        };
        train.model.kind = kind;
        train.model.trees.rounds = 20;
        train
    };
    let mut by_time = of_kind(ModelKind::Mlp, "level");
    (by_time.split.by, by_time.split.column) = (SplitBy::Time, Some("day".into()));
    let mut by_group = of_kind(ModelKind::Linear, "late");
    (by_group.split.by, by_group.split.column) = (SplitBy::Group, Some("kind".into()));
    by_group.split.folds = 2;
    for train in [
        of_kind(ModelKind::Mlp, "late"),
        of_kind(ModelKind::Linear, "size"),
        of_kind(ModelKind::Trees, "level"),
        by_time,
        by_group,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = |name: &str, memory_mb: Option<u64>| {
            let train = TrainSpec {
                memory_mb,
                ..train.clone()
            };
            let folder = folder.path().join(name);
            fs::create_dir(&folder).unwrap();
            let run_dir = create(&folder, train, &frame);
            let status = execute(&run_dir).unwrap();
            let problem = aloft_runs::read(&run_dir).unwrap().problem;
            assert_eq!(status, RunStatus::Done, "{problem:?}");
            run_dir
        };
        let (memory, file) = (run("memory", None), run("file", LITTLE));
        assert!(stayed(&file) && !stayed(&memory));
        let (memory_record, file_record) = (
            aloft_runs::read(&memory).unwrap(),
            aloft_runs::read(&file).unwrap(),
        );
        assert_eq!(memory_record.metrics, file_record.metrics);
        assert!(outcome(&memory) == outcome(&file), "{:?}", train.model.kind);
        let explained = |run_dir: &Path| aloft_runs::read_report(run_dir).unwrap().unwrap().explanation;
        assert!(explained(&file).is_some());
    }
}

#[test]
fn a_stopped_run_goes_on_to_the_same_end() {
    let train = TrainSpec {
        epochs: Some(40),
        patience: Some(0),
        memory_mb: LITTLE,
        ..spec("late")
    };
    let frame = rows(ROWS);
    let (whole_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = create(whole_folder.path(), train.clone(), &frame);
    execute(&whole).unwrap();
    let run_dir = create(folder.path(), train, &frame);
    thread::scope(|scope| {
        scope.spawn(|| {
            while curve(&run_dir).len() < 2 {
                thread::sleep(Duration::from_micros(200));
            }
            aloft_runs::request_stop(&run_dir).unwrap();
        });
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Stopped);
    });
    let before = curve(&run_dir).len();
    assert!((2..40).contains(&before));
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert!(outcome(&run_dir) == outcome(&whole));
}

#[test]
fn what_needs_all_rows_is_refused_by_name() {
    let mut targets = TrainSpec {
        memory_mb: LITTLE,
        ..spec("late")
    };
    let mut trees = TrainSpec {
        memory_mb: Some(0),
        ..targets.clone()
    };
    trees.model.kind = ModelKind::Trees;
    let mut anomalies = targets.clone();
    anomalies.target = String::new();
    anomalies.model.kind = ModelKind::Autoencoder;
    targets.model.categories = CategoryEncoding::Target;
    for (train, named) in [
        (targets, "categories that are encoded by the target"),
        (trees, "trees"),
        (anomalies, "autoencoders"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = create(folder.path(), train, &rows(ROWS));
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
        let problem = aloft_runs::read(&run_dir).unwrap().problem.unwrap();
        assert_eq!(problem.code, Code::OutOfMemory, "{problem}");
        assert!(problem.message.starts_with(named), "{problem}");
        assert!(problem.hint.unwrap().contains("memory_mb = "));
    }
}
