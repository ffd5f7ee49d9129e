//! The report of a run comes to its cell as soon as it is written, and again when the run has ended.

use super::*;
use aloft_spec::{
    event::{Event, EventKind, Phase},
    report::Report,
    run::RunStatus,
};

fn reads(effects: &[Effect]) -> usize {
    let read = |effect: &&Effect| matches!(effect, Effect::ReadReport { run, .. } if run == "one");
    effects.iter().filter(read).count()
}

#[test]
fn a_report_is_read_when_it_is_written_and_at_the_end() {
    let mut bench = Bench::new(NOTEBOOK, None);
    bench.send(Message::RunAttached {
        cell: "model".into(),
        record: Box::new(record()),
        target: None,
        task: None,
    });
    let phase = |bench: &mut Bench, phase| {
        let event = Event {
            at: "2026-01-01T00:00:00Z".into(),
            kind: EventKind::Phase { phase },
        };
        let run = "one".into();
        reads(&bench.send(Message::RunEvents {
            run,
            events: vec![event],
        }))
    };
    assert_eq!(phase(&mut bench, Phase::Train), 0);
    assert_eq!(phase(&mut bench, Phase::Explain), 1);

    let text = r#"{"version": 1, "task": "binary", "target": "x", "classes": [], "best_epoch": 1, "metrics": {},
        "conclusion": "good"}"#;
    let report: Report = serde_json::from_str(text).unwrap();
    bench.send(Message::Reported {
        run: "one".into(),
        result: Ok(Some(report)),
    });
    let shown = |bench: &Bench| {
        let cell = &bench.state.notebook().unwrap().cells["model"];
        cell.training
            .as_ref()?
            .view
            .report
            .as_ref()
            .map(|report| report.conclusion.clone())
    };
    assert_eq!(shown(&bench).as_deref(), Some("good"));
    let ended = bench.send(Message::RunEnded {
        run: "one".into(),
        status: RunStatus::Done,
        problem: None,
    });
    assert_eq!(reads(&ended), 1);
    bench.send(Message::Reported {
        run: "another".into(),
        result: Ok(None),
    });
    assert_eq!(
        shown(&bench).as_deref(),
        Some("good"),
        "the report of another run is none of its"
    );
}
