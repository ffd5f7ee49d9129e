//! What ops look up by whole numbers: one that isn't known counts as 0.

use candle_core::{Result, Tensor};

/// The index, of so many that there are.
pub fn known(index: u32, count: usize) -> usize {
    match index as usize {
        index if index < count => index,
        _ => 0,
    }
}

/// The same of many by candle, in one dimension.
pub fn known_by_candle(indices: &Tensor, count: usize) -> Result<Tensor> {
    let known = indices.lt(count as u32)?.to_dtype(indices.dtype())?;
    (indices * known)?.flatten_all()
}
