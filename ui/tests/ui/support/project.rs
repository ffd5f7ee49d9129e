//! What a session would show of a project about late flights.

use super::charts::line_chart;
use super::table::table;
use super::verdicts::{cloud, here};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{
    BlockContent, BlockView, CellState, CellView, ExampleView, FileView, MachineView, NotebookView,
    ProjectView, RecentProject, TargetView, TaskView, TrainingView,
};
use aloft_protocol::{BlockId, Snapshot, TaskId};
use aloft_spec::event::Phase;
use aloft_spec::job::{JobRecord, JobState};
use aloft_spec::output::Output;
use aloft_spec::project::{SshTarget, TargetSpec};
use aloft_spec::run::{Metrics, RunStatus, RunSummary};
use aloft_spec::table::{Extent, Scope};
use aloft_spec::{CellKind, Code, Problem};
use std::sync::Arc;

/// The start, with two recent projects and two examples.
pub fn welcome() -> Snapshot {
    Snapshot {
        recent: vec![
            RecentProject {
                name: "late-arrivals".into(),
                path: "/home/ada/late-arrivals".into(),
                exists: true,
            },
            RecentProject {
                name: "energy".into(),
                path: "/home/ada/work/energy".into(),
                exists: false,
            },
        ],
        examples: vec![
            ExampleView {
                name: "flights".into(),
                title: "Which flights arrive late?".into(),
                description: "336,776 flights that left New York in 2013, joined with the weather. Predicts arrivals more \
                              than fifteen minutes late."
                    .into(),
            },
            ExampleView {
                name: "penguins".into(),
                title: "Which penguin is it?".into(),
                description: "344 penguins of three species, measured in Antarctica. Predicts the species.".into(),
            },
        ],
        machine: machine(),
        ..Snapshot::default()
    }
}

fn machine() -> MachineView {
    MachineView {
        device: "CPU · 2 cores".into(),
        cpu: 0.93,
        memory_used_bytes: 7_400_000_000,
        memory_total_bytes: 24_000_000_000,
    }
}

/// The project with all kinds of cells in all kinds of states.
pub fn flights() -> Snapshot {
    flights_of(500)
}

/// The same with so many rows in its table.
pub fn flights_of(rows: usize) -> Snapshot {
    let blocks = vec![
        prose(
            1,
            "# Which flights arrive late?\n\nEvery flight that left New York in 2013, joined with the hourly weather at the \
             airport it left. *Late* means **more than fifteen minutes**, as the [Bureau](https://www.bts.gov) counts.\n\n",
        ),
        cell(
            2,
            "flights",
            CellKind::Source,
            "path = \"data/flights.parquet\"\nclass = \"internal\"\n",
        ),
        cell(
            3,
            "joined",
            CellKind::Query,
            "SELECT f.carrier, f.distance, f.dep_delay, w.temp, w.wind_speed, f.arr_delay > 15 AS late\nFROM flights f LEFT \
             JOIN weather w USING (origin, time_hour)\nWHERE f.arr_delay IS NOT NULL\n",
        ),
        prose(4, "\n"),
        cell(
            5,
            "late",
            CellKind::Train,
            "data   = \"joined\"\ntarget = \"late\"\nepochs = 20\n\n[model]\nkind    = \"mlp\"\nhidden  = [128, 64]\ndropout = \
             0.1\n",
        ),
        cell(
            6,
            "delay_by_hour",
            CellKind::Chart,
            "data = \"joined\"\nmark = \"line\"\nx = \"hour\"\ny = \"dep_delay\"\n",
        ),
        cell(
            7,
            "weather",
            CellKind::Source,
            "path = \"data/weather.parquet\"\n",
        ),
        cell(8, "broken", CellKind::Query, "SELECT carier FROM joined\n"),
    ];
    let mut notebook = NotebookView {
        path: "notebooks/late_arrivals.aloft.md".into(),
        unsaved: false,
        can_undo: true,
        can_redo: false,
        blocks,
        selection: None,
        diagnostics: Vec::new(),
    };
    of(&mut notebook, 2).state = CellState::Done {
        seconds: 0.42,
        cached: true,
    };
    let joined = of(&mut notebook, 3);
    joined.state = CellState::Done {
        seconds: 0.21,
        cached: false,
    };
    joined.output = Some(Output::Table(table(rows)));
    let late = of(&mut notebook, 5);
    late.state = CellState::Running {
        task: TaskId(1),
        label: "training".into(),
        fraction: Some(0.35),
    };
    late.training = Some(Arc::new(training()));
    late.verdicts = vec![(Rows::Sample, Arc::new(here())), (Rows::All, Arc::new(cloud()))];
    let chart = of(&mut notebook, 6);
    chart.state = CellState::Stale;
    chart.output = Some(Output::Chart(Arc::new(line_chart())));
    of(&mut notebook, 8).state = CellState::Failed {
        problem: Problem::new(Code::UnknownColumn, "there is no column named carier in joined")
            .at("notebooks/late_arrivals.aloft.md", 48, 8)
            .with_hint("did you mean carrier?"),
    };
    Snapshot {
        revision: 7,
        project: Some(project(notebook)),
        machine: machine(),
        tasks: vec![TaskView {
            id: TaskId(1),
            label: "Training late".into(),
            fraction: Some(0.35),
            waiting: false,
            stoppable: true,
        }],
        ..welcome()
    }
}

