//! Parameters: which values one can have, its value in place of `$name` in a query, and a new value in its cell.

use crate::document::{Block, Document};
use crate::sql;
use crate::suggestion::suggestion;
use crate::toml_reader;
use crate::validate;
use aloft_spec::date::Date;
use aloft_spec::param::{ParamKind, ParamSpec, ParamValue};
use aloft_spec::{CellKind, Code, Problem};
use sqlparser::ast::{
    DataType, Expr, TypedString, UnaryOperator, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Whether a parameter can have a value.
///
/// # Errors
/// `BadValue`: another type, out of range, or none of the choices.
pub fn check(spec: &ParamSpec, value: &ParamValue) -> Result<(), Problem> {
    let bad = |message: String| Problem::new(Code::BadValue, message);
    match spec.kind {
        ParamKind::Number => {
            let number = value
                .number()
                .filter(|number| number.is_finite())
                .ok_or_else(|| bad(format!("`{value}` is no number")))?;
            let bound = |value: &Option<ParamValue>| value.as_ref().and_then(ParamValue::number);
            range(spec, value, number, bound(&spec.min), bound(&spec.max))
        }
        ParamKind::Date => {
            let date = day(value).ok_or_else(|| {
                bad(format!("`{value}` is no day of the calendar"))
                    .with_hint("write year, month and day in quotes: \"2013-06-30\"")
            })?;
            let bound = |value: &Option<ParamValue>| value.as_ref().and_then(day);
            range(spec, value, date, bound(&spec.min), bound(&spec.max))
        }
        ParamKind::Choice if spec.choices.contains(value) => Ok(()),
        ParamKind::Choice => {
            let choices: Vec<String> = spec.choices.iter().map(ToString::to_string).collect();
            let hint = suggestion(
                &value.to_string(),
                choices.iter().map(String::as_str),
                "the choices",
            );
            let problem = bad(format!("`{value}` is none of the choices"));
            Err(match hint {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            })
        }
        ParamKind::Text => match value.text() {
            Some(_) => Ok(()),
            None => Err(bad(format!("`{value}` is no text")).with_hint("put it in quotes")),
        },
    }
}

fn range<T: PartialOrd + Copy>(
    spec: &ParamSpec,
    value: &ParamValue,
    of: T,
    min: Option<T>,
    max: Option<T>,
) -> Result<(), Problem> {
    let out = min.is_some_and(|min| of < min) || max.is_some_and(|max| of > max);
    if !out {
        return Ok(());
    }
    let hint = match (&spec.min, &spec.max) {
        (Some(min), Some(max)) => format!("it goes from {min} to {max}"),
        (Some(min), None) => format!("it is at least {min}"),
        (None, Some(max)) => format!("it is at most {max}"),
        (None, None) => String::new(),
    };
    Err(Problem::new(Code::BadValue, format!("{value} is out of range")).with_hint(hint))
}

fn day(value: &ParamValue) -> Option<Date> {
    value.text()?.parse().ok()
}

/// The value that a text on the command line means for a parameter.
///
/// # Errors
/// Those of [`check`].
pub fn parse(spec: &ParamSpec, text: &str) -> Result<ParamValue, Problem> {
    let value = match spec.kind {
        ParamKind::Number => guess(text),
        ParamKind::Date | ParamKind::Text => ParamValue::Text(text.to_owned()),
        ParamKind::Choice => {
            let same = |choice: &&ParamValue| choice.to_string() == text;
            let choice = spec.choices.iter().find(same).cloned();
            choice.unwrap_or_else(|| ParamValue::Text(text.to_owned()))
        }
    };
    check(spec, &value).map(|()| value)
}

/// The value that a text means where no cell says what it can be: a number if it is one.
pub fn guess(text: &str) -> ParamValue {
    if let Ok(whole) = text.parse() {
        return ParamValue::Integer(whole);
    }
    match text.parse::<f64>() {
        Ok(real) if real.is_finite() => ParamValue::Float(real),
        _ => ParamValue::Text(text.to_owned()),
    }
}

/// A parameter's value with the kind that says which literal it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// What it can be: a date is a literal of its own.
    pub kind: ParamKind,
    /// What it is.
    pub value: ParamValue,
}

