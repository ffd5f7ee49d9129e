//! Columns that are spread otherwise than in another table.

use super::looked::{Column, Looked, examples, of};
use crate::error::{Result, guarded};
use aloft_spec::{Finding, FindingCode, Severity, text::significant_digits};
use std::collections::BTreeMap;

/// Population stability index from which a shift is worth knowing, and from which it is large: the usual thresholds.
const MODERATE: f64 = 0.1;
const LARGE: f64 = 0.25;
/// Parts of equally many rows that numbers are divided into.
const PARTS: usize = 10;
/// Fewer rows on one side say nothing.
const LEAST_ROWS: usize = 50;
/// More different values aren't categories.
const MOST_CATEGORIES: usize = 200;
/// A share of nothing has no logarithm; this stands for it.
const LEAST_SHARE: f64 = 1e-4;

/// Findings about a column that both tables have.
pub(super) fn findings(here: &Looked, there: &Looked, name: &str, names: [&str; 2]) -> Result<Vec<Finding>> {
    let (now, before) = (here.column(name)?, there.column(name)?);
    if now.present()? < LEAST_ROWS || before.present()? < LEAST_ROWS {
        return Ok(Vec::new());
    }
    if let (Some(now), Some(before)) = (texts(&now)?, texts(&before)?) {
        return Ok(categories(here, name, names, &now, &before));
    }
    if let (Some(now), Some(before)) = (now.numbers()?, before.numbers()?) {
        let present = |values: Vec<Option<f64>>| {
            let mut present: Vec<f64> = values.into_iter().flatten().collect();
            present.sort_unstable_by(f64::total_cmp);
            present
        };
        return Ok(numbers(here, name, names, &present(now), &present(before))
            .into_iter()
            .collect());
    }
    Ok(Vec::new())
}

fn texts(column: &Column<'_>) -> Result<Option<BTreeMap<String, usize>>> {
    let Some(texts) = column.texts()? else {
        return Ok(None);
    };
    guarded(|| {
        let mut counts = BTreeMap::new();
        for text in texts.iter().flatten() {
            *counts.entry(text.to_owned()).or_insert(0) += 1;
        }
        Ok(Some(counts))
    })
}

fn numbers(here: &Looked, name: &str, names: [&str; 2], now: &[f64], before: &[f64]) -> Option<Finding> {
    let mut edges: Vec<f64> = (1..PARTS)
        .map(|part| before[before.len() * part / PARTS])
        .collect();
    edges.dedup();
    let counts = |sorted: &[f64]| -> Vec<usize> {
        let mut from = 0;
        let mut counts: Vec<usize> = edges
            .iter()
            .map(|edge| {
                let to = sorted.partition_point(|value| value < edge);
                let count = to - from;
                from = to;
                count
            })
            .collect();
        counts.push(sorted.len() - from);
        counts
    };
    let index = stability_index(&counts(now), &counts(before));
    let distance = kolmogorov_smirnov(now, before);
    let (n, m) = (now.len() as f64, before.len() as f64);
    // Smirnov's critical value at one percent.
    let by_chance = 1.63 * ((n + m) / (n * m)).sqrt();
    if index < MODERATE || distance <= by_chance {
        return None;
    }
    let median = |sorted: &[f64]| significant_digits(sorted[sorted.len() / 2], 4);
    let message = format!(
        "`{name}` is spread otherwise in `{}` than in `{}`: median {} against {}, stability index {}, greatest distance {}",
        names[0],
        names[1],
        median(now),
        median(before),
        significant_digits(index, 2),
        significant_digits(distance, 2)
    );
    Some(drift(here, name, index, message))
}

