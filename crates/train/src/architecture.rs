//! The model that a specification asks for.

use crate::error::TrainError;
use aloft_nn::model::Mlp;
use aloft_nn::{
    graph::Graph,
    ops::{Activation, Slot},
};
use aloft_spec::train::{CategoryEncoding, ModelKind, ModelSpec, NumberEncoding};
use serde::{Deserialize, Serialize};

/// The shape of a model: all that is needed to build it, stored beside its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// The kind.
    pub kind: ModelKind,
    /// Columns of numbers.
    pub numeric: usize,
    /// Those of them that have learned waves.
    pub periodic: Vec<usize>,
    /// Columns of categories.
    pub slots: Vec<Slot>,
    /// Networks that share their hidden layers; what they say is averaged: numbers as they are, classes as probabilities.
    pub members: usize,
    /// Width of each hidden layer.
    pub hidden: Vec<usize>,
    /// Whether a hidden layer adds to its input where both have the same width.
    pub residual: bool,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Share of hidden units dropped while training.
    pub dropout: f64,
    /// Classes, quantiles, or 1 for a number: what each member gives.
    pub outputs: usize,
}

impl Architecture {
    /// The model of a specification for `numeric` columns, of which `continuous` are points on a line, categories of so many
    /// values each (the unknown bucket counted) and so many outputs.
    pub fn new(
        spec: &ModelSpec,
        numeric: usize,
        continuous: &[usize],
        category_values: &[usize],
        outputs: usize,
    ) -> Result<Self, TrainError> {
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
        if spec.members == 0 {
            return Err(TrainError::bad_value(
                "model.members is 0",
                "1 for a single network, or some more",
            ));
        }
        let linear = spec.kind != ModelKind::Mlp;
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
            periodic: match spec.numbers {
                NumberEncoding::Periodic if !linear => continuous.to_vec(),
                _ => Vec::new(),
            },
            slots,
            members: if linear { 1 } else { spec.members },
            hidden: if linear { Vec::new() } else { spec.hidden.clone() },
            residual: spec.residual,
            activation: Activation::Silu,
            dropout: if linear { 0.0 } else { spec.dropout },
            outputs,
        })
    }

    /// A network as a graph over [numeric] and the batch's categories.
    pub fn graph(&self) -> Graph {
        Mlp {
            numeric: self.numeric,
            periodic: self.periodic.clone(),
            slots: self.slots.clone(),
            members: self.members,
            hidden: self.hidden.clone(),
            residual: self.residual,
            activation: self.activation,
            dropout: self.dropout,
            outputs: self.outputs,
        }
        .graph()
    }
}

/// Numbers of a category's vector: `min(50, ceil(1.6 n^0.56))` for n values (the rule of fastai's tabular models).
fn embedding_dimension(values: usize) -> usize {
    let dimension = (1.6 * (values as f64).powf(0.56)).ceil() as usize;
    dimension.min(50)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_nn::network::Network;
    use candle_core::Device;

    fn spec() -> ModelSpec {
        ModelSpec {
            hidden: vec![16, 8],
            dropout: 0.5,
            ..ModelSpec::default()
        }
    }

    #[test]
    fn weights_are_named_seeded_and_make_the_same_model() -> candle_core::Result<()> {
        let architecture = Architecture::new(&spec(), 3, &[0], &[4, 9], 1).expect("a valid model");
        let network = |seed| Network::new(architecture.graph(), seed, &Device::Cpu);
        let weights = network(7)?.weights()?;
        let names: Vec<&str> = weights.iter().map(|weights| weights.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "periodic.frequencies",
                "periodic.phases",
                "periodic.weight",
                "periodic.bias",
                "embeddings",
                "members.weight",
                "layers.0.weight",
                "layers.0.bias",
                "layers.1.weight",
                "layers.1.bias",
                "layers.2.weight",
                "layers.2.bias"
            ]
        );
        assert_eq!(weights, network(7)?.weights()?);
        assert_ne!(weights, network(8)?.weights()?);
        let copy = Network::from_weights(architecture.graph(), weights.clone(), &Device::Cpu)?;
        assert_eq!(weights, copy.weights()?);
        assert!(Network::from_weights(architecture.graph(), Vec::new(), &Device::Cpu).is_err());
        Ok(())
    }

    #[test]
    fn a_linear_model_has_one_layer_and_no_embeddings() {
        let spec = ModelSpec {
            kind: ModelKind::Linear,
            ..spec()
        };
        let graph = Architecture::new(&spec, 3, &[0, 1, 2], &[4, 9], 2)
            .expect("a valid model")
            .graph();
        let shapes: Vec<&[usize]> = graph
            .parameters()
            .iter()
            .map(|parameter| &parameter.shape[..])
            .collect();
        assert_eq!(shapes, [&[2, 16][..], &[2]]);
    }

    #[test]
    fn bad_shapes_are_refused() {
        for spec in [
            ModelSpec {
                dropout: 1.0,
                ..spec()
            },
            ModelSpec { members: 0, ..spec() },
            ModelSpec {
                hidden: vec![8, 0],
                ..spec()
            },
        ] {
            assert!(Architecture::new(&spec, 3, &[], &[], 1).is_err());
        }
    }
}
