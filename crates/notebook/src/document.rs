//! A notebook's text as blocks.

use crate::analysis::Analysis;
use crate::lines::Lines;
use crate::scan::{self, FencedCell};
use crate::{expressions, passing, sql};
use aloft_spec::{CellKind, CellSpec, Code, Diagnostic, Problem};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A notebook's text, and what it says. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    text: Arc<str>,
    blocks: Arc<[Block]>,
    title: Option<Range<usize>>,
    pub(crate) incomplete: Arc<[Range<usize>]>,
    pub(crate) unclosed: Option<Arc<str>>,
    analysis: Arc<OnceLock<Analysis>>,
}

/// A cell, or the prose between two cells. Blank lines after a block belong to it.
#[derive(Debug, Clone)]
pub enum Block {
    /// Markdown.
    Prose {
        /// All of it, with the blank lines around it.
        span: Range<usize>,
        /// From the start of its first to the end of its last line that isn't blank: what an editor shows.
        content: Range<usize>,
    },
    /// A cell.
    Cell(Cell),
}

impl Block {
    /// Its bytes. The spans of all blocks cover the text without gaps (after the byte order mark, if there is one).
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Prose { span, .. } => span.clone(),
            Self::Cell(cell) => cell.span.clone(),
        }
    }

    /// Its bytes without the blank lines around it and without the newline at its end.
    pub(crate) fn content(&self) -> Range<usize> {
        match self {
            Self::Prose { content, .. } => content.clone(),
            Self::Cell(cell) => cell.fence.content.clone(),
        }
    }

    fn set_span(&mut self, value: Range<usize>) {
        match self {
            Self::Prose { span, .. } => *span = value,
            Self::Cell(cell) => cell.span = value,
        }
    }
}

/// A cell: a fence whose info string is `<language> <kind> <name>`.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: CellKind,
    /// The language that the fence names.
    pub language: String,
    /// All of it, with the blank lines after it.
    pub span: Range<usize>,
    /// Its body, without the newline before the closing fence.
    pub body_span: Range<usize>,
    /// Its name in the fence.
    pub name_span: Range<usize>,
    /// Line of the opening fence, from 1.
    pub line: usize,
    pub(crate) fence: FencedCell,
}

impl Cell {
    fn new(text: &str, fence: FencedCell, line: usize) -> Self {
        let body = scan::trim_newline(&text[fence.lines.clone()]).len();
        Self {
            name: text[fence.name.clone()].to_owned(),
            kind: CellKind::from_word(&text[fence.kind.clone()]),
            language: text[fence.language.clone()].to_owned(),
            span: fence.content.clone(),
            body_span: fence.lines.start..fence.lines.start + body,
            name_span: fence.name.clone(),
            line,
            fence,
        }
    }

    /// Its body, without the newline before the closing fence.
    pub fn body<'a>(&self, document: &'a Document) -> &'a str {
        &document.text[self.body_span.clone()]
    }
}

impl Document {
    /// Reads a text. Never fails: what is wrong with it is said by [`Document::diagnostics`].
    pub fn parse(text: impl Into<Arc<str>>) -> Self {
        let text: Arc<str> = text.into();
        let start = scan::text_start(&text);
        let scan = scan::scan(&text, start);
        let lines = Lines::new(&text);
        let mut blocks = Vec::with_capacity(2 * scan.cells.len() + 1);
        let mut end = start;
        for fence in scan.cells {
            blocks.extend(prose(&text, end..fence.content.start));
            end = fence.content.end;
            let (line, _) = lines.position(fence.content.start);
            blocks.push(Block::Cell(Cell::new(&text, fence, line)));
        }
        blocks.extend(prose(&text, end..text.len()));
        if blocks.is_empty() && start < text.len() {
            blocks.push(Block::Prose {
                span: start..text.len(),
                content: start..start,
            });
        }
        let mut end = text.len();
        for (index, block) in blocks.iter_mut().enumerate().rev() {
            let from = if index == 0 { start } else { block.content().start };
            block.set_span(from..end);
            end = from;
        }
        Self {
            blocks: blocks.into(),
            title: scan.title,
            incomplete: scan.incomplete.into(),
            unclosed: scan.unclosed.map(Into::into),
            analysis: Arc::default(),
            text,
        }
    }

    /// The text, byte for byte as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Cells and the prose between them, in order; their spans cover the text without gaps.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// What an editor shows of the block at an index, and what [`Document::replace_block`] replaces: the body of a
    /// cell without the newline before its closing fence, or prose without the blank lines around it.
    pub fn block_text(&self, index: usize) -> Option<&str> {
        Some(match self.blocks.get(index)? {
            Block::Prose { content, .. } => &self.text[content.clone()],
            Block::Cell(cell) => cell.body(self),
        })
    }

