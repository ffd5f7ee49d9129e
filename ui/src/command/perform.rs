//! When a command is possible, and what it does.

use super::Command;
use crate::ShellRequest;
use crate::cell::rename::Renaming;
use crate::focus;
use crate::inspector::{Tab, can_resume};
use crate::palette::Palette;
use crate::targets::TargetForm;
use crate::view::{Adding, Frame, block_id, cell_of, editor_id, is_shown};
use aloft_protocol::operation::{Rows, Theme};
use aloft_protocol::snapshot::{BlockContent, CellState};
use aloft_protocol::{BlockId, Operation, TaskId};
use aloft_spec::run::RunStatus;
use aloft_spec::{CellKind, Output};
use egui::Context;

impl Command {
    /// Whether it can be done now.
    pub fn enabled(self, frame: &Frame<'_>) -> bool {
        let notebook = frame.notebook();
        let cell = frame.selected_cell().map(|(_, cell)| cell);
        match self {
            Self::OpenFolder
            | Self::Quit
            | Self::Larger
            | Self::Smaller
            | Self::UsualSize
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
            | Self::AddParam
            | Self::AddChart
            | Self::AddTrain
            | Self::AddSweep
            | Self::AddText
            | Self::ToggleWidth
            | Self::FocusNotebook => notebook.is_some(),
            Self::Save => notebook.is_some_and(|notebook| notebook.unsaved),
            Self::Undo => notebook.is_some_and(|notebook| notebook.can_undo),
            Self::Redo => notebook.is_some_and(|notebook| notebook.can_redo),
            Self::RunAll => {
                notebook.is_some_and(|notebook| notebook.blocks.iter().any(|b| cell_of(b).is_some()))
            }
            Self::RunCell | Self::Rename => cell.is_some(),
            Self::RunFull => cell.is_some_and(|cell| {
                matches!(cell.kind, CellKind::Source | CellKind::Query | CellKind::Chart)
            }),
            Self::SaveChart | Self::CopyChart => {
                cell.is_some_and(|cell| matches!(cell.output, Some(Output::Chart(_))))
            }
            Self::ClearSelection => {
                frame.view.dragged.is_some() || notebook.is_some_and(|notebook| notebook.selection.is_some())
            }
            Self::WriteFilter => notebook.is_some_and(|notebook| notebook.selection.is_some()),
            Self::Stop => cell.is_some_and(|cell| task_of(&cell.state).is_some()),
            Self::StopAll => frame.snapshot.tasks.iter().any(|task| task.stoppable),
            Self::Measure | Self::SendToCloud => frame.train_cell().is_some(),
            Self::ExportModel => frame.run().is_some_and(|run| run.status == RunStatus::Done),
            Self::ResumeRun => frame.run().is_some_and(can_resume),
            Self::AddAbove => previous(frame).is_some(),
            Self::RunCellAndNext
            | Self::AddBelow
            | Self::Edit
            | Self::MoveUp
            | Self::MoveDown
            | Self::Remove => frame.selected().is_some(),
            Self::Previous | Self::Next => {
                notebook.is_some_and(|notebook| notebook.blocks.iter().any(is_shown))
            }
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
            Self::RunFull => {
                if let Some((block, _)) = frame.selected_cell() {
                    let rows = Rows::All;
                    frame.send(Operation::Run { block, rows });
                }
            }
            Self::SaveChart => {
                if let Some((block, cell)) = frame.selected_cell() {
                    let name = cell.name.clone();
                    frame.ask_shell(ShellRequest::SaveChartDialog { block, name });
                }
            }
            Self::CopyChart => {
                if let Some((block, _)) = frame.selected_cell() {
                    frame.send(Operation::CopyChart { block });
                }
            }
            Self::ClearSelection => match frame.view.dragged.take() {
                Some(_) => {}
                None => frame.send(Operation::ClearSelection),
            },
            Self::WriteFilter => {
                if let Some(selection) = frame.notebook().and_then(|notebook| notebook.selection.clone()) {
                    let (block, ask) = (selection.table, selection.filter);
                    frame.add(Operation::Ask { block, ask });
                }
            }
            Self::RunAll => frame.send(Operation::RunAll),
            Self::Stop => {
                if let Some(task) = frame.selected_cell().and_then(|(_, cell)| task_of(&cell.state)) {
                    frame.send(Operation::Stop { task });
                }
            }
            Self::StopAll => {
                for task in frame.snapshot.tasks.iter().filter(|task| task.stoppable) {
                    frame.send(Operation::Stop { task: task.id });
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
            Self::ExportModel => {
                if let Some(run) = frame.run() {
                    let (run, name) = (run.id.clone(), run.cell.clone());
                    frame.ask_shell(ShellRequest::ExportModelDialog { run, name });
                }
            }
            Self::ResumeRun => {
                if let Some(run) = frame.run().map(|run| run.id.clone()) {
                    show_tab(frame, Tab::Run);
                    frame.send(Operation::Resume { run });
                }
            }
            Self::ManageTargets => frame.view.targets = Some(TargetForm::default()),
            Self::AddTarget => frame.view.targets = Some(TargetForm::new_target()),
            Self::AddAbove => frame.view.adding = previous(frame).map(|after| Adding { after: Some(after) }),
            Self::AddBelow => frame.view.adding = Some(Adding { after: selected }),
            Self::Edit => edit(ctx, frame),
            Self::Rename => {
                if let Some((block, cell)) = frame.selected_cell() {
                    frame.view.renaming = Some(Renaming::new(block, &cell.name));
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
                frame.view.panels.navigation_hidden = false;
                focus::request(ctx, focus::NAVIGATION);
            }
            Self::FocusNotebook => match selected {
                Some(block) => ctx.memory_mut(|memory| memory.request_focus(block_id(block))),
                None => step(ctx, frame, true),
            },
            Self::FocusInspector => {
                frame.view.panels.inspector_hidden = false;
                focus::request(ctx, focus::INSPECTOR);
            }
            Self::ToggleNavigation => {
                frame.view.panels.navigation_hidden = !frame.view.panels.navigation_hidden;
            }
            Self::ToggleInspector => frame.view.panels.inspector_hidden = !frame.view.panels.inspector_hidden,
            Self::ToggleWidth => frame.view.panels.wide = !frame.view.panels.wide,
            Self::Larger => zoom(ctx, frame, |percent| percent + ZOOM_STEP),
            Self::Smaller => zoom(ctx, frame, |percent| percent.saturating_sub(ZOOM_STEP)),
            Self::UsualSize => zoom(ctx, frame, |_| 100),
            Self::SystemTheme => frame.send(Operation::SetTheme { theme: Theme::System }),
            Self::LightTheme => frame.send(Operation::SetTheme { theme: Theme::Light }),
            Self::DarkTheme => frame.send(Operation::SetTheme { theme: Theme::Dark }),
            Self::Palette => frame.view.palette = Some(Palette::default()),
            Self::Shortcuts => frame.view.shortcuts = true,
            // Handled above, because they add something.
            Self::AddSource
            | Self::AddQuery
            | Self::AddParam
            | Self::AddChart
            | Self::AddTrain
            | Self::AddSweep
            | Self::AddText => {}
        }
    }
}

/// Percent that everything gets larger or smaller by at once, and how small and large it gets.
const ZOOM_STEP: u16 = 10;
const ZOOM: std::ops::RangeInclusive<u16> = 50..=300;

/// Paints everything in another size.
fn zoom(ctx: &Context, frame: &mut Frame<'_>, other: impl FnOnce(u16) -> u16) {
    let now = (ctx.zoom_factor() * 100.0).round() as u16;
    let percent = other(now).clamp(*ZOOM.start(), *ZOOM.end());
    if percent != now {
        ctx.set_zoom_factor(f32::from(percent) / 100.0);
        frame.send(Operation::KeepZoom { percent });
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
    let trains = frame
        .block(block)
        .and_then(cell_of)
        .is_some_and(|cell| matches!(cell.kind, CellKind::Train | CellKind::Sweep));
    let rows = if trains {
        frame.view.rows_of(block)
    } else {
        Rows::Sample
    };
    frame.send(Operation::Run { block, rows });
}

/// Selects a tab of the inspector.
pub fn show_tab(frame: &mut Frame<'_>, tab: Tab) {
    frame.view.panels.inspector_hidden = false;
    frame.view.tab = tab;
}

/// The piece of work that a cell's state tells of.
pub fn task_of(state: &CellState) -> Option<TaskId> {
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
        None => frame.view.targets = Some(TargetForm::to_send(block)),
    }
}

fn edit(ctx: &Context, frame: &mut Frame<'_>) {
    if let Some(block) = frame.selected() {
        if matches!(block.content, BlockContent::Prose) {
            frame.view.write(block.id);
        }
        focus::give(ctx, editor_id(block.id));
    }
}

/// The block before the selected one, in the text.
fn previous(frame: &Frame<'_>) -> Option<BlockId> {
    let blocks = &frame.notebook()?.blocks;
    let index = blocks
        .iter()
        .position(|block| Some(block.id) == frame.view.selected)?;
    Some(blocks.get(index.checked_sub(1)?)?.id)
}

/// Moves the selection by one block that can be seen.
fn step(ctx: &Context, frame: &mut Frame<'_>, down: bool) {
    let Some(notebook) = frame.notebook() else {
        return;
    };
    let shown: Vec<BlockId> = notebook
        .blocks
        .iter()
        .filter(|b| is_shown(b))
        .map(|b| b.id)
        .collect();
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
