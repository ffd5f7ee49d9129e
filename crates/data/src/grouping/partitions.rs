//! Groups in partitions, which several threads fill.

use super::{
    block::Block,
    key::Layout,
    table::{Table, hash},
    texts::Texts,
    totals::{Total, Wanted},
    waiting::Waiting,
};
use crate::error::Result;
use polars::prelude::*;
use rayon::prelude::*;
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// How many bits of a hash choose the partition.
const PARTITION_BITS: u32 = 8;
/// Groups of a thread before it hands its rows to partitions: about what fits into a core's own cache.
const OWN_GROUPS: usize = if cfg!(test) { 300 } else { 1 << 14 };
/// Rows of a partition that a thread adds to it at once.
const WAITING: usize = if cfg!(test) { 16 } else { 1 << 13 };

/// Some groups and their totals.
pub(super) struct Groups<const W: usize> {
    table: Table<W>,
    totals: Vec<Box<dyn Total>>,
}

impl<const W: usize> Groups<W> {
    fn new(table: Table<W>, wanted: &[Wanted]) -> Self {
        Self {
            table,
            totals: wanted.iter().map(Wanted::start).collect(),
        }
    }

    fn add(&mut self, block: &Block<W>, found: &mut Vec<u32>) {
        self.table.find(&block.keys, found);
        for total in &mut self.totals {
            total.add(&block.arguments, found, self.table.len());
        }
    }
}

/// All groups.
pub(super) struct Partitions<const W: usize> {
    wanted: Vec<Wanted>,
    partitions: Vec<Mutex<Groups<W>>>,
    /// Whether there are so many groups that they lie in all partitions, and not in the first alone.
    are_many: AtomicBool,
}

impl<const W: usize> Partitions<W> {
    pub fn new(wanted: Vec<Wanted>) -> Self {
        let partitions =
            (0..1_usize << PARTITION_BITS).map(|_| Mutex::new(Groups::new(Table::new(), &wanted)));
        Self {
            partitions: partitions.collect(),
            wanted,
            are_many: AtomicBool::new(false),
        }
    }

    fn lock(&self, partition: usize) -> MutexGuard<'_, Groups<W>> {
        self.partitions[partition]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The columns of the keys and then those of the totals. Groups come in an order that their keys give, so the same groups
    /// come in the same order.
    pub fn columns(self, layout: &Layout, texts: &Texts) -> Result<Vec<Series>> {
        let columns = |groups: Mutex<Groups<W>>| {
            let groups = groups.into_inner().unwrap_or_else(PoisonError::into_inner);
            let mut keys: Vec<([u64; W], u32)> = groups.table.keys().into_iter().zip(0..).collect();
            keys.sort_unstable();
            let (keys, order): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
            let mut columns = layout.unpack(&keys, texts)?;
            for (total, wanted) in groups.totals.iter().zip(&self.wanted) {
                columns.push(total.results(&order, wanted)?);
            }
            Ok(columns)
        };
        // Few groups lie in the first one alone.
        let partitions: Vec<Vec<Series>> = if self.are_many.into_inner() {
            self.partitions
                .into_par_iter()
                .map(columns)
                .collect::<Result<_>>()?
        } else {
            self.partitions
                .into_iter()
                .take(1)
                .map(columns)
                .collect::<Result<_>>()?
        };
        let mut all: Vec<Series> = Vec::new();
        for groups in partitions {
            if all.is_empty() {
                all = groups;
                continue;
            }
            for (column, more) in all.iter_mut().zip(groups) {
                column.append_owned(more).map_err(crate::error::DataError::from)?;
            }
        }
        Ok(all.into_iter().map(|column| column.rechunk()).collect())
    }
}

/// What one thread does.
pub(super) struct Worker<'a, const W: usize> {
    partitions: &'a Partitions<W>,
    /// As long as they are few.
    own: Option<Groups<W>>,
    /// Once they are many.
    waiting: Option<Waiting<W>>,
    block: Block<W>,
    found: Vec<u32>,
}

impl<'a, const W: usize> Worker<'a, W> {
    /// For keys of so many bits.
    pub fn new(partitions: &'a Partitions<W>, bits: u32, arguments: usize) -> Self {
        Self {
            own: Some(Groups::new(Table::for_bits(bits), &partitions.wanted)),
            waiting: None,
            block: Block::new(arguments),
            found: Vec::new(),
            partitions,
        }
    }

    /// Adds rows, at most [`Self::MOST_ROWS`].
    pub fn add(&mut self, block: &Block<W>) {
        if let Some(own) = &mut self.own {
            own.add(block, &mut self.found);
            if own.table.len() > OWN_GROUPS {
                self.partitions.are_many.store(true, Ordering::Relaxed);
                self.hand_over();
            }
            return;
        }
        let arguments = block.arguments.words.len();
        let waiting = self
            .waiting
            .get_or_insert_with(|| Waiting::new(1 << PARTITION_BITS, WAITING + Self::MOST_ROWS, arguments));
        waiting.add(block, partition);
        waiting.take(WAITING, &mut self.block, |partition, block| {
            self.partitions.lock(partition).add(block, &mut self.found);
        });
    }

    /// Rows that are worked on at once: their words stay in the fastest caches.
    pub const MOST_ROWS: usize = 1 << 10;

    /// Puts all that this thread still has where it belongs. Call it once all threads have seen all of their rows.
    pub fn finish(mut self) {
        if let Some(waiting) = &mut self.waiting {
            waiting.take(1, &mut self.block, |partition, block| {
                self.partitions.lock(partition).add(block, &mut self.found);
            });
        }
        self.hand_over();
    }

    /// Adds the groups of this thread to those of all.
    fn hand_over(&mut self) {
        let Some(own) = self.own.take() else { return };
        let are_many = self.partitions.are_many.load(Ordering::Relaxed);
        let keys = own.table.keys();
        let partition_of = |group: &u32| match are_many {
            true => partition(&keys[*group as usize]),
            false => 0,
        };
        let mut groups: Vec<u32> = (0..keys.len() as u32).collect();
        groups.sort_by_cached_key(partition_of);
        for from in groups.chunk_by(|one, other| partition_of(one) == partition_of(other)) {
            let mut there = self.partitions.lock(partition_of(&from[0]));
            let keys: Vec<[u64; W]> = from.iter().map(|group| keys[*group as usize]).collect();
            there.table.find(&keys, &mut self.found);
            let all = there.table.len();
            for (total, own) in there.totals.iter_mut().zip(&own.totals) {
                total.merge(&**own, from, &self.found, all);
            }
        }
    }
}

/// The partition that a key belongs to.
fn partition<const W: usize>(key: &[u64; W]) -> usize {
    (hash(key) >> (u64::BITS - PARTITION_BITS)) as usize
}
