//! Rows as numbers alone, each category a zero-or-one column.

use super::Preprocessing;
use crate::{batch::Encoded, error::Result};
use polars::prelude::DataFrame;

impl Preprocessing {
    /// Numbers of a row.
    pub fn spread_width(&self) -> usize {
        self.numeric_width() + self.category_values().iter().sum::<usize>()
    }

    /// Turns all rows of a frame into numbers.
    ///
    /// # Errors
    /// Those of [`Preprocessing::encode`].
    pub fn spread(&self, frame: &DataFrame) -> Result<Encoded> {
        let values = self.category_values();
        let encoded = self.encode(frame)?;
        let (rows, width) = (frame.height(), self.spread_width());
        let mut numeric = vec![0.0; rows * width];
        for (row, out) in numeric.chunks_exact_mut(width.max(1)).enumerate() {
            let (numbers, mut rest) = out.split_at_mut(encoded.numeric_width);
            numbers.copy_from_slice(&encoded.numeric[row * encoded.numeric_width..][..encoded.numeric_width]);
            let categories = &encoded.categories[row * encoded.category_width..][..encoded.category_width];
            for (value, count) in categories.iter().zip(&values) {
                let (columns, next) = rest.split_at_mut(*count);
                columns[*value as usize] = 1.0;
                rest = next;
            }
        }
        Ok(Encoded {
            rows,
            numeric_width: width,
            numeric,
            ..Encoded::default()
        })
    }
}
