//! Edits of the notebook's text, undo, saving and recovery.

use super::{sweep, window};
use crate::history::Step;
use crate::message::{Effect, NotebookText};
use crate::state::{OpenNotebook, State};
use aloft_notebook::Block;
use aloft_protocol::{BlockId, snapshot::CellState};
use aloft_spec::{
    CellKind, Code, DataClass, Output, Problem, param::ParamValue, sweep::Values, table::ColumnKind,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The journal is written so long after the last change.
const JOURNAL_DELAY: Duration = Duration::from_millis(700);
/// Cheap cells are evaluated again so long after the last change.
const REFRESH_DELAY: Duration = Duration::from_millis(600);

/// How often the file is looked at for changes by other programs.
const LOOK_INTERVAL: Duration = Duration::from_secs(4);

/// How soon they are after another value of a parameter. Unlike typing, a drag doesn't put that off.
const PARAM_DELAY: Duration = Duration::from_millis(150);

/// Changes the text of the open notebook.
fn change(
    state: &mut State,
    step: Step,
    now: Instant,
    edit: impl FnOnce(&OpenNotebook) -> Result<Option<String>, Problem>,
) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    match edit(notebook) {
        Ok(Some(text)) => {
            let before = notebook.text();
            if *text == *before {
                return;
            }
            notebook.history.record(&before, step, now);
            let typed = match step {
                Step::Typing(block) => Some(block),
                Step::Alone | Step::Continued => None,
            };
            notebook.set_text(text, typed);
            changed(notebook, now);
        }
        Ok(None) => {}
        Err(problem) => state.report(problem),
    }
}

fn changed(notebook: &mut OpenNotebook, now: Instant) {
    notebook.journal_due = Some(now + JOURNAL_DELAY);
    notebook.refresh_due = Some(now + REFRESH_DELAY);
    refresh_states(notebook);
}

/// Marks what follows a change as stale, and what a change back made fresh again as done.
pub fn refresh_states(notebook: &mut OpenNotebook) {
    let names: Vec<String> = notebook.cells.keys().cloned().collect();
    for name in names {
        let key = notebook.key(&name);
        let cell = notebook.cell_mut(&name);
        let fresh = cell.key.as_ref() == Some(&key);
        let done = CellState::Done {
            seconds: cell.seconds,
            cached: false,
        };
        let shows = cell.output.is_some() || cell.training.is_some() || cell.leaderboard.is_some();
        // What failed with another text didn't fail with this one, which may have been done before.
        let failed_before =
            matches!(cell.state, CellState::Failed { .. }) && cell.tried.as_ref() != Some(&key);
        let next = match &cell.state {
            CellState::Done { .. } if !fresh => CellState::Stale,
            CellState::Stale if fresh => done,
            _ if failed_before && fresh && shows => done,
            _ if failed_before && shows => CellState::Stale,
            _ if failed_before => CellState::New,
            _ => continue,
        };
        cell.state = next;
    }
}

pub fn text(state: &mut State, block: BlockId, text: &str, now: Instant) {
    change(state, Step::Typing(block), now, |notebook| {
        Ok(notebook
            .index(block)
            .map(|index| notebook.document.replace_block(index, text)))
    });
}

/// Another text for a block, written by a click: a step of its own.
pub fn replace(state: &mut State, block: BlockId, text: &str, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        Ok(notebook
            .index(block)
            .map(|index| notebook.document.replace_block(index, text)))
    });
}

/// Another value of a parameter; `continues` is true for the later steps of one drag.
pub fn set_param(state: &mut State, block: BlockId, value: &ParamValue, continues: bool, now: Instant) {
    let due = state.notebook().and_then(|notebook| notebook.refresh_due);
    let step = if continues { Step::Continued } else { Step::Alone };
    change(state, step, now, |notebook| {
        notebook
            .cell_name(block)
            .map(|name| notebook.document.set_param(name, value))
            .transpose()
    });
    if let Some(notebook) = state.notebook_mut()
        && notebook.refresh_due.is_some()
    {
        let soon = now + PARAM_DELAY;
        notebook.refresh_due = Some(due.map_or(soon, |due| due.min(soon)));
    }
}

pub fn rename(state: &mut State, block: BlockId, name: &str, now: Instant, effects: &mut Vec<Effect>) {
    let before = state
        .notebook()
        .and_then(|notebook| notebook.cell_name(block))
        .map(str::to_owned);
    change(state, Step::Alone, now, |notebook| {
        notebook
            .index(block)
            .map(|index| notebook.document.rename_cell(index, name))
            .transpose()
    });
    // What is known of the cell goes along with its new name.
    if let (Some(before), Some(notebook)) = (before, state.notebook_mut())
        && notebook.document.cell(&before).is_none()
        && notebook.document.cell(name).is_some()
    {
        if let Some(cell) = notebook.cells.remove(&before) {
            notebook.cells.insert(name.to_owned(), cell);
            refresh_states(notebook);
        }
        window::renamed(state, &before, name, effects);
    }
}

