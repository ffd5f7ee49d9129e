//! Tells the build for CUDA where its libraries lie: those of a toolkit, or of wheels, are in no folder that the system
//! looks in.

use std::{env, path::Path};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return;
    }
    println!("cargo::rerun-if-env-changed=CUDA_HOME");
    if let Ok(home) = env::var("CUDA_HOME") {
        for folder in ["lib", "lib64"] {
            let folder = Path::new(&home).join(folder);
            if folder.is_dir() {
                println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{}", folder.display());
            }
        }
    }
}
