//! Tables as text that fits a line: wide columns are cut first, then the last columns are left out and named.

use aloft_spec::table::{ColumnKind, Table};
use console::{Alignment, measure_text_width, pad_str, truncate_str};

const GAP: usize = 2;
/// No column is cut below this.
const NARROWEST: usize = 12;
/// No column is wider than this while others want room.
const WIDEST: usize = 60;

/// A table of texts.
pub struct TextTable {
    columns: Vec<TextColumn>,
}

#[derive(Default)]
struct TextColumn {
    title: String,
    right: bool,
    whole: bool,
    list: bool,
    cells: Vec<String>,
}

impl TextTable {
    /// A table with columns of these titles. One that begins with `>` is set to the right; neither that nor one that
    /// begins with `!` is ever cut; one that begins with `+` holds lists, which are cut between their items.
    pub fn new(titles: &[&str]) -> Self {
        let columns = titles
            .iter()
            .map(|title| TextColumn {
                title: printable(title.trim_start_matches(['>', '!', '+'])),
                right: title.starts_with('>'),
                whole: title.starts_with(['>', '!']),
                list: title.starts_with('+'),
                cells: Vec::new(),
            })
            .collect();
        Self { columns }
    }

    /// The first rows of a table.
    pub fn of(table: &Table, rows: usize) -> Self {
        let columns = table
            .columns
            .iter()
            .map(|column| TextColumn {
                title: printable(&column.field.name),
                right: is_number(column.field.kind),
                whole: is_number(column.field.kind),
                cells: (0..table.rows.min(rows))
                    .map(|row| match column.values.format(row) {
                        Some(text) => printable(&text),
                        None => "–".into(),
                    })
                    .collect(),
                ..TextColumn::default()
            })
            .collect();
        Self { columns }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells = cells.into_iter();
        for column in &mut self.columns {
            column.cells.push(printable(&cells.next().unwrap_or_default()));
        }
    }

    /// The lines, none wider than `width` where that can be.
    pub fn lines(&self, width: usize) -> Vec<String> {
        let (widths, shown) = self.fit(width);
        let rows = self.columns.first().map_or(0, |column| column.cells.len());
        let line = |texts: Vec<&str>| {
            let cells: Vec<String> = texts
                .iter()
                .zip(&widths)
                .zip(&self.columns)
                .map(|((text, width), column)| {
                    let side = if column.right {
                        Alignment::Right
                    } else {
                        Alignment::Left
                    };
                    let cut = match column.list {
                        true => cut_list(text, *width),
                        false => truncate_str(text, *width, "…").into_owned(),
                    };
                    pad_str(&cut, *width, side, None).into_owned()
                })
                .collect();
            cells.join(&" ".repeat(GAP)).trim_end().to_owned()
        };
        let shown_columns = &self.columns[..shown];
        let mut lines = vec![line(shown_columns.iter().map(|c| c.title.as_str()).collect())];
        for row in 0..rows {
            lines.push(line(
                shown_columns
                    .iter()
                    .map(|c| c.cells.get(row).map_or("", String::as_str))
                    .collect(),
            ));
        }
        if shown < self.columns.len() {
            let hidden: Vec<&str> = self.columns[shown..]
                .iter()
                .map(|column| column.title.as_str())
                .collect();
            let text = format!("… and {} more columns: {}", hidden.len(), hidden.join(", "));
            lines.push(truncate_str(&text, width, "…").into_owned());
        }
        lines
    }

    /// Widths of the columns that fit, and how many these are.
    fn fit(&self, width: usize) -> (Vec<usize>, usize) {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|column| {
                let cells = column.cells.iter().map(|cell| measure_text_width(cell));
                let widest = cells.chain([measure_text_width(&column.title)]).max();
                widest.unwrap_or(0).min(WIDEST)
            })
            .collect();
        let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        while total(&widths) > width {
            // Half a number is no number.
            let widest = widths
                .iter()
                .enumerate()
                .filter(|(at, w)| **w > NARROWEST && !self.columns[*at].whole)
                .max_by_key(|(_, w)| **w)
                .map(|(at, _)| at);
            match widest {
                Some(at) => widths[at] -= 1,
                None if widths.len() > 1 => {
                    widths.pop();
                }
                None => break,
            }
        }
        let shown = widths.len();
        (widths, shown)
    }
}

fn is_number(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Integer | ColumnKind::Float)
}

/// As many items of a list as fit; of the first one what fits.
fn cut_list(text: &str, width: usize) -> String {
    const BETWEEN: &str = ", ";
    const REST: &str = ", …";
    if measure_text_width(text) <= width {
        return text.to_owned();
    }
    let ends = text.match_indices(BETWEEN).map(|(end, _)| &text[..end]);
    let room = width.saturating_sub(measure_text_width(REST));
    match ends.filter(|items| measure_text_width(items) <= room).last() {
        Some(items) => format!("{items}{REST}"),
        None => truncate_str(text, width, "…").into_owned(),
    }
}

/// A text broken between words into lines that fit, each behind an indent of so many columns.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(NARROWEST);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// A text in one line, in which nothing speaks to the terminal: a file's own escapes would colour it, or worse.
fn printable(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_line() {
        let mut table = TextTable::new(&["name", ">rows", "note"]);
        table.row(["flights".into(), "336,776".into(), "a long note ".repeat(20)]);
        table.row(["p".into(), "344".into(), String::new()]);
        let lines = table.lines(40);
        assert!(
            lines.iter().all(|line| measure_text_width(line) <= 40),
            "{lines:#?}"
        );
        assert!(lines[1].starts_with("flights  336,776  a long note"));
        assert!(lines[1].ends_with('…'));
        assert_eq!(lines[2], "p            344");
    }

    #[test]
    fn lists_are_cut_between_their_items() {
        let mut table = TextTable::new(&["name", "+values"]);
        table.row(["year".into(), "2013 … 2014, mean 2013.5".into()]);
        table.row(["day".into(), "2013-01-01 … 2013-12-31, 4 missing".into()]);
        assert_eq!(
            table.lines(30)[1..],
            ["year  2013 … 2014, mean 2013.5", "day   2013-01-01 … 2013-12-31…"]
        );
        assert_eq!(
            table.lines(28)[1..],
            ["year  2013 … 2014, …", "day   2013-01-01 … 2013-12-…"]
        );
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(
            wrap("one two three four five", 2, 15),
            "one two three\n  four five"
        );
        assert_eq!(wrap("", 2, 15), "");
    }

    #[test]
    fn columns_that_do_not_fit_are_named() {
        let titles: Vec<String> = (0..30).map(|i| format!(">column_{i}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let mut table = TextTable::new(&titles);
        table.row(["1".into()]);
        let lines = table.lines(80);
        assert!(
            lines.iter().all(|line| measure_text_width(line) <= 80),
            "{lines:#?}"
        );
        assert!(
            lines
                .last()
                .unwrap()
                .starts_with("… and 22 more columns: column_8,"),
            "{lines:#?}"
        );
    }
}
