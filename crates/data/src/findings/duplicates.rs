//! Rows that occur more than once, wholly or but for one column.

use super::{
    hashes,
    looked::{Looked, of, percent, sql_name},
};
use crate::error::Result;
use aloft_spec::{Finding, FindingCode, Severity};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// Copies are news when there are so many times more of them than chance would make of columns that are independent.
const MORE_THAN_CHANCE: f64 = 10.0;
/// Columns of nearly equal rows that are told, the most rows first.
const MOST_COLUMNS: usize = 3;
/// Nearly equal rows are looked for in tables with so many columns; in narrower ones they are the rule.
const LEAST_COLUMNS: usize = 3;
/// Fewer rows in a thousand that are nearly equal aren't worth a word.
const LEAST_IN_THOUSAND: usize = 5;

/// Duplicate and nearly duplicate rows.
pub(super) fn findings(looked: &Looked) -> Result<Vec<Finding>> {
    let columns = looked.columns();
    if columns.is_empty() || looked.rows() < 2 {
        return Ok(Vec::new());
    }
    let cells: Vec<Vec<u128>> = columns
        .par_iter()
        .enumerate()
        .map(|(index, column)| hashes::cells(column, index as u64))
        .collect::<Result<_>>()?;
    let rows = hashes::rows(&cells);
    let odds: Vec<f64> = cells.par_iter().map(|column| odds_of_equal(column)).collect();
    let mut findings = Vec::new();

    let all: f64 = odds.iter().product();
    let copies = copies(&rows);
    if copies > 0 && is_news(copies, rows.len(), all) {
        findings.push(looked.finding(
            FindingCode::DuplicateRows,
            Severity::Warning,
            &[],
            format!(
                "{} ({}) are copies of another row",
                of(copies, rows.len(), "rows"),
                percent(copies, rows.len())
            ),
            "keep one of each with `SELECT DISTINCT *`, unless equal rows are different things",
        ));
    }
    if columns.len() >= LEAST_COLUMNS {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        findings.extend(nearly(looked, &names, &cells, &rows, &odds));
    }
    Ok(findings)
}

fn nearly(looked: &Looked, names: &[&str], cells: &[Vec<u128>], rows: &[u128], odds: &[f64]) -> Vec<Finding> {
    // Copies of a whole row are told already.
    let mut seen = HashSet::with_capacity(rows.len());
    let firsts: Vec<usize> = (0..rows.len()).filter(|&row| seen.insert(rows[row])).collect();
    let mut found: Vec<(usize, usize)> = (0..names.len())
        .into_par_iter()
        .filter_map(|without| {
            let rest: Vec<u128> = firsts
                .iter()
                .map(|&row| rows[row] ^ cells[without][row])
                .collect();
            let others = odds.iter().enumerate().filter(|(column, _)| *column != without);
            let chance: f64 = others.map(|(_, odds)| odds).product();
            let copies = copies(&rest);
            let many = copies * 1000 >= LEAST_IN_THOUSAND * rest.len() && copies > 2;
            (many && is_news(copies, rest.len(), chance)).then_some((copies, without))
        })
        .collect();
    found.sort_by_key(|(copies, column)| (std::cmp::Reverse(*copies), *column));
    found.truncate(MOST_COLUMNS);
    found
        .into_iter()
        .map(|(copies, column)| {
            let (name, sql) = (names[column], sql_name(names[column]));
            looked.finding(
                FindingCode::NearDuplicateRows,
                Severity::Info,
                &[name],
                format!(
                    "{} ({}) equal another row but for `{name}`",
                    of(copies, rows.len(), "rows"),
                    percent(copies, rows.len())
                ),
                format!(
                    "if they are the same thing, leave the column out and keep one of each: `SELECT DISTINCT * EXCLUDE ({sql})`"
                ),
            )
        })
        .collect()
}

/// Rows beyond the first of each kind.
pub(super) fn copies(rows: &[u128]) -> usize {
    rows.len() - rows.iter().collect::<HashSet<_>>().len()
}

/// The chance that two rows have the same value in a column.
fn odds_of_equal(cells: &[u128]) -> f64 {
    let mut counts: HashMap<u128, u64> = HashMap::new();
    for cell in cells {
        *counts.entry(*cell).or_default() += 1;
    }
    let rows = cells.len() as f64;
    let squares: f64 = counts.values().map(|count| (*count as f64 / rows).powi(2)).sum();
    squares.min(1.0)
}

/// Whether there are more copies than chance makes: of two yes-or-no columns nearly every row is one.
fn is_news(copies: usize, rows: usize, odds: f64) -> bool {
    let pairs = rows as f64 * (rows as f64 - 1.0) / 2.0 * odds;
    copies as f64 > MORE_THAN_CHANCE * pairs
}

/// The sizes of groups of equal rows, those of one row left out.
pub(super) fn groups(rows: &[u128]) -> Vec<u64> {
    let mut counts: HashMap<u128, u64> = HashMap::new();
    for row in rows {
        *counts.entry(*row).or_default() += 1;
    }
    counts.into_values().filter(|count| *count > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_no_news() {
        // Two fair coins: a quarter of all pairs are equal.
        assert!(!is_news(96, 100, 0.25));
        assert!(is_news(5, 1000, 1e-9));
        assert_eq!(copies(&[1, 2, 1, 1]), 2);
        assert_eq!(groups(&[1, 2, 1, 1]), [3]);
        assert!((odds_of_equal(&[1, 1, 2, 2]) - 0.5).abs() < 1e-12);
    }
}
