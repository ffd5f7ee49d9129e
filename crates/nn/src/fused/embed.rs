//! Categories and tokens.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
};
use crate::ops::Slot;
use candle_core::{Result, Tensor};

/// What a row is made of: numbers [rows, own], of which there may be none, and behind them its categories' vectors in `table`, or
/// ones.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Numbers as they are.
    pub numbers: Option<&'a Tensor>,
    /// How many of them a row has.
    pub own: usize,
    /// Columns of categories.
    pub slots: &'a [Slot],
    /// All vectors one after the other; nothing where no slot has any.
    pub table: Option<&'a Tensor>,
    /// The categories, [rows, slots] u32.
    pub indices: &'a Tensor,
}

/// [rows, own + widths of the slots]: one launch each way.
pub fn embed(parts: &Parts<'_>) -> Result<Fused> {
    let Parts {
        own, slots, table, ..
    } = *parts;
    let rows = parts.indices.dim(0)?;
    // As kernels/embed.cu has them.
    let (mut places, mut width) = (Vec::new(), own);
    for slot in slots {
        let (dimension, offset) = match *slot {
            Slot::Embedding {
                dimension, offset, ..
            } => (dimension, offset),
            Slot::OneHot { .. } => (0, 0),
        };
        places.extend([width, slot.values(), dimension, offset].map(|number| number as u32));
        width += slot.width();
    }
    let places = Tensor::from_vec(places, 4 * slots.len(), parts.indices.device())?;
    let launch = Launch::new(
        "embed",
        Grid::numbers(rows * width),
        arguments![
            parts.numbers,
            table,
            parts.indices,
            &places,
            rows * width,
            width,
            own,
            slots.len()
        ],
    )?;
    let (indices, learned, slots) = (parts.indices.clone(), table.map(Tensor::elem_count), slots.len());
    Ok(Fused::new(launch.run((rows, width))?, move |gradient, needed| {
        let by_numbers = match needed && own > 0 {
            true => Some(gradient.narrow(1, 0, own)?.contiguous()?),
            false => None,
        };
        let by_table = match learned {
            Some(count) => {
                let arguments = arguments![gradient, &indices, &places, count, rows, width, slots];
                Some(Launch::new("embed_backward", Grid::numbers(count), arguments)?.run(count)?)
            }
            None => None,
        };
        Ok(Gradients {
            inputs: vec![by_numbers],
            parameters: vec![by_table],
        })
    }))
}

/// The vector of each token, [tokens, width], for a table [known tokens, width].
pub fn tokens(table: &Tensor, indices: &Tensor) -> Result<Fused> {
    let (values, dimension) = table.dims2()?;
    embed(&Parts {
        numbers: None,
        own: 0,
        slots: &[Slot::Embedding {
            values,
            dimension,
            offset: 0,
        }],
        table: Some(table),
        indices: &indices.reshape((indices.elem_count(), 1))?,
    })
}
