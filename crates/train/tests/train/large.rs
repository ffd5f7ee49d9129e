//! A table that is more than it may take of memory stays in its file, and the model is the same to the last bit.

use crate::common::{create, create_from, curve, events, predict, rows, spec};
use aloft_data::TableWriter;
use aloft_spec::{
    Code,
    event::EventKind,
    report::Report,
    run::RunStatus,
    train::{CategoryEncoding, ModelKind, SplitBy, TrainSpec},
};
use aloft_train::execute;
use polars::prelude::*;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{fs, path::Path, process::Command, thread, time::Duration};

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

/// Set in the process that trains: `limited` or `free`, and the run's folder.
const CHILD: &str = "ALOFT_TEST_TRAIN";
/// Set where it predicts: the rows.
const CHILD_INPUT: &str = "ALOFT_TEST_PREDICT";
/// Bytes that the limited process may write to, beyond what it has when its threads are there.
const LIMIT: u64 = 48 << 20;
/// Columns of numbers, and rows that make four times the limit of them.
const COLUMNS: usize = 64;
const MANY: usize = 4 * LIMIT as usize / 8 / COLUMNS;
/// Rows of a row group, as in a snapshot.
const ROW_GROUP: usize = 1 << 18;

/// Rows from `first` on; some columns and the place of a row tell the target.
fn part(first: usize, count: usize) -> DataFrame {
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1_000_003) as f64 / 1_000_003.0;
    let mut columns: Vec<Column> = (1..COLUMNS)
        .map(|column| {
            let numbers: Vec<f64> = (first..first + count).map(|row| noise(row, column)).collect();
            Column::new(format!("n{column}").into(), numbers)
        })
        .collect();
    let late: Vec<bool> = (first..first + count)
        .map(|row| noise(row, 1) + noise(row, 2) > 1.0)
        .collect();
    columns.push(Column::new("late".into(), late));
    DataFrame::new(count, columns).unwrap()
}

/// Trains in a process of its own, or predicts the rows of a file; whether it ended well.
fn in_child(limit: &str, run_dir: &Path, input: Option<&Path>) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "large::four_times_the_memory", "--nocapture"])
        .env(CHILD, format!("{limit} {}", run_dir.display()))
        .env(CHILD_INPUT, input.unwrap_or(Path::new("")))
        // The same threads give the same bits.
        .env("RAYON_NUM_THREADS", "2")
        .env("POLARS_MAX_THREADS", "2")
        // What is freed goes back to the system, which the limit counts.
        .env("MALLOC_MMAP_THRESHOLD_", "1000000")
        .env("MALLOC_TRIM_THRESHOLD_", "1000000")
        .env("MALLOC_ARENA_MAX", "1");
    child.status().unwrap().success()
}

/// In the child: trains on a small table, so that all threads are there, then does what it is there for, with the limit if
/// it is asked for.
fn child(task: &str) {
    let (limit, run_dir) = task.split_once(' ').unwrap();
    let warming = tempfile::tempdir().unwrap();
    let small = create(
        warming.path(),
        TrainSpec {
            memory_mb: LITTLE,
            ..spec("late")
        },
        &rows(ROWS),
    );
    assert_eq!(execute(&small).unwrap(), RunStatus::Done);
    if limit == "limited" {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
        let kilobytes: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
        let most = Some(kilobytes * 1024 + LIMIT);
        let most = Rlimit {
            current: most,
            maximum: most,
        };
        setrlimit(Resource::Data, most).unwrap();
    }
    let run_dir = Path::new(run_dir);
    if let Some(input) = std::env::var_os(CHILD_INPUT).filter(|input| !input.is_empty()) {
        let summary = predict(run_dir, Path::new(&input), &run_dir.join("scored.parquet")).unwrap();
        return assert_eq!(summary.rows, MANY as u64);
    }
    let status = execute(run_dir).unwrap();
    let problem = aloft_runs::read(run_dir).unwrap().problem;
    assert_eq!(status, RunStatus::Done, "{problem:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn four_times_the_memory() {
    if let Ok(task) = std::env::var(CHILD) {
        return child(&task);
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.parquet");
    let mut writer = TableWriter::create(&data).unwrap();
    for first in (0..MANY).step_by(ROW_GROUP) {
        writer.write(part(first, (MANY - first).min(ROW_GROUP))).unwrap();
    }
    writer.finish().unwrap();
    let columns: Vec<String> = part(0, 1)
        .get_column_names()
        .into_iter()
        .map(ToString::to_string)
        .collect();
    let run = |name: &str, memory_mb: Option<u64>| {
        let mut train = TrainSpec {
            epochs: Some(1),
            batch_size: Some(4096),
            memory_mb,
            ..TrainSpec::new("rows", "late")
        };
        train.model.kind = ModelKind::Linear;
        create_from(
            &folder.path().join(name),
            train,
            &data,
            MANY as u64,
            columns.clone(),
        )
    };
    // By itself the run sees that the table is too large.
    let streamed = run("streamed", None);
    assert!(in_child("limited", &streamed, None), "it fits");
    assert!(stayed(&streamed));
    assert!(
        in_child("limited", &streamed, Some(&data)),
        "so do its predictions"
    );
    let whole = run("whole", Some(1_000_000));
    assert!(!in_child("limited", &whole, None), "in memory it doesn't fit");
    let free = run("free", Some(1_000_000));
    assert!(in_child("free", &free, None), "without a limit it does");
    assert!(!stayed(&free));
    assert!(outcome(&streamed) == outcome(&free));
}
