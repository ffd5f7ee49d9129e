//! A sweep: what it will cost, its trials as points and as a table, and the best of them into the train cell.

use crate::chart::{X_AXIS, axis, quiet};
use crate::fonts;
use crate::metrics;
use crate::tokens::{Tokens, font, space};
use crate::view::{Frame, cell_of, verdict_of};
use crate::widgets::{Button, chip_ui, line_ui, text_ui};
use aloft_protocol::operation::Rows;
use aloft_protocol::snapshot::{CellView, SweepView};
use aloft_protocol::{BlockId, Operation};
use aloft_spec::sweep::{Leaderboard, SweepState, TrialStatus, TrialSummary, short_name, words};
use aloft_spec::text;
use egui::{Align, Layout, Margin, Response, RichText, Role, Ui, WidgetInfo};
use egui_plot::{AxisHints, HoverPosition, Plot, PlotPoints, Points};

const HEIGHT: f32 = 150.0;
/// Height of the table before it scrolls.
const TABLE: f32 = 260.0;
/// Digits of scores and metrics.
const DIGITS: usize = 4;

/// What the trials will take one after the other: `16 trials · 3 min` where the train cell was measured.
pub fn price_ui(ui: &mut Ui, frame: &Frame<'_>, sweep: &SweepView, rows: Rows) -> Response {
    let t = Tokens::of(ui);
    let tip = "Each trial as long as the train cell, one after the other; several at a time and trials that are cut short \
               take less";
    chip_ui(ui, t.faint, t.panel, &price(frame, sweep, rows)).on_hover_text(tip)
}

fn price(frame: &Frame<'_>, sweep: &SweepView, rows: Rows) -> String {
    let Some(trials) = sweep.trials else {
        return "all of the grid".into();
    };
    let blocks = frame.notebook().map_or(&[][..], |notebook| &notebook.blocks);
    let train = blocks
        .iter()
        .filter_map(cell_of)
        .find(|cell| cell.name == sweep.train);
    match train.and_then(|cell| verdict_of(cell, rows)) {
        Some(verdict) => {
            let seconds = f64::from(trials) * verdict.forecast.seconds.mid;
            format!("{trials} trials · {}", text::duration(seconds))
        }
        None => format!("{trials} trials"),
    }
}

/// The trials so far.
pub fn leaderboard_ui(
    ui: &mut Ui,
    frame: &mut Frame<'_>,
    block: BlockId,
    cell: &CellView,
    board: &Leaderboard,
) {
    let t = Tokens::of(ui);
    line_ui(ui);
    if board.best().is_some() {
        points_ui(ui, block, board);
        line_ui(ui);
    }
    egui::Frame::new()
        .inner_margin(Margin::symmetric(space::M as i8 + 2, space::S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            best_ui(ui, frame, block, cell, board);
            egui::ScrollArea::both()
                .id_salt(("trials", block))
                .max_height(TABLE)
                // Within a card there is no height yet that it could take.
                .min_scrolled_height(TABLE)
                .auto_shrink([false, true])
                .show(ui, |ui| table_ui(ui, block, board));
            ui.add_space(space::XS);
            for line in notes(board) {
                text_ui(ui, line, fonts::regular(font::SMALL + 0.5), t.dim);
            }
        });
}

/// The best trial in words, and its way into the train cell.
fn best_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, cell: &CellView, board: &Leaderboard) {
    let Some(best) = board.best() else { return };
    let t = Tokens::of(ui);
    ui.horizontal(|ui| {
        let said = format!("Best: {}", words(&best.values));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = format!("Use the values of trial {} of {}", best.index, cell.name);
            let button = Button::new("Use these values").small().name(&name);
            let tip = format!("Write them into {}", board.train);
            if ui.add(button).on_hover_text(tip).clicked() {
                frame.send(Operation::UseTrial {
                    block,
                    trial: best.index,
                });
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let said = RichText::new(said).font(fonts::regular(font::BODY)).color(t.text);
                ui.add(egui::Label::new(said).truncate());
            });
        });
    });
    ui.add_space(space::XS);
}

