//! The threshold that costs least, for what mistakes cost.

use super::pane::{Pane, axis, shares};
use super::title_ui;
use crate::fonts;
use crate::tokens::{Tokens, font, space};
use crate::widgets::text_ui;
use aloft_spec::report::{Choice, Costs, Thresholds};
use aloft_spec::text::{significant_digits, thousands};
use egui::{DragValue, Stroke, Ui, vec2};

const HEIGHT: f32 = 150.0;

/// What mistakes cost, as two numbers; the curve of the cost over the threshold; and what the cheapest one does.
pub fn threshold_ui(ui: &mut Ui, costs: &mut Costs, thresholds: &Thresholds, split: &str) {
    let t = Tokens::of(ui);
    title_ui(ui, "Threshold by cost");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let number = |ui: &mut Ui, words: &str, name: &str, value: &mut f64| {
            ui.label(egui::RichText::new(words).color(t.dim));
            let field = DragValue::new(value).range(0.0..=1e9).speed(0.1).max_decimals(3);
            ui.add(field).accessible_name(name);
        };
        number(
            ui,
            "A false alarm costs",
            "Cost of a false alarm",
            &mut costs.false_alarm,
        );
        number(ui, "and a miss", "Cost of a miss", &mut costs.miss);
    });
    let (Some(chosen), Some(half)) = (
        thresholds.choice(split, *costs),
        thresholds
            .half()
            .and_then(|index| thresholds.at(index, split, *costs)),
    ) else {
        return;
    };
    text_ui(
        ui,
        advice(thresholds, split, &chosen, &half),
        fonts::regular(font::BODY),
        t.text,
    );
    curve_ui(ui, *costs, thresholds, split, &chosen);
}

/// `Say late from a probability of 0.23 on: 61 false alarms and 12 misses on the test rows, 0.11 a row instead of 0.16.`
fn advice(thresholds: &Thresholds, split: &str, chosen: &Choice, half: &Choice) -> String {
    let number = |value: f64| significant_digits(value, 3);
    let (false_alarms, misses) = (thousands(chosen.false_alarms), thousands(chosen.misses));
    let cost = match chosen.cost < half.cost {
        true => format!(
            "{} a row instead of {} at a half",
            number(chosen.cost),
            number(half.cost)
        ),
        false => format!(
            "{} a row, and {} at a half",
            number(chosen.cost),
            number(half.cost)
        ),
    };
    format!(
        "Say {} from a probability of {} on: {false_alarms} false alarms and {misses} misses on the {split} rows, {cost}.",
        thresholds.positive,
        number(chosen.threshold)
    )
}

fn curve_ui(ui: &mut Ui, costs: Costs, thresholds: &Thresholds, split: &str, chosen: &Choice) {
    let t = Tokens::of(ui);
    let curve = |split: &str| -> Vec<[f64; 2]> {
        let Some(alarms) = thresholds.splits.get(split) else {
            return Vec::new();
        };
        let points = thresholds.thresholds.iter().enumerate();
        points
            .filter_map(|(index, threshold)| Some([*threshold, alarms.cost(index, costs)?]))
            .collect()
    };
    let own = curve(split);
    let chosen_on = thresholds.chosen_on().filter(|other| *other != split);
    let other = chosen_on.map(curve).unwrap_or_default();
    let mut y = axis("", own.iter().chain(&other).map(|point| point[1]));
    y.low = 0.0;
    let top = y.high;
    let name = format!(
        "Cost of a row over the threshold, cheapest at {}",
        significant_digits(chosen.threshold, 3)
    );
    let size = vec2(ui.available_width(), HEIGHT);
    let pane = Pane::ui(ui, size, shares("threshold"), y, &name);
    pane.dashes(ui, [0.5, 0.0], [0.5, top], t.faint);
    pane.line(ui, other.into_iter(), Stroke::new(1.3, t.accent_quiet));
    pane.line(ui, own.iter().copied(), Stroke::new(1.8, t.accent));
    let at = [chosen.threshold, chosen.cost];
    pane.dashes(ui, [at[0], 0.0], [at[0], top], t.accent);
    pane.painter(ui).circle_filled(pane.at(at), 4.0, t.accent);
    let words = match chosen_on {
        Some(other) => format!("cost a row: {split}, and paler {other}, where it is chosen"),
        None => format!("cost a row: {split}"),
    };
    pane.note(ui, [0.995, top], &words, t.dim);
}
