//! Metrics: what they are called, the one that runs are compared by, and the table of them.

use crate::fonts;
use crate::tokens::{Tokens, font};
use crate::widgets::{line, paint_left, paint_right};
use aloft_spec::run::{Metrics, RunSummary};
use aloft_spec::text;
use egui::{Color32, FontId, Response, Role, Sense, Ui, WidgetInfo};
use std::collections::{BTreeMap, BTreeSet};

/// What a metric is called on the screen.
pub fn word(name: &str) -> String {
    match name {
        "roc_auc" => "ROC AUC".to_owned(),
        "f1" => "F1".to_owned(),
        "macro_f1" => "macro F1".to_owned(),
        "pr_auc" => "PR AUC".to_owned(),
        "macro_roc_auc" => "macro ROC AUC".to_owned(),
        "macro_pr_auc" => "macro PR AUC".to_owned(),
        "brier" => "Brier score".to_owned(),
        "rmse" => "RMSE".to_owned(),
        "mae" => "MAE".to_owned(),
        "r2" => "R²".to_owned(),
        "base_rmse" => "the mean, RMSE".to_owned(),
        "base_pinball" => "the quantiles, pinball".to_owned(),
        "base_rate_accuracy" => "the base rate, accuracy".to_owned(),
        "last_value_rmse" => "the last value, RMSE".to_owned(),
        "last_value_mae" => "the last value, MAE".to_owned(),
        "seasonal_naive_rmse" => "a season before, RMSE".to_owned(),
        "seasonal_naive_mae" => "a season before, MAE".to_owned(),
        other => other.replace('_', " "),
    }
}

/// Metrics in the order in which they are read: what says most of a model, then what else there is.
const ORDER: [&str; 9] = [
    "rmse",
    "mae",
    "r2",
    "pinball",
    "coverage",
    "roc_auc",
    "macro_roc_auc",
    "pr_auc",
    "accuracy",
];

/// Where a metric stands: by [`ORDER`], then by name; what needs no model at the end.
fn place(name: &str) -> (bool, usize, &str) {
    let known = ORDER.iter().position(|known| *known == name);
    (is_base_line(name), known.unwrap_or(ORDER.len()), name)
}

/// Whether it is of something that needs no model, to hold the model against.
fn is_base_line(name: &str) -> bool {
    ["base_", "last_value_", "seasonal_naive_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// `ROC AUC 0.812`: the metric that people compare runs by, on the test part where there is one. Trials of a sweep are chosen
/// between, which the test part is not for.
pub fn main(run: &RunSummary) -> Option<String> {
    let test = run.metrics.get("test").filter(|_| run.trial.is_none());
    let split = test.or_else(|| run.metrics.get("validation"))?;
    let name = ["roc_auc", "accuracy", "rmse"]
        .into_iter()
        .find(|name| split.contains_key(*name))?;
    Some(format!("{} {}", word(name), text::aligned(*split.get(name)?, 3)))
}

/// Height of a row.
pub const ROW: f32 = 20.0;
const COLUMN: f32 = 84.0;
/// Not a part of the rows, but how much the folds differ.
const SPREAD: &str = "folds_spread";

/// Metrics over the whole width: one row a metric, one column a split.
pub fn table_ui(ui: &mut Ui, metrics: &Metrics) {
    let t = Tokens::of(ui);
    let spread = metrics.get(SPREAD);
    // They are read in the order in which the parts were used.
    let mut splits: Vec<(&str, &BTreeMap<String, f64>)> = metrics
        .iter()
        // Of the folds their mean says enough.
        .filter(|(name, _)| *name != SPREAD && !name.starts_with("fold "))
        .map(|(name, of)| (name.as_str(), of))
        .collect();
    splits.sort_by_key(|(name, _)| {
        ["train", "validation", "test"]
            .iter()
            .position(|known| known == name)
    });
    let names: BTreeSet<(bool, usize, &str)> = metrics
        .values()
        .flat_map(|split| split.keys().map(|name| place(name)))
        .collect();
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let head: Vec<String> = splits.iter().map(|(name, _)| (*name).to_owned()).collect();
        row_ui(ui, "", &head, &fonts::regular(font::SMALL), t.dim);
        for (is_base_line, _, name) in names {
            let color = if is_base_line { t.dim } else { t.text };
            let digits = if column(ui.available_width(), splits.len()) < COLUMN {
                3
            } else {
                4
            };
            let sizes = splits.iter().filter_map(|(_, split)| split.get(name));
            let largest = sizes.map(|value| value.abs()).fold(0.0, f64::max);
            let value = |split: &BTreeMap<String, f64>| {
                let value = split.get(name);
                value.map_or_else(String::new, |value| text::aligned_beside(*value, largest, digits))
            };
            let values: Vec<String> = splits.iter().map(|(_, split)| value(split)).collect();
            let row = row_ui(ui, &word(name), &values, &fonts::regular(font::BODY), color);
            if let Some(spread) = spread.and_then(|spread| spread.get(name)) {
                row.on_hover_text(format!(
                    "from fold to fold ± {}",
                    text::significant_digits(*spread, 2)
                ));
            }
        }
    });
}

/// Width of each of so many columns: names have the half of a narrow table, and more of a wide one.
fn column(width: f32, count: usize) -> f32 {
    COLUMN.min(width * 0.5 / count.max(2) as f32)
}

fn row_ui(ui: &mut Ui, name: &str, values: &[String], font: &FontId, color: Color32) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{name} {}", values.join(", ")).trim())
    });
    let y = rect.center().y;
    let column = column(rect.width(), values.len());
    let left = rect.right() - column * values.len() as f32;
    let galley = line(ui, name, fonts::regular(font::BODY), t.dim, left - rect.left());
    paint_left(ui.painter(), galley, rect.left(), y);
    for (index, value) in values.iter().enumerate() {
        let galley = line(ui, value, font.clone(), color, column);
        paint_right(ui.painter(), galley, left + column * (index + 1) as f32, y);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::sweep::{SweepTrial, Values};
    use aloft_spec::{Extent, run::RunStatus};

    #[test]
    fn runs_are_compared_by_the_test_part() {
        let split = |auc| BTreeMap::from([("accuracy".to_owned(), 0.9), ("roc_auc".to_owned(), auc)]);
        let both = Metrics::from([("validation".into(), split(0.8)), ("test".into(), split(0.7))]);
        let mut run = RunSummary {
            id: "r".into(),
            cell: "late".into(),
            notebook: "n".into(),
            created_at: String::new(),
            status: RunStatus::Done,
            extent: Extent::all(1),
            seconds: None,
            metrics: both,
            trial: None,
            target: None,
            problem: None,
        };
        assert_eq!(main(&run).as_deref(), Some("ROC AUC 0.700"));
        run.trial = Some(SweepTrial {
            sweep: "search".into(),
            key: "k".into(),
            index: 3,
            values: Values::new(),
        });
        assert_eq!(
            main(&run).as_deref(),
            Some("ROC AUC 0.800"),
            "trials are chosen between"
        );
        run.metrics.clear();
        assert_eq!(main(&run), None);
    }

    #[test]
    fn what_needs_no_model_is_read_last() {
        let mut names = ["base_rmse", "coverage", "last_value_mae", "lift", "mae", "rmse"];
        names.sort_by_key(|name| place(name));
        assert_eq!(
            names,
            ["rmse", "mae", "coverage", "lift", "base_rmse", "last_value_mae"]
        );
    }
}
