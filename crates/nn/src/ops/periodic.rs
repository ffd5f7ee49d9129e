//! Learned waves of numbers: what lets a network of smooth maps tell values of one column apart (Gorishniy et al., "On
//! Embeddings for Numerical Features in Tabular Deep Learning", 2022; in the form of RealMLP, Holzmüller et al., "Better by
//! Default", 2024, which calls it PBLD).

use super::{
    Backward, CandleContext, Forward, Op,
    vector::{vectorized, wave},
};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// x [rows, numbers] as it is, and behind it for each of `columns` the vector `W cos(2π (f x + p)) + b`. Parameters, all for
/// each of the columns: frequencies f and phases p in turns, [columns, waves]; W [columns, outputs, waves]; b
/// [columns, outputs].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periodic {
    /// Numbers of a row.
    pub numbers: usize,
    /// Which of them have waves, rising.
    pub columns: Vec<usize>,
    /// Waves of a number.
    pub waves: usize,
    /// Numbers that they become.
    pub outputs: usize,
}

impl Periodic {
    /// Numbers of a result.
    pub fn width(&self) -> usize {
        self.numbers + self.columns.len() * self.outputs
    }

    /// Cosines and sines of a row that are kept: [columns, 2, waves].
    fn kept(&self) -> usize {
        self.columns.len() * 2 * self.waves
    }

    #[inline(always)]
    fn forward_row(&self, x: &[f32], parameters: &[&[f32]], out: &mut [f32], kept: &mut [f32]) {
        let (waves, outputs) = (self.waves, self.outputs);
        let (numbers, out) = out.split_at_mut(self.numbers);
        numbers.copy_from_slice(x);
        for (at, column) in self.columns.iter().enumerate() {
            let x = x[*column];
            let of_column = at * waves..(at + 1) * waves;
            let (cosines, sines) = kept[at * 2 * waves..][..2 * waves].split_at_mut(waves);
            let rates = parameters[0][of_column.clone()].iter();
            for (((cosine, sine), rate), phase) in cosines
                .iter_mut()
                .zip(sines)
                .zip(rates)
                .zip(&parameters[1][of_column])
            {
                let turns = rate * x + phase;
                *cosine = wave(turns);
                *sine = wave(turns - 0.25);
            }
            let weights = parameters[2][at * outputs * waves..].chunks_exact(waves);
            let biases = &parameters[3][at * outputs..];
            for ((out, weights), bias) in out[at * outputs..][..outputs].iter_mut().zip(weights).zip(biases) {
                let mut sum = *bias;
                for (weight, cosine) in weights.iter().zip(cosines.iter()) {
                    sum += weight * cosine;
                }
                *out = sum;
            }
        }
    }

    /// The gradient by the column's angles in turns goes to where its cosines were.
    #[inline(always)]
    fn angles(&self, at: usize, weights: &[f32], gradient: &[f32], kept: &mut [f32]) {
        let waves = self.waves;
        let (cosines, sines) = kept.split_at_mut(waves);
        cosines.fill(0.0);
        let weights = weights[at * self.outputs * waves..].chunks_exact(waves);
        for (gradient, weights) in gradient.iter().zip(weights) {
            for (angle, weight) in cosines.iter_mut().zip(weights) {
                *angle += gradient * weight;
            }
        }
        for (angle, sine) in cosines.iter_mut().zip(sines) {
            *angle *= -(TAU as f32) * *sine;
        }
    }
}

