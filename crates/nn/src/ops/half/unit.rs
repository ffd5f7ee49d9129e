//! What products of bf16 numbers are made of: rounding to pairs, and adding their products up. A processor with AVX-512's
//! bf16 instructions multiplies a vector of pairs in the time in which it multiplies one of single numbers. Where there are
//! none, the portable form gives the same bits, but no speed.

/// Two numbers one behind the other along a product's inner dimension, rounded to bf16 (the upper half of an f32, to the
/// nearest, to the even one of two): the first in the lower half.
pub type Pair = u32;

/// Sums of a vector, and pairs.
pub const LANES: usize = 16;

/// Pairs that are multiplied by one instruction.
pub type Pairs = [Pair; LANES];

/// Who rounds and multiplies.
pub trait Unit: Copy {
    /// As many sums as a vector has.
    type Sums: Copy;

    /// Nothing added yet.
    fn zeros(self) -> Self::Sums;

    /// Each number with its neighbour.
    fn along(self, numbers: &[f32; 2 * LANES]) -> Pairs;

    /// Each number of one row with that of the next row.
    fn across(self, first: &[f32; LANES], second: &[f32; LANES]) -> Pairs;

    /// Rows of pairs as columns.
    fn turned(self, rows: [Pairs; LANES]) -> [Pairs; LANES];

    /// Adds the products of one pair with each of a vector's: that of the second numbers, then that of the first ones, each
    /// with one rounding to f32.
    fn add(self, sums: Self::Sums, left: Pair, right: &Pairs) -> Self::Sums;

    /// The sums as numbers.
    fn numbers(self, sums: Self::Sums) -> [f32; LANES];
}

/// Something to be done by whichever unit there is.
pub trait Work {
    /// Must be inlined, as all that it calls with a unit, so that it is compiled for the unit's instructions.
    fn run<U: Unit>(self, unit: U);
}

/// Whether this processor has the instructions.
pub fn has_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    let found = is_x86_feature_detected!("avx512bf16")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    let found = false;
    found
}

/// Does the work with the fastest unit.
#[inline]
#[allow(
    unsafe_code,
    reason = "instructions of the processor, which are only used where it has them"
)]
pub fn dispatch(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    if has_instructions() {
        // SAFETY: the processor has the instructions that the function is compiled for. The tests compare it with the
        // portable form to the bit.
        return unsafe { instructions::run(work) };
    }
    work.run(Portable);
}

/// Plain Rust.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

/// The bits of a number rounded to bf16, the lower half empty. What is below the smallest normal number becomes zero, as the
/// instructions have it.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    if number.is_nan() {
        return (bits | 0x0040_0000) & 0xffff_0000;
    }
    if !number.is_normal() && number.is_finite() {
        return bits & 0x8000_0000;
    }
    bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000
}

#[inline(always)]
fn pair(first: f32, second: f32) -> Pair {
    rounded(first) >> 16 | rounded(second)
}

/// The numbers of a pair.
#[inline(always)]
pub fn both(pair: Pair) -> [f32; 2] {
    [f32::from_bits(pair << 16), f32::from_bits(pair & 0xffff_0000)]
}

impl Unit for Portable {
    type Sums = [f32; LANES];

    #[inline(always)]
    fn zeros(self) -> [f32; LANES] {
        [0.0; LANES]
    }

    #[inline(always)]
    fn along(self, numbers: &[f32; 2 * LANES]) -> Pairs {
        std::array::from_fn(|lane| pair(numbers[2 * lane], numbers[2 * lane + 1]))
    }

    #[inline(always)]
    fn across(self, first: &[f32; LANES], second: &[f32; LANES]) -> Pairs {
        std::array::from_fn(|lane| pair(first[lane], second[lane]))
    }

    #[inline(always)]
    fn turned(self, rows: [Pairs; LANES]) -> [Pairs; LANES] {
        std::array::from_fn(|column| rows.map(|row| row[column]))
    }

    #[inline(always)]
    fn add(self, mut sums: [f32; LANES], left: Pair, right: &Pairs) -> [f32; LANES] {
        let [first, second] = both(left);
        for (sum, pair) in sums.iter_mut().zip(right) {
            let right = both(*pair);
            *sum = first.mul_add(right[0], second.mul_add(right[1], *sum));
        }
        sums
    }

