//! The values of a column by what a model takes them for, whatever type the table gives them: a CSV to predict may hold
//! as text what was a date or a boolean in the Parquet that was trained on.

use crate::error::{Result, TrainError};
use polars::prelude::*;

/// Numbers; missing ones, NaN and the infinities are NaN.
pub fn numbers(series: &Series) -> Result<Vec<f64>> {
    let dtype = series.dtype();
    let numbers = match dtype {
        DataType::String => {
            return parse(series, "a number", |text| text.parse::<f64>().ok()).map(|values| {
                values
                    .into_iter()
                    .map(|value| finite(value.unwrap_or(f64::NAN)))
                    .collect()
            });
        }
        DataType::Duration(_) => series
            .cast(&DataType::Duration(TimeUnit::Milliseconds))?
            .cast(&DataType::Int64)?
            .cast(&DataType::Float64)?,
        _ if dtype.is_primitive_numeric() || dtype.is_decimal() || dtype.is_bool() || dtype.is_null() => {
            series.cast(&DataType::Float64)?
        }
        _ => return Err(unfit(series, "a number")),
    };
    Ok(numbers
        .f64()?
        .iter()
        .map(|value| finite(value.unwrap_or(f64::NAN)))
        .collect())
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// Yes or no, or missing; 0 and 1 count too.
pub fn flags(series: &Series) -> Result<Vec<Option<bool>>> {
    let dtype = series.dtype();
    if dtype.is_bool() {
        return Ok(series.bool()?.iter().collect());
    }
    if dtype.is_string() {
        return parse(series, "true or false", |text| {
            match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            }
        });
    }
    if dtype.is_primitive_numeric() || dtype.is_null() {
        let numbers = numbers(series)?;
        if numbers
            .iter()
            .all(|number| number.is_nan() || *number == 0.0 || *number == 1.0)
        {
            let flag = |number: f64| (!number.is_nan()).then_some(number == 1.0);
            return Ok(numbers.into_iter().map(flag).collect());
        }
    }
    Err(unfit(series, "true or false"))
}

/// Texts; numbers and booleans as they are printed.
pub fn texts(series: &Series) -> Result<StringChunked> {
    let dtype = series.dtype();
    let texts = dtype.is_string() || dtype.is_categorical() || dtype.is_enum();
    if texts || dtype.is_primitive_numeric() || dtype.is_bool() || dtype.is_null() {
        return Ok(series.cast(&DataType::String)?.str()?.clone());
    }
    Err(unfit(series, "text"))
}

/// Milliseconds since 1970-01-01T00:00 UTC, or since midnight for a time of day; texts as ISO 8601.
pub fn moments(series: &Series) -> Result<Vec<Option<i64>>> {
    let milliseconds = match series.dtype() {
        DataType::Date => series
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))?
            .cast(&DataType::Int64)?,
        DataType::Datetime(_, zone) => series
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, zone.clone()))?
            .cast(&DataType::Int64)?,
        DataType::Time => {
            let nanoseconds = series.cast(&DataType::Int64)?;
            return Ok(nanoseconds
                .i64()?
                .iter()
                .map(|value| value.map(|value| value / 1_000_000))
                .collect());
        }
        DataType::String => return parse(series, "a date or time", parse_moment),
        DataType::Null => return Ok(vec![None; series.len()]),
        _ => return Err(unfit(series, "a date or time")),
    };
    Ok(milliseconds.i64()?.iter().collect())
}

fn parse_moment(text: &str) -> Option<i64> {
    use jiff::{Timestamp, civil, tz::TimeZone};
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_millisecond());
    }
    if let Ok(time) = text.parse::<civil::DateTime>() {
        return Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond());
    }
    let time = text.parse::<civil::Time>().ok()?;
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some(seconds * 1000 + i64::from(time.millisecond()))
}

/// Reads texts as something else; an empty text is missing.
fn parse<T>(series: &Series, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<Option<T>>> {
    let parse_one = |(row, text): (usize, Option<&str>)| match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| TrainError::Misfit {
            column: series.name().to_string(),
            text: text.to_owned(),
            row: row as u64 + 1,
            expected: expected.to_owned(),
        }),
    };
    series.str()?.iter().enumerate().map(parse_one).collect()
}

fn unfit(series: &Series, expected: &str) -> TrainError {
    TrainError::bad_value(
        format!(
            "column `{}` is of type {}, and the model takes {expected} there",
            series.name(),
            series.dtype()
        ),
        "give the column the type that it had in training",
    )
}
