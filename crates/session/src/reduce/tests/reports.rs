//! The report of a run comes to its cell as soon as it is written, and again when the run has ended.

use super::*;
use aloft_spec::{
    event::{Event, EventKind, Phase},
    report::Report,
    run::{FORMAT, RunData, RunRecord, RunStatus},
    train::TrainSpec,
};

fn record() -> RunRecord {
    RunRecord {
        format: FORMAT,
        id: "one".into(),
        cell: "model".into(),
        notebook: "notebooks/a.aloft.md".into(),
        created_at: "2026-01-01T00:00:00Z".into(),
        aloft: "0.1.0".into(),
        status: RunStatus::Running,
        device: None,
        code_hash: String::new(),
        data: RunData {
            hash: String::new(),
            bytes: 0,
            rows: 10,
            columns: Vec::new(),
            extent: Extent::all(10),
            class: DataClass::Public,
        },
        train: TrainSpec::new("good", "x"),
        sweep: None,
        thresholds: Default::default(),
        policy: Default::default(),
        lineage: Default::default(),
        forecast: None,
        outcome: None,
        metrics: Default::default(),
        problem: None,
    }
}

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
