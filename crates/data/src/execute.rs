//! Running plans.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
};
use polars::prelude::*;
use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

/// Which engine of polars runs a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineChoice {
    /// Everything at once. Sums of floats and rows without an ORDER BY come in the same order on any machine.
    InMemory,
    /// In batches, for what may not fit.
    Streaming,
}

impl EngineChoice {
    /// The choice for inputs of so many bytes. Files grow when they are read, Parquet about tenfold.
    pub(crate) fn for_bytes(bytes: u64) -> Self {
        if bytes <= 64 << 20 {
            Self::InMemory
        } else {
            Self::Streaming
        }
    }
}

impl From<EngineChoice> for Engine {
    fn from(choice: EngineChoice) -> Self {
        match choice {
            EngineChoice::InMemory => Engine::InMemory,
            EngineChoice::Streaming => Engine::Streaming,
        }
    }
}

/// All rows of a plan.
pub(crate) fn collect(plan: LazyFrame, engine: EngineChoice) -> Result<DataFrame> {
    guarded(|| Ok(plan.collect_with_engine(engine.into())?.unwrap_single()))
}

/// Hands the rows of a plan to `take`, batch by batch in their order, until it returns false.
pub(crate) fn batches<F>(plan: LazyFrame, cancel: &Cancel, take: F) -> Result<()>
where
    F: FnMut(DataFrame) -> Result<bool> + Send + 'static,
{
    batches_of(plan, None, cancel, take)
}

/// The same in batches of so many rows.
pub(crate) fn batches_of<F>(
    plan: LazyFrame,
    rows: Option<NonZeroUsize>,
    cancel: &Cancel,
    take: F,
) -> Result<()>
where
    F: FnMut(DataFrame) -> Result<bool> + Send + 'static,
{
    cancel.step()?;
    // The callback must be shareable; it is only ever called by one thread at a time.
    let take = Mutex::new((take, None));
    let outcome = std::sync::Arc::new(take);
    let shared = outcome.clone();
    let flag = cancel.clone();
    let sink = PlanCallback::new(move |batch: DataFrame| {
        let mut guard = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (take, failed) = &mut *guard;
        match flag.step().and_then(|()| take(batch)) {
            Ok(go_on) => Ok(!go_on),
            Err(error) => {
                *failed = Some(error);
                Ok(true)
            }
        }
    });
    let ran = guarded(|| {
        plan.sink_batches(sink, true, rows)?
            .collect_with_engine(Engine::Streaming)
            .map(drop)
    });
    if let Some(error) = outcome.lock().unwrap_or_else(PoisonError::into_inner).1.take() {
        return Err(error);
    }
    match ran {
        Err(_) if cancel.is_cancelled() => Err(DataError::Stopped),
        ran => ran,
    }
}

/// How many rows a plan has.
pub(crate) fn count(plan: LazyFrame, engine: EngineChoice) -> Result<u64> {
    counted(&collect(plan.select([len()]), engine)?)
}

/// The one number in a table.
pub(crate) fn counted(counted: &DataFrame) -> Result<u64> {
    guarded(|| {
        counted.columns()[0]
            .get(0)?
            .extract::<u64>()
            .ok_or_else(|| polars_err!(NoData: "no count"))
    })
}
