//! Losses: two launches for the loss and its gradient.

use super::launch::{Grid, Launch, arguments};
use crate::loss::{Loss, Targets};
use candle_core::{Result, Tensor, bail};

/// The loss of what came out [rows, ..], [1], and the gradient by it.
pub fn loss(loss: &Loss, out: &Tensor, targets: Targets<'_>) -> Result<(Tensor, Tensor)> {
    let (mut members, mut each) = (1, loss);
    while let Loss::Members {
        members: more,
        each: inner,
    } = each
    {
        (members, each) = (members * more, &**inner);
    }
    let scale = (1.0 / (loss.divisor(targets) * members as f64)) as f32;
    let numbers = |numbers: &[f32]| Tensor::from_slice(numbers, numbers.len(), out.device());
    let count = out.elem_count();
    let both = match (each, targets) {
        (
            Loss::CrossEntropy {
                classes,
                smoothing,
                weights,
            },
            Targets::Classes(targets),
        ) => {
            let targets = Tensor::from_slice(targets, targets.len(), out.device())?;
            let weights = match weights.is_empty() {
                true => None,
                false => Some(numbers(weights)?),
            };
            let (classes, vectors) = (*classes, count / classes);
            let arguments = arguments![
                out,
                &targets,
                weights.as_ref(),
                vectors,
                classes,
                members,
                *smoothing,
                scale
            ];
            Launch::new("cross_entropy", Grid::vectors(vectors, classes), arguments)?.run(count + vectors)?
        }
        (each, Targets::Numbers(targets)) => {
            // In the order of kernels/loss.cu.
            let (kind, quantiles) = match each {
                Loss::BinaryCrossEntropy { .. } => (0usize, None),
                Loss::Squares { .. } => (1, None),
                Loss::Pinball { quantiles } => (2, Some(numbers(quantiles)?)),
                _ => bail!("classes have a cross-entropy, numbers the other losses"),
            };
            let (grid, width) = (Grid::shares(count), each.width());
            let arguments = arguments![
                out,
                &numbers(targets)?,
                quantiles.as_ref(),
                count,
                width,
                members,
                kind,
                scale
            ];
            Launch::new("number_loss", grid, arguments)?.run(count + grid.blocks[0])?
        }
        _ => bail!("classes have a cross-entropy, numbers the other losses"),
    };
    let (gradient, losses) = (
        both.narrow(0, 0, count)?,
        both.narrow(0, count, both.dim(0)? - count)?,
    );
    let total = Launch::new("sum_all", Grid::one(), arguments![&losses, losses.elem_count()])?.run(1)?;
    Ok((total, gradient.reshape(out.shape())?))
}
