//! A run as curves, metrics and words, while it goes on and after.

mod curves;

pub use curves::curves_ui;

use crate::cell::foot::{words, words_in};
use crate::chart::sample_line_ui;
use crate::fonts;
use crate::metrics;
use crate::tokens::{Tokens, font, space};
use crate::view::Frame;
use crate::widgets::{Button, Icon, line_ui, text_ui};
use aloft_protocol::BlockId;
use aloft_protocol::snapshot::{FoldView, TrainingView};
use aloft_spec::event::Phase;
use aloft_spec::text;
use egui::{Align, Layout, Margin, RichText, Ui};

/// How far a run is: `epoch 7 of 20 · 1.69 M rows/s · 12 s left`.
pub fn progress(training: &TrainingView) -> String {
    let phase = training.phase.unwrap_or(Phase::Load);
    let unit = training.unit.word();
    let mut words = match training.fold {
        Some(FoldView {
            fold, folds, epoch, ..
        }) if phase == Phase::Refit => format!("learning anew, training {fold} of {folds} · {unit} {epoch}"),
        _ if phase != Phase::Train => return phase.label().to_owned(),
        Some(FoldView {
            fold, folds, epoch, ..
        }) => format!("fold {fold} of {folds} · {unit} {epoch}"),
        None => format!(
            "{unit} {} of {}",
            training.epoch.max(1).min(training.epochs.max(1)),
            training.epochs
        ),
    };
    if training.samples_per_second > 0.0 {
        words += &format!(" · {}", rows_per_second(training.samples_per_second));
    }
    if let Some(left) = training.seconds_left {
        words += &format!(" · {} left", text::duration(left));
    }
    words
}

/// `1.69 M rows/s`, `84,313 rows/s`
pub fn rows_per_second(rate: f64) -> String {
    if rate >= 1e6 {
        format!("{} M rows/s", text::significant_digits(rate / 1e6, 3))
    } else {
        format!("{} rows/s", text::thousands(rate.round() as u64))
    }
}

/// The labels of the curves, and what the run is of.
pub fn foot_ui(ui: &mut Ui, training: &TrainingView) {
    let t = Tokens::of(ui);
    let last = |points: &[[f64; 2]]| points.last().map(|point| point[1]);
    let curves = [
        (
            "validation",
            last(&training.validation_loss),
            t.accent,
            t.accent,
            false,
        ),
        (
            "train",
            training.epoch_loss.or(last(&training.train_loss)),
            t.accent_quiet,
            t.dim,
            false,
        ),
        ("best so far", training.previous_best, t.faint, t.dim, true),
    ];
    for (name, value, mark, word, dashed) in curves {
        let Some(value) = value else {
            continue;
        };
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            sample_line_ui(ui, mark, dashed);
            words_in(ui, &format!("{name} {}", text::aligned(value, 3)), word);
        });
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.add_space(space::M);
        words(ui, &training.extent);
        if let Some(target) = &training.target {
            words(ui, &format!("on {target}"));
        }
    });
}

/// The facts of a run, and what it took.
pub fn facts(training: &TrainingView) -> Vec<(&str, String)> {
    let outcome = [
        epochs(training),
        refit(training),
        outcome(training).map(|words| ("time", words)),
    ];
    let shown = |name: &str, value: &str| match name {
        "device" => device_words(value),
        _ => value.to_owned(),
    };
    let facts = training
        .facts
        .iter()
        .map(|(name, value)| (name.as_str(), shown(name, value)));
    facts.chain(outcome.into_iter().flatten()).collect()
}

/// `96 of 120, best 56`, of a run that has ended: how far it came, and the epoch whose model was kept.
fn epochs(training: &TrainingView) -> Option<(&'static str, String)> {
    let best = training.best_epoch?;
    let count = |epochs: u32| text::thousands(u64::from(epochs));
    let far = match training.epoch == training.epochs {
        true => count(training.epochs),
        false => format!("{} of {}", count(training.epoch), count(training.epochs)),
    };
    Some((training.unit.words(), format!("{far}, best {}", count(best))))
}

/// `306 rows, 24 epochs`, of a model that learned anew from training and validation part together.
fn refit(training: &TrainingView) -> Option<(&'static str, String)> {
    let refit = training.report.as_ref()?.refit?;
    let rows = text::thousands(refit.rows);
    let (unit, epochs) = (training.unit, training.unit.count(refit.epochs));
    let epochs = text::thousands(u64::from(epochs));
    Some(("learned anew", format!("{rows} rows, {epochs} {}", unit.words())))
}

/// `CPU, 2 threads`, of a device as runs name it: `cpu, 2 threads`.
pub fn device_words(device: &str) -> String {
    match device.strip_prefix("cpu") {
        Some(rest) => format!("CPU{rest}"),
        None => device.to_owned(),
    }
}

