//! A trial: the run behind it, and what its events have told.

use super::memo::Decision;
use crate::{Following, Progress, Result};
use aloft_spec::{
    EventKind, Problem,
    run::RunStatus,
    sweep::{SweepTrial, TrialStatus, TrialSummary},
};
use aloft_sweep::{Halving, Tried};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// So often a worker is started on a trial that is lost.
const STARTS: u32 = 3;

/// A trial.
pub(super) struct Trial {
    trial: SweepTrial,
    /// The run's folder; `None` where its values can't be.
    run_dir: Option<PathBuf>,
    halving: Option<Halving>,
    following: Option<Following>,
    status: TrialStatus,
    decision: Option<Decision>,
    /// Epochs at the most, once it is known.
    most: Option<u32>,
    curve: Vec<Epoch>,
    memory_bytes: Option<u64>,
    on_gpu: bool,
    seconds: Option<f64>,
    problem: Option<Problem>,
    /// When a worker was started on it, or found at it.
    since: Instant,
    /// How often a worker was started on it, by this process.
    starts: u32,
    /// Whether this process asked for a stop.
    asked: bool,
}

struct Epoch {
    epoch: u32,
    loss: f64,
    metrics: BTreeMap<String, f64>,
}

impl Trial {
    /// A run that is there; [`look`](Self::look) says how it stands.
    pub fn found(trial: SweepTrial, run_dir: PathBuf, halving: Option<Halving>) -> Self {
        Self {
            following: Some(Following::new(&run_dir)),
            run_dir: Some(run_dir),
            status: TrialStatus::Stopped,
            problem: None,
            ..Self::blank(trial, halving)
        }
    }

    /// Values that can't be.
    pub fn refused(trial: SweepTrial, problem: Problem) -> Self {
        Self {
            problem: Some(problem),
            ..Self::blank(trial, None)
        }
    }

    fn blank(trial: SweepTrial, halving: Option<Halving>) -> Self {
        Self {
            trial,
            run_dir: None,
            halving,
            following: None,
            status: TrialStatus::Failed,
            decision: None,
            most: None,
            curve: Vec::new(),
            memory_bytes: None,
            on_gpu: false,
            seconds: None,
            problem: None,
            since: Instant::now(),
            starts: 0,
            asked: false,
        }
    }

    pub fn index(&self) -> u32 {
        self.trial.index
    }

    /// Whether a worker is at it.
    pub fn is_running(&self) -> bool {
        self.status == TrialStatus::Running
    }

    /// Whether a worker has to be started for it to go on.
    pub fn is_waiting(&self) -> bool {
        self.status == TrialStatus::Stopped
    }

    pub fn is_final(&self) -> bool {
        self.status.is_final()
    }

