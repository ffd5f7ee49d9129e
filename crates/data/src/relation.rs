//! A table that is a plan: what a source or a query gives.

mod rows;

use crate::{
    Cancel, chart,
    direct::Direct,
    error::{DataError, Result, guarded},
    execute::EngineChoice,
    files,
    kept::Kept,
    parts::Parts,
    query, snapshot,
    snapshot::SnapshotFile,
    source::statistics,
    table,
};
use aloft_spec::{
    Problem,
    chart::{ChartData, ChartSpec},
    profile::Scan,
    reading::Reading,
    table::{Extent, Field, Scope},
};
use polars::prelude::*;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// A lazy table with what is known about it. Cheap to clone; nothing is computed before it is asked for.
#[derive(Clone)]
pub struct Relation {
    pub(crate) plan: LazyFrame,
    pub(crate) engine: EngineChoice,
    pub(crate) cancel: Cancel,
    fields: Arc<[Field]>,
    scope: Scope,
    /// Rows that the scope was chosen from; unknown for a query over a part of its inputs.
    total: Option<u64>,
    /// Rows of the relation itself, once they were counted.
    pub(crate) rows: Arc<OnceLock<u64>>,
    /// The Parquet file whose columns, or some of them, these are: its rows are read from any place.
    pub(crate) parquet: Option<Arc<Path>>,
    /// The file that it reads, where it is a source's.
    file: Option<Arc<Path>>,
    /// Bytes of its rows in memory; 0 where they stay in a file, or belong to the inputs of a query.
    memory_bytes: u64,
    /// What was read of it already.
    scan: Option<Scan>,
    /// How that was read.
    reading: Option<Arc<Reading>>,
    /// The same rows in parts, where these are read faster than the plan.
    pub(crate) parts: Option<Arc<dyn Parts>>,
    /// Plans of the same rows over such parts, for the engine in memory; faster where what they need fits there.
    pub(crate) direct: Option<Direct>,
    /// What that gave, where it is little.
    kept: Kept,
}

impl std::fmt::Debug for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("{}: {}", field.name, field.dtype))
            .collect();
        f.debug_struct("Relation")
            .field("scope", &self.scope)
            .field("columns", &columns)
            .finish_non_exhaustive()
    }
}

impl Relation {
    /// Rows in memory, chosen from `total` where that is known.
    pub(crate) fn of_frame(frame: DataFrame, scope: Scope, total: Option<u64>, cancel: &Cancel) -> Self {
        let fields = table::fields(frame.schema());
        let rows = frame.height() as u64;
        let memory_bytes = frame.estimated_size() as u64;
        Self {
            memory_bytes,
            plan: frame.lazy(),
            engine: EngineChoice::InMemory,
            cancel: cancel.clone(),
            fields,
            scope,
            total,
            rows: Arc::new(OnceLock::from(rows)),
            parquet: None,
            file: None,
            scan: None,
            reading: None,
            parts: None,
            direct: None,
            kept: Kept::default(),
        }
    }

    /// The same, with what was read to get at its rows.
    #[must_use]
    pub(crate) fn with_scan(self, scan: Option<Scan>) -> Self {
        Self { scan, ..self }
    }

    /// All rows of a file.
    pub(crate) fn of_file(
        mut plan: LazyFrame,
        file: &Path,
        rows: u64,
        engine: EngineChoice,
        cancel: &Cancel,
    ) -> Result<Self> {
        let schema = guarded(|| plan.collect_schema()).map_err(|error| error.in_file(file))?;
        Ok(Self {
            plan,
            engine,
            cancel: cancel.clone(),
            fields: table::fields(&schema),
            scope: Scope::All,
            total: Some(rows),
            rows: Arc::new(OnceLock::from(rows)),
            parquet: None,
            file: Some(file.into()),
            memory_bytes: 0,
            scan: None,
            reading: None,
            parts: None,
            direct: None,
            kept: Kept::default(),
        })
    }

