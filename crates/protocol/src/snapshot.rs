//! Everything that the window shows. Cheap to clone: large parts are shared.

use crate::{
    BlockId, NoticeId, TaskId,
    operation::{Rows, Theme},
};
use aloft_spec::{
    CellKind, Code, Diagnostic, Finding, Output, Problem,
    ask::{Ask, JoinKeys},
    chart::Brush,
    event::Phase,
    job::{JobRecord, Preflight},
    param::ParamSpec,
    project::TargetSpec,
    report::Report,
    run::{Metrics, RunSummary},
    sweep::Leaderboard,
    table::Table,
    train::TrainingUnit,
    verdict::Verdict,
    window::WindowState,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// What the window shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change.
    pub revision: u64,
    /// Chosen colours.
    pub theme: Theme,
    /// How large everything was painted when the window was left, in percent.
    pub zoom_percent: Option<u16>,
    /// Projects opened before, latest first.
    pub recent: Vec<RecentProject>,
    /// Examples that come with the program.
    pub examples: Vec<ExampleView>,
    /// The open project.
    pub project: Option<ProjectView>,
    /// The machine.
    pub machine: MachineView,
    /// Work that runs or waits, in order of its start.
    pub tasks: Vec<TaskView>,
    /// Messages, oldest first.
    pub notices: Vec<Notice>,
    /// A question that waits for an answer.
    pub question: Option<Question>,
    /// A picture that was asked for: it goes to the clipboard, once.
    pub picture: Option<Arc<PictureView>>,
    /// True when the shell should close the window now.
    pub closing: bool,
}

/// A picture for the clipboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureView {
    /// Tells it from those before it.
    pub number: u64,
    /// Pixels from left to right and from top to bottom.
    pub size: [usize; 2],
    /// Red, green, blue and alpha of each pixel, row by row from the top.
    pub rgba: Vec<u8>,
}

/// A row of the recent list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentProject {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Whether the folder is still there.
    pub exists: bool,
}

/// An example that comes with the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExampleView {
    /// Its name: `flights`.
    pub name: String,
    /// Its title: `Which flights arrive late?`.
    pub title: String,
    /// A sentence: rows, what is predicted.
    pub description: String,
}

/// The open project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectView {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub root: PathBuf,
    /// Its notebooks, relative to the folder, in order.
    pub notebooks: Vec<String>,
    /// Its data files.
    pub files: Vec<FileView>,
    /// Its runs, latest first.
    pub runs: Arc<Vec<RunSummary>>,
    /// Its jobs, latest first.
    pub jobs: Vec<JobRecord>,
    /// Its targets.
    pub targets: Vec<TargetView>,
    /// How its window was left: what is around the notebook, and the widths of columns.
    pub window: Arc<WindowState>,
    /// The open notebook.
    pub notebook: Option<NotebookView>,
}

/// A data file of the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileView {
    /// Relative to the project's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub spec: TargetSpec,
    /// What the last test said: `Ok("Linux x86_64, 16 cores")` or the problem.
    pub tested: Option<Result<String, Problem>>,
}

/// The open notebook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NotebookView {
    /// The file, relative to the project's folder.
    pub path: String,
    /// Whether the text differs from the file.
    pub unsaved: bool,
    /// Whether there is something to take back.
    pub can_undo: bool,
    /// Whether there is something to do again.
    pub can_redo: bool,
    /// Its blocks, in order of the text.
    pub blocks: Vec<BlockView>,
    /// The rows that are chosen in a chart.
    pub selection: Option<SelectionView>,
    /// Findings about the notebook as a whole; a cell's own are with the cell.
    pub diagnostics: Vec<Diagnostic>,
}

