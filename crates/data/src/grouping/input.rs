//! Where the rows of groups come from.

use super::plan::of_each_row;
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    parts::{self, Parts},
    plans::{bare, inputs},
};
use polars::prelude::*;
use polars_plan::dsl::{DslPlan, FileScanDsl};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

/// Rows of a slice of what lies in memory.
const SLICE: usize = 1 << 17;

/// Works on all that a function gives, until it gives no more.
pub(super) type Work<'a> = dyn Fn(&dyn Fn() -> Option<Result<DataFrame>>) -> Result<()> + Sync + 'a;

/// A plan whose rows are grouped, and how they are read.
pub(super) enum Input {
    /// All at once.
    Memory(LazyFrame),
    /// By the streaming engine, batch by batch.
    Stream(LazyFrame),
    /// Part by part of the table that the plan reads. It looks at each row by itself.
    Parts {
        plan: DslPlan,
        parts: Arc<dyn Parts>,
        /// What it needs of them.
        columns: Vec<PlSmallStr>,
    },
}

impl Input {
    /// The rows of a plan for an engine.
    pub fn of(plan: LazyFrame, engine: EngineChoice) -> Self {
        match engine {
            EngineChoice::Streaming => Self::Stream(plan),
            EngineChoice::InMemory => {
                let bare = bare(&plan.logical_plan);
                let mut names = BTreeSet::new();
                match parts_of(&bare, &mut names) {
                    None => Self::Memory(plan),
                    Some(parts) => Self::Parts {
                        columns: parts
                            .schema()
                            .iter_names()
                            .filter(|name| names.contains(*name))
                            .cloned()
                            .collect(),
                        plan: bare,
                        parts,
                    },
                }
            }
        }
    }

    /// Works on all rows on all cores.
    pub fn work(&self, cancel: &Cancel, work: &Work<'_>) -> Result<()> {
        match self {
            Self::Memory(plan) => {
                let rows = execute::collect(plan.clone(), EngineChoice::InMemory)?;
                let next = AtomicUsize::new(0);
                side_by_side(work, &|| {
                    let first = next.fetch_add(SLICE, Ordering::Relaxed);
                    (first < rows.height()).then(|| Ok(rows.slice(first as i64, SLICE)))
                })
            }
            Self::Stream(plan) => stream(plan, cancel, work),
            Self::Parts { plan, parts, columns } => {
                let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
                let read = |number| {
                    cancel.step()?;
                    let part = parts.read(number, Some(columns))?;
                    let plan = LazyFrame::from(over(plan, &Arc::new(part)));
                    execute::collect(plan, EngineChoice::InMemory)
                };
                side_by_side(work, &|| {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= parts.count() || failed.load(Ordering::Relaxed) {
                        return None;
                    }
                    let part = read(number);
                    failed.fetch_or(part.is_err(), Ordering::Relaxed);
                    Some(part)
                })
            }
        }
    }
}

/// The table in parts that a plan reads, where it looks at each row by itself, and the names in it.
fn parts_of(plan: &DslPlan, names: &mut BTreeSet<PlSmallStr>) -> Option<Arc<dyn Parts>> {
    let (input, expressions) = match plan {
        DslPlan::Scan { scan_type, .. } => match &**scan_type {
            FileScanDsl::Anonymous { function, .. } => return parts::parts(&**function),
            _ => return None,
        },
        DslPlan::Select { input, expr, .. } => (input, &expr[..]),
        DslPlan::HStack { input, exprs, .. } => (input, &exprs[..]),
        DslPlan::Filter { input, predicate } => (input, std::slice::from_ref(predicate)),
        _ => return None,
    };
    let schema = guarded(|| LazyFrame::from((**input).clone()).collect_schema()).ok()?;
    let mut columns = BTreeSet::new();
    for expression in expressions {
        of_each_row(expression, &schema)?;
        columns.extend(expression.into_iter().filter_map(|part| match part {
            Expr::Column(name) => Some(name.clone()),
            _ => None,
        }));
    }
    // Literals alone are one row.
    if columns.is_empty() {
        return None;
    }
    names.extend(columns);
    parts_of(input, names)
}

/// The same plan over a table in memory.
fn over(plan: &DslPlan, table: &Arc<DataFrame>) -> DslPlan {
    let mut plan = plan.clone();
    match inputs(&mut plan) {
        Some(inputs) => {
            for input in inputs {
                *input = Arc::new(over(input, table));
            }
            plan
        }
        None => DslPlan::DataFrameScan {
            df: table.clone(),
            schema: table.schema().clone(),
        },
    }
}

/// Hands batches to the workers while the streaming engine goes on.
fn stream(plan: &LazyFrame, cancel: &Cancel, work: &Work<'_>) -> Result<()> {
    let (sender, receiver) = sync_channel(rayon::current_num_threads());
    let receiver: Mutex<Receiver<DataFrame>> = Mutex::new(receiver);
    thread::scope(|scope| {
        let workers = scope.spawn(|| {
            let done = side_by_side(work, &|| {
                let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
                receiver.recv().ok().map(Ok)
            });
            // Whoever sends to nobody ends.
            drop(receiver);
            done
        });
        let take = move |frame| Ok(sender.send(frame).is_ok());
        let read = execute::batches(plan.clone(), cancel, take);
        let done = workers.join().unwrap_or_else(|_| Err(DataError::broken()));
        done.and(read)
    })
}

/// Works on all that `next` gives on all cores.
fn side_by_side(work: &Work<'_>, next: &(dyn Fn() -> Option<Result<DataFrame>> + Sync)) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..rayon::current_num_threads())
            .map(|_| scope.spawn(|| work(&next)))
            .collect();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(DataError::broken())));
        ended.fold(Ok(()), Result::and)
    })
}