/// The same project after the training has ended.
pub fn trained() -> Snapshot {
    let mut snapshot = flights();
    let notebook = notebook_mut(&mut snapshot);
    let late = of(notebook, 5);
    late.state = CellState::Done {
        seconds: 13.0,
        cached: false,
    };
    let metrics: Metrics = [("validation", 0.894, 0.812), ("test", 0.891, 0.807)]
        .into_iter()
        .map(|(split, accuracy, auc)| {
            let values = [
                ("accuracy", accuracy),
                ("roc_auc", auc),
                ("log_loss", 0.341),
                ("base_rate_accuracy", 0.764),
            ];
            (
                split.to_owned(),
                values.map(|(name, value)| (name.to_owned(), value)).into(),
            )
        })
        .collect();
    let mut ended = training();
    ended.phase = Some(Phase::Save);
    ended.epoch = 14;
    ended.metrics = metrics;
    ended.seconds = Some(13.2);
    ended.forecast_seconds = Some(12.4);
    ended.log = vec![
        "early stop after epoch 14: no better for 5 epochs".into(),
        "model saved".into(),
    ];
    late.training = Some(Arc::new(ended));
    snapshot.tasks.clear();
    snapshot
}

/// The notebook of a snapshot.
pub fn notebook_mut(snapshot: &mut Snapshot) -> &mut NotebookView {
    snapshot
        .project
        .as_mut()
        .and_then(|project| project.notebook.as_mut())
        .unwrap()
}

/// A cell of a notebook by its block's number.
pub fn of(notebook: &mut NotebookView, id: u64) -> &mut CellView {
    let block = notebook
        .blocks
        .iter_mut()
        .find(|block| block.id == BlockId(id))
        .unwrap();
    match &mut block.content {
        BlockContent::Cell(cell) => cell,
        BlockContent::Prose => panic!("block {id} is prose"),
    }
}

fn prose(id: u64, text: &str) -> BlockView {
    BlockView {
        id: BlockId(id),
        text: text.into(),
        text_revision: 0,
        content: BlockContent::Prose,
    }
}

pub fn cell(id: u64, name: &str, kind: CellKind, text: &str) -> BlockView {
    BlockView {
        id: BlockId(id),
        text: text.into(),
        text_revision: 0,
        content: BlockContent::Cell(CellView {
            name: name.into(),
            kind,
            state: CellState::New,
            output: None,
            partial: false,
            selected: None,
            training: None,
            verdicts: Vec::new(),
            sweep: None,
            param: None,
            page: None,
            pictures: Vec::new(),
            thumbnails: Vec::new(),
            joins: Vec::new(),
            first_line: 1,
            diagnostics: Vec::new(),
            findings: Arc::default(),
        }),
    }
}

