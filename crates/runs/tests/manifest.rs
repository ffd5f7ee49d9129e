//! Manifests: a copy that isn't complete or isn't right is noticed, by name.
#![allow(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod common;

use aloft_runs::{file, read_manifest, verify_manifest, write_manifest};
use aloft_spec::Code;
use common::run;
use std::fs;
use std::path::Path;

fn ended(folder: &Path) -> std::path::PathBuf {
    let dir = run(folder, "a");
    fs::create_dir_all(dir.join("model/parts")).unwrap();
    fs::write(dir.join("model/model.safetensors"), [7; 100_000]).unwrap();
    fs::write(dir.join("model/parts/model.json"), "{}").unwrap();
    fs::write(dir.join(file::REPORT), "{}").unwrap();
    fs::write(dir.join(file::EVENTS), "").unwrap();
    write_manifest(&dir).unwrap();
    dir
}

#[test]
fn a_whole_outcome_agrees_with_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ended(folder.path());
    verify_manifest(&dir).unwrap();
    let manifest = read_manifest(&dir).unwrap();
    let names: Vec<&String> = manifest.files.keys().collect();
    assert_eq!(
        names,
        [
            "events.jsonl",
            "model/model.safetensors",
            "model/parts/model.json",
            "report.json",
            "run.toml"
        ]
    );
    let empty = &manifest.files["events.jsonl"];
    // BLAKE3 of nothing, from the specification's test vectors.
    assert!(empty.hash.starts_with("af1349b9f5f9a1a6a0404dea36dcc949"));
    assert_eq!(empty.bytes, 0);
}

#[test]
fn what_is_missing_changed_cut_or_added_is_named() {
    type Damage = fn(&Path);
    let cases: [(&str, &str, Damage); 4] = [
        ("model/model.safetensors", "hash differs", |dir| {
            let mut bytes = [7; 100_000];
            bytes[99_999] = 8;
            fs::write(dir.join("model/model.safetensors"), bytes).unwrap();
        }),
        ("model/model.safetensors", "99999 bytes", |dir| {
            fs::write(dir.join("model/model.safetensors"), [7; 99_999]).unwrap();
        }),
        ("report.json", "missing", |dir| {
            fs::remove_file(dir.join("report.json")).unwrap();
        }),
        ("model/extra", "isn't in the manifest", |dir| {
            fs::write(dir.join("model/extra"), "").unwrap();
        }),
    ];
    for (name, what, damage) in cases {
        let folder = tempfile::tempdir().unwrap();
        let dir = ended(folder.path());
        damage(&dir);
        let problem = verify_manifest(&dir).unwrap_err();
        assert_eq!(problem.code, Code::Corrupted);
        assert!(problem.message.contains(name), "{problem}");
        assert!(problem.message.contains(what), "{problem}");
    }
}

#[test]
fn a_copy_without_a_readable_manifest_is_not_complete() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ended(folder.path());
    let text = fs::read_to_string(dir.join(file::MANIFEST)).unwrap();
    let outside = text.replace("report.json", "../report.json");
    fs::write(dir.join(file::MANIFEST), outside).unwrap();
    assert_eq!(verify_manifest(&dir).unwrap_err().code, Code::Corrupted);
    fs::write(dir.join(file::MANIFEST), &text[..text.len() / 2]).unwrap();
    assert_eq!(verify_manifest(&dir).unwrap_err().code, Code::Unreadable);
    fs::remove_file(dir.join(file::MANIFEST)).unwrap();
    assert_eq!(verify_manifest(&dir).unwrap_err().code, Code::NotFound);
}