impl Argument {
    /// The value of a cell.
    pub fn of(spec: &ParamSpec) -> Self {
        Self {
            kind: spec.kind,
            value: spec.value.clone(),
        }
    }

    /// What a text on the command line means where no cell says it: a number, a date, else a text.
    pub fn guess(text: &str) -> Self {
        let value = guess(text);
        let kind = match (&value, day(&value)) {
            (_, Some(_)) => ParamKind::Date,
            (ParamValue::Text(_), None) => ParamKind::Text,
            _ => ParamKind::Number,
        };
        Self { kind, value }
    }

    /// The literal of its type.
    fn literal(&self) -> Expr {
        let plain = |value: Value| Expr::Value(value.into());
        let number = |digits: String, negative: bool| {
            let digits = plain(Value::Number(digits, false));
            if !negative {
                return digits;
            }
            // In brackets: `a -$b` must not become a comment.
            Expr::Nested(Box::new(Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr: Box::new(digits),
            }))
        };
        match (&self.value, self.kind) {
            (ParamValue::Integer(value), _) => number(value.unsigned_abs().to_string(), *value < 0),
            (ParamValue::Float(value), _) => {
                // polars takes a number without a point for a whole one; Rust writes no exponents.
                let digits = value.abs().to_string();
                let point = if digits.contains('.') { "" } else { ".0" };
                number(format!("{digits}{point}"), *value < 0.0)
            }
            (ParamValue::Text(text), ParamKind::Date) => Expr::TypedString(TypedString {
                data_type: DataType::Date,
                value: Value::SingleQuotedString(text.clone()).into(),
                uses_odbc_syntax: false,
            }),
            (ParamValue::Text(text), _) => plain(Value::SingleQuotedString(text.clone())),
        }
    }
}

/// The statement with the values of parameters as typed literals in place of `$name`. They are put into the syntax
/// tree, so that no value can be more than a value. A statement without parameters stays as it is.
///
/// # Errors
/// `UnknownName` of a parameter that isn't among them; `Syntax` and `Unsupported` as in a cell's diagnostics.
pub fn bind(statement: &str, arguments: &BTreeMap<String, Argument>) -> Result<String, Problem> {
    let refused = |error: sql::SqlError| {
        let problem = Problem::new(error.code(), error.to_string());
        match error.hint() {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        }
    };
    let reads = sql::tables(statement).map_err(refused)?;
    if reads.params.is_empty() {
        return Ok(statement.to_owned());
    }
    let mut query = sql::parse(statement).map_err(refused)?;
    for named in &reads.params {
        if !arguments.contains_key(&named.name) {
            let known = arguments.keys().map(String::as_str);
            let problem = Problem::new(
                Code::UnknownName,
                format!("there is no parameter `${}`", named.name),
            );
            let hint = suggestion(&named.name, known.collect::<Vec<_>>(), "parameters");
            return Err(problem.with_hint(hint.unwrap_or_else(|| "give it a value".into())));
        }
    }
    let _: ControlFlow<()> = VisitMut::visit(&mut query, &mut Binder(arguments));
    let mut printable = query.clone();
    let _: ControlFlow<()> = VisitMut::visit(&mut printable, &mut Quotes);
    let bound = printable.to_string();
    // What polars reads has to be the tree that the values were put into, whatever they are.
    if sql::parse(&bound).ok().as_ref() != Some(&query) {
        return Err(
            Problem::new(Code::Unsupported, "the query can't be written with these values")
                .with_hint("write the values into the query, or write it in another way"),
        );
    }
    Ok(bound)
}

/// Puts values in the place of parameters.
struct Binder<'a>(&'a BTreeMap<String, Argument>);

