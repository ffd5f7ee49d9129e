//! Sheets of Excel workbooks and OpenDocument spreadsheets.

use super::{Opened, columnar};
use crate::{
    error::{DataError, Result, guarded},
    near::suggestion,
};
use aloft_spec::{
    reading::Reading,
    source::{Format, SourceSpec},
    text::thousands,
};
use calamine::{Data, Range, Reader, Sheets, open_workbook_auto};
use polars::prelude::*;
use std::{collections::HashSet, fs::File, io::BufReader, path::Path};

const DAY: i64 = 86_400_000_000;

/// Opens a sheet: the one that `spec.table` names, else the first. It lies in memory.
pub(crate) fn open(spec: &SourceSpec, file: &Path, format: Format) -> Result<Opened> {
    let bytes = columnar::size(file)?;
    let mut book = workbook(file, format)?;
    let sheets = book.sheet_names();
    let sheet = match &spec.table {
        Some(table) => sheets
            .iter()
            .find(|sheet| *sheet == table)
            .ok_or_else(|| DataError::UnknownPart {
                file: file.to_owned(),
                what: format!("the workbook has no sheet `{table}`"),
                hint: suggestion(table, "sheets", sheets.iter().map(String::as_str)),
            })?,
        None => sheets.first().ok_or_else(|| DataError::Empty {
            file: file.to_owned(),
            what: "the workbook has no sheet",
        })?,
    };
    let range = book.worksheet_range(sheet).map_err(|error| {
        DataError::unreadable(
            file,
            format!("the sheet `{sheet}` can't be read: {error}"),
            "open it in a spreadsheet program and save it again",
        )
    })?;
    let mut reading = Reading::new(format, 1, bytes);
    reading.bytes_read = Some(bytes);
    reading.other_tables = sheets.iter().filter(|other| *other != sheet).cloned().collect();
    reading.table = Some(sheet.clone());
    let frame = frame(file, &range, spec.header, &mut reading.warnings)?;
    Ok(Opened {
        rows: frame.height() as u64,
        plan: frame.lazy(),
        reading,
        layout: None,
        row_groups: None,
    })
}

fn workbook(file: &Path, format: Format) -> Result<Sheets<BufReader<File>>> {
    open_workbook_auto(file).map_err(|error| {
        let said = error.to_string();
        let hint = if said.to_lowercase().contains("password") {
            "save it without a password"
        } else {
            "the file may be cut off or of another format: open it in a spreadsheet program and save it again"
        };
        DataError::unreadable(file, format!("this {format} file can't be read: {said}"), hint)
    })
}

fn frame(
    file: &Path,
    range: &Range<Data>,
    header: Option<bool>,
    warnings: &mut Vec<String>,
) -> Result<DataFrame> {
    let rows: Vec<&[Data]> = range.rows().collect();
    let Some(first) = rows.first() else {
        return Err(DataError::Empty {
            file: file.to_owned(),
            what: "the sheet is empty",
        });
    };
    let has_header = header.unwrap_or_else(|| names_columns(first));
    let body = if has_header { &rows[1..] } else { &rows[..] };
    let mut seen = HashSet::new();
    let mut columns = Vec::new();
    for (index, above) in first.iter().enumerate() {
        let name = match text(above) {
            Some(name) if has_header && !name.trim().is_empty() => name,
            _ => format!("column_{}", index + 1),
        };
        if !seen.insert(name.clone()) {
            return Err(DataError::DuplicateColumn {
                file: Some(file.to_owned()),
                name,
            });
        }
        let cells: Vec<&Data> = body.iter().filter_map(|row| row.get(index)).collect();
        columns.push(column(&name, &cells, warnings)?);
    }
    guarded(|| DataFrame::new(body.len(), columns))
}

/// Whether a first row names the columns: nothing but texts, and years beside texts.
fn names_columns(row: &[Data]) -> bool {
    let is_text = |cell: &Data| matches!(cell, Data::String(_) | Data::Empty);
    let is_year = |cell: &Data| {
        number(cell).is_some_and(|year| (1900.0..=2100.0).contains(&year) && year.fract() == 0.0)
    };
    row.iter().any(|cell| matches!(cell, Data::String(_)))
        && row.iter().all(|cell| is_text(cell) || is_year(cell))
}

/// What the cells of a column have in common.
#[derive(Default)]
struct Kinds {
    numbers: usize,
    fractions: usize,
    truths: usize,
    /// Points in time; those at midnight; those on no day, which are times of a day.
    moments: usize,
    midnights: usize,
    times: usize,
    spans: usize,
    texts: usize,
    errors: usize,
}

impl Kinds {
    fn of(cells: &[&Data]) -> Self {
        let mut kinds = Self::default();
        for cell in cells {
            match cell {
                Data::Empty => {}
                Data::Error(_) => kinds.errors += 1,
                Data::Bool(_) => kinds.truths += 1,
                cell => match (number(cell), moment(cell), span(cell)) {
                    (Some(number), ..) => {
                        kinds.numbers += 1;
                        kinds.fractions += usize::from(number.fract() != 0.0 || number.abs() > 9e15);
                    }
                    (_, Some(moment), _) => {
                        kinds.moments += 1;
                        kinds.midnights += usize::from(moment.rem_euclid(DAY) == 0);
                        kinds.times += usize::from(is_time(cell));
                    }
                    (_, _, Some(_)) => kinds.spans += 1,
                    _ => kinds.texts += 1,
                },
            }
        }
        kinds
    }
}

