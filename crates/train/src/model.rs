//! A model is a network or trees: in training, as what was learned, and to predict with. What differs between the two is
//! behind these three types; the loop, the report and the prediction don't know which one they have.

use crate::{
    architecture::Architecture,
    boosting::Boosting,
    checkpoint::State,
    error::Result,
    prepare::Prepared,
    trainer::{Evaluation, NetworkTrainer},
};
use aloft_nn::network::{Network, Weights};
use aloft_spec::train::{ModelKind, TrainSpec};
use aloft_trees::forest::Forest;
use candle_core::Device;

/// What was learned: the numbers that a model is stored as.
#[derive(Debug, Clone, PartialEq)]
pub enum Learned {
    /// The weights of a network.
    Network(Vec<Weights>),
    /// Trees.
    Trees(Forest),
}

impl Learned {
    /// The model of these numbers.
    pub fn model(&self, architecture: &Architecture, device: &Device) -> Result<Model> {
        Ok(match self {
            Self::Network(weights) => Model::Network(Network::from_weights(
                architecture.graph(),
                weights.clone(),
                device,
            )?),
            Self::Trees(forest) => Model::Trees(forest.clone()),
        })
    }
}

/// A model that predicts.
#[derive(Debug)]
pub enum Model {
    /// A network.
    Network(Network),
    /// Trees.
    Trees(Forest),
}

/// A model in training.
#[derive(Debug)]
pub enum Trainer<'a> {
    /// A network.
    Network(NetworkTrainer<'a>),
    /// Trees.
    Trees(Boosting<'a>),
}

impl<'a> Trainer<'a> {
    /// A fresh model.
    pub fn new(prepared: &'a Prepared, spec: &TrainSpec, device: &Device) -> Result<Self> {
        Ok(match spec.model.kind {
            ModelKind::Trees => Self::Trees(Boosting::new(prepared, spec, None)?),
            _ => Self::Network(NetworkTrainer::new(prepared, spec, device)?),
        })
    }

    /// One that goes on after `step` steps.
    pub fn resume(
        prepared: &'a Prepared,
        spec: &TrainSpec,
        device: &Device,
        step: u64,
        state: State,
    ) -> Result<Self> {
        Ok(match state {
            State::Network { weights, moments, .. } => Self::Network(NetworkTrainer::resume(
                prepared, spec, device, step, weights, moments,
            )?),
            State::Trees(forest) => Self::Trees(Boosting::new(prepared, spec, Some(forest))?),
        })
    }

    /// Begins an epoch (from 1), after epochs with these validation losses: the order of its training rows.
    pub fn begin_epoch(&mut self, epoch: u32, losses: &[f64]) -> Vec<u32> {
        match self {
            Self::Network(network) => network.begin_epoch(epoch, losses),
            Self::Trees(boosting) => boosting.rows(),
        }
    }

    /// Learns from some rows; returns their mean loss before. `next` are the rows of the next step, none where there is none.
    /// Trees always learn from all rows.
    pub fn step(&mut self, rows: &[u32], next: &[u32]) -> Result<f64> {
        match self {
            Self::Network(network) => network.step(rows, next),
            Self::Trees(boosting) => Ok(boosting.step()),
        }
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        match self {
            Self::Network(network) => network.optimizer().steps(),
            Self::Trees(boosting) => boosting.steps(),
        }
    }

    /// Loss and metrics of some rows.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        match self {
            Self::Network(network) => network.evaluate(rows),
            Self::Trees(boosting) => boosting.evaluate(rows),
        }
    }

    /// Trainable numbers of the model so far.
    pub fn parameter_count(&self) -> usize {
        match self {
            Self::Network(network) => network.network().parameter_count(),
            Self::Trees(boosting) => boosting.forest().parameters(),
        }
    }

    /// What is learned so far.
    pub fn learned(&self) -> Result<Learned> {
        Ok(match self {
            Self::Network(network) => Learned::Network(network.network().weights()?),
            Self::Trees(boosting) => Learned::Trees(boosting.forest().clone()),
        })
    }

    /// All that the next step depends on, and what was best; that is what is learned now where there was nothing before.
    pub fn state(&self, best: Option<&Learned>) -> Result<State> {
        Ok(match self {
            Self::Network(network) => {
                let weights = network.network().weights()?;
                State::Network {
                    kind: network.optimizer().kind(),
                    moments: network.optimizer().moments()?,
                    best: match best {
                        Some(Learned::Network(best)) => best.clone(),
                        _ => weights.clone(),
                    },
                    weights,
                }
            }
            Self::Trees(boosting) => State::Trees(boosting.forest().clone()),
        })
    }
}
