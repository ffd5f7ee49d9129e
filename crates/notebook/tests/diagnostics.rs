//! Notebooks in, findings out: each `tests/fixtures/NAME.aloft.md` has what is said of it in `NAME.txt`.
//! `ACCEPT=1 cargo test -p aloft-notebook` writes the texts anew.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use aloft_notebook::Document;
use aloft_spec::{CellSpec, Code, Severity};
use std::fmt::Write as _;
use std::path::Path;

/// Order, dependencies and findings as a text.
fn describe(file: &Path, document: &Document) -> String {
    let mut out = format!("order: {}\n", document.order().join(", "));
    for cell in document.cells() {
        let reads = document.dependencies(&cell.name);
        if !reads.is_empty() {
            writeln!(out, "{} reads {}", cell.name, reads.join(", ")).unwrap();
        }
    }
    for found in document.diagnostics(file) {
        let code = serde_json::to_value(found.problem.code).unwrap();
        let severity = format!("{:?}", found.severity).to_lowercase();
        writeln!(out, "{severity} {} {}", code.as_str().unwrap(), found.problem).unwrap();
    }
    out
}

#[test]
fn findings_are_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".aloft.md") else {
            continue;
        };
        let document = Document::parse(std::fs::read_to_string(&path).unwrap());
        let said = describe(Path::new(&name), &document);
        let expected = folder.join(format!("{stem}.txt"));
        if std::env::var_os("ACCEPT").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said, expected, "{name}");
        seen += 1;
    }
    assert!(seen >= 5, "fixtures are found");
}

#[test]
fn a_spec_is_the_body_with_defaults() {
    let document = Document::parse("```toml source a\npath = \"a.csv\"\nsurprise = 1\n```\n");
    let CellSpec::Source(source) = document.spec("a", Path::new("n")).unwrap() else {
        panic!("a source")
    };
    assert_eq!((source.path.as_str(), source.sample.rows), ("a.csv", 50_000));
    let found = document.cell_diagnostics(Path::new("n"), "a");
    assert_eq!(found.len(), 1, "an unknown key is a warning and stops nothing");
    assert_eq!(found[0].severity, Severity::Warning);
    let problem = document.spec("b", Path::new("n")).unwrap_err();
    assert_eq!(
        (problem.code, problem.hint.as_deref()),
        (Code::UnknownName, Some("did you mean `a`?"))
    );
}
