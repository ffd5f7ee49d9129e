//! From a table and a specification to what the first step needs: target, parts, fitted preprocessing, encoded rows.

use crate::{
    architecture::Architecture,
    batch::{Encoded, batch_size},
    boosting,
    error::{Result, TrainError},
    metrics::Truth,
    preprocess::{Form, Outcomes, Preprocessing, mean_and_deviation, quantile},
    split::Split,
    task::{Target, Task, Values},
};
use aloft_spec::{
    text::thousands,
    train::{CategoryEncoding, ClassWeights, ModelKind, SplitBy, TrainSpec},
};
use polars::prelude::*;

/// A prepared training.
#[derive(Debug)]
pub struct Prepared {
    /// The task, a number's mean and deviation fitted.
    pub task: Task,
    /// What was fitted on the training part.
    pub preprocessing: Preprocessing,
    /// The model's shape.
    pub architecture: Architecture,
    /// The rows that have a target, encoded.
    pub rows: Encoded,
    /// Their targets.
    pub targets: Values,
    /// Their places in the table.
    pub table_rows: Vec<u32>,
    /// Their parts.
    pub split: Split,
    /// Rows of the table without a target.
    pub dropped: usize,
    /// Rows that go through the model together.
    pub batch_size: usize,
    /// Batches of a step.
    pub accumulate: usize,
    /// Passes over the training part at the most.
    pub epochs: u32,
    /// What a row of each class counts; empty where all count the same.
    pub class_weights: Vec<f32>,
    /// Where quantiles are predicted, those of the training part.
    base_quantiles: Vec<f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Reads the target, divides the rows, fits the preprocessing on the training part and encodes all.
    pub fn new(spec: &TrainSpec, frame: &DataFrame) -> Result<Self> {
        let target = target(spec, frame)?;
        let split = Split::new(&spec.split, frame, &target)?;
        Self::with_split(spec, frame, target, split)
    }

    /// The trainings of a cross-validation, one after the other: each fold is the test of one.
    pub fn folds(spec: &TrainSpec, frame: &DataFrame) -> Result<Vec<Split>> {
        Split::folds(&spec.split, frame, &target(spec, frame)?)
    }

    /// The same for a fold of [`folds`](Self::folds).
    pub fn fold(spec: &TrainSpec, frame: &DataFrame, split: Split) -> Result<Self> {
        Self::with_split(spec, frame, target(spec, frame)?, split)
    }

    fn with_split(spec: &TrainSpec, frame: &DataFrame, mut target: Target, split: Split) -> Result<Self> {
        let mut base_quantiles = Vec::new();
        if let (
            Task::Regression { mean, deviation } | Task::Quantiles { mean, deviation, .. },
            Values::Numbers(values),
        ) = (&mut target.task, &target.values)
        {
            let train = split.train.iter().map(|row| values[*row as usize]);
            (*mean, *deviation) = mean_and_deviation(train.clone());
            let mut rising: Vec<f64> = train.collect();
            rising.sort_by(f64::total_cmp);
            base_quantiles = spec
                .quantiles
                .iter()
                .map(|share| quantile(&rising, *share))
                .collect();
        }
        let features = features(spec, frame)?;
        let train: Vec<u32> = split.train.iter().map(|row| target.rows[*row as usize]).collect();
        let trees = spec.model.kind == ModelKind::Trees;
        let outcomes = (spec.model.categories == CategoryEncoding::Target && !trees)
            .then(|| outcomes(&target, &split.train));
        let (preprocessing, mut warnings) =
            Preprocessing::fit(frame, &features, &train, &spec.preprocess, outcomes.as_ref())?;
        let preprocessing = preprocessing.in_form(if trees { Form::Plain } else { Form::Scaled });
        let mut rows = match target.dropped {
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
        if let Some(outcomes) = &outcomes {
            preprocessing.hide_targets(frame, &train, outcomes, &split.train, &mut rows)?;
        }
        let architecture = Architecture::new(
            &spec.model,
            preprocessing.numeric_width(),
            &preprocessing.continuous(),
            &preprocessing.category_values(),
            target.task.outputs(),
        )?;
        Ok(Self {
            class_weights: class_weights(spec, &target, &split.train)?,
            task: target.task,
            preprocessing,
            architecture,
            rows,
            targets: target.values,
            table_rows: target.rows,
            dropped: target.dropped,
            batch_size: step_rows(spec, split.train.len()),
            accumulate: if trees { 1 } else { spec.optimizer.accumulate },
            epochs: spec.epochs_for(split.train.len() as u64),
            split,
            base_quantiles,
            warnings,
        })
    }

    /// Rows of a step; the last one of an epoch may have fewer.
    pub fn step_rows(&self) -> usize {
        self.batch_size * self.accumulate
    }

    /// Steps of an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        self.split.train.len().div_ceil(self.step_rows())
    }

