//! Bad input: exit code 2, and a text that names the file, the line, the column and what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, Ran, numbers_csv, write};
use serde_json::Value;
use std::path::Path;

const TRAIN: &str = "target = \"label\"\nepochs = 3";

fn train(lab: &Lab, notebook: &Notebook) -> Ran {
    lab.run([
        "train".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "model".as_ref(),
        "--json".as_ref(),
    ])
}

/// The problem of a verb that failed: a document with it on standard output, the same words on standard error.
#[track_caller]
fn problem(ran: &Ran, exit_code: i32, code: &str) -> Value {
    ran.expect_code(exit_code);
    let problem = ran.json()["error"].clone();
    assert_eq!(problem["code"], code, "{problem:#}");
    let message = problem["message"].as_str().expect("a message");
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    problem
}

#[track_caller]
fn place(problem: &Value, file: &str, line: u64, column: Option<u64>) {
    let place = &problem["place"];
    assert!(
        place["file"].as_str().is_some_and(|at| at.ends_with(file)),
        "{problem:#}"
    );
    assert_eq!(place["line"].as_u64(), Some(line), "{problem:#}");
    if column.is_some() {
        assert_eq!(place["column"].as_u64(), column, "{problem:#}");
    }
}

#[test]
fn a_truncated_parquet_file() {
    let lab = Lab::new();
    let whole = lab.path("whole.csv");
    write(&whole, numbers_csv(500));
    // A real Parquet file: the rows of a run are one.
    let notebook = Notebook::new(&lab, "good", ("rows.csv", numbers_csv(500)), TRAIN);
    train(&lab, &notebook).expect_code(0);
    let parquet = std::fs::read(notebook.runs()[0].join("data.parquet")).unwrap();
    for length in [parquet.len() / 2, parquet.len() - 3, 10, 0] {
        let notebook = Notebook::new(
            &lab,
            &format!("cut-{length}"),
            ("rows.parquet", &parquet[..length]),
            TRAIN,
        );
        let ran = train(&lab, &notebook);
        assert!([1, 2].contains(&ran.code));
        let code = ran.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            ["unreadable", "empty-data"].contains(&code.as_str()),
            "{}",
            ran.stdout
        );
        ran.expect_code(2);
        assert!(ran.stderr.contains("rows.parquet"), "{}", ran.stderr);
        assert!(notebook.runs().is_empty());
    }
}

#[test]
fn a_ragged_csv_file_names_its_line() {
    let lab = Lab::new();
    for (name, row) in [("more", "1,2,3,up,5"), ("fewer", "1,2")] {
        let mut text = numbers_csv(2000);
        text.push_str(row);
        text.push('\n');
        text.push_str("0.1,0.2,0.3,down\n");
        let notebook = Notebook::new(&lab, name, ("rows.csv", text), TRAIN);
        let problem = problem(&train(&lab, &notebook), 2, "ragged-row");
        place(&problem, "rows.csv", 2002, None);
        assert!(problem["hint"].is_string(), "{problem:#}");
    }
}

#[test]
fn a_missing_column_is_found_in_the_notebook() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "p", ("rows.csv", numbers_csv(100)), "target = \"lable\"");
    let problem = problem(&train(&lab, &notebook), 2, "unknown-column");
    // ```toml train model / data = "rows" / target = "lable"
    place(&problem, "notebooks/test.aloft.md", 9, Some(11));
    let hint = problem["hint"].as_str().unwrap();
    assert!(hint.contains("label"), "the hint names the columns: {hint}");
    assert!(notebook.runs().is_empty());
}

#[test]
fn a_missing_column_in_sql_is_found_in_the_notebook() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "p", ("rows.csv", numbers_csv(100)), TRAIN);
    notebook.edit(
        "```toml train model\ndata = \"rows\"",
        "```sql query some\nSELECT a,\n  nothing FROM rows\n```\n\n```toml train model\ndata = \"some\"",
    );
    let ran = lab.run(["run".as_ref(), notebook.root.as_os_str(), "--json".as_ref()]);
    let problem = problem(&ran, 2, "unknown-column");
    place(&problem, "notebooks/test.aloft.md", 9, Some(3));
}

