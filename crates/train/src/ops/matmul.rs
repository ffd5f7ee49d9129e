//! Matrix products on slices, through the `gemm` crate that candle uses too: with threads chosen by size, and adding to
//! what is there, which candle's `matmul` can't.

use gemm::Parallelism;

/// Multiply-adds below which a second thread costs more than it brings (measured: waking rayon's workers takes about as
/// long as a million of them).
const PARALLEL_FROM: usize = 4_000_000;

/// A row-major matrix, or the transpose of one.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix of `rows` x `columns` over as many numbers.
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(numbers.len(), rows * columns, "a matrix of {rows} x {columns}");
        Self {
            numbers,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The same numbers with rows and columns exchanged; nothing is copied.
    pub fn transposed(self) -> Self {
        Self {
            numbers: self.numbers,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// `out = left * right`, or `out += left * right` when `accumulate`; `out` is row-major.
///
/// The result doesn't depend on the number of threads: they divide rows and columns, never a sum.
#[allow(unsafe_code)]
pub fn multiply(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>, accumulate: bool) {
    let (m, k, n) = (left.rows, left.columns, right.columns);
    assert_eq!(k, right.rows, "inner dimensions of a matrix product");
    assert_eq!(out.len(), m * n, "the result of a matrix product");
    if k == 0 && !accumulate {
        out.fill(0.0);
    }
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    let threads = match m * n * k {
        0..PARALLEL_FROM => Parallelism::None,
        _ => Parallelism::Rayon(candle_core::utils::get_num_threads()),
    };
    // SAFETY: gemm takes raw pointers with strides. Each matrix is a slice of exactly rows * columns numbers, checked
    // above and in `Matrix::new`, with strides that reach no further; `out` is borrowed mutably, so nothing overlaps it.
    // The tests compare with plain sums for random shapes, transposed or not.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            accumulate,
            left.numbers.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.numbers.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element(matrix: &Matrix<'_>, row: usize, column: usize) -> f64 {
        f64::from(matrix.numbers[row * matrix.row_stride + column * matrix.column_stride])
    }

    proptest! {
        #[test]
        fn products_agree_with_plain_sums(
            (m, k, n) in (1..40usize, 1..40usize, 1..40usize),
            flip_left: bool, flip_right: bool, accumulate: bool, seed: u32,
        ) {
            let numbers = |count: usize, salt: u32| -> Vec<f32> {
                (0..count as u32)
                    .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed ^ salt) % 2000) as f32 / 1000.0 - 1.0)
                    .collect()
            };
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            let left = if flip_left { Matrix::new(&a, k, m).transposed() } else { Matrix::new(&a, m, k) };
            let right = if flip_right { Matrix::new(&b, n, k).transposed() } else { Matrix::new(&b, k, n) };
            let before = numbers(m * n, 3);
            let mut out = before.clone();
            multiply(&mut out, left, right, accumulate);
            for row in 0..m {
                for column in 0..n {
                    let sum: f64 = (0..k).map(|i| element(&left, row, i) * element(&right, i, column)).sum();
                    let start = if accumulate { f64::from(before[row * n + column]) } else { 0.0 };
                    prop_assert!((f64::from(out[row * n + column]) - start - sum).abs() < 1e-4);
                }
            }
        }
    }
}
