//! Whole ops as one or few launches of kernels of our own (crates/nn/kernels), for NVIDIA GPUs: a launch takes microseconds
//! however little it does, and what is computed in one doesn't travel to memory and back in between.
//!
//! An op gives its result and the way back from it ([`Fused`]), and a [`Tape`] goes through all of a graph's. candle's autograd
//! would add two launches for each gradient (a zero, and a sum with it) and two more for each change of shape. On other
//! devices than NVIDIA's GPUs ops are candle's; [`on`] is the only place that chooses.
//!
//! Tests run the same kernels on the processor (`emulated`) and compare them with candle's ops in double precision, whenever an
//! op is checked (`ops::tests::Case`) and whole models with them (`learner::tests`). No GPU has run them yet.

pub mod attention;
pub mod batch_norm;
#[cfg(feature = "cuda")]
mod cuda;
pub mod dropout;
pub mod embed;
#[cfg(test)]
pub mod emulated;
pub mod image;
#[cfg(any(test, feature = "cuda"))]
mod in_place;
pub mod launch;
pub mod linear;
pub mod loss;
pub mod norm;
pub mod periodic;
pub mod recurrent;
pub mod sums;
mod tape;

pub use tape::Tape;

use candle_core::{DType, Device, Result, Tensor};

/// What an op gives: its result, [rows, numbers], and the way back from it.
pub struct Fused {
    /// The result; no gradient of candle's goes through it.
    pub result: Tensor,
    /// The way back.
    pub backward: Backward,
}

/// From the gradient by a result, [rows, numbers], to those by what it is of. Those by the inputs are needed where the second
/// argument says so.
pub type Backward = Box<dyn FnOnce(&Tensor, bool) -> Result<Gradients>>;

/// Gradients in any shape, as many numbers as what they are by; `None` where they are zero or not needed.
#[derive(Debug)]
pub struct Gradients {
    /// By the inputs, in their order.
    pub inputs: Vec<Option<Tensor>>,
    /// By the parameters.
    pub parameters: Vec<Option<Tensor>>,
}

impl Fused {
    /// A result and the way back from it.
    pub fn new(result: Tensor, backward: impl FnOnce(&Tensor, bool) -> Result<Gradients> + 'static) -> Self {
        Self {
            result,
            backward: Box::new(backward),
        }
    }
}

impl Gradients {
    /// By one input, and by parameters.
    pub fn new<const N: usize>(input: Option<Tensor>, parameters: [Tensor; N]) -> Self {
        Self {
            inputs: vec![input],
            parameters: parameters.into_iter().map(Some).collect(),
        }
    }
}

/// Whether there are kernels for what is computed on this tensor.
pub fn on(tensor: &Tensor) -> bool {
    let there = match tensor.device() {
        Device::Cuda(_) => cfg!(feature = "cuda"),
        #[cfg(test)]
        Device::Cpu => emulated::is_on(),
        _ => false,
    };
    there && tensor.dtype() == DType::F32
}
