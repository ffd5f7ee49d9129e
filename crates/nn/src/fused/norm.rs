//! Layer norm and root mean square norm.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    sums,
};
use crate::ops::EPSILON;
use candle_core::{Result, Tensor};

/// `(x - mean) / deviation * scale + shift` of each vector as long as the scale; without a shift no mean is taken off. x is
/// [rows, ..]. Forward one launch, backward two or three.
pub fn norm(x: &Tensor, scale: &Tensor, shift: Option<&Tensor>) -> Result<Fused> {
    let (rows, width) = (x.dim(0)?, scale.elem_count());
    let vectors = x.elem_count() / width;
    let grid = Grid::vectors(vectors, width);
    let launch = Launch::new(
        "vector_norm",
        grid,
        arguments![x, scale, shift, vectors, width, EPSILON],
    )?;
    let result = launch.run((rows, vectors * width / rows))?;
    let (x, scale, centered) = (x.clone(), scale.clone(), shift.is_some());
    Ok(Fused::new(result, move |gradient, _| {
        let launch = Launch::new(
            "vector_norm_backward",
            grid,
            arguments![
                gradient,
                &x,
                &scale,
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
            arguments![gradient, &x, &known, vectors, width, chunk, usize::from(centered)],
        )?;
        Ok(match centered {
            true => {
                let sums = sums::columns(&launch.run((grid.blocks[1], 2 * width))?)?;
                let (by_scale, by_shift) = (sums.narrow(0, 0, width)?, sums.narrow(0, width, width)?);
                Gradients::new(Some(by_x), [by_scale, by_shift])
            }
            false => {
                let by_scale = sums::columns(&launch.run((grid.blocks[1], width))?)?;
                Gradients::new(Some(by_x), [by_scale])
            }
        })
    }))
}
