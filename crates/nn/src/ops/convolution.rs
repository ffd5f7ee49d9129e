//! Convolution of images and of sequences: windows are copied side by side ("im2col"), image by image so that they stay in
//! the cache, and multiplied with the filters.
//!
//! Channels come last, [rows, height, width, channels], unlike PyTorch's tensors: a window is then a few long runs of
//! memory, and whatever follows works along the channels. Filters are [filters, height, width, channels].

use super::{
    Activation, Backward, CandleContext, Forward, Op,
    matmul::{Matrix, MatrixMut, multiply},
    packed::Packed,
    vector,
};
use candle_core::{Result, Tensor};
use serde::Serialize;

/// The shape of an image; a sequence is an image of height 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
    /// Numbers of a pixel.
    pub channels: usize,
}

impl Image {
    /// Numbers.
    pub fn size(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// As dimensions.
    pub fn shape(&self) -> [usize; 3] {
        [self.height, self.width, self.channels]
    }
}

/// `activation(convolution + bias)` with parameters filters [filters, kernel height, kernel width, channels] and
/// bias [filters].
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Convolution {
    /// What comes in.
    pub image: Image,
    /// Channels of what comes out.
    pub filters: usize,
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// From one window to the next, down and to the right.
    pub stride: usize,
    /// From one pixel of a window to the next.
    pub dilation: usize,
    /// Zeros around the image: above, below, left, right.
    pub padding: [usize; 4],
    /// What follows.
    pub activation: Activation,
}

impl Convolution {
    /// A square window over an image, with zeros around so that the size stays (for an odd kernel).
    pub fn same(image: Image, filters: usize, kernel: usize, activation: Activation) -> Self {
        Self {
            image,
            filters,
            kernel: [kernel; 2],
            stride: 1,
            dilation: 1,
            padding: [kernel / 2; 4],
            activation,
        }
    }

    /// Over a sequence [positions, channels], looking back only: the result at a position depends on none after it.
    pub fn causal(
        positions: usize,
        channels: usize,
        filters: usize,
        kernel: usize,
        dilation: usize,
        activation: Activation,
    ) -> Self {
        Self {
            image: Image {
                height: 1,
                width: positions,
                channels,
            },
            filters,
            kernel: [1, kernel],
            stride: 1,
            dilation,
            padding: [0, 0, (kernel - 1) * dilation, 0],
            activation,
        }
    }

    /// What comes out.
    pub fn result(&self) -> Image {
        let [above, below, left, right] = self.padding;
        let windows = |size: usize, kernel: usize| {
            let span = (kernel - 1) * self.dilation + 1;
            assert!(size >= span, "a window of {span} over {size} pixels");
            (size - span) / self.stride + 1
        };
        Image {
            height: windows(self.image.height + above + below, self.kernel[0]),
            width: windows(self.image.width + left + right, self.kernel[1]),
            channels: self.filters,
        }
    }

    /// Numbers of a window.
    pub fn window(&self) -> usize {
        self.kernel[0] * self.kernel[1] * self.image.channels
    }

    /// Calls `run(start in the window, start in the image, length)` for each run of memory that the window of a result at
    /// (`y`, `x`) shares with the image; the rest of the window are zeros.
    #[inline(always)]
    fn runs(&self, y: usize, x: usize, mut run: impl FnMut(usize, usize, usize)) {
        let channels = self.image.channels;
        let [above, _, left, _] = self.padding;
        // Pixels of a window that lie side by side are one run.
        let (pieces, length) = match self.dilation {
            1 => (1, self.kernel[1]),
            _ => (self.kernel[1], 1),
        };
        for dy in 0..self.kernel[0] {
            let from_top = y * self.stride + dy * self.dilation;
            if from_top < above || from_top - above >= self.image.height {
                continue;
            }
            let line = (from_top - above) * self.image.width;
            for dx in 0..pieces {
                let from_left = x * self.stride + dx * self.dilation;
                let cut = left.saturating_sub(from_left).min(length);
                let first = (from_left + cut).saturating_sub(left);
                let end = (from_left + length).saturating_sub(left).min(self.image.width);
                if first < end {
                    run(
                        (dy * self.kernel[1] + dx + cut) * channels,
                        (line + first) * channels,
                        (end - first) * channels,
                    );
                }
            }
        }
    }

    /// Copies the windows of one image side by side: [windows, numbers of a window].
    fn gather(&self, image: &[f32], windows: &mut [f32]) {
        let (result, size) = (self.result(), self.window());
        if self.padding != [0; 4] {
            windows.fill(0.0);
        }
        for (index, window) in windows.chunks_exact_mut(size).enumerate() {
            self.runs(index / result.width, index % result.width, |to, from, length| {
                let (to, from) = (&mut window[to..to + length], &image[from..from + length]);
                // A call to memcpy takes longer than so few numbers.
                if length < 8 {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                } else {
                    to.copy_from_slice(from);
                }
            });
        }
    }

    /// Adds windows to the image that they were gathered from.
    #[inline(always)]
    fn scatter(&self, windows: &[f32], image: &mut [f32]) {
        let (result, size) = (self.result(), self.window());
        for (index, window) in windows.chunks_exact(size).enumerate() {
            self.runs(index / result.width, index % result.width, |from, to, length| {
                for (to, from) in image[to..to + length]
                    .iter_mut()
                    .zip(&window[from..from + length])
                {
                    *to += from;
                }
            });
        }
    }
}

impl Op for Convolution {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn saved(&self, rows: usize) -> usize {
        match self.activation.keeps_slopes() {
            true => rows * self.result().size(),
            false => 0,
        }
    }

