//! What is exported gives the same numbers as a prediction here.

use crate::common::{create, peers, predict, rows, spec};
use crate::labels::{labelled, several};
use aloft_data::{read_frame, write_table};
use aloft_spec::{
    Code,
    train::{CategoryEncoding, ModelKind, Scaling, TrainSpec},
};
use aloft_train::{Precision, execute, export_onnx, export_pytorch, quantize};
use polars::prelude::*;
use serde_json::{Map, Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Rows with columns of every kind; what is missing in `sometimes` and `when` is missing in training, too.
fn mixed(count: usize) -> DataFrame {
    let mut frame = rows(count);
    let sometimes: Vec<Option<bool>> = (0..count)
        .map(|row| (row % 13 != 0).then_some(row % 2 == 0))
        .collect();
    let when: Vec<Option<i64>> = (0..count as i64)
        .map(|row| (row % 17 != 0).then_some((row * 7_919_317 - 900_000_000) * 1000))
        .collect();
    let hour: Vec<i64> = (0..count as i64)
        .map(|row| row * 1_234_567_890_123 % 86_400_000_000_000)
        .collect();
    frame
        .hstack_mut(&[
            Column::new("sometimes".into(), sometimes),
            Column::new("when".into(), when)
                .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
                .unwrap(),
            Column::new("hour".into(), hour).cast(&DataType::Time).unwrap(),
        ])
        .unwrap();
    frame
}

/// Rows to predict: others than those of the training, with missing values in every column that can have some, values far
/// out, and texts that training hasn't seen.
fn unseen() -> DataFrame {
    let mut frame = mixed(300).slice(100, 200);
    let gaps = |salt: usize| move |row: usize| (row * 31 + salt).is_multiple_of(5);
    let x: Vec<Option<f64>> = (0..200)
        .map(|row| match gaps(1)(row) {
            true => None,
            false => Some((row as f64 - 100.0) * if row % 7 == 0 { 1e6 } else { 0.1 }),
        })
        .collect();
    let kind: Vec<Option<String>> = (0..200)
        .map(|row| (!gaps(2)(row)).then(|| format!("kind {}", row % 9)))
        .collect();
    frame.with_column(Column::new("x".into(), x)).unwrap();
    frame.with_column(Column::new("kind".into(), kind)).unwrap();
    for name in ["day", "when", "gappy", "sometimes"] {
        let column = frame.column(name).unwrap().as_materialized_series().clone();
        let keep =
            BooleanChunked::from_iter_values("keep".into(), (0..200).map(|row| !gaps(name.len())(row)));
        let missing = Series::full_null(name.into(), 200, column.dtype());
        frame
            .with_column(column.zip_with(&keep, &missing).unwrap().into_column())
            .unwrap();
    }
    frame
}

fn trained(folder: &Path, target: &str) -> PathBuf {
    trained_by(folder, spec(target))
}

fn trained_by(folder: &Path, train: TrainSpec) -> PathBuf {
    let train = TrainSpec {
        epochs: Some(3),
        ..train
    };
    let run_dir = create(folder, train, &mixed(1500));
    execute(&run_dir).unwrap();
    run_dir
}

/// What `predict` says of the rows.
fn predicted(folder: &Path, run_dir: &Path, frame: &DataFrame) -> DataFrame {
    let (input, output) = (folder.join("unseen.parquet"), folder.join("predicted.parquet"));
    write_table(frame, &input).unwrap();
    predict(run_dir, &input, &output).unwrap();
    read_frame(&output).unwrap()
}

fn floats(frame: &DataFrame, name: &str) -> Vec<f64> {
    let column = frame.column(name).unwrap().as_materialized_series();
    let numbers = column.cast(&DataType::Float64).unwrap();
    numbers.f64().unwrap().iter().map(Option::unwrap).collect()
}

fn texts(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap().as_materialized_series();
    let texts = column.cast(&DataType::String).unwrap();
    texts
        .str()
        .unwrap()
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect()
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-5 * (1.0 + ours.abs())
}

/// A column as ONNX Runtime is given it.
fn given(column: &Series) -> Value {
    let values: Vec<Value> = match column.dtype() {
        DataType::Boolean => column.bool().unwrap().iter().map(|value| json!(value)).collect(),
        DataType::String => column
            .str()
            .unwrap()
            .iter()
            .map(|value| json!(value.unwrap_or_default()))
            .collect(),
        DataType::Date | DataType::Datetime(..) => {
            let milliseconds = column
                .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
                .unwrap();
            let numbers = milliseconds.cast(&DataType::Int64).unwrap();
            numbers
                .i64()
                .unwrap()
                .iter()
                .map(|value| json!(value.unwrap_or(i64::MIN)))
                .collect()
        }
        DataType::Time => {
            let numbers = column.cast(&DataType::Int64).unwrap();
            numbers
                .i64()
                .unwrap()
                .iter()
                .map(|value| json!(value.unwrap() / 1_000_000))
                .collect()
        }
        _ => {
            let numbers = column.cast(&DataType::Float64).unwrap();
            numbers.f64().unwrap().iter().map(|value| json!(value)).collect()
        }
    };
    json!({ "shape": [values.len(), 1], "values": values })
}

/// What ONNX Runtime makes of the rows.
fn by_onnx_runtime(folder: &Path, model: &Path, frame: &DataFrame) -> Map<String, Value> {
    let columns: Map<String, Value> = frame
        .columns()
        .iter()
        .map(|column| (column.name().to_string(), given(column.as_materialized_series())))
        .collect();
    let inputs = folder.join("inputs.json");
    fs::write(&inputs, Value::Object(columns).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/run.py");
    let run = Command::new(peers().join("bin/python"))
        .arg(script)
        .arg(model)
        .arg(&inputs)
        .output();
    let run = run.unwrap_or_else(|error| panic!("{error}; `scripts/install test` installs ONNX Runtime"));
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&run.stdout).unwrap()
}

#[test]
fn onnx_gives_the_same_numbers() {
    for target in ["late", "size", "level"] {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = trained(folder.path(), target);
        let model = folder.path().join("model.onnx");
        let exported = export_onnx(&run_dir, &model).unwrap();
        assert_eq!(exported.bytes, fs::metadata(&model).unwrap().len());
        let frame = unseen();
        let ours = predicted(folder.path(), &run_dir, &frame);
        let theirs = by_onnx_runtime(folder.path(), &model, &frame);
        if target == "level" {
            let values: Vec<f64> = serde_json::from_value(theirs["prediction"].clone()).unwrap();
            for (ours, theirs) in floats(&ours, "prediction").into_iter().zip(values) {
                assert!(close(ours, theirs), "{target}: {ours} {theirs}");
            }
            continue;
        }
        let classes = match target {
            "late" => vec!["false", "true"],
            _ => vec!["l", "m", "s"],
        };
        let probabilities: Vec<f64> = serde_json::from_value(theirs["probabilities"].clone()).unwrap();
        for (index, class) in classes.iter().enumerate() {
            let ours = floats(&ours, &format!("probability_{class}"));
            for (row, ours) in ours.into_iter().enumerate() {
                let theirs = probabilities[row * classes.len() + index];
                assert!(
                    close(ours, theirs),
                    "{target} {class} in row {row}: {ours} {theirs}"
                );
            }
        }
        let labels: Vec<String> = theirs["prediction"]
            .as_array()
            .unwrap()
            .iter()
            .map(|label| label.as_str().map_or_else(|| label.to_string(), str::to_owned))
            .collect();
        assert_eq!(labels, texts(&ours, "prediction"));
    }
}

/// Several labels, of truth values and of 1 and 0: each has a probability of its own.
#[test]
fn labels_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [ModelKind::Mlp, ModelKind::Linear] {
        let folder = folder.path().join(kind.word());
        fs::create_dir(&folder).unwrap();
        let mut train = several();
        train.model.kind = kind;
        train.epochs = Some(3);
        let run_dir = create(&folder, train, &labelled());
        execute(&run_dir).unwrap();
        let frame = unseen();
        let ours = predicted(&folder, &run_dir, &frame);
        let names = ["late", "high", "low"];
        let probability = |frame: &DataFrame, name: &str| floats(frame, &format!("probability_{name}"));

        let model = folder.join("model.onnx");
        export_onnx(&run_dir, &model).unwrap();
        let theirs = by_onnx_runtime(&folder, &model, &frame);
        let probabilities: Vec<f64> = serde_json::from_value(theirs["probabilities"].clone()).unwrap();
        let said: Vec<bool> = serde_json::from_value(theirs["prediction"].clone()).unwrap();
        assert_eq!(probabilities.len(), frame.height() * names.len());
        for (label, name) in names.iter().enumerate() {
            for (row, ours) in probability(&ours, name).into_iter().enumerate() {
                let at = row * names.len() + label;
                assert!(
                    close(ours, probabilities[at]),
                    "{name} in row {row}: {ours} {}",
                    probabilities[at]
                );
                assert_eq!(said[at], probabilities[at] > 0.5);
            }
        }

        let python = peers().join("torch/bin/python");
        if !python.exists() {
            eprintln!("SKIPPED: no PyTorch; `./bench train` installs it");
            continue;
        }
        let exported = folder.join("torch");
        export_pytorch(&run_dir, &exported).unwrap();
        let theirs = by_pytorch(&folder, &python, &exported, &frame);
        for name in names {
            for (ours, theirs) in probability(&ours, name)
                .into_iter()
                .zip(probability(&theirs, name))
            {
                assert!(close(ours, theirs), "{name}: {ours} {theirs}");
            }
            let said = format!("prediction_{name}");
            assert_eq!(texts(&ours, &said), texts(&theirs, &said));
        }
    }
}

