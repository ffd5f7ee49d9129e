//! Colours of SQL and TOML. The lexers know just enough to colour: they never fail and never lose a character.

use crate::fonts;
use crate::tokens::{Tokens, font};
use aloft_spec::sql::KEYWORDS;
use egui::Color32;
use egui::text::{LayoutJob, TextFormat};

/// What a piece of code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Keyword,
    Text,
    Number,
    Comment,
}

/// SQL.
pub fn sql(text: &str, t: &Tokens) -> LayoutJob {
    code(text, &lex(text, Dialect::Sql), t)
}

/// TOML.
pub fn toml(text: &str, t: &Tokens) -> LayoutJob {
    code(text, &lex(text, Dialect::Toml), t)
}

/// Markdown in its editor.
pub fn prose(text: &str, t: &Tokens) -> LayoutJob {
    let format = TextFormat {
        line_height: Some(font::PROSE_LINE),
        ..TextFormat::simple(fonts::regular(font::PROSE), t.text)
    };
    LayoutJob::single_section(text.to_owned(), format)
}

fn code(text: &str, pieces: &[(Kind, usize)], t: &Tokens) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut at = 0;
    for &(kind, end) in pieces {
        job.append(&text[at..end], 0.0, format(kind, t));
        at = end;
    }
    job
}

fn format(kind: Kind, t: &Tokens) -> TextFormat {
    let color: Color32 = match kind {
        Kind::Plain => t.text,
        Kind::Keyword => t.keyword,
        Kind::Text => t.string,
        Kind::Number => t.number,
        Kind::Comment => t.dim,
    };
    TextFormat {
        line_height: Some(font::BODY_LINE),
        ..TextFormat::simple(fonts::mono(font::CODE), color)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Sql,
    Toml,
}

/// Pieces as their kind and the byte where they end, in order and without gaps.
fn lex(text: &str, dialect: Dialect) -> Vec<(Kind, usize)> {
    let mut pieces: Vec<(Kind, usize)> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let (kind, length) = piece(rest, text[line_start..at].trim().is_empty(), dialect);
        at += length;
        match pieces.last_mut() {
            Some(last) if last.0 == kind => last.1 = at,
            _ => pieces.push((kind, at)),
        }
    }
    pieces
}

/// The first piece of a text that isn't empty. `fresh`: nothing but blanks stands before it in its line.
fn piece(rest: &str, fresh: bool, dialect: Dialect) -> (Kind, usize) {
    let Some(first) = rest.chars().next() else {
        return (Kind::Plain, 0);
    };
    let comment = match dialect {
        Dialect::Sql => rest.starts_with("--"),
        Dialect::Toml => first == '#',
    };
    if comment {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if dialect == Dialect::Sql && rest.starts_with("/*") {
        return (Kind::Comment, rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if dialect == Dialect::Toml && fresh && first == '[' {
        let line_end = rest.find(['\n', '#']).unwrap_or(rest.len());
        return (Kind::Keyword, line_end);
    }
    if first == '\'' || (first == '"' && dialect == Dialect::Toml) {
        return (Kind::Text, quoted(rest, first));
    }
    if first.is_ascii_digit() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        return (Kind::Number, until(rest, |c| !is_part(c)));
    }
    if first.is_alphabetic() || first == '_' {
        let length = until(rest, |c| {
            !c.is_alphanumeric() && c != '_' && !(dialect == Dialect::Toml && c == '-')
        });
        return (word(&rest[..length], dialect), length);
    }
    (Kind::Plain, first.len_utf8())
}

fn word(word: &str, dialect: Dialect) -> Kind {
    match dialect {
        Dialect::Toml if matches!(word, "true" | "false" | "inf" | "nan") => Kind::Number,
        Dialect::Sql if KEYWORDS.contains(&word.to_ascii_lowercase().as_str()) => Kind::Keyword,
        _ => Kind::Plain,
    }
}

fn until(rest: &str, ends: impl Fn(char) -> bool) -> usize {
    rest.find(ends).unwrap_or(rest.len())
}

/// The length of a text in quotes; three of them may hold line ends. One that isn't closed ends with its line.
fn quoted(rest: &str, quote: char) -> usize {
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if rest.starts_with(&triple) {
        return rest[3..].find(&triple).map_or(rest.len(), |end| end + 6);
    }
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return index,
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str, dialect: Dialect) -> Vec<(Kind, &str)> {
        let mut at = 0;
        lex(text, dialect)
            .into_iter()
            .map(|(kind, end)| {
                let piece = &text[at..end];
                at = end;
                (kind, piece.trim())
            })
            .filter(|(_, piece)| !piece.is_empty())
            .collect()
    }

    #[test]
    fn sql_is_coloured() {
        use Kind::{Comment, Keyword, Number, Plain, Text};
        let sql = "SELECT a FROM t -- all\nWHERE b > 15.5 AND c = 'it'";
        let expected = [
            (Keyword, "SELECT"),
            (Plain, "a"),
            (Keyword, "FROM"),
            (Plain, "t"),
            (Comment, "-- all"),
            (Keyword, "WHERE"),
            (Plain, "b >"),
            (Number, "15.5"),
            (Keyword, "AND"),
            (Plain, "c ="),
            (Text, "'it'"),
        ];
        assert_eq!(pieces(sql, Dialect::Sql), expected);
    }

    #[test]
    fn toml_is_coloured() {
        use Kind::{Comment, Keyword, Number, Plain, Text};
        let toml = "data = \"a \\\" b\" # why\n[model]\nhidden = [128, 64]\nfast = true";
        let expected = [
            (Plain, "data ="),
            (Text, "\"a \\\" b\""),
            (Comment, "# why"),
            (Keyword, "[model]"),
            (Plain, "hidden = ["),
            (Number, "128"),
            (Plain, ","),
            (Number, "64"),
            (Plain, "]\nfast ="),
            (Number, "true"),
        ];
        assert_eq!(pieces(toml, Dialect::Toml), expected);
    }

    #[test]
    fn nothing_is_lost_whatever_is_typed() {
        for text in [
            "",
            "'",
            "\"\"\"",
            "/*",
            "é'ü\n",
            "[a\n'''x",
            "1e",
            "\\",
            "\u{1F600} -- \u{0}",
            "a-b_c",
        ] {
            for dialect in [Dialect::Sql, Dialect::Toml] {
                let end = lex(text, dialect).last().map_or(0, |piece| piece.1);
                assert_eq!(end, text.len(), "{text:?}");
            }
        }
    }
}
