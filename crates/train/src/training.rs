//! The epochs of a run: steps, events, checkpoints, early stop.

use crate::{
    checkpoint::{Checkpoint, Progress},
    error::{Result, TrainError},
    feed,
    forecast::Forecaster,
    measure::{StepWatch, time_evaluation},
    model::{Learned, Trainer},
    prepare::Prepared,
    run::Run,
    saving::Saving,
    trainer::rule,
};
use aloft_placement::Workload;
use aloft_spec::{
    event::{EventKind, Phase},
    report::EpochRecord,
    verdict::Measurement,
};
use candle_core::Device;
use std::time::{Duration, Instant};

/// Between two events of progress.
const TELL: Duration = Duration::from_millis(200);

/// What training came to.
#[derive(Debug)]
pub struct Trained {
    /// How far it came.
    pub progress: Progress,
    /// What was learned up to the best epoch; `None` when no epoch was finished.
    pub best: Option<Learned>,
    /// Whether someone stopped it.
    pub stopped: bool,
    /// Seconds of workers before this one.
    pub earlier_seconds: f64,
    /// Epochs that this worker did.
    pub own_epochs: u32,
    /// What the first steps showed.
    pub forecaster: Forecaster,
}

/// Seconds that belong to the measurement and were seen before the first step.
#[derive(Debug, Clone, Copy)]
pub struct Preparation {
    /// Seconds from the start to the encoded rows.
    pub seconds: f64,
    /// Rows of the table.
    pub rows: usize,
}

/// Trains until the last epoch, an early stop, or a stop from outside; goes on from the run's checkpoint if it has one.
///
/// # Errors
/// `Diverged` when the loss isn't a number any more; the checkpoint of the epoch before stays.
pub fn train(
    run: &mut Run,
    prepared: &Prepared,
    device: &Device,
    preparation: Preparation,
) -> Result<Trained> {
    let mut training = Training::new(run, prepared, device, preparation)?;
    let epochs = prepared.epochs;
    let patience = training.run.record.train.patience_for(epochs);
    let resumed = training.progress.epoch;
    let mut stopped = false;
    while training.progress.epoch < epochs {
        if patience > 0 && training.progress.waited >= patience {
            break;
        }
        match training.epoch() {
            Ok(true) => {}
            Ok(false) => {
                stopped = true;
                break;
            }
            Err(error) => {
                // The epochs before were good, and the error is the one to tell.
                let _ = training.saving.finish(training.run);
                return Err(error);
            }
        }
    }
    training.saving.finish(training.run)?;
    if training.progress.epoch > resumed && !training.forecaster.is_measured() {
        training.measured()?;
    }
    prepared.rows.end_learning();
    Ok(Trained {
        own_epochs: training.progress.epoch - resumed,
        forecaster: training.forecaster,
        earlier_seconds: training.before.0,
        best: training.best,
        progress: training.progress,
        stopped,
    })
}

struct Training<'a> {
    run: &'a mut Run,
    prepared: &'a Prepared,
    trainer: Trainer<'a>,
    progress: Progress,
    best: Option<Learned>,
    forecaster: Forecaster,
    watch: StepWatch,
    preparation: Preparation,
    evaluate_seconds_per_row: f64,
    /// Seconds of workers before this one, and epochs that they did.
    before: (f64, u32),
    began: Instant,
    told: Told,
    saving: Saving,
}

/// When progress was told last, and what came since.
pub struct Told {
    at: Instant,
    loss: f64,
    rows: usize,
}

impl Told {
    /// Told now.
    pub fn now() -> Self {
        Self {
            at: Instant::now(),
            loss: 0.0,
            rows: 0,
        }
    }

    /// A step on so many rows, with their mean loss.
    pub fn add(&mut self, loss: f64, rows: usize) {
        self.loss += loss * rows as f64;
        self.rows += rows;
    }

    /// Once it is time to tell again: the mean loss, and rows a second, since the last time.
    pub fn due(&mut self) -> Option<(f64, f64)> {
        let since = self.at.elapsed();
        if since < TELL {
            return None;
        }
        let Self { loss, rows, .. } = std::mem::replace(self, Self::now());
        Some((loss / rows as f64, rows as f64 / since.as_secs_f64()))
    }
}

