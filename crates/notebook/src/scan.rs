//! The lines of Markdown that matter: fences, comments and headings. Everything else is prose.
//!
//! Fences are those of CommonMark 0.31, section 4.5, at the top level of the document: in a list or a quote they are
//! prose, as is everything within an HTML comment or within a fence that isn't a cell.

use aloft_spec::CellKind;
use std::ops::Range;

/// What the lines of a text say.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Cells in order.
    pub cells: Vec<FencedCell>,
    /// Fences that begin as a cell does and are none: `` ```toml train ``, without a name.
    pub incomplete: Vec<Range<usize>>,
    /// The first heading's text.
    pub title: Option<Range<usize>>,
    /// The line that would close a fence or comment which is open at the end.
    pub unclosed: Option<String>,
}

/// A cell's fence and body.
#[derive(Debug, Clone)]
pub(crate) struct FencedCell {
    /// The backticks or tildes of the opening line.
    pub open: Range<usize>,
    /// The words of the info string.
    pub language: Range<usize>,
    pub kind: Range<usize>,
    pub name: Range<usize>,
    /// Whole lines between the fences.
    pub lines: Range<usize>,
    /// The backticks or tildes of the closing line; `None` when the text ends before it.
    pub close: Option<Range<usize>>,
    /// From the opening line's start to the closing line's end, without its newline.
    pub content: Range<usize>,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Offset of its start.
    pub start: usize,
    /// Its text without the newline.
    pub text: &'a str,
    /// Offset of the next line.
    pub next: usize,
}

/// The lines of a text from an offset on.
pub(crate) fn lines(text: &str, from: usize) -> impl Iterator<Item = Line<'_>> {
    let mut start = from;
    text[from..].split_inclusive('\n').map(move |raw| {
        let line = Line {
            start,
            text: trim_newline(raw),
            next: start + raw.len(),
        };
        start = line.next;
        line
    })
}

/// A line without its `\n` or `\r\n`.
pub(crate) fn trim_newline(line: &str) -> &str {
    let shorter = line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n'));
    shorter.unwrap_or(line)
}

/// Where the first byte of a text's content is: after its byte order mark, if it has one.
pub(crate) fn text_start(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

/// The fence characters at the start of a line: their range within the line, or `None`.
fn fence_run(line: &str) -> Option<(char, Range<usize>)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mark = line[indent..].chars().next()?;
    if indent > 3 || !matches!(mark, '`' | '~') {
        return None;
    }
    let rest = line[indent..].trim_start_matches(mark);
    let end = line.len() - rest.len();
    (end - indent >= 3).then_some((mark, indent..end))
}

/// The fence characters of a line that closes a fence of `mark` with at least `length` of them.
pub(crate) fn closing_run(line: &str, mark: char, length: usize) -> Option<Range<usize>> {
    let (found, run) = fence_run(line)?;
    (found == mark && run.len() >= length && line[run.end..].trim().is_empty()).then_some(run)
}

/// A fence that is open.
struct Fence {
    mark: char,
    length: usize,
    cell: Option<FencedCell>,
}

enum State {
    Prose,
    Comment,
    Fence(Fence),
}

/// Reads the lines of a text from an offset on.
pub(crate) fn scan(text: &str, from: usize) -> Scan {
    let mut scan = Scan::default();
    let mut state = State::Prose;
    for line in lines(text, from) {
        state = match state {
            State::Prose => open(&mut scan, line),
            State::Comment if line.text.contains("-->") => State::Prose,
            State::Comment => State::Comment,
            State::Fence(mut fence) => match closing_run(line.text, fence.mark, fence.length) {
                Some(run) => {
                    if let Some(mut cell) = fence.cell {
                        cell.lines.end = line.start;
                        cell.close = Some(line.start + run.start..line.start + run.end);
                        cell.content.end = line.start + line.text.len();
                        scan.cells.push(cell);
                    }
                    State::Prose
                }
                None => {
                    if let Some(cell) = &mut fence.cell {
                        cell.lines.end = line.next;
                        cell.content.end = line.start + line.text.len();
                    }
                    State::Fence(fence)
                }
            },
        };
    }
    match state {
        State::Prose => {}
        State::Comment => scan.unclosed = Some("-->".into()),
        State::Fence(fence) => {
            scan.unclosed = Some(fence.mark.to_string().repeat(fence.length));
            scan.cells.extend(fence.cell);
        }
    }
    scan
}

