//! What holds for tables holds for pictures and texts: folds, smaller models, and a clear word where other programs can't be
//! given the model.

use crate::common::{events, predict};
use crate::inputs::{bars_frame, executed, image_spec, review_spec, reviews};
use aloft_data::{read_frame, write_table};
use aloft_spec::{Code, event::EventKind, train::ModelKind, train::TrainSpec};
use aloft_train::{Precision, export_onnx, export_pytorch, quantize};
use polars::prelude::*;
use std::{fs, path::Path};

/// A cell over pictures and one over texts, with their rows, soon trained.
fn kinds() -> [(&'static str, TrainSpec, DataFrame); 3] {
    let mut pictures = image_spec(ModelKind::Cnn);
    pictures.epochs = Some(8);
    let texts = |kind| {
        let mut train = review_spec(kind);
        train.epochs = Some(8);
        train
    };
    [
        ("pictures", pictures, bars_frame(240)),
        ("words", texts(ModelKind::Mlp), reviews(240)),
        ("sequences", texts(ModelKind::Transformer), reviews(240)),
    ]
}

#[test]
fn folds_say_how_far_metrics_of_pictures_and_texts_spread() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mut train, frame) in kinds() {
        train.split.folds = 2;
        let run_dir = executed(&folder.path().join(name), train.clone(), &frame);
        let metrics = aloft_runs::read(&run_dir).unwrap().metrics;
        let told: Vec<f64> = events(&run_dir)
            .into_iter()
            .filter_map(|event| match event {
                EventKind::Metrics { split, metrics } if split.ends_with(" of 2") => {
                    Some(metrics["log_loss"])
                }
                _ => None,
            })
            .collect();
        assert_eq!(told.len(), 2, "{name}");
        let mean = told.iter().sum::<f64>() / 2.0;
        assert!(
            (mean - metrics["folds"]["log_loss"]).abs() < 1e-12,
            "{name}: {told:?}"
        );
        assert!(told[0] != told[1], "{name}: folds are of other rows");
        assert!(metrics["folds_spread"]["log_loss"] > 0.0);
        train.split.folds = 0;
        let without = executed(&folder.path().join(format!("{name} alone")), train, &frame);
        let alone = aloft_runs::read(&without).unwrap().metrics;
        assert_eq!(
            alone["test"], metrics["test"],
            "{name}: the model is the same with and without"
        );
    }
}

fn probabilities(run_dir: &Path, input: &Path, output: &Path) -> Vec<f64> {
    let summary = predict(run_dir, input, output).unwrap();
    let scored = read_frame(output).unwrap();
    let column = scored.column(&summary.added[1]).unwrap().f64().unwrap();
    column.iter().flatten().collect()
}

#[test]
fn smaller_models_of_pictures_and_texts_predict_nearly_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (name, train, frame) in kinds() {
        let own = folder.path().join(name);
        let run_dir = executed(&own, train, &frame);
        let bytes = |model: &Path| fs::metadata(model.join("model.safetensors")).unwrap().len() as f64;
        let (input, output) = (own.join("in.parquet"), own.join("out.parquet"));
        write_table(&frame.slice(0, 60), &input).unwrap();
        let before = probabilities(&run_dir, &input, &output);
        assert_eq!(before.len(), 60, "{name}");
        for (precision, share, far) in [(Precision::F16, 0.75, 0.02), (Precision::Int8, 0.6, 0.2)] {
            let smaller = own.join(precision.name());
            let quantized = quantize(&run_dir, precision, &smaller).unwrap();
            let size = bytes(&smaller) / bytes(&run_dir.join("model"));
            assert!(size < share, "{name} {precision:?}: {size}");
            assert_eq!(
                quantized.before,
                aloft_runs::read(&run_dir).unwrap().metrics["test"]
            );
            let lost = (quantized.after["log_loss"] - quantized.before["log_loss"]).abs();
            assert!(lost > 0.0 && lost < far, "{name} {precision:?}: {lost}");
            let after = probabilities(&smaller, &input, &output);
            let moved = before
                .iter()
                .zip(&after)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(moved > 0.0 && moved < far, "{name} {precision:?}: {moved}");
        }
    }
}

#[test]
fn what_other_programs_cannot_be_given_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mut train, frame) in kinds() {
        train.epochs = Some(1);
        let run_dir = executed(&folder.path().join(name), train, &frame);
        let output = folder.path().join("out");
        let reads = if name == "pictures" {
            "reads pictures"
        } else {
            "reads texts"
        };
        for problem in [
            export_onnx(&run_dir, &output).unwrap_err(),
            export_pytorch(&run_dir, &output).unwrap_err(),
        ] {
            assert_eq!(problem.code, Code::Unsupported);
            assert!(problem.message.contains(reads), "{problem}");
            let hint = problem.hint.unwrap();
            assert!(
                hint.contains("aloft predict") && hint.contains("--quantize"),
                "{hint}"
            );
        }
        assert!(!output.exists());
    }
}
