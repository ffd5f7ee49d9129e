//! TOML into typed values, with all that is worth saying about the text: where it isn't TOML, where a value doesn't
//! fit, and which keys nobody reads. For the bodies of cells and for `aloft.toml`.

use crate::suggestion::suggestion;
use aloft_spec::{Code, Diagnostic, Problem, Severity, shape};
use serde::de::{Deserialize, DeserializeOwned};
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A finding in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: Code,
    /// What it is.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Bytes of the text that it is about; `None` is the text as a whole.
    pub span: Option<Range<usize>>,
}

impl Finding {
    /// Something that doesn't work.
    pub fn error(code: Code, message: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            hint: None,
            span,
        }
    }

    /// Something that works, and may not be what is meant.
    pub fn warning(code: Code, message: impl Into<String>, span: Option<Range<usize>>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, span)
        }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As a diagnostic at a line and column of a file, both from 1.
    pub fn diagnostic(&self, file: &Path, (line, column): (usize, usize)) -> Diagnostic {
        let problem = Problem::new(self.code, self.message.clone()).at(file, line, column);
        Diagnostic {
            severity: self.severity,
            problem: Problem {
                hint: self.hint.clone(),
                ..problem
            },
        }
    }
}

/// What a text says.
#[derive(Debug, Clone)]
pub struct Reading<'a, T> {
    /// The value; `None` where there are errors.
    pub value: Option<T>,
    /// The keys and values that could be read, with their places.
    pub table: DeTable<'a>,
    /// What is worth saying about it, in order of the text.
    pub findings: Vec<Finding>,
}

impl<T> Reading<'_, T> {
    /// Where the value of a key is: `&["split", "test"]`.
    pub fn span(&self, path: &[&str]) -> Option<Range<usize>> {
        let (last, tables) = path.split_last()?;
        let mut table = &self.table;
        for key in tables {
            table = table.get(*key)?.get_ref().as_table()?;
        }
        Some(table.get(*last)?.span())
    }

    /// Where a key itself is.
    pub fn key_span(&self, path: &[&str]) -> Option<Range<usize>> {
        let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
        key_span(&self.table, &path)
    }

    /// Where an item of a list is.
    pub fn item_span(&self, path: &[&str], index: usize) -> Option<Range<usize>> {
        let (last, tables) = path.split_last()?;
        let mut table = &self.table;
        for key in tables {
            table = table.get(*key)?.get_ref().as_table()?;
        }
        let items = table.get(*last)?.get_ref().as_array()?;
        Some(items.get(index)?.span())
    }
}

/// Reads a text. `keys` names the known keys of the table at a path, for hints; see [`keys_of`].
pub fn read<'a, T: DeserializeOwned>(
    text: &'a str,
    keys: impl Fn(&[&str]) -> &'static [&'static str],
) -> Reading<'a, T> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.into_inner();
    if !errors.is_empty() {
        let findings = errors.iter().map(|error| {
            let span = error.span().unwrap_or(text.len()..text.len());
            Finding::error(Code::Syntax, one_line(error.message()), Some(span))
        });
        return Reading {
            value: None,
            findings: findings.collect(),
            table,
        };
    }
    let (value, findings) = typed(&table, 0..text.len(), keys);
    Reading {
        value,
        table,
        findings,
    }
}

/// The same for a table that was read already; `span` is that of the table.
pub fn typed<T: DeserializeOwned>(
    table: &DeTable<'_>,
    span: Range<usize>,
    keys: impl Fn(&[&str]) -> &'static [&'static str],
) -> (Option<T>, Vec<Finding>) {
    let mut unread: Vec<Vec<String>> = Vec::new();
    let spanned = toml::Spanned::new(span.clone(), table.clone());
    let result = serde_ignored::deserialize(toml::Deserializer::from(spanned), |path| {
        unread.push(steps(&path));
    });
    let mut findings: Vec<Finding> = unread
        .iter()
        .map(|path| unknown_key(table, path, &keys))
        .collect();
    let value = match result {
        Ok(value) => Some(value),
        Err(error) => {
            findings.push(bad_value(&error, &span));
            None
        }
    };
    findings.sort_by_key(|finding| finding.span.as_ref().map(|span| span.start));
    (value, findings)
}

/// The keys of a struct, as serde knows them.
pub fn keys_of<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    shape::of::<T>(&[]).map(shape::Taken::keys).unwrap_or_default()
}

/// The finding for a key that nobody reads, given the path of its table and the known keys there.
fn unknown_key(
    table: &DeTable<'_>,
    path: &[String],
    keys: impl Fn(&[&str]) -> &'static [&'static str],
) -> Finding {
    let parent: Vec<&str> = path
        .iter()
        .take(path.len().saturating_sub(1))
        .map(String::as_str)
        .collect();
    let key = path.last().map(String::as_str).unwrap_or_default();
    let place = if parent.is_empty() {
        String::new()
    } else {
        format!(" in `{}`", parent.join("."))
    };
    let hint = suggestion(key, keys(&parent).iter().copied(), "known keys");
    Finding {
        hint,
        ..Finding::warning(
            Code::UnknownKey,
            format!("unknown key `{key}`{place}"),
            key_span(table, path),
        )
    }
}

