//! Everything that can be done, in one place: words, shortcuts, when it is possible, and what it does. Buttons, menus,
//! the palette and the sheet of shortcuts are made of it.

use crate::inspector::Tab;
use crate::palette::Palette;
use crate::targets::TargetForm;
use crate::view::{Adding, Frame, block_id, cell_of, editor_id, is_shown};
use crate::{ShellRequest, focus};
use aloft_protocol::operation::{Rows, Theme};
use aloft_protocol::snapshot::{BlockContent, CellState};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::CellKind;
use egui::{Context, Key, KeyboardShortcut, Modifiers};

/// A command; `text` says what each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    OpenFolder,
    AddData,
    NewNotebook,
    Save,
    CloseProject,
    Quit,
    Undo,
    Redo,
    RunCell,
    RunCellAndNext,
    RunAll,
    Stop,
    Measure,
    SendToCloud,
    ManageTargets,
    AddTarget,
    AddSource,
    AddQuery,
    AddChart,
    AddTrain,
    AddText,
    AddAbove,
    AddBelow,
    Edit,
    Rename,
    MoveUp,
    MoveDown,
    Remove,
    Previous,
    Next,
    ShowColumn,
    ShowRun,
    ShowPlaces,
    FocusNavigation,
    FocusNotebook,
    FocusInspector,
    ToggleNavigation,
    ToggleInspector,
    SystemTheme,
    LightTheme,
    DarkTheme,
    Palette,
    Shortcuts,
}

/// When a shortcut counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Always, also while a cell is edited.
    Everywhere,
    /// While no text and no button has the focus.
    Notebook,
}

const CTRL: Modifiers = Modifiers::COMMAND;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const ALT: Modifiers = Modifiers::ALT;
const NONE: Modifiers = Modifiers::NONE;

impl Command {
    /// All, in the order of the palette.
    pub const ALL: [Self; 43] = [
        Self::RunCell,
        Self::RunCellAndNext,
        Self::RunAll,
        Self::Stop,
        Self::Measure,
        Self::SendToCloud,
        Self::AddSource,
        Self::AddQuery,
        Self::AddChart,
        Self::AddTrain,
        Self::AddText,
        Self::AddAbove,
        Self::AddBelow,
        Self::Edit,
        Self::Rename,
        Self::MoveUp,
        Self::MoveDown,
        Self::Remove,
        Self::Previous,
        Self::Next,
        Self::Undo,
        Self::Redo,
        Self::Save,
        Self::OpenFolder,
        Self::AddData,
        Self::NewNotebook,
        Self::CloseProject,
        Self::ManageTargets,
        Self::AddTarget,
        Self::ShowColumn,
        Self::ShowRun,
        Self::ShowPlaces,
        Self::FocusNavigation,
        Self::FocusNotebook,
        Self::FocusInspector,
        Self::ToggleNavigation,
        Self::ToggleInspector,
        Self::SystemTheme,
        Self::LightTheme,
        Self::DarkTheme,
        Self::Palette,
        Self::Shortcuts,
        Self::Quit,
    ];