pub fn insert(
    state: &mut State,
    after: Option<BlockId>,
    kind: &CellKind,
    stem: &str,
    body: &str,
    now: Instant,
) {
    change(state, Step::Alone, now, |notebook| {
        let index = after.and_then(|block| notebook.index(block));
        let name = notebook.document.unused_name(stem);
        Ok(Some(notebook.document.insert_cell(index, kind, &name, body)))
    });
}

/// The last cell before a place that gives a table, or the last one at all.
fn table_before(notebook: &OpenNotebook, after: Option<BlockId>) -> Option<String> {
    let end = after
        .and_then(|block| notebook.index(block))
        .map_or(usize::MAX, |index| index + 1);
    let tables = |block: &Block| match block {
        Block::Cell(cell) if matches!(cell.kind, CellKind::Source | CellKind::Query) => {
            Some(cell.name.clone())
        }
        _ => None,
    };
    let blocks = notebook.document.blocks();
    let before = blocks.iter().take(end).filter_map(tables).next_back();
    before.or_else(|| blocks.iter().filter_map(tables).next_back())
}

pub fn add_cell(state: &mut State, after: Option<BlockId>, kind: &CellKind, now: Instant) {
    let Some(notebook) = state.notebook() else { return };
    let table = table_before(notebook, after);
    let columns = table
        .as_ref()
        .and_then(|table| table_columns(notebook, table))
        .unwrap_or_default();
    let data = table.clone().unwrap_or_else(|| "table".into());
    let column = |numeric: bool| {
        columns
            .iter()
            .find(|(_, kind)| matches!(kind, ColumnKind::Integer | ColumnKind::Float) == numeric)
            .or(columns.first())
            .map_or_else(|| "column".to_owned(), |(name, _)| name.clone())
    };
    let file = state
        .open
        .as_ref()
        .and_then(|open| open.files.first())
        .map(|file| file.path.clone());
    let (stem, body) = match kind {
        CellKind::Source => {
            let path = file.unwrap_or_else(|| "data/table.csv".into());
            ("table".to_owned(), format!("path = {path:?}\n"))
        }
        CellKind::Param => (
            "threshold".to_owned(),
            "kind = \"number\"\nvalue = 10\nmin = 0\nmax = 100\n".to_owned(),
        ),
        CellKind::Query => ("query".to_owned(), format!("SELECT * FROM {data}\n")),
        CellKind::Chart => (
            "chart".to_owned(),
            format!("data = {data:?}\nmark = \"histogram\"\nx = {:?}\n", column(true)),
        ),
        CellKind::Train => (
            "model".to_owned(),
            format!("data = {data:?}\ntarget = {:?}\n", column(false)),
        ),
        CellKind::Sweep => ("search".to_owned(), sweep::template(notebook, after)),
        CellKind::Unknown(_) => ("cell".to_owned(), String::new()),
    };
    insert(state, after, kind, &stem, &body, now);
}

/// Columns of a table that a cell has shown.
fn table_columns(notebook: &OpenNotebook, cell: &str) -> Option<Vec<(String, ColumnKind)>> {
    match notebook.cells.get(cell)?.output.as_ref()? {
        Output::Table(output) => Some(
            output
                .table
                .columns
                .iter()
                .map(|column| (column.field.name.clone(), column.field.kind))
                .collect(),
        ),
        Output::Chart(_) => None,
    }
}

/// A source cell for a data file, at the end of the notebook.
pub fn add_source(state: &mut State, file: &Path, now: Instant) {
    let Some(open) = &state.open else { return };
    let path = file
        .strip_prefix(&open.project.root)
        .unwrap_or(file)
        .to_string_lossy()
        .replace('\\', "/");
    let stem: String = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().to_lowercase())
        .unwrap_or_default()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let stem = if aloft_spec::is_valid_name(&stem) {
        stem
    } else {
        format!("table_{stem}")
    };
    let stem = if aloft_spec::is_valid_name(&stem) {
        stem
    } else {
        "table".into()
    };
    insert(
        state,
        None,
        &CellKind::Source,
        &stem,
        &format!("path = {path:?}\n"),
        now,
    );
}

pub fn predict(state: &mut State, block: BlockId, column: &str, now: Instant) {
    let Some(table) = state
        .notebook()
        .and_then(|notebook| notebook.cell_name(block))
        .map(str::to_owned)
    else {
        return;
    };
    let body = format!("data = {table:?}\ntarget = {column:?}\n");
    insert(
        state,
        Some(block),
        &CellKind::Train,
        &stem_of(column, "model"),
        &body,
        now,
    );
}

pub fn chart(state: &mut State, block: BlockId, column: &str, now: Instant) {
    let Some(notebook) = state.notebook() else { return };
    let Some(table) = notebook.cell_name(block).map(str::to_owned) else {
        return;
    };
    let kind = table_columns(notebook, &table)
        .and_then(|columns| columns.into_iter().find(|(name, _)| name == column))
        .map(|(_, kind)| kind);
    let mark = match kind {
        Some(ColumnKind::Text | ColumnKind::Boolean) => "bar",
        _ => "histogram",
    };
    let body = format!("data = {table:?}\nmark = \"{mark}\"\nx = {column:?}\n");
    insert(
        state,
        Some(block),
        &CellKind::Chart,
        &format!("{}_chart", stem_of(column, "column")),
        &body,
        now,
    );
}

