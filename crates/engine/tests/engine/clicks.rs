//! What clicks write is run by polars, and reads as it should.

use aloft_engine::{Cancel, Evaluator, Workspace};
use aloft_notebook::Document;
use aloft_notebook::ask::{Subject, compose, join_keys, refine, stem};
use aloft_spec::ask::{Ask, Condition, JoinKeys};
use aloft_spec::output::TableOutput;
use aloft_spec::table::{Scope, Table};
use aloft_spec::{CellKind, Code, Output};
use std::fs;
use tempfile::TempDir;

struct Bench {
    _folder: TempDir,
    workspace: Workspace,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut flights = String::from("carrier,origin,hour_of,delay,gap,day,at,\"dep delay\",order,late\n");
        let mut weather = String::from("origin,hour_of,temp,carrier,delay\n");
        for hour in 0..400_i64 {
            for origin in ["EWR", "JFK"] {
                let delay = (hour * 37) % 90 - 20;
                let carrier = ["UA", "L'A", "B6"][(hour % 3) as usize];
                let day = hour / 24;
                let gap = if hour % 5 == 0 {
                    String::new()
                } else {
                    (hour % 7).to_string()
                };
                flights.push_str(&format!(
                    "{carrier},{origin},{hour},{delay},{gap},2013-{:02}-{:02},2013-01-{:02} {:02}:30:00,{},{},{}\n",
                    day / 28 % 12 + 1,
                    day % 28 + 1,
                    day % 28 + 1,
                    hour % 24,
                    delay as f64 / 7.0,
                    hour % 2,
                    delay > 15,
                ));
                // The carrier of the weather is another thing than that of a flight, and has other values.
                weather.push_str(&format!(
                    "{origin},{hour},{}.5,station{},x\n",
                    hour % 30,
                    hour % 3
                ));
            }
        }
        fs::write(folder.path().join("flights.csv"), flights).unwrap();
        fs::write(folder.path().join("weather.csv"), weather).unwrap();
        let notebook = folder.path().join("test.aloft.md");
        let text = "```toml source flights\npath = \"flights.csv\"\n```\n\n```toml source weather\npath = \"weather.csv\"\n```\n";
        fs::write(&notebook, text).unwrap();
        Self {
            workspace: Workspace::open(&notebook).unwrap(),
            _folder: folder,
        }
    }

    fn show(&self, cell: &str) -> TableOutput {
        let output = Evaluator::without_disk().evaluate(&self.workspace, cell, Scope::All, &Cancel::new());
        match output.unwrap() {
            Output::Table(output) => output,
            Output::Chart(_) => panic!("no table"),
        }
    }

    /// Adds a query with this statement and shows it.
    fn run(&mut self, name: &str, sql: &str) -> TableOutput {
        let text = self
            .workspace
            .document
            .insert_cell(None, &CellKind::Query, name, sql);
        self.workspace.document = Document::parse(text);
        assert_eq!(self.workspace.document.diagnostics("a".as_ref()), []);
        self.show(name)
    }
}

fn filter(column: &str, condition: Condition) -> Ask {
    Ask::Filter {
        column: column.into(),
        condition,
    }
}

fn is(value: &str) -> Condition {
    Condition::Is { value: value.into() }
}

fn between(min: Option<&str>, max: Option<&str>) -> Condition {
    Condition::Between {
        min: min.map(Into::into),
        max: max.map(Into::into),
    }
}

fn cell(table: &Table, column: &str, row: usize) -> String {
    let column = table
        .columns
        .iter()
        .find(|found| found.field.name == column)
        .unwrap();
    column.values.format(row).unwrap_or_else(|| "null".into())
}

