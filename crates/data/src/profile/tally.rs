//! Which values there are and how often: exactly as long as they are few, then the most frequent and how many.

use crate::sketch::{Distinct, Frequent, mixed};

/// Different values that are counted exactly in a profile of bounded memory.
pub(super) const EXACT_VALUES: usize = 10_000;

/// Counts of values by their keys (bits or hashes).
#[derive(Debug, Clone)]
pub(super) struct Tally {
    counts: Frequent,
    /// There are too many values to hold them all; this estimates how many.
    distinct: Option<Distinct>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            counts: Frequent::new(),
            distinct: None,
        }
    }

    /// Adds a key; how often it is counted now, once where it wasn't held.
    #[inline(always)]
    pub(super) fn add(&mut self, key: u64) -> u64 {
        let hash = mixed(key);
        if let Some(distinct) = &mut self.distinct {
            distinct.add(hash);
        }
        self.counts.add(key, hash, 1)
    }

    /// Whether all values are held and every count is right.
    pub(super) fn is_exact(&self) -> bool {
        self.distinct.is_none()
    }

    /// Whether every key that was added is held, with its count.
    pub(super) fn holds_all(&self) -> bool {
        self.counts.error() == 0
    }

    /// Keys that are held.
    pub(super) fn held(&self) -> usize {
        self.counts.len()
    }

    pub(super) fn holds(&self, key: u64) -> bool {
        self.counts.contains(key)
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.counts.counts()
    }

    /// Holds only the most frequent from now on, and estimates the rest.
    pub(super) fn approximate(&mut self) {
        if self.distinct.is_some() {
            return;
        }
        let mut distinct = Distinct::new();
        self.counts.counts().for_each(|(key, _)| distinct.add(mixed(key)));
        self.distinct = Some(distinct);
        self.counts.bound();
    }

    /// Adds all that another one has seen, which is exact if this one is.
    pub(super) fn merge(&mut self, other: &Self) {
        match (&mut self.distinct, &other.distinct) {
            (Some(distinct), Some(other)) => distinct.merge(other),
            (Some(distinct), None) => other.counts().for_each(|(key, _)| distinct.add(mixed(key))),
            (None, other) => self.distinct = other.clone(),
        }
        self.counts.merge(&other.counts);
    }

    /// How many different values there are among so many.
    pub(super) fn distinct(&self, values: u64) -> u64 {
        match &self.distinct {
            Some(distinct) => distinct.estimate().min(values),
            None => self.counts.len() as u64,
        }
    }

    /// The keys that are surely among the frequent ones with their counts, and how much too low these may be.
    pub(super) fn frequent(&self) -> (Vec<(u64, u64)>, u64) {
        let error = self.counts.error();
        let sure = |(_, count): &(u64, u64)| self.is_exact() || *count > error;
        (self.counts().filter(sure).collect(), error)
    }
}
