//! The rows of a relation in batches, for what doesn't fit into memory at once.

use crate::{
    Relation,
    error::{DataError, Result},
    execute,
};
use aloft_spec::Problem;
use polars::prelude::DataFrame;
use std::{
    num::NonZeroUsize,
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

/// Rows of a batch, roughly.
const ROWS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((1 << 16) - 1);

/// Batches of rows in their order, read by a thread of its own while the one before is being used. Dropping it ends the
/// reading.
#[derive(Debug)]
pub struct Batches(Receiver<Result<DataFrame>>);

impl Relation {
    /// The rows in batches of about 65,536, in their order. A batch is read when the one before was taken.
    ///
    /// # Errors
    /// Of each batch those of reading it, `Stopped` among them.
    pub fn batches(&self) -> std::result::Result<Batches, Problem> {
        let (sender, receiver) = sync_channel(1);
        let relation = self.clone();
        let read = move || {
            let batches = sender.clone();
            let take = move |frame| Ok(batches.send(Ok(frame)).is_ok());
            let ran = execute::batches_of(relation.plan.clone(), Some(ROWS), &relation.cancel, take);
            if let Err(error) = relation.about_file(ran) {
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
}

impl Iterator for Batches {
    type Item = std::result::Result<DataFrame, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.recv().ok()?.map_err(Problem::from))
    }
}
