//! Areas under curves of ranked rows.

use rayon::prelude::*;

/// The rows in ascending order of a score, with the truth of one class.
#[derive(Debug, Clone)]
pub struct Ranking {
    order: Vec<Ranked>,
}

/// A row among the ranked ones.
#[derive(Debug, Clone, Copy)]
struct Ranked {
    row: u32,
    /// Whether it is of the class.
    positive: bool,
    /// Whether it is the last one with its score.
    last: bool,
}

impl Ranking {
    /// Ranks rows by their scores.
    pub fn new(scores: &[f64], is_positive: impl Fn(usize) -> bool) -> Self {
        let mut ranked: Vec<(f64, u32)> = scores.iter().copied().zip(0..).collect();
        // Rows with equal scores are in their order, so that it doesn't matter who sorts which part.
        ranked.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let next = ranked.iter().skip(1).map(|(score, _)| Some(*score)).chain([None]);
        let order = ranked.iter().zip(next).map(|((score, row), next)| Ranked {
            row: *row,
            positive: is_positive(*row as usize),
            last: next != Some(*score),
        });
        Self {
            order: order.collect(),
        }
    }

    /// The area under the ROC curve (Mann and Whitney, 1947; equal scores share their rank) and the average precision, the
    /// area under the steps of precision over recall. `None` without rows of the class or without others.
    pub fn areas(&self, weights: &[u32]) -> Option<Areas> {
        let (mut positives, mut all) = (0, 0);
        for ranked in &self.order {
            let weight = u64::from(weights[ranked.row as usize]);
            all += weight;
            positives += weight * u64::from(ranked.positive);
        }
        let (positives, all) = (positives as f64, all as f64);
        let negatives = all - positives;
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        // Of the rows with lower scores than those that share the score at hand.
        let (mut positives_below, mut negatives_below) = (0.0, 0.0);
        let (mut pairs, mut precision) = (0.0, 0.0);
        let (mut hits, mut others) = (0, 0);
        for ranked in &self.order {
            let weight = weights[ranked.row as usize];
            let hit = weight * u32::from(ranked.positive);
            hits += hit;
            others += weight - hit;
            if ranked.last {
                let (hit, other) = (f64::from(hits), f64::from(others));
                pairs += hit * (negatives_below + other / 2.0);
                // Where nothing is left above, nothing is hit either.
                let alarms = (all - positives_below - negatives_below).max(1.0);
                precision += hit * (positives - positives_below) / alarms;
                positives_below += hit;
                negatives_below += other;
                (hits, others) = (0, 0);
            }
        }
        Some(Areas {
            roc: pairs / (positives * negatives),
            precision: precision / positives,
        })
    }
}

/// Two areas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Areas {
    /// Under the ROC curve.
    pub roc: f64,
    /// Average precision.
    pub precision: f64,
}
