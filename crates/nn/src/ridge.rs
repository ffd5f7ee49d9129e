//! Ridge regression (Hoerl and Kennard, 1970) by its normal equations: rows come once, in any number of parts, and any
//! penalty can be solved for.

use crate::ops::{Matrix, MatrixMut, multiply};

/// Sums over the rows to learn from.
#[derive(Debug)]
pub struct Ridge {
    inputs: usize,
    outputs: usize,
    rows: usize,
    /// Products of each two of a row's inputs, its outputs and 1, [all, all].
    products: Vec<f64>,
}

/// A linear map.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// [outputs, inputs].
    pub weights: Vec<f32>,
    /// What is added, [outputs].
    pub offsets: Vec<f32>,
}

impl Ridge {
    /// Of rows with so many numbers, and so many to be said of each.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        let all = inputs + outputs + 1;
        Self {
            inputs,
            outputs,
            rows: 0,
            products: vec![0.0; all * all],
        }
    }

    /// Takes rows [rows, inputs] and what is to be said of them [rows, outputs]. Within a part sums are of f32, so that it
    /// should have some hundreds of rows.
    pub fn add(&mut self, numbers: &[f32], targets: &[f32]) {
        let rows = numbers.len() / self.inputs.max(1);
        assert_eq!(
            (numbers.len(), targets.len()),
            (rows * self.inputs, rows * self.outputs),
            "rows with what is said of them"
        );
        let all = self.inputs + self.outputs + 1;
        let mut beside = Vec::with_capacity(rows * all);
        let (numbers, targets) = (
            numbers.chunks_exact(self.inputs),
            targets.chunks_exact(self.outputs),
        );
        for (numbers, targets) in numbers.zip(targets) {
            beside.extend_from_slice(numbers);
            beside.extend_from_slice(targets);
            beside.push(1.0);
        }
        let rows_of = Matrix::new(&beside, rows, all);
        let mut products = vec![0.0; all * all];
        multiply(
            MatrixMut::new(&mut products, all, all),
            rows_of.transposed(),
            rows_of,
            false,
        );
        let sums = self.products.iter_mut().zip(products);
        sums.for_each(|(sum, product)| *sum += f64::from(product));
        self.rows += rows;
    }

    /// The map with the least squares, where the squares of its weights count as much as `penalty` times the mean variance
    /// of an input in each row; `None` where no input varies.
    pub fn solve(&self, penalty: f64) -> Option<Line> {
        let (inputs, outputs, all) = (self.inputs, self.outputs, self.inputs + self.outputs + 1);
        let sum = |index: usize| self.products[(all - 1) * all + index];
        let rows = self.rows as f64;
        // Around the means.
        let product = |a: usize, b: usize| self.products[a * all + b] - sum(a) * sum(b) / rows;
        let mut lower = vec![0.0; inputs * inputs];
        let trace: f64 = (0..inputs).map(|index| product(index, index).max(0.0)).sum();
        if trace <= 0.0 || trace.is_nan() {
            return None;
        }
        for row in 0..inputs {
            for column in 0..=row {
                lower[row * inputs + column] = product(row, column);
            }
            lower[row * inputs + row] += penalty * trace / inputs as f64;
        }
        factorize(&mut lower, inputs)?;
        let mut line = Line {
            weights: Vec::with_capacity(outputs * inputs),
            offsets: Vec::with_capacity(outputs),
        };
        for output in inputs..inputs + outputs {
            let mut weights: Vec<f64> = (0..inputs).map(|input| product(output, input)).collect();
            substitute(&lower, &mut weights);
            let at_means: f64 = weights
                .iter()
                .enumerate()
                .map(|(index, weight)| weight * sum(index))
                .sum();
            line.offsets.push(((sum(output) - at_means) / rows) as f32);
            line.weights.extend(weights.iter().map(|weight| *weight as f32));
        }
        Some(line)
    }
}

impl Line {
    /// What it says of rows [rows, inputs]: [rows, outputs].
    pub fn predict(&self, numbers: &[f32]) -> Vec<f32> {
        let outputs = self.offsets.len();
        let inputs = self.weights.len() / outputs.max(1);
        let rows = numbers.len() / inputs.max(1);
        let mut out = self.offsets.repeat(rows);
        multiply(
            MatrixMut::new(&mut out, rows, outputs),
            Matrix::new(numbers, rows, inputs),
            Matrix::new(&self.weights, outputs, inputs).transposed(),
            true,
        );
        out
    }
}

