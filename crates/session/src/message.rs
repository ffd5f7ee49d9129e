//! What reaches the reducer, and what it wants done.

use aloft_data::{Cancel, Picture};
use aloft_engine::{Recalled, RecalledSweep, Workspace};
use aloft_project::Project;
use aloft_protocol::{
    Operation, TaskId,
    operation::{Rows, Secret},
    snapshot::{FileView, MachineView, RecentProject, Thumbnails},
};
use aloft_spec::{
    Diagnostic, Finding, Output, Problem,
    chart::ChartData,
    event::Event,
    job::{JobRecord, Preflight},
    output::TableOutput,
    project::SshTarget,
    report::Report,
    run::{RunRecord, RunStatus, RunSummary},
    sweep::Leaderboard,
    table::Table,
    verdict::Verdict,
    window::WindowState,
};
use std::path::PathBuf;
use std::sync::Arc;

/// What reaches the reducer: a wish of the user, or what came of an effect.
#[derive(Debug)]
pub enum Message {
    /// From the window.
    Operation(Operation),
    /// Some time has passed.
    Tick,
    /// The machine's state.
    Machine(MachineView),
    /// The recent list.
    Recent(Vec<RecentProject>),
    /// A project was read from disk.
    Loaded {
        task: TaskId,
        result: Result<Box<Loaded>, Problem>,
    },
    /// Another notebook of the open project was read.
    NotebookRead {
        path: PathBuf,
        result: Result<NotebookText, Problem>,
    },
    /// The notebook's file was written.
    Saved {
        path: PathBuf,
        text: Arc<str>,
        result: Result<(), Problem>,
    },
    /// Files of the project as they are now.
    Listed(Listing),
    /// A cell was evaluated, or its output was found in the cache.
    Evaluated {
        task: TaskId,
        key: String,
        seconds: f64,
        cached: bool,
        result: Result<Output, Problem>,
    },
    /// What is known of the first rows of a cell that is being evaluated.
    Partial { task: TaskId, output: TableOutput },
    /// An output of an earlier session was found for a cell with this text.
    Recalled {
        notebook: PathBuf,
        cell: String,
        key: String,
        recalled: Recalled,
    },
    /// The trials of an earlier start of a sweep cell with this text were found.
    SweepRecalled {
        notebook: PathBuf,
        cell: String,
        key: String,
        recalled: Box<RecalledSweep>,
    },
    /// All outputs of earlier sessions were looked for.
    RecallEnded { notebook: PathBuf },
    /// Further rows of a table were fetched.
    Paged {
        task: TaskId,
        result: Result<Table, Problem>,
    },
    /// A chart was written to a file.
    ChartSaved {
        path: PathBuf,
        result: Result<(), Problem>,
    },
    /// A chart was drawn for the clipboard.
    ChartDrawn(Result<Picture, Problem>),
    /// A cell's data was looked at.
    Looked {
        cell: String,
        key: String,
        result: Result<Vec<Finding>, Problem>,
    },
    /// Small pictures of some rows were made.
    Thumbnails {
        cell: String,
        key: String,
        thumbnails: Thumbnails,
    },
    /// A train cell was measured.
    Planned {
        task: TaskId,
        key: String,
        result: Result<Verdict, Problem>,
    },
    /// A run folder was made and its worker started.
    RunStarted {
        task: TaskId,
        key: String,
        result: Result<PathBuf, Problem>,
    },
    /// Something has happened in a sweep.
    Swept {
        task: TaskId,
        leaderboard: Box<Leaderboard>,
    },
    /// A sweep has ended, and its trials with it.
    SweepEnded {
        task: TaskId,
        key: String,
        result: Result<Box<Leaderboard>, Problem>,
    },
    /// A worker goes on with a run, or couldn't be started.
    Resumed {
        task: TaskId,
        run: String,
        result: Result<(), Problem>,
    },
    /// A run of the open project is followed from now on.
    RunAttached {
        cell: String,
        record: Box<RunRecord>,
        target: Option<String>,
        task: Option<TaskId>,
    },
    /// Events of a followed run.
    RunEvents { run: String, events: Vec<Event> },
    /// The report of a run was read; `None` where it has none.
    Reported {
        run: String,
        result: Result<Option<Report>, Problem>,
    },
    /// A followed run has ended, or its worker is gone.
    RunEnded {
        run: String,
        status: RunStatus,
        /// What the run's record says of a bad end.
        problem: Option<Problem>,
    },
    /// A preflight was worked out.
    Preflighted {
        task: TaskId,
        result: Result<(PathBuf, Preflight), Problem>,
    },
    /// Bytes of an upload.
    SendProgress { task: TaskId, done: u64, total: u64 },
    /// An upload is complete and the job runs.
    Sent {
        task: TaskId,
        run_dir: PathBuf,
        result: Result<JobRecord, Problem>,
    },
    /// A job's state as the target says.
    JobState {
        run: String,
        result: Result<JobRecord, Problem>,
    },
    /// A host told its key.
    HostKey {
        task: TaskId,
        host: String,
        port: u16,
        result: Result<(String, String), Problem>,
    },
    /// A target was added, tested or removed; `project` is as `aloft.toml` says now.
    TargetDone {
        task: TaskId,
        name: String,
        result: Result<TargetOutcome, Problem>,
    },
    /// A model was written to a file.
    Exported { path: PathBuf },
    /// Something failed that no one waits for.
    Failed(Problem),
}