    /// As on buttons and in menus.
    pub fn text(self) -> &'static str {
        match self {
            Self::OpenFolder => "Open folder…",
            Self::AddData => "Add data files…",
            Self::NewNotebook => "New notebook…",
            Self::Save => "Save",
            Self::CloseProject => "Close project",
            Self::Quit => "Quit",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::RunCell => "Run cell",
            Self::RunCellAndNext => "Run cell and go to the next",
            Self::RunAll => "Run all",
            Self::Stop => "Stop",
            Self::Measure => "Measure",
            Self::SendToCloud => "Send to cloud…",
            Self::ManageTargets => "Manage targets…",
            Self::AddTarget => "Add a target…",
            Self::AddSource => "Add source",
            Self::AddQuery => "Add query",
            Self::AddChart => "Add chart",
            Self::AddTrain => "Add training",
            Self::AddText => "Add text",
            Self::AddAbove => "Add above…",
            Self::AddBelow => "Add below…",
            Self::Edit => "Edit",
            Self::Rename => "Rename…",
            Self::MoveUp => "Move up",
            Self::MoveDown => "Move down",
            Self::Remove => "Remove",
            Self::Previous => "Select the previous block",
            Self::Next => "Select the next block",
            Self::ShowColumn => "Show column",
            Self::ShowRun => "Show run",
            Self::ShowPlaces => "Show where it runs",
            Self::FocusNavigation => "Go to navigation",
            Self::FocusNotebook => "Go to notebook",
            Self::FocusInspector => "Go to inspector",
            Self::ToggleNavigation => "Show or hide navigation",
            Self::ToggleInspector => "Show or hide inspector",
            Self::SystemTheme => "Colours of the system",
            Self::LightTheme => "Light colours",
            Self::DarkTheme => "Dark colours",
            Self::Palette => "Run a command…",
            Self::Shortcuts => "Keyboard shortcuts",
        }
    }

    /// What it does, in a sentence.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::OpenFolder => "Open a project, or any folder with data",
            Self::AddData => "Choose CSV, Parquet, JSON lines or Arrow files: each becomes a source",
            Self::NewNotebook => "Start another notebook in this project",
            Self::Save => "Write the notebook to its file",
            Self::CloseProject => "Back to the start; runs go on",
            Self::Quit => "Close the window",
            Self::Undo => "Take the last change of the text back",
            Self::Redo => "Do it again",
            Self::RunCell => "Run the selected cell and what it needs",
            Self::RunCellAndNext => "Run the selected cell, then select the next one",
            Self::RunAll => "Run every cell, in order of what they need",
            Self::Stop => "Stop what the selected cell does",
            Self::Measure => "Take a few steps of the real model and say what the whole run costs",
            Self::SendToCloud => "See what would leave this machine, then send it",
            Self::ManageTargets => "Machines that runs can be sent to",
            Self::AddTarget => "Describe a machine that runs can be sent to",
            Self::AddSource => "A table from a file",
            Self::AddQuery => "A table from other tables, in SQL",
            Self::AddChart => "A picture of a table",
            Self::AddTrain => "A model that learns to predict a column",
            Self::AddText => "Words, in Markdown",
            Self::AddAbove => "Choose what to add above the selected block",
            Self::AddBelow => "Choose what to add below the selected block",
            Self::Edit => "Edit the selected block as text",
            Self::Rename => "Give the selected cell another name",
            Self::MoveUp => "Move the selected block up",
            Self::MoveDown => "Move the selected block down",
            Self::Remove => "Remove the selected block; undo brings it back",
            Self::Previous => "Select the block above",
            Self::Next => "Select the block below",
            Self::ShowColumn => "What is known about the selected column",
            Self::ShowRun => "Metrics of a run",
            Self::ShowPlaces => "The verdict with its reasons, and where a run can go",
            Self::FocusNavigation => "Move the keyboard to the left panel",
            Self::FocusNotebook => "Move the keyboard to the notebook",
            Self::FocusInspector => "Move the keyboard to the right panel",
            Self::ToggleNavigation => "More room for the notebook",
            Self::ToggleInspector => "More room for the notebook",
            Self::SystemTheme => "Light or dark as the system has it",
            Self::LightTheme => "Dark words on a light ground",
            Self::DarkTheme => "Light words on a dark ground",
            Self::Palette => "Find commands, cells, columns, notebooks and examples by name",
            Self::Shortcuts => "All keys on one sheet",
        }
    }

    /// Its keys, the first of which is shown.
    pub fn shortcuts(self) -> &'static [KeyboardShortcut] {
        const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
            KeyboardShortcut::new(modifiers, key)
        }
        match self {
            Self::OpenFolder => const { &[key(CTRL, Key::O)] },
            Self::NewNotebook => const { &[key(CTRL, Key::N)] },
            Self::Save => const { &[key(CTRL, Key::S)] },
            Self::Quit => const { &[key(CTRL, Key::Q)] },
            Self::Undo => const { &[key(CTRL, Key::Z)] },
            Self::Redo => const { &[key(CTRL_SHIFT, Key::Z), key(CTRL, Key::Y)] },
            Self::RunCell => const { &[key(CTRL, Key::Enter)] },
            Self::RunCellAndNext => const { &[key(SHIFT, Key::Enter)] },
            Self::RunAll => const { &[key(CTRL_SHIFT, Key::Enter)] },
            Self::Measure => const { &[key(CTRL_SHIFT, Key::M)] },
            Self::SendToCloud => const { &[key(CTRL_SHIFT, Key::U)] },
            Self::AddAbove => const { &[key(NONE, Key::A)] },
            Self::AddBelow => const { &[key(NONE, Key::B)] },
            Self::Edit => const { &[key(NONE, Key::Enter)] },
            Self::Rename => const { &[key(NONE, Key::F2)] },
            Self::MoveUp => const { &[key(ALT, Key::ArrowUp)] },
            Self::MoveDown => const { &[key(ALT, Key::ArrowDown)] },
            Self::Remove => const { &[key(NONE, Key::Delete)] },
            Self::Previous => const { &[key(NONE, Key::ArrowUp), key(NONE, Key::K)] },
            Self::Next => const { &[key(NONE, Key::ArrowDown), key(NONE, Key::J)] },
            Self::FocusNavigation => const { &[key(CTRL, Key::Num1)] },
            Self::FocusNotebook => const { &[key(CTRL, Key::Num2)] },
            Self::FocusInspector => const { &[key(CTRL, Key::Num3)] },
            Self::ToggleNavigation => const { &[key(CTRL, Key::B)] },
            Self::ToggleInspector => const { &[key(CTRL_SHIFT, Key::B)] },
            Self::Palette => const { &[key(CTRL_SHIFT, Key::P), key(CTRL, Key::P)] },
            Self::Shortcuts => const { &[key(NONE, Key::F1), key(CTRL, Key::Slash)] },
            _ => &[],
        }
    }

    /// Its first keys as shown: `Ctrl Shift P`.
    pub fn keys(self, ctx: &Context) -> Option<String> {
        let shortcut = self.shortcuts().first()?;
        Some(ctx.format_shortcut(shortcut).replace('+', " "))
    }

    /// When its keys count.
    pub fn scope(self) -> Scope {
        match self {
            Self::AddAbove
            | Self::AddBelow
            | Self::Edit
            | Self::Rename
            | Self::MoveUp
            | Self::MoveDown
            | Self::Remove
            | Self::Previous
            | Self::Next => Scope::Notebook,
            _ => Scope::Everywhere,
        }
    }

    /// The command that adds a kind of cell.
    pub fn adding(kind: &CellKind) -> Self {
        match kind {
            CellKind::Source => Self::AddSource,
            CellKind::Query => Self::AddQuery,
            CellKind::Chart => Self::AddChart,
            CellKind::Train => Self::AddTrain,
            CellKind::Unknown(_) => Self::AddText,
        }
    }

    /// What it adds: a kind of cell, or `Some(None)` for prose.
    fn added(self) -> Option<Option<CellKind>> {
        match self {
            Self::AddSource => Some(Some(CellKind::Source)),
            Self::AddQuery => Some(Some(CellKind::Query)),
            Self::AddChart => Some(Some(CellKind::Chart)),
            Self::AddTrain => Some(Some(CellKind::Train)),
            Self::AddText => Some(None),
            _ => None,
        }
    }

    /// Whether it can be done now.
    pub fn enabled(self, frame: &Frame<'_>) -> bool {
        let notebook = frame.notebook();
        let cell = frame.selected_cell().map(|(_, cell)| cell);
        match self {
            Self::OpenFolder
            | Self::Quit
            | Self::SystemTheme
            | Self::LightTheme
            | Self::DarkTheme
            | Self::Palette
            | Self::Shortcuts => true,
            Self::AddData
            | Self::NewNotebook
            | Self::CloseProject
            | Self::ManageTargets
            | Self::AddTarget
            | Self::ToggleNavigation
            | Self::ToggleInspector
            | Self::ShowColumn
            | Self::ShowRun
            | Self::ShowPlaces
            | Self::FocusNavigation
            | Self::FocusInspector => frame.project().is_some(),
            Self::AddSource
            | Self::AddQuery
            | Self::AddChart
            | Self::AddTrain
            | Self::AddText
            | Self::FocusNotebook => notebook.is_some(),
            Self::Save => notebook.is_some_and(|notebook| notebook.unsaved),
            Self::Undo => notebook.is_some_and(|notebook| notebook.can_undo),
            Self::Redo => notebook.is_some_and(|notebook| notebook.can_redo),
            Self::RunAll => notebook.is_some_and(|notebook| notebook.blocks.iter().any(|b| cell_of(b).is_some())),
            Self::RunCell | Self::Rename => cell.is_some(),
            Self::Stop => cell.is_some_and(|cell| task_of(&cell.state).is_some()),
            Self::Measure | Self::SendToCloud => frame.train_cell().is_some(),
            Self::AddAbove => previous(frame).is_some(),
            Self::RunCellAndNext | Self::AddBelow | Self::Edit | Self::MoveUp | Self::MoveDown | Self::Remove => {
                frame.selected().is_some()
            }
            Self::Previous | Self::Next => notebook.is_some_and(|notebook| notebook.blocks.iter().any(is_shown)),
        }
    }

    /// Does it.
    pub fn perform(self, ctx: &Context, frame: &mut Frame<'_>) {
        let selected = frame.view.selected;
        if let Some(kind) = self.added() {
            return add_block(frame, selected, kind);
        }
        match self {
            Self::OpenFolder => frame.ask_shell(ShellRequest::OpenFolderDialog),
            Self::AddData => frame.ask_shell(ShellRequest::OpenFilesDialog),
            Self::NewNotebook => frame.view.new_notebook = Some(String::new()),
            Self::Save => frame.send(Operation::Save),
            Self::CloseProject => frame.send(Operation::CloseProject),
            Self::Quit => frame.send(Operation::RequestClose),
            Self::Undo => frame.send(Operation::Undo),
            Self::Redo => frame.send(Operation::Redo),
            Self::RunCell => run_selected(frame),
            Self::RunCellAndNext => {
                run_selected(frame);
                step(ctx, frame, true);
            }
            Self::RunAll => frame.send(Operation::RunAll),
            Self::Stop => {
                if let Some(task) = frame.selected_cell().and_then(|(_, cell)| task_of(&cell.state)) {
                    frame.send(Operation::Stop { task });
                }
            }
            Self::Measure => {
                if let Some((block, _)) = frame.train_cell() {
                    let rows = frame.view.rows_of(block);
                    frame.view.tab = Tab::Places;
                    frame.send(Operation::Plan { block, rows });
                }
            }
            Self::SendToCloud => send_to_cloud(frame),
            Self::ManageTargets => frame.view.targets = Some(TargetForm::default()),
            Self::AddTarget => frame.view.targets = Some(TargetForm::new_target()),
            Self::AddAbove => frame.view.adding = previous(frame).map(|after| Adding { after: Some(after) }),
            Self::AddBelow => frame.view.adding = Some(Adding { after: selected }),
            Self::Edit => edit(ctx, frame),
            Self::Rename => {
                if let Some((block, cell)) = frame.selected_cell() {
                    frame.view.renaming = Some(crate::cell::rename::Renaming::new(block, &cell.name));
                }
            }
            Self::MoveUp | Self::MoveDown => {
                if let Some(block) = selected {
                    let down = self == Self::MoveDown;
                    frame.view.reveal = Some(block);
                    frame.send(Operation::Move { block, down });
                }
            }
            Self::Remove => {
                if let Some(block) = selected {
                    step(ctx, frame, true);
                    frame.send(Operation::Remove { block });
                }
            }
            Self::Previous => step(ctx, frame, false),
            Self::Next => step(ctx, frame, true),
            Self::ShowColumn => show_tab(frame, Tab::Column),
            Self::ShowRun => show_tab(frame, Tab::Run),
            Self::ShowPlaces => show_tab(frame, Tab::Places),
            Self::FocusNavigation => {
                frame.view.navigation_hidden = false;
                focus::request(ctx, focus::NAVIGATION);
            }
            Self::FocusNotebook => match selected {
                Some(block) => ctx.memory_mut(|memory| memory.request_focus(block_id(block))),
                None => step(ctx, frame, true),
            },
            Self::FocusInspector => {
                frame.view.inspector_hidden = false;
                focus::request(ctx, focus::INSPECTOR);
            }
            Self::ToggleNavigation => frame.view.navigation_hidden = !frame.view.navigation_hidden,
            Self::ToggleInspector => frame.view.inspector_hidden = !frame.view.inspector_hidden,
            Self::SystemTheme => frame.send(Operation::SetTheme { theme: Theme::System }),
            Self::LightTheme => frame.send(Operation::SetTheme { theme: Theme::Light }),
            Self::DarkTheme => frame.send(Operation::SetTheme { theme: Theme::Dark }),
            Self::Palette => frame.view.palette = Some(Palette::default()),
            Self::Shortcuts => frame.view.shortcuts = true,
            // Handled above, because they add something.
            Self::AddSource | Self::AddQuery | Self::AddChart | Self::AddTrain | Self::AddText => {}
        }
    }
}

