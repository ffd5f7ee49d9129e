//! Rows that are chosen in a chart: whatever reads them is evaluated on them, beside its output on all rows, which is
//! there again at once when the choice is taken back.

use crate::selection::OfChosen;
use crate::state::{OpenNotebook, State, Work};
use aloft_protocol::{BlockId, operation::Rows};
use aloft_spec::{Code, Output, Problem, chart::Brush};
use std::time::{Duration, Instant};

/// Choices that follow each other faster, as those of an arrow that is held, are passed over: the last one is evaluated
/// once it has stood for so long.
const STANDS: Duration = Duration::from_millis(150);

/// Chooses rows in place of those chosen before; the same once more takes the choice back.
pub fn select(state: &mut State, block: BlockId, brush: Brush, now: Instant) {
    let Some(notebook) = state.notebook() else { return };
    match notebook.chosen(block, brush) {
        Ok(chosen) if chosen.is_some() && chosen == notebook.chosen => clear(state),
        Ok(Some(chosen)) => {
            stop(state);
            if let Some(notebook) = state.notebook_mut() {
                notebook.chosen = Some(chosen);
                let hurries = notebook.chosen_at.is_some_and(|before| now < before + STANDS);
                notebook.select_due = hurries.then(|| now + STANDS);
                notebook.chosen_at = Some(now);
                // Further rows on the screen are of the rows chosen before.
                notebook.cells.values_mut().for_each(|cell| cell.page = None);
            }
        }
        Ok(None) => {}
        Err(problem) => state.report(problem),
    }
}

/// All rows again.
pub fn clear(state: &mut State) {
    stop(state);
    if let Some(notebook) = state.notebook_mut()
        && notebook.chosen.take().is_some()
    {
        notebook.select_due = None;
        for cell in notebook.cells.values_mut() {
            cell.forget_chosen();
            cell.page = None;
        }
    }
}

/// Evaluates what shows other rows than those that are chosen.
pub fn schedule(state: &mut State, now: Instant) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let Some(chosen) = &notebook.chosen else { return };
    if !notebook.is_sound(chosen) {
        return clear(state);
    }
    if notebook.select_due.is_some_and(|due| now < due) {
        return;
    }
    notebook.select_due = None;
    for (cell, rows) in due(notebook) {
        let work = Work::Select { cell, rows };
        if let Work::Select { cell, .. } = &work
            && !state.tasks.iter().any(|task| task.work == work)
        {
            state.add_task(format!("Selecting rows of {cell}"), work);
        }
    }
}

/// Cells whose output is of their present text, and that have none of the chosen rows yet.
fn due(notebook: &OpenNotebook) -> Vec<(String, Rows)> {
    let order = notebook.document.order().into_iter();
    order
        .filter(|name| {
            notebook.follows(name) && notebook.is_fresh(name) && notebook.of_chosen(name).is_none()
        })
        .filter_map(|name| {
            let rows = notebook.cells.get(&name)?.rows.unwrap_or(Rows::Sample);
            Some((name, rows))
        })
        .collect()
}

/// A cell was evaluated on the rows that were chosen when it began.
pub fn selected(state: &mut State, cell: &str, key: String, result: Result<Output, Problem>) {
    if let Some(notebook) = state.notebook_mut() {
        let cell = notebook.cell_mut(cell);
        cell.of_chosen = Some(OfChosen { key, result });
    }
}

/// Evaluating a cell on the chosen rows was stopped before it began.
pub fn stopped(state: &mut State, cell: &str) {
    let key = state.notebook().and_then(|notebook| notebook.chosen_key(cell));
    if let Some(key) = key {
        selected(state, cell, key, Err(Problem::new(Code::Stopped, "stopped")));
    }
}

/// Ends what was being evaluated on rows that are chosen no more.
fn stop(state: &mut State) {
    let ids: Vec<_> = state
        .tasks
        .iter()
        .filter(|task| matches!(task.work, Work::Select { .. }))
        .map(|task| task.id)
        .collect();
    for id in ids {
        if let Some(task) = state.end_task(id) {
            task.cancel.cancel();
        }
    }
}
