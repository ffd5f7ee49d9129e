//! The check that every op goes through: random operands, forward and all gradients against candle's ops in f64; whole
//! and with the rows divided over two shards; into fresh gradients and on top of others; and by its kernels.

use super::{Backward, CandleContext, Context, Factors, Forward, Op, Pass, Sum};
use crate::{
    fused::{
        Fused, Gradients,
        emulated::{self, Turns},
    },
    rng::{Purpose, Random},
};
use candle_core::{DType, Device, Tensor, Var};

/// How far a number may be from the one in double precision, relative to the largest.
const TOLERANCE: f64 = 2e-4;

/// Fails where a number is too far from what is expected.
fn near(name: &str, ours: impl ExactSizeIterator<Item = f64>, expected: &[f64]) {
    assert_eq!(ours.len(), expected.len(), "{name}");
    let largest = expected
        .iter()
        .fold(1.0, |largest: f64, number| largest.max(number.abs()));
    for (at, (ours, expected)) in ours.zip(expected).enumerate() {
        let distance = (ours - expected).abs();
        assert!(
            distance <= TOLERANCE * largest,
            "{name} {at}: {ours} and {expected}"
        );
    }
}

struct Operand {
    shape: Vec<usize>,
    numbers: Vec<f32>,
    trained: bool,
}

/// Operands of an op.
pub struct Case {
    rows: usize,
    random: Random,
    inputs: Vec<Operand>,
    parameters: Vec<Operand>,
    indices: Vec<u32>,
    index_width: usize,
}

impl Case {
    /// Operands for so many rows.
    pub fn new(rows: usize, seed: u64) -> Self {
        Self {
            rows,
            random: Random::new(seed, Purpose::Weights, 0),
            inputs: Vec::new(),
            parameters: Vec::new(),
            indices: Vec::new(),
            index_width: 0,
        }
    }

