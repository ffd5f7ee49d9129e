//! Edits: each returns the new text of the whole file and changes only the block that it is about.
//!
//! New lines end as those of the file do. An edit never swallows what follows it: a body with a line that would close
//! its fence gets a longer fence, and a fence or comment that is left open is closed before another block comes.

use crate::document::{Block, Cell, Document, without_blank_lines};
use crate::scan::{self, closing_run, lines};
use aloft_spec::{CellKind, Code, Problem, is_valid_name};
use std::borrow::Cow;
use std::ops::Range;

impl Document {
    /// The text with another body in a cell, or with other prose, at `blocks()[index]`. What is replaced is
    /// [`Document::block_text`]; blank lines around prose stay as they are. The same text where there is no such block.
    pub fn replace_block(&self, index: usize, text: &str) -> String {
        match self.blocks().get(index) {
            None => self.text().to_owned(),
            Some(Block::Cell(cell)) => self.replace_body(cell, text),
            Some(Block::Prose { content, .. }) => {
                let last = index + 1 == self.blocks().len();
                let prose = self.own_newlines(&text[without_blank_lines(text)]);
                if prose == self.own_newlines(&self.text()[content.clone()]) {
                    return self.text().to_owned();
                }
                let closing = (!last).then(|| scan::scan(&prose, 0).unclosed).flatten();
                let closing = closing
                    .map(|line| self.newline().to_owned() + &line)
                    .unwrap_or_default();
                self.splice(&[(content.clone(), prose.into_owned() + &closing)])
            }
        }
    }

    fn replace_body(&self, cell: &Cell, body: &str) -> String {
        let body = self.own_newlines(body);
        if body == self.own_newlines(cell.body(self)) {
            return self.text().to_owned();
        }
        let fence = &cell.fence;
        let mut changes = Vec::new();
        let mark = self.text()[fence.open.clone()].chars().next().unwrap_or('`');
        let length = fence_length(&body, mark, fence.open.len());
        if length > fence.open.len() {
            changes.push((fence.open.clone(), mark.to_string().repeat(length)));
        }
        match &fence.close {
            Some(close) => {
                let end = if body.is_empty() { "" } else { self.newline() };
                changes.push((fence.lines.clone(), format!("{body}{end}")));
                if length > close.len() {
                    changes.push((close.clone(), mark.to_string().repeat(length)));
                }
            }
            None => {
                let opened = self.text()[..fence.lines.start].ends_with('\n');
                let start = if opened { "" } else { self.newline() };
                // The newline at the end of an open cell is the file's; one of the body stands before it.
                let ended = cell.body_span.end < self.text().len() || !body.ends_with('\n');
                let end = if ended { "" } else { self.newline() };
                changes.push((cell.body_span.clone(), format!("{start}{body}{end}")));
            }
        }
        self.splice(&changes)
    }

    /// The text with another name for the cell at `blocks()[index]`; cells that read it aren't changed.
    ///
    /// # Errors
    /// A name that isn't one, one that another cell has, or a block that isn't a cell.
    pub fn rename_cell(&self, index: usize, name: &str) -> Result<String, Problem> {
        let Some(Block::Cell(cell)) = self.blocks().get(index) else {
            return Err(Problem::new(Code::Unsupported, "only a cell has a name"));
        };
        if cell.name == name {
            return Ok(self.text().to_owned());
        }
        if !is_valid_name(name) {
            return Err(
                Problem::new(Code::BadValue, format!("`{name}` can't be the name of a cell"))
                    .with_hint(crate::validate::NAME_RULE),
            );
        }
        if let Some(other) = self.cell(name) {
            return Err(Problem::new(
                Code::DuplicateName,
                format!("line {} has a cell `{name}` already", other.line),
            )
            .with_hint("choose another name"));
        }
        Ok(self.splice(&[(cell.name_span.clone(), name.to_owned())]))
    }

    /// The text with a new cell after `blocks()[after]`, at the end when `None`. A name that can't be one is replaced
    /// by [`Document::unused_name`] of it.
    pub fn insert_cell(&self, after: Option<usize>, kind: &CellKind, name: &str, body: &str) -> String {
        let name = if is_valid_name(name) {
            Cow::Borrowed(name)
        } else {
            Cow::Owned(self.unused_name(name))
        };
        let body = scan::trim_newline(body);
        let end = if body.is_empty() { "" } else { "\n" };
        let fence = "`".repeat(fence_length(body, '`', 3));
        let (language, kind) = (kind.language(), kind.word());
        self.insert(
            after,
            &format!("{fence}{language} {kind} {name}\n{body}{end}{fence}"),
        )
    }

    /// The text with new prose after `blocks()[after]`, at the end when `None`. Prose beside prose is one block, and
    /// blank prose is none: the text stays as it is.
    pub fn insert_prose(&self, after: Option<usize>, text: &str) -> String {
        let prose = &text[without_blank_lines(text)];
        if prose.is_empty() {
            return self.text().to_owned();
        }
        match scan::scan(prose, 0).unclosed {
            Some(closing) => self.insert(after, &format!("{prose}\n{closing}")),
            None => self.insert(after, prose),
        }
    }