impl<'a> Training<'a> {
    fn new(
        run: &'a mut Run,
        prepared: &'a Prepared,
        device: &Device,
        preparation: Preparation,
    ) -> Result<Self> {
        let spec = run.record.train.clone();
        let (trainer, progress, best) =
            match Checkpoint::read(&run.dir, &prepared.architecture, rule(&spec.optimizer).kind)? {
                None => (Trainer::new(prepared, &spec, device)?, Progress::default(), None),
                Some(Checkpoint { progress, state }) => {
                    let best = (progress.epoch > 0).then(|| state.best(progress.best_epoch));
                    let trainer = Trainer::resume(prepared, &spec, device, progress.step, state)?;
                    (trainer, progress, best)
                }
            };
        let parts = &prepared.split;
        run.event(EventKind::Prepared {
            train_rows: parts.train.len() as u64,
            validation_rows: parts.validation.len() as u64,
            watched_rows: prepared.watched.len() as u64,
            test_rows: parts.test.len() as u64,
            dropped_rows: prepared.dropped as u64,
            features: prepared.inputs.names(),
            task: prepared.task.name().into(),
            classes: prepared.task.classes().to_vec(),
            parameters: trainer.parameter_count() as u64,
            epochs: prepared.epochs,
            steps_per_epoch: prepared.steps_per_epoch() as u64,
        })?;
        run.phase(Phase::WarmUp)?;
        let evaluate_seconds_per_row = time_evaluation(&trainer, prepared, false)?;
        let checkpoint = Checkpoint::of(&trainer, progress.clone(), best.as_ref())?;
        Ok(Self {
            before: (earlier_seconds(run, &progress), progress.epoch),
            saving: Saving::begin(run, &checkpoint)?,
            forecaster: Forecaster::new(run),
            run,
            prepared,
            trainer,
            progress,
            best,
            watch: StepWatch::default(),
            preparation,
            evaluate_seconds_per_row,
            began: Instant::now(),
            told: Told::now(),
        })
    }