    pub fn has_failed(&self) -> bool {
        self.status == TrialStatus::Failed
    }

    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// What it will take at its peak, by its own forecast.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.memory_bytes
    }

    pub fn is_on_gpu(&self) -> bool {
        self.on_gpu
    }

    /// Whether it was decided that it ends early.
    pub fn is_cut(&self) -> bool {
        self.decision.is_some_and(|decision| !decision.goes_on)
    }

    /// Takes what was decided on it.
    pub fn decided(&mut self, decision: Option<Decision>) {
        self.decision = decision;
    }

    /// Starts a worker on it, from its beginning or from its last checkpoint.
    pub fn start(&mut self, threads: usize) -> Result<()> {
        let Some(run_dir) = &self.run_dir else {
            return Ok(());
        };
        aloft_runs::spawn_worker(&aloft_runs::worker_program()?, run_dir, Some(threads))?;
        self.following = Some(Following::new(run_dir));
        self.curve.clear();
        self.status = TrialStatus::Running;
        self.since = Instant::now();
        self.starts += 1;
        self.asked = false;
        Ok(())
    }

    /// Asks its worker to stop.
    pub fn stop(&mut self) -> Result<()> {
        self.asked = true;
        match &self.run_dir {
            Some(run_dir) => aloft_runs::request_stop(run_dir),
            None => Ok(()),
        }
    }

    /// Reads what is new in its log; whether an epoch was.
    pub fn look(&mut self) -> Result<bool> {
        let (Some(mut following), Some(run_dir)) = (self.following.take(), self.run_dir.clone()) else {
            return Ok(false);
        };
        let before = self.last_epoch();
        loop {
            match following.wait(Duration::ZERO)? {
                Progress::Event(event) => self.apply(event.kind),
                Progress::Quiet => {
                    // Before its first worker a run is quiet too.
                    if aloft_runs::is_alive(&run_dir) {
                        self.status = TrialStatus::Running;
                    }
                    self.following = Some(following);
                    break;
                }
                Progress::Ended(status) => {
                    self.end(status, aloft_runs::settled(&run_dir)?);
                    break;
                }
            }
        }
        Ok(self.last_epoch() > before)
    }

    fn apply(&mut self, event: EventKind) {
        match event {
            EventKind::Started {
                device,
                resumed_epochs,
                ..
            } => {
                self.on_gpu = !device.starts_with("cpu");
                // A worker that resumes repeats nothing of the epochs that were finished.
                self.curve.retain(|epoch| epoch.epoch <= resumed_epochs);
            }
            EventKind::Prepared { epochs, .. } => self.most = Some(epochs),
            EventKind::Verdict { verdict } => self.memory_bytes = Some(verdict.forecast.memory_bytes),
            EventKind::Epoch {
                epoch,
                validation_loss,
                metrics,
                ..
            } => self.curve.push(Epoch {
                epoch,
                loss: validation_loss,
                metrics,
            }),
            _ => {}
        }
    }

    fn end(&mut self, status: RunStatus, record: aloft_spec::run::RunRecord) {
        let cut = self.is_cut();
        self.status = match status {
            RunStatus::Failed => TrialStatus::Failed,
            // A worker that dies again and again dies of the trial.
            RunStatus::Lost if self.starts >= STARTS => TrialStatus::Failed,
            _ if cut => TrialStatus::Cut,
            RunStatus::Done => TrialStatus::Done,
            // Someone else stopped it: it is left alone.
            RunStatus::Stopped if self.starts > 0 && !self.asked => TrialStatus::Cut,
            RunStatus::Created | RunStatus::Running | RunStatus::Stopped | RunStatus::Lost => {
                TrialStatus::Stopped
            }
        };
        self.seconds = record.outcome.map(|outcome| outcome.seconds);
        self.problem = record.problem.filter(|_| self.status == TrialStatus::Failed);
    }

    fn last_epoch(&self) -> u32 {
        self.curve.last().map_or(0, |epoch| epoch.epoch)
    }

    /// Epochs that count: those up to where it was cut.
    pub fn epochs(&self) -> u32 {
        let cut = self.decision.filter(|decision| !decision.goes_on);
        cut.map_or(u32::MAX, |decision| decision.epochs)
            .min(self.last_epoch())
    }

    /// The epoch with the lowest validation loss of the first so many.
    fn best_until(&self, epochs: u32) -> Option<&Epoch> {
        self.curve
            .iter()
            .filter(|epoch| epoch.epoch <= epochs)
            .min_by(|a, b| a.loss.total_cmp(&b.loss))
    }

    /// The rung that it has come to and that nothing was decided at yet, and its score there.
    pub fn at_rung(&self) -> Option<(u32, f64)> {
        let passed = match self.decision {
            Some(decision) if !decision.goes_on => return None,
            decision => decision.map_or(0, |decision| decision.epochs),
        };
        let rungs = self.halving?.rungs(self.most?);
        let rung = rungs.into_iter().find(|rung| *rung > passed)?;
        let reached = self.is_running() && self.last_epoch() >= rung;
        Some((rung, self.best_until(rung).filter(|_| reached)?.loss))
    }

    /// Its score at a rung, where it came so far, or ended by itself before.
    pub fn score_at(&self, rung: u32) -> Option<f64> {
        let came = self.epochs() >= rung || self.status == TrialStatus::Done;
        Some(self.best_until(rung).filter(|_| came)?.loss)
    }

    /// Whether it runs for longer than its share of the time.
    pub fn is_overdue(&self, share: Duration) -> bool {
        self.is_running() && !self.is_cut() && self.since.elapsed() > share
    }

    /// What was tried, and what came of it once it has ended.
    pub fn tried(&self) -> Tried {
        let ended = matches!(self.status, TrialStatus::Done | TrialStatus::Cut);
        Tried {
            values: self.trial.values.clone(),
            score: self
                .best_until(self.epochs())
                .filter(|_| ended)
                .map(|epoch| epoch.loss),
        }
    }

    /// As the leaderboard shows it.
    pub fn summary(&self) -> TrialSummary {
        let best = self.best_until(self.epochs());
        let run = self.run_dir.as_ref().and_then(|run_dir| run_dir.file_name());
        TrialSummary {
            index: self.trial.index,
            values: self.trial.values.clone(),
            run: run.unwrap_or_default().to_string_lossy().into_owned(),
            status: self.status,
            score: best.filter(|_| !self.has_failed()).map(|epoch| epoch.loss),
            metrics: best.map(|epoch| epoch.metrics.clone()).unwrap_or_default(),
            epochs: self.epochs(),
            seconds: self.seconds,
            problem: self.problem.clone(),
        }
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "trial {} ({:?})", self.trial.index, self.status)
    }
}
