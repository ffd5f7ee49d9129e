//! Random numbers that are the same everywhere: a ChaCha8 stream for each purpose and index, derived from the seed alone.
//!
//! Nothing carries generator state across epochs, so a resumed run draws what an uninterrupted one would have drawn.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What random numbers are for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Division into training, validation and test.
    Split = 1,
    /// Initial weights.
    Weights = 2,
    /// Order of the rows; the index is the epoch.
    Order = 3,
    /// The seeds of the steps' dropout masks; the index is the epoch.
    Dropout = 4,
    /// Rows of a bootstrap; the index is the resample.
    Bootstrap = 5,
    /// The order of a column's values when its importance is found; the index is the repeat and the column.
    Permutation = 6,
    /// How training pictures are varied; the index is the epoch.
    Variation = 7,
}

/// A seeded generator.
#[derive(Debug, Clone)]
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a purpose and an index (an epoch; 0 where there is none).
    pub fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(purpose as u64 | index << 8);
        Self(generator)
    }

    /// A whole number below `bound`, each equally likely (Lemire, 2019, with rejection).
    pub fn below(&mut self, bound: u32) -> u32 {
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(bound);
            // What is rejected is below the bound, so that hardly ever a division is needed.
            let low = product as u32;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 32) as u32;
            }
        }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in [0, 1) with 24 random bits, all that an `f32` can hold.
    pub fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A standard normal number (Box and Muller, 1958).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * f64::from(1.0 - self.unit()).ln()).sqrt();
        let angle = 2.0 * std::f64::consts::PI * f64::from(self.unit());
        (radius * angle.cos()) as f32
    }

    /// Puts the items into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u32 + 1) as usize;
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_repeat() {
        let draw = |purpose, index| {
            let mut random = Random::new(7, purpose, index);
            (0..8).map(|_| random.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(Purpose::Order, 3), draw(Purpose::Order, 3));
        assert_ne!(draw(Purpose::Order, 3), draw(Purpose::Order, 4));
        assert_ne!(draw(Purpose::Order, 3), draw(Purpose::Dropout, 3));
    }

    #[test]
    fn numbers_have_their_distribution() {
        let mut random = Random::new(1, Purpose::Weights, 0);
        let n = 20_000;
        let normal: Vec<f64> = (0..n).map(|_| f64::from(random.normal())).collect();
        let mean = normal.iter().sum::<f64>() / f64::from(n);
        let variance = normal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
        let mut counts = [0; 5];
        for _ in 0..n {
            counts[random.below(5) as usize] += 1;
            assert!((0.0..1.0).contains(&random.unit()));
        }
        assert!(
            counts.iter().all(|&count| (3700..4300).contains(&count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_shuffle_keeps_the_items() {
        let mut items: Vec<u32> = (0..100).collect();
        Random::new(3, Purpose::Order, 1).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