#[test]
fn filters_of_every_kind_keep_the_rows_they_name() {
    let mut bench = Bench::new();
    let flights = bench.show("flights");
    let cases: [(&str, Condition, &str, u64); 14] = [
        ("carrier", is("UA"), "carrier = 'UA'", 268),
        ("carrier", is("L'A"), "carrier = 'L''A'", 266),
        (
            "carrier",
            Condition::IsNot { value: "UA".into() },
            "carrier <> 'UA'",
            532,
        ),
        ("delay", is("-20"), "delay = -20", 10),
        (
            "delay",
            between(Some("0"), Some("9")),
            "delay BETWEEN 0 AND 9",
            88,
        ),
        ("delay", between(None, Some("-20")), "delay <= -20", 10),
        ("gap", Condition::Missing, "gap IS NULL", 160),
        ("gap", Condition::Present, "gap IS NOT NULL", 640),
        ("late", is("true"), "late", 480),
        ("late", is("false"), "NOT late", 320),
        ("day", is("2013-01-02"), "day = DATE '2013-01-02'", 48),
        (
            "at",
            between(Some("2013-01-17 00:00:00"), None),
            "at >= TIMESTAMP '2013-01-17 00:00:00'",
            32,
        ),
        ("dep delay", between(Some("9"), None), "\"dep delay\" >= 9", 64),
        ("order", is("1"), "\"order\" = 1", 400),
    ];
    for (index, (column, condition, expected, rows)) in cases.into_iter().enumerate() {
        let ask = filter(column, condition);
        let subject = Subject {
            name: "flights",
            output: &flights,
        };
        let sql = compose(subject, &ask, None).unwrap();
        assert_eq!(sql, format!("SELECT *\nFROM flights\nWHERE {expected}\n"));
        let shown = bench.run(&format!("f{index}"), &sql);
        assert_eq!(shown.extent.rows, rows, "{expected}");
    }
    let subject = Subject {
        name: "flights",
        output: &flights,
    };
    let refused = |column, condition| {
        compose(subject, &filter(column, condition), None)
            .unwrap_err()
            .code
    };
    assert_eq!(refused("delay", is("late")), Code::BadValue);
    assert_eq!(refused("delay", between(None, None)), Code::BadValue);
    assert_eq!(refused("dely", Condition::Missing), Code::UnknownColumn);
}

#[test]
fn clicks_on_what_clicks_wrote_go_into_the_same_text() {
    let mut bench = Bench::new();
    let flights = bench.show("flights");
    let subject = Subject {
        name: "flights",
        output: &flights,
    };
    let first = compose(subject, &filter("carrier", is("UA")), None).unwrap();
    let sort = |column: &str, descending| Ask::Sort {
        column: column.into(),
        descending,
    };
    let asked = [
        filter("delay", between(Some("0"), None)),
        sort("delay", false),
        filter("gap", Condition::Present),
        filter("gap", Condition::Present),
        sort("gap", true),
    ];
    let text = asked
        .iter()
        .fold(first, |text, ask| refine(&text, subject, ask).unwrap().unwrap());
    assert_eq!(
        text,
        "SELECT *\nFROM flights\nWHERE carrier = 'UA'\n  AND delay >= 0\n  AND gap IS NOT NULL\nORDER BY gap DESC NULLS \
         LAST\n"
    );
    let shown = bench.run("asked", &text);
    assert_eq!(cell(&shown.table, "gap", 0), "6");
    assert!((0..shown.table.rows).all(|row| cell(&shown.table, "carrier", row) == "UA"));
    // What a person wrote is left alone.
    for text in [
        "SELECT carrier\nFROM flights",
        "SELECT *\nFROM flights f",
        "SELECT *\nFROM flights, weather",
        "SELECT * FROM flights",
        "SELECT *\nFROM flights\nWHERE a = 1 OR b = 2",
        "SELECT *\nFROM flights\nORDER BY a\nLIMIT 3",
        "SELECT *\nFROM flights\n-- all",
        "",
    ] {
        assert!(refine(text, subject, &sort("delay", true)).is_none(), "{text}");
    }
    let group = Ask::Group {
        column: "carrier".into(),
    };
    assert!(refine("SELECT *\nFROM flights", subject, &group).is_none());
    assert!(refine("SELECT *\nFROM flights", subject, &sort("delay", true)).is_some());
}

