//! Our groups against those of polars.

use super::grouped;
use crate::{
    Cancel,
    execute::{self, EngineChoice},
};
use polars::{prelude::*, sql::SQLContext};

/// So many rows of every type, some without values, a few with texts that are too long for a key.
fn rows(count: i64, groups: i64) -> DataFrame {
    let mixed = |row: i64, salt: i64| {
        let mixed = (row as u64 * 31 + salt as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29) as i64 & i64::MAX
    };
    let numbers = |salt: i64, among: i64| -> Vec<Option<i64>> {
        (0..count)
            .map(|row| {
                let value = mixed(row, salt) % among;
                (mixed(row, salt + 100) % 9 > 0).then_some(value - among / 2)
            })
            .collect()
    };
    let texts = |salt: i64, among: i64| -> Vec<Option<String>> {
        let text = |value: Option<i64>| {
            value.map(|value| match value % 3 {
                0 => format!("{value}"),
                1 => format!("{value}, twelve"),
                _ => format!("a text that doesn't lie in a view: {value}"),
            })
        };
        numbers(salt, among).into_iter().map(text).collect()
    };
    let reals = |salt: i64, among: i64| -> Vec<Option<f64>> {
        let real = |value: Option<i64>| {
            value.map(|value| match value {
                0 => -0.0,
                7 => f64::NAN,
                value => value as f64 / 4.0,
            })
        };
        numbers(salt, among).into_iter().map(real).collect()
    };
    df!(
        "whole" => numbers(1, groups),
        "small" => numbers(2, 50),
        "flag" => numbers(3, 2),
        "real" => reals(4, groups),
        "text" => texts(5, groups),
        "day" => numbers(6, groups),
        "at" => numbers(7, groups),
        "x" => reals(8, 1000),
        "n" => numbers(9, 1_000_000),
    )
    .unwrap()
    .lazy()
    .with_columns([
        col("small").cast(DataType::Int8),
        col("flag").cast(DataType::Boolean),
        col("day").cast(DataType::Int32).cast(DataType::Date),
        col("at").cast(DataType::Datetime(TimeUnit::Milliseconds, None)),
        col("x").cast(DataType::Float32).alias("f"),
        col("n").cast(DataType::Int32).alias("i"),
    ])
    .collect()
    .unwrap()
}

/// A query by our groups and by those of polars, ordered by all columns; `None` where ours can't do it.
fn both(frame: &DataFrame, sql: &str, engine: EngineChoice) -> Option<(DataFrame, DataFrame)> {
    let mut context = SQLContext::new();
    context.register("t", frame.clone().lazy());
    let plan = context.execute(sql).unwrap();
    let ours = execute::collect(
        grouped(&plan, engine, &Cancel::new()).unwrap()?,
        EngineChoice::InMemory,
    )
    .unwrap();
    let theirs = execute::collect(plan, EngineChoice::InMemory).unwrap();
    let ordered = |frame: DataFrame| {
        let names = frame.get_column_names_owned();
        frame.sort(names, SortMultipleOptions::default()).unwrap()
    };
    Some((ordered(ours), ordered(theirs)))
}

fn assert_same(ours: &DataFrame, theirs: &DataFrame, sql: &str) {
    assert_eq!(ours.schema(), theirs.schema(), "{sql}");
    assert_eq!(ours.shape(), theirs.shape(), "{sql}");
    for (ours, theirs) in ours.columns().iter().zip(theirs.columns()) {
        if !ours.dtype().is_float() {
            assert!(ours.equals_missing(theirs), "{sql}: {ours:?} {theirs:?}");
            continue;
        }
        let real = |column: &Column| column.cast(&DataType::Float64).unwrap();
        let (ours, theirs) = (real(ours), real(theirs));
        for (ours, theirs) in ours.f64().unwrap().iter().zip(theirs.f64().unwrap().iter()) {
            let is_near = match (ours, theirs) {
                (Some(ours), Some(theirs)) => {
                    ours.is_nan() && theirs.is_nan() || (ours - theirs).abs() <= 1e-4 * theirs.abs().max(1.0)
                }
                (ours, theirs) => ours == theirs,
            };
            assert!(is_near, "{sql}: {ours:?} {theirs:?}");
        }
    }
}

