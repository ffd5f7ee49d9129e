//! Random numbers of a trial: a ChaCha8 stream for each trial, from the seed alone, so that what a trial draws doesn't depend on
//! who drew before it.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// The random numbers of one trial.
#[derive(Debug)]
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    pub fn new(seed: u64, trial: u32) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(u64::from(trial));
        Self(generator)
    }

    /// From 0 to less than 1.
    pub fn uniform(&mut self) -> f64 {
        // 53 bits, as many as the fraction of a double has.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number from 0 to less than `count`, which is at least 1.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.uniform() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Normal, with mean 0 and deviation 1 (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Normal, given that it is from 0 to 1. `mean` lies there and `deviation` is at most 1, so that a third of the draws or
    /// more do too.
    pub fn normal_within_unit(&mut self, mean: f64, deviation: f64) -> f64 {
        loop {
            let drawn = mean + deviation * self.normal();
            if (0.0..=1.0).contains(&drawn) {
                return drawn;
            }
        }
    }

    /// An index with a chance proportional to its weight. `weights` isn't empty.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.uniform() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        weights.len() - 1
    }
}
