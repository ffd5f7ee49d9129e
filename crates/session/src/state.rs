//! What the session knows. Only the reducer changes it.

use crate::{
    history::History,
    identity::Identities,
    selection::{Chosen, OfChosen},
    thumbnails::RowPictures,
    training::Training,
};
use aloft_notebook::{Block, Document};
use aloft_project::Project;
use aloft_protocol::{
    BlockId, NoticeId, TaskId,
    operation::{Rows, Theme},
    snapshot::{
        CellState, ExampleView, FileView, MachineView, Notice, PageView, PictureView, Question, RecentProject,
    },
};
use aloft_spec::{
    CellSpec, Diagnostic, Finding, Output, Problem, ask::JoinKeys, job::JobRecord, output::TableOutput,
    run::RunSummary, sweep::Leaderboard, verdict::Verdict, window::WindowState,
};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// The state of the application.
#[derive(Debug, Default)]
pub struct State {
    /// Grows with every published snapshot.
    pub revision: u64,
    pub theme: Theme,
    pub zoom_percent: Option<u16>,
    pub recent: Vec<RecentProject>,
    pub examples: Vec<ExampleView>,
    pub machine: MachineView,
    pub open: Option<OpenProject>,
    pub tasks: Vec<Task>,
    pub notices: Vec<Notice>,
    pub question: Option<Question>,
    /// The run folder behind an open preflight.
    pub preflight_run: Option<PathBuf>,
    /// The picture that was asked for last.
    pub picture: Option<Arc<PictureView>>,
    pub closing: bool,
    /// Saves on their way to the disk; the window doesn't close before they have arrived.
    pub saves_pending: usize,
    /// Closing waits for stopped runs until then.
    pub closing_deadline: Option<Instant>,
    pub next_id: u64,
}

/// The open project.
#[derive(Debug)]
pub struct OpenProject {
    pub project: Arc<Project>,
    pub notebooks: Vec<String>,
    pub files: Vec<FileView>,
    pub runs: Arc<Vec<RunSummary>>,
    pub jobs: Vec<JobRecord>,
    pub target_tests: BTreeMap<String, Result<String, Problem>>,
    /// Findings in `aloft.toml`.
    pub diagnostics: Vec<Diagnostic>,
    pub notebook: Option<OpenNotebook>,
    /// How its window was left.
    pub window: Arc<WindowState>,
    /// Runs whose events are followed; the flag ends it.
    pub followed: BTreeMap<String, aloft_data::Cancel>,
}

/// The open notebook.
#[derive(Debug)]
pub struct OpenNotebook {
    /// Relative to the project's folder.
    pub path: PathBuf,
    pub document: Arc<Document>,
    /// The text as it stands in the file.
    pub saved: Arc<str>,
    pub history: History,
    /// One for each block of the document.
    pub ids: Vec<BlockId>,
    /// How often something other than typing changed a block's text.
    pub text_revisions: HashMap<BlockId, u64>,
    identities: Identities,
    /// By name: what is known of a cell beside its text. A name outlives edits of the text.
    pub cells: HashMap<String, Cell>,
    /// Rows that are chosen in a chart. They belong to this session, not to the text.
    pub chosen: Option<Chosen>,
    /// When rows were last chosen.
    pub chosen_at: Option<Instant>,
    /// Nothing is evaluated on the chosen rows before: others are perhaps chosen at once.
    pub select_due: Option<Instant>,
    /// The text on the disk was changed by another program, and the user was told.
    pub conflict_told: bool,
    /// When the file is looked at again for changes by other programs.
    pub look_due: Option<Instant>,
    /// Changed since the journal was written.
    pub journal_due: Option<Instant>,
    /// Cheap cells are evaluated again then.
    pub refresh_due: Option<Instant>,
    /// Whether outputs of an earlier session are on their way; nothing is evaluated by itself before they are there.
    pub recalling: bool,
}

/// What is known of a cell beside its text.
#[derive(Debug, Default)]
pub struct Cell {
    pub state: CellState,
    /// The key that its output was made with.
    pub key: Option<String>,
    /// The rows that its output was made of.
    pub rows: Option<Rows>,
    /// Further rows of its output that are shown, or fetched.
    pub page: Option<PageView>,
    /// Pictures in its rows.
    pub pictures: RowPictures,
    /// Tables that its rows could be joined with.
    pub joins: Vec<JoinKeys>,
    /// The key of the text that last failed, so that it isn't tried again until something changes.
    pub tried: Option<String>,
    /// The same for measuring, by whether all rows were meant.
    pub plan_tried: BTreeMap<bool, String>,
    /// How long its output took.
    pub seconds: f64,
    pub output: Option<Output>,
    /// What is known of the first rows while it runs.
    pub partial: Option<Output>,
    /// What it shows of the rows that are chosen in a chart.
    pub of_chosen: Option<OfChosen>,
    /// What may be wrong with its data, with the key that it was found with.
    pub findings: Option<(String, Arc<Vec<Finding>>)>,
    /// The key of the text whose data was last looked at.
    pub looked_at: Option<String>,
    pub training: Option<Training>,
    /// The trials of a sweep, of its last start.
    pub leaderboard: Option<Arc<Leaderboard>>,
    pub verdicts: BTreeMap<bool, (String, Arc<Verdict>)>,
}

