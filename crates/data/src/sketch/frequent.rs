//! The most frequent values of a stream: Misra and Gries 1982, in the form of Anderson et al. 2017 ("A high-performance
//! algorithm for identifying frequent items in data streams").
//!
//! A table holds values with their counts. It grows with the number of different values, and then all is exact, until
//! [`Frequent::bound`] is called. From then on a full table makes room: the median of its counts is taken off all, and
//! those that fall to nothing are dropped.
//!
//! **Error.** A count is never too high and too low by no more than [`Frequent::error`], the sum of what was taken off.
//! Half of the 3072 counts paid each of those, so it is at most the number of values / 1536: 0.07 %.

use super::mixed;

/// Slots of a table that is bounded.
const SLOTS: usize = 4096;
/// Slots that a table begins with.
const FIRST_SLOTS: usize = 64;

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// Zero in a free slot.
    count: u64,
}

/// Counts by key: a value's bits, or its hash.
#[derive(Debug, Clone)]
pub(crate) struct Frequent {
    slots: Vec<Slot>,
    used: usize,
    bounded: bool,
    error: u64,
}

impl Frequent {
    pub(crate) fn new() -> Self {
        Self {
            slots: vec![Slot::default(); FIRST_SLOTS],
            used: 0,
            bounded: false,
            error: 0,
        }
    }

    /// Adds a key so many times, with its [`mixed`] bits; its count now, which may be dropped with it at once.
    #[inline]
    pub(crate) fn add(&mut self, key: u64, mixed: u64, times: u64) -> u64 {
        let mask = self.slots.len() - 1;
        let mut at = mixed as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.count == 0 {
                *slot = Slot { key, count: times };
                self.used += 1;
                if self.used * 4 > self.slots.len() * 3 {
                    self.make_room();
                }
                return times;
            }
            if slot.key == key {
                slot.count += times;
                return slot.count;
            }
            at = (at + 1) & mask;
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        let mask = self.slots.len() - 1;
        let mut at = mixed(key) as usize & mask;
        while self.slots[at].count > 0 {
            if self.slots[at].key == key {
                return true;
            }
            at = (at + 1) & mask;
        }
        false
    }

    /// Every key that is held with its count, in no order.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.slots
            .iter()
            .filter(|slot| slot.count > 0)
            .map(|slot| (slot.key, slot.count))
    }

    /// How much too low a count can be.
    pub(crate) fn error(&self) -> u64 {
        self.error
    }

    /// Bounds its size from now on: the least frequent keys are dropped.
    pub(crate) fn bound(&mut self) {
        if self.bounded {
            return;
        }
        self.bounded = true;
        if self.used > SLOTS / 2 {
            self.drop_all_but(SLOTS / 2);
        } else if self.slots.len() > SLOTS {
            self.rebuild(SLOTS, 0);
        }
    }

    /// Adds all that another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.error += other.error;
        for (key, count) in other.counts() {
            self.add(key, mixed(key), count);
        }
    }

    fn make_room(&mut self) {
        if self.bounded && self.slots.len() >= SLOTS {
            self.drop_all_but(self.used / 2);
        } else {
            self.rebuild(self.slots.len() * 2, 0);
        }
    }

    /// Keeps at most the `most` largest counts, less the largest that is dropped.
    fn drop_all_but(&mut self, most: usize) {
        // Among values that are all different most have come once. That is told without an order.
        let once = self.slots.iter().filter(|slot| slot.count == 1).count();
        if self.used - once <= most {
            self.error += 1;
            self.rebuild(SLOTS, 1);
            return;
        }
        let mut counts: Vec<u64> = self.counts().map(|(_, count)| count).collect();
        let (_, median, _) = counts.select_nth_unstable_by(most, |a, b| b.cmp(a));
        let less = *median;
        self.error += less;
        self.rebuild(SLOTS, less);
    }

    fn rebuild(&mut self, slots: usize, less: u64) {
        let before = std::mem::replace(&mut self.slots, vec![Slot::default(); slots]);
        self.used = 0;
        for slot in before.into_iter().filter(|slot| slot.count > less) {
            let mut at = mixed(slot.key) as usize & (slots - 1);
            while self.slots[at].count > 0 {
                at = (at + 1) & (slots - 1);
            }
            self.slots[at] = Slot {
                key: slot.key,
                count: slot.count - less,
            };
            self.used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// A few frequent keys among many that are different.
    fn stream(rows: u64, keys: u64, seed: u64) -> Vec<u64> {
        (0..rows)
            .map(|row| match mixed(row ^ seed) {
                bits if bits % 3 == 0 => bits / 3 % 5,
                bits => bits / 3 % keys.max(1),
            })
            .collect()
    }

    fn of(keys: &[u64], bound_after: usize) -> Frequent {
        let mut frequent = Frequent::new();
        for (row, key) in keys.iter().enumerate() {
            if row == bound_after {
                frequent.bound();
            }
            frequent.add(*key, mixed(*key), 1);
        }
        frequent.bound();
        frequent
    }

    fn check(frequent: &Frequent, keys: &[u64]) -> Result<(), TestCaseError> {
        let mut exact: HashMap<u64, u64> = HashMap::new();
        for key in keys {
            *exact.entry(*key).or_default() += 1;
        }
        let counts: HashMap<u64, u64> = frequent.counts().collect();
        prop_assert_eq!(counts.len(), frequent.len());
        prop_assert!(counts.len() < SLOTS);
        for (key, count) in &exact {
            let near = counts.get(key).copied().unwrap_or(0);
            prop_assert_eq!(near > 0, frequent.contains(*key));
            prop_assert!(near <= *count && near + frequent.error() >= *count);
        }
        prop_assert!(frequent.error() <= keys.len() as u64 / 1024);
        if exact.len() <= SLOTS / 2 {
            prop_assert_eq!(counts, exact);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn counts_are_within_the_bound(
            rows in 0_u64..60_000,
            keys in 1_u64..40_000,
            bound_after in 0_usize..20_000,
            seed: u64,
        ) {
            let keys = stream(rows, keys, seed);
            check(&of(&keys, bound_after), &keys)?;
        }

        #[test]
        fn merging_in_any_order_stays_within_the_bound(rows in 3_u64..60_000, keys in 1_u64..40_000, seed: u64) {
            let keys = stream(rows, keys, seed);
            let third = keys.len() / 3;
            let [a, b, c] = [&keys[..third], &keys[third..2 * third], &keys[2 * third..]].map(|part| of(part, 0));
            let mut left = a.clone();
            left.merge(&b);
            left.merge(&c);
            check(&left, &keys)?;
            let mut right = b;
            right.merge(&c);
            let mut all = a;
            all.merge(&right);
            check(&all, &keys)?;
        }
    }
}
