//! Clicks on tables that ask for something: they write the SQL.

use super::edit;
use crate::state::State;
use aloft_notebook::ask::{self, Subject};
use aloft_protocol::BlockId;
use aloft_spec::{CellKind, Code, Problem, ask::Ask};
use std::time::Instant;

/// Puts a query cell with the question after the table, or says it in the text of a query that clicks have written.
pub fn ask(state: &mut State, block: BlockId, ask: &Ask, now: Instant) {
    let Some(notebook) = state.notebook() else { return };
    let Some((name, index)) = notebook.cell_name(block).zip(notebook.index(block)) else {
        return;
    };
    let Some(output) = notebook.table(name) else {
        let problem = Problem::new(Code::EmptyData, format!("`{name}` hasn't been shown yet"));
        return state.report(problem.with_hint("run it first"));
    };
    let subject = Subject { name, output };
    let is_query = notebook
        .document
        .cell(name)
        .is_some_and(|cell| cell.kind == CellKind::Query);
    let text = notebook.document.block_text(index).unwrap_or_default();
    let refined = is_query.then(|| ask::refine(text, subject, ask)).flatten();
    if let Some(refined) = refined {
        return match refined {
            Ok(text) => edit::replace(state, block, text.trim_end(), now),
            Err(problem) => state.report(problem),
        };
    }
    let other = match ask {
        Ask::Join(join) => notebook.table(&join.table).map(|output| Subject {
            name: &join.table,
            output,
        }),
        _ => None,
    };
    let stem = ask::stem(name, ask);
    match ask::compose(subject, ask, other) {
        Ok(sql) => edit::insert(state, Some(block), &CellKind::Query, &stem, &sql, now),
        Err(problem) => state.report(problem),
    }
}
