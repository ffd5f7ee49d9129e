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

    /// Those of a product: so many sums in a row of the result, each over so many products.
    pub fn of_product(self, [inner, columns]: [usize; 2]) -> Self {
        // Below, rounding and filling up take longer than is saved; measured with products of 64 rows.
        match inner >= 16 && columns >= 32 {
            true => self,
            false => Self::F32,
        }
    }
}
