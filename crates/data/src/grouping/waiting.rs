//! Rows that wait until there are enough of a partition.

use super::block::Block;

/// Rows of each of some partitions, column by column, so that what belongs together is written together.
pub(super) struct Waiting<const W: usize> {
    /// Rows of each partition by now.
    rows: Vec<usize>,
    /// Room of each partition.
    room: usize,
    keys: Vec<[u64; W]>,
    words: Vec<Vec<u64>>,
    /// Empty as long as no row lacks a value.
    nulls: Vec<u32>,
    places: Vec<u32>,
}

impl<const W: usize> Waiting<W> {
    /// Room for so many rows of each partition.
    pub fn new(partitions: usize, room: usize, arguments: usize) -> Self {
        Self {
            rows: vec![0; partitions],
            room,
            keys: vec![[0; W]; partitions * room],
            words: vec![vec![0; partitions * room]; arguments],
            nulls: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Adds the rows of a block; there must be room for all of them in each partition.
    pub fn add(&mut self, block: &Block<W>, partition: impl Fn(&[u64; W]) -> usize) {
        self.places.clear();
        self.places.extend(block.keys.iter().map(|key| {
            let partition = partition(key);
            let place = partition * self.room + self.rows[partition];
            self.rows[partition] += 1;
            place as u32
        }));
        scatter(&block.keys, &self.places, &mut self.keys);
        for (words, all) in block.arguments.words.iter().zip(&mut self.words) {
            scatter(words, &self.places, all);
        }
        if !block.arguments.nulls.is_empty() {
            self.nulls.resize(self.keys.len(), 0);
            scatter(&block.arguments.nulls, &self.places, &mut self.nulls);
        } else if !self.nulls.is_empty() {
            self.places
                .iter()
                .for_each(|place| self.nulls[*place as usize] = 0);
        }
    }

    /// Moves rows into `block`, whose partition has at least so many of them, and calls `take`; partition by partition.
    pub fn take(&mut self, least: usize, block: &mut Block<W>, mut take: impl FnMut(usize, &Block<W>)) {
        for (partition, rows) in self.rows.iter_mut().enumerate() {
            if *rows == 0 || *rows < least {
                continue;
            }
            let range = partition * self.room..partition * self.room + *rows;
            block.clear();
            block.keys.extend_from_slice(&self.keys[range.clone()]);
            for (words, all) in block.arguments.words.iter_mut().zip(&self.words) {
                words.extend_from_slice(&all[range.clone()]);
            }
            if !self.nulls.is_empty() {
                block.arguments.nulls.extend_from_slice(&self.nulls[range]);
            }
            take(partition, block);
            *rows = 0;
        }
    }
}

fn scatter<T: Copy>(values: &[T], places: &[u32], all: &mut [T]) {
    for (value, place) in values.iter().zip(places) {
        all[*place as usize] = *value;
    }
}
