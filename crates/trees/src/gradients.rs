//! Gradients as whole numbers, so that their sums are exact and the same in any order.
//!
//! A row's first and second derivative are scaled to whole numbers and packed into 64 bits, the first one signed in the
//! upper half. One addition then adds both, and no sum over all rows can overflow its half: with `n` rows the first
//! derivative has `2^31 / n` steps on either side of 0. What is lost by rounding is spread evenly by a low-discrepancy
//! offset for each row instead of always falling to the same side (compare Shi et al., "Quantized Training of Gradient
//! Boosting Decision Trees", 2022, who need only a few bits).

/// First and second derivative of a row's loss by its score.
pub type Gradient = [f32; 2];

/// Fraction of the golden ratio as a share of 2^32: its multiples fill the circle evenly.
const GOLDEN: u32 = 0x9E37_79B9;

/// What one step of the whole numbers is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    first: f64,
    second: f64,
}

/// A sum of packed gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Packed(pub i64);

impl Packed {
    /// Both sums together.
    #[inline]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    /// What is left of a sum.
    #[inline]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.wrapping_sub(other.0))
    }
}

impl Scale {
    /// The sums of first and second derivatives.
    #[inline]
    pub fn unpack(&self, Packed(sum): Packed) -> (f64, f64) {
        let (first, second) = ((sum >> 32) as i32, sum as u32);
        (f64::from(first) * self.first, f64::from(second) * self.second)
    }
}

/// Packs the gradients of these rows into `packed`, by the row's number; other rows' places keep what they have.
pub(crate) fn pack(gradients: &[Gradient], rows: &[u32], packed: &mut [i64]) -> Scale {
    let (mut first, mut second, mut least) = (0f32, 0f32, f32::INFINITY);
    for row in rows {
        let gradient = gradients[*row as usize];
        first = first.max(gradient[0].abs());
        second = second.max(gradient[1]);
        least = least.min(gradient[1]);
    }
    // One step less than fits, since an offset may round up.
    let count = rows.len().max(1) as f64;
    let steps = |highest: f32, room: f64| match f64::from(highest) {
        highest if highest > 0.0 => (room / count).floor().max(2.0) - 1.0,
        _ => 1.0,
    };
    let size = |highest: f32, steps: f64| match f64::from(highest) {
        highest if highest > 0.0 => highest / steps,
        _ => 1.0,
    };
    let first_steps = steps(first, 2_147_483_648.0).min(f64::from(1u32 << 24));
    // Where all second derivatives are the same, they count rows.
    let same = least == second;
    let second_steps = match same {
        true => 1.0,
        false => steps(second, 4_294_967_296.0).min(f64::from(1u32 << 24)),
    };
    let scale = Scale {
        first: size(first, first_steps),
        second: size(second, second_steps),
    };
    let (by_first, by_second) = (1.0 / scale.first, 1.0 / scale.second);
    for row in rows {
        let [first, second] = gradients[*row as usize];
        let offset = f64::from(row.wrapping_mul(GOLDEN)) * (1.0 / 4_294_967_296.0);
        let first = (f64::from(first) * by_first + offset).floor() as i64;
        let second = match same {
            true => 1,
            false => (f64::from(second) * by_second + (1.0 - offset)).floor() as i64,
        };
        packed[*row as usize] = (first << 32) + second;
    }
    scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sums_are_those_of_the_gradients(
            gradients in prop::collection::vec((-100f32..100.0, 0f32..2.0), 1..500), same: bool,
        ) {
            let gradients: Vec<Gradient> = gradients.into_iter().map(|(g, h)| [g, if same { 3.0 } else { h }]).collect();
            let rows: Vec<u32> = (0..gradients.len() as u32).collect();
            let mut packed = vec![0; rows.len()];
            let scale = pack(&gradients, &rows, &mut packed);
            let sum = Packed(packed.iter().sum());
            let (first, second) = scale.unpack(sum);
            let expected = gradients.iter().fold((0.0, 0.0), |(first, second), [g, h]| {
                (first + f64::from(*g), second + f64::from(*h))
            });
            let room = gradients.len() as f64;
            prop_assert!((first - expected.0).abs() <= room * scale.first, "{first} {}", expected.0);
            prop_assert!((second - expected.1).abs() <= room * scale.second.min(1e-3), "{second} {}", expected.1);
        }
    }

    #[test]
    fn the_largest_sums_fit() {
        for (count, value) in [(1usize, 1e30f32), (300_000, 7.0), (3_000_000, -1e-20)] {
            // The last row differs, so that second derivatives aren't taken for counts.
            let mut gradients = vec![[value, 0.25]; count];
            gradients.push([value, 0.1]);
            let rows: Vec<u32> = (0..gradients.len() as u32).collect();
            let mut packed = vec![0; rows.len()];
            let scale = pack(&gradients, &rows, &mut packed);
            let (first, second) = scale.unpack(Packed(packed.iter().sum()));
            let all = gradients.len() as f64;
            assert!((first / (all * f64::from(value)) - 1.0).abs() < 1e-3, "{first}");
            assert!(
                (second / (count as f64 * 0.25 + f64::from(0.1f32)) - 1.0).abs() < 1e-3,
                "{second}"
            );
        }
    }
}
