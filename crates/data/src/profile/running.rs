//! The profile of a table whose batches go through its columns one behind the other.
//!
//! Whoever has read a batch takes it through all columns, each of which is looked at by one thread at a time in the order
//! of the rows: what is known in the end doesn't depend on who was sooner.

use super::{Summary, column::ColumnSummary, row_sample::RowSample, scan::Seen};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute,
    in_order::{Stage, Stages, in_stages},
    parts::Parts,
};
use polars::prelude::*;
use std::{
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, mpsc::sync_channel},
    thread,
};

/// Batches of a plan that wait to be looked at; more would only take memory.
const WAITING: usize = 1;

/// What is known of a table by now.
pub(crate) struct Running<'a> {
    lanes: Vec<Lane>,
    begun: Mutex<Begun>,
    head_rows: usize,
    /// Held by each batch from the first column to the last, so that who takes it finds all columns after the same rows.
    between: RwLock<()>,
    cancel: &'a Cancel,
}

/// Summaries of every so manieth batch.
struct Lane {
    columns: Vec<Mutex<ColumnSummary>>,
    sample: Mutex<RowSample>,
}

/// What is known of the batches that have begun to be looked at.
struct Begun {
    head: DataFrame,
    rows: u64,
}

/// A batch that is looked at.
pub(crate) struct Batch<'a> {
    first_row: u64,
    rows: DataFrame,
    _between: RwLockReadGuard<'a, ()>,
}

impl<'a> Running<'a> {
    /// Of no rows; the first `head_rows` are kept.
    pub(crate) fn new(schema: &Schema, head_rows: usize, cancel: &'a Cancel) -> Self {
        let lane = |_| {
            let Summary { columns, sample, .. } = Summary::new(schema, false);
            Lane {
                columns: columns.into_iter().map(Mutex::new).collect(),
                sample: Mutex::new(sample),
            }
        };
        let head = DataFrame::empty_with_schema(schema);
        Self {
            lanes: (0..lanes(schema.len())).map(lane).collect(),
            begun: Mutex::new(Begun { head, rows: 0 }),
            head_rows,
            between: RwLock::new(()),
            cancel,
        }
    }

    /// Looks at all rows of a table, whose parts are read side by side.
    pub(super) fn look_at_parts(&self, parts: &dyn Parts) -> Result<()> {
        let mut numbers = 0..parts.count();
        self.look(|| Ok(numbers.next()), |number| parts.read(number, None))
    }

    /// Looks at all rows of a plan, while polars reads on.
    pub(super) fn look_at_plan(&self, plan: LazyFrame) -> Result<()> {
        let (sender, batches) = sync_channel(WAITING);
        thread::scope(|scope| {
            // Nobody waits for batches once a look at one has failed.
            let hand_on = move |batch| Ok(sender.send(batch).is_ok());
            let reader = scope.spawn(|| execute::batches(plan, self.cancel, hand_on));
            self.look(move || Ok(batches.recv().ok()), Ok)?;
            reader.join().unwrap_or_else(|_| Err(DataError::broken()))
        })
    }

    /// Looks at all batches, which are read side by side.
    fn look<Job>(
        &self,
        mut next: impl FnMut() -> Result<Option<Job>> + Send,
        read: impl Fn(Job) -> Result<DataFrame> + Sync,
    ) -> Result<()> {
        let next = || {
            self.cancel.step()?;
            next()
        };
        in_stages(
            next,
            read,
            |batch| self.begin(batch?),
            self.stages(),
            |stage, batch| self.add(stage, batch),
        )
    }

    /// The stages of each batch: its columns, and behind the last the sample of rows.
    pub(crate) fn stages(&self) -> Stages {
        Stages {
            lanes: self.lanes.len(),
            each: self.lanes.first().map_or(0, |lane| lane.columns.len() + 1),
        }
    }

    /// Takes the next batch of rows.
    pub(crate) fn begin(&self, rows: DataFrame) -> Result<Batch<'_>> {
        // It is taken in the order of the batches: none waits here for one that waits for it.
        let between = self.between.read().unwrap_or_else(PoisonError::into_inner);
        let mut begun = lock(&self.begun);
        let missing = self.head_rows.saturating_sub(begun.head.height());
        if missing > 0 {
            guarded(|| begun.head.vstack_mut(&rows.head(Some(missing))).map(drop))?;
        }
        let first_row = begun.rows;
        begun.rows += rows.height() as u64;
        Ok(Batch {
            first_row,
            rows,
            _between: between,
        })
    }

    /// Takes a batch through one of its stages.
    pub(crate) fn add(&self, stage: Stage, batch: &Batch<'_>) -> Result<()> {
        self.cancel.step()?;
        let lane = &self.lanes[stage.lane];
        guarded(|| {
            match (
                lane.columns.get(stage.number),
                batch.rows.columns().get(stage.number),
            ) {
                (Some(summary), Some(column)) => lock(summary).add(column.as_materialized_series()),
                _ => lock(&lane.sample).add(&batch.rows, batch.first_row),
            }
        })
    }

    /// What is known of the rows so far, if there are any.
    pub(super) fn so_far(&self) -> Option<Seen> {
        let _between = self.between.write().unwrap_or_else(PoisonError::into_inner);
        let Begun { head, rows } = &*lock(&self.begun);
        let of_column = |number: usize| {
            let mut lanes = self.lanes.iter().map(|lane| lock(&lane.columns[number]));
            let first = lanes.next()?;
            if self.lanes.len() == 1 {
                return Some(first.profile());
            }
            let mut merged = first.clone();
            lanes.for_each(|lane| merged.merge(lane.clone()));
            Some(merged.profile())
        };
        let columns = (0..head.width()).filter_map(of_column).collect();
        (*rows > 0).then(|| Seen {
            head: head.clone(),
            columns,
            associations: None,
            rows: *rows,
        })
    }

    /// What is known of all rows.
    pub(crate) fn ended(self) -> Seen {
        let Begun { head, rows } = of(self.begun);
        let summary = |lane: Lane| Summary {
            rows: 0,
            columns: lane.columns.into_iter().map(of).collect(),
            sample: of(lane.sample),
        };
        let lanes = self.lanes.into_iter().map(summary);
        let merged = lanes.reduce(|mut merged, lane| {
            merged.merge(lane);
            merged
        });
        let mut summary = merged.unwrap_or_else(|| Summary::new(head.schema(), false));
        summary.rows = rows;
        let columns = summary.profiles();
        Seen {
            associations: Some(summary.associations(&columns)),
            head,
            columns,
            rows,
        }
    }
}

/// Different columns are looked at side by side; only where there are few of them, batches are too, each lane with its own
/// summary. So the memory for summaries doesn't grow with both.
fn lanes(columns: usize) -> usize {
    let threads = rayon::current_num_threads();
    (2 * threads / columns.max(1)).clamp(1, threads)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn of<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
