//! The canonical form and order of rows.

use crate::{
    error::{Result, guarded},
    table,
};
use aloft_spec::table::ColumnKind;
use polars::prelude::*;
use std::cmp::Ordering;

/// The rows in canonical form and order.
pub(super) fn canonical(frame: &DataFrame) -> Result<DataFrame> {
    guarded(|| {
        let columns = frame
            .columns()
            .iter()
            .map(|column| one_form(column.as_materialized_series()))
            .collect::<PolarsResult<_>>()?;
        sort(&DataFrame::new(frame.height(), columns)?)
    })
}

/// Rows of the canonical form in their order: by all columns, nulls last, NaN before them.
pub(super) fn sort(frame: &DataFrame) -> PolarsResult<DataFrame> {
    let names: Vec<PlSmallStr> = frame.get_column_names_owned();
    // Rows that are equal in all columns are the same row, so their order doesn't matter.
    let mut frame = frame.sort(names, SortMultipleOptions::default().with_nulls_last(true))?;
    frame.rechunk_mut();
    Ok(frame)
}

/// How a row of one frame is ordered against a row of another one with the same columns.
pub(super) fn compare(
    (frame, row): (&DataFrame, usize),
    (other, other_row): (&DataFrame, usize),
) -> PolarsResult<Ordering> {
    for (column, other) in frame.columns().iter().zip(other.columns()) {
        let order = match (column.get(row)?, other.get(other_row)?) {
            (AnyValue::Null, AnyValue::Null) => Ordering::Equal,
            (AnyValue::Null, _) => Ordering::Greater,
            (_, AnyValue::Null) => Ordering::Less,
            (value, other) => value.partial_cmp(&other).unwrap_or(Ordering::Equal),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

/// Values that compare as equal are made the same bytes.
fn one_form(series: &Series) -> PolarsResult<Column> {
    let dtype = series.dtype();
    let series = match table::kind(dtype) {
        // Codes of categories depend on which came first.
        ColumnKind::Text => series.cast(&DataType::String)?,
        // One NaN for all of them, and 0 for −0 (their sum is 0).
        ColumnKind::Float if dtype.is_decimal() || *dtype == DataType::Float64 => {
            let series = series.cast(&DataType::Float64)?;
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            series.f64()?.apply_values(one).into_series()
        }
        ColumnKind::Float => {
            let series = series.cast(&DataType::Float32)?;
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            series.f32()?.apply_values(one).into_series()
        }
        _ => series.clone(),
    };
    Ok(series.into_column())
}
