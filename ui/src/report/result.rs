//! Metrics with their intervals, beside what needs no model.

use super::{note_ui, spoken, title_ui};
use crate::fonts;
use crate::metrics::{ROW, word};
use crate::tokens::{Tokens, font, space};
use crate::training::facts;
use crate::widgets::{line, paint_left, paint_right};
use aloft_protocol::snapshot::TrainingView;
use aloft_spec::report::{Baseline, BaselineKind, Estimate, Evaluation, Report, Verdict, estimate, headline};
use aloft_spec::text::{aligned_beside, significant_digits};
use egui::{Color32, Painter, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Width of the facts beside the table.
const FACTS: f32 = 232.0;
/// From this width on the facts stand beside the table.
const WITH_FACTS: f32 = 740.0;
/// Right end of a row's value, and where the strip behind it begins.
const VALUE: f32 = 190.0;
const STRIP: f32 = 206.0;
/// Width of a strip, and of one in a narrow window.
const STRIP_WIDTH: std::ops::RangeInclusive<f32> = 50.0..=140.0;
/// Room for an interval, and for the value of another part behind it.
const INTERVAL: f32 = 92.0;
const ELSEWHERE: f32 = 64.0;
/// Half the side of a mark.
const MARK: f32 = 3.2;

/// The metrics, the gains, and the facts of the run.
pub fn result_ui(ui: &mut Ui, training: &TrainingView, report: &Report, evaluation: &Evaluation) {
    let wide = ui.available_width() >= WITH_FACTS;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        ui.vertical(|ui| {
            let room = ui.available_width() - if wide { FACTS + space::L } else { 0.0 };
            ui.set_width(room);
            metrics_ui(ui, report, evaluation);
            gains_ui(ui, report, evaluation);
            if !wide {
                ui.add_space(space::S);
                title_ui(ui, "Run");
                ui.add_space(space::S);
                facts_ui(ui, training);
            }
        });
        if wide {
            ui.vertical(|ui| {
                title_ui(ui, "Run");
                facts_ui(ui, training);
            });
        }
    });
}

/// The facts of the run, none wider than its room: names of machines are long.
fn facts_ui(ui: &mut Ui, training: &TrainingView) {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    for (name, value) in facts(training) {
        let room = vec2(ui.available_width().min(FACTS), ROW);
        let (rect, response) = ui.allocate_exact_size(room, Sense::hover());
        spoken(&response, &format!("{name} {value}"));
        let body = || fonts::regular(font::BODY);
        let name = line(ui, name, body(), t.dim, rect.width() * 0.6);
        let left = paint_left(ui.painter(), name, rect.left(), rect.center().y).right() + space::M;
        let galley = line(ui, &value, body(), t.text, rect.right() - left);
        let cut = galley.elided;
        paint_right(ui.painter(), galley, rect.right(), rect.center().y);
        if cut {
            response.on_hover_text(value);
        }
    }
}

fn metrics_ui(ui: &mut Ui, report: &Report, evaluation: &Evaluation) {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let small = fonts::regular(font::SMALL);
    // The other part's values, where there is room and another part.
    let other = report
        .metrics
        .iter()
        .find(|(split, _)| **split != evaluation.split);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let y = rect.center().y;
    paint_right(
        ui.painter(),
        line(ui, &evaluation.split, small.clone(), t.dim, 90.0),
        rect.left() + VALUE,
        y,
    );
    legend(ui, rect, evaluation);
    if let Some((split, _)) = other.filter(|_| has_elsewhere(rect)) {
        paint_right(ui.painter(), line(ui, split, small, t.dim, 80.0), rect.right(), y);
    }
    spoken(&response, &format!("Metrics on the {} rows", evaluation.split));
    for own in &evaluation.metrics {
        let of_baselines: Vec<(BaselineKind, f64)> = evaluation
            .baselines
            .iter()
            .filter_map(|baseline| Some((baseline.kind, estimate(&baseline.metrics, &own.name)?.value)))
            .collect();
        let elsewhere = other.and_then(|(_, metrics)| metrics.get(&own.name));
        row_ui(ui, own, &of_baselines, elsewhere.copied());
    }
}

