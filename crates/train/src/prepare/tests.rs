use super::*;
use aloft_spec::{Code, Problem};

fn frame() -> DataFrame {
    DataFrame::new(
        40,
        vec![
            Column::new("x".into(), (0..40).map(f64::from).collect::<Vec<_>>()),
            Column::new(
                "kind".into(),
                (0..40).map(|row| ["a", "b"][row % 2]).collect::<Vec<_>>(),
            ),
            Column::new(
                "y".into(),
                (0..40)
                    .map(|row| (row % 10 != 9).then_some(row * 2))
                    .collect::<Vec<_>>(),
            ),
        ],
    )
    .unwrap()
}

#[test]
fn everything_is_fitted_on_the_training_part() {
    let prepared = Prepared::new(&TrainSpec::new("t", "y"), &frame()).unwrap();
    assert_eq!((prepared.dropped, prepared.rows.count()), (4, 36));
    let Values::Numbers(values) = &prepared.targets else {
        panic!()
    };
    let Task::Regression { mean, .. } = prepared.task else {
        panic!()
    };
    let train: Vec<f64> = prepared
        .split
        .train
        .iter()
        .map(|row| values[*row as usize])
        .collect();
    assert!((mean - train.iter().sum::<f64>() / train.len() as f64).abs() < 1e-12);
    assert_eq!(prepared.inputs.names(), ["x", "kind"]);
    assert!(prepared.warnings[0].contains("4 rows have no `y`"));
}

#[test]
fn wrong_names_and_values_are_explained() {
    let code = |change: &dyn Fn(&mut TrainSpec)| {
        let mut spec = TrainSpec::new("t", "y");
        change(&mut spec);
        Problem::from(Prepared::new(&spec, &frame()).unwrap_err())
    };
    let target = code(&|spec| spec.target = "Kind".into());
    assert_eq!(
        (target.code, target.hint.as_deref()),
        (Code::UnknownColumn, Some("did you mean `kind`?"))
    );
    assert_eq!(
        code(&|spec| spec.features = vec!["kinds".into()]).code,
        Code::UnknownColumn
    );
    let mut ignoring = TrainSpec::new("t", "y");
    ignoring.ignore = vec!["z".into()];
    let prepared = Prepared::new(&ignoring, &frame()).unwrap();
    assert_eq!(
        prepared.inputs.names(),
        ["x", "kind"],
        "the rows of a run lack what is ignored"
    );
    assert_eq!(
        code(&|spec| spec.ignore = vec!["x".into(), "kind".into()]).code,
        Code::EmptyData
    );
    assert_eq!(code(&|spec| spec.epochs = Some(0)).code, Code::BadValue);
    let grown_from_texts = code(&|spec| {
        spec.model.kind = ModelKind::Trees;
        spec.text = Some(TextSpec::new("kind"));
    });
    assert_eq!(grown_from_texts.code, Code::BadValue);
    assert!(grown_from_texts.message.contains("trees"));
    assert_eq!(code(&|spec| spec.batch_size = Some(0)).code, Code::BadValue);
    assert_eq!(
        code(&|spec| spec.optimizer.learning_rate = Some(f64::NAN)).code,
        Code::BadValue
    );
    assert_eq!(
        code(&|spec| spec.optimizer.weight_decay = -1.0).code,
        Code::BadValue
    );
}
