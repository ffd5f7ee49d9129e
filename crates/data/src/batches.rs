//! The rows of a relation in batches, for what doesn't fit into memory at once.

use crate::{
    Relation,
    error::{DataError, Result, guarded},
    execute,
};
use aloft_spec::Problem;
use polars::prelude::*;
use std::{
    fs::File,
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Rows of a batch, roughly.
const ROWS: usize = 1 << 16;
/// Values of a batch, roughly: those of wide tables have fewer rows, but not so few that what lies together in a file is
/// read many times.
const VALUES: usize = 1 << 20;
const LEAST_ROWS: usize = 1 << 13;

/// Batches of rows in their order, read by a thread of its own while the one before is being used. Dropping it ends the
/// reading.
#[derive(Debug)]
pub struct Batches(Receiver<Result<DataFrame>>);

impl Relation {
    /// The rows in batches of about 65,536, of wide tables fewer, in their order. A batch is read when the one before was
    /// taken.
    ///
    /// # Errors
    /// Of each batch those of reading it, `Stopped` among them.
    pub fn batches(&self) -> std::result::Result<Batches, Problem> {
        let (sender, receiver) = sync_channel(0);
        let relation = self.clone();
        let rows = (VALUES / self.schema().len().max(1)).clamp(LEAST_ROWS, ROWS);
        let read = move || {
            let ended = match &relation.parquet {
                Some(file) => relation.send_slices(file, rows, &sender),
                None => relation.send_stream(rows, &sender),
            };
            if let Err(error) = ended {
                // Who doesn't listen any more doesn't need to know.
                let _ = sender.send(Err(error));
            }
        };
        thread::Builder::new()
            .name("batches".into())
            .spawn(read)
            .map_err(|error| DataError::BadValue {
                what: format!("no thread can be started to read the rows: {error}"),
                hint: "close other programs and try again".into(),
            })?;
        Ok(Batches(receiver))
    }

    /// Each batch is a read of its own: polars would read whole row groups, and several ahead.
    fn send_slices(&self, file: &Path, rows: usize, sender: &SyncSender<Result<DataFrame>>) -> Result<()> {
        let names: Vec<String> = self.schema().iter().map(|field| field.name.clone()).collect();
        let mut metadata = None;
        for first in (0..self.count()?).step_by(rows) {
            self.cancel.step()?;
            let source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
            let read = || {
                let mut reader = ParquetReader::new(source)
                    .with_columns(Some(names.clone()))
                    .with_slice(Some((first as usize, rows)))
                    .read_parallel(ParallelStrategy::Columns);
                match &metadata {
                    Some(known) => reader.set_metadata(Arc::clone(known)),
                    None => metadata = Some(reader.get_metadata()?.clone()),
                }
                reader.finish()?.select(&names)
            };
            let frame = self.about_file(guarded(read))?;
            if sender.send(Ok(frame)).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn send_stream(&self, rows: usize, sender: &SyncSender<Result<DataFrame>>) -> Result<()> {
        let batches = sender.clone();
        let take = move |frame| Ok(batches.send(Ok(frame)).is_ok());
        let rows = NonZeroUsize::new(rows);
        self.about_file(execute::batches_of(self.plan.clone(), rows, &self.cancel, take))
    }
}

impl Iterator for Batches {
    type Item = std::result::Result<DataFrame, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.recv().ok()?.map_err(Problem::from))
    }
}
