//! Which cells of a table are selected: moving through them by keys, and their text.

use aloft_spec::table::{Column, Table, Values};
use egui::Key;
use std::ops::Range;

/// A rectangle of cells, by rows and columns that count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Where it was begun.
    anchor: (usize, usize),
    /// Where it was drawn to: the cell that keys move.
    pub cursor: (usize, usize),
}

/// How far a table reaches.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Rows that are in view.
    pub page: usize,
}

impl Selection {
    /// One cell.
    pub fn at(row: usize, column: usize) -> Self {
        Self {
            anchor: (row, column),
            cursor: (row, column),
        }
    }

    /// All cells; the cursor is in the last one.
    pub fn all(size: Size) -> Self {
        Self {
            anchor: (0, 0),
            cursor: (size.rows.saturating_sub(1), size.columns.saturating_sub(1)),
        }
    }

    /// The same drawn to another cell.
    pub fn to(self, row: usize, column: usize) -> Self {
        Self {
            cursor: (row, column),
            ..self
        }
    }

    /// Rows in it.
    pub fn rows(&self) -> Range<usize> {
        let (a, b) = (self.anchor.0, self.cursor.0);
        a.min(b)..a.max(b) + 1
    }

    /// Columns in it.
    pub fn columns(&self) -> Range<usize> {
        let (a, b) = (self.anchor.1, self.cursor.1);
        a.min(b)..a.max(b) + 1
    }

    /// The same within a table, which may have become smaller.
    pub fn within(self, size: Size) -> Self {
        let clamp = |(row, column): (usize, usize)| {
            (
                row.min(size.rows.saturating_sub(1)),
                column.min(size.columns.saturating_sub(1)),
            )
        };
        Self {
            anchor: clamp(self.anchor),
            cursor: clamp(self.cursor),
        }
    }

    /// Where a key leads: arrows by one cell, with Ctrl to the end; Home and End within the row, with Ctrl to the first and
    /// the last cell; the page keys by what is in view. `extend` draws the selection along. `None` for other keys.
    pub fn moved(self, key: Key, ctrl: bool, extend: bool, size: Size) -> Option<Self> {
        let (row, column) = self.cursor;
        let (last_row, last_column) = (size.rows.saturating_sub(1), size.columns.saturating_sub(1));
        let page = size.page.max(1);
        let (row, column) = match (key, ctrl) {
            (Key::ArrowUp, false) => (row.saturating_sub(1), column),
            (Key::ArrowUp, true) => (0, column),
            (Key::ArrowDown, false) => ((row + 1).min(last_row), column),
            (Key::ArrowDown, true) => (last_row, column),
            (Key::ArrowLeft, false) => (row, column.saturating_sub(1)),
            (Key::ArrowLeft, true) | (Key::Home, false) => (row, 0),
            (Key::ArrowRight, false) => (row, (column + 1).min(last_column)),
            (Key::ArrowRight, true) | (Key::End, false) => (row, last_column),
            (Key::Home, true) => (0, 0),
            (Key::End, true) => (last_row, last_column),
            (Key::PageUp, _) => (row.saturating_sub(page), column),
            (Key::PageDown, _) => ((row + page).min(last_row), column),
            _ => return None,
        };
        let moved = self.to(row, column);
        Some(if extend { moved } else { Self::at(row, column) })
    }

    /// The cells as tab-separated lines, as spreadsheets take them: numbers with all their digits, nothing for null, and
    /// texts with tabs, quotes or line ends in quotes.
    pub fn tsv(&self, table: &Table) -> String {
        let columns = table.columns.get(self.columns()).unwrap_or_default();
        let line = |row: usize| {
            columns
                .iter()
                .map(|column| cell(column, row))
                .collect::<Vec<_>>()
                .join("\t")
        };
        self.rows()
            .take_while(|row| *row < table.rows)
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn cell(column: &Column, row: usize) -> String {
    let text = match &column.values {
        Values::Float(values) => values.get(row).copied().flatten().map(|value| value.to_string()),
        values => values.format(row),
    };
    let text = text.unwrap_or_default();
    if text.contains(['\t', '\n', '\r', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::table::{ColumnKind, Field};

    const SIZE: Size = Size {
        rows: 100,
        columns: 5,
        page: 10,
    };

    #[test]
    fn keys_lead_where_they_lead_in_a_spreadsheet() {
        let from = Selection::at(50, 2);
        let to = |key, ctrl| from.moved(key, ctrl, false, SIZE).unwrap().cursor;
        assert_eq!(to(Key::ArrowUp, false), (49, 2));
        assert_eq!(to(Key::ArrowDown, true), (99, 2));
        assert_eq!(to(Key::Home, false), (50, 0));
        assert_eq!(to(Key::End, true), (99, 4));
        assert_eq!(to(Key::PageDown, false), (60, 2));
        assert_eq!(to(Key::PageUp, false), (40, 2));
        assert_eq!(from.moved(Key::A, false, false, SIZE), None);
        let corner = Selection::at(99, 4);
        for key in [Key::ArrowDown, Key::ArrowRight, Key::PageDown, Key::End] {
            assert_eq!(
                corner.moved(key, false, false, SIZE),
                Some(corner),
                "nothing is beyond the last cell"
            );
        }
        let drawn = from.moved(Key::ArrowLeft, false, true, SIZE).unwrap();
        let drawn = drawn.moved(Key::PageUp, false, true, SIZE).unwrap();
        assert_eq!((drawn.rows(), drawn.columns()), (40..51, 1..3));
        let small = Size {
            rows: 3,
            columns: 1,
            page: 1,
        };
        assert_eq!(drawn.within(small).cursor, (2, 0));
        assert_eq!(
            Selection::at(0, 0)
                .moved(Key::End, true, false, Size { rows: 0, ..small })
                .unwrap()
                .cursor,
            (0, 0)
        );
    }

    #[test]
    fn cells_are_copied_as_spreadsheets_take_them() {
        let column = |values| Column {
            field: Field {
                name: "x".into(),
                dtype: "x".into(),
                kind: ColumnKind::Other,
            },
            values,
        };
        let table = Table {
            columns: vec![
                column(Values::Text(vec![Some("a \"b\"\tc".into()), None])),
                column(Values::Float(vec![Some(0.123_456_789), Some(-2.0)])),
                column(Values::Boolean(vec![Some(true), None])),
            ],
            rows: 2,
        };
        let size = Size {
            rows: 2,
            columns: 3,
            page: 1,
        };
        assert_eq!(
            Selection::all(size).tsv(&table),
            "\"a \"\"b\"\"\tc\"\t0.123456789\ttrue\n\t-2\t"
        );
        assert_eq!(Selection::at(1, 1).tsv(&table), "-2");
        assert_eq!(Selection::at(7, 7).tsv(&table), "");
    }
}
