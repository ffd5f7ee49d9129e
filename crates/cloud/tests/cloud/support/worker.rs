//! What stands for `aloft` on the target: a script that starts the test program again, which then does what a worker
//! does to the run's folder, and does it with the real functions for it.

use aloft_runs::{EventLog, claim_worker, file, stop_requested};
use aloft_spec::EventKind;
use aloft_spec::run::RunStatus;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a worker behaves.
#[derive(Clone, Copy)]
pub struct Worker {
    /// Epochs that it takes, each with a log line and a checkpoint.
    pub epochs: u32,
    /// Milliseconds for each.
    pub pace: u64,
    /// Whether it looks for the `stop` file.
    pub stops: bool,
}

impl Default for Worker {
    fn default() -> Self {
        Self {
            epochs: 5,
            pace: 20,
            stops: true,
        }
    }
}

/// Writes a program that behaves so. `test` is the name of the test that calls [`execute_as_told`].
pub fn program(folder: &Path, test: &str, worker: Worker) -> PathBuf {
    let path = folder.join("aloft");
    let text = format!(
        r#"#!/bin/sh
case "$1" in
  --version) echo "aloft 0.1.0" ;;
  execute) ALOFT_TEST_WORKER="{} {} {} $2" exec '{}' --ignored --exact {test} --nocapture ;;
  *) exit 2 ;;
esac
"#,
        worker.epochs,
        worker.pace,
        worker.stops,
        std::env::current_exe().unwrap().display(),
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Is the worker, when the program of [`program`] was started.
pub fn execute_as_told() {
    let Ok(told) = std::env::var("ALOFT_TEST_WORKER") else {
        return;
    };
    let mut words = told.splitn(4, ' ');
    let mut word = || words.next().unwrap();
    let worker = Worker {
        epochs: word().parse().unwrap(),
        pace: word().parse().unwrap(),
        stops: word().parse().unwrap(),
    };
    execute(&PathBuf::from(word()), worker);
}

fn execute(run_dir: &Path, worker: Worker) {
    let _claim = claim_worker(run_dir).unwrap();
    let mut log = EventLog::append_to(run_dir).unwrap();
    let checkpoint = run_dir.join("checkpoints/last.json");
    let done: u32 = std::fs::read_to_string(&checkpoint).map_or(0, |text| text.parse().unwrap());
    let started = EventKind::Started {
        pid: std::process::id(),
        device: "cpu, 1 thread".into(),
        aloft: "0.1.0".into(),
        host: "there".into(),
        resumed_epochs: done,
    };
    log.write(started).unwrap();
    let mut status = RunStatus::Done;
    for epoch in done + 1..=worker.epochs {
        if worker.stops && stop_requested(run_dir) {
            status = RunStatus::Stopped;
            break;
        }
        std::thread::sleep(Duration::from_millis(worker.pace));
        std::fs::create_dir_all(run_dir.join(file::CHECKPOINTS)).unwrap();
        aloft_runs::replace_file(&checkpoint, epoch.to_string().as_bytes()).unwrap();
        // What it prints is kept in `worker.log`.
        let mut printed = std::io::stdout().lock();
        writeln!(printed, "epoch {epoch} is done").unwrap();
        log.write(EventKind::Log {
            level: "info".into(),
            message: format!("epoch {epoch}"),
        })
        .unwrap();
    }
    let rows = std::fs::read(run_dir.join(file::DATA)).unwrap();
    std::fs::create_dir_all(run_dir.join(file::MODEL)).unwrap();
    std::fs::write(run_dir.join("model/model.safetensors"), &rows[..rows.len() / 2]).unwrap();
    std::fs::write(run_dir.join("model/model.json"), "{}").unwrap();
    std::fs::write(run_dir.join(file::REPORT), "{}").unwrap();
    let mut record = aloft_runs::read(run_dir).unwrap();
    record.status = status;
    aloft_runs::write(run_dir, &record).unwrap();
    log.write(EventKind::Finished {
        status,
        problem: None,
        outcome: None,
    })
    .unwrap();
    aloft_runs::write_manifest(run_dir).unwrap();
}