impl Cell {
    /// Takes an output: its first rows are shown.
    pub fn show(&mut self, output: Output, key: String, rows: Option<Rows>, seconds: f64) {
        let shows = |table: &TableOutput| match &self.output {
            Some(Output::Table(before)) => Arc::ptr_eq(&before.table, &table.table),
            _ => false,
        };
        // The same text doesn't mean the same rows: files change.
        if !matches!(&output, Output::Table(table) if shows(table)) {
            self.pictures.forget();
        }
        self.output = Some(output);
        self.key = Some(key);
        self.rows = rows;
        self.seconds = seconds;
        self.page = None;
        self.partial = None;
    }

    /// The verdict for a choice of rows, with the key that it was made with.
    pub fn verdict(&self, rows: Rows) -> Option<&(String, Arc<Verdict>)> {
        self.verdicts.get(&(rows == Rows::All))
    }

    /// Keeps a verdict.
    pub fn set_verdict(&mut self, rows: Rows, key: String, verdict: Verdict) {
        self.verdicts.insert(rows == Rows::All, (key, Arc::new(verdict)));
    }
}

/// A piece of work.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    pub label: String,
    pub fraction: Option<f32>,
    pub work: Work,
    /// Set to stop it.
    pub cancel: aloft_data::Cancel,
    /// Whether it was handed to a worker.
    pub started: bool,
}

/// What a piece of work is.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Reading a project from disk.
    Load,
    /// Computing a cell's output.
    Evaluate {
        cell: String,
        rows: Rows,
        /// Whether it is computed although it was before.
        again: bool,
    },
    /// Computing a cell's output on the rows that are chosen in a chart.
    Select { cell: String, rows: Rows },
    /// Fetching further rows of a table.
    Page { cell: String, rows: Rows, first: u64 },
    /// Measuring a train cell.
    Plan { cell: String, rows: Rows },
    /// Making the run folder of a train cell.
    Prepare { cell: String, rows: Rows },
    /// A run that a worker on this machine executes.
    Train { cell: String, run: String },
    /// A sweep and its trials.
    Sweep { cell: String, rows: Rows },
    /// Working out what would leave the machine.
    Preflight {
        cell: String,
        target: String,
        rows: Rows,
    },
    /// Uploading.
    Send { cell: String, run: String },
    /// A run that a target executes.
    Job { cell: String, run: String },
    /// Talking to a target.
    Target,
}

impl Work {
    /// The cell that it evaluates on chosen rows.
    pub fn selecting(&self) -> Option<&str> {
        match self {
            Self::Select { cell, .. } => Some(cell),
            _ => None,
        }
    }

    /// Whether it is put in line, rather than begun at once.
    pub fn is_queued(&self) -> bool {
        match self {
            Self::Evaluate { .. }
            | Self::Select { .. }
            | Self::Page { .. }
            | Self::Plan { .. }
            | Self::Prepare { .. }
            | Self::Sweep { .. }
            | Self::Preflight { .. } => true,
            Self::Load | Self::Train { .. } | Self::Send { .. } | Self::Job { .. } | Self::Target => false,
        }
    }

    /// The cell that shows this work.
    pub fn cell(&self) -> Option<&str> {
        match self {
            Self::Evaluate { cell, .. }
            | Self::Prepare { cell, .. }
            | Self::Train { cell, .. }
            | Self::Sweep { cell, .. }
            | Self::Send { cell, .. }
            | Self::Job { cell, .. } => Some(cell),
            _ => None,
        }
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Adds a piece of work that waits to be started.
    pub fn add_task(&mut self, label: impl Into<String>, work: Work) -> TaskId {
        let id = TaskId(self.next());
        self.tasks.push(Task {
            id,
            label: label.into(),
            fraction: None,
            work,
            cancel: aloft_data::Cancel::default(),
            started: false,
        });
        id
    }

    /// Takes a piece of work off the list.
    pub fn end_task(&mut self, id: TaskId) -> Option<Task> {
        let index = self.tasks.iter().position(|task| task.id == id)?;
        Some(self.tasks.remove(index))
    }

    /// Tells the user of a problem.
    pub fn report(&mut self, problem: Problem) {
        let id = NoticeId(self.next());
        let message = match &problem.place {
            Some(place) => format!("{place}: {}", problem.message),
            None => problem.message,
        };
        // The same message twice says nothing new.
        self.notices.retain(|notice| notice.message != message);
        self.notices.push(Notice {
            id,
            good: false,
            code: Some(problem.code),
            message,
            hint: problem.hint,
        });
    }

    /// Tells the user of something that went well.
    pub fn tell(&mut self, message: impl Into<String>) {
        let id = NoticeId(self.next());
        let message = message.into();
        self.notices.retain(|notice| notice.message != message);
        self.notices.push(Notice {
            id,
            good: true,
            code: None,
            message,
            hint: None,
        });
    }

    /// The open notebook.
    pub fn notebook(&self) -> Option<&OpenNotebook> {
        self.open.as_ref()?.notebook.as_ref()
    }

    /// The open notebook.
    pub fn notebook_mut(&mut self) -> Option<&mut OpenNotebook> {
        self.open.as_mut()?.notebook.as_mut()
    }
}

impl OpenNotebook {
    /// A notebook with the text of its file, and the text to edit where it differs (recovered from the journal).
    pub fn new(path: PathBuf, saved: Arc<str>, text: Arc<str>) -> Self {
        let mut notebook = Self {
            path,
            document: Arc::new(Document::parse("")),
            saved,
            history: History::default(),
            ids: Vec::new(),
            text_revisions: HashMap::new(),
            identities: Identities::default(),
            cells: HashMap::new(),
            chosen: None,
            chosen_at: None,
            select_due: None,
            conflict_told: false,
            look_due: None,
            journal_due: None,
            refresh_due: None,
            recalling: false,
        };
        notebook.set_text(text, None);
        notebook
    }

