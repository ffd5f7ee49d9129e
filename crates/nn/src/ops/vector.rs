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

/// 2^n and e^x / 2^n - 1, where n is the whole number that is nearest to x / ln 2 (range reduction and polynomial of
/// Cephes' `expf`): e^x and e^x - 1 follow without loss. For x within ±88; NaN stays NaN in the second number.
#[inline(always)]
fn power_and_rest(x: f32) -> (f32, f32) {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const SERIES: [f32; 6] = [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_66,
        0.5,
    ];
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let power = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let whole = shifted - ROUND;
    let rest = whole.mul_add(2.121_944_4e-4, whole.mul_add(-0.693_359_4, x));
    let series = polynomial(&SERIES, rest);
    let rest = series.mul_add(rest * rest, rest);
    (f32::from_bits((power.wrapping_add(127) as u32) << 23), rest)
}

/// The polynomial with these factors, that of the highest power first.
#[inline(always)]
fn polynomial<const N: usize>(factors: &[f32; N], x: f32) -> f32 {
    let mut value = factors[0];
    for factor in &factors[1..] {
        value = value.mul_add(x, *factor);
    }
    value
}

/// e^x within two units in the last place. Beyond ±87 it stays at the smallest and largest normal numbers; NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let (power, rest) = power_and_rest(x.clamp(-87.3, 88.3));
    rest.mul_add(power, power)
}

/// cos(2πx), to about 2e-7 for x up to some thousands: folded to the sine of a quarter of a turn to both sides, and its
/// Taylor polynomial.
#[inline(always)]
pub fn wave(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number.
    const ROUND: f32 = 12_582_912.0;
    const SERIES: [f32; 5] = [
        -2.505_210_8e-8,
        2.755_731_9e-6,
        -1.984_127e-4,
        8.333_333e-3,
        -0.166_666_67,
    ];
    let rest = x - ((x + ROUND) - ROUND);
    let angle = (0.25 - rest.abs()) * std::f32::consts::TAU;
    let square = angle * angle;
    let series = polynomial(&SERIES, square) * square;
    angle.mul_add(series, angle)
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh(x), to about 1e-7 of itself: (e^2x - 1) / (e^2x + 1).
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let numerator = exp_minus_one(2.0 * x);
    numerator / (numerator + 2.0)
}

/// [`sigmoid`] of two numbers by one division, which takes as long as half of a sigmoid. Below -43 it stays as it is there,
/// 2e-19.
#[inline(always)]
pub fn sigmoids(x: f32, y: f32) -> (f32, f32) {
    let (x, y) = (2.0 + exp_minus_one(-x), 2.0 + exp_minus_one(-y));
    let inverse = 1.0 / (x * y);
    (y * inverse, x * inverse)
}

/// [`sigmoid`] of the one and [`tanh`] of the other number by one division.
#[inline(always)]
pub fn sigmoid_and_tanh(x: f32, y: f32) -> (f32, f32) {
    let (x, numerator) = (2.0 + exp_minus_one(-x), exp_minus_one(2.0 * y));
    let y = numerator + 2.0;
    let inverse = 1.0 / (x * y);
    (y * inverse, numerator * x * inverse)
}

/// e^x - 1 to about 1e-7 of itself; beyond ±43 as there, so that two of them can be multiplied.
#[inline(always)]
fn exp_minus_one(x: f32) -> f32 {
    let (power, rest) = power_and_rest(x.clamp(-43.0, 43.0));
    rest.mul_add(power, power - 1.0)
}

/// The error function, to 7e-7 (Abramowitz and Stegun, 7.1.26), given e^(-x²).
#[inline(always)]
pub fn erf(x: f32, exp_of_minus_square: f32) -> f32 {
    const SERIES: [f32; 5] = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_72, 0.254_829_6];
    let t = 1.0 / x.abs().mul_add(0.327_591_1, 1.0);
    let series = polynomial(&SERIES, t) * t;
    (1.0 - series * exp_of_minus_square).copysign(x)
}

/// `outputs[..][i] = function(outputs[..][i], inputs[..][i])` for slices of one length. Numbers are read and written a vector
/// at a time: in a loop over single ones the compiler would have to prove that no output is another one's input.
#[inline(always)]
pub fn update<const O: usize, const I: usize>(
    mut outputs: [&mut [f32]; O],
    inputs: [&[f32]; I],
    function: impl Fn([f32; O], [f32; I]) -> [f32; O],
) {
    let length = outputs[0].len();
    assert!(outputs.iter().all(|output| output.len() == length));
    assert!(inputs.iter().all(|input| input.len() == length));
    let whole = length - length % LANES;
    for from in (0..whole).step_by(LANES) {
        let mut values = [[0.0; LANES]; O];
        let mut others = [[0.0; LANES]; I];
        for (values, output) in values.iter_mut().zip(&outputs) {
            values.copy_from_slice(&output[from..from + LANES]);
        }
        for (others, input) in others.iter_mut().zip(&inputs) {
            others.copy_from_slice(&input[from..from + LANES]);
        }
        for lane in 0..LANES {
            let results = function(
                std::array::from_fn(|output| values[output][lane]),
                std::array::from_fn(|input| others[input][lane]),
            );
            for (values, result) in values.iter_mut().zip(results) {
                values[lane] = result;
            }
        }
        for (values, output) in values.iter().zip(&mut outputs) {
            output[from..from + LANES].copy_from_slice(values);
        }
    }
    for at in whole..length {
        let results = function(
            std::array::from_fn(|output| outputs[output][at]),
            std::array::from_fn(|input| inputs[input][at]),
        );
        for (output, result) in outputs.iter_mut().zip(results) {
            output[at] = result;
        }
    }
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
                prop_assert!((f64::from(tanh(x)) - wide.tanh()).abs() <= 3e-7 * wide.tanh().abs());
                let share = 1.0 / (1.0 + (-wide).exp());
                prop_assert!((f64::from(sigmoid(x)) - share).abs() < 3e-7);
                let (first, second) = sigmoids(x, near);
                let (third, level) = sigmoid_and_tanh(x, near);
                prop_assert!((f64::from(first) - share).abs() < 4e-7);
                prop_assert!((f64::from(second) - 1.0 / (1.0 + f64::from(-near).exp())).abs() < 4e-7);
                prop_assert!((f64::from(third) - share).abs() < 4e-7);
                prop_assert!((f64::from(level) - f64::from(near).tanh()).abs() < 4e-7);
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
        for x in [1000.0, f32::INFINITY] {
            let ((one, other), (third, level)) = (sigmoids(x, x), sigmoid_and_tanh(x, x));
            assert!(
                [one, other, third, level]
                    .iter()
                    .all(|share| (share - 1.0).abs() < 3e-7)
            );
            let ((one, other), (third, level)) = (sigmoids(-x, -x), sigmoid_and_tanh(-x, -x));
            assert!([one, other, third].iter().all(|share| *share < 1e-18) && (level + 1.0).abs() < 3e-7);
        }
        assert!(sigmoids(f32::NAN, 0.0).0.is_nan() && sigmoid_and_tanh(0.0, f32::NAN).1.is_nan());
        for function in [exp, tanh, sigmoid, wave] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
