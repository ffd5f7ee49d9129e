//! Reports of runs, as workers write them.

use super::{notebook_mut, of, trained};
use aloft_protocol::Snapshot;
use aloft_spec::Extent;
use aloft_spec::chart::Scale;
use aloft_spec::report::{
    Alarms, Baseline, BaselineKind, Bootstrap, Confusion, Dependence, Estimate, Evaluation, Explanation,
    Forecasts, Importance, Rank, ReliabilityBin, Report, Residuals, StepErrors, Thresholds, Trace, VERSION,
    WorstRows,
};
use aloft_spec::table::{Column, ColumnKind, Field, Table, Values};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The project about late flights after a training with this report.
pub fn reported(report: Report) -> Snapshot {
    let mut snapshot = trained();
    let cell = of(notebook_mut(&mut snapshot), 5);
    if let Some(training) = &mut cell.training {
        let training = Arc::make_mut(training);
        training.metrics = report.metrics.clone();
        training.report = Some(Arc::new(report));
    }
    snapshot
}

fn estimates(of: &[(&str, f64, f64)]) -> Vec<Estimate> {
    let estimate = |(name, value, half): &(&str, f64, f64)| Estimate {
        name: (*name).to_owned(),
        value: *value,
        low: value - half,
        high: value + half,
    };
    of.iter().map(estimate).collect()
}

fn baseline(
    kind: BaselineKind,
    words: &str,
    metrics: &[(&str, f64, f64)],
    gains: &[(&str, f64, f64)],
) -> Baseline {
    Baseline {
        kind,
        words: words.to_owned(),
        metrics: estimates(metrics),
        gains: estimates(gains),
    }
}

fn worst(actual: &str, predicted: &str, errors: impl Fn(usize) -> f64) -> WorstRows {
    const ROWS: usize = 12;
    let column = |name: &str, dtype: &str, kind, values| Column {
        field: Field {
            name: name.to_owned(),
            dtype: dtype.to_owned(),
            kind,
        },
        values,
    };
    let numbers = |step: f64| {
        (0..ROWS)
            .map(|row| Some((row as f64 * step).sin() * 40.0))
            .collect()
    };
    let carriers = (0..ROWS).map(|row| Some(["UA", "B6", "EV"][row % 3].to_owned()));
    WorstRows {
        rows: (0..ROWS as u64).map(|row| row * 811 + 1234).collect(),
        actual: vec![actual.to_owned(); ROWS],
        predicted: vec![predicted.to_owned(); ROWS],
        errors: (0..ROWS).map(errors).collect(),
        table: Table {
            columns: vec![
                column(
                    "carrier",
                    "str",
                    ColumnKind::Text,
                    Values::Text(carriers.collect()),
                ),
                column("dep_delay", "f64", ColumnKind::Float, Values::Float(numbers(0.7))),
                column("temp", "f64", ColumnKind::Float, Values::Float(numbers(1.3))),
            ],
            rows: ROWS,
        },
    }
}

fn explanation(metric: &str, outputs: &[&str]) -> Explanation {
    let importance = [
        ("dep_delay", 0.312, 0.008),
        ("carrier", 0.041, 0.004),
        ("temp", 0.018, 0.003),
        ("wind_speed", 0.006, 0.002),
        ("distance", -0.001, 0.001),
    ];
    let curve = |column: &str, scale: Scale, at: Vec<f64>, slope: f64| {
        let means = |output: usize| {
            let value = |x: &f64| 0.5 + 0.4 * (slope * x - output as f64).tanh();
            at.iter().map(value).collect()
        };
        Dependence {
            column: column.to_owned(),
            scale,
            predictions: (0..outputs.len().max(1)).map(means).collect(),
            at,
        }
    };
    let names = ["United", "JetBlue", "ExpressJet", "American"].map(String::from);
    Explanation {
        split: "test".into(),
        rows: 1000,
        metric: metric.to_owned(),
        base: 0.341,
        importance: importance
            .map(|(column, mean, deviation)| Importance {
                column: column.into(),
                mean,
                deviation,
                repeats: 5,
            })
            .into(),
        dependence: vec![
            curve(
                "dep_delay",
                Scale::Linear,
                (0..16).map(|step| -12.0 + f64::from(step * step)).collect(),
                0.03,
            ),
            curve(
                "carrier",
                Scale::Names(names.into()),
                vec![0.0, 1.0, 2.0, 3.0],
                -0.2,
            ),
            curve(
                "time_hour",
                Scale::Time,
                (0..12).map(|step| 1.357e12 + f64::from(step) * 2.6e9).collect(),
                1e-13,
            ),
            curve(
                "temp",
                Scale::Linear,
                (0..16).map(|step| f64::from(step) * 6.0).collect(),
                -0.004,
            ),
        ],
        outputs: outputs.iter().map(|name| (*name).to_owned()).collect(),
        unreached: 0,
    }
}

