//! Jobs that are interrupted: connections that are lost, workers that are stopped or killed, machines that go down.

use crate::support::{SLOW, Scene, Worker, names, program, target, until};
use aloft_cloud::{attach, job, stop_job};
use aloft_runs::file;
use aloft_spec::Code;
use aloft_spec::job::JobState;
use aloft_spec::run::RunStatus;
use std::fs;
use std::process::Command;

#[test]
fn the_mirror_survives_a_lost_connection() {
    let mut scene = Scene::new(Worker {
        epochs: 60,
        ..Worker::default()
    });
    scene.send().unwrap();
    until("some events have come", || {
        scene.attach().unwrap();
        (scene.log_here().len() > 200).then_some(())
    });
    scene.server.interrupt();
    // What a mirror leaves that is killed in the middle of a write.
    let mut here = scene.log_here();
    here.truncate(here.len() - 7);
    fs::write(scene.run.join(file::EVENTS), &here).unwrap();
    let lost = scene.attach().unwrap_err();
    assert_eq!(lost.code, Code::Unreachable, "{lost}");
    assert_eq!(job(&scene.run).unwrap().unwrap().state, JobState::Running);
    scene.server.resume();
    assert_eq!(scene.until_ended().state, JobState::Ended);
    assert_eq!(scene.log_here(), scene.log_there());
    assert_eq!(scene.fetch().unwrap().state, JobState::Home);
}

#[test]
fn two_mirrors_do_not_write_at_once() {
    let scene = Scene::new(Worker {
        epochs: 40,
        ..Worker::default()
    });
    scene.send().unwrap();
    let spec = scene.server.spec("over there");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let target = target(&spec).unwrap();
                until("the job has ended", || {
                    let job = attach(&*target, &scene.run).unwrap();
                    (job.state == JobState::Ended).then_some(())
                });
            });
        }
    });
    assert_eq!(scene.log_here(), scene.log_there());
}

#[test]
fn a_run_is_never_executed_twice_at_once() {
    let scene = Scene::new(SLOW);
    scene.send().unwrap();
    let worker = until("the worker is there", || scene.worker());
    assert_eq!(scene.send().unwrap().state, JobState::Running);
    assert_eq!(
        aloft_runs::receipts(&scene.run).unwrap().len(),
        1,
        "nothing was sent"
    );
    // As after a kill between the start there and the note of it here.
    let mut record = job(&scene.run).unwrap().unwrap();
    record.state = JobState::Uploading;
    aloft_runs::write_job(&scene.run, &record).unwrap();
    assert_eq!(scene.send().unwrap().state, JobState::Running);
    assert_eq!(scene.worker(), Some(worker));
    let starts = String::from_utf8(scene.log_there()).unwrap();
    assert_eq!(starts.matches("\"started\"").count(), 1);
    stop_job(&*scene.target, &scene.run).unwrap();
    scene.until_ended();
}

#[test]
fn a_run_stops_and_goes_on() {
    let mut scene = Scene::new(SLOW);
    scene.send().unwrap();
    until("the worker is there", || scene.worker());
    stop_job(&*scene.target, &scene.run).unwrap();
    stop_job(&*scene.target, &scene.run).unwrap();
    let stopped = scene.until_ended();
    assert_eq!((stopped.state, stopped.problem), (JobState::Stopped, None));
    stop_job(&*scene.target, &scene.run).unwrap();
    assert_eq!(scene.fetch().unwrap().state, JobState::Home, "its model so far");
    assert_eq!(aloft_runs::read(&scene.run).unwrap().status, RunStatus::Stopped);

    scene.program = program(&scene.server.path(""), "job::the_worker", Worker::default());
    assert_eq!(scene.send().unwrap().state, JobState::Running);
    let receipt = aloft_runs::receipts(&scene.run).unwrap().pop().unwrap();
    assert_eq!(names(&receipt.files, true), ["aloft", "run.toml"]);
    assert_eq!(scene.until_ended().state, JobState::Ended);
    assert_eq!(scene.log_here(), scene.log_there());
    assert_eq!(scene.fetch().unwrap().state, JobState::Home);
}

#[test]
fn a_worker_that_was_killed_is_told_and_resumed() {
    let mut scene = Scene::new(SLOW);
    scene.send().unwrap();
    let worker = until("the worker has done something", || {
        scene.attach().unwrap();
        (scene.log_here().len() > 500).then(|| scene.worker().unwrap())
    });
    let killed = Command::new("kill").args(["-9", &worker.to_string()]).status();
    assert!(killed.unwrap().success());
    let failed = scene.until_ended();
    assert_eq!(failed.state, JobState::Failed);
    let problem = failed.problem.unwrap();
    assert_eq!(problem.code, Code::WorkerDied);
    assert!(problem.message.contains("signal 9"), "{problem}");
    assert!(problem.message.contains("is done"), "the last lines: {problem}");
    assert!(problem.hint.unwrap().contains("send the run again"));
    assert_eq!(scene.fetch().unwrap_err().code, Code::NotFound);

    let before = scene.log_here();
    scene.program = program(&scene.server.path(""), "job::the_worker", Worker::default());
    let resumed = scene.send().unwrap();
    assert_eq!((resumed.state, resumed.problem), (JobState::Running, None));
    assert_eq!(scene.until_ended().state, JobState::Ended);
    let after = scene.log_here();
    assert!(after.starts_with(&before) && after == scene.log_there());
    assert!(
        !String::from_utf8(after)
            .unwrap()
            .ends_with("\"resumed_epochs\":0")
    );
}

#[test]
fn a_machine_that_went_down_is_told() {
    let scene = Scene::new(Worker::default());
    scene.send().unwrap();
    until("the worker is done", || {
        scene.there().join("exit").exists().then_some(())
    });
    // What a power cut leaves: processes of another boot, and a log without an end.
    fs::write(scene.there().join("launcher"), "1 1 another-boot\n").unwrap();
    fs::remove_file(scene.there().join("exit")).unwrap();
    let log = scene.log_there();
    fs::write(scene.there().join(file::EVENTS), &log[..log.len() / 2]).unwrap();
    let failed = scene.until_ended();
    let problem = failed.problem.unwrap();
    assert!(problem.message.contains("machine went down"), "{problem}");
}

#[test]
fn what_was_done_here_goes_on_there() {
    let scene = Scene::new(Worker::default());
    let past =
        "{\"at\":\"2026-01-31T15:45:00.000Z\",\"event\":\"log\",\"level\":\"info\",\"message\":\"here\"}\n";
    fs::write(scene.run.join(file::EVENTS), past).unwrap();
    fs::create_dir(scene.run.join(file::CHECKPOINTS)).unwrap();
    fs::write(scene.run.join("checkpoints/last.json"), "3").unwrap();
    scene.send().unwrap();
    let receipt = aloft_runs::receipts(&scene.run).unwrap().pop().unwrap();
    assert!(names(&receipt.files, true).contains(&"checkpoints/last.json"));
    assert_eq!(scene.until_ended().state, JobState::Ended);
    let log = String::from_utf8(scene.log_here()).unwrap();
    assert!(
        log.starts_with(past) && log.contains("\"resumed_epochs\":3"),
        "{log}"
    );
    assert_eq!(log.as_bytes(), scene.log_there());
}
