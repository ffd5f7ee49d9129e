//! Products with a transposed left side, as gradients of weights are: each number of a row times each of a result's
//! gradient, summed over all rows. Both sides are read where they are.

use super::{
    Factors, Sum, half,
    matmul::{Matrix, MatrixMut},
    packed::Packed,
    sparse::Sparse,
    transpose::transpose,
    windows::Windows,
};
use pulp::{Arch, Simd, WithSimd};

/// Rows that are gone through again and again at a time: those of the right side, as wide as a tile, stay in a core's
/// first cache.
const ROWS: usize = 96;
/// Outputs below which most of a packed tile would be zeros.
const SPARSE_OUTPUTS: usize = 16;

/// The gradient of a weight [outputs, inputs] that is added up part by part of the rows, each while it is in the cache.
#[derive(Debug)]
pub struct WeightGradient<'a, 'b> {
    sum: &'a mut Sum<'b>,
    shape: [usize; 2],
    // The right side is read in whole lines, of the left one a few numbers of each; so the wider one is right, and what is
    // added up is [inputs, outputs] where that is the gradient.
    turned: Option<Vec<f32>>,
    fresh: bool,
    factors: Factors,
}

impl<'a, 'b> WeightGradient<'a, 'b> {
    /// One to which nothing is added yet.
    pub fn new(sum: &'a mut Sum<'b>, [outputs, inputs]: [usize; 2], factors: Factors) -> Self {
        Self {
            sum,
            shape: [outputs, inputs],
            turned: (inputs < outputs).then(|| vec![0.0; outputs * inputs]),
            fresh: true,
            factors,
        }
    }

    /// Adds `gradient^T * x` for `gradient` [rows, outputs] and `x` [rows, inputs].
    pub fn add(&mut self, gradient: &[f32], x: &[f32]) {
        let [outputs, inputs] = self.shape;
        // Whether it is turned is up to the first part.
        let may_turn = self.fresh || self.turned.is_some();
        let sparse = match outputs >= SPARSE_OUTPUTS && may_turn {
            true => Sparse::of_columns(x, inputs),
            false => None,
        };
        if sparse.is_some() && self.turned.is_none() {
            self.turned = Some(vec![0.0; outputs * inputs]);
        }
        match (&mut self.turned, sparse) {
            (Some(numbers), Some(x)) => {
                let gradient = Packed::new(Matrix::new(gradient, gradient.len() / outputs, outputs));
                x.multiply(numbers, &gradient, !self.fresh);
                self.fresh = false;
            }
            (Some(numbers), None) => {
                let mut sum = Sum {
                    numbers,
                    fresh: self.fresh,
                };
                add_in_blocks(&mut sum, [x, gradient], [inputs, outputs], self.factors);
                self.fresh = sum.fresh;
            }
            (None, _) => {
                add_in_blocks(self.sum, [gradient, x], [outputs, inputs], self.factors);
                self.fresh = false;
            }
        }
    }

    /// Hands the sum over.
    pub fn finish(self) {
        match self.turned {
            Some(turned) => add_turned(self.sum, &turned, self.shape),
            // Nothing may have been added, but what is there must be zeros.
            None if self.sum.fresh => self.sum.numbers.fill(0.0),
            None => {}
        }
        self.sum.fresh = false;
    }
}

/// Adds a matrix [inputs, outputs] to one of [outputs, inputs].
pub fn add_turned(sum: &mut Sum<'_>, turned: &[f32], [outputs, inputs]: [usize; 2]) {
    if sum.fresh {
        transpose(sum.numbers, inputs, turned, outputs, [inputs, outputs]);
        sum.fresh = false;
    } else {
        let mut numbers = vec![0.0; turned.len()];
        transpose(&mut numbers, inputs, turned, outputs, [inputs, outputs]);
        sum.add(&numbers);
    }
}

