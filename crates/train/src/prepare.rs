//! From a table and a specification to what the first step needs: target, parts, fitted preprocessing, encoded rows.

use crate::{
    architecture::Architecture,
    batch::{Encoded, batch_size},
    boosting,
    error::{Result, TrainError},
    metrics::Truth,
    preprocess::{Form, Preprocessing, mean_and_deviation},
    split::Split,
    task::{Target, Task, Values},
};
use aloft_spec::{
    text::thousands,
    train::{ModelKind, TrainSpec},
};
use polars::prelude::*;

/// A prepared training.
#[derive(Debug)]
pub struct Prepared {
    /// The task, a regression's mean and deviation fitted.
    pub task: Task,
    /// What was fitted on the training part.
    pub preprocessing: Preprocessing,
    /// The model's shape.
    pub architecture: Architecture,
    /// The rows that have a target, encoded.
    pub rows: Encoded,
    /// Their targets.
    pub targets: Values,
    /// Their parts.
    pub split: Split,
    /// Rows of the table without a target.
    pub dropped: usize,
    /// Rows of a step.
    pub batch_size: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Reads the target, divides the rows, fits the preprocessing on the training part and encodes all.
    pub fn new(spec: &TrainSpec, frame: &DataFrame) -> Result<Self> {
        check(spec)?;
        let names = || frame.get_column_names().into_iter().map(PlSmallStr::as_str);
        let Ok(column) = frame.column(&spec.target) else {
            return Err(TrainError::unknown_column("the target", &spec.target, names()));
        };
        let mut target = Target::read(column, spec.task)?;
        let features = features(spec, frame)?;
        let split = Split::new(&spec.split, frame, &target)?;
        let train: Vec<u32> = split.train.iter().map(|row| target.rows[*row as usize]).collect();
        let trees = spec.model.kind == ModelKind::Trees;
        let form = if trees { Form::Plain } else { Form::Scaled };
        let (preprocessing, mut warnings) = Preprocessing::fit(frame, &features, &train, form)?;
        let rows = match target.dropped {
            0 => preprocessing.encode(frame)?,
            dropped => {
                warnings.insert(
                    0,
                    format!(
                        "{} rows have no `{}` and are left out",
                        thousands(dropped as u64),
                        spec.target
                    ),
                );
                let kept = target.rows.iter().map(|row| *row as IdxSize).collect();
                preprocessing.encode(&frame.take(&IdxCa::from_vec("rows".into(), kept))?)?
            }
        };
        if let (Task::Regression { mean, deviation }, Values::Numbers(values)) =
            (&mut target.task, &target.values)
        {
            (*mean, *deviation) = mean_and_deviation(split.train.iter().map(|row| values[*row as usize]));
        }
        let architecture = Architecture::new(
            &spec.model,
            preprocessing.numeric_width(),
            &preprocessing.category_values(),
            target.task.outputs(),
        )?;
        Ok(Self {
            task: target.task,
            preprocessing,
            architecture,
            rows,
            targets: target.values,
            dropped: target.dropped,
            batch_size: step_rows(spec, split.train.len()),
            split,
            warnings,
        })
    }

    /// Steps of an epoch; the last one may have fewer rows.
    pub fn steps_per_epoch(&self) -> usize {
        self.split.train.len().div_ceil(self.batch_size)
    }

    /// The true values of some rows.
    pub fn truth(&self, rows: &[u32]) -> Truth {
        match &self.targets {
            Values::Classes(classes) => {
                Truth::Classes(rows.iter().map(|row| classes[*row as usize]).collect())
            }
            Values::Numbers(values) => Truth::Numbers {
                values: rows.iter().map(|row| values[*row as usize]).collect(),
                base: match self.task {
                    Task::Regression { mean, .. } => mean,
                    Task::Binary { .. } | Task::Multiclass { .. } => 0.0,
                },
            },
        }
    }
}

/// Rows of a step out of so many training rows. Trees always learn from all of them.
pub fn step_rows(spec: &TrainSpec, train_rows: usize) -> usize {
    match spec.model.kind {
        ModelKind::Trees => train_rows.max(1),
        ModelKind::Mlp | ModelKind::Linear => batch_size(spec.batch_size, train_rows),
    }
}

/// The columns to learn from, in the table's order.
fn features(spec: &TrainSpec, frame: &DataFrame) -> Result<Vec<String>> {
    let names: Vec<&str> = frame
        .get_column_names()
        .into_iter()
        .map(PlSmallStr::as_str)
        .collect();
    for (role, listed) in [
        ("the feature", &spec.features),
        ("the ignored column", &spec.ignore),
    ] {
        if let Some(unknown) = listed.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(TrainError::unknown_column(role, unknown, names));
        }
    }
    let wanted = |name: &&str| {
        let listed = |list: &[String]| list.iter().any(|listed| listed == name);
        **name != *spec.target
            && (spec.features.is_empty() || listed(&spec.features))
            && !listed(&spec.ignore)
    };
    Ok(names.into_iter().filter(wanted).map(str::to_owned).collect())
}

/// Values that no table is needed to refuse.
fn check(spec: &TrainSpec) -> Result<()> {
    let optimizer = &spec.optimizer;
    let bad = if spec.epochs == 0 {
        Some(("epochs is 0".into(), "1 at the least"))
    } else if spec.batch_size == Some(0) {
        Some(("batch_size is 0".into(), "leave it out, or give 1 at the least"))
    } else if !(optimizer.learning_rate > 0.0 && optimizer.learning_rate.is_finite()) {
        let message = format!("optimizer.learning_rate is {}", optimizer.learning_rate);
        Some((message, "a number above 0, for instance 2e-3"))
    } else if !(optimizer.weight_decay >= 0.0 && optimizer.weight_decay.is_finite()) {
        let message = format!("optimizer.weight_decay is {}", optimizer.weight_decay);
        Some((message, "0 or more, for instance 1e-2"))
    } else {
        None
    };
    match bad {
        Some((message, hint)) => Err(TrainError::bad_value(message, hint)),
        None if spec.model.kind == ModelKind::Trees => boosting::check(&spec.model.trees),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!((prepared.dropped, prepared.rows.rows), (4, 36));
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
        assert_eq!(prepared.preprocessing.names(), ["x", "kind"]);
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
        assert_eq!(
            code(&|spec| spec.ignore = vec!["z".into()]).code,
            Code::UnknownColumn
        );
        assert_eq!(
            code(&|spec| spec.ignore = vec!["x".into(), "kind".into()]).code,
            Code::EmptyData
        );
        assert_eq!(code(&|spec| spec.epochs = 0).code, Code::BadValue);
        assert_eq!(code(&|spec| spec.batch_size = Some(0)).code, Code::BadValue);
        assert_eq!(
            code(&|spec| spec.optimizer.learning_rate = f64::NAN).code,
            Code::BadValue
        );
        assert_eq!(
            code(&|spec| spec.optimizer.weight_decay = -1.0).code,
            Code::BadValue
        );
    }
}
