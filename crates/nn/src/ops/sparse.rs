//! Products with numbers that are mostly zeros, as the pixels of drawings and columns of one category each are: what would be
//! multiplied with nothing but zeros is left out. The sums are those of the whole product, in the same order; where a weight
//! isn't finite its product with zero is missing in them.

use super::{
    each_row::each_row,
    packed::{Packed, store},
};
use pulp::{Arch, Simd, WithSimd};

/// Rows of a tile: what is zero in all of them is left out.
const ROWS: usize = 6;

/// The left side of a product, `ROWS` of its rows together: their numbers at those places of the inner dimension where they
/// aren't all zero.
#[derive(Debug)]
pub struct Sparse {
    rows: usize,
    groups: Vec<Group>,
    numbers: Vec<[f32; ROWS]>,
    /// The places of these.
    places: Vec<u32>,
}

/// How many of the numbers belong to some rows.
#[derive(Debug)]
struct Group {
    numbers: usize,
}

impl Sparse {
    /// Whether half of a matrix of rows with `inner` numbers can be left out, going by its first rows.
    pub fn is_worth_it(matrix: &[f32], inner: usize) -> bool {
        let Some(first) = matrix.get(..ROWS * inner) else {
            return false;
        };
        let first = rows(first, inner);
        let zeros = (0..inner).filter(|place| first.iter().all(|row| row[*place] == 0.0));
        inner > 0 && 2 * zeros.count() >= inner
    }

    /// A matrix of rows with `inner` numbers, where that [is worth it](Self::is_worth_it).
    pub fn of_rows(matrix: &[f32], inner: usize) -> Option<Self> {
        if !Self::is_worth_it(matrix, inner) {
            return None;
        }
        let mut sparse = Self::new(matrix.len() / inner, matrix.len());
        for matrix in matrix.chunks(ROWS * inner) {
            let rows = rows(matrix, inner);
            sparse.add((0..inner).map(|place| rows.map(|row| row.get(place).copied().unwrap_or(0.0))));
        }
        Some(sparse)
    }

    /// The same for the columns of a matrix of rows with so many numbers, as rows: the matrix transposed.
    pub fn of_columns(matrix: &[f32], columns: usize) -> Option<Self> {
        let first = matrix.get(..ROWS * columns)?;
        let is_zero = |numbers: &&[f32]| numbers.iter().all(|number| *number == 0.0);
        let zeros = first.chunks(ROWS).filter(is_zero);
        if columns == 0 || 2 * zeros.count() < columns {
            return None;
        }
        let mut sparse = Self::new(columns, matrix.len());
        for column in (0..columns).step_by(ROWS) {
            let width = ROWS.min(columns - column);
            sparse.add(
                matrix
                    .chunks_exact(columns)
                    .map(|row| match row[column..].first_chunk() {
                        Some(numbers) => *numbers,
                        None => {
                            let mut numbers = [0.0; ROWS];
                            numbers[..width].copy_from_slice(&row[column..]);
                            numbers
                        }
                    }),
            );
        }
        Some(sparse)
    }

    fn new(rows: usize, numbers: usize) -> Self {
        let most = numbers / ROWS / 2;
        Self {
            rows,
            groups: Vec::with_capacity(rows.div_ceil(ROWS)),
            numbers: Vec::with_capacity(most),
            places: Vec::with_capacity(most),
        }
    }

    /// Adds the next rows, place by place.
    fn add(&mut self, places: impl Iterator<Item = [f32; ROWS]>) {
        let before = self.numbers.len();
        for (place, numbers) in places.enumerate() {
            if numbers != [0.0; ROWS] {
                self.numbers.push(numbers);
                self.places.push(place as u32);
            }
        }
        self.groups.push(Group {
            numbers: self.numbers.len() - before,
        });
    }

    /// `out = self * right`, or `out += self * right` when `accumulate`, on one thread.
    pub fn multiply(&self, out: &mut [f32], right: &Packed, accumulate: bool) {
        assert_eq!(out.len(), self.rows * right.columns(), "the result of a product");
        Arch::new().dispatch(Product {
            left: self,
            right,
            out,
            accumulate,
        });
    }
}

/// Some rows; those that there aren't are empty.
fn rows(matrix: &[f32], inner: usize) -> [&[f32]; ROWS] {
    let mut rows = matrix.chunks(inner.max(1));
    [(); ROWS].map(|()| rows.next().unwrap_or_default())
}

