//! Rows as trees take them.

/// Rows: numbers and categories side by side, each row-major. The features of a model are the numbers, then the
/// categories.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub number_width: usize,
    /// Numbers, [rows, number_width]; NaN is missing.
    pub numbers: &'a [f32],
    /// Categories of a row.
    pub category_width: usize,
    /// Codes of categories, [rows, category_width]. Codes from 1 to 255 are told apart, all others count as 0, the code of
    /// what is missing, unknown or rare; so the frequent values should have the low codes.
    pub categories: &'a [u32],
}

impl<'a> Rows<'a> {
    /// Features of a row.
    pub fn features(&self) -> usize {
        self.number_width + self.category_width
    }

    /// The numbers and the categories of a row.
    #[inline]
    pub fn row(&self, row: usize) -> (&'a [f32], &'a [u32]) {
        (
            &self.numbers[row * self.number_width..][..self.number_width],
            &self.categories[row * self.category_width..][..self.category_width],
        )
    }
}

/// The bin of a category, which is its code where that has one of its own.
#[inline]
pub(crate) fn category_bin(code: u32) -> u8 {
    u8::try_from(code).unwrap_or(0)
}
