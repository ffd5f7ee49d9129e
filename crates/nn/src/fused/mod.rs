//! Whole ops as one or few launches of kernels of our own (crates/nn/kernels), for NVIDIA GPUs: a launch takes microseconds
//! however little it does, and what is computed in one doesn't travel to memory and back in between.
//!
//! Each function computes its result on tensors without gradients, and hands candle's autograd one op ([`tracked`]) whose
//! backward pass is ours too. On other devices ops are candle's; [`on`] is the only place that chooses.
//!
//! Tests run the same kernels on the processor (`emulated`) and compare them with candle's ops in double precision, whenever an
//! op is checked (`ops::tests::Case`) and whole models with them (`learner::tests`). No GPU has run them yet.

pub mod attention;
pub mod batch_norm;
#[cfg(feature = "cuda")]
mod cuda;
pub mod dropout;
#[cfg(test)]
pub mod emulated;
#[cfg(any(test, feature = "cuda"))]
mod in_place;
pub mod launch;
pub mod linear;
pub mod loss;
pub mod norm;
pub mod recurrent;
pub mod sums;
mod tracked;

pub use tracked::tracked;

use candle_core::{DType, Device, Tensor};

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