fn row_ui(ui: &mut Ui, own: &Estimate, baselines: &[(BaselineKind, f64)], elsewhere: Option<f64>) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    // Both with as many decimals, by the larger one.
    let largest = elsewhere.map_or(own.value.abs(), |elsewhere| own.value.abs().max(elsewhere.abs()));
    let number = |value: f64| aligned_beside(value, largest, 4);
    let (name, value) = (word(&own.name), number(own.value));
    let said = significant_digits(own.value, 4);
    spoken(
        &response,
        &format!("{name} {said}, 95 % interval {}", own.interval_text()),
    );
    let y = rect.center().y;
    let body = || fonts::regular(font::BODY);
    let painter = ui.painter();
    let galley = line(ui, &name, body(), t.dim, VALUE - 60.0);
    paint_left(painter, galley, rect.left(), y);
    let galley = line(ui, &value, fonts::medium(font::BODY), t.text, 90.0);
    paint_right(painter, galley, rect.left() + VALUE, y);
    let galley = line(
        ui,
        &own.interval_text(),
        fonts::regular(font::SMALL),
        t.dim,
        130.0,
    );
    let strip = strip(rect);
    paint_left(painter, galley, strip.right() + space::M, y);
    if let Some(elsewhere) = elsewhere.filter(|_| has_elsewhere(rect)) {
        let galley = line(ui, &number(elsewhere), body(), t.dim, ELSEWHERE);
        paint_right(painter, galley, rect.right(), y);
    }
    let high = top(own, baselines);
    let x = |value: f64| strip.left() + strip.width() * (value / high).clamp(0.0, 1.0) as f32;
    painter.hline(strip.x_range(), y, Stroke::new(1.0, t.line));
    for (kind, value) in baselines {
        mark(painter, *kind, pos2(x(*value), y), t.faint, t.raised);
    }
    painter.hline(x(own.low)..=x(own.high), y, Stroke::new(3.0, t.accent_quiet));
    painter.circle_filled(pos2(x(own.value), y), MARK + 0.3, t.accent);
    if !baselines.is_empty() {
        let lines = baselines
            .iter()
            .map(|(kind, value)| format!("{} {}", kind.label(), significant_digits(*value, 3)));
        response.on_hover_text(lines.collect::<Vec<_>>().join("\n"));
    }
}

/// Where a row's strip is: it gives way to the numbers behind it.
fn strip(row: Rect) -> Rect {
    let left = row.left() + STRIP;
    let room = row.right() - left - space::M - INTERVAL - ELSEWHERE;
    let width = room.clamp(*STRIP_WIDTH.start(), *STRIP_WIDTH.end());
    Rect::from_min_max(pos2(left, row.top()), pos2(left + width, row.bottom()))
}

/// Whether there is room for another part's values.
fn has_elsewhere(row: Rect) -> bool {
    row.right() - strip(row).right() >= space::M + INTERVAL + ELSEWHERE
}

/// Where a strip ends: at 1 for shares, else with the largest of its values.
fn top(own: &Estimate, baselines: &[(BaselineKind, f64)]) -> f64 {
    let largest = baselines
        .iter()
        // What is certain and wrong has a log loss far beyond all others.
        .map(|(_, value)| *value)
        .fold(own.high, f64::max);
    let is_share = !matches!(own.name.as_str(), "rmse" | "mae" | "log_loss") && largest <= 1.0;
    match is_share {
        true => 1.0,
        false => largest.max(f64::MIN_POSITIVE) * 1.05,
    }
}

/// The mark of a base line.
fn mark(painter: &Painter, kind: BaselineKind, at: egui::Pos2, color: Color32, ground: Color32) {
    let stroke = Stroke::new(1.3, color);
    match kind {
        BaselineKind::Majority | BaselineKind::Mean | BaselineKind::Quantiles => {
            painter.vline(at.x, at.y - 5.0..=at.y + 5.0, stroke)
        }
        BaselineKind::Median => painter.vline(at.x, at.y - 2.5..=at.y + 2.5, stroke),
        BaselineKind::Linear => {
            let side = MARK + 0.8;
            let points = [
                vec2(-side, 0.0),
                vec2(0.0, -side),
                vec2(side, 0.0),
                vec2(0.0, side),
            ];
            let points = points.map(|offset| at + offset).to_vec();
            painter.add(Shape::convex_polygon(points, ground, stroke))
        }
        BaselineKind::Last => {
            let square = Rect::from_center_size(at, vec2(2.0 * MARK, 2.0 * MARK));
            painter.rect(square, 0.0, ground, stroke, egui::StrokeKind::Middle)
        }
    };
}

