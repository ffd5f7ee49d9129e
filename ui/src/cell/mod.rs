//! A cell's card: head, text, findings, output, foot.

pub mod add;
mod findings;
pub mod foot;
mod head;
pub mod param;
mod problem;
pub mod rename;
mod selection;

pub use head::{dot_of, is_hollow, state_word};
pub use problem::{finding_ui, problem_ui};

use crate::editor::{Language, editor_ui, room_below_ui};
use crate::tokens::{Tokens, radius, size, space};
use crate::view::Frame;
use crate::widgets::line_ui;
use crate::{chart, report, sweep, table, training};
use aloft_protocol::snapshot::{BlockView, CellState, CellView, Selected};
use aloft_spec::output::Output;
use aloft_spec::sweep::Leaderboard;
use aloft_spec::{CellKind, Problem, Severity};
use egui::{CornerRadius, Rect, Sense, Stroke, Ui};

/// From this width on a train cell's text and curves stand side by side.
const SIDE_BY_SIDE: f32 = 640.0;
const TEXT_BESIDE_CURVES: f32 = 300.0;

/// Shows a cell over the whole width.
pub fn cell_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let t = Tokens::of(ui);
    let selected = frame.view.selected == Some(block.id);
    let edge = if selected { t.accent } else { t.line };
    egui::Frame::new()
        .fill(t.raised)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(CornerRadius::same(radius::CARD))
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_width(ui.available_width());
            head::head_ui(ui, frame, block, cell);
            progress_ui(ui, &cell.state);
            if let Some(param) = &cell.param {
                param::param_ui(ui, frame, block.id, &cell.name, param);
            }
            match &cell.training {
                Some(training) if ui.available_width() >= SIDE_BY_SIDE => {
                    side_by_side_ui(ui, frame, block, cell, training);
                }
                Some(training) => {
                    text_ui(ui, frame, block, cell, false);
                    findings_ui(ui, cell);
                    line_ui(ui);
                    training::curves_ui(ui, block.id, training);
                }
                None => {
                    text_ui(ui, frame, block, cell, !has_more(cell));
                    findings_ui(ui, cell);
                }
            }
            output_ui(ui, frame, block, cell);
            if let Some(board) = leaderboard(cell) {
                sweep::leaderboard_ui(ui, frame, block.id, cell, board);
            }
            findings::data_findings_ui(ui, frame, block, cell);
            if let Some(training) = &cell.training {
                match &training.report {
                    Some(report) => match &report.evaluation {
                        Some(evaluation) => {
                            report::report_ui(ui, frame, block.id, training, report, evaluation);
                        }
                        None => report::brief_report_ui(ui, frame, block.id, training, report),
                    },
                    None => training::metrics_ui(ui, training),
                }
                training::log_ui(ui, frame, block.id, training);
            }
            foot::foot_ui(ui, frame, block, cell);
        });
}

/// The trials of a sweep.
fn leaderboard(cell: &CellView) -> Option<&Leaderboard> {
    cell.sweep.as_ref()?.leaderboard.as_deref()
}

/// Whether anything follows the text within the card.
fn has_more(cell: &CellView) -> bool {
    cell.output.is_some() || !cell.diagnostics.is_empty() || foot::is_shown(cell) || failed(cell)
}

fn failed(cell: &CellView) -> bool {
    matches!(cell.state, CellState::Failed { .. })
}

/// The line between head and text; while the cell runs it fills up.
fn progress_ui(ui: &mut Ui, state: &CellState) {
    let t = Tokens::of(ui);
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().rect_filled(rect, 0.0, t.line);
    if let CellState::Running {
        fraction: Some(fraction),
        ..
    } = state
    {
        let done = rect.width() * fraction.clamp(0.0, 1.0);
        // It grows into the head: what comes below is painted over it.
        let bar = Rect::from_min_max(
            rect.min - egui::vec2(0.0, 1.0),
            egui::pos2(rect.left() + done, rect.bottom()),
        );
        ui.painter().rect_filled(bar, 0.0, t.accent);
    }
}

