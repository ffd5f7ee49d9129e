//! Whether what is predicted comes true: rows with similar predictions, and what was true of them.

use super::bootstrap::wilson;
use crate::{
    evaluate::Outputs,
    metrics::{BINS, Truth, bin, confidence},
};
use aloft_spec::report::ReliabilityBin;

/// Fewest rows of a group of numbers.
const LEAST_ROWS: usize = 5;

/// Classes: bins of claimed probability, of equal width, empty ones left out. Numbers: tenths of the rows by prediction.
pub fn reliability(truth: &Truth, outputs: &Outputs) -> Vec<ReliabilityBin> {
    match (truth, outputs) {
        (Truth::Classes(truth), Outputs::Probabilities { classes, values }) => {
            let predicted = outputs.predicted();
            let rows = values.chunks_exact(*classes).zip(&predicted).zip(truth);
            of_shares(rows.map(|((row, predicted), truth)| confidence(row, *predicted, *truth)))
        }
        (Truth::Numbers { values, .. }, Outputs::Numbers(predicted)) => {
            let mut pairs: Vec<(f64, f64)> = predicted.iter().copied().zip(values.iter().copied()).collect();
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let groups = (pairs.len() / LEAST_ROWS).clamp(1, BINS);
            pairs
                .chunks(pairs.len().div_ceil(groups).max(1))
                .map(of_numbers)
                .collect()
        }
        _ => Vec::new(),
    }
}

fn of_shares(claims: impl Iterator<Item = (f64, bool)>) -> Vec<ReliabilityBin> {
    let mut bins = [(0u64, 0.0, 0u64); BINS];
    for (probability, hit) in claims {
        let (rows, claimed, hits) = &mut bins[bin(probability)];
        *rows += 1;
        *claimed += probability;
        *hits += u64::from(hit);
    }
    let filled = bins.iter().filter(|(rows, ..)| *rows > 0);
    filled
        .map(|(rows, claimed, hits)| {
            let count = *rows as f64;
            let actual = *hits as f64 / count;
            let (low, high) = wilson(actual, count);
            ReliabilityBin {
                rows: *rows,
                predicted: claimed / count,
                actual,
                low,
                high,
            }
        })
        .collect()
}

fn of_numbers(pairs: &[(f64, f64)]) -> ReliabilityBin {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let actual = mean(|pair| pair.1);
    let squares = pairs.iter().map(|pair| (pair.1 - actual).powi(2)).sum::<f64>();
    let error = (squares / (count - 1.0).max(1.0) / count).sqrt();
    ReliabilityBin {
        rows: pairs.len() as u64,
        predicted: mean(|pair| pair.0),
        actual,
        low: actual - 1.96 * error,
        high: actual + 1.96 * error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_tenths_of_the_rows() {
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        let predicted: Vec<f64> = values.iter().map(|y| y / 2.0).rev().collect();
        let truth = Truth::Numbers {
            values: values.into_iter().rev().collect(),
            base: 0.0,
        };
        let bins = reliability(&truth, &Outputs::Numbers(predicted));
        assert_eq!(bins.len(), 10);
        assert_eq!((bins[0].rows, bins[0].predicted, bins[0].actual), (20, 4.75, 9.5));
        assert!(bins[9].low < bins[9].actual && bins[9].actual < bins[9].high);
    }
}
