//! Permutation importance: how much worse a metric gets when a column's values are put into another order.

use super::{Budget, Predict, Sample, copy, loss};
use crate::{error::Result, preprocess::Block};
use aloft_nn::rng::{Purpose, Random};
use aloft_spec::report::Importance;

/// How often each column is put into another order.
const REPEATS: u64 = 5;

/// Columns by falling importance. All are done once before one is done again, so that little time costs spread first;
/// columns that weren't reached at all are left out.
pub fn importance(
    seed: u64,
    sample: &Sample<'_>,
    blocks: &[Block],
    base: f64,
    predict: &Predict<'_>,
    budget: &mut Budget<'_>,
) -> Result<Vec<Importance>> {
    let mut increases: Vec<Vec<f64>> = vec![Vec::new(); blocks.len()];
    let mut changed = sample.rows.clone();
    let mut order: Vec<usize> = (0..sample.rows.rows).collect();
    'repeats: for repeat in 0..REPEATS {
        for (index, block) in blocks.iter().enumerate() {
            let until = budget.importance_until;
            if budget.is_spent(until) {
                break 'repeats;
            }
            let stream = 1 + repeat * blocks.len() as u64 + index as u64;
            Random::new(seed, Purpose::Permutation, stream).shuffle(&mut order);
            for (at, row) in order.iter().enumerate() {
                copy(block, &sample.rows, *row, &mut changed, at);
            }
            increases[index].push(loss(sample, &predict(&changed)?) - base);
            order.sort_unstable();
            for row in &order {
                copy(block, &sample.rows, *row, &mut changed, *row);
            }
        }
    }
    let mut found: Vec<Importance> = blocks
        .iter()
        .zip(&increases)
        .filter(|(_, increases)| !increases.is_empty())
        .map(|(block, increases)| of(block, increases))
        .collect();
    found.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    Ok(found)
}

fn of(block: &Block, increases: &[f64]) -> Importance {
    let count = increases.len() as f64;
    let mean = increases.iter().sum::<f64>() / count;
    let squares = increases
        .iter()
        .map(|increase| (increase - mean).powi(2))
        .sum::<f64>();
    Importance {
        column: block.name.clone(),
        mean,
        deviation: (squares / (count - 1.0).max(1.0)).sqrt(),
        repeats: increases.len() as u32,
    }
}
