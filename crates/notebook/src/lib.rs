//! Notebooks are Markdown. A fence whose info string is `<language> <kind> <name>` is a cell, all else is prose.
//!
//! [`Document::parse`] never fails and keeps the text byte for byte. Edits return the new text of the whole file and
//! change only the span of the block that was edited. What is wrong with a notebook is said by
//! [`Document::diagnostics`], each finding with its line and column in the file.

mod analysis;
pub mod ask;
mod class;
mod document;
mod edit;
mod expressions;
mod graph;
mod lines;
pub mod param;
mod passing;
mod scan;
mod sql;
mod suggestion;
pub mod toml_reader;
mod validate;
mod values;

pub use document::{Block, Cell, Document};
pub use lines::Lines;
