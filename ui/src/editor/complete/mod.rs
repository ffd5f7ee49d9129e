//! What could be meant at the cursor of a cell's text. Pure: a text and what is known of the notebook in, suggestions
//! out. It knows just enough of each language to tell what stands where, so that it works in a text that isn't finished.

mod sql;
mod toml;

use aloft_spec::CellKind;
use std::ops::Range;

/// Suggestions at most; more are found by another letter.
const MOST: usize = 60;

/// What the notebook has that a cell can name.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// Tables with their columns: name and type.
    pub tables: Vec<(&'a str, Vec<(&'a str, &'a str)>)>,
    /// Parameters with their values.
    pub params: Vec<(&'a str, String)>,
    /// Train cells.
    pub trains: Vec<&'a str>,
    /// Columns of the cell's own table.
    pub own: Vec<(&'a str, &'a str)>,
    /// Data files of the project, relative to its folder.
    pub files: Vec<&'a str>,
}

/// Something to put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// As it is shown.
    pub text: String,
    /// What it is: a column's type, `table`, `function`.
    pub detail: String,
    /// What is put in: with quotes, brackets or an `=` where these belong to it.
    pub insert: String,
}

/// What could stand in the place of a piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestions {
    /// The bytes that are replaced: the word before the cursor.
    pub range: Range<usize>,
    /// The best first; never empty.
    pub items: Vec<Item>,
}

/// Suggestions for the cursor at a byte of the text of a kind of cell. Unless they were `asked` for, there are none
/// before the first letter of a word, and none for a word that is complete.
pub fn suggest(
    kind: &CellKind,
    text: &str,
    cursor: usize,
    known: &Known<'_>,
    asked: bool,
) -> Option<Suggestions> {
    match kind {
        CellKind::Query => sql::suggest(text, cursor, known, asked),
        _ => toml::suggest(kind, text, cursor, known, asked),
    }
}

impl<'a> Known<'a> {
    fn columns(&self, table: &str) -> &[(&'a str, &'a str)] {
        let found = self.tables.iter().find(|(name, _)| *name == table);
        found.map_or(&[], |(_, columns)| columns)
    }
}

/// Candidates that fit what was typed.
struct Found<'a> {
    prefix: &'a str,
    /// With how well they fit and what they are: less is better.
    items: Vec<(u8, u8, Item)>,
}

impl<'a> Found<'a> {
    fn new(prefix: &'a str) -> Self {
        Self {
            prefix,
            items: Vec::new(),
        }
    }

    /// Adds what begins with the prefix, or has it at the start of one of its parts: `delay` finds `dep_delay`.
    fn add(&mut self, group: u8, text: &str, detail: &str, insert: String) {
        let (lower, wanted) = (text.to_lowercase(), self.prefix.to_lowercase());
        let fit = if lower.starts_with(&wanted) {
            0
        } else if wanted.len() > 1
            && lower
                .match_indices(&wanted)
                .any(|(at, _)| lower[..at].ends_with(['_', ' ', '/']))
        {
            1
        } else {
            return;
        };
        if self.items.iter().any(|(.., item)| item.text == text) {
            return;
        }
        let item = Item {
            text: text.to_owned(),
            detail: detail.to_owned(),
            insert,
        };
        self.items.push((fit, group, item));
    }

    /// The best for a place of the text; none for a word that is complete, unless they were asked for.
    fn suggestions(self, range: Range<usize>, asked: bool) -> Option<Suggestions> {
        let complete = self.items.iter().any(|(.., item)| item.text == self.prefix);
        let items = self.best();
        (!items.is_empty() && (asked || !complete)).then_some(Suggestions { range, items })
    }

    fn best(mut self) -> Vec<Item> {
        // Columns of a table stay in its order.
        self.items.sort_by_key(|(fit, group, _)| (*fit, *group));
        self.items.into_iter().take(MOST).map(|(.., item)| item).collect()
    }
}
