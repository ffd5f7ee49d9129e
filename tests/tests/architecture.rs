//! The arrows of ARCHITECTURE.md, held over `cargo metadata`, and the rules that each crate keeps.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Crates of ours that each crate of ours may use. Tests of a crate may use more.
const ARROWS: [(&str, &[&str]); 21] = [
    ("aloft-spec", &[]),
    ("aloft-protocol", &["aloft-spec"]),
    ("aloft-notebook", &["aloft-spec"]),
    ("aloft-project", &["aloft-spec", "aloft-notebook"]),
    ("aloft-data", &["aloft-spec"]),
    ("aloft-runs", &["aloft-spec"]),
    ("aloft-placement", &["aloft-spec"]),
    ("aloft-secrets", &["aloft-spec"]),
    ("aloft-nn", &[]),
    ("aloft-onnx", &["aloft-nn"]),
    ("aloft-trees", &[]),
    ("aloft-sweep", &["aloft-spec"]),
    (
        "aloft-train",
        &[
            "aloft-spec",
            "aloft-nn",
            "aloft-onnx",
            "aloft-trees",
            "aloft-data",
            "aloft-runs",
            "aloft-placement",
        ],
    ),
    (
        "aloft-cloud",
        &["aloft-spec", "aloft-runs", "aloft-placement", "aloft-secrets"],
    ),
    ("aloft-engine", ENGINE),
    (
        "aloft-session",
        &[
            "aloft-spec",
            "aloft-protocol",
            "aloft-notebook",
            "aloft-project",
            "aloft-data",
            "aloft-runs",
            "aloft-placement",
            "aloft-cloud",
            "aloft-secrets",
            "aloft-engine",
        ],
    ),
    (
        "aloft-cli",
        &[
            "aloft-spec",
            "aloft-notebook",
            "aloft-project",
            "aloft-data",
            "aloft-runs",
            "aloft-placement",
            "aloft-cloud",
            "aloft-secrets",
            "aloft-engine",
            "aloft-train",
        ],
    ),
    ("aloft-ui", &["aloft-spec", "aloft-protocol"]),
    (
        "aloft-desktop",
        &["aloft-spec", "aloft-protocol", "aloft-session", "aloft-ui"],
    ),
    ("aloft-tests", &["aloft-spec"]),
    (
        "aloft-benches",
        &[
            "aloft-spec",
            "aloft-nn",
            "aloft-runs",
            "aloft-data",
            "aloft-train",
        ],
    ),
];

const ENGINE: &[&str] = &[
    "aloft-spec",
    "aloft-notebook",
    "aloft-project",
    "aloft-data",
    "aloft-runs",
    "aloft-placement",
    "aloft-cloud",
    "aloft-secrets",
    "aloft-sweep",
];

const WINDOW: &[&str] = &["egui", "eframe", "winit", "tauri", "wry", "gtk", "webkit2gtk"];
const NETWORK: &[&str] = &["tokio", "russh", "reqwest", "hyper"];
const DATA: &[&str] = &["polars", "polars-core"];
const LEARNING: &[&str] = &["candle-core", "candle-nn"];

/// What a crate must not have anywhere below it.
const NEVER: [(&str, &[&[&str]]); 15] = [
    ("aloft-spec", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-protocol", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-notebook", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-project", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-placement", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-runs", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-secrets", &[WINDOW, DATA, LEARNING]),
    ("aloft-data", &[WINDOW, LEARNING]),
    ("aloft-trees", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-sweep", &[WINDOW, NETWORK, DATA, LEARNING]),
    ("aloft-cloud", &[WINDOW, DATA, LEARNING]),
    ("aloft-engine", &[WINDOW, LEARNING]),
    ("aloft-session", &[WINDOW, LEARNING]),
    ("aloft-cli", &[WINDOW]),
    ("aloft-ui", &[&["tauri", "wry", "gtk"], NETWORK, DATA, LEARNING]),
];

const MAX_LINES: usize = 700;

fn metadata() -> &'static Metadata {
    static METADATA: OnceLock<Metadata> = OnceLock::new();
    METADATA.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        MetadataCommand::new()
            .manifest_path(manifest)
            .exec()
            .expect("cargo metadata answers")
    })
}

