//! A cell's head: how it stands, what it is called, and what can be done with it.

use crate::cell::rename::rename_ui;
use crate::command::{Command, run_block, show_tab, task_of};
use crate::inspector::Tab;
use crate::menu::{self, command_item};
use crate::sweep;
use crate::tokens::{Tokens, font, size, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, Segments, dot, line, ring};
use crate::{fonts, training, verdict};
use aloft_protocol::Operation;
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{BlockView, CellState, CellView};
use aloft_spec::{CellKind, Code, text};
use egui::{Align, Color32, Layout, RichText, Ui, vec2};

/// What a name keeps of the room beside a long word on how the cell stands.
const NAME: f32 = 120.0;

/// What a verdict takes. Without room for it, it is in the inspector.
const CHIP: f32 = 130.0;
/// Words that are cut to less than this say nothing.
const WORDS: f32 = 48.0;

/// Shows the head over the whole width. What can be done has its room first; a long name is cut.
pub fn head_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let room = vec2(ui.available_width(), size::HEAD);
    ui.allocate_ui_with_layout(room, Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_size(room);
        ui.add_space(space::XS);
        ui.spacing_mut().item_spacing.x = space::XS;
        menu_ui(ui, frame, block, cell);
        match task_of(&cell.state) {
            Some(task) => {
                let name = format!("Stop {}", cell.name);
                let stop = Button::new("Stop").icon(Icon::Stop).small().name(&name);
                if ui.add(stop).clicked() {
                    frame.send(Operation::Stop { task });
                }
            }
            None if cell.kind == CellKind::Param => {}
            None => start_ui(ui, frame, block, cell),
        }
        ui.add_space(space::XS);
        words_ui(ui, cell);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(space::M);
            ui.spacing_mut().item_spacing.x = space::S;
            state_dot_ui(ui, &cell.state);
            names_ui(ui, frame, block, cell);
        });
    });
}

/// The name of a cell and what kind it is.
fn names_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let t = Tokens::of(ui);
    let kind = super::kind_word(&cell.kind);
    let kind = line(ui, kind, fonts::regular(font::BODY - 0.5), t.dim, f32::INFINITY);
    let renaming = frame.view.renaming.as_ref();
    if renaming.is_some_and(|renaming| renaming.block == block.id) {
        rename_ui(ui, frame);
    } else {
        let room = ui.available_width() - kind.size().x - space::S;
        let name = line(ui, &cell.name, fonts::mono(font::CODE), t.text, room);
        let label = egui::Label::new(name).sense(egui::Sense::CLICK);
        if ui.add(label).double_clicked() {
            frame.view.selected = Some(block.id);
            Command::Rename.perform(ui.ctx(), frame);
        }
    }
    if kind.size().x <= ui.available_width() {
        ui.label(kind);
    }
}

/// Run, or for a train or sweep cell: on which rows, what that costs, and train.
fn start_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let is_train = cell.kind == CellKind::Train;
    let trains = is_train || cell.kind == CellKind::Sweep;
    let verb = if is_train { "Train" } else { "Run" };
    let name = format!("{verb} {}", cell.name);
    let mut button = Button::new(verb).icon(Icon::Play).small().name(&name);
    if !trains {
        button = button.quiet();
    }
    let tip = menu::tip(ui.ctx(), Command::RunCell);
    if ui.add(button).on_hover_text(tip).clicked() {
        frame.view.selected = Some(block.id);
        run_block(frame, block.id);
    }
    if !trains {
        return;
    }
    if let Some(run) = resumable(cell) {
        let name = format!("Resume {}", cell.name);
        let button = Button::new("Resume").small().name(&name);
        if ui
            .add(button)
            .on_hover_text("Go on from the last checkpoint")
            .clicked()
        {
            frame.send(Operation::Resume { run: run.to_owned() });
        }
    }
    let mut rows = frame.view.rows_of(block.id);
    let options = [(Rows::Sample, "Sample"), (Rows::All, "All rows")];
    if Segments::new(&options).small().ui(ui, &mut rows) {
        frame.view.rows.insert(block.id, rows);
        frame.view.selected = Some(block.id);
    }
    if let Some(sweep) = &cell.sweep {
        sweep::price_ui(ui, frame, sweep, rows);
    } else if is_train && ui.available_width() >= NAME + CHIP && verdict::chip_ui(ui, cell, rows).clicked() {
        frame.view.selected = Some(block.id);
        show_tab(frame, Tab::Places);
        if crate::view::verdict_of(cell, rows).is_none() {
            frame.send(Operation::Plan {
                block: block.id,
                rows,
            });
        }
    }
}

