//! `aloft export` as a child process: models are candle's, which never comes into this one.

use crate::{Result, measure::failure};
use aloft_spec::{Code, Problem};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Writes a run's model as one ONNX graph, from the table's columns to predictions, to `output`.
pub fn export_onnx(run_dir: &Path, output: &Path) -> Result<()> {
    let program = aloft_runs::worker_program()?;
    let ended = Command::new(&program)
        .args(["--json".as_ref(), "export".as_ref(), run_dir.as_os_str()])
        .args(["--onnx".as_ref(), output.as_os_str()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Problem::new(
                Code::NotFound,
                format!("the program that exports can't be started: {error}"),
            )
            .in_file(&program)
        })?;
    if ended.status.success() {
        return Ok(());
    }
    let (stdout, stderr) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    Err(failure("exported", ended.status, &stdout, &stderr))
}
