//! Where to compute: CUDA where this build has it and a device answers, else the CPU.

use crate::error::{Result, TrainError};
use aloft_spec::{Problem, train::DeviceSpec};
use candle_core::Device;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A device as `aloft doctor` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceReport {
    /// `cpu, 2 threads` or `cuda, NVIDIA H200`.
    pub name: String,
    /// `cpu` or `cuda`.
    pub kind: String,
    /// Whether runs can compute on it.
    pub usable: bool,
    /// What was looked for, and what was found.
    pub looked_for: String,
}

/// All kinds of devices, those that can't be used with the reason. Never panics, whatever the driver does.
pub fn devices() -> Vec<DeviceReport> {
    let cuda = match cuda_device() {
        Ok((_, name)) => DeviceReport {
            name,
            kind: "cuda".into(),
            usable: true,
            looked_for: "the first CUDA device".into(),
        },
        Err(looked_for) => DeviceReport {
            name: "cuda".into(),
            kind: "cuda".into(),
            usable: false,
            looked_for,
        },
    };
    let cpu = DeviceReport {
        name: cpu_name(),
        kind: "cpu".into(),
        usable: true,
        looked_for: "the processors that this process may use".into(),
    };
    vec![cpu, cuda]
}

/// The device of a specification and its name.
pub fn select(spec: DeviceSpec) -> Result<(Device, String)> {
    match spec {
        DeviceSpec::Cpu => Ok((Device::Cpu, cpu_name())),
        DeviceSpec::Auto => Ok(cuda_device().unwrap_or_else(|_| (Device::Cpu, cpu_name()))),
        DeviceSpec::Cuda => cuda_device().map_err(|looked_for| TrainError::NoDevice { looked_for }),
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

fn cpu_name() -> String {
    match candle_core::utils::get_num_threads() {
        1 => "cpu, 1 thread".into(),
        threads => format!("cpu, {threads} threads"),
    }
}

/// The first CUDA device and its name, or what was looked for.
#[cfg(feature = "cuda")]
fn cuda_device() -> std::result::Result<(Device, String), String> {
    // The driver's binding panics where libcuda is missing or broken.
    let opened = std::panic::catch_unwind(|| Device::new_cuda(0));
    let why = match opened {
        Ok(Ok(device)) => {
            let name = device
                .as_cuda_device()
                .ok()
                .and_then(|device| device.cuda_stream().context().name().ok());
            return Ok((device, format!("cuda, {}", name.as_deref().unwrap_or("device 0"))));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the CUDA driver library failed to load".into(),
    };
    Err(format!(
        "CUDA device 0 doesn't answer ({why}); {}",
        driver_report(Path::new("/"))
    ))
}

/// The first CUDA device and its name, or what was looked for.
#[cfg(not(feature = "cuda"))]
fn cuda_device() -> std::result::Result<(Device, String), String> {
    Err(format!(
        "this build has no CUDA support; {}",
        driver_report(Path::new("/"))
    ))
}

/// Which traces of an NVIDIA driver there are. Files say it without loading a library into the process.
fn driver_report(root: &Path) -> String {
    const TRACES: [&str; 5] = [
        "dev/nvidiactl",
        "proc/driver/nvidia/version",
        "usr/lib/x86_64-linux-gnu/libcuda.so.1",
        "usr/lib64/libcuda.so.1",
        "usr/lib/wsl/lib/libcuda.so.1",
    ];
    let paths: Vec<PathBuf> = TRACES.iter().map(|trace| root.join(trace)).collect();
    let names = |paths: &[&PathBuf]| {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    match found.is_empty() {
        true => format!(
            "no NVIDIA driver is installed (looked for {})",
            names(&paths.iter().collect::<Vec<_>>())
        ),
        false => format!("an NVIDIA driver is installed ({})", names(&found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
                assert!(problem.message.contains("driver"), "{}", problem.message);
                assert!(select(DeviceSpec::Auto).is_ok());
            }
        }
    }

    #[test]
    fn traces_of_a_driver_are_named() {
        let root = tempfile::tempdir().unwrap();
        assert!(driver_report(root.path()).starts_with("no NVIDIA driver"));
        std::fs::create_dir(root.path().join("dev")).unwrap();
        std::fs::write(root.path().join("dev/nvidiactl"), "").unwrap();
        assert!(driver_report(root.path()).contains("dev/nvidiactl"));
    }
}
