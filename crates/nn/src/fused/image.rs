//! Convolutions and pooling of images.

use super::{
    Fused, Gradients,
    launch::{Grid, Launch, arguments},
    linear::linear,
};
use crate::ops::{Convolution, Image, Pool, PoolKind};
use candle_core::{Result, Tensor};

/// What [`Convolution`] says, of x [rows, ..]: one launch before the linear map of the windows, and one after its way back. The
/// windows are a matrix in memory, as many times the image as a window has pixels.
pub fn convolution(op: &Convolution, x: &Tensor, filters: &Tensor, bias: &Tensor) -> Result<Fused> {
    let (op, rows, result) = (*op, x.dim(0)?, op.result());
    let window = op.kernel[0] * op.kernel[1] * op.image.channels;
    let count = rows * result.height * result.width * window;
    let windows = launch(&op, "windows", x, count)?.run((rows, count / rows))?;
    let made = linear(
        &windows,
        &filters.reshape((op.filters, window))?,
        bias,
        op.activation,
    )?;
    Ok(Fused::new(made.result, move |gradient, needed| {
        let Gradients { inputs, parameters } = (made.backward)(gradient, needed)?;
        let by_x = match inputs.into_iter().next().flatten() {
            Some(by_windows) => {
                let count = rows * op.image.size();
                Some(launch(&op, "windows_backward", &by_windows, count)?.run(count)?)
            }
            None => None,
        };
        Ok(Gradients {
            inputs: vec![by_x],
            parameters,
        })
    }))
}

/// A kernel from images to their windows, or back.
fn launch(op: &Convolution, kernel: &'static str, numbers: &Tensor, count: usize) -> Result<Launch> {
    let (image, result) = (op.image, op.result());
    let [above, _, left, _] = op.padding;
    let [height, width] = op.kernel;
    Launch::new(
        kernel,
        Grid::numbers(count),
        arguments![
            numbers,
            count,
            image.height,
            image.width,
            image.channels,
            result.height,
            result.width,
            height,
            width,
            op.stride,
            op.dilation,
            above,
            left
        ],
    )
}

/// What [`Pool`] says, of x [rows, ..], one launch each way.
pub fn pool(op: &Pool, x: &Tensor) -> Result<Fused> {
    let (image, rows, average) = (op.image, x.dim(0)?, usize::from(op.kind == PoolKind::Average));
    let Image {
        height,
        width,
        channels,
    } = op.result();
    let (kernel, stride) = (op.kernel, op.stride);
    let count = rows * op.result().size();
    let launch = Launch::new(
        "pool",
        Grid::numbers(count),
        arguments![
            x,
            count,
            image.height,
            image.width,
            channels,
            height,
            width,
            kernel,
            stride,
            average
        ],
    )?;
    let (result, x) = (launch.run((rows, count / rows))?, x.clone());
    let kept = result.clone();
    Ok(Fused::new(result, move |gradient, _| {
        let count = rows * image.size();
        let launch = Launch::new(
            "pool_backward",
            Grid::numbers(count),
            arguments![
                gradient,
                &x,
                &kept,
                count,
                image.height,
                image.width,
                channels,
                height,
                width,
                kernel,
                stride,
                average
            ],
        )?;
        Ok(Gradients::new(Some(launch.run(count)?), []))
    }))
}
