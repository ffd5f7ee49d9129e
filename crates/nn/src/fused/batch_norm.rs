//! Batch norm.

use super::{
    launch::{Grid, Launch, arguments},
    sums, tracked,
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
) -> Result<Tensor> {
    let (rows, channels) = (x.dim(0)?, scale.elem_count());
    let numbers = x.detach().reshape(((), channels))?;
    let vectors = numbers.dim(0)?;
    let count = vectors * channels;
    let (sums, squares, divisor) = match known {
        Some((mean, variance)) => (mean.detach(), variance.detach(), 1.0),
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
    let factors = scale.detach();
    tracked(
        launch,
        [x, scale, shift],
        (rows, count / rows),
        move |_, gradient| {
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
                    &factors,
                    &by_parameters,
                    count,
                    channels,
                    divisor,
                    EPSILON
                ],
            )?;
            Ok([
                Some(launch.run(count)?),
                Some(by_parameters.narrow(0, 0, channels)?),
                Some(by_parameters.narrow(0, channels, channels)?),
            ])
        },
    )
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