#[test]
fn pytorch_gives_the_same_numbers() {
    let python = peers().join("torch/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: no PyTorch; `./bench train` installs it");
        return;
    }
    for target in ["late", "level"] {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = trained(folder.path(), target);
        let exported = folder.path().join("torch");
        export_pytorch(&run_dir, &exported).unwrap();
        let frame = unseen();
        let ours = predicted(folder.path(), &run_dir, &frame);
        let theirs = by_pytorch(folder.path(), &python, &exported, &frame);
        assert_eq!(theirs.height(), ours.height());
        let number = if target == "late" {
            "probability_true"
        } else {
            "prediction"
        };
        for (ours, theirs) in floats(&ours, number).into_iter().zip(floats(&theirs, number)) {
            assert!(close(ours, theirs), "{target}: {ours} {theirs}");
        }
        if target == "late" {
            assert_eq!(texts(&ours, "prediction"), texts(&theirs, "prediction"));
        }
    }
}

/// What the exported program makes of the rows.
fn by_pytorch(folder: &Path, python: &Path, exported: &Path, frame: &DataFrame) -> DataFrame {
    let (input, output) = (folder.join("unseen.csv"), folder.join("theirs.csv"));
    write_table(frame, &input).unwrap();
    let run = Command::new(python)
        .arg(exported.join("load.py"))
        .arg(&input)
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    fs::write(&output, run.stdout).unwrap();
    read_frame(&output).unwrap()
}

