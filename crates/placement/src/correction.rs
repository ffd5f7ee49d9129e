//! What earlier runs say about the next forecast.

use crate::estimate::{MAD_TO_DEVIATION, NINE_OF_TEN, median};
use aloft_spec::verdict::{Forecast, Range};

/// So many runs weigh as much as the assumption that forecasts are right.
const PRIOR_RUNS: f64 = 3.0;
/// A correction beyond this factor, either way, would be another kind of mistake than a bias.
const LARGEST: f64 = 4.0;

/// The forecast, corrected by how earlier ones came out.
///
/// `history` holds forecast and outcome in seconds of runs on this machine; the forecasts must be as measured, without
/// this correction, or it would take itself back. With k usable runs of median log ratio r the seconds are multiplied by
/// `exp(r · k / (k + 3))`: one run moves the forecast by a quarter of what it was off. From three runs on the range is
/// at least as wide as nine of ten of their log ratios, by the median absolute deviation.
pub fn correct(forecast: &Forecast, history: &[(f64, f64)]) -> Forecast {
    let mut corrected = forecast.clone();
    let mut ratios: Vec<f64> = history
        .iter()
        .map(|(forecast, outcome)| (outcome / forecast).ln())
        .filter(|ratio| ratio.is_finite())
        .collect();
    let runs = ratios.len() as f64;
    let Some(middle) = median(&mut ratios) else {
        return corrected;
    };
    let limit = LARGEST.ln();
    let factor = (middle * runs / (runs + PRIOR_RUNS)).clamp(-limit, limit).exp();
    let Range { low, mid, high } = forecast.seconds;
    let spread = if runs >= PRIOR_RUNS {
        let mut distances: Vec<f64> = ratios.iter().map(|ratio| (ratio - middle).abs()).collect();
        (NINE_OF_TEN * MAD_TO_DEVIATION * median(&mut distances).unwrap_or_default()).min(limit)
    } else {
        0.0
    };
    corrected.seconds = Range {
        low: factor * low.min(mid * (-spread).exp()),
        mid: factor * mid,
        high: factor * high.max(mid * spread.exp()),
    };
    corrected
}
