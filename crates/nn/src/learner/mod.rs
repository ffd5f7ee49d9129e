//! A network that learns: one step on one batch.
//!
//! On the CPU each thread takes a part of the batch (a shard) through the whole graph and back, and all add their
//! gradients up in a fixed order; so the same threads give the same bits, and threads meet twice a step and not at each
//! op. Small batches stay on one thread.

mod accumulate;

use crate::{
    by_candle,
    fused::{self, Tape},
    graph::Graph,
    loss::{Loss, Targets},
    network::{Network, Parameters, Rows, tensors},
    ops::{Context, Factors, Pass},
    optimizer::Optimizer,
    plan::Plan,
};
use candle_core::{Result, backprop::GradStore, bail};
use rayon::{ThreadPool, ThreadPoolBuilder, prelude::*};
use std::{ops::Range, sync::Arc};

/// Multiply-adds of a thread's forward pass below which one thread more costs more than it brings: waking a thread takes
/// about ten microseconds, and a core does some fifty thousand of them in a microsecond.
const WORK_PER_THREAD: usize = 2_000_000;

/// A network, its loss and its optimizer.
#[derive(Debug)]
pub struct Learner {
    network: Network,
    loss: Loss,
    optimizer: Optimizer,
    threads: usize,
    factors: Factors,
    pool: Option<ThreadPool>,
    // For whole batches, and for the last one of an epoch.
    plans: Vec<Shards>,
    // Steps that shards wait for each other at.
    joints: Vec<usize>,
    work_per_thread: usize,
    // Gradients of batches that are to make one step together.
    gathered: accumulate::Gathered,
}

/// The buffers of a batch of so many rows.
#[derive(Debug)]
struct Shards {
    rows: usize,
    shards: Vec<Shard>,
}

/// A thread's part of a batch.
#[derive(Debug)]
struct Shard {
    rows: Range<usize>,
    plan: Plan,
    loss: f64,
}

/// A batch on its way through the graph.
#[derive(Clone, Copy)]
struct Batch<'a> {
    rows: Rows<'a>,
    targets: Targets<'a>,
    divisor: f64,
    pass: Pass,
    factors: Factors,
    loss: &'a Loss,
    parameters: &'a [Vec<f32>],
}

impl Learner {
    /// A learner with up to `threads` threads; the optimizer's state is that of the network's parameters, on the host.
    pub fn new(network: Network, loss: Loss, optimizer: Optimizer, threads: usize) -> Result<Self> {
        let optimizer = match network.parameters() {
            Parameters::Host(_) => optimizer,
            Parameters::Device(vars) => optimizer.to_device(vars)?,
        };
        let joints = joints(network.graph());
        Ok(Self {
            network,
            loss,
            optimizer,
            threads: threads.max(1),
            factors: Factors::default(),
            pool: None,
            plans: Vec::new(),
            joints,
            work_per_thread: WORK_PER_THREAD,
            gathered: accumulate::Gathered::default(),
        })
    }

