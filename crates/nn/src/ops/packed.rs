//! Products with a matrix that is used many times in a row, as a recurrent layer's weights are at each position: put into
//! the order of the loop once, where a general product would do it each time.

use super::matmul::Matrix;
use pulp::{Arch, Simd, WithSimd};

/// Vectors of a tile's row: as many as its sums fill the registers with. AVX-512 has 32 for 6 rows of 4 or 12 rows of 2 sums,
/// the vectors of the matrix and one number; AVX2 has 16 for 6 rows of 2.
const fn vectors(lanes: usize, columns: usize) -> usize {
    if lanes >= 16 && columns > 2 * lanes { 4 } else { 2 }
}

/// A matrix [inner, columns] in panels as wide as a tile, filled up with zeros.
#[derive(Debug)]
pub struct Packed {
    numbers: Vec<f32>,
    inner: usize,
    columns: usize,
    panel: usize,
}

impl Packed {
    /// The matrix in this machine's order.
    pub fn new(matrix: Matrix<'_>) -> Self {
        let (inner, columns) = matrix.shape();
        let panel = Arch::new().dispatch(Panel { columns });
        let mut numbers = vec![0.0; inner * columns.next_multiple_of(panel)];
        for (index, packed) in numbers.chunks_exact_mut((inner * panel).max(1)).enumerate() {
            let from = index * panel;
            let width = panel.min(columns - from);
            for (row, packed) in packed.chunks_exact_mut(panel).enumerate() {
                for (column, number) in packed[..width].iter_mut().enumerate() {
                    *number = matrix.at(row, from + column);
                }
            }
        }
        Self {
            numbers,
            inner,
            columns,
            panel,
        }
    }

    /// `out = left * self`, or `out += left * self` when `accumulate`, on one thread. The rows of both lie one after the
    /// other without gaps.
    pub fn multiply(&self, out: &mut [f32], left: &[f32], accumulate: bool) {
        let rows = out.len() / self.columns.max(1);
        assert_eq!(out.len(), rows * self.columns, "the result of a product");
        assert_eq!(left.len(), rows * self.inner, "the left side of a product");
        if self.inner == 0 || rows == 0 {
            if !accumulate {
                out.fill(0.0);
            }
            return;
        }
        Arch::new().dispatch(Product {
            right: self,
            left,
            out,
            accumulate,
        });
    }
}

/// Asks how many columns a panel has on this machine.
struct Panel {
    columns: usize,
}

impl WithSimd for Panel {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES * vectors(S::F32_LANES, self.columns)
    }
}

struct Product<'a> {
    right: &'a Packed,
    left: &'a [f32],
    out: &'a mut [f32],
    accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match (S::F32_LANES, vectors(S::F32_LANES, self.right.columns)) {
            (_, 4) => self.panels::<S, 6, 4>(simd),
            (16.., _) => self.panels::<S, 12, 2>(simd),
            _ => self.panels::<S, 6, 2>(simd),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn panels<S: Simd, const R: usize, const V: usize>(self, simd: S) {
        let Packed {
            inner,
            columns,
            panel,
            ..
        } = *self.right;
        for (index, numbers) in self.right.numbers.chunks_exact(inner * panel).enumerate() {
            let from = index * panel;
            let to = columns.min(from + panel);
            let panel = S::as_simd_f32s(numbers).0;
            let (mut left, mut out) = (self.left, &mut self.out[..]);
            while !left.is_empty() {
                let rows = left.len() / inner;
                // The last rows have tiles of their own height, so that no sum is for nothing.
                let rows = if rows >= R { R } else { rows.min(6) };
                let (tile, later) = left.split_at(rows * inner);
                let (result, rest) = std::mem::take(&mut out).split_at_mut(rows * columns);
                let tile = Tile {
                    panel,
                    left: tile,
                    inner,
                    accumulate: self.accumulate,
                };
                match rows {
                    1 => tile.write::<1, V>(simd, result, columns, from..to),
                    2 => tile.write::<2, V>(simd, result, columns, from..to),
                    3 => tile.write::<3, V>(simd, result, columns, from..to),
                    4 => tile.write::<4, V>(simd, result, columns, from..to),
                    5 => tile.write::<5, V>(simd, result, columns, from..to),
                    6 => tile.write::<6, V>(simd, result, columns, from..to),
                    _ => tile.write::<R, V>(simd, result, columns, from..to),
                }
                (left, out) = (later, rest);
            }
        }
    }
}

/// Some rows of the left side and a panel of the right one.
struct Tile<'a, S: Simd> {
    panel: &'a [S::f32s],
    left: &'a [f32],
    inner: usize,
    accumulate: bool,
}

impl<S: Simd> Tile<'_, S> {
    #[inline(always)]
    fn write<const R: usize, const V: usize>(
        self,
        simd: S,
        out: &mut [f32],
        stride: usize,
        columns: std::ops::Range<usize>,
    ) {
        let rows: [&[f32]; R] = std::array::from_fn(|row| &self.left[row * self.inner..][..self.inner]);
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (index, vectors) in self.panel.chunks_exact(V).take(self.inner).enumerate() {
            for row in 0..R {
                let number = simd.splat_f32s(rows[row][index]);
                for vector in 0..V {
                    sums[row][vector] = simd.mul_add_f32s(number, vectors[vector], sums[row][vector]);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let out = &mut out[row * stride..][columns.clone()];
            for (out, sum) in out.chunks_mut(S::F32_LANES).zip(sums) {
                match S::as_mut_simd_f32s(out).0 {
                    [whole] if self.accumulate => *whole = simd.add_f32s(*whole, sum),
                    [whole] => *whole = sum,
                    // The last columns: fewer than a vector has.
                    _ => {
                        let sum = match self.accumulate {
                            true => simd.add_f32s(simd.partial_load_f32s(out), sum),
                            false => sum,
                        };
                        simd.partial_store_f32s(out, sum);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::{MatrixMut, multiply};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_general_product(
            (rows, inner, columns) in (0..40usize, 0..40usize, 1..150usize), flip: bool, accumulate: bool, seed: u32,
        ) {
            let numbers = |count: usize, salt: u32| -> Vec<f32> {
                (0..count as u32)
                    .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed ^ salt) % 2000) as f32 / 1000.0 - 1.0)
                    .collect()
            };
            let (left, right) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
            let right = match flip {
                true => Matrix::new(&right, columns, inner).transposed(),
                false => Matrix::new(&right, inner, columns),
            };
            let mut expected = numbers(rows * columns, 3);
            let mut out = expected.clone();
            let result = MatrixMut::new(&mut expected, rows, columns);
            multiply(result, Matrix::new(&left, rows, inner), right, accumulate);
            Packed::new(right).multiply(&mut out, &left, accumulate);
            for (out, expected) in out.iter().zip(&expected) {
                prop_assert!((out - expected).abs() < 1e-4, "{out} and {expected}");
            }
        }
    }
}
