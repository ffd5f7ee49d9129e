//! Samples that don't lie: which rows are in one depends on the rows, the seed and the method alone, so that it is the
//! same on any machine.

mod latest;
pub(crate) mod record_batches;
pub(crate) mod row_groups;
mod rows;
mod strata;

pub(crate) use row_groups::RowGroups;
pub(crate) use rows::{rows, rows_of_groups};

use crate::{Cancel, error::Result};
use aloft_spec::{
    source::{SampleMethod, SampleSpec},
    table::Scope,
};
use polars::prelude::*;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use std::collections::HashSet;

/// The numbers of the rows that a sample takes of a plan's `total` rows, ascending, and what such a sample is called.
///
/// # Errors
/// `UnknownColumn` and `BadValue` about the columns it looks at.
pub(crate) fn choose(
    plan: &LazyFrame,
    total: u64,
    sample: &SampleSpec,
    cancel: &Cancel,
) -> Result<(Vec<u64>, Scope)> {
    Ok(match sample.method {
        SampleMethod::Random => (draw(total, sample.rows, sample.seed), Scope::Sample),
        SampleMethod::Head => ((0..total.min(sample.rows)).collect(), Scope::Head),
        SampleMethod::Stratified => (strata::choose(plan, sample, cancel)?, Scope::Stratified),
        SampleMethod::Time => (latest::choose(plan, sample, cancel)?, Scope::Latest),
    })
}

/// The generator of everything that is drawn here. The seed fills the key directly, so that no library's way of
/// stretching a small seed can change what is drawn.
fn generator(seed: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// `count` different numbers below `total`, ascending; each set of them is as likely as any other (Floyd's algorithm,
/// Bentley and Floyd 1987). All of them when there aren't more.
pub(crate) fn draw(total: u64, count: u64, seed: u64) -> Vec<u64> {
    draw_of(total, count, seed, 0)
}

/// The same for one of several draws with the same seed.
fn draw_of(total: u64, count: u64, seed: u64, number: u64) -> Vec<u64> {
    if count >= total {
        return (0..total).collect();
    }
    let mut generator = generator(seed, number);
    let mut chosen = HashSet::with_capacity(count as usize);
    for last in total - count..total {
        // A number in 0..=last: the high half of a product with 64 random bits, even to one part in 2^64 / last.
        let drawn = ((u128::from(generator.next_u64()) * (u128::from(last) + 1)) >> 64) as u64;
        if !chosen.insert(drawn) {
            chosen.insert(last);
        }
    }
    let mut chosen: Vec<u64> = chosen.into_iter().collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn draws_so_many_different_numbers(total in 0_u64..5000, count in 0_u64..6000, seed: u64) {
            let chosen = draw(total, count, seed);
            prop_assert_eq!(chosen.len() as u64, count.min(total));
            prop_assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(chosen.last().is_none_or(|last| *last < total));
            prop_assert_eq!(chosen, draw(total, count, seed));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_rows_for_ever() {
        assert_eq!(draw(1000, 5, 7), DRAWN);
        assert_ne!(draw(1000, 5, 8), DRAWN);
    }

    /// What the first version drew. Runs refer to it.
    const DRAWN: [u64; 5] = [5, 301, 386, 464, 761];

    #[test]
    fn all_rows_are_equally_likely() {
        let mut counts = [0_u32; 50];
        for seed in 0..2000 {
            for index in draw(50, 10, seed) {
                counts[index as usize] += 1;
            }
        }
        // 400 expected, standard deviation 18: five of them on each side.
        assert!(
            counts.iter().all(|count| (310..490).contains(count)),
            "{counts:?}"
        );
    }
}