/// [`add_transposed`], so many rows at a time that they stay in the cache.
fn add_in_blocks(
    sum: &mut Sum<'_>,
    [left, right]: [&[f32]; 2],
    [inner, columns]: [usize; 2],
    factors: Factors,
) {
    if inner == 0 || columns == 0 {
        return;
    }
    for (left, right) in left.chunks(ROWS * inner).zip(right.chunks(ROWS * columns)) {
        add_transposed(sum, Windows::matrix(left, inner), right, factors);
    }
}

/// Adds `left^T * right` on one thread: for `left` [rows, inner] and `right` [rows, columns] the sum is [inner, columns].
pub fn add_transposed(sum: &mut Sum<'_>, left: Windows<'_>, right: &[f32], factors: Factors) {
    if sum.numbers.is_empty() || right.is_empty() {
        return;
    }
    let columns = sum.numbers.len() / left.inner();
    let right = Matrix::new(right, left.rows(), columns);
    multiply_transposed(
        MatrixMut::new(sum.numbers, left.inner(), columns),
        left,
        right,
        !sum.fresh,
        factors,
    );
    sum.fresh = false;
}

/// `out = left^T * right`, or `out += left^T * right` when `accumulate`, on one thread: for `left` [rows, inner] and `right`
/// [rows, columns] it is [inner, columns]. Numbers of a row lie side by side.
pub fn multiply_transposed(
    out: MatrixMut<'_>,
    left: Windows<'_>,
    right: Matrix<'_>,
    accumulate: bool,
    factors: Factors,
) {
    let (rows, columns) = right.shape();
    if factors.of_transposed(rows, [left.inner(), left.length()], columns) == Factors::Bf16 {
        return half::multiply_transposed(out, left, right, accumulate);
    }
    assert_eq!(rows, left.rows(), "the rows of a product");
    assert_eq!(out.shape(), (left.inner(), columns), "the result of a product");
    let (Some((out, out_stride)), Some((right, stride))) = (out.by_rows(), right.by_rows()) else {
        unreachable!("matrices of rows")
    };
    if out.is_empty() || (rows == 0 && accumulate) {
        return;
    }
    let end = if rows == 0 {
        0
    } else {
        (rows - 1) * stride + columns
    };
    Arch::new().dispatch(Product {
        left,
        right: &right[..end],
        stride,
        out,
        out_stride,
        columns,
        accumulate,
    });
}

struct Product<'a> {
    left: Windows<'a>,
    right: &'a [f32],
    // From row to row of the right side and of the result.
    stride: usize,
    out: &'a mut [f32],
    out_stride: usize,
    columns: usize,
    accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = S::F32_LANES;
        let mut from = 0;
        // As many sums as the registers hold: AVX-512 has 32 and AVX2 has 16.
        while self.columns - from >= 4 * lanes && lanes >= 16 {
            self.columns::<S, 6, 4>(simd, from);
            from += 4 * lanes;
        }
        while self.columns - from >= 2 * lanes {
            self.columns::<S, 6, 2>(simd, from);
            from += 2 * lanes;
        }
        while self.columns - from >= lanes {
            self.columns::<S, 6, 1>(simd, from);
            from += lanes;
        }
        if from < self.columns {
            self.columns::<S, 6, 0>(simd, from);
        }
    }
}