fn stem_of(column: &str, otherwise: &str) -> String {
    let stem: String = column
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if aloft_spec::is_valid_name(&stem) {
        stem
    } else {
        otherwise.to_owned()
    }
}

pub fn set_class(state: &mut State, block: BlockId, class: DataClass, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        notebook
            .cell_name(block)
            .map(|name| notebook.document.set_class(name, class))
            .transpose()
    });
}

/// Other values for keys of a train cell.
pub fn set_values(state: &mut State, train: &str, values: &Values, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        notebook.document.set_values(train, values).map(Some)
    });
}

pub fn add_prose(state: &mut State, after: Option<BlockId>, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        let index = after.and_then(|block| notebook.index(block));
        Ok(Some(notebook.document.insert_prose(index, "New text\n")))
    });
}

pub fn remove(state: &mut State, block: BlockId, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        Ok(notebook
            .index(block)
            .map(|index| notebook.document.remove_block(index)))
    });
}

pub fn move_block(state: &mut State, block: BlockId, down: bool, now: Instant) {
    change(state, Step::Alone, now, |notebook| {
        Ok(notebook
            .index(block)
            .map(|index| notebook.document.move_block(index, down)))
    });
}

pub fn undo(state: &mut State, now: Instant) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let current = notebook.text();
    if let Some(text) = notebook.history.undo(&current) {
        notebook.set_text(text, None);
        changed(notebook, now);
    }
}

pub fn redo(state: &mut State, now: Instant) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    let current = notebook.text();
    if let Some(text) = notebook.history.redo(&current) {
        notebook.set_text(text, None);
        changed(notebook, now);
    }
}

pub fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(open) = &state.open else { return };
    let Some(notebook) = &open.notebook else { return };
    state.saves_pending += 1;
    effects.push(Effect::Save {
        project: open.project.clone(),
        path: notebook.path.clone(),
        expected: notebook.saved.clone(),
        overwrite: notebook.conflict_told,
        text: notebook.text(),
    });
}

pub fn save_if_unsaved(state: &mut State, effects: &mut Vec<Effect>) {
    if state.notebook().is_some_and(OpenNotebook::unsaved) {
        save(state, effects);
    }
}

pub fn saved(state: &mut State, path: &Path, text: Arc<str>, result: Result<(), Problem>) {
    state.saves_pending = state.saves_pending.saturating_sub(1);
    if let Err(problem) = result {
        // Nothing is lost: the text is in the journal, and closing waits for another save.
        state.closing = false;
        state.closing_deadline = None;
        if let Some(notebook) = state.notebook_mut() {
            notebook.conflict_told |= problem.code == Code::MergeConflict;
        }
        return state.report(problem);
    }
    if let Some(notebook) = state.notebook_mut()
        && notebook.path == path
    {
        notebook.saved = text;
        notebook.conflict_told = false;
    }
}

/// Another program changed the file: its text is taken where nothing is unsaved here, as a step that can be undone.
pub fn reread(state: &mut State, text: NotebookText, now: Instant) {
    let Some(notebook) = state.notebook_mut() else {
        return;
    };
    if *text.saved == *notebook.saved || *text.saved == *notebook.document.text() {
        if *text.saved == *notebook.document.text() {
            notebook.saved = text.saved;
        }
        return;
    }
    if notebook.unsaved() {
        if !notebook.conflict_told {
            notebook.conflict_told = true;
            let path = notebook.path.display().to_string();
            state.report(
                Problem::new(
                    Code::MergeConflict,
                    format!("{path} was changed by another program"),
                )
                .with_hint(
                    "your unsaved text is kept here; save to overwrite the file, or undo your changes",
                ),
            );
        }
        return;
    }
    let before = notebook.text();
    notebook.history.record(&before, Step::Alone, now);
    notebook.saved = text.saved.clone();
    notebook.set_text(text.saved, None);
    changed(notebook, now);
}

/// Writes the journal when it is due, and looks now and then whether another program changed the file.
pub fn tick(state: &mut State, now: Instant, effects: &mut Vec<Effect>) {
    let saving = state.saves_pending > 0;
    let Some(open) = &mut state.open else { return };
    let Some(notebook) = &mut open.notebook else {
        return;
    };
    if !saving && notebook.look_due.is_none_or(|due| due <= now) {
        notebook.look_due = Some(now + LOOK_INTERVAL);
        effects.push(Effect::CheckNotebook {
            project: open.project.clone(),
            path: notebook.path.clone(),
            expected: notebook.saved.clone(),
        });
    }
    if notebook.journal_due.is_some_and(|due| due <= now) {
        notebook.journal_due = None;
        effects.push(Effect::Journal {
            project: open.project.clone(),
            path: notebook.path.clone(),
            text: notebook.text(),
        });
    }
}