/// The corners of a part of the card: round at the bottom where it is the last.
fn corners(last: bool) -> CornerRadius {
    let corner = if last { radius::CARD - 1 } else { 0 };
    CornerRadius {
        sw: corner,
        se: corner,
        ..CornerRadius::ZERO
    }
}

fn text_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView, last: bool) {
    let t = Tokens::of(ui);
    egui::Frame::new()
        .fill(t.code)
        .corner_radius(corners(last))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let language = match cell.kind.language() {
                "sql" => Language::Sql,
                _ => Language::Toml,
            };
            editor_ui(ui, frame, block, language, &format!("Text of {}", cell.name));
        });
}

fn side_by_side_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: &BlockView,
    cell: &CellView,
    training: &aloft_protocol::snapshot::TrainingView,
) {
    let t = Tokens::of(ui);
    let whole = ui.available_rect_before_wrap();
    let ground = ui.painter().add(egui::Shape::Noop);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let text = ui.allocate_ui_with_layout(
            egui::vec2(TEXT_BESIDE_CURVES, 0.0),
            egui::Layout::top_down(egui::Align::Min),
            |ui| {
                ui.set_width(TEXT_BESIDE_CURVES);
                text_ui(ui, frame, block, cell, false);
                findings_ui(ui, cell);
            },
        );
        ui.vertical(|ui| training::curves_ui(ui, block.id, training));
        text.response.rect.bottom()
    });
    let bottom = row.response.rect.bottom();
    let edge = whole.left() + TEXT_BESIDE_CURVES;
    let left = Rect::from_min_max(whole.min, egui::pos2(edge, bottom));
    ui.painter()
        .set(ground, egui::Shape::rect_filled(left, 0.0, t.code));
    ui.painter().vline(edge, left.y_range(), Stroke::new(1.0, t.line));
    room_below_ui(ui, frame, block.id, left.with_min_y(row.inner));
}

fn findings_ui(ui: &mut Ui, cell: &CellView) {
    let failure = match &cell.state {
        CellState::Failed { problem } => Some(problem),
        _ => None,
    };
    let others = cell
        .diagnostics
        .iter()
        .filter(|diagnostic| Some(&diagnostic.problem) != failure);
    let found: Vec<(Severity, &Problem)> = others
        .map(|diagnostic| (diagnostic.severity, &diagnostic.problem))
        .chain(failure.map(|problem| (Severity::Error, problem)))
        .collect();
    let ends_card = cell.output.is_none() && !foot::is_shown(cell);
    for (index, (severity, problem)) in found.iter().enumerate() {
        let last = ends_card && index + 1 == found.len();
        finding_ui(ui, *severity, problem, corners(last));
    }
}

fn output_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: &BlockView, cell: &CellView) {
    let Some(output) = &cell.output else {
        return;
    };
    line_ui(ui);
    ui.scope(|ui| {
        // What is older than its text is still worth seeing, and looks like it.
        if cell.state == CellState::Stale || cell.selected == Some(Selected::Working) {
            ui.multiply_opacity(0.6);
        }
        match output {
            Output::Table(output) => table::table_ui(ui, frame, block.id, cell, output),
            Output::Chart(data) => {
                egui::Frame::new().inner_margin(space::M).show(ui, |ui| {
                    chart::chart_ui(ui, frame, block.id, &cell.name, data);
                });
            }
        }
    });
}

/// What a kind is called beside a cell's name.
pub fn kind_word(kind: &CellKind) -> &str {
    kind.word()
}

/// Height of a cell that wasn't painted yet, roughly.
pub fn expected_height(cell: &CellView) -> f32 {
    let output = if cell.output.is_some() { 340.0 } else { 0.0 };
    size::HEAD + 80.0 + output + size::FOOT
}
