//! Charts as a screen reader reads them, and what a pointer reads in them.

#![allow(clippy::unwrap_used, reason = "a helper of tests may fail like a test")]

mod support;

use aloft_spec::chart::Mark;
use egui_kittest::kittest::Queryable as _;
use support::{charts, every_chart, window};

#[test]
fn each_mark_says_what_it_shows() {
    let every = every_chart();
    let marks: Vec<Mark> = every.iter().map(|chart| chart.mark).collect();
    assert_eq!(marks, Mark::ALL);
    let mut harness = window(charts(), [1200.0, 6000.0]);
    harness.run();
    for (index, chart) in every.iter().enumerate() {
        harness.get_by_label(&format!("Chart chart_{}: {}", index + 1, chart.description));
    }
    // What colours stand for, and what isn't shown.
    for words in [
        "late",
        "true",
        "mean of dep_delay",
        "share missing",
        "11 more not shown",
        "600 of 50,000 points",
    ] {
        assert!(harness.query_all_by_label(words).next().is_some(), "{words}");
    }
}

#[test]
fn a_pointer_reads_numbers() {
    let mut harness = window(charts(), [1200.0, 6000.0]);
    harness.run();
    let mut read = |chart: usize, x: f32, y: f32| {
        let label = format!("Chart chart_{chart}: {}", every_chart()[chart - 1].description);
        let rect = harness.get_by_label(&label).rect();
        harness.hover_at(egui::pos2(
            rect.left() + rect.width() * x,
            rect.top() + rect.height() * y,
        ));
        harness.run();
        let words = harness.query_all_by_label_contains("\n").next();
        words.and_then(|node| node.value()).unwrap_or_default()
    };
    assert!(read(1, 0.45, 0.7).contains("\nrows "), "a bin");
    assert!(
        read(6, 0.2, 0.6).starts_with("United\n95 %: 60\nmedian: -1"),
        "a box"
    );
    assert!(
        read(7, 0.2, 0.6).starts_with("United\n75 %: 630.96\nmedian: 100"),
        "a violin on a logarithmic axis"
    );
    assert!(read(8, 0.5, 0.4).contains("\nmean of dep_delay "), "a cell");
}
