//! Snapshots made by hand: what a session would show of a project about late flights.

#![allow(dead_code, reason = "each test file uses its own part")]

use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{
    BlockContent, BlockView, CellState, CellView, ExampleView, FileView, MachineView, NotebookView, ProjectView,
    RecentProject, TargetView, TaskView, TrainingView,
};
use aloft_protocol::{BlockId, Operation, Snapshot, TaskId};
use aloft_spec::chart::{ChartData, Marks};
use aloft_spec::event::Phase;
use aloft_spec::job::{JobRecord, JobState, Preflight, SentFile};
use aloft_spec::output::{Output, TableOutput};
use aloft_spec::profile::{ColumnProfile, Histogram, Profile, TopValue};
use aloft_spec::project::{SshTarget, TargetSpec};
use aloft_spec::run::{Metrics, RunStatus, RunSummary};
use aloft_spec::table::{Column, ColumnKind, Extent, Field, Scope, Table, Values};
use aloft_spec::verdict::{Forecast, Placement, Range, Reason, ReasonKind, ReasonState, Verdict};
use aloft_spec::{CellKind, Code, DataClass, Problem};
use aloft_ui::{App, FrameOutput, ShellRequest};
use egui_kittest::Harness;
use std::sync::Arc;

/// The window over a snapshot; what it asks for is collected.
pub struct Window {
    pub app: Option<App>,
    pub snapshot: Snapshot,
    pub operations: Vec<Operation>,
    pub shell: Vec<ShellRequest>,
}

/// A window of the given size over a snapshot.
pub fn window(snapshot: Snapshot, size: [f32; 2]) -> Harness<'static, Window> {
    build(egui_kittest::Harness::builder().with_size(size), snapshot)
}

/// The same, able to paint pictures.
pub fn painted(snapshot: Snapshot, size: [f32; 2]) -> Harness<'static, Window> {
    build(egui_kittest::Harness::builder().with_size(size).wgpu(), snapshot)
}

fn build(
    builder: egui_kittest::HarnessBuilder<Window>,
    snapshot: Snapshot,
) -> Harness<'static, Window> {
    let state = Window {
        app: None,
        snapshot,
        operations: Vec::new(),
        shell: Vec::new(),
    };
    builder.build_ui_state(
        |ui, window: &mut Window| {
            let app = window.app.get_or_insert_with(|| App::new(ui.ctx()));
            // The harness keeps a margin around its contents; the shell doesn't.
            let whole = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
            let painted = ui.scope_builder(whole, |ui| app.frame_ui(ui, &window.snapshot));
            let FrameOutput { operations, shell } = painted.inner;
            window.operations.extend(operations);
            window.shell.extend(shell);
        },
        state,
    )
}

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
    flights_of(50_000)
}

/// The same with so many rows in its table.
pub fn flights_of(rows: usize) -> Snapshot {
    let blocks = vec![
        prose(
            1,
            "# Which flights arrive late?\n\nEvery flight that left New York in 2013, joined with the hourly weather at the \
             airport it left. *Late* means **more than fifteen minutes**, as the [Bureau](https://www.bts.gov) counts.\n\n",
        ),
        cell(2, "flights", CellKind::Source, "path = \"data/flights.parquet\"\nclass = \"internal\"\n"),
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
        cell(7, "weather", CellKind::Source, "path = \"data/weather.parquet\"\n"),
        cell(8, "broken", CellKind::Query, "SELECT carier FROM joined\n"),
    ];
    let mut notebook = NotebookView {
        path: "notebooks/late_arrivals.aloft.md".into(),
        unsaved: false,
        can_undo: true,
        can_redo: false,
        blocks,
        diagnostics: Vec::new(),
    };
    of(&mut notebook, 2).state = CellState::Done { seconds: 0.42, cached: true };
    let joined = of(&mut notebook, 3);
    joined.state = CellState::Done { seconds: 0.21, cached: false };
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
    late.state = CellState::Done { seconds: 13.0, cached: false };
    let metrics: Metrics = [("validation", 0.894, 0.812), ("test", 0.891, 0.807)]
        .into_iter()
        .map(|(split, accuracy, auc)| {
            let values = [("accuracy", accuracy), ("auc", auc), ("log_loss", 0.341), ("base_rate", 0.764)];
            (split.to_owned(), values.map(|(name, value)| (name.to_owned(), value)).into())
        })
        .collect();
    let mut ended = training();
    ended.phase = Some(Phase::Save);
    ended.epoch = 14;
    ended.metrics = metrics;
    ended.seconds = Some(13.2);
    ended.forecast_seconds = Some(12.4);
    ended.log = vec!["early stop after epoch 14: no better for 5 epochs".into(), "model saved".into()];
    late.training = Some(Arc::new(ended));
    snapshot.tasks.clear();
    snapshot
}