/// The lower factor of a symmetric matrix of which the lower half is given (Cholesky), in its place; `None` where it isn't
/// positive definite.
pub fn factorize(matrix: &mut [f64], size: usize) -> Option<()> {
    for row in 0..size {
        let (above, own) = matrix.split_at_mut(row * size);
        for column in 0..row {
            let other = &above[column * size..][..=column];
            own[column] = (own[column] - dot(&own[..column], &other[..column])) / other[column];
        }
        let left = own[row] - dot(&own[..row], &own[..row]);
        if left.is_nan() || left <= 0.0 {
            return None;
        }
        own[row] = left.sqrt();
    }
    Some(())
}

/// Solves for one right side, in its place.
pub fn substitute(lower: &[f64], side: &mut [f64]) {
    let size = side.len();
    for row in 0..size {
        let (known, rest) = side.split_at_mut(row);
        let factors = &lower[row * size..][..=row];
        rest[0] = (rest[0] - dot(known, &factors[..row])) / factors[row];
    }
    for row in (0..size).rev() {
        let (rest, _) = side.split_at_mut(row + 1);
        let Some((last, before)) = rest.split_last_mut() else {
            return;
        };
        let factors = &lower[row * size..][..=row];
        *last /= factors[row];
        for (number, factor) in before.iter_mut().zip(factors) {
            *number -= *last * factor;
        }
    }
}

/// In eight sums, which the processor adds up side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Purpose, Random};
    use proptest::prelude::*;

    /// Rows, and what a line says of them.
    fn rows(count: usize, inputs: usize, line: &Line, seed: u64) -> (Vec<f32>, Vec<f32>) {
        let mut random = Random::new(seed, Purpose::Weights, 0);
        let numbers: Vec<f32> = (0..count * inputs).map(|_| random.normal() + 2.0).collect();
        let said = line.predict(&numbers);
        (numbers, said)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn a_line_is_found_again(inputs in 1..30usize, outputs in 1..4usize, seed: u64) {
            let mut random = Random::new(seed, Purpose::Split, 0);
            let line = Line {
                weights: (0..inputs * outputs).map(|_| random.normal()).collect(),
                offsets: (0..outputs).map(|_| random.normal()).collect(),
            };
            let (numbers, said) = rows(200, inputs, &line, seed);
            let mut ridge = Ridge::new(inputs, outputs);
            for (numbers, said) in numbers.chunks(70 * inputs).zip(said.chunks(70 * outputs)) {
                ridge.add(numbers, said);
            }
            let found = ridge.solve(1e-7).unwrap();
            let pairs = found.weights.iter().zip(&line.weights).chain(found.offsets.iter().zip(&line.offsets));
            for (found, given) in pairs {
                prop_assert!((found - given).abs() < 2e-2, "{found} for {given}");
            }
            // The larger the penalty, the flatter the line; what is added has none.
            let flat = ridge.solve(1e9).unwrap();
            prop_assert!(flat.weights.iter().all(|weight| weight.abs() < 1e-3));
            for output in 0..outputs {
                let mean = said.iter().skip(output).step_by(outputs).sum::<f32>() / 200.0;
                prop_assert!((flat.offsets[output] - mean).abs() < 2e-2 * mean.abs().max(1.0));
            }
        }
    }

    #[test]
    fn a_column_twice_gets_half_each_and_one_that_never_changes_none() {
        let mut ridge = Ridge::new(3, 1);
        let numbers: Vec<f32> = (0..300)
            .map(|index| {
                if index % 3 == 2 {
                    7.0
                } else {
                    (index / 3 % 10) as f32
                }
            })
            .collect();
        let said: Vec<f32> = (0..100).map(|row| (row % 10) as f32 * 4.0).collect();
        ridge.add(&numbers, &said);
        let line = ridge.solve(1e-6).unwrap();
        for (weight, expected) in line.weights.iter().zip([2.0, 2.0, 0.0]) {
            assert!((weight - expected).abs() < 1e-3, "{line:?}");
        }
        let mut ridge = Ridge::new(1, 1);
        ridge.add(&[3.0; 50], &[1.0; 50]);
        assert_eq!(ridge.solve(1.0), None);
    }
}
