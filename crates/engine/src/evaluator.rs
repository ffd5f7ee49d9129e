//! Cells to outputs. Samples and outputs are kept, so that running a whole notebook opens each source and draws each
//! sample once, and a notebook that is opened again shows what it showed.

use crate::{
    Result, Workspace, access,
    cache::{DiskCache, Entry, Recent},
    columns::check_chart,
    reads::Reads,
    resolved::Resolved,
};
use aloft_data::{Cancel, Relation};
use aloft_notebook::{ask, param::Argument};
use aloft_spec::{
    CellSpec, Code, Output, Problem,
    ask::Selection,
    output::TableOutput,
    table::{Scope, Table},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Rows that a table holds for display, at most; the rest comes in pages of so many.
pub const DISPLAY_ROWS: usize = 50_000;

/// Rows that are shown of a source before its sample is drawn.
const FIRST_ROWS: u64 = 1000;

/// Relations kept at most, beside the budget for their bytes. A notebook rarely has more tables.
const KEPT_RELATIONS: usize = 24;
/// Outputs kept in memory at most.
const KEPT_OUTPUTS: usize = 64;

/// Evaluates cells. Keep one between edits: a relation is used again as long as its cell, the cells above it and the
/// files below it are the same.
#[derive(Debug)]
pub struct Evaluator {
    relations: Mutex<Recent<Relation>>,
    outputs: Mutex<Recent<Arc<Entry>>>,
    /// Whether outputs are read from and written to the disk.
    disk: bool,
}

/// An output, and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The output.
    pub output: Output,
    /// Seconds that its evaluation took, now or when it was kept.
    pub seconds: f64,
    /// Whether it was computed before.
    pub cached: bool,
    key: String,
}

/// An output from the cache for a cell as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// The output.
    pub output: Output,
    /// Seconds that its evaluation took.
    pub seconds: f64,
    /// Whether it is what an evaluation would give now; else the cell, or what it reads, has changed since.
    pub fresh: bool,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new()
    }
}

impl Evaluator {
    /// An evaluator that has seen nothing yet, with the caches of the projects that it is asked about.
    pub fn new() -> Self {
        Self {
            relations: Mutex::new(Recent::new(KEPT_RELATIONS)),
            outputs: Mutex::new(Recent::new(KEPT_OUTPUTS)),
            disk: true,
        }
    }

    /// An evaluator that computes everything once, whatever lies on the disk, and leaves nothing there.
    pub fn without_disk() -> Self {
        Self {
            disk: false,
            ..Self::new()
        }
    }

