//! Run folders for the tests.
#![allow(dead_code, reason = "each test program uses some of it")]
#![allow(clippy::unwrap_used, reason = "what a test can't do without fails it")]

use aloft_data::{Cancel, write_table};
use aloft_spec::{
    Extent, Problem,
    event::{Event, EventKind},
    run::{FORMAT, RunData, RunRecord, RunStatus},
    source::DataClass,
    train::TrainSpec,
};
use aloft_train::PredictSummary;
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// Rows that can be learned from: numbers with gaps, a text with many kinds, a flag, a day; and targets of each task.
pub fn rows(count: usize) -> DataFrame {
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1009) as f64 / 1009.0;
    let x: Vec<f64> = (0..count).map(|row| noise(row, 1) * 10.0).collect();
    let kind: Vec<usize> = (0..count).map(|row| (row * 31) % 7).collect();
    let level: Vec<f64> = (0..count)
        .map(|row| x[row] + kind[row] as f64 + noise(row, 2))
        .collect();
    let gappy: Vec<Option<f64>> = (0..count)
        .map(|row| (row % 11 != 0).then_some(noise(row, 3) * 100.0))
        .collect();
    DataFrame::new(
        count,
        vec![
            Column::new("x".into(), &x),
            Column::new("gappy".into(), gappy),
            Column::new(
                "kind".into(),
                kind.iter().map(|kind| format!("kind {kind}")).collect::<Vec<_>>(),
            ),
            Column::new(
                "flag".into(),
                (0..count).map(|row| row % 3 == 0).collect::<Vec<_>>(),
            ),
            Column::new(
                "day".into(),
                (0..count).map(|row| (row % 700) as i32).collect::<Vec<_>>(),
            )
            .cast(&DataType::Date)
            .unwrap(),
            Column::new(
                "late".into(),
                level.iter().map(|level| *level > 9.0).collect::<Vec<_>>(),
            ),
            Column::new(
                "size".into(),
                level
                    .iter()
                    .map(|level| ["s", "m", "l"][(level / 6.0).min(2.0) as usize])
                    .collect::<Vec<_>>(),
            ),
            Column::new("level".into(), level),
        ],
    )
    .unwrap()
}

/// Penguins, as in the example.
pub fn penguins() -> DataFrame {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/penguins.csv");
    let missing =
        |options: CsvParseOptions| options.with_null_values(Some(NullValues::AllColumnsSingle("NA".into())));
    CsvReadOptions::default()
        .map_parse_options(missing)
        .try_into_reader_with_file_path(Some(file))
        .unwrap()
        .finish()
        .unwrap()
}

/// A specification that learns `target` from the columns that don't tell it, by a model that is soon trained.
pub fn spec(target: &str) -> TrainSpec {
    let targets = ["late", "size", "level"].map(String::from);
    let mut train = TrainSpec {
        ignore: targets.into_iter().filter(|name| name != target).collect(),
        epochs: Some(20),
        patience: Some(5),
        ..TrainSpec::new("rows", target)
    };
    train.model.hidden = vec![32, 16];
    train.model.members = 2;
    train
}

/// A run folder that nothing has executed yet.
pub fn create(folder: &Path, train: TrainSpec, frame: &DataFrame) -> PathBuf {
    let data = folder.join("rows.parquet");
    write_table(frame, &data).unwrap();
    let columns = frame.get_column_names();
    let columns = columns.into_iter().map(ToString::to_string).collect();
    create_from(folder, train, &data, frame.height() as u64, columns)
}

/// The same for a file of so many rows with these columns.
pub fn create_from(folder: &Path, train: TrainSpec, data: &Path, rows: u64, columns: Vec<String>) -> PathBuf {
    let record = RunRecord {
        format: FORMAT,
        id: "run".into(),
        cell: "model".into(),
        notebook: "notebooks/test.aloft.md".into(),
        created_at: "2026-01-01T00:00:00Z".into(),
        aloft: "0.1.0".into(),
        status: RunStatus::Created,
        device: None,
        code_hash: "0".repeat(64),
        data: RunData {
            hash: "0".repeat(64),
            bytes: std::fs::metadata(data).unwrap().len(),
            rows,
            columns,
            extent: Extent::all(rows),
            class: DataClass::Public,
        },
        train,
        sweep: None,
        thresholds: Default::default(),
        policy: Default::default(),
        lineage: Default::default(),
        forecast: None,
        outcome: None,
        metrics: Default::default(),
        problem: None,
    };
    aloft_runs::create(&folder.join("runs"), record, data).unwrap()
}

/// A prediction that nobody stops.
pub fn predict(run_dir: &Path, input: &Path, output: &Path) -> Result<PredictSummary, Problem> {
    aloft_train::predict(run_dir, input, output, &Cancel::new(), &mut |_, _| ())
}

/// Where `scripts/install test` and `./bench` put programs that tests talk to.
pub fn peers() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("aloft/peers")
}

/// The events of a run.
pub fn events(run_dir: &Path) -> Vec<EventKind> {
    aloft_runs::read_events(run_dir)
        .unwrap()
        .into_iter()
        .map(|event: Event| event.kind)
        .collect()
}

/// Loss and metrics of each epoch, in the order in which they were told.
pub fn curve(run_dir: &Path) -> Vec<(u32, f64, f64)> {
    events(run_dir)
        .into_iter()
        .filter_map(|event| match event {
            EventKind::Epoch {
                epoch,
                train_loss,
                validation_loss,
                ..
            } => Some((epoch, train_loss, validation_loss)),
            _ => None,
        })
        .collect()
}
