//! Forecasts beside what happened, and how their error grows the further ahead they look.

use super::pane::{Pane, axis};
use super::{HEIGHT, beside, note_ui, title_ui};
use crate::chart::line_legend_ui;
use crate::tokens::{Tokens, space};
use crate::widgets::Segments;
use aloft_spec::report::{Forecasts, Rank, Trace};
use aloft_spec::text::{significant_digits, thousands};
use egui::{Color32, Stroke, Ui, vec2};

/// Both charts side by side.
pub fn forecasts_ui(ui: &mut Ui, chosen: &mut Rank, target: &str, forecasts: &Forecasts) {
    beside(
        ui,
        |ui| traces_ui(ui, chosen, target, forecasts),
        |ui| errors_ui(ui, target, forecasts),
    );
    note_ui(
        ui,
        format!(
            "{} forecasts of {} steps on the {} rows",
            thousands(forecasts.windows),
            forecasts.errors.len(),
            forecasts.split
        ),
    );
}

fn traces_ui(ui: &mut Ui, chosen: &mut Rank, target: &str, forecasts: &Forecasts) {
    let ranks = forecasts
        .traces
        .iter()
        .map(|trace| (trace.rank, trace.rank.label()));
    let ranks: Vec<(Rank, &str)> = ranks.collect();
    ui.add_space(space::XS);
    Segments::new(&ranks).small().ui(ui, chosen);
    let Some(trace) = forecasts.traces.iter().find(|trace| trace.rank == *chosen) else {
        return;
    };
    let t = Tokens::of(ui);
    let x = axis(
        &format!("steps after {}", [&*trace.series, &*trace.at].join(" ").trim()),
        [1.0 - trace.seen.len() as f64, trace.actual.len() as f64].into_iter(),
    );
    let every = trace.seen.iter().chain(&trace.actual).chain(&trace.predicted);
    let y = axis("", every.copied());
    let (low, high) = (y.low, y.high);
    let pane = Pane::ui(
        ui,
        vec2(ui.available_width(), HEIGHT),
        x,
        y,
        &words(target, trace),
    );
    pane.dashes(ui, [0.0, low], [0.0, high], t.faint);
    let first = 1.0 - trace.seen.len() as f64;
    let points = |values: &[f64], from: f64| -> Vec<[f64; 2]> {
        let places = (0..).map(|step| from + f64::from(step));
        places.zip(values).map(|(x, y)| [x, *y]).collect()
    };
    // Both go on from the last value that was seen.
    let joined = |values: &[f64]| {
        let last = trace.seen.last().map(|value| [0.0, *value]);
        last.into_iter()
            .chain(points(values, 1.0))
            .collect::<Vec<[f64; 2]>>()
    };
    pane.line(
        ui,
        points(&trace.seen, first).into_iter(),
        Stroke::new(1.2, t.dim),
    );
    pane.line(ui, joined(&trace.actual).into_iter(), Stroke::new(1.2, t.text));
    pane.line(
        ui,
        joined(&trace.predicted).into_iter(),
        Stroke::new(1.8, t.accent),
    );
    let pairs = trace.actual.iter().zip(&trace.predicted);
    let read = (1..).zip(pairs).map(|(step, (actual, predicted))| {
        let words = move || {
            let number = |value: f64| significant_digits(value, 4);
            let (predicted, actual) = (number(*predicted), number(*actual));
            format!("{step} steps ahead\nforecast {predicted}, happened {actual}")
        };
        ([f64::from(step), *predicted], words)
    });
    read_ui(&pane, read);
    let what = [("happened", t.text, false), ("forecast", t.accent, false)];
    line_legend_ui(ui, what);
}

/// What a screen reader says of a forecast.
fn words(target: &str, trace: &Trace) -> String {
    let of = match trace.series.as_str() {
        "" => String::new(),
        series => format!(" of {series}"),
    };
    format!(
        "{}: {target}{of} in the {} steps after {}, RMSE {}",
        trace.rank.label(),
        trace.actual.len(),
        trace.at,
        significant_digits(trace.error, 3)
    )
}

fn errors_ui(ui: &mut Ui, target: &str, forecasts: &Forecasts) {
    title_ui(ui, &format!("RMSE of {target} by steps ahead"));
    let t = Tokens::of(ui);
    let steps = forecasts.errors.len();
    let lines = forecasts.base_lines.iter().map(|line| &line.errors);
    let every = lines.chain([&forecasts.errors]).flatten().copied();
    let x = axis("steps ahead", [1.0, steps as f64].into_iter());
    let mut y = axis("", every.chain([0.0]));
    y.low = 0.0;
    let (first, last) = (forecasts.errors.first(), forecasts.errors.last());
    let number = |value: Option<&f64>| significant_digits(value.copied().unwrap_or_default(), 3);
    let name = format!(
        "RMSE by steps ahead, from {} at the first to {} at step {steps}",
        number(first),
        number(last)
    );
    let pane = Pane::ui(ui, vec2(ui.available_width(), HEIGHT), x, y, &name);
    let mut read: Vec<([f64; 2], &str)> = Vec::new();
    let mut curve = |ui: &Ui, words, errors, color: Color32, width: f32| {
        let errors: &[f64] = errors;
        let points = (1..).zip(errors).map(|(step, error)| [f64::from(step), *error]);
        pane.line(ui, points.clone(), Stroke::new(width, color));
        read.extend(points.map(|point| (point, words)));
    };
    let colors = [t.dim, t.faint];
    let mut legend = vec![("the model", t.accent, false)];
    for (line, color) in forecasts.base_lines.iter().zip(colors) {
        curve(ui, &line.words, &line.errors, color, 1.2);
        legend.push((line.words.as_str(), color, false));
    }
    curve(ui, "the model", &forecasts.errors, t.accent, 1.8);
    let read = read.into_iter().map(|(point, of)| {
        let words = move || format!("{of}\n{} at step {}", significant_digits(point[1], 3), point[0]);
        (point, words)
    });
    read_ui(&pane, read);
    line_legend_ui(ui, legend);
}

/// Words are made for the position that is pointed at alone, not for all in each frame.
fn read_ui(pane: &Pane, points: impl Iterator<Item = ([f64; 2], impl Fn() -> String)>) {
    let points: Vec<_> = points.collect();
    pane.read(
        points
            .iter()
            .map(|(point, words)| (*point, words as &dyn Fn() -> String)),
    );
}
