//! Features that all but equal the target: a model that has them learns nothing, and fails where they aren't known yet.

use super::{
    looked::{Column, Looked, percent},
    target::{Task, classes},
};
use crate::{Cancel, error::Result};
use aloft_spec::{
    Finding, FindingCode, Severity, table::ColumnKind, text::significant_digits, train::TrainSpec,
};
use rayon::prelude::*;

/// Share of the errors of guessing that one feature alone may avoid before it is suspected.
const MOST_AVOIDED: f64 = 0.98;
/// Area under the ROC curve of one feature alone from which it is suspected.
const MOST_AUC: f64 = 0.995;
/// Correlation from which a feature is suspected.
const MOST_CORRELATION: f64 = 0.999;
/// Share of rows in which a sum, difference or product has to equal the target.
const EQUAL: f64 = 0.999;
/// Rows that are tried first for that; most pairs fail in them.
const TRIED_ROWS: usize = 256;
/// Numeric features whose pairs are tried, at most.
const MOST_PAIRED: usize = 24;
/// Bins of a number that is to tell classes apart.
const BINS: usize = 64;
/// Fewer rows make everything look related.
const LEAST_ROWS: usize = 50;

/// Leaking features, and pairs of them that give the target.
pub(super) fn findings(
    looked: &Looked,
    train: &TrainSpec,
    task: &Task,
    cancel: &Cancel,
) -> Result<Vec<Finding>> {
    if looked.rows() < LEAST_ROWS {
        return Ok(Vec::new());
    }
    let is_feature = |name: &str| {
        name != train.target
            && !train.ignore.iter().any(|ignored| ignored == name)
            && (train.features.is_empty() || train.features.iter().any(|feature| feature == name))
    };
    let features: Vec<Column<'_>> = looked
        .columns()
        .into_iter()
        .filter(|column| is_feature(column.name) && column.kind != ColumnKind::Other)
        .collect();
    let evidence: Vec<Option<String>> = features
        .par_iter()
        .map(|feature| {
            cancel.step()?;
            match task {
                Task::Classes { rows, counts, .. } => tells_classes(feature, rows, counts),
                Task::Numbers(values) => tells_numbers(feature, values),
            }
        })
        .collect::<Result<_>>()?;
    let mut findings = Vec::new();
    let mut sound = Vec::new();
    for (feature, evidence) in features.iter().zip(evidence) {
        let name = feature.name;
        match evidence {
            Some(evidence) => findings.push(looked.finding(
                FindingCode::Leakage,
                Severity::Warning,
                &[name, &train.target],
                format!("`{name}` all but gives the target `{}` away: {evidence}", train.target),
                format!("if it isn't known when you predict, leave it out: `ignore = [{name:?}]` in the train cell"),
            )),
            None => sound.push(feature),
        }
    }
    if let Task::Numbers(values) = task {
        findings.extend(pairs(looked, &train.target, &sound, values)?);
    }
    Ok(findings)
}

/// Why a feature is suspected of telling the classes of the target.
fn tells_classes(feature: &Column<'_>, rows: &[usize], counts: &[usize]) -> Result<Option<String>> {
    if counts.len() < 2 {
        return Ok(None);
    }
    let numbers = feature.numbers()?.filter(|_| feature.kind != ColumnKind::Boolean);
    let groups = match &numbers {
        Some(numbers) => {
            if let [_, _] = counts {
                let auc = auc(numbers, rows);
                let auc = auc.max(1.0 - auc);
                if auc >= MOST_AUC {
                    let auc = significant_digits(auc, 4);
                    return Ok(Some(format!(
                        "by it alone the classes can be told with an area under the ROC curve of {auc}"
                    )));
                }
            }
            binned(numbers)
        }
        None => classes(feature)?.0,
    };
    let avoided = avoided(&groups, rows, counts);
    if avoided >= MOST_AVOIDED {
        let all = rows.len();
        let wrong = (all - counts.iter().max().copied().unwrap_or_default()) as f64 * (1.0 - avoided);
        let right = all.saturating_sub(wrong.round() as usize);
        return Ok(Some(format!(
            "its value alone tells the class of {} of the rows",
            percent(right, all)
        )));
    }
    let missing: Vec<usize> = groups_of_missing(feature)?;
    if avoided_by_missing(&missing, rows, counts) {
        return Ok(Some("whether it has a value tells the class".into()));
    }
    Ok(None)
}

fn groups_of_missing(feature: &Column<'_>) -> Result<Vec<usize>> {
    Ok(feature
        .series
        .is_null()
        .iter()
        .map(|missing| usize::from(missing == Some(true)))
        .collect())
}

fn avoided_by_missing(missing: &[usize], rows: &[usize], counts: &[usize]) -> bool {
    let some = missing.iter().sum::<usize>();
    some > 0 && some < missing.len() && avoided(missing, rows, counts) >= MOST_AVOIDED
}

