//! The rows of a relation in batches, for what doesn't fit into memory at once.

use crate::{
    Relation,
    error::{DataError, Result},
    execute,
};
use aloft_spec::Problem;
use polars::prelude::{DataFrame, IdxSize};
use std::{
    num::NonZeroUsize,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

/// Rows of a batch, roughly.
const ROWS: usize = 1 << 16;
/// Values of a batch, roughly: those of wide tables have fewer rows, but not so few that what lies together in a file is
/// read many times.
const VALUES: usize = 1 << 21;
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
            let ended = match relation.seekable {
                true => relation.send_slices(rows, &sender),
                false => relation.send_stream(rows, &sender),
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

    /// Each batch is a read of its own: polars reads ahead as far as it likes otherwise.
    fn send_slices(&self, rows: usize, sender: &SyncSender<Result<DataFrame>>) -> Result<()> {
        for first in (0..self.count()?).step_by(rows) {
            let plan = self.plan.clone().slice(first as i64, rows as IdxSize);
            if sender.send(Ok(self.run(plan)?)).is_err() {
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
