//! Rows of a file that are read and looked at while the file is, before all of it is known.

use super::{columns::Reader, layout::Layout};
use crate::{
    error::Result,
    in_order::{Stage, Stages},
    profile::{Batch, Running},
};
use polars::prelude::DataFrame;
use std::sync::atomic::{AtomicBool, Ordering};

/// A layout that is likely that of a whole file, by which its rows are read while it is looked at.
pub(super) struct Guess<'a> {
    layout: &'a Layout,
    columns: Vec<usize>,
    running: &'a Running<'a>,
    holds: AtomicBool,
}

impl<'a> Guess<'a> {
    /// That these are the columns; their rows are looked at by `running`.
    pub(super) fn new(layout: &'a Layout, running: &'a Running<'a>) -> Self {
        Self {
            layout,
            columns: (0..layout.columns.len()).collect(),
            running,
            holds: AtomicBool::new(true),
        }
    }

    /// Whether all rows so far could be read.
    pub(super) fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed)
    }

    /// Who reads the rows of bytes, as long as all could be read.
    pub(super) fn reader<'b>(&'b self, bytes: &'b [u8]) -> Option<Reader<'b>> {
        self.holds()
            .then(|| Reader::new(bytes, self.layout, &self.columns))?
    }

    /// What batches of rows go through; see [`Running`].
    pub(super) fn stages(&self) -> Stages {
        self.running.stages()
    }

    /// Takes a batch through one of its stages.
    pub(super) fn add(&self, stage: Stage, batch: &Batch<'_>) -> Result<()> {
        self.running.add(stage, batch)
    }

    /// Takes the next rows, if they could be read as all before them were.
    pub(super) fn begin(&self, rows: Option<DataFrame>) -> Result<Option<Batch<'_>>> {
        match rows {
            Some(rows) if self.holds() => self.running.begin(rows).map(Some),
            _ => {
                self.holds.store(false, Ordering::Relaxed);
                Ok(None)
            }
        }
    }
}