fn report(
    task: &str,
    classes: &[&str],
    conclusion: &str,
    evaluation: Evaluation,
    explanation: Explanation,
) -> Report {
    let test: BTreeMap<String, f64> = evaluation
        .metrics
        .iter()
        .map(|metric| (metric.name.clone(), metric.value))
        .collect();
    let validation = test
        .iter()
        .map(|(name, value)| (name.clone(), value * 1.01))
        .collect();
    Report {
        refit: None,
        version: VERSION,
        task: task.to_owned(),
        target: if classes.is_empty() { "arr_delay" } else { "late" }.to_owned(),
        classes: classes.iter().map(|name| (*name).to_owned()).collect(),
        best_epoch: 9,
        metrics: [("test".to_owned(), test), ("validation".to_owned(), validation)].into(),
        conclusion: conclusion.to_owned(),
        confusion: BTreeMap::new(),
        curves: Vec::new(),
        warnings: Vec::new(),
        evaluation: Some(evaluation),
        forecasts: None,
        explanation: Some(explanation),
    }
}

/// A report of forecasts of four steps.
pub fn forecast() -> Report {
    let trace = |rank| Trace {
        rank,
        series: "JFK".into(),
        at: "2013-10-20 03:00".into(),
        seen: vec![50.0, 51.5, 52.0],
        actual: vec![53.0, 54.0, 53.5, 51.0],
        predicted: vec![52.5, 53.0, 53.0, 52.5],
        error: 0.9682,
    };
    let metrics = [("rmse", 1.8), ("last_value_rmse", 2.9)];
    let metrics = metrics.map(|(name, value)| (name.to_owned(), value));
    Report {
        refit: None,
        version: VERSION,
        task: "forecast".into(),
        target: "temp".into(),
        classes: Vec::new(),
        best_epoch: 3,
        metrics: [("test".to_owned(), metrics.into())].into(),
        conclusion: "The model beats the base line.".into(),
        confusion: BTreeMap::new(),
        curves: Vec::new(),
        warnings: Vec::new(),
        evaluation: None,
        forecasts: Some(Forecasts {
            split: "test".into(),
            windows: 4_797,
            errors: vec![0.9, 1.4, 1.9, 2.5],
            base_lines: vec![StepErrors {
                words: "the last value".into(),
                errors: vec![1.1, 2.0, 3.1, 4.2],
            }],
            traces: Rank::ALL.map(trace).into(),
        }),
        explanation: None,
    }
}

fn evaluation(metrics: Vec<Estimate>, baselines: Vec<Baseline>, worst: WorstRows) -> Evaluation {
    Evaluation {
        split: "test".into(),
        rows: 10_000,
        extent: Extent::all(50_000),
        bootstrap: Bootstrap {
            resamples: 1000,
            level: 0.95,
            rows: 8_333,
            stratified: true,
            seed: 7,
        },
        metrics,
        baselines,
        reliability: Vec::new(),
        thresholds: None,
        residuals: None,
        worst,
    }
}

/// Of two classes.
pub fn binary() -> Report {
    let own = [
        ("accuracy", 0.891, 0.006),
        ("balanced_accuracy", 0.803, 0.009),
        ("f1", 0.742, 0.011),
        ("macro_f1", 0.836, 0.008),
        ("roc_auc", 0.927, 0.005),
        ("pr_auc", 0.861, 0.01),
        ("log_loss", 0.281, 0.009),
        ("brier", 0.0841, 0.0032),
        ("calibration_error", 0.012, 0.004),
    ];
    let constant = [
        ("accuracy", 0.764, 0.008),
        ("balanced_accuracy", 0.5, 0.0),
        ("log_loss", 0.546, 0.009),
        ("roc_auc", 0.5, 0.0),
        ("brier", 0.18, 0.004),
    ];
    let linear = [
        ("accuracy", 0.889, 0.006),
        ("balanced_accuracy", 0.79, 0.009),
        ("log_loss", 0.296, 0.009),
        ("roc_auc", 0.919, 0.005),
        ("brier", 0.087, 0.003),
    ];
    let mut evaluation = evaluation(
        estimates(&own),
        vec![
            baseline(
                BaselineKind::Majority,
                "always saying 'on time'",
                &constant,
                &[("accuracy", 0.127, 0.007)],
            ),
            baseline(
                BaselineKind::Linear,
                "a linear model",
                &linear,
                &[("accuracy", 0.002, 0.0031)],
            ),
        ],
        worst("late", "on time", |row| 0.002 + row as f64 * 0.0013),
    );
    evaluation.reliability = (0..10)
        .map(|bin| {
            let predicted = 0.05 + f64::from(bin) / 10.0;
            let actual = predicted + 0.03 * (predicted * 6.0).sin();
            ReliabilityBin {
                rows: 4000 / (1 + bin as u64),
                predicted,
                actual,
                low: actual - 0.02 - 0.004 * f64::from(bin),
                high: actual + 0.02 + 0.004 * f64::from(bin),
            }
        })
        .collect();
    let thresholds: Vec<f64> = (0..=100).map(|step| f64::from(step) / 100.0).collect();
    let alarms = |rows: f64| Alarms {
        positives: (rows * 0.236) as u64,
        negatives: (rows * 0.764) as u64,
        false_alarms: thresholds
            .iter()
            .map(|threshold| (rows * 0.764 * (1.0 - threshold).powi(6)) as u64)
            .collect(),
        misses: thresholds
            .iter()
            .map(|threshold| (rows * 0.236 * threshold.powf(1.4)) as u64)
            .collect(),
    };
    evaluation.thresholds = Some(Thresholds {
        positive: "late".into(),
        splits: [
            ("test".into(), alarms(10_000.0)),
            ("validation".into(), alarms(5_000.0)),
        ]
        .into(),
        thresholds,
    });
    let mut report = report(
        "binary",
        &["on time", "late"],
        "Accuracy 0.891 (95 % interval 0.885–0.897) on 10,000 test rows: 0.127 better than always saying 'on time' \
         (0.120–0.134), no better than a linear model (−0.001 to 0.005).",
        evaluation,
        explanation("log_loss", &["late"]),
    );
    report.confusion.insert(
        "test".into(),
        Confusion {
            rows: vec![7640, 2360],
            counts: vec![vec![7340, 300], vec![790, 1570]],
        },
    );
    report
}

