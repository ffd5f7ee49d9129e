//! Matrix products on slices, through the `gemm` crate that candle uses too: of parts of matrices and transposed ones
//! without a copy, and adding to what is there, which candle's `matmul` can't.

use gemm::Parallelism;

/// A matrix within a slice: row-major, or the transpose of such a one.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

/// Whether the last number of such a matrix lies within `length` numbers.
fn fits(length: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> bool {
    rows == 0 || columns == 0 || (rows - 1) * row_stride + (columns - 1) * column_stride < length
}

impl<'a> Matrix<'a> {
    /// A matrix of `rows` x `columns` over as many numbers.
    pub fn new(numbers: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(numbers.len(), rows * columns, "a matrix of {rows} x {columns}");
        Self::strided(numbers, rows, columns, columns, 1)
    }

    /// A matrix whose number at (row, column) is `numbers[row * row_stride + column * column_stride]`.
    pub fn strided(
        numbers: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Self {
        assert!(
            fits(numbers.len(), rows, columns, row_stride, column_stride),
            "a matrix of {rows} x {columns} beyond its numbers"
        );
        Self {
            numbers,
            rows,
            columns,
            row_stride,
            column_stride,
        }
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The number at a place.
    pub fn at(&self, row: usize, column: usize) -> f32 {
        self.numbers[row * self.row_stride + column * self.column_stride]
    }

    /// The numbers, and how far it is from row to row, where those of a row lie side by side.
    pub fn by_rows(&self) -> Option<(&'a [f32], usize)> {
        (self.column_stride == 1).then_some((self.numbers, self.row_stride))
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

/// A matrix to write to.
#[derive(Debug)]
pub struct MatrixMut<'a> {
    numbers: &'a mut [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> MatrixMut<'a> {
    /// A matrix of `rows` x `columns` over as many numbers.
    pub fn new(numbers: &'a mut [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(numbers.len(), rows * columns, "a matrix of {rows} x {columns}");
        Self::strided(numbers, rows, columns, columns, 1)
    }

    /// A matrix whose number at (row, column) is `numbers[row * row_stride + column * column_stride]`, each at a place of
    /// its own.
    pub fn strided(
        numbers: &'a mut [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
        column_stride: usize,
    ) -> Self {
        assert!(
            fits(numbers.len(), rows, columns, row_stride, column_stride),
            "a matrix of {rows} x {columns} beyond its numbers"
        );
        let apart = row_stride >= columns * column_stride || column_stride >= rows * row_stride;
        assert!(
            apart && row_stride > 0 && column_stride > 0,
            "places that overlap"
        );
        Self {
            numbers,
            rows,
            columns,
            row_stride,
            column_stride,
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The numbers up to the last one, and how far it is from row to row, where those of a row lie side by side.
    pub fn by_rows(self) -> Option<(&'a mut [f32], usize)> {
        let end = match self.rows {
            0 => 0,
            rows => (rows - 1) * self.row_stride + self.columns,
        };
        (self.column_stride == 1).then(|| (&mut self.numbers[..end], self.row_stride))
    }
}

/// `out = left * right`, or `out += left * right` when `accumulate`, on one thread.
#[allow(unsafe_code)]
#[allow(
    clippy::needless_pass_by_value,
    reason = "a matrix to write to is made for one product"
)]
pub fn multiply(out: MatrixMut<'_>, left: Matrix<'_>, right: Matrix<'_>, accumulate: bool) {
    let (m, k, n) = (left.rows, left.columns, right.columns);
    assert_eq!(k, right.rows, "inner dimensions of a matrix product");
    assert_eq!((out.rows, out.columns), (m, n), "the result of a matrix product");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            for row in 0..m {
                for column in 0..n {
                    out.numbers[row * out.row_stride + column * out.column_stride] = 0.0;
                }
            }
        }
        return;
    }
    // SAFETY: gemm takes raw pointers with strides. Every matrix reaches no further than its slice, checked in `fits` when
    // it was made; the numbers of `out` are borrowed mutably and each has a place of its own, so nothing overlaps them.
    // The tests compare with plain sums for random shapes, transposed, in parts and not.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.numbers.as_mut_ptr(),
            out.column_stride as isize,
            out.row_stride as isize,
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
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_agree_with_plain_sums(
            (m, k, n) in (1..40usize, 0..40usize, 1..40usize),
            flip_left: bool, flip_right: bool, flip_out: bool, accumulate: bool, gap in 0..5usize, seed: u32,
        ) {
            let numbers = |count: usize, salt: u32| -> Vec<f32> {
                (0..count as u32)
                    .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed ^ salt) % 2000) as f32 / 1000.0 - 1.0)
                    .collect()
            };
            let (a, b) = (numbers(m.max(k) * (m.max(k) + gap), 1), numbers(k.max(n) * (k.max(n) + gap), 2));
            let part = |numbers, rows, columns| Matrix::strided(numbers, rows, columns, columns + gap, 1);
            let left = if flip_left { part(&a, k, m).transposed() } else { part(&a, m, k) };
            let right = if flip_right { part(&b, n, k).transposed() } else { part(&b, k, n) };
            let before = numbers(m.max(n) * (m.max(n) + gap), 3);
            let mut after = before.clone();
            let (row_stride, column_stride) = if flip_out { (1, m + gap) } else { (n + gap, 1) };
            multiply(MatrixMut::strided(&mut after, m, n, row_stride, column_stride), left, right, accumulate);
            let mut touched = vec![false; before.len()];
            for row in 0..m {
                for column in 0..n {
                    let sum: f64 = (0..k).map(|i| f64::from(left.at(row, i)) * f64::from(right.at(i, column))).sum();
                    let place = row * row_stride + column * column_stride;
                    touched[place] = true;
                    let start = if accumulate { f64::from(before[place]) } else { 0.0 };
                    prop_assert!((f64::from(after[place]) - start - sum).abs() < 1e-4);
                }
            }
            for place in 0..before.len() {
                prop_assert!(touched[place] || before[place] == after[place]);
            }
        }
    }

    #[test]
    #[should_panic(expected = "beyond its numbers")]
    fn a_matrix_beyond_its_numbers_is_refused() {
        Matrix::strided(&[0.0; 10], 2, 4, 7, 1);
    }
}
