//! The best split of a leaf by its histogram.
//!
//! A leaf whose rows have derivatives that sum to G and H has the value `-T(G) / (H + l2)`, where T shrinks by `l1`, and
//! lowers the loss by half of `T(G)² / (H + l2)` (Chen and Guestrin, "XGBoost", 2016). A split's gain is what its sides
//! lower more than the leaf.

use crate::{
    binning::Feature,
    gradients::{Packed, Scale},
    histogram::Bins,
    options::Options,
};

/// Which rows go left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// Numbers whose bin is at most this one; bin 0, missing, by itself.
    Below {
        /// The last bin that goes left.
        bin: u8,
        /// Whether missing numbers go left.
        missing_left: bool,
    },
    /// Categories whose bin is in the set.
    Among(Set),
}

/// A set of bins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Set(pub [u64; 4]);

impl Set {
    /// Whether a bin is in it.
    #[inline]
    pub fn has(&self, bin: u8) -> bool {
        self.0[usize::from(bin >> 6)] >> (bin & 63) & 1 == 1
    }

    /// Adds a bin.
    pub fn add(&mut self, bin: u8) {
        self.0[usize::from(bin >> 6)] |= 1 << (bin & 63);
    }
}

impl Test {
    /// For each bin, whether it goes left.
    pub fn sides(&self) -> [bool; 256] {
        std::array::from_fn(|bin| match self {
            Self::Below { missing_left, .. } if bin == 0 => *missing_left,
            Self::Below { bin: last, .. } => bin <= usize::from(*last),
            Self::Among(set) => set.has(bin as u8),
        })
    }
}

/// A split of a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// What it gains; twice what the loss falls by.
    pub gain: f64,
    /// The column.
    pub feature: usize,
    /// Which rows go left.
    pub test: Test,
    /// The sum of the rows that go left.
    pub left: Packed,
}

/// A leaf that is to be split.
#[derive(Debug, Clone, Copy)]
pub struct Leaf {
    /// The sum of its rows.
    pub sum: Packed,
    /// Its rows.
    pub rows: usize,
    /// Between what its values may lie.
    pub bounds: (f64, f64),
}

/// What a gain depends on.
pub struct Finder<'a> {
    pub options: &'a Options,
    pub scale: Scale,
}

/// The value of a leaf with these sums, before the learning rate.
pub fn value(options: &Options, first: f64, second: f64, l2: f64) -> f64 {
    match -shrunk(first, options.l1) / (second + l2) {
        value if value.is_finite() => value,
        // No second derivative: the rows can't be improved on.
        _ => 0.0,
    }
}

#[inline]
fn shrunk(first: f64, l1: f64) -> f64 {
    match l1 == 0.0 {
        true => first,
        false => first.signum() * (first.abs() - l1).max(0.0),
    }
}

/// The sums of a leaf in which a split is looked for, with what each candidate is held against.
struct Search {
    first: f64,
    second: f64,
    /// Rows for each unit of second derivatives.
    rows_per_weight: f64,
    /// The gain that must be passed.
    least: f64,
    l2: f64,
    bounds: (f64, f64),
    direction: i8,
}

