//! Bins: which values of a column count as one while trees are grown.
//!
//! Bin 0 is that of missing numbers and of categories without a bin of their own. The other bins of numbers hold about as
//! many rows each, and a value that is frequent enough has one to itself (LightGBM's greedy rule).

use crate::{
    options::Options,
    rows::{Rows, category_bin},
};
use rayon::prelude::*;

/// Columns whose bins lie side by side, so that a row's bins of all of them are read at once.
pub(crate) const LANES: usize = 4;
/// Rows that are looked at to find the bins.
const SAMPLE: usize = 200_000;
/// Rows that a bin has at the least, where a column has more values than bins.
const MIN_ROWS: usize = 3;
/// Rows that one thread turns into bins at a time.
const BLOCK: usize = 8192;

/// The bins of all columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Binning {
    /// For each column of numbers the upper edges of its bins but for the last, ascending: bin `b` (from 1) holds values
    /// `x` with `edges[b - 2] < x <= edges[b - 1]`.
    pub edges: Vec<Vec<f32>>,
    /// For each column of categories its highest code with a bin of its own.
    pub codes: Vec<u8>,
}

impl Binning {
    /// Finds the bins of these rows.
    pub fn fit(rows: &Rows<'_>, chosen: &[u32], options: &Options) -> Self {
        let step = chosen.len().div_ceil(SAMPLE).max(1);
        let edges = (0..rows.number_width)
            .into_par_iter()
            .map(|column| {
                let mut keys: Vec<u32> = chosen
                    .iter()
                    .step_by(step)
                    .map(|row| rows.numbers[*row as usize * rows.number_width + column])
                    .filter(|value| !value.is_nan())
                    .map(order_key)
                    .collect();
                keys.sort_unstable();
                edges(&keys, options.bins)
            })
            .collect();
        let codes = (0..rows.category_width)
            .map(|column| {
                let code = |row: &u32| rows.categories[*row as usize * rows.category_width + column];
                chosen
                    .iter()
                    .map(|row| category_bin(code(row)))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        Self { edges, codes }
    }

    /// The bin of a number in a column.
    #[inline]
    pub fn number_bin(&self, column: usize, value: f32) -> u8 {
        if value.is_nan() {
            return 0;
        }
        // At most 254 edges.
        self.edges[column].partition_point(|edge| *edge < value) as u8 + 1
    }

    /// The bins of some rows.
    pub(crate) fn apply(&self, rows: &Rows<'_>, chosen: &[u32]) -> Binned {
        let features = rows.features();
        let tiles: Vec<Tile> = (0..features)
            .step_by(LANES)
            .map(|first| {
                let lanes = LANES.min(features - first);
                let mut bins = vec![0; chosen.len() * lanes];
                bins.par_chunks_mut(BLOCK * lanes)
                    .zip(chosen.par_chunks(BLOCK))
                    .for_each(|(bins, chosen)| {
                        for (bins, row) in bins.chunks_exact_mut(lanes).zip(chosen) {
                            let (numbers, categories) = rows.row(*row as usize);
                            for (feature, bin) in (first..).zip(bins) {
                                *bin = match numbers.get(feature) {
                                    Some(value) => self.number_bin(feature, *value),
                                    None => category_bin(categories[feature - numbers.len()]),
                                };
                            }
                        }
                    });
                Tile { lanes, bins }
            })
            .collect();
        let features = (0..features)
            .map(|feature| match self.edges.get(feature) {
                Some(edges) => Feature {
                    bins: edges.len() + 2,
                    categories: false,
                },
                None => Feature {
                    bins: usize::from(self.codes[feature - self.edges.len()]) + 1,
                    categories: true,
                },
            })
            .collect();
        Binned {
            rows: chosen.len(),
            features,
            tiles,
        }
    }
}

/// A column in bins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    /// Its bins, bin 0 counted.
    pub bins: usize,
    /// Whether it holds categories.
    pub categories: bool,
}

/// Up to [`LANES`] neighbouring columns in bins, [rows, lanes].
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    pub lanes: usize,
    pub bins: Vec<u8>,
}

/// Rows in bins.
#[derive(Debug, Clone)]
pub(crate) struct Binned {
    pub rows: usize,
    pub features: Vec<Feature>,
    pub tiles: Vec<Tile>,
}

impl Binned {
    /// Bins of all columns together.
    pub fn bins(&self) -> usize {
        self.features.iter().map(|feature| feature.bins).sum()
    }
}

/// A whole number that orders floats as they are ordered, -0 as 0.
fn order_key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn order_value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key })
}

