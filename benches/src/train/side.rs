//! A side as a child process.

use super::{Done, Ready, Request};
use anyhow::{Context, Result, bail};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A process that answers requests.
#[derive(Debug)]
pub struct Side {
    /// Whose it is: `aloft`, `torch`, `torch.compile`.
    pub name: String,
    /// Losses of its first steps.
    pub losses: Vec<f64>,
    /// Samples a second, of each request.
    pub speeds: Vec<f64>,
    /// Peak memory in bytes.
    pub peak_bytes: u64,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Side {
    /// Starts the process and waits for its first line; what it says on standard error is shown.
    ///
    /// # Errors
    /// When it can't be started or ends before it is ready.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{name} has no pipes");
        };
        let mut side = Self {
            name: name.to_owned(),
            losses: Vec::new(),
            speeds: Vec::new(),
            peak_bytes: 0,
            child,
            input,
            output: BufReader::new(output),
        };
        let ready: Ready = side.read()?;
        side.losses = ready.losses;
        Ok(side)
    }

    /// Lets it train for so long.
    ///
    /// # Errors
    /// When it has ended.
    pub fn train(&mut self, seconds: f64) -> Result<()> {
        writeln!(self.input, "{}", serde_json::to_string(&Request { seconds })?)?;
        let done: Done = self.read()?;
        self.speeds.push(done.samples as f64 / done.seconds);
        self.peak_bytes = done.peak_bytes;
        Ok(())
    }

    /// The median of its speeds.
    pub fn speed(&self) -> f64 {
        median(&self.speeds)
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("{} ended early", self.name);
        }
        serde_json::from_str(&line).with_context(|| format!("{} said {line:?}", self.name))
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // It has said all that it is asked for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one in the middle; 0 of nothing.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_answers_and_one_that_ends_is_told() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let script =
            r#"echo '{"losses":[2.5]}'; read line; echo '{"samples":30,"seconds":2.0,"peak_bytes":7}'"#;
        let mut side = Side::start("shell", shell(script)).unwrap();
        side.train(0.1).unwrap();
        assert_eq!(
            (&side.losses[..], side.speed(), side.peak_bytes),
            (&[2.5][..], 15.0, 7)
        );
        assert!(side.train(0.1).is_err());
        assert!(Side::start("shell", shell("exit 1")).is_err());
    }
}
