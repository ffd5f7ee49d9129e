//! Growing one tree leaf by leaf: the leaf whose split gains most is split next.

use crate::{
    binning::{Binned, Binning, LANES},
    gradients::{Gradient, Packed, pack},
    histogram::{Bins, Histogram, LeafRows, Pool, fill, subtract, tile_features},
    options::Options,
    partition::partition,
    split::{Finder, Leaf, Split, Test, UNBOUNDED, value},
    tree::{Node, Question, Tree},
};
use rayon::prelude::*;
use std::ops::Range;

/// Additions to histograms from which on threads share them.
const SHARED: usize = 100_000;

/// What trees are grown on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    pub options: &'a Options,
    pub binning: &'a Binning,
    pub binned: &'a Binned,
}

/// Grows trees; keeps its memory from tree to tree.
#[derive(Debug, Default)]
pub struct Grower {
    pool: Pool,
    packed: Vec<i64>,
    /// Rows, those of a leaf side by side.
    rows: Vec<u32>,
    room: Vec<u32>,
    /// The gradients of a leaf's rows, in their order.
    ordered: Vec<i64>,
}

/// A tree and which rows came to which leaf.
pub struct Grown {
    pub tree: Tree,
    /// Places in [`Grower::rows`], for each leaf.
    pub leaves: Vec<Range<usize>>,
}

