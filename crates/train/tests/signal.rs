//! SIGTERM stops a run as the file `stop` does. A program of its own: the signal reaches every run of the process.

mod common;

use aloft_spec::{run::RunStatus, train::TrainSpec};
use aloft_train::execute;
use common::{create, curve, rows, spec};
use rustix::process::{Signal, getpid, kill_process};
use std::{thread, time::Duration};

#[test]
fn sigterm_stops_with_the_best_model_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let train = TrainSpec {
        epochs: Some(100_000),
        patience: Some(0),
        ..spec("late")
    };
    let run_dir = create(folder.path(), train, &rows(500));
    thread::scope(|scope| {
        scope.spawn(|| {
            while curve(&run_dir).is_empty() {
                thread::sleep(Duration::from_millis(2));
            }
            kill_process(getpid(), Signal::TERM).unwrap();
        });
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Stopped);
    });
    assert!(run_dir.join("model/model.safetensors").exists());
    assert_eq!(aloft_runs::read(&run_dir).unwrap().status, RunStatus::Stopped);
}
