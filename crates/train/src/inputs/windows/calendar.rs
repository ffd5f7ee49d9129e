//! Where a time stands on the circles of day, week and year.

use super::clock::{Clock, DAY, Step, YEAR};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Squares of differences over a whole turn are below this share of those over somewhat more and somewhat less of a turn
/// where a series follows the circle. In hours of weather in New York a day comes to 0.84 and a week to 1.02; in hours of
/// departures, which do follow the week, both come to less than 0.4.
const ALIKE: f64 = 0.95;
/// Somewhat more or less than a turn is this share of one: a day of a week.
const BESIDE: f64 = 1.0 / 7.0;

/// A circle that time goes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cycle {
    /// The hour of the day, in UTC or the table's own clock.
    Day,
    /// The day of the week.
    Week,
    /// The day of the year.
    Year,
}

impl Cycle {
    /// The circles that are longer than a step, half of which the training part has seen at least, and which its series
    /// follow as far as they are long enough to tell. What it hasn't seen lies across from what it has: of a year up to
    /// October a model learns about December that it is no June. A circle that a series doesn't follow is learned by heart.
    ///
    /// `seen` is how long the training part is, `series` the values at its steps, NaN where there is none.
    pub fn of(clock: &Clock, seen: i64, series: &[Vec<f64>]) -> Vec<Self> {
        let Some(step) = clock.milliseconds() else {
            return Vec::new();
        };
        let told = |cycle: &Self| {
            let turn = cycle.milliseconds() as f64 / step as f64;
            // Uneven steps don't say what lies a turn apart.
            let follows = match clock.step {
                Step::Uneven(_) => None,
                Step::Even(_) | Step::Months(_) => follows(series, turn),
            };
            turn > 1.0 && cycle.milliseconds() / 2 <= seen && follows.unwrap_or(true)
        };
        [Self::Day, Self::Week, Self::Year]
            .into_iter()
            .filter(told)
            .collect()
    }

    fn milliseconds(self) -> i64 {
        match self {
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Year => YEAR,
        }
    }

    /// Sine and cosine of where it stands.
    pub fn place(self, time: i64) -> [f32; 2] {
        let turn = match self {
            // A year has 365.2425 days in the mean of the calendar; a day more or less is nothing on this circle.
            Self::Year => (time as f64 / (365.2425 * DAY as f64)).rem_euclid(1.0),
            _ => time.rem_euclid(self.milliseconds()) as f64 / self.milliseconds() as f64,
        };
        [(turn * TAU).sin() as f32, (turn * TAU).cos() as f32]
    }
}

/// Whether series are more alike a turn of so many steps apart than somewhat less and somewhat more than a turn apart, which
/// tells a circle from what just changes slowly. `None` where they don't hold two turns.
fn follows(series: &[Vec<f64>], turn: f64) -> Option<bool> {
    let steps = turn.round() as usize;
    let beside = ((turn * BESIDE).round() as usize).max(1);
    let longest = series.iter().map(Vec::len).max().unwrap_or_default();
    if steps <= beside || longest < 2 * steps + beside {
        return None;
    }
    let apart = |steps: usize| {
        let pairs = series
            .iter()
            .flat_map(|values| values.iter().zip(values.iter().skip(steps)));
        let squares = pairs
            .map(|(a, b)| (a - b).powi(2))
            .filter(|square| !square.is_nan());
        let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), square| (sum + square, count + 1.0));
        (count > 0.0).then_some(sum / count)
    };
    let around = 0.5 * (apart(steps - beside)? + apart(steps + beside)?);
    Some(apart(steps)? < ALIKE * around)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_longer_than_a_step_and_were_seen() {
        let clock = |step| Clock { dated: true, step };
        let hourly = clock(Step::Even(DAY / 24));
        assert_eq!(Cycle::of(&hourly, 30 * DAY, &[]), [Cycle::Day, Cycle::Week]);
        assert_eq!(Cycle::of(&hourly, 3 * DAY, &[]), [Cycle::Day]);
        assert_eq!(
            Cycle::of(&hourly, 200 * DAY, &[]),
            [Cycle::Day, Cycle::Week, Cycle::Year]
        );
        assert_eq!(
            Cycle::of(&clock(Step::Even(DAY)), 3 * YEAR, &[]),
            [Cycle::Week, Cycle::Year]
        );
        assert_eq!(Cycle::of(&clock(Step::Months(1)), 3 * YEAR, &[]), [Cycle::Year]);
        let numbers = Clock {
            dated: false,
            step: Step::Even(1),
        };
        assert_eq!(Cycle::of(&numbers, 3 * YEAR, &[]), []);
    }

    #[test]
    fn a_circle_that_no_series_follows_is_left_out() {
        let hourly = Clock {
            dated: true,
            step: Step::Even(DAY / 24),
        };
        let told = |hours: usize, value: &dyn Fn(usize) -> f64| {
            let values: Vec<f64> = (0..hours).map(value).collect();
            // The last series is too short, and lacks values.
            let series = [values.clone(), values, vec![f64::NAN; 30]];
            Cycle::of(&hourly, hours as i64 * DAY / 24, &series)
        };
        let slow = |hour: usize| (hour as f64 / 150.0).sin();
        let noise = |hour: usize| (hour * 7919 % 1009) as f64 / 1009.0;
        let weekend = |hour: usize| f64::from(u8::from(hour / 24 % 7 > 4));
        let day = |hour: usize| (hour as f64 / 24.0 * TAU).sin();
        let weeks = 24 * 7 * 10;
        assert_eq!(told(weeks, &|hour| slow(hour) + day(hour)), [Cycle::Day]);
        assert_eq!(
            told(weeks, &|hour| slow(hour)
                + day(hour)
                + noise(hour)
                + weekend(hour)),
            [Cycle::Day, Cycle::Week]
        );
        assert_eq!(told(weeks, &slow), []);
        // Less than two weeks don't say whether there is one.
        assert_eq!(told(24 * 13, &day), [Cycle::Day, Cycle::Week]);
    }

    #[test]
    fn the_same_hour_is_at_the_same_place() {
        let noon = DAY / 2;
        assert_eq!(Cycle::Day.place(noon), Cycle::Day.place(noon + 100 * DAY));
        assert_eq!(Cycle::Week.place(noon), Cycle::Week.place(noon + 70 * DAY));
        assert!(Cycle::Day.place(0)[1] > 0.999 && Cycle::Day.place(noon)[1] < -0.999);
    }
}