/// Rows that are chosen in a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelectionView {
    /// The chart.
    pub chart: BlockId,
    /// What was chosen in it.
    pub brush: Brush,
    /// The same in words: `distance 200 to 900`.
    pub words: String,
    /// How many rows that are, and of how many; `None` while they are counted.
    pub rows: Option<(u64, u64)>,
    /// The table that the chart draws.
    pub table: BlockId,
    /// What asks that table for these rows.
    pub filter: Ask,
}

/// How a cell stands with the rows that are chosen in a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "selected", rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "a field's name says it, and its variant is documented"
)]
pub enum Selected {
    /// The rows are chosen in this chart; it shows all of them.
    Here,
    /// It is being evaluated; what it showed last is still shown.
    Working,
    /// Its output is of the chosen rows.
    Shown,
    /// It can't be made of the chosen rows.
    Failed { problem: Problem },
}

/// A block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockView {
    /// Which.
    pub id: BlockId,
    /// Its text: prose with its line breaks, or a cell's body without the fences.
    pub text: Arc<str>,
    /// Grows when something other than this window's typing changed the text (undo, another program): the editor then
    /// takes the text from here even while it has the focus.
    pub text_revision: u64,
    /// What it is.
    pub content: BlockContent,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "lowercase")]
pub enum BlockContent {
    /// Markdown.
    Prose,
    /// A cell.
    Cell(CellView),
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellView {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: CellKind,
    /// How it stands.
    pub state: CellState,
    /// Its last output: kept and shown while the cell is stale or runs again.
    pub output: Option<Output>,
    /// Whether the output is of the first rows so far, and the scan goes on.
    pub partial: bool,
    /// How it stands with the rows that are chosen in a chart; `None` where it doesn't read them, or none are chosen.
    pub selected: Option<Selected>,
    /// A train cell's current or last run.
    pub training: Option<Arc<TrainingView>>,
    /// A train cell's verdict for each choice of rows that was measured.
    pub verdicts: Vec<(Rows, Arc<Verdict>)>,
    /// What a sweep cell will try and has tried, where its text has no errors.
    pub sweep: Option<SweepView>,
    /// A param cell's value and bounds, where its text has no errors.
    pub param: Option<ParamSpec>,
    /// The further rows that are shown of a table, in place of its first ones.
    pub page: Option<PageView>,
    /// Columns of its table that hold pictures: as bytes, or as names of files below the folder that it comes from.
    pub pictures: Vec<String>,
    /// Pictures in its rows that were asked for.
    pub thumbnails: Vec<Arc<Thumbnails>>,
    /// Tables that its rows could be joined with.
    pub joins: Vec<JoinKeys>,
    /// Line of the notebook's file where its text begins, from 1.
    pub first_line: usize,
    /// Findings in its text.
    pub diagnostics: Vec<Diagnostic>,
    /// Findings in its data, the gravest first.
    pub findings: Arc<Vec<Finding>>,
}

/// A sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepView {
    /// The train cell.
    pub train: String,
    /// Trials at the most; `None` for all of a grid.
    pub trials: Option<u32>,
    /// The trials so far of its last start.
    pub leaderboard: Option<Arc<Leaderboard>>,
}

/// How many rows' pictures are made at once: a few more than a table has in view.
pub const THUMBNAILS: u64 = 32;

/// Small pictures of some rows of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnails {
    /// The column.
    pub column: String,
    /// The first of the rows, counted from 0 in the whole result: a multiple of [`THUMBNAILS`].
    pub first: u64,
    /// One a row; `None` where there is no picture. Empty where none of them could be read.
    pub pictures: Vec<Option<Thumbnail>>,
}

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// Pixels from left to right and from top to bottom.
    pub size: [usize; 2],
    /// Red, green, blue and alpha of each pixel, row by row from the top.
    pub rgba: Vec<u8>,
}

/// Some rows of a table that has more than it holds for display.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageView {
    /// The first of them, counted from 0.
    pub first: u64,
    /// The rows; `None` while they are fetched.
    pub table: Option<Arc<Table>>,
}