/// Adds a cell, or prose without a kind, after a block.
pub fn add_block(frame: &mut Frame<'_>, after: Option<BlockId>, kind: Option<CellKind>) {
    frame.add(match kind {
        Some(kind) => Operation::AddCell { after, kind },
        None => Operation::AddProse { after },
    });
}

/// Runs a cell on the rows that were chosen for it.
pub fn run_block(frame: &mut Frame<'_>, block: BlockId) {
    let is_train = frame
        .block(block)
        .and_then(cell_of)
        .is_some_and(|cell| cell.kind == CellKind::Train);
    let rows = if is_train { frame.view.rows_of(block) } else { Rows::Sample };
    frame.send(Operation::Run { block, rows });
}

/// Selects a tab of the inspector.
pub fn show_tab(frame: &mut Frame<'_>, tab: Tab) {
    frame.view.inspector_hidden = false;
    frame.view.tab = tab;
}

/// The piece of work that a cell's state tells of.
pub fn task_of(state: &CellState) -> Option<aloft_protocol::TaskId> {
    match state {
        CellState::Waiting { task } | CellState::Running { task, .. } => Some(*task),
        _ => None,
    }
}

fn run_selected(frame: &mut Frame<'_>) {
    if let Some((block, _)) = frame.selected_cell() {
        run_block(frame, block);
    }
}