/// What isn't about a single trial.
fn notes(board: &Leaderboard) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(metric), Some(baseline)) = (&board.metric, &board.baseline) {
        notes.push(format!(
            "Without a model: {} {} ({})",
            metrics::word(metric),
            digits(baseline.value),
            baseline.words
        ));
    }
    let shown = ["roc_auc", "accuracy", "rmse", "r2"].iter();
    let test: Vec<String> = shown
        .filter_map(|name| {
            Some(format!(
                "{} {}",
                metrics::word(name),
                digits(*board.test.get(*name)?)
            ))
        })
        .collect();
    if !test.is_empty() {
        notes.push(format!("The best on the test part: {}", test.join(" · ")));
    }
    notes.extend(
        board
            .trials
            .iter()
            .filter_map(|trial| {
                Some(format!(
                    "Trial {} failed: {}",
                    trial.index,
                    trial.problem.as_ref()?.message
                ))
            })
            .take(1),
    );
    notes
}

/// A row a trial, the best first.
fn table_ui(ui: &mut Ui, block: BlockId, board: &Leaderboard) {
    let t = Tokens::of(ui);
    let alike = board
        .trials
        .iter()
        .all(|trial| trial.values.len() == board.keys.len());
    let mut titles = vec!["trial".to_owned(), "validation loss".to_owned()];
    titles.extend(board.metric.as_deref().map(metrics::word));
    match alike {
        true => titles.extend(
            board
                .keys
                .iter()
                .map(|key| short_name(key, &board.keys).replace('_', " ")),
        ),
        false => titles.push("values".into()),
    }
    titles.extend(["epochs", "took", ""].map(str::to_owned));
    egui::Grid::new(("leaderboard", block))
        .spacing(egui::vec2(space::L, 3.0))
        .min_row_height(17.0)
        .show(ui, |ui| {
            let counts = titles.len() - 1;
            for (column, title) in titles.iter().enumerate() {
                let title = RichText::new(title).font(fonts::regular(font::SMALL));
                cell_ui(ui, title.color(t.dim), is_number(column, counts, board));
            }
            ui.end_row();
            for (at, trial) in board.trials.iter().enumerate() {
                let best = at == 0 && trial.score.is_some();
                for (column, text) in cells(board, trial, alike).into_iter().enumerate() {
                    let color = if best { t.accent } else { t.text };
                    let text = RichText::new(text).font(fonts::regular(font::BODY - 0.5));
                    cell_ui(ui, text.color(color), is_number(column, counts, board));
                }
                let (word, color) = match trial.status {
                    _ if best => ("best", t.accent),
                    TrialStatus::Failed => ("failed", t.bad),
                    TrialStatus::Running => ("running", t.warn),
                    status => (status.word(), t.dim),
                };
                ui.label(RichText::new(word).font(fonts::regular(font::SMALL)).color(color));
                ui.end_row();
            }
        });
}

/// Whether a column of the table has numbers: those before and those behind the values that were tried.
fn is_number(column: usize, columns: usize, board: &Leaderboard) -> bool {
    let before = 2 + usize::from(board.metric.is_some());
    column < before || (columns.saturating_sub(2)..columns).contains(&column)
}

/// A cell of the table; numbers stand at its right end.
fn cell_ui(ui: &mut Ui, text: RichText, is_number: bool) {
    if is_number {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(text));
    } else {
        ui.label(text);
    }
}

