//! Losses: two launches forward, one backward.

use super::{
    launch::{Grid, Launch, arguments},
    tracked,
};
use crate::loss::{Loss, Targets};
use candle_core::{Result, Tensor, bail};

/// The loss as a scalar, of what came out [rows, ..].
pub fn loss(loss: &Loss, out: &Tensor, targets: Targets<'_>) -> Result<Tensor> {
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
    match (each, targets) {
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
            cross_entropy(out, &targets, weights, *classes, members, *smoothing, scale)
        }
        (each, Targets::Numbers(targets)) => {
            // In the order of kernels/loss.cu.
            let (kind, quantiles) = match each {
                Loss::BinaryCrossEntropy { .. } => (0, None),
                Loss::Squares { .. } => (1, None),
                Loss::Pinball { quantiles } => (2, Some(numbers(quantiles)?)),
                _ => bail!("classes have a cross-entropy, numbers the other losses"),
            };
            let of = Each {
                kind,
                width: each.width(),
                members,
                scale,
            };
            number_loss(out, numbers(targets)?, quantiles, of)
        }
        _ => bail!("classes have a cross-entropy, numbers the other losses"),
    }
}

fn cross_entropy(
    out: &Tensor,
    targets: &Tensor,
    weights: Option<Tensor>,
    classes: usize,
    members: usize,
    smoothing: f32,
    scale: f32,
) -> Result<Tensor> {
    let (logits, targets) = (out.detach(), targets.clone());
    let vectors = out.elem_count() / classes;
    let grid = Grid::vectors(vectors, classes);
    let launch = Launch::new(
        "cross_entropy",
        grid,
        arguments![
            &logits,
            &targets,
            weights.as_ref(),
            vectors,
            classes,
            members,
            smoothing,
            scale
        ],
    )?;
    tracked(total(&launch.run(vectors)?)?, [out], (), move |_, gradient| {
        let launch = Launch::new(
            "cross_entropy_backward",
            grid,
            arguments![
                gradient,
                &logits,
                &targets,
                weights.as_ref(),
                vectors,
                classes,
                members,
                smoothing,
                scale
            ],
        )?;
        Ok([Some(launch.run(vectors * classes)?)])
    })
}

/// A loss of each number by itself.
#[derive(Clone, Copy)]
struct Each {
    kind: usize,
    // Numbers of a row of targets, and how many rows come to each.
    width: usize,
    members: usize,
    scale: f32,
}

fn number_loss(out: &Tensor, targets: Tensor, quantiles: Option<Tensor>, of: Each) -> Result<Tensor> {
    let (numbers, count) = (out.detach(), out.elem_count());
    let grid = Grid::shares(count);
    let launch = Launch::new(
        "number_loss",
        grid,
        arguments![
            &numbers,
            &targets,
            quantiles.as_ref(),
            count,
            of.width,
            of.members,
            of.kind,
            of.scale
        ],
    )?;
    tracked(
        total(&launch.run(grid.blocks[0])?)?,
        [out],
        (),
        move |_, gradient| {
            let launch = Launch::new(
                "number_loss_backward",
                Grid::numbers(count),
                arguments![
                    gradient,
                    &numbers,
                    &targets,
                    quantiles.as_ref(),
                    count,
                    of.width,
                    of.members,
                    of.kind,
                    of.scale
                ],
            )?;
            Ok([Some(launch.run(count)?)])
        },
    )
}

/// The sum of all.
fn total(numbers: &Tensor) -> Result<Launch> {
    Launch::new("sum_all", Grid::one(), arguments![numbers, numbers.elem_count()])
}
