//! Models: numbers and categories in, logits or one number out.

use crate::{
    batch::Batch,
    error::TrainError,
    ops::{Activation, Slot, embed, linear},
    rng::{Purpose, Random},
};
use aloft_spec::train::{CategoryEncoding, ModelKind, ModelSpec};
use candle_core::{Device, Result, Tensor, Var};
use serde::{Deserialize, Serialize};

/// Standard deviation of a fresh embedding's numbers.
const EMBEDDING_SCALE: f32 = 0.1;

/// The shape of a model: all that is needed to build it, stored beside its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// The kind.
    pub kind: ModelKind,
    /// Columns of numbers.
    pub numeric: usize,
    /// Columns of categories.
    pub slots: Vec<Slot>,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Classes, or 1 for regression.
    pub outputs: usize,
}

impl Architecture {
    /// The model of a specification for `numeric` columns, categories of so many values each (the unknown bucket counted)
    /// and so many outputs.
    pub fn new(
        spec: &ModelSpec,
        numeric: usize,
        category_values: &[usize],
        outputs: usize,
    ) -> std::result::Result<Self, TrainError> {
        if !(0.0..1.0).contains(&spec.dropout) {
            return Err(TrainError::bad_value(
                format!("model.dropout is {}", spec.dropout),
                "a share from 0 to less than 1, for instance 0.1",
            ));
        }
        if spec.hidden.contains(&0) {
            return Err(TrainError::bad_value(
                "model.hidden has a layer of width 0",
                "give each hidden layer a width, for instance hidden = [128, 64]",
            ));
        }
        let linear = spec.kind == ModelKind::Linear;
        let mut offset = 0;
        let slots = category_values
            .iter()
            .map(|&values| match spec.categories {
                CategoryEncoding::Embedding if !linear => {
                    let dimension = embedding_dimension(values);
                    let slot = Slot::Embedding {
                        values,
                        dimension,
                        offset,
                    };
                    offset += values * dimension;
                    slot
                }
                _ => Slot::OneHot { values },
            })
            .collect();
        Ok(Self {
            kind: spec.kind,
            numeric,
            slots,
            hidden: if linear { Vec::new() } else { spec.hidden.clone() },
            dropout: if linear { 0.0 } else { spec.dropout },
            outputs,
        })
    }

    /// Width of the first layer's input.
    fn inputs(&self) -> usize {
        self.numeric + self.slots.iter().map(|slot| slot.width()).sum::<usize>()
    }

    /// Numbers of all embeddings together.
    fn table_length(&self) -> usize {
        self.slots
            .iter()
            .map(|slot| match *slot {
                Slot::Embedding {
                    values, dimension, ..
                } => values * dimension,
                Slot::OneHot { .. } => 0,
            })
            .sum()
    }

    /// Inputs and outputs of each linear layer, in order.
    fn layers(&self) -> Vec<(usize, usize)> {
        let widths: Vec<usize> = std::iter::once(self.inputs())
            .chain(self.hidden.iter().copied())
            .chain([self.outputs])
            .collect();
        widths.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }
}

/// Numbers of a category's vector: `min(50, ceil(1.6 n^0.56))` for n values (the rule of fastai's tabular models).
fn embedding_dimension(values: usize) -> usize {
    let dimension = (1.6 * (values as f64).powf(0.56)).ceil() as usize;
    dimension.min(50)
}

/// A trainable tensor.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name in files: `layers.0.weight`.
    pub name: String,
    /// Its numbers, f32.
    pub var: Var,
    /// Whether weight decay applies: to matrices, not to biases.
    pub decays: bool,
}

impl Parameter {
    /// A parameter.
    pub fn new(name: impl Into<String>, var: Var, decays: bool) -> Self {
        Self {
            name: name.into(),
            var,
            decays,
        }
    }
}

/// The numbers of a parameter, on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The parameter's name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, row-major.
    pub numbers: Vec<f32>,
}

/// A model on a device. Parameters have a fixed order: the embeddings, then each layer's weight [outputs, inputs] and
/// bias, as PyTorch's `nn.Linear` has them.
#[derive(Debug)]
pub struct Model {
    architecture: Architecture,
    parameters: Vec<Parameter>,
    device: Device,
    // Stands for the embeddings of a model that has none.
    no_table: Tensor,
}

