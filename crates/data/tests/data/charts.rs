//! Chart specifications in, marks out.

use crate::common::*;
use aloft_data::Relation;
use aloft_spec::Code;
use aloft_spec::chart::{Bar, ChartData, ChartSpec, Mark, Marks, Scale, Series};

pub fn spec_of(mark: Mark, x: &str, y: Option<&str>) -> ChartSpec {
    ChartSpec {
        x: Some(x.into()),
        y: y.map(Into::into),
        ..ChartSpec::new("t", mark)
    }
}

pub fn chart(relation: &Relation, mark: Mark, x: &str, y: Option<&str>) -> ChartData {
    relation.chart(&spec_of(mark, x, y)).unwrap()
}

fn bars(data: &ChartData, panel: usize) -> &[Bar] {
    match &data.panels[panel].marks {
        Marks::Bars { bars } => bars,
        other => panic!("{other:?}"),
    }
}

fn values(data: &ChartData) -> Vec<f64> {
    bars(data, 0).iter().map(|bar| bar.value).collect()
}

fn series(data: &ChartData) -> &[Series] {
    match &data.panels[0].marks {
        Marks::Lines { lines: series, .. } | Marks::Points { points: series } => series,
        other => panic!("{other:?}"),
    }
}

fn names(scale: &Scale) -> String {
    match scale {
        Scale::Names(names) => names.join(" "),
        other => panic!("{other:?}"),
    }
}

fn cells(data: &ChartData) -> (usize, usize, &[Option<f64>]) {
    match &data.panels[0].marks {
        Marks::Cells {
            x_edges,
            y_edges,
            values,
        } => (x_edges.len() - 1, y_edges.len() - 1, values),
        other => panic!("{other:?}"),
    }
}

pub fn table(folder: &Folder) -> Relation {
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
    let data = table.chart(&spec).unwrap();
    let panel = &data.panels[0];
    assert_eq!(
        (panel.x.label.as_str(), panel.y.label.as_str(), data.extent.rows),
        ("real", "rows", 60)
    );
    assert_eq!(data.description, "Histogram of real, 3 bins");
    assert_eq!((values(&data), &panel.x.scale), (vec![20.0; 3], &Scale::Linear));
    assert!((bars(&data, 0)[2].right - 59.5).abs() < 1e-9);
    let whole = chart(&table, Mark::Histogram, "n", None);
    assert_eq!(values(&whole), vec![5.0; 12], "whole numbers have a bin each");
    let times = chart(&table, Mark::Histogram, "at", None);
    assert_eq!(times.panels[0].x.scale, Scale::Time);
    assert_eq!(bars(&times, 0)[0].left, 1_356_998_400_000.0);
    assert_eq!(values(&times).iter().sum::<f64>(), 60.0);
    assert_eq!(
        values(&chart(&table, Mark::Histogram, "truth", None)),
        [30.0, 30.0]
    );
}

#[test]
fn logarithmic_axes_have_decades_and_leave_out_what_has_no_logarithm() {
    let folder = Folder::new();
    let relation = whole(&folder.write("log.csv", "x,y\n-1,1\n0,1\n1,10\n10,100\n100,1000\n1000,10000\n"));
    let mut spec = spec_of(Mark::Histogram, "x", None);
    (spec.log_x, spec.bins) = (true, Some(3));
    let data = relation.chart(&spec).unwrap();
    assert_eq!(values(&data), [1.0, 1.0, 2.0]);
    assert!(bars(&data, 0)[0].left == 0.0 && (bars(&data, 0)[2].right - 3.0).abs() < 1e-9);
    let mut spec = spec_of(Mark::Scatter, "x", Some("y"));
    (spec.log_x, spec.log_y) = (true, true);
    let data = relation.chart(&spec).unwrap();
    let exponents = [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]];
    for (point, exponents) in series(&data)[0].points.iter().zip(exponents) {
        assert!(
            (0..2).all(|axis| (point[axis] - exponents[axis]).abs() < 1e-9),
            "{point:?}"
        );
    }
    assert_eq!(series(&data)[0].points.len(), 4);
    assert_eq!(data.panels[0].x.value(2.0), 100.0);
}

#[test]
fn bars_are_means_or_counts() {
    let folder = Folder::new();
    let table = table(&folder);
    let shown = |x, y| {
        let data = chart(&table, Mark::Bar, x, y);
        (
            names(&data.panels[0].x.scale),
            values(&data),
            data.notes.join(" "),
        )
    };
    assert_eq!(
        shown("word", None),
        (
            "a b c no value".into(),
            vec![24.0, 12.0, 12.0, 12.0],
            String::new()
        )
    );
    assert_eq!(
        shown("truth", Some("truth")),
        ("false true".into(), vec![0.0, 1.0], String::new())
    );
    assert_eq!(shown("day", Some("n")).0, "2013-01-01 2013-01-02 2013-01-03");
    let (categories, values, notes) = shown("real", None);
    assert_eq!(
        (categories.split(' ').count(), values.len(), notes.as_str()),
        (40, 40, "20 more not shown")
    );
    assert!(categories.starts_with("0.5 1.5 2.5"));
}