fn send_to_cloud(frame: &mut Frame<'_>) {
    let Some((block, _)) = frame.train_cell() else {
        return;
    };
    show_tab(frame, Tab::Places);
    match frame.target().map(str::to_owned) {
        Some(target) => {
            let rows = frame.view.rows_of(block);
            frame.send(Operation::Preflight { block, target, rows });
        }
        None => frame.view.targets = Some(TargetForm::new_target()),
    }
}

fn edit(ctx: &Context, frame: &mut Frame<'_>) {
    if let Some(block) = frame.selected() {
        if matches!(block.content, BlockContent::Prose) {
            frame.view.write(block.id);
        }
        ctx.memory_mut(|memory| memory.request_focus(editor_id(block.id)));
    }
}

/// The block before the selected one, in the text.
fn previous(frame: &Frame<'_>) -> Option<BlockId> {
    let blocks = &frame.notebook()?.blocks;
    let index = blocks.iter().position(|block| Some(block.id) == frame.view.selected)?;
    Some(blocks.get(index.checked_sub(1)?)?.id)
}

/// Moves the selection by one block that can be seen.
fn step(ctx: &Context, frame: &mut Frame<'_>, down: bool) {
    let Some(notebook) = frame.notebook() else {
        return;
    };
    let shown: Vec<BlockId> = notebook.blocks.iter().filter(|b| is_shown(b)).map(|b| b.id).collect();
    let at = shown.iter().position(|id| Some(*id) == frame.view.selected);
    let next = match (at, down) {
        (None, true) => shown.first(),
        (None, false) => shown.last(),
        (Some(at), true) => shown.get(at + 1).or(shown.last()),
        (Some(at), false) => shown.get(at.saturating_sub(1)),
    };
    if let Some(&block) = next {
        frame.view.writing = None;
        frame.go_to(block);
        ctx.memory_mut(|memory| {
            memory.request_focus(block_id(block));
            // The arrow has done its work; it must not carry the focus on to the nearest widget.
            memory.move_focus(egui::FocusDirection::None);
        });
    }
}
