//! Convolution of images and of sequences: a product of windows and filters that reads each window where it lies in its
//! image, which has zeros around it. So do the gradients: that of the filters is a product of the transposed windows, and
//! that of the image the convolution of the result's gradient with the reversed filters.
//!
//! Channels come last, [rows, height, width, channels], unlike PyTorch's tensors: a window is then a few long runs of
//! memory, and whatever follows works along the channels. Filters are [filters, height, width, channels].

use super::{
    Activation, Backward, CandleContext, Factors, Forward, Op, Sum,
    matmul::Matrix,
    right::Right,
    transposed::{add_transposed, add_turned},
    vector,
    windows::Windows,
};
use crate::fused::{self, Fused};
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

    /// The image with zeros around.
    fn padded(&self) -> Image {
        let [above, below, left, right] = self.padding;
        Image {
            height: self.image.height + above + below,
            width: self.image.width + left + right,
            ..self.image
        }
    }

    /// The way back as a convolution of the result's gradient, for a stride of 1: what reaches a pixel comes from the
    /// windows around it, so the filters are turned upside down and their two sides exchanged. `None` where there is more
    /// padding than a window reaches over.
    fn reversed(&self) -> Option<Self> {
        let span = |kernel: usize| (kernel - 1) * self.dilation;
        let [height, width] = self.kernel.map(span);
        let [above, below, left, right] = self.padding;
        let rest = |span: usize, padding: usize| span.checked_sub(padding);
        (self.stride == 1).then_some(())?;
        Some(Self {
            image: self.result(),
            filters: self.image.channels,
            padding: [
                rest(height, above)?,
                rest(height, below)?,
                rest(width, left)?,
                rest(width, right)?,
            ],
            activation: Activation::Identity,
            ..*self
        })
    }

    /// The filters of [`reversed`](Self::reversed): [numbers of its window, channels].
    fn reversed_filters(&self, filters: &[f32]) -> Vec<f32> {
        let (channels, window) = (self.image.channels, self.window());
        let mut reversed = Vec::with_capacity(filters.len());
        for place in (0..window / channels).rev() {
            for filter in filters.chunks_exact(window) {
                reversed.extend_from_slice(&filter[place * channels..][..channels]);
            }
        }
        reversed
    }

    /// Where runs of a window begin within a padded image, and their length: pixels that lie side by side are one run.
    fn runs(&self) -> (Vec<usize>, usize) {
        let Image { width, channels, .. } = self.padded();
        let (pieces, length) = match self.dilation {
            1 => (1, self.kernel[1]),
            _ => (self.kernel[1], 1),
        };
        let at = |run: usize| (run / pieces * width + run % pieces) * self.dilation * channels;
        ((0..self.kernel[0] * pieces).map(at).collect(), length * channels)
    }

    /// Copies an image into the middle of a padded one, which holds zeros or such an image.
    fn pad(&self, image: &[f32], padded: &mut [f32]) {
        let (line, channels) = (self.image.width * self.image.channels, self.image.channels);
        let first = (self.padding[0] * self.padded().width + self.padding[2]) * channels;
        let padded = padded[first..].chunks_mut(self.padded().width * channels);
        for (image, padded) in image.chunks_exact(line).zip(padded) {
            padded[..line].copy_from_slice(image);
        }
    }

    /// The windows of a padded image.
    fn windows<'a>(&self, padded: &'a [f32], (offsets, length): &'a (Vec<usize>, usize)) -> Windows<'a> {
        let (result, step) = (self.result(), self.stride * self.image.channels);
        Windows::new(
            padded,
            [result.height, result.width],
            [self.padded().width * step, step],
            offsets,
            *length,
        )
    }

    /// Adds windows to the padded image that they are of.
    #[inline(always)]
    fn scatter(&self, windows: &[f32], padded: &mut [f32], (offsets, length): &(Vec<usize>, usize)) {
        let mut starts = self.windows(padded, &(offsets.clone(), *length)).starts();
        for window in windows.chunks_exact(self.window()) {
            let start = starts.next();
            for (from, offset) in window.chunks_exact(*length).zip(offsets) {
                for (to, from) in padded[start + offset..][..*length].iter_mut().zip(from) {
                    *to += from;
                }
            }
        }
    }

    /// Adds the middle of a padded image to an image.
    fn add_middle(&self, padded: &[f32], image: &mut [f32]) {
        let (line, channels) = (self.image.width * self.image.channels, self.image.channels);
        let first = (self.padding[0] * self.padded().width + self.padding[2]) * channels;
        let padded = padded[first..].chunks(self.padded().width * channels);
        for (image, padded) in image.chunks_exact_mut(line).zip(padded) {
            vector::add(image, &padded[..line]);
        }
    }
}

/// The way from the gradient of a result to that of the image.
enum ToImage {
    /// By the reversed convolution: its filters, its runs, and space for a padded gradient.
    Reversed(Convolution, Right, (Vec<usize>, usize), Vec<f32>),
    /// By a product with the filters that gives windows, which are added up: space for these and for the padded image.
    Scattered(Right, Vec<f32>, Vec<f32>),
}