    /// All cells, in order of the text.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Cell(cell) => Some(cell),
            Block::Prose { .. } => None,
        })
    }

    /// The cell of a name, the first one where there are several.
    pub fn cell(&self, name: &str) -> Option<&Cell> {
        self.cells().find(|cell| cell.name == name)
    }

    /// The first heading of the form `# Title`.
    pub fn title(&self) -> Option<&str> {
        self.title.clone().map(|range| &self.text[range])
    }

    /// All that is worth saying about the text, in its order, each finding with line and column in `file`.
    pub fn diagnostics(&self, file: &Path) -> Vec<Diagnostic> {
        self.analysis().diagnostics(self, file, |_| true)
    }

    /// The findings in one cell (the first one of that name).
    pub fn cell_diagnostics(&self, file: &Path, name: &str) -> Vec<Diagnostic> {
        let index = self.cell_index(name);
        self.analysis()
            .diagnostics(self, file, |cell| cell.is_some() && cell == index)
    }

    /// What a cell says, ready to run: an error is the first one among the cell's diagnostics, with its place.
    pub fn spec(&self, name: &str, file: &Path) -> Result<CellSpec, Problem> {
        let analysis = self.analysis();
        let Some(index) = self.cell_index(name) else {
            let names = self.cells().map(|cell| cell.name.as_str());
            let problem = Problem::new(Code::UnknownName, format!("there is no cell `{name}`")).in_file(file);
            let hint = crate::suggestion::suggestion(name, names.collect::<Vec<_>>(), "the notebook has");
            return Err(match hint {
                Some(hint) => problem.with_hint(hint),
                None => problem.with_hint("the notebook has no cells"),
            });
        };
        if let Some(problem) = analysis.first_error(self, file, index) {
            return Err(problem);
        }
        analysis.spec(index).ok_or_else(|| {
            Problem::new(Code::Internal, format!("the cell `{name}` wasn't understood")).in_file(file)
        })
    }

    /// Names of the cells that a cell reads, in the order in which it names them. Unknown names are left out, they
    /// are among the diagnostics.
    pub fn dependencies(&self, name: &str) -> Vec<String> {
        let analysis = self.analysis();
        let names = |index: usize| analysis.dependencies(index).iter().copied();
        self.cell_index(name)
            .map(|index| self.names(names(index)))
            .unwrap_or_default()
    }

    /// Cells of known kinds so that each comes after those that it reads, else in order of the text. Cells in a
    /// circle, and those that read them, are left out, and so is a cell with the name of an earlier one.
    pub fn order(&self) -> Vec<String> {
        self.names(self.analysis().order().iter().copied())
    }

    /// All cells that read a cell, directly or through others, in order of the text.
    pub fn downstream(&self, name: &str) -> Vec<String> {
        let analysis = self.analysis();
        self.cell_index(name)
            .map(|index| self.names(analysis.downstream(index)))
            .unwrap_or_default()
    }

    /// Byte offset in the text of the first place where a query cell's statement names a column, table or function so.
    pub fn name_in_query(&self, cell: &str, name: &str) -> Option<usize> {
        let cell = self.cell(cell).filter(|cell| cell.kind == CellKind::Query)?;
        let (line, column) = sql::find_name(cell.body(self), name)?;
        Some(cell.body_span.start + Lines::new(cell.body(self)).offset(line, column))
    }

    /// The expressions of a query cell, the parts before the whole: the byte offset in the text of each, and a statement
    /// with it alone over the same tables. For what only says that something is wrong, and not where.
    pub fn expressions(&self, cell: &str) -> Vec<(usize, String)> {
        let Some(cell) = self.cell(cell).filter(|cell| cell.kind == CellKind::Query) else {
            return Vec::new();
        };
        let body = cell.body(self);
        let lines = Lines::new(body);
        let parts = expressions::expressions(body).into_iter();
        parts
            .map(|part| {
                let offset = cell.body_span.start + lines.offset(part.line, part.column);
                (offset, part.statement)
            })
            .collect()
    }

    /// Whether a query cell's rows have a column as the tables have it that it reads; false where that isn't sure.
    pub fn passes_column(&self, cell: &str, column: &str) -> bool {
        let query = self.cell(cell).filter(|cell| cell.kind == CellKind::Query);
        query.is_some_and(|query| passing::passes_column(query.body(self), column))
    }

    fn names(&self, indices: impl IntoIterator<Item = usize>) -> Vec<String> {
        let cells: Vec<&Cell> = self.cells().collect();
        indices
            .into_iter()
            .filter_map(|index| cells.get(index).map(|cell| cell.name.clone()))
            .collect()
    }

    fn cell_index(&self, name: &str) -> Option<usize> {
        self.cells().position(|cell| cell.name == name)
    }

    /// Most documents of a stream of edits are never asked, so this is worked out when it is.
    fn analysis(&self) -> &Analysis {
        self.analysis.get_or_init(|| Analysis::new(self))
    }
}

/// The prose in a range, unless it is blank. Its span is set once all blocks are known.
fn prose(text: &str, range: Range<usize>) -> Option<Block> {
    let content = without_blank_lines(&text[range.clone()]);
    (!content.is_empty()).then(|| {
        let content = range.start + content.start..range.start + content.end;
        Block::Prose {
            span: content.clone(),
            content,
        }
    })
}

/// From the start of the first to the end of the last line that isn't blank.
pub(crate) fn without_blank_lines(text: &str) -> Range<usize> {
    let mut full = scan::lines(text, 0).filter(|line| !line.text.trim().is_empty());
    let Some(first) = full.next() else {
        return 0..0;
    };
    let last = full.last().unwrap_or(first);
    first.start..last.start + last.text.len()
}
