//! What only the window knows: selection, open panels, text being typed. And what every view is handed.

use crate::cell::param::Held;
use crate::cell::rename::Renaming;
use crate::chart::Dragged;
use crate::editor::Popup;
use crate::editor::buffer::Buffers;
use crate::inspector::Tab;
use crate::palette::Palette;
use crate::report::ReportView;
use crate::table::{Layouts, Pictures, Selection};
use crate::targets::TargetForm;
use crate::{FrameOutput, ShellRequest};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{BlockContent, BlockView, CellView, NotebookView, ProjectView, Question};
use aloft_protocol::{BlockId, NoticeId, Operation, Snapshot};
use aloft_spec::CellKind;
use aloft_spec::run::RunSummary;
use aloft_spec::verdict::Verdict;
use aloft_spec::window::Panels;
use egui::Id;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// State of the views that is nobody else's business.
#[derive(Default)]
pub struct View {
    /// The project and notebook that the rest is about; another one clears it.
    pub place: Option<(PathBuf, String)>,
    /// The block that keys act on.
    pub selected: Option<BlockId>,
    /// Prose that is being written.
    pub writing: Option<BlockId>,
    /// Whether the prose that is being written has had the keyboard.
    pub writing_began: bool,
    /// Texts in the editors.
    pub buffers: Buffers,
    /// The text that the Tab key led into, as long as nothing was done in it: another Tab goes on.
    pub walked_into: Option<BlockId>,
    /// Suggestions at the cursor of a query.
    pub popup: Option<Popup>,
    /// Whether they were asked for by keys: then they stay while words are complete.
    pub popup_asked: bool,
    /// A range of a chart that is being dragged.
    pub dragged: Option<Dragged>,
    /// A parameter's value that the user has in hand.
    pub param: Option<Held>,
    /// A cell's name being changed.
    pub renaming: Option<Renaming>,
    /// Where a menu of kinds is open: after this block (`None`: at the end).
    pub adding: Option<Adding>,
    /// Blocks that were there before something was added; the one that isn't among them gets the selection.
    pub awaited: Option<HashSet<BlockId>>,
    /// The block to bring into view.
    pub reveal: Option<BlockId>,
    /// Where its top was in the last pass.
    pub revealed_at: Option<f32>,
    /// Heights of blocks as last painted: those out of view only keep their place.
    pub heights: HashMap<BlockId, f32>,
    /// The choice of rows of each train cell.
    pub rows: HashMap<BlockId, Rows>,
    /// Train cells whose log is open.
    pub open_logs: HashSet<BlockId>,
    /// What is shown of each train cell's report.
    pub reports: HashMap<BlockId, ReportView>,
    /// Cells whose findings in data are all shown.
    pub open_findings: HashSet<BlockId>,
    /// Sweeps whose trials are listed among the runs, by their keys.
    pub open_sweeps: HashSet<String>,
    /// Widths of tables' columns.
    pub tables: Layouts,
    /// Pictures in the rows of tables.
    pub pictures: Pictures,
    /// Selected cells of tables.
    pub cells: HashMap<BlockId, Selection>,
    /// The column in the inspector.
    pub column: Option<(BlockId, String)>,
    /// The run in the inspector.
    pub run: Option<String>,
    /// The target chosen in the inspector.
    pub target: Option<String>,
    /// The inspector's tab.
    pub tab: Tab,
    /// What is around the notebook.
    pub panels: Panels,
    /// The command palette.
    pub palette: Option<Palette>,
    /// The form and list of targets.
    pub targets: Option<TargetForm>,
    /// The name being given to a new notebook.
    pub new_notebook: Option<String>,
    /// Whether the sheet of shortcuts is open.
    pub shortcuts: bool,
    /// Since when each notice is shown, in the window's seconds.
    pub notices: HashMap<NoticeId, f64>,
}

/// An open menu of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adding {
    /// The new block comes after this one; at the end without one.
    pub after: Option<BlockId>,
}

impl View {
    /// Forgets what belonged to another project or notebook.
    pub fn follow(&mut self, snapshot: &Snapshot) {
        let place = snapshot.project.as_ref().map(|project| {
            let notebook = project.notebook.as_ref();
            (
                project.root.clone(),
                notebook.map_or_else(String::new, |notebook| notebook.path.clone()),
            )
        });
        if place != self.place {
            let root = |place: &Option<(PathBuf, String)>| place.as_ref().map(|(root, _)| root.clone());
            let window = snapshot.project.as_ref().map(|project| &project.window);
            let is_another = root(&place) != root(&self.place);
            let panels = window.filter(|_| is_another).map(|window| window.panels);
            *self = Self {
                place,
                targets: self.targets.take(),
                notices: std::mem::take(&mut self.notices),
                panels: panels.unwrap_or(self.panels),
                tables: snapshot.project.as_ref().map(Layouts::kept).unwrap_or_default(),
                ..Self::default()
            };
        }
        let Some(notebook) = notebook_of(snapshot) else {
            return;
        };
        let here = |id: BlockId| notebook.blocks.iter().any(|block| block.id == id);
        if self.selected.is_some_and(|id| !here(id)) {
            self.selected = None;
        }
        if let Some(known) = &self.awaited
            && let Some(new) = notebook
                .blocks
                .iter()
                .find(|block| !known.contains(&block.id) && is_shown(block))
        {
            self.selected = Some(new.id);
            self.reveal = Some(new.id);
            if matches!(new.content, BlockContent::Prose) {
                self.write(new.id);
            }
            self.awaited = None;
        }
    }

