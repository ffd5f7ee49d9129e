//! The log of a Delta Lake table: commits in JSON, and checkpoints that sum them up in Parquet.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    source::folder::Folder,
};
use polars::prelude::*;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
    path::Path,
};

/// The folder of the log.
const LOG: &str = "_delta_log";

/// A table at one version.
pub(super) struct Table {
    pub version: u64,
    /// The files that are the table now, by path.
    pub adds: BTreeMap<String, Add>,
    pub fields: Vec<Column>,
    pub partition_columns: Vec<String>,
    pub min_reader_version: u32,
    pub reader_features: Vec<String>,
    /// How columns' names are mapped.
    pub mapping: Option<String>,
}

/// A file that was added.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    #[serde(default, deserialize_with = "or_default")]
    pub path: String,
    #[serde(default, deserialize_with = "or_default")]
    pub partition_values: PartitionValues,
    /// Bytes of the file.
    #[serde(default, deserialize_with = "or_default")]
    pub size: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub modification_time: i64,
    #[serde(default, deserialize_with = "present")]
    pub deletion_vector: Option<()>,
}

/// Values of partitions by the names of their columns: an object in a commit, a list of pairs in a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Pairs")]
pub(super) struct PartitionValues(pub BTreeMap<String, Option<String>>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Pairs {
    Object(BTreeMap<String, Option<String>>),
    List(Vec<Pair>),
}

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: Option<String>,
}

impl From<Pairs> for PartitionValues {
    fn from(pairs: Pairs) -> Self {
        Self(match pairs {
            Pairs::Object(values) => values,
            Pairs::List(pairs) => pairs.into_iter().map(|pair| (pair.key, pair.value)).collect(),
        })
    }
}

/// A column of the table's schema.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Column {
    pub name: String,
    /// A text for simple types, an object for others.
    #[serde(rename = "type")]
    pub kind: serde_json::Value,
}

#[derive(Deserialize)]
struct SchemaText {
    fields: Vec<Column>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    protocol: Option<Protocol>,
    meta_data: Option<MetaData>,
    add: Option<Add>,
    remove: Option<Remove>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Protocol {
    min_reader_version: Option<u32>,
    reader_features: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaData {
    schema_string: Option<String>,
    partition_columns: Option<Vec<String>>,
    #[serde(default, deserialize_with = "or_default")]
    configuration: PartitionValues,
}

#[derive(Deserialize)]
struct Remove {
    path: Option<String>,
}

fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether something is there that isn't null, nor an object of nulls alone, as a checkpoint has it.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<()>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let there = match &value {
        serde_json::Value::Null => false,
        serde_json::Value::Object(fields) => fields.values().any(|value| !value.is_null()),
        _ => true,
    };
    Ok(there.then_some(()))
}

/// Reads the log up to `version`, the latest when absent.
pub(super) fn read(folder: &Folder<'_>, version: Option<u64>, cancel: &Cancel) -> Result<Table> {
    let shown = folder.shown();
    let files = Files::of(folder)?;
    let latest = files
        .commits
        .last()
        .copied()
        .max(files.checkpoints.keys().last().copied());
    let Some(latest) = latest else {
        return Err(DataError::unreadable(
            &shown,
            "the log of this Delta Lake table is empty",
            "copy the folder `_delta_log` with the table",
        ));
    };
    let version = version.unwrap_or(latest);
    if version > latest {
        return Err(DataError::BadValue {
            what: format!("`{}` has no version {version}", shown.display()),
            hint: format!("the latest is {latest}"),
        });
    }
    let mut table = Table {
        version,
        adds: BTreeMap::new(),
        fields: Vec::new(),
        partition_columns: Vec::new(),
        min_reader_version: 1,
        reader_features: Vec::new(),
        mapping: None,
    };
    let checkpoint = files.checkpoints.range(..=version).next_back();
    let mut next = 0;
    if let Some((at, parts)) = checkpoint {
        for part in parts {
            let file = folder.shown_file(part);
            let bytes = folder.read(part, cancel)?;
            for action in checkpoint_actions(&file, bytes)? {
                table.apply(&file, action)?;
            }
        }
        next = at + 1;
    }
    for commit in next..=version {
        if !files.commits.contains(&commit) {
            return Err(DataError::unreadable(
                &shown,
                format!("commit {commit} is missing in the log of this Delta Lake table"),
                "copy the whole folder; a version that was cleaned up can't be read any more",
            ));
        }
        let name = format!("{LOG}/{commit:020}.json");
        let file = folder.shown_file(&name);
        for action in actions(&file, &folder.read(&name, cancel)?)? {
            table.apply(&file, action)?;
        }
    }
    if table.fields.is_empty() {
        return Err(DataError::unreadable(
            &shown,
            "the log of this Delta Lake table has no schema",
            "copy the whole folder again",
        ));
    }
    Ok(table)
}

