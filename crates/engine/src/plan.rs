//! The verdict on a train cell before it runs: the first steps of the real model on its sample, measured in a child
//! process, extrapolated to the rows that are asked for, and corrected by what earlier forecasts were worth.

use crate::{
    Cancel, Evaluator, Result, Workspace,
    machine::machine,
    measure::{Measured, measure},
    training::Training,
};
use aloft_data::SnapshotFile;
use aloft_placement::{History, Workload};
use aloft_project::Project;
use aloft_spec::{EventKind, run::RunStatus, table::Scope, train::TrainSpec, verdict::Verdict};

/// Measures the first steps of a train cell and says whether the whole run belongs on this machine. For all rows the
/// sample is measured, and the rows are counted: nothing is read into memory that the run itself wouldn't.
pub fn plan(
    evaluator: &Evaluator,
    workspace: &Workspace,
    cell: &str,
    scope: Scope,
    cancel: &Cancel,
) -> Result<Verdict> {
    let project = &workspace.project;
    let sample = Training::new(evaluator, workspace, cell, Scope::Sample, cancel)?;
    let data = sample.snapshot(workspace)?;
    let rows = match scope {
        Scope::All => {
            let all = evaluator.input(workspace, &sample.resolved, Scope::All, cancel)?;
            all.rows().map_err(|problem| workspace.place(cell, problem))?
        }
        Scope::Sample | Scope::Stratified | Scope::Latest | Scope::Head | Scope::Selected => data.rows,
    };
    let measured =
        measure(&sample.spec, &data.path, rows, cancel).map_err(|problem| workspace.place(cell, problem))?;
    let workload = workload(&sample.spec, &data, &measured, rows);
    let forecast = aloft_placement::forecast(&workload, &measured.measurement);
    let past = aloft_runs::past_forecasts(&project.runs_dir())?;
    Ok(aloft_placement::verdict(
        &aloft_placement::correct(&forecast, &past),
        &machine(&project.root),
        &project.spec.thresholds,
        &project.spec.policy,
        sample.resolved.class(),
        &history(project, cell)?,
    ))
}

/// How much there is to do for so many rows, when `data` was measured: all parts grow alike.
fn workload(train: &TrainSpec, data: &SnapshotFile, measured: &Measured, rows: u64) -> Workload {
    let scale = rows as f64 / data.rows.max(1) as f64;
    let scaled = |count: u64| (count as f64 * scale).round() as u64;
    let train_rows = scaled(measured.train_rows);
    let validation_rows = scaled(measured.validation_rows);
    Workload {
        rows,
        train_rows,
        evaluate_rows: TrainSpec::watched_rows(train_rows, validation_rows),
        final_evaluate_rows: scaled(measured.validation_rows + measured.test_rows),
        batch_rows: measured.batch_rows,
        steps_per_epoch: train_rows.div_ceil(measured.batch_rows.max(1)),
        epochs: train.epochs_for(train_rows) * train.trainings(train_rows + validation_rows),
        data_bytes: scaled(data.bytes),
        spent_seconds: 0.0,
    }
}

/// What runs here already, and whether the cell's last runs agree.
fn history(project: &Project, cell: &str) -> Result<History> {
    let runs_dir = project.runs_dir();
    let mut history = History {
        stability: aloft_runs::stability(&runs_dir, cell)?,
        ..History::default()
    };
    for run in aloft_runs::list(&runs_dir)? {
        if run.status != RunStatus::Running || run.target.is_some() {
            continue;
        }
        history.runs_ahead += 1;
        let left = aloft_runs::read_events(&runs_dir.join(&run.id))?
            .into_iter()
            .rev()
            .find_map(|event| match event.kind {
                EventKind::Step { seconds_left, .. } | EventKind::Fold { seconds_left, .. } => {
                    Some(seconds_left)
                }
                _ => None,
            });
        history.wait_seconds += left.unwrap_or_default();
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::{Extent, verdict::Measurement};
    use std::path::PathBuf;

    #[test]
    fn the_work_grows_with_the_rows() {
        let data = SnapshotFile {
            path: PathBuf::new(),
            hash: String::new(),
            bytes: 4000,
            rows: 1000,
            columns: vec![],
            skipped: vec![],
            extent: Extent::all(1000),
        };
        let measured = Measured {
            measurement: Measurement::default(),
            train_rows: 690,
            validation_rows: 100,
            test_rows: 200,
            batch_rows: 256,
        };
        let mut train = TrainSpec::new("t", "y");
        train.epochs = Some(3);
        let all = workload(&train, &data, &measured, 10_000);
        assert_eq!((all.rows, all.train_rows), (10_000, 6900));
        assert_eq!((all.evaluate_rows, all.final_evaluate_rows), (1000, 3000));
        assert_eq!((all.steps_per_epoch, all.data_bytes), (27, 40_000));
    }
}
