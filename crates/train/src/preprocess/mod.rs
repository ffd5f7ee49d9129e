//! Preprocessing: what turns a table into numbers and categories. It is fitted on the training part alone, stored with
//! the model, and gives the same numbers in training and in prediction.
//!
//! | column | becomes |
//! |---|---|
//! | number, duration | one number on the scale that is asked for, filled where it is missing; a 0/1 column that says where it was missing, if it ever was in training |
//! | boolean | 0 or 1, the more frequent one where it is missing; a 0/1 column for missing as above |
//! | text, category | a category: values by frequency, bucket 0 for missing and unknown ones; or what the target comes to in it |
//! | date, time | standardized time, and day of the year, weekday and hour on circles (sine and cosine) where the type has them |
//!
//! That is the form for networks. Trees take columns as they are ([`Form::Plain`]): numbers unscaled, dates as days, day of
//! the year, weekday and hour, and missing values as such.
//!
//! Columns that say nothing (one value, all missing, nearly as many texts as rows) are left out with a warning.

mod block;
mod category;
mod moment;
mod number;
mod scale;
mod spread;
mod straight;
mod target;
pub mod values;

use crate::{
    batch::Encoded,
    error::{Result, TrainError},
    table::{Place, Table},
};
use aloft_spec::{text::thousands, train::PreprocessSpec};
use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use block::{Block, Readable};
pub use category::Category;
pub use moment::Moment;
pub use number::{Flag, Number, mean_and_deviation, quantile};
pub use scale::{SOFT_CLIP, Scale};
pub use target::{Outcomes, TargetMeans};

/// Version of what is stored; a model of another one is refused.
pub const VERSION: u32 = 2;

/// Columns that are fitted at a time, each with copies of its own.
const AT_ONCE: usize = 4;
/// Rows that a thread encodes at a time.
const PART: usize = 1 << 14;

/// Fitted preprocessing: the columns in the order of the model's input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// [`VERSION`].
    pub version: u32,
    /// What columns of numbers become.
    #[serde(default)]
    pub form: Form,
    /// The fitted columns.
    pub columns: Vec<FittedColumn>,
}

/// What columns of numbers become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Imputed and standardized, with a 0/1 column for missing values, as networks need them.
    #[default]
    Scaled,
    /// As they are, NaN where they are missing, as trees take them.
    Plain,
}

/// One fitted column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedColumn {
    /// Its name in the table.
    pub name: String,
    /// What was fitted.
    #[serde(flatten)]
    pub encoding: Encoding,
}

/// How a column enters the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Encoding {
    /// A number.
    Number(Number),
    /// Yes or no.
    Flag(Flag),
    /// One of several texts.
    Category(Category),
    /// One of several texts, as what the target comes to in it.
    Target(TargetMeans),
    /// A point in time.
    Moment(Moment),
}

impl Encoding {
    /// Columns of numbers that it fills.
    fn width(&self, form: Form) -> usize {
        match (self, form) {
            (Self::Category(_), _) => 0,
            (Self::Target(means), _) => means.width(),
            (Self::Number(number), Form::Scaled) => number.width(),
            (Self::Flag(flag), Form::Scaled) => flag.width(),
            (Self::Moment(moment), Form::Scaled) => moment.width(),
            (Self::Moment(moment), Form::Plain) => moment.plain_width(),
            (Self::Number(_) | Self::Flag(_), Form::Plain) => 1,
        }
    }
}

/// What fitting one column came to.
enum Fitted {
    Kept(Encoding),
    LeftOut(String),
}

impl Preprocessing {
    /// Fits the named columns on the training rows (indices into the table). With `outcomes`, what these rows come to,
    /// texts are encoded by means of the target. Returns it with a warning for each column that is left out.
    pub fn fit(
        table: &dyn Table,
        names: &[String],
        train: &[u32],
        spec: &PreprocessSpec,
        outcomes: Option<&Outcomes>,
    ) -> Result<(Self, Vec<String>)> {
        let mut columns = Vec::new();
        let mut warnings = Vec::new();
        let train = IdxCa::from_vec("rows".into(), train.iter().map(|row| *row as IdxSize).collect());
        let fit =
            |column: &Column| fit_column(&column.as_materialized_series().take(&train)?, spec, outcomes);
        let fitted: Vec<Result<Fitted>> = match table.place() {
            Place::Memory(frame) => names
                .chunks(AT_ONCE)
                .flat_map(|names| {
                    let fitted = names.par_iter().map(|name| fit(frame.column(name)?));
                    fitted.collect::<Vec<_>>()
                })
                .collect(),
            Place::File(_) => names.iter().map(|name| fit(&table.column(name)?)).collect(),
        };
        for (name, fitted) in names.iter().zip(fitted) {
            match fitted? {
                Fitted::Kept(encoding) => columns.push(FittedColumn {
                    name: name.clone(),
                    encoding,
                }),
                Fitted::LeftOut(why) => warnings.push(format!("column `{name}` is left out: {why}")),
            }
        }
        if columns.is_empty() {
            return Err(TrainError::EmptyData {
                message: "no column is left to learn from".into(),
                hint: match warnings.is_empty() {
                    true => "name some in `features`, or leave `features` and `ignore` out".into(),
                    false => warnings.join("; "),
                },
            });
        }
        let version = VERSION;
        Ok((
            Self {
                version,
                form: Form::default(),
                columns,
            },
            warnings,
        ))
    }

