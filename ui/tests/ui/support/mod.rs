//! A window over snapshots made by hand.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    reason = "each test file uses its own part, and a helper of tests may fail like a test"
)]

mod charts;
mod project;
mod reports;
mod table;
mod verdicts;

pub use charts::{charts, every_chart};
pub use project::{cell, flights, flights_of, notebook_mut, of, trained, welcome};
pub use reports::{binary, forecast, multiclass, regression, reported};
pub use verdicts::preflight;

use aloft_protocol::{Operation, Snapshot};
use aloft_ui::{App, FrameOutput, ShellRequest};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

/// The window over a snapshot; what it asks for is collected.
pub struct Window {
    pub app: Option<App>,
    pub snapshot: Snapshot,
    pub operations: Vec<Operation>,
    pub shell: Vec<ShellRequest>,
}

/// Frames until nothing moves any more: on the way to a block, those in between get their height.
const SETTLES: u64 = 12;

/// A window of the given size over a snapshot.
pub fn window(snapshot: Snapshot, size: [f32; 2]) -> Harness<'static, Window> {
    build(
        egui_kittest::Harness::builder()
            .with_size(size)
            .with_max_steps(SETTLES),
        snapshot,
    )
}

/// The same, able to paint pictures.
pub fn painted(snapshot: Snapshot, size: [f32; 2]) -> Harness<'static, Window> {
    build(
        egui_kittest::Harness::builder()
            .with_size(size)
            .with_max_steps(SETTLES)
            .wgpu(),
        snapshot,
    )
}

fn build(builder: egui_kittest::HarnessBuilder<Window>, snapshot: Snapshot) -> Harness<'static, Window> {
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

/// Size of a window that has room for all panels.
pub const WINDOW: [f32; 2] = [1440.0, 900.0];

pub const CTRL: Modifiers = Modifiers::COMMAND;

pub const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);

/// Presses a key, and lets the window settle.
pub fn press(harness: &mut Harness<'_, Window>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run();
}

/// Clicks what has this name, and lets the window settle.
pub fn click(harness: &mut Harness<'_, Window>, label: &str) {
    harness.get_by_label(label).click();
    harness.run();
}

/// What the window has asked the session for since the last time.
pub fn asked(harness: &mut Harness<'_, Window>) -> Vec<Operation> {
    std::mem::take(&mut harness.state_mut().operations)
}