/// How a cell stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "a field's name says it, and its variant is documented"
)]
pub enum CellState {
    /// It never ran.
    #[default]
    New,
    /// It ran, and its text or something it depends on has changed since.
    Stale,
    /// It waits for others.
    Waiting { task: TaskId },
    /// It runs.
    Running {
        task: TaskId,
        label: String,
        fraction: Option<f32>,
    },
    /// It ran.
    Done { seconds: f64, cached: bool },
    /// It failed.
    Failed { problem: Problem },
    /// It was stopped.
    Stopped,
}

/// A fold of a cross-validation that is being trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldView {
    /// The fold, from 1.
    pub fold: u32,
    /// Folds in all.
    pub folds: u32,
    /// The epoch of its training, from 1.
    pub epoch: u32,
    /// Epochs of its training at the most.
    pub epochs: u32,
}

/// A run as curves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingView {
    /// The run's id.
    pub run: String,
    /// Where: `None` here, else the target's name.
    pub target: Option<String>,
    /// Its phase.
    pub phase: Option<Phase>,
    /// What it is counted in: epochs are these wherever they are named here.
    pub unit: TrainingUnit,
    /// Epochs finished.
    pub epoch: u32,
    /// Epochs at the most.
    pub epochs: u32,
    /// The epoch whose model was kept, once it is evaluated.
    pub best_epoch: Option<u32>,
    /// Where its cross-validation stands, while that goes on.
    pub fold: Option<FoldView>,
    /// Training rows a second.
    pub samples_per_second: f64,
    /// Seconds until the last epoch, or the last fold.
    pub seconds_left: Option<f64>,
    /// Training loss over epochs (fractions of an epoch for steps).
    pub train_loss: Vec<[f64; 2]>,
    /// Mean training loss of the last epoch.
    pub epoch_loss: Option<f64>,
    /// Validation loss over epochs.
    pub validation_loss: Vec<[f64; 2]>,
    /// Best validation loss of earlier runs of this cell, for comparison.
    pub previous_best: Option<f64>,
    /// Facts: device, rows, parameters, task.
    pub facts: Vec<(String, String)>,
    /// Final metrics.
    pub metrics: Metrics,
    /// How good the model is, where it is wrong and what it looks at, once it is evaluated.
    pub report: Option<Arc<Report>>,
    /// Which rows it was made of, as said on the screen.
    pub extent: String,
    /// Latest log lines.
    pub log: Vec<String>,
    /// Seconds it took, once ended.
    pub seconds: Option<f64>,
    /// Seconds that were forecast for what was run, once known.
    pub forecast_seconds: Option<f64>,
}

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineView {
    /// `CPU · 2 cores` or `NVIDIA L4 · 24 GB`.
    pub device: String,
    /// Share of the processor in use, 0 to 1.
    pub cpu: f32,
    /// Memory in use.
    pub memory_used_bytes: u64,
    /// Memory in all.
    pub memory_total_bytes: u64,
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    /// Which.
    pub id: TaskId,
    /// `Training late`, `Sending late to lab`.
    pub label: String,
    /// How far, 0 to 1, where that is known.
    pub fraction: Option<f32>,
    /// Whether it waits for other work.
    pub waiting: bool,
    /// Whether it can be stopped.
    pub stoppable: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// A good message.
    pub good: bool,
    /// The code of a problem.
    pub code: Option<Code>,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "a field's name says it, and its variant is documented"
)]
pub enum Question {
    /// What would leave the machine: answer with `ConfirmSend` or `CancelSend`. `None` while it is being worked out.
    Preflight {
        target: String,
        preflight: Option<Box<Preflight>>,
    },
    /// Runs go on: answer with `Close`.
    CloseWithRuns { runs: Vec<String> },
    /// A host's key, to be trusted or not. The window fills it into its form for a new target.
    HostKey {
        host: String,
        port: u16,
        key: String,
        fingerprint: String,
    },
}
