//! Dropout.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
};
use crate::ops::Mask;
use candle_core::{Result, Tensor};

/// Applies a mask, one launch each way.
pub fn dropout(x: &Tensor, mask: Mask) -> Result<Fused> {
    Ok(Fused::new(masked(x, mask)?, move |gradient, _| {
        Ok(Gradients::new(Some(masked(gradient, mask)?), []))
    }))
}

fn masked(x: &Tensor, mask: Mask) -> Result<Tensor> {
    let count = x.elem_count();
    let (first, second) = mask.keys;
    let arguments = arguments![x, count, first, second, mask.threshold, mask.scale];
    Launch::new("dropout", Grid::numbers(count), arguments)?.run(x.shape())
}
