//! Loops over slices for the widest vectors that this machine has, and functions of a number that the compiler can put
//! into such loops: without calls and without branches.

/// Runs an expression compiled for the widest vectors of this machine. What it calls must be inlined into it.
macro_rules! vectorized {
    ($body:expr) => {
        pulp::Arch::new().dispatch($crate::ops::vector::Widest(
            #[inline(always)]
            || $body,
        ))
    };
}
pub(crate) use vectorized;

/// What [`vectorized`] runs. A closure that is called as `FnOnce` gets a function of its own around it, which the compiler
/// need not inline; a large body would then be compiled for the oldest machine. Called as `FnMut` it has none.
pub(crate) struct Widest<F>(pub F);

impl<F: FnMut() -> R, R> pulp::WithSimd for Widest<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}

/// Numbers that are summed side by side, so that a sum needs no particular order of its parts but always has the same.
const LANES: usize = 16;

/// e^x within two units in the last place (range reduction and polynomial of Cephes' `expf`). Beyond ±87 it stays at the
/// smallest and largest normal numbers; NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.3, 88.3);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let whole = shifted - ROUND;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series =
        (((((1.987_569_1e-4 * rest + 1.398_199_9e-3) * rest + 8.333_452e-3) * rest + 4.166_579_6e-2) * rest
            + 0.166_666_66)
            * rest
            + 0.5)
            * (rest * rest)
            + rest
            + 1.0;
    series * f32::from_bits((power.wrapping_add(127) as u32) << 23)
}

/// cos(2πx), to about 2e-7 for x up to some thousands: folded to the sine of a quarter of a turn to both sides, and its
/// Taylor polynomial.
#[inline(always)]
pub fn wave(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    let rest = x - ((x + ROUND) - ROUND);
    let angle = (0.25 - rest.abs()) * std::f32::consts::TAU;
    let square = angle * angle;
    let series = ((((-2.505_210_8e-8 * square + 2.755_731_9e-6) * square - 1.984_127e-4) * square
        + 8.333_333e-3)
        * square
        - 0.166_666_67)
        * square;
    angle + angle * series
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh(x), to about 1e-7: through e^2x, near zero by the polynomial of Cephes' `tanhf`.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near = ((((-5.704_988_7e-3 * square + 2.063_909e-2) * square - 5.373_971_6e-2) * square
        + 0.133_314_42)
        * square
        - 0.333_332_8)
        * square
        * x
        + x;
    let far = (1.0 - 2.0 / (exp(2.0 * size) + 1.0)).copysign(x);
    if size < 0.625 { near } else { far }
}

/// The error function, to 7e-7 (Abramowitz and Stegun, 7.1.26), given e^(-x²).
#[inline(always)]
pub fn erf(x: f32, exp_of_minus_square: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let series =
        ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_7) * t - 0.284_496_72) * t + 0.254_829_6) * t;
    (1.0 - series * exp_of_minus_square).copysign(x)
}

/// The sum of all numbers.
#[inline(always)]
pub fn sum(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let chunks = numbers.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += number;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The sum of all products.
#[inline(always)]
pub fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (lefts, rights) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let mut rest = 0.0;
    for (left, right) in lefts.remainder().iter().zip(rights.remainder()) {
        rest += left * right;
    }
    for (left, right) in lefts.zip(rights) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The sum of all squared distances from `mean`.
#[inline(always)]
pub fn squares(numbers: &[f32], mean: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let chunks = numbers.chunks_exact(LANES);
    let mut rest = 0.0;
    for number in chunks.remainder() {
        rest += (number - mean) * (number - mean);
    }
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += (number - mean) * (number - mean);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// The largest number; NaN is passed over.
#[inline(always)]
pub fn highest(numbers: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = numbers.chunks_exact(LANES);
    let mut highest = f32::NEG_INFINITY;
    for &number in chunks.remainder() {
        highest = if number > highest { number } else { highest };
    }
    for chunk in chunks {
        for (lane, &number) in lanes.iter_mut().zip(chunk) {
            *lane = if number > *lane { number } else { *lane };
        }
    }
    lanes.into_iter().fold(
        highest,
        |highest, lane| if lane > highest { lane } else { highest },
    )
}

/// Adds `numbers` to `to`, one to one.
pub fn add(to: &mut [f32], numbers: &[f32]) {
    vectorized!(for (to, number) in to.iter_mut().zip(numbers) {
        *to += number;
    });
}

/// Adds the rows of a matrix of so many columns to `sums`.
pub fn add_rows(sums: &mut [f32], matrix: &[f32]) {
    vectorized!(for row in matrix.chunks_exact(sums.len()) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn erf_by_series(x: f64) -> f64 {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    proptest! {
        #[test]
        fn functions_agree_with_double_precision(x in -80.0f32..80.0, near in -4.0f32..4.0) {
            for x in [x, near] {
                let wide = f64::from(x);
                prop_assert!((f64::from(exp(x)) / wide.exp() - 1.0).abs() < 4e-7);
                prop_assert!((f64::from(tanh(x)) - wide.tanh()).abs() < 3e-7);
                prop_assert!((f64::from(sigmoid(x)) - 1.0 / (1.0 + (-wide).exp())).abs() < 3e-7);
            }
            let turns = f64::from(near) * std::f64::consts::TAU;
            prop_assert!((f64::from(wave(near)) - turns.cos()).abs() < 4e-7);
            prop_assert!((f64::from(erf(near, exp(-near * near))) - erf_by_series(f64::from(near))).abs() < 7e-7);
        }

        #[test]
        fn sums_agree_with_double_precision(numbers in prop::collection::vec(-3.0f32..3.0, 0..100)) {
            let wide: Vec<f64> = numbers.iter().map(|number| f64::from(*number)).collect();
            prop_assert!((f64::from(sum(&numbers)) - wide.iter().sum::<f64>()).abs() < 1e-3);
            let squared: f64 = wide.iter().map(|number| number * number).sum();
            prop_assert!((f64::from(dot(&numbers, &numbers)) - squared).abs() < 1e-2);
            prop_assert!((f64::from(squares(&numbers, 0.0)) - squared).abs() < 1e-2);
            prop_assert_eq!(highest(&numbers), numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }

    #[test]
    fn edges_stay_numbers_and_nan_stays_nan() {
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NEG_INFINITY) < 1e-37);
        assert_eq!((tanh(100.0), tanh(-100.0), tanh(0.0)), (1.0, -1.0, 0.0));
        assert_eq!((sigmoid(1000.0), exp(0.0)), (1.0, 1.0));
        for function in [exp, tanh, sigmoid, wave] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