impl Finder<'_> {
    /// The best split of a leaf by one column, if one gains anything.
    pub fn best(&self, leaf: &Leaf, index: usize, feature: Feature, bins: &Bins) -> Option<Split> {
        let (first, second) = self.scale.unpack(leaf.sum);
        let direction = self.options.direction(index);
        let mut search = Search {
            first,
            second,
            rows_per_weight: leaf.rows as f64 / second.max(f64::MIN_POSITIVE),
            least: 0.0,
            l2: self.options.l2,
            bounds: leaf.bounds,
            direction: if feature.categories { 0 } else { direction },
        };
        search.least = self.lowered(&search, first, second) + self.options.min_gain;
        let bins = &bins[..feature.bins];
        let found = match feature.categories {
            false => self.number(&search, leaf.sum, bins),
            true => self.category(search, leaf.sum, bins),
        };
        found.map(|(gain, test, left)| Split {
            gain,
            feature: index,
            test,
            left,
        })
    }

    /// Twice what a side lowers the loss by.
    #[inline]
    fn lowered(&self, search: &Search, first: f64, second: f64) -> f64 {
        let shrunk = shrunk(first, self.options.l1);
        if search.bounds == UNBOUNDED {
            return shrunk * shrunk / (second + search.l2);
        }
        let value = (-shrunk / (second + search.l2)).clamp(search.bounds.0, search.bounds.1);
        -(2.0 * shrunk * value + (second + search.l2) * value * value)
    }

    /// What a split gains more than nothing, if both sides are large enough and in the right order.
    #[inline]
    fn gain(&self, search: &Search, left: Packed) -> Option<f64> {
        let (first, second) = self.scale.unpack(left);
        let (other_first, other_second) = (search.first - first, search.second - second);
        let options = self.options;
        let enough = |second: f64| {
            second >= options.min_weight
                && (second * search.rows_per_weight).round() >= options.min_rows as f64
        };
        if !enough(second) || !enough(other_second) {
            return None;
        }
        if search.direction != 0 {
            let value = |first: f64, second: f64| {
                value(options, first, second, search.l2).clamp(search.bounds.0, search.bounds.1)
            };
            let rises = value(other_first, other_second) - value(first, second);
            if rises * f64::from(search.direction) < 0.0 {
                return None;
            }
        }
        let gain = self.lowered(search, first, second) + self.lowered(search, other_first, other_second)
            - search.least;
        (gain > GAIN).then_some(gain)
    }

    fn number(&self, search: &Search, all: Packed, bins: &[i64]) -> Option<(f64, Test, Packed)> {
        let missing = Packed(bins[0]);
        let mut best: Option<(f64, Test, Packed)> = None;
        let mut left = Packed::default();
        for (bin, sum) in bins.iter().enumerate().skip(1) {
            // An empty bin is the same cut again.
            if *sum == 0 && bin > 1 {
                continue;
            }
            left = left.plus(Packed(*sum));
            let last = bin + 1 == bins.len();
            // A column without missing values sends those of later rows where most rows go.
            let both = if missing.0 == 0 {
                &[true][..]
            } else {
                &[false, true][..]
            };
            for &missing_left in both {
                if last && missing_left {
                    continue;
                }
                let side = if missing_left { left.plus(missing) } else { left };
                let Some(gain) = self.gain(search, side) else {
                    continue;
                };
                if best.is_none_or(|(highest, ..)| gain > highest) {
                    let test = Test::Below {
                        bin: bin as u8,
                        missing_left,
                    };
                    best = Some((gain, test, side));
                }
            }
        }
        let (gain, mut test, left) = best?;
        if let (Test::Below { missing_left, .. }, 0) = (&mut test, missing.0) {
            let (_, second) = self.scale.unpack(left);
            *missing_left = second >= self.scale.unpack(all.minus(left)).1;
        }
        Some((gain, test, left))
    }

    fn category(&self, mut search: Search, all: Packed, bins: &[i64]) -> Option<(f64, Test, Packed)> {
        let options = &self.options.categories;
        let filled: Vec<u8> = (0..bins.len())
            .filter(|bin| bins[*bin] != 0)
            .map(|bin| bin as u8)
            .collect();
        let mut best: Option<(f64, Test, Packed)> = None;
        let mut keep = |gain: Option<f64>, set: Set, left: Packed| {
            if let Some(gain) = gain
                && best.is_none_or(|(highest, ..)| gain > highest)
            {
                best = Some((gain, Test::Among(set), left));
            }
        };
        if filled.len() <= options.one_by_one {
            for &bin in &filled {
                let (mut set, left) = (Set::default(), Packed(bins[usize::from(bin)]));
                set.add(bin);
                keep(self.gain(&search, left), set, left);
            }
            return best;
        }
        search.l2 += options.l2;
        let mut ordered: Vec<(f64, f64, u8)> = filled
            .iter()
            .filter_map(|&bin| {
                let (first, second) = self.scale.unpack(Packed(bins[usize::from(bin)]));
                let rows = second * search.rows_per_weight;
                (rows.round() >= options.smoothing).then(|| (first / (second + options.smoothing), rows, bin))
            })
            .collect();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let most = options.most.min(ordered.len().div_ceil(2));
        let group_rows = options.min_group as f64;
        let mut from = |categories: &mut dyn Iterator<Item = &(f64, f64, u8)>| {
            let (mut set, mut left, mut group) = (Set::default(), Packed::default(), 0.0);
            for &(_, rows, bin) in categories.take(most) {
                set.add(bin);
                left = left.plus(Packed(bins[usize::from(bin)]));
                group += rows;
                let (_, rest) = self.scale.unpack(all.minus(left));
                if rest * search.rows_per_weight < group_rows {
                    break;
                }
                if group >= group_rows {
                    let gain = self.gain(&search, left);
                    if gain.is_some() {
                        group = 0.0;
                    }
                    keep(gain, set, left);
                }
            }
        };
        from(&mut ordered.iter());
        from(&mut ordered.iter().rev());
        best
    }
}

