//! A table of four times the memory that a process may have: it is learned from, and predicted, as Parquet and as CSV, within
//! that memory.
//!
//! The limit is the kernel's (RLIMIT_DATA: bytes that a process may write to), set in a child that has done a small run
//! before, so that its threads and what it needs for any run are there.
#![cfg(target_os = "linux")]

use crate::common::{create, create_from, events, predict, rows, spec};
use aloft_data::TableWriter;
use aloft_spec::{
    Code,
    event::EventKind,
    run::RunStatus,
    train::{ModelKind, Scaling, TrainSpec},
};
use aloft_train::execute;
use polars::prelude::*;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

/// Set in the child: what it does.
const TASK: &str = "ALOFT_TEST_TASK";
/// The run, and the rows to predict.
const RUN: &str = "ALOFT_TEST_RUN";
const INPUT: &str = "ALOFT_TEST_INPUT";
/// What the child may take more than a small run does.
const LIMIT: u64 = 60 << 20;
/// Numbers of eight bytes, four times as many as the limit holds.
const COLUMNS: usize = 64;
const ROWS: usize = 4 * LIMIT as usize / 8 / COLUMNS;
/// A child that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// Rows of a row group.
const PART: usize = 1 << 14;
/// Rows of the CSV file: numbers of about six bytes.
const CSV_ROWS: usize = ROWS / 5 * 2;
const _: () = assert!(ROWS.is_multiple_of(PART) && CSV_ROWS.is_multiple_of(PART));

/// Rows from `first` on: noise, and two columns that tell the target.
fn part(first: usize) -> DataFrame {
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1009) as f64;
    // The columns that tell nothing may be the same in each part.
    static IDLE: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| {
        let noise = |row: usize, salt: usize| ((row * 104_729 + salt * 7919) % 10_007) as f64;
        let column = |column| (0..PART).map(|row| noise(row, column)).collect();
        (3..COLUMNS).map(column).collect()
    });
    let telling = |column| {
        (first..first + PART)
            .map(|row| noise(row, column))
            .collect::<Vec<f64>>()
    };
    let numbers = [telling(1), telling(2)].into_iter().chain(IDLE.iter().cloned());
    let mut columns: Vec<Column> = (1..)
        .zip(numbers)
        .map(|(column, numbers)| Column::new(format!("n{column}").into(), numbers))
        .collect();
    let late = (first..first + PART).map(|row| noise(row, 1) + noise(row, 2) > 1009.0);
    columns.push(Column::new("late".into(), late.collect::<Vec<_>>()));
    DataFrame::new(PART, columns).unwrap()
}

/// What a process has that it may write to.
fn data_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kilobytes: u64 = line.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

/// In the child: a small run and its prediction, then the limit, then what it is there for.
fn child(task: &str) {
    let warming = tempfile::tempdir().unwrap();
    let small = TrainSpec {
        memory_mb: Some(1),
        ..spec("late")
    };
    let small = create(warming.path(), small, &rows(10_000));
    assert_eq!(execute(&small).unwrap(), RunStatus::Done);
    predict(
        &small,
        &warming.path().join("rows.parquet"),
        &warming.path().join("out.parquet"),
    )
    .unwrap();
    let most = Some(data_bytes() + LIMIT);
    let most = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Data, most).unwrap();
    let run_dir = env::var(RUN).unwrap();
    let run_dir = Path::new(&run_dir);
    match task {
        "train" => assert_eq!(execute(run_dir).unwrap(), RunStatus::Done),
        _ => {
            let input = env::var(INPUT).unwrap();
            predict(run_dir, Path::new(&input), &run_dir.join("out.parquet")).unwrap();
        }
    }
}

