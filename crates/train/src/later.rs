//! Trainings that come after a run's own: those of a cross-validation, and of learning anew. None has a checkpoint: one that
//! is interrupted begins again, with the same result.

use crate::{
    error::{Result, TrainError},
    feed,
    model::Trainer,
    prepare::Prepared,
    run::Run,
    training::Told,
};
use aloft_spec::event::EventKind;
use candle_core::Device;
use std::time::Instant;

/// Some trainings, one after the other, and how far they are.
pub struct Later {
    /// Those that are done, and how many of them an earlier worker did.
    done: usize,
    resumed: usize,
    all: usize,
    began: Instant,
    told: Told,
}

/// What is said after an epoch.
pub struct After {
    /// Its validation loss, by which a plateau of the schedule is seen.
    pub loss: f64,
    /// Whether another epoch comes after it.
    pub goes_on: bool,
}

impl Later {
    /// So many trainings, of which some are done.
    pub fn new(all: usize, done: usize) -> Self {
        Self {
            done,
            resumed: done,
            all,
            began: Instant::now(),
            told: Told::now(),
        }
    }

    /// The next training: a fresh model, for so many epochs at the most; `after` is asked after each one. Nothing when it was
    /// stopped.
    ///
    /// # Errors
    /// `Diverged` when a loss isn't a number any more.
    pub fn train<'a>(
        &mut self,
        run: &mut Run,
        prepared: &'a Prepared,
        device: &Device,
        epochs: u32,
        mut after: impl FnMut(&Trainer<'a>) -> Result<After>,
    ) -> Result<Option<Trainer<'a>>> {
        let spec = run.record.train.clone();
        let mut trainer = Trainer::new(prepared, &spec, device)?;
        let mut losses = Vec::new();
        let steps = u64::from(epochs) * prepared.steps_per_epoch() as u64;
        for epoch in 1..=epochs {
            let order = trainer.begin_epoch(epoch, &losses);
            for (rows, next) in feed::steps(&order, prepared.step_rows()) {
                if run.stop_requested() {
                    return Ok(None);
                }
                let loss = trainer.step(rows, next)?;
                if !loss.is_finite() {
                    return Err(TrainError::Diverged {
                        step: trainer.steps(),
                        epoch,
                        loss,
                        learning_rate: spec.optimizer_rate(prepared.steps()),
                    });
                }
                self.told.add(loss, rows.len());
                self.tell(run, (epoch, epochs), (trainer.steps(), steps))?;
            }
            let After { loss, goes_on } = after(&trainer)?;
            losses.push(loss);
            if !goes_on {
                break;
            }
        }
        self.done += 1;
        Ok(Some(trainer))
    }

    /// Tells it where it is time to: in an epoch of the next training, after so many of its `all` steps.
    fn tell(&mut self, run: &mut Run, epoch: (u32, u32), (steps, all): (u64, u64)) -> Result<()> {
        let Some((loss, samples_per_second)) = self.told.due() else {
            return Ok(());
        };
        // Trainings that stopped early say how long the others take.
        let done = self.done as f64 + steps as f64 / all as f64;
        let own = done - self.resumed as f64;
        run.event(EventKind::Fold {
            fold: self.done as u32 + 1,
            folds: self.all as u32,
            epoch: epoch.0,
            epochs: epoch.1,
            loss,
            samples_per_second,
            seconds_left: self.began.elapsed().as_secs_f64() / own * (self.all as f64 - done),
        })
    }
}
