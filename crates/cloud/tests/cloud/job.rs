//! Jobs on the SSH target: a run is sent, mirrored, stopped, brought home.

use crate::support::{
    GO_ON, Sshd, Worker, execute_as_told, files_below, holds, new_run, new_run_of, program, target,
    target_with, until,
};
use aloft_cloud::{Target, attach, fetch, job, jobs, preflight, send, stop_job};
use aloft_runs::file;
use aloft_secrets::{MemoryStore, SecretStore, Sensitive};
use aloft_spec::job::{JobRecord, JobState, SentFile};
use aloft_spec::run::RunStatus;
use aloft_spec::{Code, DataClass, Problem};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// A server, a target on it, a run and a program for it.
struct Scene {
    server: Sshd,
    target: Box<dyn Target>,
    runs: PathBuf,
    run: PathBuf,
    program: PathBuf,
}

impl Scene {
    fn new(worker: Worker) -> Self {
        let server = Sshd::start();
        let runs = server.path("here");
        Self {
            target: target(&server.spec("over there")).unwrap(),
            run: new_run(&runs, "late", b"these are the rows"),
            program: program(&server.path(""), "job::the_worker", worker),
            runs,
            server,
        }
    }

    fn send(&self) -> Result<JobRecord, Problem> {
        send(&*self.target, &self.run, &self.program, &mut |_, _| {}, &GO_ON)
    }

    fn attach(&self) -> Result<JobRecord, Problem> {
        attach(&*self.target, &self.run)
    }

    fn fetch(&self) -> Result<JobRecord, Problem> {
        fetch(&*self.target, &self.run, &mut |_, _| {}, &GO_ON)
    }

    fn until_ended(&self) -> JobRecord {
        until("the job has ended", || {
            let job = self.attach().unwrap();
            (job.state != JobState::Running).then_some(job)
        })
    }

    /// The run's folder there.
    fn there(&self) -> PathBuf {
        let id = self.run.file_name().unwrap();
        self.server.path("over there/runs").join(id)
    }

    fn log_here(&self) -> Vec<u8> {
        fs::read(self.run.join(file::EVENTS)).unwrap_or_default()
    }

    fn log_there(&self) -> Vec<u8> {
        fs::read(self.there().join(file::EVENTS)).unwrap_or_default()
    }

    fn worker(&self) -> Option<u32> {
        let text = fs::read_to_string(self.there().join(file::WORKER)).ok()?;
        let worker: serde_json::Value = serde_json::from_str(&text).ok()?;
        u32::try_from(worker["pid"].as_u64()?).ok()
    }
}

#[test]
#[ignore = "is started on the target"]
fn the_worker() {
    execute_as_told();
}

const SLOW: Worker = Worker {
    epochs: 3000,
    pace: 20,
    stops: true,
};

fn names(files: &[SentFile], sent: bool) -> Vec<&str> {
    let chosen = files.iter().filter(|file| file.sent == sent);
    chosen.map(|file| file.name.as_str()).collect()
}

#[test]
fn a_run_is_sent_mirrored_and_brought_home() {
    let scene = Scene::new(Worker {
        epochs: 100,
        ..Worker::default()
    });
    let before = preflight(&*scene.target, &scene.run, &scene.program).unwrap();
    assert!(before.allowed && before.note.is_none());
    assert_eq!(names(&before.files, true), ["aloft", "data.parquet", "run.toml"]);
    assert_eq!((before.rows, before.columns.len()), (42, 2));
    assert!(
        !scene.server.path("over there").exists(),
        "a preflight sends nothing"
    );

    let mut told = Vec::new();
    let mut tell = |done, total| told.push((done, total));
    let sent = send(&*scene.target, &scene.run, &scene.program, &mut tell, &GO_ON).unwrap();
    let total = before.bytes_to_send();
    assert_eq!((told[0], told[told.len() - 1]), ((0, total), (total, total)));
    assert_eq!((sent.state, sent.kind.as_str()), (JobState::Running, "ssh"));
    assert_eq!(Path::new(&sent.remote), scene.there().canonicalize().unwrap());
    assert_eq!(job(&scene.run).unwrap(), Some(sent.clone()));
    assert_eq!(
        scene.fetch().unwrap_err().code,
        Code::NotFound,
        "it isn't there yet"
    );

    let mut seen = 0;
    let ended = until("the job has ended", || {
        let job = scene.attach().unwrap();
        let here = scene.log_here();
        assert!(scene.log_there().starts_with(&here), "the mirror is a prefix");
        seen += usize::from(!here.is_empty() && job.state == JobState::Running);
        (job.state != JobState::Running).then_some(job)
    });
    assert!(seen > 0, "events came while it was running");
    assert_eq!(ended.state, JobState::Ended);
    assert_eq!(scene.log_here(), scene.log_there());

    assert_eq!(scene.fetch().unwrap().state, JobState::Home);
    aloft_runs::verify_manifest(&scene.run).unwrap();
    assert_eq!(
        fs::read(scene.run.join("model/model.safetensors")).unwrap(),
        b"these are"
    );
    assert_eq!(aloft_runs::read(&scene.run).unwrap().status, RunStatus::Done);
    assert!(!scene.run.join(".fetch").exists() && !scene.run.join("checkpoints").exists());
    assert_eq!(
        scene.fetch().unwrap().state,
        JobState::Home,
        "again changes nothing"
    );
    assert_eq!(scene.send().unwrap_err().code, Code::Unsupported, "it is done");
    assert_eq!(jobs(&scene.runs).unwrap()[0].state, JobState::Home);
}

