//! Cells to outputs. Relations are kept, so that running a whole notebook opens each source and draws each sample once.

use crate::{Result, Workspace, resolved::Resolved};
use aloft_data::{Cancel, Relation};
use aloft_spec::{
    CellSpec, Code, Output, Problem,
    chart::ChartSpec,
    table::{Field, Scope},
    text::nearest,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows that a table holds for display, at most.
pub const DISPLAY_ROWS: usize = 50_000;

/// Relations kept at most. A notebook rarely has more tables, and each sample takes memory.
const KEPT_RELATIONS: usize = 24;

/// Evaluates cells. Keep one between edits: a relation is used again as long as its cell, the cells above it and the
/// files below it are the same.
#[derive(Default)]
pub struct Evaluator {
    /// By key, the latest used last.
    kept: Mutex<VecDeque<(String, Relation)>>,
}

impl Evaluator {
    /// An evaluator that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The output of a source, query or chart cell; its inputs are evaluated where they aren't yet.
    pub fn evaluate(
        &self,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        cancel: &Cancel,
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
                let relation = self.table(workspace, &resolved, scope, cancel)?;
                relation
                    .output(DISPLAY_ROWS)
                    .map(Output::Table)
                    .map_err(|problem| in_body(workspace, cell, problem))
            }
        }
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

    fn table(
        &self,
        workspace: &Workspace,
        resolved: &Resolved,
        scope: Scope,
        cancel: &Cancel,
    ) -> Result<Relation> {
        let name = &resolved.name;
        let key = resolved.key(scope)?;
        if let Some(relation) = self.kept(&key) {
            return Ok(relation.with_cancel(cancel));
        }
        let relation = match (&resolved.spec, &resolved.file) {
            (CellSpec::Source(source), Some((file, _))) => aloft_data::source(source, file, scope, cancel)
                .map_err(|problem| workspace.place(name, problem))?,
            (CellSpec::Query { sql }, _) => {
                let inputs = resolved
                    .inputs
                    .iter()
                    .map(|input| {
                        let relation = self.table(workspace, input, scope, cancel)?;
                        Ok((input.name.clone(), relation))
                    })
                    .collect::<Result<Vec<_>>>()?;
                let inputs: Vec<(String, &Relation)> = inputs
                    .iter()
                    .map(|(name, relation)| (name.clone(), relation))
                    .collect();
                aloft_data::query(sql, &inputs, cancel)
                    .map_err(|problem| in_body(workspace, name, problem))?
            }
            _ => {
                return Err(workspace.place(
                    name,
                    Problem::new(Code::Unsupported, format!("`{name}` has no rows"))
                        .with_hint("name a source or query cell"),
                ));
            }
        };
        self.keep(key, relation.clone());
        Ok(relation)
    }

    fn kept(&self, key: &str) -> Option<Relation> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == key)?;
        let entry = kept.remove(at)?;
        let relation = entry.1.clone();
        kept.push_back(entry);
        Some(relation)
    }

    fn keep(&self, key: String, relation: Relation) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != key);
        kept.push_back((key, relation));
        while kept.len() > KEPT_RELATIONS {
            kept.pop_front();
        }
    }
}

/// A column that a cell names has to be there; the place is where the cell names it.
pub(crate) fn require_column(
    workspace: &Workspace,
    cell: &str,
    key: &str,
    column: &str,
    schema: &[Field],
) -> Result<()> {
    if schema.iter().any(|field| field.name == column) {
        return Ok(());
    }
    let problem = Problem::new(
        Code::UnknownColumn,
        format!("`{key}` names the column `{column}`, which the table doesn't have"),
    )
    .with_hint(meant(column, schema));
    Err(workspace.place_at_word(cell, column, problem))
}

fn check_chart(workspace: &Workspace, cell: &str, chart: &ChartSpec, schema: &[Field]) -> Result<()> {
    require_column(workspace, cell, "x", &chart.x, schema)?;
    match &chart.y {
        Some(y) => require_column(workspace, cell, "y", y, schema),
        None => Ok(()),
    }
}

/// The columns that may have been meant, else as many as a reader wants.
fn meant(column: &str, schema: &[Field]) -> String {
    const SHOWN: usize = 40;
    let columns = || schema.iter().map(|field| field.name.as_str());
    let near = nearest(column, columns());
    if !near.is_empty() {
        return format!("did you mean `{}`?", near.join("` or `"));
    }
    let mut text = format!(
        "its columns: {}",
        columns().take(SHOWN).collect::<Vec<_>>().join(", ")
    );
    if schema.len() > SHOWN {
        text.push_str(&format!(" and {} more", schema.len() - SHOWN));
    }
    text
}

/// SQL problems come without a place; the first name that the message quotes and the cell's body holds is one.
fn in_body(workspace: &Workspace, cell: &str, problem: Problem) -> Problem {
    if problem.place.is_some() {
        return problem;
    }
    let quoted = problem
        .message
        .split(['"', '`', '\''])
        .skip(1)
        .step_by(2)
        .find(|word| {
            workspace
                .document
                .cell(cell)
                .is_some_and(|found| !word.is_empty() && found.body(&workspace.document).contains(word))
        })
        .map(str::to_owned);
    match quoted {
        Some(word) => workspace.place_at_word(cell, &word, problem),
        None => workspace.place(cell, problem),
    }
}
