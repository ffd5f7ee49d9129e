//! Pooling of images: the largest number or the mean of each window, channel by channel.

use super::{Backward, CandleContext, Forward, Op, convolution::Image, vector::vectorized};
use crate::fused::{self, Fused};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// What becomes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolKind {
    /// Its largest number; the gradient goes to the first of equal ones.
    Max,
    /// The mean.
    Average,
}

/// Square windows of images [rows, height, width, channels]; windows that don't fit whole are left out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Pool {
    /// What becomes of a window.
    pub kind: PoolKind,
    /// What comes in.
    pub image: Image,
    /// Height and width of a window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
}

impl Pool {
    /// What comes out.
    pub fn result(&self) -> Image {
        Image {
            height: (self.image.height - self.kernel) / self.stride + 1,
            width: (self.image.width - self.kernel) / self.stride + 1,
            channels: self.image.channels,
        }
    }

    /// Start of the pixel at (`dy`, `dx`) of the window whose result is `window`, for one image.
    #[inline(always)]
    fn pixel(&self, window: (usize, usize), dy: usize, dx: usize) -> usize {
        let (y, x) = (window.0 * self.stride + dy, window.1 * self.stride + dx);
        (y * self.image.width + x) * self.image.channels
    }

    #[inline(always)]
    fn pool(&self, x: &[f32], out: &mut [f32]) {
        let (result, channels) = (self.result(), self.image.channels);
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        for (x, out) in x
            .chunks_exact(self.image.size())
            .zip(out.chunks_exact_mut(result.size()))
        {
            for (window, out) in out.chunks_exact_mut(channels).enumerate() {
                let window = (window / result.width, window % result.width);
                out.copy_from_slice(&x[self.pixel(window, 0, 0)..][..channels]);
                for place in 1..self.kernel * self.kernel {
                    let start = self.pixel(window, place / self.kernel, place % self.kernel);
                    let pixel = &x[start..start + channels];
                    match self.kind {
                        PoolKind::Max => {
                            for (out, &pixel) in out.iter_mut().zip(pixel) {
                                // Written so that NaN wins.
                                *out = if pixel <= *out { *out } else { pixel };
                            }
                        }
                        PoolKind::Average => {
                            for (out, pixel) in out.iter_mut().zip(pixel) {
                                *out += pixel;
                            }
                        }
                    }
                }
                if self.kind == PoolKind::Average {
                    out.iter_mut().for_each(|out| *out *= share);
                }
            }
        }
    }

    /// Whether every pixel is of one window, so that its gradient is written once.
    fn divides(&self) -> bool {
        let whole = |size: usize| size.is_multiple_of(self.kernel);
        self.stride == self.kernel && whole(self.image.height) && whole(self.image.width)
    }