    /// The same learner whose matrix products multiply such numbers. Products of bf16 are for the CPU alone.
    pub fn with_factors(self, factors: Factors) -> Result<Self> {
        if let (Parameters::Device(_), Factors::Bf16) = (self.network.parameters(), factors) {
            bail!("products of bf16 on a device");
        }
        Ok(Self { factors, ..self })
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The optimizer.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Learns from some rows once; returns their mean loss before. `seed` differs from step to step.
    pub fn step(
        &mut self,
        rows: Rows<'_>,
        targets: Targets<'_>,
        learning_rate: f64,
        seed: u64,
    ) -> Result<f64> {
        if let Parameters::Device(_) = self.network.parameters() {
            return self.step_on_device(rows, targets, learning_rate, seed);
        }
        let divisor = self.loss.divisor(targets);
        self.on_threads(rows.rows, |learner| {
            let loss = learner.backward_on_host(rows, targets, divisor, seed);
            learner.update_on_host(rows.rows, learning_rate);
            loss
        })
    }

    /// Runs with the threads that a batch of so many rows is worth.
    fn on_threads<T: Send>(&mut self, rows: usize, run: impl FnOnce(&mut Self) -> T + Send) -> Result<T> {
        let shards = self.shards(rows);
        if shards > 1 && self.pool.is_none() {
            let pool = ThreadPoolBuilder::new().num_threads(self.threads).build();
            self.pool = Some(pool.map_err(candle_core::Error::wrap)?);
        }
        match self.pool.take() {
            Some(pool) if shards > 1 => {
                let result = pool.install(|| run(self));
                self.pool = Some(pool);
                Ok(result)
            }
            pool => {
                self.pool = pool;
                Ok(run(self))
            }
        }
    }

    /// How many threads a batch is worth.
    fn shards(&self, rows: usize) -> usize {
        let work = rows * self.network.graph().work_per_row();
        (work / self.work_per_thread)
            .clamp(1, self.threads)
            .min(rows.max(1))
    }

    /// Takes a batch through the graph and back; the gradients stay with the shards. Returns the loss over `divisor`.
    fn backward_on_host(&mut self, rows: Rows<'_>, targets: Targets<'_>, divisor: f64, seed: u64) -> f64 {
        let count = self.shards(rows.rows);
        let graph = Arc::clone(self.network.graph());
        let Parameters::Host(parameters) = self.network.parameters_mut() else {
            unreachable!("this network is on the host")
        };
        let batch = Batch {
            rows,
            targets,
            divisor,
            pass: Pass::Train { seed },
            factors: self.factors,
            loss: &self.loss,
            parameters,
        };
        let shards = shards_for(&mut self.plans, &graph, rows.rows, count);
        run(shards, &self.joints, graph.steps().len(), batch);
        shards.iter().map(|shard| shard.loss).sum()
    }

    /// Moves the parameters along the gradients of the last batch, which had so many rows.
    fn update_on_host(&mut self, rows: usize, learning_rate: f64) {
        let count = self.shards(rows);
        let graph = Arc::clone(self.network.graph());
        let Parameters::Host(parameters) = self.network.parameters_mut() else {
            unreachable!("this network is on the host")
        };
        let shards = shards_for(&mut self.plans, &graph, rows, count);
        let gradients: Vec<&[Vec<f32>]> = shards
            .iter()
            .map(|shard| shard.plan.parameter_gradients())
            .collect();
        self.optimizer
            .step(graph.parameters(), parameters, &gradients, learning_rate, count);
        self.observe_on_host();
    }

    /// Moves what is learned without a gradient, from the last batch.
    fn observe_on_host(&mut self) {
        let graph = Arc::clone(self.network.graph());
        let (Parameters::Host(parameters), Some(Shards { shards, .. })) =
            (self.network.parameters_mut(), self.plans.first())
        else {
            unreachable!("this network is on the host, and a batch went through it")
        };
        for &joint in &self.joints {
            let step = &graph.steps()[joint];
            let mut own: Vec<Vec<f32>> = step
                .parameters
                .iter()
                .map(|index| std::mem::take(&mut parameters[*index]))
                .collect();
            let mut slices: Vec<&mut [f32]> = own.iter_mut().map(|numbers| &mut numbers[..]).collect();
            step.op.observe(shards[0].plan.observed(joint), &mut slices);
            for (index, numbers) in step.parameters.iter().zip(own) {
                parameters[*index] = numbers;
            }
        }
    }

    fn step_on_device(
        &mut self,
        rows: Rows<'_>,
        targets: Targets<'_>,
        learning_rate: f64,
        seed: u64,
    ) -> Result<f64> {
        let (gradients, loss) = self.backward_on_device(rows, targets, seed)?;
        self.update_on_device(&gradients, learning_rate)?;
        Ok(loss)
    }

    /// The gradients of a batch and its mean loss; what is observed is observed.
    fn backward_on_device(
        &mut self,
        rows: Rows<'_>,
        targets: Targets<'_>,
        seed: u64,
    ) -> Result<(GradStore, f64)> {
        let graph = Arc::clone(self.network.graph());
        let (numbers, indices) = tensors(rows, graph.width(0), self.network.device())?;
        let Parameters::Device(vars) = self.network.parameters_mut() else {
            unreachable!("this network is on a device")
        };
        let pass = Pass::Train { seed };
        let (gradients, loss, observed) = match fused::on(&numbers) {
            true => {
                let mut tape = Tape::record(&graph, vars, &numbers, &indices, pass)?;
                let (loss, gradient) = fused::loss::loss(&self.loss, &tape.result, targets)?;
                let observed = std::mem::take(&mut tape.observed);
                (tape.backward(gradient)?, loss.squeeze(0)?, observed)
            }
            false => {
                let (out, observed) = by_candle::forward(&graph, vars, &numbers, &indices, pass)?;
                let loss = self.loss.by_candle(&out, targets)?;
                (loss.backward()?, loss, observed)
            }
        };
        for (index, numbers) in observed {
            vars[index].set(&numbers)?;
        }
        Ok((gradients, f64::from(loss.to_scalar::<f32>()?)))
    }

    fn update_on_device(&mut self, gradients: &GradStore, learning_rate: f64) -> Result<()> {
        let graph = Arc::clone(self.network.graph());
        let Parameters::Device(vars) = self.network.parameters() else {
            unreachable!("this network is on a device")
        };
        self.optimizer
            .step_on_device(graph.parameters(), vars, gradients, learning_rate)
    }
}

/// Steps whose op shares something over the whole batch.
fn joints(graph: &Graph) -> Vec<usize> {
    let steps = graph.steps().iter().enumerate();
    steps
        .filter(|(_, step)| step.op.shared() > 0)
        .map(|(index, _)| index)
        .collect()
}

/// The buffers for a batch of so many rows; the two sizes used last are kept.
fn shards_for<'a>(
    plans: &'a mut Vec<Shards>,
    graph: &Arc<Graph>,
    rows: usize,
    count: usize,
) -> &'a mut [Shard] {
    match plans.iter().position(|shards| shards.rows == rows) {
        Some(place) => plans.swap(0, place),
        None => {
            plans.truncate(1);
            let shards = (0..count)
                .map(|shard| {
                    let rows = rows * shard / count..rows * (shard + 1) / count;
                    Shard {
                        plan: Plan::new(Arc::clone(graph), rows.len(), true),
                        rows,
                        loss: 0.0,
                    }
                })
                .collect();
            plans.insert(0, Shards { rows, shards });
        }
    }
    &mut plans[0].shards
}

