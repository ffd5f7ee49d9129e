//! A model in training: steps, epochs' orders, evaluation, and the state that a checkpoint holds.

use crate::{
    batch::Batch,
    error::Result,
    evaluate::{Outputs, evaluate},
    inputs::Unit,
    metrics::{self, Metrics},
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

/// A model in training.
#[derive(Debug)]
pub struct Trainer<'a> {
    prepared: &'a Prepared,
    learner: Learner,
    batch: Batch,
    seed: u64,
    learning_rate: f64,
    all_steps: u64,
    // Numbers to learn, standardized; empty for classes.
    numbers: Vec<f32>,
    dropout: Random,
    variation: Random,
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

impl<'a> Trainer<'a> {
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
            (Task::Regression { mean, deviation }, Values::Numbers(values)) => {
                let standardized = |value: &f64| ((value - mean) / deviation) as f32;
                (
                    Loss::Squares { width: 1 },
                    values.iter().map(standardized).collect(),
                )
            }
            (Task::Forecast { horizon, .. }, Values::Numbers(values)) => {
                let windows = (0u32..).zip(values.chunks_exact(*horizon));
                let in_units = windows.flat_map(|(row, values)| {
                    let Unit { start, size } = prepared.rows.unit(row).unwrap_or_default();
                    values.iter().map(move |value| ((value - start) / size) as f32)
                });
                (Loss::Squares { width: *horizon }, in_units.collect())
            }
            (Task::Anomaly { numbers, .. }, _) => (Loss::Squares { width: *numbers }, Vec::new()),
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
            variation: Random::new(spec.seed, Purpose::Variation, 0),
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
        self.variation = Random::new(self.seed, Purpose::Variation, u64::from(epoch));
        let mut order = self.prepared.split.train.clone();
        Random::new(self.seed, Purpose::Order, u64::from(epoch)).shuffle(&mut order);
        order
    }

    /// Learns from some rows once; returns their mean loss before.
    pub fn step(&mut self, rows: &[u32]) -> Result<f64> {
        self.prepared.rows.gather(rows, &mut self.batch);
        self.prepared.rows.vary(&mut self.batch, &mut self.variation);
        let rate = learning_rate(self.learning_rate, self.optimizer().steps(), self.all_steps);
        let seed = self.dropout.bits();
        Ok(match &self.prepared.targets {
            Values::Classes(classes) => {
                let targets: Vec<u32> = rows.iter().map(|row| classes[*row as usize]).collect();
                self.learner
                    .step(self.batch.rows(), Targets::Classes(&targets), rate, seed)?
            }
            Values::Numbers(_) => {
                let targets = self.prepared.of_rows(&self.numbers, rows);
                self.learner
                    .step(self.batch.rows(), Targets::Numbers(&targets), rate, seed)?
            }
            Values::Inputs => {
                let rows = self.batch.rows();
                self.learner
                    .step(rows, Targets::Numbers(rows.numbers), rate, seed)?
            }
        })
    }

    /// Loss and metrics of some rows.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        evaluation(self.prepared, self.network(), rows)
    }
}

/// Loss and metrics of a model on some rows.
pub fn evaluation(prepared: &Prepared, network: &Network, rows: &[u32]) -> Result<Evaluation> {
    let outputs = evaluate(network, &prepared.task, prepared.rows.as_ref(), rows)?;
    let truth = prepared.truth(rows);
    let units = match &prepared.task {
        Task::Regression { deviation, .. } => vec![*deviation],
        Task::Binary { .. } | Task::Multiclass { .. } | Task::Anomaly { .. } => vec![1.0],
        Task::Forecast { horizon, .. } => {
            let unit = |row: &u32| prepared.rows.unit(*row).unwrap_or_default().size;
            let units = rows.iter().map(unit);
            units
                .flat_map(|unit| std::iter::repeat_n(unit, *horizon))
                .collect()
        }
    };
    let mut metrics = metrics::metrics(&outputs, &truth);
    metrics.extend(metrics::base_lines(&prepared.rows.base_lines(rows), &truth));
    Ok(Evaluation {
        loss: metrics::loss(&outputs, &truth, &units),
        metrics,
        outputs,
    })
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
