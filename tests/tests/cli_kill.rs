//! Processes that are killed in the middle: of the trainer, of whoever follows it, and a polite stop.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, Running, numbers_csv, signal, wait_until, worker_pid};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A training that takes some seconds, with a checkpoint every few milliseconds.
const LONG: &str =
    "target = \"label\"\nepochs = 150\npatience = 0\nbatch_size = 8\n[model]\nhidden = [96, 96]";

fn project(lab: &Lab) -> Notebook {
    Notebook::new(lab, "project", ("rows.csv", numbers_csv(1500)), LONG)
}

fn start(lab: &Lab, notebook: &Notebook) -> Running {
    lab.start(arguments(notebook))
}

fn arguments(notebook: &Notebook) -> Vec<String> {
    let file = notebook.file.to_str().unwrap().to_owned();
    vec![
        "train".into(),
        file,
        "--cell".into(),
        "model".into(),
        "--json".into(),
    ]
}

fn epochs_done(run_dir: &Path) -> usize {
    let log = fs::read_to_string(run_dir.join("events.jsonl")).unwrap_or_default();
    log.lines()
        .filter(|line| line.contains("\"event\":\"epoch\""))
        .count()
}

/// The folder of the one run beside `others`, once it has finished some epochs.
fn in_the_middle(notebook: &Notebook, others: &[&Path], running: &Running) -> PathBuf {
    let new = || {
        notebook
            .runs()
            .into_iter()
            .find(|run| !others.contains(&run.as_path()))
    };
    let there = wait_until(Duration::from_secs(60), || {
        new().is_some_and(|run| epochs_done(&run) >= 5)
    });
    assert!(
        there,
        "the run never got to its fifth epoch:
{}",
        running.said()
    );
    new().unwrap()
}

fn listed(lab: &Lab, notebook: &Notebook, run_dir: &Path) -> Value {
    let runs = lab
        .run(["runs".as_ref(), notebook.root.as_os_str(), "--json".as_ref()])
        .json();
    let id = run_dir.file_name().unwrap().to_str().unwrap();
    let run = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|run| run["id"] == id);
    run.unwrap_or_else(|| panic!("{id} isn't listed")).clone()
}

#[test]
fn a_killed_trainer_is_lost_and_resumes_to_the_same_metrics() {
    let lab = Lab::new();
    let notebook = project(&lab);
    let whole = lab.run(arguments(&notebook));
    whole.expect_code(0);
    let whole_dir = PathBuf::from(whole.json()["run_dir"].as_str().unwrap());

    let running = start(&lab, &notebook);
    let run_dir = in_the_middle(&notebook, &[&whole_dir], &running);
    signal(worker_pid(&run_dir).expect("a worker"), "KILL");
    let ran = running.finish();
    ran.expect_code(1);
    let report = ran.json();
    assert_eq!(report["status"], "lost");
    assert_eq!(report["error"]["code"], "worker-died");
    assert!(epochs_done(&run_dir) < 150, "it was killed too late");
    assert_eq!(listed(&lab, &notebook, &run_dir)["status"], "lost");

    let resumed = lab.run(["execute".as_ref(), run_dir.as_os_str(), "--json".as_ref()]);
    resumed.expect_code(0);
    assert_eq!(resumed.json()["status"], "done");
    assert_eq!(
        resumed.json()["metrics"],
        whole.json()["metrics"],
        "as if it had never been killed"
    );
    let log = fs::read_to_string(run_dir.join("events.jsonl")).unwrap();
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "the log is whole"
    );
    let model = |dir: &Path| fs::read(dir.join("model/model.safetensors")).unwrap();
    assert_eq!(
        model(&run_dir),
        model(&whole_dir),
        "the same weights, bit for bit"
    );
}

#[test]
fn a_killed_parent_does_not_end_the_run() {
    let lab = Lab::new();
    let notebook = project(&lab);
    let running = start(&lab, &notebook);
    let run_dir = in_the_middle(&notebook, &[], &running);
    running.signal("KILL");
    running.finish().expect_code(-1);
    assert_eq!(listed(&lab, &notebook, &run_dir)["status"], "running");
    let done = wait_until(Duration::from_secs(60), || {
        listed(&lab, &notebook, &run_dir)["status"] != "running"
    });
    assert!(done, "the worker never ended");
    let run = listed(&lab, &notebook, &run_dir);
    assert_eq!(run["status"], "done");
    assert!(run["metrics"]["test"]["accuracy"].as_f64().unwrap() > 0.6);
}

#[test]
fn ctrl_c_stops_politely_and_the_run_can_go_on() {
    let lab = Lab::new();
    let notebook = project(&lab);
    let running = start(&lab, &notebook);
    let run_dir = in_the_middle(&notebook, &[], &running);
    running.signal("INT");
    let ran = running.finish();
    ran.expect_code(3);
    assert_eq!(ran.json()["status"], "stopped");
    assert_eq!(listed(&lab, &notebook, &run_dir)["status"], "stopped");
    let done = epochs_done(&run_dir);
    assert!(done < 150, "it was stopped too late");

    let resumed = lab.run(["execute".as_ref(), run_dir.as_os_str(), "--json".as_ref()]);
    resumed.expect_code(0);
    assert_eq!(resumed.json()["status"], "done");
    assert!(epochs_done(&run_dir) > done);
}
