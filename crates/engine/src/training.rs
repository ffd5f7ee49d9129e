//! Train cells to run folders: the rows that are needed, in a snapshot, and the record of what was asked.

use crate::{
    Cancel, Evaluator, Result, Workspace,
    columns::require_column,
    resolved::{Resolved, json},
};
use aloft_data::{Relation, SnapshotFile};
use aloft_spec::{
    Code, Problem,
    run::{FORMAT, Metrics, RunData, RunRecord, RunStatus},
    table::{ColumnKind, Field, Scope},
    train::TrainSpec,
};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A train cell, checked against the table that it learns from.
pub(crate) struct Training {
    pub resolved: Arc<Resolved>,
    pub spec: TrainSpec,
    pub relation: Relation,
    /// The columns that the run needs, in the table's order: those it learns from, the target, those that divide or order
    /// the rows.
    pub columns: Vec<String>,
}

impl Training {
    /// Evaluates the cell's table and checks every column that the cell names.
    pub fn new(
        evaluator: &Evaluator,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Self> {
        let spec = workspace.train(cell)?;
        let resolved = Resolved::new(workspace, cell)?;
        let relation = evaluator.input(workspace, &resolved, scope, cancel)?;
        let schema = relation.schema();
        let check = |key: &str, column: &str| require_column(workspace, cell, key, column, schema);
        if !spec.target.is_empty() {
            check("target", &spec.target)?;
        }
        for label in &spec.labels {
            check("labels", label)?;
        }
        if let Some(text) = &spec.text {
            check("text.column", &text.column)?;
        }
        if let Some(image) = &spec.image {
            check("image.column", &image.column)?;
        }
        for feature in &spec.features {
            check("features", feature)?;
        }
        for column in &spec.ignore {
            check("ignore", column)?;
        }
        for column in spec.model.trees.monotone.keys() {
            check("model.trees.monotone", column)?;
            let field = schema.iter().find(|field| field.name == *column);
            let is_number = |field: &&Field| matches!(field.kind, ColumnKind::Integer | ColumnKind::Float);
            if let Some(field) = field.filter(|field| !is_number(field)) {
                let message = format!(
                    "`monotone` is of columns of numbers, and `{column}` is {}",
                    field.dtype
                );
                let problem = Problem::new(Code::BadValue, message)
                    .with_hint("remove it, or make a number of it in a query");
                return Err(workspace.place_at_word(cell, column, problem));
            }
        }
        if let Some(column) = &spec.split.column {
            check("split.column", column)?;
        }
        if let Some(forecast) = &spec.forecast {
            check("forecast.time", &forecast.time)?;
            for column in &forecast.series {
                check("forecast.series", column)?;
            }
            for column in &forecast.known {
                check("forecast.known", column)?;
            }
            // Windows need neighbouring rows, which the latest and the first ones are.
            if matches!(relation.scope(), Scope::Sample | Scope::Stratified) {
                return Err(workspace.place(
                    cell,
                    Problem::new(
                        Code::BadValue,
                        format!(
                            "a forecast needs every step, and `{}` is a sample of single rows",
                            spec.data
                        ),
                    )
                    .with_hint(format!(
                        "give the source `sample = {{ method = \"time\", by = {:?} }}`, or train on all rows",
                        forecast.time
                    )),
                ));
            }
        }
        let columns = needed_columns(&spec, schema);
        let relation = match &spec.image {
            Some(image) => pictures(&resolved, &relation, &image.column)?,
            None => relation,
        };
        // A series can be predicted from itself.
        if spec.forecast.is_none() && columns.iter().all(|column| spec.targets().contains(column)) {
            return Err(workspace.place(
                cell,
                Problem::new(Code::EmptyData, "there is no column to learn from")
                    .with_hint("name some in `features`, or take some out of `ignore`"),
            ));
        }
        Ok(Self {
            resolved,
            spec,
            relation,
            columns,
        })
    }

    /// The rows as a file under the project's state folder, named by its hash. What the run's rows may take of memory is
    /// what sorting them may.
    pub fn snapshot(&self, workspace: &Workspace) -> Result<SnapshotFile> {
        let snapshots = workspace.project.state_dir().join("snapshots");
        let bytes = self
            .spec
            .memory_mb
            .map_or(u64::MAX, |megabytes| megabytes.saturating_mul(1_000_000));
        self.relation
            .snapshot_within(&snapshots, &self.columns, bytes)
            .map_err(|problem| workspace.place(&self.resolved.name, problem))
    }

    /// The same, where a model can learn from them.
    ///
    /// # Errors
    /// `EmptyData` without rows, `BadValue` for a target without values.
    pub fn rows(&self, workspace: &Workspace) -> Result<SnapshotFile> {
        let data = self.snapshot(workspace)?;
        let cell = &self.resolved.name;
        if data.rows == 0 {
            return Err(workspace.place(
                cell,
                Problem::new(Code::EmptyData, format!("`{}` has no rows", self.spec.data))
                    .with_hint("look at the table: a filter may keep nothing"),
            ));
        }
        let targets = self.spec.targets();
        if let Some(target) = targets.iter().find(|target| !data.columns.contains(target)) {
            let problem = Problem::new(
                Code::BadValue,
                format!("the target `{target}` has no value a model could learn"),
            )
            .with_hint("it is empty in all rows, or holds lists, structs or bytes");
            return Err(workspace.place_at_word(cell, target, problem));
        }
        Ok(data)
    }

    /// The record of a run on these rows that nothing has executed yet: of the cell itself, or of a trial that has a
    /// specification of its own.
    pub fn record(
        &self,
        workspace: &Workspace,
        cell: &str,
        train: TrainSpec,
        data: &SnapshotFile,
    ) -> Result<RunRecord> {
        let code_hash = self.code_hash(&train)?;
        let now = Timestamp::now();
        Ok(RunRecord {
            format: FORMAT,
            id: aloft_runs::new_id(cell, now, &code_hash),
            cell: cell.to_owned(),
            notebook: workspace.notebook.to_string_lossy().into_owned(),
            created_at: format!("{now:.3}"),
            aloft: env!("CARGO_PKG_VERSION").to_owned(),
            status: RunStatus::Created,
            device: None,
            code_hash,
            data: RunData {
                hash: data.hash.clone(),
                bytes: data.bytes,
                rows: data.rows,
                columns: data.columns.clone(),
                extent: data.extent.clone(),
                class: self.resolved.class(),
            },
            train,
            sweep: None,
            thresholds: workspace.project.spec.thresholds.clone(),
            policy: workspace.project.spec.policy.clone(),
            lineage: self.resolved.lineage(),
            forecast: None,
            outcome: None,
            metrics: Metrics::new(),
            problem: None,
        })
    }

    /// Hash of a resolved cell and of all that its rows came from: the same code has the same hash, whatever its
    /// comments and the order of its keys.
    fn code_hash(&self, train: &TrainSpec) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(json(train)?.as_bytes());
        for (name, text) in self.resolved.lineage() {
            for part in [name, text] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

/// Writes the rows of a train cell into a snapshot and makes a run folder around it; nothing is executed yet.
pub fn prepare_run(
    evaluator: &Evaluator,
    workspace: &Workspace,
    cell: &str,
    scope: Scope,
    cancel: &Cancel,
) -> Result<PathBuf> {
    let training = Training::new(evaluator, workspace, cell, scope, cancel)?;
    let data = training.rows(workspace)?;
    let record = training.record(workspace, cell, training.spec.clone(), &data)?;
    aloft_runs::create(&workspace.project.runs_dir(), record, &data.path)
}

/// Starts the worker of a run, or starts one again that goes on from the last checkpoint. Returns its process id.
pub fn start(run_dir: &Path) -> Result<u32> {
    aloft_runs::spawn_worker(&aloft_runs::worker_program()?, run_dir, None)
}

/// Removes a run that nothing has executed and that wasn't sent: someone looked at a preflight and said no.
pub fn discard(run_dir: &Path) -> Result<()> {
    let untouched =
        aloft_runs::status(run_dir)? == RunStatus::Created && aloft_runs::read_job(run_dir)?.is_none();
    if !untouched {
        return Err(Problem::new(Code::Unsupported, "the run was started and is kept").in_file(run_dir));
    }
    std::fs::remove_dir_all(run_dir).map_err(|error| {
        Problem::new(Code::Unreadable, format!("the run can't be removed: {error}")).in_file(run_dir)
    })
}

/// The table with its pictures as bytes: those that it holds, or the files that it names below the folder of pictures that
/// it comes from.
fn pictures(resolved: &Resolved, relation: &Relation, column: &str) -> Result<Relation> {
    let named = relation
        .schema()
        .iter()
        .any(|field| field.name == column && field.kind == ColumnKind::Text);
    match resolved.folder() {
        Some(folder) if named => relation.with_files(column, folder),
        _ => Ok(relation.clone()),
    }
}

fn needed_columns(spec: &TrainSpec, schema: &[Field]) -> Vec<String> {
    let read = spec.image.as_ref().map(|image| &image.column);
    let read = read.or(spec.text.as_ref().map(|text| &text.column));
    let learned = |name: &String| match read {
        Some(read) => read == name,
        None => named(spec, name),
    };
    let orders = |name: &String| {
        spec.split.column.as_ref() == Some(name)
            || spec.forecast.as_ref().is_some_and(|forecast| {
                forecast.time == *name || forecast.series.contains(name) || forecast.known.contains(name)
            })
    };
    schema
        .iter()
        .filter(|field| {
            let name = &field.name;
            let pictures = read == Some(name);
            spec.targets().contains(name)
                || orders(name)
                || (learned(name) && (pictures || field.dtype != "binary"))
        })
        .map(|field| field.name.clone())
        .collect()
}

/// Whether a cell lists a column to learn from.
fn named(spec: &TrainSpec, name: &String) -> bool {
    (spec.features.is_empty() || spec.features.contains(name)) && !spec.ignore.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::inputs::ForecastSpec;

    #[test]
    fn a_run_takes_only_the_columns_it_needs() {
        let schema: Vec<Field> = ["a", "b", "day", "late"]
            .map(|name| Field {
                name: name.into(),
                dtype: "i64".into(),
                kind: ColumnKind::Integer,
            })
            .into();
        let mut spec = TrainSpec::new("t", "late");
        assert_eq!(needed_columns(&spec, &schema), ["a", "b", "day", "late"]);
        spec.ignore = vec!["b".into(), "day".into()];
        assert_eq!(needed_columns(&spec, &schema), ["a", "late"]);
        spec.split.column = Some("day".into());
        assert_eq!(needed_columns(&spec, &schema), ["a", "day", "late"]);
        spec.features = vec!["b".into(), "a".into()];
        spec.ignore = vec![];
        assert_eq!(needed_columns(&spec, &schema), ["a", "b", "day", "late"]);
        spec.split.column = None;
        spec.features = vec!["a".into()];
        spec.forecast = Some(ForecastSpec::new("day"));
        assert_eq!(needed_columns(&spec, &schema), ["a", "day", "late"]);
    }
}