#[test]
fn every_send_leaves_a_receipt_and_the_second_sends_only_what_changed() {
    let scene = Scene::new(Worker::default());
    scene.send().unwrap();
    let receipts = aloft_runs::receipts(&scene.run).unwrap();
    assert_eq!(receipts.len(), 1);
    assert_eq!(
        names(&receipts[0].files, true),
        ["aloft", "data.parquet", "run.toml"]
    );
    assert_eq!(receipts[0].destination, scene.target.destination());
    assert_eq!((receipts[0].rows, receipts[0].class), (42, DataClass::Internal));
    assert_eq!(receipts[0].at, scene.attach().unwrap().sent_at);

    let other = new_run(&scene.runs, "other", b"these are the rows");
    let before = preflight(&*scene.target, &other, &scene.program).unwrap();
    assert_eq!(names(&before.files, true), ["run.toml"]);
    send(&*scene.target, &other, &scene.program, &mut |_, _| {}, &GO_ON).unwrap();
    let receipts = aloft_runs::receipts(&other).unwrap();
    assert_eq!(names(&receipts[0].files, true), ["run.toml"]);
    assert_eq!(names(&receipts[0].files, false), ["aloft", "data.parquet"]);
    let cells: Vec<String> = jobs(&scene.runs)
        .unwrap()
        .into_iter()
        .map(|job| job.run)
        .collect();
    assert!(
        cells[0].contains("other") && cells[1].contains("late"),
        "latest first"
    );
    scene.until_ended();
}

#[test]
fn a_send_that_was_cut_off_goes_on() {
    let scene = Scene::new(Worker::default());
    let cancel = AtomicBool::new(false);
    let mut after_the_program = |done, _| cancel.store(done > 0, Ordering::Relaxed);
    let sent = send(
        &*scene.target,
        &scene.run,
        &scene.program,
        &mut after_the_program,
        &cancel,
    );
    assert_eq!(sent.unwrap_err().code, Code::Stopped);
    assert_eq!(job(&scene.run).unwrap().unwrap().state, JobState::Uploading);
    assert_eq!(
        aloft_runs::receipts(&scene.run).unwrap().len(),
        1,
        "some of it has left"
    );
    assert_eq!(
        stop_job(&*scene.target, &scene.run).unwrap_err().code,
        Code::Unsupported
    );

    assert_eq!(scene.send().unwrap().state, JobState::Running);
    let receipts = aloft_runs::receipts(&scene.run).unwrap();
    assert!(
        names(&receipts[1].files, false).contains(&"aloft"),
        "the program was there"
    );
    assert_eq!(scene.until_ended().state, JobState::Ended);
}

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

#[test]
fn an_outcome_that_is_not_what_was_written_stays_away() {
    let scene = Scene::new(Worker::default());
    scene.send().unwrap();
    assert_eq!(scene.until_ended().state, JobState::Ended);
    let model = scene.there().join("model/model.safetensors");
    let good = fs::read(&model).unwrap();
    fs::write(&model, b"thesE are").unwrap();
    let problem = scene.fetch().unwrap_err();
    assert_eq!(problem.code, Code::Corrupted);
    assert!(problem.message.contains("model/model.safetensors"), "{problem}");
    assert!(!scene.run.join("model").exists() && !scene.run.join(file::MANIFEST).exists());
    assert_eq!(aloft_runs::read(&scene.run).unwrap().status, RunStatus::Created);
    assert_eq!(job(&scene.run).unwrap().unwrap().state, JobState::Ended);

    let manifest = scene.there().join(file::MANIFEST);
    let honest = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, honest.replace("report.json", "../../evil")).unwrap();
    assert_eq!(scene.fetch().unwrap_err().code, Code::Corrupted);
    fs::write(&manifest, honest).unwrap();
    fs::write(&model, good).unwrap();
    assert_eq!(scene.fetch().unwrap().state, JobState::Home);
}

#[test]
fn a_log_that_is_shorter_there_is_not_mirrored() {
    let scene = Scene::new(Worker::default());
    scene.send().unwrap();
    until("the worker is done", || {
        scene.there().join("exit").exists().then_some(())
    });
    fs::write(scene.run.join(file::EVENTS), vec![b' '; 1 << 20]).unwrap();
    assert_eq!(scene.attach().unwrap_err().code, Code::Corrupted);
}

