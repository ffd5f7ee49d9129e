//! What could be meant at the cursor of a TOML cell: its keys, the words that a key takes, and names of tables, columns
//! and files. What the keys are and take comes from the types that the cells are read as.

use super::{Found, Known, Suggestions};
use aloft_spec::CellKind;
use aloft_spec::shape::{Shape, of_cell};
use std::ops::Range;

/// Keys that name columns, of the cell's `data` or of a source itself.
const COLUMN_KEYS: [&str; 13] = [
    "x", "y", "z", "color", "facet", "columns", "target", "features", "ignore", "column", "by", "group",
    "weight",
];

/// Suggestions for the cursor at a byte of a cell's body. Within quotes they come before the first letter.
pub(super) fn suggest(
    kind: &CellKind,
    text: &str,
    cursor: usize,
    known: &Known<'_>,
    asked: bool,
) -> Option<Suggestions> {
    let tokens = tokens(text);
    let inside = tokens
        .iter()
        .find(|token| token.span.start < cursor && cursor <= token.span.end);
    let (start, quoted) = match inside {
        Some(token) if token.is_text() && (cursor < token.span.end || !token.closed) => {
            (token.span.start + 1, Some(token.closed))
        }
        Some(token) if token.kind == Kind::Word => (token.span.start, None),
        Some(token) if token.kind == Kind::Comment => return None,
        _ => (cursor, None),
    };
    if start == cursor && quoted.is_none() && !asked {
        return None;
    }
    let place = Place::of(&tokens, start);
    match &place.value {
        Some(key) => values(
            kind,
            key,
            text,
            start..cursor,
            quoted,
            place.in_list,
            known,
            asked,
        ),
        None if quoted.is_some() => None,
        None => keys(kind, &place, text, start..cursor, asked),
    }
}

fn keys(kind: &CellKind, place: &Place, text: &str, word: Range<usize>, asked: bool) -> Option<Suggestions> {
    // `split.b`: what comes before the last dot is a table.
    let written = &text[word.clone()];
    let dot = written.rfind('.').map_or(0, |dot| dot + 1);
    let mut table = place.table.clone();
    table.extend(names(&written[..dot]));
    let path: Vec<&str> = table.iter().map(String::as_str).collect();
    let has_equals = text[word.end..].trim_start_matches(' ').starts_with('=');
    let mut found = Found::new(&written[dot..]);
    for key in of_cell(kind, &path)?.keys() {
        let own: Vec<&str> = path.iter().copied().chain([*key]).collect();
        let is_written = place.written.iter().any(|written| {
            *written == own && !(written.len() == own.len() && place.current.as_ref() == Some(written))
        });
        let Some(taken) = of_cell(kind, &own).filter(|_| !is_written) else {
            continue;
        };
        let is_table = matches!(taken.shape, Shape::Keys(_));
        let (detail, ends) = match taken.shape {
            Shape::Keys(_) => ("table".to_owned(), " = { "),
            Shape::Words(words) => (format!("one of {}", words.len()), " = "),
            Shape::Flag => ("true or false".to_owned(), " = "),
            Shape::Number if taken.list => ("numbers".to_owned(), " = "),
            Shape::Number => ("number".to_owned(), " = "),
            Shape::Text if taken.list => ("texts".to_owned(), " = "),
            Shape::Text => ("text".to_owned(), " = "),
            Shape::Any => ("value".to_owned(), " = "),
        };
        if place.in_header && !is_table {
            continue;
        }
        let ends = if has_equals || place.in_header { "" } else { ends };
        found.add(0, key, &detail, format!("{key}{ends}"));
    }
    found.suggestions(word.start + dot..word.end, asked)
}