    /// Begins to write a block of prose.
    pub fn write(&mut self, block: BlockId) {
        self.selected = Some(block);
        self.writing = Some(block);
        self.writing_began = false;
    }

    /// Which rows a cell runs on.
    pub fn rows_of(&self, block: BlockId) -> Rows {
        self.rows.get(&block).copied().unwrap_or(Rows::Sample)
    }

    /// Whether something asks for an answer before anything else.
    pub fn has_dialog(&self, snapshot: &Snapshot) -> bool {
        // The form for a new target shows a host's key.
        !matches!(snapshot.question, None | Some(Question::HostKey { .. }))
            || self.targets.is_some()
            || self.palette.is_some()
            || self.shortcuts
            || self.new_notebook.is_some()
            || self.adding.is_some()
    }
}

/// What a view is handed: what to show, what only the window knows, and where wishes go.
pub struct Frame<'a> {
    /// What to show.
    pub snapshot: &'a Snapshot,
    /// What only the window knows.
    pub view: &'a mut View,
    /// Where wishes go.
    pub output: &'a mut FrameOutput,
}

impl<'a> Frame<'a> {
    /// Asks the session for something.
    pub fn send(&mut self, operation: Operation) {
        self.output.operations.push(operation);
    }

    /// Asks the shell for something.
    pub fn ask_shell(&mut self, request: ShellRequest) {
        self.output.shell.push(request);
    }

    /// Asks for a new block; it is selected when it is there.
    pub fn add(&mut self, operation: Operation) {
        let blocks = self.notebook().map(|notebook| &notebook.blocks[..]);
        self.view.awaited = Some(blocks.unwrap_or_default().iter().map(|block| block.id).collect());
        self.send(operation);
    }

    /// The open project.
    pub fn project(&self) -> Option<&'a ProjectView> {
        self.snapshot.project.as_ref()
    }

    /// The open notebook.
    pub fn notebook(&self) -> Option<&'a NotebookView> {
        notebook_of(self.snapshot)
    }

    /// A block of the open notebook.
    pub fn block(&self, id: BlockId) -> Option<&'a BlockView> {
        self.notebook()?.blocks.iter().find(|block| block.id == id)
    }

    /// The selected block.
    pub fn selected(&self) -> Option<&'a BlockView> {
        self.block(self.view.selected?)
    }

    /// The selected cell.
    pub fn selected_cell(&self) -> Option<(BlockId, &'a CellView)> {
        let block = self.selected()?;
        Some((block.id, cell_of(block)?))
    }

    /// The train cell that verdict and sending are about: the selected one, else the first.
    pub fn train_cell(&self) -> Option<(BlockId, &'a CellView)> {
        let is_train = |found: &(BlockId, &CellView)| found.1.kind == CellKind::Train;
        self.selected_cell().filter(is_train).or_else(|| {
            let blocks = &self.notebook()?.blocks;
            blocks
                .iter()
                .filter_map(|block| Some((block.id, cell_of(block)?)))
                .find(is_train)
        })
    }

    /// The target that a run would be sent to: the chosen one, else the first.
    pub fn target(&self) -> Option<&'a str> {
        let targets = &self.project()?.targets;
        let chosen = self.view.target.as_deref();
        targets
            .iter()
            .find(|target| Some(target.name.as_str()) == chosen)
            .or_else(|| targets.first())
            .map(|target| target.name.as_str())
    }

    /// The run that is shown: the chosen one, else the latest.
    pub fn run(&self) -> Option<&'a RunSummary> {
        let runs = &self.project()?.runs;
        let chosen = self.view.run.as_deref();
        runs.iter()
            .find(|run| Some(run.id.as_str()) == chosen)
            .or_else(|| runs.first())
    }

    /// Selects a block and brings it into view.
    pub fn go_to(&mut self, block: BlockId) {
        self.view.selected = Some(block);
        self.view.reveal = Some(block);
    }
}

/// The open notebook.
pub fn notebook_of(snapshot: &Snapshot) -> Option<&NotebookView> {
    snapshot.project.as_ref()?.notebook.as_ref()
}

/// A block's cell.
pub fn cell_of(block: &BlockView) -> Option<&CellView> {
    match &block.content {
        BlockContent::Cell(cell) => Some(cell),
        BlockContent::Prose => None,
    }
}

/// A cell's verdict on a choice of rows, where it was measured.
pub fn verdict_of(cell: &CellView, rows: Rows) -> Option<&Verdict> {
    let found = cell.verdicts.iter().find(|(measured, _)| *measured == rows);
    found.map(|(_, verdict)| &**verdict)
}

/// Whether a block has a place of its own on the screen: blank lines between two cells haven't.
pub fn is_shown(block: &BlockView) -> bool {
    !matches!(block.content, BlockContent::Prose) || !block.text.trim().is_empty()
}

/// The focus of a block as a whole.
pub fn block_id(block: BlockId) -> Id {
    Id::unique(("block", block))
}

/// The focus of a block's text.
pub fn editor_id(block: BlockId) -> Id {
    Id::unique(("editor", block))
}
