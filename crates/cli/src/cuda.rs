//! Verbs that compute do so on a GPU where there is one: this process becomes `aloft-cuda`, which is the same program
//! built for CUDA, with the same arguments, the same process id and the same standard input.

use crate::screen::Screen;
use aloft_runs::Cuda;
use std::{os::unix::process::CommandExt, process::Command};

/// Becomes `aloft-cuda` where it lies beside this program, starts, and the driver counts a GPU; else returns, and the CPU
/// computes. To be called before anything is read or written.
pub fn hand_over(screen: &Screen) {
    if cfg!(feature = "cuda") || !Cuda::is_built() {
        return;
    }
    if let Some((program, _)) = Cuda::look().ready() {
        // Returns only when it fails.
        let error = Command::new(program).args(std::env::args_os().skip(1)).exec();
        screen.note(format!(
            "{} can't be started, so the CPU computes: {error}",
            program.display()
        ));
    }
}