/// Final metrics as a small table with the facts of the run beside it; before there are any, the facts in a line.
pub fn metrics_ui(ui: &mut Ui, training: &TrainingView) {
    let facts = facts(training);
    if training.metrics.is_empty() && facts.is_empty() {
        return;
    }
    let t = Tokens::of(ui);
    line_ui(ui);
    egui::Frame::new()
        .inner_margin(Margin::symmetric(space::M as i8 + 2, space::S as i8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            if training.metrics.is_empty() {
                let words: Vec<String> = facts
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect();
                text_ui(ui, words.join(" · "), fonts::regular(font::SMALL + 0.5), t.dim);
                return;
            }
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::XL + space::M;
                ui.vertical(|ui| {
                    ui.set_width(340.0);
                    metrics::table_ui(ui, &training.metrics);
                });
                ui.vertical(|ui| {
                    ui.add_space(metrics::ROW);
                    pairs_ui(ui, "facts", facts.into_iter());
                });
            });
        });
}

/// `13 s, forecast 12 s`
fn outcome(training: &TrainingView) -> Option<String> {
    let took = text::duration(training.seconds?);
    Some(match training.forecast_seconds {
        Some(forecast) => format!("{took}, forecast {}", text::duration(forecast)),
        None => took,
    })
}

/// Names and values, one pair a row.
pub fn pairs_ui<'a>(ui: &mut Ui, id: &str, pairs: impl Iterator<Item = (&'a str, String)>) {
    noted_pairs_ui(ui, id, pairs.map(|(name, value)| (name, value, None)));
}

/// The same, with a note that a hovering pointer shows.
pub fn noted_pairs_ui<'a>(
    ui: &mut Ui,
    id: &str,
    pairs: impl Iterator<Item = (&'a str, String, Option<String>)>,
) {
    let t = Tokens::of(ui);
    egui::Grid::new(id)
        .spacing(egui::vec2(space::L, 3.0))
        .min_col_width(0.0)
        .min_row_height(17.0)
        .show(ui, |ui| {
            for (name, value, note) in pairs {
                ui.label(RichText::new(name).color(t.dim));
                let label = ui.label(RichText::new(value).color(t.text));
                if let Some(note) = note {
                    label.on_hover_text(note);
                }
                ui.end_row();
            }
        });
}

/// The log, folded until it is wanted.
pub fn log_ui(ui: &mut Ui, frame: &mut Frame<'_>, block: BlockId, training: &TrainingView) {
    if training.log.is_empty() {
        return;
    }
    let t = Tokens::of(ui);
    let open = frame.view.open_logs.contains(&block);
    line_ui(ui);
    egui::Frame::new()
        .inner_margin(Margin::symmetric(space::XS as i8, 2))
        .show(ui, |ui| {
            let icon = if open { Icon::Down } else { Icon::Right };
            let lines = training.log.len();
            let text = format!("Log · {lines} line{}", if lines == 1 { "" } else { "s" });
            if ui.add(Button::new(&text).icon(icon).quiet().small()).clicked()
                && !frame.view.open_logs.remove(&block)
            {
                frame.view.open_logs.insert(block);
            }
            if open {
                ui.add_space(2.0);
                egui::Frame::new()
                    .inner_margin(Margin::symmetric(space::M as i8, 0))
                    .show(ui, |ui| {
                        let log = training.log.join("\n");
                        text_ui(ui, log, fonts::mono(font::SMALL), t.dim);
                    });
                ui.add_space(space::S);
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::train::TrainingUnit;

    #[test]
    fn progress_reads_well() {
        let mut training = TrainingView {
            phase: Some(Phase::Train),
            epoch: 7,
            epochs: 20,
            samples_per_second: 1_690_000.0,
            seconds_left: Some(12.0),
            ..TrainingView::default()
        };
        assert_eq!(progress(&training), "epoch 7 of 20 · 1.69 M rows/s · 12 s left");
        training.fold = Some(FoldView {
            fold: 2,
            folds: 5,
            epoch: 3,
            epochs: 20,
        });
        assert_eq!(
            progress(&training),
            "fold 2 of 5 · epoch 3 · 1.69 M rows/s · 12 s left"
        );
        training.unit = TrainingUnit::Round;
        assert!(progress(&training).starts_with("fold 2 of 5 · round 3 ·"));
        training.phase = Some(Phase::WarmUp);
        assert_eq!(progress(&training), "measuring first steps");
        assert_eq!(rows_per_second(84_313.2), "84,313 rows/s");
    }

    #[test]
    fn the_epoch_that_was_kept_is_a_fact() {
        let mut training = TrainingView {
            epoch: 96,
            epochs: 120,
            ..TrainingView::default()
        };
        assert_eq!(facts(&training), []);
        training.best_epoch = Some(56);
        assert_eq!(facts(&training), [("epochs", "96 of 120, best 56".to_owned())]);
        training.epoch = 120;
        training.unit = TrainingUnit::Round;
        assert_eq!(facts(&training), [("rounds", "120, best 56".to_owned())]);
    }
}