impl ToImage {
    fn new(convolution: &Convolution, filters: &[f32], factors: Factors) -> Self {
        let (window, channels) = (convolution.window(), convolution.image.channels);
        match convolution.reversed() {
            Some(reversed) => {
                let filters = convolution.reversed_filters(filters);
                let filters = Matrix::new(&filters, reversed.window(), channels);
                let space = vec![0.0; reversed.padded().size()];
                Self::Reversed(reversed, Right::new(filters, factors), reversed.runs(), space)
            }
            None => {
                let filters = Right::new(Matrix::new(filters, convolution.filters, window), factors);
                let windows = convolution.result().size() / convolution.filters * window;
                Self::Scattered(
                    filters,
                    vec![0.0; windows],
                    vec![0.0; convolution.padded().size()],
                )
            }
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
        let (size, runs) = (self.result().size(), self.runs());
        let filters = Matrix::new(call.parameters[0], self.filters, self.window());
        let filters = Right::new(filters.transposed(), call.context.factors);
        let mut padded = vec![0.0; self.padded().size()];
        let images = call.inputs[0].chunks_exact(self.image.size());
        for (index, (image, out)) in images.zip(call.out.chunks_exact_mut(size)).enumerate() {
            self.pad(image, &mut padded);
            filters.multiply(out, self.windows(&padded, &runs), false);
            let slopes = match self.activation.keeps_slopes() {
                true => &mut call.saved[index * size..(index + 1) * size],
                false => &mut [],
            };
            self.activation.apply(out, call.parameters[1], slopes);
        }
    }

    fn backward(&self, call: Backward<'_>) {
        let (size, runs) = (self.result().size(), self.runs());
        let at = match self.activation.keeps_slopes() {
            true => &*call.saved,
            false => call.out,
        };
        let [weight_sum, bias_sum] = call.for_parameters else {
            unreachable!("a convolution has filters and a bias")
        };
        let mut for_bias = vec![0.0; self.filters];
        // [numbers of a window, filters].
        let mut for_filters = vec![0.0; self.window() * self.filters];
        let mut padded = vec![0.0; self.padded().size()];
        let mut to_image = call.for_inputs[0]
            .is_some()
            .then(|| ToImage::new(self, call.parameters[0], call.context.factors));
        let images = call.inputs[0]
            .chunks_exact(self.image.size())
            .zip(at.chunks_exact(size));
        // Image by image, so that all of one stays in the cache.
        for (index, ((image, at), gradient)) in images.zip(call.gradient.chunks_exact_mut(size)).enumerate() {
            self.activation.slope(gradient, at, &mut for_bias);
            if weight_sum.is_some() {
                self.pad(image, &mut padded);
                let mut sum = Sum {
                    numbers: &mut for_filters,
                    fresh: index == 0,
                };
                add_transposed(
                    &mut sum,
                    self.windows(&padded, &runs),
                    gradient,
                    call.context.factors,
                );
            }
            let (Some(to_image), Some(sum)) = (&mut to_image, &mut call.for_inputs[0]) else {
                continue;
            };
            let image = index * image.len()..(index + 1) * image.len();
            match to_image {
                ToImage::Reversed(reversed, filters, runs, space) => {
                    reversed.pad(gradient, space);
                    filters.multiply(&mut sum.numbers[image], reversed.windows(space, runs), !sum.fresh);
                }
                ToImage::Scattered(filters, windows, space) => {
                    filters.multiply(windows, Windows::matrix(gradient, self.filters), false);
                    space.fill(0.0);
                    vector::vectorized!(self.scatter(windows, space, &runs));
                    self.add_middle(space, &mut sum.to_add()[image]);
                }
            }
        }
        if let Some(sum) = bias_sum {
            sum.add(&for_bias);
        }
        if let Some(sum) = weight_sum {
            add_turned(sum, &for_filters, [self.filters, self.window()]);
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

    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], _: &CandleContext<'_>) -> Result<Fused> {
        fused::image::convolution(self, &inputs[0], &parameters[0], &parameters[1])
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
            rows in 1..4usize, height in 5..9usize, width in 5..9usize, channels in 1..6usize, filters in 1..40usize,
            kernel in prop::array::uniform2(1..4usize), stride in 1..3usize, dilation in 1..3usize,
            padding in prop::array::uniform4(0..3usize), gelu: bool, seed: u64,
        ) {
            let activation = if gelu { Activation::Gelu } else { Activation::Relu };
            let image = Image { height, width, channels };
            check(Convolution { image, filters, kernel, stride, dilation, padding, activation }, rows, seed);
        }

        #[test]
        fn comes_near_in_bf16(
            rows in 1..4usize, height in 5..9usize, width in 5..9usize, channels in 32..48usize, filters in 32..50usize,
            kernel in prop::array::uniform2(1..4usize), stride in 1..3usize, dilation in 1..3usize,
            padding in prop::array::uniform4(0..3usize), seed: u64,
        ) {
            let (image, activation) = (Image { height, width, channels }, Activation::Gelu);
            let convolution = Convolution { image, filters, kernel, stride, dilation, padding, activation };
            let [kernel_height, kernel_width] = kernel;
            Case::new(rows, seed)
                .input(&image.shape())
                .parameter_for(convolution.window(), &[filters, kernel_height, kernel_width, channels])
                .parameter(&[filters])
                .comes_near_in_bf16(convolution, &convolution.result().shape());
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