    /// The same columns in another form.
    pub fn in_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Each column by itself, for tables that are read column by column.
    pub fn singly(&self) -> impl Iterator<Item = Self> {
        self.columns.iter().map(|column| Self {
            version: self.version,
            form: self.form,
            columns: vec![column.clone()],
        })
    }

    /// Names of the columns that it reads.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Columns of numbers and of categories that it makes.
    pub fn widths(&self) -> (usize, usize) {
        (self.numeric_width(), self.category_values().len())
    }

    /// Columns of numbers that it makes.
    pub fn numeric_width(&self) -> usize {
        let width = |column: &FittedColumn| column.encoding.width(self.form);
        self.columns.iter().map(width).sum()
    }

    /// Those of them that are points on a line, rather than yes or no or a place on a circle.
    pub fn continuous(&self) -> Vec<usize> {
        let mut at = 0;
        let mut continuous = Vec::new();
        for column in &self.columns {
            let count = match &column.encoding {
                Encoding::Number(_) => 1,
                Encoding::Moment(moment) => usize::from(moment.date),
                Encoding::Target(means) => means.width(),
                Encoding::Flag(_) | Encoding::Category(_) => 0,
            };
            continuous.extend(at..at + count);
            at += column.encoding.width(self.form);
        }
        continuous
    }

    /// For each column of numbers that it makes, the direction that the column of the table is given by its name, else 0.
    /// A column that was left out has none.
    ///
    /// # Errors
    /// `BadValue` naming a column that isn't one of numbers.
    pub fn directions(&self, named: &BTreeMap<String, i8>) -> Result<Vec<i8>> {
        let mut directions = Vec::new();
        for column in &self.columns {
            let own = named.get(&column.name).copied().unwrap_or(0);
            if own != 0 && !matches!(column.encoding, Encoding::Number(_)) {
                return Err(TrainError::bad_value(
                    format!(
                        "model.trees.monotone names `{}`, which isn't a column of numbers",
                        column.name
                    ),
                    "remove it, or make a number of it in a query",
                ));
            }
            directions.extend(vec![own; column.encoding.width(self.form)]);
        }
        Ok(directions)
    }

    /// Values of each column of categories, the bucket of unknown and missing ones counted.
    pub fn category_values(&self) -> Vec<usize> {
        self.columns
            .iter()
            .filter_map(|column| match &column.encoding {
                Encoding::Category(category) => Some(category.values.len() + 1),
                _ => None,
            })
            .collect()
    }

    /// Turns all rows of a frame into numbers and categories; its columns may be in any order, and more than needed.
    ///
    /// # Errors
    /// `MissingColumns` naming all that the frame lacks; `BadValue` where a column doesn't fit its fitted type.
    pub fn encode(&self, frame: &DataFrame) -> Result<Encoded> {
        let lacking = |column: &&FittedColumn| frame.column(&column.name).is_err();
        let names: Vec<String> = self
            .columns
            .iter()
            .filter(lacking)
            .map(|column| column.name.clone())
            .collect();
        if !names.is_empty() {
            return Err(TrainError::MissingColumns { names });
        }
        let rows = frame.height();
        let (numeric_width, category_width) = self.widths();
        let mut numeric = vec![0.0; rows * numeric_width];
        let mut categories = vec![0; rows * category_width];
        let (mut numbers_left, mut codes_left) = (&mut numeric[..], &mut categories[..]);
        let mut parts = Vec::new();
        // Of no rows the columns are looked at all the same.
        for first in (0..rows.max(1)).step_by(PART) {
            let count = PART.min(rows - first);
            let (numbers, codes);
            (numbers, numbers_left) = numbers_left.split_at_mut(count * numeric_width);
            (codes, codes_left) = codes_left.split_at_mut(count * category_width);
            parts.push((first, count, numbers, codes));
        }
        let encoded: Vec<Result<()>> = parts
            .into_par_iter()
            .map(|(first, count, numbers, codes)| {
                let encoded = self.encode_part(&frame.slice(first as i64, count), numbers, codes);
                encoded.map_err(|error| error.after_rows(first as u64))
            })
            .collect();
        encoded.into_iter().collect::<Result<()>>()?;
        Ok(Encoded {
            rows,
            numeric_width,
            numeric,
            category_width,
            categories,
        })
    }