    /// The output of a source, query or chart cell; its inputs are evaluated where they aren't yet. Outputs are not kept:
    /// see [`Evaluator::run`].
    pub fn evaluate(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Output> {
        self.refine(workspace, cell, scope, cancel, None)
    }

    /// The same; `on_partial` is told what is known meanwhile: the first rows of a source of which a sample takes a while,
    /// and during a long scan what was seen so far.
    fn refine(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        cancel: &Cancel,
        on_partial: Option<&mut dyn FnMut(TableOutput)>,
    ) -> Result<Output> {
        let resolved = Resolved::new(workspace, cell)?;
        match &resolved.spec {
            CellSpec::Chart(chart) => {
                let relation = self.input(workspace, &resolved, scope, cancel)?;
                check_chart(workspace, cell, chart, relation.schema())?;
                let data = relation
                    .chart(chart)
                    .map_err(|problem| workspace.place(cell, problem))?;
                Ok(Output::Chart(Arc::new(data)))
            }
            _ => {
                let mut ignored = |_| ();
                let on_partial = match on_partial {
                    Some(on_partial) => {
                        if let Some(first) = self.first_rows(workspace, &resolved, scope, cancel) {
                            on_partial(first);
                        }
                        on_partial
                    }
                    None => &mut ignored,
                };
                self.open_to_show(workspace, &resolved, scope, cancel, on_partial)?;
                let relation = self.table(workspace, &resolved, scope, cancel)?;
                relation
                    .refined_output(DISPLAY_ROWS, on_partial)
                    .map(Output::Table)
                    .map_err(|problem| self.place(workspace, &resolved, scope, cancel, problem))
            }
        }
    }

    /// The first rows of a source, where they are there much sooner than the sample that was asked for. What is wrong with
    /// the source, the sample says.
    fn first_rows(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
    ) -> Option<TableOutput> {
        let (CellSpec::Source(source), Some((file, _))) = (&resolved.spec, &resolved.file) else {
            return None;
        };
        let known = lock(&self.relations).get(&resolved.key(scope).ok()?).is_some();
        if known || scope != Scope::Sample || resolved.selection.is_some() {
            return None;
        }
        let first = access(&workspace.project).first_rows(source, file, FIRST_ROWS, cancel);
        first.ok()??.output(FIRST_ROWS as usize).ok()
    }

    /// The problem where the statement of a query that was being computed is wrong. polars compares some types with each
    /// other only when it has rows, so the parts of the statement are tried on a few.
    fn place(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
        problem: Problem,
    ) -> Problem {
        let reads = self.reads(workspace, resolved, scope, cancel);
        let few = reads.and_then(|reads| reads.of_few_rows(cancel)).ok();
        workspace.place_at_part(&resolved.name, problem, |part| {
            let rows = few.as_ref()?.query(part, cancel);
            rows.and_then(|rows| rows.page(0, 1)).err()
        })
    }

    /// The output of a cell, from the cache where it is there. `again` computes it in any case.
    pub fn run(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        again: bool,
        cancel: &Cancel,
    ) -> Result<Evaluated> {
        self.run_telling(workspace, cell, scope, again, cancel, None)
    }

    /// The same; `on_partial` is told what is known meanwhile: the first rows of a source of which a sample takes a while,
    /// and during a long scan what was seen so far.
    pub fn run_refined(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        again: bool,
        cancel: &Cancel,
        on_partial: &mut dyn FnMut(TableOutput),
    ) -> Result<Evaluated> {
        self.run_telling(workspace, cell, scope, again, cancel, Some(on_partial))
    }

    fn run_telling(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        again: bool,
        cancel: &Cancel,
        on_partial: Option<&mut dyn FnMut(TableOutput)>,
    ) -> Result<Evaluated> {
        let key = self.key(workspace, cell, scope)?;
        if !again && let Some(entry) = self.entry(workspace, &key) {
            return Ok(Evaluated {
                output: entry.output.clone(),
                seconds: entry.seconds,
                cached: true,
                key,
            });
        }
        let start = Instant::now();
        let output = self.refine(workspace, cell, scope, cancel, on_partial)?;
        Ok(Evaluated {
            output,
            seconds: start.elapsed().as_secs_f64(),
            cached: false,
            key,
        })
    }

    /// Keeps an output, so that the next evaluation of the same finds it, also in another process. An output of chosen
    /// rows is kept in memory only: nobody chooses the same again in another session.
    ///
    /// # Errors
    /// The disk can't be written to. Then it is in memory only.
    pub fn keep(&self, workspace: &Workspace, cell: &str, scope: Scope, evaluated: &Evaluated) -> Result<()> {
        let entry = Entry {
            output: evaluated.output.clone(),
            seconds: evaluated.seconds,
        };
        let on_disk = self.disk && workspace.selection.is_none();
        let disk = on_disk.then(|| DiskCache::of(&workspace.project));
        if !evaluated.cached {
            let entry = Arc::new(entry);
            self.remember(workspace, &evaluated.key, entry.clone());
            if let Some(disk) = &disk {
                disk.write(&evaluated.key, &entry)?;
            }
        }
        match disk {
            Some(disk) => disk.point(&workspace.notebook, cell, scope, &evaluated.key),
            None => Ok(()),
        }
    }

    /// What is kept for a cell: the output of the cell as it is, else the one that it had last. Nothing is computed.
    pub fn recall(&self, workspace: &Workspace, cell: &str, scope: Scope) -> Option<Recalled> {
        let recalled = |entry: Arc<Entry>, fresh| Recalled {
            output: entry.output.clone(),
            seconds: entry.seconds,
            fresh,
        };
        // A cell that can't be resolved, because its file is gone, still shows what it was.
        if let Some(entry) = self
            .key(workspace, cell, scope)
            .ok()
            .and_then(|key| self.entry(workspace, &key))
        {
            return Some(recalled(entry, true));
        }
        let disk = self.disk.then(|| DiskCache::of(&workspace.project))?;
        let latest = disk.latest(&workspace.notebook, cell, scope)?;
        self.entry(workspace, &latest).map(|entry| recalled(entry, false))
    }

    /// Rows of a source or query cell from the row `first` on, which counts from 0: at most [`DISPLAY_ROWS`] of them.
    pub fn page(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        first: u64,
        cancel: &Cancel,
    ) -> Result<Table> {
        let resolved = Resolved::new(workspace, cell)?;
        self.table(workspace, &resolved, scope, cancel)?
            .page(first, DISPLAY_ROWS)
            .map_err(|problem| self.place(workspace, &resolved, scope, cancel, problem))
    }

    /// What is kept under a key, in memory or on the disk.
    fn entry(&self, workspace: &Workspace, key: &str) -> Option<Arc<Entry>> {
        if let Some(entry) = lock(&self.outputs).get(key) {
            return Some(entry);
        }
        let disk = self.disk.then(|| DiskCache::of(&workspace.project))?;
        let entry = Arc::new(disk.read(key)?);
        self.remember(workspace, key, entry.clone());
        Some(entry)
    }

    fn remember(&self, workspace: &Workspace, key: &str, entry: Arc<Entry>) {
        let bytes = entry.memory_bytes();
        lock(&self.outputs).put(key.to_owned(), entry, bytes, memory_budget(workspace));
    }

    /// The rows of a source or query cell, as a plan.
    pub fn relation(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Relation> {
        let resolved = Resolved::new(workspace, cell)?;
        self.table(workspace, &resolved, scope, cancel)
    }

    /// What the output of a cell depends on: the meaning of the cell and of those above it, the content of the files
    /// and the choice of rows. Two outputs with the same key are the same.
    pub fn key(&self, workspace: &Workspace, cell: &str, scope: Scope) -> Result<String> {
        Resolved::new(workspace, cell)?.key(scope)
    }

    /// The table that a chart or train cell reads.
    pub(crate) fn input(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Relation> {
        let Some(input) = resolved.inputs.first() else {
            return Err(workspace.place(
                &resolved.name,
                Problem::new(Code::UnknownName, format!("`{}` reads no table", resolved.name))
                    .with_hint("set `data` to the name of a source or query cell"),
            ));
        };
        self.table(workspace, input, scope, cancel)
    }

    /// Opens a source of which all rows are to be shown: its profile may come with that.
    fn open_to_show(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
        on_partial: &mut dyn FnMut(TableOutput),
    ) -> Result<()> {
        let (CellSpec::Source(source), Some((file, _))) = (&resolved.spec, &resolved.file) else {
            return Ok(());
        };
        let key = resolved.key(scope)?;
        let known = lock(&self.relations).get(&key).is_some();
        if known || scope != Scope::All || resolved.selection.is_some() {
            return Ok(());
        }
        let relation = access(&workspace.project)
            .source_to_profile(source, file, DISPLAY_ROWS, cancel, on_partial)
            .map_err(|problem| workspace.place(&resolved.name, problem))?;
        let bytes = relation.memory_bytes();
        lock(&self.relations).put(key, relation, bytes, memory_budget(workspace));
        Ok(())
    }

    /// The rows of a source or query cell.
    pub(crate) fn table(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Relation> {
        let name = &resolved.name;
        let key = resolved.key(scope)?;
        let known = lock(&self.relations).get(&key);
        if let Some(relation) = known {
            // It may have kept rows since.
            let bytes = relation.memory_bytes();
            lock(&self.relations).put(key, relation.clone(), bytes, memory_budget(workspace));
            return Ok(relation.with_cancel(cancel));
        }
        let relation = match (&resolved.spec, &resolved.file) {
            (CellSpec::Source(source), Some((file, _))) => access(&workspace.project)
                .source(source, file, scope, cancel)
                .map_err(|problem| workspace.place(name, problem))?,
            (CellSpec::Query { sql }, _) => {
                let reads = self.reads(workspace, resolved, scope, cancel)?;
                let query = |sql: &str| reads.query(sql, cancel);
                query(sql)
                    .map_err(|problem| workspace.place_at_part(name, problem, |part| query(part).err()))?
            }
            _ => {
                return Err(workspace.place(
                    name,
                    Problem::new(Code::Unsupported, format!("`{name}` has no rows"))
                        .with_hint("name a source or query cell"),
                ));
            }
        };
        let relation = match &resolved.selection {
            Some(selection) => {
                chosen(&relation, selection).map_err(|problem| workspace.place(name, problem))?
            }
            None => relation,
        };
        let bytes = relation.memory_bytes();
        lock(&self.relations).put(key, relation.clone(), bytes, memory_budget(workspace));
        Ok(relation)
    }

    /// What a query reads.
    fn reads(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Reads> {
        let mut reads = Reads::default();
        for input in &resolved.inputs {
            let name = input.name.clone();
            if let CellSpec::Param(param) = &input.spec {
                reads.arguments.insert(name, Argument::of(param));
            } else {
                reads
                    .tables
                    .push((name, self.table(workspace, input, scope, cancel)?));
            }
        }
        Ok(reads)
    }
}

/// The rows of a table that were chosen in a chart.
fn chosen(relation: &Relation, selection: &Selection) -> Result<Relation> {
    let column = &selection.column;
    let field = relation.schema().iter().find(|field| field.name == *column);
    let field = field.ok_or_else(|| {
        Problem::new(
            Code::UnknownColumn,
            format!("there is no column `{column}` any more"),
        )
        .with_hint("clear the selection")
    })?;
    relation.selection(&ask::condition(field, &selection.condition)?)
}

/// Bytes that samples may take, and outputs again.
fn memory_budget(workspace: &Workspace) -> u64 {
    workspace.project.spec.cache.memory_mb.saturating_mul(1 << 20) / 2
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
