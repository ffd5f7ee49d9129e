//! `aloft.toml` in, findings and edits out.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use aloft_project::Project;
use aloft_spec::project::{SshTarget, TargetSpec};
use aloft_spec::{Code, Problem};
use std::fs;
use tempfile::TempDir;

fn folder(config: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("aloft.toml"), config).unwrap();
    folder
}

fn problem(config: &str) -> Problem {
    Project::open(folder(config).path()).unwrap_err()
}

fn place(problem: &Problem) -> (usize, usize) {
    let place = problem.place.as_ref().unwrap();
    (place.line.unwrap(), place.column.unwrap())
}

fn target() -> TargetSpec {
    TargetSpec::Ssh(SshTarget {
        host: "gpu.example.org".into(),
        port: 22,
        user: "ada".into(),
        folder: "aloft".into(),
        host_key: "ssh-ed25519 AAAA".into(),
        key_file: None,
    })
}

const TARGET: &str = "kind = \"ssh\"\nhost = \"h\"\nuser = \"u\"\nhost_key = \"ssh-ed25519 AAAA\"\n";

#[test]
fn an_empty_file_is_a_project_and_so_is_none() {
    let project = Project::open(folder("").path()).unwrap();
    assert_eq!(project.spec.thresholds.minutes, 60.0);
    let bare = tempfile::tempdir().unwrap();
    let project = Project::open(bare.path()).unwrap();
    assert_eq!(project.spec, aloft_spec::project::ProjectSpec::default());
    assert_eq!(project.name(), bare.path().file_name().unwrap().to_str().unwrap());
}

#[test]
fn errors_have_their_place_and_a_hint() {
    let broken = problem("[thresholds]\nminutes = \n");
    assert_eq!((broken.code, place(&broken)), (Code::Syntax, (2, 11)));
    let wrong = problem("\u{feff}[policy]\r\nmay_leave = \"publik\"\r\n");
    assert_eq!((wrong.code, place(&wrong)), (Code::BadValue, (2, 13)));
    assert_eq!(wrong.hint.as_deref(), Some("did you mean `public`?"));
    assert_eq!(place(&problem("[thresholds]\nminutes = 0\n")), (2, 11));
    assert_eq!(place(&problem("[thresholds]\nmemory_share = 70\n")), (2, 16));
    assert_eq!(place(&problem("thresholds.disk_share = nan")), (1, 25));
    assert_eq!(place(&problem("[thresholds]\nminutes = \"many\"")), (2, 11));
}

#[test]
fn targets_are_checked_where_they_stand() {
    let missing = problem("[targets.lab]\nkind = \"ssh\"\nuser = \"u\"\nhost_key = \"ssh-ed25519 A\"\n");
    assert_eq!(
        (missing.message.as_str(), place(&missing)),
        ("the key `host` is missing", (1, 10))
    );
    let port = problem(&format!("[targets.lab]\n{TARGET}port = 99999\n"));
    assert_eq!((port.code, place(&port)), (Code::BadValue, (6, 8)));
    let empty = problem(&format!("[targets.lab]\n{}", TARGET.replace("\"h\"", "\"\"")));
    assert_eq!(place(&empty), (3, 8));
    let key = problem(&format!(
        "[targets.lab]\n{}",
        TARGET.replace("ssh-ed25519 AAAA", "SHA256:x")
    ));
    assert_eq!(place(&key), (5, 12));
    let kind = problem("[targets.lab]\nkind = \"cloud\"\n");
    assert_eq!(kind.code, Code::BadValue);
    assert!(kind.message.contains("cloud"), "{kind}");
}

#[test]
fn unknown_keys_are_warnings() {
    let config = format!("[thresholds]\nminuts = 3\n[targets.lab]\n{TARGET}hst = 1\npassword = \"x\"\n");
    let project = Project::open(folder(&config).path()).unwrap();
    let found: Vec<String> = project
        .diagnostics()
        .iter()
        .map(|found| found.problem.to_string())
        .collect();
    assert_eq!(
        found,
        [
            "aloft.toml:2:1: unknown key `minuts` in `thresholds`\n  hint: did you mean `minutes`?",
            "aloft.toml:8:1: unknown key `hst`\n  hint: did you mean `host`?",
            "aloft.toml:9:1: `password` isn't read here: `aloft.toml` holds no secrets\n  hint: remove the line; \
             `aloft targets add` keeps secrets in the keyring",
        ]
    );
    let project = Project::open(folder("[policy]\nmay_leave = \"restricted\"\n").path()).unwrap();
    assert_eq!(
        project.diagnostics().len(),
        1,
        "and a policy that can't be kept is one"
    );
}

#[test]
fn setting_a_target_keeps_the_rest_of_the_file() {
    let before = "# ours\n[thresholds] # limits\nminutes = 5 # short\n\n[targets.lab] # the lab\nkind = \"ssh\"\n\
                  host = \"old\" # moved in May\nport = 2222\nuser = \"ada\"\nhost_key = \"ssh-ed25519 AAAA\"\nnote = 1\n";
    let after = before
        .replace("\"old\"", "\"gpu.example.org\"")
        .replace("port = 2222\n", "");
    let edit = |before: &str, name: &str, target: Option<&TargetSpec>| {
        let folder = folder(before);
        Project::open(folder.path())
            .unwrap()
            .set_target(name, target)
            .unwrap();
        fs::read_to_string(folder.path().join("aloft.toml")).unwrap()
    };
    assert_eq!(edit(before, "lab", Some(&target())), after);
    let windows = before.replace('\n', "\r\n");
    assert_eq!(
        edit(&windows, "lab", Some(&target())),
        after.replace('\n', "\r\n")
    );
    let added = edit("[project] # ours\nname = \"x\"\n", "lab", Some(&target()));
    assert_eq!(
        added,
        "[project] # ours\nname = \"x\"\n\n[targets.lab]\nkind = \"ssh\"\nhost = \"gpu.example.org\"\nuser = \"ada\"\n\
         host_key = \"ssh-ed25519 AAAA\"\n"
    );
    assert_eq!(edit(&added, "lab", None), "[project] # ours\nname = \"x\"\n");
    assert_eq!(edit(&added, "other", None), added);
    let project = Project::open(folder(&added).path()).unwrap();
    assert_eq!(
        project.spec.targets["lab"],
        target(),
        "what is written is what is read"
    );
}

#[test]
fn a_target_makes_the_file_of_a_folder_without_one() {
    let bare = tempfile::tempdir().unwrap();
    Project::open(bare.path())
        .unwrap()
        .set_target("lab", Some(&target()))
        .unwrap();
    assert_eq!(Project::open(bare.path()).unwrap().spec.targets["lab"], target());
}
