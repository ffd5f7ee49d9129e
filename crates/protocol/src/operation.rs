//! What the user wants done.

use crate::{BlockId, NoticeId, TaskId};
use aloft_spec::{
    CellKind, DataClass,
    ask::Ask,
    chart::Brush,
    param::ParamValue,
    project::SshTarget,
    window::{Panels, Widths},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Which rows to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rows {
    /// The samples of the sources.
    Sample,
    /// All rows.
    All,
}

/// One wish of the user. The session reduces it; the next snapshot shows what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "a field's name says it, and its variant is documented"
)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub enum Operation {
    /// Open a project's folder, a notebook (its project is opened with it), or a folder that isn't a project yet.
    Open { path: PathBuf },
    /// Files or folders were dropped on the window: a folder is opened, data files become source cells.
    Drop { paths: Vec<PathBuf> },
    /// Copy an example to the user's documents (once) and open it.
    OpenExample { name: String },
    /// Take a folder out of the recent list.
    ForgetRecent { path: PathBuf },
    /// Back to the welcome screen.
    CloseProject,
    /// Show another notebook of the project; `notebook` is relative to the project's folder.
    OpenNotebook { notebook: String },
    /// Make a new notebook and show it.
    NewNotebook { name: String },

    /// Replace a cell's body or a prose block's text.
    EditText { block: BlockId, text: String },
    /// Give a cell another name; those that use it are not changed.
    RenameCell { block: BlockId, name: String },
    /// Put a new cell after a block (at the end when `None`), with a template that fits the notebook.
    AddCell { after: Option<BlockId>, kind: CellKind },
    /// Put a train cell for `column` after the table that `block` shows.
    PredictColumn { block: BlockId, column: String },
    /// Put a chart cell for `column` after the table that `block` shows.
    ChartColumn { block: BlockId, column: String },
    /// Put a query cell that asks this after the table that `block` shows; or say it in that cell's own text, where it is
    /// a query that clicks have written.
    Ask { block: BlockId, ask: Ask },
    /// Choose rows in the chart that `block` shows, in place of those chosen before.
    SelectRows { block: BlockId, brush: Brush },
    /// All rows again.
    ClearSelection,
    /// Write the chart that `block` shows to a file, as SVG or PNG by its ending.
    SaveChart { block: BlockId, path: PathBuf },
    /// Put the chart that `block` shows on the clipboard as a picture.
    CopyChart { block: BlockId },
    /// Give a parameter another value. `continues` is true for the later steps of one drag: together they are one step
    /// of undo.
    SetParam {
        block: BlockId,
        value: ParamValue,
        continues: bool,
    },
    /// Show the rows of a table from the row `first` on, which counts from 0.
    ShowPage { block: BlockId, first: u64 },
    /// Pictures in these columns of a table are in view, in the rows from `first` to `last`, which count from 0: those
    /// that aren't there are made, and none of them is dropped for others.
    ShowThumbnails {
        block: BlockId,
        columns: Vec<String>,
        first: u64,
        last: u64,
    },
    /// Keep the widths that the columns of a table were given.
    KeepWidths { block: BlockId, widths: Widths },
    /// Give the data of a source another class.
    SetClass { block: BlockId, class: DataClass },
    /// Write the values of a trial of the sweep that `block` shows into its train cell.
    UseTrial { block: BlockId, trial: u32 },
    /// Put new prose after a block.
    AddProse { after: Option<BlockId> },
    /// Remove a block.
    Remove { block: BlockId },
    /// Move a block by one place.
    Move { block: BlockId, down: bool },
    /// Take the last change of the text back.
    Undo,
    /// Do it again.
    Redo,
    /// Write the notebook to its file.
    Save,

    /// Run a cell and what it needs.
    Run { block: BlockId, rows: Rows },
    /// Run all cells in order of their dependencies.
    RunAll,
    /// Measure the first steps of a train cell and show the verdict.
    Plan { block: BlockId, rows: Rows },
    /// Stop a piece of work.
    Stop { task: TaskId },
    /// Continue a run that was lost or stopped, from its last checkpoint.
    Resume { run: String },
    /// Write a run's model to a file, as ONNX.
    ExportModel { run: String, path: PathBuf },

    /// Show what would leave the machine.
    Preflight {
        block: BlockId,
        target: String,
        rows: Rows,
    },
    /// Send what the open preflight shows.
    ConfirmSend,
    /// Close the preflight; nothing left.
    CancelSend,
    /// Stop a job on its target.
    StopJob { run: String },
    /// Bring a job's model home again.
    FetchJob { run: String },
    /// Ask a host for its key, to show the fingerprint before it is trusted.
    ProbeHost { host: String, port: u16 },
    /// Keep a target in `aloft.toml` and its secret, if any, in the keyring.
    AddTarget {
        name: String,
        target: SshTarget,
        secret: Option<Secret>,
    },
    /// Connect, and say what is there.
    TestTarget { name: String },
    /// Forget a target and its secret.
    RemoveTarget { name: String },

    /// Keep what is around the notebook.
    KeepPanels { panels: Panels },
    /// Choose the colours.
    SetTheme { theme: Theme },
    /// Keep how large everything is painted.
    KeepZoom { percent: u16 },
    /// A message was read.
    DismissNotice { notice: NoticeId },
    /// The window's close button or Quit. Unsaved text is saved; with runs going on the session asks first.
    RequestClose,
    /// The answer to that question.
    Close { choice: CloseChoice },
}

/// A secret on its way from the window to the keyring. Its text is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What to do with runs when the window closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseChoice {
    /// Close the window; the runs go on.
    KeepRunning,
    /// Stop the runs, then close.
    StopRuns,
    /// Stay.
    Cancel,
}

/// The colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
