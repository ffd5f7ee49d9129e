//! The reducer as a whole: messages in, state and effects out.

mod asking;
mod exporting;
mod reports;
mod selecting;

use super::reduce;
use crate::message::{Effect, Listing, Loaded, Message, NotebookText};
use crate::state::{State, Work};
use crate::view::snapshot;
use aloft_project::Project;
use aloft_protocol::{
    BlockId, Operation, TaskId,
    operation::{CloseChoice, Rows},
    snapshot::{BlockContent, CellState, Question},
};
use aloft_spec::{
    Code, Extent, Finding, FindingCode, Output, Problem, Severity,
    chart::{ChartData, Mark},
    job::Preflight,
    output::TableOutput,
    profile::Profile,
    source::DataClass,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const NOTEBOOK: &str = "# Title\n\n```toml source penguins\npath = \"a.csv\"\n```\n\n```sql query good\nSELECT * FROM penguins\n```\n\n```toml train model\ndata = \"good\"\ntarget = \"x\"\n```\n";

struct Bench {
    state: State,
    now: Instant,
    /// What the load of the project wanted done.
    first: Vec<Effect>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(text: &str, recovered: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::open(folder.path()).unwrap();
        let mut state = State::default();
        let task = state.add_task("Opening", Work::Load);
        let loaded = Loaded {
            project,
            notebook: Some((
                PathBuf::from("notebooks/a.aloft.md"),
                NotebookText {
                    saved: text.into(),
                    recovered: recovered.map(Arc::from),
                },
            )),
            listing: Listing::default(),
            diagnostics: Vec::new(),
            dropped: None,
        };
        let mut bench = Self {
            state,
            now: Instant::now(),
            first: Vec::new(),
            _folder: folder,
        };
        bench.first = bench.send(Message::Loaded {
            task,
            result: Ok(Box::new(loaded)),
        });
        bench
    }

    fn send(&mut self, message: Message) -> Vec<Effect> {
        reduce(&mut self.state, message, self.now)
    }

    fn operate(&mut self, operation: Operation) -> Vec<Effect> {
        self.send(Message::Operation(operation))
    }

    fn later(&mut self, seconds: f64) -> Vec<Effect> {
        self.now += Duration::from_secs_f64(seconds);
        self.send(Message::Tick)
    }

    fn block(&self, name: &str) -> BlockId {
        let snapshot = snapshot(&self.state);
        let notebook = snapshot.project.unwrap().notebook.unwrap();
        let block = notebook
            .blocks
            .iter()
            .find(|block| matches!(&block.content, BlockContent::Cell(cell) if cell.name == name))
            .unwrap();
        block.id
    }

    fn cell(&self, name: &str) -> CellState {
        let snapshot = snapshot(&self.state);
        let notebook = snapshot.project.unwrap().notebook.unwrap();
        notebook
            .blocks
            .iter()
            .find_map(|block| match &block.content {
                BlockContent::Cell(cell) if cell.name == name => Some(cell.state.clone()),
                _ => None,
            })
            .unwrap()
    }

    fn text(&self) -> String {
        self.state.notebook().unwrap().document.text().to_owned()
    }

    /// Answers evaluations and measurements until nothing waits; gives the cells in the order they were evaluated.
    fn settle(&mut self, mut effects: Vec<Effect>, fails: &str) -> Vec<String> {
        let mut order = Vec::new();
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                match effect {
                    Effect::Evaluate { task, cell, key, .. } => {
                        order.push(cell.clone());
                        let result = if cell == fails {
                            Err(Problem::new(Code::NotFound, "no such file"))
                        } else {
                            Ok(output())
                        };
                        next.extend(self.send(Message::Evaluated {
                            task,
                            key,
                            seconds: 0.1,
                            cached: false,
                            result,
                        }));
                    }
                    Effect::Recall { workspace, .. } => {
                        let notebook = workspace.notebook.clone();
                        next.extend(self.send(Message::RecallEnded { notebook }));
                    }
                    Effect::Plan {
                        task,
                        key,
                        cell,
                        rows,
                        ..
                    } => {
                        order.push(format!("plan {cell} {rows:?}"));
                        let result = Err(Problem::new(Code::Stopped, "stopped"));
                        next.extend(self.send(Message::Planned { task, key, result }));
                    }
                    Effect::StartRun { task, key, cell, .. } => {
                        order.push(format!("train {cell}"));
                        let result = Err(Problem::new(Code::SingleClass, "one class"));
                        next.extend(self.send(Message::RunStarted { task, key, result }));
                    }
                    _ => {}
                }
            }
            effects = next;
        }
        order
    }
}

fn output() -> Output {
    Output::Chart(Arc::new(ChartData {
        mark: Mark::Bar,
        description: String::new(),
        panels: Vec::new(),
        across: 1,
        legend: None,
        ramp: None,
        notes: Vec::new(),
        extent: Extent::all(0),
    }))
}

