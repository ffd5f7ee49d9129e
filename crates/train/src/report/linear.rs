//! A linear model as a base line: ridge regression, or logistic regression with the same penalty, as scikit-learn's `Ridge`
//! (alpha 1) and `LogisticRegression` (C 1) have it. Exact, so that a model that isn't better than it really isn't.

use super::minimize::{End, minimize};
use crate::{batch::Encoded, evaluate::Outputs, evaluate::softmax, task::Task};
use aloft_nn::ridge::{factorize, substitute};
use rayon::prelude::*;

/// Where the search for the minimum of the mean loss ends. A loss that is a millionth higher is the same model: intervals of
/// base lines are a thousand times as wide.
const END: End = End {
    steps: 100,
    slope: 1e-5,
    gain: 1e-6,
};
/// Multiplications that learning may take: half a second, however large the table is. With more rows than they allow, every
/// so many-th is learned from.
const MULTIPLICATIONS: usize = 2_000_000_000;
/// Multiplications that take as long as the exponential and the logarithm of an output.
const OF_AN_OUTPUT: usize = 60;
/// Parts whose gradients are added in a fixed order, so that the number of threads changes no bit.
const SHARDS: usize = 8;
/// Every so many-th row is learned from first, where these are enough rows: they show the way, and from where they lead to a
/// few passes over all of the rows are left.
const FIRST: usize = 16;
/// Rows that are enough for that.
const ENOUGH: usize = 2000;
/// Up to so many numbers of a row, and weights in all, of one output, the search goes by Newton's steps: each takes several
/// times as long as one that knows slopes alone, and a few of them lead to the end.
const FEW_NUMBERS: usize = 100;
const FEW_WEIGHTS: usize = 1000;
/// Times that one of Newton's steps is halved before the search ends.
const HALVINGS: u32 = 10;
/// Rows that a thread predicts at a time.
const PART: usize = 1024;