fn categories(
    here: &Looked,
    name: &str,
    names: [&str; 2],
    now: &BTreeMap<String, usize>,
    before: &BTreeMap<String, usize>,
) -> Vec<Finding> {
    if now.len().max(before.len()) > MOST_CATEGORIES {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let rows: usize = now.values().sum();
    let mut new: Vec<(&String, usize)> = now
        .iter()
        .filter(|(value, _)| !before.contains_key(*value))
        .map(|(value, count)| (value, *count))
        .collect();
    new.sort_by_key(|(value, count)| (std::cmp::Reverse(*count), *value));
    if !new.is_empty() {
        let count: usize = new.iter().map(|(_, count)| count).sum();
        findings.push(here.finding(
            FindingCode::NewCategories,
            Severity::Warning,
            &[name],
            format!(
                "{} of `{name}` in `{}` {} in `{}`: {}, in {}",
                if new.len() == 1 { "a value".to_owned() } else { format!("{} values", new.len()) },
                names[0],
                if new.len() == 1 { "isn't" } else { "aren't" },
                names[1],
                examples(new.iter().map(|(value, _)| value.as_str())),
                of(count, rows, "rows")
            ),
            "a model fitted to the earlier table treats them all alike, as never seen; fit it again with both",
        ));
    }
    let all: Vec<&String> = {
        let mut all: Vec<&String> = now.keys().chain(before.keys()).collect();
        all.sort();
        all.dedup();
        all
    };
    let counts = |table: &BTreeMap<String, usize>| -> Vec<usize> {
        all.iter()
            .map(|value| table.get(*value).copied().unwrap_or_default())
            .collect()
    };
    let (now, before) = (counts(now), counts(before));
    let index = stability_index(&now, &before);
    if index >= MODERATE && chi_squared_is_significant(&now, &before) {
        let message = format!(
            "the values of `{name}` are shared out otherwise in `{}` than in `{}`: stability index {}",
            names[0],
            names[1],
            significant_digits(index, 2)
        );
        findings.push(drift(here, name, index, message));
    }
    findings
}

fn drift(here: &Looked, name: &str, index: f64, message: String) -> Finding {
    let severity = if index >= LARGE {
        Severity::Warning
    } else {
        Severity::Info
    };
    let hint = "find out what has changed; a model fitted to the earlier table has to be tested on this one";
    here.finding(FindingCode::Drift, severity, &[name], message, hint)
}

/// The population stability index: Σ (p − q) ln(p / q) over shares of rows.
fn stability_index(now: &[usize], before: &[usize]) -> f64 {
    let shares = |counts: &[usize]| -> Vec<f64> {
        let all: usize = counts.iter().sum();
        counts
            .iter()
            .map(|count| (*count as f64 / all.max(1) as f64).max(LEAST_SHARE))
            .collect()
    };
    let pairs = shares(now).into_iter().zip(shares(before));
    pairs.map(|(p, q)| (p - q) * (p / q).ln()).sum()
}

/// The greatest distance between two empirical distributions, both ascending.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += a[i..].iter().take_while(|x| **x <= value).count();
        j += b[j..].iter().take_while(|x| **x <= value).count();
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    most
}

/// Pearson's χ² of two rows of counts, against its critical value at one percent (Wilson and Hilferty, 1931).
fn chi_squared_is_significant(now: &[usize], before: &[usize]) -> bool {
    let (n, m) = (
        now.iter().sum::<usize>() as f64,
        before.iter().sum::<usize>() as f64,
    );
    let (mut statistic, mut degrees) = (0.0_f64, -1.0_f64);
    for (a, b) in now.iter().zip(before) {
        let both = (a + b) as f64;
        if both > 0.0 {
            degrees += 1.0;
            let (expected_a, expected_b) = (both * n / (n + m), both * m / (n + m));
            statistic +=
                (*a as f64 - expected_a).powi(2) / expected_a + (*b as f64 - expected_b).powi(2) / expected_b;
        }
    }
    const NORMAL_99: f64 = 2.326_348;
    let spread = 2.0 / (9.0 * degrees);
    degrees > 0.0 && statistic > degrees * (1.0 - spread + NORMAL_99 * spread.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_as_the_books_say() {
        assert_eq!(
            kolmogorov_smirnov(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]),
            0.5
        );
        assert_eq!(kolmogorov_smirnov(&[1.0, 1.0], &[1.0, 1.0]), 0.0);
        assert_eq!(stability_index(&[10, 10], &[20, 20]), 0.0);
        // (0.8 − 0.5) ln 1.6 + (0.2 − 0.5) ln 0.4
        assert!((stability_index(&[8, 2], &[5, 5]) - 0.415_888).abs() < 1e-5);
        // χ² of 18.18 and of 2.02 at one degree, whose critical value is 6.63.
        assert!(chi_squared_is_significant(&[80, 20], &[50, 50]));
        assert!(!chi_squared_is_significant(&[60, 40], &[50, 50]));
    }
}
