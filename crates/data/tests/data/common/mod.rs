//! What the tests of this crate share.
#![allow(dead_code, missing_docs)] // Each test file uses its part.

use aloft_data::{Cancel, Relation, query, source};
use aloft_spec::{Problem, source::SourceSpec, table::Scope};
use polars::prelude::{DataFrame, ParquetWriter};
use std::path::{Path, PathBuf};

/// A folder with files in it, removed at the end.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A file of the examples that open in the app.
pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(path)
}

pub fn spec() -> SourceSpec {
    SourceSpec::new("data")
}

pub fn sampled(rows: u64, seed: u64) -> SourceSpec {
    let mut spec = spec();
    spec.sample.rows = rows;
    spec.sample.seed = seed;
    spec
}

pub fn open(file: &Path, scope: Scope) -> Result<Relation, Problem> {
    source(&spec(), file, scope, &Cancel::new())
}

pub fn whole(file: &Path) -> Relation {
    open(file, Scope::All).unwrap()
}

/// All rows of a table, by way of a Parquet file.
pub fn parquet(folder: &Folder, mut frame: DataFrame) -> Relation {
    let file = folder.path().join("t.parquet");
    ParquetWriter::new(std::fs::File::create(&file).unwrap())
        .finish(&mut frame)
        .unwrap();
    whole(&file)
}

pub fn ask(sql: &str, inputs: &[(&str, &Relation)]) -> Result<Relation, Problem> {
    let inputs: Vec<(String, &Relation)> = inputs
        .iter()
        .map(|(name, relation)| ((*name).to_owned(), *relation))
        .collect();
    query(sql, &inputs, &Cancel::new())
}

/// Column names and types of a relation: `a: i64, b: str`.
pub fn types(relation: &Relation) -> String {
    let fields: Vec<String> = relation
        .schema()
        .iter()
        .map(|field| format!("{}: {}", field.name, field.dtype))
        .collect();
    fields.join(", ")
}

/// The rows of a relation as text, a row a line, `-` for null.
pub fn rows(relation: &Relation) -> String {
    let table = relation.output(1000).unwrap().table;
    let line = |row| {
        let values: Vec<String> = table
            .columns
            .iter()
            .map(|column| column.values.format(row).unwrap_or_else(|| "-".into()))
            .collect();
        values.join(" | ")
    };
    (0..table.rows).map(line).collect::<Vec<_>>().join("\n")
}

/// `column: value` of a problem that is short to compare.
pub fn said(problem: &Problem) -> String {
    let line = problem.place.as_ref().and_then(|place| place.line);
    let line = line.map(|line| format!(" at line {line}")).unwrap_or_default();
    format!(
        "{:?}{line}: {} ({})",
        problem.code,
        problem.message,
        problem.hint.as_deref().unwrap_or_default()
    )
}
