//! The event log: whatever a crash leaves of it, what was written before is read, and what is written after as well.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod common;

use aloft_runs::{EventLog, Follow, append_receipt, file, read_events, receipts};
use aloft_spec::{
    Code, DataClass, Event, EventKind, Problem,
    event::Phase,
    job::{Receipt, SentFile},
    run::{Outcome, RunStatus},
    verdict::{Forecast, Measurement, Placement, Range, Reason, ReasonKind, ReasonState, Verdict},
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

fn log(message: &str) -> EventKind {
    EventKind::Log {
        level: "info".into(),
        message: message.into(),
    }
}

fn kinds(events: Vec<Event>) -> Vec<EventKind> {
    events.into_iter().map(|event| event.kind).collect()
}

fn append(run_dir: &Path, bytes: &[u8]) {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(run_dir.join(file::EVENTS))
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

#[test]
fn events_are_readable_at_once_and_have_their_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut follow = Follow::new(folder.path());
    assert_eq!(follow.poll().unwrap(), [], "there is no log yet");
    let mut events = EventLog::append_to(folder.path()).unwrap();
    events.write(log("one")).unwrap();
    let read = follow.poll().unwrap();
    assert_eq!(kinds(read.clone()), [log("one")]);
    let at = &read[0].at;
    assert!(
        at.ends_with('Z') && at.len() == "2026-01-31T15:45:00.123Z".len(),
        "{at}"
    );
    at.parse::<jiff::Timestamp>().unwrap();
    assert_eq!(follow.poll().unwrap(), []);
    events.write(log("two")).unwrap();
    assert_eq!(kinds(follow.poll().unwrap()), [log("two")]);
}

#[test]
fn a_line_in_the_making_waits_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let line = serde_json::to_vec(&Event {
        at: "2026-01-31T15:45:00.123Z".into(),
        kind: log("ü"),
    })
    .unwrap();
    let mut follow = Follow::new(folder.path());
    for byte in &line {
        append(folder.path(), &[*byte]);
        assert_eq!(follow.poll().unwrap(), []);
    }
    append(folder.path(), b"\n");
    assert_eq!(kinds(follow.poll().unwrap()), [log("ü")]);
}

#[test]
fn a_torn_line_is_ended_and_never_cut_so_that_mirrors_stay_prefixes() {
    let folder = tempfile::tempdir().unwrap();
    EventLog::append_to(folder.path())
        .unwrap()
        .write(log("before"))
        .unwrap();
    append(folder.path(), br#"{"at":"2026-01-31T15:4"#);
    let mirrored = fs::read(folder.path().join(file::EVENTS)).unwrap();
    let mut follow = Follow::new(folder.path());
    assert_eq!(kinds(follow.poll().unwrap()), [log("before")]);

    EventLog::append_to(folder.path())
        .unwrap()
        .write(log("after"))
        .unwrap();
    let now = fs::read(folder.path().join(file::EVENTS)).unwrap();
    assert!(now.starts_with(&mirrored));
    let events = kinds(follow.poll().unwrap());
    assert_eq!(events.len(), 2);
    let EventKind::Log { level, message } = &events[0] else {
        panic!("{:?}", events[0]);
    };
    assert_eq!(level, "warning");
    assert!(
        message.starts_with("line 2 of events.jsonl can't be read"),
        "{message}"
    );
    assert_eq!(events[1], log("after"));
}

#[test]
fn a_log_that_became_shorter_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = EventLog::append_to(folder.path()).unwrap();
    for message in ["one", "two", "three"] {
        events.write(log(message)).unwrap();
    }
    let mut follow = Follow::new(folder.path());
    assert_eq!(follow.poll().unwrap().len(), 3);
    let path = folder.path().join(file::EVENTS);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.split_inclusive('\n').next().unwrap()).unwrap();
    let again = kinds(follow.poll().unwrap());
    assert!(matches!(&again[0], EventKind::Log { level, .. } if level == "warning"));
    assert_eq!(again[1..], [log("one")]);
    events.write(log("four")).unwrap();
    assert_eq!(kinds(follow.poll().unwrap()), [log("four")]);
}

#[test]
fn receipts_are_kept_and_a_torn_one_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(receipts(folder.path()).unwrap(), []);
    let receipt = Receipt {
        at: "2026-01-31T15:45:00Z".into(),
        target: "lab".into(),
        destination: "me@lab:aloft".into(),
        identity: "me".into(),
        files: vec![SentFile {
            name: "data.parquet".into(),
            hash: "ab".into(),
            bytes: 4,
            sent: true,
        }],
        rows: 100,
        columns: vec!["late".into()],
        class: DataClass::Internal,
    };
    append_receipt(folder.path(), &receipt).unwrap();
    let path = folder.path().join(file::RECEIPTS);
    let mut torn = fs::read(&path).unwrap();
    torn.extend_from_within(..10);
    fs::write(&path, torn).unwrap();
    append_receipt(folder.path(), &receipt).unwrap();
    assert_eq!(receipts(folder.path()).unwrap(), [receipt.clone(), receipt]);
}

