//! Rows that are made, and forests on them.

use aloft_trees::{
    booster::{Booster, Learning},
    forest::Forest,
    objective::Objective,
    options::Options,
    rows::Rows,
};

/// Rows of three numbers and two categories, and what is to be predicted.
pub struct Made {
    pub count: usize,
    pub numbers: Vec<f32>,
    pub categories: Vec<u32>,
    pub truth: Vec<f32>,
}

/// A number from 0 to 1 by its place (a hash, so that no generator is needed).
pub fn drawn(place: usize, purpose: u64) -> f32 {
    let mut bits =
        (place as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ purpose.wrapping_mul(0xD1B5_4A32_D192_ED03);
    bits = (bits ^ bits >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    bits = (bits ^ bits >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    (bits >> 40) as f32 / (1u64 << 24) as f32
}

impl Made {
    /// `truth` is a step, a product, a group of categories and a little noise; every tenth first number is missing, which
    /// itself adds 2.
    pub fn new(count: usize) -> Self {
        let (mut numbers, mut categories, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..count {
            let missing = row % 10 == 3;
            let [a, b, c, noise] = [1, 2, 3, 4].map(|purpose| drawn(row, purpose));
            let (few, many) = (
                (drawn(row, 5) * 3.0) as u32 + 1,
                (drawn(row, 6) * 40.0) as u32 + 1,
            );
            numbers.extend([if missing { f32::NAN } else { a }, b * 1000.0, c - 0.5]);
            categories.extend([few, many]);
            let step = if missing {
                2.0
            } else {
                f32::from(u8::from(a > 0.6))
            };
            let group = f32::from(u8::from(many % 3 == 0)) + f32::from(u8::from(few == 2));
            truth.push(step + 2.0 * (b - 0.5) * (c - 0.5) + group + 0.1 * (noise - 0.5));
        }
        Self {
            count,
            numbers,
            categories,
            truth,
        }
    }

    /// Three classes of the truth, by its size.
    pub fn three_classes(&self) -> Vec<f32> {
        self.truth
            .iter()
            .map(|truth| truth.clamp(0.0, 2.0).floor())
            .collect()
    }

    pub fn rows(&self) -> Rows<'_> {
        Rows {
            rows: self.count,
            number_width: 3,
            numbers: &self.numbers,
            category_width: 2,
            categories: &self.categories,
        }
    }

    /// The first four fifths, and the rest.
    pub fn parts(&self) -> (Vec<u32>, Vec<u32>) {
        let all = 0..self.count as u32;
        all.partition(|row| (*row as usize) < self.count / 5 * 4)
    }
}

/// What is learned from, with all rows counting the same.
pub fn learning<'a>(
    made: &'a Made,
    targets: &'a [f32],
    train: &'a [u32],
    watched: &'a [u32],
) -> Learning<'a, 'a> {
    Learning {
        rows: made.rows(),
        train,
        watched,
        targets,
        weights: &[],
    }
}

/// A forest after some rounds, and the scores of the watched rows.
pub fn boosted(
    learning: Learning<'_, '_>,
    objective: &Objective,
    options: &Options,
    rounds: usize,
) -> (Forest, Vec<f64>) {
    let mut booster = Booster::new(learning, objective.clone(), options.clone()).unwrap();
    for _ in 0..rounds {
        booster.round();
    }
    (booster.forest().clone(), booster.watched_scores().to_vec())
}

pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}
