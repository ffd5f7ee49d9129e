//! Parameters, the cache and pages on the command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, Ran, numbers_csv, write};
use serde_json::{Value, json};

fn notebook(lab: &Lab) -> Notebook {
    let notebook = Notebook::new(
        lab,
        "p",
        ("rows.csv", numbers_csv(300)),
        "target = \"label\"\nepochs = 1",
    );
    notebook.edit(
        "```toml train",
        "```toml param least\nkind = \"number\"\nvalue = 0.1\nmin = 0\nmax = 1\n```\n\n```sql query some\nSELECT * FROM rows \
         WHERE a > $least\n```\n\n```toml train",
    );
    notebook
}

fn run(lab: &Lab, notebook: &Notebook, arguments: &[&str]) -> Ran {
    let mut all = vec!["run", notebook.root.to_str().unwrap(), "--json"];
    all.extend(arguments);
    lab.run(all)
}

fn cell<'a>(document: &'a Value, name: &str) -> &'a Value {
    let cells = document["cells"].as_array().unwrap();
    cells.iter().find(|cell| cell["name"] == name).unwrap()
}

#[test]
fn a_parameter_is_set_for_one_run() {
    let lab = Lab::new();
    let notebook = notebook(&lab);
    let rows = |arguments: &[&str]| {
        let ran = run(&lab, &notebook, &[&["--cell", "some"], arguments].concat());
        ran.expect_code(0);
        cell(&ran.json(), "some")["extent"]["rows"].as_u64().unwrap()
    };
    let (as_written, all, none) = (
        rows(&[]),
        rows(&["--param", "least=0"]),
        rows(&["--param", "least=1"]),
    );
    assert!(
        all > as_written && as_written > none && none == 0,
        "{all} {as_written} {none}"
    );
    let text = std::fs::read_to_string(&notebook.file).unwrap();
    assert!(text.contains("value = 0.1\n"), "the file stays as it is");

    let ran = run(&lab, &notebook, &["--param", "least=2"]);
    ran.expect_code(2);
    let error = &ran.json()["error"];
    assert_eq!(error["code"], "bad-value");
    assert_eq!(error["hint"], "it goes from 0 to 1");
    for (given, code) in [
        ("lest=1", "unknown-name"),
        ("least", "bad-value"),
        ("rows=1", "unknown-name"),
    ] {
        let ran = run(&lab, &notebook, &["--param", given]);
        ran.expect_code(2);
        assert_eq!(ran.json()["error"]["code"], code, "{given}");
    }
}

#[test]
fn check_looks_at_parameters() {
    let lab = Lab::new();
    let notebook = notebook(&lab);
    notebook.edit("value = 0.1", "value = 7");
    notebook.edit("$least", "$lest");
    let ran = lab.run(["check", notebook.root.to_str().unwrap(), "--json"]);
    ran.expect_code(2);
    let found: Vec<String> = ran.json()["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            format!(
                "{} {}",
                found["place"]["line"],
                found["message"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(found, ["9 7 is out of range", "15 there is no parameter `$lest`"]);
}

#[test]
fn a_second_run_takes_outputs_from_the_cache_and_clean_removes_them() {
    let lab = Lab::new();
    let notebook = notebook(&lab);
    let cached = |arguments: &[&str]| {
        let ran = run(&lab, &notebook, &[&["--cell", "some"], arguments].concat());
        ran.expect_code(0);
        let mut cell = cell(&ran.json(), "some").clone();
        let cached = cell["cached"].take();
        cell["wall_seconds"].take();
        (cached == json!(true), cell)
    };
    let (first, output) = cached(&["--no-cache"]);
    assert!(!first && !notebook.root.join(".aloft/cache").exists());
    assert_eq!(cached(&[]), (false, output.clone()));
    assert_eq!(cached(&[]), (true, output.clone()));
    assert_eq!(cached(&["--no-cache"]), (false, output.clone()));
    assert!(!cached(&["--full"]).0, "all rows are another output");
    assert!(!cached(&["--param", "least=0.2"]).0);
    write(&notebook.root.join("data/rows.csv"), numbers_csv(200));
    assert!(!cached(&[]).0, "the file is another one");
    assert!(cached(&[]).0);

    let clean = |arguments: &[&str]| {
        let mut all = vec!["clean", notebook.root.to_str().unwrap(), "--json"];
        all.extend(arguments);
        let ran = lab.run(all);
        ran.expect_code(0);
        ran.json()
    };
    let told = clean(&["--dry-run"]);
    assert_eq!(told["removed"], false);
    assert!(told["cache"]["bytes"].as_u64().unwrap() > 1000, "{told}");
    assert!(cached(&[]).0);
    assert_eq!(clean(&[])["cache"]["files"], told["cache"]["files"]);
    assert_eq!(clean(&[])["cache"]["files"], 0);
    assert!(!cached(&[]).0);
    let text = lab.run(["clean", notebook.root.to_str().unwrap()]).stdout;
    let outputs = text.lines().find(|line| line.starts_with("outputs of cells "));
    assert!(outputs.is_some_and(|line| line.contains(" removed ")), "{text}");
}

#[test]
fn a_statement_takes_parameters_and_shows_its_rows_in_pages() {
    let lab = Lab::new();
    let file = lab.path("n.csv");
    let rows: String = (1..=30).map(|n| format!("{n},x{n},2013-01-{n:02}\n")).collect();
    write(&file, format!("n,word,day\n{rows}"));
    let query = |sql: &str, arguments: &[&str]| {
        let mut all = vec!["query", "--sql", sql, file.to_str().unwrap()];
        all.extend(arguments);
        lab.run(all)
    };
    let sql = "SELECT n FROM n WHERE n >= $from AND word <> $not AND day < $until ORDER BY n";
    let values = [
        "--param",
        "from=10",
        "--param",
        "not=x'; --",
        "--param",
        "until=2013-01-29",
    ];
    let ran = query(
        sql,
        &[&values[..], &["--json", "--from", "3", "--rows", "4"]].concat(),
    );
    ran.expect_code(0);
    let document = ran.json();
    assert_eq!(
        document["rows"],
        json!([{ "n": 12 }, { "n": 13 }, { "n": 14 }, { "n": 15 }])
    );
    assert_eq!(
        (&document["extent"]["rows"], &document["from"]),
        (&json!(19), &json!(3))
    );
    // How the file was read, and none of the advice that polars prints for itself.
    assert!(
        ran.stderr.lines().all(|line| line.starts_with("read as ")),
        "{}",
        ran.stderr
    );
    let text = query(sql, &[&values[..], &["--from", "18"]].concat());
    assert_eq!(
        text.stdout,
        "n\n27\n28\nrows 18–19 of 19\n".replace("n\n27", " n\n27")
    );
    let ran = query(sql, &["--param", "from=10", "--json"]);
    ran.expect_code(2);
    assert_eq!(ran.json()["error"]["code"], "unknown-name");
}