#[test]
fn colours_are_classes_and_facets_are_panels() {
    let folder = Folder::new();
    let table = table(&folder);
    let mut spec = spec_of(Mark::Bar, "truth", None);
    spec.color = Some("word".into());
    spec.facet = Some("day".into());
    let data = table.chart(&spec).unwrap();
    assert_eq!(
        data.description,
        "Bar chart of rows by truth, 24 bars, coloured by word, in 3 panels by day"
    );
    assert_eq!(data.legend.as_ref().unwrap().classes, ["a", "b", "c", "no value"]);
    assert_eq!(
        (data.panels.len(), data.across, data.panels[1].title.as_str()),
        (3, 3, "day 2013-01-02")
    );
    // Of 20 rows a panel, counts of classes stand on each other.
    let tops: Vec<f64> = bars(&data, 0).iter().map(|bar| bar.top).collect();
    assert_eq!((tops[3], bars(&data, 0)[1].bottom), (10.0, tops[0]));
    // Means stand beside each other.
    spec.y = Some("real".into());
    let data = table.chart(&spec).unwrap();
    assert!(bars(&data, 0).iter().all(|bar| bar.bottom == 0.0));
    assert!(
        bars(&data, 0)
            .windows(2)
            .all(|pair| pair[0].right <= pair[1].left)
    );
    // Many numbers are cut into quarters.
    let mut spec = spec_of(Mark::Line, "n", Some("real"));
    spec.color = Some("real".into());
    let data = table.chart(&spec).unwrap();
    assert_eq!(
        data.legend.unwrap().classes,
        ["below 15.2", "15.2 to 30", "30 to 44.8", "44.8 and more"]
    );
    // What is beyond eight classes shares the last.
    let text: String = (0..200).map(|row| format!("w{:02},{row}\n", row % 20)).collect();
    let many = whole(&folder.write("many.csv", format!("word,n\n{text}")));
    let mut spec = spec_of(Mark::Histogram, "n", None);
    spec.color = Some("word".into());
    let legend = many.chart(&spec).unwrap().legend.unwrap();
    assert_eq!(
        (legend.classes.len(), legend.classes[7].as_str()),
        (8, "13 others")
    );
    spec.color = None;
    spec.facet = Some("word".into());
    let data = many.chart(&spec).unwrap();
    assert_eq!(
        (data.panels.len(), data.notes[0].as_str()),
        (12, "8 more panels not shown")
    );
}

#[test]
fn lines_are_means_in_order_of_x() {
    let folder = Folder::new();
    let table = table(&folder);
    let data = chart(&table, Mark::Line, "n", Some("real"));
    let points = &series(&data)[0].points;
    assert_eq!(points.len(), 12);
    // Rows 0, 12, 24, 36 and 48.
    assert_eq!(points[0], [0.0, 24.5]);
    assert_eq!(data.description, "Line chart of mean of real over n, 12 points");
    let data = chart(&table, Mark::Area, "day", None);
    let points = &series(&data)[0].points;
    assert_eq!((points[0], points.len()), ([1_356_998_400_000.0, 20.0], 3));
    assert_eq!(
        (&data.panels[0].x.scale, data.panels[0].y.low),
        (&Scale::Time, 0.0)
    );
    let text: String = (0..9000).map(|row| format!("{row},{}\n", row % 2)).collect();
    let long = whole(&folder.write("long.csv", format!("x,y\n{text}")));
    let data = chart(&long, Mark::Line, "x", Some("y"));
    let points = &series(&data)[0].points;
    assert_eq!(points.len(), 1800);
    assert_eq!(points[0], [2.0, 0.4], "five neighbours are joined");
}

