//! What matrix products multiply.

use super::half;

/// To what the numbers are rounded that matrix products multiply. They are added up in f32 either way, and all other numbers
/// stay as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Factors {
    /// To nothing.
    #[default]
    F32,
    /// To bf16, 8 bits of each number, in products that are large enough to gain by it: mixed precision (Micikevicius et al.,
    /// 2018; Kalamkar et al., 2019).
    Bf16,
}

impl Factors {
    /// Whether this processor multiplies such numbers faster than those of f32.
    pub fn are_fast(self) -> bool {
        match self {
            Self::F32 => true,
            Self::Bf16 => half::has_instructions(),
        }
    }

    /// Those of products with a matrix [inner, columns]. With fewer numbers, rounding takes longer than is saved (measured with
    /// 64 rows; with 16 less is gained, with 8 nothing).
    pub fn of_right(self, [inner, columns]: [usize; 2]) -> Self {
        match inner >= 16 && columns >= 32 && inner * columns >= 1024 {
            true => self,
            false => Self::F32,
        }
    }

    /// Those of a sum over so many rows of products of two vectors, which both are rounded: of `inner` numbers in runs of
    /// `length`, and of so many columns. Measured likewise.
    pub fn of_transposed(self, rows: usize, [inner, length]: [usize; 2], columns: usize) -> Self {
        match rows >= 16 && length >= 32 && columns >= 32 && inner * columns >= 2048 {
            true => self,
            false => Self::F32,
        }
    }
}