    /// Adds the gradient to `into`, or writes it where `first` says that nothing is there and [`divides`](Self::divides)
    /// holds. `gradient` is used up: what of it has found its number becomes 0.
    #[inline(always)]
    fn back(&self, x: &[f32], out: &[f32], gradient: &mut [f32], into: &mut [f32], first: bool) {
        let (result, channels) = (self.result(), self.image.channels);
        let share = 1.0 / (self.kernel * self.kernel) as f32;
        let images = x
            .chunks_exact(self.image.size())
            .zip(into.chunks_exact_mut(self.image.size()));
        let results = out
            .chunks_exact(result.size())
            .zip(gradient.chunks_exact_mut(result.size()));
        let keep = |old: f32| if first { 0.0 } else { old };
        for ((x, into), (out, gradient)) in images.zip(results) {
            let windows = out
                .chunks_exact(channels)
                .zip(gradient.chunks_exact_mut(channels));
            for (window, (out, gradient)) in windows.enumerate() {
                let window = (window / result.width, window % result.width);
                for place in 0..self.kernel * self.kernel {
                    let start = self.pixel(window, place / self.kernel, place % self.kernel);
                    let into = &mut into[start..start + channels];
                    match self.kind {
                        PoolKind::Max => {
                            let x = &x[start..start + channels];
                            for ((into, x), (out, gradient)) in
                                into.iter_mut().zip(x).zip(out.iter().zip(gradient.iter_mut()))
                            {
                                // Without a branch, which would cost the vectors.
                                let taken = *gradient * f32::from(u8::from(x == out));
                                *into = keep(*into) + taken;
                                *gradient -= taken;
                            }
                        }
                        PoolKind::Average => {
                            for (into, gradient) in into.iter_mut().zip(gradient.iter()) {
                                *into = keep(*into) + gradient * share;
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Op for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn work(&self) -> usize {
        2 * self.image.size()
    }

    fn forward(&self, call: Forward<'_>) {
        vectorized!(self.pool(call.inputs[0], call.out));
    }

    fn backward(&self, call: Backward<'_>) {
        if let Some(sum) = &mut call.for_inputs[0] {
            let (x, out, gradient) = (call.inputs[0], call.out, &mut *call.gradient);
            if sum.fresh && self.divides() {
                vectorized!(self.back(x, out, gradient, sum.numbers, true));
            } else {
                vectorized!(self.back(x, out, gradient, sum.to_add(), false));
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let Image {
            height,
            width,
            channels,
        } = self.image;
        let x = inputs[0].reshape(((), height, width, channels))?;
        // candle's own pooling has no backward pass where windows overlap, so each place of a window is picked by itself.
        let result = self.result();
        let pick = |count: usize, offset: usize| {
            let indices: Vec<u32> = (0..count).map(|i| (i * self.stride + offset) as u32).collect();
            Tensor::from_vec(indices, count, x.device())
        };
        let places = (0..self.kernel * self.kernel)
            .map(|place| {
                x.index_select(&pick(result.height, place / self.kernel)?, 1)?
                    .index_select(&pick(result.width, place % self.kernel)?, 2)
            })
            .collect::<Result<Vec<_>>>()?;
        let places = Tensor::stack(&places, 0)?;
        match self.kind {
            PoolKind::Max => places.max(0),
            PoolKind::Average => places.mean(0),
        }
    }

    fn fused(&self, inputs: &[Tensor], _: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::image::pool(self, &inputs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fused::emulated::{self, Turns},
        ops::tests::Case,
    };
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn agrees_with_candle(
            rows in 1..4usize, height in 3..9usize, width in 3..9usize, channels in 1..9usize,
            kernel in 1..4usize, stride in 1..4usize, seed: u64,
        ) {
            for kind in [PoolKind::Max, PoolKind::Average] {
                let image = Image { height, width, channels };
                let pool = Pool { kind, image, kernel, stride };
                Case::new(rows, seed).input(&image.shape()).agrees(pool, &pool.result().shape());
            }
        }
    }

    #[test]
    fn of_equal_numbers_the_first_gets_the_gradient() {
        let pool = Pool {
            kind: PoolKind::Max,
            image: Image {
                height: 3,
                width: 3,
                channels: 1,
            },
            kernel: 2,
            stride: 1,
        };
        let expected = [1.0, 2.0, 0.0, 3.0, 4.0, 0.0, 0.0, 0.0, 0.0];
        let mut ours = [0.0; 9];
        pool.back(&[7.0; 9], &[7.0; 4], &mut [1.0, 2.0, 3.0, 4.0], &mut ours, false);
        assert_eq!(ours, expected);
        let tensor =
            |numbers: &[f32]| Tensor::from_slice(numbers, (1, numbers.len()), &emulated::device()).unwrap();
        let by_kernels = || {
            let made = fused::image::pool(&pool, &tensor(&[7.0; 9])).unwrap();
            let gradients = (made.backward)(&tensor(&[1.0, 2.0, 3.0, 4.0]), true).unwrap();
            gradients.inputs[0].as_ref().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(emulated::on(Turns::Forwards, by_kernels), expected);
    }
}