    fn normal(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.random.normal()).collect()
    }

    /// An input [rows, shape].
    pub fn input(mut self, shape: &[usize]) -> Self {
        let numbers = self.normal(self.rows * shape.iter().product::<usize>());
        let shape = [&[self.rows], shape].concat();
        self.inputs.push(Operand {
            shape,
            numbers,
            trained: true,
        });
        self
    }

    /// An input of which every so many numbers are farther from the next ones than chance would have them: what divides by the
    /// deviation of a few numbers is exact to no digit where they are nearly the same.
    pub fn input_apart(self, shape: &[usize], every: usize) -> Self {
        let mut case = self.input(shape);
        if let Some(operand) = case.inputs.last_mut() {
            for (index, number) in operand.numbers.iter_mut().enumerate() {
                *number = number.tanh() + 3.0 * (index / every % 8) as f32;
            }
        }
        case
    }

    /// A parameter.
    pub fn parameter(mut self, shape: &[usize]) -> Self {
        let numbers = self.normal(shape.iter().product());
        self.parameters.push(Operand {
            shape: shape.to_vec(),
            numbers,
            trained: true,
        });
        self
    }

    /// A parameter as small as models start with for so many inputs, so that results are about 1 and what is repeated doesn't grow.
    pub fn parameter_for(self, inputs: usize, shape: &[usize]) -> Self {
        let mut case = self.parameter(shape);
        if let Some(operand) = case.parameters.last_mut() {
            let factor = 1.0 / (inputs as f32).sqrt();
            operand.numbers.iter_mut().for_each(|number| *number *= factor);
        }
        case
    }

    /// A parameter that isn't trained, of positive numbers.
    pub fn observed(mut self, shape: &[usize]) -> Self {
        let numbers = self
            .normal(shape.iter().product())
            .iter()
            .map(|number| number.abs() + 0.5)
            .collect();
        self.parameters.push(Operand {
            shape: shape.to_vec(),
            numbers,
            trained: false,
        });
        self
    }

    /// So many whole numbers a row, below a bound.
    pub fn indices(mut self, width: usize, below: u32) -> Self {
        self.indices = (0..self.rows * width).map(|_| self.random.below(below)).collect();
        self.index_width = width;
        self
    }

    /// Fails unless the op does what it says in candle's ops. `shape` is that of a row's result.
    #[allow(clippy::needless_pass_by_value, reason = "a case is about one op")]
    pub fn agrees(mut self, op: impl Op, shape: &[usize]) {
        let width: usize = shape.iter().product();
        let probe = self.normal(self.rows * width);
        for pass in [
            Pass::Evaluate,
            Pass::Train {
                seed: 0x0123_4567_89ab_cdef,
            },
        ] {
            let reference = self.by_candle(&op, pass, &probe, false);
            for shards in 1..=self.rows.min(2) {
                let ours = self.by_slices(&op, pass, &probe, shards, Factors::F32);
                for ((what, ours), expected) in ours.iter().zip(&reference) {
                    let name = format!("{} {op:?}, {pass:?}, {shards} shards: {what}", op.name());
                    near(&name, ours.iter().map(|number| f64::from(*number)), expected);
                }
            }
            let by_kernels = || self.by_candle(&op, pass, &probe, true);
            let fused = emulated::on(Turns::Forwards, by_kernels);
            assert_eq!(fused.len(), reference.len());
            for (index, (fused, expected)) in fused.iter().zip(&reference).enumerate() {
                let name = format!("{} {op:?}, {pass:?}, by its kernels: {index}", op.name());
                near(&name, fused.iter().copied(), expected);
            }
            let again = emulated::on(Turns::Backwards, by_kernels);
            assert!(fused == again, "{}: the order of threads matters", op.name());
        }
    }

    /// Fails unless the op's products of bf16 come near what it says in candle's ops. `shape` is that of a row's result.
    ///
    /// Rounding to bf16 moves a number by 2^-9 of it at the most, by half as much on the average, and the numbers of a sum in
    /// either direction: so the distance of all numbers together is well below a hundredth of their length, also where an op
    /// has products of products. A derivative that jumps would go beyond: that of relu, and gelu's over numbers much larger than 1,
    /// so weights are as small as models start with.
    #[allow(clippy::needless_pass_by_value, reason = "a case is about one op")]
    pub fn comes_near_in_bf16(mut self, op: impl Op, shape: &[usize]) {
        let probe = self.normal(self.rows * shape.iter().product::<usize>());
        let pass = Pass::Train { seed: 5 };
        let reference = self.by_candle(&op, pass, &probe, false);
        let single = self.by_slices(&op, pass, &probe, 1, Factors::F32);
        for shards in 1..=self.rows.min(2) {
            let ours = self.by_slices(&op, pass, &probe, shards, Factors::Bf16);
            assert!(ours != single, "{op:?} has no products of bf16");
            for ((what, ours), expected) in ours.iter().zip(&reference) {
                let length = |squares: f64| squares.sqrt();
                let distance = length(
                    (ours.iter().zip(expected))
                        .map(|(ours, expected)| (f64::from(*ours) - expected).powi(2))
                        .sum(),
                );
                let whole = length(expected.iter().map(|number| number.powi(2)).sum());
                let name = format!("{op:?}, {shards} shards: {what}");
                assert!(distance <= 0.01 * whole, "{name}: {distance} of {whole}");
            }
        }
    }

    /// Result; gradients of inputs and parameters after training; and the parameters observed. In f64 by candle, or in f32 by
    /// kernels.
    fn by_candle(&self, op: &dyn Op, pass: Pass, probe: &[f32], fused: bool) -> Vec<Vec<f64>> {
        let (dtype, device) = match fused {
            true => (DType::F32, emulated::device()),
            false => (DType::F64, Device::Cpu),
        };
        let var = |operand: &Operand| {
            let tensor = Tensor::from_slice(&operand.numbers, &operand.shape[..], &device).unwrap();
            Var::from_tensor(&tensor.to_dtype(dtype).unwrap()).unwrap()
        };
        let inputs: Vec<Var> = self.inputs.iter().map(var).collect();
        let parameters: Vec<Var> = self.parameters.iter().map(var).collect();
        let tensors = |vars: &[Var]| vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>();
        let indices = Tensor::from_slice(&self.indices, (self.rows, self.index_width), &device).unwrap();
        let context = CandleContext {
            indices: &indices,
            pass,
        };
        let numbers = |tensor: &Tensor| {
            let tensor = tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap();
            tensor.to_vec1::<f64>().unwrap()
        };
        let (operands, own) = (tensors(&inputs), tensors(&parameters));
        let probe = Tensor::from_slice(probe, (self.rows, probe.len() / self.rows), &device)
            .unwrap()
            .to_dtype(dtype)
            .unwrap();
        let (out, gradients) = match fused {
            true => {
                let flat = operands
                    .iter()
                    .map(|input| input.flatten_from(1).unwrap().detach());
                let own: Vec<Tensor> = own.iter().map(Tensor::detach).collect();
                let Fused { result, backward } = op.fused(&flat.collect::<Vec<_>>(), &own, &context).unwrap();
                let mut gradients = match pass {
                    Pass::Train { .. } => backward(&probe, true).unwrap(),
                    Pass::Evaluate => Gradients::new(None, []),
                };
                // An op says nothing of parameters that aren't trained.
                gradients.inputs.resize(inputs.len(), None);
                (result, [gradients.inputs, gradients.parameters].concat())
            }
            false => {
                let out = op.by_candle(&operands, &own, &context).unwrap();
                let out = out.reshape(probe.shape()).unwrap();
                let store = (&out * probe).unwrap().sum_all().unwrap().backward().unwrap();
                let vars = inputs.iter().chain(&parameters);
                (out, vars.map(|var| store.get(var).cloned()).collect())
            }
        };
        let mut all = vec![numbers(&out)];
        if pass == Pass::Evaluate {
            return all;
        }
        let mut gradients = gradients.into_iter();
        for var in inputs.iter().chain(&parameters) {
            match gradients.next().flatten() {
                Some(gradient) => all.push(numbers(&gradient)),
                None => all.push(vec![0.0; var.elem_count()]),
            }
        }
        if let Some(observed) = op
            .observe_by_candle(&tensors(&inputs), &tensors(&parameters))
            .unwrap()
        {
            all.extend(observed.iter().map(numbers));
        }
        all
    }

    /// The same by the op's own loops, with names. Gradients of a second shard's inputs start from ones.
    fn by_slices(
        &self,
        op: &dyn Op,
        pass: Pass,
        probe: &[f32],
        shards: usize,
        factors: Factors,
    ) -> Vec<(String, Vec<f32>)> {
        let parameters: Vec<&[f32]> = self
            .parameters
            .iter()
            .map(|operand| &operand.numbers[..])
            .collect();
        let per_row = |numbers: &[f32]| numbers.len() / self.rows;
        let bounds: Vec<(usize, usize)> = (0..shards)
            .map(|shard| (self.rows * shard / shards, self.rows * (shard + 1) / shards))
            .collect();
        let inputs_of = |&(from, to): &(usize, usize)| -> Vec<&[f32]> {
            let part = |numbers: &'_ [f32]| (from * per_row(numbers), to * per_row(numbers));
            self.inputs
                .iter()
                .map(|operand| {
                    let (from, to) = part(&operand.numbers);
                    &operand.numbers[from..to]
                })
                .collect()
        };
        let context_of = |&(from, to): &(usize, usize)| Context {
            indices: &self.indices[from * self.index_width..to * self.index_width],
            pass,
            first_row: from,
            factors,
        };
        let total = |parts: Vec<Vec<f64>>| {
            parts.into_iter().fold(vec![0.0; op.shared()], |mut total, part| {
                total
                    .iter_mut()
                    .zip(part)
                    .for_each(|(total, part)| *total += part);
                total
            })
        };
        let shared = total(
            bounds
                .iter()
                .map(|bound| {
                    let mut out = vec![0.0; op.shared()];
                    op.share_forward(bound.1 - bound.0, &inputs_of(bound), &mut out);
                    out
                })
                .collect(),
        );
        let mut outs = Vec::new();
        let mut kept = Vec::new();
        for bound in &bounds {
            let rows = bound.1 - bound.0;
            let (mut out, mut saved) = (
                vec![f32::NAN; rows * per_row(probe)],
                vec![f32::NAN; op.saved(rows)],
            );
            op.forward(Forward {
                rows,
                inputs: &inputs_of(bound),
                parameters: &parameters,
                out: &mut out,
                saved: &mut saved,
                shared: &shared,
                context: context_of(bound),
            });
            outs.push(out);
            kept.push(saved);
        }
        let mut all = vec![("result".to_owned(), outs.concat())];
        if pass == Pass::Evaluate {
            return all;
        }
        let mut input_gradients: Vec<Vec<f32>> = self
            .inputs
            .iter()
            .map(|operand| vec![f32::NAN; operand.numbers.len()])
            .collect();
        let mut parameter_gradients: Vec<Vec<f32>> = self
            .parameters
            .iter()
            .map(|operand| vec![f32::NAN; operand.numbers.len()])
            .collect();
        let mut sums = Vec::new();
        // Twice: the sums over all shards are known only after each shard's own.
        for round in 0..2 {
            let total_shared = if round == 1 {
                total(std::mem::take(&mut sums))
            } else {
                Vec::new()
            };
            for (shard, bound) in bounds.iter().enumerate() {
                let rows = bound.1 - bound.0;
                let inputs = inputs_of(bound);
                let mut gradient = probe[bound.0 * per_row(probe)..bound.1 * per_row(probe)].to_vec();
                let mut for_inputs: Vec<Option<Sum<'_>>> = input_gradients
                    .iter_mut()
                    .map(|numbers| {
                        let width = numbers.len() / self.rows;
                        let numbers = &mut numbers[bound.0 * width..bound.1 * width];
                        if shard > 0 && round == 1 {
                            numbers.fill(1.0);
                        }
                        Some(Sum {
                            numbers,
                            fresh: shard == 0,
                        })
                    })
                    .collect();
                let mut for_parameters: Vec<Option<Sum<'_>>> = parameter_gradients
                    .iter_mut()
                    .zip(&self.parameters)
                    .map(|(numbers, operand)| {
                        operand.trained.then_some(Sum {
                            numbers,
                            fresh: shard == 0,
                        })
                    })
                    .collect();
                let mut call = Backward {
                    rows,
                    inputs: &inputs,
                    parameters: &parameters,
                    out: &outs[shard],
                    saved: &mut kept[shard],
                    shared: &total_shared,
                    gradient: &mut gradient,
                    for_inputs: &mut for_inputs,
                    for_parameters: &mut for_parameters,
                    context: context_of(bound),
                };
                if round == 0 {
                    let mut out = vec![0.0; op.shared()];
                    op.share_backward(&mut call, &mut out);
                    sums.push(out);
                } else {
                    op.backward(call);
                }
            }
        }
        for (index, mut numbers) in input_gradients.into_iter().enumerate() {
            let width = numbers.len() / self.rows;
            numbers[bounds[0].1 * width..]
                .iter_mut()
                .for_each(|number| *number -= 1.0);
            all.push((format!("gradient of input {index}"), numbers));
        }
        for (index, (numbers, operand)) in parameter_gradients.into_iter().zip(&self.parameters).enumerate() {
            let numbers = if operand.trained {
                numbers
            } else {
                vec![0.0; numbers.len()]
            };
            all.push((format!("gradient of parameter {index}"), numbers));
        }
        let mut observed: Vec<Vec<f32>> = parameters.iter().map(|numbers| numbers.to_vec()).collect();
        let mut observed_slices: Vec<&mut [f32]> =
            observed.iter_mut().map(|numbers| &mut numbers[..]).collect();
        op.observe(&shared, &mut observed_slices);
        all.extend(
            observed
                .into_iter()
                .enumerate()
                .map(|(index, numbers)| (format!("observed {index}"), numbers)),
        );
        all
    }
}