    #[inline(always)]
    fn numbers(self, sums: [f32; LANES]) -> [f32; LANES] {
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod instructions {
    use super::{LANES, Pair, Pairs, Unit, Work};
    use std::{
        arch::x86_64::{
            __m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_permutex2var_epi32,
            _mm512_permutexvar_epi16, _mm512_set1_epi32, _mm512_setzero_ps,
        },
        mem::transmute,
    };

    /// Lower and upper halves of a vector in turns.
    const INTERLEAVED: [u16; 2 * LANES] = {
        let mut order = [0; 2 * LANES];
        let mut lane = 0;
        while lane < LANES {
            order[2 * lane] = lane as u16;
            order[2 * lane + 1] = (LANES + lane) as u16;
            lane += 1;
        }
        order
    };

    /// AVX-512 with bf16.
    #[derive(Debug, Clone, Copy)]
    pub struct Instructions(());

    /// Does the work by the instructions.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub fn run(work: impl Work) {
        work.run(Instructions(()));
    }

    // SAFETY, of all below: only `run` makes an `Instructions`, so the processor has them; vectors and arrays that are
    // turned into each other have 64 bytes, of which any bits are numbers.
    #[expect(
        unsafe_code,
        reason = "instructions of the processor, which are only used where it has them"
    )]
    impl Unit for Instructions {
        type Sums = __m512;

        #[inline(always)]
        fn zeros(self) -> __m512 {
            unsafe { _mm512_setzero_ps() }
        }

        #[inline(always)]
        fn along(self, numbers: &[f32; 2 * LANES]) -> Pairs {
            unsafe {
                let [lower, upper] = transmute::<[f32; 2 * LANES], [__m512; 2]>(*numbers);
                transmute::<__m512bh, Pairs>(_mm512_cvtne2ps_pbh(upper, lower))
            }
        }

        #[inline(always)]
        fn across(self, first: &[f32; LANES], second: &[f32; LANES]) -> Pairs {
            unsafe {
                let [first, second] =
                    [first, second].map(|numbers| transmute::<[f32; LANES], __m512>(*numbers));
                let halves = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first));
                let order = transmute::<[u16; 2 * LANES], __m512i>(INTERLEAVED);
                transmute::<__m512i, Pairs>(_mm512_permutexvar_epi16(order, halves))
            }
        }

        /// Shuffles rows 0 and 8, 1 and 9, .. like cards, four times: each time the bits of a pair's row and column move on by
        /// one, so that in the end they have changed places.
        #[inline(always)]
        fn turned(self, rows: [Pairs; LANES]) -> [Pairs; LANES] {
            const LOW: Pairs = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
            const HIGH: Pairs = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
            unsafe {
                let [low, high] = transmute::<[Pairs; 2], [__m512i; 2]>([LOW, HIGH]);
                let mut rows = transmute::<[Pairs; LANES], [__m512i; LANES]>(rows);
                for _ in 0..4 {
                    let before = rows;
                    for (half, rows) in rows.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                        let (one, other) = (before[half], before[LANES / 2 + half]);
                        rows[0] = _mm512_permutex2var_epi32(one, low, other);
                        rows[1] = _mm512_permutex2var_epi32(one, high, other);
                    }
                }
                transmute::<[__m512i; LANES], [Pairs; LANES]>(rows)
            }
        }

        #[inline(always)]
        fn add(self, sums: __m512, left: Pair, right: &Pairs) -> __m512 {
            unsafe {
                let left = transmute::<__m512i, __m512bh>(_mm512_set1_epi32(left.cast_signed()));
                _mm512_dpbf16_ps(sums, left, transmute::<Pairs, __m512bh>(*right))
            }
        }

        #[inline(always)]
        fn numbers(self, sums: __m512) -> [f32; LANES] {
            unsafe { transmute::<__m512, [f32; LANES]>(sums) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Record<'a> {
        numbers: &'a [f32; 2 * LANES],
        others: &'a [f32; 2 * LANES],
        seen: &'a mut Vec<[u32; LANES]>,
    }

    impl Work for Record<'_> {
        #[inline(always)]
        fn run<U: Unit>(self, unit: U) {
            let (left, right) = (unit.along(self.numbers), unit.along(self.others));
            let [first, second] = [0, LANES].map(|from| self.numbers[from..].first_chunk().unwrap());
            let mut sums = unit.zeros();
            for pair in left {
                sums = unit.add(sums, pair, &right);
            }
            let sums = unit.numbers(sums).map(f32::to_bits);
            self.seen.extend([left, right, unit.across(first, second), sums]);
            let rows = std::array::from_fn(|row| std::array::from_fn(|column| (LANES * row + column) as u32));
            self.seen.extend(unit.turned(rows));
        }
    }

    proptest! {
        #[test]
        fn the_instructions_and_the_portable_form_agree_to_the_bit(
            numbers in prop::array::uniform32(-1e9f32..1e9), others in prop::array::uniform32(-2.0f32..2.0),
            odd: u32,
        ) {
            let mut numbers = numbers;
            // A sum may be NaN of another sign, so only what is rounded can be anything.
            numbers[7] = match f32::from_bits(odd) {
                odd if odd.abs() < 1e30 => odd,
                _ => 0.0,
            };
            let (mut fast, mut portable) = (Vec::new(), Vec::new());
            dispatch(Record { numbers: &numbers, others: &others, seen: &mut fast });
            Record { numbers: &numbers, others: &others, seen: &mut portable }.run(Portable);
            prop_assert_eq!(fast, portable);
        }

        #[test]
        fn rounding_goes_to_the_nearest(bits: u32) {
            let number = f32::from_bits(bits);
            let [rounded, _] = both(pair(number, 0.0));
            if number.is_nan() {
                prop_assert!(rounded.is_nan());
            } else if number.is_normal() && rounded.is_finite() {
                // bf16 has 8 bits of a number: what is rounded away is half of the last one at the most.
                prop_assert!((number - rounded).abs() <= number.abs() / 256.0);
            }
        }
    }

    #[test]
    fn halves_go_to_the_even_one_and_edges_stay() {
        let rounded = |bits: u32| both(pair(f32::from_bits(bits), 0.0))[0].to_bits();
        assert_eq!(rounded(0x3f80_8000), 0x3f80_0000);
        assert_eq!(rounded(0x3f81_8000), 0x3f82_0000);
        assert_eq!(rounded(0x3f80_8001), 0x3f81_0000);
        assert_eq!(rounded(f32::INFINITY.to_bits()), f32::INFINITY.to_bits());
        assert_eq!(rounded(f32::MAX.to_bits()), f32::INFINITY.to_bits());
        assert_eq!(rounded(0x8000_0001), 0x8000_0000);
    }
}
