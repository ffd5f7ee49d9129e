//! The series of a table, each laid out on its steps.

use super::clock::{Clock, Step};
use crate::{
    error::{Result, TrainError},
    preprocess::values,
};
use aloft_spec::text::{duration, thousands};
use polars::prelude::*;
use std::collections::BTreeMap;

/// Share of rows with a time that another row of their series has, up to which they are only told.
const MOST_DOUBLE: f64 = 0.01;
/// Steps a row beyond which a time can't be meant.
const MOST_STEPS_A_ROW: usize = 100;

/// Rows of one series in the order of time, a place for each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The values of the columns that tell it from others, joined; empty where a table is one series.
    pub key: String,
    /// The time of each step.
    pub times: Vec<i64>,
    /// The table's row of each step; `None` where there is none.
    pub rows: Vec<Option<u32>>,
}

/// The series of a table.
#[derive(Debug)]
pub struct Laid {
    /// In the order of their keys.
    pub series: Vec<Series>,
    /// What they are laid out by.
    pub clock: Clock,
    /// Rows without a time.
    pub timeless: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Lays out a table by its column of time and those that tell series apart. The clock is found in the table where none is
/// given.
///
/// # Errors
/// `BadValue` where a column doesn't hold times, where rows of a series have the same time, or a time is far off.
pub fn lay_out(frame: &DataFrame, time: &str, names: &[String], clock: Option<Clock>) -> Result<Laid> {
    let (times, dated) = times(frame.column(time)?.as_materialized_series())?;
    let keys = keys(frame, names)?;
    let timeless = times.iter().filter(|time| time.is_none()).count();
    let mut apart: BTreeMap<&str, Vec<(i64, u32)>> = BTreeMap::new();
    for ((row, time), key) in (0u32..).zip(&times).zip(&keys) {
        if let Some(time) = time {
            apart.entry(key).or_default().push((*time, row));
        }
    }
    let mut doubled = 0;
    for rows in apart.values_mut() {
        // The sort is stable: of rows with the same time the last one of the table counts.
        rows.sort_by_key(|(time, _)| *time);
        let before = rows.len();
        rows.reverse();
        rows.dedup_by_key(|(time, _)| *time);
        rows.reverse();
        doubled += before - rows.len();
    }
    let mut warnings = Vec::new();
    if doubled as f64 > MOST_DOUBLE * times.len() as f64 {
        return Err(TrainError::bad_value(
            format!(
                "{} of {} rows have a `{time}` that another row of the same series has",
                thousands(doubled as u64),
                thousands(times.len() as u64)
            ),
            match names {
                [] => {
                    "name the columns that tell series apart: `series = [\"station\"]` in `[forecast]`, or make one row \
                       a time in a query"
                }
                _ => "name further columns in `series`, or make one row a time in a query",
            },
        ));
    }
    if doubled > 0 {
        warnings.push(format!(
            "{} rows have a `{time}` that another row of the same series has; the last one counts",
            thousands(doubled as u64)
        ));
    }
    let is_new = clock.is_none();
    let clock = clock.unwrap_or_else(|| {
        let times: Vec<Vec<i64>> = apart
            .values()
            .map(|rows| rows.iter().map(|(time, _)| *time).collect())
            .collect();
        Clock::of(dated, &times)
    });
    if let Step::Uneven(step) = clock.step
        && is_new
    {
        let step = match clock.dated {
            true => format!(" of {}", duration(step as f64 / 1000.0)),
            false => String::new(),
        };
        warnings.push(format!(
            "more than a fifth of the steps{step} have no row: rows are taken as they follow each other, and a step and a season \
             are so many rows, however long that is"
        ));
    }
    if clock.dated != dated {
        let expected = if clock.dated {
            "a date or time"
        } else {
            "a whole number"
        };
        return Err(TrainError::bad_value(
            format!("column `{time}` isn't {expected}, as it was in training"),
            "give the column the type that it had in training",
        ));
    }
    let series = apart
        .into_iter()
        .map(|(key, rows)| one(key, &rows, clock, time))
        .collect::<Result<_>>()?;
    Ok(Laid {
        series,
        clock,
        timeless,
        warnings,
    })
}

fn one(key: &str, rows: &[(i64, u32)], clock: Clock, column: &str) -> Result<Series> {
    let key = key.to_owned();
    let Some(&(first, _)) = rows.first() else {
        return Ok(Series {
            key,
            times: Vec::new(),
            rows: Vec::new(),
        });
    };
    if matches!(clock.step, Step::Uneven(_)) {
        return Ok(Series {
            key,
            times: rows.iter().map(|(time, _)| *time).collect(),
            rows: rows.iter().map(|(_, row)| Some(*row)).collect(),
        });
    }
    let mut places: Vec<Option<u32>> = Vec::new();
    for &(time, row) in rows {
        let place = clock.steps(first, time).unwrap_or_default();
        if place > places.len() + MOST_STEPS_A_ROW * rows.len() {
            return Err(TrainError::bad_value(
                format!(
                    "row {} has a `{column}` that is {} steps after the one before",
                    row + 1,
                    thousands((place - places.len()) as u64)
                ),
                "correct the time, or leave the row out in a query",
            ));
        }
        if places.len() <= place {
            places.resize(place + 1, None);
        }
        places[place] = Some(row);
    }
    Ok(Series {
        times: (0..places.len()).map(|step| clock.after(first, step)).collect(),
        key,
        rows: places,
    })
}

/// Milliseconds since 1970 of dates and times, or whole numbers as they are; whether they are dates.
fn times(series: &polars::prelude::Series) -> Result<(Vec<Option<i64>>, bool)> {
    let dtype = series.dtype();
    if dtype.is_integer() {
        let whole = series.cast(&DataType::Int64)?;
        return Ok((whole.i64()?.iter().collect(), false));
    }
    match dtype {
        DataType::Date | DataType::Datetime(..) | DataType::String => Ok((values::moments(series)?, true)),
        _ => Err(TrainError::bad_value(
            format!(
                "column `{}` is of type {dtype}, which doesn't order a series",
                series.name()
            ),
            "`time` names a column of dates, of dates with times, or of whole numbers",
        )),
    }
}

/// The values of the columns that tell series apart, joined.
fn keys(frame: &DataFrame, names: &[String]) -> Result<Vec<String>> {
    let mut keys = vec![String::new(); frame.height()];
    for (index, name) in names.iter().enumerate() {
        let texts = values::texts(frame.column(name)?.as_materialized_series())?;
        for (key, text) in keys.iter_mut().zip(texts.iter()) {
            if index > 0 {
                key.push_str(" · ");
            }
            key.push_str(text.unwrap_or("no value"));
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::{Code, Problem};

    fn frame(hours: &[i64], places: &[&str]) -> DataFrame {
        let times: Vec<i64> = hours.iter().map(|hour| hour * 3_600_000).collect();
        let time = Column::new("time".into(), times)
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
            .unwrap();
        let place = Column::new("place".into(), places);
        DataFrame::new(hours.len(), vec![time, place]).unwrap()
    }

    #[test]
    fn each_series_has_its_steps_in_order() {
        let frame = frame(
            &[2, 0, 1, 4, 0, 3, 1, 2],
            &["b", "b", "b", "b", "a", "a", "a", "a"],
        );
        let laid = lay_out(&frame, "time", &["place".into()], None).unwrap();
        let rows: Vec<_> = laid
            .series
            .iter()
            .map(|series| (series.key.as_str(), series.rows.clone()))
            .collect();
        assert_eq!(rows[0], ("a", vec![Some(4), Some(6), Some(7), Some(5)]));
        assert_eq!(rows[1], ("b", vec![Some(1), Some(2), Some(0), None, Some(3)]));
        assert_eq!(laid.series[1].times[3], 3 * 3_600_000, "a hole has its time");
    }

    #[test]
    fn a_step_that_isnt_one_of_time_is_told() {
        let hours: Vec<i64> = (0..100).filter(|hour| hour % 7 < 5).collect();
        let frame = frame(&hours, &vec!["a"; hours.len()]);
        let laid = lay_out(&frame, "time", &[], None).unwrap();
        assert!(
            laid.warnings[0].contains("taken as they follow each other"),
            "{:?}",
            laid.warnings
        );
        // Whoever predicts was told when the model was made.
        let again = lay_out(&frame, "time", &[], Some(laid.clock)).unwrap();
        assert!(again.warnings.is_empty());
    }

    #[test]
    fn times_that_several_rows_have_are_told() {
        let problem = |hours: &[i64]| {
            let frame = frame(hours, &vec!["a"; hours.len()]);
            Problem::from(lay_out(&frame, "time", &[], None).unwrap_err())
        };
        let double = problem(&[0, 0, 1, 1, 2]);
        assert_eq!(double.code, Code::BadValue);
        assert!(double.hint.unwrap().contains("series"));
        let mut many: Vec<i64> = (0..400).collect();
        many.push(7);
        let frame = frame(&many, &vec!["a"; many.len()]);
        let laid = lay_out(&frame, "time", &[], None).unwrap();
        assert_eq!(laid.series[0].rows[7], Some(400), "the last one counts");
        assert_eq!(laid.warnings.len(), 1);
    }
}
