//! Everything that can be done, in one place: words, shortcuts, when it is possible, and what it does. Buttons, menus,
//! the palette and the sheet of shortcuts are made of it.

mod perform;

pub use perform::{add_block, run_block, show_tab, task_of};

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
    RunFull,
    RunAll,
    Stop,
    StopAll,
    SaveChart,
    CopyChart,
    ClearSelection,
    WriteFilter,
    Measure,
    SendToCloud,
    ExportModel,
    ResumeRun,
    ManageTargets,
    AddTarget,
    AddSource,
    AddQuery,
    AddParam,
    AddChart,
    AddTrain,
    AddSweep,
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
    ToggleWidth,
    Larger,
    Smaller,
    UsualSize,
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
    pub const ALL: [Self; 57] = [
        Self::RunCell,
        Self::RunCellAndNext,
        Self::RunFull,
        Self::RunAll,
        Self::Stop,
        Self::StopAll,
        Self::SaveChart,
        Self::CopyChart,
        Self::ClearSelection,
        Self::WriteFilter,
        Self::Measure,
        Self::SendToCloud,
        Self::ExportModel,
        Self::ResumeRun,
        Self::AddSource,
        Self::AddQuery,
        Self::AddParam,
        Self::AddChart,
        Self::AddTrain,
        Self::AddSweep,
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
        Self::ToggleWidth,
        Self::Larger,
        Self::Smaller,
        Self::UsualSize,
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
            Self::RunFull => "Run on all rows",
            Self::RunAll => "Run all",
            Self::SaveChart => "Save chart…",
            Self::CopyChart => "Copy chart as a picture",
            Self::ClearSelection => "Clear the selection",
            Self::WriteFilter => "Write the selection as a filter",
            Self::Stop => "Stop",
            Self::StopAll => "Stop all",
            Self::Measure => "Measure",
            Self::SendToCloud => "Send to cloud…",
            Self::ExportModel => "Export model…",
            Self::ResumeRun => "Resume run",
            Self::ManageTargets => "Manage targets…",
            Self::AddTarget => "Add a target…",
            Self::AddSource => "Add source",
            Self::AddQuery => "Add query",
            Self::AddParam => "Add parameter",
            Self::AddChart => "Add chart",
            Self::AddTrain => "Add training",
            Self::AddSweep => "Add sweep",
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
            Self::ToggleWidth => "Wide or narrow notebook",
            Self::Larger => "Larger",
            Self::Smaller => "Smaller",
            Self::UsualSize => "Usual size",
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
            Self::RunFull => "Run the selected cell on all rows instead of the samples",
            Self::SaveChart => "Write the selected chart to a PNG or SVG file",
            Self::CopyChart => "Put the selected chart on the clipboard",
            Self::ClearSelection => "Show all rows again",
            Self::WriteFilter => "Add a query with the rows that are selected in a chart",
            Self::RunAll => "Run every cell, in order of what they need",
            Self::Stop => "Stop what the selected cell does",
            Self::StopAll => "Stop everything that runs or waits",
            Self::Measure => "Take a few steps of the real model and say what the whole run costs",
            Self::SendToCloud => "See what would leave this machine, then send it",
            Self::ExportModel => "Write the model of the run that is shown for other programs",
            Self::ResumeRun => "Go on with the run that is shown from its last finished epoch",
            Self::ManageTargets => "Machines that runs can be sent to",
            Self::AddTarget => "Describe a machine that runs can be sent to",
            Self::AddSource => "A table from a file",
            Self::AddQuery => "A table from other tables, in SQL",
            Self::AddParam => "A value that queries use, with a control to change it",
            Self::AddChart => "A picture of a table",
            Self::AddTrain => "A model that learns to predict a column",
            Self::AddSweep => "Many trainings with other values, to find the best",
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
            Self::ToggleWidth => "As wide as the window, for wide tables, or a column to read",
            Self::Larger => "Paint everything larger",
            Self::Smaller => "Paint everything smaller",
            Self::UsualSize => "Paint everything in its usual size",
            Self::SystemTheme => "Light or dark as the system has it",
            Self::LightTheme => "Dark words on a light ground",
            Self::DarkTheme => "Light words on a dark ground",
            Self::Palette => "Find commands, cells, columns, notebooks and examples by name",
            Self::Shortcuts => "All keys on one sheet",
        }
    }

    /// Other words that people look for it by.
    pub fn also(self) -> &'static str {
        match self {
            Self::OpenFolder => "open project load file",
            Self::AddData => "import upload csv parquet excel file",
            Self::CloseProject => "exit welcome start home recent",
            Self::Quit => "exit close window",
            Self::RunCell | Self::RunAll => "execute evaluate start train",
            Self::RunFull => "full data whole table",
            Self::Stop | Self::StopAll => "cancel interrupt abort kill",
            Self::SaveChart => "export picture image png svg download",
            Self::CopyChart => "clipboard image png",
            Self::ClearSelection => "reset filter brush all rows",
            Self::WriteFilter => "where subset brush",
            Self::Measure => "forecast price estimate cost time",
            Self::SendToCloud => "remote upload ssh gpu preflight",
            Self::ManageTargets | Self::AddTarget => "settings cloud ssh server machine host",
            Self::AddSource => "new table data read",
            Self::AddQuery => "new sql select",
            Self::AddParam => "new slider input variable widget",
            Self::AddChart => "new plot graph histogram visualize",
            Self::AddTrain => "new model fit predict learn",
            Self::AddSweep => "new tune hyperparameter search optimize",
            Self::AddText => "new markdown prose note",
            Self::AddAbove | Self::AddBelow => "insert new cell",
            Self::Remove => "delete cell",
            Self::Undo => "revert",
            Self::ShowColumn => "profile statistics inspector",
            Self::ExportModel => "save download onnx pytorch safetensors weights",
            Self::ResumeRun => "continue restart go on training checkpoint",
            Self::ShowRun => "metrics inspector",
            Self::ShowPlaces => "verdict forecast limits cost inspector",
            Self::ToggleNavigation => "sidebar left panel",
            Self::ToggleInspector => "sidebar right panel",
            Self::ToggleWidth => "full width layout page column",
            Self::Larger | Self::Smaller | Self::UsualSize => "zoom scale size settings text font",
            Self::SystemTheme | Self::LightTheme | Self::DarkTheme => "theme appearance mode settings colors",
            Self::Shortcuts => "help keys bindings hotkeys",
            _ => "",
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
            Self::ClearSelection => const { &[key(NONE, Key::Escape)] },
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
            Self::ToggleWidth => const { &[key(CTRL_SHIFT, Key::W)] },
            Self::Larger => const { &[key(CTRL, Key::Plus), key(CTRL, Key::Equals)] },
            Self::Smaller => const { &[key(CTRL, Key::Minus)] },
            Self::UsualSize => const { &[key(CTRL, Key::Num0)] },
            Self::Palette => const { &[key(CTRL_SHIFT, Key::P), key(CTRL, Key::P)] },
            Self::Shortcuts => const { &[key(NONE, Key::F1), key(CTRL, Key::Slash)] },
            _ => &[],
        }
    }

    /// Its first keys as shown: `Ctrl Shift P`.
    pub fn keys(self, ctx: &Context) -> Option<String> {
        Some(keys_text(ctx, self.shortcuts().first()?))
    }

    /// When its keys count.
    pub fn scope(self) -> Scope {
        match self {
            Self::AddAbove
            | Self::AddBelow
            | Self::ClearSelection
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
            CellKind::Param => Self::AddParam,
            CellKind::Chart => Self::AddChart,
            CellKind::Train => Self::AddTrain,
            CellKind::Sweep => Self::AddSweep,
            CellKind::Unknown(_) => Self::AddText,
        }
    }

    /// What it adds: a kind of cell, or `Some(None)` for prose.
    fn added(self) -> Option<Option<CellKind>> {
        match self {
            Self::AddSource => Some(Some(CellKind::Source)),
            Self::AddQuery => Some(Some(CellKind::Query)),
            Self::AddParam => Some(Some(CellKind::Param)),
            Self::AddChart => Some(Some(CellKind::Chart)),
            Self::AddTrain => Some(Some(CellKind::Train)),
            Self::AddSweep => Some(Some(CellKind::Sweep)),
            Self::AddText => Some(None),
            _ => None,
        }
    }
}

/// Keys as shown: `Ctrl Shift P`.
pub fn keys_text(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let words = ctx.format_shortcut(shortcut).replace('+', " ");
    // What stands on the keys, rather than what they are called.
    [
        ("Escape", "Esc"),
        ("Slash", "/"),
        ("Plus", "+"),
        ("Equals", "="),
        ("Minus", "-"),
    ]
    .iter()
    .fold(words, |words, (name, key)| words.replace(name, key))
}