/// Of several classes.
pub fn multiclass() -> Report {
    let classes = ["early", "on time", "late", "very late"];
    let mut report = binary();
    report.task = "multiclass".into();
    report.classes = classes.map(String::from).into();
    let counts: Vec<Vec<u64>> = (0..4)
        .map(|actual| {
            (0..4)
                .map(|taken| if actual == taken { 2000 } else { 300 / (1 + taken) })
                .collect()
        })
        .collect();
    report.confusion.insert(
        "test".into(),
        Confusion {
            rows: counts.iter().map(|row| row.iter().sum()).collect(),
            counts,
        },
    );
    if let Some(evaluation) = &mut report.evaluation {
        evaluation.thresholds = None;
    }
    report.explanation = Some(explanation("log_loss", &classes));
    report
}

/// Of a number.
pub fn regression() -> Report {
    let own = [("rmse", 17.9, 0.8), ("mae", 11.2, 0.3), ("r2", 0.832, 0.014)];
    let mut evaluation = evaluation(
        estimates(&own),
        vec![
            baseline(
                BaselineKind::Mean,
                "always saying the mean",
                &[("rmse", 44.1, 1.6), ("mae", 29.0, 0.6), ("r2", 0.0, 0.001)],
                &[("rmse", 26.2, 1.4)],
            ),
            baseline(
                BaselineKind::Median,
                "always saying the median",
                &[("rmse", 46.0, 1.7), ("mae", 26.1, 0.7), ("r2", -0.09, 0.004)],
                &[("rmse", 28.1, 1.5)],
            ),
            baseline(
                BaselineKind::Last,
                "saying the last value again",
                &[("rmse", 39.3, 1.6), ("mae", 24.4, 0.7), ("r2", 0.21, 0.02)],
                &[("rmse", 21.4, 1.4)],
            ),
            baseline(
                BaselineKind::Linear,
                "a linear model",
                &[("rmse", 17.1, 0.7), ("mae", 11.0, 0.3), ("r2", 0.85, 0.013)],
                &[("rmse", -0.8, 0.4)],
            ),
        ],
        worst("212", "−3.1", |row| -215.1 + row as f64 * 9.0),
    );
    evaluation.reliability = (0..10)
        .map(|bin| {
            let predicted = -20.0 + f64::from(bin * bin) * 1.4;
            let (actual, error) = (predicted * 1.04 + 0.6, 1.0 + 0.5 * f64::from(bin));
            ReliabilityBin {
                rows: 1000,
                predicted,
                actual,
                low: actual - error,
                high: actual + error,
            }
        })
        .collect();
    evaluation.residuals = Some(Residuals {
        edges: (0..=40).map(|edge| -60.0 + 3.0 * f64::from(edge)).collect(),
        counts: (0..40)
            .map(|bar| (1400.0 * (-((f64::from(bar) - 19.0) / 6.0).powi(2)).exp()) as u64)
            .collect(),
        below: 50,
        above: 41,
    });
    report(
        "regression",
        &[],
        "RMSE 17.9 (95 % interval 17.1–18.7) on 10,000 test rows: 26.2 better than always saying the mean (24.8–27.6), \
         21.4 better than saying the last value again (20.0–22.8), 0.8 worse than a linear model (0.4–1.2).",
        evaluation,
        explanation("rmse", &[]),
    )
}
