//! The most frequent values of a stream: Misra and Gries 1982, in the form of Anderson et al. 2017 ("A high-performance
//! algorithm for identifying frequent items in data streams").
//!
//! A table holds values with their counts. It grows with the number of different values, and then all is exact, until
//! [`Frequent::bound`] is called. From then on a full table makes room: the median of its counts is taken off all, and
//! those that fall to nothing are dropped.
//!
//! **Error.** A count is never too high and too low by no more than [`Frequent::error`], the sum of what was taken off.
//! Half of the 3072 counts paid each of those, so it is at most the number of values / 1536: 0.07 %.
//!
//! **Slots.** Keys lie in the order in which they came, and slots tell where. A slot has a tag of seven bits of its key's
//! mixed bits, and the tags of eight are compared at once (as Abseil's and Rust's tables do): most often none of them is
//! like that of a new key, and that of a known one is. So a processor guesses right, of values that are all different as
//! of those that are few.

use super::mixed;

/// Slots of a table that is bounded.
const SLOTS: usize = 4096;
/// Slots that a table begins with.
const FIRST_SLOTS: usize = 64;
/// Slots whose tags lie in a word.
const GROUP: usize = 8;
/// The lowest bit of each byte.
const LOW: u64 = 0x0101_0101_0101_0101;
/// The highest bit of each byte, which is set in the tags of free slots alone.
const FREE: u64 = LOW << 7;

#[derive(Debug, Clone, Copy)]
struct Held {
    key: u64,
    count: u64,
}

/// Counts by key: a value's bits, or its hash.
#[derive(Debug, Clone)]
pub(crate) struct Frequent {
    held: Vec<Held>,
    /// The tags of each group of slots, a byte each.
    tags: Vec<u64>,
    /// Which of those that are held is in each slot.
    places: Vec<u32>,
    bounded: bool,
    error: u64,
}

impl Frequent {
    pub(crate) fn new() -> Self {
        Self {
            held: Vec::new(),
            tags: vec![FREE; FIRST_SLOTS / GROUP],
            places: vec![0; FIRST_SLOTS],
            bounded: false,
            error: 0,
        }
    }

    /// Adds a key so many times, with its [`mixed`] bits; its count now, which may be dropped with it at once.
    #[inline(always)]
    pub(crate) fn add(&mut self, key: u64, mixed: u64, times: u64) -> u64 {
        match self.find(key, mixed) {
            Ok(place) => {
                let held = &mut self.held[place];
                held.count += times;
                held.count
            }
            Err(group) => {
                self.put(group, mixed, self.held.len());
                self.held.push(Held { key, count: times });
                if self.held.len() * 4 > self.places.len() * 3 {
                    self.make_room();
                }
                times
            }
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn contains(&self, key: u64) -> bool {
        self.find(key, mixed(key)).is_ok()
    }

    /// Every key that is held with its count, in no order.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.held.iter().map(|held| (held.key, held.count))
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
        if self.held.len() > SLOTS / 2 {
            self.drop_all_but(SLOTS / 2);
        } else if self.places.len() > SLOTS {
            self.rebuild(SLOTS);
        }
    }

    /// Adds all that another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.error += other.error;
        for (key, count) in other.counts() {
            self.add(key, mixed(key), count);
        }
    }

    /// Where a key is held, or the first group with a free slot for it.
    #[inline(always)]
    fn find(&self, key: u64, mixed: u64) -> Result<usize, usize> {
        let mask = self.tags.len() - 1;
        let mut group = mixed as usize & mask;
        loop {
            let tags = self.tags[group];
            // Bytes like the tag become zero; behind one of these a byte may seem to be, which its key then isn't.
            let others = tags ^ tag(mixed);
            let mut alike = others.wrapping_sub(LOW) & !others & FREE;
            while alike != 0 {
                let place = self.places[group * GROUP + first(alike)] as usize;
                if self.held[place].key == key {
                    return Ok(place);
                }
                alike &= alike - 1;
            }
            if tags & FREE != 0 {
                return Err(group);
            }
            group = (group + 1) & mask;
        }
    }

    /// Puts one that is held, or will be, into a free slot of a group.
    #[inline]
    fn put(&mut self, group: usize, mixed: u64, place: usize) {
        let tags = &mut self.tags[group];
        let slot = first(*tags & FREE);
        let byte = 0xff << (slot * GROUP);
        *tags = *tags & !byte | tag(mixed) & byte;
        self.places[group * GROUP + slot] = place as u32;
    }

    #[inline(never)]
    fn make_room(&mut self) {
        if self.bounded && self.places.len() >= SLOTS {
            self.drop_all_but(self.held.len() / 2);
        } else {
            self.rebuild(self.places.len() * 2);
        }
    }

    /// Keeps at most the `most` largest counts, less the largest that is dropped.
    fn drop_all_but(&mut self, most: usize) {
        // Among values that are all different most have come once. That is told without an order.
        let once = self.held.iter().filter(|held| held.count == 1).count();
        let less = if self.held.len() - once <= most {
            1
        } else {
            let mut counts: Vec<u64> = self.held.iter().map(|held| held.count).collect();
            let (_, median, _) = counts.select_nth_unstable_by(most, |a, b| b.cmp(a));
            *median
        };
        self.error += less;
        self.held.retain_mut(|held| {
            held.count = held.count.saturating_sub(less);
            held.count > 0
        });
        self.rebuild(SLOTS);
    }

    /// Finds slots for all that are held among so many.
    fn rebuild(&mut self, slots: usize) {
        self.tags.clear();
        self.tags.resize(slots / GROUP, FREE);
        self.places.resize(slots, 0);
        for place in 0..self.held.len() {
            let mixed = mixed(self.held[place].key);
            let mut group = mixed as usize & (self.tags.len() - 1);
            while self.tags[group] & FREE == 0 {
                group = (group + 1) & (self.tags.len() - 1);
            }
            self.put(group, mixed, place);
        }
    }
}

/// A key's tag in each byte: seven bits that don't choose its group.
#[inline]
fn tag(mixed: u64) -> u64 {
    (mixed >> 57) * LOW
}

/// The first byte of a word in which the highest bit is set.
#[inline]
fn first(bits: u64) -> usize {
    (bits.trailing_zeros() / u8::BITS) as usize
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
