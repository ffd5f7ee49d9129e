//! Forecasts from the outside: a run folder in, metrics and the next steps out.

use crate::common::{create, curve, events, predict};
use aloft_data::{read_frame, write_table};
use aloft_spec::{
    Code,
    inputs::ForecastSpec,
    run::RunStatus,
    train::{ModelKind, TrainSpec},
};
use aloft_train::{execute, measure};
use polars::prelude::*;
use std::{fs, path::Path, thread, time::Duration};

const HOUR: i64 = 3_600_000;

/// Two places of so many hours: a day's wave on a level that wanders, and a wind that pushes it three hours later.
fn hours(count: usize) -> DataFrame {
    let (mut times, mut places, mut warmth, mut winds) = (vec![], vec![], vec![], vec![]);
    for (place, level, swing) in [("north", 0.0, 5.0), ("south", 60.0, 15.0)] {
        let noise = |hour: usize| ((hour * 7919 + place.len() * 31) % 1009) as f64 / 1009.0 - 0.5;
        let wind: Vec<f64> = (0..count)
            .map(|hour| if (hour / 7).is_multiple_of(5) { 1.0 } else { 0.0 })
            .collect();
        for hour in 0..count {
            let day = (hour as f64 / 24.0 * std::f64::consts::TAU).sin();
            let slow = (hour as f64 / 400.0).sin();
            let pushed = if hour >= 3 { wind[hour - 3] } else { 0.0 };
            times.push(hour as i64 * HOUR);
            places.push(place);
            warmth.push(level + swing * (day + slow + 0.8 * pushed + 0.1 * noise(hour)));
            winds.push(wind[hour]);
        }
    }
    let time = Column::new("time".into(), times);
    let time = time
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .unwrap();
    let columns = vec![
        time,
        Column::new("place".into(), places),
        Column::new("warmth".into(), warmth),
        Column::new("wind".into(), winds),
    ];
    DataFrame::new(2 * count, columns).unwrap()
}

fn spec(kind: ModelKind) -> TrainSpec {
    let mut train = TrainSpec {
        epochs: Some(8),
        forecast: Some(ForecastSpec {
            series: vec!["place".into()],
            horizon: Some(6),
            lags: Some(30),
            ..ForecastSpec::new("time")
        }),
        ..TrainSpec::new("hours", "warmth")
    };
    train.model.kind = kind;
    train.model.state = Some(vec![24]);
    train.model.channels = Some(vec![12, 12, 12]);
    train.model.width = 16;
    train.model.blocks = 1;
    train.model.heads = 2;
    train.model.hidden = vec![32];
    train.optimizer.learning_rate = Some(5e-3);
    train
}

const KINDS: [ModelKind; 6] = [
    ModelKind::Linear,
    ModelKind::Mlp,
    ModelKind::Gru,
    ModelKind::Lstm,
    ModelKind::Temporal,
    ModelKind::Transformer,
];

#[test]
fn each_kind_beats_the_base_lines() {
    let frame = hours(700);
    for kind in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = create(folder.path(), spec(kind), &frame);
        assert_eq!(
            execute(&run_dir).unwrap(),
            RunStatus::Done,
            "{:?}",
            events(&run_dir).pop()
        );
        let metrics = aloft_runs::read(&run_dir).unwrap().metrics["test"].clone();
        let best = metrics["last_value_rmse"].min(metrics["seasonal_naive_rmse"]);
        assert!(metrics["rmse"] < 0.8 * best, "{kind:?}: {metrics:?}");
        let report: serde_json::Value =
            serde_json::from_slice(&fs::read(run_dir.join("report.json")).unwrap()).unwrap();
        assert_eq!(report["task"], "forecast");
        assert!(report["conclusion"].as_str().unwrap().contains("beats"));
    }
}