/// What is learned: each row's class, or its number.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// Classes.
    Classes(&'a [u32]),
    /// Numbers.
    Numbers(&'a [f64]),
}

/// A linear model of encoded rows.
#[derive(Debug)]
pub struct Linear {
    shape: Shape,
    /// For each output its weights of numbers, of the values of each category, and what is added.
    weights: Vec<f64>,
    /// Mean and deviation of the numbers that it has learned.
    scale: (f64, f64),
}

#[derive(Debug, Clone)]
struct Shape {
    /// One for numbers and for two classes, else one a class.
    outputs: usize,
    numbers: usize,
    /// Where each category's weights begin.
    offsets: Vec<usize>,
    width: usize,
}

impl Shape {
    fn new(rows: &Encoded, category_values: &[usize], task: &Task) -> Self {
        let mut width = rows.numeric_width;
        let offsets = category_values.iter().map(|values| {
            let offset = width;
            width += values;
            offset
        });
        let offsets = offsets.collect();
        Self {
            outputs: scores(task),
            numbers: rows.numeric_width,
            offsets,
            width: width + 1,
        }
    }

    /// The indices of the weights of a row's categories, and of what is added.
    fn ones<'a>(&'a self, rows: &'a Encoded, row: usize) -> impl Iterator<Item = usize> + 'a {
        let codes = &rows.categories[row * rows.category_width..][..rows.category_width];
        let ones = self
            .offsets
            .iter()
            .zip(codes)
            .map(|(offset, code)| offset + *code as usize);
        ones.chain([self.width - 1])
    }

    fn outputs_of(&self, weights: &[f64], rows: &Encoded, row: usize, out: &mut [f64]) {
        let numbers = &rows.numeric[row * self.numbers..][..self.numbers];
        for (out, weights) in out.iter_mut().zip(weights.chunks_exact(self.width)) {
            *out = dot(numbers, weights) + self.ones(rows, row).map(|one| weights[one]).sum::<f64>();
        }
    }
}

impl Linear {
    /// The rows to learn from: all of these, or every so many-th.
    pub fn sampled(task: &Task, (numeric, categories): (usize, usize), train: &[u32]) -> Vec<u32> {
        let width = (numeric + categories + OF_AN_OUTPUT) * scores(task);
        let most = (MULTIPLICATIONS / (2 * END.steps * width)).max(1);
        train
            .iter()
            .step_by(train.len().div_ceil(most).max(1))
            .copied()
            .collect()
    }

    /// Learns from rows.
    pub fn fit(task: &Task, rows: &Encoded, category_values: &[usize], targets: Targets<'_>) -> Self {
        let shape = Shape::new(rows, category_values, task);
        let scale = match (targets, task) {
            (Targets::Numbers(_), Task::Regression { mean, deviation }) => (*mean, *deviation),
            _ => (0.0, 1.0),
        };
        let mut weights = vec![0.0; shape.width * shape.outputs];
        let learning = Learning {
            shape: &shape,
            rows,
            targets,
            scale,
        };
        let all: Vec<u32> = (0..rows.rows as u32).collect();
        let first: Vec<u32> = all.iter().step_by(FIRST).copied().collect();
        for some in [first, all] {
            if some.len() == rows.rows || some.len() >= ENOUGH {
                let few = shape.outputs == 1 && shape.numbers <= FEW_NUMBERS && shape.width <= FEW_WEIGHTS;
                if !few || !learning.newton(&some, &mut weights) {
                    minimize(&mut weights, END, |weights, gradient| {
                        learning.mean_loss(&some, weights, gradient)
                    });
                }
            }
        }
        Self {
            shape,
            weights,
            scale,
        }
    }

    /// Appends what it says about rows.
    pub fn predict(&self, task: &Task, rows: &Encoded, values: &mut Vec<f64>) {
        let (before, width) = (values.len(), said(task));
        values.resize(before + rows.rows * width, 0.0);
        let parts = values[before..].par_chunks_mut(PART * width).enumerate();
        parts.for_each(|(part, values)| {
            let mut out = vec![0.0; self.shape.outputs];
            let mut shares = Vec::with_capacity(width);
            for (row, values) in (part * PART..).zip(values.chunks_exact_mut(width)) {
                self.shape.outputs_of(&self.weights, rows, row, &mut out);
                shares.clear();
                match task {
                    // Of quantiles it says the mean, which no report sets beside them.
                    Task::Regression { .. }
                    | Task::Multilabel { .. }
                    | Task::Quantiles { .. }
                    | Task::Forecast { .. }
                    | Task::Anomaly { .. } => shares.push(out[0] * self.scale.1 + self.scale.0),
                    Task::Binary { .. } => softmax(&[0.0, out[0]], &mut shares),
                    Task::Multiclass { .. } => softmax(&out, &mut shares),
                }
                values.copy_from_slice(&shares);
            }
        });
    }

    /// What it says, as predictions.
    pub fn outputs(task: &Task, values: Vec<f64>) -> Outputs {
        match task {
            Task::Binary { .. } | Task::Multiclass { .. } => Outputs::Probabilities {
                classes: task.outputs(),
                values,
            },
            _ => Outputs::Numbers(values),
        }
    }
}

/// The sum of products, in eight sums that don't wait for each other.
fn dot(numbers: &[f32], weights: &[f64]) -> f64 {
    const SUMS: usize = 8;
    let mut sums = [0.0; SUMS];
    let (chunks, rest) = numbers.as_chunks::<SUMS>();
    for (numbers, weights) in chunks.iter().zip(weights.chunks_exact(SUMS)) {
        for ((sum, x), w) in sums.iter_mut().zip(numbers).zip(weights) {
            *sum += f64::from(*x) * w;
        }
    }
    let of_rest = rest.iter().zip(&weights[numbers.len() - rest.len()..]);
    sums.iter().sum::<f64>() + of_rest.map(|(x, w)| f64::from(*x) * w).sum::<f64>()
}

/// Numbers that it makes of a row.
fn scores(task: &Task) -> usize {
    match task {
        Task::Multiclass { classes, .. } => classes.len(),
        _ => 1,
    }
}

/// Numbers that it says of a row.
fn said(task: &Task) -> usize {
    match task {
        Task::Binary { .. } | Task::Multiclass { .. } => task.outputs(),
        _ => 1,
    }
}

/// What is learned from.
#[derive(Debug, Clone, Copy)]
struct Learning<'a> {
    shape: &'a Shape,
    rows: &'a Encoded,
    targets: Targets<'a>,
    scale: (f64, f64),
}

/// A mean loss, its slopes, and how they bend: the lower half of a matrix.
struct Curved {
    loss: f64,
    gradient: Vec<f64>,
    curvature: Vec<f64>,
}

