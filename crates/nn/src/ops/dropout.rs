//! Dropout (Srivastava et al., 2014) with random numbers of our own: a hash of the step's seed and the number's place, so
//! that neither threads nor devices nor the order of computation change which numbers are dropped.

use super::{Backward, CandleContext, Forward, Op, Pass, vector::vectorized};
use crate::fused::{self, Fused, Gradients};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// Sets a share of the numbers to zero while training, and scales the others up so that the sum is expected to stay.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Dropout {
    /// Numbers of a row.
    pub width: usize,
    /// The share, from 0 to less than 1.
    pub share: f64,
    /// Differs from one dropout to another within a model.
    pub place: u32,
}

/// The mask of a step: numbers whose place hashes to less than the threshold are dropped, the others scaled.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    /// What the hash depends on besides the place.
    pub keys: (u32, u32),
    /// What hashes to less is dropped.
    pub threshold: u32,
    /// The factor of the others.
    pub scale: f32,
}

/// Scrambles the bits of a number (Wellons' `lowbias32`): 32-bit arithmetic that vector units have.
#[inline(always)]
fn scramble(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// `out[i] = from[i] * scale`, or 0 where the hash of the place `first + i` is below `threshold`.
#[inline(always)]
fn drop(out: &mut [f32], from: &[f32], first: u32, keys: (u32, u32), threshold: u32, scale: f32) {
    for (index, (out, from)) in out.iter_mut().zip(from).enumerate() {
        let place = first.wrapping_add(index as u32);
        let hash = scramble(scramble(place ^ keys.0).wrapping_add(keys.1));
        let factor = if hash < threshold { 0.0 } else { scale };
        *out = from * factor;
    }
}

impl Dropout {
    /// The mask of a step.
    fn of_step(&self, seed: u64) -> Mask {
        Mask {
            keys: (
                scramble(seed as u32 ^ self.place.wrapping_mul(0x9e37_79b9)),
                (seed >> 32) as u32,
            ),
            threshold: (self.share * f64::from(u32::MAX)) as u32,
            scale: (1.0 / (1.0 - self.share)) as f32,
        }
    }

    /// Applies the mask of a step.
    fn mask(&self, out: &mut [f32], from: &[f32], first_row: usize, seed: u64) {
        let first = (first_row * self.width) as u32;
        let Mask {
            keys,
            threshold,
            scale,
        } = self.of_step(seed);
        vectorized!(drop(out, from, first, keys, threshold, scale));
    }
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn work(&self) -> usize {
        4 * self.width
    }

    fn forward(&self, call: Forward<'_>) {
        match call.context.pass {
            Pass::Train { seed } => self.mask(call.out, call.inputs[0], call.context.first_row, seed),
            Pass::Evaluate => call.out.copy_from_slice(call.inputs[0]),
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let (Some(sum), Pass::Train { seed }) = (&mut call.for_inputs[0], call.context.pass) else {
            return;
        };
        if sum.fresh {
            self.mask(sum.numbers, call.gradient, call.context.first_row, seed);
            sum.fresh = false;
        } else {
            let mut masked = vec![0.0; call.gradient.len()];
            self.mask(&mut masked, call.gradient, call.context.first_row, seed);
            sum.add(&masked);
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], context: &CandleContext<'_>) -> Result<Tensor> {
        let Pass::Train { seed } = context.pass else {
            return Ok(inputs[0].clone());
        };
        let mut mask = vec![0.0; inputs[0].elem_count()];
        let ones = vec![1.0; mask.len()];
        self.mask(&mut mask, &ones, 0, seed);
        let mask = Tensor::from_vec(mask, inputs[0].shape(), inputs[0].device())?;
        inputs[0].mul(&mask.to_dtype(inputs[0].dtype())?)
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], context: &CandleContext<'_>) -> Result<Fused> {
        match context.pass {
            Pass::Train { seed } => fused::dropout::dropout(&inputs[0], self.of_step(seed)),
            Pass::Evaluate => Ok(Fused::new(inputs[0].clone(), |gradient, _| {
                Ok(Gradients::new(Some(gradient.clone()), []))
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fused::emulated::{self, Turns},
        ops::tests::Case,
    };
    use candle_core::DType;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn agrees_with_candle(rows in 1..9usize, width in 1..70usize, share in 0.0..0.9, seed: u64) {
            Case::new(rows, seed).input(&[width]).agrees(Dropout { width, share, place: 3 }, &[width]);
        }
    }

    #[test]
    fn kernels_drop_the_same_numbers() {
        let dropout = Dropout {
            width: 700,
            share: 0.3,
            place: 5,
        };
        // Also a seed with bits in its upper half.
        for seed in [1, 0xfedc_ba98_7654_3210] {
            let mut expected = vec![0.0; 2100];
            dropout.mask(&mut expected, &vec![1.0; 2100], 0, seed);
            let ones = Tensor::ones((3, 700), DType::F32, &emulated::device()).unwrap();
            let masked = || fused::dropout::dropout(&ones, dropout.of_step(seed)).unwrap();
            let masked = emulated::on(Turns::Forwards, masked)
                .result
                .flatten_all()
                .unwrap();
            assert_eq!(masked.to_vec1::<f32>().unwrap(), expected);
        }
    }

    #[test]
    fn the_share_is_dropped_and_steps_and_places_differ() {
        let mask = |place, seed| {
            let dropout = Dropout {
                width: 100_000,
                share: 0.3,
                place,
            };
            let mut out = vec![0.0; dropout.width];
            dropout.mask(&mut out, &vec![1.0; dropout.width], 0, seed);
            out
        };
        let (one, other_step, other_place) = (mask(1, 7), mask(1, 8), mask(2, 7));
        for mask in [&one, &other_step, &other_place] {
            let dropped = mask.iter().filter(|factor| **factor == 0.0).count();
            assert!((29_000..31_000).contains(&dropped), "{dropped}");
            assert!(mask.iter().all(|factor| *factor == 0.0 || *factor == 1.0 / 0.7));
        }
        for other in [&other_step, &other_place] {
            let same = one.iter().zip(other).filter(|(one, other)| one == other).count();
            // 0.3² + 0.7² of independent masks.
            assert!((57_000..59_000).contains(&same), "{same}");
        }
        assert_eq!(one, mask(1, 7));
    }
}
