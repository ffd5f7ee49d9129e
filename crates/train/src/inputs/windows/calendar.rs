//! Where a time stands on the circles of day, week and year.

use super::clock::{Clock, DAY, YEAR};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

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
    /// The circles that are longer than a step, and half of which the training part has seen at least. What it hasn't seen
    /// lies across from what it has: of a year up to October a model learns about December that it is no June.
    pub fn of(clock: &Clock, seen: i64) -> Vec<Self> {
        let Some(step) = clock.milliseconds() else {
            return Vec::new();
        };
        [Self::Day, Self::Week, Self::Year]
            .into_iter()
            .filter(|cycle| cycle.milliseconds() > step && cycle.milliseconds() / 2 <= seen)
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

#[cfg(test)]
mod tests {
    use super::super::clock::Step;
    use super::*;

    #[test]
    fn circles_are_longer_than_a_step_and_were_seen() {
        let clock = |step| Clock { dated: true, step };
        let hourly = clock(Step::Even(DAY / 24));
        assert_eq!(Cycle::of(&hourly, 30 * DAY), [Cycle::Day, Cycle::Week]);
        assert_eq!(Cycle::of(&hourly, 3 * DAY), [Cycle::Day]);
        assert_eq!(
            Cycle::of(&hourly, 200 * DAY),
            [Cycle::Day, Cycle::Week, Cycle::Year]
        );
        assert_eq!(
            Cycle::of(&clock(Step::Even(DAY)), 3 * YEAR),
            [Cycle::Week, Cycle::Year]
        );
        assert_eq!(Cycle::of(&clock(Step::Months(1)), 3 * YEAR), [Cycle::Year]);
        let numbers = Clock {
            dated: false,
            step: Step::Even(1),
        };
        assert_eq!(Cycle::of(&numbers, 3 * YEAR), []);
    }

    #[test]
    fn the_same_hour_is_at_the_same_place() {
        let noon = DAY / 2;
        assert_eq!(Cycle::Day.place(noon), Cycle::Day.place(noon + 100 * DAY));
        assert_eq!(Cycle::Week.place(noon), Cycle::Week.place(noon + 70 * DAY));
        assert!(Cycle::Day.place(0)[1] > 0.999 && Cycle::Day.place(noon)[1] < -0.999);
    }
}
