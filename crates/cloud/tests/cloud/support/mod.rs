//! A real SSH server on loopback, and runs to send to it.

mod password;
mod scene;
mod sshd;
mod worker;

pub use password::{Asks, PasswordServer};
pub use scene::{SLOW, Scene, names};
pub use sshd::{Sshd, ssh_keygen};
pub use worker::{Worker, execute_as_told, program};

use aloft_cloud::{Target, connect};
use aloft_secrets::{MemoryStore, SecretStore};
use aloft_spec::project::{Policy, SshTarget, TargetSpec, Thresholds};
use aloft_spec::run::{FORMAT, RunData, RunRecord, RunStatus};
use aloft_spec::table::{Extent, Scope};
use aloft_spec::train::TrainSpec;
use aloft_spec::{DataClass, Problem};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub const ACCOUNT: &str = "/home/ada/flights#box";
pub static GO_ON: AtomicBool = AtomicBool::new(false);

/// The target `box` without a secret.
pub fn target(spec: &SshTarget) -> Result<Box<dyn Target>, Problem> {
    target_with(spec, &MemoryStore::new())
}

pub fn target_with(spec: &SshTarget, secrets: &dyn SecretStore) -> Result<Box<dyn Target>, Problem> {
    connect("box", &TargetSpec::Ssh(spec.clone()), ACCOUNT, secrets)
}

/// A run that nobody has executed yet, with these bytes as its data.
pub fn new_run(runs_dir: &Path, cell: &str, data: &[u8]) -> PathBuf {
    new_run_of(runs_dir, cell, data, DataClass::Internal)
}

pub fn new_run_of(runs_dir: &Path, cell: &str, data: &[u8], class: DataClass) -> PathBuf {
    std::fs::create_dir_all(runs_dir).unwrap();
    let file = runs_dir.join("rows.parquet");
    std::fs::write(&file, data).unwrap();
    let found = aloft_runs::hash_file(&file).unwrap();
    let record = RunRecord {
        format: FORMAT,
        id: format!("20260131-154500-{cell}-3fa9c1"),
        cell: cell.into(),
        notebook: "notebooks/flights.aloft.md".into(),
        created_at: "2026-01-31T15:45:00Z".into(),
        aloft: "0.1.0".into(),
        status: RunStatus::Created,
        device: None,
        code_hash: "3fa9c1".into(),
        data: RunData {
            hash: found.hash,
            bytes: found.bytes,
            rows: 42,
            columns: vec!["distance".into(), "late".into()],
            extent: Extent {
                scope: Scope::All,
                rows: 42,
                total: Some(42),
            },
            class,
        },
        train: TrainSpec::new("flights", "late"),
        sweep: None,
        thresholds: Thresholds::default(),
        policy: Policy::default(),
        lineage: Default::default(),
        forecast: None,
        outcome: None,
        metrics: Default::default(),
        problem: None,
    };
    let run_dir = aloft_runs::create(runs_dir, record, &file).unwrap();
    std::fs::remove_file(&file).unwrap();
    run_dir
}

/// Waits until something is so; the test fails when it takes too long.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Whether a file holds these bytes.
pub fn holds(file: &Path, needle: &[u8]) -> bool {
    let content = std::fs::read(file).unwrap_or_default();
    content.windows(needle.len()).any(|window| window == needle)
}
