//! Workers as real processes: detached, alone on their run, noticed when they die.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail by a panic"
)]

mod common;

use aloft_runs::{
    EventLog, claim_worker, file, is_alive, read, request_stop, settled, spawn_worker, status,
    stop_requested, write,
};
use aloft_spec::{
    Code, EventKind,
    run::{Outcome, RunStatus},
};
use common::{fixture, run, wait_until};
use rustix::process::{Pid, Signal, getsid, kill_process};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// Another process that claims the run named in its environment and holds it until it is killed.
#[test]
#[ignore = "the tests below start it as a program of its own"]
fn claiming_process() {
    let run_dir = std::env::var("CLAIM").unwrap();
    let claim = claim_worker(Path::new(&run_dir));
    println!("claim: {}", if claim.is_ok() { "granted" } else { "refused" });
    if claim.is_ok() {
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
}

fn start_claiming(run_dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "claiming_process", "--ignored", "--nocapture"])
        .env("CLAIM", run_dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_worker_has_a_session_of_its_own_and_its_output_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    request_stop(&dir).unwrap();
    assert!(stop_requested(&dir));
    let pid = spawn_worker(&fixture("sleeping-worker"), &dir, None).unwrap();
    assert!(!stop_requested(&dir), "a stop from before doesn't count");
    assert!(is_alive(&dir), "alive from the moment that it is started");
    assert_eq!(status(&dir).unwrap(), RunStatus::Running);
    let id = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    assert_eq!(getsid(Some(id)).unwrap(), id, "it leads its session");
    let expected = format!("execute {}\n", dir.display());
    wait_until("its output is in the log", || {
        fs::read_to_string(dir.join(file::WORKER_LOG)).unwrap() == expected
    });

    let second = spawn_worker(&fixture("sleeping-worker"), &dir, None).unwrap_err();
    assert_eq!(second.code, Code::Unsupported);
    assert!(second.message.contains(&pid.to_string()), "{second}");
    let by_hand = claim_worker(&dir).unwrap_err();
    assert_eq!(by_hand.code, Code::Unsupported);

    kill(pid);
    wait_until("it is reaped", || !Path::new(&format!("/proc/{pid}")).exists());
    assert!(!is_alive(&dir));
    assert_eq!(status(&dir).unwrap(), RunStatus::Lost);
    assert_eq!(settled(&dir).unwrap().problem.unwrap().code, Code::WorkerDied);
}

#[test]
fn a_worker_killed_in_the_middle_is_lost_and_its_run_can_be_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let mut worker = start_claiming(&dir);
    wait_until("it has claimed the run", || is_alive(&dir));
    let mut record = read(&dir).unwrap();
    record.status = RunStatus::Running;
    write(&dir, &record).unwrap();
    assert_eq!(status(&dir).unwrap(), RunStatus::Running);

    kill(worker.id());
    // It isn't waited for: a zombie counts as dead.
    wait_until("it is lost", || status(&dir).unwrap() == RunStatus::Lost);
    worker.wait().unwrap();
    assert_eq!(status(&dir).unwrap(), RunStatus::Lost);
    assert_eq!(read(&dir).unwrap().status, RunStatus::Running, "only looked at");

    let claim = claim_worker(&dir).unwrap();
    let taken = settled(&dir).unwrap();
    assert_eq!((taken.status, taken.problem), (RunStatus::Running, None));
    drop(claim);
    assert!(!is_alive(&dir));
    assert!(!dir.join(file::WORKER).exists());
}

#[test]
fn of_many_processes_that_claim_a_run_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let mut children: Vec<Child> = (0..6).map(|_| start_claiming(&dir)).collect();
    let mut holders = Vec::new();
    wait_until("all but one are refused", || {
        holders.clear();
        for child in &mut children {
            if child.try_wait().unwrap().is_none() {
                holders.push(child.id());
            }
        }
        holders.len() <= 1
    });
    assert_eq!(holders.len(), 1);
    assert!(is_alive(&dir));
    kill(holders[0]);
    let granted: usize = children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            text.matches("claim: granted").count()
        })
        .sum();
    assert_eq!(granted, 1);
    assert!(!is_alive(&dir));
}

#[test]
fn of_many_starters_one_starts_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let started: Vec<u32> = std::thread::scope(|scope| {
        let starters: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| spawn_worker(&fixture("sleeping-worker"), &dir, None)))
            .collect();
        starters
            .into_iter()
            .filter_map(|starter| starter.join().unwrap().ok())
            .collect()
    });
    started.iter().for_each(|pid| kill(*pid));
    assert_eq!(started.len(), 1);
}

#[test]
fn the_log_speaks_for_a_worker_that_was_killed_before_it_wrote_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let mut record = read(&dir).unwrap();
    record.status = RunStatus::Running;
    write(&dir, &record).unwrap();
    let mut log = EventLog::append_to(&dir).unwrap();
    let started = || EventKind::Started {
        pid: 1,
        device: "cpu, 2 threads".into(),
        aloft: "0.1.0".into(),
        host: "here".into(),
        resumed_epochs: 0,
    };
    let outcome = Outcome {
        seconds: 12.5,
        ..Outcome::default()
    };
    log.write(started()).unwrap();
    assert_eq!(status(&dir).unwrap(), RunStatus::Lost);
    log.write(EventKind::Metrics {
        split: "test".into(),
        metrics: [("accuracy".to_owned(), 0.9)].into(),
    })
    .unwrap();
    log.write(EventKind::Finished {
        status: RunStatus::Done,
        problem: None,
        outcome: Some(outcome),
    })
    .unwrap();
    let record = settled(&dir).unwrap();
    assert_eq!(record.status, RunStatus::Done);
    assert_eq!(record.outcome, Some(outcome));
    assert_eq!(record.metrics["test"]["accuracy"], 0.9);
    // A later worker took the run again and is gone.
    log.write(started()).unwrap();
    assert_eq!(status(&dir).unwrap(), RunStatus::Lost);
}

#[test]
fn a_worker_that_dies_at_its_start_leaves_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    spawn_worker(&fixture("failing-worker"), &dir, None).unwrap();
    wait_until("it is lost", || status(&dir).unwrap() == RunStatus::Lost);
    wait_until("its last words are told", || {
        let problem = settled(&dir).unwrap().problem.unwrap();
        problem.message.ends_with("worker.log ends with: no such luck")
    });
}

#[test]
fn a_program_or_a_run_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let missing = spawn_worker(&folder.path().join("aloft"), &dir, None).unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.hint.unwrap().contains("ALOFT_PROGRAM"));
    assert_eq!(status(&dir).unwrap(), RunStatus::Created);
    let no_program = spawn_worker(&dir.join(file::RUN), &dir, None).unwrap_err();
    assert_eq!(no_program.code, Code::Incompatible);
    let no_run = claim_worker(folder.path()).unwrap_err();
    assert_eq!(no_run.code, Code::NotFound);
}
