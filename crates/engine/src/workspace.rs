//! A notebook of a project, parsed: what everything here works on.

use crate::Result;
use aloft_notebook::{Block, Document, param};
use aloft_project::Project;
use aloft_spec::{
    CellKind, CellSpec, Code, Problem,
    ask::Selection,
    sweep::{SweepSpec, Values},
    train::TrainSpec,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A project and one of its notebooks.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The project.
    pub project: Project,
    /// The notebook's file, relative to the project's folder.
    pub notebook: PathBuf,
    /// The notebook as it is now; it may differ from the file.
    pub document: Document,
    /// Rows that were chosen in a chart: outputs of sources, queries and charts are of these alone. Nothing else is.
    pub selection: Option<Arc<Selection>>,
}

impl Workspace {
    /// Reads a notebook and opens the project that it lies in.
    pub fn open(notebook: &Path) -> Result<Self> {
        if !notebook.is_file() {
            return Err(Problem::new(Code::NotFound, "there is no such notebook")
                .in_file(notebook)
                .with_hint(
                    "name a file that ends with .aloft.md; `aloft new DIR --example penguins` makes one",
                ));
        }
        let project = Project::open(notebook)?;
        let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let relative = absolute(notebook)
            .strip_prefix(absolute(&project.root))
            .map(Path::to_owned)
            .unwrap_or_else(|_| notebook.to_owned());
        Self::load(project, relative)
    }

    /// Reads a notebook of a project; `notebook` is relative to its folder.
    pub fn load(project: Project, notebook: PathBuf) -> Result<Self> {
        let document = Document::parse(project.read_notebook(&notebook)?);
        Ok(Self {
            project,
            notebook,
            document,
            selection: None,
        })
    }

    /// A cell's body, understood; the first error in it is the problem, with its place.
    pub fn spec(&self, cell: &str) -> Result<CellSpec> {
        self.document.spec(cell, &self.notebook)
    }

    /// A train cell's body, understood.
    pub fn train(&self, cell: &str) -> Result<TrainSpec> {
        match self.spec(cell)? {
            CellSpec::Train(train) => Ok(train),
            _ => Err(self
                .place(
                    cell,
                    Problem::new(Code::BadValue, format!("`{cell}` is no train cell")),
                )
                .with_hint(match self.names(&CellKind::Train) {
                    names if names.is_empty() => "the notebook has no train cell".into(),
                    names => format!("the notebook's train cells: {names}"),
                })),
        }
    }

    /// The problem with its place set to the cell's fence, unless it has one.
    pub fn place(&self, cell: &str, mut problem: Problem) -> Problem {
        if problem.place.is_none()
            && let Some(cell) = self.document.cell(cell)
        {
            problem = problem.at(&self.notebook, cell.line, 1);
        }
        problem
    }

    /// The problem at the first place in the cell's body where `word` stands alone, else at the cell's fence.
    pub fn place_at_word(&self, cell: &str, word: &str, problem: Problem) -> Problem {
        let Some(found) = self.document.cell(cell) else {
            return problem;
        };
        let body = found.body(&self.document);
        match find_word(body, word) {
            Some(offset) => {
                let (line, column) = position(self.document.text(), found.body_span.start + offset);
                problem.at(&self.notebook, line, column)
            }
            None => self.place(cell, problem),
        }
    }

    /// The same with a value for a parameter, as `--param name=text` on the command line gives it. The file stays as
    /// it is.
    pub fn with_param(&self, name: &str, text: &str) -> Result<Self> {
        let value = match self.document.cell(name).map(|cell| &cell.kind) {
            Some(CellKind::Param) => match self.spec(name)? {
                CellSpec::Param(spec) => param::parse(&spec, text).map_err(|problem| Problem {
                    message: format!("the parameter `{name}`: {}", problem.message),
                    ..self.place(name, problem)
                })?,
                _ => param::guess(text),
            },
            // What is wrong with the name is said below.
            _ => param::guess(text),
        };
        let text = self.document.set_param(name, &value).map_err(|mut problem| {
            problem = self.place(name, problem);
            if problem.place.is_none() {
                problem = problem.in_file(&self.notebook);
            }
            problem
        })?;
        Ok(Self {
            document: Document::parse(text),
            ..self.clone()
        })
    }

