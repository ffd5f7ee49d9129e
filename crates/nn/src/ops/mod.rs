//! The ops that models are made of, one a file: numbers in, numbers out, and the way back.
//!
//! An op exists three times. `forward` and `backward` are loops of our own over slices of f32, for the CPU: fused where separate
//! passes would wait for memory, without a gradient for what needs none, on one thread (a [`Plan`](crate::plan::Plan)
//! gives each thread rows of its own). `by_candle` says the same in candle's ops, for other devices and for the tests:
//! every op is compared with it in f64, forward and gradients, for random shapes. The third form, `fused`, is by kernels
//! for NVIDIA GPUs, and is compared likewise.

mod activation;
mod add;
mod ahead;
mod attention;
mod bag;
mod batch_norm;
mod convolution;
mod dropout;
mod each_row;
mod embed;
mod factors;
mod gru;
mod half;
mod linear;
mod lookup;
mod lstm;
mod matmul;
mod members;
mod norm;
mod offset;
mod packed;
mod periodic;
mod pool;
mod recurrent;
mod right;
mod sequence;
mod sparse;
mod tokens;
mod transpose;
mod transposed;
pub mod vector;
mod windows;

pub use activation::{Activate, Activation};
pub use add::Add;
pub use attention::Attention;
pub use bag::Bag;
pub use batch_norm::BatchNorm;
pub use convolution::{Convolution, Image};
pub use dropout::{Dropout, Mask};
pub use embed::{Embed, Slot};
pub use factors::Factors;
pub use gru::Gru;
pub use linear::Linear;
pub use lstm::Lstm;
pub use matmul::{Matrix, MatrixMut, multiply};
pub use members::{MemberLinear, Members};
pub use norm::{EPSILON, LayerNorm, RmsNorm};
pub use offset::Offset;
pub use periodic::Periodic;
pub use pool::{Pool, PoolKind};
pub use recurrent::Recurrent;
pub use sequence::{Reduce, ReduceKind};
pub use tokens::Tokens;

use crate::fused::Fused;
use candle_core::{Result, Tensor};
use std::{any::Any, fmt::Debug};

/// `[of::<Activate>, of::<Add>, ..]`: a function for each op that other programs can be given, as nodes of ONNX or as a line
/// of a program for PyTorch. [`Bag`] is none of them: models of texts aren't exported.
#[macro_export]
macro_rules! exportable_ops {
    ($of:ident) => {
        [
            $of::<$crate::ops::Activate>,
            $of::<$crate::ops::Add>,
            $of::<$crate::ops::Attention>,
            $of::<$crate::ops::BatchNorm>,
            $of::<$crate::ops::Convolution>,
            $of::<$crate::ops::Dropout>,
            $of::<$crate::ops::Embed>,
            $of::<$crate::ops::LayerNorm>,
            $of::<$crate::ops::Linear>,
            $of::<$crate::ops::MemberLinear>,
            $of::<$crate::ops::Members>,
            $of::<$crate::ops::Offset>,
            $of::<$crate::ops::Periodic>,
            $of::<$crate::ops::Pool>,
            $of::<$crate::ops::Recurrent<$crate::ops::Gru>>,
            $of::<$crate::ops::Recurrent<$crate::ops::Lstm>>,
            $of::<$crate::ops::Reduce>,
            $of::<$crate::ops::RmsNorm>,
            $of::<$crate::ops::Tokens>,
        ]
    };
}

/// What is going on around an op.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The batch's whole numbers, [rows, width], for ops that look something up: categories or tokens.
    pub indices: &'a [u32],
    /// Learning or not.
    pub pass: Pass,
    /// Index of the first row within the whole batch, of which a shard has a part.
    pub first_row: usize,
    /// What matrix products multiply.
    pub factors: Factors,
}

/// Whether the model learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// A prediction: nothing is dropped, and statistics are those of the training.
    Evaluate,
    /// A training step, and what its random numbers come from.
    Train {
        /// Differs from step to step.
        seed: u64,
    },
}

/// Operands of an op's forward pass over `rows` rows.
#[derive(Debug)]
pub struct Forward<'a> {
    /// Rows.
    pub rows: usize,
    /// Inputs, row-major.
    pub inputs: &'a [&'a [f32]],
    /// The op's parameters.
    pub parameters: &'a [&'a [f32]],
    /// What comes out; holds anything before.
    pub out: &'a mut [f32],
    /// What `backward` needs besides inputs and result; holds anything before.
    pub saved: &'a mut [f32],
    /// See [`Op::shared`]: sums over the rows of all shards; empty for ops that share nothing.
    pub shared: &'a [f64],
    /// The rest.
    pub context: Context<'a>,
}

