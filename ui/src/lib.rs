//! The views of Aloft: they read one [`aloft_protocol::Snapshot`] a frame and return what the user wants done.
//!
//! Enter at [`App::frame_ui`]: it turns keys into `command::Command`s, lays out the panels and shows what waits for an
//! answer. Each part of the window is a module with a `…_ui` function that is handed a `view::Frame`. What a thing
//! looks like is in `tokens`, `theme` and `widgets`; nothing else names a colour or a size.
//!
//! This crate never reads a file, waits for anything, or repaints while nothing moves.

mod cell;
mod chart;
mod command;
mod dialog;
mod drop;
mod editor;
mod focus;
mod fonts;
mod inspector;
mod menu;
mod metrics;
mod navigation;
mod notebook;
mod notices;
mod palette;
mod preflight;
mod prose;
mod questions;
mod report;
mod status_bar;
mod sweep;
mod table;
mod targets;
mod theme;
mod tokens;
mod top_bar;
mod training;
mod verdict;
mod view;
mod welcome;
mod widgets;

use aloft_protocol::{BlockId, Operation, Snapshot};
use aloft_spec::window::Panels;
use egui::{CentralPanel, ColorImage, Frame as Face, Panel, Stroke};
use tokens::{Tokens, size};
use view::{Frame, View};

/// State of the views that is nobody else's business: focus, scroll positions, open panels, text being typed.
pub struct App {
    view: View,
    /// The number of the picture that went to the clipboard last.
    copied: Option<u64>,
    /// What was around the notebook when that was last kept.
    kept: Option<Panels>,
    /// Whether everything has been made as large as it was last.
    zoomed: bool,
}

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
    /// Ask for a file for a run's model; answered with `Operation::ExportModel`.
    ExportModelDialog {
        /// The run's id.
        run: String,
        /// A name for the file, without its ending.
        name: String,
    },
    /// Ask where a chart is to be saved, as PNG or SVG; answered with `Operation::SaveChart`.
    SaveChartDialog {
        /// The chart.
        block: BlockId,
        /// A name for the file, without its ending.
        name: String,
    },
    /// Show a file or folder in the system's file browser.
    Reveal(std::path::PathBuf),
}

/// Below this width the inspector folds away by itself.
const ROOM_FOR_INSPECTOR: f32 = 1060.0;
/// Below this width navigation does, too.
const ROOM_FOR_NAVIGATION: f32 = 720.0;

impl App {
    /// Fonts, colours and state for a new window.
    pub fn new(ctx: &egui::Context) -> Self {
        theme::install(ctx);
        Self {
            view: View::default(),
            copied: None,
            kept: None,
            zoomed: false,
        }
    }

    /// Paints one frame into the whole window.
    pub fn frame_ui(&mut self, ui: &mut egui::Ui, snapshot: &Snapshot) -> FrameOutput {
        let ctx = ui.ctx().clone();
        let mut output = FrameOutput::default();
        theme::choose(&ctx, snapshot.theme);
        if let Some(percent) = snapshot.zoom_percent
            && !std::mem::replace(&mut self.zoomed, true)
        {
            ctx.set_zoom_factor((f32::from(percent) / 100.0).clamp(0.5, 3.0));
        }
        self.view.follow(snapshot);
        self.copy_picture(&ctx, snapshot);
        let mut frame = Frame {
            snapshot,
            view: &mut self.view,
            output: &mut output,
        };
        focus::keys(&ctx, &mut frame);
        let t = Tokens::of_ctx(&ctx);
        if snapshot.project.is_some() {
            project_ui(ui, &mut frame, t);
        } else {
            CentralPanel::no_frame()
                .frame(Face::new().fill(t.background))
                .show(ui, |ui| welcome::welcome_ui(ui, &mut frame));
        }
        cell::add::menu_ui(ui, &mut frame);
        targets::targets_ui(&ctx, &mut frame);
        questions::questions_ui(&ctx, &mut frame);
        palette::palette_ui(&ctx, &mut frame);
        notices::notices_ui(&ctx, &mut frame);
        drop::drop_ui(&ctx, &mut frame);
        self.keep_panels(snapshot, &mut output);
        output
    }
}

impl App {
    /// Says that something else is around the notebook now, once.
    fn keep_panels(&mut self, snapshot: &Snapshot, output: &mut FrameOutput) {
        let panels = self.view.panels;
        let Some(project) = &snapshot.project else { return };
        if project.window.panels == panels {
            self.kept = None;
        } else if self.kept.replace(panels) != Some(panels) {
            output.operations.push(Operation::KeepPanels { panels });
        }
    }

    /// Puts a picture that was asked for on the clipboard, once.
    fn copy_picture(&mut self, ctx: &egui::Context, snapshot: &Snapshot) {
        let Some(picture) = &snapshot.picture else { return };
        if self.copied.replace(picture.number) != Some(picture.number) {
            ctx.copy_image(ColorImage::from_rgba_unmultiplied(picture.size, &picture.rgba));
        }
    }
}

/// The window with a project in it.
fn project_ui(ui: &mut egui::Ui, frame: &mut Frame<'_>, t: &Tokens) {
    let width = ui.available_width();
    let bar = Face::new().fill(t.panel);
    Panel::top("top bar")
        .exact_size(size::TOP_BAR)
        .frame(bar)
        .show(ui, |ui| top_bar::top_bar_ui(ui, frame));
    Panel::bottom("status bar")
        .exact_size(size::STATUS_BAR)
        .frame(bar)
        .show(ui, |ui| status_bar::status_bar_ui(ui, frame));
    if !frame.view.panels.navigation_hidden && width >= ROOM_FOR_NAVIGATION {
        Panel::left("navigation")
            .default_size(size::NAVIGATION)
            .size_range(180.0..=360.0)
            .frame(bar)
            .show(ui, |ui| navigation::navigation_ui(ui, frame));
    }
    if !frame.view.panels.inspector_hidden && width >= ROOM_FOR_INSPECTOR {
        Panel::right("inspector")
            .default_size(size::INSPECTOR)
            .size_range(280.0..=480.0)
            .frame(bar)
            .show(ui, |ui| inspector::inspector_ui(ui, frame));
    }
    CentralPanel::no_frame()
        .frame(Face::new().fill(t.background).stroke(Stroke::NONE))
        .show(ui, |ui| notebook::notebook_ui(ui, frame));
}
