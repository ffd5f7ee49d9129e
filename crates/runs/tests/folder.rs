//! Folders of runs: complete before they are visible, readable after anything.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod common;

use aloft_runs::{create, file, list, new_id, read, status, write};
use aloft_spec::{
    Code,
    job::{JobRecord, JobState},
    run::{Outcome, RunStatus},
};
use common::{record, run};
use std::fs;
use std::path::Path;

#[test]
fn a_run_is_made_as_a_whole_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = "2026-01-31T15:45:00Z".parse().unwrap();
    let id = new_id("late", at, "3fa9c1d2");
    assert_eq!(id, "20260131-154500-late-3fa9c1");
    let dir = run(folder.path(), &id);
    assert_eq!(dir, folder.path().join("runs").join(&id));
    assert_eq!(fs::read(dir.join(file::DATA)).unwrap(), b"PAR1");
    assert_eq!(read(&dir).unwrap(), record(&id));
    assert_eq!(status(&dir).unwrap(), RunStatus::Created);
    let names = fs::read_dir(folder.path().join("runs")).unwrap();
    assert_eq!(names.count(), 1, "nothing is left of the making");
}

#[test]
fn data_is_linked_rather_than_copied() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(
        inode(&dir.join(file::DATA)),
        inode(&folder.path().join("rows.parquet"))
    );
}

#[test]
fn a_name_that_is_taken_gets_a_number_also_among_threads() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "same");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| run(folder.path(), "same"));
        }
    });
    let mut ids: Vec<String> = list(&folder.path().join("runs"))
        .unwrap()
        .into_iter()
        .map(|run| run.id)
        .collect();
    ids.sort();
    assert_eq!(ids, ["same", "same-2", "same-3", "same-4", "same-5"]);
    for id in ids {
        let dir = folder.path().join("runs").join(&id);
        assert_eq!(read(&dir).unwrap().id, id, "the record knows its name");
    }
}

#[test]
fn what_cannot_be_made_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let missing = create(&runs, record("a"), &folder.path().join("none")).unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.message.contains("none"), "{missing}");
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 0);
    let data = folder.path().join("rows");
    fs::write(&data, "").unwrap();
    for id in ["", "..", "a/b", ".hidden", "a b"] {
        assert_eq!(create(&runs, record(id), &data).unwrap_err().code, Code::BadValue);
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    // Every write to /dev/full fails as on a full disk.
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join(file::EVENTS)).unwrap();
    let mut log = aloft_runs::EventLog::append_to(folder.path()).unwrap();
    let message = aloft_spec::EventKind::Log {
        level: "info".into(),
        message: "hello".into(),
    };
    let problem = log.write(message).unwrap_err();
    assert_eq!(problem.code, Code::DiskFull);
    assert!(problem.hint.is_some());
}

#[test]
fn a_record_that_is_broken_newer_or_missing_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let text = fs::read_to_string(dir.join(file::RUN)).unwrap();

    fs::write(dir.join(file::RUN), text.replace("\"created\"", "\"creatd\"")).unwrap();
    let problem = read(&dir).unwrap_err();
    let place = problem.place.clone().unwrap();
    assert_eq!(problem.code, Code::Unreadable);
    assert_eq!((place.line, place.column), (Some(7), Some(10)), "{problem}");

    fs::write(dir.join(file::RUN), "format = 99\n").unwrap();
    assert_eq!(read(&dir).unwrap_err().code, Code::Unsupported);

    fs::write(dir.join(file::RUN), [0xff, 0xfe]).unwrap();
    assert_eq!(read(&dir).unwrap_err().code, Code::Unreadable);

    fs::remove_file(dir.join(file::RUN)).unwrap();
    assert_eq!(read(&dir).unwrap_err().code, Code::NotFound);
}

