//! Where in a cell's text a problem is: the word is underlined.

use crate::tokens::Tokens;
use aloft_protocol::snapshot::{CellState, CellView};
use aloft_spec::{Problem, Severity};
use egui::text::{LayoutJob, LayoutSection};
use egui::{Color32, Stroke};
use std::ops::Range;

/// A piece of the text that a problem is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Its bytes.
    pub range: Range<usize>,
    /// Colour of the line below it.
    pub color: Color32,
}

/// The marks of a cell; `skipped` line ends before the text aren't shown in the editor.
pub fn of_cell(cell: &CellView, text: &str, skipped: usize, t: &Tokens) -> Vec<Mark> {
    let failure = match &cell.state {
        CellState::Failed { problem } => Some((Severity::Error, problem)),
        _ => None,
    };
    let found = cell
        .diagnostics
        .iter()
        .map(|found| (found.severity, &found.problem));
    found
        .chain(failure)
        .filter_map(|(severity, problem)| {
            let color = match severity {
                Severity::Error => t.bad,
                Severity::Warning => t.warn,
                Severity::Info => return None,
            };
            let range = range(problem, text, cell.first_line + skipped)?;
            Some(Mark { range, color })
        })
        .collect()
}

/// The word at the place of a problem, in a text that begins at a line of the file.
fn range(problem: &Problem, text: &str, first_line: usize) -> Option<Range<usize>> {
    let place = problem.place.as_ref()?;
    let (line, column) = (
        place.line?.checked_sub(first_line)?,
        place.column?.checked_sub(1)?,
    );
    let start_of_line = match line {
        0 => 0,
        _ => text.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let rest = &text[start_of_line..];
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let start = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let word = rest[start..]
        .find(|c: char| !is_part(c))
        .unwrap_or(rest.len() - start);
    let length = match (word, rest[start..].chars().next()) {
        (0, Some(c)) => c.len_utf8(),
        (length, _) => length,
    };
    (length > 0).then(|| start_of_line + start..start_of_line + start + length)
}

/// Draws lines below the marked pieces of a text that is laid out.
pub fn underline(job: &mut LayoutJob, marks: &[Mark]) {
    for mark in marks {
        let mut sections = Vec::with_capacity(job.sections.len() + 2);
        for section in std::mem::take(&mut job.sections) {
            let bytes: Range<usize> = section.byte_range.start.into()..section.byte_range.end.into();
            let start = mark.range.start.clamp(bytes.start, bytes.end);
            let end = mark.range.end.clamp(bytes.start, bytes.end);
            for (range, marked) in [
                (bytes.start..start, false),
                (start..end, true),
                (end..bytes.end, false),
            ] {
                if range.is_empty() {
                    continue;
                }
                let mut format = section.format.clone();
                if marked {
                    format.underline = Stroke::new(1.5, mark.color);
                }
                sections.push(LayoutSection {
                    byte_range: range.start.into()..range.end.into(),
                    leading_space: if range.start == bytes.start {
                        section.leading_space
                    } else {
                        0.0
                    },
                    format,
                });
            }
        }
        job.sections = sections;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::Code;
    use egui::text::TextFormat;

    #[test]
    fn a_problem_marks_the_word_at_its_place() {
        let text = "SELECT é, carier\nFROM $x )";
        let marked = |line, column| {
            let problem = Problem::new(Code::Syntax, "x").at("a.aloft.md", line, column);
            range(&problem, text, 10).map(|range| &text[range])
        };
        assert_eq!(marked(10, 11), Some("carier"));
        assert_eq!(marked(11, 6), Some("$x"));
        assert_eq!(marked(11, 9), Some(")"));
        assert_eq!(marked(11, 99), None);
        assert_eq!(marked(12, 1), None);
        assert_eq!(marked(9, 1), None, "the fence isn't in the editor");
    }

    #[test]
    fn marks_split_pieces_and_lose_nothing() {
        let mut job = LayoutJob::default();
        for piece in ["SELECT ", "carier", " FROM t"] {
            job.append(piece, 0.0, TextFormat::default());
        }
        let mark = |range| Mark {
            range,
            color: Color32::RED,
        };
        underline(&mut job, &[mark(7..13), mark(5..9)]);
        let pieces: Vec<(&str, bool)> = job
            .sections
            .iter()
            .map(|section| {
                let range: Range<usize> = section.byte_range.start.into()..section.byte_range.end.into();
                (&job.text[range], section.format.underline.width > 0.0)
            })
            .collect();
        let expected = [
            ("SELEC", false),
            ("T ", true),
            ("ca", true),
            ("rier", true),
            (" FROM t", false),
        ];
        assert_eq!(pieces, expected);
    }
}
