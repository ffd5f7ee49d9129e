//! The worker: executes the run of a folder from its beginning or from its last checkpoint, and leaves every ending, also
//! a failure, in the event log and in `run.toml`.

use crate::{
    checkpoint::Checkpoint,
    conclude::{add_explanation, conclude},
    device,
    error::Result,
    find::find,
    folds::{Folds, cross_validate},
    machine, mixed,
    prepare::Prepared,
    refit::{Refit, refit},
    run::{Run, forget_old_stop},
    table::{self, Place},
    training::{Preparation, Trained, train},
};
use aloft_runs::file;
use aloft_spec::{
    Code, Problem,
    event::{EventKind, Phase},
    run::{Outcome, RunStatus},
};
use candle_core::Device;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Executes a run: reads `run.toml` and `data.parquet` and writes everything else. Goes on from the last checkpoint of an
/// earlier worker, with the same result as if that one had never ended. A run that is done stays as it is.
///
/// # Errors
/// Only where nothing could be told in the folder: it isn't a run, or another worker has it. What goes wrong later is the
/// run's own end: `Ok(Failed)`, with the problem in `run.toml` and in the log's last event.
pub fn execute(run_dir: &Path) -> std::result::Result<RunStatus, Problem> {
    let _claim = aloft_runs::claim_worker(run_dir)?;
    let mut record = aloft_runs::read(run_dir)?;
    if record.status == RunStatus::Done {
        return Ok(RunStatus::Done);
    }
    if record.status.is_final() {
        forget_old_stop(run_dir)?;
    }
    record.status = RunStatus::Running;
    record.problem = None;
    let mut run = Run::new(run_dir, record)?;
    let ended = match catch_unwind(AssertUnwindSafe(|| work(&mut run))) {
        Ok(ended) => ended.map_err(Problem::from),
        Err(panic) => Err(Problem::new(
            Code::Internal,
            format!(
                "the worker hit a mistake in Aloft: {}",
                panic_message(panic.as_ref())
            ),
        )),
    };
    let status = match ended {
        Ok(status) => {
            run.record.status = status;
            status
        }
        Err(problem) => {
            run.record.status = RunStatus::Failed;
            run.record.problem = Some(problem);
            RunStatus::Failed
        }
    };
    close(&mut run, status)?;
    Ok(status)
}

/// The run's last words: the event, the record, the manifest. Each is tried, whatever became of the one before.
fn close(run: &mut Run, status: RunStatus) -> Result<()> {
    let event = run.event(EventKind::Finished {
        status,
        problem: run.record.problem.clone(),
        outcome: run.record.outcome,
    });
    let record = run.save();
    let manifest = aloft_runs::write_manifest(&run.dir);
    event?;
    record?;
    Ok(manifest?)
}

/// From the first event to the saved model.
fn work(run: &mut Run) -> Result<RunStatus> {
    let (device, name) = device::select(run.record.train.device)?;
    let name = mixed::named(name, &run.record.train, &device);
    run.record.device = Some(name.clone());
    run.save()?;
    run.event(EventKind::Started {
        pid: std::process::id(),
        device: name,
        aloft: env!("CARGO_PKG_VERSION").into(),
        host: aloft_runs::host(),
        resumed_epochs: Checkpoint::progress(&run.dir)?.map_or(0, |progress| progress.epoch),
    })?;
    if let Some(warning) = mixed::warning(&run.record.train, &device) {
        run.warn(warning)?;
    }
    run.phase(Phase::Load)?;
    let table = table::open(&run.dir.join(file::DATA), &run.record.train)?;
    if let Place::File(stored) = table.place() {
        run.event(EventKind::Log {
            level: "info".into(),
            message: stored.words(),
        })?;
    }
    run.phase(Phase::Fit)?;
    let mut prepared = Prepared::new(&run.record.train, table.as_ref())?;
    prepared.check_names(&run.record.train, table.as_ref())?;
    // That its folds can't be made is known before anything is learned. They are made anew when it comes to them: each is as
    // large as all numbers of rows, which needn't be held until then.
    if run.record.train.split.folds > 0 {
        Prepared::folds(&run.record.train, table.as_ref())?;
    }
    let rows = table.height();
    drop(table);
    for warning in &prepared.warnings {
        run.warn(warning)?;
    }
    let preparation = Preparation {
        seconds: run.elapsed(),
        rows,
    };
    find_numbers(run, &mut prepared, &device)?;
    let trained = train(run, &prepared, &device, preparation)?;
    let folds = match trained.stopped {
        true => Folds::default(),
        false => later(run, cross_validate, &device, "the folds weren't all trained")?,
    };
    let refit = match trained.stopped || folds.stopped {
        true => Refit::None,
        false => later(
            run,
            |run, device| refit(run, &prepared, device),
            &device,
            "the model didn't learn anew",
        )?,
    };
    let concluded = match &trained.best {
        Some(best) => Some(conclude(
            run,
            &prepared,
            &device,
            &trained.progress,
            best,
            refit.done(),
            &folds,
        )?),
        None => None,
    };
    // Before the explanation, which no forecast is of.
    run.record.outcome = Some(outcome(
        run,
        &prepared,
        &trained,
        folds.own_epochs + refit.own_epochs(),
    ));
    if let Some(concluded) = concluded {
        // The model is there; a run doesn't fail because it can't be explained.
        let prepared = refit.done().map_or(&prepared, |refitted| &refitted.prepared);
        if let Err(error) = add_explanation(run, prepared, concluded) {
            run.warn(&format!("the model isn't explained: {}", Problem::from(error)))?;
        }
    }
    Ok(match trained.stopped || folds.stopped || refit.is_stopped() {
        true => RunStatus::Stopped,
        false => RunStatus::Done,
    })
}

/// What a training after the run's own comes to; nothing where it fails. The model is there, and isn't lost by it.
fn later<T: Default>(
    run: &mut Run,
    training: impl FnOnce(&mut Run, &Device) -> Result<T>,
    device: &Device,
    failed: &str,
) -> Result<T> {
    match training(run, device) {
        Ok(done) => Ok(done),
        Err(error) => {
            run.warn(&format!("{failed}: {}", Problem::from(error)))?;
            Ok(T::default())
        }
    }
}

/// Finds the numbers that the specification leaves to the run. They stand in `run.toml` before the first step depends on
/// them: a worker that resumes the run finds nothing more to do.
fn find_numbers(run: &mut Run, prepared: &mut Prepared, device: &Device) -> Result<()> {
    if !run.record.train.is_anything_to_find() {
        return Ok(());
    }
    run.phase(Phase::WarmUp)?;
    let mut train = run.record.train.clone();
    let told = find(&mut train, prepared, device, &mut || run.stop_requested())?;
    run.record.train = train;
    run.save()?;
    for message in told {
        let level = "info".into();
        run.event(EventKind::Log { level, message })?;
    }
    Ok(())
}

/// What the run took; `later_epochs` are those of trainings after its own.
fn outcome(run: &Run, prepared: &Prepared, trained: &Trained, later_epochs: u32) -> Outcome {
    let progress = &trained.progress;
    let rows = f64::from(progress.epoch) * prepared.split.train.len() as f64;
    Outcome {
        seconds: trained.earlier_seconds + run.elapsed(),
        samples_per_second: match progress.train_seconds > 0.0 {
            true => rows / progress.train_seconds,
            false => 0.0,
        },
        memory_bytes: machine::peak_memory(),
        disk_bytes: machine::folder_bytes(&run.dir, &[file::DATA]),
        epochs: progress.epoch,
        forecast_seconds: trained.forecaster.seconds_for(trained.own_epochs + later_epochs),
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