/// The notebook of a snapshot.
pub fn notebook_mut(snapshot: &mut Snapshot) -> &mut NotebookView {
    snapshot.project.as_mut().and_then(|project| project.notebook.as_mut()).unwrap()
}

/// A cell of a notebook by its block's number.
pub fn of(notebook: &mut NotebookView, id: u64) -> &mut CellView {
    let block = notebook.blocks.iter_mut().find(|block| block.id == BlockId(id)).unwrap();
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

fn cell(id: u64, name: &str, kind: CellKind, text: &str) -> BlockView {
    BlockView {
        id: BlockId(id),
        text: text.into(),
        text_revision: 0,
        content: BlockContent::Cell(CellView {
            name: name.into(),
            kind,
            state: CellState::New,
            output: None,
            training: None,
            verdicts: Vec::new(),
            diagnostics: Vec::new(),
        }),
    }
}

fn project(notebook: NotebookView) -> ProjectView {
    ProjectView {
        name: "late-arrivals".into(),
        root: "/home/ada/late-arrivals".into(),
        notebooks: vec![notebook.path.clone(), "notebooks/weather_forecast.aloft.md".into()],
        files: vec![
            FileView { path: "data/flights.parquet".into(), bytes: 2_100_000_000 },
            FileView { path: "data/weather.parquet".into(), bytes: 1_200_000 },
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
            target("lab", "lab.example.org", Some(Ok("Linux x86_64 · 16 cores · NVIDIA L4".into()))),
            target("gpu-box", "10.0.0.7", None),
        ],
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
    let metrics = auc.map(|auc| ("test".to_owned(), [("accuracy".to_owned(), 0.891), ("auc".to_owned(), auc)].into()));
    RunSummary {
        id: id.into(),
        cell: "late".into(),
        notebook: "notebooks/late_arrivals.aloft.md".into(),
        created_at: "2025-11-21T16:12:00Z".into(),
        status,
        extent: Extent { scope: Scope::Sample, rows: 50_000, total: Some(84_313_201) },
        seconds: auc.map(|_| 13.2),
        metrics: metrics.into_iter().collect(),
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
        epoch: 7,
        epochs: 20,
        samples_per_second: 1_690_000.0,
        seconds_left: Some(12.0),
        train_loss: (1..70).map(|step| [f64::from(step) / 10.0, loss(f64::from(step) / 10.0) - 0.006 + 0.012 * jitter(step)]).collect(),
        validation_loss: (1..=7).map(|epoch| [f64::from(epoch), loss(f64::from(epoch))]).collect(),
        previous_best: Some(0.348),
        facts: vec![
            ("task".into(), "binary".into()),
            ("device".into(), "cpu, 2 threads".into()),
            ("rows".into(), "35,000 train · 5,000 validation · 10,000 test".into()),
            ("parameters".into(), "12,417".into()),
        ],
        metrics: Metrics::new(),
        extent: "sample, 35,000 rows".into(),
        log: vec!["early stop after 5 epochs without a better loss".into()],
        seconds: None,
        forecast_seconds: None,
    }
}

fn reason(kind: ReasonKind, state: ReasonState, value: &str, text: &str, share: Option<f64>) -> Reason {
    Reason {
        kind,
        state,
        value: value.into(),
        text: text.into(),
        share,
        setting: "thresholds.minutes".into(),
    }
}

/// Within all limits.
pub fn here() -> Verdict {
    Verdict {
        placement: Placement::Here,
        reasons: vec![
            reason(ReasonKind::Privacy, ReasonState::Ok, "internal", "may leave, stays here", None),
            reason(ReasonKind::Time, ReasonState::Ok, "40 s", "forecast 40 s, limit 1 h", Some(0.01)),
        ],
        forecast: forecast(40.0, 50_000),
    }
}

/// Over the limit of time.
pub fn cloud() -> Verdict {
    Verdict {
        placement: Placement::Cloud,
        reasons: vec![
            reason(ReasonKind::Privacy, ReasonState::Ok, "internal", "internal data may leave this machine", None),
            reason(ReasonKind::Storage, ReasonState::Ok, "31 of 80 GB", "31 GB of 80 GB free", Some(0.39)),
            reason(ReasonKind::Memory, ReasonState::Near, "15 of 17 GB", "peak 15 GB, limit 17 GB", Some(0.88)),
            reason(ReasonKind::Time, ReasonState::Over, "6.4 h", "forecast 6.4 h (5.9–6.9 h), limit 1 h", Some(6.4)),
            reason(ReasonKind::Queue, ReasonState::Ok, "0 waiting", "nothing waits for this machine", None),
            reason(ReasonKind::Stability, ReasonState::Unknown, "3 runs", "three of the last five runs agree", None),
        ],
        forecast: forecast(23_040.0, 84_313_201),
    }
}

fn forecast(seconds: f64, rows: u64) -> Forecast {
    Forecast {
        seconds: Range { low: seconds * 0.92, mid: seconds, high: seconds * 1.08 },
        memory_bytes: 5_200_000_000,
        disk_bytes: 31_000_000_000,
        rows,
        steps: 6_587_000,
        steps_measured: 50,
        seconds_per_step: 0.0035,
        device: "cpu, 2 threads".into(),
    }
}

fn line_chart() -> ChartData {
    ChartData {
        x_label: "hour".into(),
        y_label: "mean of dep_delay".into(),
        marks: Marks::Line {
            points: (5..24).map(|hour| [f64::from(hour), f64::from((hour - 5) * (hour - 4)) / 12.0]).collect(),
            time: false,
        },
        extent: Extent { scope: Scope::Sample, rows: 50_000, total: Some(84_313_201) },
    }
}

/// A notebook of nothing but charts.
pub fn charts() -> Snapshot {
    let names = |count: usize| ["United", "JetBlue", "ExpressJet Airlines Inc.", "Delta", "American"][..count].iter().map(|name| (*name).to_owned()).collect();
    let spread = |index: f64| (index * 1.7).sin() * 9.0 + (index * 0.37).cos() * 4.0;
    let marks = [
        Marks::Histogram {
            edges: (0..=30).map(|edge| f64::from(edge) * 2.0 - 11.0).collect(),
            counts: (0..30).map(|bin| (900.0 * (-((f64::from(bin) - 11.0) / 6.0).powi(2)).exp()) as u64).collect(),
            time: false,
        },
        Marks::Bar { categories: names(5), values: vec![12.1, 13.0, 19.9, 9.2, 8.6], omitted: 11 },
        Marks::Scatter {
            points: (0..600).map(f64::from).map(|index| [spread(index), spread(index * 1.3) + 0.4 * spread(index)]).collect(),
            total: 50_000,
            time: false,
        },
        Marks::Box {
            categories: names(4),
            quantiles: (0..4).map(f64::from).map(|at| [-9.0 + at, -5.0 + at, -1.0 + at, 9.0 + 2.0 * at, 60.0 - at * 5.0]).collect(),
            omitted: 0,
        },
        Marks::Line {
            points: (0..365).map(|day| [1_356_998_400_000.0 + f64::from(day) * 86_400_000.0, 12.0 + spread(f64::from(day) / 30.0)]).collect(),
            time: true,
        },
    ];
    let mut snapshot = flights();
    let notebook = notebook_mut(&mut snapshot);
    notebook.blocks.clear();
    for (index, marks) in marks.into_iter().enumerate() {
        let id = index as u64 + 1;
        notebook.blocks.push(cell(id, &format!("chart_{id}"), CellKind::Chart, "data = \"joined\"\n"));
        let chart = of(notebook, id);
        chart.state = CellState::Done { seconds: 0.02, cached: false };
        chart.output = Some(Output::Chart(Arc::new(ChartData {
            x_label: "carrier".into(),
            y_label: "mean of dep_delay".into(),
            marks,
            extent: Extent { scope: Scope::Sample, rows: 50_000, total: Some(84_313_201) },
        })));
    }
    snapshot
}

/// What would leave for the target.
pub fn preflight() -> Preflight {
    let file = |name: &str, bytes, sent| SentFile { name: name.into(), hash: "00".into(), bytes, sent };
    Preflight {
        target: "lab".into(),
        destination: "ada@lab.example.org:aloft".into(),
        identity: "ada".into(),
        files: vec![
            file("data.parquet", 2_100_000_000, true),
            file("run.toml", 1_811, true),
            file("aloft", 31_000_000, false),
        ],
        rows: 84_313_201,
        columns: ["carrier", "distance", "dep_delay", "temp", "wind_speed", "late"].map(String::from).to_vec(),
        class: DataClass::Internal,
        allowed: true,
        note: None,
        placement: Some(Placement::Cloud),
    }
}

/// A table of flights with its profile.
pub fn table(rows: usize) -> TableOutput {
    let extent = Extent { scope: Scope::Sample, rows: 50_000, total: Some(84_313_201) };
    let field = |name: &str, dtype: &str, kind| Field { name: name.into(), dtype: dtype.into(), kind };
    let carriers = ["UA", "UA", "AA", "B6", "DL", "UA", "B6", "EV"];
    let pick = |row: usize| (row * 2_654_435_761) % 97;
    let columns = vec![
        Column {
            field: field("carrier", "str", ColumnKind::Text),
            values: Values::Text((0..rows).map(|row| Some(carriers[pick(row) % 8].to_owned())).collect()),
        },
        Column {
            field: field("distance", "i64", ColumnKind::Integer),
            values: Values::Integer((0..rows).map(|row| Some(200 + 26 * pick(row) as i64)).collect()),
        },
        Column {
            field: field("dep_delay", "i64", ColumnKind::Integer),
            values: Values::Integer((0..rows).map(|row| Some(pick(row) as i64 % 19 - 7)).collect()),
        },
        Column {
            field: field("temp", "f64", ColumnKind::Float),
            values: Values::Float((0..rows).map(|row| (pick(row) % 11 != 3).then(|| pick(row) as f64 / 4.0 - 2.0)).collect()),
        },
        Column {
            field: field("wind_speed", "f64", ColumnKind::Float),
            values: Values::Float((0..rows).map(|row| Some((pick(row) % 12) as f64 * 1.15)).collect()),
        },
        Column {
            field: field("late", "bool", ColumnKind::Boolean),
            values: Values::Boolean((0..rows).map(|row| Some(pick(row) % 4 == 0)).collect()),
        },
    ];
    let bell = |center: f64, width: f64| -> Vec<u64> {
        (0..24).map(|bin| (900.0 * (-((f64::from(bin) - center) / width).powi(2)).exp()) as u64).collect()
    };
    let base = |column: &Column| ColumnProfile {
        field: column.field.clone(),
        nulls: 0,
        distinct: 211,
        distinct_approximate: false,
        min: None,
        max: None,
        mean: None,
        std: None,
        quantiles: None,
        histogram: None,
        top: Vec::new(),
    };
    let number = |column: &Column, low: f64, high: f64, counts: Vec<u64>| ColumnProfile {
        min: Some(aloft_spec::text::significant(low)),
        max: Some(aloft_spec::text::significant(high)),
        mean: Some((low + high) / 2.0),
        std: Some((high - low) / 6.0),
        quantiles: Some([0.05, 0.25, 0.5, 0.75, 0.95].map(|q| low + q * (high - low))),
        histogram: Some(Histogram { low, high, counts }),
        ..base(column)
    };
    let top = |values: &[(&str, u64)]| values.iter().map(|(value, count)| TopValue { value: (*value).into(), count: *count }).collect();
    let profiles = vec![
        ColumnProfile {
            distinct: 16,
            top: top(&[("UA", 8_700), ("B6", 8_100), ("EV", 8_050), ("DL", 7_200), ("AA", 4_900)]),
            ..base(&columns[0])
        },
        number(&columns[1], 17.0, 4983.0, (0..24).map(|bin| [300, 700, 400, 100][bin % 4] / (1 + bin as u64 / 6)).collect()),
        number(&columns[2], -43.0, 1301.0, (0..24).map(|bin| (1200.0 * 0.7_f64.powi(bin)) as u64).collect()),
        ColumnProfile { nulls: 4_545, ..number(&columns[3], -11.7, 37.8, bell(12.0, 5.0)) },
        number(&columns[4], 0.0, 37.0, bell(8.0, 4.0)),
        ColumnProfile {
            distinct: 2,
            mean: Some(0.236),
            top: top(&[("false", 38_200), ("true", 11_800)]),
            ..base(&columns[5])
        },
    ];
    TableOutput {
        table: Arc::new(Table { columns, rows }),
        profile: Arc::new(Profile { extent: extent.clone(), columns: profiles }),
        extent,
    }
}