    /// The same with values for keys of a train cell. The file stays as it is.
    pub fn with_values(&self, cell: &str, values: &Values) -> Result<Self> {
        Ok(Self {
            document: Document::parse(self.document.set_values(cell, values)?),
            ..self.clone()
        })
    }

    /// The same with a train cell after the cell whose rows it learns from. The file stays as it is.
    pub fn with_train_cell(&self, data: &str, name: &str, body: &str) -> Self {
        let blocks = self.document.blocks();
        let after = blocks
            .iter()
            .position(|block| matches!(block, Block::Cell(cell) if cell.name == data));
        let text = self.document.insert_cell(after, &CellKind::Train, name, body);
        Self {
            document: Document::parse(text),
            ..self.clone()
        }
    }

    /// A sweep cell's body, understood.
    pub fn sweep(&self, cell: &str) -> Result<SweepSpec> {
        match self.spec(cell)? {
            CellSpec::Sweep(sweep) => Ok(sweep),
            _ => Err(self
                .place(
                    cell,
                    Problem::new(Code::BadValue, format!("`{cell}` is no sweep cell")),
                )
                .with_hint(match self.names(&CellKind::Sweep) {
                    names if names.is_empty() => "the notebook has no sweep cell".into(),
                    names => format!("the notebook's sweep cells: {names}"),
                })),
        }
    }

    /// A problem of a query comes without a place: it is where the statement names what the message quotes first; where
    /// the message names nothing, at the smallest expression of which `fails` says the same.
    pub(crate) fn place_at_part(
        &self,
        cell: &str,
        problem: Problem,
        fails: impl Fn(&str) -> Option<Problem>,
    ) -> Problem {
        if problem.place.is_some() {
            return problem;
        }
        let quoted: Vec<String> = problem
            .message
            .split(['"', '`', '\''])
            .skip(1)
            .step_by(2)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        // polars may quote a column with its table: `w.temp`.
        let last = |word: &str| {
            word.rsplit('.')
                .next()
                .unwrap_or(word)
                .trim_start_matches('$')
                .to_owned()
        };
        let names = quoted.iter().flat_map(|word| [word.clone(), last(word)]);
        for name in names {
            if let Some(offset) = self.document.name_in_query(cell, &name) {
                let (line, column) = position(self.document.text(), offset);
                return problem.at(&self.notebook, line, column);
            }
        }
        let in_body = quoted.into_iter().find(|word| {
            let found = self.document.cell(cell);
            found.is_some_and(|found| find_word(found.body(&self.document), word).is_some())
        });
        if let Some(word) = in_body {
            return self.place_at_word(cell, &word, problem);
        }
        let parts = self.document.expressions(cell);
        let culprit = parts
            .into_iter()
            .find(|(_, part)| fails(part).is_some_and(|failed| gist(&failed) == gist(&problem)));
        match culprit {
            Some((offset, _)) => {
                let (line, column) = position(self.document.text(), offset);
                problem.at(&self.notebook, line, column)
            }
            None => self.place(cell, problem),
        }
    }

    fn names(&self, kind: &CellKind) -> String {
        let names: Vec<&str> = self
            .document
            .cells()
            .filter(|cell| cell.kind == *kind)
            .map(|cell| cell.name.as_str())
            .collect();
        names.join(", ")
    }
}

/// What a message says before it names types in brackets: a number alone has another type than beside others.
fn gist(problem: &Problem) -> &str {
    problem.message.split('(').next().unwrap_or_default()
}

/// Line and column (in characters), both from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

/// Byte offset of the first place where `word` isn't a part of a longer name.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    if word.is_empty() {
        return None;
    }
    text.match_indices(word)
        .map(|(at, _)| at)
        .find(|&at| !text[..at].ends_with(in_name) && !text[at + word.len()..].starts_with(in_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_positions() {
        assert_eq!(find_word("late_1, late", "late"), Some(8));
        assert_eq!(find_word("later", "late"), None);
        assert_eq!(find_word("x", ""), None);
        assert_eq!(position("a\nbö x", 6), (2, 4));
        assert_eq!(position("", 0), (1, 1));
    }
}