#[test]
fn a_target_with_one_class() {
    let lab = Lab::new();
    let text = numbers_csv(200).replace(",up", ",down");
    let notebook = Notebook::new(&lab, "p", ("rows.csv", text), TRAIN);
    let problem = problem(&train(&lab, &notebook), 2, "single-class");
    assert!(
        problem["message"].as_str().unwrap().contains("label"),
        "{problem:#}"
    );
}

#[test]
fn a_table_without_rows() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "p", ("rows.csv", "a,b,label\n"), TRAIN);
    problem(&train(&lab, &notebook), 2, "empty-data");
}

#[test]
fn files_cells_and_words_that_are_not_there() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "p", ("rows.csv", numbers_csv(50)), TRAIN);
    let ran = lab.run([
        "train".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "nobody".as_ref(),
        "--json".as_ref(),
    ]);
    let unknown = problem(&ran, 2, "unknown-name");
    assert!(unknown["hint"].as_str().unwrap().contains("model"));

    let ran = lab.run([
        "train".as_ref(),
        notebook.file.as_os_str(),
        "--cell".as_ref(),
        "rows".as_ref(),
        "--json".as_ref(),
    ]);
    place(&problem(&ran, 2, "bad-value"), "test.aloft.md", 3, Some(1));

    notebook.edit("data/rows.csv", "data/none.csv");
    let missing = problem(&train(&lab, &notebook), 2, "not-found");
    place(&missing, "test.aloft.md", 4, Some(9));

    let nowhere = lab.path("nowhere/x.aloft.md");
    let ran = lab.run([
        "train".as_ref(),
        nowhere.as_os_str(),
        "--cell".as_ref(),
        "x".as_ref(),
        "--json".as_ref(),
    ]);
    problem(&ran, 2, "not-found");

    let ran = lab.run(["frobnicate", "--json"]);
    problem(&ran, 2, "bad-value");
    assert_eq!(lab.run(["frobnicate"]).code, 2);
}

#[test]
fn check_finds_mistakes_with_their_places() {
    let lab = Lab::new();
    let notebook = Notebook::new(
        &lab,
        "p",
        ("rows.csv", numbers_csv(50)),
        "target = \"label\"\nepoch = 3",
    );
    notebook.edit("data = \"rows\"", "data = \"rosw\"");
    let ran = lab.run(["check".as_ref(), notebook.root.as_os_str(), "--json".as_ref()]);
    ran.expect_code(2);
    let document = ran.json();
    let diagnostics = document["diagnostics"].as_array().unwrap();
    let unknown = diagnostics
        .iter()
        .find(|d| d["code"] == "unknown-name")
        .expect("the unknown table");
    place(unknown, "test.aloft.md", 8, Some(8));
    assert_eq!(unknown["severity"], "error");
    let key = diagnostics
        .iter()
        .find(|d| d["code"] == "unknown-key")
        .expect("the unknown key");
    place(key, "test.aloft.md", 10, Some(1));
    assert_eq!(key["severity"], "warning");
    // The same for people: file:line:column first.
    let text = lab.run(["check".as_ref(), notebook.root.as_os_str()]);
    assert!(text.stdout.contains("test.aloft.md:8:8: "), "{}", text.stdout);
}

#[test]
fn check_looks_at_the_data_too() {
    let lab = Lab::new();
    let rows: String = (0..60)
        .map(|row| format!("same,{},{}\n", row * 37 % 61, row % 3))
        .collect();
    let csv = format!("mail,n,label\n{}", rows.replacen("same", "ada@example.org", 1));
    let notebook = Notebook::new(&lab, "p", ("rows.csv", csv), TRAIN);
    let ran = lab.run(["check".as_ref(), notebook.root.as_os_str(), "--json".as_ref()]);
    ran.expect_code(0);
    let document = ran.json();
    let findings = document["findings"].as_array().unwrap();
    let personal = findings
        .iter()
        .find(|f| f["code"] == "personal-data")
        .expect("the address");
    place(personal, "test.aloft.md", 3, Some(1));
    assert_eq!(
        (&personal["cell"], &personal["class"]),
        (&"rows".into(), &"confidential".into())
    );
    assert_eq!(personal["extent"]["rows"], 60);
    let text = lab.run(["check".as_ref(), notebook.root.as_os_str()]);
    assert!(
        text.stdout
            .contains("test.aloft.md:3:1: `mail` holds e-mail addresses"),
        "{}",
        text.stdout
    );
    // The text alone is sound, and a file that is gone is an error of the data.
    std::fs::remove_file(notebook.root.join("data/rows.csv")).unwrap();
    let check = |more: &str| {
        lab.run(["check".as_ref(), notebook.root.as_os_str(), more.as_ref()])
            .code
    };
    assert_eq!((check("--text"), check("--json")), (0, 2));
}

