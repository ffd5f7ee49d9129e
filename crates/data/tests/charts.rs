//! Chart specifications in, marks out.
#![allow(clippy::unwrap_used)] // Helpers of tests may unwrap, as tests may.

mod common;

use aloft_data::Relation;
use aloft_spec::{
    Code,
    chart::{ChartSpec, Mark, Marks},
};
use common::*;

fn spec_of(mark: Mark, x: &str, y: Option<&str>) -> ChartSpec {
    ChartSpec {
        data: "t".into(),
        mark,
        x: x.into(),
        y: y.map(Into::into),
        bins: None,
    }
}

fn marks(relation: &Relation, mark: Mark, x: &str, y: Option<&str>) -> Marks {
    relation.chart(&spec_of(mark, x, y)).unwrap().marks
}

fn table(folder: &Folder) -> Relation {
    let mut text = String::from("n,real,word,truth,day,at\n");
    for row in 0..60 {
        let word = ["a", "b", "a", "c", "NA"][row % 5];
        text.push_str(&format!(
            "{},{}.5,{word},{},2013-01-{:02},2013-01-01T00:{row:02}:00\n",
            row % 12,
            row,
            row % 2 == 0,
            row % 3 + 1
        ));
    }
    whole(&folder.write("t.csv", text))
}

#[test]
fn histograms_count_in_bins() {
    let folder = Folder::new();
    let table = table(&folder);
    let mut spec = spec_of(Mark::Histogram, "real", None);
    spec.bins = Some(3);
    let chart = table.chart(&spec).unwrap();
    assert_eq!(
        (chart.x_label.as_str(), chart.y_label.as_str(), chart.extent.rows),
        ("real", "rows", 60)
    );
    let Marks::Histogram { edges, counts, time } = chart.marks else {
        panic!()
    };
    assert_eq!((counts, time), (vec![20, 20, 20], false));
    assert!((edges[3] - 59.5).abs() < 1e-9);
    let Marks::Histogram { edges, counts, .. } = marks(&table, Mark::Histogram, "n", None) else {
        panic!()
    };
    assert_eq!(
        (edges.len(), counts),
        (13, vec![5; 12]),
        "whole numbers have a bin each"
    );
    let Marks::Histogram { edges, counts, time } = marks(&table, Mark::Histogram, "at", None) else {
        panic!()
    };
    assert!(time && edges[0] == 1_356_998_400_000.0 && counts.iter().sum::<u64>() == 60);
    let Marks::Histogram { counts, .. } = marks(&table, Mark::Histogram, "truth", None) else {
        panic!()
    };
    assert_eq!(counts, [30, 30]);
}

#[test]
fn bars_are_means_or_counts() {
    let folder = Folder::new();
    let table = table(&folder);
    let bars = |x, y| match marks(&table, Mark::Bar, x, y) {
        Marks::Bar {
            categories,
            values,
            omitted,
        } => (categories.join(" "), values, omitted),
        _ => panic!(),
    };
    assert_eq!(
        bars("word", None),
        ("a b c no value".into(), vec![24.0, 12.0, 12.0, 12.0], 0)
    );
    assert_eq!(
        bars("truth", Some("truth")),
        ("false true".into(), vec![0.0, 1.0], 0)
    );
    assert_eq!(bars("day", Some("n")).0, "2013-01-01 2013-01-02 2013-01-03");
    let (categories, values, omitted) = bars("real", None);
    assert_eq!(
        (categories.split(' ').count(), values.len(), omitted),
        (40, 40, 20)
    );
    assert!(categories.starts_with("0.5 1.5 2.5"));
}

#[test]
fn lines_are_means_in_order_of_x() {
    let folder = Folder::new();
    let table = table(&folder);
    let Marks::Line { points, time } = marks(&table, Mark::Line, "n", Some("real")) else {
        panic!()
    };
    assert_eq!(points.len(), 12);
    // Rows 0, 12, 24, 36 and 48.
    assert_eq!((points[0], time), ([0.0, 24.5], false));
    let Marks::Line { points, time } = marks(&table, Mark::Line, "day", None) else {
        panic!()
    };
    assert_eq!(
        (points[0], points.len(), time),
        ([1_356_998_400_000.0, 20.0], 3, true)
    );
    let text: String = (0..9000).map(|row| format!("{row},{}\n", row % 2)).collect();
    let long = whole(&folder.write("long.csv", format!("x,y\n{text}")));
    let Marks::Line { points, .. } = marks(&long, Mark::Line, "x", Some("y")) else {
        panic!()
    };
    assert_eq!(points.len(), 1800);
    assert_eq!(points[0], [2.0, 0.4], "five neighbours are joined");
}

#[test]
fn scatters_are_thinned_by_seed() {
    let folder = Folder::new();
    let text: String = (0..8000).map(|row| format!("{row},{row}\n")).collect();
    let relation = whole(&folder.write("many.csv", format!("x,y\n{text},5\n")));
    let Marks::Scatter { points, total, time } = marks(&relation, Mark::Scatter, "x", Some("y")) else {
        panic!()
    };
    assert_eq!(
        (points.len(), total, time),
        (5000, 8000, false),
        "a row without a value isn't a point"
    );
    assert!(points.iter().all(|[x, y]| x == y));
    assert_eq!(
        marks(&relation, Mark::Scatter, "x", Some("y")),
        Marks::Scatter { points, total, time }
    );
}

#[test]
fn boxes_are_quantiles() {
    let folder = Folder::new();
    let text: String = (0..=100).map(|row| format!("a,{row}\n")).collect();
    let relation = whole(&folder.write("box.csv", format!("g,v\n{text}b,7\n")));
    let Marks::Box {
        categories,
        quantiles,
        omitted,
    } = marks(&relation, Mark::Box, "g", Some("v"))
    else {
        panic!()
    };
    assert_eq!((categories, omitted), (vec!["a".to_owned(), "b".to_owned()], 0));
    assert_eq!(quantiles, [[5.0, 25.0, 50.0, 75.0, 95.0], [7.0; 5]]);
}

#[test]
fn wrong_columns_are_said() {
    let folder = Folder::new();
    let table = table(&folder);
    let wrong = |mark, x, y| {
        let problem = table.chart(&spec_of(mark, x, y)).unwrap_err();
        assert!(problem.hint.is_some());
        problem.code
    };
    assert_eq!(wrong(Mark::Bar, "wrd", None), Code::UnknownColumn);
    assert_eq!(wrong(Mark::Bar, "word", Some("nn")), Code::UnknownColumn);
    assert_eq!(wrong(Mark::Histogram, "word", None), Code::BadValue);
    assert_eq!(wrong(Mark::Scatter, "n", None), Code::BadValue);
    assert_eq!(wrong(Mark::Line, "word", Some("n")), Code::BadValue);
    assert_eq!(wrong(Mark::Box, "word", Some("word")), Code::BadValue);
}

#[test]
fn a_chart_of_no_rows_is_empty() {
    let folder = Folder::new();
    let relation = whole(&folder.write("none.csv", "a,b\n"));
    let empty = ask(
        "SELECT CAST(a AS DOUBLE) AS a, CAST(b AS DOUBLE) AS b FROM t",
        &[("t", &relation)],
    )
    .unwrap();
    for mark in [Mark::Histogram, Mark::Bar, Mark::Line, Mark::Scatter, Mark::Box] {
        assert!(empty.chart(&spec_of(mark, "a", Some("b"))).is_ok(), "{mark:?}");
    }
}
