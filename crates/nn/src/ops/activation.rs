//! What follows a linear map: functions of each number, forward and backward over slices.

use super::{
    Backward, CandleContext, Forward, Op,
    vector::{self, vectorized},
};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// A function of each number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// x.
    #[default]
    Identity,
    /// max(0, x).
    Relu,
    /// x Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel, 2016), not its approximation by tanh.
    Gelu,
    /// x σ(x), also called swish.
    Silu,
    /// tanh(x).
    Tanh,
}

/// e^(-x²/2) and Φ(x).
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let scaled = x * std::f32::consts::FRAC_1_SQRT_2;
    let bell = vector::exp(-scaled * scaled);
    (bell, 0.5 * (1.0 + vector::erf(scaled, bell)))
}

/// `numbers[i] = function(numbers[i] + bias[i])` over rows as long as the bias.
#[inline(always)]
fn map_rows(numbers: &mut [f32], bias: &[f32], function: impl Fn(f32) -> f32) {
    for row in numbers.chunks_exact_mut(bias.len()) {
        for (number, bias) in row.iter_mut().zip(bias) {
            *number = function(*number + bias);
        }
    }
}

/// The same where `function` also gives the slope, which is kept.
#[inline(always)]
fn map_rows_keeping(
    numbers: &mut [f32],
    bias: &[f32],
    slopes: &mut [f32],
    function: impl Fn(f32) -> (f32, f32),
) {
    let width = bias.len();
    for (row, slopes) in numbers
        .chunks_exact_mut(width)
        .zip(slopes.chunks_exact_mut(width))
    {
        for ((number, slope), bias) in row.iter_mut().zip(slopes).zip(bias) {
            (*number, *slope) = function(*number + bias);
        }
    }
}

/// x Φ(x) and its slope, Φ(x) + x φ(x), where φ is the bell over √(2π).
#[inline(always)]
fn gelu(x: f32) -> (f32, f32) {
    let (bell, share) = normal(x);
    (x * share, share + x * bell * 0.398_942_3)
}

/// x σ(x) and its slope.
#[inline(always)]
fn silu(x: f32) -> (f32, f32) {
    let share = vector::sigmoid(x);
    (x * share, share * (1.0 + x * (1.0 - share)))
}

/// `gradient[i] *= slope(at[i])`, and their sums over rows.
#[inline(always)]
fn scale_rows(gradient: &mut [f32], at: &[f32], sums: &mut [f32], slope: impl Fn(f32) -> f32) {
    let width = sums.len();
    for (gradient, at) in gradient.chunks_exact_mut(width).zip(at.chunks_exact(width)) {
        for ((gradient, at), sum) in gradient.iter_mut().zip(at).zip(sums.iter_mut()) {
            *gradient *= slope(*at);
            *sum += *gradient;
        }
    }
}

impl Activation {
    /// Whether the slope can't be told from the result and has to be kept: gelu and silu.
    pub fn keeps_slopes(self) -> bool {
        matches!(self, Self::Gelu | Self::Silu)
    }

    /// Adds the bias to each row and applies the function. `slopes` gets as many numbers where
    /// [`keeps_slopes`](Self::keeps_slopes) says so, else it is empty.
    pub fn apply(self, numbers: &mut [f32], bias: &[f32], slopes: &mut [f32]) {
        match self {
            Self::Identity => vectorized!(map_rows(numbers, bias, |x| x)),
            // Not `max`, which would turn NaN into 0 and hide a diverging run.
            Self::Relu => vectorized!(map_rows(numbers, bias, |x| if x < 0.0 { 0.0 } else { x })),
            Self::Gelu => vectorized!(map_rows_keeping(numbers, bias, slopes, gelu)),
            Self::Silu => vectorized!(map_rows_keeping(numbers, bias, slopes, silu)),
            Self::Tanh => vectorized!(map_rows(numbers, bias, vector::tanh)),
        }
    }

    /// Turns the gradient by the result into that by the function's input, and adds its rows to `sums`. `at` are the kept
    /// slopes, or the result where none are kept.
    pub fn slope(self, gradient: &mut [f32], at: &[f32], sums: &mut [f32]) {
        match self {
            Self::Identity => vector::add_rows(sums, gradient),
            Self::Relu => {
                vectorized!(scale_rows(gradient, at, sums, |y| if y > 0.0 {
                    1.0
                } else {
                    0.0
                }));
            }
            Self::Gelu | Self::Silu => vectorized!(scale_rows(gradient, at, sums, |slope| slope)),
            Self::Tanh => vectorized!(scale_rows(gradient, at, sums, |y| 1.0 - y * y)),
        }
    }

    /// The same in candle's ops.
    pub fn by_candle(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(x.clone()),
            Self::Relu => x.relu(),
            Self::Gelu => x.gelu_erf(),
            Self::Silu => x.silu(),
            Self::Tanh => x.tanh(),
        }
    }
}

/// An activation of its own, where no linear map is before it that could take it along.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Activate {
    /// The function.
    pub activation: Activation,
    /// Numbers of a row.
    pub width: usize,
}

impl Op for Activate {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn saved(&self, rows: usize) -> usize {
        match self.activation.keeps_slopes() {
            true => rows * self.width,
            false => 0,
        }
    }

    fn work(&self) -> usize {
        8 * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        call.out.copy_from_slice(call.inputs[0]);
        self.activation
            .apply(call.out, &vec![0.0; self.width], call.saved);
    }

    fn backward(&self, call: Backward<'_>) {
        let at = match self.activation.keeps_slopes() {
            true => &*call.saved,
            false => call.out,
        };
        self.activation
            .slope(call.gradient, at, &mut vec![0.0; self.width]);
        if let Some(sum) = &mut call.for_inputs[0] {
            sum.add(call.gradient);
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        self.activation.by_candle(&inputs[0])
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::linear::activate(&inputs[0], self.activation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    pub const ALL: [Activation; 5] = [
        Activation::Identity,
        Activation::Relu,
        Activation::Gelu,
        Activation::Silu,
        Activation::Tanh,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn agrees_with_candle(rows in 1..9usize, width in 1..70usize, kind in 0..5usize, seed: u64) {
            let activation = ALL[kind];
            Case::new(rows, seed).input(&[width]).agrees(Activate { activation, width }, &[width]);
        }
    }

    #[test]
    fn nan_shows() {
        for activation in ALL {
            let mut numbers = [f32::NAN, 1.0];
            activation.apply(&mut numbers, &[0.0, 0.0], &mut [0.0; 2]);
            assert!(numbers[0].is_nan() && numbers[1].is_finite(), "{activation:?}");
        }
    }
}