impl Model {
    /// A model with fresh weights: uniform within ±1/sqrt(inputs) as PyTorch's `nn.Linear` (Kaiming-uniform with a = √5),
    /// embeddings normal, their bucket of unknown values zero.
    pub fn new(architecture: Architecture, seed: u64, device: &Device) -> Result<Self> {
        let mut random = Random::new(seed, Purpose::Weights, 0);
        let mut weights = Vec::new();
        for (name, shape) in Self::shapes(&architecture) {
            let count = shape.iter().product();
            let numbers = if name == TABLE {
                fresh_table(&architecture, &mut random)
            } else {
                let inputs = match shape[..] {
                    [_, inputs] => inputs,
                    _ => weights.last().map_or(1, |last: &Weights| last.shape[1]),
                };
                let bound = 1.0 / (inputs.max(1) as f32).sqrt();
                (0..count).map(|_| (random.unit() * 2.0 - 1.0) * bound).collect()
            };
            weights.push(Weights { name, shape, numbers });
        }
        Self::from_weights(architecture, weights, device)
    }

    /// A model with given weights; they must be those of the architecture, in its order.
    pub fn from_weights(architecture: Architecture, weights: Vec<Weights>, device: &Device) -> Result<Self> {
        let shapes = Self::shapes(&architecture);
        if shapes.len() != weights.len() {
            candle_core::bail!("{} weights for a model of {}", weights.len(), shapes.len());
        }
        let mut parameters = Vec::new();
        for ((name, shape), weights) in shapes.into_iter().zip(weights) {
            if name != weights.name || shape != weights.shape {
                candle_core::bail!(
                    "weights `{}` {:?} where `{name}` {shape:?} belongs",
                    weights.name,
                    weights.shape
                );
            }
            let decays = shape.len() == 2 || name == TABLE;
            let var = Var::from_vec(weights.numbers, shape, device)?;
            parameters.push(Parameter::new(name, var, decays));
        }
        Ok(Self {
            architecture,
            parameters,
            device: device.clone(),
            no_table: Tensor::zeros(0, candle_core::DType::F32, device)?,
        })
    }

    /// Names and shapes of an architecture's parameters, in order.
    pub fn shapes(architecture: &Architecture) -> Vec<(String, Vec<usize>)> {
        let mut shapes = Vec::new();
        if architecture.table_length() > 0 {
            shapes.push((TABLE.to_owned(), vec![architecture.table_length()]));
        }
        for (index, (inputs, outputs)) in architecture.layers().into_iter().enumerate() {
            shapes.push((format!("layers.{index}.weight"), vec![outputs, inputs]));
            shapes.push((format!("layers.{index}.bias"), vec![outputs]));
        }
        shapes
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// What is trained, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Trainable numbers.
    pub fn parameter_count(&self) -> usize {
        self.parameters
            .iter()
            .map(|parameter| parameter.var.elem_count())
            .sum()
    }

    /// A copy of the weights on the host, in order.
    pub fn weights(&self) -> Result<Vec<Weights>> {
        self.parameters
            .iter()
            .map(|parameter| {
                Ok(Weights {
                    name: parameter.name.clone(),
                    shape: parameter.var.dims().to_vec(),
                    numbers: parameter.var.flatten_all()?.to_vec1()?,
                })
            })
            .collect()
    }

    /// Logits [rows, classes], or numbers [rows, 1]. With a generator hidden units are dropped as in training.
    pub fn forward(&self, batch: &Batch, mut dropout: Option<&mut Random>) -> Result<Tensor> {
        let mut parameters = self.parameters.iter().map(|parameter| parameter.var.as_tensor());
        let table = match self.architecture.table_length() {
            0 => &self.no_table,
            _ => next(&mut parameters)?,
        };
        let mut x = embed(&batch.numeric, &batch.categories, table, &self.architecture.slots)?;
        let last = self.architecture.hidden.len();
        for layer in 0..=last {
            let (weight, bias) = (next(&mut parameters)?, next(&mut parameters)?);
            if layer == last {
                return linear(&x, weight, bias, Activation::Identity);
            }
            x = linear(&x, weight, bias, Activation::Relu)?;
            if let (Some(random), true) = (dropout.as_deref_mut(), self.architecture.dropout > 0.0) {
                x = drop_units(&x, self.architecture.dropout, random)?;
            }
        }
        Ok(x)
    }
}

/// Name of the parameter that holds all embeddings.
const TABLE: &str = "embeddings";

fn next<'a>(parameters: &mut impl Iterator<Item = &'a Tensor>) -> Result<&'a Tensor> {
    match parameters.next() {
        Some(parameter) => Ok(parameter),
        None => candle_core::bail!("a model lacks a parameter"),
    }
}

