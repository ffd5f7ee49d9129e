//! Products with a transposed left side, as gradients of weights are: each number of a window times each of a result's
//! gradient, summed over all windows. Both sides are read where they are.

use super::windows::Windows;
use pulp::{Arch, Simd, WithSimd};

/// `out += left^T * right` on one thread: for `left` [rows, inner] and `right` [rows, columns], `out` is [inner, columns].
pub fn add_transposed(out: &mut [f32], left: Windows<'_>, right: &[f32]) {
    if out.is_empty() || right.is_empty() {
        return;
    }
    let columns = out.len() / left.inner();
    assert_eq!(out.len(), left.inner() * columns, "the result of a product");
    assert_eq!(right.len(), left.rows() * columns, "the right side of a product");
    Arch::new().dispatch(Product {
        left,
        right,
        out,
        columns,
    });
}

struct Product<'a> {
    left: Windows<'a>,
    right: &'a [f32],
    out: &'a mut [f32],
    columns: usize,
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
            self.last_columns(from);
        }
    }
}

impl Product<'_> {
    /// All rows of so many vectors of columns.
    #[inline(always)]
    fn columns<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, from: usize) {
        let length = self.left.length();
        for (run, &offset) in self.left.offsets().iter().enumerate() {
            let mut place = 0;
            while place < length {
                let (inner, start) = (run * length + place, offset + place);
                match length - place {
                    1 => self.tile::<S, 1, V>(simd, inner, start, from),
                    2 => self.tile::<S, 2, V>(simd, inner, start, from),
                    3 => self.tile::<S, 3, V>(simd, inner, start, from),
                    4 => self.tile::<S, 4, V>(simd, inner, start, from),
                    5 => self.tile::<S, 5, V>(simd, inner, start, from),
                    _ => self.tile::<S, R, V>(simd, inner, start, from),
                }
                place += R;
            }
        }
    }

    /// `R` rows of the result from `inner` on, which lie at `offset` from the start of a window.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(
        &mut self,
        simd: S,
        inner: usize,
        offset: usize,
        from: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        let mut starts = self.left.starts();
        let numbers = &self.left.numbers()[offset..];
        for right in self.right.chunks_exact(self.columns) {
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
            let out = &mut self.out[(inner + row) * self.columns + from..][..V * S::F32_LANES];
            for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums) {
                *out = simd.add_f32s(*out, sum);
            }
        }
    }

    /// The columns that don't fill a vector.
    #[inline(always)]
    fn last_columns(&mut self, from: usize) {
        let mut starts = self.left.starts();
        for right in self.right.chunks_exact(self.columns) {
            let start = starts.next();
            let mut out = self.out.chunks_exact_mut(self.columns);
            for offset in self.left.offsets() {
                for number in &self.left.numbers()[start + offset..][..self.left.length()] {
                    let Some(out) = out.next() else { return };
                    for (out, right) in out[from..].iter_mut().zip(&right[from..]) {
                        *out += number * right;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::matmul::{Matrix, MatrixMut, multiply};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_the_general_product(
            (rows, inner, columns) in (0..40usize, 1..40usize, 1..150usize), seed: u32,
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
            add_transposed(&mut out, Windows::matrix(&left, inner), &right);
            for (out, expected) in out.iter().zip(&expected) {
                prop_assert!((out - expected).abs() < 1e-4, "{out} and {expected}");
            }
        }
    }
}