/// What a line of prose opens.
fn open(scan: &mut Scan, line: Line<'_>) -> State {
    // A byte order mark stays where files are joined, and means nothing there: the line may become the first of its file.
    let (whole, text) = (line, line.text.trim_start_matches('\u{feff}'));
    let line = Line {
        start: whole.start + whole.text.len() - text.len(),
        text,
        ..whole
    };
    if let Some((mark, run)) = fence_run(line.text) {
        let info = &line.text[run.end..];
        // A backtick after backticks makes it code within a paragraph.
        if mark == '~' || !info.contains('`') {
            let length = run.len();
            let mut cell = cell(scan, line, run);
            if let Some(cell) = &mut cell {
                cell.content.start = whole.start;
            }
            return State::Fence(Fence { mark, length, cell });
        }
    }
    let trimmed = line.text.trim_start_matches(' ');
    let indent = line.text.len() - trimmed.len();
    if indent > 3 {
        return State::Prose;
    }
    if let Some(comment) = trimmed.strip_prefix("<!--") {
        // `<!-->` is a whole comment.
        let closed = comment.starts_with('>') || comment.starts_with("->") || comment.contains("-->");
        return if closed { State::Prose } else { State::Comment };
    }
    if scan.title.is_none() {
        scan.title = heading(trimmed).map(|range| {
            let start = line.start + indent;
            start + range.start..start + range.end
        });
    }
    State::Prose
}

/// The text of a heading of CommonMark, section 4.2: `# Title` or `# Title #`.
fn heading(line: &str) -> Option<Range<usize>> {
    let rest = line.trim_start_matches('#');
    let level = line.len() - rest.len();
    if !(1..=6).contains(&level) || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let text = rest.trim_end();
    let bare = text.trim_end_matches('#');
    let text = if bare.ends_with([' ', '\t']) { bare } else { text };
    let title = text.trim();
    let start = level + (rest.len() - rest.trim_start().len());
    (!title.is_empty()).then(|| start..start + title.len())
}

/// The cell that a fence opens, if its info string is `<language> <kind> <name>`.
fn cell(scan: &mut Scan, line: Line<'_>, run: Range<usize>) -> Option<FencedCell> {
    let words: Vec<Range<usize>> = words(line.text, run.end).collect();
    let word = |index: usize| words.get(index).map(|range| &line.text[range.clone()]);
    let (language, kind) = (word(0)?, CellKind::from_word(word(1)?));
    let ours = matches!(language, "toml" | "sql");
    let known = !matches!(kind, CellKind::Unknown(_));
    let at = |range: &Range<usize>| line.start + range.start..line.start + range.end;
    let [language, kind, name] = words.as_slice() else {
        if ours && known {
            scan.incomplete.push(at(&(run.start..line.text.trim_end().len())));
        }
        return None;
    };
    if !(known || ours && is_word(&line.text[kind.clone()])) {
        return None;
    }
    Some(FencedCell {
        open: at(&run),
        language: at(language),
        kind: at(kind),
        name: at(name),
        lines: line.next..line.next,
        close: None,
        content: line.start..line.start + line.text.len(),
    })
}

/// Whether a text could be the kind of a cell of a later version, rather than an attribute such as `title="a.toml"`.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Ranges of the words of a line from an offset on.
fn words(line: &str, from: usize) -> impl Iterator<Item = Range<usize>> {
    line[from..].split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        start..start + word.len()
    })
}