/// A leaf that may still be split.
struct Open {
    places: Range<usize>,
    leaf: Leaf,
    depth: usize,
    split: Option<Split>,
    histogram: Option<Histogram>,
    /// The node above, and on which side.
    parent: Option<(usize, Side)>,
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Grower {
    /// The rows of a grown tree, by its leaves' places.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Grows a tree on the drawn rows with the drawn columns. `own_value` gives the value of a leaf by its rows where that
    /// doesn't follow from their gradients.
    pub fn grow(
        &mut self,
        ground: Ground<'_>,
        gradients: &[Gradient],
        drawn: &[u32],
        columns: &[u32],
        own_value: &(dyn Fn(&[u32]) -> Option<f64> + Sync),
    ) -> Grown {
        let Ground { options, binned, .. } = ground;
        self.packed.resize(binned.rows, 0);
        self.ordered.resize(drawn.len(), 0);
        self.room.resize(drawn.len(), 0);
        self.rows.clear();
        self.rows.extend_from_slice(drawn);
        let finder = Finder {
            options,
            scale: pack(gradients, drawn, &mut self.packed),
        };
        let mut used = vec![false; binned.features.len()];
        for column in columns {
            let feature = binned.features[*column as usize];
            // A column with one bin besides that of missing values can still be split by them.
            used[*column as usize] = feature.bins > 1;
        }
        let search = Search {
            finder,
            binned,
            used: &used,
        };
        let sum = drawn
            .iter()
            .map(|row| self.packed[*row as usize])
            .fold(0, i64::wrapping_add);
        let mut tree = Tree::default();
        let mut open = vec![Open {
            places: 0..drawn.len(),
            leaf: Leaf {
                sum: Packed(sum),
                rows: drawn.len(),
                bounds: UNBOUNDED,
            },
            depth: 0,
            split: None,
            histogram: None,
            parent: None,
        }];
        if may_split(&open[0], options) {
            let rows = match drawn.len() == binned.rows {
                true => LeafRows::All,
                false => LeafRows::Some(drawn),
            };
            let mut histogram = self.pool.take(binned.features.len());
            self.order(0..drawn.len());
            open[0].split = search
                .explore(
                    rows,
                    &self.ordered,
                    &mut histogram,
                    Some(&open[0].leaf),
                    None,
                    None,
                )
                .0;
            open[0].histogram = Some(histogram);
        }
        while open.len() < options.leaves {
            let Some((place, split)) = most_gain(&open) else {
                break;
            };
            self.split(&search, ground, &mut tree, &mut open, place, &split);
        }
        self.finish(tree, open, options, gradients, own_value)
    }

    /// Puts a node in the place of a leaf, and its two leaves below it.
    fn split(
        &mut self,
        search: &Search<'_>,
        ground: Ground<'_>,
        tree: &mut Tree,
        open: &mut Vec<Open>,
        place: usize,
        split: &Split,
    ) {
        let options = ground.options;
        let parent = &mut open[place];
        parent.split = None;
        let histogram = parent.histogram.take();
        let places = parent.places.clone();
        let left_rows = partition(
            ground.binned,
            split.feature,
            &split.test.sides(),
            &mut self.rows[places.clone()],
            &mut self.room[places.clone()],
        );
        let node = tree.nodes.len();
        tree.nodes.push(Node {
            question: question(ground.binning, split),
            left: 0,
            right: 0,
            gain: split.gain as f32,
        });
        link(tree, parent.parent, node as i32);
        let middle = places.start + left_rows;
        let child = |places: Range<usize>, sum: Packed, side: Side, bounds: (f64, f64)| Open {
            leaf: Leaf {
                sum,
                rows: places.len(),
                bounds,
            },
            places,
            depth: parent.depth + 1,
            split: None,
            histogram: None,
            parent: Some((node, side)),
        };
        let right_sum = parent.leaf.sum.minus(split.left);
        let (left_bounds, right_bounds) = search.bounds(&parent.leaf, split, right_sum);
        let mut left = child(places.start..middle, split.left, Side::Left, left_bounds);
        let mut right = child(middle..places.end, right_sum, Side::Right, right_bounds);
        let last = open.len() + 1 == options.leaves;
        match histogram {
            Some(mut whole) if !last && (may_split(&left, options) || may_split(&right, options)) => {
                let (small, large) = match left.places.len() <= right.places.len() {
                    true => (&mut left, &mut right),
                    false => (&mut right, &mut left),
                };
                let mut own = self.pool.take(ground.binned.features.len());
                self.order(small.places.clone());
                let (small_split, large_split) = search.explore(
                    LeafRows::Some(&self.rows[small.places.clone()]),
                    &self.ordered[..small.places.len()],
                    &mut own,
                    may_split(small, options).then_some(&small.leaf),
                    Some(&mut whole),
                    may_split(large, options).then_some(&large.leaf),
                );
                self.keep(small, small_split, own);
                self.keep(large, large_split, whole);
            }
            Some(whole) => self.pool.give(whole),
            None => {}
        }
        open[place] = left;
        open.push(right);
    }

    fn keep(&mut self, leaf: &mut Open, split: Option<Split>, histogram: Histogram) {
        leaf.split = split;
        match split {
            Some(_) => leaf.histogram = Some(histogram),
            None => self.pool.give(histogram),
        }
    }

    /// Lays the gradients of a leaf's rows side by side.
    fn order(&mut self, places: Range<usize>) {
        let packed = &self.packed;
        for (gradient, row) in self.ordered.iter_mut().zip(&self.rows[places]) {
            *gradient = packed[*row as usize];
        }
    }

    /// Gives the leaves their values.
    fn finish(
        &mut self,
        mut tree: Tree,
        open: Vec<Open>,
        options: &Options,
        gradients: &[Gradient],
        own_value: &(dyn Fn(&[u32]) -> Option<f64> + Sync),
    ) -> Grown {
        let rows = &self.rows;
        let leaf_value = |leaf: &Open| {
            let rows = &rows[leaf.places.clone()];
            let best = own_value(rows).unwrap_or_else(|| {
                let (mut first, mut second) = (0.0, 0.0);
                for row in rows {
                    let gradient = gradients[*row as usize];
                    first += f64::from(gradient[0]);
                    second += f64::from(gradient[1]);
                }
                value(options, first, second, options.l2)
            });
            options.learning_rate * best.clamp(leaf.leaf.bounds.0, leaf.leaf.bounds.1)
        };
        tree.leaves = match rows.len() < SHARED {
            true => open.iter().map(leaf_value).collect(),
            false => open.par_iter().map(leaf_value).collect(),
        };
        let mut leaves = Vec::new();
        for (index, leaf) in open.into_iter().enumerate() {
            link(&mut tree, leaf.parent, !(index as i32));
            tree.leaf_rows.push(leaf.places.len() as u32);
            if let Some(histogram) = leaf.histogram {
                self.pool.give(histogram);
            }
            leaves.push(leaf.places);
        }
        Grown { tree, leaves }
    }
}

fn link(tree: &mut Tree, parent: Option<(usize, Side)>, child: i32) {
    match parent {
        Some((node, Side::Left)) => tree.nodes[node].left = child,
        Some((node, Side::Right)) => tree.nodes[node].right = child,
        None => {}
    }
}

fn may_split(leaf: &Open, options: &Options) -> bool {
    (options.depth == 0 || leaf.depth < options.depth) && leaf.places.len() >= 2 * options.min_rows
}

/// The leaf whose split gains most, the first of equal ones.
fn most_gain(open: &[Open]) -> Option<(usize, Split)> {
    let mut best: Option<(usize, Split)> = None;
    for (place, leaf) in open.iter().enumerate() {
        if let Some(split) = leaf.split
            && best.is_none_or(|(_, best)| split.gain > best.gain)
        {
            best = Some((place, split));
        }
    }
    best
}

/// A split in terms of values instead of bins.
fn question(binning: &Binning, split: &Split) -> Question {
    let numbers = binning.edges.len();
    match split.test {
        Test::Below { bin, missing_left } => Question::Below {
            column: split.feature as u32,
            // Beyond the last edge lie all numbers that there are.
            threshold: binning.edges[split.feature]
                .get(usize::from(bin) - 1)
                .copied()
                .unwrap_or(f32::INFINITY),
            missing: missing_left,
        },
        Test::Among(set) => Question::Among {
            column: (split.feature - numbers) as u32,
            set,
        },
    }
}

struct Search<'a> {
    finder: Finder<'a>,
    binned: &'a Binned,
    used: &'a [bool],
}