fn fresh_table(architecture: &Architecture, random: &mut Random) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(architecture.table_length());
    for slot in &architecture.slots {
        if let Slot::Embedding {
            values, dimension, ..
        } = *slot
        {
            numbers.extend(std::iter::repeat_n(0.0, dimension));
            numbers.extend((0..(values - 1) * dimension).map(|_| random.normal() * EMBEDDING_SCALE));
        }
    }
    numbers
}

/// Sets a share of the numbers to zero and scales the others up so that the sum is expected to stay (Srivastava et al.,
/// 2014).
fn drop_units(x: &Tensor, share: f64, random: &mut Random) -> Result<Tensor> {
    let scale = (1.0 / (1.0 - share)) as f32;
    let mask: Vec<f32> = (0..x.elem_count())
        .map(|_| {
            if f64::from(random.unit()) < share {
                0.0
            } else {
                scale
            }
        })
        .collect();
    x.mul(&Tensor::from_vec(mask, x.shape(), x.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Encoded;

    fn spec() -> ModelSpec {
        ModelSpec {
            hidden: vec![16, 8],
            dropout: 0.5,
            ..ModelSpec::default()
        }
    }

    fn rows(count: usize) -> Encoded {
        let mut random = Random::new(5, Purpose::Order, 0);
        Encoded {
            rows: count,
            numeric_width: 3,
            numeric: (0..count * 3).map(|_| random.normal()).collect(),
            category_width: 2,
            categories: (0..count)
                .flat_map(|row| [row as u32 % 4, row as u32 % 9])
                .collect(),
        }
    }

    #[test]
    fn every_parameter_gets_a_gradient() -> Result<()> {
        for kind in [ModelKind::Mlp, ModelKind::Linear] {
            let spec = ModelSpec { kind, ..spec() };
            let architecture = Architecture::new(&spec, 3, &[4, 9], 3).expect("a valid model");
            let model = Model::new(architecture, 7, &Device::Cpu)?;
            let batch = rows(64).batch(&(0..64).collect::<Vec<_>>(), &Device::Cpu)?;
            let mut random = Random::new(7, Purpose::Dropout, 1);
            let out = model.forward(&batch, Some(&mut random))?;
            assert_eq!(out.dims(), [64, 3]);
            let gradients = out.sqr()?.mean_all()?.backward()?;
            for parameter in model.parameters() {
                let gradient = gradients.get(&parameter.var).expect(&parameter.name);
                assert!(
                    gradient.abs()?.sum_all()?.to_scalar::<f32>()? > 0.0,
                    "{}",
                    parameter.name
                );
            }
        }
        Ok(())
    }

    #[test]
    fn weights_are_seeded_and_make_the_same_model() -> Result<()> {
        let architecture = Architecture::new(&spec(), 3, &[4, 9], 1).expect("a valid model");
        let model = Model::new(architecture.clone(), 7, &Device::Cpu)?;
        assert_eq!(
            model.weights()?,
            Model::new(architecture.clone(), 7, &Device::Cpu)?.weights()?
        );
        assert_ne!(
            model.weights()?,
            Model::new(architecture.clone(), 8, &Device::Cpu)?.weights()?
        );
        let copy = Model::from_weights(architecture.clone(), model.weights()?, &Device::Cpu)?;
        let batch = rows(9).batch(&[0, 5, 8], &Device::Cpu)?;
        assert_eq!(
            model.forward(&batch, None)?.to_vec2::<f32>()?,
            copy.forward(&batch, None)?.to_vec2::<f32>()?
        );
        assert!(Model::from_weights(architecture, Vec::new(), &Device::Cpu).is_err());
        Ok(())
    }

    #[test]
    fn bad_shapes_are_refused() {
        for spec in [
            ModelSpec {
                dropout: 1.0,
                ..spec()
            },
            ModelSpec {
                hidden: vec![8, 0],
                ..spec()
            },
        ] {
            assert!(Architecture::new(&spec, 3, &[], 1).is_err());
        }
    }
}
