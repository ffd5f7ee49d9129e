//! Random numbers of a round: a ChaCha8 stream for each purpose and round, from the seed alone, so that a resumed training
//! draws what an uninterrupted one would have drawn.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// What random numbers are for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub enum Purpose {
    /// Rows of a round.
    Rows = 1,
    /// Columns of a tree; the index is the tree's.
    Columns = 2,
}

/// The stream of a purpose and an index.
fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(purpose as u64 | index << 8);
    generator
}

/// Draws each of `count` things with a chance of `share`, at least one of them; ascending.
pub fn some(seed: u64, purpose: Purpose, index: u64, count: usize, share: f64) -> Vec<u32> {
    if share >= 1.0 {
        return (0..count as u32).collect();
    }
    // Below 2^32, since the share is below 1.
    let limit = (share * 4_294_967_296.0) as u32;
    let mut generator = stream(seed, purpose, index);
    let mut drawn: Vec<u32> = (0..count as u32)
        .filter(|_| generator.next_u32() < limit)
        .collect();
    if drawn.is_empty() && count > 0 {
        drawn.push(generator.next_u32() % count as u32);
    }
    drawn
}

/// Draws exactly `round(count * share)` of `count` things, at least one; ascending.
pub fn exactly(seed: u64, purpose: Purpose, index: u64, count: usize, share: f64) -> Vec<u32> {
    let mut all: Vec<u32> = (0..count as u32).collect();
    let wanted = ((count as f64 * share).round() as usize).clamp(1.min(count), count);
    if wanted == count {
        return all;
    }
    let mut generator = stream(seed, purpose, index);
    for place in 0..wanted {
        let other = place + generator.next_u32() as usize % (count - place);
        all.swap(place, other);
    }
    all.truncate(wanted);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_repeat_and_have_their_share() {
        let rows = |round| some(3, Purpose::Rows, round, 10_000, 0.3);
        assert_eq!(rows(1), rows(1));
        assert_ne!(rows(1), rows(2));
        assert!((2800..3200).contains(&rows(1).len()) && rows(1).is_sorted());
        assert_eq!(some(3, Purpose::Rows, 0, 5, 1.0), [0, 1, 2, 3, 4]);
        assert_eq!(some(3, Purpose::Rows, 0, 3, 1e-12).len(), 1);
        let columns = exactly(3, Purpose::Columns, 4, 10, 0.45);
        assert!(columns.len() == 5 && columns.is_sorted_by(|a, b| a < b));
        assert_eq!(exactly(3, Purpose::Columns, 4, 2, 0.01).len(), 1);
    }
}