/// Share of the errors of always guessing the most frequent class that knowing the group avoids (Goodman and Kruskal's
/// lambda, 1954), each row being guessed from the others of its group, so that small groups prove nothing.
fn avoided(groups: &[usize], rows: &[usize], counts: &[usize]) -> f64 {
    let most = counts.iter().max().copied().unwrap_or_default();
    let guessed_wrong = rows.len() - most;
    if guessed_wrong == 0 {
        return 0.0;
    }
    let mut sorted: Vec<(usize, usize)> = groups.iter().copied().zip(rows.iter().copied()).collect();
    sorted.sort_unstable();
    let mut wrong = 0;
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let mut within: Vec<usize> = group.chunk_by(|a, b| a.1 == b.1).map(<[_]>::len).collect();
        within.sort_unstable_by(|a, b| b.cmp(a));
        let (first, second) = (within[0], within.get(1).copied().unwrap_or_default());
        // Without itself, a row of the largest class is guessed wrong when the second is as large as what is left.
        wrong += group.len()
            - if first > second + 1 || (second == 0 && first > 1) {
                first
            } else {
                0
            };
    }
    1.0 - (wrong as f64 / guessed_wrong as f64).min(1.0)
}

/// The bin of each number, all of them equally full; no value is a bin.
fn binned(numbers: &[Option<f64>]) -> Vec<usize> {
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..BINS)
        .filter_map(|bin| sorted.get(sorted.len() * bin / BINS).copied())
        .collect();
    edges.dedup();
    let bin = |value: &Option<f64>| value.map_or(0, |value| 1 + edges.partition_point(|edge| *edge <= value));
    numbers.iter().map(bin).collect()
}

/// Area under the ROC curve of a number that ranks the rows of the second class above those of the first (Mann and
/// Whitney's U over the number of pairs); rows without a value rank in the middle of nowhere and are left out.
fn auc(numbers: &[Option<f64>], rows: &[usize]) -> f64 {
    let mut ranked: Vec<(f64, usize)> = numbers
        .iter()
        .zip(rows)
        .filter_map(|(value, class)| Some(((*value)?, *class)))
        .collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let second = ranked.iter().filter(|(_, class)| *class == 1).count();
    let first = ranked.len() - second;
    // Of few rows with a value nothing follows for the others.
    if first == 0 || second == 0 || ranked.len() * 2 < rows.len() {
        return 0.5;
    }
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let seconds = tied.iter().filter(|(_, class)| *class == 1).count() as f64;
        let firsts = tied.len() as f64 - seconds;
        wins += seconds * (below + firsts / 2.0);
        below += firsts;
    }
    wins / (first as f64 * second as f64)
}

/// Why a feature is suspected of telling the numbers of the target.
fn tells_numbers(feature: &Column<'_>, values: &[Option<f64>]) -> Result<Option<String>> {
    if let Some(numbers) = feature.numbers()? {
        let known: Vec<(f64, f64)> = numbers
            .iter()
            .zip(values)
            .filter_map(|(x, y)| Some(((*x)?, (*y)?)))
            .collect();
        if known.len() * 2 < values.len() || known.len() < LEAST_ROWS {
            return Ok(None);
        }
        let equal = known.iter().filter(|(x, y)| x == y).count();
        if equal as f64 >= EQUAL * known.len() as f64 {
            return Ok(Some(format!(
                "it equals it in {} of the rows",
                percent(equal, known.len())
            )));
        }
        let straight = correlation(&known).abs();
        if straight >= MOST_CORRELATION {
            return Ok(Some(format!(
                "their correlation is {}",
                significant_digits(straight, 5)
            )));
        }
        let ranks = correlation(&ranks(&known)).abs();
        if ranks >= MOST_CORRELATION {
            return Ok(Some(format!(
                "their rank correlation is {}",
                significant_digits(ranks, 5)
            )));
        }
        return Ok(None);
    }
    let (groups, names) = classes(feature)?;
    let explained = explained(&groups, names.len(), values);
    if explained >= MOST_CORRELATION {
        let share = significant_digits(100.0 * explained, 4);
        return Ok(Some(format!(
            "its value alone explains {share} % of the target's variance"
        )));
    }
    Ok(None)
}

/// Pearson's correlation; 0 where one of them doesn't vary.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let count = pairs.len() as f64;
    let (x_mean, y_mean) = (
        pairs.iter().map(|(x, _)| x).sum::<f64>() / count,
        pairs.iter().map(|(_, y)| y).sum::<f64>() / count,
    );
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (x - x_mean, y - y_mean);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    if xx > 0.0 && yy > 0.0 {
        xy / (xx * yy).sqrt()
    } else {
        0.0
    }
}

/// Both as ranks, equal values sharing the mean of theirs; their correlation is Spearman's.
fn ranks(pairs: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let ranked = |values: Vec<f64>| {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
        let mut ranks = vec![0.0; values.len()];
        let mut from = 0;
        for tied in order.chunk_by(|a, b| values[*a] == values[*b]) {
            let rank = from as f64 + (tied.len() as f64 - 1.0) / 2.0;
            tied.iter().for_each(|row| ranks[*row] = rank);
            from += tied.len();
        }
        ranks
    };
    let x = ranked(pairs.iter().map(|(x, _)| *x).collect());
    let y = ranked(pairs.iter().map(|(_, y)| *y).collect());
    x.into_iter().zip(y).collect()
}

