//! The task and the target: which rows have one, what the classes are, and what the model learns in their place.

mod labels;

use crate::{
    error::{Result, TrainError},
    inputs::{Examples, Unit},
};
use aloft_spec::{text::thousands, train::TaskSpec};
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most values of whole numbers that are taken for classes.
const WHOLE_NUMBER_CLASSES: usize = 20;
/// Most classes of a target.
const MOST_CLASSES: usize = 1000;

/// What a model predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase")]
pub enum Task {
    /// One of two classes.
    Binary {
        /// Both, in the order of the model's outputs.
        classes: Vec<String>,
        /// The target's type.
        labels: LabelType,
    },
    /// One of several classes.
    Multiclass {
        /// All, in the order of the model's outputs.
        classes: Vec<String>,
        /// The target's type.
        labels: LabelType,
    },
    /// Any of several labels.
    Multilabel {
        /// Their columns, in the order of the model's outputs.
        labels: Vec<String>,
        /// The type of each.
        types: Vec<LabelType>,
        /// The share of the training part that has each.
        shares: Vec<f64>,
    },
    /// A number.
    Regression {
        /// Mean over the training part; the model learns `(y - mean) / deviation`.
        mean: f64,
        /// Standard deviation over the training part, 1 where that is 0.
        deviation: f64,
    },
    /// The next values of a series; the unit of what the model learns is that of each window.
    Forecast {
        /// How many.
        horizon: usize,
        /// Mean over the training part, which a base line says.
        mean: f64,
    },
    /// How unlike the others a row is: what an autoencoder can't give back of it.
    Anomaly {
        /// Numbers of a row.
        numbers: usize,
        /// The error from which a row is an anomaly, by the validation rows; 0 as long as the model learns.
        threshold: f64,
    },
    /// Quantiles of a number.
    Quantiles {
        /// Mean over the training part; the model learns quantiles of `(y - mean) / deviation`.
        mean: f64,
        /// Standard deviation over the training part, 1 where that is 0.
        deviation: f64,
        /// The quantiles, rising.
        quantiles: Vec<f64>,
    },
}

/// The type of a target's classes, so that predictions have it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelType {
    /// `false` and `true`.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Other numbers.
    Float,
    /// Text.
    Text,
}

impl Task {
    /// `binary`, `multiclass`, `multilabel`, `regression`, `quantiles`, `forecast` or `anomaly`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Binary { .. } => "binary",
            Self::Multiclass { .. } => "multiclass",
            Self::Multilabel { .. } => "multilabel",
            Self::Regression { .. } => "regression",
            Self::Forecast { .. } => "forecast",
            Self::Anomaly { .. } => "anomaly",
            Self::Quantiles { .. } => "quantiles",
        }
    }

    /// Class names in the order of the model's outputs; none for numbers.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Binary { classes, .. } | Self::Multiclass { classes, .. } => classes,
            Self::Multilabel { .. }
            | Self::Regression { .. }
            | Self::Quantiles { .. }
            | Self::Forecast { .. }
            | Self::Anomaly { .. } => &[],
        }
    }

    /// Outputs of the model: one a class (two logits for a binary task), one a label, one number, one a quantile, or one for
    /// each step ahead.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Quantiles { quantiles, .. } => quantiles.len(),
            Self::Forecast { horizon, .. } => *horizon,
            Self::Anomaly { numbers, .. } => *numbers,
            Self::Multilabel { labels, .. } => labels.len(),
            _ => self.classes().len().max(1),
        }
    }

    /// Values that are true of a row: one, or one for each number that is predicted.
    pub fn target_width(&self) -> usize {
        match self {
            Self::Multilabel { .. } | Self::Forecast { .. } | Self::Anomaly { .. } => self.outputs(),
            _ => 1,
        }
    }

    /// What a base line says that knows the training part's mean alone; 0 for classes.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Regression { mean, .. } | Self::Quantiles { mean, .. } | Self::Forecast { mean, .. } => {
                *mean
            }
            // What an autoencoder gives back is scaled.
            Self::Binary { .. }
            | Self::Multiclass { .. }
            | Self::Multilabel { .. }
            | Self::Anomaly { .. } => 0.0,
        }
    }

    /// What the numbers that a model gives for a row are in.
    pub fn unit(&self, rows: &dyn Examples, row: u32) -> Unit {
        match self {
            Self::Regression { mean, deviation } | Self::Quantiles { mean, deviation, .. } => Unit {
                start: *mean,
                size: *deviation,
            },
            Self::Forecast { .. } => rows.unit(row).unwrap_or_default(),
            Self::Binary { .. }
            | Self::Multiclass { .. }
            | Self::Multilabel { .. }
            | Self::Anomaly { .. } => Unit::default(),
        }
    }
}

