//! A table that is a plan: what a source or a query gives.

use crate::{
    Cancel, chart,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    files, grouping,
    parts::{self, Parts},
    query, snapshot,
    snapshot::SnapshotFile,
    table,
};
use aloft_spec::{
    Problem,
    chart::{ChartData, ChartSpec},
    profile::Scan,
    reading::Reading,
    table::{Extent, Field, Scope, Table},
};
use polars::prelude::*;
use std::{
    collections::BTreeSet,
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
    /// A plan of the same rows over such parts, for the engine in memory; faster where what it needs fits there.
    pub(crate) direct: Option<LazyFrame>,
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
        }
    }

    /// The same, with what was read to get at its rows.
    #[must_use]
    pub(crate) fn with_scan(self, scan: Scan) -> Self {
        Self {
            scan: Some(scan),
            ..self
        }
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
        })
    }

    /// A query over `inputs`, the relations that it reads.
    /// `direct` is the same query over the direct plans of the inputs that have one.
    pub(crate) fn of_query(
        plan: LazyFrame,
        direct: Option<LazyFrame>,
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
        let direct = self.direct.as_ref().map(|plan| query::filtered(plan, condition));
        Ok(Self {
            plan: query::filtered(&self.plan, condition)?,
            direct: direct.transpose()?,
            scope: Scope::Selected,
            total,
            rows: Arc::default(),
            parquet: None,
            memory_bytes: 0,
            scan: None,
            parts: None,
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
            direct: self.direct.clone().map(|plan| plan.select(expressions.clone())),
            plan: self.plan.clone().select(expressions),
            fields: fields.into(),
            parts: None,
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

    /// The same, where its rows can be read in parts.
    pub(crate) fn with_parts(self, parts: Option<Arc<dyn Parts>>) -> Result<Self> {
        let direct = parts.as_ref().map(parts::plan);
        Ok(Self {
            direct: direct.transpose()?,
            parts,
            ..self
        })
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
            ..self.clone()
        })
    }

    /// Bytes of its rows in memory; 0 where they stay in a file, or belong to the inputs of a query.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

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
        Ok(snapshot::write(self, dir, columns)?)
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
        match self.at_once(|plan| plan)? {
            Some(frame) => Ok(frame),
            None => self.run(self.plan.clone()),
        }
    }

    /// What `build` makes of a plan of the rows, where all columns that it needs can be read into memory at once.
    pub(crate) fn at_once(&self, build: impl FnOnce(LazyFrame) -> LazyFrame) -> Result<Option<DataFrame>> {
        let Some(plan) = self.direct.clone() else {
            return Ok(None);
        };
        self.cancel.step()?;
        let collect = || execute::collect(build(plan), EngineChoice::InMemory);
        match parts::stopped_by(&self.cancel, collect) {
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
            parquet: None,
            ..self.clone()
        }))
    }

    /// Collects a plan that was built on this one.
    pub(crate) fn run(&self, plan: LazyFrame) -> Result<DataFrame> {
        self.cancel.step()?;
        let groups = match self.engine {
            EngineChoice::InMemory => None,
            EngineChoice::Streaming => grouping::grouped(&plan, self.engine)?,
        };
        self.about_file(match groups {
            Some(groups) => {
                parts::stopped_by(&self.cancel, || execute::collect(groups, EngineChoice::InMemory))
            }
            None => execute::collect(plan, self.engine),
        })
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
mod tests {
    use super::*;
    use aloft_spec::{chart::Mark, source::SourceSpec};

    #[test]
    fn both_engines_give_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::from("n,x,word,day\n");
        for row in 0..20_000_u64 {
            let hash = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let word = ["a", "b", "c", "NA"][hash as usize % 4];
            text.push_str(&format!(
                "{},{}.25,{word},2020-01-{:02}\n",
                hash % 100,
                hash % 1000,
                hash % 28 + 1
            ));
        }
        let file = folder.path().join("t.csv");
        std::fs::write(&file, text).unwrap();
        let relation = crate::source(&SourceSpec::new("t.csv"), &file, Scope::All, &Cancel::new()).unwrap();
        let with = |engine| Relation {
            engine,
            rows: Arc::default(),
            ..relation.clone()
        };
        let (memory, streaming) = (with(EngineChoice::InMemory), with(EngineChoice::Streaming));
        assert_eq!(memory.output(7).unwrap(), streaming.output(7).unwrap());
        // What is made of a relation isn't read in the parts of it.
        assert!(streaming.parts.is_some());
        let some = streaming.select(&["word".into()]).unwrap().profile().unwrap();
        assert_eq!(some.columns, [memory.profile().unwrap().columns[2].clone()]);
        let chosen = streaming.selection("n < 3").unwrap().profile().unwrap();
        assert_eq!(chosen, memory.selection("n < 3").unwrap().profile().unwrap());
        assert_eq!(memory.rows().unwrap(), 20_000);
        assert_eq!(streaming.rows().unwrap(), 20_000);
        let groups = |relation: &Relation| {
            let sql = "SELECT word, n % 3 AS rest, count(*) AS rows, avg(x) AS mean FROM t WHERE n > 7
                       GROUP BY word, rest ORDER BY word, rest";
            let groups = query::query(sql, &[("t".into(), relation)], &Cancel::new()).unwrap();
            groups.output(50).unwrap()
        };
        assert_eq!(groups(&memory), groups(&streaming));
        let snapshot = |relation: &Relation| relation.snapshot(folder.path(), &[]).unwrap();
        assert_eq!(snapshot(&memory), snapshot(&streaming));
        for (mark, x, y) in [
            (Mark::Histogram, "x", None),
            (Mark::Histogram, "day", None),
            (Mark::Bar, "word", Some("n")),
            (Mark::Bar, "n", None),
            (Mark::Line, "day", Some("n")),
            (Mark::Scatter, "x", Some("n")),
            (Mark::Box, "word", Some("x")),
            (Mark::Violin, "word", Some("x")),
            (Mark::Heatmap, "word", Some("n")),
        ] {
            let spec = ChartSpec {
                x: Some(x.into()),
                y: y.map(Into::into),
                color: (mark != Mark::Scatter).then(|| "word".into()),
                ..ChartSpec::new("t", mark)
            };
            // Numbers with few digits: their sums are exact in any order.
            assert_eq!(
                memory.chart(&spec).unwrap(),
                streaming.chart(&spec).unwrap(),
                "{mark:?}"
            );
        }
    }
}
