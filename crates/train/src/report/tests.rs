//! Base lines against scikit-learn.

use super::{
    baseline::baselines,
    linear::{Linear, Targets},
};
use crate::{
    batch::Encoded,
    evaluate::Outputs,
    metrics::{Truth, metrics},
    prepare::Prepared,
    task::{LabelType, Task},
};
use aloft_spec::{
    report::BaselineKind,
    train::{SplitBy, TrainSpec},
};
use polars::prelude::*;

const ROWS: usize = 60;

fn noise(row: usize, salt: usize) -> f64 {
    ((row * row * 7919 + row * 31 * salt + salt * 104_729) % 1009) as f64 / 1009.0
}

/// Two numbers, and a category of three values beside the unknown one.
fn rows() -> Encoded {
    let number = |row, salt| (4.0 * noise(row, salt) - 2.0) as f32;
    Encoded {
        rows: ROWS,
        numeric_width: 2,
        numeric: (0..ROWS)
            .flat_map(|row| [number(row, 10), number(row, 11)])
            .collect(),
        category_width: 1,
        categories: (0..ROWS).map(category).collect(),
    }
}

fn category(row: usize) -> u32 {
    1 + (row * 31 % 3) as u32
}

fn x(rows: &Encoded, row: usize) -> [f64; 2] {
    [rows.numeric[2 * row], rows.numeric[2 * row + 1]].map(f64::from)
}

fn outputs(task: &Task, targets: Targets<'_>) -> Outputs {
    let (rows, mut values) = (rows(), Vec::new());
    Linear::fit(task, &rows, &[4], targets).predict(task, &rows, &mut values);
    Linear::outputs(task, values)
}

fn first(outputs: &Outputs, expected: &[f64]) {
    let (Outputs::Numbers(values)
    | Outputs::Labels { values, .. }
    | Outputs::Probabilities { values, .. }
    | Outputs::Quantiles { values, .. }) = outputs;
    for (found, expected) in values.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-3, "{values:?}");
    }
}

/// By scikit-learn 1.9.1: `LogisticRegression(C=1)` on the numbers and the one-hot category.
#[test]
fn two_classes_as_scikit_learn() {
    let rows = rows();
    let truth: Vec<u32> = (0..ROWS)
        .map(|row| {
            let [a, b] = x(&rows, row);
            u32::from(a - b + f64::from(category(row)) - 2.0 + 3.0 * noise(row, 12) - 1.5 > 0.0)
        })
        .collect();
    let task = Task::Binary {
        classes: vec!["no".into(), "yes".into()],
        labels: LabelType::Text,
    };
    let found = outputs(&task, Targets::Classes(&truth));
    first(
        &found,
        &[1.0 - 0.304_381_72, 0.304_381_72, 1.0 - 0.018_656_96, 0.018_656_96],
    );
    let log_loss = metrics(&found, &Truth::Classes(truth))["log_loss"];
    assert!((log_loss - 0.239_733_67).abs() < 1e-4, "{log_loss}");
}

/// The same of three classes.
#[test]
fn three_classes_as_scikit_learn() {
    let rows = rows();
    let truth: Vec<u32> = (0..ROWS)
        .map(|row| {
            let sum = x(&rows, row)[0] + f64::from(category(row)) + 2.0 * noise(row, 13);
            u32::from(sum >= 1.8) + u32::from(sum >= 3.6)
        })
        .collect();
    let task = Task::Multiclass {
        classes: ["a", "b", "c"].map(String::from).into(),
        labels: LabelType::Text,
    };
    let found = outputs(&task, Targets::Classes(&truth));
    first(&found, &[0.031_353_28, 0.501_668_85, 0.466_977_87, 0.455_008_36]);
    let log_loss = metrics(&found, &Truth::Classes(truth))["log_loss"];
    assert!((log_loss - 0.483_519_11).abs() < 1e-4, "{log_loss}");
}

/// By scikit-learn 1.9.1: `Ridge(alpha=1)`.
#[test]
fn numbers_as_scikit_learn() {
    let rows = rows();
    let values: Vec<f64> = (0..ROWS)
        .map(|row| {
            let [a, b] = x(&rows, row);
            3.0 * a - 2.0 * b + 5.0 * f64::from(category(row)) + noise(row, 14)
        })
        .collect();
    let task = Task::Regression {
        mean: 10.661_942_512_117_763,
        deviation: 5.922_175_543_695_113,
    };
    let found = outputs(&task, Targets::Numbers(&values));
    first(&found, &[9.009_898_74, 2.261_638_38, 18.235_786_62, 6.567_967_96]);
    let rmse = metrics(&found, &Truth::Numbers { values, base: 0.0 })["rmse"];
    assert!((rmse - 0.319_464_336).abs() < 1e-4, "{rmse}");
}

/// A table in order of time: the last value is the one of the day before, of which there are two rows.
#[test]
fn the_last_value_is_of_the_latest_earlier_time() {
    let frame = DataFrame::new(
        40,
        vec![
            Column::new("day".into(), (0..40).map(|row| row / 2).collect::<Vec<i32>>()),
            Column::new("x".into(), (0..40).map(|row| row % 7).collect::<Vec<i32>>()),
            Column::new(
                "y".into(),
                (0..40).map(|row| f64::from(row * row)).collect::<Vec<_>>(),
            ),
        ],
    )
    .unwrap();
    let mut spec = TrainSpec::new("rows", "y");
    spec.split.by = SplitBy::Time;
    spec.split.column = Some("day".into());
    let prepared = Prepared::new(&spec, &frame).unwrap();
    let test = prepared.split.test.clone();
    let found = baselines(&spec, &prepared, &frame, &test).unwrap();
    let kinds: Vec<BaselineKind> = found.iter().map(|baseline| baseline.kind).collect();
    use BaselineKind::{Last, Linear, Mean, Median};
    assert_eq!(kinds, [Mean, Median, Last, Linear]);
    let Outputs::Numbers(last) = &found[2].outputs else {
        panic!()
    };
    for (row, said) in test.iter().zip(last) {
        let before = f64::from(row / 2 * 2 - 2);
        assert_eq!(*said, f64::midpoint(before * before, (before + 1.0).powi(2)));
    }
    let Outputs::Numbers(mean) = &found[0].outputs else {
        panic!()
    };
    assert!(
        mean.iter()
            .all(|said| *said == mean[0] && *said < f64::from(test[0] * test[0]))
    );
}
