//! Intervals of metrics, and of what the model gains on its base lines, from rows drawn again with replacement.

use crate::{
    evaluate::Outputs,
    metrics::{Named, Scored, Truth},
};
use aloft_nn::rng::{Purpose, Random};
use aloft_spec::report::{Bootstrap, Estimate, is_error};
use rayon::prelude::*;

/// How often rows are drawn.
const RESAMPLES: u32 = 1000;
/// Share of the resamples within an interval.
const LEVEL: f64 = 0.95;
/// Two-sided normal quantile of that level.
const Z: f64 = 1.959_963_984_540_054;
/// Passes over rows in a resample, which bounds the time on large parts: with more rows, of a random sample of them.
const PASSES: usize = 50_000;
/// Metrics that are 1 when every row is right.
const SHARES: [&str; 4] = ["accuracy", "balanced_accuracy", "f1", "macro_f1"];
/// Metrics that can't leave 0 to 1.
const BOUNDED: [&str; 10] = [
    "accuracy",
    "balanced_accuracy",
    "f1",
    "macro_f1",
    "roc_auc",
    "pr_auc",
    "macro_roc_auc",
    "macro_pr_auc",
    "brier",
    "calibration_error",
];

/// Intervals of several predictions for the same rows.
#[derive(Debug)]
pub struct Intervals {
    /// How they were made.
    pub bootstrap: Bootstrap,
    /// The metrics of each prediction.
    pub metrics: Vec<Vec<Estimate>>,
    /// By how much the first prediction is better than each of the others.
    pub gains: Vec<Vec<Estimate>>,
}

/// The 95 % intervals of the metrics of some predictions and of the first one's gains on the others. All are of the same
/// resamples, so that what they have in common doesn't widen a difference. Classes keep their number of rows.
pub fn intervals(seed: u64, truth: &Truth, outputs: &[&Outputs]) -> Intervals {
    let all = scored(outputs, truth);
    let whole: Vec<Named> = all
        .iter()
        .map(|scored| scored.metrics(&vec![1; truth.rows()]))
        .collect();
    let passes: usize = all.iter().map(Scored::passes).sum();
    let drawn = truth.rows().min((PASSES / passes.max(1)).max(1));
    let strata = strata(seed, truth, drawn);
    let rows = strata.iter().map(Vec::len).sum::<usize>();
    let (some, strata) = match rows < truth.rows() {
        false => (all, strata),
        true => {
            let kept: Vec<u32> = strata.iter().flatten().copied().collect();
            let outputs: Vec<Outputs> = outputs.iter().map(|outputs| outputs.gather(&kept)).collect();
            let some = scored(&outputs.iter().collect::<Vec<_>>(), &truth.gather(&kept));
            (some, renumbered(&strata))
        }
    };
    let centre: Vec<Named> = some.iter().map(|scored| scored.metrics(&vec![1; rows])).collect();
    let resamples: Vec<Vec<Named>> = (0..u64::from(RESAMPLES))
        .into_par_iter()
        .map(|resample| {
            let weights = draw(seed, resample, &strata, rows);
            some.iter().map(|scored| scored.metrics(&weights)).collect()
        })
        .collect();
    let narrowing = (rows as f64 / truth.rows().max(1) as f64).sqrt();
    // An estimate from a number of a set of metrics: of one prediction, or of the difference of two.
    let estimate = |name: &str, of: &dyn Fn(&[Named]) -> Option<f64>| {
        let (value, centre) = (of(&whole)?, of(&centre)?);
        let mut values: Vec<f64> = resamples.iter().filter_map(|named| of(named)).collect();
        values.sort_by(f64::total_cmp);
        let end = |share| Some(value + (quantile(&values, share)? - centre) * narrowing);
        let tail = (1.0 - LEVEL) / 2.0;
        Some(Estimate {
            name: name.to_owned(),
            value,
            low: end(tail)?,
            high: end(1.0 - tail)?,
        })
    };
    let names = |index: usize| {
        let names = whole.get(index).into_iter().flatten().map(|(name, _)| *name);
        names.filter(|name| !name.starts_with("base_"))
    };
    let metrics = (0..outputs.len()).map(|index| {
        let of_name = |name: &'static str| {
            let found = estimate(name, &|named: &[Named]| number(named.get(index)?, name))?;
            Some(bounded(found, truth.rows()))
        };
        names(index).filter_map(of_name).collect()
    });
    let gains = (1..outputs.len()).map(|index| {
        let of_name = |name: &'static str| {
            let sign = if is_error(name) { -1.0 } else { 1.0 };
            estimate(name, &|named: &[Named]| {
                Some(sign * (number(named.first()?, name)? - number(named.get(index)?, name)?))
            })
        };
        names(index).filter_map(of_name).collect()
    });
    Intervals {
        bootstrap: Bootstrap {
            resamples: RESAMPLES,
            level: LEVEL,
            rows: rows as u64,
            stratified: matches!(truth, Truth::Classes(_)),
            seed,
        },
        metrics: metrics.collect(),
        gains: gains.collect(),
    }
}

