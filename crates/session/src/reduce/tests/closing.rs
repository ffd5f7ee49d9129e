//! A window closes when nothing is lost by it.

use super::*;
use aloft_protocol::{operation::CloseChoice, snapshot::Question};

#[test]
fn closing_asks_while_a_run_goes_on() {
    let mut bench = Bench::new("# Only prose\n", None);
    let id = bench.state.add_task(
        "Training model",
        Work::Train {
            cell: "model".into(),
            run: "r".into(),
        },
    );
    bench.state.tasks.iter_mut().for_each(|task| task.started = true);
    bench.operate(Operation::RequestClose);
    assert!(matches!(
        snapshot(&bench.state).question,
        Some(Question::CloseWithRuns { .. })
    ));
    bench.operate(Operation::Close {
        choice: CloseChoice::Cancel,
    });
    assert!(!snapshot(&bench.state).closing && snapshot(&bench.state).question.is_none());
    let effects = bench.operate(Operation::Close {
        choice: CloseChoice::StopRuns,
    });
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::StopRun { .. }))
    );
    assert!(!snapshot(&bench.state).closing);
    bench.state.end_task(id);
    bench.later(0.3);
    assert!(snapshot(&bench.state).closing);
}

#[test]
fn closing_waits_for_the_save_and_a_failed_one_keeps_the_window() {
    let mut bench = Bench::new("# Text\n", None);
    let block = bench.state.notebook().unwrap().ids[0];
    bench.operate(Operation::EditText {
        block,
        text: "# Other\n".into(),
    });
    let effects = bench.operate(Operation::RequestClose);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Save { .. })));
    assert!(!snapshot(&bench.state).closing, "the text is on its way");
    let text: Arc<str> = "# Other\n".into();
    let path = PathBuf::from("notebooks/a.aloft.md");
    bench.send(Message::Saved {
        path: path.clone(),
        text: text.clone(),
        result: Err(Problem::new(Code::DiskFull, "the disk is full")),
    });
    assert!(
        !snapshot(&bench.state).closing,
        "a text that couldn't be saved keeps the window open"
    );
    bench.operate(Operation::RequestClose);
    bench.send(Message::Saved {
        path,
        text,
        result: Ok(()),
    });
    assert!(snapshot(&bench.state).closing);
}
