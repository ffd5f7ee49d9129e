//! Batch norm.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    sums,
};
use crate::ops::EPSILON;
use candle_core::{Result, Tensor};

/// `(x - mean) / deviation * scale + shift` by channel, for x [rows, ..] of vectors with a number for each channel. `known` are
/// mean and variance; without them they are those of the batch, of three to five launches. Backward three launches or two.
pub fn batch_norm(
    x: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    known: Option<(&Tensor, &Tensor)>,
) -> Result<Fused> {
    let (rows, channels) = (x.dim(0)?, scale.elem_count());
    let numbers = x.reshape(((), channels))?;
    let vectors = numbers.dim(0)?;
    let count = vectors * channels;
    let (sums, squares, divisor) = match known {
        Some((mean, variance)) => (mean.clone(), variance.clone(), 1.0),
        None => {
            let sums = sums::columns(&numbers)?;
            let squares = squared_distances(&numbers, &sums)?;
            (sums, squares, vectors as f32)
        }
    };
    let launch = Launch::new(
        "batch_norm",
        Grid::numbers(count),
        arguments![
            &numbers, &sums, &squares, scale, shift, count, channels, divisor, EPSILON
        ],
    )?;
    let (result, scale) = (launch.run((rows, count / rows))?, scale.clone());
    Ok(Fused::new(result, move |gradient, _| {
        let (grid, chunk) = Grid::columns(vectors, channels);
        let launch = Launch::new(
            "batch_norm_parameters_backward",
            grid,
            arguments![
                gradient, &numbers, &sums, &squares, vectors, channels, chunk, EPSILON
            ],
        )?;
        let by_parameters = sums::columns(&launch.run((grid.blocks[1], 2 * channels))?)?;
        let launch = Launch::new(
            "batch_norm_backward",
            Grid::numbers(count),
            arguments![
                gradient,
                &numbers,
                &sums,
                &squares,
                &scale,
                &by_parameters,
                count,
                channels,
                divisor,
                EPSILON
            ],
        )?;
        let (by_scale, by_shift) = (
            by_parameters.narrow(0, 0, channels)?,
            by_parameters.narrow(0, channels, channels)?,
        );
        Ok(Gradients::new(Some(launch.run(count)?), [by_scale, by_shift]))
    }))
}

/// Sums of the squared distances of a matrix' columns from their means, given their sums.
fn squared_distances(numbers: &Tensor, of: &Tensor) -> Result<Tensor> {
    let (rows, width) = numbers.dims2()?;
    let (grid, chunk) = Grid::columns(rows, width);
    let launch = Launch::new(
        "squared_distances",
        grid,
        arguments![numbers, of, rows, width, chunk],
    )?;
    sums::columns(&launch.run((grid.blocks[1], width))?)
}