#[test]
fn the_next_steps_are_written_for_each_series() {
    let folder = tempfile::tempdir().unwrap();
    let frame = hours(400);
    for kind in [ModelKind::Gru, ModelKind::Linear] {
        let mut train = spec(kind);
        train.epochs = Some(3);
        let own = folder.path().join(kind.word());
        fs::create_dir(&own).unwrap();
        let run_dir = create(&own, train, &frame);
        execute(&run_dir).unwrap();
        // What the last test window predicts is what the history up to there predicts.
        let until = 400 - 6;
        let history = frame
            .clone()
            .lazy()
            .filter(col("time").cast(DataType::Int64).lt(lit(until as i64 * HOUR)))
            .collect()
            .unwrap();
        for ending in ["parquet", "csv"] {
            let (input, output) = (
                own.join(format!("in.{ending}")),
                own.join(format!("out.{ending}")),
            );
            write_table(&history, &input).unwrap();
            let summary = predict(&run_dir, &input, &output).unwrap();
            assert_eq!((summary.rows, summary.task.as_str()), (12, "forecast"));
            let next = read_frame(&output).unwrap();
            let names: Vec<&str> = next
                .get_column_names()
                .into_iter()
                .map(PlSmallStr::as_str)
                .collect();
            assert_eq!(names, ["place", "time", "prediction"]);
            let predicted: Vec<f64> = next
                .column("prediction")
                .unwrap()
                .f64()
                .unwrap()
                .iter()
                .flatten()
                .collect();
            let truth = |place: &str| {
                let rows = frame
                    .clone()
                    .lazy()
                    .filter(col("place").eq(lit(place)))
                    .collect()
                    .unwrap();
                let values = rows.column("warmth").unwrap().f64().unwrap().tail(Some(6));
                values.iter().flatten().collect::<Vec<f64>>()
            };
            // The units are those of each series.
            for (place, said) in [("north", &predicted[..6]), ("south", &predicted[6..])] {
                let worst = truth(place)
                    .iter()
                    .zip(said)
                    .map(|(y, p)| (y - p).abs())
                    .fold(0.0, f64::max);
                assert!(worst < 20.0, "{place}: {worst}");
            }
        }
        let short = own.join("short.csv");
        write_table(&frame.head(Some(10)), &short).unwrap();
        let problem = predict(&run_dir, &short, &own.join("none.csv")).unwrap_err();
        assert_eq!(problem.code, Code::EmptyData);
        assert!(problem.message.contains("30"), "{problem}");
    }
}

#[test]
fn a_stopped_forecast_goes_on_to_the_same_bits() {
    let mut train = spec(ModelKind::Gru);
    train.epochs = Some(5);
    train.patience = Some(0);
    let frame = hours(500);
    let weights = |run_dir: &Path| fs::read(run_dir.join("model/model.safetensors")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let own = |name: &str| {
        let own = folder.path().join(name);
        fs::create_dir(&own).unwrap();
        own
    };
    let whole = create(&own("a"), train.clone(), &frame);
    execute(&whole).unwrap();
    let run_dir = create(&own("b"), train, &frame);
    let watched = run_dir.clone();
    let watcher = thread::spawn(move || {
        for _ in 0..20_000 {
            if curve(&watched).len() >= 2 {
                aloft_runs::request_stop(&watched).unwrap();
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    });
    execute(&run_dir).unwrap();
    watcher.join().unwrap();
    let _ = fs::remove_file(run_dir.join("stop"));
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    assert_eq!(curve(&run_dir), curve(&whole));
    assert_eq!(weights(&run_dir), weights(&whole));
}

#[test]
fn a_forecast_is_measured_before_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("rows.parquet");
    write_table(&hours(300), &data).unwrap();
    let measured = measure(&spec(ModelKind::Temporal), &data, 600).unwrap();
    // Of 300 hours 210 are learned from, 30 and 60 follow; a window sees 30 and predicts 6.
    let rows = (measured.train_rows, measured.validation_rows, measured.test_rows);
    assert_eq!(rows, (2 * 175, 2 * 25, 2 * 55));
    let mut unknown = spec(ModelKind::Mlp);
    unknown.forecast = Some(ForecastSpec::new("hour"));
    assert_eq!(
        measure(&unknown, &data, 600).unwrap_err().code,
        Code::UnknownColumn
    );
    unknown.forecast = None;
    unknown.model.kind = ModelKind::Lstm;
    assert_eq!(measure(&unknown, &data, 600).unwrap_err().code, Code::BadValue);
}
