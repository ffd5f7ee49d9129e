//! The end of a run: what its best model is worth on rows that it hasn't seen, the model's files, and what it looks at.

use crate::{
    anomaly,
    batch::Encoded,
    checkpoint::Progress,
    error::Result,
    evaluate::{Outputs, evaluate},
    explain::{Budget, Sample, explain, sampled},
    folds::Folds,
    metrics::{Metrics, Truth},
    model::{Learned, Model},
    precision::Precision,
    prepare::Prepared,
    refit::Refitted,
    report::{Part, conclusion, conclusion_of_metrics, evaluation, forecasts},
    run::Run,
    saved::SavedModel,
    table,
    task::Task,
    trainer,
};
use aloft_runs::file;
use aloft_spec::{
    event::{EventKind, Phase},
    report::{Report, VERSION},
};
use candle_core::Device;
use polars::prelude::DataFrame;
use std::time::Duration;

/// Share of a run's seconds that explaining its model may take, and the least and the most seconds that it may.
const EXPLAIN: (f64, f64, f64) = (0.02, 1.0, 20.0);

/// A model that is evaluated and saved, to be explained.
pub struct Concluded {
    model: Model,
    report: Report,
    /// The rows that an explanation looks at, and their values in the columns that the model reads.
    looked_at: Option<(Vec<u32>, DataFrame)>,
}

/// Final metrics of the best epoch's weights, and the model's files. Where the model has learned anew, it is this one that is
/// saved and judged by the test; the rows of the validation part it has learned, so that their metrics are of the one before.
pub fn conclude(
    run: &mut Run,
    prepared: &Prepared,
    device: &Device,
    progress: &Progress,
    best: &Learned,
    refitted: Option<&Refitted>,
    folds: &Folds,
) -> Result<Concluded> {
    run.phase(Phase::Evaluate)?;
    let before = best.model(&prepared.architecture, device)?;
    let watched = (prepared, &before);
    let (prepared, best) = refitted.map_or((prepared, best), |refitted| {
        (&refitted.prepared, &refitted.learned)
    });
    let model = best.model(&prepared.architecture, device)?;
    let mut task = prepared.task.clone();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let judged = [
        ("validation", watched.0, watched.1, &watched.0.split.validation),
        ("test", prepared, &model, &prepared.split.test),
    ];
    for (name, prepared, model, rows) in judged {
        if rows.is_empty() {
            continue;
        }
        let trainer::Evaluation {
            mut metrics, outputs, ..
        } = trainer::evaluation(prepared, model, rows)?;
        let truth = prepared.truth(rows)?;
        let share = (name == "validation").then_some(run.record.train.model.quantile);
        metrics.extend(anomalies(&mut task, &outputs, &truth, share));
        run.record.metrics.insert(name.to_owned(), metrics.clone());
        run.event(EventKind::Metrics {
            split: name.to_owned(),
            metrics,
        })?;
        parts.push(Part {
            name,
            rows,
            truth,
            outputs,
        });
    }
    // The table wasn't kept in memory while the model was trained.
    let table = table::open(&run.dir.join(file::DATA), &run.record.train)?;
    let looked_at = match (prepared.preprocessing(), parts.last()) {
        (Some(_), Some(part)) => sampled(run.record.train.seed, part.rows),
        _ => Vec::new(),
    };
    let places = looked_at.iter().map(|row| prepared.table_rows[*row as usize]);
    let places: Vec<u32> = places.collect();
    let evaluation = evaluation(&run.record, prepared, table.as_ref(), &parts, &places)?;
    drop(table);
    let (evaluation, values) = evaluation.unzip();
    let said = match (&evaluation, parts.last()) {
        (Some(evaluation), _) => conclusion(&prepared.task, evaluation),
        (None, Some(Part { name, .. })) => {
            conclusion_of_metrics(&prepared.task, name, &run.record.metrics[*name])
        }
        (None, None) => String::new(),
    };
    run.event(EventKind::Log {
        level: "info".into(),
        message: said.clone(),
    })?;
    for (split, metrics) in [("folds", &folds.mean), ("folds_spread", &folds.spread)] {
        if !metrics.is_empty() {
            run.record.metrics.insert(split.to_owned(), metrics.clone());
            run.event(EventKind::Metrics {
                split: split.to_owned(),
                metrics: metrics.clone(),
            })?;
        }
    }
    run.phase(Phase::Save)?;
    let (version, aloft) = SavedModel::versions();
    SavedModel {
        version,
        aloft,
        target: run.record.train.targets().join(", "),
        task,
        architecture: prepared.architecture.clone(),
        precision: Precision::default(),
        inputs: prepared.inputs.clone(),
        best_epoch: refitted.map_or(progress.best_epoch, |refitted| refitted.told.epochs),
        refit: refitted.map(|refitted| refitted.told),
        metrics: run.record.metrics.clone(),
    }
    .write(&run.dir, best)?;
    let classes = prepared.task.classes();
    let report = Report {
        version: VERSION,
        task: prepared.task.name().to_owned(),
        target: run.record.train.targets().join(", "),
        classes: classes.to_vec(),
        best_epoch: progress.best_epoch,
        metrics: run.record.metrics.clone(),
        conclusion: said,
        confusion: parts
            .iter()
            .filter_map(|part| Some((part.name.to_owned(), part.confusion(classes.len())?)))
            .collect(),
        refit: refitted.map(|refitted| refitted.told),
        curves: progress.history.clone(),
        warnings: prepared.warnings.clone(),
        evaluation,
        forecasts: parts
            .last()
            .and_then(|part| forecasts(part, prepared.rows.as_ref())),
        explanation: None,
    };
    aloft_runs::write_report(&run.dir, &report)?;
    Ok(Concluded {
        model,
        report,
        looked_at: values.map(|values| (looked_at, values)),
    })
}

