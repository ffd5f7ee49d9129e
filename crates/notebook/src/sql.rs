//! What a query reads. The dialect and its options are those of polars SQL.

use aloft_spec::{Code, is_valid_name};
use sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, SetExpr, Statement, TableFactor, Value, ValueWithSpan, Visit,
    Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Location, Token, Tokenizer};
use std::ops::ControlFlow;

/// A chain of so many operators is refused: the syntax tree of a longer one is deeper than a thread's stack.
const MAX_OPERATORS: usize = 2_000;

/// A table or a name at a line and column of the statement, both from 1; (0, 0) is its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub name: String,
    pub line: usize,
    pub column: usize,
}

impl Named {
    fn new(name: impl Into<String>, location: Location) -> Self {
        Self {
            name: name.into(),
            line: location.line as usize,
            column: location.column as usize,
        }
    }

    fn of(ident: &Ident) -> Self {
        Self::new(&*ident.value, ident.span.start)
    }
}

/// What a query reads.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    /// Tables, each where it is named first, without those that `WITH` makes.
    pub read: Vec<Named>,
    /// Tables that `WITH` makes.
    pub made: Vec<Named>,
    /// Parameters, `$name`, each where it is named first; without the `$`.
    pub params: Vec<Named>,
}

/// Why a text isn't a query that Aloft runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SqlError {
    #[error("the query is empty")]
    Empty,
    #[error("{message}")]
    Syntax {
        message: String,
        line: usize,
        column: usize,
    },
    #[error("a query cell holds one statement, this one has {0}")]
    Many(usize),
    #[error("a query cell holds a SELECT; other statements change tables, and cells don't")]
    NotAQuery,
    #[error("`{}` in FROM is a function", .0.name)]
    Function(Named),
    #[error("`{}` isn't the name of a cell: names have no dots", .0.name)]
    Dotted(Named),
    #[error("`{}` isn't a parameter", .0.name)]
    Placeholder(Named),
    #[error("the query is too long: it has more than {MAX_OPERATORS} operators")]
    TooLong,
}

impl SqlError {
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => "write a SELECT over the names of other cells: SELECT * FROM flights",
            Self::Syntax { .. } => return None,
            Self::Many(_) => "make a query cell of each",
            Self::NotAQuery => "write SELECT, or WITH … SELECT",
            Self::Function(_) => "read files through a source cell, and use its name here",
            Self::Dotted(_) => "use the name of a source or query cell",
            Self::Placeholder(_) => "write `$name`, with the name of a param cell",
            Self::TooLong => "use IN (…) in place of many OR",
        })
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        match self {
            Self::Empty | Self::Syntax { .. } | Self::Placeholder(_) => Code::Syntax,
            Self::Dotted(_) => Code::UnknownName,
            Self::Many(_) | Self::NotAQuery | Self::Function(_) | Self::TooLong => Code::Unsupported,
        }
    }

    /// Where, as line and column of the statement; `None` is all of it.
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax { line, column, .. } => Some((*line, *column)),
            Self::Function(named) | Self::Dotted(named) | Self::Placeholder(named) => {
                Some((named.line, named.column))
            }
            Self::Empty | Self::Many(_) | Self::NotAQuery | Self::TooLong => None,
        }
    }
}

/// What one query reads.
pub(crate) fn tables(sql: &str) -> Result<Tables, SqlError> {
    let mut collector = Collector::default();
    match parse(sql)?.visit(&mut collector) {
        ControlFlow::Continue(()) => Ok(collector.tables),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// The syntax tree of one query.
pub(crate) fn parse(sql: &str) -> Result<Box<Query>, SqlError> {
    let tokens = Tokenizer::new(&GenericDialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax(&error.message, error.location))?;
    if tokens.iter().filter(|token| is_operator(&token.token)).count() > MAX_OPERATORS {
        return Err(SqlError::TooLong);
    }
    let options = ParserOptions {
        trailing_commas: true,
        ..ParserOptions::default()
    };
    let statements = Parser::new(&GenericDialect)
        .with_options(options)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|error| parse_error(&error))?;
    let count = statements.len();
    let mut statements = statements.into_iter();
    match (statements.next(), count) {
        (None, _) => Err(SqlError::Empty),
        (Some(Statement::Query(query)), 1) => Ok(query),
        (Some(_), 1) => Err(SqlError::NotAQuery),
        (Some(_), many) => Err(SqlError::Many(many)),
    }
}

/// Line and column, both from 1, of the first name in a statement that is `name`, else of one that is but for its case;
/// texts and comments hold no names.
pub(crate) fn find_name(sql: &str, name: &str) -> Option<(usize, usize)> {
    let tokens = Tokenizer::new(&GenericDialect, sql)
        .tokenize_with_location()
        .ok()?;
    let find = |same: &dyn Fn(&str) -> bool| {
        tokens
            .iter()
            .find(|token| matches!(&token.token, Token::Word(word) if same(&word.value)))
    };
    let found = find(&|word| word == name).or_else(|| find(&|word| word.eq_ignore_ascii_case(name)))?;
    Some((found.span.start.line as usize, found.span.start.column as usize))
}

/// Whether a token may make the syntax tree one level deeper without a bracket, which the parser counts itself.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            &*word.value.to_ascii_uppercase(),
            "AND" | "OR" | "NOT" | "UNION" | "EXCEPT" | "INTERSECT" | "IS" | "LIKE" | "XOR"
        ),
        Token::Comma
        | Token::Period
        | Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::LParen
        | Token::RParen
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    }
}

