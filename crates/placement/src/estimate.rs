//! A robust estimate of what many steps take from a few that were measured.

/// Two-sided nine of ten of a normal distribution.
pub(crate) const NINE_OF_TEN: f64 = 1.645;
/// Half width of any range, as a share of its middle: a shared machine drifts by that much in the course of a run
/// (other programs, temperature, the clock's steps), however well its first steps were measured.
pub(crate) const DRIFT: f64 = 0.05;
/// Makes the median absolute deviation of normal noise its standard deviation: 1 / Φ⁻¹(3/4).
pub(crate) const MAD_TO_DEVIATION: f64 = 1.4826;
/// Standard error of the median over that of the mean for normal noise, for many values: √(π/2).
const MEDIAN_TO_MEAN: f64 = 1.2533;

/// What the measured steps say about those to come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepEstimate {
    /// Steps that were measured and can be used.
    pub measured: usize,
    /// Their median, seconds.
    pub median: f64,
    /// Robust standard deviation of one step, seconds.
    deviation: f64,
    /// How much longer the mean step is than the median one, seconds: hiccups that the median doesn't see add up
    /// in a long run. The slowest measured step is left out, for one hiccup says nothing about how often there is one.
    skew: f64,
}

impl StepEstimate {
    /// `None` when nothing was measured. What isn't a time is left out.
    pub(crate) fn new(step_seconds: &[f64]) -> Option<Self> {
        let mut steps: Vec<f64> = step_seconds
            .iter()
            .copied()
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
            .collect();
        let median = median(&mut steps)?;
        let mut distances: Vec<f64> = steps.iter().map(|step| (step - median).abs()).collect();
        let deviation = MAD_TO_DEVIATION * self::median(&mut distances)?;
        // `steps` is sorted now.
        let usual = &steps[..(steps.len() - 1).max(1)];
        let mean = usual.iter().sum::<f64>() / usual.len() as f64;
        Some(Self {
            measured: steps.len(),
            median,
            deviation,
            skew: (mean - median).max(0.0),
        })
    }

    /// How far the seconds of `steps` further steps may lie below and above `steps · median`, in nine cases of ten.
    ///
    /// With n measured steps of median m and robust deviation s, and N steps to come:
    ///
    /// ```text
    /// standard error of the sum   e = √( (N · 1.2533 · s/√n)² + (√N · s)² )
    /// half width                  h = √( (1.645 · e)² + (0.05 · N·m)² )
    /// below = h                   above = h + N · max(0, mean − m)
    /// ```
    ///
    /// The first term under e is what we don't know of the median, the second the noise of the steps themselves; the
    /// second under h is the drift of a shared machine.
    pub(crate) fn half_widths(&self, steps: f64) -> (f64, f64) {
        let of_median = steps * MEDIAN_TO_MEAN * self.deviation / (self.measured as f64).sqrt();
        let of_steps = steps.sqrt() * self.deviation;
        let noise = NINE_OF_TEN * of_median.hypot(of_steps);
        let half = noise.hypot(DRIFT * steps * self.median);
        (half, half + steps * self.skew)
    }
}

/// The median; sorts the values. `None` when there are none.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some(f64::midpoint(values[middle - 1], upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_values() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [4.0, 1.0]), Some(2.5));
        assert_eq!(median(&mut [9.0, 1.0, 2.0]), Some(2.0));
    }

    #[test]
    fn steady_steps_have_the_width_of_drift_and_noise_adds_to_it() {
        let steady = StepEstimate::new(&[0.01; 20]).unwrap();
        let (below, above) = steady.half_widths(1000.0);
        assert!((below - 0.05 * 10.0).abs() < 1e-12);
        assert!((above - below).abs() < 1e-12);
        // Median 0.010, MAD 0.001: s = 0.0014826, n = 5, N = 100, worked out by hand.
        let noisy = StepEstimate::new(&[0.009, 0.008, 0.010, 0.011, 0.012]).unwrap();
        let (below, above) = noisy.half_widths(100.0);
        let of_median = 100.0 * 1.2533 * 0.001_482_6 / 5.0_f64.sqrt();
        let of_steps = 10.0_f64 * 0.001_482_6;
        let expected = (1.645_f64.powi(2) * (of_median.powi(2) + of_steps.powi(2)) + 0.05_f64.powi(2)).sqrt();
        assert!((below - expected).abs() < 1e-12);
        assert_eq!(
            above, below,
            "without its slowest step the mean is below the median"
        );
    }

    #[test]
    fn one_hiccup_is_forgiven_and_many_are_not() {
        let mut steps = vec![0.01; 19];
        steps.push(1.0);
        let one = StepEstimate::new(&steps).unwrap().half_widths(100.0);
        assert!((one.1 - one.0).abs() < 1e-12);
        for step in &mut steps[..4] {
            *step = 1.0;
        }
        let many = StepEstimate::new(&steps).unwrap().half_widths(100.0);
        assert!(many.1 > many.0 + 10.0);
    }

    #[test]
    fn what_is_no_time_is_left_out() {
        let steps = [f64::NAN, 0.02, -1.0, f64::INFINITY, 0.02];
        assert_eq!(StepEstimate::new(&steps).unwrap().measured, 2);
        assert_eq!(StepEstimate::new(&[f64::NAN]), None);
    }
}
