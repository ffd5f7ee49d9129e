//! Convolution and pooling. Ours have the channels last, ONNX has them first.

use super::{Call, Export, dense::activation};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{Convolution, Image, Pool, PoolKind};

/// [rows, height, width, channels] to [rows, channels, height, width].
fn channels_first(model: &mut Model, x: &Tensor, image: Image) -> String {
    let x = model.reshape(x, &image.shape());
    model.apply(
        "Transpose",
        &[&x.name],
        &[("perm", Attribute::Ints(&[0, 3, 1, 2]))],
    )
}

/// The way back.
fn channels_last(model: &mut Model, x: &str, image: Image) -> Tensor {
    Tensor {
        name: model.apply("Transpose", &[x], &[("perm", Attribute::Ints(&[0, 2, 3, 1]))]),
        shape: image.shape().to_vec(),
    }
}

impl Export for Convolution {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = channels_first(model, call.x(), self.image);
        let (filters, bias) = (call.parameter(model, 0), call.parameter(model, 1));
        let filters = model.apply(
            "Transpose",
            &[&filters],
            &[("perm", Attribute::Ints(&[0, 3, 1, 2]))],
        );
        let [above, below, left, right] = self.padding.map(|pixels| pixels as i64);
        let square = |size: usize| [size as i64; 2];
        let attributes = [
            (
                "kernel_shape",
                Attribute::Ints(&self.kernel.map(|size| size as i64)),
            ),
            ("strides", Attribute::Ints(&square(self.stride))),
            ("dilations", Attribute::Ints(&square(self.dilation))),
            ("pads", Attribute::Ints(&[above, left, below, right])),
        ];
        let out = model.apply("Conv", &[&x, &filters, &bias], &attributes);
        let out = activation(model, self.activation, out);
        Ok(channels_last(model, &out, self.result()))
    }
}

impl Export for Pool {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = channels_first(model, call.x(), self.image);
        let op = match self.kind {
            PoolKind::Max => "MaxPool",
            PoolKind::Average => "AveragePool",
        };
        let attributes = [
            ("kernel_shape", Attribute::Ints(&[self.kernel as i64; 2])),
            ("strides", Attribute::Ints(&[self.stride as i64; 2])),
        ];
        let out = model.apply(op, &[&x], &attributes);
        Ok(channels_last(model, &out, self.result()))
    }
}
