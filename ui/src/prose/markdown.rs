//! Just enough Markdown to read a notebook's prose: headings, paragraphs, lists, quotes, code, bold, italic, links.
//! Any text is something; nothing fails.

/// A block of prose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A heading with its level, from 1.
    Heading(u8, Vec<Span>),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An entry of a list: how deep it is, its marker (`•` or `1.`), its words.
    Item(usize, String, Vec<Span>),
    /// A quote.
    Quote(Vec<Span>),
    /// A block of code that isn't a cell.
    Code(String),
    /// A line.
    Rule,
}

/// Words of one look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// The words.
    pub text: String,
    /// Strong.
    pub bold: bool,
    /// Emphasized.
    pub italic: bool,
    /// Code.
    pub code: bool,
    /// Where it leads.
    pub link: Option<String>,
}

/// The blocks of a text.
pub fn parse(text: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if let Some(fence) = fence(trimmed) {
            flush(&mut paragraph, &mut nodes);
            let code: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.trim().starts_with(fence))
                .collect();
            nodes.push(Node::Code(code.join("\n")));
        } else if trimmed.is_empty() {
            flush(&mut paragraph, &mut nodes);
        } else if let Some((level, words)) = heading(trimmed) {
            flush(&mut paragraph, &mut nodes);
            nodes.push(Node::Heading(level, spans(words)));
        } else if is_rule(trimmed) {
            flush(&mut paragraph, &mut nodes);
            nodes.push(Node::Rule);
        } else if let Some((marker, words)) = item(trimmed) {
            flush(&mut paragraph, &mut nodes);
            let depth = (line.len() - line.trim_start().len()) / 2;
            nodes.push(Node::Item(depth, marker, spans(words)));
        } else if let Some(words) = trimmed.strip_prefix('>') {
            flush(&mut paragraph, &mut nodes);
            nodes.push(Node::Quote(spans(words.trim_start())));
        } else if paragraph.is_empty()
            && line.starts_with("  ")
            && let Some(Node::Item(_, _, words)) = nodes.last_mut()
        {
            words.push(Span {
                text: " ".into(),
                ..Span::default()
            });
            words.extend(spans(trimmed));
        } else {
            paragraph.push(trimmed);
        }
    }
    flush(&mut paragraph, &mut nodes);
    nodes
}

fn flush(paragraph: &mut Vec<&str>, nodes: &mut Vec<Node>) {
    if !paragraph.is_empty() {
        nodes.push(Node::Paragraph(spans(&paragraph.join(" "))));
        paragraph.clear();
    }
}

fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let words = line.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then_some((level as u8, words.trim()))
}

fn is_rule(line: &str) -> bool {
    let mark = line.chars().next().unwrap_or_default();
    line.len() >= 3 && matches!(mark, '-' | '*' | '_') && line.chars().all(|c| c == mark)
}

fn item(line: &str) -> Option<(String, &str)> {
    for bullet in ["- ", "* ", "+ "] {
        if let Some(words) = line.strip_prefix(bullet) {
            return Some(("•".into(), words));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let words = line.get(digits..)?.strip_prefix(". ")?;
    (1..=9)
        .contains(&digits)
        .then(|| (format!("{}.", &line[..digits]), words))
}

/// The looks within a line.
fn spans(text: &str) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut now = Span::default();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((inner, after)) = rest.strip_prefix('`').and_then(|tail| tail.split_once('`')) {
            push(&mut found, &mut now);
            found.push(Span {
                text: inner.to_owned(),
                code: true,
                ..now.clone()
            });
            rest = after;
        } else if let Some((inner, address, after)) = link(rest) {
            push(&mut found, &mut now);
            for span in spans(inner) {
                found.push(Span {
                    bold: span.bold || now.bold,
                    italic: span.italic || now.italic,
                    link: Some(address.to_owned()),
                    ..span
                });
            }
            rest = after;
        } else if let Some(after) = toggle(rest, &["**", "__"], now.bold, &now.text) {
            push(&mut found, &mut now);
            now.bold = !now.bold;
            rest = after;
        } else if let Some(after) = toggle(rest, &["*", "_"], now.italic, &now.text) {
            push(&mut found, &mut now);
            now.italic = !now.italic;
            rest = after;
        } else {
            let escaped = rest.strip_prefix('\\').and_then(|tail| tail.chars().next());
            match escaped.filter(char::is_ascii_punctuation) {
                Some(c) => {
                    now.text.push(c);
                    rest = &rest[1 + c.len_utf8()..];
                }
                None => {
                    now.text.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
    }
    push(&mut found, &mut now);
    found
}

fn push(found: &mut Vec<Span>, now: &mut Span) {
    if !now.text.is_empty() {
        found.push(now.clone());
        now.text.clear();
    }
}

fn link(rest: &str) -> Option<(&str, &str, &str)> {
    let (inner, tail) = rest.strip_prefix('[')?.split_once("](")?;
    let (address, after) = tail.split_once(')')?;
    (!inner.contains('[') && !address.contains(' ')).then_some((inner, address, after))
}

/// What follows a mark that opens or closes a look. It opens before a letter where it is closed later on, and not
/// within a word: `snake_case` stays as it is.
fn toggle<'a>(rest: &'a str, marks: &[&str], on: bool, before: &str) -> Option<&'a str> {
    let (mark, after) = marks
        .iter()
        .find_map(|mark| Some((mark, rest.strip_prefix(mark)?)))?;
    let next = after.chars().next().unwrap_or(' ');
    if on {
        let within = mark.starts_with('_') && next.is_alphanumeric();
        return (!before.is_empty() && !before.ends_with(' ') && !within).then_some(after);
    }
    let within = mark.starts_with('_') && before.chars().last().is_some_and(char::is_alphanumeric);
    (!next.is_whitespace() && !within && after.contains(mark)).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Span {
        Span {
            text: text.into(),
            ..Span::default()
        }
    }

    #[test]
    fn blocks_are_found() {
        let nodes = parse("# Title\n\nOne\ntwo\n- a\n  - b\n1. c\n> q\n---\n```\nx\n```\n");
        let expected = vec![
            Node::Heading(1, vec![plain("Title")]),
            Node::Paragraph(vec![plain("One two")]),
            Node::Item(0, "•".into(), vec![plain("a")]),
            Node::Item(1, "•".into(), vec![plain("b")]),
            Node::Item(0, "1.".into(), vec![plain("c")]),
            Node::Quote(vec![plain("q")]),
            Node::Rule,
            Node::Code("x".into()),
        ];
        assert_eq!(nodes, expected);
    }

    #[test]
    fn looks_are_found() {
        let Some(Node::Paragraph(found)) = parse("a **b** *c* `d_e` [f](g) snake_case 2 * 3").pop() else {
            panic!("a paragraph was expected");
        };
        let bold = Span {
            bold: true,
            ..plain("b")
        };
        let italic = Span {
            italic: true,
            ..plain("c")
        };
        let code = Span {
            code: true,
            ..plain("d_e")
        };
        let link = Span {
            link: Some("g".into()),
            ..plain("f")
        };
        let expected = vec![
            plain("a "),
            bold,
            plain(" "),
            italic,
            plain(" "),
            code,
            plain(" "),
            link,
            plain(" snake_case 2 * 3"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn any_text_is_something() {
        for text in [
            "", "#", "**", "`", "[", "[a](", "\\", "1.", "- ", ">", "```", "é*ü", "***x***", "_a_b_",
        ] {
            parse(text);
        }
    }
}
