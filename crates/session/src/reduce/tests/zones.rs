//! Rows that are chosen on an axis of points in time with a zone: those that the chart shows there.

use crate::selection::condition;
use aloft_engine::{Cancel, Evaluator, Workspace};
use aloft_spec::{
    Output,
    ask::Selection,
    chart::{Brush, Marks},
    table::Scope,
};
use polars::prelude::*;
use std::sync::Arc;

const NOTEBOOK: &str = "```toml source at\npath = \"at.parquet\"\n```\n\n```toml chart hours\ndata = \"at\"\nmark = \
                        \"histogram\"\nx = \"at\"\nbins = 12\n```\n";

/// Four days and nights, every 20 minutes; in one of them clocks in Berlin are put on, or back.
fn frame(zone: Option<&str>, from: i64) -> DataFrame {
    let at: Vec<i64> = (0..288).map(|number| (from + number * 1200) * 1000).collect();
    let frame = df!("at" => at).unwrap().lazy();
    let dtype = DataType::Datetime(TimeUnit::Milliseconds, TimeZone::opt_try_new(zone).unwrap());
    frame.with_column(col("at").cast(dtype)).collect().unwrap()
}

#[test]
fn a_bar_chooses_the_rows_that_it_counts_in_every_zone() {
    let (summer, winter, plain) = (1_396_051_200, 1_414_195_200, 1_400_000_000);
    let ends_within_the_second_hour = 1_413_942_000;
    for (zone, from) in [
        (None, plain),
        (Some("UTC"), plain),
        (Some("Europe/Berlin"), plain),
        (Some("America/New_York"), plain),
        (Some("Asia/Kolkata"), winter),
        (Some("Europe/Berlin"), summer),
        (Some("Europe/Berlin"), winter),
        (Some("Europe/Berlin"), ends_within_the_second_hour),
    ] {
        let folder = tempfile::tempdir().unwrap();
        aloft_data::write_table(&frame(zone, from), &folder.path().join("at.parquet")).unwrap();
        let notebook = folder.path().join("t.aloft.md");
        std::fs::write(&notebook, NOTEBOOK).unwrap();
        let workspace = Workspace::open(&notebook).unwrap();
        let evaluator = Evaluator::without_disk();
        let show = |workspace: &Workspace, cell: &str| {
            evaluator
                .evaluate(workspace, cell, Scope::All, &Cancel::new())
                .unwrap()
        };
        let (Output::Chart(chart), Output::Table(table)) =
            (show(&workspace, "hours"), show(&workspace, "at"))
        else {
            panic!("a chart and a table")
        };
        let Marks::Bars { bars } = &chart.panels[0].marks else {
            panic!("bars")
        };
        assert!(bars.len() > 4);
        let field = &table.table.columns[0].field;
        let mut chosen = 0;
        for (number, bar) in bars.iter().enumerate() {
            let last = number + 1 == bars.len();
            // What is on its right edge is in the next bar.
            let brush = Brush::Range {
                low: bar.left,
                high: bar.right - if last { 0.0 } else { 1000.0 },
            };
            let selection = Selection {
                tables: vec!["at".into()],
                column: "at".into(),
                condition: condition(field, &brush, false).unwrap(),
            };
            let words = selection.to_string();
            let selecting = Workspace {
                selection: Some(Arc::new(selection)),
                ..workspace.clone()
            };
            let Output::Table(rows) = show(&selecting, "at") else {
                panic!("a table")
            };
            assert_eq!(rows.extent.rows as f64, bar.value, "{zone:?} {words}");
            chosen += rows.extent.rows;
        }
        assert_eq!(chosen, 288, "{zone:?}");
    }
}
