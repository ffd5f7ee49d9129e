//! Where text goes: results to standard output, progress and problems to standard error. A reader that has gone away
//! (`aloft runs | head -1`) stops the output and not the work.

use crate::table::wrap;
use aloft_spec::Problem;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// The two standard streams and the choice between text and JSON.
#[derive(Clone, Copy)]
pub struct Screen {
    json: bool,
}

impl Screen {
    /// With `json`, results are one document and lines for people aren't printed.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// The result of a verb: the document with `--json`, else the lines that `text` prints.
    pub fn result(&self, document: &impl Serialize, text: impl FnOnce(&Self)) {
        if !self.json {
            return text(self);
        }
        match serde_json::to_string_pretty(document) {
            Ok(document) => print(&document),
            Err(error) => self.note(format_args!("error: the result has no JSON form: {error}")),
        }
    }

    /// A line of a result, for people.
    pub fn line(&self, text: impl Display) {
        if !self.json {
            print(&text);
        }
    }

    /// A line of progress.
    #[expect(clippy::unused_self, reason = "a screen is what one writes on")]
    pub fn note(&self, text: impl Display) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Why a verb failed: a document with `--json`, and always a line for people.
    pub fn problem(&self, problem: &Problem) {
        if self.json {
            let document = serde_json::json!({ "error": problem });
            print(&format_args!("{document:#}"));
        }
        self.note(folded(&format!("error: {problem}"), &console::Term::stderr()));
    }

    /// Lines of a result that are sentences: where a person looks at them, they are broken between words.
    pub fn sentences(&self, text: impl Display) {
        self.line(folded(&text.to_string(), &console::Term::stdout()));
    }

    /// Whether progress can be drawn in place.
    #[expect(clippy::unused_self, reason = "a screen is what one draws on")]
    pub fn draws(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Asks a question that `y` answers with yes; `None` where nobody can answer.
    pub fn ask(&self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Columns that a line may have.
    #[expect(clippy::unused_self, reason = "a screen has a width")]
    pub fn width(&self) -> usize {
        let terminal = console::Term::stdout();
        match terminal.size_checked() {
            Some((_, columns)) if terminal.is_term() => usize::from(columns).max(40),
            _ => 80,
        }
    }
}

/// A text as a terminal shows it best; as it is where a program reads it.
fn folded(text: &str, terminal: &console::Term) -> String {
    match terminal.size_checked() {
        Some((_, columns)) if terminal.is_term() => fold(text, usize::from(columns).max(40)),
        _ => text.to_owned(),
    }
}

/// Each line broken between words into lines that fit; what goes on stands a little to the right.
fn fold(text: &str, width: usize) -> String {
    let fold = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        let rest = wrap(line, indent + 2, width);
        format!("{}{rest}", &line[..indent])
    };
    text.lines().map(fold).collect::<Vec<_>>().join("\n")
}

fn print(text: &impl Display) {
    let mut out = io::stdout().lock();
    // A closed pipe: whoever read has seen enough.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(
            fold("error: a file isn't there\n  hint: look for it elsewhere", 20),
            "error: a file\n  isn't there\n  hint: look for\n    it elsewhere"
        );
        assert_eq!(fold("short", 20), "short");
    }
}