fn column(name: &str, cells: &[&Data], warnings: &mut Vec<String>) -> Result<Column> {
    let kinds = Kinds::of(cells);
    if kinds.errors > 0 {
        let cells = if kinds.errors == 1 { "cell" } else { "cells" };
        warnings.push(format!(
            "{} {cells} of `{name}` with an error (#DIV/0!, #N/A) have no value",
            thousands(kinds.errors as u64)
        ));
    }
    let groups = [
        kinds.numbers,
        kinds.truths,
        kinds.moments,
        kinds.spans,
        kinds.texts,
    ];
    let mixed = groups.iter().filter(|count| **count > 0).count() > 1;
    if mixed {
        warnings.push(format!(
            "`{name}` holds values of several kinds and is read as text"
        ));
    }
    let whole = |of: fn(&Data) -> Option<i64>, dtype: DataType| {
        let values: Vec<Option<i64>> = cells.iter().map(|cell| of(cell)).collect();
        Series::new(name.into(), values).strict_cast(&dtype)
    };
    let series = guarded(|| match () {
        () if !mixed && kinds.truths > 0 => {
            let values = cells.iter().map(|cell| match cell {
                Data::Bool(value) => Some(*value),
                _ => None,
            });
            Ok(Series::new(name.into(), values.collect::<Vec<_>>()))
        }
        () if !mixed && kinds.numbers > 0 && kinds.fractions == 0 => {
            whole(|cell| number(cell).map(|number| number as i64), DataType::Int64)
        }
        () if !mixed && kinds.numbers > 0 => {
            let values: Vec<Option<f64>> = cells.iter().map(|cell| number(cell)).collect();
            Ok(Series::new(name.into(), values))
        }
        () if !mixed && kinds.moments > 0 && kinds.times == kinds.moments => whole(
            |cell| moment(cell).map(|moment| moment.rem_euclid(DAY) * 1000),
            DataType::Time,
        ),
        () if !mixed && kinds.moments > 0 && kinds.midnights == kinds.moments => {
            let days: Vec<Option<i32>> = cells
                .iter()
                .map(|cell| moment(cell).and_then(|moment| i32::try_from(moment.div_euclid(DAY)).ok()))
                .collect();
            Series::new(name.into(), days).strict_cast(&DataType::Date)
        }
        () if !mixed && kinds.moments > 0 => whole(moment, DataType::Datetime(TimeUnit::Microseconds, None)),
        () if !mixed && kinds.spans > 0 => whole(span, DataType::Duration(TimeUnit::Microseconds)),
        () => {
            let values: Vec<Option<String>> = cells.iter().map(|cell| text(cell)).collect();
            Ok(Series::new(name.into(), values))
        }
    })?;
    Ok(series.into_column())
}

fn number(cell: &Data) -> Option<f64> {
    match cell {
        Data::Int(value) => Some(*value as f64),
        Data::Float(value) => Some(*value),
        _ => None,
    }
}

/// Microseconds since 1970 of a point in time.
fn moment(cell: &Data) -> Option<i64> {
    match cell {
        Data::DateTime(value) if value.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
            let clock = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
            let days = days_from_civil(i64::from(year), i64::from(month), i64::from(day));
            Some(days * DAY + (clock * 1000 + i64::from(milli)) * 1000)
        }
        Data::DateTimeIso(text) => {
            let (date, clock) = text.split_once('T').unwrap_or((text, "00:00:00"));
            let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
            let days = days_from_civil(parts.next()??, parts.next()??, parts.next()??);
            let mut parts = clock.trim_end_matches('Z').splitn(3, ':');
            let hours: i64 = parts.next()?.parse().ok()?;
            let minutes: i64 = parts.next()?.parse().ok()?;
            let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
            Some(days * DAY + (hours * 60 + minutes) * 60_000_000 + (seconds * 1e6).round() as i64)
        }
        _ => None,
    }
}

/// Whether a point in time lies on no day: spreadsheets write times of a day as parts of day 0.
fn is_time(cell: &Data) -> bool {
    matches!(cell, Data::DateTime(value) if (0.0..1.0).contains(&value.as_f64()))
}

/// Microseconds of a span of time.
fn span(cell: &Data) -> Option<i64> {
    match cell {
        Data::DateTime(value) if value.is_duration() => Some((value.as_f64() * DAY as f64).round() as i64),
        // ISO 8601: PT10H30M05.5S
        Data::DurationIso(text) => {
            let mut rest = text.strip_prefix("PT")?;
            let mut seconds = 0.0;
            for (unit, length) in [('H', 3600.0), ('M', 60.0), ('S', 1.0)] {
                if let Some((value, after)) = rest.split_once(unit) {
                    seconds += value.parse::<f64>().ok()? * length;
                    rest = after;
                }
            }
            rest.is_empty().then(|| (seconds * 1e6).round() as i64)
        }
        _ => None,
    }
}

/// The text of a cell; none of an empty one and of an error.
fn text(cell: &Data) -> Option<String> {
    match cell {
        Data::Empty | Data::Error(_) => None,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Some(text.clone()),
        Data::Int(value) => Some(value.to_string()),
        Data::Float(value) => Some(value.to_string()),
        Data::Bool(value) => Some(value.to_string()),
        Data::DateTime(value) => {
            let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            Some(match (hour, minute, second) {
                (0, 0, 0) => date,
                _ => format!("{date} {hour:02}:{minute:02}:{second:02}"),
            })
        }
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_time_are_understood() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        assert_eq!(days_from_civil(1969, 12, 31), -1);
        let iso = |text: &str| moment(&Data::DateTimeIso(text.into()));
        assert_eq!(iso("1970-01-02"), Some(DAY));
        assert_eq!(iso("1970-01-01T01:02:03.5"), Some(3_723_500_000));
        assert_eq!(iso("yesterday"), None);
        assert_eq!(
            span(&Data::DurationIso("PT01H30M00.5S".into())),
            Some(5_400_500_000)
        );
        assert_eq!(span(&Data::DurationIso("P1D".into())), None);
    }
}
