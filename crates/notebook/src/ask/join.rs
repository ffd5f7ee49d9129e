//! Which columns two tables could be joined by.

use super::Subject;
use aloft_spec::profile::ColumnProfile;
use aloft_spec::table::{ColumnKind, Table};
use std::collections::HashSet;

/// Rows that are looked at to see which columns tell the rows of a table apart.
const LOOKED_AT: usize = 2_000;
/// A set of columns is a key when so large a share of those rows have values of their own. Samples hold a row twice now
/// and then, and real keys have a few mistakes.
const KEY_SHARE: f64 = 0.995;

/// The fewest columns of the same name, of the same kind and with overlapping values in both tables that tell the rows of
/// the other one apart, or else the rows of this one: then no row finds more rows than it should. In the order of this
/// table's columns; `None` where there are none.
pub fn join_keys(subject: Subject<'_>, other: Subject<'_>) -> Option<Vec<String>> {
    let columns = &subject.output.profile.columns;
    let shared: Vec<&str> = columns
        .iter()
        .filter(|column| {
            let found = other.output.profile.columns.iter();
            let mut same = found.filter(|found| found.field.name == column.field.name);
            same.any(|found| overlap(column, found))
        })
        .map(|column| column.field.name.as_str())
        .collect();
    let mut keys = key(&other.output.table, &shared).or_else(|| key(&subject.output.table, &shared))?;
    keys.sort_by_key(|key| shared.iter().position(|name| name == key));
    Some(keys.into_iter().map(str::to_owned).collect())
}

/// Whether the values of two columns could be equal.
fn overlap(a: &ColumnProfile, b: &ColumnProfile) -> bool {
    let joins = |kind| {
        matches!(
            kind,
            ColumnKind::Integer | ColumnKind::Text | ColumnKind::Date | ColumnKind::Datetime
        )
    };
    if a.field.kind != b.field.kind || !joins(a.field.kind) {
        return false;
    }
    let is_whole = |column: &ColumnProfile| column.top.len() as u64 == column.distinct;
    if !a.top.is_empty() && is_whole(a) && is_whole(b) {
        return a.top.iter().any(|x| b.top.iter().any(|y| x.value == y.value));
    }
    if let (Some(a), Some(b)) = (&a.histogram, &b.histogram) {
        return a.low <= b.high && b.low <= a.high;
    }
    match (&a.min, &a.max, &b.min, &b.max) {
        (Some(a_min), Some(a_max), Some(b_min), Some(b_max)) => a_min <= b_max && b_min <= a_max,
        // Texts may have no range; equal names and kinds have to do.
        _ => a.distinct > 0 && b.distinct > 0,
    }
}

/// The fewest of some columns that tell the rows of a table apart, by adding the one that helps most.
fn key<'a>(table: &Table, names: &[&'a str]) -> Option<Vec<&'a str>> {
    let rows = sampled_rows(table);
    if rows.is_empty() {
        return None;
    }
    let needed = (rows.len() as f64 * KEY_SHARE).ceil() as usize;
    let mut chosen: Vec<&str> = Vec::new();
    let mut told_apart = 0;
    while told_apart < needed {
        let more = names.iter().filter(|name| !chosen.contains(name));
        let (name, count) = more
            .map(|name| {
                let with: Vec<&str> = chosen.iter().chain([name]).copied().collect();
                (*name, distinct(table, &rows, &with))
            })
            // Of several that help as much, the first one.
            .rev()
            .max_by_key(|(_, count)| *count)?;
        if count <= told_apart && !chosen.is_empty() {
            return None;
        }
        chosen.push(name);
        told_apart = count;
    }
    (!chosen.is_empty()).then_some(chosen)
}

/// Rows at equal distances from the first to the last: neighbours in a sorted table are too much alike.
fn sampled_rows(table: &Table) -> Vec<usize> {
    let count = table.rows.min(LOOKED_AT);
    (0..count).map(|index| index * table.rows / count).collect()
}

/// How many different combinations of values some columns have in some rows.
fn distinct(table: &Table, rows: &[usize], names: &[&str]) -> usize {
    let columns: Vec<_> = names
        .iter()
        .filter_map(|name| table.columns.iter().find(|column| column.field.name == *name))
        .collect();
    let texts = |row: &usize| -> Vec<Option<String>> {
        columns.iter().map(|column| column.values.format(*row)).collect()
    };
    rows.iter().map(texts).collect::<HashSet<_>>().len()
}
