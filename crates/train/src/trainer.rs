//! A network in training: steps, epochs' orders, evaluation, and the state that a checkpoint holds.

use crate::{
    device,
    error::Result,
    evaluate::{Outputs, evaluate, evaluate_network},
    feed::Feed,
    line::with_line,
    memory,
    metrics::{self, Metrics},
    mixed,
    model::Model,
    prepare::Prepared,
    schedule::Schedule,
    task::{Task, Values},
};
use aloft_nn::{
    graph::Graph,
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
    feed: Feed<'a>,
    seed: u64,
    schedule: Schedule,
    // Numbers to learn, in their units, [rows, width]; empty for classes, and where a row is its own target.
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
        let graph = prepared.architecture.graph();
        // Before the weights take any memory.
        check_memory(prepared, &graph, device)?;
        let network = with_line(Network::new(graph, spec.seed, device)?, prepared)?;
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
        let graph = prepared.architecture.graph();
        check_memory(prepared, &graph, device)?;
        let network = Network::from_weights(graph, weights, device)?;
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
        let numbers = match &prepared.targets {
            Values::Numbers(_) => {
                // Of a number each of its quantiles is learned.
                let times = width / prepared.task.target_width();
                let numbers = prepared.in_units().into_iter();
                numbers
                    .flat_map(|number| std::iter::repeat_n(number, times))
                    .collect()
            }
            _ => Vec::new(),
        };
        let loss = loss(prepared, spec, network.graph().output().width() / width);
        let steps = prepared.steps();
        let factors = mixed::factors(spec, network.device());
        let learner = Learner::new(network, loss, optimizer, get_num_threads())?;
        Ok(Self {
            prepared,
            learner: learner.with_factors(factors)?,
            feed: Feed::new(
                prepared.rows.as_ref(),
                Random::new(spec.seed, Purpose::Variation, 0),
            ),
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
        let variation = Random::new(self.seed, Purpose::Variation, u64::from(epoch));
        self.feed.begin_epoch(variation);
        let mut order = self.prepared.split.train.clone();
        let mut random = Random::new(self.seed, Purpose::Order, u64::from(epoch));
        self.prepared.rows.shuffle(&mut order, &mut random);
        order
    }

    /// Learns from some rows once, in batches that fit; returns their mean loss before. `next` are the rows of the next step,
    /// as far as they are known: the first batch of them is gathered meanwhile.
    pub fn step(&mut self, rows: &[u32], next: &[u32]) -> Result<f64> {
        self.step_at(rows, next, self.schedule.rate(self.optimizer().steps()))
    }

    /// The same at a rate that no schedule has chosen.
    pub fn step_at(&mut self, rows: &[u32], next: &[u32], rate: f64) -> Result<f64> {
        let most = self.prepared.batch_size;
        let next = &next[..next.len().min(most)];
        if rows.len() <= most {
            let (seed, targets) = (self.dropout.bits(), self.targets(rows)?);
            let learner = &mut self.learner;
            return self.feed.learn(rows, next, |batch| {
                Ok(learner.step(batch, targets.view(), rate, seed)?)
            });
        }
        let divisor = self.learner.divisor(self.targets(rows)?.view());
        let batches: Vec<&[u32]> = rows.chunks(most).chain([next]).collect();
        let mut loss = 0.0;
        for (rows, next) in batches.iter().zip(&batches[1..]) {
            let (seed, targets) = (self.dropout.bits(), self.targets(rows)?);
            let learner = &mut self.learner;
            loss += self.feed.learn(rows, next, |batch| {
                Ok(learner.accumulate(batch, targets.view(), divisor, seed)?)
            })?;
        }
        self.learner.update(rate)?;
        Ok(loss)
    }

    fn targets(&self, rows: &[u32]) -> Result<Chosen> {
        Ok(match &self.prepared.targets {
            Values::Classes(classes) => {
                Chosen::Classes(rows.iter().map(|row| classes[*row as usize]).collect())
            }
            Values::Numbers(_) => Chosen::Numbers(
                rows.iter()
                    .flat_map(|row| &self.numbers[*row as usize * self.width..][..self.width])
                    .copied()
                    .collect(),
            ),
            Values::Inputs => Chosen::Numbers(self.prepared.numbers(rows)?),
        })
    }

    /// Loss and metrics of some rows.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation> {
        let prepared = self.prepared;
        let outputs = evaluate_network(self.network(), &prepared.task, prepared.rows.as_ref(), rows)?;
        judged(prepared, outputs, rows)
    }
}

/// Fails where the model and a batch are more than the device's memory.
fn check_memory(prepared: &Prepared, graph: &Graph, device: &Device) -> Result<()> {
    // The table stays in this machine's memory; only a batch of it goes to a device with its own.
    let table_bytes = match device.is_cpu() {
        true => prepared.rows.bytes() as u64,
        false => 0,
    };
    memory::check(
        graph,
        prepared.batch_size,
        table_bytes,
        device::memory_bytes(device),
    )
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
        task @ (Task::Regression { .. } | Task::Forecast { .. } | Task::Anomaly { .. }) => Loss::Squares {
            width: task.outputs(),
        },
        Task::Multilabel { labels, .. } => Loss::BinaryCrossEntropy { width: labels.len() },
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
    let outputs = evaluate(model, &prepared.task, prepared.rows.as_ref(), rows)?;
    judged(prepared, outputs, rows)
}