#[expect(
    clippy::too_many_arguments,
    reason = "where the cursor is, in parts that have no other use"
)]
fn values(
    kind: &CellKind,
    key: &[String],
    text: &str,
    word: Range<usize>,
    quoted: Option<bool>,
    in_list: bool,
    known: &Known<'_>,
    asked: bool,
) -> Option<Suggestions> {
    let path: Vec<&str> = key.iter().map(String::as_str).collect();
    let taken = of_cell(kind, &path)?;
    let name = path.last().copied().unwrap_or_default();
    let mut found = Found::new(&text[word.clone()]);
    let written = |value: &str| match quoted {
        // The closing quote is there already.
        Some(true) => escaped(value),
        Some(false) => format!("{}\"", escaped(value)),
        None if taken.list && !in_list => format!("[\"{}\"]", escaped(value)),
        None => format!("\"{}\"", escaped(value)),
    };
    let mut add = |value: &str, detail: &str| found.add(0, value, detail, written(value));
    match taken.shape {
        Shape::Words(words) => words.iter().for_each(|word| add(word, "word")),
        Shape::Flag if quoted.is_none() => {
            for word in ["true", "false"] {
                found.add(0, word, "", word.to_owned());
            }
        }
        Shape::Text | Shape::Any if name == "data" => {
            known.tables.iter().for_each(|(table, _)| add(table, "table"));
        }
        Shape::Text if name == "train" => {
            known.trains.iter().for_each(|train| add(train, "train cell"));
        }
        Shape::Text if name == "path" => known.files.iter().for_each(|file| add(file, "file")),
        Shape::Text | Shape::Any if COLUMN_KEYS.contains(&name) => {
            let data = value_of(text, "data");
            let columns = data.as_deref().map_or(&known.own[..], |data| known.columns(data));
            columns.iter().for_each(|(column, dtype)| add(column, dtype));
        }
        _ => return None,
    }
    found.suggestions(word, asked)
}

