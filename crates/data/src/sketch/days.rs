//! On which days something happened.

/// Days that can be told apart, some eleven thousand years; dates further apart aren't meant.
const MOST_DAYS: u64 = 4_000_000;

/// A set of days, a bit each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Days {
    /// Day of the first bit; a multiple of 64.
    first: i64,
    bits: Vec<u64>,
    last_added: Option<i64>,
    /// Days were too far apart.
    overflown: bool,
}

/// Days between the first and the last on which nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    /// From the first day to the last, both counted.
    pub days: u64,
    /// Of these, how many are missing.
    pub missing: u64,
    /// Most of them in a row.
    pub longest: u64,
    /// The first day of these.
    pub longest_from: i64,
}

impl Days {
    /// Adds a day, counted from any one.
    #[inline]
    pub(crate) fn add(&mut self, day: i64) {
        // Rows near each other are often of the same day.
        if self.last_added != Some(day) && !self.overflown {
            self.last_added = Some(day);
            self.set(day);
        }
    }

    fn set(&mut self, day: i64) {
        let word = day.div_euclid(64) * 64;
        if self.bits.is_empty() {
            self.first = word;
        }
        let end = self.first + self.bits.len() as i64 * 64;
        if word.abs_diff(self.first) > MOST_DAYS || word.abs_diff(end) > MOST_DAYS {
            self.overflown = true;
            self.bits = Vec::new();
            return;
        }
        if word < self.first {
            let before = ((self.first - word) / 64) as usize;
            self.bits.splice(0..0, std::iter::repeat_n(0, before));
            self.first = word;
        }
        let index = ((word - self.first) / 64) as usize;
        if index >= self.bits.len() {
            self.bits.resize(index + 1, 0);
        }
        self.bits[index] |= 1 << (day - word);
    }

    /// Adds all that another one has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.overflown |= other.overflown;
        for day in other.iter() {
            self.add(day);
        }
    }

    fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        let words = self.bits.iter().zip((self.first..).step_by(64));
        words.flat_map(|(word, first)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| first + bit)
        })
    }

    /// What is missing; none without days, or where they were too far apart.
    pub(crate) fn missing(&self) -> Option<Missing> {
        if self.overflown {
            return None;
        }
        let mut days = self.iter();
        let first = days.next()?;
        let mut found = Missing {
            days: 1,
            missing: 0,
            longest: 0,
            longest_from: first,
        };
        let mut before = first;
        for day in days {
            let between = (day - before - 1) as u64;
            found.missing += between;
            if between > found.longest {
                (found.longest, found.longest_from) = (between, before + 1);
            }
            before = day;
        }
        found.days = (before - first) as u64 + 1;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn days_are_those_that_were_added(days in prop::collection::vec(-5000_i64..5000, 0..60), cut in 0_usize..60) {
            let of = |days: &[i64]| {
                let mut set = Days::default();
                days.iter().for_each(|day| set.add(*day));
                set
            };
            let (a, b) = days.split_at(cut.min(days.len()));
            let mut joined = of(a);
            joined.merge(&of(b));
            let exact: BTreeSet<i64> = days.iter().copied().collect();
            prop_assert!(joined.iter().eq(exact.iter().copied()));
            if let (Some(found), Some(first), Some(last)) = (joined.missing(), exact.first(), exact.last()) {
                prop_assert_eq!(found.days, (last - first) as u64 + 1);
                prop_assert_eq!(found.missing, found.days - exact.len() as u64);
            }
        }
    }

    #[test]
    fn the_longest_gap_is_found() {
        let mut days = Days::default();
        [10, 11, 15, 16, 30, 18].into_iter().for_each(|day| days.add(day));
        let expected = Missing {
            days: 21,
            missing: 15,
            longest: 11,
            longest_from: 19,
        };
        assert_eq!(days.missing(), Some(expected));
    }

    #[test]
    fn days_that_can_not_be_meant_take_no_memory() {
        let mut days = Days::default();
        [0, i64::MAX, i64::MIN, 5]
            .into_iter()
            .for_each(|day| days.add(day));
        assert_eq!(days.missing(), None);
        assert!(days.bits.is_empty());
    }
}
