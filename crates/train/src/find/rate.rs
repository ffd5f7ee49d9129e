//! The learning rate by a range test (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017): the rate rises
//! from step to step, and the loss says which rates learn.
//!
//! Where the loss falls fastest says how large a rate may be, and not which one is best at the end of a training: a hundred
//! steps show none of what many epochs do. So the test gives a range, from a tenth of that rate up to it, and the rate that
//! the training would have anyway is moved into it: it stays where the test says nothing against it.

use super::rounded;
use crate::{error::Result, prepare::Prepared, trainer::NetworkTrainer};
use aloft_spec::train::TrainSpec;
use candle_core::Device;

/// The rate of the first step.
pub const LOWEST: f64 = 1e-6;
/// That of the last one.
const HIGHEST: f64 = 10.0;
/// Steps of the test.
const STEPS: usize = 100;
/// Training rows that say what the loss is after each step, the same ones each time: the loss of a batch itself is too
/// noisy where batches are small.
const JUDGES: usize = 512;
/// The test ends where the loss is so many times the lowest.
const DIVERGED: f64 = 4.0;
/// Share of the losses before in the smoothed one.
const SMOOTHING: f64 = 0.7;
/// The loss has fallen when it is below this share of the first one.
const FALLEN: f64 = 0.99;
/// The loss has to fall over so many steps together to be said to fall there.
const SLOPE: usize = 5;

/// Tests, each of a model of its own with its own order of rows; their losses are averaged.
const TESTS: u64 = 3;
/// Rates from this share of the one where the loss falls fastest learn well enough.
const LOWEST_SHARE: f64 = 0.1;

/// A rate, and the loss after a step of it.
pub type Point = (f64, f64);

/// Trains fresh models at rising rates until the loss of one has diverged; the mean of their losses.
pub fn test_range(
    spec: &TrainSpec,
    prepared: &Prepared,
    device: &Device,
    stop: &mut dyn FnMut() -> bool,
) -> Result<Vec<Point>> {
    let mut curves = Vec::new();
    for test in 0..TESTS {
        let spec = TrainSpec {
            seed: spec.seed.wrapping_add(test),
            ..spec.clone()
        };
        curves.push(test_once(&spec, prepared, device, stop)?);
    }
    Ok(mean(&curves))
}

/// The mean loss at each rate that all curves have.
fn mean(curves: &[Vec<Point>]) -> Vec<Point> {
    let steps = curves.iter().map(Vec::len).min().unwrap_or(0);
    let loss = |step: usize| curves.iter().map(|curve| curve[step].1).sum::<f64>() / curves.len() as f64;
    (0..steps).map(|step| (rate_of(step), loss(step))).collect()
}

fn test_once(
    spec: &TrainSpec,
    prepared: &Prepared,
    device: &Device,
    stop: &mut dyn FnMut() -> bool,
) -> Result<Vec<Point>> {
    let mut trainer = NetworkTrainer::new(prepared, spec, device)?;
    let mut curve: Vec<Point> = Vec::new();
    let mut lowest = f64::INFINITY;
    let mut judges = trainer.begin_epoch(1, &[]);
    judges.truncate(JUDGES);
    for epoch in 1.. {
        let order = trainer.begin_epoch(epoch, &[]);
        for rows in order.chunks(prepared.step_rows()) {
            let rate = rate_of(curve.len());
            if curve.len() == STEPS || stop() || !trainer.step_at(rows, &[], rate)?.is_finite() {
                return Ok(curve);
            }
            let loss = trainer.evaluate(&judges)?.loss;
            if !loss.is_finite() || loss > DIVERGED * lowest {
                return Ok(curve);
            }
            lowest = lowest.min(loss);
            curve.push((rate, loss));
        }
    }
    Ok(curve)
}

/// The rate of a step, from the lowest to the highest, by the same factor each time.
fn rate_of(step: usize) -> f64 {
    LOWEST * (HIGHEST / LOWEST).powf(step as f64 / (STEPS - 1) as f64)
}

