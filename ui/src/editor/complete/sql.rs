//! What could be meant at the cursor of a query: tables, columns, parameters, keywords and functions. It knows just
//! enough SQL to tell where a table and where a column stands.

use super::{Found, Known, Suggestions};
use aloft_spec::sql::{FUNCTIONS, KEYWORDS};
use std::ops::Range;

/// Suggestions for the cursor at a byte of a statement. Unless they were `asked` for, there are none before the first letter
/// of a word, and none for a word that is complete.
pub(super) fn suggest(text: &str, cursor: usize, known: &Known<'_>, asked: bool) -> Option<Suggestions> {
    let tokens = tokens(text);
    let inside = tokens
        .iter()
        .find(|token| token.span.start < cursor && cursor <= token.span.end);
    if inside.is_some_and(|token| match token.kind {
        // A text that was closed is left again at its end.
        Kind::Text => cursor < token.span.end || !token.closed,
        Kind::Comment => cursor < token.span.end || !text[..cursor].ends_with("*/"),
        Kind::Word | Kind::Mark => false,
    }) {
        return None;
    }
    let start = inside
        .filter(|token| token.kind == Kind::Word)
        .map_or(cursor, |token| token.span.start);
    let prefix = &text[start..cursor];
    let before: Vec<&Token<'_>> = tokens
        .iter()
        .filter(|token| token.span.end <= start && token.kind != Kind::Comment)
        .collect();
    let last = before.last().map_or("", |token| token.text);
    let pointed = last == "." && before.last().is_some_and(|token| token.span.end == start);
    let mut found = Found::new(prefix);
    if let Some(word) = prefix.strip_prefix('$') {
        found.prefix = word;
        for (name, value) in &known.params {
            found.add(0, name, value, format!("${name}"));
        }
    } else if pointed {
        let owner = before.len().checked_sub(2).map_or("", |at| before[at].text);
        let named = scope(&tokens, start);
        let table = named
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(owner))
            .map_or(owner, |(_, table)| table);
        for (column, dtype) in known.columns(table) {
            found.add(0, column, dtype, quoted(column));
        }
    } else if prefix.is_empty() && !asked {
        return None;
    } else {
        let expects_table = expects_table(&before);
        for (table, _) in &known.tables {
            found.add(u8::from(!expects_table), table, "table", (*table).to_owned());
        }
        for (alias, table) in scope(&tokens, start) {
            if alias != table || known.columns(table).is_empty() {
                found.add(u8::from(!expects_table), alias, "table", alias.to_owned());
            }
            if !expects_table {
                for (column, dtype) in known.columns(table) {
                    found.add(0, column, dtype, quoted(column));
                }
            }
        }
        if !expects_table {
            // A statement is often begun before its FROM: then any column may be meant.
            if !tokens.iter().any(|token| token.is("from")) {
                for (_, columns) in &known.tables {
                    for (column, dtype) in columns {
                        found.add(1, column, dtype, quoted(column));
                    }
                }
            }
            for (name, value) in &known.params {
                found.add(2, &format!("${name}"), value, format!("${name}"));
            }
            for function in FUNCTIONS {
                let name = cased(prefix, function);
                found.add(3, &name, "function", format!("{name}("));
            }
        }
        for keyword in KEYWORDS {
            let word = cased(prefix, keyword);
            found.add(if expects_table { 4 } else { 2 }, &word, "keyword", word.clone());
        }
    }
    found.suggestions(start..cursor, asked)
}