    fn insert(&self, after: Option<usize>, content: &str) -> String {
        let content = self.own_newlines(content);
        let newline = self.newline();
        let last = self.blocks().len().saturating_sub(1);
        let index = after.unwrap_or(last).min(last);
        let Some(block) = self.blocks().get(index) else {
            return format!("{}{content}{newline}", self.text());
        };
        let (at, mut before) = (block.content().end, String::new());
        if !block.content().is_empty() {
            if index == last {
                before.push_str(&self.closing());
            }
            before.push_str(newline);
            before.push_str(newline);
        }
        // A blank line follows, or the end of the file.
        let following = self.text()[at..block.span().end].matches('\n').count();
        let wanted = if index == last { 1 } else { 2 };
        let after = newline.repeat(wanted - following.min(wanted));
        self.splice(&[(at..at, format!("{before}{content}{after}"))])
    }

    /// The text without `blocks()[index]` and the blank lines that set it off.
    pub fn remove_block(&self, index: usize) -> String {
        let blocks = self.blocks();
        let Some(block) = blocks.get(index) else {
            return self.text().to_owned();
        };
        let content = block.content();
        let previous = index.checked_sub(1).map(|index| blocks[index].content().end);
        let next = blocks.get(index + 1).map(|block| block.content().start);
        let (range, between) = match (previous, next) {
            // The longer one of the gaps before and after it stays, and paragraphs stay apart.
            (Some(previous), Some(next)) => {
                let (before, after) = (content.start - previous, next - content.end);
                let prose = |index: usize| matches!(blocks.get(index), Some(Block::Prose { .. }));
                let newlines = |range: Range<usize>| self.text()[range].matches('\n').count();
                let kept = newlines(previous..content.start).max(newlines(content.end..next));
                let apart = prose(index - 1) && prose(index + 1) && kept < 2;
                let range = if before < after {
                    previous..content.end
                } else {
                    content.start..next
                };
                (range, if apart { self.newline() } else { "" })
            }
            (Some(previous), None) => (previous..content.end, ""),
            (None, Some(next)) => (content.start..next, ""),
            (None, None) => (block.span(), ""),
        };
        self.splice(&[(range, between.to_owned())])
    }

    /// The text with `blocks()[index]` and its neighbour in each other's place; the blank lines between blocks stay.
    /// The same text where there is no neighbour.
    pub fn move_block(&self, index: usize, down: bool) -> String {
        let first = if down { Some(index) } else { index.checked_sub(1) };
        let pair = first.and_then(|first| Some((first, self.blocks().get(first..first + 2)?)));
        let Some((first, [upper, lower])) = pair else {
            return self.text().to_owned();
        };
        let (upper, lower) = (upper.content(), lower.content());
        let closing = if first + 2 == self.blocks().len() {
            self.closing()
        } else {
            String::new()
        };
        let lower_text = self.text()[lower.clone()].to_owned() + &closing;
        let upper_text = self.text()[upper.clone()].to_owned();
        self.splice(&[(upper, lower_text), (lower, upper_text)])
    }

    /// A name that no cell has yet: the stem made a name (`2013 flights` becomes `_2013_flights`), with a number if
    /// need be.
    pub fn unused_name(&self, stem: &str) -> String {
        let mut name: String = stem
            .trim()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(56)
            .collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            name.insert(0, '_');
        }
        if name.chars().all(|c| c == '_') {
            name = "cell".into();
        }
        let free = |name: &str| self.cell(name).is_none();
        if free(&name) {
            return name;
        }
        (2u64..)
            .map(|number| format!("{name}_{number}"))
            .find(|name| free(name))
            .unwrap_or(name)
    }

    /// The line that closes what is open at the end of the text, after a newline.
    fn closing(&self) -> String {
        match &self.unclosed {
            None => String::new(),
            Some(line) => format!("{}{line}", self.newline()),
        }
    }

    /// How the lines of the file end: as its first line does.
    fn newline(&self) -> &'static str {
        match self.text().split_once('\n') {
            Some((first, _)) if first.ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// A text with lines that end as those of the file do, where the file's end in `\r\n`.
    fn own_newlines<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.newline() == "\n" || !text.contains('\n') {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace("\r\n", "\n").replace('\n', "\r\n"))
    }

    /// The text with other text in some ranges, which are in order and don't overlap.
    fn splice(&self, changes: &[(Range<usize>, String)]) -> String {
        let mut out = String::with_capacity(self.text().len() + 64);
        let mut end = 0;
        for (range, text) in changes {
            out.push_str(&self.text()[end..range.start]);
            out.push_str(text);
            end = range.end;
        }
        out.push_str(&self.text()[end..]);
        out
    }
}

/// A fence's length so that no line of the body closes it; `length` where that is enough.
fn fence_length(body: &str, mark: char, length: usize) -> usize {
    lines(body, 0)
        .filter_map(|line| closing_run(line.text, mark, length))
        .map(|run| run.len() + 1)
        .max()
        .unwrap_or(length)
}
