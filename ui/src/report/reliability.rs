//! Whether what is predicted comes true.

use super::pane::{Pane, axis, shares};
use super::{HEIGHT, title_ui};
use crate::tokens::Tokens;
use aloft_spec::report::{Evaluation, ReliabilityBin, Report, estimate};
use aloft_spec::text::{significant_digits, thousands};
use egui::{Stroke, Ui, vec2};

/// The curve of what was true over what was predicted; on the dashed line both agree.
pub fn reliability_ui(ui: &mut Ui, report: &Report, evaluation: &Evaluation) {
    let bins = &evaluation.reliability;
    let numbers = report.task == "regression";
    let positive = report.classes.get(1).map_or("", String::as_str);
    let (title, x_label) = match report.task.as_str() {
        "regression" => ("True mean over predicted".to_owned(), "predicted"),
        "binary" => (
            format!("Share of {positive} over its probability"),
            "predicted probability",
        ),
        _ => (
            "Share that is right over the probability".to_owned(),
            "probability of the likeliest class",
        ),
    };
    title_ui(ui, &title);
    let (x, y) = match numbers {
        true => {
            let ends = |bin: &ReliabilityBin| [bin.predicted, bin.low, bin.high];
            let mut both = axis(x_label, bins.iter().flat_map(ends));
            both.label = x_label.into();
            (both.clone(), both)
        }
        false => (shares(x_label), shares("")),
    };
    let ends = [x.low.max(y.low), x.high.min(y.high)];
    let t = Tokens::of(ui);
    let size = vec2(ui.available_width(), HEIGHT);
    let pane = Pane::ui(ui, size, x, y, &spoken(evaluation, bins));
    pane.dashes(ui, [ends[0]; 2], [ends[1]; 2], t.faint);
    let most = bins.iter().map(|bin| bin.rows).max().unwrap_or(1).max(1);
    for bin in bins {
        let [low, high] = [bin.low, bin.high].map(|value| pane.at([bin.predicted, value]));
        let whisker = Stroke::new(3.0, t.accent_quiet);
        pane.painter(ui).line_segment([low, high], whisker);
    }
    let points = || bins.iter().map(|bin| [bin.predicted, bin.actual]);
    pane.line(ui, points(), Stroke::new(1.6, t.accent));
    for bin in bins {
        // Its area follows the rows of the bin.
        let radius = 2.0 + 3.0 * (bin.rows as f32 / most as f32).sqrt();
        let at = pane.at([bin.predicted, bin.actual]);
        pane.painter(ui).circle_filled(at, radius, t.accent);
    }
    let words: Vec<_> = bins.iter().map(|bin| move || reading(bin)).collect();
    pane.read(points().zip(words.iter().map(|words| words as &dyn Fn() -> String)));
}

fn reading(bin: &ReliabilityBin) -> String {
    let number = |value: f64| significant_digits(value, 3);
    format!(
        "predicted {}\ntrue {} ({} to {})\n{} rows",
        number(bin.predicted),
        number(bin.actual),
        number(bin.low),
        number(bin.high),
        thousands(bin.rows)
    )
}

fn spoken(evaluation: &Evaluation, bins: &[ReliabilityBin]) -> String {
    let error = estimate(&evaluation.metrics, "calibration_error")
        .map(|error| format!(", calibration error {}", error.value_text()))
        .unwrap_or_default();
    format!("Calibration curve of {} points{error}", bins.len())
}