#[test]
fn many_points_are_counted_in_rectangles() {
    let folder = Folder::new();
    let text: String = (0..8000)
        .map(|row| format!("{}.5,{}.5,{}\n", row % 100, row % 50, row % 2))
        .collect();
    let relation = whole(&folder.write("many.csv", format!("x,y,c\n{text},5,1\n")));
    let mut spec = spec_of(Mark::Scatter, "x", Some("y"));
    let data = relation.chart(&spec).unwrap();
    let (columns, rows, values) = cells(&data);
    assert_eq!((columns, rows), (96, 60));
    assert_eq!(
        values.iter().flatten().sum::<f64>(),
        8000.0,
        "a row without a value isn't a point"
    );
    assert_eq!(data.ramp.as_ref().unwrap().label, "rows");
    assert_eq!(
        data.description,
        "Scatter plot of y against x, 8,000 points counted in 96 by 60 rectangles"
    );
    // Rectangles have no classes: with colours the points are thinned, the same way each time.
    spec.color = Some("c".into());
    let thinned = relation.chart(&spec).unwrap();
    let count: usize = series(&thinned).iter().map(|series| series.points.len()).sum();
    assert_eq!(
        (count, thinned.notes[0].as_str()),
        (5000, "5,000 of 8,000 points")
    );
    assert_eq!(relation.chart(&spec).unwrap(), thinned);
    let few = whole(&folder.write("few.csv", "x,y\n1,2\n3,4\n"));
    assert_eq!(
        series(&chart(&few, Mark::Scatter, "x", Some("y")))[0].points,
        [[1.0, 2.0], [3.0, 4.0]]
    );
}

#[test]
fn boxes_are_quantiles_and_violins_densities() {
    let folder = Folder::new();
    let text: String = (0..=100).map(|row| format!("a,{row}\n")).collect();
    let relation = whole(&folder.write("box.csv", format!("g,v\n{text}b,7\n")));
    let data = chart(&relation, Mark::Box, "g", Some("v"));
    let Marks::Boxes { boxes } = &data.panels[0].marks else {
        panic!()
    };
    assert_eq!(
        (names(&data.panels[0].x.scale).as_str(), data.notes.len()),
        ("a b", 0)
    );
    assert_eq!(boxes[0].quantiles, [5.0, 25.0, 50.0, 75.0, 95.0]);
    assert_eq!((boxes[1].quantiles, boxes[1].at), ([7.0; 5], 1.0));

    let data = chart(&relation, Mark::Violin, "g", Some("v"));
    let Marks::Violins { violins } = &data.panels[0].marks else {
        panic!()
    };
    assert_eq!(data.description, "Violin plot of v by g, 2 violins");
    assert_eq!(violins[0].quartiles, [25.0, 50.0, 75.0]);
    let density = &violins[0].density;
    assert_eq!((density[0][0], density[density.len() - 1][0]), (0.0, 100.0));
    let middle = density[density.len() / 2][1];
    let edge = density[0][1];
    // A uniform density is level, and half as high at its ends, where the kernel looks outside.
    assert!((edge / middle - 0.5).abs() < 0.06, "{edge} of {middle}");
    assert_eq!(violins[1].density.len(), 1, "one value has one position");
}

#[test]
fn heatmaps_count_or_average() {
    let folder = Folder::new();
    let table = table(&folder);
    let data = chart(&table, Mark::Heatmap, "word", Some("n"));
    let (columns, rows, values) = cells(&data);
    assert_eq!((columns, rows), (4, 12));
    assert_eq!(values.iter().flatten().sum::<f64>(), 60.0);
    assert_eq!(data.description, "Heatmap of rows by word and n, 4 by 12 cells");
    let mut spec = spec_of(Mark::Heatmap, "truth", Some("day"));
    (spec.z, spec.bins) = (Some("n".into()), Some(3));
    let data = table.chart(&spec).unwrap();
    let (columns, rows, values) = cells(&data);
    assert_eq!((columns, rows), (2, 3));
    // Rows that are even and a multiple of three are multiples of six: n is 0 or 6, five times each.
    assert_eq!(values[1], Some(3.0));
    assert_eq!(data.ramp.unwrap().label, "mean of n");
}

#[test]
fn correlations_are_between_each_two_columns() {
    let folder = Folder::new();
    let text: String = (0..50)
        .map(|row| format!("{row},{},{},{}\n", 2 * row + 1, -row, row * row % 11))
        .collect();
    let relation = whole(&folder.write("cor.csv", format!("a,b,c,d\n{text},,3,\n")));
    let data = relation.chart(&ChartSpec::new("t", Mark::Correlation)).unwrap();
    let (columns, rows, values) = cells(&data);
    assert_eq!(
        (columns, rows, names(&data.panels[0].y.scale).as_str()),
        (4, 4, "d c b a")
    );
    let at = |row: usize, column: usize| values[(rows - 1 - row) * columns + column].unwrap();
    assert!((at(0, 1) - 1.0).abs() < 1e-12 && (at(0, 2) + 1.0).abs() < 1e-12);
    assert_eq!((at(1, 0), at(3, 3)), (at(0, 1), 1.0));
    // As numpy.corrcoef says.
    assert!((at(0, 3) - 0.029_256_748_9).abs() < 1e-9, "{}", at(0, 3));
    let mut spec = ChartSpec::new("t", Mark::Correlation);
    spec.columns = vec!["a".into(), "zz".into()];
    assert_eq!(relation.chart(&spec).unwrap_err().code, Code::UnknownColumn);
}