/// What came of work on a target.
#[derive(Debug)]
pub enum TargetOutcome {
    /// `aloft.toml` has changed.
    Changed(Box<Project>),
    /// What the target says of itself.
    Tested(String),
}

/// A notebook's text.
#[derive(Debug)]
pub struct NotebookText {
    /// As in the file.
    pub saved: Arc<str>,
    /// From the journal, where a crash left it newer than the file.
    pub recovered: Option<Arc<str>>,
}

/// A project as read from disk.
#[derive(Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// The notebook to show, relative to the folder.
    pub notebook: Option<(PathBuf, NotebookText)>,
    /// Its files.
    pub listing: Listing,
    /// Findings in `aloft.toml`.
    pub diagnostics: Vec<Diagnostic>,
    /// A data file that was opened by itself, where there is no notebook to show.
    pub dropped: Option<PathBuf>,
    /// How its window was left.
    pub window: Arc<WindowState>,
}

/// Files of a project.
#[derive(Debug, Default, Clone)]
pub struct Listing {
    /// Notebooks, relative to the folder.
    pub notebooks: Vec<String>,
    /// Data files.
    pub files: Vec<FileView>,
    /// Runs, latest first.
    pub runs: Vec<RunSummary>,
    /// Jobs, latest first.
    pub jobs: Vec<JobRecord>,
}