impl Learning<'_> {
    /// The mean loss of some rows with the penalty that all rows have, and its gradient.
    fn mean_loss(&self, some: &[u32], weights: &[f64], gradient: &mut [f64]) -> f64 {
        let shards: Vec<(f64, Vec<f64>)> = some
            .par_chunks(some.len().div_ceil(SHARDS).max(1))
            .map(|shard| self.loss(shard, weights))
            .collect();
        let mut loss = 0.0;
        gradient.fill(0.0);
        for (of_shard, slopes) in shards {
            loss += of_shard;
            gradient
                .iter_mut()
                .zip(slopes)
                .for_each(|(sum, slope)| *sum += slope);
        }
        let count = some.len() as f64;
        let penalty = 1.0 / self.rows.rows as f64;
        let mut squares = 0.0;
        for (index, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            *slope /= count;
            // What is added has no penalty.
            if index % self.shape.width != self.shape.width - 1 {
                squares += weight * weight / 2.0;
                *slope += weight * penalty;
            }
        }
        loss / count + squares * penalty
    }

    /// Goes to the minimum by Newton's steps, halved where one goes too far (Nocedal and Wright, "Numerical Optimization",
    /// 2006, section 3.3): of one output the mean loss has a curvature that is soon known. False where the way isn't known:
    /// the loss bends too little for its numbers.
    fn newton(&self, some: &[u32], weights: &mut Vec<f64>) -> bool {
        let mut here = self.curved(some, weights);
        for _ in 0..END.steps {
            let mut step = here.gradient.clone();
            let steep = step.iter().any(|slope| slope.abs() > END.slope);
            if !steep {
                return true;
            }
            if factorize(&mut here.curvature, self.shape.width).is_none() {
                return false;
            }
            substitute(&here.curvature, &mut step);
            let there = (0..HALVINGS).find_map(|halved| {
                let length = 0.5_f64.powi(halved as i32);
                let next = weights
                    .iter()
                    .zip(&step)
                    .map(|(weight, step)| weight - length * step);
                let next: Vec<f64> = next.collect();
                let there = self.curved(some, &next);
                (there.loss < here.loss).then_some((next, there))
            });
            let Some((next, there)) = there else {
                return true;
            };
            let gain = here.loss - there.loss;
            (*weights, here) = (next, there);
            if gain < END.gain {
                return true;
            }
        }
        true
    }

    /// The mean loss of some rows with its gradient and its curvature, the penalty of all rows with it.
    fn curved(&self, some: &[u32], weights: &[f64]) -> Curved {
        let mut gradient = vec![0.0; weights.len()];
        let loss = self.mean_loss(some, weights, &mut gradient);
        let shards: Vec<Vec<f64>> = some
            .par_chunks(some.len().div_ceil(SHARDS).max(1))
            .map(|shard| self.curvature(shard, weights))
            .collect();
        let width = self.shape.width;
        let mut curvature = vec![0.0; width * width];
        for of_shard in shards {
            curvature
                .iter_mut()
                .zip(of_shard)
                .for_each(|(sum, bend)| *sum += bend / some.len() as f64);
        }
        let penalty = 1.0 / self.rows.rows as f64;
        // What is added has no penalty, and bends as soon as one row is learned from.
        (0..width - 1).for_each(|weight| curvature[weight * width + weight] += penalty);
        Curved {
            loss,
            gradient,
            curvature,
        }
    }

    /// The summed curvature of the loss of some rows, its lower half.
    fn curvature(&self, some: &[u32], weights: &[f64]) -> Vec<f64> {
        let Self { shape, rows, .. } = self;
        let mut curvature = vec![0.0; shape.width * shape.width];
        let (mut out, mut shares) = ([0.0], Vec::with_capacity(2));
        let mut numbers = vec![0.0; shape.numbers];
        for row in some {
            let row = *row as usize;
            let bend = match self.targets {
                Targets::Numbers(_) => 1.0,
                Targets::Classes(_) => {
                    shape.outputs_of(weights, rows, row, &mut out);
                    shares.clear();
                    softmax(&[0.0, out[0]], &mut shares);
                    shares[0] * shares[1]
                }
            };
            let of_row = &rows.numeric[row * shape.numbers..][..shape.numbers];
            for (number, of_row) in numbers.iter_mut().zip(of_row) {
                *number = f64::from(*of_row);
            }
            for (index, number) in numbers.iter().enumerate() {
                let sums = &mut curvature[index * shape.width..][..=index];
                for (sum, other) in sums.iter_mut().zip(&numbers) {
                    *sum += bend * number * other;
                }
            }
            for one in shape.ones(rows, row) {
                let sums = &mut curvature[one * shape.width..][..=one];
                for (sum, number) in sums.iter_mut().zip(&numbers) {
                    *sum += bend * number;
                }
                for other in shape.ones(rows, row).take_while(|other| *other <= one) {
                    sums[other] += bend;
                }
            }
        }
        curvature
    }

    /// The summed loss of some rows, half a square or a log loss, and its gradient.
    fn loss(&self, some: &[u32], weights: &[f64]) -> (f64, Vec<f64>) {
        let Self { shape, rows, .. } = self;
        let (mean, deviation) = self.scale;
        let mut gradient = vec![0.0; weights.len()];
        let mut sum = 0.0;
        let mut out = vec![0.0; shape.outputs];
        let mut shares = Vec::with_capacity(shape.outputs.max(2));
        for row in some {
            let row = *row as usize;
            shape.outputs_of(weights, rows, row, &mut out);
            shares.clear();
            match self.targets {
                Targets::Numbers(numbers) => {
                    let error = out[0] - (numbers[row] - mean) / deviation;
                    sum += error * error / 2.0;
                    out[0] = error;
                }
                Targets::Classes(classes) if shape.outputs == 1 => {
                    softmax(&[0.0, out[0]], &mut shares);
                    let class = classes[row] as usize;
                    sum += crate::metrics::log_loss(shares[class]);
                    out[0] = shares[1] - class as f64;
                }
                Targets::Classes(classes) => {
                    softmax(&out, &mut shares);
                    let class = classes[row] as usize;
                    sum += crate::metrics::log_loss(shares[class]);
                    out.copy_from_slice(&shares);
                    out[class] -= 1.0;
                }
            }
            let numbers = &rows.numeric[row * shape.numbers..][..shape.numbers];
            for (slope, gradient) in out.iter().zip(gradient.chunks_exact_mut(shape.width)) {
                for (sum, number) in gradient.iter_mut().zip(numbers) {
                    *sum += slope * f64::from(*number);
                }
                for one in shape.ones(rows, row) {
                    gradient[one] += slope;
                }
            }
        }
        (sum, gradient)
    }
}
