//! A model of tables: layers over numbers and categories.

use crate::error::TrainError;
use aloft_nn::model::Mlp;
use aloft_nn::{
    graph::Graph,
    ops::{Activation, Slot},
};
use aloft_spec::train::{CategoryEncoding, ModelKind, ModelSpec, NumberEncoding};
use serde::{Deserialize, Serialize};

/// Numbers that a row is pressed into when nothing is set, at least and at most.
const CODE: (usize, usize) = (2, 32);

/// Its sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
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
    /// Classes, quantiles, steps, or 1 for a number: what each member gives.
    pub outputs: usize,
}

impl Table {
    /// The model of a specification for `numeric` columns, of which `continuous` are points on a line, categories of so many
    /// values each (the unknown bucket counted) and so many outputs.
    pub fn new(
        spec: &ModelSpec,
        numeric: usize,
        continuous: &[usize],
        category_values: &[usize],
        outputs: usize,
    ) -> Result<Self, TrainError> {
        Self::check_hidden(spec)?;
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
                Some(NumberEncoding::Periodic) if !linear => continuous.to_vec(),
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

    /// A model that gives `numbers` numbers back through a few: layers down to the code, and up again.
    pub fn autoencoder(spec: &ModelSpec, numbers: usize) -> Result<Self, TrainError> {
        Self::check_hidden(spec)?;
        let code = spec
            .code
            .unwrap_or((numbers / 4).clamp(CODE.0, CODE.1))
            .clamp(1, numbers.max(1));
        let down = spec.hidden.iter().copied();
        let up = spec.hidden.iter().rev().copied();
        Ok(Self {
            kind: spec.kind,
            numeric: numbers,
            periodic: Vec::new(),
            slots: Vec::new(),
            members: 1,
            residual: false,
            activation: Activation::Silu,
            hidden: down.chain([code]).chain(up).collect(),
            dropout: spec.dropout,
            outputs: numbers,
        })
    }

    /// Refuses a hidden layer without a width.
    pub fn check_hidden(spec: &ModelSpec) -> Result<(), TrainError> {
        match spec.hidden.contains(&0) {
            false => Ok(()),
            true => Err(TrainError::bad_value(
                "model.hidden has a layer of width 0",
                "give each hidden layer a width, for instance hidden = [128, 64]",
            )),
        }
    }

    /// The model as a graph over [numeric] and the batch's categories.
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
            numbers: Some(NumberEncoding::Periodic),
            ..ModelSpec::default()
        }
    }

    #[test]
    fn weights_are_named_seeded_and_make_the_same_model() -> candle_core::Result<()> {
        let table = Table::new(&spec(), 3, &[0], &[4, 9], 1).expect("a valid model");
        let network = |seed| Network::new(table.graph(), seed, &Device::Cpu);
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
        let copy = Network::from_weights(table.graph(), weights.clone(), &Device::Cpu)?;
        assert_eq!(weights, copy.weights()?);
        assert!(Network::from_weights(table.graph(), Vec::new(), &Device::Cpu).is_err());
        Ok(())
    }

    #[test]
    fn a_linear_model_has_one_layer_and_no_embeddings() {
        let spec = ModelSpec {
            kind: ModelKind::Linear,
            ..spec()
        };
        let graph = Table::new(&spec, 3, &[0, 1, 2], &[4, 9], 2)
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
    fn vectors_of_many_values_learn_more_slowly() {
        let rates = |values: &[usize]| {
            let graph = Table::new(&spec(), 1, &[], values, 1)
                .expect("a valid model")
                .graph();
            let rate = |name: &str| {
                let named = graph.parameters().iter().find(|parameter| parameter.name == name);
                named.map(|parameter| parameter.rate)
            };
            (rate("embeddings"), rate("layers.0.weight"))
        };
        assert_eq!(rates(&[3, 16]), (Some(1.0), Some(1.0)));
        assert_eq!(rates(&[3, 17]), (Some(0.1), Some(1.0)));
        assert_eq!(rates(&[]), (None, Some(1.0)));
    }

    #[test]
    fn bad_shapes_are_refused() {
        for spec in [
            ModelSpec { members: 0, ..spec() },
            ModelSpec {
                hidden: vec![8, 0],
                ..spec()
            },
        ] {
            assert!(Table::new(&spec, 3, &[], &[], 1).is_err());
        }
    }
}
