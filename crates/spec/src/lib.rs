//! The words of Aloft: what a cell, a project, a run, an event, a table and a verdict are.
//!
//! Every other crate knows this one and it knows none of them. It holds plain serde data with defaults and
//! short displays, and no logic that reads a file, a clock or a network.

pub mod ask;
pub mod cell;
pub mod chart;
pub mod colors;
pub mod date;
pub mod event;
pub mod finding;
pub mod inputs;
pub mod job;
pub mod output;
pub mod param;
pub mod problem;
pub mod profile;
pub mod project;
pub mod reading;
pub mod report;
pub mod run;
pub mod shape;
pub mod source;
pub mod sql;
pub mod sweep;
pub mod table;
pub mod text;
pub mod ticks;
pub mod time;
pub mod train;
pub mod verdict;
pub mod window;

pub use cell::{CellKind, CellSpec, is_valid_name};
pub use event::{Event, EventKind};
pub use finding::{Finding, FindingCode};
pub use output::Output;
pub use problem::{Code, Diagnostic, Place, Problem, Severity};
pub use source::DataClass;
pub use table::Extent;
