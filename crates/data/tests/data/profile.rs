//! Tables in, what is known about each column out.

use crate::common::*;
use aloft_data::write_table;
use aloft_spec::{
    profile::{ColumnProfile, Gaps, Measure, TopValue},
    table::ColumnKind,
};
use polars::prelude::*;

fn profiled(frame: &DataFrame) -> Vec<ColumnProfile> {
    let folder = Folder::new();
    let file = folder.path().join("t.parquet");
    write_table(frame, &file).unwrap();
    let profile = whole(&file).profile().unwrap();
    assert_eq!(profile.extent.rows, frame.height() as u64);
    profile.columns
}

#[test]
fn numbers_have_ends_moments_and_quantiles() {
    let frame = df!(
        "month" => [Some(1_i64), Some(2), Some(2), Some(12), None],
        "real" => [Some(0.5), Some(f64::NAN), Some(-0.0), Some(0.0), None],
    )
    .unwrap();
    let columns = profiled(&frame);
    let month = &columns[0];
    assert_eq!(
        (month.nulls, month.distinct, month.distinct_approximate),
        (1, 3, false)
    );
    assert_eq!(
        (month.min.as_deref(), month.max.as_deref()),
        (Some("1"), Some("12"))
    );
    assert_eq!(month.mean, Some(4.25));
    // Numpy: std([1, 2, 2, 12], ddof=1) and quantile(…, [.05, .25, .5, .75, .95]).
    assert!((month.std.unwrap() - 5.188_127_472_091_127).abs() < 1e-12);
    let expected = [1.15, 1.75, 2.0, 4.5, 10.5];
    for (value, expected) in month.quantiles.unwrap().iter().zip(expected) {
        assert!((value - expected).abs() < 1e-12, "{value}");
    }
    let histogram = month.histogram.as_ref().unwrap();
    assert_eq!((histogram.low, histogram.high), (0.5, 12.5));
    assert_eq!(histogram.counts, [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(
        month.top[0],
        TopValue {
            value: "2".into(),
            count: 2
        }
    );
    let real = &columns[1];
    assert_eq!(
        (real.nulls, real.distinct),
        (2, 2),
        "NaN counts as missing, and zero is zero"
    );
    assert_eq!(real.histogram.as_ref().unwrap().counts.iter().sum::<u64>(), 3);
    assert_eq!(top(real), "0 2, 0.5 1");
}

fn top(column: &ColumnProfile) -> String {
    let top = column
        .top
        .iter()
        .map(|top| format!("{} {}", top.value, top.count));
    top.collect::<Vec<_>>().join(", ")
}

#[test]
fn texts_and_truths_have_top_values() {
    let frame = df!(
        "word" => [Some("b"), Some("ähm"), Some("b"), Some("a text of more than twelve bytes"), None],
        "truth" => [Some(true), Some(true), Some(false), None, None],
    )
    .unwrap();
    let columns = profiled(&frame);
    assert_eq!((columns[0].nulls, columns[0].distinct), (1, 3));
    assert_eq!(top(&columns[0]), "b 2, a text of more than twelve bytes 1, ähm 1");
    assert_eq!(
        (columns[0].min.as_deref(), columns[0].max.as_deref()),
        (Some("a text of more than twelve bytes"), Some("ähm"))
    );
    let lengths = columns[0].lengths.unwrap();
    assert_eq!((lengths.min, lengths.mean, lengths.max), (1, 9.25, 32));
    assert_eq!((columns[1].nulls, columns[1].distinct), (2, 2));
    assert_eq!(top(&columns[1]), "true 2, false 1");
    assert!((columns[1].mean.unwrap() - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn dates_and_times_have_ends_and_histograms() {
    const DAY: i64 = 86_400_000;
    let days = Series::new("day".into(), [0_i32, 1, 1, 9])
        .cast(&DataType::Date)
        .unwrap();
    let at = Series::new("at".into(), [0, DAY, DAY, 9 * DAY + 500]);
    let at = at
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)))
        .unwrap();
    let clock = Series::new("clock".into(), [0_i64, 1, 3_600_000_000_000, 5])
        .cast(&DataType::Time)
        .unwrap();
    let span = Series::new("span".into(), [-1500_i64, 0, DAY, 1]);
    let span = span.cast(&DataType::Duration(TimeUnit::Milliseconds)).unwrap();
    let frame = DataFrame::new(4, [days, at, clock, span].map(Into::into).into()).unwrap();
    let columns = profiled(&frame);
    let ends = |index: usize| {
        (
            columns[index].min.clone().unwrap(),
            columns[index].max.clone().unwrap(),
        )
    };
    assert_eq!(ends(0), ("1970-01-01".into(), "1970-01-10".into()));
    assert_eq!(
        ends(1),
        ("1970-01-01 00:00:00".into(), "1970-01-10 00:00:00.500".into())
    );
    assert_eq!(ends(2), ("00:00:00".into(), "01:00:00".into()));
    assert_eq!(ends(3), ("-00:00:01.5".into(), "1 d 00:00:00".into()));
    assert_eq!(columns[1].field.dtype, "datetime[ms, UTC]");
    assert_eq!(columns[0].distinct, 3);
    let gaps = Gaps {
        days: 10,
        missing: 7,
        longest: 7,
        longest_from: Some("1970-01-03".into()),
    };
    assert_eq!(
        (columns[0].gaps.as_ref(), columns[1].gaps.as_ref()),
        (Some(&gaps), Some(&gaps))
    );
    assert_eq!(columns[2].gaps, None);
    let histogram = columns[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.counts, [1, 2, 0, 0, 0, 0, 0, 0, 0, 1], "a bin a day");
    assert_eq!(histogram.low, -0.5 * DAY as f64);
    for column in &columns {
        assert_eq!(
            column.histogram.as_ref().unwrap().counts.iter().sum::<u64>(),
            4,
            "{}",
            column.field.name
        );
    }
}

#[test]
fn odd_columns_are_profiled_too() {
    let frame = df!(
        "list" => [Series::new("".into(), [1, 2]), Series::new("".into(), [1, 2]), Series::new("".into(), [3])],
        "bytes" => [&b"ab"[..], b"ab", b""],
        "huge" => [u64::MAX, 1, 1],
        "inf" => [f64::INFINITY, 1.0, f64::NEG_INFINITY],
        "empty" => [None::<i32>, None, None],
    )
    .unwrap();
    let columns = profiled(&frame);
    let summary: Vec<(ColumnKind, u64, u64)> = columns
        .iter()
        .map(|column| (column.field.kind, column.nulls, column.distinct))
        .collect();
    assert_eq!(
        summary,
        [
            (ColumnKind::Other, 0, 2),
            (ColumnKind::Other, 0, 2),
            (ColumnKind::Integer, 0, 2),
            (ColumnKind::Float, 0, 3),
            (ColumnKind::Integer, 3, 0),
        ]
    );
    assert_eq!(
        columns[3].histogram.as_ref().unwrap().counts.iter().sum::<u64>(),
        1
    );
    assert!(serde_json::to_string(&columns).is_ok());
    let folder = Folder::new();
    let file = folder.path().join("t.parquet");
    write_table(&frame, &file).unwrap();
    assert_eq!(
        rows(&whole(&file)),
        "[1, 2] | 2 bytes | 18446744073709551615 | ∞ | -\n\
         [1, 2] | 2 bytes | 1 | 1 | -\n\
         [3] | 0 bytes | 1 | −∞ | -"
    );
}

#[test]
fn a_table_without_rows_has_a_profile() {
    let folder = Folder::new();
    let relation = whole(&folder.write("none.csv", "a,b\n"));
    let output = relation.output(10).unwrap();
    assert_eq!(
        (
            output.table.rows,
            output.profile.columns.len(),
            output.extent.rows
        ),
        (0, 2, 0)
    );
}

#[test]
fn the_display_holds_the_first_rows_and_the_profile_all() {
    let folder = Folder::new();
    let text: String = (0..1000).map(|row| format!("{row}\n")).collect();
    let output = whole(&folder.write("n.csv", format!("n\n{text}")))
        .output(10)
        .unwrap();
    assert_eq!(output.table.rows, 10);
    assert_eq!(output.table.columns[0].values.format(9).as_deref(), Some("9"));
    assert_eq!(output.profile.columns[0].max.as_deref(), Some("999"));
    assert_eq!(output.profile.columns[0].distinct, 1000);
}

#[test]
fn numbers_show_values_that_many_rows_have() {
    let values: Vec<f64> = (0..1000)
        .map(|row| if row % 10 == 0 { -999.0 } else { f64::from(row) })
        .collect();
    let columns = profiled(&df!("x" => values).unwrap());
    assert_eq!(top(&columns[0]), "-999 100");
}

#[test]
fn associations_name_what_goes_together() {
    let rows: Vec<i64> = (0..500).collect();
    let frame = df!(
        "n" => rows.clone(),
        "minus" => rows.iter().map(|row| -2.0 * *row as f64).collect::<Vec<_>>(),
        "half" => rows.iter().map(|row| if *row < 250 { "low" } else { "high" }).collect::<Vec<_>>(),
        "sign" => rows.iter().map(|row| if *row < 250 { "-" } else { "+" }).collect::<Vec<_>>(),
        "other" => rows.iter().map(|row| row * 7919 % 13).collect::<Vec<_>>(),
    )
    .unwrap();
    let folder = Folder::new();
    let file = folder.path().join("t.parquet");
    write_table(&frame, &file).unwrap();
    let associations = whole(&file).profile().unwrap().associations.unwrap();
    assert_eq!((associations.rows, associations.columns), (500, 5));
    let strongest = &associations.strongest[0];
    assert_eq!((strongest.a.as_str(), strongest.b.as_str()), ("n", "minus"));
    assert_eq!((strongest.measure, strongest.value), (Measure::Pearson, -1.0));
    let of = |a: &str, b: &str| {
        let found = associations
            .strongest
            .iter()
            .find(|pair| pair.a == a && pair.b == b);
        found.map(|pair| (pair.measure, (pair.value * 100.0).round()))
    };
    assert_eq!(of("half", "sign"), Some((Measure::CramersV, 100.0)));
    // Halves of a ramp: 3/4 of its variance lies between them.
    assert_eq!(of("n", "half"), Some((Measure::CorrelationRatio, 87.0)));
    assert_eq!(of("n", "other"), None);
}
