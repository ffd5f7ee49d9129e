//! Normalization.

use super::{Call, Export};
use crate::{Attribute, Model, OnnxError, Tensor};
use aloft_nn::ops::{BatchNorm, EPSILON, LayerNorm, RmsNorm};

impl Export for LayerNorm {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let (scale, shift) = (call.parameter(model, 0), call.parameter(model, 1));
        let attributes = [
            ("axis", Attribute::Int(-1)),
            ("epsilon", Attribute::Float(EPSILON)),
        ];
        Ok(Tensor {
            name: model.apply(
                "LayerNormalization",
                &[&call.x().name, &scale, &shift],
                &attributes,
            ),
            shape: call.x().shape.clone(),
        })
    }
}

impl Export for RmsNorm {
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let x = &call.x().name;
        let scale = call.parameter(model, 0);
        let axes = model.ints("axes", &[1], &[-1]);
        let epsilon = model.floats("epsilon", &[], &[EPSILON]);
        let squares = model.apply("Mul", &[x, x], &[]);
        let mean = model.apply(
            "ReduceMean",
            &[&squares, &axes],
            &[("keepdims", Attribute::Int(1))],
        );
        let above = model.apply("Add", &[&mean, &epsilon], &[]);
        let root = model.apply("Sqrt", &[&above], &[]);
        let normal = model.apply("Div", &[x, &root], &[]);
        Ok(Tensor {
            name: model.apply("Mul", &[&normal, &scale], &[]),
            shape: call.x().shape.clone(),
        })
    }
}

impl Export for BatchNorm {
    /// By the running statistics, which are constants: one product and one sum a channel. The operator
    /// `BatchNormalization` wants channels in another place.
    fn export(&self, model: &mut Model, call: &Call<'_>) -> Result<Tensor, OnnxError> {
        let [scale, shift, mean, variance] = [0, 1, 2, 3].map(|index| &call.parameters[index].numbers);
        let factor: Vec<f32> = scale
            .iter()
            .zip(variance)
            .map(|(scale, variance)| scale / (variance + EPSILON).sqrt())
            .collect();
        let mean = model.floats("running_mean", &[self.channels], mean);
        let factor = model.floats("factor", &[self.channels], &factor);
        let shift = model.floats("shift", &[self.channels], shift);
        let centered = model.apply("Sub", &[&call.x().name, &mean], &[]);
        let scaled = model.apply("Mul", &[&centered, &factor], &[]);
        Ok(Tensor {
            name: model.apply("Add", &[&scaled, &shift], &[]),
            shape: call.x().shape.clone(),
        })
    }
}
