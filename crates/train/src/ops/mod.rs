//! Fused parts of a model. Each has its own backward on the CPU and falls back to candle's ops on other devices;
//! the tests compare both, forward and gradient.

mod cross_entropy;
mod embed;
mod linear;
mod matmul;

pub use cross_entropy::cross_entropy;
pub use embed::{Slot, embed};
pub use linear::{Activation, linear};

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, WithDType, bail};

/// The numbers of a contiguous CPU storage.
fn contiguous<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<T>()?[start..end]),
        None => bail!("a fused op needs contiguous tensors"),
    }
}

/// Calls `read` with the numbers of a contiguous tensor on the CPU.
fn with_slice<T: WithDType, R>(tensor: &Tensor, read: impl FnOnce(&[T]) -> Result<R>) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => read(contiguous(storage, layout)?),
        _ => bail!("a fused op of the CPU got a tensor of another device"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::rng::{Purpose, Random};
    use candle_core::{Device, Result, Tensor, Var};

    /// A variable of seeded standard normal numbers.
    pub fn normal_var(shape: &[usize], seed: u64) -> Result<Var> {
        let mut random = Random::new(seed, Purpose::Weights, 0);
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| random.normal()).collect();
        Var::from_vec(numbers, shape, &Device::Cpu)
    }

    /// Fails unless both tensors have the same shape and numbers that differ by no more than `tolerance`.
    pub fn assert_close(left: &Tensor, right: &Tensor, tolerance: f32) {
        assert_eq!(left.dims(), right.dims());
        let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (left, right) in numbers(left).into_iter().zip(numbers(right)) {
            assert!((left - right).abs() <= tolerance, "{left} and {right}");
        }
    }
}
