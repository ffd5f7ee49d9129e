//! Dates that can hardly be meant.

use super::looked::{Column, Looked, of, sql_name};
use crate::{
    error::{Result, guarded},
    profile::milliseconds,
};
use aloft_spec::{Finding, FindingCode, Severity, date::Date, table::ColumnKind};

/// 1900-01-01, in days since 1970-01-01.
const LONG_AGO: i64 = -25_567;
/// 2999-01-01: nobody plans that far, so that a date from there on means "no end".
const NO_END: i64 = 375_832;
/// Dates of the first day of the clock, 1970-01-01, that aren't an accident.
const LEAST_PILED: usize = 5;
/// So many times more than on the days that follow is a pile.
const PILE: f64 = 10.0;

/// Findings in a column of dates or points in time, by the present day.
pub(super) fn findings(looked: &Looked, column: &Column<'_>, today: i64) -> Result<Vec<Finding>> {
    if !matches!(column.kind, ColumnKind::Date | ColumnKind::Datetime) {
        return Ok(Vec::new());
    }
    let days: Vec<i64> = guarded(|| {
        let at = milliseconds(column.series)?;
        Ok(at
            .f64()?
            .iter()
            .flatten()
            .map(|at| (at / 86_400_000.0).floor() as i64)
            .collect())
    })?;
    let count = |is: &dyn Fn(i64) -> bool| days.iter().filter(|day| is(**day)).count();
    let (name, sql) = (column.name, sql_name(column.name));
    let mut findings = Vec::new();
    let mut found = |rows: usize, what: &str, hint: String| {
        if rows > 0 {
            let message = format!("`{name}` is {what} in {}", of(rows, days.len(), "rows"));
            findings.push(looked.finding(
                FindingCode::DateOutOfRange,
                Severity::Warning,
                &[name],
                message,
                hint,
            ));
        }
    };
    found(
        count(&|day| day < LONG_AGO),
        "before 1900",
        format!("leave them out: `WHERE {sql} >= DATE '1900-01-01'`"),
    );
    found(
        count(&|day| day >= NO_END),
        "in the year 2999 or later, which stands for “no end”",
        format!("make them no value: `CASE WHEN {sql} < DATE '2999-01-01' THEN {sql} END AS {sql}`"),
    );
    // A table of things to come (bookings, bonds) has most of its dates there.
    let ahead = count(&|day| day > today && day < NO_END);
    if ahead * 2 < days.len() {
        found(
            ahead,
            "after today",
            format!(
                "leave them out: `WHERE {sql} <= DATE '{}'`, or find out who wrote them",
                Date::from_days(today)
            ),
        );
    }
    let first = count(&|day| day == 0);
    let next = count(&|day| (1..=30).contains(&day));
    if first >= LEAST_PILED && first as f64 > PILE * (next as f64 / 30.0) && first < days.len() {
        found(
            first,
            "1970-01-01, where clocks begin that were never set,",
            format!("make it no value: `NULLIF({sql}, DATE '1970-01-01') AS {sql}`"),
        );
    }
    Ok(findings)
}
