//! Columns that say nothing: the same value everywhere, or another one in each row.

use super::looked::{Column, Looked, examples, percent, sql_name};
use crate::{
    error::{Result, guarded},
    table,
};
use aloft_spec::{Finding, FindingCode, Severity, table::ColumnKind, text::thousands};
use polars::prelude::*;
use std::collections::HashMap;

/// Share of the rows from which a value is in almost all.
const ALMOST_ALL: f64 = 0.99;
/// Fewer rows say nothing about variety.
const LEAST_ROWS: usize = 50;
/// Share of texts without blanks from which a column holds names rather than sentences.
const WORDS: f64 = 0.9;
/// Words in a column's name that say that its numbers are names of rows.
const ID_WORDS: [&str; 8] = ["id", "ids", "uuid", "guid", "key", "index", "nr", "rowid"];

/// At most one finding: constant, nearly constant, or an identifier.
pub(super) fn findings(looked: &Looked, column: &Column<'_>) -> Result<Vec<Finding>> {
    let rows = looked.rows();
    if rows < 2 {
        return Ok(Vec::new());
    }
    let (name, sql) = (column.name, sql_name(column.name));
    let leave_out =
        format!("leave it out: `SELECT * EXCLUDE ({sql})`, or `ignore = [{name:?}]` in a train cell");
    let present = column.present()?;
    if present == 0 {
        let message = format!("`{name}` has no value in any of {} rows", thousands(rows as u64));
        return Ok(vec![looked.finding(
            FindingCode::Constant,
            Severity::Warning,
            &[name],
            message,
            leave_out,
        )]);
    }
    if column.kind == ColumnKind::Other {
        return Ok(Vec::new());
    }
    let (distinct, most, times) = frequent(column)?;
    let finding = |code, severity, message: String, hint: String| {
        Ok(vec![looked.finding(code, severity, &[name], message, hint)])
    };
    if distinct == 1 && present == rows {
        let message = format!(
            "`{name}` is {} in all of {} rows",
            examples([most.as_str()]),
            thousands(rows as u64)
        );
        return finding(FindingCode::Constant, Severity::Warning, message, leave_out);
    }
    if rows >= LEAST_ROWS && distinct > 1 && times as f64 >= ALMOST_ALL * rows as f64 {
        let message = format!(
            "`{name}` is {} in {} of the rows",
            examples([most.as_str()]),
            percent(times, rows)
        );
        let hint = format!("it tells little, unless the few others are what you look for; else {leave_out}");
        return finding(FindingCode::NearlyConstant, Severity::Info, message, hint);
    }
    if distinct == rows && present == rows && rows >= LEAST_ROWS && names_rows(column)? {
        let message = format!(
            "`{name}` has another value in each of {} rows",
            thousands(rows as u64)
        );
        let hint = format!(
            "it names rows, and a model can only learn it by heart: `ignore = [{name:?}]` in the train cell"
        );
        return finding(FindingCode::Identifier, Severity::Info, message, hint);
    }
    Ok(Vec::new())
}

/// How many different values there are (null not counted), and the most frequent one with its count.
fn frequent(column: &Column<'_>) -> Result<(usize, String, usize)> {
    guarded(|| {
        let series = column.series;
        let (counts, most) = match column.kind {
            ColumnKind::Text => count(series.cast(&DataType::String)?.str()?.iter()),
            ColumnKind::Boolean => count(series.bool()?.iter()),
            ColumnKind::Float => {
                let real = series.cast(&DataType::Float64)?;
                // Adding zero makes -0 the same value as 0.
                let bits = |value: Option<f64>| value.filter(|v| !v.is_nan()).map(|v| (v + 0.0).to_bits());
                count(real.f64()?.iter().map(bits))
            }
            _ => count(series.to_physical_repr().cast(&DataType::Int64)?.i64()?.iter()),
        };
        let Some((row, times)) = most else {
            return Ok((0, String::new(), 0));
        };
        let value = table::texts(&series.slice(row as i64, 1))?.pop().flatten();
        Ok((counts, value.unwrap_or_default(), times))
    })
}

/// Different values, and the first row of the most frequent one with its count; of equals the first seen.
fn count<T: std::hash::Hash + Eq>(
    values: impl Iterator<Item = Option<T>>,
) -> (usize, Option<(usize, usize)>) {
    let mut seen: HashMap<T, (usize, usize)> = HashMap::new();
    for (row, value) in values.enumerate() {
        if let Some(value) = value {
            seen.entry(value).or_insert((row, 0)).1 += 1;
        }
    }
    let most = seen
        .values()
        .copied()
        .max_by_key(|(row, times)| (*times, std::cmp::Reverse(*row)));
    (seen.len(), most)
}

/// Whether values that are all different are names of rows: short texts without blanks, or numbers that count or whose
/// column is called an id. Other numbers that are all different are measurements.
fn names_rows(column: &Column<'_>) -> Result<bool> {
    if let Some(texts) = column.texts()? {
        let short = texts
            .iter()
            .flatten()
            .filter(|text| text.len() <= 64 && !text.trim().contains(' '));
        return Ok(short.count() as f64 >= WORDS * texts.len() as f64);
    }
    if column.kind != ColumnKind::Integer {
        return Ok(false);
    }
    if is_id_word(column.name) {
        return Ok(true);
    }
    let numbers = column.numbers()?.unwrap_or_default();
    let rises = |pair: &[Option<f64>]| matches!(pair, [Some(a), Some(b)] if a < b);
    Ok(numbers.windows(2).all(rises))
}

/// `flight_id`, `customerId`, `ID`; not `paid`.
fn is_id_word(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase();
    }
    words.iter().any(|word| ID_WORDS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ids_are_known() {
        for name in ["id", "ID", "customer_id", "customerId", "row index", "uuid"] {
            assert!(is_id_word(name), "{name}");
        }
        for name in ["paid", "idle", "keyboard", "width"] {
            assert!(!is_id_word(name), "{name}");
        }
    }
}
