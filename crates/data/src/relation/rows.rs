//! The rows of a relation, which are read when they are asked for: from the file in parts, all columns that are needed at
//! once, or by a plan of polars.

use super::Relation;
use crate::{
    error::{DataError, Result},
    execute::{self, EngineChoice},
    grouping,
    kept::Kept,
    parts, table,
};
use aloft_spec::{Problem, table::Table};
use polars::prelude::*;
use std::collections::BTreeSet;

impl Relation {
    /// At most `rows` rows from the row `first` on, which counts from 0. Pages fit together where the order of the rows
    /// is given: in a file, in a sample, and behind an ORDER BY.
    pub fn page(&self, first: u64, rows: usize) -> std::result::Result<Table, Problem> {
        Ok(table::table(&self.rows_from(first, rows)?)?)
    }

    pub(crate) fn rows_from(&self, first: u64, rows: usize) -> Result<DataFrame> {
        if let Some(parts) = &self.parts {
            return self.about_file(parts::slice(&**parts, first, rows as u64));
        }
        let offset = i64::try_from(first).unwrap_or(i64::MAX);
        let counted = self.rows.get();
        if counted.is_some_and(|all| Kept::fits(*all, self.fields.len()))
            && let Some(all) = self.all_at_once()?
        {
            return Ok(all.slice(offset, rows));
        }
        let length = IdxSize::try_from(rows).unwrap_or(IdxSize::MAX);
        let page = |plan: LazyFrame| plan.slice(offset, length);
        match self.at_once(page)? {
            Some(frame) => Ok(frame),
            None => self.run(page(self.plan.clone())),
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> std::result::Result<u64, Problem> {
        Ok(self.count()?)
    }

    /// All rows in memory.
    pub fn collect(&self) -> std::result::Result<DataFrame, Problem> {
        Ok(self.frame()?)
    }

    pub(crate) fn count(&self) -> Result<u64> {
        if let Some(rows) = self.rows.get() {
            return Ok(*rows);
        }
        let rows = match self.at_once(|plan| plan.select([len()]))? {
            Some(counted) => execute::counted(&counted)?,
            None => self.about_file(execute::count(self.plan.clone(), self.engine))?,
        };
        Ok(*self.rows.get_or_init(|| rows))
    }

    pub(crate) fn frame(&self) -> Result<DataFrame> {
        match self.all_at_once()? {
            Some(frame) => Ok(frame),
            None => self.run(self.plan.clone()),
        }
    }

    /// All rows, where all columns can be read into memory at once.
    pub(crate) fn all_at_once(&self) -> Result<Option<DataFrame>> {
        let rows = self.at_once(|plan| plan)?;
        // The rows of the file itself are soon read, a part at a time.
        if let (Some(rows), None) = (&rows, &self.parts) {
            self.kept.keep(rows);
        }
        Ok(rows)
    }

    /// What `build` makes of a plan of the rows, where all columns that it needs can be read into memory at once.
    pub(crate) fn at_once(&self, build: impl FnOnce(LazyFrame) -> LazyFrame) -> Result<Option<DataFrame>> {
        let Some(direct) = &self.direct else {
            return Ok(None);
        };
        let kept = self.kept.rows().map(|rows| rows.clone().lazy());
        self.cancel.step()?;
        let plan = kept.map_or_else(|| direct.plan(&self.cancel), Ok)?;
        match execute::collect(build(plan), EngineChoice::InMemory) {
            Err(DataError::TooLarge) => Ok(None),
            read => self.about_file(read).map(Some),
        }
    }

    /// These columns of it in memory, where they are read into it at once.
    pub(crate) fn in_memory(&self, columns: &BTreeSet<&str>) -> Result<Option<Self>> {
        let chosen: Vec<Expr> = columns.iter().map(|name| col(*name)).collect();
        let Some(frame) = self.at_once(|plan| plan.select(chosen))? else {
            return Ok(None);
        };
        self.rows.get_or_init(|| frame.height() as u64);
        Ok(Some(Self {
            plan: frame.lazy(),
            engine: EngineChoice::InMemory,
            parts: None,
            direct: None,
            kept: Kept::default(),
            parquet: None,
            ..self.clone()
        }))
    }

    /// Collects a plan that was built on this one.
    pub(crate) fn run(&self, plan: LazyFrame) -> Result<DataFrame> {
        self.cancel.step()?;
        let groups = match self.engine {
            EngineChoice::InMemory => None,
            EngineChoice::Streaming => grouping::grouped(&plan, self.engine, &self.cancel)?,
        };
        self.about_file(match groups {
            Some(groups) => execute::collect(groups, EngineChoice::InMemory),
            None => execute::collect(plan, self.engine),
        })
    }
}
