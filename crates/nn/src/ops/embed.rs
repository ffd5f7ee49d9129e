//! The input of a model of tables: numbers as they are, and behind them a learned vector or a one for each category.

use super::{
    Backward, CandleContext, Forward, Op,
    lookup::{known, known_by_candle},
};
use crate::fused::{
    Fused,
    embed::{Parts, embed},
};
use candle_core::{Result, Tensor};
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

    /// Values that it knows.
    pub fn values(self) -> usize {
        match self {
            Self::Embedding { values, .. } | Self::OneHot { values } => values,
        }
    }

    /// Numbers of its vectors in the table.
    pub fn table_length(self) -> usize {
        match self {
            Self::Embedding {
                values, dimension, ..
            } => values * dimension,
            Self::OneHot { .. } => 0,
        }
    }

    /// Which of its values a number means: 0, the bucket of unknown ones, for one that it doesn't know.
    fn value(self, index: u32) -> usize {
        known(index, self.values())
    }
}

/// Joins numbers [rows, n] with the slots of the batch's categories [rows, slots] to [rows, n + sum of widths]; the
/// parameter [length] holds the vectors of all embeddings one after the other, and isn't there where no slot has one.
#[derive(Debug, Clone, Serialize)]
pub struct Embed {
    /// Columns of numbers.
    pub numbers: usize,
    /// Columns of categories.
    pub slots: Vec<Slot>,
}

impl Embed {
    /// Columns of the result.
    pub fn width(&self) -> usize {
        self.numbers + self.slots.iter().map(|slot| slot.width()).sum::<usize>()
    }
}

impl Op for Embed {
    fn name(&self) -> &'static str {
        "embed"
    }

    fn work(&self) -> usize {
        self.width()
    }

    fn forward(&self, call: Forward<'_>) {
        let table = call.parameters.first().copied().unwrap_or_default();
        let rows = call.out.chunks_exact_mut(self.width());
        for (row, out) in rows.enumerate() {
            let (numbers, mut rest) = out.split_at_mut(self.numbers);
            numbers.copy_from_slice(&call.inputs[0][row * self.numbers..][..self.numbers]);
            let values = &call.context.indices[row * self.slots.len()..][..self.slots.len()];
            for (slot, value) in self.slots.iter().zip(values) {
                let value = slot.value(*value);
                let (out, next) = rest.split_at_mut(slot.width());
                rest = next;
                match *slot {
                    Slot::Embedding {
                        dimension, offset, ..
                    } => out.copy_from_slice(&table[offset + value * dimension..][..dimension]),
                    Slot::OneHot { .. } => {
                        out.fill(0.0);
                        out[value] = 1.0;
                    }
                }
            }
        }
    }

    fn backward(&self, call: Backward<'_>) {
        if let Some(sum) = &mut call.for_inputs[0] {
            let to = sum.to_add().chunks_exact_mut(self.numbers.max(1));
            for (to, gradient) in to.zip(call.gradient.chunks_exact(self.width())) {
                super::vector::add(to, &gradient[..self.numbers]);
            }
        }
        let Some(Some(sum)) = call.for_parameters.first_mut() else {
            return;
        };
        let table = sum.to_add();
        let rows = call.gradient.chunks_exact(self.width());
        for (gradient, values) in rows.zip(call.context.indices.chunks_exact(self.slots.len())) {
            let mut start = self.numbers;
            for (slot, value) in self.slots.iter().zip(values) {
                if let Slot::Embedding {
                    dimension, offset, ..
                } = *slot
                {
                    let vector = &mut table[offset + slot.value(*value) * dimension..][..dimension];
                    for (sum, gradient) in vector.iter_mut().zip(&gradient[start..]) {
                        *sum += gradient;
                    }
                }
                start += slot.width();
            }
        }
    }

    fn by_candle(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        context: &CandleContext<'_>,
    ) -> Result<Tensor> {
        let numbers = &inputs[0];
        let mut parts = Vec::new();
        if self.numbers > 0 {
            parts.push(numbers.reshape(((), self.numbers))?);
        }
        for (column, slot) in self.slots.iter().enumerate() {
            let vectors = match (*slot, parameters.first()) {
                (
                    Slot::Embedding {
                        values,
                        dimension,
                        offset,
                    },
                    Some(table),
                ) => table
                    .narrow(0, offset, values * dimension)?
                    .reshape((values, dimension))?,
                _ => Tensor::eye(slot.values(), numbers.dtype(), numbers.device())?,
            };
            let rows = context
                .indices
                .narrow(1, column, 1)?
                .flatten_all()?
                .contiguous()?;
            parts.push(vectors.index_select(&known_by_candle(&rows, slot.values())?, 0)?);
        }
        Tensor::cat(&parts, 1)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        embed(&Parts {
            numbers: Some(&inputs[0]),
            own: self.numbers,
            slots: &self.slots,
            table: parameters.first(),
            indices: context.indices,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn agrees_with_candle(rows in 1..30usize, numbers in 1..5usize, seed: u64) {
            let slots = vec![
                Slot::Embedding { values: 5, dimension: 3, offset: 0 },
                Slot::OneHot { values: 4 },
                Slot::Embedding { values: 2, dimension: 2, offset: 15 },
            ];
            let embed = Embed { numbers, slots };
            let width = embed.width();
            Case::new(rows, seed).input(&[numbers]).indices(3, 6).parameter(&[19]).agrees(embed, &[width]);
            let embed = Embed { numbers, slots: vec![Slot::OneHot { values: 4 }; 2] };
            let width = embed.width();
            Case::new(rows, seed).input(&[numbers]).indices(2, 4).agrees(embed, &[width]);
        }
    }
}