    fn work(&self) -> usize {
        self.result().size() * self.window()
    }

    fn forward(&self, call: Forward<'_>) {
        let result = self.result();
        let places = result.height * result.width;
        let filters = Matrix::new(call.parameters[0], self.filters, self.window());
        let filters = Packed::new(filters.transposed());
        let mut windows = vec![0.0; places * self.window()];
        let images = call.inputs[0].chunks_exact(self.image.size());
        for (index, (image, out)) in images.zip(call.out.chunks_exact_mut(result.size())).enumerate() {
            self.gather(image, &mut windows);
            filters.multiply(out, &windows, false);
            let slopes = match self.activation.keeps_slopes() {
                true => &mut call.saved[index * result.size()..(index + 1) * result.size()],
                false => &mut [],
            };
            self.activation.apply(out, call.parameters[1], slopes);
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let result = self.result();
        let places = result.height * result.width;
        let at = match self.activation.keeps_slopes() {
            true => &*call.saved,
            false => call.out,
        };
        let mut for_bias = vec![0.0; self.filters];
        self.activation.slope(call.gradient, at, &mut for_bias);
        let [weight_sum, bias_sum] = call.for_parameters else {
            unreachable!("a convolution has filters and a bias")
        };
        if let Some(sum) = bias_sum {
            sum.add(&for_bias);
        }
        let filters = Packed::new(Matrix::new(call.parameters[0], self.filters, self.window()));
        let mut windows = vec![0.0; places * self.window()];
        let images = call.inputs[0].chunks_exact(self.image.size());
        for (index, (image, gradient)) in images.zip(call.gradient.chunks_exact(result.size())).enumerate() {
            if let Some(sum) = weight_sum {
                self.gather(image, &mut windows);
                let out = MatrixMut::new(sum.numbers, self.filters, self.window());
                let windows = Matrix::new(&windows, places, self.window());
                let gradient = Matrix::new(gradient, places, self.filters);
                multiply(out, gradient.transposed(), windows, !sum.fresh);
                sum.fresh = false;
            }
            if let Some(sum) = &mut call.for_inputs[0] {
                filters.multiply(&mut windows, gradient, false);
                let into = &mut sum.to_add()[index * self.image.size()..(index + 1) * self.image.size()];
                vector::vectorized!(self.scatter(&windows, into));
            }
        }
    }

    fn by_candle(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Tensor> {
        let [height, width, channels] = self.image.shape();
        let [above, below, left, right] = self.padding;
        let result = self.result();
        // What no window reaches is cut off: candle's backward pass takes no rest.
        let reached =
            |windows: usize, kernel: usize| (windows - 1) * self.stride + (kernel - 1) * self.dilation + 1;
        let x = inputs[0]
            .reshape(((), height, width, channels))?
            .permute((0, 3, 1, 2))?
            .pad_with_zeros(2, above, below)?
            .pad_with_zeros(3, left, right)?
            .narrow(2, 0, reached(result.height, self.kernel[0]))?
            .narrow(3, 0, reached(result.width, self.kernel[1]))?
            .contiguous()?;
        let filters = parameters[0].permute((0, 3, 1, 2))?.contiguous()?;
        let out = x
            .conv2d(&filters, 0, self.stride, self.dilation, 1)?
            .permute((0, 2, 3, 1))?
            .contiguous()?
            .broadcast_add(&parameters[1])?;
        self.activation.by_candle(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::tests::Case;
    use proptest::prelude::*;

    fn check(convolution: Convolution, rows: usize, seed: u64) {
        let [kernel_height, kernel_width] = convolution.kernel;
        Case::new(rows, seed)
            .input(&convolution.image.shape())
            .parameter(&[
                convolution.filters,
                kernel_height,
                kernel_width,
                convolution.image.channels,
            ])
            .parameter(&[convolution.filters])
            .agrees(convolution, &convolution.result().shape());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn agrees_with_candle_over_images(
            rows in 1..4usize, height in 5..9usize, width in 5..9usize, channels in 1..6usize, filters in 1..9usize,
            kernel in prop::array::uniform2(1..4usize), stride in 1..3usize, dilation in 1..3usize,
            padding in prop::array::uniform4(0..3usize), gelu: bool, seed: u64,
        ) {
            let activation = if gelu { Activation::Gelu } else { Activation::Relu };
            let image = Image { height, width, channels };
            check(Convolution { image, filters, kernel, stride, dilation, padding, activation }, rows, seed);
        }

        #[test]
        fn agrees_with_candle_over_sequences(
            rows in 1..4usize, positions in 1..12usize, channels in 1..6usize, filters in 1..9usize,
            kernel in 1..4usize, dilation in 1..5usize, seed: u64,
        ) {
            let relu = Activation::Relu;
            check(Convolution::causal(positions, channels, filters, kernel, dilation, relu), rows, seed);
        }
    }

    #[test]
    fn same_padding_keeps_the_size() {
        let image = Image {
            height: 7,
            width: 5,
            channels: 2,
        };
        let result = Convolution::same(image, 3, 3, Activation::Identity).result();
        assert_eq!(result, Image { channels: 3, ..image });
    }
}