fn scored(outputs: &[&Outputs], truth: &Truth) -> Vec<Scored> {
    outputs
        .iter()
        .filter_map(|outputs| Scored::new(outputs, truth))
        .collect()
}

fn number(named: &Named, name: &str) -> Option<f64> {
    let (_, value) = named.iter().find(|(known, _)| *known == name)?;
    value.filter(|value| value.is_finite())
}

/// The rows that are drawn from, by class where there are classes; a random `limit` of them, of each class in proportion
/// and at least one.
fn strata(seed: u64, truth: &Truth, limit: usize) -> Vec<Vec<u32>> {
    let rows = truth.rows();
    let mut strata = match truth {
        Truth::Labels { .. } | Truth::Numbers { .. } | Truth::Quantiles { .. } => {
            vec![(0..rows as u32).collect::<Vec<_>>()]
        }
        Truth::Classes(classes) => {
            let mut strata = vec![Vec::new(); classes.iter().max().map_or(0, |last| *last as usize + 1)];
            for (row, class) in (0..).zip(classes) {
                strata[*class as usize].push(row);
            }
            strata.retain(|rows| !rows.is_empty());
            strata
        }
    };
    if limit < rows {
        let mut random = Random::new(seed, Purpose::Bootstrap, u64::from(RESAMPLES));
        for stratum in &mut strata {
            let kept = (stratum.len() as f64 * limit as f64 / rows as f64).round() as usize;
            random.shuffle(stratum);
            stratum.truncate(kept.max(1));
        }
    }
    strata
}

/// The same strata when only their rows are there, side by side.
fn renumbered(strata: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let mut next = 0;
    let mut renumber = |stratum: &Vec<u32>| {
        let start = next;
        next += stratum.len() as u32;
        (start..next).collect()
    };
    strata.iter().map(&mut renumber).collect()
}

/// How often each row is drawn in a resample.
fn draw(seed: u64, resample: u64, strata: &[Vec<u32>], rows: usize) -> Vec<u32> {
    let mut random = Random::new(seed, Purpose::Bootstrap, resample);
    let mut weights = vec![0; rows];
    for stratum in strata {
        for _ in stratum {
            weights[stratum[random.below(stratum.len() as u32) as usize] as usize] += 1;
        }
    }
    weights
}

/// The number below which a share of sorted numbers lies, between two of them in proportion.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let at = share * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

/// Within what the metric can be. Where every row is right no resample has an error, and the interval would be a point:
/// Wilson's (1927) for the share of so many rows stands in its place.
fn bounded(mut estimate: Estimate, rows: usize) -> Estimate {
    let name = estimate.name.as_str();
    if SHARES.contains(&name) && estimate.low >= estimate.high {
        let (low, high) = wilson(estimate.value, rows as f64);
        (estimate.low, estimate.high) = (low.min(estimate.value), high.max(estimate.value));
    }
    if BOUNDED.contains(&estimate.name.as_str()) {
        (estimate.low, estimate.high) = (estimate.low.clamp(0.0, 1.0), estimate.high.clamp(0.0, 1.0));
    }
    estimate
}

