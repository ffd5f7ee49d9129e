//! Compiles the kernels for NVIDIA GPUs, where the feature `cuda` asks for them: kernels/kernels.cu to PTX, which the driver
//! makes into the GPU's own code. The compiler is that of $CUDA_HOME or on the PATH (scripts/cuda-toolkit sets it);
//! $CUDA_COMPUTE_CAP says for which GPUs, as it does for candle's kernels.

use std::{env, path::PathBuf, process::Command};

/// The oldest GPUs where nothing else is asked for: Ampere.
const OLDEST: &str = "80";

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=kernels");
    println!("cargo::rerun-if-env-changed=CUDA_HOME");
    println!("cargo::rerun-if-env-changed=CUDA_COMPUTE_CAP");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return Ok(());
    }
    let nvcc = match env::var_os("CUDA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/nvcc"),
        None => PathBuf::from("nvcc"),
    };
    let capability = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| OLDEST.into());
    let folder = env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let status = Command::new(&nvcc)
        .args(["--ptx", "-O3", "-std=c++17", "-Werror", "all-warnings"])
        .arg(format!("-arch=compute_{capability}"))
        .args(["kernels/kernels.cu", "-o"])
        .arg(PathBuf::from(folder).join("kernels.ptx"))
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "{} could not compile kernels/kernels.cu: {status}",
            nvcc.display()
        )),
        Err(error) => Err(format!(
            "{} can't be started ({error}): set CUDA_HOME, or read scripts/cuda-toolkit into the shell",
            nvcc.display()
        )),
    }
}