    /// A query over `inputs`, the relations that it reads.
    /// `direct` is the same query over the direct plans of the inputs that have one.
    pub(crate) fn of_query(
        plan: LazyFrame,
        direct: Option<Direct>,
        schema: &Schema,
        inputs: &[&Relation],
        cancel: &Cancel,
    ) -> Self {
        let has = |scope| inputs.iter().any(|input| input.scope == scope);
        // A selection says more than the sample that it was made in.
        let partial = [
            Scope::Selected,
            Scope::Sample,
            Scope::Stratified,
            Scope::Latest,
            Scope::Head,
        ];
        let scope = partial
            .into_iter()
            .find(|scope| has(*scope))
            .unwrap_or(Scope::All);
        let streaming = inputs.iter().any(|input| input.engine == EngineChoice::Streaming);
        Self {
            plan,
            engine: if streaming {
                EngineChoice::Streaming
            } else {
                EngineChoice::InMemory
            },
            cancel: cancel.clone(),
            fields: table::fields(schema),
            scope,
            total: None,
            rows: Arc::default(),
            parquet: None,
            file: None,
            memory_bytes: 0,
            scan: None,
            reading: None,
            parts: None,
            direct,
            kept: Kept::default(),
        }
    }

    /// The rows that meet a condition, in SQL over its columns, said to be a selection of these.
    ///
    /// # Errors
    /// As [`crate::query`].
    pub fn selection(&self, condition: &str) -> std::result::Result<Self, Problem> {
        let total = match self.scope {
            // How many rows there were before an earlier selection isn't known here.
            Scope::Selected => None,
            _ => self.rows.get().copied(),
        };
        let plan = query::filtered(&self.plan, condition)?;
        let condition = condition.to_owned();
        let filter = move |plan: LazyFrame| query::filtered(&plan, &condition);
        Ok(Self {
            plan,
            direct: self.direct.as_ref().map(|direct| direct.then(filter)),
            scope: Scope::Selected,
            total,
            rows: Arc::default(),
            parquet: None,
            memory_bytes: 0,
            scan: None,
            parts: None,
            kept: Kept::default(),
            ..self.clone()
        })
    }

    /// The same rows with these columns alone.
    ///
    /// # Errors
    /// `UnknownColumn`.
    pub fn select(&self, columns: &[String]) -> std::result::Result<Self, Problem> {
        let fields = columns.iter().map(|name| self.field(name).cloned());
        let fields = fields.collect::<Result<Vec<_>>>()?;
        let expressions: Vec<Expr> = columns.iter().map(|name| col(name.as_str())).collect();
        Ok(Self {
            plan: self.plan.clone().select(&expressions),
            direct: self
                .direct
                .as_ref()
                .map(|direct| direct.then(move |plan| Ok(plan.select(&expressions)))),
            fields: fields.into(),
            parts: None,
            kept: Kept::default(),
            ..self.clone()
        })
    }

    /// Names and types of the columns.
    pub fn schema(&self) -> &[Field] {
        &self.fields
    }

    /// How the source was read; `None` for a query.
    pub fn reading(&self) -> Option<&Arc<Reading>> {
        self.reading.as_ref()
    }

    /// The same, said to be all columns of a Parquet file.
    pub(crate) fn of_parquet(self, file: &Path) -> Self {
        Self {
            parquet: Some(file.into()),
            ..self
        }
    }

    /// The smallest and the largest values of a column in parts of its rows, where its file has noted them.
    pub(crate) fn noted_ends(&self, column: &str) -> Result<Option<Series>> {
        let Some(file) = &self.parquet else {
            return Ok(None);
        };
        let schema = guarded(|| self.plan.clone().collect_schema())?;
        let Some(dtype) = schema.get(column) else {
            return Ok(None);
        };
        statistics::ends(file, column, dtype).map_err(|error| error.in_file(file))
    }

