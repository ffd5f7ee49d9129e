//! Sweeps: started by who asks for them, told while they run, and their best values written into the train cell.

use super::*;
use aloft_spec::sweep::{Leaderboard, SweepState, SweepValue, TrialStatus, TrialSummary, Values};
use std::collections::BTreeMap;

const SWEEP: &str = "```toml sweep search\ntrain = \"model\"\ntrials = 4\n[space]\n\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-2] }\n```\n";

fn bench() -> Bench {
    let mut bench = Bench::new(&format!("{NOTEBOOK}\n{SWEEP}"), None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    bench
}

fn board(state: SweepState) -> Leaderboard {
    let trial = |index, rate, score| TrialSummary {
        index,
        values: Values::from([("optimizer.learning_rate".to_owned(), SweepValue::Number(rate))]),
        run: format!("run-{index}"),
        status: TrialStatus::Done,
        score: Some(score),
        metrics: BTreeMap::new(),
        epochs: 3,
        seconds: Some(1.0),
        problem: None,
    };
    Leaderboard {
        sweep: "search".into(),
        train: "model".into(),
        extent: Extent::all(9),
        state,
        trials: vec![trial(2, 0.003, 0.1), trial(1, 0.0001, 0.2)],
        planned: 4,
        keys: vec!["optimizer.learning_rate".into()],
        metric: None,
        baseline: None,
        test: BTreeMap::new(),
        seconds: 2.0,
    }
}

/// Starts the sweep; its task and key, and the cells that were evaluated before.
fn start(bench: &mut Bench) -> (aloft_protocol::TaskId, String, Vec<String>) {
    let block = bench.block("search");
    let mut effects = bench.operate(Operation::Run {
        block,
        rows: Rows::Sample,
    });
    let mut order = Vec::new();
    loop {
        let mut next = Vec::new();
        for effect in effects {
            match effect {
                Effect::Sweep { task, key, cell, .. } => {
                    assert_eq!(cell, "search");
                    return (task, key, order);
                }
                Effect::Evaluate { task, cell, key, .. } => {
                    order.push(cell);
                    next.extend(bench.send(Message::Evaluated {
                        task,
                        key,
                        seconds: 0.1,
                        cached: false,
                        result: Ok(output()),
                    }));
                }
                _ => {}
            }
        }
        assert!(!next.is_empty(), "the sweep never started");
        effects = next;
    }
}

#[test]
fn a_sweep_runs_when_it_is_asked_for_and_not_with_all_cells() {
    let mut bench = bench();
    let effects = bench.operate(Operation::RunAll);
    let order = bench.settle(effects, "");
    assert!(order.contains(&"train model".to_owned()), "{order:?}");
    assert!(
        bench
            .state
            .tasks
            .iter()
            .all(|task| !matches!(task.work, Work::Sweep { .. })),
        "it takes many times what a training takes"
    );
    let (task, key, _) = start(&mut bench);
    let work = |bench: &Bench| {
        bench
            .state
            .tasks
            .iter()
            .map(|task| task.work.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        work(&bench).len(),
        1,
        "its train cell isn't trained before it: {:?}",
        work(&bench)
    );
    let leaderboard = Box::new(board(SweepState::Running));
    bench.send(Message::Swept { task, leaderboard });
    assert!(
        matches!(bench.cell("search"), CellState::Running { label, fraction: Some(share), .. }
            if label == "2 of 4 trials" && share == 0.5)
    );
    let result = Ok(Box::new(board(SweepState::Done)));
    bench.send(Message::SweepEnded { task, key, result });
    assert!(matches!(bench.cell("search"), CellState::Done { .. }));
    assert!(bench.state.tasks.is_empty());
}

#[test]
fn a_sweep_is_stopped_and_fails_like_other_work() {
    let mut bench = bench();
    let (task, key, _) = start(&mut bench);
    bench.operate(Operation::Stop { task });
    assert!(bench.state.tasks[0].cancel.is_cancelled());
    let result = Ok(Box::new(board(SweepState::Stopped)));
    bench.send(Message::SweepEnded { task, key, result });
    assert_eq!(bench.cell("search"), CellState::Stopped);

    let (task, key, _) = start(&mut bench);
    let result = Err(Problem::new(Code::Unsupported, "the sweep is running already"));
    bench.send(Message::SweepEnded { task, key, result });
    assert!(matches!(bench.cell("search"), CellState::Failed { .. }));
}

#[test]
fn values_of_a_trial_are_written_into_the_train_cell_and_taken_back() {
    let mut bench = bench();
    let before = bench.text();
    let (task, key, _) = start(&mut bench);
    let result = Ok(Box::new(board(SweepState::Done)));
    bench.send(Message::SweepEnded { task, key, result });
    let block = bench.block("search");
    bench.operate(Operation::UseTrial { block, trial: 2 });
    let text = bench.text();
    assert!(
        text.contains("target = \"x\"\n\n[optimizer]\nlearning_rate = 0.003\n```"),
        "{text}"
    );
    assert!(
        matches!(bench.cell("search"), CellState::Done { .. }),
        "what it found makes no other search of it"
    );
    let block = bench.block("model");
    bench.operate(Operation::EditText {
        block,
        text: "data = \"good\"\ntarget = \"x\"\nseed = 8".into(),
    });
    assert_eq!(
        bench.cell("search"),
        CellState::Stale,
        "it was a search around another train cell"
    );
    bench.operate(Operation::Undo);
    let block = bench.block("search");
    bench.operate(Operation::Undo);
    assert_eq!(bench.text(), before);
    bench.operate(Operation::UseTrial { block, trial: 9 });
    assert_eq!(bench.text(), before, "a trial that isn't there changes nothing");
}

#[test]
fn trials_of_an_earlier_session_are_shown_at_once() {
    let recalled = |fresh, state| {
        let mut bench = Bench::new(&format!("{NOTEBOOK}\n{SWEEP}"), None);
        let first = std::mem::take(&mut bench.first);
        let mut effects = first.iter();
        let looked_for = effects.find_map(|effect| match effect {
            Effect::Recall { workspace, cells } => Some((workspace.notebook.clone(), cells.clone())),
            _ => None,
        });
        let (notebook, cells) = looked_for.unwrap();
        let (cell, key) = cells.into_iter().find(|(cell, _)| cell == "search").unwrap();
        let leaderboard = board(state);
        let recalled = Box::new(aloft_engine::RecalledSweep { leaderboard, fresh });
        bench.send(Message::SweepRecalled {
            notebook,
            cell,
            key,
            recalled,
        });
        bench
    };
    let bench = recalled(true, SweepState::Done);
    assert!(matches!(bench.cell("search"), CellState::Done { seconds, .. } if seconds == 2.0));
    assert_eq!(
        recalled(true, SweepState::Stopped).cell("search"),
        CellState::Stopped
    );
    assert_eq!(recalled(false, SweepState::Done).cell("search"), CellState::Stale);

    let mut bench = recalled(true, SweepState::Done);
    let block = bench.block("search");
    bench.operate(Operation::UseTrial { block, trial: 2 });
    assert!(bench.text().contains("learning_rate = 0.003"), "{}", bench.text());
    assert!(matches!(bench.cell("search"), CellState::Done { .. }));
}

#[test]
fn a_new_sweep_is_about_the_train_cell_before_it() {
    let mut bench = bench();
    let after = Some(bench.block("model"));
    bench.operate(Operation::AddCell {
        after,
        kind: aloft_spec::CellKind::Sweep,
    });
    let text = bench.text();
    let document = aloft_notebook::Document::parse(text.as_str());
    let names: Vec<&str> = document.cells().map(|cell| cell.name.as_str()).collect();
    assert_eq!(names, ["penguins", "good", "model", "search_2", "search"]);
    assert_eq!(document.dependencies("search_2"), ["model"]);
    assert!(document.cell_diagnostics("n".as_ref(), "search_2").is_empty());
}

#[test]
fn closing_asks_about_a_sweep_and_stops_it() {
    let mut bench = bench();
    let (task, _, _) = start(&mut bench);
    bench.operate(Operation::RequestClose);
    let asked = bench.state.question.clone();
    assert!(
        matches!(asked, Some(aloft_protocol::snapshot::Question::CloseWithRuns { runs }) if runs == ["search"])
    );
    bench.operate(Operation::Close {
        choice: aloft_protocol::operation::CloseChoice::StopRuns,
    });
    let known = bench.state.tasks.iter().find(|known| known.id == task);
    assert!(known.unwrap().cancel.is_cancelled());
}