/// Any number that a metric can be: what is written is read back to the last bit.
fn number() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |number| number.is_finite())
}

fn metrics() -> impl Strategy<Value = BTreeMap<String, f64>> {
    proptest::collection::btree_map("[a-z_]{1,8}", number(), 0..3)
}

fn kind() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (any::<u32>(), ".*", ".*").prop_map(|(pid, device, host)| EventKind::Started {
            pid,
            device,
            aloft: "0.1.0".into(),
            host,
            resumed_epochs: pid % 7,
        }),
        Just(EventKind::Phase { phase: Phase::WarmUp }),
        (any::<u64>(), number(), number()).prop_map(|(step, loss, left)| EventKind::Step {
            step,
            epoch: 1,
            loss,
            samples_per_second: 1e6,
            seconds_left: left,
        }),
        (1..9_u32, number(), number()).prop_map(|(fold, loss, left)| EventKind::Fold {
            fold,
            folds: 9,
            epoch: 2,
            epochs: 20,
            loss,
            samples_per_second: 1e6,
            seconds_left: left,
        }),
        (any::<u32>(), number(), metrics(), any::<bool>()).prop_map(
            |(epoch, validation_loss, metrics, best)| EventKind::Epoch {
                epoch,
                train_loss: 0.5,
                validation_loss,
                metrics,
                best,
                samples_per_second: 3.25,
            }
        ),
        (".*", metrics()).prop_map(|(split, metrics)| EventKind::Metrics { split, metrics }),
        (proptest::collection::vec(number(), 0..4), any::<u64>()).prop_map(|(step_seconds, row_bytes)| {
            EventKind::Measured {
                measurement: Measurement {
                    step_seconds,
                    row_bytes,
                    ..Measurement::default()
                },
            }
        }),
        (number(), any::<bool>(), ".*").prop_map(|(mid, known, text)| EventKind::Verdict {
            verdict: Verdict {
                placement: Placement::Cloud,
                reasons: vec![Reason {
                    kind: ReasonKind::Time,
                    state: ReasonState::Over,
                    value: "6.4 h".into(),
                    text,
                    share: known.then_some(6.5),
                    setting: "thresholds.minutes".into(),
                }],
                forecast: Forecast {
                    seconds: Range {
                        low: 0.0,
                        mid,
                        high: 1.0,
                    },
                    ..Forecast::default()
                },
            },
        }),
        (".*", ".*").prop_map(|(level, message)| EventKind::Log { level, message }),
        (".*", number()).prop_map(|(message, seconds)| EventKind::Finished {
            status: RunStatus::Failed,
            problem: Some(Problem::new(Code::Diverged, message)),
            outcome: Some(Outcome {
                seconds,
                ..Outcome::default()
            }),
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_prefix_of_a_log_reads_as_a_prefix_of_its_events_and_can_be_continued(
        written in proptest::collection::vec(kind(), 0..12),
        share in 0.0..=1.0_f64,
        first_poll in 0.0..=1.0_f64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut events = EventLog::append_to(folder.path()).unwrap();
        for kind in &written {
            events.write(kind.clone()).unwrap();
        }
        let path = folder.path().join(file::EVENTS);
        let bytes = fs::read(&path).unwrap();
        prop_assert_eq!(kinds(read_events(folder.path()).unwrap()), written.clone());

        let cut = (bytes.len() as f64 * share) as usize;
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = bytes[..cut].iter().filter(|&&byte| byte == b'\n').count();
        let prefix = kinds(read_events(folder.path()).unwrap());
        prop_assert_eq!(&prefix[..], &written[..whole]);

        // Polls in the middle change nothing.
        let early = (cut as f64 * first_poll) as usize;
        fs::write(&path, &bytes[..early]).unwrap();
        let mut follow = Follow::new(folder.path());
        let mut followed = kinds(follow.poll().unwrap());
        fs::write(&path, &bytes[..cut]).unwrap();
        followed.extend(kinds(follow.poll().unwrap()));
        prop_assert_eq!(&followed, &prefix);

        // The next worker goes on: what was read stays, and what it writes is read.
        EventLog::append_to(folder.path()).unwrap().write(log("next")).unwrap();
        let after = kinds(read_events(folder.path()).unwrap());
        prop_assert_eq!(&after[..whole], &written[..whole]);
        prop_assert_eq!(after.last(), Some(&log("next")));
        prop_assert!(after.len() <= whole + 2);
    }

    #[test]
    fn arbitrary_bytes_never_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file::EVENTS), &bytes).unwrap();
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        prop_assert!(read_events(folder.path()).unwrap().len() <= lines);
    }
}
