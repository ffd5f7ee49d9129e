//! Where an axis is labelled: at round numbers, or at round points in time, and nowhere else.

use crate::time::{DAY, months};
use egui_plot::{GridInput, GridMark};

/// Labels that an axis has at the most.
const MOST: f64 = 6.0;

/// Round numbers.
pub fn numbers(input: &GridInput) -> Vec<GridMark> {
    let (low, high) = input.bounds;
    let step = round_step((high - low) / MOST);
    multiples(low, high, step)
}

/// Round points in time, of milliseconds since 1970-01-01 UTC.
pub fn times(input: &GridInput) -> Vec<GridMark> {
    const HOUR: f64 = DAY / 24.0;
    let (low, high) = input.bounds;
    let span = high - low;
    let fine = [1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 168.0, 336.0].map(|hours| hours * HOUR);
    if span < HOUR * MOST {
        return multiples(low, high, round_step(span / MOST));
    }
    if let Some(step) = fine.into_iter().find(|step| span / step <= MOST) {
        return multiples(low, high, step);
    }
    let every = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
    let month = 30.44 * DAY;
    let step = every
        .into_iter()
        .find(|months| span / (*months as f64 * month) <= MOST)
        .unwrap_or(12_000);
    let starts = months(low, high, step).into_iter();
    starts
        .map(|value| GridMark {
            value,
            step_size: span / MOST,
        })
        .collect()
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that isn't below a value.
fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let rounds = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    rounds
        .into_iter()
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<GridMark> {
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first).clamp(0.0, 50.0) as u32;
    let mark = |index| GridMark {
        value: (first + f64::from(index)) * step,
        step_size: step,
    };
    (0..=count)
        .map(mark)
        .filter(|mark| mark.value >= low && mark.value <= high)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(marks: Vec<GridMark>) -> Vec<f64> {
        marks.into_iter().map(|mark| mark.value).collect()
    }

    fn input(low: f64, high: f64) -> GridInput {
        GridInput {
            bounds: (low, high),
            base_step_size: 1.0,
        }
    }

    #[test]
    fn numbers_are_round() {
        assert_eq!(
            values(numbers(&input(-3.0, 27.0))),
            [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
        );
        assert_eq!(
            values(numbers(&input(0.0, 900.0))),
            [0.0, 200.0, 400.0, 600.0, 800.0]
        );
        assert!(values(numbers(&input(f64::NAN, 1.0))).len() < 60);
        assert!(values(numbers(&input(5.0, 5.0))).len() < 60);
    }

    #[test]
    fn times_are_round() {
        let days = |count: f64| values(times(&input(0.0, count * DAY)));
        assert_eq!(
            days(1.0),
            [0.0, 6.0, 12.0, 18.0, 24.0].map(|hour| hour * DAY / 24.0)
        );
        assert_eq!(days(365.0).len(), 7);
        assert!(days(36_500.0).len() <= 7);
    }
}