/// The edges between at most `most` bins of sorted values.
fn edges(sorted: &[u32], most: usize) -> Vec<f32> {
    let values: Vec<(f32, usize)> = sorted
        .chunk_by(|a, b| a == b)
        .map(|same| (order_value(same[0]), same.len()))
        .collect();
    if values.len() <= most {
        return values
            .windows(2)
            .map(|pair| between(pair[0].0, pair[1].0))
            .collect();
    }
    let most = most.min(sorted.len() / MIN_ROWS).max(1);
    let share = sorted.len() as f64 / most as f64;
    let large = |count: usize| count as f64 >= share;
    let (mut rows_left, mut bins_left) = (sorted.len(), most);
    for (_, count) in values.iter().filter(|(_, count)| large(*count)) {
        rows_left -= count;
        bins_left -= 1;
    }
    let mut share = rows_left as f64 / bins_left.max(1) as f64;
    let (mut edges, mut filled) = (Vec::new(), 0);
    for pair in values.windows(2) {
        let ((value, count), (next, next_count)) = (pair[0], pair[1]);
        filled += count;
        if !large(count) {
            rows_left -= count;
        }
        let full = filled as f64 >= share || (large(next_count) && filled as f64 >= (share / 2.0).max(1.0));
        if large(count) || full {
            edges.push(between(value, next));
            filled = 0;
            if !large(count) {
                bins_left = bins_left.saturating_sub(1);
                share = rows_left as f64 / bins_left.max(1) as f64;
            }
        }
        if edges.len() + 1 == most {
            break;
        }
    }
    edges
}

/// A number from `low` to less than `high`, in their middle where floats have one.
fn between(low: f32, high: f32) -> f32 {
    match f32::midpoint(low, high) {
        middle if middle < high && middle >= low => middle,
        _ => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(values: &[f32], bins: usize) -> Binning {
        let rows = Rows {
            rows: values.len(),
            number_width: 1,
            numbers: values,
            category_width: 0,
            categories: &[],
        };
        let options = Options {
            bins,
            ..Options::default()
        };
        Binning::fit(&rows, &(0..values.len() as u32).collect::<Vec<_>>(), &options)
    }

    #[test]
    fn few_values_have_a_bin_each_and_missing_ones_bin_0() {
        let binning = fit(&[3.0, 1.0, f32::NAN, 2.0, 2.0], 255);
        assert_eq!(binning.edges[0], [1.5, 2.5]);
        let bins: Vec<u8> = [f32::NAN, 0.0, 1.5, 1.6, 2.5, 9.0, f32::INFINITY]
            .map(|value| binning.number_bin(0, value))
            .to_vec();
        assert_eq!(bins, [0, 1, 1, 2, 2, 3, 3]);
        assert!(fit(&[f32::NAN; 3], 255).edges[0].is_empty());
    }

    #[test]
    fn many_values_share_bins_evenly_and_a_frequent_one_has_its_own() {
        let mut values: Vec<f32> = (0..10_000).map(|i| (i % 5000) as f32).collect();
        values.extend([77.5; 4000]);
        let binning = fit(&values, 50);
        let mut counts = [0; 51];
        for value in &values {
            counts[usize::from(binning.number_bin(0, *value))] += 1;
        }
        let own = usize::from(binning.number_bin(0, 77.5));
        assert_eq!(counts[own], 4000);
        let others: Vec<i32> = (1..=binning.edges[0].len() + 1)
            .filter(|bin| *bin != own)
            .map(|bin| counts[bin])
            .collect();
        assert!(
            others.len() > 40 && others.iter().all(|count| (100..=300).contains(count)),
            "{others:?}"
        );
    }

    #[test]
    fn rare_categories_share_bin_0() {
        let codes = [0, 1, 2, 255, 256, 9000, 3];
        let rows = Rows {
            rows: 7,
            number_width: 0,
            numbers: &[],
            category_width: 1,
            categories: &codes,
        };
        let all: Vec<u32> = (0..7).collect();
        let binned = Binning::fit(&rows, &all, &Options::default()).apply(&rows, &all);
        assert_eq!(binned.tiles[0].bins, [0, 1, 2, 255, 0, 0, 3]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn bins_follow_the_order_of_values(
            values in prop::collection::vec(prop_oneof![-1e30f32..1e30, -5f32..5.0, Just(0.0), Just(-0.0)], 1..400),
            bins in 2usize..=255,
        ) {
            let binning = fit(&values, bins);
            prop_assert!(binning.edges[0].len() < bins);
            prop_assert!(binning.edges[0].is_sorted_by(|a, b| a < b));
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            prop_assert!(sorted.iter().map(|value| binning.number_bin(0, *value)).is_sorted());
            for (bin, edge) in (1..).zip(&binning.edges[0]) {
                prop_assert!(binning.number_bin(0, *edge) == bin);
            }
        }
    }
}
