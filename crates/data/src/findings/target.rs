//! The column that is to be predicted: what kind of question it is, and whether its classes are in balance.

use super::looked::{Column, Looked, examples, percent};
use crate::{error::Result, table};
use aloft_spec::{
    Finding, FindingCode, Severity,
    table::ColumnKind,
    text::thousands,
    train::{TaskSpec, TrainSpec},
};
use std::collections::HashMap;

/// Whole numbers with at most so many values are classes, as in training.
const WHOLE_NUMBER_CLASSES: usize = 20;
/// A class with a smaller share is out of balance.
const SMALL_SHARE: f64 = 0.05;
/// A class with fewer rows can't be learned or measured.
const FEW_ROWS: usize = 10;

/// The target, row by row.
pub(super) enum Task {
    /// Its class, as a number below the count of classes; their names and how many rows each has.
    Classes {
        rows: Vec<usize>,
        names: Vec<String>,
        counts: Vec<usize>,
    },
    /// Its value.
    Numbers(Vec<Option<f64>>),
}

/// What the target asks for, as training understands it.
pub(super) fn task(looked: &Looked, train: &TrainSpec) -> Result<Task> {
    let target = looked.column(&train.target)?;
    let regression = match train.task {
        TaskSpec::Regression | TaskSpec::Forecast | TaskSpec::Anomaly => true,
        TaskSpec::Binary | TaskSpec::Multiclass => false,
        TaskSpec::Auto => match target.kind {
            ColumnKind::Float => true,
            ColumnKind::Integer => classes(&target)?.1.len() > WHOLE_NUMBER_CLASSES,
            _ => false,
        },
    };
    if regression && let Some(numbers) = target.numbers()? {
        return Ok(Task::Numbers(numbers));
    }
    let (rows, names) = classes(&target)?;
    let mut counts = vec![0; names.len()];
    for class in &rows {
        counts[*class] += 1;
    }
    Ok(Task::Classes { rows, names, counts })
}

/// The class of each row, and the classes' names in order of the first seen; no value is a class.
pub(super) fn classes(column: &Column<'_>) -> Result<(Vec<usize>, Vec<String>)> {
    let texts = match column.kind {
        ColumnKind::Float => column
            .numbers()?
            .unwrap_or_default()
            .iter()
            .map(|value| value.map(|value| (value + 0.0).to_string()))
            .collect(),
        _ => crate::error::guarded(|| table::texts(column.series))?,
    };
    let mut known: HashMap<Option<String>, usize> = HashMap::new();
    let mut names = Vec::new();
    let rows = texts
        .into_iter()
        .map(|text| {
            *known.entry(text).or_insert_with_key(|text| {
                names.push(text.clone().unwrap_or_else(|| "no value".into()));
                names.len() - 1
            })
        })
        .collect();
    Ok((rows, names))
}

/// Findings about classes with few rows.
pub(super) fn imbalance(looked: &Looked, target: &str, task: &Task) -> Vec<Finding> {
    let Task::Classes { names, counts, .. } = task else {
        return Vec::new();
    };
    let rows: usize = counts.iter().sum();
    if names.len() < 2 || rows == 0 {
        return Vec::new();
    }
    let mut small: Vec<(usize, &str)> = counts
        .iter()
        .copied()
        .zip(names.iter().map(String::as_str))
        .filter(|(count, _)| (*count as f64) < SMALL_SHARE * rows as f64)
        .collect();
    small.sort();
    let Some((least, name)) = small.first().copied() else {
        return Vec::new();
    };
    // With very many classes each is small; that isn't what this finding is about.
    if small.len() == names.len() && least >= FEW_ROWS {
        return Vec::new();
    }
    let hint = if least < FEW_ROWS {
        format!(
            "collect more rows of {}, or join small classes in a query with CASE WHEN",
            examples([name])
        )
    } else {
        let most = counts.iter().max().copied().unwrap_or_default();
        format!(
            "guessing alone is right for {} of the rows: judge by roc_auc, not by accuracy",
            percent(most, rows)
        )
    };
    let message = match small.len() {
        1 => format!(
            "the target `{target}` is {} in only {} of the rows ({})",
            examples([name]),
            percent(least, rows),
            thousands(least as u64)
        ),
        several => format!(
            "{several} of {} classes of the target `{target}` have less than 5 % of the rows each; the smallest is {} with {}",
            names.len(),
            examples([name]),
            thousands(least as u64)
        ),
    };
    let severity = if least < FEW_ROWS {
        Severity::Warning
    } else {
        Severity::Info
    };
    vec![looked.finding(FindingCode::Imbalance, severity, &[target], message, hint)]
}