/// Loss and metrics of what a model says about some rows.
pub fn judged(prepared: &Prepared, outputs: Outputs, rows: &[u32]) -> Result<Evaluation> {
    let truth = prepared.truth(rows)?;
    let width = prepared.task.target_width();
    let units: Vec<f64> = rows
        .iter()
        .flat_map(|row| {
            let unit = prepared.task.unit(prepared.rows.as_ref(), *row);
            std::iter::repeat_n(unit.size, width)
        })
        .collect();
    let mut metrics = metrics::metrics(&outputs, &truth);
    metrics.extend(metrics::base_lines(&prepared.rows.base_lines(rows), &truth));
    Ok(Evaluation {
        loss: metrics::loss(&outputs, &truth, &units),
        metrics,
        outputs,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Trainer;
    use aloft_spec::train::ModelKind;
    use polars::prelude::*;

    fn table() -> DataFrame {
        let number = |factor: i32| {
            (0..240)
                .map(|row| f64::from(row * factor % 31))
                .collect::<Vec<_>>()
        };
        let level: Vec<f64> = number(7)
            .iter()
            .zip(number(11))
            .map(|(a, b)| a - 2.0 * b)
            .collect();
        let words: Vec<&str> = (0..240)
            .map(|row| ["ash", "oak", "yew"][row * 7 % 5 % 3])
            .collect();
        let high: Vec<bool> = level.iter().map(|level| *level > -15.0).collect();
        df!("a" => number(7), "b" => number(11), "wood" => words, "level" => level, "high" => high).unwrap()
    }

    /// Losses of some epochs of a training, and what it says in the end; by candle's ops as on a GPU, or by ours.
    fn train(
        prepared: &Prepared,
        spec: &TrainSpec,
        by_candle: bool,
    ) -> (Vec<f64>, f64, Vec<Weights>, Vec<Moments>) {
        let network = Network::new(prepared.architecture.graph(), spec.seed, &Device::Cpu).unwrap();
        let optimizer = Optimizer::new(rule(&spec.optimizer), network.graph().parameters());
        let network = match by_candle {
            true => network.by_candle().unwrap(),
            false => network,
        };
        let mut trainer = NetworkTrainer::with(prepared, spec, network, optimizer).unwrap();
        let mut losses = Vec::new();
        for epoch in 1..=2 {
            for rows in trainer.begin_epoch(epoch, &losses).chunks(prepared.step_rows()) {
                losses.push(trainer.step(rows, &[]).unwrap());
            }
        }
        let loss = trainer.evaluate(&prepared.split.validation).unwrap().loss;
        let moments = trainer.optimizer().moments().unwrap();
        (losses, loss, trainer.network().weights().unwrap(), moments)
    }

    #[test]
    fn a_device_without_kernels_of_ours_learns_the_same_and_its_checkpoint_goes_on_here() {
        let with = |target: &str, kind, change: fn(&mut TrainSpec)| {
            let mut spec = TrainSpec::new("t", target);
            spec.model.kind = kind;
            change(&mut spec);
            spec
        };
        for spec in [
            with("high", ModelKind::Mlp, |spec| spec.ignore = vec!["level".into()]),
            with("high", ModelKind::Mlp, |spec| spec.features = vec!["wood".into()]),
            with("level", ModelKind::Linear, |spec| spec.optimizer.accumulate = 2),
            with("level", ModelKind::Mlp, |spec| spec.quantiles = vec![0.1, 0.9]),
        ] {
            let prepared = Prepared::new(&spec, &table()).unwrap();
            let (ours, our_loss, ..) = train(&prepared, &spec, false);
            let (losses, loss, weights, moments) = train(&prepared, &spec, true);
            let name = format!("{:?} of {}", spec.model.kind, spec.target);
            for (step, (ours, other)) in ours.iter().zip(&losses).enumerate() {
                assert!(
                    (ours - other).abs() < 1e-2 * ours.abs().max(1.0),
                    "{name}, {step}: {ours} and {other}"
                );
            }
            assert!((our_loss - loss).abs() < 1e-2, "{name}: {our_loss} and {loss}");
            let steps = losses.len() as u64;
            let resumed =
                NetworkTrainer::resume(&prepared, &spec, &Device::Cpu, steps, weights, moments).unwrap();
            let again = resumed.evaluate(&prepared.split.validation).unwrap().loss;
            assert!((again - loss).abs() < 1e-4, "{name}: {again} and {loss}");
            let mut resumed = Trainer::Network(resumed);
            let order = resumed.begin_epoch(3, &[]);
            let next = resumed.step(&order[..prepared.step_rows()], &[]).unwrap();
            assert!(next.is_finite() && resumed.steps() == steps + 1, "{name}");
        }
    }
}
