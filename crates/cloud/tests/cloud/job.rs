//! Jobs on the SSH target: a run is sent, mirrored, stopped, brought home.

use crate::support::{
    GO_ON, SLOW, Scene, Worker, execute_as_told, files_below, holds, names, new_run, new_run_of, target_with,
    until,
};
use aloft_cloud::{attach, fetch, job, jobs, preflight, send, stop_job};
use aloft_runs::file;
use aloft_secrets::{MemoryStore, SecretStore as _, Sensitive};
use aloft_spec::job::JobState;
use aloft_spec::run::RunStatus;
use aloft_spec::{Code, DataClass};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
#[ignore = "is started on the target"]
fn the_worker() {
    execute_as_told();
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