fn cells(board: &Leaderboard, trial: &TrialSummary, alike: bool) -> Vec<String> {
    let mut cells = vec![trial.index.to_string(), trial.score.map_or("–".into(), digits)];
    if let Some(metric) = &board.metric {
        cells.push(
            trial
                .metrics
                .get(metric)
                .map_or("–".into(), |value| digits(*value)),
        );
    }
    match alike {
        true => cells.extend(
            board
                .keys
                .iter()
                .map(|key| trial.values.get(key).map_or("–".into(), ToString::to_string)),
        ),
        false => cells.push(words(&trial.values)),
    }
    cells.push(trial.epochs.to_string());
    cells.push(trial.seconds.map_or("–".into(), text::duration));
    cells
}

/// The score of each trial over its number.
fn points_ui(ui: &mut Ui, block: BlockId, board: &Leaderboard) {
    let t = Tokens::of(ui);
    let point = |trial: &TrialSummary| Some([f64::from(trial.index), trial.score?]);
    let all: Vec<[f64; 2]> = board.trials.iter().filter_map(point).collect();
    let best: Vec<[f64; 2]> = board.best().and_then(point).into_iter().collect();
    egui::Frame::new()
        .inner_margin(Margin {
            left: 4,
            right: space::M as i8,
            top: space::S as i8,
            bottom: 2,
        })
        .show(ui, |ui| {
            let x_axis = axis(AxisHints::new_x(), "trial", t)
                .min_thickness(X_AXIS)
                .formatter(|mark, _| text::significant_digits(mark.value, 3));
            let y_axis = axis(AxisHints::new_y(), "validation loss", t)
                .min_thickness(44.0)
                .formatter(|mark, _| text::significant_digits(mark.value, 3));
            let last = board.trials.iter().map(|trial| trial.index).max().unwrap_or(1);
            let planned = if board.planned < u32::MAX {
                board.planned
            } else {
                last
            };
            let shown = quiet(Plot::new(("scores", block)), t)
                .height(HEIGHT)
                .include_x(0.5)
                .include_x(f64::from(planned) + 0.5)
                .set_margin_fraction(egui::vec2(0.01, 0.1))
                .custom_x_axes(vec![x_axis])
                .custom_y_axes(vec![y_axis])
                .label_formatter(|hover| match hover {
                    HoverPosition::NearDataPoint { position, .. } => Some(format!(
                        "trial {:.0}\nvalidation loss {}",
                        position.x,
                        digits(position.y)
                    )),
                    HoverPosition::Elsewhere { .. } => None,
                })
                .show(ui, |plot| {
                    let others = Points::new("trials", PlotPoints::from(all));
                    plot.points(others.color(t.accent_quiet).radius(3.0));
                    let best = Points::new("best", PlotPoints::from(best));
                    plot.points(best.color(t.accent).radius(4.5));
                });
            shown
                .response
                .widget_info(|| WidgetInfo::labeled(Role::Image, true, spoken(board)));
        });
}

/// The points for those who don't see them.
fn spoken(board: &Leaderboard) -> String {
    let best = board.best().map_or(String::new(), |best| {
        let score = best.score.map(digits).unwrap_or_default();
        format!(", the lowest {score} of trial {}", best.index)
    });
    let scored = board.trials.iter().filter(|trial| trial.score.is_some());
    format!("Scores of {} trials{best}", scored.count())
}

/// What a leaderboard is of.
pub fn foot_words(board: &Leaderboard) -> Vec<String> {
    let state = match board.state {
        SweepState::OutOfTime => Some("its time is spent"),
        SweepState::Stopped => Some("stopped; Run goes on"),
        SweepState::Running | SweepState::Done => None,
    };
    let cut = board
        .trials
        .iter()
        .filter(|trial| trial.status == TrialStatus::Cut)
        .count();
    let mut found = vec![
        board.extent.to_string(),
        format!("{} trials of {}", board.trials.len(), board.train),
    ];
    if cut > 0 {
        found.push(format!("{cut} cut short"));
    }
    found.extend(state.map(str::to_owned));
    found
}

fn digits(value: f64) -> String {
    text::significant_digits(value, DIGITS)
}
