//! Nothing leaves this machine before its owner has seen what would.

use super::*;
use aloft_protocol::TaskId;
use aloft_spec::job::Preflight;
use aloft_spec::table::Extent;

#[test]
fn nothing_leaves_without_a_yes() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let first = std::mem::take(&mut bench.first);
    bench.settle(first, "");
    let model = bench.block("model");
    let ask = |bench: &mut Bench| -> (TaskId, Vec<Effect>) {
        let effects = bench.operate(Operation::Preflight {
            block: model,
            target: "lab".into(),
            rows: Rows::Sample,
        });
        let task = effects.iter().find_map(|effect| match effect {
            Effect::Preflight { task, .. } => Some(*task),
            _ => None,
        });
        (task.unwrap(), effects)
    };
    let preflight = |allowed| Preflight {
        cell: "model".into(),
        target: "lab".into(),
        destination: "me@lab".into(),
        identity: "me".into(),
        files: Vec::new(),
        rows: 1,
        extent: Extent::all(1),
        columns: Vec::new(),
        class: DataClass::Internal,
        allowed,
        note: None,
        placement: None,
    };
    let run_dir = PathBuf::from("runs/20260101-000000-model-abcdef");
    let (task, _) = ask(&mut bench);
    bench.send(Message::Preflighted {
        task,
        result: Ok((run_dir.clone(), preflight(true))),
    });
    let effects = bench.operate(Operation::CancelSend);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Discard { .. }))
    );
    assert!(
        bench.operate(Operation::ConfirmSend).is_empty(),
        "there is nothing to confirm any more"
    );

    let (task, _) = ask(&mut bench);
    bench.send(Message::Preflighted {
        task,
        result: Ok((run_dir.clone(), preflight(false))),
    });
    let effects = bench.operate(Operation::ConfirmSend);
    assert!(
        !effects.iter().any(|effect| matches!(effect, Effect::Send { .. })),
        "the policy forbids it"
    );

    let (task, _) = ask(&mut bench);
    bench.send(Message::Preflighted {
        task,
        result: Ok((run_dir, preflight(true))),
    });
    let effects = bench.operate(Operation::ConfirmSend);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
}
