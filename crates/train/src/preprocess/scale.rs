//! How numbers are brought to one scale.

use super::number::{mean_and_deviation, quantile};
use aloft_spec::train::Scaling;
use serde::{Deserialize, Serialize};

/// Up to this a scaled number passes unchanged; beyond, only the logarithm of the excess counts.
pub const SOFT_CLIP: f64 = 3.0;
/// Quantiles that are kept of a column at the most.
const QUANTILES: usize = 1000;
/// Width of the middle half of a normal distribution, in standard deviations.
const MIDDLE_HALF: f64 = 1.348_979_500_392_163_4;
/// Ranks stay so far from 0 and 1, at ±5.2 standard deviations.
const LEAST_RANK: f64 = 1e-7;

/// A fitted scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "scaling", rename_all = "lowercase")]
pub enum Scale {
    /// `(x - center) / width`, softly clipped unless it is straight: a number beyond ±3 is 3 and the logarithm of the excess and one, so that an
    /// outlier stays the largest and doesn't drown the others.
    Linear {
        /// Becomes 0.
        center: f64,
        /// The width of 1.
        width: f64,
        /// Whether it isn't clipped ([`Preprocessing::straighten`](super::Preprocessing::straighten)).
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        straight: bool,
    },
    /// The quantile of a standard normal distribution that x is of the training part.
    Quantile {
        /// Quantiles of the training part at equal distances, from the lowest value to the highest.
        quantiles: Vec<f64>,
    },
}

impl Scale {
    /// Fits the values of the training part, where `fill` stands for NaN; `known` are the others, rising.
    pub(super) fn fit(scaling: Scaling, values: &[f64], fill: f64, known: &[f64]) -> Self {
        let filled = values
            .iter()
            .map(|value| if value.is_nan() { fill } else { *value });
        let (mean, deviation) = mean_and_deviation(filled);
        match scaling {
            Scaling::Standard => Self::Linear {
                center: mean,
                width: deviation,
                straight: false,
            },
            Scaling::Robust => {
                let middle_half = quantile(known, 0.75) - quantile(known, 0.25);
                match middle_half > 0.0 {
                    true => Self::Linear {
                        center: quantile(known, 0.5),
                        width: middle_half / MIDDLE_HALF,
                        straight: false,
                    },
                    // Most values are the same.
                    false => Self::Linear {
                        center: mean,
                        width: deviation,
                        straight: false,
                    },
                }
            }
            Scaling::Quantile => {
                let count = known.len().clamp(2, QUANTILES);
                let share = |index: usize| index as f64 / (count - 1) as f64;
                Self::Quantile {
                    quantiles: (0..count).map(|index| quantile(known, share(index))).collect(),
                }
            }
        }
    }

    /// The number on this scale.
    pub(super) fn apply(&self, value: f64) -> f64 {
        match self {
            Self::Linear {
                center,
                width,
                straight,
            } => match straight {
                true => (value - center) / width,
                false => soft_clip((value - center) / width),
            },
            Self::Quantile { quantiles } => {
                normal_quantile(rank(quantiles, value).clamp(LEAST_RANK, 1.0 - LEAST_RANK))
            }
        }
    }
}

fn soft_clip(score: f64) -> f64 {
    let excess = score.abs() - SOFT_CLIP;
    match excess > 0.0 {
        true => score.signum() * (SOFT_CLIP + excess.ln_1p()),
        false => score,
    }
}

/// The share of a distribution below a value, and half of what equals it.
fn rank(quantiles: &[f64], value: f64) -> f64 {
    let last = quantiles.len().saturating_sub(1).max(1) as f64;
    let below = quantiles.partition_point(|quantile| *quantile < value);
    let not_above = quantiles.partition_point(|quantile| *quantile <= value);
    if below < not_above {
        return (below + not_above - 1) as f64 / 2.0 / last;
    }
    match (
        below.checked_sub(1).and_then(|low| quantiles.get(low)),
        quantiles.get(below),
    ) {
        (Some(low), Some(high)) => ((below - 1) as f64 + (value - low) / (high - low)) / last,
        (None, _) => 0.0,
        (_, None) => 1.0,
    }
}

/// The standard normal distribution's quantile of a share above 0 and below 1, to about 1e-9 (Acklam, 2003, "An algorithm
/// for computing the inverse normal cumulative distribution function").
#[allow(clippy::excessive_precision, reason = "as published")]
fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.383577518672690e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [
        7.784695709041462e-3,
        3.224671290700398e-1,
        2.445134137142996,
        3.754408661907416,
        1.0,
    ];
    const TAIL: f64 = 0.024_25;
    let series = |factors: &[f64], x: f64| factors.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |share: f64| {
        let root = (-2.0 * share.ln()).sqrt();
        series(&C, root) / series(&D, root)
    };
    if share < TAIL {
        tail(share)
    } else if share > 1.0 - TAIL {
        -tail(1.0 - share)
    } else {
        let (middle, square) = (share - 0.5, (share - 0.5).powi(2));
        middle * series(&A, square) / series(&B, square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By scipy's `norm.ppf`.
    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        for (share, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.01, -2.326_347_874_040_841),
            (1e-7, -5.199_337_582_192_817),
            (0.3, -0.524_400_512_708_041),
        ] {
            assert!((normal_quantile(share) - expected).abs() < 1e-7, "{share}");
        }
    }

    #[test]
    fn robust_and_quantile_scales_do_not_see_an_outlier() {
        let mut values: Vec<f64> = (0..101).map(f64::from).collect();
        values[100] = 1e12;
        let fit = |scaling| Scale::fit(scaling, &values, 50.0, &values);
        let robust = fit(Scaling::Robust);
        assert_eq!(robust.apply(50.0), 0.0);
        assert!((robust.apply(75.0) - MIDDLE_HALF / 2.0).abs() < 1e-12);
        assert!(fit(Scaling::Standard).apply(75.0).abs() < 0.2);
        let by_rank = fit(Scaling::Quantile);
        assert!((by_rank.apply(84.134) - 1.0).abs() < 1e-3);
        assert!((by_rank.apply(-5.0) + by_rank.apply(1e13)).abs() < 1e-6);
    }

    #[test]
    fn most_values_alike_still_have_a_width() {
        let mut values = vec![0.0; 100];
        values[99] = 5.0;
        let robust = Scale::fit(Scaling::Robust, &values, 0.0, &values);
        assert!(robust.apply(5.0).is_finite() && robust.apply(5.0) > 3.0);
        let by_rank = Scale::fit(Scaling::Quantile, &values, 0.0, &values);
        assert!(by_rank.apply(0.0) < 0.0 && by_rank.apply(0.0) > -1.0);
    }

    proptest! {
        #[test]
        fn scales_keep_the_order(mut values in prop::collection::vec(-1e6..1e6f64, 2..300), a in -2e6..2e6f64, b in -2e6..2e6f64) {
            values.sort_by(f64::total_cmp);
            prop_assume!(values[0] < values[values.len() - 1]);
            for scaling in [Scaling::Standard, Scaling::Robust, Scaling::Quantile] {
                let scale = Scale::fit(scaling, &values, 0.0, &values);
                let (low, high) = (scale.apply(a.min(b)), scale.apply(a.max(b)));
                prop_assert!(low.is_finite() && low <= high, "{scaling:?}: {low} and {high}");
            }
        }
    }
}