/// What a key of the body says, where it is a text in one line.
fn value_of(text: &str, key: &str) -> Option<String> {
    let tokens = tokens(text);
    let mut windows = tokens.windows(3);
    windows.find_map(|window| match window {
        [name, equals, value] if name.text == key && equals.text == "=" && value.is_text() => {
            Some(value.text.trim_matches(['"', '\'']).to_owned())
        }
        _ => None,
    })
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The parts of a key with dots.
fn names(key: &str) -> Vec<String> {
    let parts = key.split('.').map(|part| part.trim_matches(['"', '\'']));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// What stands at a place of a body.
#[derive(Debug, Default)]
struct Place {
    /// The table whose keys stand here.
    table: Vec<String>,
    /// The key whose value stands here; `None` where a key does.
    value: Option<Vec<String>>,
    /// Whether that value is in a list.
    in_list: bool,
    /// Whether the name of a table stands here: `[model]`.
    in_header: bool,
    /// The key that is written here.
    current: Option<Vec<String>>,
    /// All keys of the body.
    written: Vec<Vec<String>>,
}

/// A table or a list that isn't closed yet.
enum Open {
    Table { key: Vec<String> },
    List,
}

impl Place {
    /// Walks through a body, and notes what stands at a byte of it.
    fn of(tokens: &[Token<'_>], at: usize) -> Self {
        let mut place = None;
        let mut header: Vec<String> = Vec::new();
        let mut in_header = false;
        let mut open: Vec<Open> = Vec::new();
        let mut key: Option<Vec<String>> = None;
        let mut in_value = false;
        let mut written = Vec::new();
        for token in tokens.iter().filter(|token| token.kind != Kind::Comment) {
            let table = || match open.iter().rev().find_map(|open| match open {
                Open::Table { key } => Some(key),
                Open::List => None,
            }) {
                Some(key) => key.clone(),
                None => header.clone(),
            };
            if token.span.end > at && place.is_none() {
                place = Some(Self {
                    table: if in_header { Vec::new() } else { table() },
                    value: key.clone().filter(|_| in_value),
                    in_list: matches!(open.last(), Some(Open::List)),
                    in_header,
                    ..Self::default()
                });
            }
            match (token.kind, token.text) {
                (Kind::Word, name) if in_header => header = names(name),
                (Kind::Word, name) | (Kind::Text, name) if !in_value => {
                    let mut whole = table();
                    whole.extend(names(name));
                    if let Some(place) = place.as_mut().filter(|_| token.span.contains(&at)) {
                        place.current = Some(whole.clone());
                    }
                    written.push(whole.clone());
                    key = Some(whole);
                }
                (_, "[") if !in_value && open.is_empty() => {
                    in_header = true;
                    header = Vec::new();
                }
                (_, "]") if in_header => in_header = false,
                (_, "=") => in_value = true,
                (_, "{") if in_value => {
                    let key = key.take().unwrap_or_default();
                    open.push(Open::Table { key });
                    in_value = false;
                }
                (_, "[") if in_value => open.push(Open::List),
                (_, "}" | "]") => {
                    if let Some(Open::Table { key: closed }) = open.pop() {
                        key = Some(closed);
                    }
                    in_value = true;
                }
                (_, ",") if matches!(open.last(), Some(Open::Table { .. })) => {
                    (key, in_value) = (None, false);
                }
                (Kind::Line, _) if open.is_empty() => (key, in_value, in_header) = (None, false, false),
                _ => {}
            }
        }
        let end = || Self {
            table: match open.iter().rev().find_map(|open| match open {
                Open::Table { key } => Some(key),
                Open::List => None,
            }) {
                Some(key) => key.clone(),
                None if in_header => Vec::new(),
                None => header.clone(),
            },
            value: key.clone().filter(|_| in_value),
            in_list: matches!(open.last(), Some(Open::List)),
            in_header,
            ..Self::default()
        };
        Self {
            written,
            ..place.unwrap_or_else(end)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A key, a number, a date.
    Word,
    /// In quotes.
    Text,
    Comment,
    /// The end of a line.
    Line,
    /// A character that is none of these.
    Mark,
}

#[derive(Debug)]
struct Token<'a> {
    kind: Kind,
    span: Range<usize>,
    text: &'a str,
    /// Whether a text has its closing quote.
    closed: bool,
}

impl Token<'_> {
    fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | ':');
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let line = rest.find('\n').unwrap_or(rest.len());
        let (kind, length, closed) = match first {
            '\n' => (Kind::Line, 1, true),
            '#' => (Kind::Comment, line, true),
            '"' | '\'' => {
                // Texts of several lines name nothing; here each of their lines is one by itself.
                let end = closing(&rest[1..line], first);
                (Kind::Text, end.map_or(line, |end| end + 2), end.is_some())
            }
            c if is_part(c) => (Kind::Word, rest.find(|c| !is_part(c)).unwrap_or(rest.len()), true),
            c => (Kind::Mark, c.len_utf8(), true),
        };
        if !matches!(first, ' ' | '\t' | '\r') {
            found.push(Token {
                kind,
                span: at..at + length,
                text: &rest[..length],
                closed,
            });
        }
        at += length;
    }
    found
}

/// Where a text ends that begins behind an opening quote; a backslash takes the meaning from a double one.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped && quote == '"';
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known<'static> {
        Known {
            tables: vec![
                ("flights", vec![("carrier", "str"), ("dep_delay", "i64")]),
                ("weather", vec![("temp", "f64")]),
            ],
            own: vec![("day", "date")],
            files: vec!["data/flights.parquet", "data/weather.csv"],
            trains: vec!["late"],
            ..Known::default()
        }
    }

    /// What is suggested for the cursor at `|`: shown, and the text when it was taken.
    fn at(kind: &CellKind, marked: &str, asked: bool) -> Vec<(String, String)> {
        let cursor = marked.find('|').unwrap();
        let text = marked.replace('|', "");
        let Some(found) = suggest(kind, &text, cursor, &known(), asked) else {
            return Vec::new();
        };
        let taken = |insert: &str| {
            format!(
                "{}{insert}{}",
                &text[..found.range.start],
                &text[found.range.end..]
            )
        };
        let items = found.items.iter();
        items
            .map(|item| (item.text.clone(), taken(&item.insert)))
            .collect()
    }

    fn shown(kind: &CellKind, marked: &str) -> Vec<String> {
        at(kind, marked, true)
            .into_iter()
            .map(|(shown, _)| shown)
            .collect()
    }

    fn first(kind: &CellKind, marked: &str) -> String {
        at(kind, marked, false)
            .into_iter()
            .next()
            .map(|(_, taken)| taken)
            .unwrap_or_default()
    }

    const CHART: CellKind = CellKind::Chart;
    const SOURCE: CellKind = CellKind::Source;
    const TRAIN: CellKind = CellKind::Train;

    #[test]
    fn keys_are_those_of_the_kind_that_are_not_there_yet() {
        assert_eq!(first(&CHART, "ma|"), "mark = ");
        assert_eq!(first(&CHART, "ma| = \"bar\""), "mark = \"bar\"");
        let keys = shown(&CHART, "data = \"flights\"\n|\nx = \"carrier\"\n");
        assert!(
            keys.contains(&"mark".into()) && !keys.contains(&"data".into()) && !keys.contains(&"x".into())
        );
        assert!(!keys.contains(&"sample".into()));
        assert_eq!(first(&SOURCE, "sa|"), "sample = { ");
        assert_eq!(first(&SOURCE, "sample = { me|"), "sample = { method = ");
        assert_eq!(
            first(&SOURCE, "sample = { rows = 3, s|"),
            "sample = { rows = 3, seed = "
        );
        assert_eq!(first(&SOURCE, "sample.m|"), "sample.method = ");
        assert_eq!(first(&TRAIN, "data = \"x\"\n[mod|]"), "data = \"x\"\n[model]");
        assert_eq!(first(&TRAIN, "[split]\nva|"), "[split]\nvalidation = ");
        assert_eq!(
            first(&TRAIN, "split = { seed = 1 }\nepo|"),
            "split = { seed = 1 }\nepochs = "
        );
        assert_eq!(
            shown(&CHART, "mark|"),
            ["mark"],
            "what is being written isn't there yet"
        );
        assert_eq!(at(&CHART, "mark|", false), [], "a whole word needs nothing");
        assert_eq!(
            at(&CHART, "|", false),
            [],
            "nothing comes unasked before a letter"
        );
        assert_eq!(at(&CHART, "# ma|", true), []);
        assert_eq!(at(&CellKind::Unknown("x".into()), "ma|", true), []);
    }

    #[test]
    fn values_are_what_the_key_takes() {
        assert_eq!(first(&CHART, "mark = h|"), "mark = \"histogram\"");
        assert_eq!(first(&CHART, "mark = \"hi|\""), "mark = \"histogram\"");
        assert_eq!(first(&CHART, "mark = \"hi|"), "mark = \"histogram\"");
        assert_eq!(shown(&CHART, "mark = \"|\"").len(), 12);
        assert_eq!(shown(&CHART, "log_x = |"), ["true", "false"]);
        assert_eq!(
            first(&SOURCE, "sample = { method = \"st|\" }"),
            "sample = { method = \"stratified\" }"
        );
        assert_eq!(
            first(&SOURCE, "[sample]\nmethod = he|"),
            "[sample]\nmethod = \"head\""
        );
        assert_eq!(at(&CHART, "bins = 3|", true), []);
        assert_eq!(at(&CHART, "mark = \"bar\"|", false), []);
    }

    #[test]
    fn names_are_those_of_the_notebook() {
        assert_eq!(shown(&CHART, "data = \"|\""), ["flights", "weather"]);
        assert_eq!(
            first(&CHART, "data = \"flights\"\nx = \"del|\""),
            "data = \"flights\"\nx = \"dep_delay\""
        );
        assert_eq!(shown(&CHART, "x = \"|\"\ndata = \"weather\""), ["temp"]);
        assert_eq!(
            first(&CHART, "data = \"flights\"\ncolumns = [\"carrier\", d|]"),
            "data = \"flights\"\ncolumns = [\"carrier\", \"dep_delay\"]"
        );
        assert_eq!(
            first(&TRAIN, "data = \"flights\"\nignore = c|"),
            "data = \"flights\"\nignore = [\"carrier\"]"
        );
        assert_eq!(
            first(&TRAIN, "data = \"flights\"\ntarget = \"|\""),
            "data = \"flights\"\ntarget = \"carrier\""
        );
        assert_eq!(first(&SOURCE, "path = \"wea|\""), "path = \"data/weather.csv\"");
        assert_eq!(shown(&SOURCE, "sample = { by = \"|\" }"), ["day"]);
    }

    #[test]
    fn sweeps_name_a_train_cell_and_ranges_of_its_keys() {
        const SWEEP: CellKind = CellKind::Sweep;
        assert_eq!(shown(&SWEEP, "train = \"|\""), ["late"]);
        assert_eq!(first(&SWEEP, "method = ba|"), "method = \"bayesian\"");
        assert_eq!(
            first(&SWEEP, "[space]\n\"model.dropout\" = { un|"),
            "[space]\n\"model.dropout\" = { uniform = "
        );
        assert_eq!(first(&SWEEP, "halving = { fa|"), "halving = { factor = ");
    }

    #[test]
    fn any_text_is_walked_through() {
        let text = "a = { b = [ \"c\\\"\", 'd\n] } } ]\n[[x]\ny.z = \"ö # \u{1F600}\" = , # {";
        for cursor in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            for kind in [CHART, SOURCE, TRAIN, CellKind::Param] {
                let found = suggest(&kind, text, cursor, &known(), true);
                assert!(found.is_none_or(|found| text.get(found.range).is_some()));
            }
        }
    }
}
