//! From what the network gives to predictions.

use super::columns::cast;
use crate::task::{LabelType, Task};
use aloft_onnx::{Attribute, Dimension, ElementType, Model};

/// Appends the outputs: `prediction`, and `probabilities` where there are classes.
pub fn append(model: &mut Model, task: &Task, result: &str) {
    let one = [Dimension::Rows, Dimension::Size(1)];
    match task {
        Task::Regression { mean, deviation } => {
            let exact = cast(model, result, ElementType::Double);
            let mean = model.doubles("mean", &[], &[*mean]);
            let deviation = model.doubles("deviation", &[], &[*deviation]);
            let scaled = model.apply("Mul", &[&exact, &deviation], &[]);
            let number = model.apply("Add", &[&scaled, &mean], &[]);
            model.output(
                "prediction",
                &number,
                ElementType::Double,
                &one,
                "in the target's unit",
            );
        }
        Task::Binary { classes, labels } | Task::Multiclass { classes, labels } => {
            let likeliest = model.apply(
                "ArgMax",
                &[result],
                &[("axis", Attribute::Int(1)), ("keepdims", Attribute::Int(1))],
            );
            let (table, kind) = table(model, classes, *labels);
            let label = model.apply("Gather", &[&table, &likeliest], &[]);
            model.output("prediction", &label, kind, &one, "the likeliest class");
            let probabilities = model.apply("Softmax", &[result], &[("axis", Attribute::Int(1))]);
            let shape = [Dimension::Rows, Dimension::Size(classes.len())];
            let about = format!("of {}", classes.join(", "));
            model.output(
                "probabilities",
                &probabilities,
                ElementType::Float,
                &shape,
                &about,
            );
        }
    }
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
