//! A train cell for a column where none was written, so that kinds of models can be tried on a table right away.

use crate::{Cancel, Evaluator, Result, Workspace};
use aloft_data::Setting;
use aloft_notebook::Document;
use aloft_spec::{
    CellKind, Code, DataClass, Finding, FindingCode, Problem, table::Scope, text::nearest, train::TrainSpec,
};
use std::collections::BTreeSet;

/// A notebook with a train cell for a column.
#[derive(Debug)]
pub struct Predicting {
    /// The notebook with that cell; the file stays as it is.
    pub workspace: Workspace,
    /// The cell's name.
    pub cell: String,
    /// The table that it learns from.
    pub data: String,
    /// Why columns are left out of it.
    pub left_out: Vec<Finding>,
}

/// A train cell that predicts `target` from the table `data`, or from the last source or query that has the column. Columns
/// that all but equal the target, or have another value in each row, are left out.
///
/// # Errors
/// `UnknownColumn` where no table has the column, `UnknownName` for a table that isn't there; what evaluating them can give.
pub fn predicting(
    evaluator: &Evaluator,
    workspace: &Workspace,
    target: &str,
    data: Option<&str>,
    today: i64,
    cancel: &Cancel,
) -> Result<Predicting> {
    let data = match data {
        Some(data) => data.to_owned(),
        None => table_with(evaluator, workspace, target, cancel)?,
    };
    if !tables(&workspace.document).contains(&data) {
        return Err(
            Problem::new(Code::UnknownName, format!("there is no source or query `{data}`"))
                .in_file(&workspace.notebook)
                .with_hint(format!(
                    "the notebook's tables: {}",
                    tables(&workspace.document).join(", ")
                )),
        );
    }
    let relation = evaluator.relation(workspace, &data, Scope::Sample, cancel)?;
    let placed = |problem| workspace.place(&data, problem);
    let class = DataClass::Public;
    let mut left_out = relation
        .training_findings(&TrainSpec::new(&data, target))
        .map_err(placed)?;
    left_out.extend(relation.findings(Setting { today, class }).map_err(placed)?);
    left_out.retain(|finding| {
        matches!(finding.code, FindingCode::Leakage | FindingCode::Identifier)
            && !finding.columns.iter().all(|column| column == target)
    });
    let ignored: BTreeSet<&String> = left_out
        .iter()
        .flat_map(|finding| &finding.columns)
        .filter(|column| *column != target)
        .collect();
    // Something has to be left to learn from; who reads the findings may still take columns out.
    let enough = ignored.len() + 1 < relation.schema().len();
    let ignored: Vec<&String> = ignored.into_iter().filter(|_| enough).collect();
    let mut body = format!("data = {data:?}\ntarget = {target:?}\n");
    if !ignored.is_empty() {
        body.push_str(&format!("ignore = {ignored:?}\n"));
    }
    if !enough {
        left_out.clear();
    }
    let cell = workspace.document.unused_name(&target.to_lowercase());
    Ok(Predicting {
        workspace: workspace.with_train_cell(&data, &cell, &body),
        cell,
        data,
        left_out,
    })
}

/// The sources and queries of a notebook, in order of the text.
fn tables(document: &Document) -> Vec<String> {
    let tables = document.cells();
    tables
        .filter(|cell| matches!(cell.kind, CellKind::Source | CellKind::Query))
        .map(|cell| cell.name.clone())
        .collect()
}

/// The last table that has a column.
fn table_with(evaluator: &Evaluator, workspace: &Workspace, column: &str, cancel: &Cancel) -> Result<String> {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut failed = None;
    for table in tables(&workspace.document).into_iter().rev() {
        cancel.check()?;
        match evaluator.relation(workspace, &table, Scope::Sample, cancel) {
            Ok(relation) => {
                let mut names = relation.schema().iter().map(|field| &field.name);
                if names.any(|name| name == column) {
                    return Ok(table);
                }
                known.extend(relation.schema().iter().map(|field| field.name.clone()));
            }
            // Another table may be the one that is meant.
            Err(problem) => failed = failed.or(Some(problem)),
        }
    }
    if let Some(problem) = failed {
        return Err(problem);
    }
    let problem = Problem::new(
        Code::UnknownColumn,
        format!("no source or query has a column `{column}`"),
    )
    .in_file(&workspace.notebook);
    let near = nearest(column, known.iter().map(String::as_str));
    Err(match near.is_empty() {
        false => problem.with_hint(format!("did you mean `{}`?", near.join("` or `"))),
        true => problem.with_hint("`aloft profile FILE` lists the columns of a data file"),
    })
}
