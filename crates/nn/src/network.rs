//! A graph and the numbers of its parameters, on a device.

use crate::{
    by_candle,
    fused::{self, Tape},
    graph::{Declared, Graph},
    ops::{Context, Factors, Pass},
    plan::Plan,
    rng::{Purpose, Random},
};
use candle_core::{DType, Device, Result, Tensor, Var, bail};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows as a model takes them, on the host.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// How many.
    pub rows: usize,
    /// Numbers, [rows, ..] in the shape of the graph's input.
    pub numbers: &'a [f32],
    /// Whole numbers, [rows, width]: categories or tokens.
    pub indices: &'a [u32],
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

/// A graph with its parameters.
#[derive(Debug)]
pub struct Network {
    graph: Arc<Graph>,
    device: Device,
    parameters: Parameters,
    spare: Spare,
}

/// Buffers of predictions that are over, for the next ones: fresh memory of some megabytes takes as long as some thousand
/// rows.
#[derive(Debug, Default)]
struct Spare(Mutex<Vec<Plan>>);

impl Spare {
    /// Buffers for blocks of so many rows.
    fn take(&self, graph: &Arc<Graph>, block: usize) -> Plan {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        known
            .filter(|plan| plan.rows() == block)
            .unwrap_or_else(|| Plan::new(Arc::clone(graph), block, false))
    }

    /// Nothing needs these any more.
    fn give(&self, plan: Plan) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(plan);
    }
}

/// Where the numbers are.
#[derive(Debug)]
pub enum Parameters {
    /// In memory, in the graph's order.
    Host(Vec<Vec<f32>>),
    /// On a device that candle knows.
    Device(Vec<Var>),
}

impl Network {
    /// A network with fresh numbers.
    pub fn new(graph: Graph, seed: u64, device: &Device) -> Result<Self> {
        let numbers = graph.draw(&mut Random::new(seed, Purpose::Weights, 0));
        Self::with(graph, numbers, device)
    }

    /// A network with given weights; they must be those of the graph, in its order.
    pub fn from_weights(graph: Graph, weights: Vec<Weights>, device: &Device) -> Result<Self> {
        let declared = graph.parameters();
        if declared.len() != weights.len() {
            bail!("{} weights for a model of {}", weights.len(), declared.len());
        }
        for (declared, weights) in declared.iter().zip(&weights) {
            let (name, shape) = (&declared.name, &declared.shape);
            if *name != weights.name || *shape != weights.shape || declared.size() != weights.numbers.len() {
                bail!(
                    "weights `{}` {:?} where `{name}` {shape:?} belongs",
                    weights.name,
                    weights.shape
                );
            }
        }
        Self::with(
            graph,
            weights.into_iter().map(|weights| weights.numbers).collect(),
            device,
        )
    }

    fn with(graph: Graph, numbers: Vec<Vec<f32>>, device: &Device) -> Result<Self> {
        let parameters = match device {
            Device::Cpu => Parameters::Host(numbers),
            _ => Parameters::Device(to_device(&graph, numbers, device)?),
        };
        Ok(Self {
            graph: Arc::new(graph),
            device: device.clone(),
            parameters,
            spare: Spare::default(),
        })
    }

    /// The same network computed by candle's ops also where there are plans for its device: what other devices do, so that
    /// it can be tested without one.
    pub fn by_candle(self) -> Result<Self> {
        let parameters = match self.parameters {
            Parameters::Host(numbers) => to_device(&self.graph, numbers, &self.device)?,
            Parameters::Device(vars) => vars,
        };
        Ok(Self {
            parameters: Parameters::Device(parameters),
            ..self
        })
    }

    /// The graph.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The numbers.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The numbers, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// Numbers of all parameters.
    pub fn parameter_count(&self) -> usize {
        self.graph.parameters().iter().map(Declared::size).sum()
    }

    /// A copy of the weights on the host, in order.
    pub fn weights(&self) -> Result<Vec<Weights>> {
        let numbers: Vec<Vec<f32>> = match &self.parameters {
            Parameters::Host(numbers) => numbers.clone(),
            Parameters::Device(vars) => vars
                .iter()
                .map(|var| var.flatten_all()?.to_vec1())
                .collect::<Result<_>>()?,
        };
        let named = self.graph.parameters().iter().zip(numbers);
        Ok(named
            .map(|(declared, numbers)| Weights {
                name: declared.name.clone(),
                shape: declared.shape.clone(),
                numbers,
            })
            .collect())
    }

