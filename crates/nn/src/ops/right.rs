//! The right side of a product, in the order of the loop that it is multiplied by.

use super::{
    factors::Factors,
    half::Panels,
    matmul::{Matrix, MatrixMut},
    packed::Packed,
    windows::Windows,
};

/// A matrix [inner, columns] that is multiplied with many rows.
#[derive(Debug)]
pub enum Right {
    /// As it is.
    Single(Packed),
    /// Rounded to bf16.
    Half(Panels),
}

impl Right {
    /// The matrix in this machine's order.
    pub fn new(matrix: Matrix<'_>, factors: Factors) -> Self {
        match factors.of_right(matrix.shape().into()) {
            Factors::F32 => Self::Single(Packed::new(matrix)),
            Factors::Bf16 => Self::Half(Panels::new(matrix)),
        }
    }

    /// Rows of the matrix.
    pub fn inner(&self) -> usize {
        match self {
            Self::Single(right) => right.inner(),
            Self::Half(right) => right.inner(),
        }
    }

    /// `out = left * self`, or `out += left * self` when `accumulate`, on one thread. The rows of `out` lie one after the
    /// other without gaps.
    pub fn multiply(&self, out: &mut [f32], left: Windows<'_>, accumulate: bool) {
        self.multiply_ahead(out, left, accumulate, [&[]; 3]);
    }

    /// The same, and meanwhile what is needed next is brought into the cache.
    pub fn multiply_ahead(&self, out: &mut [f32], left: Windows<'_>, accumulate: bool, next: [&[f32]; 3]) {
        match self {
            Self::Single(right) => right.multiply(out, left, accumulate, next),
            Self::Half(right) => {
                let out = MatrixMut::new(out, left.rows(), right.columns());
                right.multiply(out, left, accumulate, next);
            }
        }
    }

    /// The same where rows of the result are apart, but the numbers of each side by side.
    pub fn multiply_into(&self, out: MatrixMut<'_>, left: Windows<'_>, accumulate: bool) {
        match self {
            Self::Single(right) => right.multiply_into(out, left, accumulate),
            Self::Half(right) => right.multiply(out, left, accumulate, [&[]; 3]),
        }
    }
}
