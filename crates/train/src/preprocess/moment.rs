//! Dates and times: how late it is, and where on the circles of year, week and day.

use super::{Columns, Encoding, Fitted, number::mean_and_deviation, one_value};
use aloft_spec::train::PreprocessSpec;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

const DAY: i64 = 24 * 3600 * 1000;

/// A fitted column of dates, times of day, or both. Hours and weekdays are those of UTC, or of the table's own clock
/// where it has no time zone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Whether it has a date: time, day of the year and weekday are used.
    pub date: bool,
    /// Whether it has a time of day: the hour is used.
    pub time: bool,
    /// Median in milliseconds; stands for a missing value.
    pub median: i64,
    /// Mean in milliseconds.
    pub mean: f64,
    /// Standard deviation in milliseconds; 1 where it is 0.
    pub deviation: f64,
    /// Whether a last column says where the value was missing.
    pub indicator: bool,
}

impl Moment {
    pub(super) fn fit(values: &[Option<i64>], date: bool, time: bool, spec: &PreprocessSpec) -> Fitted {
        let mut known: Vec<i64> = values.iter().copied().flatten().collect();
        known.sort_unstable();
        let missing = known.len() < values.len();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return Fitted::LeftOut("it has no value in the training part".into());
        };
        if first == last && !missing {
            return one_value("the same", values.len());
        }
        let median = known[(known.len() - 1) / 2];
        let (mean, deviation) = mean_and_deviation(values.iter().map(|value| value.unwrap_or(median) as f64));
        Fitted::Kept(Encoding::Moment(Self {
            date,
            time,
            median,
            mean,
            deviation,
            indicator: missing && spec.indicators,
        }))
    }

    pub(super) fn width(&self) -> usize {
        5 * usize::from(self.date) + 2 * usize::from(self.time) + usize::from(self.indicator)
    }

    pub(super) fn encode(&self, values: &[Option<i64>], out: &mut Columns<'_>) {
        for (row, value) in values.iter().enumerate() {
            let milliseconds = value.unwrap_or(self.median);
            let (days, of_day) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
            let mut column = 0;
            let mut push = |value: f64| {
                out.set(row, column, value);
                column += 1;
            };
            if self.date {
                push((milliseconds as f64 - self.mean) / self.deviation);
                // 1970-01-01 was a Thursday; only the distance between weekdays matters.
                let turns = [day_of_year(days) / 366.0, days.rem_euclid(7) as f64 / 7.0];
                for turn in turns {
                    push((turn * TAU).sin());
                    push((turn * TAU).cos());
                }
            }
            if self.time {
                let turn = of_day as f64 / DAY as f64;
                push((turn * TAU).sin());
                push((turn * TAU).cos());
            }
            if self.indicator {
                push(f64::from(value.is_none()));
            }
        }
    }
}

impl Moment {
    /// Columns of [`Moment::encode_plain`].
    pub(super) fn plain_width(&self) -> usize {
        3 * usize::from(self.date) + usize::from(self.time)
    }

    /// Days from the median, day of the year, weekday and hour, those of these that the type has; NaN where it is missing.
    pub(super) fn encode_plain(&self, values: &[Option<i64>], out: &mut Columns<'_>) {
        for (row, value) in values.iter().enumerate() {
            let parts = value.map(|milliseconds| {
                let (days, of_day) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY));
                let late = (milliseconds - self.median) as f64 / DAY as f64;
                // 1970-01-01 was a Thursday; Monday is 0.
                let date = [late, day_of_year(days), (days + 3).rem_euclid(7) as f64];
                (date, of_day as f64 / (DAY / 24) as f64)
            });
            let (date, hour) = parts.unwrap_or(([f64::NAN; 3], f64::NAN));
            let date = date.into_iter().filter(|_| self.date);
            let hour = [hour].into_iter().filter(|_| self.time);
            for (column, number) in date.chain(hour).enumerate() {
                out.set(row, column, number);
            }
        }
    }
}

/// Days since the first of January, of a day counted from 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", which counts years from the first of March).
fn day_of_year(days: i64) -> f64 {
    let day_of_era = (days + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let since_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // March to December has 306 days. The year that ends in February began with the March before, so the leap day, the
    // last of it, needs no care there.
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let day = match since_march < 306 {
        true => since_march + 59 + i64::from(leap(year_of_era)),
        false => since_march - 306,
    };
    day as f64
}

#[cfg(test)]
mod tests {
    use super::day_of_year;
    use jiff::{ToSpan, civil};

    #[test]
    fn days_are_those_of_the_calendar() {
        for days in (-200_000..200_000i64).step_by(13) {
            let date = civil::date(1970, 1, 1).checked_add(days.days()).unwrap();
            assert_eq!(day_of_year(days), f64::from(date.day_of_year() - 1), "{date}");
        }
    }
}
