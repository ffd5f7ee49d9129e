//! The views of Aloft: they read one [`aloft_protocol::Snapshot`] a frame and return what the user wants done.

use aloft_protocol::{Operation, Snapshot};

/// State of the views that is nobody else's business: focus, scroll positions, open panels, text being typed.
#[derive(Default)]
pub struct App {}

/// What a frame asks for.
#[derive(Debug, Default, PartialEq)]
pub struct FrameOutput {
    /// For the session, in order.
    pub operations: Vec<Operation>,
    /// For the shell.
    pub shell: Vec<ShellRequest>,
}

/// What only the shell can do. It answers, where there is an answer, with an [`Operation`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellRequest {
    /// Ask for a folder; answered with `Operation::Open`.
    OpenFolderDialog,
    /// Ask for data files; answered with `Operation::Drop`.
    OpenFilesDialog,
    /// Show a file or folder in the system's file browser.
    Reveal(std::path::PathBuf),
}

impl App {
    /// Fonts, colours and state for a new window.
    pub fn new(_ctx: &egui::Context) -> Self {
        Self::default()
    }

    /// Paints one frame into the whole window.
    pub fn frame_ui(&mut self, ui: &mut egui::Ui, snapshot: &Snapshot) -> FrameOutput {
        ui.label(format!("revision {}", snapshot.revision));
        FrameOutput::default()
    }
}
