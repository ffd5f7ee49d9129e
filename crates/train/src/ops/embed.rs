//! The input of a model: numbers as they are, and behind them a learned vector or a one for each category.

use super::{contiguous, with_slice};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use serde::{Deserialize, Serialize};

/// How one column of categories enters a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "encoding", rename_all = "kebab-case")]
pub enum Slot {
    /// A learned vector for each value: `dimension` numbers at `offset + value * dimension` of the table.
    Embedding {
        /// Values, the bucket of unknown and missing ones (0) among them.
        values: usize,
        /// Numbers of a vector.
        dimension: usize,
        /// Where the vectors begin in the table.
        offset: usize,
    },
    /// A column of zeros and a one for each value.
    OneHot {
        /// Values, the bucket of unknown and missing ones (0) among them.
        values: usize,
    },
}

impl Slot {
    /// Columns that it adds to the input.
    pub fn width(self) -> usize {
        match self {
            Self::Embedding { dimension, .. } => dimension,
            Self::OneHot { values } => values,
        }
    }

    /// Values that it knows; a category is below it.
    pub fn values(self) -> usize {
        match self {
            Self::Embedding { values, .. } | Self::OneHot { values } => values,
        }
    }
}

/// Joins `numeric` [rows, n] f32 with the slots of `categories` [rows, slots] u32 to [rows, n + sum of widths]; `table`
/// [length] f32 holds the vectors of all embeddings one after the other.
pub fn embed(numeric: &Tensor, categories: &Tensor, table: &Tensor, slots: &[Slot]) -> Result<Tensor> {
    if slots.is_empty() {
        return Ok(numeric.clone());
    }
    if numeric.device().is_cpu() {
        let slots = slots.to_vec();
        return numeric.apply_op3(categories, table, Embed { slots });
    }
    embed_plain(numeric, categories, table, slots)
}

/// The same through candle's ops.
fn embed_plain(numeric: &Tensor, categories: &Tensor, table: &Tensor, slots: &[Slot]) -> Result<Tensor> {
    let mut parts = vec![numeric.clone()];
    for (column, slot) in slots.iter().enumerate() {
        let vectors = match *slot {
            Slot::Embedding {
                values,
                dimension,
                offset,
            } => table
                .narrow(0, offset, values * dimension)?
                .reshape((values, dimension))?,
            Slot::OneHot { values } => Tensor::eye(values, numeric.dtype(), numeric.device())?,
        };
        let rows = categories.narrow(1, column, 1)?.flatten_all()?.contiguous()?;
        parts.push(vectors.index_select(&rows, 0)?);
    }
    Tensor::cat(&parts, 1)
}

struct Embed {
    slots: Vec<Slot>,
}