struct Product<'a> {
    left: &'a Sparse,
    right: &'a Packed,
    out: &'a mut [f32],
    accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.right.panel() / S::F32_LANES {
            4 => self.panels::<S, 4>(simd),
            _ => self.panels::<S, 2>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn panels<S: Simd, const V: usize>(self, simd: S) {
        let stride = self.right.columns();
        for (columns, panel) in self.right.panels() {
            let (panel, _) = S::as_simd_f32s(panel).0.as_chunks::<V>();
            let (mut numbers, mut places) = (&self.left.numbers[..], &self.left.places[..]);
            for (group, out) in self.left.groups.iter().zip(self.out.chunks_mut(ROWS * stride)) {
                let (now, later) = numbers.split_at(group.numbers);
                let (at, later_at) = places.split_at(group.numbers);
                (numbers, places) = (later, later_at);
                let mut sums = [[simd.splat_f32s(0.0); V]; ROWS];
                for (numbers, place) in now.iter().zip(at) {
                    let vectors = &panel[*place as usize];
                    for row in 0..ROWS {
                        let number = simd.splat_f32s(numbers[row]);
                        for vector in 0..V {
                            sums[row][vector] = simd.mul_add_f32s(number, vectors[vector], sums[row][vector]);
                        }
                    }
                }
                let rows = out.len() / stride;
                each_row!(row < ROWS, {
                    if row < rows {
                        let out = &mut out[row * stride..][columns.clone()];
                        store::<S, V>(simd, out, sums[row], self.accumulate);
                    }
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ops::{
            Factors, Sum,
            matmul::Matrix,
            transposed::{WeightGradient, add_transposed},
            windows::Windows,
        },
        rng::{Purpose, Random},
    };
    use proptest::prelude::*;

    /// Normal numbers, the rest of them in runs of zeros.
    fn drawing(random: &mut Random, count: usize, zeros: u32) -> Vec<f32> {
        let mut is_zero = false;
        let numbers = (0..count).map(|_| {
            if random.below(8) == 0 {
                is_zero = random.below(10) < zeros;
            }
            if is_zero { 0.0 } else { random.normal() }
        });
        numbers.collect()
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_whole_product(
            (rows, inner, columns) in (6..60usize, 1..90usize, 1..150usize), zeros in 5..10u32, accumulate: bool, seed: u64,
        ) {
            let mut random = Random::new(seed, Purpose::Order, 0);
            let mut left = drawing(&mut random, rows * inner, zeros);
            // So that there is something to leave out: the first rows decide.
            left[..ROWS * inner].fill(0.0);
            let right = drawing(&mut random, inner * columns, 0);
            let packed = Packed::new(Matrix::new(&right, inner, columns));
            let mut expected = drawing(&mut random, rows * columns, 0);
            let mut out = expected.clone();
            packed.multiply(&mut expected, Windows::matrix(&left, inner), accumulate, [&[]; 3]);
            Sparse::of_rows(&left, inner).unwrap().multiply(&mut out, &packed, accumulate);
            prop_assert_eq!(&out, &expected);

            // [inner, rows] times [rows, columns].
            let right = drawing(&mut random, rows * columns, 0);
            let mut expected = vec![0.0; inner * columns];
            let mut out = expected.clone();
            let mut sum = Sum { numbers: &mut expected, fresh: true };
            add_transposed(&mut sum, Windows::matrix(&left, inner), &right, Factors::F32);
            let packed = Packed::new(Matrix::new(&right, rows, columns));
            Sparse::of_columns(&left, inner).unwrap().multiply(&mut out, &packed, false);
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn gradients_of_weights_are_the_same_with_and_without_zeros(
            (rows, inputs, outputs) in (6..60usize, 1..90usize, 16..90usize), fresh: bool, parts in 1..4usize, seed: u64,
        ) {
            let mut random = Random::new(seed, Purpose::Order, 1);
            let mut x = drawing(&mut random, rows * inputs, 8);
            let gradient = drawing(&mut random, rows * outputs, 0);
            let before = drawing(&mut random, inputs * outputs, 0);
            let sums = |x: &[f32]| {
                let mut numbers = before.clone();
                let mut sum = Sum { numbers: &mut numbers, fresh };
                let mut weight = WeightGradient::new(&mut sum, [outputs, inputs], Factors::F32);
                let rows = rows.div_ceil(parts);
                for (gradient, x) in gradient.chunks(rows * outputs).zip(x.chunks(rows * inputs)) {
                    weight.add(gradient, x);
                }
                weight.finish();
                numbers
            };
            x[..ROWS * inputs].fill(0.0);
            let sparse = sums(&x);
            // A number so small that it changes nothing, but isn't zero.
            x[..ROWS * inputs].fill(1e-30);
            for (sparse, whole) in sparse.iter().zip(sums(&x)) {
                prop_assert!((sparse - whole).abs() <= 1e-4, "{sparse} and {whole}");
            }
        }
    }

    #[test]
    fn what_has_few_zeros_is_left_to_others() {
        let numbers: Vec<f32> = (0..600).map(|at| if at % 3 == 0 { 1.0 } else { 0.0 }).collect();
        // Two of three are zeros, but hardly anywhere in six rows or columns at once.
        assert!(Sparse::of_rows(&numbers, 50).is_none());
        assert!(Sparse::of_columns(&numbers, 50).is_none());
        // Fewer rows than a tile has.
        assert!(Sparse::of_rows(&[0.0; 100], 20).is_none());
        assert!(Sparse::of_rows(&[], 0).is_none() && Sparse::of_columns(&[], 0).is_none());
    }
}
