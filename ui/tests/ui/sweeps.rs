//! Sweeps in the window, by the names that a screen reader reads.

use crate::support::{Window, asked, cell, flights, notebook_mut, window};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{BlockContent, CellState, SweepView};
use aloft_protocol::{BlockId, Operation, Snapshot, TaskId};
use aloft_spec::run::{RunStatus, RunSummary};
use aloft_spec::sweep::{
    Baseline, Leaderboard, SweepState, SweepTrial, SweepValue, TrialStatus, TrialSummary, Values,
};
use aloft_spec::{CellKind, Code, Extent, Problem};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::collections::BTreeMap;
use std::sync::Arc;

const BLOCK: BlockId = BlockId(40);

fn trial(index: u32, rate: f64, score: Option<f64>, status: TrialStatus) -> TrialSummary {
    let failed = status == TrialStatus::Failed;
    TrialSummary {
        index,
        values: Values::from([("optimizer.learning_rate".to_owned(), SweepValue::Number(rate))]),
        run: format!("20251121-161200-late_search-{index}"),
        status,
        score,
        metrics: score
            .map(|score| BTreeMap::from([("accuracy".to_owned(), 1.0 - score)]))
            .unwrap_or_default(),
        epochs: 12,
        seconds: score.map(|_| 3.5),
        problem: failed.then(|| Problem::new(Code::Diverged, "the loss isn't a number any more")),
    }
}

fn board(state: SweepState) -> Leaderboard {
    Leaderboard {
        sweep: "late_search".into(),
        train: "late".into(),
        extent: Extent::all(5000),
        state,
        trials: vec![
            trial(2, 0.003, Some(0.25), TrialStatus::Done),
            trial(1, 0.0001, Some(0.375), TrialStatus::Cut),
            trial(3, 0.9, None, TrialStatus::Failed),
        ],
        planned: 16,
        keys: vec!["optimizer.learning_rate".into()],
        metric: Some("accuracy".into()),
        baseline: Some(Baseline {
            words: "always the most frequent class".into(),
            value: 0.625,
        }),
        test: match state {
            SweepState::Running => BTreeMap::new(),
            _ => BTreeMap::from([("accuracy".to_owned(), 0.71875)]),
        },
        seconds: 12.0,
    }
}

fn with(state: CellState, leaderboard: Option<Leaderboard>) -> Snapshot {
    let mut snapshot = flights();
    let text = "train = \"late\"\ntrials = 16\n";
    let mut block = cell(BLOCK.0, "late_search", CellKind::Sweep, text);
    if let BlockContent::Cell(cell) = &mut block.content {
        cell.state = state;
        cell.sweep = Some(SweepView {
            train: "late".into(),
            trials: Some(16),
            leaderboard: leaderboard.map(Arc::new),
        });
    }
    notebook_mut(&mut snapshot).blocks.insert(0, block);
    snapshot
}

/// A notebook with a sweep that is done.
pub fn swept() -> Snapshot {
    let done = CellState::Done {
        seconds: 12.0,
        cached: false,
    };
    with(done, Some(board(SweepState::Done)))
}

/// The same with its first two trials among the runs.
pub fn listed() -> Snapshot {
    let mut snapshot = swept();
    let project = snapshot.project.as_mut().unwrap();
    let mut runs = (*project.runs).clone();
    let like = runs[0].clone();
    for index in 1..=2 {
        runs.push(RunSummary {
            id: format!("20251121-161200-late_search-{index}"),
            trial: Some(SweepTrial {
                sweep: "late_search".into(),
                key: "k".into(),
                index,
                values: Values::new(),
            }),
            status: RunStatus::Done,
            ..like.clone()
        });
    }
    project.runs = Arc::new(runs);
    snapshot
}

fn shown(state: CellState, leaderboard: Option<Leaderboard>) -> Harness<'static, Window> {
    let mut harness = window(with(state, leaderboard), [1440.0, 900.0]);
    harness.run();
    harness
}

#[test]
fn a_sweep_says_its_price_and_runs_on_the_rows_that_are_chosen() {
    let mut harness = shown(CellState::New, None);
    let price = harness
        .query_all_by_label_contains("16 trials")
        .next()
        .expect("the price of the trials");
    assert!(price.rect().is_positive());
    harness.get_by_label("Run late_search").click();
    harness.run();
    let run = Operation::Run {
        block: BLOCK,
        rows: Rows::Sample,
    };
    assert_eq!(asked(&mut harness), [run]);
}

#[test]
fn the_best_trial_is_marked_and_its_values_are_taken_by_a_click() {
    let mut harness = window(swept(), [1440.0, 900.0]);
    harness.run();
    for label in [
        "Scores of 2 trials, the lowest 0.25 of trial 2",
        "Best: learning_rate 0.003",
        "learning rate",
        "best",
        "cut short",
        "failed",
        "Without a model: accuracy 0.625 (always the most frequent class)",
        "The best on the test part: accuracy 0.7188",
        "Trial 3 failed: the loss isn't a number any more",
        "3 trials of late",
        "1 cut short",
    ] {
        assert!(harness.query_by_label(label).is_some(), "{label}");
    }
    harness
        .get_by_label("Use the values of trial 2 of late_search")
        .click();
    harness.run();
    let taken = Operation::UseTrial {
        block: BLOCK,
        trial: 2,
    };
    assert_eq!(asked(&mut harness), [taken]);
}

#[test]
fn trials_are_one_row_among_the_runs_until_they_are_asked_for() {
    let snapshot = listed();
    let mut harness = window(snapshot, [1440.0, 1200.0]);
    harness.run();
    let trial = "Trial 2 of late_search";
    assert!(harness.query_by_label_contains(trial).is_none());
    harness
        .get_by_label("Show the trials of late_search, 2 trials")
        .click();
    harness.run();
    harness.get_by_label_contains(trial).click();
    harness
        .get_by_label("Hide the trials of late_search, 2 trials")
        .click();
    harness.run();
    assert!(harness.query_by_label_contains(trial).is_none());
}

#[test]
fn a_running_sweep_shows_its_trials_and_can_be_stopped() {
    let running = CellState::Running {
        task: TaskId(7),
        label: "2 of 16 trials".into(),
        fraction: Some(0.125),
    };
    let mut harness = shown(running, Some(board(SweepState::Running)));
    let told = harness.query_all_by_label_contains("2 of 16 trials").count();
    assert!(told > 0, "it says how far it is");
    assert!(
        harness.query_by_label_contains("on the test part").is_none(),
        "nobody chooses by the test part"
    );
    harness.get_by_label("Stop late_search").click();
    harness.run();
    assert_eq!(asked(&mut harness), [Operation::Stop { task: TaskId(7) }]);
}