/// Where a key is written.
fn key_span(table: &DeTable<'_>, path: &[String]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (key, value) = table.get_key_value(first.as_str())?;
    if rest.is_empty() {
        return Some(key.span());
    }
    let inner = match value.get_ref() {
        DeValue::Table(inner) => key_span(inner, rest),
        DeValue::Array(items) => {
            let item = items.get(rest.first()?.parse::<usize>().ok()?)?;
            key_span(item.get_ref().as_table()?, &rest[1..])
        }
        _ => None,
    };
    inner.or_else(|| Some(key.span()))
}

fn steps(path: &serde_ignored::Path<'_>) -> Vec<String> {
    use serde_ignored::Path;
    let (parent, step) = match path {
        Path::Root => return Vec::new(),
        Path::Seq { parent, index } => (parent, Some(index.to_string())),
        Path::Map { parent, key } => (parent, Some(key.clone())),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            (parent, None)
        }
    };
    let mut steps = steps(parent);
    steps.extend(step);
    steps
}

/// What serde says of a value, in our words where they are clearer.
fn bad_value(error: &toml::de::Error, table: &Range<usize>) -> Finding {
    let message = one_line(error.message());
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let whole = error.span().is_none_or(|span| span == *table);
    let span = if whole { None } else { error.span() };
    if message.starts_with("missing field")
        && let Some(key) = words.first()
    {
        let hint = format!("add `{key} = …`");
        return Finding::error(Code::BadValue, format!("the key `{key}` is missing"), span).with_hint(hint);
    }
    if message.starts_with("unknown variant")
        && let Some((given, known)) = words.split_first()
    {
        let hint = suggestion(given, known.iter().copied(), "use one of");
        return Finding {
            hint,
            ..Finding::error(Code::BadValue, format!("`{given}` isn't known here"), span)
        };
    }
    let message = message
        .replace("invalid type: ", "wrong type: ")
        .replace("invalid value: ", "wrong value: ")
        .replace("expected a map", "expected a table");
    let message = ["usize", "u64", "u32"].iter().fold(message, |message, kind| {
        message.replace(&format!("expected {kind}"), "expected a whole number from 0")
    });
    let message = message.replace("expected f64", "expected a number");
    Finding::error(Code::BadValue, message, span)
}

fn one_line(message: &str) -> String {
    message.trim().replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::source::{SampleSpec, SourceSpec};

    fn keys(path: &[&str]) -> &'static [&'static str] {
        match path {
            [] => keys_of::<SourceSpec>(),
            ["sample"] => keys_of::<SampleSpec>(),
            _ => &[],
        }
    }

    fn findings(text: &str) -> Vec<(String, Option<String>, Option<&str>)> {
        let reading = read::<SourceSpec>(text, keys);
        let findings = reading.findings.into_iter();
        findings
            .map(|found| (found.message, found.hint, found.span.map(|span| &text[span])))
            .collect()
    }

    #[test]
    fn keys_are_those_of_the_struct() {
        assert_eq!(keys_of::<SampleSpec>(), ["rows", "seed", "method", "by"]);
        assert_eq!(keys_of::<String>(), [""; 0]);
    }

    #[test]
    fn findings_have_their_place_and_a_hint() {
        let found = findings("path = 'a'\nclas = 'public'\nsample = { row = 3, \"x.y\" = 1 }\n");
        assert_eq!(
            found[0],
            (
                "unknown key `clas`".into(),
                Some("did you mean `class`?".into()),
                Some("clas")
            )
        );
        assert_eq!(found[1].1.as_deref(), Some("did you mean `rows`?"));
        assert_eq!(found[1].2, Some("row"));
        assert_eq!(found[2].2, Some("\"x.y\""));
        assert_eq!(
            found[2].1.as_deref(),
            Some("known keys: `rows`, `seed`, `method`, `by`")
        );
        let found = findings("[sample]\nrows = 3\n");
        assert_eq!(
            found,
            [(
                "the key `path` is missing".into(),
                Some("add `path = …`".into()),
                None
            )]
        );
        let found = findings("path = 3");
        assert_eq!(
            (found[0].0.as_str(), found[0].2),
            ("wrong type: integer `3`, expected a string", Some("3"))
        );
        let found = findings("path = 'a'\nclass = 'publik'");
        assert_eq!(
            found,
            [(
                "`publik` isn't known here".into(),
                Some("did you mean `public`?".into()),
                Some("'publik'")
            )]
        );
        let found = findings("path = 'a'\nsample.rows = -1");
        assert_eq!(
            (found[0].0.as_str(), found[0].2),
            (
                "wrong value: integer `-1`, expected a whole number from 0",
                Some("-1")
            )
        );
        let found = findings("path = \nclass = ]\n");
        assert!(found.len() >= 2, "every place that isn't TOML: {found:?}");
    }
}
