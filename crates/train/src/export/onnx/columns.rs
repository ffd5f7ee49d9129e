//! Preprocessing in nodes: each column of the table to numbers or a category.

use super::{super::unsupported, moment};
use crate::{
    error::Result,
    preprocess::{Category, Encoding, Flag, Number, Preprocessing, SOFT_CLIP, Scale, TargetMeans},
};
use aloft_onnx::{Attribute, ElementType, Model, Tensor};

/// Names of the values that a network is given, each [rows, its width].
#[derive(Debug, Default)]
pub struct Columns {
    /// Numbers, float32, in the order of the network's input.
    pub numbers: Vec<String>,
    /// Categories, int64, likewise; each [rows, 1].
    pub categories: Vec<String>,
}

/// Appends all columns. The inputs come first, so that they have the names of the table's columns.
///
/// # Errors
/// `Unsupported` naming a column whose scale has no form in ONNX here.
pub fn append(model: &mut Model, preprocessing: &Preprocessing) -> Result<Columns> {
    let inputs: Vec<String> = preprocessing
        .columns
        .iter()
        .map(|column| {
            let (kind, about) = input(&column.encoding);
            model.input(&column.name, kind, 1, about).name
        })
        .collect();
    let mut columns = Columns::default();
    for (column, x) in preprocessing.columns.iter().zip(&inputs) {
        match &column.encoding {
            Encoding::Number(fitted) => number(model, &column.name, fitted, x, &mut columns.numbers)?,
            Encoding::Flag(fitted) => flag(model, *fitted, x, &mut columns.numbers),
            Encoding::Moment(fitted) => moment::append(model, fitted, x, &mut columns.numbers),
            Encoding::Category(fitted) => columns.categories.push(category(model, fitted, x)),
            Encoding::Target(fitted) => columns.numbers.push(target_means(model, fitted, x)),
        }
    }
    Ok(columns)
}

/// What a column is given as, and what is missing there.
fn input(encoding: &Encoding) -> (ElementType, &'static str) {
    match encoding {
        Encoding::Number(_) => (ElementType::Double, "a number; NaN is missing"),
        Encoding::Flag(Flag { indicator: true, .. }) => (ElementType::Float, "0 or 1; NaN is missing"),
        Encoding::Flag(_) => (ElementType::Bool, "true or false"),
        Encoding::Category(_) | Encoding::Target(_) => (
            ElementType::String,
            "a text; one that training hasn't seen counts as missing",
        ),
        Encoding::Moment(fitted) if fitted.date => (
            ElementType::Int64,
            "milliseconds since 1970-01-01T00:00; the smallest int64 is missing, as numpy's NaT",
        ),
        Encoding::Moment(_) => (
            ElementType::Int64,
            "milliseconds since midnight; the smallest int64 is missing, as numpy's NaT",
        ),
    }
}

/// A value as another type.
pub fn cast(model: &mut Model, x: &str, to: ElementType) -> String {
    model.apply("Cast", &[x], &[("to", Attribute::Int(to as i64))])
}

/// 1 where a value isn't known.
pub fn indicator(model: &mut Model, known: &str) -> String {
    let missing = model.apply("Not", &[known], &[]);
    cast(model, &missing, ElementType::Float)
}

/// `(x - mean) / deviation` of a double.
pub fn standardized(model: &mut Model, x: &str, mean: f64, deviation: f64) -> String {
    let mean = model.doubles("mean", &[], &[mean]);
    let deviation = model.doubles("deviation", &[], &[deviation]);
    let centered = model.apply("Sub", &[x, &mean], &[]);
    model.apply("Div", &[&centered, &deviation], &[])
}

fn number(model: &mut Model, name: &str, fitted: &Number, x: &str, out: &mut Vec<String>) -> Result<()> {
    let Scale::Linear {
        center,
        width,
        straight,
    } = fitted.scale
    else {
        return unsupported(
            format!(
                "column `{name}` is scaled by quantiles (preprocess.scaling = \"quantile\"), which can't be written as ONNX"
            ),
            "train with preprocess.scaling = \"robust\", or write it for PyTorch: `aloft export --pytorch`",
        );
    };
    // A comparison with NaN is false, and infinities are beyond the largest number: both are missing.
    let size = model.apply("Abs", &[x], &[]);
    let largest = model.doubles("largest", &[], &[f64::MAX]);
    let known = model.apply("LessOrEqual", &[&size, &largest], &[]);
    let fill = model.doubles("fill", &[], &[fitted.fill]);
    let filled = model.apply("Where", &[&known, x, &fill], &[]);
    let score = standardized(model, &filled, center, width);
    let score = match straight {
        true => score,
        false => soft_clip(model, &score),
    };
    out.push(cast(model, &score, ElementType::Float));
    if fitted.indicator {
        out.push(indicator(model, &known));
    }
    Ok(())
}

/// The number itself within the bound; beyond it, only the logarithm of the excess counts.
fn soft_clip(model: &mut Model, score: &str) -> String {
    let [bound, zero, one] = [("bound", SOFT_CLIP), ("zero", 0.0), ("one", 1.0)]
        .map(|(name, value)| model.doubles(name, &[], &[value]));
    let size = model.apply("Abs", &[score], &[]);
    let excess = model.apply("Sub", &[&size, &bound], &[]);
    let beyond = model.apply("Greater", &[&excess, &zero], &[]);
    let excess = model.apply("Where", &[&beyond, &excess, &zero], &[]);
    let above = model.apply("Add", &[&excess, &one], &[]);
    let logarithm = model.apply("Log", &[&above], &[]);
    let size = model.apply("Add", &[&bound, &logarithm], &[]);
    let sign = model.apply("Sign", &[score], &[]);
    let clipped = model.apply("Mul", &[&sign, &size], &[]);
    model.apply("Where", &[&beyond, &clipped, score], &[])
}

fn flag(model: &mut Model, fitted: Flag, x: &str, out: &mut Vec<String>) {
    if !fitted.indicator {
        return out.push(cast(model, x, ElementType::Float));
    }
    let known = model.apply("Equal", &[x, x], &[]);
    let mode = model.floats("mode", &[], &[f32::from(fitted.mode)]);
    out.push(model.apply("Where", &[&known, x, &mode], &[]));
    out.push(indicator(model, &known));
}

/// The numbers of each text's code, [rows, width].
fn target_means(model: &mut Model, fitted: &TargetMeans, x: &str) -> String {
    let code = category(model, &fitted.category, x);
    let width = fitted.center.len();
    let means: Vec<f32> = fitted.means.iter().flatten().map(|mean| *mean as f32).collect();
    let means = model.floats("means", &[fitted.means.len(), width], &means);
    let numbers = Tensor {
        name: model.apply("Gather", &[&means, &code], &[]),
        shape: vec![1, width],
    };
    model.reshape(&numbers, &[width]).name
}

/// The code of each text, 0 for those that training hasn't seen.
fn category(model: &mut Model, fitted: &Category, x: &str) -> String {
    // A table of nothing isn't valid: where no text was kept, the empty one has the code that all have.
    let (keys, first) = match fitted.values.is_empty() {
        true => (vec![String::new()], 0),
        false => (fitted.values.clone(), 1),
    };
    let codes: Vec<i64> = (first..).take(keys.len()).collect();
    model.apply_of(
        Model::LEARNING,
        "LabelEncoder",
        &[x],
        &[
            ("keys_strings", Attribute::Texts(&keys)),
            ("values_int64s", Attribute::Ints(&codes)),
            ("default_int64", Attribute::Int(0)),
        ],
    )
}
