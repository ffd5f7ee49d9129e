//! Columns that cells name, held against the tables that they read.

use crate::{Result, Workspace};
use aloft_spec::{Code, Problem, chart::ChartSpec, table::Field, text::nearest};

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

/// All columns that a chart names have to be there.
pub(crate) fn check_chart(
    workspace: &Workspace,
    cell: &str,
    chart: &ChartSpec,
    schema: &[Field],
) -> Result<()> {
    chart
        .named_columns()
        .try_for_each(|(key, column)| require_column(workspace, cell, key, column, schema))
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