#[test]
fn check_takes_a_data_file() {
    let lab = Lab::new();
    let rows: String = (0..60).map(|row| format!("same,{}\n", row * 37 % 61)).collect();
    let file = lab.path("people.csv");
    aloft_tests::write(
        &file,
        format!("mail,n\n{}", rows.replacen("same", "ada@example.org", 1)),
    );
    let check = |more: &[&str]| {
        let mut arguments = vec!["check", file.to_str().unwrap()];
        arguments.extend(more);
        lab.run(arguments)
    };
    let ran = check(&["--json"]);
    ran.expect_code(0);
    let document = ran.json();
    assert_eq!(
        (&document["extent"]["rows"], &document["reading"]["format"]),
        (&60.into(), &"csv".into())
    );
    let codes: Vec<_> = document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["code"])
        .collect();
    assert!(codes.contains(&&"personal-data".into()), "{codes:?}");
    let text = check(&[]).stdout;
    assert!(text.contains("`mail` holds e-mail addresses"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.contains("people.csv: all 60 rows: "), "{text}");
    // What can't be read is an error, and how it is to be read can be said.
    aloft_tests::write(&file, "a;b\n1;2;3\n4;5\n");
    problem(&check(&["--json"]), 2, "ragged-row");
    check(&["--ragged", "skip"]).expect_code(0);
}

#[test]
fn check_takes_a_folder_of_data() {
    let lab = Lab::new();
    let digits = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/digits/data/digits.parquet"
    );
    let folder = lab.path("parts");
    std::fs::create_dir(&folder).unwrap();
    for part in ["1.parquet", "2.parquet"] {
        std::fs::copy(digits, folder.join(part)).unwrap();
    }
    let ran = lab.run(["check".as_ref(), folder.as_os_str(), "--json".as_ref()]);
    ran.expect_code(0);
    assert_eq!(ran.json()["extent"]["total"], 20_000);
    // With a notebook, or what says of itself that it is one, it is a project.
    aloft_tests::write(&folder.join("aloft.toml"), "");
    problem(
        &lab.run(["check".as_ref(), folder.as_os_str(), "--json".as_ref()]),
        2,
        "not-found",
    );
}

#[test]
fn a_loss_that_is_no_number_fails_the_run() {
    let lab = Lab::new();
    let body = "target = \"label\"\nepochs = 5\n[optimizer]\nlearning_rate = 1e30";
    let notebook = Notebook::new(&lab, "p", ("rows.csv", numbers_csv(400)), body);
    let ran = train(&lab, &notebook);
    problem(&ran, 1, "diverged");
    assert_eq!(ran.json()["status"], "failed");
    let runs = lab
        .run(["runs".as_ref(), notebook.root.as_os_str(), "--json".as_ref()])
        .json();
    assert_eq!(runs["runs"][0]["status"], "failed");
    assert_eq!(runs["runs"][0]["problem"]["code"], "diverged");
}

#[test]
fn a_damaged_run_is_no_reason_to_hide_the_others() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "p", ("rows.csv", numbers_csv(200)), TRAIN);
    for _ in 0..2 {
        train(&lab, &notebook).expect_code(0);
    }
    write(&notebook.runs()[0].join("run.toml"), "format = 1\nid = ");
    let runs = lab.run(["runs".as_ref(), notebook.root.as_os_str(), "--json".as_ref()]);
    runs.expect_code(0);
    let runs = runs.json()["runs"].as_array().unwrap().clone();
    let status = |id: &Path| {
        let id = id.file_name().unwrap().to_str().unwrap();
        runs.iter()
            .find(|run| run["id"] == id)
            .map(|run| run["status"].clone())
    };
    assert_eq!(status(&notebook.runs()[0]), Some("failed".into()));
    assert_eq!(status(&notebook.runs()[1]), Some("done".into()));
}