/// A number that the target follows far out isn't clipped, here nor there.
#[test]
fn numbers_that_are_not_clipped_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let with_far = |mut frame: DataFrame| {
        let height = frame.height();
        let far = |row: usize| {
            if row.is_multiple_of(20) {
                5.0 * row as f64
            } else {
                (row % 13) as f64
            }
        };
        let far: Vec<f64> = (0..height).map(far).collect();
        let level: Vec<f64> = far.iter().map(|far| far + 2.0).collect();
        frame.with_column(Column::new("far".into(), far)).unwrap();
        frame.with_column(Column::new("level".into(), level)).unwrap();
        frame
    };
    let mut train = spec("level");
    train.model.kind = ModelKind::Linear;
    train.epochs = Some(3);
    let run_dir = create(folder.path(), train, &with_far(mixed(1500)));
    execute(&run_dir).unwrap();
    let model = fs::read_to_string(run_dir.join("model/model.json")).unwrap();
    assert!(model.contains("\"straight\""));
    let frame = with_far(unseen());
    let ours = floats(&predicted(folder.path(), &run_dir, &frame), "prediction");
    let model = folder.path().join("model.onnx");
    export_onnx(&run_dir, &model).unwrap();
    let theirs = by_onnx_runtime(folder.path(), &model, &frame);
    let theirs: Vec<f64> = serde_json::from_value(theirs["prediction"].clone()).unwrap();
    for (ours, theirs) in ours.iter().zip(theirs) {
        // Of numbers up to seven thousand, in single precision; clipped they would be off by thousands.
        assert!((ours - theirs).abs() < 1e-2, "{ours} {theirs}");
    }
    let python = peers().join("torch/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: no PyTorch; `./bench train` installs it");
        return;
    }
    let exported = folder.path().join("torch");
    export_pytorch(&run_dir, &exported).unwrap();
    let theirs = floats(
        &by_pytorch(folder.path(), &python, &exported, &frame),
        "prediction",
    );
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-2, "{ours} {theirs}");
    }
}

