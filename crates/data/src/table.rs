//! Frames of polars to tables as the window and the command line show them.

use crate::error::{Result, guarded};
use aloft_spec::Problem;
use aloft_spec::table::{Column as TableColumn, ColumnKind, Field, Table, Values};
use polars::prelude::*;
use std::sync::Arc;

/// Longest text of a list or a struct.
const LONGEST_NESTED: usize = 200;

/// Names and types of a schema.
pub(crate) fn fields(schema: &Schema) -> Arc<[Field]> {
    schema.iter().map(|(name, dtype)| field(name, dtype)).collect()
}

pub(crate) fn field(name: &str, dtype: &DataType) -> Field {
    Field {
        name: name.to_owned(),
        dtype: dtype.to_string().replace("μs", "us"),
        kind: kind(dtype),
    }
}

/// What a type holds, coarsely.
pub(crate) fn kind(dtype: &DataType) -> ColumnKind {
    match dtype {
        DataType::Boolean => ColumnKind::Boolean,
        DataType::String | DataType::Categorical(..) | DataType::Enum(..) => ColumnKind::Text,
        DataType::Date => ColumnKind::Date,
        DataType::Datetime(..) => ColumnKind::Datetime,
        DataType::Time | DataType::Duration(_) => ColumnKind::Time,
        dtype if dtype.is_integer() => ColumnKind::Integer,
        dtype if dtype.is_float() || dtype.is_decimal() => ColumnKind::Float,
        _ => ColumnKind::Other,
    }
}

/// All rows of a frame as the window and the command line show them.
///
/// # Errors
/// `Unsupported` for values that polars can't turn into text.
pub fn shown_table(frame: &DataFrame) -> std::result::Result<Table, Problem> {
    Ok(table(frame)?)
}

/// All rows of a frame.
pub(crate) fn table(frame: &DataFrame) -> Result<Table> {
    let columns = frame
        .columns()
        .iter()
        .map(|column| {
            let series = column.as_materialized_series();
            Ok(TableColumn {
                field: field(series.name(), series.dtype()),
                values: values(series)?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(Table {
        columns,
        rows: frame.height(),
    })
}

/// The values of a column, typed.
pub(crate) fn values(series: &Series) -> Result<Values> {
    guarded(|| {
        Ok(match (kind(series.dtype()), series.dtype()) {
            (ColumnKind::Boolean, _) => Values::Boolean(series.bool()?.iter().collect()),
            (ColumnKind::Integer, _) => integers(series)?,
            (ColumnKind::Float, dtype) if !dtype.is_decimal() => {
                Values::Float(series.cast(&DataType::Float64)?.f64()?.iter().collect())
            }
            _ => Values::Text(texts(series)?),
        })
    })
}

/// Whole numbers; as text where 64 bits with a sign don't hold them all.
fn integers(series: &Series) -> PolarsResult<Values> {
    let whole = series.cast(&DataType::Int64)?;
    if whole.null_count() == series.null_count() {
        Ok(Values::Integer(whole.i64()?.iter().collect()))
    } else {
        Ok(Values::Text(texts(series)?))
    }
}

/// Each value as text.
pub(crate) fn texts(series: &Series) -> PolarsResult<Vec<Option<String>>> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(match series.dtype() {
        DataType::String => series.str()?.iter().map(owned).collect(),
        DataType::Date => series.date()?.to_string("%Y-%m-%d")?.iter().map(owned).collect(),
        DataType::Datetime(..) => series
            .datetime()?
            .to_string("%Y-%m-%d %H:%M:%S%.f")?
            .iter()
            .map(owned)
            .collect(),
        DataType::Time => series
            .time()?
            .to_string("%H:%M:%S%.f")
            .iter()
            .map(owned)
            .collect(),
        DataType::Duration(unit) => {
            let per_second = match unit {
                TimeUnit::Nanoseconds => 1_000_000_000,
                TimeUnit::Microseconds => 1_000_000,
                TimeUnit::Milliseconds => 1000,
            };
            series
                .to_physical_repr()
                .i64()?
                .iter()
                .map(|value| value.map(|value| span(value, per_second)))
                .collect()
        }
        DataType::Binary => series
            .binary()?
            .iter()
            .map(|bytes| bytes.map(|bytes| format!("{} bytes", bytes.len())))
            .collect(),
        DataType::Categorical(..) | DataType::Enum(..) => {
            series.cast(&DataType::String)?.str()?.iter().map(owned).collect()
        }
        _ => series
            .iter()
            .map(|value| match value {
                AnyValue::Null => None,
                value => Some(clipped(value.to_string(), LONGEST_NESTED)),
            })
            .collect(),
    })
}

/// At most `longest` letters of a text.
pub(crate) fn clipped(text: String, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A span of time as `-3 d 04:05:06.5`.
fn span(value: i64, per_second: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let per_second = per_second.unsigned_abs();
    let (seconds, fraction) = (
        value.unsigned_abs() / per_second,
        value.unsigned_abs() % per_second,
    );
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let days = if days > 0 {
        format!("{days} d ")
    } else {
        String::new()
    };
    let fraction = if fraction > 0 {
        let digits = per_second.ilog10() as usize;
        format!(".{fraction:0digits$}").trim_end_matches('0').to_owned()
    } else {
        String::new()
    };
    format!(
        "{sign}{days}{hours:02}:{minutes:02}:{:02}{fraction}",
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_read_well() {
        assert_eq!(span(0, 1000), "00:00:00");
        assert_eq!(
            span(-(3 * 86_400_000 + 4 * 3_600_000 + 5 * 60_000 + 6_500), 1000),
            "-3 d 04:05:06.5"
        );
        assert_eq!(span(1, 1_000_000_000), "00:00:00.000000001");
    }
}
