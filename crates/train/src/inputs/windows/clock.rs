//! The time between the rows of a series: what one step is, and after how many the series repeats itself.

use jiff::{Timestamp, ToSpan, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;
/// Milliseconds of 365 days.
pub const YEAR: i64 = 365 * DAY;

/// Share of steps without a row beyond which rows are taken as they follow each other.
const MOST_HOLES: f64 = 0.2;
/// Steps of a day beyond which an hour is the season.
const MOST_STEPS: i64 = 288;

/// What orders a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Whether the column holds dates or times, in milliseconds since 1970, and not just numbers.
    pub dated: bool,
    /// From a row to the next.
    pub step: Step,
}

/// From a row to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Always as long.
    Even(i64),
    /// So many months of the calendar.
    Months(i64),
    /// Rows follow each other in no even time; so long in the middle.
    Uneven(i64),
}

impl Clock {
    /// The step of series whose times are ascending and different.
    pub fn of(dated: bool, series: &[Vec<i64>]) -> Self {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for times in series {
            for pair in times.windows(2) {
                *counts.entry(pair[1] - pair[0]).or_default() += 1;
            }
        }
        // Of several that are equally frequent the shortest.
        let most = counts.values().max().copied().unwrap_or_default();
        let step = counts.iter().find(|(_, count)| **count == most);
        let step = step.map_or(1, |(step, _)| (*step).max(1));
        if dated && step >= 28 * DAY {
            // A month has 30.44 days in the mean of four years.
            let months = (step as f64 / (30.4375 * DAY as f64)).round() as i64;
            return Self {
                dated,
                step: Step::Months(months.max(1)),
            };
        }
        let (mut steps, mut rows) = (0, 0);
        for times in series {
            let (Some(first), Some(last)) = (times.first(), times.last()) else {
                continue;
            };
            steps += (last - first) / step + 1;
            rows += times.len() as i64;
        }
        let holes = 1.0 - rows as f64 / steps.max(1) as f64;
        Self {
            dated,
            step: match holes > MOST_HOLES {
                false => Step::Even(step),
                true => {
                    let all: usize = counts.values().sum();
                    let mut seen = 0;
                    let middle = counts.iter().find(|(_, count)| {
                        seen += **count;
                        seen * 2 >= all
                    });
                    Step::Uneven(middle.map_or(step, |(step, _)| (*step).max(1)))
                }
            },
        }
    }

    /// How many steps a time comes after the first one of its series, to the nearest; `None` where steps are uneven.
    pub fn steps(&self, first: i64, time: i64) -> Option<usize> {
        let steps = match self.step {
            Step::Even(step) => (time - first + step / 2).div_euclid(step),
            Step::Months(months) => {
                let between = month(time)? - month(first)?;
                (between + months / 2).div_euclid(months)
            }
            Step::Uneven(_) => return None,
        };
        usize::try_from(steps).ok()
    }

    /// The time so many steps after another one; where steps are uneven, with the step in the middle.
    pub fn after(&self, first: i64, steps: usize) -> i64 {
        let steps = steps as i64;
        match self.step {
            Step::Even(step) | Step::Uneven(step) => first + steps * step,
            Step::Months(months) => months_after(first, steps * months).unwrap_or(first),
        }
    }

    /// Milliseconds of a step, roughly; `None` where time is a number.
    pub fn milliseconds(&self) -> Option<i64> {
        self.dated.then_some(match self.step {
            Step::Even(step) | Step::Uneven(step) => step,
            Step::Months(months) => months * YEAR / 12,
        })
    }

    /// Steps after which a series is expected to repeat itself: a day for hours and minutes (an hour where a day has too
    /// many), a week for days, a year for weeks and months; 1 for all others.
    pub fn season(&self) -> usize {
        let Some(step) = self.milliseconds() else {
            return 1;
        };
        let steps = match self.step {
            Step::Months(months) => 12 / months.min(12),
            _ if step >= 7 * DAY => (YEAR as f64 / step as f64).round() as i64,
            _ if step >= DAY => 7 * DAY / step,
            _ if DAY / step <= MOST_STEPS => DAY / step,
            _ => HOUR / step,
        };
        steps.max(1) as usize
    }
}

fn civil(milliseconds: i64) -> Option<DateTime> {
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(time.to_zoned(TimeZone::UTC).datetime())
}

/// Months since the year 0.
fn month(milliseconds: i64) -> Option<i64> {
    let date = civil(milliseconds)?;
    Some(i64::from(date.year()) * 12 + i64::from(date.month()) - 1)
}

/// The same day of a later month; the last day stays the last one.
fn months_after(first: i64, months: i64) -> Option<i64> {
    let date = civil(first)?;
    let later = date.checked_add(months.months()).ok()?;
    let later = match date.date() == date.date().last_of_month() {
        true => later.date().last_of_month().to_datetime(later.time()),
        false => later,
    };
    Some(later.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let date: DateTime = text.parse().unwrap();
        date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond()
    }

    #[test]
    fn the_step_is_the_most_frequent_one() {
        let hours: Vec<i64> = (0..100)
            .filter(|hour| hour % 17 != 5)
            .map(|hour| hour * HOUR)
            .collect();
        let clock = Clock::of(true, &[hours]);
        assert_eq!((clock.step, clock.season()), (Step::Even(HOUR), 24));
        assert_eq!(clock.steps(0, 30 * HOUR + 12 * MINUTE), Some(30));
        assert_eq!(clock.steps(30 * HOUR, 0), None, "before the first");
        let days: Vec<i64> = (0..60).map(|day| day * DAY).collect();
        assert_eq!(Clock::of(true, &[days]).season(), 7);
        let minutes: Vec<i64> = (0..60).map(|minute| minute * MINUTE).collect();
        assert_eq!(Clock::of(true, &[minutes]).season(), 60);
        let years: Vec<i64> = (1990..2020).collect();
        let clock = Clock::of(false, &[years]);
        assert_eq!((clock.step, clock.season()), (Step::Even(1), 1));
        assert_eq!(clock.after(2019, 3), 2022);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let months: Vec<i64> = (1..=12)
            .map(|month| at(&format!("2023-{month:02}-01T00:00")))
            .collect();
        let clock = Clock::of(true, std::slice::from_ref(&months));
        assert_eq!((clock.step, clock.season()), (Step::Months(1), 12));
        for (steps, time) in months.iter().enumerate() {
            assert_eq!(clock.steps(months[0], *time), Some(steps));
            assert_eq!(clock.after(months[0], steps), *time);
        }
        let end = at("2024-01-31T00:00");
        assert_eq!(clock.after(end, 1), at("2024-02-29T00:00"));
        assert_eq!(clock.after(at("2024-02-29T00:00"), 1), at("2024-03-31T00:00"));
    }

    #[test]
    fn rows_with_many_holes_follow_each_other() {
        // Five days a week have rows: 2 of 7 are missing.
        let days: Vec<i64> = (0..100).filter(|day| day % 7 < 5).map(|day| day * DAY).collect();
        assert_eq!(Clock::of(true, &[days]).step, Step::Uneven(DAY));
    }
}
