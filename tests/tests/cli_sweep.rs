//! Sweeps over the real program: trials as runs, killed and continued, cut short, written into the notebook.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, Ran, numbers_csv, signal, wait_until, worker_pid};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A training of many short epochs.
const TRAIN: &str =
    "target = \"label\"\nepochs = 12\npatience = 0\nbatch_size = 16\nmodel = { hidden = [16], members = 2 }";

fn project(lab: &Lab, name: &str, train: &str, sweep: &str) -> Notebook {
    let notebook = Notebook::new(lab, name, ("rows.csv", numbers_csv(400)), train);
    let text = fs::read_to_string(&notebook.file).unwrap();
    let text = format!("{text}\n```toml sweep search\ntrain = \"model\"\n{sweep}\n```\n");
    fs::write(&notebook.file, text).unwrap();
    notebook
}

fn arguments(notebook: &Notebook, more: &[&str]) -> Vec<String> {
    let file = notebook.file.to_str().unwrap();
    let all = ["sweep", file, "--json"].into_iter().chain(more.iter().copied());
    all.map(str::to_owned).collect()
}

fn sweep(lab: &Lab, notebook: &Notebook, more: &[&str]) -> Ran {
    lab.run(arguments(notebook, more))
}

/// What each trial tried and came to, by its number.
fn results(board: &Value) -> Vec<(u64, Value, Value, Value)> {
    let trials = board["trials"].as_array().unwrap().iter();
    let mut found: Vec<_> = trials
        .map(|trial| {
            let part = |name: &str| trial[name].clone();
            (
                trial["index"].as_u64().unwrap(),
                part("values"),
                part("score"),
                part("status"),
            )
        })
        .collect();
    found.sort_by_key(|(index, ..)| *index);
    found
}

fn epochs_done(run_dir: &Path) -> usize {
    let log = fs::read_to_string(run_dir.join("events.jsonl")).unwrap_or_default();
    log.lines()
        .filter(|line| line.contains("\"event\":\"epoch\""))
        .count()
}

#[test]
fn a_sweep_that_is_killed_with_its_worker_goes_on_to_the_same_results() {
    let lab = Lab::new();
    let train = TRAIN
        .replace("epochs = 12", "epochs = 60")
        .replace("batch_size = 16", "batch_size = 4");
    let space = "trials = 3\nparallel = 1\n[space]\n\"optimizer.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n\"model.hidden\" = { choice = [[8], [16, 8]] }";
    let whole = project(&lab, "whole", &train, space);
    let whole = sweep(&lab, &whole, &[]).expect_code(0).json();
    assert_eq!(whole["state"], "done");

    let notebook = project(&lab, "killed", &train, space);
    let running = lab.start(arguments(&notebook, &[]));
    let second = || notebook.runs().into_iter().find(|run| index(run) == Some(2));
    let there = wait_until(Duration::from_secs(60), || {
        second().is_some_and(|run| epochs_done(&run) >= 2)
    });
    assert!(there, "the second trial never began:\n{}", running.said());
    running.signal("KILL");
    running.finish().expect_code(-1);
    if let Some(worker) = worker_pid(&second().unwrap()) {
        signal(worker, "KILL");
    }
    let done = sweep(&lab, &notebook, &[]).expect_code(0).json();
    assert_eq!(results(&done), results(&whole), "as if nobody had killed it");
    assert_eq!(notebook.runs().len(), 3, "no trial was made twice");
    assert_eq!(done["test"], whole["test"]);
}

/// The number of the trial in a folder.
fn index(run_dir: &Path) -> Option<i64> {
    let text = fs::read_to_string(run_dir.join("run.toml")).ok()?;
    let line = text.lines().find(|line| line.starts_with("index = "))?;
    line.trim_start_matches("index = ").parse().ok()
}

#[test]
fn ctrl_c_stops_all_trials_and_a_further_start_goes_on() {
    let lab = Lab::new();
    let train = TRAIN
        .replace("epochs = 12", "epochs = 400")
        .replace("batch_size = 16", "batch_size = 4");
    let notebook = project(
        &lab,
        "project",
        &train,
        "trials = 2\n[space]\nseed = { choice = [1, 2] }",
    );
    let running = lab.start(arguments(&notebook, &[]));
    let begun = wait_until(Duration::from_secs(60), || {
        notebook.runs().iter().any(|run| epochs_done(run) >= 2)
    });
    assert!(begun, "no trial began:\n{}", running.said());
    running.signal("INT");
    let ran = running.finish();
    ran.expect_code(3);
    assert_eq!(ran.json()["state"], "stopped");
    assert_eq!(
        ran.json()["test"],
        serde_json::json!({}),
        "nobody chooses by the test part"
    );
    let stopped: Vec<PathBuf> = notebook.runs();
    assert!(
        stopped.iter().all(|run| worker_pid(run).is_none()),
        "no worker is left"
    );

    // Time is that of all starts together, so that little of it ends the sweep at once.
    let spent = sweep(&lab, &notebook, &["--seconds", "0.1"])
        .expect_code(0)
        .json();
    assert_eq!(spent["state"], "out-of-time");
    notebook.edit("epochs = 400", "epochs = 2");
    let other = sweep(&lab, &notebook, &[]).expect_code(0).json();
    assert_eq!(other["state"], "done");
    let indexes: Vec<u64> = results(&other).into_iter().map(|(index, ..)| index).collect();
    assert_eq!(indexes, [1, 2], "another train cell is another sweep");
}