#[test]
fn pairs_are_scatters_around_histograms() {
    let folder = Folder::new();
    let table = table(&folder);
    let mut spec = ChartSpec::new("t", Mark::Pairs);
    let data = table.chart(&spec).unwrap();
    assert_eq!(
        (data.description.as_str(), data.panels.len(), data.across),
        ("Pair plot of 2 columns", 4, 2)
    );
    assert_eq!(values(&data).iter().sum::<f64>(), 60.0);
    assert!(matches!(&data.panels[1].marks, Marks::Points { points } if points[0].points.len() == 60));
    assert_eq!(
        (data.panels[1].x.label.as_str(), data.panels[1].y.label.as_str()),
        ("real", "n")
    );
    spec.columns = vec!["n".into(); 6];
    let problem = table.chart(&spec).unwrap_err();
    assert_eq!(
        (problem.code, problem.hint.as_deref()),
        (Code::BadValue, Some("name fewer `columns`"))
    );
}

#[test]
fn missing_values_have_a_map() {
    let folder = Folder::new();
    let text: String = (0..200)
        .map(|row| {
            format!(
                "{row},{}\n",
                if row < 100 { String::new() } else { row.to_string() }
            )
        })
        .collect();
    let relation = whole(&folder.write("missing.csv", format!("full,half\n{text}")));
    let data = relation.chart(&ChartSpec::new("t", Mark::Missing)).unwrap();
    let (columns, rows, values) = cells(&data);
    assert_eq!(
        (columns, rows, names(&data.panels[0].y.scale).as_str()),
        (100, 2, "half full")
    );
    assert_eq!(
        (values[0], values[49], values[50]),
        (Some(1.0), Some(1.0), Some(0.0))
    );
    assert!(values[100..].iter().all(|share| *share == Some(0.0)));
}

#[test]
fn maps_have_points_on_earth() {
    let folder = Folder::new();
    let relation = whole(&folder.write("map.csv", "lon,lat\n-74,40.7\n10.75,59.9\n999,10\n"));
    let data = chart(&relation, Mark::Map, "lon", Some("lat"));
    assert_eq!(data.description, "Map of 2 points");
    assert_eq!(series(&data)[0].points, [[-74.0, 40.7], [10.75, 59.9]]);
    assert_eq!(data.panels[0].x.scale, Scale::Degrees);
    assert_eq!(data.notes, ["1 row without a place on earth not shown"]);
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
    assert_eq!(wrong(Mark::Map, "word", Some("n")), Code::BadValue);
    let none = table.chart(&ChartSpec::new("t", Mark::Bar)).unwrap_err();
    assert_eq!(
        (none.code, none.message.as_str()),
        (Code::BadValue, "a bar chart needs `x`")
    );
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
    for mark in Mark::ALL {
        let mut spec = spec_of(mark, "a", Some("b"));
        for color in [None, Some("b".to_owned())] {
            spec.color = color;
            let chart = empty
                .chart(&spec)
                .unwrap_or_else(|problem| panic!("{mark:?}: {problem}"));
            assert!(aloft_data::svg(&chart).ends_with("</svg>\n"));
        }
    }
}

#[test]
fn an_axis_of_time_has_the_clocks_of_its_zone() {
    use polars::prelude::*;
    // Midnight of 2014-07-01 in UTC, and every hour after it.
    let at: Vec<i64> = (0..48).map(|hour| 1_404_172_800_000 + hour * 3_600_000).collect();
    let axis = |zone: Option<&str>| {
        let dtype = DataType::Datetime(TimeUnit::Milliseconds, TimeZone::opt_try_new(zone).unwrap());
        let frame = df!("at" => &at, "n" => &at).unwrap().lazy();
        let frame = frame.with_column(col("at").cast(dtype)).collect().unwrap();
        let folder = Folder::new();
        let file = folder.path().join("t.parquet");
        aloft_data::write_table(&frame, &file).unwrap();
        let drawn = chart(&whole(&file), Mark::Histogram, "at", None);
        let hours = (drawn.panels[0].x.low - 1_404_172_800_000.0) / 3_600_000.0;
        assert_eq!(drawn.panels[0].x.scale, Scale::Time);
        hours.round()
    };
    assert_eq!(axis(None), axis(Some("UTC")));
    assert_eq!(axis(Some("America/New_York")) - axis(None), -4.0);
    assert_eq!(axis(Some("Asia/Tokyo")) - axis(None), 9.0);
}
