//! Charts as a screen reader reads them, and what a pointer reads in them.

use crate::support::{Window, charts, every_chart, notebook_mut, window};
use aloft_protocol::snapshot::BlockContent;
use aloft_spec::chart::{Axis, Mark, Scale};
use aloft_spec::output::Output;
use egui_kittest::kittest::Queryable as _;
use std::sync::Arc;

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

/// Texts that are painted, with how far they are turned.
fn texts(harness: &egui_kittest::Harness<'_, Window>) -> Vec<(String, f32)> {
    fn walk(shape: &egui::Shape, found: &mut Vec<(String, f32)>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| walk(shape, found)),
            egui::Shape::Text(text) => found.push((text.galley.text().to_owned(), text.angle)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for clipped in &harness.output().shapes {
        walk(&clipped.shape, &mut found);
    }
    found
}

#[test]
fn each_name_stands_at_its_bar_turned_where_there_is_no_room() {
    let few = ["United", "Delta"].map(String::from).to_vec();
    let many: Vec<String> = (1..=16).map(|number| format!("Airline {number}")).collect();
    for (names, is_turned) in [(few, false), (many, true)] {
        let mut snapshot = charts();
        let mut chart = every_chart()[1].clone();
        chart.panels[0].x = Axis {
            label: "carrier".into(),
            low: -0.5,
            high: names.len() as f64 - 0.5,
            scale: Scale::Names(names.clone()),
        };
        let cells = notebook_mut(&mut snapshot).blocks.iter_mut();
        let cell = cells.filter_map(|block| match &mut block.content {
            BlockContent::Cell(cell) if cell.name == "chart_2" => Some(cell),
            _ => None,
        });
        cell.for_each(|cell| cell.output = Some(Output::Chart(Arc::new(chart.clone()))));
        let mut harness = window(snapshot, [1200.0, 6000.0]);
        harness.run();
        let texts = texts(&harness);
        for name in &names {
            let stands = texts
                .iter()
                .any(|(text, angle)| text == name && (*angle < 0.0) == is_turned);
            assert!(stands, "{name} of {}", names.len());
        }
    }
}