/// Share of the target's variance that knowing the group explains, each row being predicted by the others of its group.
fn explained(groups: &[usize], count: usize, values: &[Option<f64>]) -> f64 {
    let known: Vec<(usize, f64)> = groups
        .iter()
        .zip(values)
        .filter_map(|(group, y)| Some((*group, (*y)?)))
        .collect();
    let mut sums = vec![(0.0, 0.0); count];
    for (group, y) in &known {
        sums[*group].0 += y;
        sums[*group].1 += 1.0;
    }
    let mean = known.iter().map(|(_, y)| y).sum::<f64>() / known.len().max(1) as f64;
    let (mut left, mut all) = (0.0, 0.0);
    for (group, y) in &known {
        let (sum, rows) = sums[*group];
        let guess = if rows > 1.0 {
            (sum - y) / (rows - 1.0)
        } else {
            mean
        };
        left += (y - guess).powi(2);
        all += (y - mean).powi(2);
    }
    if all > 0.0 { 1.0 - left / all } else { 0.0 }
}

/// A way to compute a target from two features.
type Way = fn(f64, f64) -> f64;

/// Pairs of features whose sum, difference or product is the target.
fn pairs(
    looked: &Looked,
    target: &str,
    features: &[&Column<'_>],
    values: &[Option<f64>],
) -> Result<Vec<Finding>> {
    let mut numbers = Vec::new();
    for feature in features
        .iter()
        .filter(|feature| feature.kind != ColumnKind::Boolean)
        .take(MOST_PAIRED)
    {
        if let Some(values) = feature.numbers()? {
            numbers.push((feature.name, values));
        }
    }
    let ways: [(&str, Way); 4] = [
        ("+", |a, b| a + b),
        ("-", |a, b| a - b),
        ("-", |a, b| b - a),
        ("*", |a, b| a * b),
    ];
    let mut findings = Vec::new();
    for (at, (a_name, a)) in numbers.iter().enumerate() {
        for (b_name, b) in &numbers[at + 1..] {
            for (index, (sign, way)) in ways.iter().enumerate() {
                let share = |rows: usize| share_equal(&a[..rows], &b[..rows], &values[..rows], *way);
                if share(TRIED_ROWS.min(values.len())) < EQUAL || share(values.len()) < EQUAL {
                    continue;
                }
                let (left, right) = if index == 2 {
                    (b_name, a_name)
                } else {
                    (a_name, b_name)
                };
                findings.push(looked.finding(
                    FindingCode::Leakage,
                    Severity::Warning,
                    &[left, right, target],
                    format!("the target `{target}` is `{left}` {sign} `{right}` in nearly all rows"),
                    format!("if they aren't both known when you predict, leave one out: `ignore = [{right:?}]` in the train cell"),
                ));
            }
        }
    }
    Ok(findings)
}

/// In which share of the rows with all three numbers the way leads to the target; 0 where these are few.
fn share_equal(a: &[Option<f64>], b: &[Option<f64>], y: &[Option<f64>], way: Way) -> f64 {
    let (mut known, mut equal, mut varied) = (0_usize, 0_usize, 0_usize);
    for ((a, b), y) in a.iter().zip(b).zip(y) {
        if let (Some(a), Some(b), Some(y)) = (a, b, y) {
            known += 1;
            let close = (way(*a, *b) - y).abs() <= 1e-9 * (a.abs() + b.abs() + y.abs());
            equal += usize::from(close);
            varied += usize::from(*a != 0.0 && *b != 0.0);
        }
    }
    // Where one of the two is nearly always 0 there is no sum, only the other feature.
    if known * 2 < y.len() || varied * 10 < known {
        return 0.0;
    }
    equal as f64 / known as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_prove_nothing() {
        // Each row a group of its own: nothing is known from others.
        let rows: Vec<usize> = (0..100).map(|row| row % 2).collect();
        let alone: Vec<usize> = (0..100).collect();
        assert_eq!(avoided(&alone, &rows, &[50, 50]), 0.0);
        assert_eq!(avoided(&rows, &rows, &[50, 50]), 1.0);
    }

    #[test]
    fn ranks_are_areas() {
        let numbers: Vec<Option<f64>> = (0..10).map(|value| Some(f64::from(value))).collect();
        let rows: Vec<usize> = (0..10).map(|row| usize::from(row >= 5)).collect();
        assert_eq!(auc(&numbers, &rows), 1.0);
        let ties = vec![Some(1.0); 10];
        assert_eq!(auc(&ties, &rows), 0.5);
        let pairs: Vec<(f64, f64)> = (0..10).map(|x| (f64::from(x), f64::from(x).exp())).collect();
        assert!(correlation(&pairs) < 0.8);
        assert!((correlation(&ranks(&pairs)) - 1.0).abs() < 1e-12);
    }
}
