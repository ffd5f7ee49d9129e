//! One file a verb: its arguments, and what it does.

mod chart;
mod check;
mod clean;
mod credentials;
mod doctor;
mod execute;
mod export;
mod jobs;
mod measure;
mod new;
mod open;
mod plan;
mod predict;
mod profile;
mod query;
mod report;
mod run;
mod runs;
mod send;
mod sweep;
mod targets;
mod train;

use crate::{Result, screen::Screen};
use clap::Subcommand;

/// What to do.
#[derive(Subcommand)]
pub enum Verb {
    /// Make a project folder, empty or from an example
    New(new::Arguments),
    /// Look for mistakes in a project or notebook, and for what may be wrong with its data
    Check(check::Arguments),
    /// Remove outputs and rows that can be made again, and say how much they took
    Clean(clean::Arguments),
    /// Write a chart of a notebook to an SVG file
    Chart(chart::Arguments),
    /// Describe each column of a data file, folder or address
    Profile(profile::Arguments),
    /// Run SQL over data files, folders and addresses; each is a table named by its file's stem
    Query(query::Arguments),
    /// Run the cells of a project or notebook in order
    Run(run::Arguments),
    /// Train one cell; with `--auto`, the best of several kinds of models
    Train(train::Arguments),
    /// Train a cell many times with other values, and say which are the best
    Sweep(sweep::Arguments),
    /// Forecast a training and say whether it belongs on this machine
    Plan(plan::Arguments),
    /// List the runs of a project
    Runs(runs::Arguments),
    /// Say how good a run's model is, where it is wrong and what it looks at
    Report(report::Arguments),
    /// Score the rows of a file with a run's model
    Predict(predict::Arguments),
    /// Write a run's model for other programs: ONNX, PyTorch, smaller weights
    Export(export::Arguments),
    /// Add, list, test and remove places where runs can be sent
    Targets(targets::Arguments),
    /// Keep keys of clouds in the keyring, for sources that lie there
    Credentials(credentials::Arguments),
    /// Send a training to a target and follow it
    Send(send::Arguments),
    /// List, follow, stop and fetch what was sent
    Jobs(jobs::Arguments),
    /// Say what this machine has, and where things are looked for
    Doctor(doctor::Arguments),
    /// Open a project in the window
    Open(open::Arguments),
    /// Execute a run's folder in this process: the worker; continues from the last checkpoint
    Execute(execute::Arguments),
    /// Measure the first steps of a training (for `plan`, in a process of its own)
    #[command(hide = true)]
    Measure(measure::Arguments),
}

impl Verb {
    /// Does it.
    pub fn run(self, screen: &Screen) -> Result {
        match self {
            Self::New(arguments) => arguments.run(screen),
            Self::Check(arguments) => arguments.run(screen),
            Self::Clean(arguments) => arguments.run(screen),
            Self::Chart(arguments) => arguments.run(screen),
            Self::Profile(arguments) => arguments.run(screen),
            Self::Query(arguments) => arguments.run(screen),
            Self::Run(arguments) => arguments.run(screen),
            Self::Train(arguments) => arguments.run(screen),
            Self::Sweep(arguments) => arguments.run(screen),
            Self::Plan(arguments) => arguments.run(screen),
            Self::Runs(arguments) => arguments.run(screen),
            Self::Report(arguments) => arguments.run(screen),
            Self::Predict(arguments) => arguments.run(screen),
            Self::Export(arguments) => arguments.run(screen),
            Self::Targets(arguments) => arguments.run(screen),
            Self::Credentials(arguments) => arguments.run(screen),
            Self::Send(arguments) => arguments.run(screen),
            Self::Jobs(arguments) => arguments.run(screen),
            Self::Doctor(arguments) => arguments.run(screen),
            Self::Open(arguments) => arguments.run(screen),
            Self::Execute(arguments) => arguments.run(screen),
            Self::Measure(arguments) => arguments.run(screen),
        }
    }
}
