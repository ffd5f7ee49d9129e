//! Where an axis is labelled, and how: at round numbers, round points in time, powers of ten, or at each name, and
//! nowhere else. One place, so that the window and files say the same.

use crate::{
    chart::{Axis, Scale},
    text::significant_digits,
    time::{self, DAY},
};

/// Labels that an axis has at the most.
const MOST: f64 = 6.0;
/// Longer names are cut.
const LONGEST_NAME: usize = 14;

/// The positions of an axis's labels.
pub fn positions(axis: &Axis) -> Vec<f64> {
    between(&axis.scale, axis.low, axis.high)
}

/// The positions of the labels of a scale between two of its positions.
pub fn between(scale: &Scale, low: f64, high: f64) -> Vec<f64> {
    match scale {
        Scale::Linear => numbers(low, high),
        Scale::Log => powers(low, high),
        Scale::Time => times(low, high),
        Scale::Degrees => degrees(low, high),
        Scale::Names(names) => (0..names.len()).map(|index| index as f64).collect(),
    }
}

/// What stands at a position of an axis.
pub fn label(axis: &Axis, position: f64) -> String {
    match &axis.scale {
        Scale::Names(_) => axis.name(position).map(cut).unwrap_or_default(),
        Scale::Time if axis.high - axis.low > 60.0 * DAY => time::month(position),
        Scale::Time => time::date(position),
        Scale::Degrees => format!("{}°", significant_digits(position, 4)),
        Scale::Linear | Scale::Log => significant_digits(axis.value(position), 4),
    }
}

/// A position as a reader who points at it wants it.
pub fn reading(axis: &Axis, position: f64) -> String {
    match &axis.scale {
        Scale::Names(_) => axis.name(position).unwrap_or_default().to_owned(),
        Scale::Time => time::date(position),
        _ => significant_digits(axis.value(position), 5),
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Round numbers.
pub fn numbers(low: f64, high: f64) -> Vec<f64> {
    multiples(low, high, round_step((high - low) / MOST))
}

/// Powers of ten, as decimal logarithms; twice and five times these where there are few.
fn powers(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if span > MOST {
        return multiples(low, high, round_step(span / MOST).max(1.0));
    }
    let digits: &[f64] = if span > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let found: Vec<f64> = (low.floor() as i64..=high.ceil() as i64)
        .flat_map(|power| digits.iter().map(move |digit| power as f64 + digit.log10()))
        .filter(|at| (low..=high).contains(at))
        .collect();
    if found.len() > 1 {
        return found;
    }
    let between = numbers(10_f64.powf(low), 10_f64.powf(high)).into_iter();
    between.filter(|value| *value > 0.0).map(f64::log10).collect()
}

/// Round angles, as they are on maps.
fn degrees(low: f64, high: f64) -> Vec<f64> {
    let least = (high - low) / MOST;
    let round = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0];
    let step = round.into_iter().find(|step| *step >= least && least > 0.5);
    multiples(low, high, step.unwrap_or_else(|| round_step(least)))
}

/// Round points in time, of milliseconds since 1970-01-01 UTC.
pub fn times(low: f64, high: f64) -> Vec<f64> {
    const HOUR: f64 = DAY / 24.0;
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
    time::months(low, high, step)
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

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first).clamp(0.0, 50.0) as u32;
    (0..=count)
        .map(|index| (first + f64::from(index)) * step)
        .filter(|value| *value >= low && *value <= high)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_round() {
        assert_eq!(numbers(-3.0, 27.0), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!(numbers(0.0, 900.0), [0.0, 200.0, 400.0, 600.0, 800.0]);
        assert!(numbers(f64::NAN, 1.0).len() < 60);
        assert!(numbers(5.0, 5.0).len() < 60);
    }

    #[test]
    fn times_are_round() {
        let days = |count: f64| times(0.0, count * DAY);
        assert_eq!(
            days(1.0),
            [0.0, 6.0, 12.0, 18.0, 24.0].map(|hour| hour * DAY / 24.0)
        );
        assert_eq!(days(365.0).len(), 7);
        assert!(days(36_500.0).len() <= 7);
    }

    #[test]
    fn logarithms_and_angles_are_round() {
        assert_eq!(powers(-0.1, 4.2), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(powers(0.0, 1.0).len(), 4);
        assert!(powers(0.0, 40.0).len() <= 7);
        assert_eq!(powers(3.01, 3.03).len(), 5);
        assert_eq!(
            degrees(-180.0, 180.0),
            [-180.0, -120.0, -60.0, 0.0, 60.0, 120.0, 180.0]
        );
        let axis = Axis {
            label: String::new(),
            scale: Scale::Log,
            low: 0.0,
            high: 3.0,
        };
        assert_eq!(label(&axis, 2.0), "100");
    }
}