/// Operands of an op's backward pass.
#[derive(Debug)]
pub struct Backward<'a> {
    /// Rows.
    pub rows: usize,
    /// Inputs, as they were.
    pub inputs: &'a [&'a [f32]],
    /// The op's parameters.
    pub parameters: &'a [&'a [f32]],
    /// What `forward` gave.
    pub out: &'a [f32],
    /// What `forward` kept; free to be overwritten.
    pub saved: &'a mut [f32],
    /// See [`Op::shared`].
    pub shared: &'a [f64],
    /// The loss's gradient by `out`; free to be overwritten.
    pub gradient: &'a mut [f32],
    /// Where the inputs' gradients go; `None` for an input that needs none.
    pub for_inputs: &'a mut [Option<Sum<'a>>],
    /// Where the parameters' gradients go; `None` for one that isn't trained.
    pub for_parameters: &'a mut [Option<Sum<'a>>],
    /// The rest.
    pub context: Context<'a>,
}

/// A gradient that several ops may add to: who comes first overwrites.
#[derive(Debug)]
pub struct Sum<'a> {
    /// The numbers.
    pub numbers: &'a mut [f32],
    /// Whether nobody has written yet, so that the numbers mean nothing.
    pub fresh: bool,
}

impl<'a> Sum<'a> {
    /// The numbers to add to: zeros where nobody has written yet.
    pub fn to_add(&mut self) -> &mut [f32] {
        if self.fresh {
            self.numbers.fill(0.0);
            self.fresh = false;
        }
        self.numbers
    }

    /// Adds one number to each.
    pub fn add(&mut self, numbers: &[f32]) {
        assert_eq!(self.numbers.len(), numbers.len(), "numbers of a gradient");
        if self.fresh {
            self.numbers.copy_from_slice(numbers);
        } else {
            vector::add(self.numbers, numbers);
        }
        self.fresh = false;
    }
}

/// An op, which knows all its sizes but the number of rows. It is [`Any`], so that who writes models in other formats can
/// tell which one it is.
pub trait Op: Any + Debug + Send + Sync {
    /// Its name in messages.
    fn name(&self) -> &'static str;

    /// Numbers that `forward` keeps for `backward`.
    fn saved(&self, _rows: usize) -> usize {
        0
    }

    /// Multiply-adds of a row's forward pass, roughly, by which the number of threads is chosen.
    fn work(&self) -> usize;

    /// From inputs to the result.
    fn forward(&self, call: Forward<'_>);

    /// From the result's gradient to those of inputs and parameters.
    fn backward(&self, call: Backward<'_>);

    /// Numbers that rows of the whole batch have in common, such as the batch's mean: each shard computes its sums, and
    /// `forward` and `backward` get the total. In double precision, because a variance is a small difference of large sums.
    fn shared(&self) -> usize {
        0
    }

    /// This shard's part of the sums that `forward` needs, written to `out`.
    fn share_forward(&self, _rows: usize, _inputs: &[&[f32]], _out: &mut [f64]) {}

    /// The same for `backward`.
    fn share_backward(&self, _call: &mut Backward<'_>, _out: &mut [f64]) {}

    /// Moves what is learned from a training step without a gradient: the parameters that aren't trained. `shared` are the
    /// sums of the forward pass.
    fn observe(&self, _shared: &[f64], _parameters: &mut [&mut [f32]]) {}

    /// The same map in candle's ops, differentiable by candle. Inputs are [rows, ..] of the shapes that the graph gives,
    /// and so is the result up to a reshape; any float type.
    fn by_candle(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        context: &CandleContext<'_>,
    ) -> Result<Tensor>;

    /// The same map by kernels, and the way back. Inputs and result are [rows, numbers] of f32, whatever shapes the graph gives, and
    /// no gradient of candle's goes through any tensor.
    fn fused(&self, inputs: &[Tensor], parameters: &[Tensor], context: &CandleContext<'_>) -> Result<Fused>;

    /// [`observe`](Op::observe) in candle's ops: new values of all parameters, or `None` where nothing is observed.
    fn observe_by_candle(&self, _inputs: &[Tensor], _parameters: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
        Ok(None)
    }
}

/// [`Context`] on another device.
#[derive(Debug)]
pub struct CandleContext<'a> {
    /// [rows, width] u32.
    pub indices: &'a Tensor,
    /// Learning or not.
    pub pass: Pass,
}

#[cfg(test)]
pub(crate) mod tests;
