//! SQL in, rows or a clear problem out.

use crate::common::*;
use aloft_data::{Cancel, Relation, source};
use aloft_spec::{
    Code,
    table::{Extent, Scope},
};
use polars::prelude::df;

fn people(folder: &Folder) -> Relation {
    whole(&folder.write(
        "people.csv",
        "name,age,city\nAnn,30,Rome\nBob,20,Oslo\nEve,40,Rome\n",
    ))
}

fn cities(folder: &Folder) -> Relation {
    whole(&folder.write("cities.csv", "city,country\nRome,Italy\nOslo,Norway\n"))
}

#[test]
fn queries_read_tables_by_name() {
    let folder = Folder::new();
    let (people, cities) = (people(&folder), cities(&folder));
    let joined = ask(
        "WITH old AS (SELECT * FROM people WHERE age > 25)
         SELECT name, country FROM old JOIN cities ON old.city = cities.city ORDER BY name DESC",
        &[("people", &people), ("cities", &cities)],
    )
    .unwrap();
    assert_eq!(types(&joined), "name: str, country: str");
    assert_eq!(rows(&joined), "Eve | Italy\nAnn | Italy");
    assert_eq!(joined.output(1).unwrap().extent, Extent::all(2));
    // A query over a query.
    let counted = ask(
        "SELECT country, COUNT(*) AS n FROM j GROUP BY country",
        &[("j", &joined)],
    )
    .unwrap();
    assert_eq!(rows(&counted), "Italy | 2");
    assert_eq!(rows(&ask("SELECT 1 + 1 AS two", &[]).unwrap()), "2");
}

#[test]
fn a_query_over_a_sample_says_so() {
    let folder = Folder::new();
    let text: String = (0..100).map(|row| format!("{row}\n")).collect();
    let file = folder.write("n.csv", format!("n\n{text}"));
    let sample = source(&sampled(10, 1), &file, Scope::Sample, &Cancel::new()).unwrap();
    let few = ask("SELECT n FROM t WHERE n >= 0", &[("t", &sample)]).unwrap();
    let extent = Extent {
        scope: Scope::Sample,
        rows: 10,
        total: None,
    };
    assert_eq!(few.output(3).unwrap().extent, extent);
    assert_eq!(few.output(3).unwrap().table.rows, 3);
    // Only the tables that are read count.
    let people = people(&folder);
    let other = ask("SELECT * FROM people", &[("t", &sample), ("people", &people)]).unwrap();
    assert_eq!(other.scope(), Scope::All);
}

#[test]
fn unknown_names_come_with_those_near() {
    let folder = Folder::new();
    let people = people(&folder);
    let wrong = |sql: &str| said(&ask(sql, &[("people", &people)]).unwrap_err());
    assert_eq!(
        wrong("SELECT nme FROM people"),
        "UnknownColumn: there is no column `nme` (did you mean `name`?)"
    );
    assert_eq!(
        wrong("SELECT * FROM people WHERE AGE > 3"),
        "UnknownColumn: there is no column `AGE` (did you mean `age`?)"
    );
    assert_eq!(
        wrong("SELECT SUM(salary) FROM people GROUP BY city"),
        "UnknownColumn: there is no column `salary` (the columns are `age`, `city`, `name`)"
    );
    assert_eq!(
        wrong("SELECT * FROM peopel"),
        "UnknownName: there is no table `peopel` (did you mean `people`?)"
    );
    assert_eq!(
        wrong("SELECT p.nme FROM people p"),
        "UnknownColumn: there is no column `nme` (did you mean `name`?)"
    );
    assert_eq!(
        said(&ask("SELECT * FROM x", &[]).unwrap_err()),
        "UnknownName: there is no table `x` (there are no tables)"
    );
}

#[test]
fn what_is_not_a_query_is_refused() {
    let folder = Folder::new();
    let people = people(&folder);
    let code = |sql: &str| {
        let problem = ask(sql, &[("people", &people)]).unwrap_err();
        assert!(problem.hint.is_some(), "{sql}");
        problem.code
    };
    assert_eq!(code(""), Code::Syntax);
    assert_eq!(code("SELECT name FROM people WHERE"), Code::Syntax);
    assert_eq!(code("SELEC 1"), Code::Syntax);
    assert_eq!(code("SELECT 1 AS a; SELECT 2 AS b"), Code::Unsupported);
    assert_eq!(code("DROP TABLE people"), Code::Unsupported);
    assert_eq!(code("DELETE FROM people"), Code::Unsupported);
    assert_eq!(code("CREATE TABLE t AS SELECT * FROM people"), Code::Unsupported);
    let secret = folder.write("secret.csv", "a\n1\n");
    let read = format!("SELECT * FROM read_csv('{}')", secret.display());
    assert_eq!(code(&read), Code::Unsupported);
    assert_eq!(
        code(&format!(
            "SELECT * FROM people WHERE age IN (SELECT a FROM read_csv('{}'))",
            secret.display()
        )),
        Code::Unsupported
    );
    assert_eq!(
        code(&format!("SELECT * FROM '{}'", secret.display())),
        Code::UnknownName
    );
    assert_eq!(code("SELECT name, age AS name FROM people"), Code::DuplicateName);
    assert_eq!(
        code("SELECT NO_SUCH_FUNCTION(age) FROM people"),
        Code::Unsupported
    );
}

