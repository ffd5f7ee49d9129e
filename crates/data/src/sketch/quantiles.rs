//! Quantiles of a stream: KLL (Karnin, Lang and Liberty 2016, "Optimal Quantile Approximation in Streams").
//!
//! Values are gathered in a buffer. A full one is sorted and every second value of it goes one level up, where each
//! stands for twice as many; whether the odd or the even ones go is drawn. Levels compact the same way, the higher ones
//! hold more. When values come by the million, one of each 2, 4, 8, … is drawn before it enters the buffer at all.
//!
//! **Error.** Each compaction of values that stand for `w` each moves the rank of any value by `+w`, `−w` or 0, with
//! mean 0; each drawing of one from `w` values has a range of `w` around its mean. The sketch sums up the squares: `w²`
//! and `w² / 4`. By Hoeffding's and Azuma's inequalities a rank is then, with a probability of 99 %, off by no more than
//! `√(2 · ln 200 · sum)`. With 4096 values in the buffer that is about 0.15 % of all values, however many they are.
//! Up to 4096 values nothing is left out and there is no error.

use super::{Ranked, mixed};

/// Values in the buffer, and in the highest level.
const CAPACITY: usize = 4096;
/// Values that any level may hold.
const SMALLEST_LEVEL: usize = 64;

/// A sketch of the ranks of all values that were added.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles {
    capacity: usize,
    added: u64,
    input: Vec<i64>,
    /// One of each `2^drawn` values enters the buffer.
    drawn: u32,
    /// Values to pass before the next that enters.
    until: u64,
    /// The place of that value among the `2^drawn` that it stands for.
    place: u64,
    /// Those of level `h` stand for `2^h` values each.
    levels: Vec<Vec<i64>>,
    /// Sum of squares that bounds the error.
    spread: f64,
    random: u64,
}