    /// One epoch with its checkpoint; false when it was stopped in the middle, which leaves no trace of it.
    fn epoch(&mut self) -> Result<bool> {
        let epoch = self.progress.epoch + 1;
        let losses: Vec<f64> = self
            .progress
            .history
            .iter()
            .map(|epoch| epoch.validation_loss)
            .collect();
        let order = self.trainer.begin_epoch(epoch, &losses);
        let start = Instant::now();
        let mut loss_sum = 0.0;
        for (rows, next) in feed::steps(&order, self.prepared.step_rows()) {
            if self.run.stop_requested() {
                return Ok(false);
            }
            let before = Instant::now();
            let loss = self.trainer.step(rows, next)?;
            let seconds = before.elapsed().as_secs_f64();
            self.check(loss, epoch)?;
            loss_sum += loss * rows.len() as f64;
            self.told.add(loss, rows.len());
            if !self.forecaster.is_measured() {
                self.watch.add(seconds, rows.len() == self.prepared.step_rows());
                if self.watch.is_done() {
                    self.measured()?;
                }
            }
            self.saving.go_on(self.run)?;
            if let Some(pace) = self.told.due() {
                self.tell(epoch, pace)?;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let evaluation = self.trainer.evaluate(&self.prepared.watched)?;
        self.check(evaluation.loss, epoch)?;
        let best = self.progress.best_loss.is_none_or(|loss| evaluation.loss < loss);
        self.progress.epoch = epoch;
        self.progress.step = self.trainer.steps();
        self.progress.train_seconds += seconds;
        self.progress.seconds = self.before.0 + self.run.elapsed();
        if best {
            self.progress.best_epoch = epoch;
            self.progress.best_loss = Some(evaluation.loss);
            self.progress.waited = 0;
            self.best = Some(self.trainer.learned()?);
        } else {
            self.progress.waited += 1;
        }
        let record = EpochRecord {
            epoch,
            train_loss: loss_sum / order.len() as f64,
            validation_loss: evaluation.loss,
            metrics: evaluation.metrics,
        };
        self.progress.history.push(record.clone());
        let checkpoint = Checkpoint::of(&self.trainer, self.progress.clone(), self.best.as_ref())?;
        let told = EventKind::Epoch {
            epoch,
            train_loss: record.train_loss,
            validation_loss: record.validation_loss,
            metrics: record.metrics,
            best,
            samples_per_second: order.len() as f64 / seconds,
        };
        self.saving.add(self.run, checkpoint, told)?;
        Ok(true)
    }

    fn check(&self, loss: f64, epoch: u32) -> Result<()> {
        match loss.is_finite() {
            true => Ok(()),
            false => Err(TrainError::Diverged {
                step: self.trainer.steps(),
                epoch,
                loss,
                learning_rate: self.run.record.train.optimizer_rate(self.prepared.steps()),
            }),
        }
    }

    /// The first steps are seen: what they say, and whether the run belongs here.
    fn measured(&mut self) -> Result<()> {
        let device = self.run.record.device.clone().unwrap_or_default();
        let measurement = Measurement {
            prepare_seconds_per_row: self.preparation.seconds / self.preparation.rows.max(1) as f64,
            evaluate_seconds_per_row: self.evaluate_seconds_per_row,
            checkpoint_seconds: self.saving.seconds(),
            measured_rows: self.preparation.rows as u64,
            ..self.watch.measurement(self.prepared, &self.trainer, device)
        };
        let parts = &self.prepared.split;
        let (earlier_seconds, earlier_epochs) = self.before;
        // Trainings of a cross-validation and of learning anew come after this one, and each may take as long.
        let trainings = self.run.record.train.trainings(parts.seen() as u64);
        let epochs = self.prepared.epochs * trainings - earlier_epochs;
        let workload = Workload {
            rows: self.preparation.rows as u64,
            train_rows: parts.train.len() as u64,
            evaluate_rows: self.prepared.watched.len() as u64,
            final_evaluate_rows: (parts.validation.len() + parts.test.len()) as u64,
            batch_rows: self.prepared.step_rows() as u64,
            steps_per_epoch: self.prepared.steps_per_epoch() as u64,
            epochs,
            data_bytes: self.run.record.data.bytes,
            spent_seconds: earlier_seconds,
        };
        self.run.event(EventKind::Measured {
            measurement: measurement.clone(),
        })?;
        let (forecast, verdict) = self.forecaster.measured(workload, measurement);
        self.run.record.forecast = Some(forecast);
        self.run.save()?;
        self.run.event(EventKind::Verdict { verdict })?;
        self.run.phase(Phase::Train)
    }

    /// Progress for who watches, and a new verdict where the pace has changed.
    fn tell(&mut self, epoch: u32, (loss, samples_per_second): (f64, f64)) -> Result<()> {
        let step = self.trainer.steps();
        let steps_per_epoch = self.prepared.steps_per_epoch() as u64;
        let all = self.prepared.steps();
        let own = step - u64::from(self.before.1) * steps_per_epoch;
        let seconds = self.began.elapsed().as_secs_f64();
        self.run.event(EventKind::Step {
            step,
            epoch,
            loss,
            samples_per_second,
            seconds_left: seconds / own as f64 * (all - step) as f64,
        })?;
        let progress = aloft_placement::Progress {
            elapsed_seconds: self.before.0 + self.run.elapsed(),
            train_seconds: seconds,
            steps_done: own,
        };
        match self.forecaster.progressed(&progress) {
            Some(verdict) => self.run.event(EventKind::Verdict { verdict }),
            None => Ok(()),
        }
    }
}

/// Seconds that earlier workers spent: what their last checkpoint says, or the record where they could still write it.
fn earlier_seconds(run: &Run, progress: &Progress) -> f64 {
    let recorded = run.record.outcome.map_or(0.0, |outcome| outcome.seconds);
    recorded.max(progress.seconds)
}