/// Wilson's 95 % interval of a share of so many rows.
pub fn wilson(share: f64, rows: f64) -> (f64, f64) {
    let z2 = Z * Z / rows;
    let centre = share + z2 / 2.0;
    let half = Z * (share * (1.0 - share) / rows + z2 / (4.0 * rows)).sqrt();
    ((centre - half) / (1.0 + z2), (centre + half) / (1.0 + z2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::report::estimate;

    /// Rows of two classes; the share `right` of each is predicted right.
    fn classes(rows: usize, right: f64) -> (Truth, Outputs) {
        let truth: Vec<u32> = (0..rows as u32).map(|row| row % 2).collect();
        let hit = |row: usize| ((row / 2 * 7919) % 1000) as f64 / 1000.0 < right;
        let values = truth
            .iter()
            .enumerate()
            .flat_map(|(row, class)| match (hit(row), class) {
                (true, 0) | (false, 1) => [0.8, 0.2],
                _ => [0.3, 0.7],
            })
            .collect();
        (
            Truth::Classes(truth),
            Outputs::Probabilities { classes: 2, values },
        )
    }

    #[test]
    fn an_interval_of_a_share_is_as_wide_as_theory_says() {
        let (truth, outputs) = classes(2000, 0.8);
        let found = intervals(7, &truth, &[&outputs]);
        let accuracy = estimate(&found.metrics[0], "accuracy").unwrap();
        let half = Z * (accuracy.value * (1.0 - accuracy.value) / 2000.0).sqrt();
        let width = accuracy.high - accuracy.low;
        assert!((width - 2.0 * half).abs() < 0.1 * width, "{accuracy:?} {half}");
        assert!(accuracy.low < accuracy.value && accuracy.value < accuracy.high);
        assert_eq!(found.bootstrap.rows, 2000);
        let again = intervals(7, &truth, &[&outputs]);
        assert_eq!(again.metrics, found.metrics, "seeded");
        assert_ne!(intervals(8, &truth, &[&outputs]).metrics, found.metrics);
    }

    #[test]
    fn large_parts_are_drawn_from_a_sample_and_the_interval_is_theirs() {
        let (truth, outputs) = classes(100_000, 0.8);
        let found = intervals(7, &truth, &[&outputs]);
        assert!(found.bootstrap.rows <= 25_000);
        let accuracy = estimate(&found.metrics[0], "accuracy").unwrap();
        let half = Z * (accuracy.value * (1.0 - accuracy.value) / 100_000.0).sqrt();
        let width = accuracy.high - accuracy.low;
        assert!((width - 2.0 * half).abs() < 0.1 * width, "{accuracy:?} {half}");
        assert!(accuracy.low < accuracy.value && accuracy.value < accuracy.high);
    }

    #[test]
    fn differences_are_paired() {
        let (truth, good) = classes(2000, 0.9);
        let (_, bad) = classes(2000, 0.7);
        let found = intervals(7, &truth, &[&good, &bad, &good]);
        let gain = estimate(&found.gains[0], "accuracy").unwrap();
        let own = estimate(&found.metrics[0], "accuracy").unwrap();
        assert!(gain.low > 0.15 && gain.high < 0.25, "{gain:?}");
        assert!((gain.value - 0.2).abs() < 0.02 && own.value > 0.85);
        let loss = estimate(&found.gains[0], "log_loss").unwrap();
        assert!(loss.low > 0.0, "less of an error is a gain: {loss:?}");
        let same = estimate(&found.gains[1], "accuracy").unwrap();
        assert_eq!((same.low, same.value, same.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn no_error_in_few_rows_is_no_certainty() {
        let (truth, outputs) = classes(40, 1.0);
        let found = intervals(7, &truth, &[&outputs]);
        let accuracy = estimate(&found.metrics[0], "accuracy").unwrap();
        assert_eq!((accuracy.value, accuracy.high), (1.0, 1.0));
        // Wilson's lower end without an error is n / (n + z²).
        assert!((accuracy.low - 40.0 / (40.0 + Z * Z)).abs() < 1e-12);
    }

    #[test]
    fn numbers_have_intervals_too() {
        let values: Vec<f64> = (0..500).map(f64::from).collect();
        let predicted = values.iter().map(|y| y + ((y * 7919.0) % 11.0) - 5.0).collect();
        let truth = Truth::Numbers { values, base: 250.0 };
        let base = Outputs::Numbers(vec![250.0; 500]);
        let found = intervals(1, &truth, &[&Outputs::Numbers(predicted), &base]);
        let rmse = estimate(&found.metrics[0], "rmse").unwrap();
        assert!(
            (rmse.value - 10f64.sqrt()).abs() < 0.1 && rmse.high - rmse.low < 0.5,
            "{rmse:?}"
        );
        assert!(estimate(&found.gains[0], "rmse").unwrap().low > 130.0);
    }
}
