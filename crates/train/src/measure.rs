//! What the first steps of a training show: their seconds, the seconds around them, and memory.

use crate::{
    checkpoint::{Checkpoint, Progress},
    device,
    error::{Result, TrainError},
    feed,
    find::find,
    machine::peak_memory,
    memory, mixed,
    model::Trainer,
    prepare::{Prepared, step_rows},
    table,
};
use aloft_spec::{
    Problem,
    train::{Findable, TrainSpec},
    verdict::Measurement,
};
use serde::Serialize;
use std::{path::Path, time::Instant};

/// Steps that only warm up caches and threads.
const WARMING: usize = 5;
/// Steps that are measured.
const STEPS: usize = 30;
/// Steps go on being measured until they have taken so many seconds: fewer say little about the pace of a minute.
const LEAST_SECONDS: f64 = 0.1;
/// Fewer steps will do when they have taken so many seconds.
const ENOUGH: (usize, f64) = (3, 5.0);
/// The same when nothing but the measurement is wanted.
const ENOUGH_ALONE: (usize, f64) = (5, 0.5);
/// Rows that are evaluated to time it.
const EVALUATED: usize = 4096;

/// What [`measure`] came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The figures.
    pub measurement: Measurement,
    /// Rows of the measured table's training part.
    pub train_rows: u64,
    /// Rows of its validation part.
    pub validation_rows: u64,
    /// Rows of its test part.
    pub test_rows: u64,
    /// Rows of a step of the planned run; a measured step may have had fewer where the measured table is small.
    pub batch_rows: u64,
    /// Steps of an epoch of the planned run.
    pub steps_per_epoch: u64,
}

/// Prepares the rows of a file and trains the model for some steps, as a run on `rows` such rows would, and throws the
/// model away.
///
/// # Errors
/// Those of the run's beginning: `UnknownColumn`, `SingleClass`, `EmptyData`, `BadValue`, `NoDevice`.
pub fn measure(train: &TrainSpec, data: &Path, rows: u64) -> std::result::Result<Measured, Problem> {
    Ok(measure_steps(train, data, rows)?)
}

fn measure_steps(train: &TrainSpec, data: &Path, rows: u64) -> Result<Measured> {
    let (device, name) = device::select(train.device)?;
    let name = mixed::named(name, train, &device);
    let start = Instant::now();
    let table = table::open(data, train)?;
    let mut prepared = Prepared::new(train, table.as_ref())?;
    let prepare_seconds = start.elapsed().as_secs_f64();
    let (measured_rows, columns) = (table.height(), table.names().len());
    drop(table);
    // A rate takes no time. The batch that the run will find is near the one that is found here.
    let mut train = train.clone();
    train.find.retain(|find| *find == Findable::BatchSize);
    find(&mut train, &mut prepared, &device, &mut || false)?;
    let train = &train;
    let train_rows = prepared.split.train.len();
    let scale = rows as f64 / measured_rows.max(1) as f64;
    let planned_rows = (train_rows as f64 * scale).round() as usize;
    let planned_batch = step_rows(train, planned_rows);
    let planned_step = planned_batch * prepared.accumulate;
    prepared.batch_size = planned_batch.min(train_rows);

    let mut trainer = Trainer::new(&prepared, train, &device)?;
    let evaluate_seconds_per_row = time_evaluation(&trainer, &prepared, planned_rows > train_rows)?;
    let folder = tempfile::tempdir_in(data.parent().unwrap_or(Path::new(".")))
        .map_err(TrainError::io("creating a folder beside", data))?;
    let checkpoint_seconds = time_checkpoint(&trainer, folder.path())?;
    let mut watch = StepWatch::default();
    let mut epoch = 0;
    'measuring: loop {
        epoch += 1;
        let order = trainer.begin_epoch(epoch, &[]);
        for (batch, next) in feed::steps(&order, prepared.step_rows()) {
            let start = Instant::now();
            trainer.step(batch, next)?;
            watch.add(start.elapsed().as_secs_f64(), batch.len() == prepared.step_rows());
            if watch.has(ENOUGH_ALONE) {
                break 'measuring;
            }
        }
    }
    let parts = &prepared.split;
    let measurement = watch.measurement(&prepared, &trainer, name);
    Ok(Measured {
        measurement: Measurement {
            row_bytes: match memory::table_bytes(rows, columns) <= memory::allowed(train.memory_mb) {
                true => measurement.row_bytes,
                false => memory::INDEX_BYTES,
            },
            prepare_seconds_per_row: prepare_seconds / measured_rows.max(1) as f64,
            evaluate_seconds_per_row,
            checkpoint_seconds,
            measured_rows: measured_rows as u64,
            ..measurement
        },
        train_rows: train_rows as u64,
        validation_rows: parts.validation.len() as u64,
        test_rows: parts.test.len() as u64,
        batch_rows: planned_step as u64,
        steps_per_epoch: planned_rows.div_ceil(planned_step) as u64,
    })
}

/// Seconds to evaluate a row. Few rows cost as much as a whole block; a run on `more` rows fills its blocks.
pub fn time_evaluation(trainer: &Trainer<'_>, prepared: &Prepared, more: bool) -> Result<f64> {
    let watched = &prepared.watched;
    let rows = &watched[..watched.len().min(EVALUATED)];
    // Once for the caches.
    trainer.evaluate(&rows[..rows.len().min(crate::evaluate::BLOCK)])?;
    let start = Instant::now();
    trainer.evaluate(rows)?;
    let counted = match more {
        true => rows.len().next_multiple_of(crate::evaluate::BLOCK),
        false => rows.len(),
    };
    Ok(start.elapsed().as_secs_f64() / counted.max(1) as f64)
}

/// Seconds to write a checkpoint of a fresh model in `dir`.
fn time_checkpoint(trainer: &Trainer<'_>, dir: &Path) -> Result<f64> {
    let start = Instant::now();
    Checkpoint::of(trainer, Progress::default(), None)?.write(dir)?;
    Ok(start.elapsed().as_secs_f64())
}

/// Collects the seconds of the first steps, those that only warm up left out.
#[derive(Debug, Default)]
pub struct StepWatch {
    warmed: usize,
    seconds: Vec<f64>,
}

impl StepWatch {
    /// Adds a step. One with fewer rows than the others, at the end of an epoch, doesn't count.
    pub fn add(&mut self, seconds: f64, whole: bool) {
        if self.warmed < WARMING {
            self.warmed += 1;
        } else if whole {
            self.seconds.push(seconds);
        }
    }

    /// Whether enough steps were seen for a run that goes on anyway.
    pub fn is_done(&self) -> bool {
        self.has((STEPS, LEAST_SECONDS)) || self.has(ENOUGH)
    }

    fn has(&self, (steps, seconds): (usize, f64)) -> bool {
        self.seconds.len() >= steps && self.seconds.iter().sum::<f64>() >= seconds
    }

    /// What was seen so far; the caller adds what isn't about steps.
    pub fn measurement(&self, prepared: &Prepared, trainer: &Trainer<'_>, device: String) -> Measurement {
        // A target is 4 bytes more.
        let row_bytes = prepared.rows.row_bytes() as u64 + 4;
        Measurement {
            step_seconds: self.seconds.clone(),
            batch_rows: prepared.step_rows(),
            parameter_bytes: 4 * trainer.parameter_count() as u64,
            row_bytes,
            peak_memory_bytes: peak_memory(),
            device,
            ..Measurement::default()
        }
    }
}