impl Quantiles {
    /// Of no values.
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            capacity,
            added: 0,
            input: Vec::new(),
            drawn: 0,
            until: 0,
            place: 0,
            levels: Vec::new(),
            spread: 0.0,
            random: 0,
        }
    }

    /// Adds values, in any order.
    pub(crate) fn add(&mut self, values: &[i64]) {
        self.added += values.len() as u64;
        let mut rest = values;
        while !rest.is_empty() {
            if self.drawn == 0 {
                let (now, later) = rest.split_at(rest.len().min(self.capacity - self.input.len()));
                self.input.extend_from_slice(now);
                rest = later;
            } else if self.until < rest.len() as u64 {
                self.input.push(rest[self.until as usize]);
                rest = &rest[self.until as usize + 1..];
                let passed = (1 << self.drawn) - 1 - self.place;
                self.place = self.random() >> (64 - self.drawn);
                self.until = passed + self.place;
                self.spread += 4_f64.powi(self.drawn as i32) / 4.0;
            } else {
                self.until -= rest.len() as u64;
                return;
            }
            if self.input.len() == self.capacity {
                self.flush();
            }
        }
    }

    /// Adds a value so many times; call [`Self::compress`] after the last.
    pub(crate) fn add_repeated(&mut self, value: i64, times: u64) {
        self.added += times;
        for level in (0..u64::BITS).filter(|bit| times >> bit & 1 == 1) {
            self.level(level as usize).push(value);
        }
    }

    /// Adds all that another one has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.added += other.added;
        self.spread += other.spread;
        if self.drawn < other.drawn {
            let input = std::mem::take(&mut self.input);
            self.level_of_input().extend(input);
            (self.drawn, self.until, self.place) = (other.drawn, other.until, other.place);
        }
        self.level(other.drawn as usize).extend(other.input);
        for (level, values) in other.levels.into_iter().enumerate() {
            self.level(level).extend(values);
        }
        self.random ^= mixed(other.random);
        self.compress();
    }

    /// How far a rank may be off as a share of all values, with a probability of 99 %. Zero when nothing was left out.
    pub(crate) fn rank_error(&self) -> f64 {
        if self.spread == 0.0 {
            return 0.0;
        }
        let off = (2.0 * 200_f64.ln() * self.spread).sqrt();
        // The values that the last one drawn stands for may not all have come yet.
        ((off + (1_u64 << self.drawn) as f64) / self.added as f64).min(1.0)
    }

    /// The values that are held, with what they stand for.
    pub(crate) fn ranked(&self) -> Ranked {
        let levels = self.levels.iter().enumerate();
        let held = levels.flat_map(|(level, values)| values.iter().map(move |value| (*value, 1 << level)));
        let input = self.input.iter().map(|value| (*value, 1 << self.drawn));
        Ranked::new(held.chain(input).collect())
    }

    fn flush(&mut self) {
        let mut input = std::mem::take(&mut self.input);
        input.sort_unstable();
        self.lift(&input, self.drawn as usize);
        input.clear();
        self.input = input;
        self.compress();
        // Drawing one from 2^d adds at most 2^d / 4 a value to the sum of squares; the levels add up to about
        // 4 (n / capacity)². At this pace drawing stays the smaller part.
        let allowed = 4.0 * self.added as f64 / (self.capacity as f64).powi(2);
        if allowed >= (2_u64 << self.drawn) as f64 {
            let passed = self.until - self.place;
            self.drawn += 1;
            self.place = self.random() >> (64 - self.drawn);
            self.until = passed + self.place;
        }
    }

    /// Every second of some sorted values, to the level above theirs.
    fn lift(&mut self, sorted: &[i64], level: usize) {
        self.spread += 4_f64.powi(level as i32);
        let first = (self.random() >> 63) as usize;
        let lifted = sorted.iter().skip(first).step_by(2);
        self.level(level + 1).extend(lifted);
    }

    /// Compacts levels that hold more than they may.
    pub(crate) fn compress(&mut self) {
        let mut level = 0;
        while level < self.levels.len() {
            let below_top = (self.levels.len() - 1 - level) as i32;
            let most = (self.capacity as f64 * (2.0_f64 / 3.0).powi(below_top)) as usize;
            if self.levels[level].len() > most.max(SMALLEST_LEVEL) {
                let mut values = std::mem::take(&mut self.levels[level]);
                // They are sorted runs one after the other, which a stable sort merges.
                values.sort();
                let even = values.len() & !1;
                self.lift(&values[..even], level);
                values.drain(..even);
                self.levels[level] = values;
            }
            level += 1;
        }
    }

    fn level(&mut self, level: usize) -> &mut Vec<i64> {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        &mut self.levels[level]
    }

    fn level_of_input(&mut self) -> &mut Vec<i64> {
        self.level(self.drawn as usize)
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A capacity at which a few thousand values go through everything: compactions, levels, drawing.
    const SMALL: usize = 128;

    fn sketch(values: &[i64]) -> Quantiles {
        let mut sketch = Quantiles::with_capacity(SMALL);
        for part in values.chunks(100) {
            sketch.add(part);
        }
        sketch
    }

    /// How far the rank of any value is off, as a share of all values.
    fn worst(sketch: &Quantiles, values: &[i64]) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let ranked = sketch.ranked();
        let scale = sorted.len() as f64 / ranked.total().max(1) as f64;
        let off = |value: i64| {
            let exact = sorted.partition_point(|other| *other < value) as f64;
            let near = ranked.count(|other| other < value) as f64 * scale;
            (near - exact).abs() / sorted.len() as f64
        };
        // Over all ranks at once an error is larger than at one; a look at some of them is fair.
        let step = (sorted.len() / 7).max(1);
        sorted
            .iter()
            .step_by(step)
            .map(|value| off(*value))
            .fold(0.0, f64::max)
    }

    fn streams() -> impl Strategy<Value = Vec<i64>> {
        (1_usize..60_000, 1_i64..1_000_000, any::<u64>(), 0..3).prop_map(|(count, range, seed, shape)| {
            let value = |row: usize| match shape {
                0 => row as i64,
                1 => (mixed(row as u64 ^ seed) % range as u64) as i64,
                // Many equal ones, and few very large.
                _ => (range as f64 / (1.0 + (mixed(row as u64 ^ seed) % 1000) as f64)) as i64,
            };
            (0..count).map(value).collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        // The bound holds for one rank in a hundred times; with 1.6 times the distance it fails once in a million.
        #[test]
        fn ranks_are_within_the_bound(values in streams()) {
            let sketch = sketch(&values);
            prop_assert!(worst(&sketch, &values) <= 1.6 * sketch.rank_error() + 1e-9);
        }

        #[test]
        fn merging_in_any_order_stays_within_the_bound(values in streams(), cut in 0.0..1.0_f64, other in 0.0..1.0_f64) {
            let [first, second] = [cut.min(other), cut.max(other)].map(|share| (share * values.len() as f64) as usize);
            let part = |range: std::ops::Range<usize>| sketch(&values[range]);
            let (a, b, c) = (part(0..first), part(first..second), part(second..values.len()));
            let mut left = a.clone();
            left.merge(b.clone());
            left.merge(c.clone());
            let mut right = b;
            right.merge(c);
            let mut all = a;
            all.merge(right);
            for merged in [left, all] {
                prop_assert_eq!(merged.added, values.len() as u64);
                prop_assert!(worst(&merged, &values) <= 1.6 * merged.rank_error() + 1e-9);
            }
        }
    }

    #[test]
    fn few_values_are_exact() {
        let values: Vec<i64> = (0..SMALL as i64 - 1).rev().collect();
        let sketch = sketch(&values);
        assert_eq!(sketch.rank_error(), 0.0);
        assert_eq!(worst(&sketch, &values), 0.0);
    }

    #[test]
    fn many_values_take_little_room_and_a_small_error() {
        let mut sketch = Quantiles::new();
        for part in 0..3000_u64 {
            let values: Vec<i64> = (part * 1000..part * 1000 + 1000)
                .map(|row| (mixed(row) >> 1) as i64)
                .collect();
            sketch.add(&values);
        }
        let held: usize = sketch.levels.iter().map(Vec::len).sum::<usize>() + sketch.input.len();
        assert!(held < 6 * CAPACITY, "{held}");
        assert!(sketch.rank_error() < 0.002, "{}", sketch.rank_error());
        let median = sketch
            .ranked()
            .quantile(0.5, |value| value as f64 / i64::MAX as f64);
        assert!((median - 0.5).abs() < 0.003, "{median}");
    }

    #[test]
    fn repeated_values_weigh_as_much_as_they_occur() {
        let mut repeated = Quantiles::with_capacity(SMALL);
        for value in 0..500 {
            repeated.add_repeated(value, value as u64 * 3 + 1);
        }
        repeated.compress();
        let values: Vec<i64> = (0..500)
            .flat_map(|value| vec![value; value as usize * 3 + 1])
            .collect();
        assert_eq!(repeated.added, values.len() as u64);
        assert!(worst(&repeated, &values) <= 1.6 * repeated.rank_error());
    }
}