/// A word of SQL in the case of what was typed.
fn cased(prefix: &str, word: &str) -> String {
    if prefix.starts_with(|c: char| c.is_lowercase()) {
        word.to_owned()
    } else {
        word.to_uppercase()
    }
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(
            name,
            "order" | "group" | "select" | "from" | "where" | "table" | "index" | ""
        );
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Whether a table's name comes next.
fn expects_table(before: &[&Token<'_>]) -> bool {
    let Some((last, rest)) = before.split_last() else {
        return false;
    };
    if last.is("from") || last.is("join") {
        return true;
    }
    // `FROM a, ` and `FROM a AS x, `: back over names to the FROM.
    last.text == ","
        && rest
            .iter()
            .rev()
            .find(|token| token.text == "(" || (token.is_keyword() && !token.is("as")))
            .is_some_and(|token| token.is("from"))
}

/// Names that stand for tables in a statement: aliases, and tables by their own names. The word that is being written, at
/// a byte of the text, is none yet.
fn scope<'a>(tokens: &[Token<'a>], written: usize) -> Vec<(&'a str, &'a str)> {
    let tokens: Vec<&Token<'a>> = tokens
        .iter()
        .filter(|token| token.kind != Kind::Comment && token.span.start != written)
        .collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let follows = expects_table(&tokens[..at]);
        if !follows || token.kind != Kind::Word || token.is_keyword() {
            continue;
        }
        let next = |ahead: usize| tokens.get(at + ahead).filter(|next| next.kind == Kind::Word);
        let alias = match next(1) {
            Some(word) if word.is("as") => next(2),
            other => other,
        };
        let alias = alias
            .filter(|word| !word.is_keyword())
            .map_or(token.text, |word| word.text);
        found.push((alias, token.text));
    }
    // What WITH makes is a table, too.
    for window in tokens.windows(3) {
        if let [name, is, open] = window
            && name.kind == Kind::Word
            && !name.is_keyword()
            && is.is("as")
            && open.text == "("
        {
            found.push((name.text, name.text));
        }
    }
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A name, a keyword, a number, or a parameter with its `$`.
    Word,
    /// In single quotes.
    Text,
    Comment,
    /// A character that is none of these.
    Mark,
}

#[derive(Debug)]
struct Token<'a> {
    kind: Kind,
    span: Range<usize>,
    /// A word in double quotes is without them.
    text: &'a str,
    closed: bool,
}

