//! Cells of a notebook.

use crate::{chart::ChartSpec, param::ParamSpec, source::SourceSpec, sweep::SweepSpec, train::TrainSpec};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The second word of a fence's info string: `` ```toml source flights ``.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// A table from a file (TOML).
    Source,
    /// A value that queries read (TOML).
    Param,
    /// A table from other tables (SQL).
    Query,
    /// A picture of a table (TOML).
    Chart,
    /// A model fitted to a table (TOML).
    Train,
    /// Many trainings of a train cell with other values of its keys (TOML).
    Sweep,
    /// A kind that this version doesn't know; kept and reported.
    #[serde(untagged)]
    Unknown(String),
}

impl CellKind {
    /// From the word in the fence.
    pub fn from_word(word: &str) -> Self {
        match word {
            "source" => Self::Source,
            "param" => Self::Param,
            "query" => Self::Query,
            "chart" => Self::Chart,
            "train" => Self::Train,
            "sweep" => Self::Sweep,
            other => Self::Unknown(other.to_owned()),
        }
    }

    /// The word in the fence.
    pub fn word(&self) -> &str {
        match self {
            Self::Source => "source",
            Self::Param => "param",
            Self::Query => "query",
            Self::Chart => "chart",
            Self::Train => "train",
            Self::Sweep => "sweep",
            Self::Unknown(word) => word,
        }
    }

    /// The language that the kind's body is written in.
    pub fn language(&self) -> &'static str {
        match self {
            Self::Query => "sql",
            _ => "toml",
        }
    }
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A cell's body, understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CellSpec {
    /// `toml source`
    Source(SourceSpec),
    /// `toml param`
    Param(ParamSpec),
    /// `sql query`
    Query {
        /// The statement.
        sql: String,
    },
    /// `toml chart`
    Chart(ChartSpec),
    /// `toml train`
    Train(TrainSpec),
    /// `toml sweep`
    Sweep(SweepSpec),
}

/// Whether a text can be a cell's name: a letter or underscore, then letters, digits and underscores (ASCII), at
/// most 64, so that it is a table's name in SQL without quotes and a file's name everywhere.
pub fn is_valid_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= 64
}
