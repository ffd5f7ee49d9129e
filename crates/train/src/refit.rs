//! Learning anew: once a small table's model is trained, folds of its training and validation part say how many epochs are
//! best, and a fresh model learns from all of these rows for so many. The validation part of a small table is a few dozen rows:
//! which epoch is best on them is chance, and they are missed among those that are learned from.
//!
//! It is what `refit` of scikit-learn's searches does. The rows of the test aren't looked at.

use crate::{
    error::Result,
    later::{After, Later},
    model::Learned,
    prepare::Prepared,
    run::Run,
    table,
};
use aloft_runs::file;
use aloft_spec::{
    event::{EventKind, Phase},
    report,
    text::thousands,
    train::{TrainSpec, TrainingUnit},
};
use candle_core::Device;

/// What learning anew came to.
#[derive(Default)]
pub enum Refit {
    /// The run has none.
    #[default]
    None,
    /// Someone stopped it.
    Stopped,
    /// The model.
    Done(Box<Refitted>),
}

/// A model that has learned anew.
pub struct Refitted {
    /// What it learned from, with the preprocessing fitted on these rows.
    pub prepared: Prepared,
    /// What it learned.
    pub learned: Learned,
    /// From how many rows, for how many epochs.
    pub told: report::Refit,
    /// Epochs of all trainings that it took.
    pub own_epochs: u32,
}

impl Refit {
    /// The model that there is, if there is one.
    pub fn done(&self) -> Option<&Refitted> {
        match self {
            Self::Done(refitted) => Some(refitted),
            Self::None | Self::Stopped => None,
        }
    }

    /// Whether someone stopped it.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    /// Epochs of all trainings that it took.
    pub fn own_epochs(&self) -> u32 {
        self.done().map_or(0, |refitted| refitted.own_epochs)
    }
}

/// Learns anew where the run's specification says so.
pub fn refit(run: &mut Run, prepared: &Prepared, device: &Device) -> Result<Refit> {
    let spec = run.record.train.clone();
    let rows = prepared.split.seen();
    if !spec.is_refit(rows as u64) {
        return Ok(Refit::None);
    }
    run.phase(Phase::Refit)?;
    let table = table::open(&run.dir.join(file::DATA), &spec)?;
    let folds = TrainSpec::REFIT_FOLDS;
    let mut later = Later::new(folds as usize + 1, 0);
    let mut own_epochs = 0;
    // Losses after each epoch, each fold's by its share of the rows.
    let mut mean = vec![0.0; prepared.epochs as usize];
    let splits = prepared
        .split
        .validations(&prepared.targets, spec.split.seed, folds as usize);
    for split in splits {
        let share = split.validation.len() as f64 / rows as f64;
        let fold = Prepared::fold(&spec, table.as_ref(), split)?;
        let mut losses = mean.iter_mut();
        let trained = later.train(run, &fold, device, prepared.epochs, |trainer| {
            let loss = trainer.evaluate(&fold.split.validation)?.loss;
            if let Some(mean) = losses.next() {
                *mean += loss * share;
            }
            Ok(After { loss, goes_on: true })
        })?;
        if trained.is_none() {
            return Ok(Refit::Stopped);
        }
        own_epochs += prepared.epochs;
    }
    let epochs = least(&mean);
    let whole = Prepared::fold(&spec, table.as_ref(), prepared.split.without_validation())?;
    let mut losses = mean.iter();
    let trained = later.train(run, &whole, device, epochs, |_| {
        // No row is left to say how good it is; the folds said it.
        let loss = losses.next().copied().unwrap_or(f64::INFINITY);
        Ok(After { loss, goes_on: true })
    })?;
    let Some(trainer) = trained else {
        return Ok(Refit::Stopped);
    };
    let learned = trainer.learned()?;
    drop(trainer);
    own_epochs += epochs;
    let told = report::Refit {
        rows: rows as u64,
        epochs,
        folds,
    };
    let unit = TrainingUnit::of(spec.model.kind);
    run.event(EventKind::Log {
        level: "info".into(),
        message: format!(
            "the model learned anew from all {} rows but the test's, for {} {}, which {folds} folds of them chose",
            thousands(told.rows),
            unit.count(epochs),
            unit.words()
        ),
    })?;
    Ok(Refit::Done(Box::new(Refitted {
        prepared: whole,
        learned,
        told,
        own_epochs,
    })))
}

/// The epoch with the least loss, from 1; the first of equal ones.
fn least(losses: &[f64]) -> u32 {
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    best.map_or(1, |(index, _)| index as u32 + 1)
}