#[test]
fn a_grid_cuts_trials_that_fall_behind_and_grows_with_its_budget() {
    let lab = Lab::new();
    let space = "method = \"grid\"\nparallel = 1\nhalving = { factor = 2, epochs = 2 }\n[space]\n\"optimizer.learning_rate\" = { choice = [1e-2, 1e-7, 2e-7] }";
    let train = TRAIN
        .replace("batch_size = 16", "batch_size = 2")
        .replace("epochs = 12", "epochs = 120");
    let notebook = project(&lab, "project", &train, space);
    let first = sweep(&lab, &notebook, &["--trials", "1"]).expect_code(0).json();
    assert_eq!(results(&first).len(), 1);
    let all = sweep(&lab, &notebook, &[]);
    let board = all.expect_code(0).json();
    let statuses: Vec<Value> = results(&board).into_iter().map(|(.., status)| status).collect();
    assert_eq!(statuses, ["done", "cut", "cut"], "{}", all.stderr);
    assert_eq!(
        results(&board)[0],
        results(&first)[0],
        "the first trial wasn't repeated"
    );
    assert_eq!(board["trials"][0]["index"], 1, "the best comes first");
    assert_eq!(
        board["trials"][1]["epochs"], 2,
        "what counts is what it came to at the rung"
    );
    assert_eq!(board["metric"], "accuracy");
    assert!(board["baseline"]["value"].as_f64().unwrap() < 0.7);
    assert!(board["test"]["accuracy"].as_f64().unwrap() > 0.6);

    let runs = notebook.runs();
    let inode = |run: &PathBuf| fs::metadata(run.join("data.parquet")).unwrap().ino();
    assert_eq!(runs.len(), 3);
    assert!(
        runs.iter().all(|run| inode(run) == inode(&runs[0])),
        "one file of rows"
    );
    let record = fs::read_to_string(runs[1].join("run.toml")).unwrap();
    assert!(record.contains("[sweep]\nsweep = \"search\""), "{record}");

    let shown = lab.run(["sweep", notebook.file.to_str().unwrap(), "--write"]);
    shown.expect_code(0);
    assert!(
        shown
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 80 || line.starts_with("best:"))
    );
    let text = fs::read_to_string(&notebook.file).unwrap();
    assert!(text.contains("[optimizer]\nlearning_rate = 0.01\n"), "{text}");
    let again = sweep(&lab, &notebook, &[]).expect_code(0).json();
    assert_eq!(
        results(&again),
        results(&board),
        "what it found makes no other sweep"
    );
    assert_eq!(notebook.runs().len(), 3);
}

#[test]
fn what_a_sweep_came_to_is_shown_from_its_runs_and_its_trials_are_listed_under_it() {
    let lab = Lab::new();
    let notebook = project(
        &lab,
        "project",
        TRAIN,
        "method = \"grid\"\n[space]\nseed = { choice = [1, 2] }",
    );
    let root = notebook.root.to_str().unwrap();
    let none = sweep(&lab, &notebook, &["--status"]).expect_code(2).json();
    assert_eq!(none["error"]["code"], "not-found");
    let first = sweep(&lab, &notebook, &["--trials", "1"]).expect_code(0).json();
    let status = |more: &[&str]| {
        let more: Vec<&str> = ["--status"].iter().chain(more).copied().collect();
        sweep(&lab, &notebook, &more)
    };
    let part = status(&[]).expect_code(0).json();
    assert_eq!((&part["state"], &part["planned"]), (&"stopped".into(), &2.into()));
    assert_eq!(part["trials"], first["trials"]);
    let whole = sweep(&lab, &notebook, &[]).expect_code(0).json();
    let shown = status(&[]).expect_code(0).json();
    for part in [
        "state",
        "trials",
        "extent",
        "test",
        "metric",
        "baseline",
        "best_cell",
    ] {
        assert_eq!(shown[part], whole[part], "{part}");
    }

    lab.run(["train", notebook.file.to_str().unwrap()]).expect_code(0);
    let listed = lab.run(["runs", root, "--json"]).expect_code(0).json();
    let count = |part: &Value| part.as_array().unwrap().len();
    assert_eq!((count(&listed["runs"]), count(&listed["sweeps"])), (1, 1));
    assert_eq!(count(&listed["sweeps"][0]["trials"]), 2);
    let all = lab.run(["runs", root, "--all", "--json"]).expect_code(0).json();
    assert_eq!((count(&all["runs"]), count(&all["sweeps"])), (3, 0));
    let table = lab.run(["runs", root]);
    table.expect_code(0);
    assert!(table.stdout.contains("search · 2 trials"), "{}", table.stdout);

    notebook.edit("epochs = 12", "epochs = 13");
    let stale = status(&[]);
    stale.expect_code(0);
    assert!(stale.stderr.contains("stale"), "{}", stale.stderr);
}

