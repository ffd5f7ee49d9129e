//! `aloft send` to a real SSH server on loopback: there, live, back, and the same numbers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Lab, Notebook, Running, Sshd, numbers_csv, wait_until};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

const SHORT: &str = "target = \"label\"\nepochs = 8";
const LONG: &str =
    "target = \"label\"\nepochs = 400\npatience = 0\nbatch_size = 8\n[model]\nhidden = [96, 96]";

/// A project with the server as its target `box`.
fn project(lab: &Lab, sshd: &Sshd, train: &str) -> Notebook {
    let notebook = Notebook::new(lab, "project", ("rows.csv", numbers_csv(1500)), train);
    let mut arguments = sshd.target("box");
    arguments.extend(["--key".into(), sshd.key.display().to_string()]);
    arguments.extend(["--host-key".into(), sshd.host_key.clone()]);
    arguments.extend(["--project".into(), notebook.root.display().to_string()]);
    lab.run(arguments).expect_code(0);
    notebook
}

fn send(notebook: &Notebook, options: &[&str]) -> Vec<String> {
    let file = notebook.file.to_str().unwrap();
    ["send", file, "--cell", "model", "--to", "box", "--json"]
        .iter()
        .chain(options)
        .map(|&argument| argument.to_owned())
        .collect()
}

fn jobs(lab: &Lab, notebook: &Notebook, arguments: &[&str]) -> aloft_tests::Ran {
    let root = notebook.root.to_str().unwrap();
    lab.run(
        ["jobs"]
            .iter()
            .chain(arguments)
            .chain(&["--json", "--project", root]),
    )
}

/// Names of the files that a job really uploaded.
fn uploaded(document: &Value) -> Vec<String> {
    let run_dir = PathBuf::from(document["run_dir"].as_str().unwrap());
    let receipts = std::fs::read_to_string(run_dir.join("receipts.jsonl")).expect("a receipt");
    let receipt: Value = serde_json::from_str(receipts.lines().last().unwrap()).unwrap();
    let files = receipt["files"].as_array().unwrap();
    files
        .iter()
        .filter(|file| file["sent"] == true)
        .map(|file| file["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_run_sent_away_comes_back_with_the_same_metrics() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, "");
    let notebook = project(&lab, &sshd, SHORT);
    let root = notebook.root.to_str().unwrap();

    let test = lab.run(["targets", "test", "box", "--project", root, "--json"]);
    test.expect_code(0);
    assert!(
        test.json()["machine"].as_str().unwrap().contains("Linux"),
        "{}",
        test.stdout
    );

    let file = notebook.file.to_str().unwrap();
    let local = lab.run(["train", file, "--cell", "model", "--json"]);
    local.expect_code(0);

    // Nobody agreed to anything yet.
    let refused = lab.run(send(&notebook, &[]));
    refused.expect_code(2);
    assert!(
        !sshd.folder.join("blobs").exists(),
        "nothing may leave without a yes"
    );
    assert_eq!(notebook.runs().len(), 1, "and no run is left of it");

    let sent = lab.run(send(&notebook, &["--yes"]));
    sent.expect_code(0);
    let document = sent.json();
    assert_eq!(document["status"], "done");
    assert_eq!(document["job"]["state"], "home");
    assert_eq!(document["metrics"], local.json()["metrics"], "to the last digit");
    let first = uploaded(&document);
    for name in ["aloft", "data.parquet", "run.toml"] {
        assert!(first.iter().any(|sent| sent == name), "{name} in {first:?}");
    }
    assert_eq!(document["preflight"]["allowed"], true);

    // The model at home scores.
    let scored = lab.path("scored.csv");
    lab.run([
        "predict".as_ref(),
        document["run_dir"].as_str().unwrap().as_ref(),
        notebook.root.join("data/rows.csv").as_os_str(),
        "-o".as_ref(),
        scored.as_os_str(),
    ])
    .expect_code(0);

    // A second run with the same rows: the program and the rows are there already.
    notebook.edit("epochs = 8", "epochs = 9");
    let again = lab.run(send(&notebook, &["--yes"]));
    again.expect_code(0);
    assert_eq!(uploaded(&again.json()), ["run.toml"]);

    let listed = jobs(&lab, &notebook, &["list"]).json();
    let listed = listed["jobs"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|job| job["state"] == "home" && job["target"] == "box")
    );
    let runs = lab.run(["runs", root, "--json"]).json();
    let targets: Vec<_> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["target"].clone())
        .collect();
    assert_eq!(
        targets.iter().filter(|target| **target == "box").count(),
        2,
        "{targets:?}"
    );
    assert!(!sshd.log().is_empty());
}

