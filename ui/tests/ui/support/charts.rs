//! Charts of all kinds.

use super::project::{cell, flights, notebook_mut, of};
use aloft_protocol::Snapshot;
use aloft_protocol::snapshot::CellState;
use aloft_spec::CellKind;
use aloft_spec::chart::{
    Axis, Bar, BoxMark, ChartData, Legend, Mark, Marks, Panel, Ramp, Scale, Series, Violin,
};
use aloft_spec::output::Output;
use aloft_spec::table::{Extent, Scope};
use std::sync::Arc;

const DAY: f64 = 86_400_000.0;

fn axis(label: &str, scale: Scale, low: f64, high: f64) -> Axis {
    Axis {
        label: label.into(),
        scale,
        low,
        high,
    }
}

fn carriers(count: usize) -> Axis {
    let names = [
        "United",
        "JetBlue",
        "ExpressJet Airlines Inc.",
        "Delta",
        "American",
    ][..count]
        .iter();
    let names = Scale::Names(names.map(|name| (*name).to_owned()).collect());
    axis("carrier", names, -0.5, count as f64 - 0.5)
}

fn extent() -> Extent {
    Extent {
        scope: Scope::Sample,
        rows: 50_000,
        total: Some(84_313_201),
    }
}

fn one(mark: Mark, description: &str, x: Axis, y: Axis, marks: Marks) -> ChartData {
    ChartData {
        mark,
        description: description.into(),
        panels: vec![Panel {
            title: String::new(),
            x,
            y,
            marks,
        }],
        across: 1,
        legend: None,
        ramp: None,
        notes: Vec::new(),
        extent: extent(),
    }
}

/// A line.
pub fn line_chart() -> ChartData {
    let points = (5..24)
        .map(|hour| [f64::from(hour), f64::from((hour - 5) * (hour - 4)) / 12.0])
        .collect();
    one(
        Mark::Line,
        "Line chart of mean of dep_delay over hour, 19 points",
        axis("hour", Scale::Linear, 5.0, 23.0),
        axis("mean of dep_delay", Scale::Linear, 0.0, 30.0),
        Marks::Lines {
            lines: vec![Series { class: 0, points }],
            filled: false,
        },
    )
}

fn spread(index: f64) -> f64 {
    (index * 1.7).sin() * 9.0 + (index * 0.37).cos() * 4.0
}

fn bell(bin: f64) -> f64 {
    (-((bin - 11.0) / 6.0).powi(2)).exp()
}

fn bar(left: f64, right: f64, bottom: f64, height: f64, class: usize) -> Bar {
    Bar {
        left,
        right,
        bottom,
        top: bottom + height,
        class,
        value: height,
    }
}

fn histogram() -> ChartData {
    let bars = (0..30)
        .map(f64::from)
        .map(|bin| bar(2.0 * bin - 11.0, 2.0 * bin - 9.0, 0.0, 900.0 * bell(bin), 0));
    one(
        Mark::Histogram,
        "Histogram of dep_delay, 30 bins",
        axis("dep_delay", Scale::Linear, -11.0, 49.0),
        axis("rows", Scale::Linear, 0.0, 900.0),
        Marks::Bars { bars: bars.collect() },
    )
}

fn stacked_bars() -> ChartData {
    let heights = [12.1, 13.0, 19.9, 9.2, 8.6];
    let bars = heights.into_iter().enumerate().flat_map(|(index, height)| {
        let (left, right) = (index as f64 - 0.35, index as f64 + 0.35);
        [
            bar(left, right, 0.0, height, 0),
            bar(left, right, height, height / 3.0, 1),
        ]
    });
    let marks = Marks::Bars { bars: bars.collect() };
    let y = axis("rows", Scale::Linear, 0.0, 27.0);
    let chart = one(
        Mark::Bar,
        "Bar chart of rows by carrier, 10 bars, coloured by late",
        carriers(5),
        y,
        marks,
    );
    ChartData {
        legend: Some(Legend {
            title: "late".into(),
            classes: vec!["false".into(), "true".into()],
        }),
        notes: vec!["11 more not shown".into()],
        ..chart
    }
}

fn area() -> ChartData {
    let start = 1_356_998_400_000.0;
    let lines = (0..2).map(|class| Series {
        class,
        points: (0..365)
            .map(f64::from)
            .map(|day| [start + day * DAY, 14.0 + spread(day / 30.0 + class as f64) / 2.0])
            .collect(),
    });
    let chart = one(
        Mark::Area,
        "Area chart of mean of temp over day, 730 points, coloured by origin",
        axis("day", Scale::Time, start, start + 364.0 * DAY),
        axis("mean of temp", Scale::Linear, 0.0, 26.0),
        Marks::Lines {
            lines: lines.collect(),
            filled: true,
        },
    );
    ChartData {
        legend: Some(Legend {
            title: "origin".into(),
            classes: vec!["EWR".into(), "JFK".into()],
        }),
        ..chart
    }
}

fn scatter() -> ChartData {
    let points = (0..600)
        .map(f64::from)
        .map(|index| [spread(index), spread(index * 1.3) + 0.4 * spread(index)])
        .collect();
    let points = vec![Series { class: 0, points }];
    let chart = one(
        Mark::Scatter,
        "Scatter plot of arr_delay against dep_delay, 600 points",
        axis("dep_delay", Scale::Linear, -14.0, 14.0),
        axis("arr_delay", Scale::Linear, -18.0, 18.0),
        Marks::Points { points },
    );
    ChartData {
        notes: vec!["600 of 50,000 points".into()],
        ..chart
    }
}

