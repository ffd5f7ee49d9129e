//! How unlike the others a row is, by what an autoencoder can't give back of it.

use crate::{metrics::Metrics, task::Task};

/// The error of each row: root of the mean square over its numbers, which are in standard deviations.
pub fn scores(given_back: &[f64], rows: &[f64], numbers: usize) -> Vec<f64> {
    let pairs = given_back.chunks_exact(numbers).zip(rows.chunks_exact(numbers));
    pairs
        .map(|(given_back, row)| {
            let squares: f64 = given_back.iter().zip(row).map(|(a, b)| (a - b).powi(2)).sum();
            (squares / numbers as f64).sqrt()
        })
        .collect()
}

/// Sets the threshold to the error that a share of the scores of the validation part stays below.
pub fn set_threshold(task: &mut Task, scores: &[f64], share: f64) {
    if let Task::Anomaly { threshold, .. } = task {
        let mut sorted = scores.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let place = (sorted.len() as f64 * share).ceil() as usize;
        *threshold = sorted.get(place.saturating_sub(1)).copied().unwrap_or_default();
    }
}

/// The threshold, and the share of rows above it.
pub fn metrics(task: &Task, scores: &[f64]) -> Metrics {
    let Task::Anomaly { threshold, .. } = task else {
        return Metrics::new();
    };
    let above = scores.iter().filter(|score| **score > *threshold).count();
    Metrics::from([
        ("threshold".to_owned(), *threshold),
        ("anomalies".to_owned(), above as f64 / scores.len().max(1) as f64),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_validation_is_below_the_threshold() {
        let rows: Vec<f64> = (0..200).map(f64::from).collect();
        let scores = scores(&vec![0.0; 200], &rows, 2);
        assert_eq!((scores.len(), scores[1]), (100, (6.5f64).sqrt()));
        let mut task = Task::Anomaly {
            numbers: 2,
            threshold: 0.0,
        };
        set_threshold(&mut task, &scores, 0.9);
        let metrics = metrics(&task, &scores);
        assert_eq!((metrics["threshold"], metrics["anomalies"]), (scores[89], 0.1));
    }
}