    /// Replaces the text. `typed` is the block whose editor already shows the new text.
    pub fn set_text(&mut self, text: impl Into<Arc<str>>, typed: Option<BlockId>) {
        let document = Document::parse(text.into());
        let old = &self.document;
        let (old_blocks, new_blocks) = (old.blocks(), document.blocks());
        let piece = |document: &Document, blocks: &[Block], index: usize| -> String {
            blocks
                .get(index)
                .map(|block| document.text()[block.span()].to_owned())
                .unwrap_or_default()
        };
        let old_pieces: Vec<String> = (0..old_blocks.len())
            .map(|index| piece(old, old_blocks, index))
            .collect();
        let new_pieces: Vec<String> = (0..new_blocks.len())
            .map(|index| piece(&document, new_blocks, index))
            .collect();
        let ids = self.identities.follow(&self.ids, new_pieces.len(), |old, new| {
            old_pieces.get(old) == new_pieces.get(new)
        });
        for (index, id) in ids.iter().enumerate() {
            let before = self
                .ids
                .iter()
                .position(|other| other == id)
                .and_then(|old| old_pieces.get(old));
            if before.is_some_and(|before| Some(before) != new_pieces.get(index)) && typed != Some(*id) {
                *self.text_revisions.entry(*id).or_default() += 1;
            }
        }
        self.ids = ids;
        self.document = Arc::new(document);
    }

    /// The text.
    pub fn text(&self) -> Arc<str> {
        Arc::from(self.document.text())
    }

    /// Whether the text differs from the file.
    pub fn unsaved(&self) -> bool {
        self.document.text() != &*self.saved
    }

    /// Where a block is.
    pub fn index(&self, id: BlockId) -> Option<usize> {
        self.ids.iter().position(|other| *other == id)
    }

    /// The name of the cell that a block is.
    pub fn cell_name(&self, id: BlockId) -> Option<&str> {
        match self.document.blocks().get(self.index(id)?)? {
            Block::Cell(cell) => Some(&cell.name),
            Block::Prose { .. } => None,
        }
    }

    /// The train cell of a sweep cell, and all of it that isn't searched.
    fn searched(&self, name: &str) -> Option<(String, String)> {
        let CellSpec::Sweep(sweep) = self.document.spec(name, &self.path).ok()? else {
            return None;
        };
        let CellSpec::Train(train) = self.document.spec(&sweep.train, &self.path).ok()? else {
            return None;
        };
        let around = aloft_engine::searched_around(&train, &sweep).ok()?;
        Some((sweep.train, format!("{around:?}")))
    }

    /// What is known of a cell.
    pub fn cell_mut(&mut self, name: &str) -> &mut Cell {
        self.cells.entry(name.to_owned()).or_default()
    }

    /// The key of a cell: its text and the text of all that it depends on. Two equal keys give the same output, as
    /// long as the files stay the same. What a sweep searches isn't said by its train cell, whose text stands in its key
    /// without those keys.
    pub fn key(&self, name: &str) -> String {
        let searched = self.searched(name);
        let mut seen: Vec<String> = vec![name.to_owned()];
        let mut next = 0;
        let mut key = String::new();
        while let Some(cell) = seen.get(next).cloned() {
            next += 1;
            if let Some(cell) = self.document.cell(&cell) {
                key.push_str(&cell.name);
                key.push('\u{1f}');
                match &searched {
                    Some((train, around)) if *train == cell.name => key.push_str(around),
                    _ => key.push_str(cell.body(&self.document)),
                }
                key.push('\u{1e}');
            }
            for upstream in self.document.dependencies(&cell) {
                if !seen.contains(&upstream) {
                    seen.push(upstream);
                }
            }
        }
        key
    }
}
