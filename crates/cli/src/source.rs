//! Data files on the command line: where they lie, and how they are to be read.

use crate::{Result, screen::Screen};
use aloft_data::Access;
use aloft_spec::{
    Code, Problem, is_valid_name,
    reading::Reading,
    source::{Format, Ragged, SourceSpec},
};
use clap::Args;
use std::path::{Path, PathBuf};

/// Keys of a source, as a `toml source` cell has them. What isn't given is found out.
#[derive(Args, Default)]
#[command(next_help_heading = "How to read it")]
pub struct SourceOptions {
    /// csv, parquet, json, jsonl, arrow, excel, ods, sqlite, delta or images; by the ending when absent
    #[arg(long, value_parser = format)]
    format: Option<Format>,
    /// CSV: the character between fields
    #[arg(long, value_name = "CHARACTER")]
    separator: Option<char>,
    /// CSV: the character around fields; '' for none
    #[arg(long, value_name = "CHARACTER")]
    quote: Option<String>,
    /// CSV and spreadsheets: whether the first row names the columns
    #[arg(long, value_name = "BOOL")]
    header: Option<bool>,
    /// CSV and JSON: utf-8, windows-1252, utf-16le, …
    #[arg(long)]
    encoding: Option<String>,
    /// CSV: a text that means "no value"; can be given several times
    #[arg(long = "null", value_name = "TEXT")]
    null_values: Vec<String>,
    /// CSV: what stands before a fraction, '.' or ','
    #[arg(long, value_name = "CHARACTER")]
    decimal: Option<char>,
    /// CSV: error, fill or skip rows with more or fewer fields than the header
    #[arg(long, value_parser = ragged)]
    ragged: Option<Ragged>,
    /// The sheet, the table or the key of the records
    #[arg(long)]
    table: Option<String>,
    /// Delta Lake: the version of the table
    #[arg(long, value_name = "N")]
    at_version: Option<u64>,
    /// The server to ask instead of the cloud's own
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Ask without credentials
    #[arg(long)]
    anonymous: bool,
}

impl SourceOptions {
    /// The source at a path.
    pub fn spec(&self, path: &Path) -> SourceSpec {
        SourceSpec {
            format: self.format,
            separator: self.separator,
            quote: self.quote.clone(),
            header: self.header,
            encoding: self.encoding.clone(),
            null_values: (!self.null_values.is_empty()).then(|| self.null_values.clone()),
            decimal: self.decimal,
            ragged: self.ragged.unwrap_or_default(),
            table: self.table.clone(),
            version: self.at_version,
            endpoint: self.endpoint.clone(),
            anonymous: self.anonymous,
            ..SourceSpec::new(path.to_string_lossy())
        }
    }
}

fn format(word: &str) -> std::result::Result<Format, String> {
    known(word)
}

fn ragged(word: &str) -> std::result::Result<Ragged, String> {
    known(word)
}

/// A word as a notebook knows it.
fn known<T: serde::de::DeserializeOwned>(word: &str) -> std::result::Result<T, String> {
    serde_json::from_value(word.into()).map_err(|error| error.to_string())
}

/// What files on the command line may use: copies lie in the user's cache folder.
pub fn access() -> Access {
    aloft_engine::access_with(aloft_project::cache_dir().as_deref())
}

/// The name of a table and where it lies: `NAME=PATH`, or a path whose last part before any dot is the name.
pub fn named(argument: &Path) -> Result<(String, PathBuf)> {
    let text = argument.to_string_lossy();
    if let Some((name, path)) = text.split_once('=')
        && is_valid_name(name)
        && !argument.exists()
    {
        return Ok((name.to_owned(), path.into()));
    }
    let path = text.split(['?', '#']).next().unwrap_or(&text);
    let last = Path::new(path)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    // `flights.csv.gz` is `flights`: no dot can be a part of a table's name without quotes.
    match last.as_deref().and_then(|name| name.split('.').next()) {
        Some(stem) if !stem.is_empty() && !stem.contains(['*', '?']) => {
            Ok((stem.to_owned(), argument.to_owned()))
        }
        _ => Err(
            Problem::new(Code::BadValue, "the file has no name to call the table by")
                .in_file(argument)
                .with_hint("write `name=` before it"),
        ),
    }
}

/// Says how a source was read, and what isn't as one may think.
pub fn say_reading(screen: &Screen, reading: &Reading) {
    screen.note(format_args!("read as {reading}"));
    for warning in &reading.warnings {
        screen.note(format_args!("warning: {warning}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_named() {
        let name = |text: &str| named(Path::new(text)).map(|(name, path)| (name, path.display().to_string()));
        let is = |text: &str, table: &str, path: &str| {
            assert_eq!(name(text).unwrap(), (table.to_owned(), path.to_owned()));
        };
        is("data/flights.csv.gz", "flights", "data/flights.csv.gz");
        is("s3://bucket/day/", "day", "s3://bucket/day/");
        is("https://h/a.csv?v=1", "a", "https://h/a.csv?v=1");
        is("t=data/*.parquet", "t", "data/*.parquet");
        assert!(name("data/*.parquet").is_err());
    }
}
