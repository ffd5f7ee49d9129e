//! Runs for tests.
#![allow(dead_code, reason = "each test file uses a part of it")]

use aloft_spec::{
    DataClass, Extent,
    project::{Policy, Thresholds},
    run::{FORMAT, RunData, RunRecord, RunStatus},
    train::TrainSpec,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A record with all that `create` needs.
pub fn record(id: &str) -> RunRecord {
    RunRecord {
        format: FORMAT,
        id: id.to_owned(),
        cell: "late".into(),
        notebook: "flights.aloft.md".into(),
        created_at: "2026-01-31T15:45:00.000Z".into(),
        aloft: "0.1.0".into(),
        status: RunStatus::Created,
        device: None,
        code_hash: "3fa9c1d2".into(),
        data: RunData {
            hash: "ab".into(),
            bytes: 4,
            rows: 100,
            columns: vec!["carrier".into(), "late".into()],
            extent: Extent::all(100),
            class: DataClass::Internal,
        },
        train: TrainSpec::new("recent", "late"),
        sweep: None,
        thresholds: Thresholds::default(),
        policy: Policy::default(),
        lineage: BTreeMap::from([("recent".to_owned(), "SELECT *\nFROM \"flights\"\n".to_owned())]),
        forecast: None,
        outcome: None,
        metrics: BTreeMap::new(),
        problem: None,
    }
}

/// A run folder under `folder`, with rows.
pub fn run(folder: &Path, id: &str) -> PathBuf {
    let data = folder.join("rows.parquet");
    std::fs::write(&data, "PAR1").unwrap();
    aloft_runs::create(&folder.join("runs"), record(id), &data).unwrap()
}

/// The path of a program in `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Waits until something holds, and fails the test when it doesn't within ten seconds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