#[test]
fn data_is_looked_at_once_after_each_change_and_its_class_is_set_in_the_text() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let table = Output::Table(TableOutput {
        table: Arc::default(),
        profile: Arc::new(Profile {
            extent: Extent::all(0),
            columns: Vec::new(),
            associations: None,
            scan: None,
        }),
        extent: Extent::all(0),
        reading: None,
    });
    let looks = |effects: &[Effect]| -> Vec<String> {
        let looked = effects.iter().filter_map(|effect| match effect {
            Effect::Look { cell, .. } => Some(cell.clone()),
            _ => None,
        });
        looked.collect()
    };
    let mut effects = std::mem::take(&mut bench.first);
    let mut looked = Vec::new();
    while let Some(effect) = effects.pop() {
        if let Effect::Recall { workspace, .. } = &effect {
            let notebook = workspace.notebook.clone();
            effects.extend(bench.send(Message::RecallEnded { notebook }));
        }
        if let Effect::Evaluate { task, key, .. } = effect {
            let message = Message::Evaluated {
                task,
                key,
                seconds: 0.1,
                cached: false,
                result: Ok(table.clone()),
            };
            let next = bench.send(message);
            looked.extend(looks(&next));
            effects.extend(next);
        }
    }
    assert_eq!(
        looked,
        ["penguins", "good", "model"],
        "a train cell when its table is there"
    );
    assert_eq!(looks(&bench.later(1.0)), Vec::<String>::new(), "once");

    let key = bench.state.notebook().unwrap().key("penguins");
    let finding = Finding {
        code: FindingCode::PersonalData,
        severity: Severity::Warning,
        columns: vec!["mail".into()],
        message: "`mail` holds e-mail addresses".into(),
        hint: "raise the class".into(),
        class: Some(DataClass::Confidential),
        extent: Extent::all(1),
    };
    bench.send(Message::Looked {
        cell: "penguins".into(),
        key,
        result: Ok(vec![finding]),
    });
    let shown = |bench: &Bench| {
        let notebook = snapshot(&bench.state).project.unwrap().notebook.unwrap();
        let cells = notebook.blocks.iter().filter_map(|block| match &block.content {
            BlockContent::Cell(cell) => Some(cell.findings.len()),
            BlockContent::Prose => None,
        });
        cells.sum::<usize>()
    };
    assert_eq!(shown(&bench), 1);
    let block = bench.block("penguins");
    bench.operate(Operation::SetClass {
        block,
        class: DataClass::Confidential,
    });
    assert!(
        bench
            .text()
            .contains("path = \"a.csv\"\nclass = \"confidential\"\n")
    );
    assert_eq!(shown(&bench), 0, "findings of another text would be a lie");
    bench.operate(Operation::Undo);
    assert_eq!((bench.text().as_str(), shown(&bench)), (NOTEBOOK, 1));
}

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

#[test]
fn the_journal_is_written_and_recovered() {
    let mut bench = Bench::new("# Text\n", None);
    let block = bench.state.notebook().unwrap().ids[0];
    bench.operate(Operation::EditText {
        block,
        text: "# Texts\n".into(),
    });
    let effects = bench.later(1.0);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Journal { text, .. } if &**text == "# Texts\n"))
    );
    let bench = Bench::new("# Text\n", Some("# Texts\n"));
    assert_eq!(bench.text(), "# Texts\n");
    let snapshot = snapshot(&bench.state);
    assert!(snapshot.project.unwrap().notebook.unwrap().unsaved);
    assert!(
        snapshot
            .notices
            .iter()
            .any(|notice| notice.message.starts_with("Recovered"))
    );
}

#[test]
fn another_programs_change_is_taken_unless_text_is_unsaved() {
    let mut bench = Bench::new("# Text\n", None);
    let path = PathBuf::from("notebooks/a.aloft.md");
    let changed = |text: &str| Message::NotebookRead {
        path: path.clone(),
        result: Ok(NotebookText {
            saved: text.into(),
            recovered: None,
        }),
    };
    bench.send(changed("# From outside\n"));
    assert_eq!(bench.text(), "# From outside\n");
    let block = bench.state.notebook().unwrap().ids[0];
    bench.operate(Operation::EditText {
        block,
        text: "# Mine\n".into(),
    });
    bench.send(changed("# Again\n"));
    assert_eq!(bench.text(), "# Mine\n", "unsaved text is never replaced");
    assert!(snapshot(&bench.state).notices.iter().any(|notice| !notice.good));
}

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
        target: "lab".into(),
        destination: "me@lab".into(),
        identity: "me".into(),
        files: Vec::new(),
        rows: 1,
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