    /// The same, where its rows can be read in parts.
    pub(crate) fn with_parts(self, parts: Option<Arc<dyn Parts>>) -> Self {
        Self {
            direct: parts.clone().map(Direct::of),
            parts,
            ..self
        }
    }

    pub(crate) fn with_reading(self, reading: Reading) -> Self {
        Self {
            reading: Some(Arc::new(reading)),
            ..self
        }
    }

    /// How its rows were chosen.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The extent of something made of `rows` rows of it.
    pub fn extent(&self, rows: u64) -> Extent {
        let total = if self.scope == Scope::All {
            Some(rows)
        } else {
            self.total
        };
        Extent {
            scope: self.scope,
            rows,
            total,
        }
    }

    /// The same, stopped by another flag. A relation that is kept longer than the work it was made for needs this.
    #[must_use]
    pub fn with_cancel(&self, cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            ..self.clone()
        }
    }

    /// The same with files in place of the paths of a column: their bytes, read when its rows are. Paths begin at `root`.
    ///
    /// # Errors
    /// `UnknownColumn`. What reading a file gives comes with the rows.
    pub fn with_files(&self, column: &str, root: &Path) -> std::result::Result<Self, Problem> {
        self.field(column)?;
        let bytes = table::field(column, &DataType::Binary);
        let fields = self.fields.iter().map(|field| match field.name == column {
            true => bytes.clone(),
            false => field.clone(),
        });
        Ok(Self {
            plan: self.plan.clone().with_column(files::bytes_of(column, root)),
            fields: fields.collect(),
            parquet: None,
            parts: None,
            direct: None,
            kept: Kept::default(),
            ..self.clone()
        })
    }

    /// Bytes of its rows in memory; 0 where they stay in a file, or belong to the inputs of a query. Of a query over a large
    /// file few rows are kept once they were computed: then it is more than before.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes + self.kept.bytes()
    }

    /// What was read of the file to get at the rows, where that was done already.
    pub fn scan(&self) -> Option<Scan> {
        self.scan
    }

    /// What a chart draws; `spec.data` isn't looked at.
    ///
    /// # Errors
    /// `UnknownColumn`; `BadValue` where a column's type doesn't suit the mark.
    pub fn chart(&self, spec: &ChartSpec) -> std::result::Result<ChartData, Problem> {
        let drawn = chart::columns(self, spec)?;
        let read = if drawn.is_empty() {
            None
        } else {
            self.in_memory(&drawn)?
        };
        Ok(chart::chart(read.as_ref().unwrap_or(self), spec)?)
    }

    /// Writes the rows of `columns` (all when empty, but none of bytes) to a Parquet file in `dir`, in canonical order and named by its
    /// hash: the same rows give the same bytes, whatever order they came in.
    pub fn snapshot(&self, dir: &Path, columns: &[String]) -> std::result::Result<SnapshotFile, Problem> {
        self.snapshot_within(dir, columns, u64::MAX)
    }

    /// The same, the file too, where sorting may take so many bytes of memory: rows that don't lie in memory are sorted in
    /// parts that fit. It takes more where less than 200 MB are given, and to write a row group of a wide table.
    pub fn snapshot_within(
        &self,
        dir: &Path,
        columns: &[String],
        bytes: u64,
    ) -> std::result::Result<SnapshotFile, Problem> {
        Ok(snapshot::write(self, dir, columns, bytes)?)
    }

    /// The field of a column, or an error that names those near.
    pub(crate) fn field(&self, name: &str) -> Result<&Field> {
        self.fields
            .iter()
            .find(|field| field.name == name)
            .ok_or_else(|| DataError::UnknownColumn {
                name: name.to_owned(),
                columns: self.fields.iter().map(|field| field.name.clone()).collect(),
            })
    }

    pub(crate) fn about_file<T>(&self, result: Result<T>) -> Result<T> {
        match &self.file {
            Some(file) => result.map_err(|error| error.in_file(&PathBuf::from(&**file))),
            None => result,
        }
    }
}

#[cfg(test)]
mod tests;
