//! Encoded rows, and the batches that are gathered from them.

use crate::{error::Result, inputs::Examples, shuffle::Shuffle};
use aloft_nn::{network::Rows, rng::Random};

/// Rows as a model takes them: row-major numbers and categories.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Encoded {
    /// Rows.
    pub rows: usize,
    /// Numbers of a row.
    pub numeric_width: usize,
    /// Numbers, [rows, numeric_width].
    pub numeric: Vec<f32>,
    /// Categories of a row.
    pub category_width: usize,
    /// Categories, [rows, category_width]; 0 is the bucket of unknown and missing values.
    pub categories: Vec<u32>,
}

/// Some rows side by side; keeps its memory from batch to batch.
#[derive(Debug, Default)]
pub struct Batch {
    rows: usize,
    numeric: Vec<f32>,
    categories: Vec<u32>,
}

impl Batch {
    /// The numbers of all rows, to be changed in place.
    pub fn numbers_mut(&mut self) -> &mut [f32] {
        &mut self.numeric
    }

    /// Holds other rows, which `write` appends: their numbers and their categories.
    pub fn fill(&mut self, rows: usize, write: impl FnOnce(&mut Vec<f32>, &mut Vec<u32>)) {
        self.rows = rows;
        self.numeric.clear();
        self.categories.clear();
        write(&mut self.numeric, &mut self.categories);
    }

    /// The rows.
    pub fn rows(&self) -> Rows<'_> {
        Rows {
            rows: self.rows,
            numbers: &self.numeric,
            indices: &self.categories,
        }
    }
}

impl Encoded {
    /// The rows of these indices, in their order.
    pub fn select(&self, indices: &[u32]) -> Self {
        let mut batch = Batch::default();
        self.put_into(indices, &mut batch);
        Self {
            rows: batch.rows,
            numeric_width: self.numeric_width,
            numeric: batch.numeric,
            category_width: self.category_width,
            categories: batch.categories,
        }
    }

    /// Rows of these widths that lie anywhere, the rows of these indices in their order.
    pub fn gathered(
        rows: &dyn Examples,
        (numeric_width, category_width): (usize, usize),
        indices: &[u32],
    ) -> Result<Self> {
        let mut batch = Batch::default();
        rows.gather(indices, &mut batch)?;
        Ok(Self {
            rows: batch.rows,
            numeric_width,
            numeric: batch.numeric,
            category_width,
            categories: batch.categories,
        })
    }

    fn put_into(&self, indices: &[u32], batch: &mut Batch) {
        batch.fill(indices.len(), |numeric, categories| {
            gather(&self.numeric, self.numeric_width, indices, numeric);
            gather(&self.categories, self.category_width, indices, categories);
        });
    }

    /// The rows as trees take them.
    pub fn columns(&self) -> aloft_trees::rows::Rows<'_> {
        aloft_trees::rows::Rows {
            rows: self.rows,
            number_width: self.numeric_width,
            numbers: &self.numeric,
            category_width: self.category_width,
            categories: &self.categories,
        }
    }
}

impl Examples for Encoded {
    fn count(&self) -> usize {
        self.rows
    }

    fn row_bytes(&self) -> usize {
        4 * (self.numeric_width + self.category_width)
    }

    fn encoded(&self) -> Option<&Encoded> {
        Some(self)
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
        self.put_into(indices, batch);
        Ok(())
    }

    /// As if they were in a file, so that it makes no difference to a run how much memory a machine has.
    fn shuffle(&self, rows: &mut Vec<u32>, random: &mut Random) {
        Shuffle::new(self.row_bytes()).shuffle(rows, random);
    }
}

fn gather<T: Copy>(values: &[T], width: usize, indices: &[u32], out: &mut Vec<T>) {
    for &index in indices {
        let start = index as usize * width;
        out.extend_from_slice(&values[start..start + width]);
    }
}

/// Rows of a step when nothing is set: a thirty-second of the training part as a power of two, from 16 to 256, so that a
/// small table still has enough steps in an epoch.
pub fn batch_size(set: Option<usize>, train_rows: usize) -> usize {
    let rows = set.unwrap_or_else(|| (train_rows / 32).next_power_of_two().clamp(16, 256));
    rows.clamp(1, train_rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_gather_rows() {
        let encoded = Encoded {
            rows: 3,
            numeric_width: 2,
            numeric: vec![0.0, 1.0, 10.0, 11.0, 20.0, 21.0],
            category_width: 1,
            categories: vec![5, 6, 7],
        };
        let mut batch = Batch::default();
        for (indices, numeric, categories) in [
            (&[2, 0][..], &[20.0, 21.0, 0.0, 1.0][..], &[7, 5][..]),
            (&[1], &[10.0, 11.0], &[6]),
        ] {
            encoded.gather(indices, &mut batch).unwrap();
            let rows = batch.rows();
            assert_eq!(
                (rows.rows, rows.numbers, rows.indices),
                (indices.len(), numeric, categories)
            );
        }
        assert_eq!(encoded.row_bytes(), 12);
    }

    #[test]
    fn small_tables_take_small_batches() {
        assert_eq!(batch_size(None, 240), 16);
        assert_eq!(batch_size(None, 1000), 32);
        assert_eq!(batch_size(None, 300_000), 256);
        assert_eq!(batch_size(Some(512), 100), 100);
        assert_eq!(batch_size(None, 7), 7);
    }
}
