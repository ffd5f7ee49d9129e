//! The order of an epoch: a random one, and for more rows than a window of memory holds one that a file can follow.

use aloft_nn::rng::Random;

/// Bytes of the rows that are near each other in the file and stay together.
const BLOCK: usize = 64 << 10;
/// Bytes of the rows that are mixed with each other.
pub const WINDOW: usize = 32 << 20;

/// How rows are shuffled. It depends on the size of a row alone, never on where rows lie: the order of an epoch is the same
/// whether the table is in memory or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shuffle {
    /// Rows of a block.
    pub block: usize,
    /// Blocks of a window.
    pub window: usize,
}

impl Shuffle {
    /// For rows of so many bytes.
    pub fn new(row_bytes: usize) -> Self {
        Self {
            block: (BLOCK / row_bytes.max(1)).max(1),
            window: WINDOW / BLOCK.max(row_bytes).max(1),
        }
    }

    /// Puts rows into a random order. Those of one window or less are mixed as a whole. Of more, blocks of neighbours are
    /// put into a random order, and the rows of each window of some thousand blocks are mixed with each other: a batch has
    /// rows from all over the table, and only a window has to be in memory at a time.
    pub fn shuffle(self, rows: &mut Vec<u32>, random: &mut Random) {
        if rows.len() <= self.block * self.window {
            return random.shuffle(rows);
        }
        let mut blocks: Vec<&[u32]> = rows.chunks(self.block).collect();
        random.shuffle(&mut blocks);
        let mut order = Vec::with_capacity(rows.len());
        for window in blocks.chunks(self.window) {
            let start = order.len();
            window.iter().for_each(|block| order.extend_from_slice(block));
            random.shuffle(&mut order[start..]);
        }
        *rows = order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_nn::rng::Purpose;
    use proptest::prelude::*;

    fn shuffled(shuffle: Shuffle, count: u32, epoch: u64) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..count).collect();
        shuffle.shuffle(&mut rows, &mut Random::new(7, Purpose::Order, epoch));
        rows
    }

    proptest! {
        #[test]
        fn every_row_comes_once(block in 1..9usize, window in 1..9usize, count in 0..300u32) {
            let mut rows = shuffled(Shuffle { block, window }, count, 1);
            rows.sort_unstable();
            prop_assert!(rows.into_iter().eq(0..count));
        }
    }

    #[test]
    fn small_tables_are_mixed_as_a_whole() {
        let mut rows: Vec<u32> = (0..1000).collect();
        Random::new(7, Purpose::Order, 3).shuffle(&mut rows);
        assert_eq!(shuffled(Shuffle::new(100), 1000, 3), rows);
    }

    #[test]
    fn a_window_reads_few_blocks_and_differs_between_epochs() {
        let shuffle = Shuffle {
            block: 10,
            window: 20,
        };
        let first = shuffled(shuffle, 2000, 1);
        assert_ne!(first, shuffled(shuffle, 2000, 2));
        for window in first.chunks(200) {
            let blocks: std::collections::BTreeSet<u32> = window.iter().map(|row| row / 10).collect();
            assert_eq!(blocks.len(), 20);
            assert!(
                blocks.last().unwrap() - blocks.first().unwrap() > 100,
                "from all over the table"
            );
        }
    }
}
