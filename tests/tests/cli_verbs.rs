//! The smaller verbs: what they print for people and for programs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, numbers_csv, program, write};
use std::process::{Command, Stdio};

#[test]
fn profile_describes_columns() {
    let lab = Lab::new();
    let file = lab.path("t.csv");
    write(&file, "n,word,flag\n1,a,true\n2,b,false\n3,a,\n4,,true\n");
    let ran = lab.run(["profile".as_ref(), file.as_os_str(), "--json".as_ref()]);
    ran.expect_code(0);
    let profile = ran.json();
    assert_eq!(profile["extent"]["rows"], 4);
    let columns = profile["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 3);
    assert_eq!(columns[0]["mean"], 2.5);
    assert_eq!(columns[1]["nulls"], 1);
    assert_eq!(columns[1]["top"][0]["value"], "a");
    assert_eq!(columns[2]["kind"], "boolean");

    let text = lab.run(["profile".as_ref(), file.as_os_str()]);
    assert!(text.stdout.contains("all 4 rows"), "{}", text.stdout);

    write(&file, numbers_csv(5000));
    let sampled = lab.run([
        "profile".as_ref(),
        file.as_os_str(),
        "--sample".as_ref(),
        "100".as_ref(),
        "--json".as_ref(),
    ]);
    assert_eq!(
        sampled.json()["extent"],
        serde_json::json!({ "scope": "sample", "rows": 100, "total": 5000 })
    );
}

#[test]
fn query_joins_files_by_their_stems() {
    let lab = Lab::new();
    let (left, right) = (lab.path("people.csv"), lab.path("towns.csv"));
    write(&left, "name,town\nAda,1\nBob,2\nCy,1\n");
    write(&right, "id,label\n1,Rome\n2,Oslo\n");
    let sql = "SELECT label, count(*) AS n FROM people JOIN towns ON town = id GROUP BY label ORDER BY label";
    let ran = lab.run([
        "query".as_ref(),
        "--sql".as_ref(),
        sql.as_ref(),
        left.as_os_str(),
        right.as_os_str(),
        "--json".as_ref(),
    ]);
    ran.expect_code(0);
    assert_eq!(
        ran.json()["rows"],
        serde_json::json!([{ "label": "Oslo", "n": 1 }, { "label": "Rome", "n": 2 }])
    );
    let text = lab.run([
        "query".as_ref(),
        "--sql".as_ref(),
        sql.as_ref(),
        left.as_os_str(),
        right.as_os_str(),
    ]);
    assert_eq!(text.stdout, "label  n\nOslo   1\nRome   2\n");
    let wrong = lab.run([
        "query".as_ref(),
        "--sql".as_ref(),
        "SELECT * FORM people".as_ref(),
        left.as_os_str(),
        "--json".as_ref(),
    ]);
    wrong.expect_code(2);
    assert_eq!(wrong.json()["error"]["code"], "syntax");
}

#[test]
fn wide_tables_fit_eighty_columns() {
    let lab = Lab::new();
    let file = lab.path("wide.csv");
    let header: Vec<String> = (0..40).map(|i| format!("a_rather_long_name_{i}")).collect();
    let row: Vec<String> = (0..40)
        .map(|i| format!("text number {i} that goes on and on"))
        .collect();
    write(&file, format!("{}\n{}\n", header.join(","), row.join(",")));
    let ran = lab.run([
        "query".as_ref(),
        "--sql".as_ref(),
        "SELECT * FROM wide".as_ref(),
        file.as_os_str(),
    ]);
    ran.expect_code(0);
    assert!(
        ran.stdout.lines().all(|line| line.chars().count() <= 80),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("more columns"), "{}", ran.stdout);
}

#[test]
fn run_shows_tables_and_charts_briefly() {
    let lab = Lab::new();
    let notebook = Notebook::new(
        &lab,
        "p",
        ("rows.csv", numbers_csv(300)),
        "target = \"label\"\nepochs = 2",
    );
    notebook.edit(
        "```toml train",
        "```toml chart spread\ndata = \"rows\"\nmark = \"histogram\"\nx = \"a\"\n```\n\n```sql query ups\nSELECT count(*) AS n FROM rows WHERE label = 'up'\n```\n\n```toml train",
    );
    let text = lab.run(["run".as_ref(), notebook.root.as_os_str()]);
    text.expect_code(0);
    for part in [
        "source rows: all 300 rows",
        "chart spread:",
        "query ups:",
        "model done",
        "accuracy",
    ] {
        assert!(text.stdout.contains(part), "`{part}` in\n{}", text.stdout);
    }
    let one = lab.run([
        "run".as_ref(),
        notebook.root.as_os_str(),
        "--cell".as_ref(),
        "ups".as_ref(),
        "--json".as_ref(),
    ]);
    one.expect_code(0);
    let cells = one.json()["cells"].as_array().unwrap().clone();
    assert_eq!(cells.len(), 1);
    assert_eq!(cells[0]["columns"], serde_json::json!(["n"]));
}

#[test]
fn new_refuses_to_overwrite() {
    let lab = Lab::new();
    let folder = lab.path("p");
    lab.run(["new".as_ref(), folder.as_os_str()]).expect_code(0);
    lab.run(["check".as_ref(), folder.as_os_str()]).expect_code(0);
    let again = lab.run(["new".as_ref(), folder.as_os_str(), "--json".as_ref()]);
    again.expect_code(2);
    let unknown = lab.run([
        "new".as_ref(),
        lab.path("q").as_os_str(),
        "--example".as_ref(),
        "nope".as_ref(),
        "--json".as_ref(),
    ]);
    unknown.expect_code(2);
    assert!(
        unknown.stderr.contains("penguins"),
        "it says which there are: {}",
        unknown.stderr
    );
}

#[test]
fn doctor_says_what_is_here() {
    let lab = Lab::new();
    let ran = lab.run(["doctor", "--json"]);
    ran.expect_code(0);
    let document = ran.json();
    let devices = document["devices"].as_array().unwrap();
    assert!(
        devices.iter().any(|device| device["usable"] == true),
        "{document:#}"
    );
    assert!(document["memory_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(document["free_disk_bytes"].as_u64().unwrap() > 0);
    assert_eq!(
        document["keyring"]["usable"], false,
        "there is no keyring in a lab"
    );
    assert_eq!(
        document["programs"]["aloft"]["path"],
        program().display().to_string()
    );
    lab.run(["doctor"]).expect_code(0);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let lab = Lab::new();
    let file = lab.path("t.csv");
    write(&file, numbers_csv(20_000));
    let mut child = lab
        .aloft([
            "query".as_ref(),
            "--json".as_ref(),
            "--sql".as_ref(),
            "SELECT * FROM t".as_ref(),
            file.as_os_str(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn help_is_on_standard_output_and_names_the_exit_codes() {
    let output = Command::new(program()).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("Exit codes") && text.contains("profile") && !text.contains("measure"),
        "{text}"
    );
}

#[test]
fn open_says_what_is_missing() {
    let lab = Lab::new();
    let nothing = lab.run([
        "open".as_ref(),
        lab.path("nothing").as_os_str(),
        "--json".as_ref(),
    ]);
    nothing.expect_code(2);
    // A copy of the program alone, as on a server.
    let alone = lab.path("bin/aloft");
    std::fs::create_dir(lab.path("bin")).unwrap();
    std::fs::hard_link(program(), &alone)
        .or_else(|_| std::fs::copy(program(), &alone).map(|_| ()))
        .unwrap();
    let mut command = lab.command(&alone, ["open", "--json"]);
    let ran = aloft_tests::Ran::of(&mut command);
    ran.expect_code(2);
    assert!(ran.stderr.contains("aloft-desktop"), "{}", ran.stderr);
}

#[test]
fn charts_are_written_without_a_window() {
    let lab = Lab::new();
    let project = lab.example("penguins");
    let notebook = project.join("notebooks/species.aloft.md");
    let text = std::fs::read_to_string(&notebook).unwrap();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("```toml chart "))
        .expect("a chart in the example");
    let chart = |cell: &str, file: &str| {
        lab.run([
            "chart".as_ref(),
            notebook.as_os_str(),
            "--cell".as_ref(),
            cell.as_ref(),
            "-o".as_ref(),
            lab.path(file).as_os_str(),
            "--json".as_ref(),
        ])
    };
    let ran = chart(name, "c.svg");
    ran.expect_code(0);
    let svg = std::fs::read_to_string(lab.path("c.svg")).unwrap();
    let title = ran.json()["description"].as_str().unwrap().to_owned();
    assert!(
        svg.starts_with("<svg ") && svg.contains(&format!("<title>{title}</title>")),
        "{title}"
    );
    chart(name, "c.png").expect_code(0);
    let png = std::fs::read(lab.path("c.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!((chart(name, "c.pdf").code, chart("nope", "c.svg").code), (2, 2));
}