/// The files of a log.
struct Files {
    commits: BTreeSet<u64>,
    /// Checkpoints of which all parts are there.
    checkpoints: BTreeMap<u64, Vec<String>>,
}

impl Files {
    fn of(folder: &Folder<'_>) -> Result<Self> {
        let mut commits = BTreeSet::new();
        let mut parts: BTreeMap<(u64, usize), Vec<String>> = BTreeMap::new();
        for name in folder.files_in(LOG)? {
            let path = format!("{LOG}/{name}");
            let words: Vec<&str> = name.split('.').collect();
            let Ok(version) = words[0].parse::<u64>() else {
                continue;
            };
            match words[1..] {
                ["json"] => {
                    commits.insert(version);
                }
                ["checkpoint", "parquet"] => parts.entry((version, 1)).or_default().push(path),
                ["checkpoint", _, of, "parquet"] => {
                    if let Ok(of) = of.parse() {
                        parts.entry((version, of)).or_default().push(path);
                    }
                }
                // Checkpoints named by a UUID may have parts elsewhere; the commits say the same.
                _ => {}
            }
        }
        let mut checkpoints = BTreeMap::new();
        for ((version, of), mut paths) in parts {
            if paths.len() == of {
                paths.sort();
                checkpoints.insert(version, paths);
            }
        }
        Ok(Self { commits, checkpoints })
    }
}

impl Table {
    fn apply(&mut self, file: &Path, action: Action) -> Result<()> {
        if let Some(protocol) = action.protocol
            && let Some(version) = protocol.min_reader_version
        {
            self.min_reader_version = version;
            self.reader_features = protocol.reader_features.unwrap_or_default();
        }
        if let Some(data) = action.meta_data
            && let Some(text) = data.schema_string
        {
            let schema: SchemaText = serde_json::from_str(&text).map_err(|error| bad(file, &error))?;
            self.fields = schema.fields;
            self.partition_columns = data.partition_columns.unwrap_or_default();
            let mode = data.configuration.0.get("delta.columnMapping.mode");
            self.mapping = mode.cloned().flatten();
        }
        if let Some(add) = action.add
            && !add.path.is_empty()
        {
            self.adds.insert(add.path.clone(), add);
        }
        if let Some(Remove { path: Some(path) }) = action.remove {
            self.adds.remove(&path);
        }
        Ok(())
    }
}

fn bad(file: &Path, error: &serde_json::Error) -> DataError {
    DataError::unreadable(
        file,
        format!("this part of the log of a Delta Lake table can't be read: {error}"),
        "copy it again; it may be cut off",
    )
}

fn checkpoint_actions(file: &Path, bytes: Vec<u8>) -> Result<Vec<Action>> {
    let lines = guarded(|| {
        let frame = ParquetReader::new(Cursor::new(bytes)).finish()?;
        // What was removed before a checkpoint doesn't matter any more.
        let wanted = ["protocol", "metaData", "add"];
        let columns: Vec<&str> = wanted
            .into_iter()
            .filter(|name| frame.schema().contains(name))
            .collect();
        let mut frame = frame.select(columns)?;
        let mut lines = Vec::new();
        JsonWriter::new(&mut lines)
            .with_json_format(JsonFormat::JsonLines)
            .finish(&mut frame)?;
        Ok(lines)
    });
    actions(file, &lines.map_err(|error| error.in_file(file))?)
}

fn actions(file: &Path, lines: &[u8]) -> Result<Vec<Action>> {
    lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|error| bad(file, &error)))
        .collect()
}
