//! What an earlier start of a sweep came to, read from its run folders: nothing is evaluated and nothing is started.

use super::{board::Board, identity::Identity, memo, trial::Trial};
use crate::{Result, Workspace};
use aloft_notebook::Document;
use aloft_spec::{
    run::RunRecord,
    sweep::{Leaderboard, SweepState},
};
use aloft_sweep::{Halving, Sampler};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What an earlier start of a sweep came to.
#[derive(Debug, Clone, PartialEq)]
pub struct RecalledSweep {
    /// Its trials, as they stand.
    pub leaderboard: Leaderboard,
    /// Whether the cells still say what was searched. Whether files have changed isn't looked at.
    pub fresh: bool,
}

/// What the latest start of a sweep cell came to; `None` where it never was started. A sweep that another process is at is
/// shown as it stands.
///
/// # Errors
/// What is wrong with the sweep cell; run folders that can't be read.
pub fn recall_sweep(workspace: &Workspace, cell: &str) -> Result<Option<RecalledSweep>> {
    let spec = workspace.sweep(cell)?;
    let sampler = Sampler::new(&spec).map_err(|error| workspace.place(cell, error.into()))?;
    let notebook = workspace.notebook.to_string_lossy();
    let runs_dir = workspace.project.runs_dir();
    let mut runs = aloft_runs::trials(&runs_dir, |record, trial| {
        trial.sweep == cell && record.notebook == notebook
    })?;
    let latest = runs
        .iter()
        .map(|(_, record)| record)
        .max_by(|a, b| a.created_at.cmp(&b.created_at));
    let Some((latest, key)) =
        latest.and_then(|record| Some((record.clone(), record.sweep.as_ref()?.key.clone())))
    else {
        return Ok(None);
    };
    runs.retain(|(_, record)| record.sweep.as_ref().is_some_and(|trial| trial.key == key));
    let memo = memo::read(&workspace.project.state_dir(), &key)?;
    let trials = trials(runs, &memo, &key, cell, None)?;
    let planned = sampler.at_most(spec.trials_at_most());
    let ended = trials.iter().filter(|trial| trial.is_final()).count();
    let state = if trials.iter().any(Trial::is_running) {
        SweepState::Running
    } else if ended >= planned as usize {
        SweepState::Done
    } else if spec.seconds.is_some_and(|seconds| memo.seconds >= seconds) {
        SweepState::OutOfTime
    } else {
        SweepState::Stopped
    };
    let fresh = same_lineage(&workspace.document, &latest)
        && workspace
            .train(&spec.train)
            .and_then(|train| Identity::of_space(&train, &spec)?.key(cell, &latest.data.hash))
            .is_ok_and(|now| now == key);
    let board = Board {
        sweep: cell,
        train: &spec.train,
        extent: &latest.data.extent,
        state,
        planned: planned.max(trials.len() as u32),
        seconds: memo.seconds,
    };
    Ok(Some(RecalledSweep {
        leaderboard: board.of(&trials, &runs_dir),
        fresh,
    }))
}

/// Whether the notebook still says what the rows of a run were made by.
pub fn same_lineage(document: &Document, record: &RunRecord) -> bool {
    record.lineage.iter().all(|(name, text)| {
        let cell = document.cell(name);
        cell.is_some_and(|cell| cell.body(document).trim() == text.trim())
    })
}

/// The trials behind these runs and those whose values can't be, by their numbers, each as it stands.
pub(super) fn trials(
    runs: Vec<(PathBuf, RunRecord)>,
    memo: &memo::Content,
    key: &str,
    sweep: &str,
    halving: Option<Halving>,
) -> Result<Vec<Trial>> {
    let mut found: BTreeMap<u32, Trial> = BTreeMap::new();
    for (run_dir, record) in runs {
        if let Some(trial) = record.sweep {
            found.insert(trial.index, Trial::found(trial, run_dir, halving));
        }
    }
    for (index, refused) in &memo.refused {
        found.insert(
            *index,
            Trial::refused(refused.trial(sweep, key, *index), refused.problem.clone()),
        );
    }
    // A folder that someone removed leaves a gap; what comes behind it was chosen by what isn't known any more.
    let mut trials: Vec<Trial> = (1..).map_while(|index| found.remove(&index)).collect();
    for trial in &mut trials {
        trial.decided(memo.decisions.get(&trial.index()).copied());
        trial.look()?;
    }
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_never_ran_has_nothing_to_show() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.aloft.md");
        let text = "```toml source rows\npath = \"a.csv\"\n```\n\n```toml train m\ndata = \"rows\"\ntarget = \"y\"\n```\n\n\
                    ```toml sweep s\ntrain = \"m\"\n[space]\nseed = { choice = [1, 2] }\n```\n";
        std::fs::write(&file, text).unwrap();
        let workspace = Workspace::open(&file).unwrap();
        assert_eq!(recall_sweep(&workspace, "s"), Ok(None));
        assert!(recall_sweep(&workspace, "m").is_err(), "it is no sweep");
    }
}