/// A tile, its part of a leaf's histogram, and that of the leaf's parent.
type Job<'b> = (usize, &'b mut [Bins], Option<&'b mut [Bins]>);

/// The best splits of a leaf and of its sibling.
type Found = (Option<Split>, Option<Split>);

impl Search<'_> {
    /// Fills the histogram of a leaf, takes it away from its parent's, which so becomes that of its sibling, and finds the
    /// best split of each that is given.
    fn explore(
        &self,
        rows: LeafRows<'_>,
        gradients: &[i64],
        own: &mut Histogram,
        leaf: Option<&Leaf>,
        parent: Option<&mut Histogram>,
        sibling: Option<&Leaf>,
    ) -> Found {
        let tiles = own.chunks_mut(LANES).enumerate();
        let jobs: Vec<Job<'_>> = match parent {
            Some(parent) => tiles
                .zip(parent.chunks_mut(LANES))
                .map(|((tile, own), parent)| (tile, own, Some(parent)))
                .collect(),
            None => tiles.map(|(tile, own)| (tile, own, None)).collect(),
        };
        let work = |(tile, own, parent): Job<'_>| {
            let columns = tile_features(tile, self.binned);
            if !self.used[columns.clone()].contains(&true) {
                return (None, None);
            }
            let features = &self.binned.features[columns];
            fill(own, features, &self.binned.tiles[tile], rows, gradients);
            let best = |leaf: Option<&Leaf>, sums: &[Bins]| leaf.and_then(|leaf| self.best(leaf, tile, sums));
            let found = best(leaf, own);
            match parent {
                Some(parent) => {
                    subtract(parent, own, features);
                    (found, best(sibling, parent))
                }
                None => (found, None),
            }
        };
        let additions = gradients.len() * self.used.len() + self.binned.bins() * 8;
        let found: Vec<Found> = match additions < SHARED {
            true => jobs.into_iter().map(work).collect(),
            false => jobs.into_par_iter().map(work).collect(),
        };
        found.into_iter().fold((None, None), |best, found| {
            (better(best.0, found.0), better(best.1, found.1))
        })
    }

    /// The best split of a leaf by the columns of a tile.
    fn best(&self, leaf: &Leaf, tile: usize, sums: &[Bins]) -> Option<Split> {
        let columns = tile_features(tile, self.binned).zip(sums);
        columns
            .filter(|(column, _)| self.used[*column])
            .map(|(column, sums)| self.finder.best(leaf, column, self.binned.features[column], sums))
            .fold(None, better)
    }

    /// Between what the values of a split's sides may lie.
    fn bounds(&self, leaf: &Leaf, split: &Split, right: Packed) -> ((f64, f64), (f64, f64)) {
        let options = self.finder.options;
        let direction = match split.test {
            Test::Below { .. } => options.direction(split.feature),
            Test::Among(_) => 0,
        };
        let (low, high) = leaf.bounds;
        let value = |sum: Packed| {
            let (first, second) = self.finder.scale.unpack(sum);
            value(options, first, second, options.l2).clamp(low, high)
        };
        let middle = f64::midpoint(value(split.left), value(right));
        match direction {
            0 => (leaf.bounds, leaf.bounds),
            1.. => ((low, middle), (middle, high)),
            _ => ((middle, high), (low, middle)),
        }
    }
}

/// The one with more gain, the first of equal ones.
fn better(one: Option<Split>, other: Option<Split>) -> Option<Split> {
    match (one, other) {
        (Some(one), Some(other)) if other.gain > one.gain => Some(other),
        (None, other) => other,
        (one, _) => one,
    }
}
