//! Sweeps: the trainings of one train cell with other values of its keys. A trial is an ordinary run in a folder of its own,
//! executed by a worker; all trials share one file of rows. What has happened is read from the run folders, so that a sweep
//! whose process was killed goes on: trials that ended keep what they came to, trials in the making are followed or resumed,
//! and what is tried next depends on results alone.

mod board;
mod candidates;
mod identity;
mod memo;
mod pace;
mod recall;
mod trial;

pub use identity::searched_around;
pub use recall::{RecalledSweep, recall_sweep, same_lineage};

use crate::{Cancel, Evaluator, Result, Workspace, training::Training};
use aloft_data::SnapshotFile;
use aloft_spec::{
    sweep::{Leaderboard, SweepState, SweepTrial, TrialSummary, Values},
    table::Scope,
    train::TrainSpec,
};
use aloft_sweep::{Halving, Sampler, Tried};
use board::Board;
use identity::Identity;
use memo::Memo;
use pace::Pace;
use std::thread;
use std::time::{Duration, Instant};
use trial::Trial;

/// How often trials are looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How often the time spent is written down.
const NOTE: Duration = Duration::from_secs(2);
/// Trials that fail before one succeeds: the train cell itself is wrong then, and further trials would fail too.
const HOPELESS: usize = 3;

/// What a sweep may take, in place of what its cell says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Trials at the most.
    pub trials: Option<u32>,
    /// Seconds at the most.
    pub seconds: Option<f64>,
    /// Trials at a time.
    pub parallel: Option<u32>,
}

/// What happens in a sweep.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepNews {
    /// A trial was started, or goes on.
    Started(TrialSummary),
    /// A trial has ended.
    Ended(TrialSummary),
    /// A trial has finished an epoch.
    Progress,
}

/// A sweep that is ready to run.
pub struct Sweep {
    workspace: Workspace,
    /// What its runs are named after.
    name: String,
    train: String,
    training: Training,
    data: SnapshotFile,
    source: Source,
    halving: Option<Halving>,
    /// Whether each trial may only take its share of the time.
    shares_time: bool,
    key: String,
    planned: u32,
    seconds: Option<f64>,
    pace: Pace,
    memo: Memo,
    trials: Vec<Trial>,
    state: SweepState,
    since: Instant,
    /// Seconds of earlier starts.
    before: f64,
}

/// Where values come from.
enum Source {
    /// A space.
    Sampler(Sampler),
    /// A list that is tried from its beginning to its end.
    List(Vec<Values>),
}

impl Source {
    fn suggest(&self, index: u32, before: &[Tried]) -> Option<Values> {
        match self {
            Self::Sampler(sampler) => sampler.suggest(index, before),
            Self::List(values) => values.get(index as usize - 1).cloned(),
        }
    }
}

