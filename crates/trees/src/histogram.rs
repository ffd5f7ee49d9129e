//! Histograms: for each column and bin, the sum of the gradients of a leaf's rows.

use crate::binning::{Binned, Feature, LANES, Tile};

/// The sums of a column's bins. Always as many as a byte can name, so that no index needs a check.
pub type Bins = [i64; 256];

/// The sums of all columns' bins.
pub type Histogram = Vec<Bins>;

/// Histograms that are used again from leaf to leaf.
#[derive(Debug, Default)]
pub struct Pool(Vec<Histogram>);

impl Pool {
    /// One with anything in it.
    pub fn take(&mut self, features: usize) -> Histogram {
        self.0.pop().unwrap_or_else(|| vec![[0; 256]; features])
    }

    /// Takes one back.
    pub fn give(&mut self, histogram: Histogram) {
        self.0.push(histogram);
    }
}

/// The rows of a leaf.
#[derive(Debug, Clone, Copy)]
pub enum LeafRows<'a> {
    /// All rows, in their order.
    All,
    /// These.
    Some(&'a [u32]),
}

/// Fills a tile's part of a histogram with the sums of a leaf; `gradients` are those of its rows, in their order.
pub fn fill(sums: &mut [Bins], features: &[Feature], tile: &Tile, rows: LeafRows<'_>, gradients: &[i64]) {
    for (sums, feature) in sums.iter_mut().zip(features) {
        sums[..feature.bins].fill(0);
    }
    match tile.lanes {
        1 => add::<1>(sums, &tile.bins, rows, gradients),
        2 => add::<2>(sums, &tile.bins, rows, gradients),
        3 => add::<3>(sums, &tile.bins, rows, gradients),
        _ => add::<LANES>(sums, &tile.bins, rows, gradients),
    }
}

fn add<const WIDTH: usize>(sums: &mut [Bins], bins: &[u8], rows: LeafRows<'_>, gradients: &[i64]) {
    let (Some(sums), (bins, _)) = (sums.first_chunk_mut::<WIDTH>(), bins.as_chunks::<WIDTH>()) else {
        return;
    };
    match rows {
        LeafRows::All => {
            for (bins, gradient) in bins.iter().zip(gradients) {
                for (sums, bin) in sums.iter_mut().zip(bins) {
                    let sum = &mut sums[usize::from(*bin)];
                    *sum = sum.wrapping_add(*gradient);
                }
            }
        }
        LeafRows::Some(rows) => {
            for (row, gradient) in rows.iter().zip(gradients) {
                let bins = bins[*row as usize];
                for (sums, bin) in sums.iter_mut().zip(bins) {
                    let sum = &mut sums[usize::from(bin)];
                    *sum = sum.wrapping_add(*gradient);
                }
            }
        }
    }
}

/// Turns the histogram of a leaf into that of one child by taking away that of the other.
pub fn subtract(parent: &mut [Bins], child: &[Bins], features: &[Feature]) {
    for ((parent, child), feature) in parent.iter_mut().zip(child).zip(features) {
        for (parent, child) in parent[..feature.bins].iter_mut().zip(child) {
            *parent = parent.wrapping_sub(*child);
        }
    }
}

/// Which columns a tile holds.
pub fn tile_features(tile: usize, binned: &Binned) -> std::ops::Range<usize> {
    let first = tile * LANES;
    first..(first + LANES).min(binned.features.len())
}