fn syntax(message: &str, location: Location) -> SqlError {
    let message = message.trim().trim_end_matches('.');
    let mut chars = message.chars();
    let lower = chars
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(chars);
    let message: String = lower.collect();
    SqlError::Syntax {
        message: message
            .replace("expected: ", "expected ")
            .replace("found: EOF", "found the end of the query")
            .replace("found: ", "found "),
        line: location.line as usize,
        column: location.column as usize,
    }
}

/// The parser says where only at the end of its message: `Expected: …, found: … at Line: 1, Column: 8`.
fn parse_error(error: &ParserError) -> SqlError {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
        ParserError::RecursionLimitExceeded => {
            return syntax("the query is nested too deeply", Location::empty());
        }
    };
    let place = message.rsplit_once(" at Line: ").and_then(|(text, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((text, Location::new(line.parse().ok()?, column.parse().ok()?)))
    });
    match place {
        Some((text, location)) => syntax(text, location),
        None => syntax(message, Location::empty()),
    }
}

#[derive(Default)]
struct Collector {
    tables: Tables,
    /// Names that `WITH` makes, for each query around the current place.
    scopes: Vec<Vec<String>>,
}

impl Collector {
    fn read(&mut self, table: Named) {
        let made = self.scopes.iter().flatten().any(|name| *name == table.name);
        let known = self.tables.read.iter().any(|other| other.name == table.name);
        if !made && !known {
            self.tables.read.push(table);
        }
    }

    /// `TABLE flights`, which isn't a relation to the visitor.
    fn read_set(&mut self, set: &SetExpr) {
        match set {
            SetExpr::Table(table) => {
                if let Some(name) = &table.table_name {
                    self.read(Named::new(name, Location::empty()));
                }
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.read_set(left);
                self.read_set(right);
            }
            _ => {}
        }
    }
}

