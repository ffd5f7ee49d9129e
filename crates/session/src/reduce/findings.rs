//! What may be wrong with the data of cells: looked for once after each change, when the tables are there.

use super::schedule::workspace;
use crate::message::Effect;
use crate::state::{OpenNotebook, State};
use aloft_spec::{CellKind, Finding, Output, Problem};
use std::sync::Arc;

/// Looks at the cells whose present text hasn't been looked at and whose rows are known.
pub fn schedule(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(notebook) = state.notebook() else { return };
    let due: Vec<(String, String)> = notebook
        .document
        .cells()
        .filter(|cell| has_rows(notebook, cell))
        .map(|cell| (cell.name.clone(), notebook.key(&cell.name)))
        .filter(|(name, key)| {
            notebook
                .cells
                .get(name)
                .and_then(|known| known.looked_at.as_ref())
                != Some(key)
        })
        .collect();
    if due.is_empty() {
        return;
    }
    let Some(workspace) = workspace(state) else { return };
    for (cell, key) in due {
        if let Some(notebook) = state.notebook_mut() {
            notebook.cell_mut(&cell).looked_at = Some(key.clone());
        }
        effects.push(Effect::Look {
            workspace: workspace.clone(),
            cell,
            key,
        });
    }
}

/// Whether a table shows its present rows, or a train cell reads one that does.
fn has_rows(notebook: &OpenNotebook, cell: &aloft_notebook::Cell) -> bool {
    let shows = |name: &str| {
        notebook.cells.get(name).is_some_and(|known| {
            matches!(known.output, Some(Output::Table(_))) && known.key.as_ref() == Some(&notebook.key(name))
        })
    };
    match cell.kind {
        CellKind::Source | CellKind::Query => shows(&cell.name),
        CellKind::Train => notebook
            .document
            .dependencies(&cell.name)
            .iter()
            .any(|input| shows(input)),
        _ => false,
    }
}

/// A cell was looked at. What can't be looked at can't be run either, and says so there.
pub fn looked(state: &mut State, cell: &str, key: String, result: Result<Vec<Finding>, Problem>) {
    if let (Some(notebook), Ok(findings)) = (state.notebook_mut(), result)
        && notebook.document.cell(cell).is_some()
    {
        notebook.cell_mut(cell).findings = Some((key, Arc::new(findings)));
    }
}
