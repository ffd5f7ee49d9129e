//! Columns as positions on an axis.

use crate::{
    error::{DataError, Result, guarded},
    profile::milliseconds,
};
use aloft_spec::{
    chart::Scale,
    table::{ColumnKind, Field},
};
use polars::prelude::*;

/// A column as real numbers: truth values are 0 and 1, dates and times milliseconds. NaN and infinite values are null.
/// `instead` is the hint for columns that hold no numbers.
pub(super) fn number(field: &Field, instead: &str) -> Result<Expr> {
    let real = real(field, instead)?;
    Ok(match field.kind {
        ColumnKind::Float => when(real.clone().is_finite()).then(real).otherwise(lit(NULL)),
        _ => real,
    })
}

/// The same, where NaN and infinite values stay.
fn real(field: &Field, instead: &str) -> Result<Expr> {
    let column = || col(field.name.as_str());
    let milliseconds = |column: Expr| {
        column.map(
            |column| Ok(milliseconds(column.as_materialized_series())?.into_column()),
            |_, field| {
                Ok(polars::prelude::Field::new(
                    field.name().clone(),
                    DataType::Float64,
                ))
            },
        )
    };
    match field.kind {
        ColumnKind::Integer | ColumnKind::Boolean | ColumnKind::Float => Ok(column().cast(DataType::Float64)),
        ColumnKind::Datetime => Ok(milliseconds(on_the_clock(field))),
        ColumnKind::Date | ColumnKind::Time => Ok(milliseconds(column())),
        ColumnKind::Text | ColumnKind::Other => Err(DataError::BadValue {
            what: format!("`{}` holds {}, not numbers", field.name, field.dtype),
            hint: instead.into(),
        }),
    }
}

/// Whether a column holds points in time with a zone.
pub(super) fn has_zone(field: &Field) -> bool {
    field.kind == ColumnKind::Datetime && field.dtype.contains(", ")
}

/// Points in time as clocks in their zone show them: as tables write them, and as conditions on them are read.
fn on_the_clock(field: &Field) -> Expr {
    let column = col(field.name.as_str());
    if has_zone(field) {
        column
            .dt()
            .replace_time_zone(None, lit("raise"), NonExistent::Raise)
    } else {
        column
    }
}

/// A column as positions on an axis; on a logarithmic one only what is above 0 has a position.
pub(super) fn position(field: &Field, log: bool, instead: &str) -> Result<Expr> {
    if log {
        logarithm(field, instead)
    } else {
        number(field, instead)
    }
}

/// The same, where NaN and infinite values may be among the positions.
pub(super) fn rough_position(field: &Field, log: bool, instead: &str) -> Result<Expr> {
    if log {
        logarithm(field, instead)
    } else {
        real(field, instead)
    }
}

fn logarithm(field: &Field, instead: &str) -> Result<Expr> {
    let number = number(field, instead)?;
    Ok(when(number.clone().gt(lit(0.0)))
        .then(number.log(lit(10.0)))
        .otherwise(lit(NULL)))
}

/// How positions of a column read.
pub(super) fn scale(field: &Field, log: bool) -> Scale {
    match field.kind {
        _ if log => Scale::Log,
        ColumnKind::Date | ColumnKind::Datetime => Scale::Time,
        _ => Scale::Linear,
    }
}

/// The same for means of a column.
pub(super) fn scale_of(field: Option<&Field>, log: bool) -> Scale {
    field.map_or(if log { Scale::Log } else { Scale::Linear }, |field| {
        scale(field, log)
    })
}

/// A number's position on an axis.
pub(super) fn on(log: bool, value: f64) -> f64 {
    if log { value.log10() } else { value }
}

/// Whether a column's numbers are whole, so that bins hold equally many of them.
pub(super) fn is_whole(field: &Field, log: bool) -> bool {
    !log && matches!(field.kind, ColumnKind::Integer | ColumnKind::Boolean)
}

/// The values of a column of numbers, row by row; no value is NaN.
pub(super) fn reals(frame: &DataFrame, name: &str) -> Result<Vec<f64>> {
    guarded(|| {
        Ok(frame
            .column(name)?
            .cast(&DataType::Float64)?
            .f64()?
            .iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect())
    })
}

/// The values of a column of indices and counts.
pub(super) fn indices(frame: &DataFrame, name: &str) -> Result<Vec<usize>> {
    guarded(|| {
        Ok(frame
            .column(name)?
            .cast(&DataType::UInt64)?
            .u64()?
            .iter()
            .map(|value| value.unwrap_or(0) as usize)
            .collect())
    })
}