#[test]
fn a_program_that_does_not_run_there_is_told() {
    let scene = Scene::new(Worker::default());
    let cases = [
        ("#!/no/such/loader\n", "needs"),
        ("#!/bin/sh\necho GLIBC_9.99 not found\nexit 1\n", "GLIBC_9.99"),
    ];
    for (text, told) in cases {
        fs::write(&scene.program, text).unwrap();
        let problem = scene.send().unwrap_err();
        assert_eq!(problem.code, Code::Incompatible);
        assert!(problem.to_string().contains(told), "{problem}");
        assert!(problem.message.contains("Linux "), "{problem}");
        let job = job(&scene.run).unwrap().unwrap();
        assert_eq!((job.state, job.problem), (JobState::Failed, Some(problem)));
    }
}

#[test]
fn data_that_may_not_leave_does_not() {
    let mut scene = Scene::new(Worker::default());
    for class in [DataClass::Restricted, DataClass::Confidential] {
        scene.run = new_run_of(&scene.runs, &class.to_string(), b"private", class);
        let before = preflight(&*scene.target, &scene.run, &scene.program).unwrap();
        assert!(!before.allowed && before.note.is_some());
        assert_eq!(scene.send().unwrap_err().code, Code::Forbidden);
        assert_eq!(job(&scene.run).unwrap(), None);
    }
    assert!(
        !scene.server.log().contains("Accepted"),
        "the host wasn't even asked"
    );
}

#[test]
fn a_preflight_without_the_network_says_so() {
    let mut scene = Scene::new(Worker::default());
    scene.server.interrupt();
    let before = preflight(&*scene.target, &scene.run, &scene.program).unwrap();
    assert!(before.allowed && before.note.unwrap().contains("doesn't answer"));
    assert_eq!(names(&before.files, true).len(), 3);
    assert_eq!(scene.send().unwrap_err().code, Code::Unreachable);
    assert!(
        aloft_runs::receipts(&scene.run).unwrap().is_empty(),
        "nothing has left"
    );
}

#[test]
fn a_run_is_looked_for_where_it_is() {
    let scene = Scene::new(SLOW);
    assert_eq!(scene.attach().unwrap_err().code, Code::NotFound);
    scene.send().unwrap();
    let mut record = job(&scene.run).unwrap().unwrap();
    record.target = "other".into();
    aloft_runs::write_job(&scene.run, &record).unwrap();
    assert_eq!(scene.attach().unwrap_err().code, Code::BadValue);
    assert_eq!(scene.send().unwrap_err().code, Code::Unsupported);
    record.target = "box".into();
    aloft_runs::write_job(&scene.run, &record).unwrap();
    stop_job(&*scene.target, &scene.run).unwrap();
    scene.until_ended();
    assert!(jobs(&scene.runs.join("none")).unwrap().is_empty());
}

#[test]
fn the_secret_is_nowhere() {
    const SECRET: &str = "correct horse battery staple";
    let scene = Scene::new(SLOW);
    let key = scene.server.path("locked");
    crate::support::ssh_keygen(&["-t", "ed25519", "-N", SECRET], &key);
    fs::copy(
        scene.server.path("locked.pub"),
        scene.server.path("authorized_keys"),
    )
    .unwrap();
    let secrets = MemoryStore::new();
    let secret = Sensitive::new(SECRET.to_owned());
    secrets.set(crate::support::ACCOUNT, &secret).unwrap();
    let mut spec = scene.server.spec("over there");
    spec.key_file = Some(key.display().to_string());
    let target = target_with(&spec, &secrets).unwrap();

    let before = preflight(&*target, &scene.run, &scene.program).unwrap();
    assert!(!serde_json::to_string(&before).unwrap().contains(SECRET));
    send(&*target, &scene.run, &scene.program, &mut |_, _| {}, &GO_ON).unwrap();
    let worker = until("the worker is there", || scene.worker());
    for view in ["environ", "cmdline"] {
        assert!(!holds(
            &Path::new("/proc").join(worker.to_string()).join(view),
            SECRET.as_bytes()
        ));
    }
    stop_job(&*target, &scene.run).unwrap();
    until("the job has ended", || {
        let job = attach(&*target, &scene.run).unwrap();
        (job.state != JobState::Running).then_some(())
    });
    fetch(&*target, &scene.run, &mut |_, _| {}, &GO_ON).unwrap();
    // Both run folders, the blobs, the server's log and all else that this test has written.
    let files = files_below(&scene.server.path(""));
    assert!(files.len() > 20);
    for file in files {
        assert!(
            !holds(&file, SECRET.as_bytes()),
            "the secret is in {}",
            file.display()
        );
    }
}
