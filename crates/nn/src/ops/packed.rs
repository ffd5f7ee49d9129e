//! Products with a matrix that is used many times in a row, as a recurrent layer's weights are at each position: put into
//! the order of the loop once, where a general product would do it each time.

use super::{
    ahead::Ahead,
    each_row::each_row,
    matmul::{Matrix, MatrixMut},
    transpose::transpose,
    windows::{Starts, Windows},
};
use pulp::{Arch, Simd, WithSimd};
use std::{cell::Cell, ops::Range};

thread_local! {
    /// The memory of the last packed matrix: each step packs the same ones again.
    static SPACE: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Numbers of the left side that one panel after the other goes over: they stay in a core's second cache.
const BLOCK: usize = 32_768;

/// Rows of the matrix that are gone through between two parts of what is fetched ahead.
const PART: usize = 32;

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
        assert!(inner > 0, "a product over nothing");
        let panel = Arch::new().dispatch(Panel { columns });
        let mut numbers = SPACE.take();
        numbers.resize(inner * columns.next_multiple_of(panel), 0.0);
        for (index, packed) in numbers.chunks_exact_mut(inner * panel).enumerate() {
            let from = index * panel;
            let width = panel.min(columns - from);
            pack(packed, panel, matrix, from..from + width);
        }
        Self {
            numbers,
            inner,
            columns,
            panel,
        }
    }

    /// Rows of the matrix.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of a panel, those included that the last one is filled up with.
    pub fn panel(&self) -> usize {
        self.panel
    }

    /// The panels, row after row of each, and which columns are theirs.
    pub fn panels(&self) -> impl Iterator<Item = (Range<usize>, &[f32])> {
        let panels = self.numbers.chunks_exact(self.inner * self.panel).enumerate();
        panels.map(|(index, numbers)| {
            let from = index * self.panel;
            (from..self.columns.min(from + self.panel), numbers)
        })
    }

    /// `out = left * self`, or `out += left * self` when `accumulate`, on one thread. The rows of `out` lie one after the
    /// other without gaps. Meanwhile what is needed next is brought into the cache: a product waits for nothing, so that
    /// memory is idle.
    pub fn multiply(&self, out: &mut [f32], left: Windows<'_>, accumulate: bool, next: [&[f32]; 3]) {
        assert_eq!(out.len(), left.rows() * self.columns, "the result of a product");
        self.product(out, self.columns, left, accumulate, next);
    }

    /// The same where rows of the result are apart, but the numbers of each side by side.
    pub fn multiply_into(&self, out: MatrixMut<'_>, left: Windows<'_>, accumulate: bool) {
        assert_eq!(
            out.shape(),
            (left.rows(), self.columns),
            "the result of a product"
        );
        let Some((out, stride)) = out.by_rows() else {
            unreachable!("a result of rows")
        };
        self.product(out, stride, left, accumulate, [&[]; 3]);
    }

    fn product(
        &self,
        out: &mut [f32],
        stride: usize,
        left: Windows<'_>,
        accumulate: bool,
        next: [&[f32]; 3],
    ) {
        assert_eq!(left.inner(), self.inner, "inner dimensions of a product");
        if out.is_empty() {
            return;
        }
        Arch::new().dispatch(Product {
            right: self,
            left,
            out,
            stride,
            accumulate,
            next,
        });
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        // Where the thread is at its end, so is its memory.
        let numbers = std::mem::take(&mut self.numbers);
        let _ = SPACE.try_with(|space| space.set(numbers));
    }
}

/// Copies some columns of a matrix into a panel.
fn pack(packed: &mut [f32], panel: usize, matrix: Matrix<'_>, columns: Range<usize>) {
    let (inner, width) = (matrix.shape().0, columns.len());
    if let Some((numbers, stride)) = matrix.by_rows() {
        for (row, packed) in packed.chunks_exact_mut(panel).enumerate() {
            packed[..width].copy_from_slice(&numbers[row * stride + columns.start..][..width]);
        }
    } else if let Some((numbers, stride)) = matrix.transposed().by_rows() {
        transpose(
            packed,
            panel,
            &numbers[columns.start * stride..],
            stride,
            [width, inner],
        );
    } else {
        for (row, packed) in packed.chunks_exact_mut(panel).enumerate() {
            for (packed, column) in packed.iter_mut().zip(columns.clone()) {
                *packed = matrix.at(row, column);
            }
        }
    }
    if width < panel {
        for packed in packed.chunks_exact_mut(panel) {
            packed[width..].fill(0.0);
        }
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
    left: Windows<'a>,
    out: &'a mut [f32],
    // From row to row of the result.
    stride: usize,
    accumulate: bool,
    next: [&'a [f32]; 3],
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
        let mut begin = self.left.starts();
        let tiles = self.left.rows().div_ceil(R) * columns.div_ceil(panel);
        let parts = self.left.offsets().len() * self.left.length().div_ceil(PART);
        let mut ahead = Ahead::new(self.next, tiles * parts);
        let block = (BLOCK / inner).next_multiple_of(R);
        let mut later = self.left.rows();
        for out in self.out.chunks_mut(block * self.stride) {
            let mut starts = begin;
            let all = later.min(block);
            later -= all;
            for (columns, numbers) in self.right.panels() {
                starts = begin;
                let tile = Tile {
                    panel: S::as_simd_f32s(numbers).0,
                    left: self.left,
                    stride: self.stride,
                    columns,
                    accumulate: self.accumulate,
                };
                let (mut out, mut left) = (&mut out[..], all);
                while left > 0 {
                    // The last rows have tiles of their own height, so that no sum is for nothing.
                    let rows = if left >= R { R } else { left.min(6) };
                    left -= rows;
                    let (result, rest) = out.split_at_mut(out.len().min(rows * self.stride));
                    match rows {
                        1 => tile.write::<1, V>(simd, result, &mut starts, &mut ahead),
                        2 => tile.write::<2, V>(simd, result, &mut starts, &mut ahead),
                        3 => tile.write::<3, V>(simd, result, &mut starts, &mut ahead),
                        4 => tile.write::<4, V>(simd, result, &mut starts, &mut ahead),
                        5 => tile.write::<5, V>(simd, result, &mut starts, &mut ahead),
                        6 => tile.write::<6, V>(simd, result, &mut starts, &mut ahead),
                        _ => tile.write::<R, V>(simd, result, &mut starts, &mut ahead),
                    }
                    out = rest;
                }
            }
            begin = starts;
        }
    }
}

/// A panel of the right side, and what some rows at a time are multiplied with it.
struct Tile<'a, S: Simd> {
    panel: &'a [S::f32s],
    left: Windows<'a>,
    // Numbers of a row of the result, and those that are the panel's.
    stride: usize,
    columns: Range<usize>,
    accumulate: bool,
}