#[test]
fn auto_needs_no_train_cell() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "project", ("rows.csv", leaking_csv()), TRAIN);
    let text = fs::read_to_string(&notebook.file).unwrap();
    let (without, _) = text.split_once("```toml train").unwrap();
    let query = "```sql query positive\nSELECT * FROM rows WHERE a > -2\n```\n\n```sql query few\nSELECT a FROM rows\n```\n";
    fs::write(&notebook.file, format!("{without}{query}")).unwrap();
    let file = notebook.file.to_str().unwrap();
    let auto = |more: &[&str]| {
        let all = ["train", file, "--auto", "--seconds", "60", "--json"];
        lab.run(all.iter().chain(more).copied())
    };
    let unknown = auto(&["--target", "labell"]).expect_code(2).json();
    assert_eq!(unknown["error"]["hint"], "did you mean `label`?");
    let unknown = auto(&["--target", "label", "--data", "table"])
        .expect_code(2)
        .json();
    assert!(
        unknown["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("rows, positive, few")
    );
    assert!(
        auto(&[]).expect_code(2).json()["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("--target")
    );

    let ran = auto(&["--target", "label", "--write"]);
    let board = ran.expect_code(0).json();
    assert!(
        ran.stderr.contains("predicting `label` from `positive`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("left out: "), "{}", ran.stderr);
    let kinds = |value: &Value| value["values"]["model.kind"].as_str().map(str::to_owned);
    let tried: Vec<_> = board["trials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(kinds)
        .collect();
    for kind in ["linear", "trees", "mlp"] {
        assert!(tried.iter().any(|tried| tried == kind), "{kind}: {tried:?}");
    }
    let text = fs::read_to_string(&notebook.file).unwrap();
    assert!(
        text.contains("```toml train label\ndata = \"positive\"\ntarget = \"label\"\nignore = [\"leak\"]"),
        "{text}"
    );
    lab.run(["check", file]).expect_code(0);
}

/// The numbers with a column that says the class in other words.
fn leaking_csv() -> String {
    let text = numbers_csv(300);
    let leaking = text
        .lines()
        .enumerate()
        .map(|(at, line)| match (at, line.ends_with("up")) {
            (0, _) => format!("{line},leak\n"),
            (_, true) => format!("{line},1\n"),
            (_, false) => format!("{line},0\n"),
        });
    leaking.collect()
}

#[test]
fn auto_tries_kinds_within_its_time_and_says_what_to_write() {
    let lab = Lab::new();
    let notebook = Notebook::new(&lab, "project", ("rows.csv", numbers_csv(400)), TRAIN);
    let file = notebook.file.to_str().unwrap();
    let ran = lab.run([
        "train",
        file,
        "--cell",
        "model",
        "--auto",
        "--seconds",
        "60",
        "--json",
    ]);
    let board = ran.expect_code(0).json();
    let tried: Vec<&Value> = board["trials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|trial| &trial["values"]["model.kind"])
        .collect();
    for kind in ["linear", "trees", "mlp"] {
        assert!(tried.iter().any(|tried| **tried == kind), "{kind}: {tried:?}");
    }
    assert!(
        tried.iter().any(|tried| tried.is_null()),
        "the cell as it stands is one of them"
    );
    let scores: Vec<f64> = board["trials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|trial| trial["score"].as_f64())
        .collect();
    assert!(scores.is_sorted() && scores.len() >= 3, "{scores:?}");
    let alone = lab.run(["train", file, "--cell", "model", "--seconds", "3"]);
    alone.expect_code(2);
}

#[test]
fn what_cannot_be_swept_is_said_with_its_place() {
    let lab = Lab::new();
    let notebook = project(
        &lab,
        "project",
        TRAIN,
        "[space]\n\"model.dropout\" = { uniform = [0.0, 1.0] }",
    );
    let ran = sweep(&lab, &notebook, &[]);
    ran.expect_code(2);
    let error = &ran.json()["error"];
    assert_eq!(error["place"]["line"], 19, "{error}");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("dropout is at least 0")
    );
    notebook.edit("[0.0, 1.0]", "[0.0, 0.5]");
    let named = lab.run([
        "run",
        notebook.file.to_str().unwrap(),
        "--cell",
        "search",
        "--json",
    ]);
    named.expect_code(2);
    assert!(
        named.json()["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("aloft sweep")
    );
    let train = sweep(&lab, &notebook, &["--cell", "model"]);
    assert_eq!(train.expect_code(2).json()["error"]["code"], "bad-value");
    notebook.edit("target = \"label\"", "target = \"labels\"");
    assert_eq!(
        sweep(&lab, &notebook, &[]).expect_code(2).json()["error"]["code"],
        "unknown-column"
    );
}
