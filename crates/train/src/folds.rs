//! Cross-validation: how much the metrics depend on which rows are the test. Each fold is the test of a training of its
//! own, with preprocessing fitted anew; none of these models is kept. Folds that are done are in the checkpoint's folder, so
//! that a resumed run goes on with the next one.

use crate::{
    checkpoint::FOLDS,
    error::{Result, TrainError},
    later::{After, Later},
    metrics::Metrics,
    model::Learned,
    prepare::Prepared,
    run::Run,
    split::Split,
    table::{self, Table},
    trainer::evaluation,
};
use aloft_runs::{file, replace_file};
use aloft_spec::event::EventKind;
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

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
    let mut later = Later::new(count, done.len());
    for (index, split) in splits.into_iter().enumerate().skip(done.len()) {
        let Some(fold) = train(run, table.as_ref(), split, device, &mut later)? else {
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
    later: &mut Later,
) -> Result<Option<Fold>> {
    let spec = run.record.train.clone();
    let prepared = Prepared::fold(&spec, table, split)?;
    let patience = spec.patience_for(prepared.epochs) as usize;
    let (mut losses, mut best): (Vec<f64>, Option<(f64, usize, Learned)>) = (Vec::new(), None);
    let trained = later.train(run, &prepared, device, prepared.epochs, |trainer| {
        let loss = trainer.evaluate(&prepared.watched)?.loss;
        losses.push(loss);
        if best.as_ref().is_none_or(|best| loss < best.0) {
            best = Some((loss, losses.len(), trainer.learned()?));
        }
        let waited = losses.len() - best.as_ref().map_or(0, |best| best.1);
        Ok(After {
            loss,
            goes_on: patience == 0 || waited < patience,
        })
    })?;
    let (Some(_), Some((_, _, learned))) = (trained, best) else {
        return Ok(None);
    };
    let model = learned.model(&prepared.architecture, device)?;
    Ok(Some(Fold {
        metrics: evaluation(&prepared, &model, &prepared.split.test)?.metrics,
        epochs: losses.len() as u32,
    }))
}