impl<S: Simd> Tile<'_, S> {
    #[inline(always)]
    fn write<const R: usize, const V: usize>(
        &self,
        simd: S,
        out: &mut [f32],
        starts: &mut Starts,
        ahead: &mut Ahead<'_>,
    ) {
        let (numbers, length) = (self.left.numbers(), self.left.length());
        // Loops and not `from_fn`, which may be called and not inlined, and a call empties the registers.
        let mut places = [0; R];
        for place in &mut places {
            *place = starts.next();
        }
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        for (panel, offset) in self.panel.chunks_exact(length * V).zip(self.left.offsets()) {
            let mut rows = [&numbers[..0]; R];
            for (row, place) in rows.iter_mut().zip(places) {
                *row = &numbers[place + offset..][..length];
            }
            let mut index = 0;
            for panel in panel.chunks(PART * V) {
                ahead.fetch_part();
                for vectors in panel.chunks_exact(V) {
                    for row in 0..R {
                        let number = simd.splat_f32s(rows[row][index]);
                        for vector in 0..V {
                            sums[row][vector] = simd.mul_add_f32s(number, vectors[vector], sums[row][vector]);
                        }
                    }
                    index += 1;
                }
            }
        }
        each_row!(row < R, {
            let out = &mut out[row * self.stride..][self.columns.clone()];
            store::<S, V>(simd, out, sums[row], self.accumulate);
        });
    }
}

/// Writes the sums of a row of a tile, or adds them. There may be fewer columns than sums: those of the last panel.
#[inline(always)]
pub fn store<S: Simd, const V: usize>(simd: S, out: &mut [f32], sums: [S::f32s; V], accumulate: bool) {
    if let Some(out) = S::as_mut_simd_f32s(out).0.first_chunk_mut::<V>() {
        for vector in 0..V {
            out[vector] = match accumulate {
                true => simd.add_f32s(out[vector], sums[vector]),
                false => sums[vector],
            };
        }
    } else {
        for (out, sum) in out.chunks_mut(S::F32_LANES).zip(sums) {
            let sum = match accumulate {
                true => simd.add_f32s(simd.partial_load_f32s(out), sum),
                false => sum,
            };
            simd.partial_store_f32s(out, sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::multiply;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_general_product(
            (rows, inner, columns) in (0..40usize, 1..40usize, 1..150usize), flip: bool, accumulate: bool, seed: u32,
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
            Packed::new(right).multiply(&mut out, Windows::matrix(&left, inner), accumulate, [&[]; 3]);
            for (out, expected) in out.iter().zip(&expected) {
                prop_assert!((out - expected).abs() < 1e-4, "{out} and {expected}");
            }
            // Rows apart, with numbers between them that stay.
            let stride = columns + 1 + seed as usize % 40;
            let mut apart = vec![7.0; rows * stride];
            let result = MatrixMut::strided(&mut apart, rows, columns, stride, 1);
            Packed::new(right).multiply_into(result, Windows::matrix(&left, inner), accumulate);
            let before = if accumulate { 7.0 } else { 0.0 };
            let mut plain = vec![before; rows * columns];
            let left = Matrix::new(&left, rows, inner);
            multiply(MatrixMut::new(&mut plain, rows, columns), left, right, accumulate);
            for (row, plain) in apart.chunks(stride).zip(plain.chunks(columns)) {
                prop_assert!(row[columns..].iter().all(|number| *number == 7.0));
                for (out, expected) in row.iter().zip(plain) {
                    prop_assert!((out - expected).abs() < 1e-4, "{out} and {expected}");
                }
            }
        }
    }

    #[test]
    fn more_rows_than_stay_in_the_cache_agree_too() {
        let (rows, inner, columns) = (BLOCK / 64 + 7, 64, 70);
        let numbers = |count: usize| -> Vec<f32> { (0..count).map(|i| (i % 17) as f32 - 8.0).collect() };
        let (left, right) = (numbers(rows * inner), numbers(inner * columns));
        let right = Matrix::new(&right, inner, columns);
        let (mut out, mut expected) = (vec![0.0; rows * columns], vec![0.0; rows * columns]);
        let result = MatrixMut::new(&mut expected, rows, columns);
        multiply(result, Matrix::new(&left, rows, inner), right, false);
        Packed::new(right).multiply(&mut out, Windows::matrix(&left, inner), false, [&[]; 3]);
        // Sums of small whole numbers have no rounding.
        assert_eq!(out, expected);
    }
}
