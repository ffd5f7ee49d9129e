//! Several labels are predicted together.

use crate::common::{create, predict, rows, spec};
use aloft_data::{read_frame, write_table};
use aloft_spec::{
    Code,
    run::RunStatus,
    train::{ModelKind, TrainSpec},
};
use aloft_train::execute;
use polars::prelude::*;

/// Rows with three labels: of truth values, of 1 and 0, and one that is missing in some.
pub fn labelled() -> DataFrame {
    let mut frame = rows(1500);
    let level: Vec<f64> = frame
        .column("level")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    let high: Vec<i32> = level.iter().map(|level| i32::from(*level > 12.0)).collect();
    let low: Vec<Option<bool>> = (0..level.len())
        .map(|row| (row % 50 != 0).then_some(level[row] < 4.0))
        .collect();
    frame.with_column(Column::new("high".into(), high)).unwrap();
    frame.with_column(Column::new("low".into(), low)).unwrap();
    frame
}

pub fn several() -> TrainSpec {
    TrainSpec {
        target: String::new(),
        labels: ["late", "high", "low"].map(String::from).into(),
        ignore: ["size", "level"].map(String::from).into(),
        epochs: Some(30),
        ..spec("late")
    }
}

#[test]
fn labels_are_learned_and_predicted_together() {
    for kind in [ModelKind::Mlp, ModelKind::Linear, ModelKind::Trees] {
        let folder = tempfile::tempdir().unwrap();
        let mut train = several();
        train.model.kind = kind;
        train.optimizer.learning_rate = Some(1e-2);
        let run_dir = create(folder.path(), train, &labelled());
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
        let report = aloft_runs::read_report(&run_dir).unwrap().unwrap();
        assert_eq!(
            (report.task.as_str(), report.target.as_str()),
            ("multilabel", "late, high, low")
        );
        assert!(report.warnings[0].starts_with("30 rows have no `late` or no `high` or no `low`"));
        assert!(
            report
                .conclusion
                .starts_with("The model beats the base line: an error (log loss)"),
            "{}",
            report.conclusion
        );
        let metrics = &report.metrics["test"];
        let better = |name: &str| metrics[name] > metrics[&format!("base_{name}")] + 0.2;
        assert!(
            better("micro_f1") && better("macro_f1") && better("subset_accuracy"),
            "{metrics:?}"
        );
        assert!(
            metrics["macro_roc_auc"] > 0.95 && metrics["hamming_loss"] < 0.1,
            "{metrics:?}"
        );

        let (input, output) = (
            folder.path().join("in.parquet"),
            folder.path().join("out.parquet"),
        );
        write_table(&rows(200), &input).unwrap();
        let summary = predict(&run_dir, &input, &output).unwrap();
        let names =
            ["late", "high", "low"].map(|name| [format!("prediction_{name}"), format!("probability_{name}")]);
        assert_eq!(summary.added, names.concat());
        let scored = read_frame(&output).unwrap();
        let late = scored.column("late").unwrap().bool().unwrap();
        let said = scored.column("prediction_late").unwrap().bool().unwrap();
        let right = late
            .iter()
            .zip(said.iter())
            .filter(|(truth, said)| truth == said)
            .count();
        assert!(right > 180, "{right}");
        let high = scored.column("prediction_high").unwrap().i64().unwrap();
        let probabilities = scored.column("probability_high").unwrap().f64().unwrap();
        for (said, probability) in high.iter().zip(probabilities.iter()) {
            assert_eq!(said, Some(i64::from(probability.unwrap() > 0.5)));
        }
    }
}

#[test]
fn what_is_no_label_is_told() {
    let problem = |change: &dyn Fn(&mut TrainSpec)| {
        let folder = tempfile::tempdir().unwrap();
        let mut train = several();
        change(&mut train);
        let run_dir = create(folder.path(), train, &labelled());
        assert_eq!(execute(&run_dir).unwrap(), RunStatus::Failed);
        aloft_runs::read(&run_dir).unwrap().problem.unwrap()
    };
    let text = problem(&|train| train.labels[1] = "size".into());
    assert!(
        text.code == Code::BadValue && text.message.contains("`size` is of type str"),
        "{text}"
    );
    let number = problem(&|train| train.labels[1] = "level".into());
    assert!(
        number.code == Code::BadValue && number.message.contains("`level` is "),
        "{number}"
    );
    let unknown = problem(&|train| train.labels[1] = "High".into());
    assert_eq!(
        (unknown.code, unknown.hint.as_deref()),
        (Code::UnknownColumn, Some("did you mean `high`?"))
    );
    let alone = problem(&|train| train.labels.truncate(1));
    assert!(alone.message.contains("single"), "{alone}");
}