impl VisitorMut for Binder<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::Placeholder(name) = &value.value
            && let Some(argument) = name.strip_prefix('$').and_then(|name| self.0.get(name))
        {
            *expr = argument.literal();
        }
        ControlFlow::Continue(())
    }
}

/// Doubles the quotes in texts: the printer of sqlparser takes two in a row for one that is doubled already.
struct Quotes;

impl VisitorMut for Quotes {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        if let Value::SingleQuotedString(text) = &mut value.value {
            *text = text.replace('\'', "''");
        }
        ControlFlow::Continue(())
    }
}

impl Document {
    /// The text with another value in a `param` cell; all else in the cell stays as it is written.
    ///
    /// # Errors
    /// There is no such cell, its text has errors, or the parameter can't have this value.
    pub fn set_param(&self, name: &str, value: &ParamValue) -> Result<String, Problem> {
        let unknown = || Problem::new(Code::UnknownName, format!("there is no parameter `{name}`"));
        let place = self.blocks().iter().position(
            |block| matches!(block, Block::Cell(cell) if cell.name == name && cell.kind == CellKind::Param),
        );
        let Some((index, body)) = place.and_then(|index| Some((index, self.block_text(index)?))) else {
            let params = self
                .cells()
                .filter(|cell| cell.kind == CellKind::Param)
                .map(|cell| cell.name.as_str());
            let hint = suggestion(name, params.collect::<Vec<_>>(), "parameters");
            let hint = hint.unwrap_or_else(|| format!("add a cell ```toml param {name}"));
            return Err(unknown().with_hint(hint));
        };
        let reading = toml_reader::read::<ParamSpec>(body, |_| &[]);
        let (Some(spec), Some(span)) = (&reading.value, reading.span(&["value"])) else {
            return Err(
                Problem::new(Code::BadValue, format!("the cell of `{name}` has mistakes"))
                    .with_hint("mend its text first"),
            );
        };
        check(spec, value)?;
        let mut text = body.to_owned();
        text.replace_range(span, &validate::toml_value(value));
        Ok(self.replace_block(index, &text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argument(kind: ParamKind, value: ParamValue) -> Argument {
        Argument { kind, value }
    }

    fn bound(sql: &str, value: Argument) -> String {
        bind(sql, &BTreeMap::from([("p".to_owned(), value)])).unwrap()
    }

    #[test]
    fn values_are_literals_of_their_types() {
        let number = |value| argument(ParamKind::Number, value);
        let text = |text: &str| argument(ParamKind::Text, ParamValue::Text(text.into()));
        let sql = "SELECT * FROM t WHERE a > $p";
        assert_eq!(
            bound(sql, number(ParamValue::Integer(15))),
            "SELECT * FROM t WHERE a > 15"
        );
        assert_eq!(
            bound(sql, number(ParamValue::Float(-1e-7))),
            "SELECT * FROM t WHERE a > (-0.0000001)"
        );
        assert_eq!(
            bound(sql, number(ParamValue::Float(2.0))),
            "SELECT * FROM t WHERE a > 2.0"
        );
        let evil = "x'; DROP TABLE t --";
        assert_eq!(
            bound(sql, text(evil)),
            "SELECT * FROM t WHERE a > 'x''; DROP TABLE t --'"
        );
        for evil in [r"\'", "''", "a''''b", r"\\' OR 1 = 1 --", "'"] {
            let statement = bound("SELECT 'it''s', $p AS x FROM t WHERE b = 'a''''b'", text(evil));
            let quoted = evil.replace('\'', "''");
            assert_eq!(
                statement,
                format!("SELECT 'it''s', '{quoted}' AS x FROM t WHERE b = 'a''''b'")
            );
        }
        let date = argument(ParamKind::Date, ParamValue::Text("2013-06-30".into()));
        assert_eq!(
            bound("SELECT a FROM t WHERE d <= $p LIMIT 5", date),
            "SELECT a FROM t WHERE d <= DATE '2013-06-30' LIMIT 5"
        );
        assert_eq!(
            bound("SELECT a FROM t LIMIT $p", number(ParamValue::Integer(3))),
            "SELECT a FROM t LIMIT 3"
        );
    }

    #[test]
    fn a_statement_without_parameters_stays_as_it_is() {
        let sql = "select  a -- $p\nfrom t where b = '$p'";
        assert_eq!(bind(sql, &BTreeMap::new()).unwrap(), sql);
    }

    #[test]
    fn unknown_parameters_are_told() {
        let arguments = BTreeMap::from([("threshold".to_owned(), Argument::guess("15"))]);
        let problem = bind("SELECT $treshold FROM t", &arguments).unwrap_err();
        assert_eq!(problem.code, Code::UnknownName);
        assert_eq!(problem.hint.as_deref(), Some("did you mean `threshold`?"));
        let problem = bind("SELECT ? FROM t", &arguments).unwrap_err();
        assert!(problem.message.contains("`?`"), "{problem}");
    }

    #[test]
    fn texts_mean_what_the_cell_says() {
        let mut spec = ParamSpec {
            kind: ParamKind::Number,
            value: ParamValue::Integer(1),
            min: Some(ParamValue::Integer(0)),
            max: Some(ParamValue::Float(2.5)),
            step: None,
            choices: Vec::new(),
        };
        assert_eq!(parse(&spec, "2.25"), Ok(ParamValue::Float(2.25)));
        assert_eq!(
            parse(&spec, "3").unwrap_err().hint.as_deref(),
            Some("it goes from 0 to 2.5")
        );
        assert!(
            parse(&spec, "many").is_err() && parse(&spec, "NaN").is_err() && parse(&spec, "inf").is_err()
        );
        spec.kind = ParamKind::Choice;
        spec.choices = vec![ParamValue::Text("UA".into()), ParamValue::Integer(7)];
        assert_eq!(parse(&spec, "7"), Ok(ParamValue::Integer(7)));
        assert_eq!(
            parse(&spec, "ua").unwrap_err().hint.as_deref(),
            Some("did you mean `UA`?")
        );
        spec.kind = ParamKind::Date;
        (spec.min, spec.max) = (None, Some(ParamValue::Text("2013-12-31".into())));
        assert_eq!(
            parse(&spec, "2013-02-01"),
            Ok(ParamValue::Text("2013-02-01".into()))
        );
        assert!(parse(&spec, "2014-01-01").is_err() && parse(&spec, "2013-02-30").is_err());
        assert_eq!(Argument::guess("2013-02-01").kind, ParamKind::Date);
        assert_eq!(Argument::guess("-2").value, ParamValue::Integer(-2));
    }

    #[test]
    fn a_value_is_edited_in_its_place() {
        let text = "# T\n\n```toml param threshold\nkind = \"number\"\nvalue = 15 # minutes\nmin = 0\nmax = 60\n```\n\nend\n";
        let document = Document::parse(text);
        let edited = document.set_param("threshold", &ParamValue::Float(17.5)).unwrap();
        assert_eq!(edited, text.replace("15 #", "17.5 #"));
        let problem = document
            .set_param("threshold", &ParamValue::Integer(61))
            .unwrap_err();
        assert_eq!(problem.code, Code::BadValue);
        let problem = document
            .set_param("treshold", &ParamValue::Integer(1))
            .unwrap_err();
        assert_eq!(problem.hint.as_deref(), Some("did you mean `threshold`?"));
        let quoted = Document::parse("```toml param who\nkind = \"text\"\nvalue = \"a\"\n```\n");
        let edited = quoted
            .set_param("who", &ParamValue::Text("a \"b\"\\\n\u{7}".into()))
            .unwrap();
        assert!(edited.contains(r#"value = "a \"b\"\\\n\u0007""#), "{edited}");
        assert!(Document::parse(edited).diagnostics("a".as_ref()).is_empty());
    }
}
