//! Cross-validation: how much the metrics depend on which rows are the test. Each fold is the test of a training of its
//! own, with preprocessing fitted anew; none of these models is kept. Folds that are done are in the checkpoint's folder, so
//! that a resumed run goes on with the next one.

use crate::{
    checkpoint::FOLDS,
    error::{Result, TrainError},
    feed,
    metrics::Metrics,
    model::Trainer,
    prepare::Prepared,
    run::Run,
    split::Split,
    table::{self, Table},
    trainer::evaluation,
    training::Told,
};
use aloft_runs::{file, replace_file};
use aloft_spec::event::EventKind;
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, time::Instant};

/// A fold whose training is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fold {
    /// Metrics of its rows, by the model of the best epoch.
    metrics: Metrics,
    /// Epochs of its training.
    epochs: u32,
}

/// What a cross-validation came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Folds {
    /// Mean of each metric that all folds have.
    pub mean: Metrics,
    /// Their standard deviations from fold to fold.
    pub spread: Metrics,
    /// Epochs of trainings by this worker.
    pub own_epochs: u32,
    /// Whether someone stopped it.
    pub stopped: bool,
}

/// Trains on all folds but one for each, as the run's specification says; nothing where it asks for none.
pub fn cross_validate(run: &mut Run, device: &Device) -> Result<Folds> {
    let spec = run.record.train.clone();
    let mut result = Folds::default();
    if spec.split.folds == 0 {
        return Ok(result);
    }
    let path = run.dir.join(file::CHECKPOINTS).join(FOLDS);
    let mut done = read(&path)?;
    let table = table::open(&run.dir.join(file::DATA), &spec)?;
    let splits = Prepared::folds(&spec, table.as_ref())?;
    let count = splits.len();
    let mut standing = Standing {
        done: done.len(),
        resumed: done.len(),
        folds: count,
        began: Instant::now(),
        told: Told::now(),
    };
    for (index, split) in splits.into_iter().enumerate().skip(done.len()) {
        standing.done = index;
        let Some(fold) = train(run, table.as_ref(), split, device, &mut standing)? else {
            result.stopped = true;
            return Ok(result);
        };
        result.own_epochs += fold.epochs;
        run.event(EventKind::Metrics {
            split: format!("fold {} of {count}", index + 1),
            metrics: fold.metrics.clone(),
        })?;
        done.push(fold);
        let text =
            serde_json::to_string(&done).map_err(|error| TrainError::unreadable(&path, error.to_string()))?;
        replace_file(&path, text.as_bytes())?;
    }
    let Some(first) = done.first() else {
        return Ok(result);
    };
    for name in first.metrics.keys() {
        let values: Option<Vec<f64>> = done.iter().map(|fold| fold.metrics.get(name).copied()).collect();
        let Some(values) = values else {
            continue;
        };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        result.mean.insert(name.clone(), mean);
        let freedom = values.len().saturating_sub(1).max(1);
        result
            .spread
            .insert(name.clone(), (squares / freedom as f64).sqrt());
    }
    Ok(result)
}

/// How far a cross-validation is.
struct Standing {
    /// Folds that are done, and how many of them an earlier worker did.
    done: usize,
    resumed: usize,
    folds: usize,
    began: Instant,
    told: Told,
}

impl Standing {
    /// Tells it where it is time to: in an epoch of the next fold, after so many of its `all` steps.
    fn tell(&mut self, run: &mut Run, epoch: (u32, u32), (steps, all): (u64, u64)) -> Result<()> {
        let Some((loss, samples_per_second)) = self.told.due() else {
            return Ok(());
        };
        // Folds that stopped early say how long the others take.
        let fold = self.done as f64 + steps as f64 / all as f64;
        let own = fold - self.resumed as f64;
        run.event(EventKind::Fold {
            fold: self.done as u32 + 1,
            folds: self.folds as u32,
            epoch: epoch.0,
            epochs: epoch.1,
            loss,
            samples_per_second,
            seconds_left: self.began.elapsed().as_secs_f64() / own * (self.folds as f64 - fold),
        })
    }
}

fn read(path: &Path) -> Result<Vec<Fold>> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(TrainError::io("reading", path)(error)),
        Ok(text) => {
            serde_json::from_str(&text).map_err(|error| TrainError::unreadable(path, error.to_string()))
        }
    }
}

/// One training, and the metrics of its test rows; nothing when it was stopped.
fn train(
    run: &mut Run,
    table: &dyn Table,
    split: Split,
    device: &Device,
    standing: &mut Standing,
) -> Result<Option<Fold>> {
    let spec = run.record.train.clone();
    let prepared = Prepared::fold(&spec, table, split)?;
    let mut trainer = Trainer::new(&prepared, &spec, device)?;
    let patience = spec.patience_for(prepared.epochs) as usize;
    let mut losses: Vec<f64> = Vec::new();
    let mut best = (f64::INFINITY, 0, trainer.learned()?);
    while losses.len() < prepared.epochs as usize && (patience == 0 || losses.len() - best.1 < patience) {
        let epoch = losses.len() as u32 + 1;
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
                    learning_rate: spec.highest_rate(prepared.steps()),
                });
            }
            standing.told.add(loss, rows.len());
            standing.tell(run, (epoch, prepared.epochs), (trainer.steps(), prepared.steps()))?;
        }
        let loss = trainer.evaluate(&prepared.watched)?.loss;
        losses.push(loss);
        if loss < best.0 {
            best = (loss, losses.len(), trainer.learned()?);
        }
    }
    let model = best.2.model(&prepared.architecture, device)?;
    Ok(Some(Fold {
        metrics: evaluation(&prepared, &model, &prepared.split.test)?.metrics,
        epochs: losses.len() as u32,
    }))
}