    /// The true values of some rows.
    pub fn truth(&self, rows: &[u32]) -> Truth {
        let values = match &self.targets {
            Values::Classes(classes) => {
                return Truth::Classes(rows.iter().map(|row| classes[*row as usize]).collect());
            }
            Values::Numbers(values) => rows.iter().map(|row| values[*row as usize]).collect(),
        };
        match &self.task {
            Task::Quantiles { quantiles, .. } => Truth::Quantiles {
                values,
                quantiles: quantiles.clone(),
                base: self.base_quantiles.clone(),
            },
            Task::Regression { mean, .. } => Truth::Numbers { values, base: *mean },
            Task::Binary { .. } | Task::Multiclass { .. } => Truth::Numbers { values, base: 0.0 },
        }
    }
}

/// The target that a specification names, once the specification is one that can be followed.
fn target(spec: &TrainSpec, frame: &DataFrame) -> Result<Target> {
    check(spec)?;
    let names = || frame.get_column_names().into_iter().map(PlSmallStr::as_str);
    let Ok(column) = frame.column(&spec.target) else {
        return Err(TrainError::unknown_column("the target", &spec.target, names()));
    };
    Target::read(column, spec.task, &spec.quantiles)
}

/// What the training rows come to, for the encoding of texts: a standardized number, whether a row is of the second of two
/// classes, or of which of several it is.
fn outcomes(target: &Target, train: &[u32]) -> Outcomes {
    let (width, values) = match (&target.task, &target.values) {
        (
            Task::Regression { mean, deviation } | Task::Quantiles { mean, deviation, .. },
            Values::Numbers(values),
        ) => {
            let standardized = |row: &u32| (values[*row as usize] - mean) / deviation;
            (1, train.iter().map(standardized).collect())
        }
        (task, Values::Classes(classes)) if task.outputs() > 2 => {
            let width = task.outputs();
            let one_hot = |row: &u32| {
                let own = classes[*row as usize] as usize;
                (0..width).map(move |class| f64::from(u8::from(class == own)))
            };
            (width, train.iter().flat_map(one_hot).collect())
        }
        (_, Values::Classes(classes)) => {
            let second = |row: &u32| f64::from(classes[*row as usize]);
            (1, train.iter().map(second).collect())
        }
        (_, Values::Numbers(values)) => (1, train.iter().map(|row| values[*row as usize]).collect()),
    };
    Outcomes { width, values }
}