/// The run that can go on: one that was stopped or lost here. One that found no memory would end in the same way.
fn resumable(cell: &CellView) -> Option<&str> {
    let ended = match &cell.state {
        CellState::Stopped => true,
        CellState::Failed { problem } => problem.code == Code::WorkerDied,
        _ => false,
    };
    let training = cell.training.as_ref()?;
    (ended && training.target.is_none()).then_some(&training.run)
}

/// How the cell stands, in words.
fn words_ui(ui: &mut Ui, cell: &CellView) {
    let t = Tokens::of(ui);
    let running = cell
        .training
        .as_ref()
        .filter(|_| matches!(cell.state, CellState::Running { .. }));
    let words = match running {
        Some(training) => training::progress(training),
        // It has its value without being run.
        None if cell.kind == CellKind::Param => String::new(),
        None => state_word(&cell.state),
    };
    let color = match cell.state {
        CellState::Failed { .. } => t.bad,
        CellState::Stale => t.warn,
        _ => t.dim,
    };
    let room = ui.available_width() - NAME;
    if !words.is_empty() && room >= WORDS {
        let words = RichText::new(words)
            .font(fonts::regular(font::BODY - 0.5))
            .color(color);
        ui.scope(|ui| {
            ui.set_max_width(room);
            ui.add(egui::Label::new(words).truncate());
        });
    }
}

fn menu_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let name = format!("More for {}", cell.name);
    let button = ui.add(Button::icon_only(Icon::Dots, &name));
    menu::popup(&button, |ui| {
        frame.view.selected = Some(block.id);
        for command in [Command::RunCell, Command::RunFull, Command::Edit, Command::Rename] {
            let has_it = command != Command::RunFull || command.enabled(frame);
            if has_it {
                command_item(ui, frame, command);
            }
        }
        if cell.kind == CellKind::Chart {
            ui.separator();
            command_item(ui, frame, Command::SaveChart);
            command_item(ui, frame, Command::CopyChart);
        }
        ui.separator();
        for command in [
            Command::AddAbove,
            Command::AddBelow,
            Command::MoveUp,
            Command::MoveDown,
        ] {
            command_item(ui, frame, command);
        }
        ui.separator();
        command_item(ui, frame, Command::Remove);
    });
}

/// The dot of a state; what is stale has a hollow one.
pub fn state_dot_ui(ui: &mut Ui, state: &CellState) {
    let t = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(size::DOT, size::DOT), egui::Sense::hover());
    let paint = if is_hollow(state) { ring } else { dot };
    paint(ui.painter(), rect.center(), dot_of(state, t));
}

/// Whether a state's dot is hollow: there is no output of the text as it is now.
pub fn is_hollow(state: &CellState) -> bool {
    matches!(
        state,
        CellState::Stale | CellState::New | CellState::Waiting { .. }
    )
}

/// The colour of a state's dot.
pub fn dot_of(state: &CellState, t: &Tokens) -> Color32 {
    match state {
        CellState::New | CellState::Stopped => t.faint,
        CellState::Stale | CellState::Waiting { .. } | CellState::Running { .. } => t.warn,
        CellState::Done { .. } => t.ok,
        CellState::Failed { .. } => t.bad,
    }
}

/// A state in a word or two.
pub fn state_word(state: &CellState) -> String {
    match state {
        CellState::New => String::new(),
        CellState::Stale => "stale".into(),
        CellState::Waiting { .. } => "waiting".into(),
        CellState::Running {
            label,
            fraction: Some(fraction),
            ..
        } => format!("{label} · {:.0} %", fraction * 100.0),
        CellState::Running { label, .. } => label.clone(),
        CellState::Done {
            seconds,
            cached: true,
        } => format!("from cache · {}", text::duration(*seconds)),
        CellState::Done { seconds, .. } => text::duration(*seconds),
        CellState::Failed { .. } => "failed".into(),
        CellState::Stopped => "stopped".into(),
    }
}