#[test]
fn detach_attach_again_stop_and_fetch() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, "");
    let notebook = project(&lab, &sshd, LONG);

    let detached = lab.run(send(&notebook, &["--yes", "--detach"]));
    detached.expect_code(0);
    let run_dir = PathBuf::from(detached.json()["run_dir"].as_str().unwrap());
    let id = run_dir.file_name().unwrap().to_str().unwrap().to_owned();

    // Whoever follows it is killed; the job goes on, and the next one finds it.
    let root = notebook.root.to_str().unwrap();
    let follow = ["jobs", "logs", &id, "--follow", "--json", "--project", root];
    let first = Running::of(&mut lab.aloft(follow));
    first.wait_for("epoch");
    first.signal("KILL");
    first.finish().expect_code(-1);
    let second = Running::of(&mut lab.aloft(follow));
    second.wait_for("epoch");

    // Ctrl+C detaches, and says how to come back.
    second.signal("INT");
    let second = second.finish();
    second.expect_code(0);
    assert!(
        second.stderr.contains(&format!("aloft jobs logs --follow {id}")),
        "{}",
        second.stderr
    );
    assert_eq!(jobs(&lab, &notebook, &["logs", &id]).json()["status"], "running");

    jobs(&lab, &notebook, &["stop", &id]).expect_code(0);
    let stopped = wait_until(Duration::from_secs(30), || {
        jobs(&lab, &notebook, &["logs", &id]).json()["status"] == "stopped"
    });
    assert!(stopped, "{}", jobs(&lab, &notebook, &["logs", &id]).stdout);
    let fetched = jobs(&lab, &notebook, &["fetch", &id]);
    fetched.expect_code(3);
    assert_eq!(fetched.json()["status"], "stopped");
    assert!(
        run_dir.join("model/model.safetensors").is_file(),
        "the best model so far is home"
    );

    // The mirror is the target's log, byte for byte.
    let remote = std::fs::read(sshd.folder.join("runs").join(&id).join("events.jsonl")).unwrap();
    assert_eq!(std::fs::read(run_dir.join("events.jsonl")).unwrap(), remote);
}

#[test]
fn the_policy_is_enforced_before_anything_leaves() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, "");
    let notebook = project(&lab, &sshd, SHORT);
    for (class, allowed) in [("restricted", false), ("confidential", false)] {
        notebook.edit(
            "path = \"data/rows.csv\"",
            &format!("path = \"data/rows.csv\"\nclass = \"{class}\""),
        );
        let ran = lab.run(send(&notebook, &["--yes"]));
        ran.expect_code(3);
        assert_eq!(ran.json()["error"]["code"], "forbidden");
        assert!(ran.stderr.contains(class), "{}", ran.stderr);
        assert!(!allowed && !sshd.folder.join("blobs").exists(), "nothing left");
        notebook.edit(&format!("\nclass = \"{class}\""), "");
    }
    assert!(
        notebook.runs().is_empty(),
        "nothing is kept of a run that may not leave"
    );
}

#[test]
fn a_host_key_has_to_be_accepted_and_to_stay_the_same() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, "");
    let notebook = Notebook::new(&lab, "project", ("rows.csv", numbers_csv(300)), SHORT);
    let root = notebook.root.display().to_string();
    let key = sshd.key.display().to_string();
    let add = |extra: &[&str]| {
        let mut arguments = sshd.target("box");
        arguments.extend(["--key", &key, "--project", &root, "--json"].map(str::to_owned));
        arguments.extend(extra.iter().map(|&text| text.to_owned()));
        lab.run(arguments)
    };

    let unknown = add(&[]);
    unknown.expect_code(2);
    assert_eq!(unknown.json()["error"]["code"], "host-key-unknown");
    assert_eq!(unknown.json()["host_key"], sshd.host_key);
    assert!(unknown.stderr.contains("SHA256:"), "{}", unknown.stderr);
    let list = || lab.run(["targets", "list", "--project", &root, "--json"]).json();
    assert_eq!(list()["targets"], serde_json::json!([]));

    add(&["--accept-host-key"]).expect_code(0);
    assert_eq!(list()["targets"][0]["spec"]["host_key"], sshd.host_key);
    lab.run(["targets", "test", "box", "--project", &root])
        .expect_code(0);

    let other = std::fs::read_to_string(sshd.key.with_extension("pub")).unwrap();
    let other = other.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    add(&["--host-key", &other]).expect_code(0);
    let changed = lab.run(["targets", "test", "box", "--project", &root, "--json"]);
    changed.expect_code(1);
    assert_eq!(changed.json()["error"]["code"], "host-key-changed");

    lab.run(["targets", "remove", "box", "--project", &root])
        .expect_code(0);
    assert_eq!(list()["targets"], serde_json::json!([]));
    let gone = lab.run(["targets", "test", "box", "--project", &root]);
    gone.expect_code(2);
}
