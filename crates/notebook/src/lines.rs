//! Offsets in a text as lines and columns.

use aloft_spec::Place;
use std::path::Path;

/// Where the lines of a text begin.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Lines end with `\n` (a `\r` before it belongs to the line's end).
    pub fn new(text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(offset, _)| offset + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// Line and column of a byte offset, both from 1; columns count characters. A byte order mark has no column.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset);
        let start = self.starts[line - 1];
        let before = self.text[start..offset].trim_start_matches('\u{feff}');
        (line, before.chars().count() + 1)
    }

    /// The same as a place in a file.
    pub fn place(&self, file: &Path, offset: usize) -> Place {
        let (line, column) = self.position(offset);
        Place {
            file: file.to_owned(),
            line: Some(line),
            column: Some(column),
        }
    }

    /// The byte offset of a line and column, both from 1; the nearest one where there is no such place.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let Some(&start) = self.starts.get(line.saturating_sub(1)) else {
            return self.text.len();
        };
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        let rest = &self.text[start..end];
        rest.char_indices()
            .nth(column.saturating_sub(1))
            .map_or(start + rest.trim_end().len(), |(index, _)| start + index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("\u{feff}ab\r\näöü\n\nend");
        assert_eq!(lines.position(0), (1, 1));
        assert_eq!(lines.position(3), (1, 1));
        assert_eq!(lines.position(4), (1, 2));
        assert_eq!(lines.position(7), (2, 1));
        assert_eq!(lines.position(8), (2, 1), "within a character");
        assert_eq!(lines.position(11), (2, 3));
        assert_eq!(lines.position(14), (3, 1));
        assert_eq!(lines.position(999), (4, 4));
        assert_eq!(lines.offset(2, 3), 11);
        assert_eq!(lines.offset(9, 1), 18);
    }
}
