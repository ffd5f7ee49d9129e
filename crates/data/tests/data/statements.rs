//! SQL that polars reads in another way than it is meant: written so that it is right, or refused.

use crate::common::*;
use aloft_data::Relation;
use aloft_spec::Code;
use polars::prelude::{DataType, IntoLazy as _, col, df};

/// Two tables that share some keys.
fn tables(folder: &Folder) -> (Relation, Relation) {
    let left = whole(&folder.write("l.csv", "k,a,v\n1,x,10\n2,y,20\n2,z,20\n3,,30\n,w,40\n"));
    let right = whole(&folder.write("r.csv", "k,b,v\n1,p,1\n2,q,2\n4,r,3\n,s,4\n"));
    (left, right)
}

#[test]
fn an_outer_join_keeps_its_rows_whatever_else_on_says() {
    let folder = Folder::new();
    let (l, r) = tables(&folder);
    let of = |sql: &str| ask(sql, &[("l", &l), ("r", &r)]);
    for sql in [
        "SELECT l.a, r.b FROM l LEFT JOIN r ON l.k = r.k AND r.v > 1 ORDER BY l.v, l.a",
        "SELECT l.a, right.b FROM l LEFT OUTER JOIN r AS right ON (right.v > 1 AND l.k = right.k) ORDER BY l.v, l.a",
        "SELECT l.a, r.b FROM l LEFT JOIN (SELECT * FROM r) AS r ON l.k = r.k AND r.b <> 'p' ORDER BY l.v, l.a",
    ] {
        assert_eq!(
            rows(&of(sql).unwrap()),
            "x | -\ny | q\nz | q\n- | -\nw | -",
            "{sql}"
        );
    }
    for sql in [
        "SELECT l.a FROM l LEFT JOIN r ON l.v < r.v",
        "SELECT l.a FROM l LEFT JOIN r ON l.k = r.k AND l.v > 10",
        "SELECT l.a FROM l LEFT JOIN r ON l.k = r.k AND b = 'p'",
        "SELECT l.a FROM l RIGHT JOIN r ON l.k = r.k AND r.v > 1",
        "SELECT l.a FROM l FULL JOIN r ON l.k = r.k AND r.v > 1",
        "SELECT k, a, b FROM l FULL JOIN r USING (k)",
        "SELECT k, a, b FROM l RIGHT JOIN r USING (k)",
    ] {
        let problem = of(sql).unwrap_err();
        assert!(
            problem.code == Code::Unsupported && problem.hint.is_some(),
            "{sql}: {problem}"
        );
    }
    // What the hint says.
    let keys = of("SELECT COALESCE(l.k, r.k) AS key FROM l FULL JOIN r ON l.k = r.k ORDER BY key").unwrap();
    assert!(rows(&keys).contains('4'), "{}", rows(&keys));
    // An inner join has no rows to keep.
    let inner = of("SELECT l.a FROM l JOIN r ON l.k = r.k AND r.v > 1 ORDER BY l.a").unwrap();
    assert_eq!(rows(&inner), "y\nz");
}

#[test]
fn rows_are_sorted_by_an_aggregate_that_is_selected() {
    let folder = Folder::new();
    let (l, _) = tables(&folder);
    let of = |sql: &str| ask(sql, &[("l", &l)]);
    for sql in [
        "SELECT k, COUNT(*) AS n FROM l GROUP BY k ORDER BY COUNT(*) DESC, k LIMIT 1",
        "SELECT k, COUNT(*) FROM l GROUP BY k ORDER BY COUNT(*) DESC LIMIT 1",
        "SELECT k, SUM(v) / 20 FROM l WHERE k > 0 GROUP BY k ORDER BY SUM(v) / 20 DESC, k DESC LIMIT 1",
    ] {
        assert!(
            rows(&of(sql).unwrap()).starts_with("2 | 2"),
            "{sql}: {}",
            rows(&of(sql).unwrap())
        );
    }
    let problem = of("SELECT k FROM l GROUP BY k ORDER BY SUM(v)").unwrap_err();
    assert_eq!(problem.code, Code::Unsupported);
    assert!(problem.message.contains("`SUM(v)`"), "{problem}");
}