/// What an autoencoder's errors come to; with a `share`, the threshold is set to what that share of the rows stays below.
/// Nothing for other tasks.
fn anomalies(task: &mut Task, outputs: &Outputs, truth: &Truth, share: Option<f64>) -> Metrics {
    let (Task::Anomaly { numbers, .. }, Outputs::Numbers(given_back), Truth::Numbers { values, .. }) =
        (&*task, outputs, truth)
    else {
        return Metrics::new();
    };
    let scores = anomaly::scores(given_back, values, *numbers);
    if let Some(share) = share {
        anomaly::set_threshold(task, &scores, share);
    }
    anomaly::metrics(task, &scores)
}

/// What the model looks at, into the report, where columns of a table are what it looks at. Whoever stops the run now
/// stops this alone: the run is done.
pub fn add_explanation(run: &mut Run, prepared: &Prepared, concluded: Concluded) -> Result<()> {
    let Concluded {
        model,
        mut report,
        looked_at,
    } = concluded;
    let (Some(evaluation), Some(preprocessing), Some((rows, values))) =
        (&report.evaluation, prepared.preprocessing(), looked_at)
    else {
        return Ok(());
    };
    run.phase(Phase::Explain)?;
    let sample = Sample {
        preprocessing,
        task: &prepared.task,
        rows: prepared.encoded(preprocessing, &rows)?,
        truth: prepared.truth(&rows)?,
        values,
    };
    let predict = |rows: &Encoded| {
        let all: Vec<u32> = (0..rows.rows as u32).collect();
        evaluate(&model, &prepared.task, rows, &all)
    };
    let (share, least, most) = EXPLAIN;
    let time = Duration::from_secs_f64((run.elapsed() * share).clamp(least, most));
    let seed = run.record.train.seed;
    let mut stop = || run.stop_requested();
    let mut budget = Budget::new(time, &mut stop);
    let found = explain(&evaluation.split, seed, &sample, &predict, &mut budget)?;
    report.explanation = Some(found).filter(|found| !found.importance.is_empty());
    Ok(aloft_runs::write_report(&run.dir, &report)?)
}