impl CustomOp3 for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn cpu_fwd(
        &self,
        numeric: &CpuStorage,
        numeric_layout: &Layout,
        categories: &CpuStorage,
        categories_layout: &Layout,
        table: &CpuStorage,
        table_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, plain) = numeric_layout.shape().dims2()?;
        let numeric = contiguous::<f32>(numeric, numeric_layout)?;
        let categories = contiguous::<u32>(categories, categories_layout)?;
        let table = contiguous::<f32>(table, table_layout)?;
        if categories_layout.shape().dims2()? != (rows, self.slots.len()) {
            bail!(
                "embed: {categories_layout:?} doesn't fit {rows} rows of {} categories",
                self.slots.len()
            );
        }
        let width = plain + self.slots.iter().map(|slot| slot.width()).sum::<usize>();
        let mut out = Vec::with_capacity(rows * width);
        for (row, values) in categories.chunks_exact(self.slots.len()).enumerate() {
            out.extend_from_slice(&numeric[row * plain..(row + 1) * plain]);
            for (slot, value) in self.slots.iter().zip(values) {
                let value = *value as usize;
                if value >= slot.values() {
                    bail!("embed: category {value} of {}", slot.values());
                }
                match *slot {
                    Slot::Embedding {
                        dimension, offset, ..
                    } => {
                        let start = offset + value * dimension;
                        out.extend_from_slice(&table[start..start + dimension]);
                    }
                    Slot::OneHot { values } => {
                        let start = out.len();
                        out.resize(start + values, 0.0);
                        out[start + value] = 1.0;
                    }
                }
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, width))))
    }

    fn bwd(
        &self,
        numeric: &Tensor,
        categories: &Tensor,
        table: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let plain = numeric.dim(1)?;
        let width = gradient.dim(1)?;
        let gradient = gradient.contiguous()?;
        let for_table = with_slice::<f32, _>(&gradient, |gradient| {
            with_slice::<u32, _>(categories, |categories| {
                let mut out = vec![0.0; table.elem_count()];
                let rows = gradient.chunks_exact(width);
                for (gradient, values) in rows.zip(categories.chunks_exact(self.slots.len())) {
                    let mut start = plain;
                    for (slot, value) in self.slots.iter().zip(values) {
                        if let Slot::Embedding {
                            dimension, offset, ..
                        } = *slot
                        {
                            let vector = &mut out[offset + *value as usize * dimension..][..dimension];
                            for (sum, value) in vector.iter_mut().zip(&gradient[start..]) {
                                *sum += value;
                            }
                        }
                        start += slot.width();
                    }
                }
                Ok(out)
            })
        })?;
        let for_table = Tensor::from_vec(for_table, table.shape(), table.device())?;
        let for_numeric = match numeric.track_op() {
            true => Some(gradient.narrow(1, 0, plain)?.contiguous()?),
            false => None,
        };
        Ok((for_numeric, None, Some(for_table)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::{assert_close, normal_var};
    use candle_core::Device;

    #[test]
    fn agrees_with_candle_forward_and_gradient() -> Result<()> {
        let slots = [
            Slot::Embedding {
                values: 5,
                dimension: 3,
                offset: 0,
            },
            Slot::OneHot { values: 4 },
            Slot::Embedding {
                values: 2,
                dimension: 2,
                offset: 15,
            },
        ];
        for (rows, plain) in [(1, 0), (6, 4), (50, 1)] {
            let numeric = normal_var(&[rows, plain], 1)?;
            let table = normal_var(&[19], 2)?;
            let categories: Vec<u32> = (0..rows as u32)
                .flat_map(|row| [row % 5, row % 4, row % 2])
                .collect();
            let categories = Tensor::from_vec(categories, (rows, 3), &Device::Cpu)?;
            let fused = embed(&numeric, &categories, &table, &slots)?;
            let by_candle = embed_plain(&numeric, &categories, &table, &slots)?;
            assert_close(&fused, &by_candle, 0.0);
            let probe = normal_var(&[rows, plain + 9], 3)?.as_detached_tensor();
            let fused = (fused * &probe)?.sum_all()?.backward()?;
            let by_candle = (by_candle * &probe)?.sum_all()?.backward()?;
            for var in [&numeric, &table] {
                assert_close(
                    fused.get(var).expect("a gradient"),
                    by_candle.get(var).expect("a gradient"),
                    1e-5,
                );
            }
            assert!(
                fused
                    .get(&table)
                    .expect("a gradient")
                    .abs()?
                    .sum_all()?
                    .to_scalar::<f32>()?
                    > 0.0
            );
        }
        Ok(())
    }

    #[test]
    fn a_category_out_of_range_is_refused() -> Result<()> {
        let numeric = Tensor::zeros((1, 0), candle_core::DType::F32, &Device::Cpu)?;
        let categories = Tensor::new(&[[9u32]], &Device::Cpu)?;
        let table = Tensor::zeros(0, candle_core::DType::F32, &Device::Cpu)?;
        assert!(embed(&numeric, &categories, &table, &[Slot::OneHot { values: 4 }]).is_err());
        Ok(())
    }
}
