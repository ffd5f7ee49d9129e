//! What a run will take, extrapolated from its first steps.

use crate::estimate::{DRIFT, StepEstimate};
use aloft_spec::verdict::{Forecast, Measurement, Range};
use serde::{Deserialize, Serialize};

/// A run writes a checkpoint after an epoch, unless writing them would take more than this share of its time.
pub const CHECKPOINT_SHARE: f64 = 0.05;
/// Seconds between two checkpoints, at the least.
pub const BETWEEN_CHECKPOINTS: f64 = 0.2;
/// Checkpoints that a run waits for.
const CHECKPOINTS: f64 = 3.0;

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Rows of the whole table: training, validation and test.
    pub rows: u64,
    /// Rows of the training part.
    pub train_rows: u64,
    /// Rows that are evaluated after each epoch: the validation part.
    pub evaluate_rows: u64,
    /// Rows that are evaluated once, after the last epoch: validation and test part.
    pub final_evaluate_rows: u64,
    /// Rows of a step.
    pub batch_rows: u64,
    /// Steps of an epoch; its last step may have fewer rows.
    pub steps_per_epoch: u64,
    /// Epochs at the most.
    pub epochs: u32,
    /// Size of the rows on the disk.
    pub data_bytes: u64,
    /// Seconds that the run has spent already, say on measuring. They are part of what it takes.
    pub spent_seconds: f64,
}

/// What a run will take. Where no step was measured, `steps_measured` is 0 and the seconds are those of the rest.
///
/// ```text
/// seconds = spent + prepare · rows + epochs · (steps · step + evaluate · validation rows) + evaluate · final rows
///         + checkpoint · 3
/// memory  = measured peak + bytes of a row · (rows − rows of the measured table) + 4 · parameters
/// disk    = data + 3 · parameters (checkpoint: weights and AdamW's two moments) + parameters (model)
/// ```
///
/// A step is the median of the means of five blocks of those measured, and its range is explained at
/// `StepEstimate`; what isn't steps has a half width of 5 %. It is for all epochs: an early stop makes a run shorter than `low`, and nobody can know it
/// before. The three checkpoints are one before the first epoch, one after the last, and the model, whose files are written and
/// synced in the same way; nothing waits for the others, which are written while the next epoch is learned. Four times the parameters come on top of the measured memory because a checkpoint copies the weights and
/// both moments while the best weights so far are kept, which the first steps haven't shown yet.
pub fn forecast(workload: &Workload, measurement: &Measurement) -> Forecast {
    let estimate = StepEstimate::new(&measurement.step_seconds);
    let scale = step_scale(workload, measurement);
    let step = estimate.map_or(0.0, |estimate| estimate.seconds) * scale;
    let epochs = f64::from(workload.epochs);
    let steps = epochs * epoch_steps(workload);

    let prepare = time(measurement.prepare_seconds_per_row) * workload.rows as f64;
    let evaluated = epochs * workload.evaluate_rows as f64 + workload.final_evaluate_rows as f64;
    let around = prepare + time(measurement.evaluate_seconds_per_row) * evaluated;
    let saving = time(measurement.checkpoint_seconds) * CHECKPOINTS;
    let of_steps = estimate.map_or(0.0, |estimate| estimate.half_width(steps)) * scale;
    let half = of_steps + DRIFT * (around + saving);

    let spent = time(workload.spent_seconds);
    let mid = spent + around + saving + steps * step;
    let extra_rows = workload.rows.saturating_sub(measurement.measured_rows);
    Forecast {
        seconds: Range {
            low: (mid - half).max(spent),
            mid,
            high: mid + half,
        },
        memory_bytes: measurement
            .peak_memory_bytes
            .saturating_add(extra_rows.saturating_mul(measurement.row_bytes))
            .saturating_add(measurement.parameter_bytes.saturating_mul(4)),
        disk_bytes: workload
            .data_bytes
            .saturating_add(measurement.parameter_bytes.saturating_mul(3 + 1)),
        rows: workload.train_rows,
        steps: workload
            .steps_per_epoch
            .saturating_mul(u64::from(workload.epochs)),
        steps_measured: estimate.map_or(0, |estimate| estimate.measured as u64),
        seconds_per_step: step,
        device: measurement.device.clone(),
    }
}

/// Steps of an epoch in units of whole ones: the last one counts by its rows.
fn epoch_steps(workload: &Workload) -> f64 {
    let steps = workload.steps_per_epoch as f64;
    if workload.batch_rows == 0 {
        return steps;
    }
    steps.min(workload.train_rows as f64 / workload.batch_rows as f64)
}

/// A measured step may have had fewer rows than one of the run, when it was measured on a small table.
fn step_scale(workload: &Workload, measurement: &Measurement) -> f64 {
    if workload.batch_rows == 0 || measurement.batch_rows == 0 {
        return 1.0;
    }
    workload.batch_rows as f64 / measurement.batch_rows as f64
}

/// Seconds that can be counted with.
fn time(seconds: f64) -> f64 {
    if seconds.is_finite() {
        seconds.max(0.0)
    } else {
        0.0
    }
}
