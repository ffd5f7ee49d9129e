//! Encoded rows, and the batches that are gathered from them.

use candle_core::{Device, Result, Tensor};

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

/// Some rows as tensors on a device.
#[derive(Debug)]
pub struct Batch {
    /// [rows, n] f32.
    pub numeric: Tensor,
    /// [rows, k] u32.
    pub categories: Tensor,
}

impl Encoded {
    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        4 * (self.numeric_width + self.category_width)
    }

    /// The rows of these indices, in their order, in one contiguous buffer each.
    pub fn batch(&self, indices: &[u32], device: &Device) -> Result<Batch> {
        self.padded_batch(indices, indices.len(), device)
    }

    /// The same followed by rows of zeros up to `rows` in all.
    pub fn padded_batch(&self, indices: &[u32], rows: usize, device: &Device) -> Result<Batch> {
        let numeric = gather(&self.numeric, self.numeric_width, indices, rows);
        let categories = gather(&self.categories, self.category_width, indices, rows);
        Ok(Batch {
            numeric: Tensor::from_vec(numeric, (rows, self.numeric_width), device)?,
            categories: Tensor::from_vec(categories, (rows, self.category_width), device)?,
        })
    }
}

fn gather<T: Copy + Default>(values: &[T], width: usize, indices: &[u32], rows: usize) -> Vec<T> {
    let mut out = Vec::with_capacity(rows * width);
    for &index in indices {
        let start = index as usize * width;
        out.extend_from_slice(&values[start..start + width]);
    }
    out.resize(rows * width, T::default());
    out
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
    fn batches_gather_rows_and_pad() -> Result<()> {
        let encoded = Encoded {
            rows: 3,
            numeric_width: 2,
            numeric: vec![0.0, 1.0, 10.0, 11.0, 20.0, 21.0],
            category_width: 1,
            categories: vec![5, 6, 7],
        };
        let batch = encoded.padded_batch(&[2, 0], 3, &Device::Cpu)?;
        assert_eq!(
            batch.numeric.to_vec2::<f32>()?,
            [[20.0, 21.0], [0.0, 1.0], [0.0, 0.0]]
        );
        assert_eq!(batch.categories.to_vec2::<u32>()?, [[7], [5], [0]]);
        assert_eq!(encoded.row_bytes(), 12);
        Ok(())
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
