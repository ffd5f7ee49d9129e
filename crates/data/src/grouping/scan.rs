//! Reading the rows of a plan into groups.

use super::{
    block::Block,
    input::Input,
    key::Layout,
    partitions::{Partitions, Worker},
    texts::Texts,
    totals::Wanted,
    values::Values,
};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
};
use polars::prelude::*;
use rayon::prelude::*;
use std::{
    any::Any,
    io,
    sync::{Arc, Mutex, PoisonError},
};

/// Groups of the rows of a plan, as a table of their keys and totals.
pub(super) struct Grouping {
    /// Its columns are those of the keys and then the arguments of totals.
    pub rows: Input,
    /// What stops it.
    pub cancel: Cancel,
    pub keys: Layout,
    pub arguments: usize,
    pub wanted: Vec<Wanted>,
    /// Names and types of the result.
    pub schema: SchemaRef,
}

impl Grouping {
    /// The plan that reads it.
    pub fn plan(self) -> Result<LazyFrame> {
        let arguments = ScanArgsAnonymous {
            schema: Some(self.schema.clone()),
            name: "GROUPS",
            ..Default::default()
        };
        guarded(|| LazyFrame::anonymous_scan(Arc::new(self), arguments))
    }

    fn run(&self) -> Result<DataFrame> {
        match self.keys.words {
            1 => self.run_with::<1>(),
            2 => self.run_with::<2>(),
            _ => self.run_with::<{ Self::MOST_WORDS }>(),
        }
    }

    /// So long are keys at most.
    pub const MOST_WORDS: usize = 4;

    fn run_with<const W: usize>(&self) -> Result<DataFrame> {
        let (partitions, texts) = (Partitions::<W>::new(self.wanted.clone()), Texts::new());
        let workers: Mutex<Vec<Worker<'_, W>>> = Mutex::default();
        let work = |next: &dyn Fn() -> Option<Result<DataFrame>>| {
            let mut worker = Worker::new(&partitions, self.keys.bits, self.arguments);
            let mut block = Block::new(self.arguments);
            while let Some(frame) = next() {
                self.cancel.step()?;
                self.add(&frame?, &texts, &mut worker, &mut block)?;
            }
            workers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(worker);
            Ok(())
        };
        self.rows.work(&self.cancel, &work)?;
        let workers = workers.into_inner().unwrap_or_else(PoisonError::into_inner);
        workers.into_par_iter().for_each(Worker::finish);
        let columns = partitions.columns(&self.keys, &texts)?;
        self.frame(columns)
    }

    fn add<const W: usize>(
        &self,
        frame: &DataFrame,
        texts: &Texts,
        worker: &mut Worker<'_, W>,
        block: &mut Block<W>,
    ) -> Result<()> {
        let columns = frame.columns().iter().map(|column| {
            let column = column.as_materialized_series().to_physical_repr().into_owned();
            column.rechunk()
        });
        let columns: Vec<Series> = columns.collect();
        let values: Option<Vec<Values<'_>>> = columns.iter().map(Values::of).collect();
        let values = values.ok_or_else(DataError::broken)?;
        let (keys, arguments) = values.split_at(values.len() - self.arguments);
        let mut scratch = Vec::new();
        for first in (0..frame.height()).step_by(Worker::<W>::MOST_ROWS) {
            let rows = first..frame.height().min(first + Worker::<W>::MOST_ROWS);
            block.clear();
            self.keys
                .pack(keys, rows.clone(), texts, &mut block.keys, &mut scratch);
            for (number, column) in arguments.iter().enumerate() {
                column.words(rows.clone(), &mut block.arguments.words[number]);
                column.each_null(rows.clone(), |row| {
                    block.arguments.nulls.resize(rows.len(), 0);
                    block.arguments.nulls[row] |= 1 << number;
                });
            }
            worker.add(block);
        }
        Ok(())
    }

    fn frame(&self, columns: Vec<Series>) -> Result<DataFrame> {
        let named = self.schema.iter_names().zip(columns);
        let columns: Vec<Column> = named
            .map(|(name, column)| column.with_name(name.clone()).into())
            .collect();
        let frame = guarded(|| DataFrame::new_infer_height(columns))?;
        debug_assert_eq!(frame.schema(), &self.schema);
        Ok(frame)
    }
}

impl AnonymousScan for Grouping {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn scan(&self, wanted: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let groups = self
            .run()
            // It comes out of polars as what it is: see `From<PolarsError>`.
            .map_err(|error| PolarsError::from(io::Error::other(error)))?;
        Ok(match wanted.n_rows {
            Some(rows) => groups.head(Some(rows)),
            None => groups,
        })
    }
}