impl Sweep {
    /// The sweep of a sweep cell: checks it and its train cell, writes the rows, and finds the trials that there are already.
    ///
    /// # Errors
    /// What is wrong with the cells or the rows; `Unsupported` when another process is at this sweep.
    pub fn new(
        evaluator: &Evaluator,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Self> {
        let spec = workspace.sweep(cell)?;
        let sampler = Sampler::new(&spec).map_err(|error| workspace.place(cell, error.into()))?;
        let training = Training::new(evaluator, workspace, &spec.train, scope, cancel)?;
        let identity = Identity::of_space(&training.spec, &spec)?;
        let limits = Limits {
            trials: Some(sampler.at_most(limits.trials.unwrap_or(spec.trials_at_most()))),
            seconds: limits.seconds.or(spec.seconds),
            parallel: limits.parallel.or(spec.parallel),
        };
        let mut sweep = Self::over(
            workspace,
            cell,
            training,
            &identity,
            Source::Sampler(sampler),
            limits,
        )?;
        sweep.halving = spec.halving.as_ref().map(Halving::new);
        sweep.find_trials()?;
        Ok(sweep)
    }

    /// Sensible kinds of models for a train cell, within some seconds. Runs are named after the cell with `_auto`.
    ///
    /// # Errors
    /// As [`Sweep::new`]; `Unsupported` for autoencoders, which can't be compared.
    pub fn auto(
        evaluator: &Evaluator,
        workspace: &Workspace,
        cell: &str,
        scope: Scope,
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Self> {
        let training = Training::new(evaluator, workspace, cell, scope, cancel)?;
        let list = candidates::candidates(workspace, cell, &training.spec)?;
        let limits = Limits {
            trials: Some(limits.trials.unwrap_or(u32::MAX).min(list.len() as u32)),
            ..limits
        };
        let name = format!("{cell}_auto");
        let identity = Identity::of_list(&training.spec, &list);
        let mut sweep = Self::over(workspace, &name, training, &identity, Source::List(list), limits)?;
        sweep.shares_time = true;
        sweep.find_trials()?;
        Ok(sweep)
    }

    fn over(
        workspace: &Workspace,
        name: &str,
        training: Training,
        identity: &Identity,
        source: Source,
        limits: Limits,
    ) -> Result<Self> {
        let data = training.rows(workspace)?;
        let key = identity.key(name, &data.hash)?;
        let memo = Memo::open(&workspace.project.state_dir(), &key)?;
        Ok(Self {
            workspace: workspace.clone(),
            name: name.to_owned(),
            train: training.resolved.name.clone(),
            training,
            data,
            source,
            halving: None,
            shares_time: false,
            key,
            planned: limits.trials.unwrap_or(u32::MAX),
            seconds: limits.seconds,
            pace: Pace::new(
                limits.parallel,
                limits.trials.unwrap_or(u32::MAX),
                crate::machine(&workspace.project.root).memory_bytes,
            ),
            before: memo.seconds(),
            memo,
            trials: Vec::new(),
            state: SweepState::Running,
            since: Instant::now(),
        })
    }

    /// The trials of earlier starts.
    fn find_trials(&mut self) -> Result<()> {
        let runs_dir = self.workspace.project.runs_dir();
        let runs = aloft_runs::trials(&runs_dir, |_, trial| trial.key == self.key)?;
        self.trials = recall::trials(runs, self.memo.content(), &self.key, &self.name, self.halving)?;
        for trial in &mut self.trials {
            // Its worker may not have heard of the decision.
            if trial.is_running() && trial.is_cut() {
                trial.stop()?;
            }
        }
        Ok(())
    }

    fn trial(&self, index: u32, values: Values) -> SweepTrial {
        SweepTrial {
            sweep: self.name.clone(),
            key: self.key.clone(),
            index,
            values,
        }
    }

    /// The trials so far, the best first.
    pub fn leaderboard(&self) -> Leaderboard {
        let board = Board {
            sweep: &self.name,
            train: &self.train,
            extent: &self.data.extent,
            state: self.state,
            planned: self.planned,
            seconds: self.elapsed(),
        };
        board.of(&self.trials, &self.workspace.project.runs_dir())
    }

    /// Runs trials until there are no more, the time is spent, or someone stops it; then all its workers have ended.
    ///
    /// # Errors
    /// The first problem of trials that all fail; what the operating system says.
    pub fn run(
        mut self,
        cancel: &Cancel,
        on_news: &mut dyn FnMut(&SweepNews, &Leaderboard),
    ) -> Result<Leaderboard> {
        let ended = self.work(cancel, on_news);
        // Whatever went wrong, no trial runs on without anyone to look at it.
        let stopped = self.stop_all();
        self.memo.spend(self.elapsed())?;
        ended?;
        stopped?;
        Ok(self.leaderboard())
    }

    fn work(&mut self, cancel: &Cancel, on_news: &mut dyn FnMut(&SweepNews, &Leaderboard)) -> Result<()> {
        let mut noted = Instant::now();
        loop {
            let mut news = self.look()?;
            self.decide()?;
            if cancel.is_cancelled() {
                self.state = SweepState::Stopped;
                return Ok(());
            }
            if self.seconds.is_some_and(|seconds| self.elapsed() >= seconds) {
                self.state = SweepState::OutOfTime;
                return Ok(());
            }
            self.give_up()?;
            news.extend(self.launch()?);
            for news in news {
                on_news(&news, &self.leaderboard());
            }
            if !self.trials.iter().any(Trial::is_running) {
                self.state = SweepState::Done;
                return Ok(());
            }
            if noted.elapsed() >= NOTE {
                noted = Instant::now();
                self.memo.spend(self.elapsed())?;
            }
            thread::sleep(GLANCE);
        }
    }

    /// Reads what running trials have told.
    fn look(&mut self) -> Result<Vec<SweepNews>> {
        let mut news = Vec::new();
        for trial in &mut self.trials {
            if !trial.is_running() {
                continue;
            }
            let told = trial.look()?;
            if !trial.is_running() {
                news.push(SweepNews::Ended(trial.summary()));
            } else if told {
                news.push(SweepNews::Progress);
            }
        }
        Ok(news)
    }

    /// Stops trials that fell behind at a rung, or whose share of the time is spent.
    fn decide(&mut self) -> Result<()> {
        for at in 0..self.trials.len() {
            while let (Some(halving), Some((rung, own))) = (self.halving, self.trials[at].at_rung()) {
                let others = self.trials.iter().enumerate().filter(|(other, _)| *other != at);
                let others: Vec<f64> = others.filter_map(|(_, trial)| trial.score_at(rung)).collect();
                self.settle(at, rung, halving.goes_on(own, &others))?;
            }
            if let Some(share) = self.share_of_time()
                && self.trials[at].is_overdue(share)
            {
                self.settle(at, self.trials[at].epochs(), false)?;
            }
        }
        Ok(())
    }

    /// Decides on a trial; it is written down before its worker hears of it.
    fn settle(&mut self, at: usize, epochs: u32, goes_on: bool) -> Result<()> {
        let trial = &mut self.trials[at];
        self.memo.decide(trial.index(), epochs, goes_on)?;
        trial.decided(self.memo.decision(trial.index()));
        match goes_on {
            true => Ok(()),
            false => trial.stop(),
        }
    }

    /// Seconds that a trial may take so that all that are left get as much.
    fn share_of_time(&self) -> Option<Duration> {
        let seconds = self.seconds.filter(|_| self.shares_time)?;
        let ended = self.trials.iter().filter(|trial| trial.is_final()).count();
        let left = (self.planned as usize).saturating_sub(ended).max(1);
        let at_a_time = self.pace.most().min(left);
        // What quick ones leave is for slow ones, so that a share grows.
        let share = seconds * at_a_time as f64 / f64::from(self.planned.max(1));
        let rest = (seconds - self.elapsed()).max(0.0) * at_a_time as f64 / left as f64;
        Some(Duration::from_secs_f64(share.max(rest)))
    }

    /// An error when all that was tried has failed.
    fn give_up(&self) -> Result<()> {
        let failed: Vec<&Trial> = self.trials.iter().filter(|trial| trial.has_failed()).collect();
        let all = failed.len() == self.trials.len();
        let few = failed.len() < HOPELESS.min(self.planned as usize);
        match failed.first().and_then(|trial| trial.problem()) {
            Some(problem) if all && !few => Err(self.workspace.place(&self.name, problem.clone())),
            _ => Ok(()),
        }
    }

    /// Starts trials as far as memory and cores allow.
    fn launch(&mut self) -> Result<Vec<SweepNews>> {
        let mut news = Vec::new();
        while self.trials.iter().filter(|trial| trial.is_running()).count() < self.pace.now(&self.trials) {
            let waiting = |trial: &Trial| trial.is_waiting() && trial.index() <= self.planned;
            let waiting = self.trials.iter().position(waiting);
            let at = match waiting {
                Some(at) => at,
                None => match self.next_trial()? {
                    Some(trial) => {
                        self.trials.push(trial);
                        self.trials.len() - 1
                    }
                    None => break,
                },
            };
            let trial = &mut self.trials[at];
            if trial.is_waiting() {
                trial.start(self.pace.threads())?;
                news.push(SweepNews::Started(trial.summary()));
            } else {
                news.push(SweepNews::Ended(trial.summary()));
                self.give_up()?;
            }
        }
        Ok(news)
    }

    /// Makes the next trial; `None` when there is nothing more to try.
    fn next_trial(&mut self) -> Result<Option<Trial>> {
        let index = self.trials.len() as u32 + 1;
        if index > self.planned {
            return Ok(None);
        }
        let before: Vec<Tried> = self.trials.iter().map(Trial::tried).collect();
        let Some(values) = self.source.suggest(index, &before) else {
            return Ok(None);
        };
        let trial = self.trial(index, values.clone());
        let train = self
            .workspace
            .with_values(&self.train, &values)
            .and_then(|workspace| workspace.train(&self.train));
        let train = match train {
            // A trial's score is that of the validation part, of which a model that has learned it anew says nothing.
            Ok(train) => TrainSpec {
                refit: train.refit.or(Some(false)),
                ..train
            },
            // Values that don't go together are a trial that failed, and the next one comes after it.
            Err(mut problem) => {
                problem.place = None;
                self.memo.refuse(index, values, problem.clone())?;
                return Ok(Some(Trial::refused(trial, problem)));
            }
        };
        let mut record = self
            .training
            .record(&self.workspace, &self.name, train, &self.data)?;
        record.sweep = Some(trial.clone());
        let run_dir = aloft_runs::create(&self.workspace.project.runs_dir(), record, &self.data.path)?;
        Ok(Some(Trial::found(trial, run_dir, self.halving)))
    }

    /// Stops what runs, and waits for it.
    fn stop_all(&mut self) -> Result<()> {
        for trial in self.trials.iter_mut().filter(|trial| trial.is_running()) {
            trial.stop()?;
        }
        while self.trials.iter().any(Trial::is_running) {
            self.look()?;
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    fn elapsed(&self) -> f64 {
        self.before + self.since.elapsed().as_secs_f64()
    }
}
