//! The rows of a relation in batches, or its columns one by one, for what doesn't fit into memory at once.

use crate::{
    Relation,
    error::{DataError, Result, guarded},
    execute,
};
use aloft_spec::Problem;
use polars::{io::parquet::read::FileMetadata, prelude::*};
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

/// Batches of rows in their order, or columns, read by a thread of its own while the one before is being used. Dropping it ends the
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
        let rows = (VALUES / self.schema().len().max(1)).clamp(LEAST_ROWS, ROWS);
        let relation = self.clone();
        Ok(read_ahead(move |sender| match &relation.parquet {
            Some(file) => relation.send_slices(file, rows, sender),
            None => relation.send_stream(rows, sender),
        })?)
    }

    /// Some columns one by one, each a frame of all rows. The next one is read while this one is being used. In a Parquet
    /// file a column lies by itself: so each byte is read and unpacked once, where batches of rows of a wide table unpack
    /// what lies together several times.
    ///
    /// # Errors
    /// `UnknownColumn`, and of each column those of reading it, `Stopped` among them.
    pub fn columns(&self, names: &[String]) -> std::result::Result<Batches, Problem> {
        let columns: Vec<Self> = names
            .iter()
            .map(|name| self.select(std::slice::from_ref(name)))
            .collect::<std::result::Result<_, _>>()?;
        Ok(read_ahead(move |sender| {
            let mut metadata = None;
            for column in columns {
                column.cancel.step()?;
                let frame = match &column.parquet {
                    Some(file) => column.slice_of(file, None, &mut metadata)?,
                    None => column.frame()?,
                };
                if sender.send(Ok(frame)).is_err() {
                    break;
                }
            }
            Ok(())
        })?)
    }

    /// Each batch is a read of its own: polars would read whole row groups, and several ahead.
    fn send_slices(&self, file: &Path, rows: usize, sender: &Sender) -> Result<()> {
        let mut metadata = None;
        for first in (0..self.count()?).step_by(rows) {
            self.cancel.step()?;
            let frame = self.slice_of(file, Some((first as usize, rows)), &mut metadata)?;
            if sender.send(Ok(frame)).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// So many rows of a Parquet file from some row on, or all, without polars' plans, which read ahead.
    fn slice_of(
        &self,
        file: &Path,
        slice: Option<(usize, usize)>,
        metadata: &mut Option<Arc<FileMetadata>>,
    ) -> Result<DataFrame> {
        let names: Vec<String> = self.schema().iter().map(|field| field.name.clone()).collect();
        let source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
        let read = || {
            let mut reader = ParquetReader::new(source)
                .with_columns(Some(names.clone()))
                .with_slice(slice)
                .set_rechunk(slice.is_none())
                .read_parallel(match slice {
                    Some(_) => ParallelStrategy::Columns,
                    None => ParallelStrategy::RowGroups,
                });
            match metadata {
                Some(known) => reader.set_metadata(Arc::clone(known)),
                None => *metadata = Some(reader.get_metadata()?.clone()),
            }
            reader.finish()?.select(&names)
        };
        self.about_file(guarded(read))
    }

    fn send_stream(&self, rows: usize, sender: &Sender) -> Result<()> {
        let batches = sender.clone();
        let take = move |frame| Ok(batches.send(Ok(frame)).is_ok());
        let rows = NonZeroUsize::new(rows);
        self.about_file(execute::batches_of(self.plan.clone(), rows, &self.cancel, take))
    }
}

type Sender = SyncSender<Result<DataFrame>>;

/// What `send` reads, on a thread of its own.
fn read_ahead(send: impl FnOnce(&Sender) -> Result<()> + Send + 'static) -> Result<Batches> {
    let (sender, receiver) = sync_channel(0);
    let read = move || {
        if let Err(error) = send(&sender) {
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

impl Iterator for Batches {
    type Item = std::result::Result<DataFrame, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.recv().ok()?.map_err(Problem::from))
    }
}