/// Takes a batch through the graph and back. Shards run apart up to the next joint, where what they share is added up.
fn run(shards: &mut [Shard], joints: &[usize], steps: usize, batch: Batch<'_>) {
    for region in 0..=joints.len() {
        let from = if region == 0 { 0 } else { joints[region - 1] };
        let to = joints.get(region).copied();
        each(shards, |shard| {
            if region == 0 {
                let width = shard.plan.input().len() / shard.plan.rows().max(1);
                let numbers = &batch.rows.numbers[shard.rows.start * width..shard.rows.end * width];
                shard.plan.input().copy_from_slice(numbers);
            }
            let context = shard.context(&batch);
            shard
                .plan
                .forward(from..to.unwrap_or(steps), batch.parameters, context);
            match to {
                Some(joint) => shard.plan.share_forward(joint),
                None => {
                    shard.take_loss(&batch);
                    let last = joints.last().map_or(0, |joint| joint + 1);
                    shard.plan.backward(last..steps, batch.parameters, context);
                    if let Some(&joint) = joints.last() {
                        shard.plan.share_backward(joint, batch.parameters, context);
                    }
                }
            }
        });
        if let Some(joint) = to {
            add_up(shards, joint);
        }
    }
    for (region, &joint) in joints.iter().enumerate().rev() {
        add_up(shards, joint);
        each(shards, |shard| {
            let context = shard.context(&batch);
            let before = if region == 0 { 0 } else { joints[region - 1] + 1 };
            shard.plan.backward(before..joint + 1, batch.parameters, context);
            if region > 0 {
                shard
                    .plan
                    .share_backward(joints[region - 1], batch.parameters, context);
            }
        });
    }
    for shard in shards {
        shard.plan.end_backward();
    }
}

/// Gives every shard the sum of what all share at a step.
fn add_up(shards: &mut [Shard], step: usize) {
    let Some((first, others)) = shards.split_first_mut() else {
        return;
    };
    for other in others.iter_mut() {
        let part = std::mem::take(other.plan.shared(step));
        first
            .plan
            .shared(step)
            .iter_mut()
            .zip(part)
            .for_each(|(total, part)| *total += part);
    }
    for other in others {
        *other.plan.shared(step) = first.plan.shared(step).clone();
    }
}

/// Runs on all shards, each on a thread of its own.
fn each(shards: &mut [Shard], run: impl Fn(&mut Shard) + Sync + Send) {
    match shards {
        [shard] => run(shard),
        _ => shards.par_iter_mut().with_max_len(1).for_each(run),
    }
}

impl Shard {
    fn context<'a>(&self, batch: &Batch<'a>) -> Context<'a> {
        let width = batch.rows.indices.len() / batch.rows.rows.max(1);
        Context {
            indices: &batch.rows.indices[self.rows.start * width..self.rows.end * width],
            pass: batch.pass,
            first_row: self.rows.start,
            factors: batch.factors,
        }
    }

    fn take_loss(&mut self, batch: &Batch<'_>) {
        let targets = batch.targets.part(self.rows.clone(), batch.loss.target_width());
        let (out, gradient) = self.plan.output_and_gradient();
        self.loss = batch.loss.evaluate(out, targets, batch.divisor, gradient);
        self.plan.begin_backward();
    }
}

#[cfg(test)]
mod tests;