#[test]
fn what_makes_one_value_of_one_is_refused() {
    let folder = Folder::new();
    let (l, r) = tables(&folder);
    for (sql, about) in [
        ("SELECT a FROM l WHERE SUM(v) > 5", "WHERE looks at each row"),
        ("SELECT SUM(AVG(v)) AS s FROM l", "one value already"),
        (
            "SELECT a FROM l WHERE v > (SELECT AVG(v) FROM r)",
            "in place of a value",
        ),
        (
            "SELECT k, SUM(v) AS v FROM l GROUP BY ROLLUP (k)",
            "groups of groups",
        ),
        (
            "SELECT a FROM l WHERE a SIMILAR TO 'x'",
            "a part of this statement",
        ),
    ] {
        let problem = ask(sql, &[("l", &l), ("r", &r)]).unwrap_err();
        assert!(problem.message.contains(about), "{sql}: {problem}");
        assert_eq!(problem.code, Code::Unsupported, "{sql}");
    }
    // Those of a query within have rows of their own, and a window is no group.
    let within = "SELECT a FROM l WHERE k IN (SELECT MAX(k) FROM r) OR k IN (SELECT k FROM r WHERE v = 1)";
    assert_eq!(rows(&ask(within, &[("l", &l), ("r", &r)]).unwrap()), "x");
}

#[test]
fn results_that_would_share_a_name_are_called_as_they_are_written() {
    let folder = Folder::new();
    let (l, _) = tables(&folder);
    let of = |sql: &str| types(&ask(sql, &[("l", &l)]).unwrap());
    assert_eq!(of("SELECT MIN(v), MAX(v) FROM l"), "MIN(v): i64, MAX(v): i64");
    assert_eq!(
        of("SELECT a, UPPER(a), MIN(v) FROM l GROUP BY a"),
        "a: str, UPPER(a): str, v: i64"
    );
    assert_eq!(of("SELECT MIN(v) FROM l"), "v: i64");
}

#[test]
fn narrow_numbers_are_computed_in_64_bits() {
    let folder = Folder::new();
    let frame = df!("n" => [100_i32, -1, 111], "m" => [200_i32, 0, 1])
        .unwrap()
        .lazy()
        .select([col("n").cast(DataType::Int8), col("m").cast(DataType::UInt8)])
        .collect()
        .unwrap();
    let table = parquet(&folder, frame);
    let of = |sql: &str| rows(&ask(sql, &[("t", &table)]).unwrap());
    assert_eq!(
        of("SELECT n * 100 AS a, n + n AS b, m - 1 AS c, n * m AS d FROM t"),
        "10000 | 200 | 199 | 20000\n-100 | -2 | -1 | 0\n11100 | 222 | 0 | 111"
    );
    assert_eq!(of("SELECT SUM(n * m) AS s FROM t WHERE n + 100 > 127"), "20111");
}

#[test]
fn decimals_are_grouped_and_joined_and_halves_are_read() {
    let folder = Folder::new();
    let frame = df!("d" => [1.25, 1.25, 2.5], "h" => [0.5_f32, 1.5, 2.5])
        .unwrap()
        .lazy()
        .select([
            col("d").cast(DataType::Decimal(12, 2)),
            col("h").cast(DataType::Float16),
        ])
        .collect()
        .unwrap();
    let table = parquet(&folder, frame);
    let of = |sql: &str| rows(&ask(sql, &[("t", &table), ("u", &table)]).unwrap());
    assert_eq!(
        of("SELECT d, COUNT(*) AS n FROM t GROUP BY d ORDER BY d"),
        "1.25 | 2\n2.50 | 1"
    );
    assert_eq!(of("SELECT COUNT(*) AS n FROM t JOIN u ON t.d = u.d"), "5");
    assert_eq!(of("SELECT SUM(h) AS h FROM t"), "4.5");
    assert_eq!(table.output(10).unwrap().profile.columns.len(), 2);
}