/// What the marks of the strips are.
fn legend(ui: &Ui, head: Rect, evaluation: &Evaluation) {
    let t = Tokens::of(ui);
    let y = head.center().y;
    let font = || fonts::regular(font::SMALL);
    let mut x = head.left() + STRIP + MARK;
    ui.painter().circle_filled(pos2(x, y), MARK, t.accent);
    x = paint_left(ui.painter(), line(ui, "model", font(), t.dim, 60.0), x + 7.0, y).right() + space::M;
    for baseline in &evaluation.baselines {
        mark(ui.painter(), baseline.kind, pos2(x + MARK, y), t.faint, t.raised);
        let label = line(ui, baseline.kind.label(), font(), t.dim, 90.0);
        x = paint_left(ui.painter(), label, x + MARK + 8.0, y).right() + space::M;
    }
}

/// By how much the model is better than each base line, with the interval around zero or beside it.
fn gains_ui(ui: &mut Ui, report: &Report, evaluation: &Evaluation) {
    let main = headline(&report.task);
    let gains: Vec<(&Baseline, &Estimate)> = evaluation
        .baselines
        .iter()
        .filter_map(|baseline| Some((baseline, estimate(&baseline.gains, main)?)))
        .collect();
    if gains.is_empty() {
        return;
    }
    let reach = gains
        .iter()
        .flat_map(|(_, gain)| [gain.low.abs(), gain.high.abs()])
        .fold(f64::MIN_POSITIVE, f64::max);
    ui.add_space(space::S);
    title_ui(ui, &format!("Better in {} than", word(main)));
    ui.add_space(space::XS);
    for (baseline, gain) in gains {
        gain_ui(ui, baseline, gain, reach);
    }
    if main == "rmse" {
        note_ui(
            ui,
            "Of an error, less is better: a gain above 0 is an error that is smaller.",
        );
    }
}

fn gain_ui(ui: &mut Ui, than: &Baseline, gain: &Estimate, reach: f64) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let (color, verdict) = match gain.verdict() {
        Verdict::Better => (t.ok, "better"),
        Verdict::Same => (t.dim, "no better"),
        Verdict::Worse => (t.bad, "worse"),
    };
    let sign = if gain.value > 0.0 { "+" } else { "" };
    let value = format!("{sign}{}", gain.value_text());
    spoken(
        &response,
        &format!(
            "{verdict} than {}: {value}, 95 % interval {}",
            than.words,
            gain.interval_text()
        ),
    );
    let y = rect.center().y;
    let painter = ui.painter();
    let name = line(
        ui,
        than.kind.label(),
        fonts::regular(font::BODY),
        t.dim,
        VALUE - 56.0,
    );
    paint_left(painter, name, rect.left(), y);
    let value = line(ui, &value, fonts::medium(font::BODY), color, 70.0);
    paint_right(painter, value, rect.left() + VALUE, y);
    let interval = line(
        ui,
        &gain.interval_text(),
        fonts::regular(font::SMALL),
        t.dim,
        130.0,
    );
    let strip = strip(rect);
    paint_left(painter, interval, strip.right() + space::M, y);
    let x = |value: f64| strip.center().x + strip.width() / 2.0 * (value / reach) as f32;
    painter.hline(strip.x_range(), y, Stroke::new(1.0, t.line));
    painter.vline(x(0.0), y - 6.0..=y + 6.0, Stroke::new(1.0, t.faint));
    painter.hline(
        x(gain.low)..=x(gain.high),
        y,
        Stroke::new(3.0, color.gamma_multiply(0.45)),
    );
    painter.circle_filled(pos2(x(gain.value), y), MARK + 0.3, color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_row_have_room_of_their_own() {
        for width in [280.0, 400.0, 470.0, 520.0, 900.0] {
            let row = Rect::from_min_size(pos2(10.0, 0.0), vec2(width, ROW));
            let interval = strip(row).right() + space::M;
            let other = row.right() - ELSEWHERE;
            assert!(interval + INTERVAL <= other || !has_elsewhere(row), "{width}");
        }
        let narrow = Rect::from_min_size(pos2(0.0, 0.0), vec2(470.0, ROW));
        assert!(has_elsewhere(narrow), "the strip gives way first");
    }
}
