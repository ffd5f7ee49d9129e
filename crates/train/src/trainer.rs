//! A network in training: steps, epochs' orders, evaluation, and the state that a checkpoint holds.

use crate::{
    batch::Batch,
    error::Result,
    evaluate::{Outputs, evaluate, network_scores, outputs},
    metrics::{self, Metrics},
    model::Model,
    prepare::Prepared,
    task::{Task, Values},
};
use aloft_nn::{
    learner::Learner,
    loss::{Loss, Targets},
    network::{Network, Weights},
    optimizer::{self, Moments, Optimizer, Rule},
    rng::{Purpose, Random},
};
use aloft_spec::train::{OptimizerKind, TrainSpec};
use candle_core::{Device, utils::get_num_threads};
use std::f64::consts::PI;

/// Share of all steps over which the learning rate rises, and the most steps that it takes.
const RISE: (f64, u64) = (0.05, 200);

/// A network in training.
#[derive(Debug)]
pub struct NetworkTrainer<'a> {
    prepared: &'a Prepared,
    learner: Learner,
    batch: Batch,
    seed: u64,
    learning_rate: f64,
    all_steps: u64,
    // Numbers to learn, standardized; empty for classes.
    numbers: Vec<f32>,
    dropout: Random,
}

/// Loss and metrics of some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// See [`metrics::loss`].
    pub loss: f64,
    /// See [`metrics::metrics`].
    pub metrics: Metrics,
    /// What was predicted.
    pub outputs: Outputs,
}

impl<'a> NetworkTrainer<'a> {
    /// A fresh model.
    pub fn new(prepared: &'a Prepared, spec: &TrainSpec, device: &Device) -> Result<Self> {
        let network = Network::new(prepared.architecture.graph(), spec.seed, device)?;
        let optimizer = Optimizer::new(rule(spec), network.graph().parameters());
        Self::with(prepared, spec, network, optimizer)
    }

    /// One that goes on after `step` steps.
    pub fn resume(
        prepared: &'a Prepared,
        spec: &TrainSpec,
        device: &Device,
        step: u64,
        weights: Vec<Weights>,
        moments: Vec<Moments>,
    ) -> Result<Self> {
        let network = Network::from_weights(prepared.architecture.graph(), weights, device)?;
        Self::with(
            prepared,
            spec,
            network,
            Optimizer::resume(rule(spec), step, moments),
        )
    }

    fn with(
        prepared: &'a Prepared,
        spec: &TrainSpec,
        network: Network,
        optimizer: Optimizer,
    ) -> Result<Self> {
        let (loss, numbers) = match (&prepared.task, &prepared.targets) {
            (Task::Regression { .. }, Values::Numbers(values)) => {
                (Loss::Squares { width: 1 }, prepared.task.standardized(values))
            }
            (task, _) => {
                let loss = Loss::CrossEntropy {
                    classes: task.outputs(),
                    smoothing: 0.0,
                    weights: Vec::new(),
                };
                (loss, Vec::new())
            }
        };
        Ok(Self {
            prepared,
            learner: Learner::new(network, loss, optimizer, get_num_threads())?,
            batch: Batch::default(),
            seed: spec.seed,
            learning_rate: spec.optimizer.learning_rate,
            all_steps: u64::from(spec.epochs) * prepared.steps_per_epoch() as u64,
            numbers,
            dropout: Random::new(spec.seed, Purpose::Dropout, 0),
        })
    }

    /// The model.
    pub fn network(&self) -> &Network {
        self.learner.network()
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &Optimizer {
        self.learner.optimizer()
    }

    /// Begins an epoch (from 1): the order of its training rows. Nothing random is left over from the epoch before.
    pub fn begin_epoch(&mut self, epoch: u32) -> Vec<u32> {
        self.dropout = Random::new(self.seed, Purpose::Dropout, u64::from(epoch));
        let mut order = self.prepared.split.train.clone();
        Random::new(self.seed, Purpose::Order, u64::from(epoch)).shuffle(&mut order);
        order
    }

    /// Learns from some rows once; returns their mean loss before.
    pub fn step(&mut self, rows: &[u32]) -> Result<f64> {
        self.prepared.rows.gather(rows, &mut self.batch);
        let rate = learning_rate(self.learning_rate, self.optimizer().steps(), self.all_steps);
        let seed = self.dropout.bits();
        Ok(match &self.prepared.targets {
            Values::Classes(classes) => {
                let targets: Vec<u32> = rows.iter().map(|row| classes[*row as usize]).collect();
                self.learner
                    .step(self.batch.rows(), Targets::Classes(&targets), rate, seed)?
            }
            Values::Numbers(_) => {
                let targets: Vec<f32> = rows.iter().map(|row| self.numbers[*row as usize]).collect();
                self.learner
                    .step(self.batch.rows(), Targets::Numbers(&targets), rate, seed)?
            }
        })
    }

    /// Loss and metrics of some rows.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        let scores = network_scores(self.network(), &self.prepared.rows, rows)?;
        Ok(judged(self.prepared, outputs(&self.prepared.task, &scores), rows))
    }
}

/// Loss and metrics of a model on some rows.
pub fn evaluation(prepared: &Prepared, model: &Model, rows: &[u32]) -> Result<Evaluation> {
    let outputs = evaluate(model, &prepared.task, &prepared.rows, rows)?;
    Ok(judged(prepared, outputs, rows))
}

/// Loss and metrics of what a model says about some rows.
pub fn judged(prepared: &Prepared, outputs: Outputs, rows: &[u32]) -> Evaluation {
    let truth = prepared.truth(rows);
    let deviation = match prepared.task {
        Task::Regression { deviation, .. } => deviation,
        Task::Binary { .. } | Task::Multiclass { .. } => 1.0,
    };
    Evaluation {
        loss: metrics::loss(&outputs, &truth, deviation),
        metrics: metrics::metrics(&outputs, &truth),
        outputs,
    }
}

/// The optimizer that a specification asks for.
pub fn rule(spec: &TrainSpec) -> Rule {
    let kind = match spec.optimizer.kind {
        OptimizerKind::Adamw => optimizer::Kind::Adamw,
    };
    Rule {
        kind,
        weight_decay: spec.optimizer.weight_decay,
        clip: None,
    }
}

/// Rises linearly over the first steps, then falls to zero along a cosine (Loshchilov and Hutter, "SGDR", 2017).
fn learning_rate(highest: f64, step: u64, all: u64) -> f64 {
    let rise = ((all as f64 * RISE.0) as u64).clamp(1, RISE.1);
    let risen = ((step + 1) as f64 / rise as f64).min(1.0);
    let done = (step as f64 / all.max(1) as f64).min(1.0);
    highest * risen * 0.5 * (1.0 + (PI * done).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let rates: Vec<f64> = (0..=1000).map(|step| learning_rate(0.1, step, 1000)).collect();
        assert!(rates[0] < 0.003 && rates[49] > 0.099 && rates[1000] < 1e-9);
        assert!(rates[..49].is_sorted() && rates[50..].is_sorted_by(|a, b| a >= b));
        assert!(learning_rate(0.1, 0, 1) > 0.0);
    }
}
