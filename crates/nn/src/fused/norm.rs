//! Layer norm and root mean square norm.

use super::{
    launch::{Grid, Launch, arguments},
    sums, tracked,
};
use crate::ops::EPSILON;
use candle_core::{Result, Tensor};

/// `(x - mean) / deviation * scale + shift` of each vector as long as the scale; without a shift no mean is taken off. x is
/// [rows, ..], and so is the result. Forward one launch, backward two or three.
pub fn norm(x: &Tensor, scale: &Tensor, shift: Option<&Tensor>) -> Result<Tensor> {
    let (rows, width) = (x.dim(0)?, scale.elem_count());
    let numbers = x.detach().contiguous()?;
    let vectors = numbers.elem_count() / width;
    let grid = Grid::vectors(vectors, width);
    let launch = Launch::new(
        "vector_norm",
        grid,
        arguments![&numbers, scale, shift, vectors, width, EPSILON],
    )?;
    let (factors, centered) = (scale.detach(), shift.is_some());
    let backward = move |gradient: &Tensor| -> Result<[Option<Tensor>; 3]> {
        let launch = Launch::new(
            "vector_norm_backward",
            grid,
            arguments![
                gradient,
                &numbers,
                &factors,
                vectors,
                width,
                usize::from(centered),
                EPSILON
            ],
        )?;
        let both = launch.run(vectors * (width + 2))?;
        let by_x = both.narrow(0, 0, vectors * width)?;
        let known = both.narrow(0, vectors * width, vectors * 2)?;
        let (grid, chunk) = Grid::columns(vectors, width);
        let launch = Launch::new(
            "vector_norm_parameters_backward",
            grid,
            arguments![
                gradient,
                &numbers,
                &known,
                vectors,
                width,
                chunk,
                usize::from(centered)
            ],
        )?;
        let parameters = if centered { 2 } else { 1 };
        let sums = sums::columns(&launch.run((grid.blocks[1], parameters * width))?)?;
        let by_shift = match centered {
            true => Some(sums.narrow(0, width, width)?),
            false => None,
        };
        Ok([Some(by_x), Some(sums.narrow(0, 0, width)?), by_shift])
    };
    let shape = (rows, vectors * width / rows);
    match shift {
        Some(shift) => tracked(launch, [x, scale, shift], shape, move |_, gradient| {
            backward(gradient)
        }),
        None => tracked(launch, [x, scale], shape, move |_, gradient| {
            let [by_x, by_scale, _] = backward(gradient)?;
            Ok([by_x, by_scale])
        }),
    }
}
