//! `source` cells: where a table comes from, how it is sampled, and how private it is.

use serde::{Deserialize, Serialize};
use std::path::Path;

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

/// Formats that a source can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (`.csv`), or with another separator (`.tsv`: a tab).
    Csv,
    /// Apache Parquet (`.parquet`): a file, a folder of files, or a glob.
    Parquet,
    /// An array of JSON objects, or an object that holds one (`.json`).
    Json,
    /// One JSON object a line (`.jsonl`, `.ndjson`).
    Jsonl,
    /// Arrow IPC file (`.arrow`, `.feather`, `.ipc`).
    Arrow,
    /// A sheet of an Excel workbook (`.xlsx`, `.xlsm`, `.xlsb`, `.xls`).
    Excel,
    /// A sheet of an OpenDocument spreadsheet (`.ods`).
    Ods,
    /// A table of a SQLite database (`.sqlite`, `.sqlite3`, `.db`).
    Sqlite,
    /// A Delta Lake table: a folder with a `_delta_log`.
    Delta,
    /// A folder of pictures, one folder a class.
    Images,
}

/// Endings of files that a source reads, in small letters.
pub const ENDINGS: [(&str, Format); 20] = [
    ("csv", Format::Csv),
    ("tsv", Format::Csv),
    ("txt", Format::Csv),
    ("parquet", Format::Parquet),
    ("pq", Format::Parquet),
    ("json", Format::Json),
    ("jsonl", Format::Jsonl),
    ("ndjson", Format::Jsonl),
    ("arrow", Format::Arrow),
    ("feather", Format::Arrow),
    ("ipc", Format::Arrow),
    ("xlsx", Format::Excel),
    ("xlsm", Format::Excel),
    ("xlsb", Format::Excel),
    ("xls", Format::Excel),
    ("ods", Format::Ods),
    ("sqlite", Format::Sqlite),
    ("sqlite3", Format::Sqlite),
    ("db", Format::Sqlite),
    ("db3", Format::Sqlite),
];

/// The ending of a path in small letters, that of a compression left out: `csv` of `A.CSV.gz`; empty without one.
pub fn ending(path: &Path) -> String {
    let lower = |path: &Path| {
        path.extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase()
    };
    match lower(path).as_str() {
        "gz" | "zst" | "zz" => lower(Path::new(path.file_stem().unwrap_or_default())),
        ending => ending.to_owned(),
    }
}

impl Format {
    /// The format of a file by its ending.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = ending(path);
        let known = ENDINGS.iter().find(|(known, _)| *known == ending);
        known.map(|(_, format)| *format)
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv => "CSV",
            Self::Parquet => "Parquet",
            Self::Json => "JSON",
            Self::Jsonl => "JSON lines",
            Self::Arrow => "Arrow IPC",
            Self::Excel => "Excel",
            Self::Ods => "OpenDocument",
            Self::Sqlite => "SQLite",
            Self::Delta => "Delta Lake",
            Self::Images => "images",
        })
    }
}

/// What is done with rows of a CSV file that have more or fewer fields than its header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ragged {
    /// The file isn't read, and the rows are named.
    #[default]
    Error,
    /// Missing fields have no value, further ones are cut off. How many rows that were is said.
    Fill,
    /// These rows are left out. How many that were is said.
    Skip,
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

/// The body of a `toml source` cell. What is absent is found out from the data, and said in its
/// [`Reading`](crate::reading::Reading).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceSpec {
    /// The file or folder, relative to the project's folder, or absolute; a glob; or an address: `s3://`, `gs://`,
    /// `az://`, `abfss://`, `http://`, `https://`.
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
    /// CSV: the separator, one ASCII character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separator: Option<char>,
    /// CSV: the quote around fields, one ASCII character; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// CSV and spreadsheets: whether the first row has the names of the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// CSV and JSON: the encoding by its name on the web (`utf-8`, `windows-1252`, `utf-16le`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// CSV: texts that mean "no value", beside the empty one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_values: Option<Vec<String>>,
    /// CSV: what stands before the fraction of a number, `.` or `,`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// CSV: what is done with rows that have more or fewer fields than the header.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ragged: Ragged,
    /// The sheet, the table or view, or the key of the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Delta Lake: the version of the table; the latest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Addresses: the server to ask instead of the cloud's own, for stores that speak S3 and for emulators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Addresses: ask without credentials, for public data.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anonymous: bool,
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
            quote: None,
            header: None,
            encoding: None,
            null_values: None,
            decimal: None,
            ragged: Ragged::default(),
            table: None,
            version: None,
            endpoint: None,
            anonymous: false,
        }
    }

    /// Whether `path` is an address on a network.
    pub fn is_remote(&self) -> bool {
        is_remote(&self.path)
    }
}

/// Whether a path is an address on a network: a scheme, then `://`.
pub fn is_remote(path: &str) -> bool {
    [
        "s3://", "s3a://", "gs://", "gcs://", "az://", "azure://", "abfs://", "abfss://", "http://",
        "https://",
    ]
    .iter()
    .any(|scheme| path.starts_with(scheme))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