/// What a row of each class counts in the loss, by the training part.
fn class_weights(spec: &TrainSpec, target: &Target, train: &[u32]) -> Result<Vec<f32>> {
    let (names, Values::Classes(classes)) = (target.task.classes(), &target.values) else {
        return Ok(Vec::new());
    };
    match &spec.loss.class_weights {
        None => Ok(Vec::new()),
        Some(ClassWeights::Rule(_)) => {
            let mut counts = vec![0usize; names.len()];
            for row in train {
                counts[classes[*row as usize] as usize] += 1;
            }
            let weight = |count: usize| train.len() as f64 / (names.len() * count.max(1)) as f64;
            Ok(counts.into_iter().map(|count| weight(count) as f32).collect())
        }
        Some(ClassWeights::Given(weights)) => {
            if let Some(unknown) = weights.keys().find(|name| !names.contains(name)) {
                return Err(TrainError::bad_value(
                    format!(
                        "loss.class_weights has `{unknown}`, which isn't a class of `{}`",
                        spec.target
                    ),
                    format!("its classes are {}", names.join(", ")),
                ));
            }
            if let Some((name, weight)) = weights
                .iter()
                .find(|(_, weight)| !(**weight > 0.0 && weight.is_finite()))
            {
                return Err(TrainError::bad_value(
                    format!("loss.class_weights has {weight} for `{name}`"),
                    "a number above 0",
                ));
            }
            let weight = |name: &String| weights.get(name).copied().unwrap_or(1.0) as f32;
            Ok(names.iter().map(weight).collect())
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
        // The test's groups are never seen in training: what is learned of a group by its name is of no use.
        let group = spec.split.by == SplitBy::Group && spec.split.column.as_deref() == Some(*name);
        **name != *spec.target
            && (!group || listed(&spec.features))
            && (spec.features.is_empty() || listed(&spec.features))
            && !listed(&spec.ignore)
    };
    Ok(names.into_iter().filter(wanted).map(str::to_owned).collect())
}

/// Values that no table is needed to refuse.
fn check(spec: &TrainSpec) -> Result<()> {
    let optimizer = &spec.optimizer;
    let share = |number: f64| (0.0..1.0).contains(&number);
    let above = |number: f64| number > 0.0 && number.is_finite();
    let named = |key: &str, value: f64| format!("{key} is {value}");
    let (rate, warmup) = (optimizer.highest_rate(), spec.schedule.warmup_share());
    let bad = if spec.epochs == Some(0) {
        Some(("epochs is 0".into(), "1 at the least"))
    } else if spec.batch_size == Some(0) {
        Some(("batch_size is 0".into(), "leave it out, or give 1 at the least"))
    } else if !above(rate) {
        let hint = "a number above 0, for instance 2e-3";
        Some((named("optimizer.learning_rate", rate), hint))
    } else if !(optimizer.weight_decay >= 0.0 && optimizer.weight_decay.is_finite()) {
        let hint = "0 or more, for instance 1e-2";
        Some((named("optimizer.weight_decay", optimizer.weight_decay), hint))
    } else if !share(optimizer.momentum) {
        let hint = "a share from 0 to less than 1, for instance 0.9";
        Some((named("optimizer.momentum", optimizer.momentum), hint))
    } else if let Some(clip) = optimizer.clip.filter(|clip| !above(*clip)) {
        Some((named("optimizer.clip", clip), "a number above 0, for instance 1"))
    } else if optimizer.accumulate == 0 {
        Some(("optimizer.accumulate is 0".into(), "1 at the least"))
    } else if !share(warmup) {
        let hint = "a share of the steps from 0 to less than 1, for instance 0.1";
        Some((named("schedule.warmup", warmup), hint))
    } else if !(above(spec.schedule.factor) && spec.schedule.factor < 1.0) {
        let hint = "above 0 and below 1, for instance 0.5";
        Some((named("schedule.factor", spec.schedule.factor), hint))
    } else if !share(spec.loss.label_smoothing) {
        let hint = "a share from 0 to less than 1, for instance 0.1";
        Some((named("loss.label_smoothing", spec.loss.label_smoothing), hint))
    } else if !(spec
        .quantiles
        .iter()
        .all(|quantile| above(*quantile) && *quantile < 1.0)
        && spec.quantiles.is_sorted_by(|a, b| a < b))
    {
        let hint = "rising, each above 0 and below 1, for instance [0.1, 0.5, 0.9]";
        Some((format!("quantiles are {:?}", spec.quantiles), hint))
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
        assert_eq!(code(&|spec| spec.epochs = Some(0)).code, Code::BadValue);
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
}