/// Bounds that bind nothing.
pub const UNBOUNDED: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

/// A gain below this is that of rounding.
const GAIN: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradients::{Gradient, pack};

    /// The histogram of rows with these bins and gradients, and the leaf of all of them.
    fn leaf(rows: &[(u8, Gradient)]) -> (Box<Bins>, Leaf, Scale) {
        let gradients: Vec<Gradient> = rows.iter().map(|(_, gradient)| *gradient).collect();
        let mut packed = vec![0; rows.len()];
        let scale = pack(
            &gradients,
            &(0..rows.len() as u32).collect::<Vec<_>>(),
            &mut packed,
        );
        let mut bins = Box::new([0; 256]);
        for ((bin, _), packed) in rows.iter().zip(&packed) {
            bins[usize::from(*bin)] += packed;
        }
        let leaf = Leaf {
            sum: Packed(packed.iter().sum()),
            rows: rows.len(),
            bounds: UNBOUNDED,
        };
        (bins, leaf, scale)
    }

    fn options() -> Options {
        Options {
            min_rows: 2,
            ..Options::default()
        }
    }

    #[test]
    fn the_best_cut_of_numbers_is_found_and_missing_ones_choose_their_side() {
        // Bins 1 and 2 want to rise, bin 3 to fall, and so do the missing ones.
        let rows: Vec<(u8, Gradient)> = [(1, -1.0), (2, -1.0), (3, 1.0), (0, 1.0)]
            .iter()
            .flat_map(|&(bin, first)| [(bin, [first, 1.0]); 5])
            .collect();
        let (bins, leaf, scale) = leaf(&rows);
        let options = options();
        let finder = Finder {
            options: &options,
            scale,
        };
        let feature = Feature {
            bins: 4,
            categories: false,
        };
        let split = finder.best(&leaf, 0, feature, &bins).unwrap();
        let expected = Test::Below {
            bin: 2,
            missing_left: false,
        };
        assert_eq!(split.test, expected);
        assert!((split.gain - 20.0).abs() < 1e-5, "{}", split.gain);
        assert_eq!(expected.sides()[..5], [false, true, true, false, false]);
    }

    #[test]
    fn sides_that_are_too_small_are_no_split() {
        let rows: Vec<(u8, Gradient)> = (0..10)
            .map(|i| (if i == 0 { 1 } else { 2 }, [i as f32, 1.0]))
            .collect();
        let (bins, leaf, scale) = leaf(&rows);
        let feature = Feature {
            bins: 3,
            categories: false,
        };
        let options = options();
        let found = |options: &Options| Finder { options, scale }.best(&leaf, 0, feature, &bins).is_some();
        assert!(!found(&options));
        assert!(found(&Options {
            min_rows: 1,
            ..options
        }));
    }

    #[test]
    fn categories_are_grouped_by_their_gradients() {
        // Odd categories want to rise, even ones to fall.
        let rows: Vec<(u8, Gradient)> = (0..8u8)
            .flat_map(|bin| vec![(bin, [if bin % 2 == 1 { -1.0 } else { 1.0 }, 1.0]); 200])
            .collect();
        let (bins, leaf, scale) = leaf(&rows);
        let options = options();
        let finder = Finder {
            options: &options,
            scale,
        };
        let feature = Feature {
            bins: 8,
            categories: true,
        };
        let Test::Among(set) = finder.best(&leaf, 0, feature, &bins).unwrap().test else {
            panic!("categories are split by a set");
        };
        let left: Vec<bool> = (0..8).map(|bin| set.has(bin)).collect();
        assert!(
            left.iter()
                .enumerate()
                .all(|(bin, side)| *side == ((bin % 2 == 1) == left[1])),
            "{left:?}"
        );
    }

    #[test]
    fn a_direction_forbids_splits_against_it() {
        let rows: Vec<(u8, Gradient)> = (0..40)
            .map(|i| {
                if i % 2 == 0 {
                    (1, [-1.0, 1.0])
                } else {
                    (2, [1.0, 1.0])
                }
            })
            .collect();
        let (bins, leaf, scale) = leaf(&rows);
        let feature = Feature {
            bins: 3,
            categories: false,
        };
        // Values fall from bin 1 to bin 2.
        for (direction, expected) in [(0, true), (-1, true), (1, false)] {
            let options = Options {
                monotone: vec![direction],
                ..options()
            };
            let finder = Finder {
                options: &options,
                scale,
            };
            assert_eq!(finder.best(&leaf, 0, feature, &bins).is_some(), expected);
        }
    }
}
