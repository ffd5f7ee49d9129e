//! Checkpoints on their way to the disk, while the next epoch is learned: a disk takes some hundredths of a second to keep a
//! file over a power cut, and learning doesn't wait for it.

use crate::{
    checkpoint::Checkpoint,
    error::{Result, TrainError},
    run::Run,
};
use aloft_placement::{BETWEEN_CHECKPOINTS, CHECKPOINT_SHARE};
use aloft_spec::event::EventKind;
use std::{
    panic,
    path::PathBuf,
    thread::{self, JoinHandle},
    time::Instant,
};

/// Epochs that are done and not yet told: an epoch is told once its checkpoint is on the disk, and where epochs take
/// milliseconds one checkpoint serves several.
#[derive(Debug)]
pub struct Saving {
    run_dir: PathBuf,
    /// The latest checkpoint that nothing has written yet, and the epochs since the one before.
    latest: Option<Checkpoint>,
    epochs: Vec<EventKind>,
    under_way: Option<UnderWay>,
    began: Instant,
    /// What the last checkpoint took, in seconds.
    seconds: f64,
}

/// A checkpoint that is being written, and the epochs that are told once it is there.
#[derive(Debug)]
struct UnderWay {
    writer: JoinHandle<Result<f64>>,
    epochs: Vec<EventKind>,
}

impl Saving {
    /// Writes the checkpoint that a run begins with and waits for it: a disk that is full or read-only is told before the
    /// first epoch and not after it, and what a checkpoint takes is known to the forecast.
    pub fn begin(run: &Run, checkpoint: &Checkpoint) -> Result<Self> {
        let began = Instant::now();
        checkpoint.write(&run.dir)?;
        Ok(Self {
            run_dir: run.dir.clone(),
            latest: None,
            epochs: Vec::new(),
            under_way: None,
            began,
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    /// What the last checkpoint took, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// An epoch is done, and this is its checkpoint.
    pub fn add(&mut self, run: &mut Run, checkpoint: Checkpoint, epoch: EventKind) -> Result<()> {
        self.latest = Some(checkpoint);
        self.epochs.push(epoch);
        self.go_on(run)
    }

    /// Tells the epochs whose checkpoint is on the disk by now, and begins to write the next one where it is time to.
    ///
    /// # Errors
    /// Those of writing the last checkpoint.
    pub fn go_on(&mut self, run: &mut Run) -> Result<()> {
        if self
            .under_way
            .as_ref()
            .is_some_and(|under_way| under_way.writer.is_finished())
        {
            self.wait(run)?;
        }
        let pause = BETWEEN_CHECKPOINTS.max(self.seconds / CHECKPOINT_SHARE);
        if self.under_way.is_none() && self.began.elapsed().as_secs_f64() >= pause {
            self.write()?;
        }
        Ok(())
    }

    /// Writes what isn't on the disk yet, waits for it and tells the epochs.
    ///
    /// # Errors
    /// Those of writing; epochs whose checkpoint is on the disk are told.
    pub fn finish(&mut self, run: &mut Run) -> Result<()> {
        self.wait(run)?;
        self.write()?;
        self.wait(run)
    }

    /// Begins to write the latest checkpoint, if there is one.
    fn write(&mut self) -> Result<()> {
        let Some(checkpoint) = self.latest.take() else {
            return Ok(());
        };
        let run_dir = self.run_dir.clone();
        self.began = Instant::now();
        let write = move || {
            let start = Instant::now();
            checkpoint.write(&run_dir)?;
            Ok(start.elapsed().as_secs_f64())
        };
        let writer = thread::Builder::new().name("checkpoint".into()).spawn(write);
        self.under_way = Some(UnderWay {
            writer: writer.map_err(TrainError::io("starting a thread to write", &self.run_dir))?,
            epochs: std::mem::take(&mut self.epochs),
        });
        Ok(())
    }

    /// Waits for the checkpoint that is being written, and tells its epochs.
    fn wait(&mut self, run: &mut Run) -> Result<()> {
        let Some(UnderWay { writer, epochs }) = self.under_way.take() else {
            return Ok(());
        };
        // A mistake in the thread is one of the worker, which tells it.
        self.seconds = writer
            .join()
            .unwrap_or_else(|mistake| panic::resume_unwind(mistake))?;
        for epoch in epochs {
            run.event(epoch)?;
        }
        Ok(())
    }
}
