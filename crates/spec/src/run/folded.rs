//! The list of runs with the trials of each sweep in one row.

use super::{RunStatus, RunSummary};
use serde::Serialize;

/// A row of a list of runs.
#[derive(Debug, Clone, PartialEq)]
pub enum RunRow<'a> {
    /// A run by itself.
    Run(&'a RunSummary),
    /// The trials of a sweep.
    Sweep(SweepRow<'a>),
}

/// The trials of a sweep, where its latest trial stands among the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepRow<'a> {
    /// The sweep's name.
    pub sweep: &'a str,
    /// What tells it from other sweeps, also of this name.
    pub key: &'a str,
    /// Its notebook.
    pub notebook: &'a str,
    /// Its trials, by their numbers.
    pub trials: Vec<&'a RunSummary>,
}

impl SweepRow<'_> {
    /// Trials that stand so.
    pub fn count(&self, status: RunStatus) -> usize {
        self.trials.iter().filter(|trial| trial.status == status).count()
    }

    /// How it stands as a whole: running as long as a trial runs, done when one has come to its end, else as its latest trial.
    pub fn status(&self) -> RunStatus {
        let known = [RunStatus::Running, RunStatus::Done];
        let known = known.into_iter().find(|status| self.count(*status) > 0);
        known.unwrap_or_else(|| {
            self.trials
                .last()
                .map_or(RunStatus::Created, |trial| trial.status)
        })
    }

    /// Seconds of all trials that have ended.
    pub fn seconds(&self) -> Option<f64> {
        self.trials
            .iter()
            .filter_map(|trial| trial.seconds)
            .reduce(|a, b| a + b)
    }

    /// `1 trial`, `16 trials`.
    pub fn words(&self) -> String {
        match self.trials.len() {
            1 => "1 trial".into(),
            trials => format!("{trials} trials"),
        }
    }
}

/// Puts the trials of each sweep into one row; the order of the rows is that of the runs.
pub fn fold_trials(runs: &[RunSummary]) -> Vec<RunRow<'_>> {
    let mut rows: Vec<RunRow<'_>> = Vec::new();
    for run in runs {
        let Some(trial) = &run.trial else {
            rows.push(RunRow::Run(run));
            continue;
        };
        let same = |row: &&mut RunRow<'_>| matches!(row, RunRow::Sweep(sweep) if sweep.key == trial.key);
        match rows.iter_mut().find(same) {
            Some(RunRow::Sweep(sweep)) => sweep.trials.push(run),
            _ => rows.push(RunRow::Sweep(SweepRow {
                sweep: &trial.sweep,
                key: &trial.key,
                notebook: &run.notebook,
                trials: vec![run],
            })),
        }
    }
    for row in &mut rows {
        if let RunRow::Sweep(sweep) = row {
            sweep
                .trials
                .sort_by_key(|run| run.trial.as_ref().map(|trial| trial.index));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Extent, sweep::SweepTrial, sweep::Values};

    fn run(id: &str, trial: Option<(&str, u32)>, status: RunStatus) -> RunSummary {
        RunSummary {
            id: id.into(),
            cell: "late".into(),
            notebook: "n".into(),
            created_at: String::new(),
            status,
            extent: Extent::all(1),
            seconds: (status == RunStatus::Done).then_some(2.0),
            metrics: Default::default(),
            trial: trial.map(|(key, index)| SweepTrial {
                sweep: "search".into(),
                key: key.into(),
                index,
                values: Values::new(),
            }),
            target: None,
            problem: None,
        }
    }

    #[test]
    fn trials_are_under_their_sweep_and_runs_stay_where_they_are() {
        let runs = [
            run("6", None, RunStatus::Done),
            run("5", Some(("k", 2)), RunStatus::Failed),
            run("4", None, RunStatus::Failed),
            run("3", Some(("k", 1)), RunStatus::Done),
            run("2", Some(("other", 1)), RunStatus::Stopped),
        ];
        let rows = fold_trials(&runs);
        let ids: Vec<Vec<&str>> = rows
            .iter()
            .map(|row| match row {
                RunRow::Run(run) => vec![run.id.as_str()],
                RunRow::Sweep(sweep) => sweep.trials.iter().map(|run| run.id.as_str()).collect(),
            })
            .collect();
        assert_eq!(ids, [vec!["6"], vec!["3", "5"], vec!["4"], vec!["2"]]);
        let (RunRow::Sweep(first), RunRow::Sweep(second)) = (&rows[1], &rows[3]) else {
            panic!("{rows:?}");
        };
        assert_eq!(
            (first.status(), first.words()),
            (RunStatus::Done, "2 trials".into())
        );
        assert_eq!((first.seconds(), second.seconds()), (Some(2.0), None));
        assert_eq!(
            (second.status(), second.words()),
            (RunStatus::Stopped, "1 trial".into())
        );
    }
}
