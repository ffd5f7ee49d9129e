//! Where to compute: on a GPU where this build is made for it and one answers, else on the CPU.

use crate::{
    error::{Result, TrainError},
    machine,
};
use aloft_runs::Cuda;
use aloft_spec::{Problem, train::DeviceSpec};
use candle_core::Device;
use serde::Serialize;

/// A device as `aloft doctor` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// `cpu, 2 threads` or `cuda, NVIDIA H200`.
    pub name: String,
    /// `cpu`, `cuda` or `metal`.
    pub kind: String,
    /// Whether runs can compute on it.
    pub usable: bool,
    /// What was looked for, and what was found.
    pub looked_for: String,
    /// A GPU's own memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// All kinds of devices, those that can't be used with the reason. Never panics, whatever the driver does.
pub fn devices() -> Vec<DeviceReport> {
    let cpu = DeviceReport {
        name: cpu_name(),
        kind: "cpu".into(),
        usable: true,
        looked_for: "the processors that this process may use".into(),
        memory_bytes: None,
    };
    let mut all = vec![cpu, cuda_report(&Cuda::look())];
    if cfg!(target_os = "macos") {
        let found = metal_device();
        all.push(DeviceReport {
            name: "metal".into(),
            kind: "metal".into(),
            usable: found.is_ok(),
            looked_for: found.map_or_else(|why| why, |_| "the system's default device".into()),
            memory_bytes: None,
        });
    }
    all
}

/// CUDA as runs see it: they are executed by `aloft-cuda`, which this program starts where it can be of use.
fn cuda_report(cuda: &Cuda) -> DeviceReport {
    let gpu = cuda.ready().map(|(_, gpu)| gpu);
    DeviceReport {
        name: gpu.map_or("cuda".into(), |gpu| format!("cuda, {}", gpu.name)),
        kind: "cuda".into(),
        usable: gpu.is_some(),
        looked_for: cuda.told(),
        memory_bytes: gpu.map(|gpu| gpu.memory_bytes),
    }
}

/// The device of a specification and its name.
pub fn select(spec: DeviceSpec) -> Result<(Device, String)> {
    match spec {
        DeviceSpec::Cpu => Ok((Device::Cpu, cpu_name())),
        DeviceSpec::Auto => Ok(cuda_device()
            .or_else(|_| metal_device())
            .unwrap_or_else(|_| (Device::Cpu, cpu_name()))),
        DeviceSpec::Cuda => cuda_device().map_err(|why| TrainError::NoDevice {
            looked_for: format!("{why}; {}", Cuda::look().told()),
        }),
    }
}

/// The device itself, for who trains networks without a run: the first CUDA device or the CPU.
///
/// # Errors
/// `NoDevice` when no CUDA device answers.
pub fn compute_device(cuda: bool) -> std::result::Result<Device, Problem> {
    let spec = if cuda { DeviceSpec::Cuda } else { DeviceSpec::Cpu };
    Ok(select(spec)?.0)
}

/// Memory that a batch has to fit into: the device's own, or this machine's; 0 where unknown.
pub fn memory_bytes(device: &Device) -> u64 {
    match device {
        Device::Cpu => machine::memory_limit(),
        #[cfg(feature = "cuda")]
        Device::Cuda(device) => {
            let total = device.cuda_stream().context().total_mem();
            total.map_or(0, |bytes| bytes as u64)
        }
        _ => 0,
    }
}

fn cpu_name() -> String {
    match candle_core::utils::get_num_threads() {
        1 => "cpu, 1 thread".into(),
        threads => format!("cpu, {threads} threads"),
    }
}

/// The first CUDA device and its name, or why there is none.
#[cfg(feature = "cuda")]
fn cuda_device() -> std::result::Result<(Device, String), String> {
    // The driver's binding panics where the driver is broken.
    let why = match std::panic::catch_unwind(|| Device::new_cuda(0)) {
        Ok(Ok(device)) => {
            let name = device
                .as_cuda_device()
                .ok()
                .and_then(|device| device.cuda_stream().context().name().ok());
            return Ok((device, format!("cuda, {}", name.as_deref().unwrap_or("device 0"))));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its binding failed".into(),
    };
    Err(format!("CUDA's device 0 doesn't answer: {why}"))
}

/// Why there is none: on a machine with a GPU `aloft-cuda` is executed in place of this build.
#[cfg(not(feature = "cuda"))]
fn cuda_device() -> std::result::Result<(Device, String), String> {
    Err("this build is for the CPU".into())
}

/// A Mac's GPU.
#[cfg(feature = "metal")]
fn metal_device() -> std::result::Result<(Device, String), String> {
    match Device::new_metal(0) {
        Ok(device) => Ok((device, "metal".into())),
        Err(error) => Err(format!("Metal's default device doesn't answer: {error}")),
    }
}

/// Why there is none.
#[cfg(not(feature = "metal"))]
fn metal_device() -> std::result::Result<(Device, String), String> {
    Err("this build has no Metal; a Mac's has with `--features metal`".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_runs::Gpu;
    use aloft_spec::Code;

    #[test]
    fn the_cpu_is_always_there_and_a_missing_gpu_is_explained() {
        let devices = devices();
        assert!(devices[0].usable && devices[0].name.starts_with("cpu, "));
        match select(DeviceSpec::Cuda) {
            Ok((device, name)) => assert!(device.is_cuda() && name.starts_with("cuda, ")),
            Err(error) => {
                let problem = Problem::from(error);
                assert_eq!(problem.code, Code::NoDevice);
                assert!(problem.message.contains("libcuda.so.1"), "{}", problem.message);
                assert!(problem.message.contains("aloft-cuda"), "{}", problem.message);
                assert!(select(DeviceSpec::Auto).is_ok());
            }
        }
        assert!(memory_bytes(&Device::Cpu) > 1 << 20);
    }

    #[test]
    fn a_gpu_is_of_use_with_the_program_for_it() {
        let gpu = Gpu {
            name: "NVIDIA H200".into(),
            memory_bytes: 1 << 37,
        };
        let report = |program| {
            cuda_report(&Cuda {
                gpus: Ok(vec![gpu.clone()]),
                program,
            })
        };
        let with = report(Ok("/opt/aloft-cuda".into()));
        assert!(with.usable && with.name == "cuda, NVIDIA H200" && with.memory_bytes == Some(1 << 37));
        let without = report(Err("aloft-cuda: not found at /opt".into()));
        assert!(!without.usable && without.memory_bytes.is_none());
        assert_eq!(
            without.looked_for,
            "the driver has NVIDIA H200; aloft-cuda: not found at /opt"
        );
    }
}