fn project(notebook: NotebookView) -> ProjectView {
    ProjectView {
        name: "late-arrivals".into(),
        root: "/home/ada/late-arrivals".into(),
        notebooks: vec![
            notebook.path.clone(),
            "notebooks/weather_forecast.aloft.md".into(),
        ],
        files: vec![
            FileView {
                path: "data/flights.parquet".into(),
                bytes: 2_100_000_000,
            },
            FileView {
                path: "data/weather.parquet".into(),
                bytes: 1_200_000,
            },
        ],
        runs: Arc::new(vec![
            run("20251122T101500Z-late-7f3a21", RunStatus::Running, None),
            run("20251121T161200Z-late-21c0aa", RunStatus::Done, Some(0.807)),
            run("20251120T091500Z-late-9ab4e1", RunStatus::Lost, None),
        ]),
        jobs: vec![JobRecord {
            run: "20251121T161200Z-late-21c0aa".into(),
            target: "lab".into(),
            kind: "ssh".into(),
            remote: "/home/ada/aloft/20251121T161200Z-late-21c0aa".into(),
            sent_at: "2025-11-21T16:12:00Z".into(),
            state: JobState::Home,
            problem: None,
        }],
        targets: vec![
            target(
                "lab",
                "lab.example.org",
                Some(Ok("Linux x86_64 · 16 cores · NVIDIA L4".into())),
            ),
            target("gpu-box", "10.0.0.7", None),
        ],
        window: Arc::default(),
        notebook: Some(notebook),
    }
}

fn target(name: &str, host: &str, tested: Option<Result<String, Problem>>) -> TargetView {
    TargetView {
        name: name.into(),
        spec: TargetSpec::Ssh(SshTarget {
            host: host.into(),
            port: 22,
            user: "ada".into(),
            folder: "aloft".into(),
            host_key: "ssh-ed25519 AAAA".into(),
            key_file: None,
        }),
        tested,
    }
}

fn run(id: &str, status: RunStatus, auc: Option<f64>) -> RunSummary {
    let metrics = auc.map(|auc| {
        (
            "test".to_owned(),
            [("accuracy".to_owned(), 0.891), ("roc_auc".to_owned(), auc)].into(),
        )
    });
    RunSummary {
        id: id.into(),
        cell: "late".into(),
        notebook: "notebooks/late_arrivals.aloft.md".into(),
        created_at: "2025-11-21T16:12:00Z".into(),
        status,
        extent: Extent {
            scope: Scope::Sample,
            rows: 50_000,
            total: Some(84_313_201),
        },
        seconds: auc.map(|_| 13.2),
        metrics: metrics.into_iter().collect(),
        trial: None,
        target: None,
        problem: None,
    }
}

fn training() -> TrainingView {
    let loss = |epoch: f64| 0.28 + 0.24 * (-epoch / 4.0).exp();
    let jitter = |step: u32| f64::from((step * 7919) % 13) / 13.0 - 0.5;
    TrainingView {
        run: "20251122T101500Z-late-7f3a21".into(),
        target: None,
        phase: Some(Phase::Train),
        unit: aloft_spec::train::TrainingUnit::Epoch,
        best_epoch: None,
        epoch: 7,
        epochs: 20,
        fold: None,
        samples_per_second: 1_690_000.0,
        seconds_left: Some(12.0),
        train_loss: (1..70)
            .map(|step| {
                [
                    f64::from(step) / 10.0,
                    loss(f64::from(step) / 10.0) - 0.006 + 0.012 * jitter(step),
                ]
            })
            .collect(),
        epoch_loss: Some(0.321),
        validation_loss: (1..=7)
            .map(|epoch| [f64::from(epoch), loss(f64::from(epoch))])
            .collect(),
        previous_best: Some(0.348),
        facts: vec![
            ("task".into(), "binary".into()),
            ("device".into(), "cpu, 2 threads".into()),
            (
                "rows".into(),
                "35,000 train · 5,000 validation · 10,000 test".into(),
            ),
            ("parameters".into(), "12,417".into()),
        ],
        metrics: Metrics::new(),
        report: None,
        extent: "sample, 35,000 rows".into(),
        log: vec!["early stop after 5 epochs without a better loss".into()],
        seconds: None,
        forecast_seconds: None,
    }
}
