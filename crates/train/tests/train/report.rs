//! The report of a run: how good the model is, beside what needs no model, and what it looks at.

use crate::common::{create, rows, spec};
use aloft_spec::{
    report::{BaselineKind, Report, VERSION, Verdict, estimate},
    run::RunStatus,
    train::{ModelKind, SplitBy, TrainSpec},
};
use aloft_train::execute;
use polars::prelude::DataFrame;

fn report(train: TrainSpec, frame: &DataFrame) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let run_dir = create(folder.path(), train, frame);
    assert_eq!(execute(&run_dir).unwrap(), RunStatus::Done);
    aloft_runs::read_report(&run_dir).unwrap().unwrap()
}

fn kinds(report: &Report) -> Vec<BaselineKind> {
    let baselines = &report.evaluation.as_ref().unwrap().baselines;
    baselines.iter().map(|baseline| baseline.kind).collect()
}

#[test]
fn each_task_is_evaluated_beside_its_base_lines() {
    use BaselineKind::{Linear, Majority, Mean, Median};
    let frame = rows(1000);
    for (target, expected) in [
        ("late", &[Majority, Linear][..]),
        ("size", &[Majority, Linear]),
        ("level", &[Mean, Median, Linear]),
    ] {
        let report = report(spec(target), &frame);
        assert_eq!((report.version, report.target.as_str()), (VERSION, target));
        assert_eq!(kinds(&report), expected);
        let evaluation = report.evaluation.unwrap();
        assert_eq!((evaluation.split.as_str(), evaluation.rows), ("test", 200));
        for found in &evaluation.metrics {
            assert_eq!(found.value, report.metrics["test"][&found.name], "{target}");
            assert!(
                found.low <= found.value && found.value <= found.high,
                "{target}: {found:?}"
            );
        }
        let main = if target == "level" { "rmse" } else { "accuracy" };
        let gain = estimate(&evaluation.baselines[0].gains, main).unwrap();
        assert_eq!(gain.verdict(), Verdict::Better, "{target}: {gain:?}");
        assert!(
            report.conclusion.contains(" test rows: "),
            "{}",
            report.conclusion
        );
        assert!(
            report.conclusion.contains("a linear model"),
            "{}",
            report.conclusion
        );
        assert!(evaluation.reliability.iter().map(|bin| bin.rows).sum::<u64>() == 200);
        assert_eq!(evaluation.thresholds.is_some(), target == "late");
        assert_eq!(evaluation.residuals.is_some(), target == "level");
        assert_eq!(report.confusion.contains_key("test"), target != "level");
    }
}

#[test]
fn the_worst_rows_are_those_of_the_table() {
    let frame = rows(1000);
    let report = report(spec("level"), &frame);
    let worst = report.evaluation.unwrap().worst;
    assert_eq!((worst.rows.len(), worst.table.rows), (20, 20));
    assert!(worst.errors.is_sorted_by(|a, b| a.abs() >= b.abs()));
    let level = frame.column("level").unwrap().f64().unwrap().clone();
    let x = frame.column("x").unwrap().f64().unwrap().clone();
    let values = &worst
        .table
        .columns
        .iter()
        .find(|column| column.field.name == "x")
        .unwrap()
        .values;
    for (at, row) in worst.rows.iter().enumerate() {
        let row = *row as usize;
        let actual: f64 = worst.actual[at].parse().unwrap();
        assert!((actual - level.get(row).unwrap()).abs() < 1e-4);
        assert_eq!(values.format(at), x.get(row).map(aloft_spec::text::significant));
    }
}

#[test]
fn what_a_model_looks_at_is_explained() {
    let report = report(spec("level"), &rows(1000));
    let explanation = report.explanation.unwrap();
    assert_eq!((explanation.split.as_str(), explanation.rows), ("test", 200));
    let leading = &explanation.importance[0];
    assert_eq!(
        leading.column, "x",
        "the target follows it: {:?}",
        explanation.importance
    );
    assert!(leading.mean > 1.0);
    let curve = &explanation.dependence[0];
    assert_eq!(curve.column, "x");
    let predictions = &curve.predictions[0];
    assert!(
        predictions[predictions.len() - 1] - predictions[0] > 5.0,
        "{predictions:?}"
    );
}

#[test]
fn a_split_by_time_has_the_last_value_beside_it_and_a_linear_model_no_other() {
    let mut train = spec("level");
    train.split.by = SplitBy::Time;
    train.split.column = Some("day".into());
    train.model.kind = ModelKind::Linear;
    let report = report(train, &rows(400));
    assert_eq!(
        kinds(&report),
        [BaselineKind::Mean, BaselineKind::Median, BaselineKind::Last]
    );
    assert!(
        report.conclusion.contains("the last value"),
        "{}",
        report.conclusion
    );
}

#[test]
fn the_same_run_gives_the_same_report() {
    let mut train = spec("size");
    train.epochs = Some(3);
    let frame = rows(400);
    let (mut first, mut second) = (report(train.clone(), &frame), report(train, &frame));
    // How far it came depends on the time that it had.
    (first.explanation, second.explanation) = (None, None);
    assert_eq!(first, second);
}
