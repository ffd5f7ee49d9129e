//! Which columns two tables could be joined by.

use super::Subject;
use aloft_spec::output::TableOutput;
use aloft_spec::profile::ColumnProfile;
use aloft_spec::table::{ColumnKind, Table};
use std::collections::HashMap;

/// Rows that are looked at to see which columns tell the rows of a table apart.
const LOOKED_AT: usize = 2_000;
/// A set of columns is a key when so large a share of those rows have values of their own. Samples hold a row twice now
/// and then, and real keys have a few mistakes.
const KEY_SHARE: f64 = 0.995;
/// A key of more columns is none that people join by.
const MOST_COLUMNS: usize = 4;

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
    let mut keys = key(other.output, &shared).or_else(|| key(subject.output, &shared))?;
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
fn key<'a>(output: &TableOutput, names: &[&'a str]) -> Option<Vec<&'a str>> {
    let rows = sampled_rows(&output.table);
    if rows.is_empty() {
        return None;
    }
    let needed = (rows.len() as f64 * KEY_SHARE).ceil() as usize;
    if most_told_apart(output, names) < needed as u64 {
        return None;
    }
    let mut columns: Vec<(&str, Vec<usize>)> = names
        .iter()
        .filter_map(|name| Some((*name, numbered(&output.table, name, &rows)?)))
        .collect();
    let mut chosen: Vec<&str> = Vec::new();
    let mut groups = vec![0; rows.len()];
    let mut told_apart = 0;
    while told_apart < needed {
        if chosen.len() == MOST_COLUMNS {
            return None;
        }
        let with = columns.iter().map(|(_, values)| divide(&groups, values));
        let (best, (more, count)) = with
            .enumerate()
            // Of several that help as much, the first one.
            .rev()
            .max_by_key(|(_, (_, count))| *count)?;
        if count <= told_apart && !chosen.is_empty() {
            return None;
        }
        chosen.push(columns.remove(best).0);
        groups = more;
        told_apart = count;
    }
    Some(chosen)
}

/// How many rows the columns with the most different values could tell apart at the best. Two wide tables share many
/// columns of few values, which are no key; that is seen here, without a look at their rows.
fn most_told_apart(output: &TableOutput, names: &[&str]) -> u64 {
    let profiles = &output.profile.columns;
    let mut distinct: Vec<u64> = names
        .iter()
        .filter_map(|name| profiles.iter().find(|profile| profile.field.name == *name))
        // A missing value is one more, and an approximate count may be too low.
        .map(|profile| {
            let slack = if profile.distinct_approximate {
                profile.distinct / 4
            } else {
                0
            };
            profile.distinct.saturating_add(1 + slack)
        })
        .collect();
    distinct.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    distinct
        .iter()
        .take(MOST_COLUMNS)
        .copied()
        .fold(1, u64::saturating_mul)
}

/// Rows at equal distances from the first to the last: neighbours in a sorted table are too much alike.
fn sampled_rows(table: &Table) -> Vec<usize> {
    let count = table.rows.min(LOOKED_AT);
    (0..count).map(|index| index * table.rows / count).collect()
}

/// The values of a column in some rows, as numbers that are equal where the values are.
fn numbered(table: &Table, name: &str, rows: &[usize]) -> Option<Vec<usize>> {
    let column = table.columns.iter().find(|column| column.field.name == name)?;
    let mut known: HashMap<Option<String>, usize> = HashMap::new();
    let number = |row: &usize| {
        let next = known.len();
        *known.entry(column.values.format(*row)).or_insert(next)
    };
    Some(rows.iter().map(number).collect())
}

/// Divides groups of rows by a further column: the groups of the rows, and how many there are.
fn divide(groups: &[usize], values: &[usize]) -> (Vec<usize>, usize) {
    let mut known: HashMap<(usize, usize), usize> = HashMap::new();
    let number = |pair: (&usize, &usize)| {
        let next = known.len();
        *known.entry((*pair.0, *pair.1)).or_insert(next)
    };
    let groups = groups.iter().zip(values).map(number).collect();
    (groups, known.len())
}