#[test]
fn values_are_counted_alone_and_in_stretches() {
    let mut bench = Bench::new();
    let flights = bench.show("flights");
    let mut ask = |ask: Ask| {
        let subject = Subject {
            name: "flights",
            output: &flights,
        };
        let sql = compose(subject, &ask, None).unwrap();
        let name = bench.workspace.document.unused_name(&stem("flights", &ask));
        let shown = bench.run(&name, &sql);
        (name, sql, shown)
    };
    let group = |column: &str| Ask::Group {
        column: column.into(),
    };
    let bin = |column: &str| Ask::Bin {
        column: column.into(),
    };
    let counted = |shown: &TableOutput| -> u64 {
        (0..shown.table.rows)
            .map(|row| cell(&shown.table, "count", row).parse::<u64>().unwrap())
            .sum()
    };
    let (name, sql, shown) = ask(group("carrier"));
    assert_eq!(name, "flights_by_carrier");
    assert_eq!(
        sql,
        "SELECT carrier, COUNT(*) AS count\nFROM flights\nGROUP BY carrier\nORDER BY count DESC, carrier\n"
    );
    assert_eq!(
        (cell(&shown.table, "carrier", 0), cell(&shown.table, "count", 0)),
        ("UA".into(), "268".into())
    );

    let (name, sql, shown) = ask(bin("delay"));
    assert_eq!(name, "delay_bins");
    assert_eq!(
        sql,
        "SELECT FLOOR(delay / 5.0) * 5 AS delay_from, COUNT(*) AS count\nFROM flights\nWHERE delay IS NOT NULL\nGROUP BY \
         delay_from\nORDER BY delay_from\n"
    );
    assert_eq!(cell(&shown.table, "delay_from", 0), "-20");
    assert_eq!((shown.table.rows, counted(&shown)), (18, 800));
    let (_, sql, shown) = ask(bin("gap"));
    assert!(sql.contains("FLOOR(gap / 1.0) * 1 AS gap_from"), "{sql}");
    assert_eq!((shown.table.rows, counted(&shown)), (7, 640));
    let (_, sql, shown) = ask(bin("dep delay"));
    assert!(
        sql.contains("FLOOR(\"dep delay\" / 1.0) * 1 AS \"dep delay_from\""),
        "{sql}"
    );
    assert_eq!(counted(&shown), 800);
    let (_, sql, shown) = ask(bin("day"));
    assert!(sql.contains("STRFTIME(day, '%Y-%m-%d') AS day_day"), "{sql}");
    assert_eq!((shown.table.rows, counted(&shown)), (17, 800));
    let (_, sql, shown) = ask(bin("at"));
    assert!(sql.contains("STRFTIME(at, '%Y-%m-%d') AS at_day"), "{sql}");
    assert_eq!(cell(&shown.table, "at_day", 0), "2013-01-01");

    let subject = Subject {
        name: "flights",
        output: &flights,
    };
    let refused = compose(subject, &bin("carrier"), None).unwrap_err();
    assert_eq!(refused.code, Code::Unsupported);
}

#[test]
fn tables_are_joined_by_the_fewest_columns_that_tell_rows_apart() {
    let mut bench = Bench::new();
    let (flights, weather) = (bench.show("flights"), bench.show("weather"));
    let left = Subject {
        name: "flights",
        output: &flights,
    };
    let right = Subject {
        name: "weather",
        output: &weather,
    };
    // `carrier` has no value in common, `delay` is of another kind.
    let keys = join_keys(left, right).unwrap();
    assert_eq!(keys, ["origin", "hour_of"]);
    assert_eq!(join_keys(right, left).unwrap(), ["origin", "hour_of"]);
    let join = JoinKeys {
        table: "weather".into(),
        keys,
    };
    let sql = compose(left, &Ask::Join(join.clone()), Some(right)).unwrap();
    assert_eq!(
        sql,
        "SELECT flights.*, weather.temp\nFROM flights\nLEFT JOIN weather USING (origin, hour_of)\n"
    );
    let shown = bench.run(&stem("flights", &Ask::Join(join.clone())), &sql);
    assert_eq!(shown.extent.rows, 800, "no row finds more than one");
    assert_eq!(shown.table.columns.len(), flights.table.columns.len() + 1);
    assert_eq!(cell(&shown.table, "temp", 2), "1.5");
    assert_eq!(
        compose(left, &Ask::Join(join), None).unwrap_err().code,
        Code::UnknownName
    );
}
