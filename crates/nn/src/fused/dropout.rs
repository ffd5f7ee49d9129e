//! Dropout.

use super::{
    launch::{Grid, Launch, arguments},
    tracked,
};
use crate::ops::Mask;
use candle_core::{Result, Tensor};

/// Applies a mask, one launch each way.
pub fn dropout(x: &Tensor, mask: Mask) -> Result<Tensor> {
    let launch = masked(x, mask)?;
    tracked(launch, [x], x.shape(), move |_, gradient| {
        Ok([Some(masked(gradient, mask)?.run(gradient.shape())?)])
    })
}

fn masked(x: &Tensor, mask: Mask) -> Result<Launch> {
    let count = x.elem_count();
    let (first, second) = mask.keys;
    let arguments = arguments![x, count, first, second, mask.threshold, mask.scale];
    Launch::new("dropout", Grid::numbers(count), arguments)
}