#[test]
fn sql_that_polars_cannot_do_is_a_problem_and_no_panic() {
    let folder = Folder::new();
    let people = people(&folder);
    for sql in [
        "SELECT * FROM people TABLESAMPLE BERNOULLI (10)",
        "SELECT * FROM people p, LATERAL (SELECT p.age) q",
        "SELECT name, RANK() OVER (ORDER BY age RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS r FROM people",
        "SELECT name + age AS x FROM people",
        "SELECT CAST(name AS INTEGER) AS x FROM people",
        "SELECT SUBSTR(age, 'x') AS x FROM people",
        "SELECT * FROM people WHERE age",
        "SELECT * FROM people LIMIT -1",
        "SELECT * FROM people ORDER BY 9",
        "SELECT SUM(name) AS s FROM people",
        "SELECT * FROM (VALUES (1, 2), (3)) AS v",
        "SELECT DATE 'not a date' AS d FROM people",
        "SELECT * FROM people UNION SELECT 1 AS a",
        "SELECT age[1] FROM people",
        "SELECT {'a': 1} FROM people",
    ] {
        let outcome = ask(sql, &[("people", &people)]).and_then(|relation| relation.output(10));
        if let Err(problem) = outcome {
            assert!(
                !problem.message.is_empty() && problem.hint.is_some(),
                "{sql}: {}",
                said(&problem)
            );
            assert!(!problem.message.contains('\n'), "{sql}: {}", problem.message);
        }
    }
}

#[test]
fn sums_beyond_64_bits_are_errors() {
    let folder = Folder::new();
    let rows_of = |numbers: [i64; 4]| {
        let text: String = numbers.iter().map(|number| format!("a,{number}\n")).collect();
        folder.write("t.csv", format!("key,n\n{text}"));
        whole(&folder.path().join("t.csv"))
    };
    let large = i64::MAX - 1;
    let within = rows_of([large, -large, large, 1]);
    let sum = "SELECT sum(n) AS n FROM t";
    assert_eq!(rows(&ask(sum, &[("t", &within)]).unwrap()), i64::MAX.to_string());
    let beyond = rows_of([large, large, large, large]);
    for sql in [
        sum,
        "SELECT key, sum(n) AS n FROM t GROUP BY key",
        "SELECT key FROM t GROUP BY key HAVING sum(n) > 0",
    ] {
        let problem = ask(sql, &[("t", &beyond)]).unwrap().collect().unwrap_err();
        assert!(
            problem.message.contains("beyond what whole numbers"),
            "{sql}: {problem}"
        );
    }
    let real = ask("SELECT sum(CAST(n AS DOUBLE)) AS n FROM t", &[("t", &beyond)]).unwrap();
    assert!(rows(&real).starts_with("3.68935e19"), "{}", rows(&real));
}

/// polars sums columns of 32 bits in 32 bits, and says nothing when that isn't enough.
#[test]
fn sums_of_narrow_columns_are_wide() {
    let folder = Folder::new();
    let frame = df!("key" => ["a", "a", "b"], "n" => [i32::MAX, i32::MAX, 1], "m" => [u32::MAX; 3]).unwrap();
    let table = parquet(&folder, frame);
    let sums = |sql: &str| rows(&ask(sql, &[("t", &table)]).unwrap());
    assert_eq!(
        sums("SELECT sum(n) AS n, sum(m) AS m FROM t"),
        "4294967295 | 12884901885"
    );
    assert_eq!(
        sums("SELECT key, sum(n + 0) AS n FROM t GROUP BY key HAVING sum(n) > 1 ORDER BY n"),
        "a | 4294967294"
    );
    assert_eq!(
        sums("SELECT sum(each) AS n FROM (SELECT key, sum(n) AS each FROM t GROUP BY key)"),
        "4294967295"
    );
}