    /// What it makes of rows, [rows, numbers], in blocks of `block` rows which threads share. Blocks are always whole, the
    /// last one filled up with zeros: matrix kernels choose their order of summation by the shape, so that a row gives the
    /// same bits whatever rows are beside it. Products are of f32, also where training has others.
    pub fn predict(&self, rows: Rows<'_>, block: usize) -> Result<Vec<f32>> {
        let width = self.graph.width(self.graph.output().index);
        let mut out = vec![0.0; rows.rows * width];
        let input = self.graph.width(0);
        let index_width = rows.indices.len() / rows.rows.max(1);
        let part = |at: usize, count: usize| Rows {
            rows: count,
            numbers: &rows.numbers[at * input..(at + count) * input],
            indices: &rows.indices[at * index_width..(at + count) * index_width],
        };
        match &self.parameters {
            Parameters::Host(parameters) => {
                let run = |plan: &mut Plan, index: usize, out: &mut [f32]| {
                    let part = part(index * block, out.len() / width);
                    plan.input()[..part.numbers.len()].copy_from_slice(part.numbers);
                    plan.input()[part.numbers.len()..].fill(0.0);
                    let mut indices = part.indices.to_vec();
                    indices.resize(block * index_width, 0);
                    let context = Context {
                        indices: &indices,
                        pass: Pass::Evaluate,
                        first_row: 0,
                        factors: Factors::F32,
                    };
                    plan.forward(0..self.graph.steps().len(), parameters, context);
                    out.copy_from_slice(&plan.output()[..out.len()]);
                };
                let some = |first: usize, out: &mut [f32]| {
                    let mut plan = self.spare.take(&self.graph, block);
                    for (index, out) in (first..).zip(out.chunks_mut(block * width)) {
                        run(&mut plan, index, out);
                    }
                    self.spare.give(plan);
                };
                let blocks = rows.rows.div_ceil(block);
                let share = blocks.div_ceil(rayon::current_num_threads()).max(1);
                match share < blocks {
                    true => out
                        .par_chunks_mut(share * block * width)
                        .enumerate()
                        .for_each(|(index, out)| some(index * share, out)),
                    false => some(0, &mut out),
                }
            }
            Parameters::Device(vars) => {
                for (index, out) in out.chunks_mut(block * width).enumerate() {
                    let part = part(index * block, out.len() / width);
                    let (numbers, indices) = tensors(part, input, &self.device)?;
                    let result = match fused::on(&numbers) {
                        true => Tape::record(&self.graph, vars, &numbers, &indices, Pass::Evaluate)?.result,
                        false => by_candle::forward(&self.graph, vars, &numbers, &indices, Pass::Evaluate)?.0,
                    };
                    out.copy_from_slice(&result.flatten_all()?.to_vec1::<f32>()?);
                }
            }
        }
        Ok(out)
    }
}

/// Rows as tensors: [rows, numbers] and [rows, width]. Where a row has no numbers, or no indices, it has one zero, which no
/// op reads: a device may have no tensors without numbers (cuMemAlloc refuses to give 0 bytes).
pub fn tensors(rows: Rows<'_>, input: usize, device: &Device) -> Result<(Tensor, Tensor)> {
    let width = rows.indices.len() / rows.rows.max(1);
    Ok((
        match input {
            0 => Tensor::zeros((rows.rows, 1), DType::F32, device)?,
            _ => Tensor::from_slice(rows.numbers, (rows.rows, input), device)?,
        },
        match width {
            0 => Tensor::zeros((rows.rows, 1), DType::U32, device)?,
            _ => Tensor::from_slice(rows.indices, (rows.rows, width), device)?,
        },
    ))
}

fn to_device(graph: &Graph, numbers: Vec<Vec<f32>>, device: &Device) -> Result<Vec<Var>> {
    let declared = graph.parameters().iter().zip(numbers);
    declared
        .map(|(declared, numbers)| Var::from_vec(numbers, &declared.shape[..], device))
        .collect()
}
