//! A run finds its learning rate and its batch, writes them down, and goes on with them.

use crate::common::{create, curve, events, rows, spec};
use aloft_spec::{
    event::EventKind,
    run::RunStatus,
    train::{Findable, TrainSpec},
};
use aloft_train::execute;
use std::{fs, path::Path};

fn found(what: &[Findable]) -> TrainSpec {
    TrainSpec {
        find: what.to_vec(),
        epochs: Some(8),
        patience: Some(0),
        ..spec("late")
    }
}

fn told(run_dir: &Path) -> Vec<String> {
    let events = events(run_dir).into_iter();
    events
        .filter_map(|event| match event {
            EventKind::Log { message, .. } if message.contains("found") => Some(message),
            _ => None,
        })
        .collect()
}

#[test]
fn the_rate_is_found_the_same_each_time_and_learns() {
    let frame = rows(2000);
    let run = || {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = create(folder.path(), found(&[Findable::LearningRate]), &frame);
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        let record = aloft_runs::read(&run_dir).unwrap();
        let rate = record.train.optimizer.learning_rate.unwrap();
        assert!(told(&run_dir)[0].starts_with(&format!("found optimizer.learning_rate = {rate:?}")));
        assert_eq!(record.train.batch_size, None, "only what was asked for is found");
        let area = record.metrics["test"]["roc_auc"];
        assert!(area > 0.95, "{rate}: {area}");
        (rate, curve(&run_dir))
    };
    let (rate, losses) = run();
    assert!(rate > 1e-5 && rate < 1.0, "{rate}");
    assert_eq!(run(), (rate, losses));
}

#[test]
fn a_found_batch_stands_in_the_record_and_a_resumed_run_goes_on_with_it() {
    let frame = rows(4000);
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(
        folder.path(),
        found(&[Findable::LearningRate, Findable::BatchSize]),
        &frame,
    );
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    let mut record = aloft_runs::read(&run_dir).unwrap();
    let rows = record.train.batch_size.unwrap();
    // 2,800 training rows, and an epoch has 16 steps at the least.
    assert!(rows.is_power_of_two() && (16..=128).contains(&rows), "{rows}");
    let steps = events(&run_dir).into_iter().find_map(|event| match event {
        EventKind::Prepared {
            steps_per_epoch,
            train_rows,
            ..
        } => Some((steps_per_epoch, train_rows)),
        _ => None,
    });
    let (steps, train_rows) = steps.unwrap();
    assert_eq!(steps, train_rows.div_ceil(rows as u64));
    assert_eq!(told(&run_dir).len(), 2);

    // Once more, as if it had been stopped before its end: nothing is looked for again.
    let whole = curve(&run_dir);
    record.status = RunStatus::Stopped;
    aloft_runs::write(&run_dir, &record).unwrap();
    fs::remove_dir_all(run_dir.join("checkpoints")).unwrap();
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert_eq!(told(&run_dir).len(), 2);
    let both = curve(&run_dir);
    assert_eq!(both[both.len() - whole.len()..], whole);
}

#[test]
fn a_table_too_small_for_a_choice_keeps_its_batch_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), found(&[Findable::BatchSize]), &rows(200));
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert_eq!(aloft_runs::read(&run_dir).unwrap().train.batch_size, None);
    let told = events(&run_dir).into_iter().any(
        |event| matches!(event, EventKind::Log { message, .. } if message.contains("too few rows for a choice")),
    );
    assert!(told);
}
