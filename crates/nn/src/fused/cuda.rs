//! Launches on an NVIDIA GPU.

use super::launch::{Launch, Operand};
use candle_core::{
    CudaDevice, CudaStorage, DType, Error, Layout, Result, Storage, bail,
    cuda::cudarc::driver::{DevicePtr, DevicePtrMut, LaunchConfig, PushKernelArg},
};

/// All kernels; build.rs compiled them.
const PTX: &str = include_str!(concat!(env!("OUT_DIR"), "/kernels.ptx"));

/// The result in memory of its own, so many numbers.
pub fn run(launch: &Launch, device: &CudaDevice, numbers: usize) -> Result<CudaStorage> {
    let mut storage = uninitialized(device, numbers)?;
    with_address_to_write(&mut storage, &Layout::contiguous(numbers), |device, address| {
        write(launch, device, &[address])
    })?;
    Ok(storage)
}

/// Memory for the result of a kernel.
#[allow(
    unsafe_code,
    reason = "zeros would be a launch of their own; kernels write every number of their results"
)]
fn uninitialized(device: &CudaDevice, numbers: usize) -> Result<CudaStorage> {
    // SAFETY: nothing reads it before the kernel has run, which writes all of it: the emulator checks that (`emulated::run`
    // hands out NaN, which the tests would find), and both queue up on one stream.
    let slice = unsafe { device.alloc::<f32>(numbers)? };
    Ok(CudaStorage::wrap_cuda_slice(slice, device.clone()))
}

/// Hands over the address of a tensor's first number, to be written to until `run` is done.
pub fn with_address_to_write(
    storage: &mut CudaStorage,
    layout: &Layout,
    run: impl FnOnce(&CudaDevice, u64) -> Result<()>,
) -> Result<()> {
    if !layout.is_contiguous() {
        bail!("kernels write to contiguous tensors");
    }
    let device = storage.device.clone();
    let stream = device.cuda_stream();
    let (address, _written) = storage.as_cuda_slice_mut::<f32>()?.device_ptr_mut(&stream);
    run(
        &device,
        address + (layout.start_offset() * DType::F32.size_in_bytes()) as u64,
    )
}

/// Runs a launch that writes to these addresses.
#[allow(
    unsafe_code,
    reason = "a kernel is another program, which nothing but its tests can check"
)]
pub fn write(launch: &Launch, device: &CudaDevice, written: &[u64]) -> Result<()> {
    let stream = device.cuda_stream();
    let held: Vec<_> = launch
        .operands
        .iter()
        .map(|operand| match operand {
            Operand::Tensor(tensor) => Some(tensor.storage_and_layout()),
            Operand::Bits(_) => None,
        })
        .collect();
    let mut arguments = written.to_vec();
    // What is read counts as read until these are dropped, after the launch.
    let mut read = Vec::new();
    for (operand, held) in launch.operands.iter().zip(&held) {
        match (operand, held) {
            (Operand::Bits(bits), _) => arguments.push(*bits),
            (Operand::Tensor(tensor), Some((storage, layout))) => {
                let Storage::Cuda(storage) = &**storage else {
                    bail!("{} reads tensors on the GPU alone", launch.kernel);
                };
                let (address, guard) = match tensor.dtype() {
                    DType::U32 => storage.as_cuda_slice::<u32>()?.device_ptr(&stream),
                    _ => storage.as_cuda_slice::<f32>()?.device_ptr(&stream),
                };
                let offset = layout.start_offset() * tensor.dtype().size_in_bytes();
                arguments.push(address + offset as u64);
                read.push(guard);
            }
            (Operand::Tensor(_), None) => {}
        }
    }
    let [blocks, threads] = [launch.grid.blocks, launch.grid.threads].map(|sizes| sizes.map(u32::try_from));
    let ([Ok(blocks_x), Ok(blocks_y)], [Ok(threads_x), Ok(threads_y)]) = (blocks, threads) else {
        bail!(
            "{}: too many blocks for one launch; take smaller batches",
            launch.kernel
        );
    };
    let function = device.get_or_load_custom_func(launch.kernel, "aloft", PTX)?;
    let mut builder = function.builder();
    for argument in &arguments {
        builder.arg(argument);
    }
    let config = LaunchConfig {
        grid_dim: (blocks_x, blocks_y, 1),
        block_dim: (threads_x, threads_y, 1),
        shared_mem_bytes: 0,
    };
    // SAFETY: the number and order of the arguments, and that the kernel stays within the tensors, is what every test of
    // a fused op checks on the same kernel and the same launch (`emulated::write`); all are 8 bytes, of which a parameter of
    // 4 is the first half (GPUs and their hosts are little-endian). Addresses are of tensors that are held until after the
    // launch; what is freed then is freed on the same stream.
    unsafe { builder.launch(config) }.map_err(Error::wrap)?;
    Ok(())
}