    /// Writes the numbers and the categories of some rows, row by row.
    fn encode_part(&self, frame: &DataFrame, numeric: &mut [f32], categories: &mut [u32]) -> Result<()> {
        let (numeric_width, category_width) = self.widths();
        let (mut at, mut category_at) = (0, 0);
        for column in &self.columns {
            let series = frame.column(&column.name)?.as_materialized_series();
            let mut out = Columns {
                numbers: numeric,
                width: numeric_width,
                at,
            };
            match (&column.encoding, self.form) {
                (Encoding::Number(number), Form::Scaled) => {
                    number.encode(&values::numbers(series)?, &mut out);
                }
                (Encoding::Number(_), Form::Plain) => out.set_all(&values::numbers(series)?),
                (Encoding::Flag(flag), Form::Scaled) => flag.encode(&values::flags(series)?, &mut out),
                (Encoding::Flag(_), Form::Plain) => {
                    let flags = values::flags(series)?.into_iter();
                    let numbers: Vec<f64> = flags.map(|flag| flag.map_or(f64::NAN, f64::from)).collect();
                    out.set_all(&numbers);
                }
                (Encoding::Moment(moment), Form::Scaled) => {
                    moment.encode(&values::moments(series)?, &mut out);
                }
                (Encoding::Moment(moment), Form::Plain) => {
                    moment.encode_plain(&values::moments(series)?, &mut out);
                }
                (Encoding::Target(means), _) => {
                    means.encode(&means.category.codes(&values::texts(series)?), &mut out);
                }
                (Encoding::Category(category), _) => {
                    let codes = category.codes(&values::texts(series)?);
                    for (row, code) in codes.into_iter().enumerate() {
                        categories[row * category_width + category_at] = code;
                    }
                    category_at += 1;
                }
            }
            at += column.encoding.width(self.form);
        }
        Ok(())
    }

    /// Takes the target out of the encoding of the training rows themselves: `train` are their indices into the frame, and
    /// `rows` their places in `encoded`. Only texts that are encoded by means of the target change.
    pub fn hide_targets(
        &self,
        frame: &DataFrame,
        train: &[u32],
        outcomes: &Outcomes,
        rows: &[u32],
        encoded: &mut Encoded,
    ) -> Result<()> {
        let train = IdxCa::from_vec("rows".into(), train.iter().map(|row| *row as IdxSize).collect());
        let mut at = 0;
        for column in &self.columns {
            if let Encoding::Target(means) = &column.encoding {
                let texts = frame
                    .column(&column.name)?
                    .as_materialized_series()
                    .take(&train)?;
                let mut out = Columns {
                    numbers: &mut encoded.numeric,
                    width: encoded.numeric_width,
                    at,
                };
                let codes = means.category.codes(&values::texts(&texts)?);
                means.encode_training(&codes, outcomes, rows, &mut out);
            }
            at += column.encoding.width(self.form);
        }
        Ok(())
    }
}

/// Some neighbouring columns of a row-major matrix.
struct Columns<'a> {
    numbers: &'a mut [f32],
    width: usize,
    at: usize,
}

impl Columns<'_> {
    fn set(&mut self, row: usize, column: usize, value: f64) {
        self.numbers[row * self.width + self.at + column] = value as f32;
    }

    fn set_all(&mut self, values: &[f64]) {
        for (row, value) in values.iter().enumerate() {
            self.set(row, 0, *value);
        }
    }
}

fn fit_column(column: &Series, spec: &PreprocessSpec, outcomes: Option<&Outcomes>) -> Result<Fitted> {
    let known = column.len() - column.null_count();
    if known == 0 {
        return Ok(Fitted::LeftOut("it has no value in the training part".into()));
    }
    let dtype = column.dtype();
    Ok(match dtype {
        DataType::Boolean => Flag::fit(&values::flags(column)?, spec),
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => {
            let texts = values::texts(column)?;
            match (Category::fit(&texts), outcomes) {
                (Fitted::Kept(Encoding::Category(category)), Some(outcomes)) => {
                    let codes = category.codes(&texts);
                    Fitted::Kept(Encoding::Target(TargetMeans::fit(category, &codes, outcomes)))
                }
                (fitted, _) => fitted,
            }
        }
        DataType::Date => Moment::fit(&values::moments(column)?, true, false, spec),
        DataType::Datetime(..) => Moment::fit(&values::moments(column)?, true, true, spec),
        DataType::Time => Moment::fit(&values::moments(column)?, false, true, spec),
        _ if dtype.is_primitive_numeric() || dtype.is_decimal() || dtype.is_duration() => {
            Number::fit(&values::numbers(column)?, spec)
        }
        _ => Fitted::LeftOut(format!("its type {dtype} can't be learned from")),
    })
}

/// That a column is the same everywhere.
fn one_value(value: impl std::fmt::Display, rows: usize) -> Fitted {
    let rows = thousands(rows as u64);
    Fitted::LeftOut(format!("it is {value} in all {rows} training rows"))
}

#[cfg(test)]
mod tests;