#[test]
fn the_list_is_newest_first_and_a_broken_run_blocks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    assert_eq!(list(&runs).unwrap(), []);
    for (id, day, seconds) in [
        ("20260131-154500-late-aaaaaa", "31", 1.0),
        ("20260130-154500-late-bbbbbb", "30", 2.0),
    ] {
        let dir = run(folder.path(), id);
        let mut record = read(&dir).unwrap();
        record.created_at = format!("2026-01-{day}T15:45:00.000Z");
        record.status = RunStatus::Done;
        record.outcome = Some(Outcome {
            seconds,
            ..Outcome::default()
        });
        write(&dir, &record).unwrap();
    }
    let broken = run(folder.path(), "20260201-000102-early-cccccc");
    fs::write(broken.join(file::RUN), "format = ").unwrap();
    fs::create_dir(runs.join(".creating-x")).unwrap();
    fs::create_dir(runs.join("notes")).unwrap();
    fs::write(runs.join("README"), "").unwrap();

    let found = list(&runs).unwrap();
    let ids: Vec<&str> = found.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "20260201-000102-early-cccccc",
            "20260131-154500-late-aaaaaa",
            "20260130-154500-late-bbbbbb"
        ]
    );
    assert_eq!(found[0].cell, "early");
    assert_eq!(found[0].created_at, "2026-02-01T00:01:02Z");
    assert_eq!(found[0].status, RunStatus::Failed);
    assert_eq!(found[0].problem.as_ref().unwrap().code, Code::Unreadable);
    assert_eq!(found[1].seconds, Some(1.0));
    assert_eq!(found[1].problem, None);
}

#[test]
fn a_run_that_was_sent_stands_as_its_job_says() {
    let folder = tempfile::tempdir().unwrap();
    let dir = run(folder.path(), "a");
    let mut record = read(&dir).unwrap();
    record.status = RunStatus::Running;
    write(&dir, &record).unwrap();
    let mut job = JobRecord {
        run: "a".into(),
        target: "lab".into(),
        kind: "ssh".into(),
        remote: "aloft/runs/a".into(),
        sent_at: "2026-01-31T15:45:00Z".into(),
        state: JobState::Uploading,
        problem: None,
    };
    for (state, expected) in [
        (JobState::Uploading, RunStatus::Created),
        (JobState::Running, RunStatus::Running),
        (JobState::Ended, RunStatus::Running),
        (JobState::Failed, RunStatus::Failed),
        (JobState::Stopped, RunStatus::Stopped),
        (JobState::Home, RunStatus::Done),
    ] {
        job.state = state;
        aloft_runs::write_job(&dir, &job).unwrap();
        assert_eq!(aloft_runs::read_job(&dir).unwrap().unwrap(), job);
        let found = list(&folder.path().join("runs")).unwrap().remove(0);
        assert_eq!((found.status, found.target.as_deref()), (expected, Some("lab")));
    }
    // What the mirrored log says of the end comes before the job's own state.
    job.state = JobState::Running;
    aloft_runs::write_job(&dir, &job).unwrap();
    let finished = r#"{"at":"2026-01-31T15:46:00.000Z","event":"finished","status":"stopped"}"#;
    fs::write(dir.join(file::EVENTS), format!("{finished}\n")).unwrap();
    assert_eq!(status(&dir).unwrap(), RunStatus::Stopped);
    fs::write(dir.join(file::JOB), "{").unwrap();
    assert_eq!(status(&dir).unwrap_err().code, Code::Unreadable);
    let found = list(&folder.path().join("runs")).unwrap().remove(0);
    assert_eq!(found.status, RunStatus::Failed);
}

#[test]
fn stability_and_forecasts_are_learned_from_runs_that_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for (number, accuracy) in [0.901, 0.902, 0.9, 0.903, 0.902, 0.5].iter().enumerate() {
        let dir = run(folder.path(), &format!("r{number}"));
        let mut record = read(&dir).unwrap();
        record.created_at = format!("2026-01-0{}T00:00:00Z", 9 - number);
        record.status = RunStatus::Done;
        let metrics = [("accuracy".to_owned(), *accuracy)].into();
        record.metrics.insert("validation".into(), metrics);
        record.outcome = Some(Outcome {
            seconds: 11.0,
            forecast_seconds: if number == 1 { 0.0 } else { 10.0 },
            ..Outcome::default()
        });
        write(&dir, &record).unwrap();
    }
    let stability = aloft_runs::stability(&runs, "late").unwrap();
    assert!(stability.is_stable(), "{stability:?}");
    assert_eq!((stability.agreeing, stability.of), (5, 5));
    assert_eq!(aloft_runs::stability(&runs, "other").unwrap().of, 0);
    assert_eq!(aloft_runs::past_forecasts(&runs).unwrap(), [(10.0, 11.0); 5]);
}
