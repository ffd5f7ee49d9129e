//! What a row of each class counts, and what rows come to for the encoding of texts.

use crate::{
    error::{Result, TrainError},
    preprocess::Outcomes,
    task::{Target, Task, Values},
};
use aloft_spec::train::{ClassWeights, TrainSpec};

/// What the training rows come to, for the encoding of texts: a standardized number, whether a row is of the second of two
/// classes, or of which of several it is.
pub fn outcomes(target: &Target, train: &[u32]) -> Outcomes {
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
        (_, Values::Numbers(_)) => (1, numbers(target, train)),
        (_, Values::Inputs) => (0, Vec::new()),
    };
    Outcomes { width, values }
}

/// The numbers to learn of the training part; none where classes are learned.
pub fn numbers(target: &Target, train: &[u32]) -> Vec<f64> {
    match &target.values {
        Values::Numbers(values) => train.iter().map(|row| values[*row as usize]).collect(),
        Values::Classes(_) | Values::Inputs => Vec::new(),
    }
}

/// What a row of each class counts in the loss, by the training part.
pub fn class_weights(spec: &TrainSpec, target: &Target, train: &[u32]) -> Result<Vec<f32>> {
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