/// Rates that learn well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The lowest.
    pub low: f64,
    /// The highest, where the loss fell fastest.
    pub high: f64,
}

impl Range {
    /// The rate in the range that is nearest to this one.
    pub fn nearest(self, rate: f64) -> f64 {
        rate.clamp(self.low, self.high)
    }
}

/// Up to where the smoothed loss falls fastest over a factor of the rate, before it is lowest; `None` where it never falls.
pub fn choose(curve: &[Point]) -> Option<Range> {
    let mut smoothed = Vec::with_capacity(curve.len());
    let mut mean = curve.first()?.1;
    for (_, loss) in curve {
        mean = SMOOTHING * mean + (1.0 - SMOOTHING) * loss;
        smoothed.push(mean);
    }
    let lowest = (0..smoothed.len()).min_by(|a, b| smoothed[*a].total_cmp(&smoothed[*b]))?;
    if smoothed[lowest] >= FALLEN * curve[0].1 {
        return None;
    }
    let fall = |step: usize| smoothed[step] - smoothed[step - SLOPE];
    let steepest = (SLOPE..=lowest).min_by(|a, b| fall(*a).total_cmp(&fall(*b)))?;
    // The middle of the slope, for the smoothed loss lags behind.
    let high = curve[steepest - SLOPE / 2].0;
    Some(Range {
        low: rounded(LOWEST_SHARE * high),
        high: rounded(high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls around a rate and rises again behind another.
    fn curve(falls: f64, rises: f64) -> Vec<Point> {
        (0..STEPS)
            .map(|step| {
                let rate = rate_of(step);
                let fallen = 1.0 / (1.0 + (rate / falls).powi(2));
                (rate, fallen + 0.2 + (rate / rises).powi(2))
            })
            .take_while(|(_, loss)| *loss < 4.0)
            .collect()
    }

    #[test]
    fn rates_up_to_the_steepest_fall_are_chosen() {
        for falls in [1e-4, 3e-3, 3e-2] {
            let range = choose(&curve(falls, 30.0 * falls)).unwrap();
            assert!(
                range.high > falls / 3.0 && range.high < falls * 3.0,
                "{falls}: {range:?}"
            );
            assert!((range.high / range.low - 10.0).abs() < 0.5, "{range:?}");
        }
        assert_eq!(choose(&curve(3e-3, 1.0)), choose(&curve(3e-3, 1.0)));
    }

    #[test]
    fn a_rate_within_the_range_stays_and_others_are_moved_into_it() {
        let range = Range {
            low: 1e-3,
            high: 1e-2,
        };
        assert_eq!(
            [2e-3, 1e-4, 0.5].map(|rate| range.nearest(rate)),
            [2e-3, 1e-3, 1e-2]
        );
    }

    #[test]
    fn tests_are_averaged_as_far_as_all_go() {
        let (short, long) = (curve(3e-3, 3e-2), curve(3e-3, 3e-1));
        assert!(short.len() < long.len());
        let both = mean(&[short.clone(), long.clone()]);
        assert_eq!(both.len(), short.len());
        for (step, (rate, loss)) in both.into_iter().enumerate() {
            assert_eq!(
                (rate, loss),
                (short[step].0, (short[step].1 + long[step].1) / 2.0)
            );
        }
        assert_eq!(mean(&[]), []);
    }

    #[test]
    fn a_loss_that_never_falls_has_no_rate() {
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&[(1e-6, 1.0)]), None);
        let rising: Vec<Point> = (0..50).map(|step| (rate_of(step), 1.0 + step as f64)).collect();
        assert_eq!(choose(&rising), None);
    }

    #[test]
    fn rates_rise_by_a_factor() {
        assert!((rate_of(0) / LOWEST - 1.0).abs() < 1e-12);
        assert!((rate_of(STEPS - 1) / HIGHEST - 1.0).abs() < 1e-12);
        assert!((rate_of(50) / rate_of(49) - rate_of(2) / rate_of(1)).abs() < 1e-9);
    }
}