/// What the reducer wants done. Each is carried out on a named worker and comes back as a [`Message`].
#[derive(Debug)]
pub enum Effect {
    /// Read the recent list.
    ReadRecent,
    /// Put a project on top of the recent list, or take it out.
    Remember {
        path: PathBuf,
        name: String,
        forget: bool,
    },
    /// Keep the theme.
    KeepTheme(String),
    /// Keep how large everything is painted.
    KeepZoom(u16),
    /// Read a project. An example is copied to the user's documents first.
    Load { task: TaskId, place: Place },
    /// Read a notebook of the open project.
    ReadNotebook { project: Arc<Project>, path: PathBuf },
    /// Look whether another program changed the open notebook's file; answers only if so.
    CheckNotebook {
        project: Arc<Project>,
        path: PathBuf,
        expected: Arc<str>,
    },
    /// Write a notebook's file, then read the listing again. A file that isn't as `expected` was changed by another
    /// program and is only overwritten when the user was told of it.
    Save {
        project: Arc<Project>,
        path: PathBuf,
        text: Arc<str>,
        expected: Arc<str>,
        overwrite: bool,
    },
    /// Write the text to the journal, against crashes.
    Journal {
        project: Arc<Project>,
        path: PathBuf,
        text: Arc<str>,
    },
    /// Keep how the window is.
    KeepWindow {
        project: Arc<Project>,
        window: Arc<WindowState>,
    },
    /// Read which files, runs and jobs there are.
    List { project: Arc<Project> },
    /// Compute a cell's output, or find it in the cache unless it is to be computed `again`.
    Evaluate {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        again: bool,
        key: String,
        cancel: Cancel,
    },
    /// Look for outputs of earlier sessions, for cells with these keys.
    Recall {
        workspace: Arc<Workspace>,
        cells: Vec<(String, String)>,
    },
    /// Fetch further rows of a table.
    Page {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        first: u64,
        cancel: Cancel,
    },
    /// Write a chart to a file.
    SaveChart { chart: Arc<ChartData>, path: PathBuf },
    /// Draw a chart for the clipboard.
    DrawChart { chart: Arc<ChartData> },
    /// Look for what may be wrong with a cell's data.
    Look {
        workspace: Arc<Workspace>,
        cell: String,
        key: String,
    },
    /// Make small pictures of some rows of a table.
    Thumbnails {
        workspace: Arc<Workspace>,
        cell: String,
        key: String,
        rows: Rows,
        column: String,
        first: u64,
        cancel: Cancel,
    },
    /// Measure a train cell.
    Plan {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        key: String,
        cancel: Cancel,
    },
    /// Make a run folder and start its worker.
    StartRun {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        key: String,
        cancel: Cancel,
    },
    /// Run a sweep's trials to their end.
    Sweep {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        key: String,
        cancel: Cancel,
    },
    /// Start a worker on a run that was lost or stopped.
    Resume {
        task: TaskId,
        run: String,
        run_dir: PathBuf,
    },
    /// Write a run's model to a file, as ONNX.
    ExportModel { run_dir: PathBuf, path: PathBuf },
    /// Follow a run's events. Ends by itself with the run.
    Follow {
        project: Arc<Project>,
        run: String,
        task: Option<TaskId>,
        cancel: Cancel,
    },
    /// Read the report of a run.
    ReadReport { run_dir: PathBuf, run: String },
    /// Ask a run's worker to stop.
    StopRun { run_dir: PathBuf },
    /// Work out what would leave the machine.
    Preflight {
        task: TaskId,
        workspace: Arc<Workspace>,
        cell: String,
        rows: Rows,
        target: String,
        cancel: Cancel,
    },
    /// Remove the folder of a run that wasn't sent after all.
    Discard { run_dir: PathBuf },
    /// Send a run.
    Send {
        task: TaskId,
        project: Arc<Project>,
        run_dir: PathBuf,
        target: String,
        cancel: Cancel,
    },
    /// Mirror a job's events until it has ended and its model is home.
    Attach {
        project: Arc<Project>,
        run_dir: PathBuf,
        cancel: Cancel,
    },
    /// Stop a job on its target.
    StopJob { project: Arc<Project>, run_dir: PathBuf },
    /// Bring a job's model home.
    FetchJob { project: Arc<Project>, run_dir: PathBuf },
    /// Ask a host for its key.
    ProbeHost { task: TaskId, host: String, port: u16 },
    /// Keep a target.
    AddTarget {
        task: TaskId,
        project: Arc<Project>,
        name: String,
        target: SshTarget,
        secret: Option<Secret>,
    },
    /// Connect to a target.
    TestTarget {
        task: TaskId,
        project: Arc<Project>,
        name: String,
    },
    /// Forget a target.
    RemoveTarget {
        task: TaskId,
        project: Arc<Project>,
        name: String,
    },
}

/// What to open.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder or a file.
    Path(PathBuf),
    /// An example that comes with the program.
    Example(String),
}
