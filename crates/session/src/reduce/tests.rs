//! The reducer as a whole: messages in, state and effects out.

mod asking;
mod closing;
mod exporting;
mod files;
mod looking;
mod reports;
mod running;
mod selecting;
mod sending;
mod sweeping;
mod window;
mod zones;

use super::reduce;
use crate::message::{Effect, Listing, Loaded, Message, NotebookText};
use crate::state::{State, Work};
use crate::view::snapshot;
use aloft_project::Project;
use aloft_protocol::{
    BlockId, Operation,
    operation::Rows,
    snapshot::{BlockContent, CellState},
};
use aloft_spec::{
    Code, Extent, Output, Problem,
    chart::{ChartData, Mark},
    run::{FORMAT, RunData, RunRecord, RunStatus},
    source::DataClass,
    train::TrainSpec,
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
            window: Arc::default(),
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

/// A run `one` of the cell `model`.
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