#[test]
fn groups_are_those_of_polars() {
    // The second table has more groups than a thread keeps to itself.
    for (frame, sql) in [rows(9_000, 100), rows(9_000, 4_000)]
        .iter()
        .flat_map(|frame| QUERIES.map(move |sql| (frame, sql)))
    {
        for engine in [EngineChoice::InMemory, EngineChoice::Streaming] {
            let (ours, theirs) = both(frame, sql, engine).unwrap_or_else(|| panic!("{sql}"));
            assert_same(&ours, &theirs, sql);
        }
    }
}

const QUERIES: [&str; 10] = [
    "SELECT whole, count(*) AS n, avg(n) AS mean FROM t GROUP BY whole",
    "SELECT small, count(x) AS there, sum(n) AS n, sum(i) AS i, sum(f) AS f FROM t GROUP BY small",
    "SELECT flag, count(text) AS texts, count(day) AS days, min(n) AS low, max(n) AS high FROM t GROUP BY flag",
    "SELECT text, min(x) AS low, max(x) AS high, min(day) AS day, max(at) AS at FROM t GROUP BY text",
    "SELECT real, stddev(n) AS s, variance(n) AS v, avg(flag) AS late FROM t GROUP BY real",
    "SELECT day, at, flag, count(*) AS n FROM t GROUP BY day, at, flag",
    "SELECT text, small, sum(n) / count(*) AS each FROM t GROUP BY text, small HAVING count(*) > 3",
    "SELECT n % 7 AS rest, round(avg(x), 2) AS mean FROM t WHERE small > 0 GROUP BY rest ORDER BY rest LIMIT 3",
    "SELECT max(rows) AS most FROM (SELECT whole, count(*) AS rows FROM t GROUP BY whole)",
    "SELECT small, sum(CASE WHEN flag THEN 1 ELSE 0 END) AS late, min(n) + max(n) AS ends FROM t GROUP BY small",
];

#[test]
fn what_our_table_cannot_do_is_left_to_polars() {
    let frame = rows(100, 10);
    for sql in [
        "SELECT small, median(n) AS middle FROM t GROUP BY small",
        "SELECT small, count(DISTINCT n) AS different FROM t GROUP BY small",
        "SELECT small, min(text) AS first FROM t GROUP BY small",
        "SELECT small, n FROM t",
        "SELECT sum(n) AS n FROM t",
    ] {
        assert!(both(&frame, sql, EngineChoice::InMemory).is_none(), "{sql}");
    }
    // Rows that get past the groups are for the streaming engine.
    let sql = "SELECT t.small, groups.n FROM t JOIN (SELECT small, count(*) AS n FROM t GROUP BY small) AS groups USING (small)";
    assert!(both(&frame, sql, EngineChoice::InMemory).is_some());
}

#[test]
fn groups_come_in_the_same_order_each_time() {
    let frame = rows(9_000, 4_000).lazy();
    let groups = || {
        let plan = frame.clone().group_by([col("whole")]).agg([col("x").sum()]);
        let plan = grouped(&plan, EngineChoice::Streaming, &Cancel::new())
            .unwrap()
            .unwrap();
        execute::collect(plan, EngineChoice::InMemory).unwrap()
    };
    assert!(groups().equals_missing(&groups()));
}

#[test]
fn sums_are_exact_or_said_to_be_too_large() {
    let frame = df!("key" => [1, 1, 2], "n" => [i64::MAX, 1, 5], "x" => [1e16, 1.0, -1e16]).unwrap();
    let sum = |column: &str| {
        let plan = frame
            .clone()
            .lazy()
            .group_by([lit(1).alias("all") + col("key") * lit(0)])
            .agg([col(column).sum()]);
        let plan = grouped(&plan, EngineChoice::InMemory, &Cancel::new())
            .unwrap()
            .unwrap();
        execute::collect(plan, EngineChoice::InMemory).map(|sums| sums.columns()[1].clone())
    };
    assert_eq!(sum("x").unwrap().f64().unwrap().get(0), Some(1.0));
    let error = sum("n").unwrap_err().to_string();
    assert!(error.contains("beyond what whole numbers"), "{error}");
}
