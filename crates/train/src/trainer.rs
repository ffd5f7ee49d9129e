//! A network in training: steps, epochs' orders, evaluation, and the state that a checkpoint holds.

use crate::{
    batch::Batch,
    error::Result,
    evaluate::{Outputs, evaluate, evaluate_network},
    memory,
    metrics::{self, Metrics},
    model::Model,
    prepare::Prepared,
    schedule::Schedule,
    task::{Task, Values},
};
use aloft_nn::{
    learner::Learner,
    loss::{Loss, Targets},
    network::{Network, Weights},
    optimizer::{Kind, Moments, Optimizer, Rule},
    rng::{Purpose, Random},
};
use aloft_spec::train::{OptimizerKind, OptimizerSpec, TrainSpec};
use candle_core::{Device, utils::get_num_threads};

/// A network in training.
#[derive(Debug)]
pub struct NetworkTrainer<'a> {
    prepared: &'a Prepared,
    learner: Learner,
    batch: Batch,
    seed: u64,
    schedule: Schedule,
    // Numbers to learn, standardized, [rows, width]; empty for classes.
    numbers: Vec<f32>,
    width: usize,
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
        let optimizer = Optimizer::new(rule(&spec.optimizer), network.graph().parameters());
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
            Optimizer::resume(rule(&spec.optimizer), step, moments),
        )
    }

    fn with(
        prepared: &'a Prepared,
        spec: &TrainSpec,
        network: Network,
        optimizer: Optimizer,
    ) -> Result<Self> {
        let width = prepared.task.outputs();
        let numbers = match (&prepared.task, &prepared.targets) {
            (Task::Regression { .. } | Task::Quantiles { .. }, Values::Numbers(values)) => {
                let standardized = prepared.task.standardized(values).into_iter();
                standardized
                    .flat_map(|value| std::iter::repeat_n(value, width))
                    .collect()
            }
            _ => Vec::new(),
        };
        let loss = loss(prepared, spec, network.graph().output().width() / width);
        if network.device().is_cpu() {
            let table = (prepared.rows.rows * prepared.rows.row_bytes()) as u64;
            memory::check(
                network.graph(),
                prepared.batch_size,
                table,
                aloft_runs::memory_bytes(),
            )?;
        }
        let steps = u64::from(prepared.epochs) * prepared.steps_per_epoch() as u64;
        Ok(Self {
            prepared,
            learner: Learner::new(network, loss, optimizer, get_num_threads())?,
            batch: Batch::default(),
            seed: spec.seed,
            schedule: Schedule::new(spec, steps),
            numbers,
            width,
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

    /// Begins an epoch (from 1), after epochs with these validation losses: the order of its training rows. Nothing random
    /// is left over from the epoch before.
    pub fn begin_epoch(&mut self, epoch: u32, losses: &[f64]) -> Vec<u32> {
        self.schedule.begin_epoch(losses);
        self.dropout = Random::new(self.seed, Purpose::Dropout, u64::from(epoch));
        let mut order = self.prepared.split.train.clone();
        Random::new(self.seed, Purpose::Order, u64::from(epoch)).shuffle(&mut order);
        order
    }

    /// Learns from some rows once, in batches that fit; returns their mean loss before.
    pub fn step(&mut self, rows: &[u32]) -> Result<f64> {
        let rate = self.schedule.rate(self.optimizer().steps());
        let prepared = self.prepared;
        if rows.len() <= prepared.batch_size {
            prepared.rows.gather(rows, &mut self.batch);
            let (seed, targets) = (self.dropout.bits(), self.targets(rows));
            return Ok(self.learner.step(self.batch.rows(), targets.view(), rate, seed)?);
        }
        let divisor = self.learner.divisor(self.targets(rows).view());
        let mut loss = 0.0;
        for rows in rows.chunks(prepared.batch_size) {
            prepared.rows.gather(rows, &mut self.batch);
            let (seed, targets) = (self.dropout.bits(), self.targets(rows));
            loss += self
                .learner
                .accumulate(self.batch.rows(), targets.view(), divisor, seed)?;
        }
        self.learner.update(rate)?;
        Ok(loss)
    }

    fn targets(&self, rows: &[u32]) -> Chosen {
        match &self.prepared.targets {
            Values::Classes(classes) => {
                Chosen::Classes(rows.iter().map(|row| classes[*row as usize]).collect())
            }
            Values::Numbers(_) => Chosen::Numbers(
                rows.iter()
                    .flat_map(|row| &self.numbers[*row as usize * self.width..][..self.width])
                    .copied()
                    .collect(),
            ),
        }
    }

    /// Loss and metrics of some rows.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        let prepared = self.prepared;
        let outputs = evaluate_network(self.network(), &prepared.task, &prepared.rows, rows)?;
        Ok(judged(prepared, outputs, rows))
    }
}

/// Targets of some rows.
enum Chosen {
    Classes(Vec<u32>),
    Numbers(Vec<f32>),
}

impl Chosen {
    fn view(&self) -> Targets<'_> {
        match self {
            Self::Classes(classes) => Targets::Classes(classes),
            Self::Numbers(numbers) => Targets::Numbers(numbers),
        }
    }
}

/// What training makes small, for a model of so many members.
fn loss(prepared: &Prepared, spec: &TrainSpec, members: usize) -> Loss {
    let each = match &prepared.task {
        Task::Regression { .. } => Loss::Squares { width: 1 },
        Task::Quantiles { quantiles, .. } => Loss::Pinball {
            quantiles: quantiles.iter().map(|quantile| *quantile as f32).collect(),
        },
        task @ (Task::Binary { .. } | Task::Multiclass { .. }) => Loss::CrossEntropy {
            classes: task.outputs(),
            smoothing: spec.loss.label_smoothing as f32,
            weights: prepared.class_weights.clone(),
        },
    };
    match members {
        0 | 1 => each,
        members => Loss::Members {
            members,
            each: Box::new(each),
        },
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
        Task::Regression { deviation, .. } | Task::Quantiles { deviation, .. } => deviation,
        Task::Binary { .. } | Task::Multiclass { .. } => 1.0,
    };
    Evaluation {
        loss: metrics::loss(&outputs, &truth, deviation),
        metrics: metrics::metrics(&outputs, &truth),
        outputs,
    }
}

/// The optimizer that a specification asks for.
pub fn rule(spec: &OptimizerSpec) -> Rule {
    let kind = match spec.kind {
        OptimizerKind::Adamw => Kind::Adamw,
        OptimizerKind::Adam => Kind::Adam,
        OptimizerKind::Sgd => Kind::Sgd {
            momentum: spec.momentum,
            nesterov: spec.nesterov && spec.momentum > 0.0,
        },
        OptimizerKind::Lion => Kind::Lion,
        OptimizerKind::Rmsprop => Kind::Rmsprop,
    };
    Rule {
        kind,
        weight_decay: spec.weight_decay,
        clip: spec.clip,
    }
}