/// The values that are to be predicted, for the rows that have one.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The index of each row's class.
    Classes(Vec<u32>),
    /// Each row's numbers, [rows, [`Task::target_width`]], in the target's unit.
    Numbers(Vec<f64>),
    /// The numbers of each row itself.
    Inputs,
}

/// A target column, read.
#[derive(Debug, Clone)]
pub struct Target {
    /// The task; a number's mean and deviation are still to be fitted.
    pub task: Task,
    /// Rows of the table that have a target, ascending.
    pub rows: Vec<u32>,
    /// Their values, in the same order.
    pub values: Values,
    /// Rows without a target.
    pub dropped: usize,
}

impl Target {
    /// Leaves rows out; `keep` is asked for rows of the table.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let kept: Vec<bool> = self.rows.iter().map(|row| keep(*row)).collect();
        self.dropped += kept.iter().filter(|kept| !**kept).count();
        fn only<T>(values: &mut Vec<T>, kept: &[bool], width: usize) {
            let mut kept = kept.iter().flat_map(|kept| std::iter::repeat_n(*kept, width));
            values.retain(|_| kept.next() == Some(true));
        }
        only(&mut self.rows, &kept, 1);
        match &mut self.values {
            Values::Classes(classes) => only(classes, &kept, 1),
            Values::Numbers(numbers) => only(numbers, &kept, self.task.target_width()),
            Values::Inputs => {}
        }
    }

    /// Reads the target column and infers the task where none is asked for; quantiles, rising, ask for those of a number.
    pub fn read(column: &Column, asked: TaskSpec, quantiles: &[f64]) -> Result<Self> {
        let name = column.name().as_str();
        let series = column.as_materialized_series();
        let (rows, cells) = cells(series)?;
        let dropped = series.len() - rows.len();
        if rows.is_empty() {
            return Err(TrainError::EmptyData {
                message: format!(
                    "the target `{name}` has no value in any of {} rows",
                    thousands(series.len() as u64)
                ),
                hint: "choose another target, or rows where it is known".into(),
            });
        }
        let classes = Classes::of(&cells);
        let infer_regression = match &cells {
            Cells::Booleans(_) | Cells::Texts(_) => false,
            Cells::Integers(_) => classes.names.len() > WHOLE_NUMBER_CLASSES,
            Cells::Floats(_) => classes.names.len() > 2,
        };
        let regression = match asked {
            TaskSpec::Auto => infer_regression || !quantiles.is_empty(),
            TaskSpec::Regression | TaskSpec::Forecast | TaskSpec::Anomaly => true,
            TaskSpec::Binary | TaskSpec::Multiclass => false,
        };
        if classes.names.len() == 1 {
            return Err(TrainError::SingleClass {
                column: name.to_owned(),
                value: classes.names[0].clone(),
                rows: rows.len(),
            });
        }
        if regression {
            let numbers = cells.numbers().ok_or_else(|| {
                TrainError::bad_value(
                    format!("regression needs a number to predict, and `{name}` is text"),
                    "leave `task` and `quantiles` out, or choose a numeric target",
                )
            })?;
            let (mean, deviation) = (0.0, 1.0);
            return Ok(Self {
                task: match quantiles.is_empty() {
                    true => Task::Regression { mean, deviation },
                    false => Task::Quantiles {
                        mean,
                        deviation,
                        quantiles: quantiles.to_vec(),
                    },
                },
                rows,
                values: Values::Numbers(numbers),
                dropped,
            });
        }
        let count = classes.names.len();
        if asked == TaskSpec::Binary && count != 2 {
            return Err(TrainError::bad_value(
                format!("a binary task needs two classes, and `{name}` has {count}"),
                "leave `task` out, or make the target a yes-or-no column",
            ));
        }
        if count > MOST_CLASSES || (count > WHOLE_NUMBER_CLASSES && count * 2 > rows.len()) {
            return Err(TrainError::bad_value(
                format!(
                    "`{name}` has {count} different values in {} rows, too many for classes",
                    rows.len()
                ),
                "choose a target whose values repeat, or task = \"regression\" for a number",
            ));
        }
        let labels = cells.label_type();
        let binary = count == 2 && asked != TaskSpec::Multiclass;
        let (classes, values) = (classes.names, Values::Classes(classes.indices));
        let task = match binary {
            true => Task::Binary { classes, labels },
            false => Task::Multiclass { classes, labels },
        };
        Ok(Self {
            task,
            rows,
            values,
            dropped,
        })
    }
}

