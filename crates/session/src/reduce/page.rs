//! Pages of tables that have more rows than they hold for display.

use crate::state::{State, Work};
use aloft_protocol::{BlockId, TaskId, operation::Rows, snapshot::PageView};
use aloft_spec::{Code, Output, Problem, table::Table};
use std::sync::Arc;

/// Shows the rows from `first` on; the first page is the output itself.
pub fn show(state: &mut State, block: BlockId, first: u64) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let Some(name) = notebook.cell_name(block).map(str::to_owned) else {
        return;
    };
    let Some(Output::Table(output)) = notebook.shown(&name) else {
        return;
    };
    if first >= output.profile.extent.rows {
        return;
    }
    let cell = notebook.cell_mut(&name);
    let rows = cell.rows.unwrap_or(Rows::Sample);
    if first == 0 {
        cell.page = None;
    } else {
        cell.page = Some(PageView { first, table: None });
    }
    // One page of a table is fetched at a time, the one that was wanted last.
    let others = state.tasks.iter().filter_map(|task| match &task.work {
        Work::Page { cell, .. } if *cell == name => Some(task.id),
        _ => None,
    });
    for id in others.collect::<Vec<_>>() {
        if let Some(task) = state.end_task(id) {
            task.cancel.cancel();
        }
    }
    if first > 0 {
        let label = format!("Fetching rows of {name}");
        state.add_task(
            label,
            Work::Page {
                cell: name,
                rows,
                first,
            },
        );
    }
}

/// Further rows were fetched.
pub fn paged(state: &mut State, task: TaskId, result: Result<Table, Problem>) {
    let Some(task) = state.end_task(task) else { return };
    let Work::Page { cell, first, .. } = task.work else {
        return;
    };
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let cell = notebook.cell_mut(&cell);
    // Another page may be wanted by now, or the output is another one.
    let wanted = cell.page.as_ref().is_some_and(|page| page.first == first);
    match result {
        Ok(table) if wanted => {
            cell.page = Some(PageView {
                first,
                table: Some(Arc::new(table)),
            });
        }
        Ok(_) => {}
        Err(problem) => {
            if wanted {
                cell.page = None;
            }
            if problem.code != Code::Stopped {
                state.report(problem);
            }
        }
    }
}
