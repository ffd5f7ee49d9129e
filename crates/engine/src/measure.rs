//! `aloft measure` as a child process: candle never comes into this one, and a model that doesn't fit into memory takes
//! the child down and nothing else.

use crate::{Cancel, Result};
use aloft_spec::{Code, Problem, train::TrainSpec, verdict::Measurement};
use serde::Deserialize;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often the child is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// What `aloft measure` prints.
#[derive(Debug, Deserialize)]
pub(crate) struct Measured {
    pub measurement: Measurement,
    /// Rows of each part of what was measured.
    pub train_rows: u64,
    pub validation_rows: u64,
    pub test_rows: u64,
    /// Rows of a step of the planned run. A step that was measured may have had fewer, when the sample is small.
    pub batch_rows: u64,
}

/// Measures the first steps of a training on the rows of a Parquet file, as they would be in a run on `rows` rows.
pub(crate) fn measure(train: &TrainSpec, data: &Path, rows: u64, cancel: &Cancel) -> Result<Measured> {
    let program = aloft_runs::worker_program()?;
    let mut child = Command::new(&program)
        .args(["--json", "measure"])
        .arg(data)
        .args(["--rows", &rows.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Problem::new(
                Code::NotFound,
                format!("the program that measures can't be started: {error}"),
            )
            .in_file(&program)
        })?;
    let ended = converse(&mut child, &crate::resolved::json(train)?, cancel);
    if ended.is_err() {
        // It may have ended by itself; then there is nothing to kill.
        let _ = child.kill();
        let _ = child.wait();
    }
    let Ended {
        status,
        stdout,
        stderr,
    } = ended?;
    if status.success() {
        return serde_json::from_str(&stdout).map_err(|error| {
            Problem::new(
                Code::Internal,
                format!("the measurement can't be understood: {error}"),
            )
            .with_hint("`aloft` and this program may be of different versions")
        });
    }
    Err(failure("measured", status, &stdout, &stderr))
}

struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Hands the child its input, collects what it prints and waits for its end.
fn converse(child: &mut Child, input: &str, cancel: &Cancel) -> Result<Ended> {
    let lost = |error: std::io::Error| {
        Problem::new(
            Code::WorkerDied,
            format!("the process that measures can't be heard: {error}"),
        )
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A child that ends at once reads nothing; why it ended is said below.
        let _ = stdin.write_all(input.as_bytes());
    }
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let status = loop {
        cancel.check()?;
        match child.try_wait().map_err(lost)? {
            Some(status) => break status,
            None => thread::sleep(GLANCE),
        }
    };
    let text = |reader: Option<thread::JoinHandle<String>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    Ok(Ended {
        status,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is worth having.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The problem that a child left which has `done` something, else how it ended.
pub(crate) fn failure(done: &str, status: ExitStatus, stdout: &str, stderr: &str) -> Problem {
    #[derive(Deserialize)]
    struct Failed {
        error: Problem,
    }
    if let Ok(Failed { error }) = serde_json::from_str(stdout) {
        return error;
    }
    let last = stderr.trim_end().lines().next_back().unwrap_or("it said nothing");
    Problem::new(
        Code::WorkerDied,
        format!("the process that {done} ended with {status}: {last}"),
    )
    .with_hint(
        "if the machine was out of memory, take fewer rows or a smaller model, or send the run elsewhere",
    )
}
