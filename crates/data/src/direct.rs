//! Plans for the engine in memory, over parts.

use crate::{
    Cancel,
    error::Result,
    parts::{self, Parts},
};
use polars::prelude::*;
use std::sync::Arc;

/// How a plan over parts is made. A plan outlives the call that it was made for, and polars runs it on threads of its own:
/// so each call makes its own, whose parts carry what stops it.
#[derive(Clone)]
pub(crate) struct Direct(Arc<Make>);

type Make = dyn Fn(&Cancel) -> Result<LazyFrame> + Send + Sync;

impl Direct {
    pub(crate) fn new(make: impl Fn(&Cancel) -> Result<LazyFrame> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// All rows of parts.
    pub(crate) fn of(parts: Arc<dyn Parts>) -> Self {
        Self::new(move |cancel| parts::plan(&parts, cancel))
    }

    /// What `build` makes of this one.
    pub(crate) fn then(
        &self,
        build: impl Fn(LazyFrame) -> Result<LazyFrame> + Send + Sync + 'static,
    ) -> Self {
        let make = self.clone();
        Self::new(move |cancel| build(make.plan(cancel)?))
    }

    /// The plan, which `cancel` stops. Where what it needs is too large it ends with
    /// [`DataError::TooLarge`](crate::error::DataError::TooLarge).
    pub(crate) fn plan(&self, cancel: &Cancel) -> Result<LazyFrame> {
        (self.0)(cancel)
    }
}
