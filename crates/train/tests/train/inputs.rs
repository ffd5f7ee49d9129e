//! Pictures, texts and anomalies from the outside: a run folder in, metrics and predictions out.

use crate::common::{create, curve, events, predict};
use aloft_data::{read_frame, write_table};
use aloft_spec::{
    Code,
    inputs::{ImageSpec, TextSpec},
    run::RunStatus,
    train::{ModelKind, TrainSpec},
};
use aloft_train::{Precision, execute, export_onnx, export_pytorch, measure, quantize};
use image::{GrayImage, ImageFormat, Luma};
use polars::prelude::*;
use std::{fs, io::Cursor, path::Path};

fn png(height: u32, width: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let picture = GrayImage::from_fn(width, height, |x, y| Luma([pixel(y, x)]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Bars that stand or lie, at any place, in noise.
fn bars(count: usize) -> (Vec<Vec<u8>>, Vec<&'static str>) {
    let noise = |row: usize, at: u32| ((row as u32 * 7919 + at * 104_729) % 1009 % 60) as u8;
    let picture = |row: usize| {
        let place = (row * 5 % 8) as u32 + 2;
        let stands = row.is_multiple_of(2);
        png(12, 12, |y, x| {
            let on = if stands { x == place } else { y == place };
            noise(row, y * 12 + x) + if on { 180 } else { 0 }
        })
    };
    let word = |row: usize| if row.is_multiple_of(2) { "stands" } else { "lies" };
    ((0..count).map(picture).collect(), (0..count).map(word).collect())
}

pub fn bars_frame(count: usize) -> DataFrame {
    let (pictures, words) = bars(count);
    let bytes: BinaryChunked = pictures.iter().map(|picture| Some(&picture[..])).collect();
    let columns = vec![
        bytes.with_name("image".into()).into_column(),
        Column::new("bar".into(), words),
    ];
    DataFrame::new(count, columns).unwrap()
}

pub fn image_spec(kind: ModelKind) -> TrainSpec {
    let mut train = TrainSpec {
        epochs: Some(12),
        patience: Some(0),
        image: Some(ImageSpec {
            shift: Some(1),
            ..ImageSpec::default()
        }),
        ..TrainSpec::new("bars", "bar")
    };
    train.model.kind = kind;
    train.model.channels = Some(vec![8, 8]);
    train.model.hidden = vec![16];
    train
}

pub fn executed(folder: &Path, train: TrainSpec, frame: &DataFrame) -> std::path::PathBuf {
    fs::create_dir_all(folder).unwrap();
    let run_dir = create(folder, train, frame);
    assert_eq!(
        execute(&run_dir).unwrap(),
        RunStatus::Done,
        "{:?}",
        events(&run_dir).pop()
    );
    run_dir
}

fn test_metric(run_dir: &Path, name: &str) -> f64 {
    aloft_runs::read(run_dir).unwrap().metrics["test"][name]
}

#[test]
fn pictures_are_told_apart_and_the_same_run_gives_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let frame = bars_frame(400);
    let run_dir = executed(&folder.path().join("a"), image_spec(ModelKind::Cnn), &frame);
    assert!(
        test_metric(&run_dir, "accuracy") > 0.95,
        "{}",
        test_metric(&run_dir, "accuracy")
    );
    let again = executed(&folder.path().join("b"), image_spec(ModelKind::Cnn), &frame);
    assert_eq!(curve(&run_dir), curve(&again));
    let mut still = image_spec(ModelKind::Cnn);
    still.image.as_mut().unwrap().shift = Some(0);
    let still = executed(&folder.path().join("c"), still, &frame);
    assert_ne!(curve(&run_dir), curve(&still), "training pictures are varied");

    // A table of bytes, and a folder of files.
    let (input, output) = (folder.path().join("in.parquet"), folder.path().join("out.csv"));
    write_table(&bars_frame(20), &input).unwrap();
    let summary = predict(&run_dir, &input, &output).unwrap();
    assert_eq!(summary.rows, 20);
    let predictions = |file: &Path| {
        let frame = read_frame(file).unwrap();
        let column = frame
            .column("prediction")
            .unwrap()
            .as_materialized_series()
            .clone();
        column
            .str()
            .unwrap()
            .iter()
            .map(|text| text.unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let of_table = predictions(&output);
    let (pictures, words) = bars(20);
    let hits = of_table
        .iter()
        .zip(&words)
        .filter(|(said, is)| said == is)
        .count();
    assert!(hits >= 18, "{hits}");
    let files = folder.path().join("files");
    fs::create_dir(&files).unwrap();
    for (row, picture) in pictures.iter().enumerate() {
        fs::write(files.join(format!("{row:02}.png")), picture).unwrap();
    }
    predict(&run_dir, &files, &output).unwrap();
    assert_eq!(predictions(&output), of_table);
}

#[test]
fn pictures_can_be_read_at_once_and_measured() {
    let folder = tempfile::tempdir().unwrap();
    let frame = bars_frame(100);
    let mut train = image_spec(ModelKind::Mlp);
    train.epochs = Some(1);
    executed(folder.path(), train, &frame);
    let data = folder.path().join("rows.parquet");
    let measured = measure(&image_spec(ModelKind::Cnn), &data, 100).unwrap();
    assert_eq!(measured.measurement.row_bytes, 4 * (12 * 12 + 1));
    assert_eq!(
        measure(&image_spec(ModelKind::Gru), &data, 100).unwrap_err().code,
        Code::BadValue
    );
    let mut unknown = image_spec(ModelKind::Cnn);
    unknown.image.as_mut().unwrap().column = "picture".into();
    assert_eq!(
        measure(&unknown, &data, 100).unwrap_err().code,
        Code::UnknownColumn
    );
}

/// Reviews whose mood is in a pair of words, so that single words don't tell it.
pub fn reviews(count: usize) -> DataFrame {
    let things = ["film", "book", "song", "play", "walk"];
    let text = |row: usize| {
        let thing = things[row % 5];
        match row * 7 % 4 {
            0 => format!("This {thing} was not good, and I said so"),
            1 => format!("This {thing} was good, and not so I said"),
            2 => format!("I said so: the {thing} was not bad. Good?"),
            _ => format!("I said, not so: the {thing} was bad. Good?"),
        }
    };
    let liked = |row: usize| matches!(row * 7 % 4, 1 | 2);
    let columns = vec![
        Column::new("text".into(), (0..count).map(text).collect::<Vec<_>>()),
        Column::new("liked".into(), (0..count).map(liked).collect::<Vec<_>>()),
    ];
    DataFrame::new(count, columns).unwrap()
}

/// A small model of the words.
pub fn review_spec(kind: ModelKind) -> TrainSpec {
    let mut train = TrainSpec {
        epochs: Some(15),
        text: Some(TextSpec {
            buckets: 4096,
            ..TextSpec::new("text")
        }),
        ..TrainSpec::new("reviews", "liked")
    };
    train.model.kind = kind;
    train.model.hidden = vec![16];
    train.model.width = 16;
    train.model.heads = 2;
    train.model.blocks = 1;
    train.optimizer.learning_rate = Some(if kind == ModelKind::Linear { 5e-2 } else { 5e-3 });
    train
}

#[test]
fn texts_are_read_by_words_and_by_their_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let frame = reviews(400);
    for kind in [ModelKind::Linear, ModelKind::Mlp, ModelKind::Transformer] {
        let train = review_spec(kind);
        let own = folder.path().join(kind.word());
        let run_dir = executed(&own, train, &frame);
        assert!(
            test_metric(&run_dir, "accuracy") > 0.95,
            "{kind:?}: {}",
            test_metric(&run_dir, "accuracy")
        );
        let (input, output) = (own.join("in.csv"), own.join("out.csv"));
        // Words that were never seen, and nothing at all.
        let texts = [Some("This opera was not good, and I said so"), Some("zzz"), None];
        write_table(
            &DataFrame::new(3, vec![Column::new("text".into(), texts)]).unwrap(),
            &input,
        )
        .unwrap();
        assert_eq!(predict(&run_dir, &input, &output).unwrap().rows, 3);
        let said = read_frame(&output).unwrap();
        assert_eq!(
            said.column("prediction").unwrap().bool().unwrap().get(0),
            Some(false),
            "{kind:?}"
        );
    }
}

#[test]
fn rows_unlike_the_others_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let noise = |row: usize, salt: usize| ((row * 7919 + salt * 104_729) % 1009) as f64 / 1009.0;
    // Three numbers and a kind that follow from one; the last rows break the rule and stay within each range.
    let frame = |count: usize, broken: usize| {
        let level: Vec<f64> = (0..count).map(|row| noise(row, 1)).collect();
        let turned = |row: usize| {
            if row + broken >= count {
                1.0 - level[row]
            } else {
                level[row]
            }
        };
        let columns = vec![
            Column::new("a".into(), &level),
            Column::new(
                "b".into(),
                (0..count).map(|row| turned(row) * 5.0).collect::<Vec<_>>(),
            ),
            Column::new(
                "c".into(),
                (0..count).map(|row| 3.0 - level[row]).collect::<Vec<_>>(),
            ),
            Column::new(
                "kind".into(),
                level
                    .iter()
                    .map(|level| if *level > 0.5 { "high" } else { "low" })
                    .collect::<Vec<_>>(),
            ),
        ];
        DataFrame::new(count, columns).unwrap()
    };
    let mut train = TrainSpec {
        epochs: Some(40),
        ..TrainSpec::new("rows", "")
    };
    train.model.kind = ModelKind::Autoencoder;
    train.model.hidden = vec![16];
    train.model.code = Some(1);
    train.model.quantile = 0.95;
    train.optimizer.learning_rate = Some(1e-2);
    let run_dir = executed(folder.path(), train, &frame(1000, 0));
    let metrics = aloft_runs::read(&run_dir).unwrap().metrics;
    assert!(metrics["test"]["r2"] > 0.8, "{metrics:?}");
    assert!((0.0..0.15).contains(&metrics["test"]["anomalies"]), "{metrics:?}");
    assert_eq!(metrics["validation"]["anomalies"], 0.05);
    let (input, output) = (folder.path().join("in.csv"), folder.path().join("out.csv"));
    write_table(&frame(100, 20), &input).unwrap();
    let summary = predict(&run_dir, &input, &output).unwrap();
    assert_eq!(
        (summary.task.as_str(), &summary.added[..]),
        ("anomaly", &["score".to_owned(), "anomaly".to_owned()][..])
    );
    let said = read_frame(&output).unwrap();
    let scores: Vec<f64> = said
        .column("score")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    assert!(
        mean(&scores[80..]) > 3.0 * mean(&scores[..80]),
        "{} {}",
        mean(&scores[80..]),
        mean(&scores[..80])
    );
    let flagged = said.column("anomaly").unwrap().bool().unwrap();
    assert!(flagged.tail(Some(20)).sum().unwrap() > 10);
    // Other programs are given models of plain tables alone; a smaller model reads rows as the model did.
    for exported in [
        export_onnx(&run_dir, &folder.path().join("model.onnx")),
        export_pytorch(&run_dir, &folder.path().join("pytorch")),
    ] {
        let problem = exported.unwrap_err();
        assert_eq!(problem.code, Code::Unsupported);
        assert!(problem.message.contains("anomaly"), "{problem:?}");
    }
    let smaller = folder.path().join("smaller");
    quantize(&run_dir, Precision::F16, &smaller).unwrap();
    assert_eq!(predict(&smaller, &input, &output).unwrap().added, summary.added);
}