impl Product<'_> {
    /// All rows of so many vectors of columns; of those that don't fill a vector for 0.
    #[inline(always)]
    fn columns<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, from: usize) {
        let length = self.left.length();
        for (run, &offset) in self.left.offsets().iter().enumerate() {
            let mut place = 0;
            while place < length {
                let (inner, start) = (run * length + place, offset + place);
                match length - place {
                    1 => self.rows::<S, 1, V>(simd, inner, start, from),
                    2 => self.rows::<S, 2, V>(simd, inner, start, from),
                    3 => self.rows::<S, 3, V>(simd, inner, start, from),
                    4 => self.rows::<S, 4, V>(simd, inner, start, from),
                    5 => self.rows::<S, 5, V>(simd, inner, start, from),
                    _ => self.rows::<S, R, V>(simd, inner, start, from),
                }
                place += R;
            }
        }
    }

    /// `R` rows of the result from `inner` on, which lie at `offset` from the start of a window.
    #[inline(always)]
    fn rows<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        inner: usize,
        offset: usize,
        from: usize,
    ) {
        if V == 0 {
            return self.last_columns::<S, R>(simd, inner, offset, from);
        }
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        let mut starts = self.left.starts();
        let numbers = &self.left.numbers()[offset..];
        for right in self.right.chunks(self.stride) {
            let vectors = S::as_simd_f32s(&right[from..from + V * S::F32_LANES]).0;
            let numbers = &numbers[starts.next()..][..R];
            for row in 0..R {
                let number = simd.splat_f32s(numbers[row]);
                for vector in 0..V {
                    sums[row][vector] = simd.mul_add_f32s(number, vectors[vector], sums[row][vector]);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            let out = &mut self.out[(inner + row) * self.out_stride + from..][..V * S::F32_LANES];
            for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums) {
                *out = match self.accumulate {
                    true => simd.add_f32s(*out, sum),
                    false => sum,
                };
            }
        }
    }

    /// The same for the columns that don't fill a vector.
    #[inline(always)]
    fn last_columns<S: Simd, const R: usize>(&mut self, simd: S, inner: usize, offset: usize, from: usize) {
        let mut sums = [simd.splat_f32s(0.0); R];
        let mut starts = self.left.starts();
        let numbers = &self.left.numbers()[offset..];
        for right in self.right.chunks(self.stride) {
            let vector = simd.partial_load_f32s(&right[from..self.columns]);
            let numbers = &numbers[starts.next()..][..R];
            for row in 0..R {
                sums[row] = simd.mul_add_f32s(simd.splat_f32s(numbers[row]), vector, sums[row]);
            }
        }
        for (row, sum) in sums.into_iter().enumerate() {
            let out = &mut self.out[(inner + row) * self.out_stride..][from..self.columns];
            let sum = match self.accumulate {
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
            (rows, inner, columns) in (0..220usize, 1..40usize, 1..150usize), seed: u32,
        ) {
            let numbers = |count: usize, salt: u32| -> Vec<f32> {
                (0..count as u32)
                    .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed ^ salt) % 2000) as f32 / 1000.0 - 1.0)
                    .collect()
            };
            let (left, right) = (numbers(rows * inner, 1), numbers(rows * columns, 2));
            let mut expected = numbers(inner * columns, 3);
            let mut out = expected.clone();
            let left_matrix = Matrix::new(&left, rows, inner).transposed();
            let result = MatrixMut::new(&mut expected, inner, columns);
            multiply(result, left_matrix, Matrix::new(&right, rows, columns), true);
            let mut sum = Sum { numbers: &mut out, fresh: false };
            add_transposed(&mut sum, Windows::matrix(&left, inner), &right, Factors::F32);
            for (out, expected) in out.iter().zip(&expected) {
                prop_assert!((out - expected).abs() < 2e-4, "{out} and {expected}");
            }
            let fresh: bool = seed % 2 == 0;
            let mut numbers = expected.clone();
            multiply(
                MatrixMut::new(&mut expected, inner, columns),
                left_matrix,
                Matrix::new(&right, rows, columns),
                !fresh,
            );
            let mut sum = Sum { numbers: &mut numbers, fresh };
            let mut weight = WeightGradient::new(&mut sum, [inner, columns], Factors::F32);
            let (left, right) = (left.split_at(rows / 3 * inner), right.split_at(rows / 3 * columns));
            weight.add(left.0, right.0);
            weight.add(left.1, right.1);
            weight.finish();
            for (out, expected) in numbers.iter().zip(&expected) {
                prop_assert!((out - expected).abs() < 2e-4, "{out} and {expected}");
            }
        }
    }
}
