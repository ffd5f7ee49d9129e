//! Several columns of yes or no that are predicted together.

use super::{LabelType, Target, Task, Values};
use crate::error::{Result, TrainError};
use aloft_spec::text::thousands;
use polars::prelude::*;

impl Target {
    /// Reads columns of labels, each of yes or no. Rows that lack one are left out.
    pub fn of_labels(columns: &[Column]) -> Result<Self> {
        let mut types = Vec::new();
        let mut each = Vec::new();
        for column in columns {
            let (kind, values) = yes_or_no(column)?;
            types.push(kind);
            each.push(values);
        }
        let height = columns.first().map_or(0, Column::len);
        let has_all = |row: &usize| each.iter().all(|values| values[*row].is_some());
        let rows: Vec<u32> = (0..height).filter(has_all).map(|row| row as u32).collect();
        if rows.is_empty() {
            return Err(TrainError::EmptyData {
                message: format!("none of {} rows has all labels", thousands(height as u64)),
                hint: "choose other labels, or fill the missing ones in a query".into(),
            });
        }
        for (values, column) in each.iter().zip(columns) {
            let mut known = rows.iter().map(|row| values[*row as usize]);
            let first = known.next().flatten();
            if known.all(|value| value == first) {
                return Err(TrainError::SingleClass {
                    column: column.name().to_string(),
                    value: first.unwrap_or_default().to_string(),
                    rows: rows.len(),
                });
            }
        }
        let of_row = |row: &u32| {
            let row = *row as usize;
            each.iter()
                .map(move |values| f64::from(values[row] == Some(true)))
        };
        let values = rows.iter().flat_map(of_row).collect();
        Ok(Self {
            task: Task::Multilabel {
                labels: columns.iter().map(|column| column.name().to_string()).collect(),
                types,
                shares: Vec::new(),
            },
            dropped: height - rows.len(),
            values: Values::Numbers(values),
            rows,
        })
    }
}

/// A column of truth values, or of 0 and 1.
fn yes_or_no(column: &Column) -> Result<(LabelType, Vec<Option<bool>>)> {
    let series = column.as_materialized_series();
    let wrong = |found: String| {
        TrainError::bad_value(
            format!(
                "the label `{}` {found}; a label is true or false, or 1 or 0",
                column.name()
            ),
            "make it so in a query, for instance `price > 100 AS dear`",
        )
    };
    let dtype = series.dtype();
    if *dtype == DataType::Boolean {
        return Ok((LabelType::Boolean, series.bool()?.iter().collect()));
    }
    if !dtype.is_primitive_numeric() {
        return Err(wrong(format!("is of type {dtype}")));
    }
    let numbers = series.cast(&DataType::Float64)?;
    let value = |number: Option<f64>| match number {
        None => Ok(None),
        Some(number) if number == 0.0 || number == 1.0 => Ok(Some(number == 1.0)),
        Some(number) => Err(wrong(format!("is {number} in a row"))),
    };
    let values = numbers.f64()?.iter().map(value).collect::<Result<_>>()?;
    Ok((LabelType::Integer, values))
}