fn members() -> BTreeMap<&'static str, &'static Package> {
    let members = metadata().workspace_packages();
    members
        .into_iter()
        .map(|package| (package.name.as_str(), package))
        .collect()
}

/// Packages that a package needs to be built, with the one that needs each first. Tests' dependencies are left out.
fn tree(root: &PackageId) -> HashMap<&'static PackageId, Option<&'static PackageId>> {
    let nodes = &metadata().resolve.as_ref().expect("the graph is resolved").nodes;
    let nodes: HashMap<&PackageId, _> = nodes.iter().map(|node| (&node.id, node)).collect();
    let mut found: HashMap<&PackageId, Option<&PackageId>> = HashMap::new();
    let root = nodes[root];
    found.insert(&root.id, None);
    let mut queue = vec![root];
    while let Some(node) = queue.pop() {
        for dependency in &node.deps {
            let built = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development);
            if built && !found.contains_key(&dependency.pkg) {
                found.insert(&dependency.pkg, Some(&node.id));
                queue.push(nodes[&dependency.pkg]);
            }
        }
    }
    found
}

/// `aloft-cli -> aloft-engine -> …` from a root down to a package.
fn way(tree: &HashMap<&PackageId, Option<&PackageId>>, package: &PackageId) -> String {
    let mut steps = vec![metadata()[package].name.to_string()];
    let mut current = package;
    while let Some(parent) = tree[current] {
        steps.push(metadata()[parent].name.to_string());
        current = parent;
    }
    steps.reverse();
    steps.join(" -> ")
}

#[test]
fn every_crate_has_its_arrows() {
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let members: BTreeSet<&str> = members().into_keys().collect();
    assert_eq!(
        members, known,
        "a new crate needs a line in ARCHITECTURE.md and in ARROWS"
    );
}

#[test]
fn arrows_point_down_only() {
    let members = members();
    let mut bad = Vec::new();
    for (name, allowed) in ARROWS {
        for dependency in &members[name].dependencies {
            let ours = members.contains_key(dependency.name.as_str());
            if ours
                && dependency.kind != DependencyKind::Development
                && !allowed.contains(&dependency.name.as_str())
            {
                bad.push(format!("{name} -> {}", dependency.name));
            }
        }
    }
    assert!(
        bad.is_empty(),
        "arrows that ARCHITECTURE.md doesn't allow: {}",
        bad.join(", ")
    );
}

#[test]
fn no_crate_knows_what_it_must_not_know() {
    let members = members();
    let mut bad = Vec::new();
    for (name, never) in NEVER {
        let tree = tree(&members[name].id);
        assert!(tree.len() > 1, "{name} has dependencies");
        for package in tree.keys() {
            let found = metadata()[package].name.as_str();
            if never.iter().any(|names| names.contains(&found)) {
                bad.push(way(&tree, package));
            }
        }
    }
    bad.sort();
    assert!(bad.is_empty(), "what must not be there:\n{}", bad.join("\n"));
}

/// The walk sees what is there: without this, a change in `cargo metadata` could let everything pass.
#[test]
fn the_walk_finds_what_crates_do_use() {
    let members = members();
    let names = |root: &str| -> BTreeSet<&str> {
        tree(&members[root].id)
            .keys()
            .map(|package| metadata()[*package].name.as_str())
            .collect()
    };
    assert!(names("aloft-cli").contains("polars-core") && names("aloft-cli").contains("candle-core"));
    assert!(names("aloft-ui").contains("egui"));
    assert!(names("aloft-desktop").contains("tauri"));
    assert!(names("aloft-cloud").contains("russh"));
}

#[test]
fn every_crate_inherits_the_lints() {
    for (name, package) in members() {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        let lines: Vec<&str> = manifest
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let inherits = lines
            .windows(2)
            .any(|pair| pair == ["[lints]", "workspace = true"]);
        assert!(inherits, "{name}: Cargo.toml needs [lints] with workspace = true");
    }
}

#[test]
fn files_are_short_enough_to_read() {
    let root = &metadata().workspace_root;
    let mut files = Vec::new();
    for folder in ["crates", "ui", "src-tauri", "tests", "benches"] {
        rust_files(root.join(folder).as_std_path(), &mut files);
    }
    assert!(files.len() > 50, "the sources are found");
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(
        long.is_empty(),
        "split these by concept, {MAX_LINES} lines are the most: {}",
        long.join(", ")
    );
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}
