//! The same rows on two sides that should know nothing of each other: of a split, or of two tables.

use super::{
    duplicates, hashes,
    looked::{Looked, of, percent},
};
use crate::{Relation, error::Result};
use aloft_spec::{
    Finding, FindingCode, Severity,
    table::ColumnKind,
    text::thousands,
    train::{SplitBy, TrainSpec},
};
use std::collections::HashSet;

/// Share of the columns of both tables that have to be in both.
const ALIKE: f64 = 0.6;
/// Rows of fewer columns are equal by chance.
const LEAST_COLUMNS: usize = 3;

/// Rows of the test part that would have a copy in the training part. Each row goes to its part by itself, so that of a
/// group of `n` copies one in the test part meets none of the others in training with chance `(1 - train)^(n - 1)`.
pub(super) fn across_the_split(looked: &Looked, train: &TrainSpec) -> Result<Option<Finding>> {
    if train.split.by != SplitBy::Random || looked.rows() == 0 {
        return Ok(None);
    }
    let mut cells = Vec::new();
    for (index, column) in looked.columns().iter().enumerate() {
        let used = train.features.is_empty() || train.features.iter().any(|name| name == column.name);
        let ignored = train.ignore.iter().any(|name| name == column.name);
        if column.name == train.target || (used && !ignored) {
            cells.push(hashes::cells(column, index as u64)?);
        }
    }
    if cells.len() < LEAST_COLUMNS {
        return Ok(None);
    }
    let test = train.split.test;
    let learned = 1.0 - test - train.split.validation;
    let met: f64 = duplicates::groups(&hashes::rows(&cells))
        .into_iter()
        .map(|copies| copies as f64 * test * (1.0 - (1.0 - learned).powi(copies as i32 - 1)))
        .sum();
    let (met, tested) = (
        met.round() as usize,
        (looked.rows() as f64 * test).round() as usize,
    );
    // One in a hundred moves a metric in its second digit.
    if met == 0 || (met as f64) < 0.01 * tested as f64 {
        return Ok(None);
    }
    Ok(Some(looked.finding(
        FindingCode::SplitOverlap,
        Severity::Warning,
        &[],
        format!(
            "about {} of {} rows of the test part ({}) would have an exact copy in the training part",
            thousands(met as u64),
            thousands(tested as u64),
            percent(met, tested)
        ),
        "train on a query that keeps one of each, `SELECT DISTINCT …`, or split by time: `split = { by = \"time\", column = \"…\" }`",
    )))
}

/// The columns that two tables have in common, by name and kind; none where they are too few for two of a kind.
pub(super) fn shared_columns(a: &Relation, b: &Relation) -> Vec<String> {
    let number = |kind| matches!(kind, ColumnKind::Integer | ColumnKind::Float);
    let shared: Vec<String> = a
        .schema()
        .iter()
        .filter(|field| {
            b.schema().iter().any(|other| {
                other.name == field.name
                    && (other.kind == field.kind || (number(other.kind) && number(field.kind)))
            })
        })
        .map(|field| field.name.clone())
        .collect();
    let most = a.schema().len().max(b.schema().len());
    if shared.len() as f64 >= ALIKE * most as f64 {
        shared
    } else {
        Vec::new()
    }
}

/// Rows of one table that are also in another.
pub(super) fn of_rows(
    here: &Looked,
    there: &Looked,
    shared: &[String],
    names: [&str; 2],
) -> Result<Vec<Finding>> {
    if shared.len() < LEAST_COLUMNS {
        return Ok(Vec::new());
    }
    let rows = |looked: &Looked| -> Result<Vec<u128>> {
        let cells = shared
            .iter()
            .enumerate()
            .map(|(index, name)| hashes::cells(&looked.column(name)?, index as u64))
            .collect::<Result<Vec<_>>>()?;
        Ok(hashes::rows(&cells))
    };
    let known: HashSet<u128> = rows(there)?.into_iter().collect();
    let here_rows = rows(here)?;
    let both = here_rows.iter().filter(|row| known.contains(row)).count();
    if both == 0 {
        return Ok(Vec::new());
    }
    let [name, earlier] = names;
    let message = format!(
        "{} of `{name}` ({}) are also among {} rows of `{earlier}`",
        of(both, here_rows.len(), "rows"),
        percent(both, here_rows.len()),
        thousands(there.rows() as u64)
    );
    let hint = format!(
        "if one is to test what was learned from the other, leave them out: `SELECT * FROM {name} EXCEPT SELECT * FROM {earlier}`"
    );
    Ok(vec![here.finding(
        FindingCode::Overlap,
        Severity::Warning,
        &[],
        message,
        hint,
    )])
}
