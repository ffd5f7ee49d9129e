//! Which cells run by themselves and in which order, and what an edit does to what was run.

use super::*;

#[test]
fn cheap_cells_run_by_themselves_and_the_price_is_measured_last() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    assert_eq!(
        bench.settle(first, ""),
        ["penguins", "good", "plan model Sample", "plan model All"]
    );
    assert!(matches!(bench.cell("good"), CellState::Done { .. }));
    assert_eq!(
        bench.cell("model"),
        CellState::New,
        "a training waits for a click"
    );
}

#[test]
fn run_all_trains_too() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    let effects = bench.operate(Operation::RunAll);
    let order = bench.settle(effects, "");
    assert_eq!(order, ["penguins", "good", "train model"]);
    assert!(matches!(bench.cell("model"), CellState::Failed { .. }));
}

#[test]
fn a_change_marks_what_follows_and_undo_takes_the_mark_back() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    assert!(matches!(bench.cell("good"), CellState::Done { .. }));
    let block = bench.block("penguins");
    bench.operate(Operation::EditText {
        block,
        text: "path = \"b.csv\"\n".into(),
    });
    assert_eq!(bench.cell("penguins"), CellState::Stale);
    assert_eq!(bench.cell("good"), CellState::Stale);
    bench.operate(Operation::Undo);
    assert!(matches!(bench.cell("good"), CellState::Done { .. }));
    assert_eq!(bench.text(), NOTEBOOK);
    bench.operate(Operation::Redo);
    assert!(bench.text().contains("b.csv"));
    assert_eq!(
        bench.block("penguins"),
        block,
        "a block keeps its identity through edits"
    );
    let effects = bench.later(1.0);
    assert_eq!(
        bench.settle(effects, "")[..2],
        ["penguins", "good"],
        "and cheap cells run again by themselves"
    );
}

#[test]
fn a_cell_behind_a_failed_one_says_so() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    assert_eq!(
        bench.settle(first, "penguins"),
        ["penguins"],
        "what needs a failed cell isn't tried"
    );
    let CellState::Failed { problem } = bench.cell("good") else {
        panic!("{:?}", bench.cell("good"))
    };
    assert!(problem.message.contains("`penguins`"), "{problem}");
}

/// The notebook, whose model shows a run.
fn with_run() -> Bench {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    bench.send(Message::RunAttached {
        cell: "model".into(),
        record: Box::new(record()),
        target: None,
        task: None,
    });
    bench
}

#[test]
fn a_lost_run_says_what_became_of_it() {
    let mut bench = with_run();
    let problem = Problem::new(Code::OutOfMemory, "the run ended because it ran out of memory")
        .with_hint("take fewer rows");
    bench.send(Message::RunEnded {
        run: "one".into(),
        status: RunStatus::Lost,
        problem: Some(problem.clone()),
    });
    assert_eq!(bench.cell("model"), CellState::Failed { problem });
}

#[test]
fn a_resumed_run_is_followed_once_its_worker_is_there() {
    let mut bench = with_run();
    bench.send(Message::RunEnded {
        run: "one".into(),
        status: RunStatus::Stopped,
        problem: None,
    });
    let follows = |effects: &[Effect]| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Follow { .. }))
    };
    for result in [Ok(()), Err(Problem::new(Code::Unsupported, "a worker is on it"))] {
        let run = "one".to_owned();
        let effects = bench.operate(Operation::Resume { run: run.clone() });
        let [Effect::Resume { task, .. }] = effects[..] else {
            panic!("{effects:?}")
        };
        assert!(matches!(bench.cell("model"), CellState::Running { .. }));
        // What the folder says of the end before isn't looked at meanwhile.
        assert!(!follows(&effects));
        let effects = bench.send(Message::Resumed {
            task,
            run,
            result: result.clone(),
        });
        assert_eq!(follows(&effects), result.is_ok());
        match result {
            Ok(()) => assert!(matches!(bench.cell("model"), CellState::Running { .. })),
            Err(problem) => assert_eq!(bench.cell("model"), CellState::Failed { problem }),
        }
    }
}

#[test]
fn undo_takes_the_failures_of_an_edit_back() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    let block = bench.block("penguins");
    bench.operate(Operation::EditText {
        block,
        text: "path = \"b.csv\"\n".into(),
    });
    let effects = bench.later(1.0);
    bench.settle(effects, "penguins");
    let effects = bench.operate(Operation::Run {
        block: bench.block("good"),
        rows: Rows::Sample,
    });
    bench.settle(effects, "penguins");
    assert!(matches!(bench.cell("good"), CellState::Failed { .. }));
    bench.operate(Operation::Undo);
    for cell in ["penguins", "good"] {
        assert!(matches!(bench.cell(cell), CellState::Done { .. }), "{cell}");
    }
    assert_eq!(bench.cell("model"), CellState::New, "it never ran");
}
