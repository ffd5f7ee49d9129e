//! The report of a run as a screen reader reads it, and what can be asked of it.

use crate::support::{
    Window, binary, forecast, multiclass, notebook_mut, of, regression, reported, trained, window,
};
use aloft_spec::report::Report;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

fn opened(report: Report, tab: &str) -> Harness<'static, Window> {
    let mut harness = window(reported(report), [1440.0, 3000.0]);
    harness.run();
    harness.get_by_label(tab).click();
    harness.run();
    harness
}

#[test]
fn the_result_is_said_first() {
    let harness = opened(binary(), "Result");
    harness.get_by_label_contains("0.127 better than always saying 'on time'");
    harness.get_by_label("accuracy 0.891, 95 % interval 0.885–0.897");
    harness.get_by_label("calibration error 0.012, 95 % interval 0.008–0.016");
    harness.get_by_label("better than always saying 'on time': +0.127, 95 % interval 0.120–0.134");
    harness.get_by_label("no better than a linear model: +0.002, 95 % interval −0.001 to 0.005");
    harness.get_by_label_contains("10,000 test rows, run on all 50,000 rows");
}

#[test]
fn errors_are_shown_for_each_task() {
    let harness = opened(binary(), "Errors");
    harness.get_by_label("Confusion matrix: on time right in 7,340 of 7,640, late right in 1,570 of 2,360");
    harness.get_by_label("Calibration curve of 10 points, calibration error 0.012");
    harness.get_by_label("Row 1,234: true late, predicted on time");

    let harness = opened(regression(), "Errors");
    harness.get_by_label("Histogram of residuals, 10,000 rows");
    harness.get_by_label("50 rows lie further below, 41 further above.");
    assert!(harness.query_by_label("Cost of a miss").is_none());
}

#[test]
fn forecasts_stand_beside_what_happened() {
    let mut harness = window(reported(forecast()), [1440.0, 3000.0]);
    harness.run();
    harness.get_by_label("The model beats the base line.");
    harness.get_by_label("RMSE by steps ahead, from 0.9 at the first to 2.5 at step 4");
    harness.get_by_label("4,797 forecasts of 4 steps on the test rows");
    harness.get_by_label("A usual forecast: temp of JFK in the 4 steps after 2013-10-20 03:00, RMSE 0.968");
    harness.get_by_label("The worst").click();
    harness.run();
    harness.get_by_label("The worst: temp of JFK in the 4 steps after 2013-10-20 03:00, RMSE 0.968");
}

#[test]
fn the_threshold_follows_the_costs() {
    let mut harness = opened(binary(), "Errors");
    let advice = |harness: &Harness<'_, Window>| {
        let node = harness.get_by_label_contains("Say late from a probability of ");
        node.value().unwrap()
    };
    let before = advice(&harness);
    harness.get_by_label("Cost of a miss").click();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run();
    harness.get_by_label("Cost of a miss").type_text("20");
    harness.run();
    harness.key_press(egui::Key::Enter);
    harness.run();
    let after = advice(&harness);
    let threshold = |words: &str| -> f64 {
        let words = words.trim_start_matches("Say late from a probability of ");
        words.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(
        threshold(&after) < threshold(&before),
        "misses are dear, alarms come earlier: {before} {after}"
    );
}

#[test]
fn columns_are_explained() {
    let harness = opened(multiclass(), "Columns");
    harness.get_by_label("dep_delay: log loss rises by 0.312 ± 0.008");
    harness.get_by_label_contains("1,000 test rows, shuffled 5 times");
    harness.get_by_label_contains("Prediction over dep_delay: from ");
    harness.get_by_label_contains("Prediction over carrier: from ");
    assert!(harness.query_all_by_label("very late").next().is_some());
}

#[test]
fn a_run_without_an_explanation_has_no_tab_for_it_and_an_old_one_no_tabs() {
    let mut report = binary();
    report.explanation = None;
    let harness = opened(report, "Errors");
    assert!(harness.query_by_label("Columns").is_none());

    let mut harness = window(trained(), [1440.0, 3000.0]);
    harness.run();
    assert!(harness.query_by_label("Errors").is_none());
    let mut old = binary();
    old.evaluation = None;
    let mut snapshot = reported(old);
    of(notebook_mut(&mut snapshot), 5);
    harness.state_mut().snapshot = snapshot;
    harness.run();
    assert!(harness.query_by_label("Errors").is_none());
}