impl Op for Periodic {
    fn name(&self) -> &'static str {
        "periodic"
    }

    fn saved(&self, rows: usize) -> usize {
        rows * self.kept()
    }

    fn work(&self) -> usize {
        self.columns.len() * self.waves * (self.outputs + 16)
    }

    fn forward(&self, call: Forward<'_>) {
        let rows = call.inputs[0].chunks_exact(self.numbers);
        for ((x, out), kept) in rows
            .zip(call.out.chunks_exact_mut(self.width()))
            .zip(call.saved.chunks_exact_mut(self.kept()))
        {
            vectorized!(self.forward_row(x, call.parameters, out, kept));
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let (waves, outputs) = (self.waves, self.outputs);
        let [for_rates, for_phases, for_weights, for_biases] = call.for_parameters else {
            unreachable!("waves have four parameters")
        };
        let mut sums =
            [for_rates, for_phases, for_weights, for_biases].map(|sum| sum.as_mut().map(super::Sum::to_add));
        let mut for_input = call.for_inputs[0].as_mut().map(super::Sum::to_add);
        let rows = call.gradient.chunks_exact(self.width());
        for (row, (gradient, kept)) in rows.zip(call.saved.chunks_exact_mut(self.kept())).enumerate() {
            let x = &call.inputs[0][row * self.numbers..][..self.numbers];
            let mut to = for_input
                .as_mut()
                .map(|numbers| &mut numbers[row * self.numbers..][..self.numbers]);
            let (passed, gradient) = gradient.split_at(self.numbers);
            if let Some(to) = &mut to {
                super::vector::add(to, passed);
            }
            for (at, column) in self.columns.iter().enumerate() {
                let gradient = &gradient[at * outputs..][..outputs];
                let kept = &mut kept[at * 2 * waves..][..2 * waves];
                if let Some(sum) = &mut sums[3] {
                    for (sum, gradient) in sum[at * outputs..].iter_mut().zip(gradient) {
                        *sum += gradient;
                    }
                }
                if let Some(sum) = &mut sums[2] {
                    let rows = sum[at * outputs * waves..].chunks_exact_mut(waves);
                    for (sums, gradient) in rows.zip(gradient) {
                        vectorized!(for (sum, cosine) in sums.iter_mut().zip(&kept[..waves]) {
                            *sum += gradient * cosine;
                        });
                    }
                }
                vectorized!(self.angles(at, call.parameters[2], gradient, kept));
                let angles = &kept[..waves];
                for (which, factor) in [(0, x[*column]), (1, 1.0)] {
                    if let Some(sum) = &mut sums[which] {
                        vectorized!(
                            for (sum, angle) in sum[at * waves..][..waves].iter_mut().zip(angles) {
                                *sum += factor * angle;
                            }
                        );
                    }
                }
                if let Some(to) = &mut to {
                    to[*column] += super::vector::dot(angles, &call.parameters[0][at * waves..][..waves]);
                }
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let x = inputs[0].reshape(((), self.numbers))?;
        let columns: Vec<u32> = self.columns.iter().map(|column| *column as u32).collect();
        let (count, rows) = (columns.len(), x.dim(0)?);
        let chosen = x
            .index_select(&Tensor::from_vec(columns, count, x.device())?, 1)?
            .reshape((rows, count, 1))?;
        let turns = chosen
            .broadcast_mul(&parameters[0].reshape((1, count, self.waves))?)?
            .broadcast_add(&parameters[1].reshape((1, count, self.waves))?)?;
        let waves = (turns * TAU)?.cos()?.reshape((rows, count, 1, self.waves))?;
        let weights = parameters[2].reshape((1, count, self.outputs, self.waves))?;
        let made = waves
            .broadcast_mul(&weights)?
            .sum(3)?
            .broadcast_add(&parameters[3].reshape((1, count, self.outputs))?)?;
        Tensor::cat(&[x, made.reshape((rows, count * self.outputs))?], 1)
    }

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::periodic::periodic(self, &inputs[0], parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn agrees_with_candle(
            rows in 1..9usize, numbers in 1..6usize, waves in 1..20usize, outputs in 1..5usize, seed: u64,
        ) {
            let columns: Vec<usize> = (0..numbers).step_by(2).collect();
            let count = columns.len();
            let op = Periodic { numbers, columns, waves, outputs };
            let width = op.width();
            Case::new(rows, seed)
                .input(&[numbers])
                .parameter(&[count, waves])
                .parameter(&[count, waves])
                .parameter(&[count, outputs, waves])
                .parameter(&[count, outputs])
                .agrees(op, &[width]);
        }
    }
}
