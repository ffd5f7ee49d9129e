//! What can go wrong in this crate, each with what to do next.

use aloft_spec::{Code, Problem, text::bytes};
use std::path::{Path, PathBuf};

/// A result inside this crate.
pub type Result<T> = std::result::Result<T, TrainError>;

/// An error of preparing, training, measuring or predicting.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A column is named that the table doesn't have.
    #[error("{role} `{name}` isn't in the table")]
    UnknownColumn {
        /// What the column is for: `the target`.
        role: &'static str,
        /// Its name.
        name: String,
        /// Names of the table that look like it.
        near: Vec<String>,
    },
    /// Columns that a model needs are missing in the rows to predict.
    #[error("the rows lack columns that the model was trained on: {}", .names.join(", "))]
    MissingColumns {
        /// The missing names.
        names: Vec<String>,
    },
    /// The target has one class only.
    #[error("column `{column}` is `{value}` in all {rows} rows")]
    SingleClass {
        /// The target.
        column: String,
        /// The class.
        value: String,
        /// Rows with a target.
        rows: usize,
    },
    /// A value that can't be used.
    #[error("{message}")]
    BadValue {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A text in a column that can't be read as what the column is.
    #[error("column `{column}` has `{text}` in row {row}, where {expected} belongs")]
    Misfit {
        /// The column.
        column: String,
        /// The text.
        text: String,
        /// The row, from 1.
        row: u64,
        /// `a number`.
        expected: String,
    },
    /// Too little data.
    #[error("{message}")]
    EmptyData {
        /// What is missing.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The loss is no longer a number.
    #[error("the loss became {loss} at step {step}, epoch {epoch}")]
    Diverged {
        /// Steps since the start.
        step: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// NaN or an infinity.
        loss: f64,
        /// The highest learning rate of the run; trees have none of an optimizer.
        learning_rate: Option<f64>,
    },
    /// The memory of this machine isn't enough.
    #[error("a batch of {batch_rows} rows takes about {}, and this machine has {}", bytes(*.needed), bytes(*.available))]
    OutOfMemory {
        /// Bytes of the table, the model and a batch.
        needed: u64,
        /// Bytes that the machine has.
        available: u64,
        /// Rows of a batch.
        batch_rows: usize,
        /// Rows that fit; `None` when one doesn't.
        fits: Option<u64>,
    },
    /// A table that has to be in memory, and is more than it may take.
    #[error("{what} take about {}, and {} is what they may take", bytes(*.needed), bytes(*.allowed))]
    TooLarge {
        /// What needs them, as in "trees need all rows in memory, which".
        what: String,
        /// Bytes of the rows.
        needed: u64,
        /// Bytes that they may take.
        allowed: u64,
    },
    /// There is no such device.
    #[error("no CUDA device can be used: {looked_for}")]
    NoDevice {
        /// What was looked for and not found.
        looked_for: String,
    },
    /// A file of a run that isn't what it should be.
    #[error("{}: {message}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A run without a model.
    #[error("this run has no model yet")]
    NoModel {
        /// The run.
        run_dir: PathBuf,
    },
    /// The operating system refused something.
    #[error("{what} {}: {source}", .path.display())]
    Io {
        /// What was being done: `writing`.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A problem of another crate, as it came.
    #[error("{0}")]
    Other(Problem),
    /// Trees can't be grown as asked for.
    #[error("model.trees: {0}")]
    Trees(#[from] aloft_trees::TreesError),
    /// candle failed.
    #[error("computing failed: {0}")]
    Candle(#[from] candle_core::Error),
    /// polars failed.
    #[error("reading a column failed: {0}")]
    Polars(#[from] polars::error::PolarsError),
}

impl TrainError {
    /// An [`TrainError::Io`], for `map_err`.
    pub fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { what, path, source }
    }

    /// An [`TrainError::Unreadable`].
    pub fn unreadable(path: &Path, message: impl Into<String>) -> Self {
        Self::Unreadable {
            path: path.to_path_buf(),
            message: message.into(),
        }
    }

    /// An [`TrainError::BadValue`].
    pub fn bad_value(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::BadValue {
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// An [`TrainError::UnknownColumn`] with those of `names` that look like `name`.
    pub fn unknown_column<'a>(
        role: &'static str,
        name: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self::UnknownColumn {
            role,
            name: name.to_owned(),
            near: aloft_spec::text::nearest(name, names),
        }
    }
}

impl TrainError {
    /// The same for rows that come after so many others.
    #[must_use]
    pub fn after_rows(mut self, rows: u64) -> Self {
        if let Self::Misfit { row, .. } = &mut self {
            *row += rows;
        }
        self
    }

    /// The same as a problem, at a file if it has no place yet.
    pub fn in_file(self, file: &Path) -> Self {
        match Problem::from(self) {
            problem if problem.place.is_none() => Self::Other(problem.in_file(file)),
            problem => Self::Other(problem),
        }
    }
}

impl From<Problem> for TrainError {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<TrainError> for Problem {
    fn from(error: TrainError) -> Self {
        let message = error.to_string();
        match error {
            TrainError::UnknownColumn { near, .. } => {
                let problem = Self::new(Code::UnknownColumn, message);
                match near.is_empty() {
                    true => problem.with_hint("name a column of the table"),
                    false => problem.with_hint(format!("did you mean `{}`?", near.join("` or `"))),
                }
            }
            TrainError::MissingColumns { .. } => Self::new(Code::UnknownColumn, message)
                .with_hint("add them; a value may be empty, the column may not be absent"),
            TrainError::SingleClass { .. } => Self::new(Code::SingleClass, message).with_hint(
                "choose another target, or rows in which it varies; nothing can be learned where nothing differs",
            ),
            TrainError::Misfit { .. } => {
                Self::new(Code::BadValue, message).with_hint("correct the value, or leave it empty")
            }
            TrainError::BadValue { hint, .. } => Self::new(Code::BadValue, message).with_hint(hint),
            TrainError::EmptyData { hint, .. } => Self::new(Code::EmptyData, message).with_hint(hint),
            TrainError::Diverged { learning_rate, epoch, .. } => {
                let kept = match epoch {
                    1 => "",
                    _ => "; the checkpoint of the last good epoch is kept",
                };
                // A target whose squares are beyond all numbers does it at the first steps, whatever the rate.
                let large = "divide a target of very large numbers in a query";
                let hint = match learning_rate {
                    Some(rate) => format!(
                        "lower optimizer.learning_rate (it is {rate:?}), for instance to {:?}, or {large}{kept}",
                        rate / 10.0
                    ),
                    None => format!("{large}{kept}"),
                };
                Self::new(Code::Diverged, message).with_hint(hint)
            }
            TrainError::OutOfMemory { fits, .. } => {
                let problem = Self::new(Code::OutOfMemory, message);
                match fits {
                    Some(rows) => problem.with_hint(format!(
                        "batch_size = {rows} fits; with optimizer.accumulate a step can still take as many rows"
                    )),
                    None => problem.with_hint("take fewer rows, a smaller model, or run it on a target with more memory"),
                }
            }
            TrainError::TooLarge { needed, .. } => Self::new(Code::OutOfMemory, message).with_hint(format!(
                "take fewer rows or columns, memory_mb = {} if the machine has it, or run it on a target with more memory",
                needed.div_ceil(1_000_000)
            )),
            TrainError::NoDevice { .. } => Self::new(Code::NoDevice, message)
                .with_hint("use device = \"auto\" or \"cpu\", or run it on a target with a GPU"),
            TrainError::Unreadable { path, message } => Self::new(Code::Unreadable, message).in_file(path),
            TrainError::NoModel { run_dir } => Self::new(Code::NotFound, message)
                .with_hint("wait until it is done, or start it again if it was stopped before its first epoch")
                .in_file(run_dir),
            TrainError::Io { path, source, what } => io_problem(what, &path, &source),
            TrainError::Other(problem) => problem,
            TrainError::Trees(_) => Self::new(Code::BadValue, message)
                .with_hint("leave the key out for its default"),
            // The name of the driver's error; what memory is free on a device only taking it tells.
            TrainError::Candle(error) if error.to_string().contains("CUDA_ERROR_OUT_OF_MEMORY") => {
                Self::new(Code::OutOfMemory, format!("the GPU is out of memory: {error}")).with_hint(
                    "take a smaller batch_size, a smaller model, or device = \"cpu\"; another program may use the GPU too",
                )
            }
            TrainError::Candle(_) => Self::new(Code::Internal, message),
            TrainError::Polars(_) => Self::new(Code::Unreadable, message),
        }
    }
}

/// What an error of the operating system means to the user.
fn io_problem(what: &str, path: &Path, source: &std::io::Error) -> Problem {
    use std::io::ErrorKind;
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Problem::new(Code::DiskFull, format!("{what} failed: the disk is full"))
                .with_hint("free some space and start the run again: it goes on from its last checkpoint")
        }
        ErrorKind::NotFound => Problem::new(Code::NotFound, "the file isn't there"),
        _ => Problem::new(Code::Unreadable, format!("{what} failed: {source}")),
    }
    .in_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_full_disk_is_told_as_such() {
        let path = Path::new("/dev/full");
        let Ok(mut full) = std::fs::OpenOptions::new().write(true).open(path) else {
            return; // Only Linux has it.
        };
        let error = full
            .write_all(b"checkpoint")
            .map_err(TrainError::io("writing", path))
            .unwrap_err();
        let problem = Problem::from(error);
        assert_eq!(problem.code, Code::DiskFull);
        assert!(problem.hint.unwrap().contains("free some space"));
    }

    #[test]
    fn every_problem_says_what_to_do() {
        let errors = [
            TrainError::unknown_column("the target", "lat", ["late", "x"]),
            TrainError::MissingColumns {
                names: vec!["x".into(), "y".into()],
            },
            TrainError::SingleClass {
                column: "late".into(),
                value: "true".into(),
                rows: 3,
            },
            TrainError::bad_value("epochs is 0", "1 at the least"),
            TrainError::Diverged {
                step: 7,
                epoch: 1,
                loss: f64::NAN,
                learning_rate: Some(0.5),
            },
            TrainError::NoDevice {
                looked_for: "libcuda".into(),
            },
            TrainError::NoModel {
                run_dir: "runs/a".into(),
            },
            TrainError::Candle(candle_core::Error::Msg(
                "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")".into(),
            )),
        ];
        for error in errors {
            let problem = Problem::from(error);
            assert!(problem.hint.is_some(), "{problem}");
            assert!(!problem.message.ends_with('.'), "{problem}");
        }
    }
}
