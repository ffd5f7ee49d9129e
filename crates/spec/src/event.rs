//! `events.jsonl`: everything that happens in a run, one JSON object a line, written before anyone relies on it.

use crate::{
    problem::Problem,
    run::{Outcome, RunStatus},
    verdict::{Measurement, Verdict},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When, RFC 3339 with milliseconds, UTC.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// A worker took the run.
    Started {
        /// Its process id.
        pid: u32,
        /// `cpu, 2 threads`.
        device: String,
        /// Version of Aloft.
        aloft: String,
        /// Name of the machine.
        host: String,
        /// Epochs done by an earlier worker; more than 0 when it resumes.
        resumed_epochs: u32,
    },
    /// It entered a phase.
    Phase {
        /// Which.
        phase: Phase,
    },
    /// Facts about the data and the model, once known.
    Prepared {
        /// Rows of the training part.
        train_rows: u64,
        /// Rows of the validation part.
        validation_rows: u64,
        /// Rows of the validation part that are evaluated after each epoch: all, or of many a sample; 0 where an older version
        /// wrote the log, which evaluated all.
        #[serde(default)]
        watched_rows: u64,
        /// Rows of the test part.
        test_rows: u64,
        /// Rows left out because the target is missing.
        dropped_rows: u64,
        /// Columns learned from.
        features: Vec<String>,
        /// `binary`, `multiclass` or `regression`.
        task: String,
        /// Class names in the order of the model's outputs.
        classes: Vec<String>,
        /// Trainable numbers of the model.
        parameters: u64,
        /// Epochs at the most.
        epochs: u32,
        /// Steps in an epoch.
        steps_per_epoch: u64,
    },
    /// What the first steps showed.
    Measured {
        /// The figures.
        measurement: Measurement,
    },
    /// Forecast and verdict, from the first steps and again whenever they change by more than a tenth.
    Verdict {
        /// The verdict.
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// Progress in an epoch, a few times a second at the most.
    Step {
        /// Steps done since the start.
        step: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// Mean training loss since the last such event.
        loss: f64,
        /// Training rows a second.
        samples_per_second: f64,
        /// Seconds until the last epoch is done.
        seconds_left: f64,
    },
    /// Progress of the trainings that come after the first, those of the cross-validation or of learning anew, as the phase
    /// says: a few times a second at the most.
    Fold {
        /// The training, from 1: of the fold that is held out, or the last one when learning anew, which holds out none.
        fold: u32,
        /// Trainings in all.
        folds: u32,
        /// The epoch of its training, from 1.
        epoch: u32,
        /// Epochs of its training at the most.
        epochs: u32,
        /// Mean training loss since the last such event.
        loss: f64,
        /// Training rows a second.
        samples_per_second: f64,
        /// Seconds until the last of them is done.
        seconds_left: f64,
    },
    /// An epoch was finished and its checkpoint is on the disk.
    Epoch {
        /// The epoch, from 1.
        epoch: u32,
        /// Mean training loss over it.
        train_loss: f64,
        /// Loss after it, on the rows of the validation part that are evaluated after each epoch.
        validation_loss: f64,
        /// Metrics of the task on the same rows.
        metrics: BTreeMap<String, f64>,
        /// Whether it is the best so far.
        best: bool,
        /// Training rows a second.
        samples_per_second: f64,
    },
    /// Final metrics of the best epoch on one part.
    Metrics {
        /// `validation` or `test`.
        split: String,
        /// Values by name.
        metrics: BTreeMap<String, f64>,
    },
    /// Something to read.
    Log {
        /// `info` or `warning`.
        level: String,
        /// The text.
        message: String,
    },
    /// The run has ended; nothing follows.
    Finished {
        /// How.
        status: RunStatus,
        /// Why, if it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
        /// What it took.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
    },
}

/// Phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading the rows.
    Load,
    /// Fitting the preprocessing on the training part.
    Fit,
    /// Measuring the first steps.
    WarmUp,
    /// Training.
    Train,
    /// Learning anew from training and validation rows together.
    Refit,
    /// Computing the metrics.
    Evaluate,
    /// Writing the model.
    Save,
    /// Working out what the model looks at; model and report are there already.
    Explain,
}

impl Phase {
    /// As said on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Load => "reading rows",
            Self::Fit => "fitting preprocessing",
            Self::WarmUp => "measuring first steps",
            Self::Train => "training",
            Self::Refit => "learning anew from all rows but the test's",
            Self::Evaluate => "evaluating",
            Self::Save => "saving the model",
            Self::Explain => "explaining the model",
        }
    }
}