/// Rectangles of a grid over two axes.
fn cells(
    mark: Mark,
    description: &str,
    [x, y]: [Axis; 2],
    [columns, rows]: [usize; 2],
    ramp: Ramp,
) -> ChartData {
    let edges = |axis: &Axis, count: usize| -> Vec<f64> {
        let step = (axis.high - axis.low) / count as f64;
        (0..=count).map(|index| axis.low + step * index as f64).collect()
    };
    let middle = (ramp.low + ramp.high) / 2.0;
    let reach = (ramp.high - ramp.low) / 2.0;
    let values = (0..columns * rows).map(|index| {
        let (column, row) = ((index % columns) as f64, (index / columns) as f64);
        let value = middle + reach * ((column / 3.0).sin() * (row / 2.0).cos());
        (index % 17 != 5).then_some(value)
    });
    let marks = Marks::Cells {
        x_edges: edges(&x, columns),
        y_edges: edges(&y, rows),
        values: values.collect(),
    };
    ChartData {
        ramp: Some(ramp),
        ..one(mark, description, x, y, marks)
    }
}

fn ramp(label: &str, low: f64, high: f64) -> Ramp {
    Ramp {
        label: label.into(),
        low,
        high,
        diverging: low < 0.0,
    }
}

fn boxes() -> ChartData {
    let boxes = (0..4).map(|index| {
        let at = f64::from(index);
        BoxMark {
            at,
            width: 0.55,
            class: 0,
            quantiles: [-9.0 + at, -5.0 + at, -1.0 + at, 9.0 + 2.0 * at, 60.0 - at * 5.0],
        }
    });
    let y = axis("dep_delay", Scale::Linear, -12.0, 63.0);
    let marks = Marks::Boxes {
        boxes: boxes.collect(),
    };
    one(
        Mark::Box,
        "Box plot of dep_delay by carrier, 4 boxes",
        carriers(4),
        y,
        marks,
    )
}

fn violins() -> ChartData {
    let violins = (0..4).map(|index| Violin {
        at: f64::from(index),
        width: 0.8,
        class: 0,
        density: (0..60)
            .map(f64::from)
            .map(|bin| [0.1 * bin, bell(bin / 2.0 + f64::from(index))])
            .collect(),
        quartiles: [1.4, 2.0, 2.8],
    });
    // Positions on a logarithmic axis are exponents of ten.
    let y = axis("distance", Scale::Log, 0.0, 6.0);
    let marks = Marks::Violins {
        violins: violins.collect(),
    };
    one(
        Mark::Violin,
        "Violin plot of distance by carrier, 4 violins",
        carriers(4),
        y,
        marks,
    )
}

fn pairs() -> ChartData {
    let mut chart = scatter();
    let points = chart.panels[0].clone();
    let bars = histogram().panels[0].clone();
    chart.mark = Mark::Pairs;
    chart.description = "Pair plot of 3 columns".into();
    chart.panels = (0..9)
        .map(|index| {
            if index % 4 == 0 {
                bars.clone()
            } else {
                points.clone()
            }
        })
        .collect();
    chart.across = 3;
    chart
}

fn map() -> ChartData {
    let points = (0..300)
        .map(f64::from)
        .map(|index| [-95.0 + 2.2 * spread(index), 39.0 + spread(index * 1.3) * 0.8])
        .collect();
    one(
        Mark::Map,
        "Map of 300 points",
        axis("lon", Scale::Degrees, -125.0, -65.0),
        axis("lat", Scale::Degrees, 24.0, 52.0),
        Marks::Points {
            points: vec![Series { class: 0, points }],
        },
    )
}

/// A chart of each mark, in their order.
pub fn every_chart() -> Vec<ChartData> {
    let hours = || axis("hour", Scale::Linear, -0.5, 23.5);
    let matrix = || [carriers(5), carriers(5)];
    vec![
        histogram(),
        stacked_bars(),
        line_chart(),
        area(),
        scatter(),
        boxes(),
        violins(),
        cells(
            Mark::Heatmap,
            "Heatmap of mean of dep_delay by hour and carrier, 24 by 5 cells",
            [hours(), carriers(5)],
            [24, 5],
            ramp("mean of dep_delay", 0.0, 40.0),
        ),
        cells(
            Mark::Correlation,
            "Correlation matrix of 5 columns",
            matrix(),
            [5, 5],
            ramp("correlation", -1.0, 1.0),
        ),
        pairs(),
        cells(
            Mark::Missing,
            "Map of missing values in 5 columns",
            [axis("row", Scale::Linear, 0.5, 50_000.5), carriers(5)],
            [100, 5],
            ramp("share missing", 0.0, 1.0),
        ),
        map(),
    ]
}

/// A notebook of nothing but charts.
pub fn charts() -> Snapshot {
    let mut snapshot = flights();
    let notebook = notebook_mut(&mut snapshot);
    notebook.blocks.clear();
    for (index, data) in every_chart().into_iter().enumerate() {
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
        chart.output = Some(Output::Chart(Arc::new(data)));
    }
    snapshot
}
