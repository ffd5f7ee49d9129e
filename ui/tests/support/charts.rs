//! Charts of all kinds.

use super::project::{cell, flights, notebook_mut, of};
use aloft_protocol::Snapshot;
use aloft_protocol::snapshot::CellState;
use aloft_spec::CellKind;
use aloft_spec::chart::{ChartData, Marks};
use aloft_spec::output::Output;
use aloft_spec::table::{Extent, Scope};
use std::sync::Arc;

/// A line.
pub fn line_chart() -> ChartData {
    ChartData {
        x_label: "hour".into(),
        y_label: "mean of dep_delay".into(),
        marks: Marks::Line {
            points: (5..24)
                .map(|hour| [f64::from(hour), f64::from((hour - 5) * (hour - 4)) / 12.0])
                .collect(),
            time: false,
        },
        extent: Extent {
            scope: Scope::Sample,
            rows: 50_000,
            total: Some(84_313_201),
        },
    }
}

/// A notebook of nothing but charts.
pub fn charts() -> Snapshot {
    let names = |count: usize| {
        [
            "United",
            "JetBlue",
            "ExpressJet Airlines Inc.",
            "Delta",
            "American",
        ][..count]
            .iter()
            .map(|name| (*name).to_owned())
            .collect()
    };
    let spread = |index: f64| (index * 1.7).sin() * 9.0 + (index * 0.37).cos() * 4.0;
    let marks = [
        Marks::Histogram {
            edges: (0..=30).map(|edge| f64::from(edge) * 2.0 - 11.0).collect(),
            counts: (0..30)
                .map(|bin| (900.0 * (-((f64::from(bin) - 11.0) / 6.0).powi(2)).exp()) as u64)
                .collect(),
            time: false,
        },
        Marks::Bar {
            categories: names(5),
            values: vec![12.1, 13.0, 19.9, 9.2, 8.6],
            omitted: 11,
        },
        Marks::Scatter {
            points: (0..600)
                .map(f64::from)
                .map(|index| [spread(index), spread(index * 1.3) + 0.4 * spread(index)])
                .collect(),
            total: 50_000,
            time: false,
        },
        Marks::Box {
            categories: names(4),
            quantiles: (0..4)
                .map(f64::from)
                .map(|at| [-9.0 + at, -5.0 + at, -1.0 + at, 9.0 + 2.0 * at, 60.0 - at * 5.0])
                .collect(),
            omitted: 0,
        },
        Marks::Line {
            points: (0..365)
                .map(|day| {
                    [
                        1_356_998_400_000.0 + f64::from(day) * 86_400_000.0,
                        12.0 + spread(f64::from(day) / 30.0),
                    ]
                })
                .collect(),
            time: true,
        },
    ];
    let mut snapshot = flights();
    let notebook = notebook_mut(&mut snapshot);
    notebook.blocks.clear();
    for (index, marks) in marks.into_iter().enumerate() {
        let id = index as u64 + 1;
        notebook.blocks.push(cell(
            id,
            &format!("chart_{id}"),
            CellKind::Chart,
            "data = \"joined\"\n",
        ));
        let chart = of(notebook, id);
        chart.state = CellState::Done {
            seconds: 0.02,
            cached: false,
        };
        chart.output = Some(Output::Chart(Arc::new(ChartData {
            x_label: "carrier".into(),
            y_label: "mean of dep_delay".into(),
            marks,
            extent: Extent {
                scope: Scope::Sample,
                rows: 50_000,
                total: Some(84_313_201),
            },
        })));
    }
    snapshot
}
