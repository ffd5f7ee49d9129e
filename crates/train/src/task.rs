//! The task and the target: which rows have one, what the classes are, and what the model learns in their place.

use crate::error::{Result, TrainError};
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
    /// A number.
    Regression {
        /// Mean over the training part; the model learns `(y - mean) / deviation`.
        mean: f64,
        /// Standard deviation over the training part, 1 where that is 0.
        deviation: f64,
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
    /// `binary`, `multiclass`, `regression` or `quantiles`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Binary { .. } => "binary",
            Self::Multiclass { .. } => "multiclass",
            Self::Regression { .. } => "regression",
            Self::Quantiles { .. } => "quantiles",
        }
    }

    /// Class names in the order of the model's outputs; none for numbers.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Binary { classes, .. } | Self::Multiclass { classes, .. } => classes,
            Self::Regression { .. } | Self::Quantiles { .. } => &[],
        }
    }

    /// Numbers as the model learns them.
    pub fn standardized(&self, values: &[f64]) -> Vec<f32> {
        let (mean, deviation) = match self {
            Self::Regression { mean, deviation } | Self::Quantiles { mean, deviation, .. } => {
                (*mean, *deviation)
            }
            Self::Binary { .. } | Self::Multiclass { .. } => (0.0, 1.0),
        };
        let standardized = |value: &f64| ((value - mean) / deviation) as f32;
        values.iter().map(standardized).collect()
    }

    /// Outputs of the model: one a class (two logits for a binary task), one a quantile, or one number.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Quantiles { quantiles, .. } => quantiles.len(),
            _ => self.classes().len().max(1),
        }
    }
}

/// The values that are to be predicted, for the rows that have one.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The index of each row's class.
    Classes(Vec<u32>),
    /// Each row's number, in the target's unit.
    Numbers(Vec<f64>),
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
            TaskSpec::Regression => true,
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
mod tests {
    use super::*;
    use aloft_spec::{Code, Problem};
    use proptest::prelude::*;

    fn read(column: &Column, asked: TaskSpec) -> std::result::Result<Target, Problem> {
        Target::read(column, asked, &[]).map_err(Problem::from)
    }

    #[test]
    fn tasks_follow_from_the_target() {
        let cases = [
            (
                Column::new("y".into(), [Some(true), Some(false), None]),
                "binary",
                vec!["false", "true"],
            ),
            (
                Column::new("y".into(), ["no", "yes", "no"]),
                "binary",
                vec!["no", "yes"],
            ),
            (
                Column::new("y".into(), ["b", "a", "c", "a", "b"]),
                "multiclass",
                vec!["a", "b", "c"],
            ),
            (
                Column::new("y".into(), [10, 9, 2]),
                "multiclass",
                vec!["2", "9", "10"],
            ),
            (
                Column::new("y".into(), [1.5, -2.0, 1.5]),
                "binary",
                vec!["-2", "1.5"],
            ),
            (Column::new("y".into(), [1.5, 2.0, 3.25]), "regression", vec![]),
            (
                Column::new("y".into(), (0..21).collect::<Vec<i32>>()),
                "regression",
                vec![],
            ),
        ];
        for (column, task, classes) in cases {
            let target = read(&column, TaskSpec::Auto).unwrap();
            assert_eq!(
                (target.task.name(), target.task.classes()),
                (
                    task,
                    &classes.iter().map(ToString::to_string).collect::<Vec<_>>()[..]
                )
            );
        }
    }

    #[test]
    fn missing_targets_are_left_out_and_counted() {
        let column = Column::new(
            "y".into(),
            [Some(1.0), None, Some(f64::NAN), Some(4.0), Some(2.0)],
        );
        let target = read(&column, TaskSpec::Auto).unwrap();
        assert_eq!((target.rows, target.dropped), (vec![0, 3, 4], 2));
        assert_eq!(target.values, Values::Numbers(vec![1.0, 4.0, 2.0]));
    }

    #[test]
    fn targets_that_teach_nothing_are_refused() {
        let single = read(&Column::new("late".into(), [true; 12]), TaskSpec::Auto).unwrap_err();
        assert_eq!(single.code, Code::SingleClass);
        assert!(
            single.message.contains("`late`")
                && single.message.contains("`true`")
                && single.message.contains("12")
        );
        let empty = read(&Column::new("y".into(), [None::<i32>, None]), TaskSpec::Auto).unwrap_err();
        assert_eq!(empty.code, Code::EmptyData);
        let text = Column::new("y".into(), ["a", "b", "c"]);
        assert_eq!(
            read(&text, TaskSpec::Regression).unwrap_err().code,
            Code::BadValue
        );
        assert_eq!(read(&text, TaskSpec::Binary).unwrap_err().code, Code::BadValue);
        let ids: Vec<String> = (0..50).map(|i| format!("id{i}")).collect();
        assert_eq!(
            read(&Column::new("y".into(), ids), TaskSpec::Auto)
                .unwrap_err()
                .code,
            Code::BadValue
        );
    }

    proptest! {
        #[test]
        fn float_keys_keep_order_and_value(a in -1e300..1e300f64, b in -1e300..1e300f64) {
            prop_assert_eq!(order_value(order_key(a)), a);
            prop_assert_eq!(order_key(a) < order_key(b), a < b);
        }
    }
}