impl Token<'_> {
    fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    fn is_keyword(&self) -> bool {
        self.kind == Kind::Word && KEYWORDS.contains(&self.text.to_ascii_lowercase().as_str())
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let until = |ends: &dyn Fn(char) -> bool| {
            rest[first.len_utf8()..]
                .find(ends)
                .map(|end| end + first.len_utf8())
        };
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let (kind, length, closed) = if rest.starts_with("--") {
            (Kind::Comment, rest.find('\n').unwrap_or(rest.len()), true)
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map(|end| end + 2);
            (Kind::Comment, end.unwrap_or(rest.len()), end.is_some())
        } else if first == '\'' || first == '"' {
            let end = until(&|c| c == first).map(|end| end + 1);
            let kind = if first == '"' && end.is_some() {
                Kind::Word
            } else {
                Kind::Text
            };
            (kind, end.unwrap_or(rest.len()), end.is_some())
        } else if is_part(first) || first == '$' {
            (Kind::Word, until(&|c| !is_part(c)).unwrap_or(rest.len()), true)
        } else {
            (Kind::Mark, first.len_utf8(), true)
        };
        if !first.is_whitespace() {
            let whole = &rest[..length];
            let text = if kind == Kind::Word {
                whole.trim_matches('"')
            } else {
                whole
            };
            found.push(Token {
                kind,
                span: at..at + length,
                text,
                closed,
            });
        }
        at += length;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known<'static> {
        Known {
            tables: vec![
                (
                    "flights",
                    vec![("carrier", "str"), ("dep_delay", "i64"), ("arr delay", "i64")],
                ),
                ("weather", vec![("temp", "f64"), ("carrier_code", "str")]),
            ],
            params: vec![("threshold", "15".into())],
            ..Known::default()
        }
    }

    /// The texts for the cursor at `|`.
    fn at(marked: &str, asked: bool) -> Vec<String> {
        let cursor = marked.find('|').unwrap();
        let text = marked.replace('|', "");
        let found = suggest(&text, cursor, &known(), asked);
        found.map_or(Vec::new(), |found| {
            found.items.into_iter().map(|item| item.text).collect()
        })
    }

    fn first(marked: &str) -> String {
        at(marked, false).into_iter().next().unwrap_or_default()
    }

    #[test]
    fn tables_come_behind_from_and_join() {
        assert_eq!(first("SELECT * FROM f|"), "flights");
        assert_eq!(first("SELECT * FROM flights f LEFT JOIN w|"), "weather");
        assert_eq!(first("SELECT * FROM flights AS f, w|"), "weather");
        assert_eq!(first("SELECT a, w|"), "weather", "they can be named before, too");
        assert_eq!(first("WITH late AS (SELECT 1) SELECT * FROM la|"), "late");
        assert_eq!(at("SELECT * FROM |", true)[..2], ["flights", "weather"]);
    }

    #[test]
    fn columns_are_those_of_the_tables_in_the_statement() {
        assert_eq!(first("SELECT car| FROM flights"), "carrier");
        assert!(!at("SELECT car| FROM flights", false).contains(&"carrier_code".into()));
        assert_eq!(
            at("SELECT f.| FROM flights AS f", false),
            ["carrier", "dep_delay", "arr delay"]
        );
        assert_eq!(at("SELECT w.te| FROM flights f JOIN weather w", false), ["temp"]);
        assert_eq!(first("SELECT delay| FROM flights"), "dep_delay");
        assert_eq!(
            first("SELECT carrier_c|"),
            "carrier_code",
            "before there is a FROM, all"
        );
        assert_eq!(
            first("SELECT 1 FROM flights WHERE carrier = 'x' AND de|"),
            "dep_delay"
        );
        assert_eq!(first("SELECT * FROM (SELECT de| FROM flights) x"), "dep_delay");
    }

    #[test]
    fn what_is_put_in_is_sql() {
        let insert = |marked: &str| {
            let cursor = marked.find('|').unwrap();
            let found = suggest(&marked.replace('|', ""), cursor, &known(), false).unwrap();
            (found.range, found.items[0].insert.clone())
        };
        assert_eq!(
            insert("SELECT arr| FROM flights"),
            (7..10, "\"arr delay\"".into())
        );
        assert_eq!(insert("SELECT AV| FROM flights"), (7..9, "AVG(".into()));
        assert_eq!(insert("select av| from flights"), (7..9, "avg(".into()));
        assert_eq!(insert("sel|"), (0..3, "select".into()));
        assert_eq!(insert("SELECT $th|"), (7..10, "$threshold".into()));
        assert_eq!(insert("SELECT * FROM flights WHER|E"), (22..26, "WHERE".into()));
    }

    #[test]
    fn nothing_is_suggested_where_nothing_is_named() {
        for marked in [
            "SELECT |",
            "SELECT 'car|' FROM flights",
            "SELECT 'car|",
            "SELECT 1 -- car|",
            "/* car|",
            "SELECT carrier| FROM flights",
            "SELECT xyzzy| FROM flights",
            "SELECT nothing.| FROM flights",
            "|",
        ] {
            assert_eq!(at(marked, false), Vec::<String>::new(), "{marked}");
        }
        assert!(!at("SELECT 'a'|", true).is_empty());
        assert!(!at("SELECT carrier| FROM flights", true).is_empty());
        assert!(!at("|", true).is_empty());
    }

    #[test]
    fn any_text_and_any_cursor_have_an_answer() {
        for text in [
            "",
            "'",
            "\"",
            "$",
            "a.b.c",
            "ö.ä",
            "/*",
            "--",
            "SELECT \u{1F600} FROM 'é",
            "(((",
            "a\"b",
        ] {
            for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                for asked in [false, true] {
                    if let Some(found) = suggest(text, at, &known(), asked) {
                        assert!(text.get(found.range).is_some() && !found.items.is_empty());
                    }
                }
            }
        }
    }
}