/// Whether a child of this program did it; what it says is where a worker's output is.
fn in_child(task: &str, run_dir: &Path, input: &Path) -> bool {
    let said = fs::File::create(run_dir.join("worker.log")).unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--exact", "limit::four_times_the_memory", "--nocapture"])
        .env(TASK, task)
        .env(RUN, run_dir)
        .env(INPUT, input)
        // Threads keep what they have freed, and here are few of them on any machine.
        .env("RAYON_NUM_THREADS", "2")
        .env("POLARS_MAX_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "2")
        // What is freed goes back to the system at once.
        .env("MALLOC_MMAP_THRESHOLD_", "262144")
        .env("MALLOC_TRIM_THRESHOLD_", "262144")
        .stdout(Stdio::null())
        .stderr(said);
    let mut child = child.spawn().unwrap();
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        if since.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn four_times_the_memory() {
    if let Ok(task) = env::var(TASK) {
        return child(&task);
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.parquet");
    let mut writer = TableWriter::create(&data).unwrap();
    for first in (0..ROWS).step_by(PART) {
        writer.write(part(first)).unwrap();
    }
    writer.finish().unwrap();
    let names = part(0).get_column_names_owned();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let run = |name: &str, memory_mb: Option<u64>| {
        let mut train = TrainSpec {
            epochs: Some(1),
            batch_size: Some(4096),
            memory_mb,
            ..TrainSpec::new("rows", "late")
        };
        train.model.kind = ModelKind::Linear;
        train.preprocess.scaling = Scaling::Standard;
        create_from(
            &folder.path().join(name),
            train,
            &data,
            ROWS as u64,
            names.clone(),
        )
    };
    let said = |run_dir: &Path| fs::read_to_string(run_dir.join("worker.log")).unwrap();

    // By itself the run sees that the table doesn't fit.
    let streamed = run("streamed", None);
    assert!(in_child("train", &streamed, &data), "{}", said(&streamed));
    assert!(events(&streamed).iter().any(|event| {
        matches!(event, EventKind::Log { message, .. } if message.ends_with("they stay in their file"))
    }));
    let record = aloft_runs::read(&streamed).unwrap();
    assert!(record.metrics["test"]["accuracy"] > 0.9, "{:?}", record.metrics);

    // Of CSV the text alone is more than the limit.
    let csv = folder.path().join("rows.csv");
    let mut writer = TableWriter::create(&csv).unwrap();
    for first in (0..CSV_ROWS).step_by(PART) {
        writer.write(part(first)).unwrap();
    }
    writer.finish().unwrap();
    assert!(fs::metadata(&csv).unwrap().len() > LIMIT);
    assert!(in_child("predict", &streamed, &csv), "{}", said(&streamed));
    let of_csv = streamed.join("out_of_csv.parquet");
    fs::rename(streamed.join("out.parquet"), &of_csv).unwrap();

    assert!(in_child("predict", &streamed, &data), "{}", said(&streamed));
    // The columns that were added, which are small.
    let added = |path: &Path| {
        let columns = ["prediction", "probability_false", "probability_true"].map(str::to_owned);
        let file = fs::File::open(path).unwrap();
        let reader = ParquetReader::new(file).with_columns(Some(columns.into()));
        reader.finish().unwrap()
    };
    let all = added(&streamed.join("out.parquet"));
    assert_eq!(all.height(), ROWS);
    assert!(
        added(&of_csv).equals_missing(&all.slice(0, CSV_ROWS)),
        "the same rows as CSV"
    );
    let (some, some_out) = (
        folder.path().join("some.parquet"),
        folder.path().join("some_out.parquet"),
    );
    aloft_data::write_table(&part(PART), &some).unwrap();
    predict(&streamed, &some, &some_out).unwrap();
    let same = added(&some_out).equals_missing(&all.slice(PART as i64, PART));
    assert!(same, "rows of a part by themselves");

    // Told to take the table into memory, it ends, and it is said why.
    let whole = run("whole", Some(1_000_000));
    assert!(!in_child("train", &whole, &data));
    let record = aloft_runs::settled(&whole).unwrap();
    assert_eq!(record.status, RunStatus::Lost);
    let problem = record.problem.unwrap();
    assert_eq!(problem.code, Code::OutOfMemory, "{problem}");
    assert!(problem.hint.unwrap().contains("memory_mb"));
}
