//! A forecast that sharpens while the run goes on.

use crate::estimate::DRIFT;
use aloft_spec::verdict::{Forecast, Range};
use serde::{Deserialize, Serialize};

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Seconds since the run began.
    pub elapsed_seconds: f64,
    /// Seconds of these that training and evaluating epochs took.
    pub train_seconds: f64,
    /// Steps done in them.
    pub steps_done: u64,
}

/// After this share of the steps, what was seen counts as much as what was forecast.
const EVEN_SHARE: f64 = 0.05;

/// The forecast of a run that is on its way: what has passed is known, and what is left goes by the pace seen so far.
///
/// With a share f of the steps done, the pace of the rest is a mean of the seen one and the forecast one, with weight
/// f / (f + 0.05) for the seen one; the range of the rest narrows from the forecast's to ±5 % by the same weight, and
/// what has passed has none. So the range closes on the outcome. Memory and disk stay as they were.
///
/// `forecast` is always the first one, from before training; a refined one refined again would count twice what was seen.
pub fn refine(forecast: &Forecast, progress: &Progress) -> Forecast {
    let mut refined = forecast.clone();
    let known = progress.elapsed_seconds.is_finite() && progress.train_seconds.is_finite();
    if forecast.steps == 0 || progress.steps_done == 0 || !known {
        return refined;
    }
    let elapsed = progress.elapsed_seconds.max(0.0);
    let done = progress.steps_done.min(forecast.steps) as f64;
    let left = forecast.steps as f64 - done;
    let share = done / forecast.steps as f64;
    let weight = share / (share + EVEN_SHARE);
    let seen = progress.train_seconds.max(0.0) / done;
    // What was done before training, the preparation above all, has passed and isn't to come again.
    let before = (elapsed - progress.train_seconds).max(0.0);
    let expected = (forecast.seconds.mid - before).max(0.0) / forecast.steps as f64;
    let rest = left * (weight * seen + (1.0 - weight) * expected);

    let relative = |side: f64| {
        if forecast.seconds.mid > 0.0 {
            (side / forecast.seconds.mid).abs().max(DRIFT)
        } else {
            DRIFT
        }
    };
    let narrow = |side: f64| weight * DRIFT + (1.0 - weight) * relative(side);
    let below = narrow(forecast.seconds.mid - forecast.seconds.low).min(1.0);
    let above = narrow(forecast.seconds.high - forecast.seconds.mid);
    refined.seconds = Range {
        low: elapsed + rest * (1.0 - below),
        mid: elapsed + rest,
        high: elapsed + rest * (1.0 + above),
    };
    refined
}
