//! `source` cells: where a table comes from, how it is sampled, and how private it is.

use serde::{Deserialize, Serialize};

/// How private data is. Ordered: a table made of several sources has the highest of their classes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataClass {
    /// Anyone may see it.
    Public,
    /// Anyone in the organization may see it. The default: the middle of the road, and it is said.
    #[default]
    Internal,
    /// Only those who need it.
    Confidential,
    /// Never leaves the machine.
    Restricted,
}

impl std::fmt::Display for DataClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        })
    }
}

/// File formats that a source can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (`.csv`), or with another separator (`.tsv`: a tab).
    Csv,
    /// Apache Parquet (`.parquet`).
    Parquet,
    /// One JSON object a line (`.jsonl`, `.ndjson`).
    Jsonl,
    /// Arrow IPC file (`.arrow`, `.feather`, `.ipc`).
    Arrow,
}

/// How rows are chosen for a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleMethod {
    /// Uniform over all rows, seeded: the same rows for the same data on any machine.
    #[default]
    Random,
    /// The first rows. Fast, and said to be that.
    Head,
    /// Uniform within each different value of the columns `by`, in proportion to how often it occurs, and at least one
    /// row of each. Seeded like `random`.
    Stratified,
    /// The latest rows by the column `by`, a date, a time or a number.
    Time,
}

/// A sample of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SampleSpec {
    /// How many rows at the most.
    pub rows: u64,
    /// Seed of the choice.
    pub seed: u64,
    /// How they are chosen.
    pub method: SampleMethod,
    /// The columns that `stratified` looks at, or the column of `time`: a name or a list of names.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_more")]
    pub by: Vec<String>,
}

/// A name, or a list of names.
fn one_or_more<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the name of a column, or a list of names")
        }

        fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
            Ok(vec![name.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(name) = names.next_element()? {
                all.push(name);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(Names)
}

impl Default for SampleSpec {
    fn default() -> Self {
        Self {
            rows: 50_000,
            seed: 7,
            method: SampleMethod::Random,
            by: Vec::new(),
        }
    }
}

/// The body of a `toml source` cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// The file, relative to the project's folder, or absolute.
    pub path: String,
    /// Its format; by its ending when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// How private it is.
    #[serde(default)]
    pub class: DataClass,
    /// How it is sampled.
    #[serde(default)]
    pub sample: SampleSpec,
    /// CSV: the separator, one ASCII character; a comma (`.tsv`: a tab) when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// CSV: texts that mean "no value", beside the empty one. `NA` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_values: Option<Vec<String>>,
}

impl SourceSpec {
    /// A file with all defaults.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            format: None,
            class: DataClass::default(),
            sample: SampleSpec::default(),
            separator: None,
            null_values: None,
        }
    }
}