impl Visitor for Collector {
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let made = query.with.iter().flat_map(|with| &with.cte_tables);
        let made: Vec<Named> = made.map(|table| Named::of(&table.alias.name)).collect();
        self.scopes
            .push(made.iter().map(|named| named.name.clone()).collect());
        self.tables.made.extend(made);
        self.read_set(&query.body);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<Self::Break> {
        let Value::Placeholder(text) = &value.value else {
            return ControlFlow::Continue(());
        };
        let named = |name: &str| Named::new(name, value.span.start);
        match text.strip_prefix('$').filter(|name| is_valid_name(name)) {
            Some(name) => {
                if self.tables.params.iter().all(|other| other.name != name) {
                    self.tables.params.push(named(name));
                }
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(Box::new(SqlError::Placeholder(named(text)))),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table {
                name, args: Some(_), ..
            }
            | TableFactor::Function { name, .. } => {
                ControlFlow::Break(Box::new(SqlError::Function(whole(name))))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        match relation.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => {
                self.read(Named::of(ident));
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(Box::new(SqlError::Dotted(whole(relation)))),
        }
    }
}

/// A name with its dots, where its first part is.
fn whole(name: &ObjectName) -> Named {
    let first = name.0.first().and_then(ObjectNamePart::as_ident);
    let location = first.map_or_else(Location::empty, |ident| ident.span.start);
    Named::new(name.to_string(), location)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> Vec<String> {
        tables(sql)
            .unwrap()
            .read
            .into_iter()
            .map(|named| named.name)
            .collect()
    }

    #[test]
    fn tables_come_from_every_corner_of_a_query() {
        assert_eq!(
            read("SELECT * FROM flights f LEFT JOIN weather w ON f.a = w.a"),
            ["flights", "weather"]
        );
        assert_eq!(read("SELECT * FROM \"Flights\", flights"), ["Flights", "flights"]);
        assert_eq!(
            read("SELECT a FROM t WHERE a IN (SELECT b FROM u) AND EXISTS (SELECT 1 FROM v)"),
            ["t", "u", "v"]
        );
        assert_eq!(
            read("SELECT * FROM (SELECT * FROM inner_one) x UNION ALL SELECT * FROM other"),
            ["inner_one", "other"]
        );
        assert_eq!(read("SELECT * FROM a UNION TABLE b"), ["b", "a"]);
        assert_eq!(
            read("WITH x AS (SELECT * FROM t), y AS (SELECT * FROM x) SELECT * FROM y JOIN x ON true"),
            ["t"]
        );
        assert_eq!(
            read("SELECT (WITH x AS (SELECT 1) SELECT * FROM x) FROM x"),
            ["x"],
            "the scope of x ends"
        );
        assert_eq!(read("SELECT 'FROM nothing' -- FROM comment\n FROM t;"), ["t"]);
        assert_eq!(read("SELECT 1"), [""; 0]);
    }

    #[test]
    fn positions_are_those_of_the_statement() {
        let found = tables("SELECT *\r\nFROM   \"fl ights\"").unwrap().read;
        assert_eq!(
            found,
            [Named {
                name: "fl ights".into(),
                line: 2,
                column: 8
            }]
        );
        let made = tables("WITH ö AS (SELECT 1), x AS (SELECT 2) SELECT * FROM x")
            .unwrap()
            .made;
        assert_eq!((made[1].line, made[1].column), (1, 23));
    }

    #[test]
    fn parameters_are_names_behind_a_dollar() {
        let found =
            tables("SELECT a + $x FROM t -- $no\nWHERE b BETWEEN $x AND $y_2 AND c = '$z' LIMIT $n").unwrap();
        let names: Vec<_> = found
            .params
            .iter()
            .map(|named| (named.name.as_str(), named.line, named.column))
            .collect();
        assert_eq!(names, [("x", 1, 12), ("y_2", 2, 24), ("n", 2, 48)]);
        for sql in ["SELECT ?", "SELECT :x", "SELECT $1 FROM t"] {
            assert!(matches!(tables(sql), Err(SqlError::Placeholder(_))), "{sql}");
        }
    }

    #[test]
    fn names_are_found_where_they_are_names() {
        let sql = "SELECT 'carier' -- carier\n, f.\"carier\" FROM f";
        assert_eq!(find_name(sql, "carier"), Some((2, 5)));
        assert_eq!(find_name("SELECT carrier FROM t", "carier"), None);
        assert_eq!(find_name("SELECT AVG(avg) FROM t", "avg"), Some((1, 12)));
        assert_eq!(find_name("SELECT AVGG(a) FROM t", "avgg"), Some((1, 8)));
    }

    #[test]
    fn what_is_not_a_query_is_refused_with_its_place() {
        let error = |sql: &str| tables(sql).unwrap_err();
        assert_eq!(error(" -- nothing\n"), SqlError::Empty);
        assert_eq!(error("SELECT 1; SELECT 2"), SqlError::Many(2));
        assert_eq!(error("DROP TABLE flights"), SqlError::NotAQuery);
        assert!(
            matches!(error("SELECT * FROM read_csv('/etc/passwd')"), SqlError::Function(named) if named.column == 15)
        );
        assert!(matches!(
            error("SELECT * FROM other.flights"),
            SqlError::Dotted(_)
        ));
        let missing = error("SELECT a\nFROM t\nWHERE )");
        assert_eq!(missing.position().map(|(line, _)| line), Some(3), "{missing}");
        assert_eq!(error("SELECT 'open\n").position(), Some((1, 8)));
        assert_eq!(error("SELECT").position(), Some((0, 0)), "at the end");
    }

    /// Chains and brackets of any length give an answer on a small stack.
    #[test]
    fn depth_is_bounded() {
        let run = || {
            for part in [
                "1+",
                "(",
                "NOT ",
                "- ",
                "a OR ",
                "CASE WHEN ",
                "[",
                "a::int || ",
                "x -> ",
                "a.b.",
            ] {
                for count in [1_999, 20_000] {
                    let _ = tables(&format!("SELECT {}1 FROM t", part.repeat(count)));
                }
            }
            for part in ["SELECT 1 UNION ", "SELECT * FROM (", "WITH x AS ("] {
                for count in [1_999, 20_000] {
                    let _ = tables(&format!("{}SELECT 1", part.repeat(count)));
                }
            }
            let joins = "JOIN u ON true ".repeat(3_000);
            let _ = tables(&format!("SELECT 1 FROM t {joins}"));
        };
        let thread = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(run)
            .unwrap();
        thread.join().unwrap();
    }
}
