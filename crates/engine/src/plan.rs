//! The verdict on a train cell before it runs: the first steps of the real model on its sample, measured in a child
//! process, extrapolated to the rows that are asked for, and corrected by what earlier forecasts were worth.

use crate::{Cancel, Evaluator, Result, Workspace, machine::machine, resolved::json, training::Training};
use aloft_data::SnapshotFile;
use aloft_placement::{History, Workload};
use aloft_spec::{
    Code, Problem,
    run::RunStatus,
    table::{Scope, Values},
    train::TrainSpec,
    verdict::{Measurement, Verdict},
};
use serde::Deserialize;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// What `aloft measure` prints; the worker's own type lives beside candle, which never comes into this process.
#[derive(Debug, Deserialize)]
struct Measured {
    measurement: Measurement,
    train_rows: u64,
    validation_rows: u64,
    test_rows: u64,
    steps_per_epoch: u64,
}
