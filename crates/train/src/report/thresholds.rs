//! What each threshold of a binary model would do.

use super::Part;
use crate::{evaluate::Outputs, metrics::Truth};
use aloft_spec::report::{Alarms, Thresholds};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Thresholds between the ends: quantiles of the probabilities, so that rare classes have as many as frequent ones.
const QUANTILES: usize = 200;

/// The alarms of each threshold on each part; `None` for other tasks than binary ones.
pub fn thresholds(classes: &[String], parts: &[Part<'_>]) -> Option<Thresholds> {
    let [_, positive] = classes else { return None };
    let scores: Vec<(&Part<'_>, Vec<f64>)> = parts
        .iter()
        .filter_map(|part| Some((part, second(&part.outputs)?)))
        .collect();
    let mut all: Vec<f64> = scores.iter().flat_map(|(_, scores)| scores).copied().collect();
    all.par_sort_unstable_by(f64::total_cmp);
    let quantile = |step: usize| all.get(step * all.len() / QUANTILES).copied();
    let mut thresholds: Vec<f64> = (0..QUANTILES).filter_map(quantile).collect();
    thresholds.extend([0.0, 0.5, 1.0]);
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let splits: BTreeMap<String, Alarms> = scores
        .iter()
        .filter_map(|(part, scores)| {
            let Truth::Classes(truth) = &part.truth else {
                return None;
            };
            Some((part.name.to_owned(), alarms(&thresholds, scores, truth)))
        })
        .collect();
    Some(Thresholds {
        positive: positive.clone(),
        thresholds,
        splits,
    })
}

/// The probabilities of the second class of two.
fn second(outputs: &Outputs) -> Option<Vec<f64>> {
    match outputs {
        Outputs::Probabilities { classes: 2, values } => {
            Some(values.chunks_exact(2).map(|row| row[1]).collect())
        }
        _ => None,
    }
}

fn alarms(thresholds: &[f64], scores: &[f64], truth: &[u32]) -> Alarms {
    let of_class = |class: u32| {
        let mut of: Vec<f64> = scores
            .iter()
            .zip(truth)
            .filter(|(_, truth)| **truth == class)
            .map(|(score, _)| *score)
            .collect();
        of.par_sort_unstable_by(f64::total_cmp);
        of
    };
    let (negatives, positives) = (of_class(0), of_class(1));
    let below = |of: &[f64], threshold: f64| of.partition_point(|score| *score < threshold) as u64;
    Alarms {
        positives: positives.len() as u64,
        negatives: negatives.len() as u64,
        false_alarms: thresholds
            .iter()
            .map(|threshold| negatives.len() as u64 - below(&negatives, *threshold))
            .collect(),
        misses: thresholds
            .iter()
            .map(|threshold| below(&positives, *threshold))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_fall_and_misses_rise() {
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9];
        let part = Part {
            name: "test",
            rows: &[0, 1, 2, 3, 4, 5],
            truth: Truth::Classes(vec![0, 0, 1, 1, 1, 1]),
            outputs: Outputs::Probabilities {
                classes: 2,
                values: scores.iter().flat_map(|p| [1.0 - p, *p]).collect(),
            },
        };
        let found = thresholds(&["on time".into(), "late".into()], &[part]).unwrap();
        assert_eq!(found.thresholds, [0.0, 0.1, 0.35, 0.4, 0.5, 0.8, 0.9, 1.0]);
        let test = &found.splits["test"];
        assert_eq!((test.positives, test.negatives), (4, 2));
        assert_eq!(test.false_alarms, [2, 2, 1, 1, 0, 0, 0, 0]);
        assert_eq!(test.misses, [0, 0, 0, 1, 2, 2, 3, 4]);
        assert_eq!(thresholds(&["a".into()], &[]), None);
    }
}
