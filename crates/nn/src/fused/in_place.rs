//! Launches that change tensors.

use super::launch::Launch;
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};

/// Runs a launch on tensors that it changes.
pub fn write(launch: &Launch, written: &[&Tensor]) -> Result<()> {
    match written.split_first() {
        Some((first, rest)) => first.inplace_op1(&Write {
            launch,
            rest,
            addresses: Vec::new(),
        }),
        None => Ok(()),
    }
}

/// Collects the addresses of the tensors that a launch writes, one within the other, so that all of them are held while it
/// runs; candle gives memory to be changed away only like this.
struct Write<'a> {
    launch: &'a Launch,
    rest: &'a [&'a Tensor],
    addresses: Vec<u64>,
}

impl Write<'_> {
    /// Goes on with the next tensor, or else with `run`.
    fn next(&self, address: u64, run: impl FnOnce(&Launch, &[u64]) -> Result<()>) -> Result<()> {
        let mut addresses = self.addresses.clone();
        addresses.push(address);
        match self.rest.split_first() {
            Some((next, rest)) => next.inplace_op1(&Write {
                launch: self.launch,
                rest,
                addresses,
            }),
            None => run(self.launch, &addresses),
        }
    }
}

impl InplaceOp1 for Write<'_> {
    fn name(&self) -> &'static str {
        self.launch.kernel
    }

    #[cfg(test)]
    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let address = super::emulated::address_to_write(storage, layout)?;
        self.next(address, super::emulated::write)
    }

    #[cfg(not(test))]
    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        candle_core::bail!("{} runs on CUDA alone", self.launch.kernel)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, storage: &mut candle_core::CudaStorage, layout: &Layout) -> Result<()> {
        super::cuda::with_address_to_write(storage, layout, |device, address| {
            self.next(address, |launch, written| {
                super::cuda::write(launch, device, written)
            })
        })
    }
}