/// A target's values by type.
enum Cells {
    Booleans(Vec<bool>),
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Texts(Vec<String>),
}

impl Cells {
    fn label_type(&self) -> LabelType {
        match self {
            Self::Booleans(_) => LabelType::Boolean,
            Self::Integers(_) => LabelType::Integer,
            Self::Floats(_) => LabelType::Float,
            Self::Texts(_) => LabelType::Text,
        }
    }

    fn numbers(&self) -> Option<Vec<f64>> {
        match self {
            Self::Booleans(values) => Some(values.iter().map(|value| f64::from(*value)).collect()),
            Self::Integers(values) => Some(values.iter().map(|value| *value as f64).collect()),
            Self::Floats(values) => Some(values.clone()),
            Self::Texts(_) => None,
        }
    }
}

/// The rows with a value, and their values.
fn cells(series: &Series) -> Result<(Vec<u32>, Cells)> {
    fn known<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<u32>, Vec<T>) {
        (0u32..)
            .zip(values)
            .filter_map(|(row, value)| Some((row, value?)))
            .unzip()
    }
    let dtype = series.dtype();
    Ok(match dtype {
        DataType::Boolean => {
            let (rows, values) = known(series.bool()?.iter());
            (rows, Cells::Booleans(values))
        }
        _ if dtype.is_integer() => {
            let (rows, values) = known(series.cast(&DataType::Int64)?.i64()?.iter());
            (rows, Cells::Integers(values))
        }
        _ if dtype.is_float() || dtype.is_decimal() => {
            let series = series.cast(&DataType::Float64)?;
            let finite = series
                .f64()?
                .iter()
                .map(|value| value.filter(|value| value.is_finite()));
            let (rows, values) = known(finite);
            (rows, Cells::Floats(values))
        }
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) | DataType::Null => {
            let series = series.cast(&DataType::String)?;
            let (rows, values) = known(series.str()?.iter().map(|value| value.map(str::to_owned)));
            (rows, Cells::Texts(values))
        }
        _ => {
            return Err(TrainError::bad_value(
                format!(
                    "the target `{}` is of type {dtype}, which can't be predicted",
                    series.name()
                ),
                "predict a number, a yes-or-no or a text column; a query can make one of it",
            ));
        }
    })
}

/// Classes in their order, and the class of each value.
struct Classes {
    names: Vec<String>,
    indices: Vec<u32>,
}

impl Classes {
    fn of(cells: &Cells) -> Self {
        match cells {
            Cells::Booleans(values) => Self::sorted(values, bool::to_string),
            Cells::Integers(values) => Self::sorted(values, i64::to_string),
            // Finite numbers are ordered as their bits are once the sign is folded in.
            Cells::Floats(values) => {
                let keys: Vec<i64> = values.iter().map(|value| order_key(*value)).collect();
                Self::sorted(&keys, |key| order_value(*key).to_string())
            }
            Cells::Texts(values) => Self::sorted(values, String::clone),
        }
    }

    fn sorted<T: Ord + std::hash::Hash>(values: &[T], name: impl Fn(&T) -> String) -> Self {
        let distinct: std::collections::BTreeSet<&T> = values.iter().collect();
        let index: HashMap<&T, u32> = distinct.iter().copied().zip(0..).collect();
        Self {
            indices: values.iter().map(|value| index[value]).collect(),
            names: distinct.into_iter().map(name).collect(),
        }
    }
}

/// A whole number that orders finite floats as they are ordered (-0 counts as 0).
fn order_key(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { i64::MIN ^ !bits } else { bits }
}

fn order_value(key: i64) -> f64 {
    let bits = if key < 0 { !(key ^ i64::MIN) } else { key };
    f64::from_bits(bits as u64)
}

#[cfg(test)]
mod tests;