/// Means of the target in place of categories, another scale, and quantiles in place of a number.
#[test]
fn recipes_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let frame = unseen();
    let names = ["quantile_0.1", "quantile_0.5", "quantile_0.9"];
    for scaling in [Scaling::Robust, Scaling::Quantile] {
        let mut train = spec("level");
        train.quantiles = vec![0.1, 0.5, 0.9];
        train.model.categories = CategoryEncoding::Target;
        train.preprocess.scaling = scaling;
        let folder = folder.path().join(format!("{scaling:?}"));
        fs::create_dir(&folder).unwrap();
        let run_dir = trained_by(&folder, train);
        let ours = predicted(&folder, &run_dir, &frame);
        let model = folder.join("model.onnx");
        match scaling {
            Scaling::Quantile => {
                let refused = export_onnx(&run_dir, &model).unwrap_err();
                assert_eq!(refused.code, Code::Unsupported);
                assert!(refused.message.contains("`x`") && refused.message.contains("quantile"));
                assert!(refused.hint.unwrap().contains("robust"));
                assert!(!model.exists());
            }
            _ => {
                export_onnx(&run_dir, &model).unwrap();
                let theirs = by_onnx_runtime(&folder, &model, &frame);
                let theirs: Vec<f64> = serde_json::from_value(theirs["quantiles"].clone()).unwrap();
                for (index, name) in names.iter().enumerate() {
                    let theirs = theirs.iter().skip(index).step_by(names.len());
                    for (ours, theirs) in floats(&ours, name).into_iter().zip(theirs) {
                        assert!(close(ours, *theirs), "{name}: {ours} {theirs}");
                    }
                }
            }
        }
        let python = peers().join("torch/bin/python");
        if !python.exists() {
            eprintln!("SKIPPED: no PyTorch; `./bench train` installs it");
            continue;
        }
        let exported = folder.join("torch");
        export_pytorch(&run_dir, &exported).unwrap();
        let theirs = by_pytorch(&folder, &python, &exported, &frame);
        for name in names {
            for (ours, theirs) in floats(&ours, name).into_iter().zip(floats(&theirs, name)) {
                assert!(close(ours, theirs), "{scaling:?} {name}: {ours} {theirs}");
            }
        }
    }
}

#[test]
fn a_smaller_model_loses_little_and_predicts() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = trained(folder.path(), "late");
    let full = fs::metadata(run_dir.join("model/model.safetensors"))
        .unwrap()
        .len();
    let frame = unseen();
    let before = predicted(folder.path(), &run_dir, &frame);
    // The names of the tensors are a good part of so small a file.
    for (precision, share, loss) in [(Precision::F16, 0.6, 1e-3), (Precision::Int8, 0.5, 3e-2)] {
        let smaller = folder.path().join(precision.name());
        let quantized = quantize(&run_dir, precision, &smaller).unwrap();
        let bytes = fs::metadata(smaller.join("model.safetensors")).unwrap().len();
        assert!((bytes as f64) < full as f64 * share, "{bytes} of {full}");
        assert_eq!((quantized.split, quantized.extent.rows), ("test", 300));
        assert_eq!(
            quantized.before,
            aloft_runs::read(&run_dir).unwrap().metrics["test"]
        );
        let lost = (quantized.after["log_loss"] - quantized.before["log_loss"]).abs();
        assert!(lost > 0.0 && lost < loss, "{precision:?}: {lost}");
        let after = predicted(folder.path(), &smaller, &frame);
        let name = "probability_true";
        let moved = floats(&before, name)
            .into_iter()
            .zip(floats(&after, name))
            .map(|(a, b)| (a - b).abs());
        let moved = moved.fold(0.0, f64::max);
        assert!(moved > 0.0 && moved < 0.1, "{precision:?}: {moved}");
    }
}

#[test]
fn trees_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut train = spec("late");
    train.model.kind = ModelKind::Trees;
    let run_dir = trained_by(folder.path(), train);
    let output = folder.path().join("out");
    for problem in [
        export_onnx(&run_dir, &output).unwrap_err(),
        export_pytorch(&run_dir, &output).unwrap_err(),
        quantize(&run_dir, Precision::F16, &output).unwrap_err(),
    ] {
        assert_eq!(problem.code, Code::Unsupported);
        assert!(problem.message.contains("`trees`"), "{problem:?}");
        assert!(problem.hint.unwrap().contains("model.kind"));
    }
    assert!(!output.exists());
}

#[test]
fn a_run_without_a_model_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), spec("late"), &mixed(100));
    let model = folder.path().join("model.onnx");
    assert_eq!(export_onnx(&run_dir, &model).unwrap_err().code, Code::NotFound);
    assert!(!model.exists());
    assert_eq!(
        quantize(&run_dir, Precision::Int8, &folder.path().join("int8"))
            .unwrap_err()
            .code,
        Code::NotFound
    );
}
