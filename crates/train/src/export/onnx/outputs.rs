//! From what the network gives to predictions.

use super::super::unsupported;
use super::columns::cast;
use crate::{
    error::Result,
    task::{LabelType, Task},
};
use aloft_onnx::{Attribute, Dimension, ElementType, Model, Tensor};

/// Appends the outputs: `prediction`, and `probabilities` where there are classes; or `quantiles`. `result` is what each
/// member of the model gives, which is averaged: numbers as they are, classes as probabilities.
///
/// # Errors
/// `Unsupported` for forecasts and autoencoders.
pub fn append(model: &mut Model, task: &Task, result: &Tensor) -> Result<()> {
    let width = task.outputs();
    let members = result.shape.iter().product::<usize>() / width;
    let result = model.reshape(result, &[members, width]).name;
    match task {
        Task::Regression { mean, deviation } => {
            let number = numbers(model, &result, *mean, *deviation);
            let one = [Dimension::Rows, Dimension::Size(1)];
            let about = "in the target's unit";
            model.output("prediction", &number, ElementType::Double, &one, about);
        }
        Task::Quantiles {
            mean,
            deviation,
            quantiles,
        } => {
            let crossing = numbers(model, &result, *mean, *deviation);
            let rising = model.smallest(&crossing, width);
            let shape = [Dimension::Rows, Dimension::Size(width)];
            let shares: Vec<String> = quantiles.iter().map(f64::to_string).collect();
            let about = format!("{} in the target's unit", shares.join(", "));
            model.output("quantiles", &rising, ElementType::Double, &shape, &about);
        }
        Task::Binary { classes, labels } | Task::Multiclass { classes, labels } => {
            let each = model.apply("Softmax", &[&result], &[("axis", Attribute::Int(-1))]);
            let probabilities = averaged(model, &each);
            let likeliest = model.apply(
                "ArgMax",
                &[&probabilities],
                &[("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(1))],
            );
            let (table, kind) = table(model, classes, *labels);
            let label = model.apply("Gather", &[&table, &likeliest], &[]);
            let one = [Dimension::Rows, Dimension::Size(1)];
            model.output("prediction", &label, kind, &one, "the likeliest class");
            output_probabilities(model, &probabilities, classes);
        }
        Task::Multilabel { labels, .. } => {
            let each = model.apply("Sigmoid", &[&result], &[]);
            let probabilities = averaged(model, &each);
            let half = model.floats("half", &[], &[0.5]);
            let said = model.apply("Greater", &[&probabilities, &half], &[]);
            let shape = [Dimension::Rows, Dimension::Size(width)];
            let about = format!("of {}", labels.join(", "));
            model.output("prediction", &said, ElementType::Bool, &shape, &about);
            output_probabilities(model, &probabilities, labels);
        }
        Task::Forecast { .. } | Task::Anomaly { .. } => {
            return unsupported(
                format!("the task `{}` has no form in ONNX here", task.name()),
                "`aloft predict` scores rows with it",
            );
        }
    }
    Ok(())
}

/// The output `probabilities`, a column for each of some names.
fn output_probabilities(model: &mut Model, probabilities: &str, names: &[String]) {
    let shape = [Dimension::Rows, Dimension::Size(names.len())];
    let about = format!("of {}", names.join(", "));
    model.output("probabilities", probabilities, ElementType::Float, &shape, &about);
}

/// The mean over the members: [rows, members, width] to [rows, width].
fn averaged(model: &mut Model, x: &str) -> String {
    let axes = model.ints("axes", &[1], &[1]);
    model.apply("ReduceMean", &[x, &axes], &[("keepdims", Attribute::Int(0))])
}

/// Averaged numbers in the target's unit, in double precision.
fn numbers(model: &mut Model, result: &str, mean: f64, deviation: f64) -> String {
    let exact = cast(model, result, ElementType::Double);
    let exact = averaged(model, &exact);
    let mean = model.doubles("mean", &[], &[mean]);
    let deviation = model.doubles("deviation", &[], &[deviation]);
    let scaled = model.apply("Mul", &[&exact, &deviation], &[]);
    model.apply("Add", &[&scaled, &mean], &[])
}

/// The classes as a constant of the target's type. A class is the text of a value of that type, see `task::Classes`.
fn table(model: &mut Model, classes: &[String], labels: LabelType) -> (String, ElementType) {
    let shape = [classes.len()];
    match labels {
        LabelType::Boolean => {
            let values: Vec<bool> = classes.iter().map(|class| class == "true").collect();
            (model.bools("classes", &shape, &values), ElementType::Bool)
        }
        LabelType::Integer => {
            let values: Vec<i64> = classes
                .iter()
                .map(|class| class.parse().unwrap_or_default())
                .collect();
            (model.ints("classes", &shape, &values), ElementType::Int64)
        }
        LabelType::Float => {
            let values: Vec<f64> = classes
                .iter()
                .map(|class| class.parse().unwrap_or(f64::NAN))
                .collect();
            (model.doubles("classes", &shape, &values), ElementType::Double)
        }
        LabelType::Text => (model.texts("classes", &shape, classes), ElementType::String),
    }
}
