//! Secrets in a real gnome-keyring, on a session bus of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says by a panic what is wrong"
)]

use aloft_tests::{Gcs, Lab, Notebook, Ran, Sshd, numbers_csv, program, write};
use std::path::Path;

const PASSPHRASE: &str = "correct horse 7fd1 battery";

/// Runs a shell script with a fresh, unlocked keyring.
fn with_keyring(lab: &Lab, script: &str) -> Ran {
    // The daemon wants the password of its login keyring without a newline; it then serves until the bus ends.
    let script = format!(
        "set -eu\nprintf keyring-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n{script}"
    );
    let mut command = lab.command("dbus-run-session", ["--", "bash", "-c", &script]);
    Ran::of(command.env("ALOFT", program()))
}

/// All files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let found = std::process::Command::new("grep")
        .args(["-rlaF", "--", text])
        .arg(folder)
        .output()
        .expect("grep starts");
    String::from_utf8_lossy(&found.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_passphrase_lives_in_the_keyring_and_nowhere_else() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, PASSPHRASE);
    let train = "target = \"label\"\nepochs = 3";
    let notebook = Notebook::new(&lab, "project", ("rows.csv", numbers_csv(400)), train);
    let (root, file) = (
        notebook.root.display().to_string(),
        notebook.file.display().to_string(),
    );
    let add = sshd.target("box").join(" ");
    let script = format!(
        "printf '%s\\n' '{PASSPHRASE}' | \"$ALOFT\" {add} --key {key} --passphrase-stdin --host-key '{host_key}' --project {root}\n\
         \"$ALOFT\" targets test box --project {root} >/dev/null\n\
         \"$ALOFT\" doctor --json > {root}/doctor.json\n\
         \"$ALOFT\" send {file} --cell model --to box --yes --json > {root}/sent.json\n\
         \"$ALOFT\" targets remove box --project {root}\n\
         printf '%s\\n' '{PASSPHRASE}' | \"$ALOFT\" {add} --key {key} --host-key '{host_key}' --project {root}\n\
         \"$ALOFT\" targets test box --project {root} --json || exit 42\n",
        key = sshd.key.display(),
        host_key = sshd.host_key,
    );
    let ran = with_keyring(&lab, &script);
    // After `remove` the passphrase is gone: a target without it can't log in any more.
    ran.expect_code(42);
    assert!(
        ran.stdout.contains("secret-missing"),
        "{}\n{}",
        ran.stdout,
        ran.stderr
    );
    let sent: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(notebook.root.join("sent.json")).unwrap()).unwrap();
    assert_eq!(sent["status"], "done");
    let doctor = std::fs::read_to_string(notebook.root.join("doctor.json")).unwrap();
    let doctor: serde_json::Value = serde_json::from_str(&doctor).unwrap();
    assert_eq!(doctor["keyring"]["usable"], true, "{doctor:#}");

    assert!(!ran.stdout.contains(PASSPHRASE) && !ran.stderr.contains(PASSPHRASE));
    assert_eq!(files_with(&lab.path(""), PASSPHRASE), Vec::<String>::new());
}

#[test]
fn a_service_account_of_google_opens_its_bucket() {
    let lab = Lab::new();
    write(&lab.path("store/flights/day/t.csv"), "a,b\n1,x\n2,y\n");
    let server = Gcs::start(&lab);
    let file = lab.path("key.json");
    write(&file, server.service_account(PASSPHRASE));
    let script = format!(
        "\"$ALOFT\" credentials set gs://flights < {file}\n\
         rm {file}\n\
         \"$ALOFT\" profile gs://flights/day/t.csv --json\n\
         \"$ALOFT\" profile gs://flights/none.csv --json || exit 42\n",
        file = file.display()
    );
    let ran = with_keyring(&lab, &script);
    ran.expect_code(42);
    let said: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(ran.stdout.split_once('\n').expect("what was kept, in a line").1)
            .into_iter()
            .map(Result::unwrap)
            .collect();
    assert_eq!(said[0]["extent"]["rows"], 2, "{}", ran.stdout);
    assert_eq!(said[0]["reading"]["format"], "csv");
    assert_eq!(said[1]["error"]["code"], "not-found");
    assert!(!ran.stdout.contains(PASSPHRASE) && !ran.stderr.contains(PASSPHRASE));
    assert_eq!(files_with(&lab.path(""), PASSPHRASE), Vec::<String>::new());
}

#[test]
fn without_a_keyring_the_error_says_so() {
    let lab = Lab::new();
    let sshd = Sshd::start(&lab, PASSPHRASE);
    let notebook = Notebook::new(
        &lab,
        "project",
        ("rows.csv", numbers_csv(50)),
        "target = \"label\"",
    );
    let mut arguments = sshd.target("box");
    arguments.extend([
        "--key".into(),
        sshd.key.display().to_string(),
        "--passphrase-stdin".into(),
    ]);
    arguments.extend(["--host-key".into(), sshd.host_key.clone(), "--json".into()]);
    arguments.extend(["--project".into(), notebook.root.display().to_string()]);
    let ran = aloft_tests::with_input(&mut lab.aloft(arguments), &format!("{PASSPHRASE}\n"));
    ran.expect_code(1);
    assert_eq!(ran.json()["error"]["code"], "keyring-unavailable");
    assert!(ran.json()["error"]["hint"].is_string());
    let settings = std::fs::read_to_string(notebook.root.join("aloft.toml")).unwrap();
    assert!(
        !settings.contains("box"),
        "a target whose secret couldn't be kept isn't there"
    );
}
