//! The numbers that texts of a CSV file stand for. Most are short and plain: these are read eight letters at a time.

use super::kind::non_digits;
use std::ops::Range;

/// Letters of a word, and bits of a letter.
const WORD: usize = 8;
const LETTER: usize = 8;
/// Powers of ten that 64 bits hold.
const TENS: [u64; 20] = {
    let mut tens = [1; 20];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};
/// The same as real numbers, which they are exactly.
const REAL_TENS: [f64; 20] = {
    let mut tens = [1.0; 20];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = TENS[power] as f64;
        power += 1;
    }
    tens
};
/// Whole numbers up to this are real numbers exactly.
const EXACT: u64 = 1 << 53;

/// A whole number of 64 bits, the place of which is given; spaces may stand before it.
#[inline]
pub(super) fn integer(bytes: &[u8], value: Range<usize>) -> Option<i64> {
    match plain_integer(bytes, &value) {
        Some(number) => Some(number),
        None => text(bytes, value)?.parse().ok(),
    }
}

/// The same for a number of up to 19 digits.
#[inline]
pub(super) fn plain_integer(bytes: &[u8], value: &Range<usize>) -> Option<i64> {
    let (negative, words, length) = letters(bytes, value)?;
    let number = i64::try_from(digits(words, length)?).ok()?;
    Some(if negative { -number } else { number })
}

/// The real number nearest to a decimal one with this mark before its fraction; spaces may stand before it.
#[inline]
pub(super) fn real(bytes: &[u8], value: Range<usize>, point: u8) -> Option<f64> {
    match plain_real(bytes, &value, point) {
        Some((number, _)) => Some(number),
        None if point == b'.' => text(bytes, value)?.parse().ok(),
        None => text(bytes, value)?
            .replacen(char::from(point), ".", 1)
            .parse()
            .ok(),
    }
}

/// The same for a number of up to 19 digits, of which up to 15 stand before the mark; how many digits there are where
/// there is no mark.
#[inline]
pub(super) fn plain_real(bytes: &[u8], value: &Range<usize>, point: u8) -> Option<(f64, Option<usize>)> {
    let (negative, words, length) = letters(bytes, value)?;
    let [first, second, third] = words;
    let mut whole = leading_digits(first);
    if whole == WORD && length > WORD {
        whole += leading_digits(second);
    }
    let (number, power, without_mark) = if whole >= length {
        (digits(words, length)?, 0, Some(length))
    } else {
        if whole == 2 * WORD
            || length == 1
            || length > TENS.len()
            || bytes[value.end - length + whole] != point
        {
            return None;
        }
        // The digits behind the mark move up to its place.
        let before = (1 << (LETTER * (whole % WORD))) - 1;
        let moved = |word: u64, behind: u64| word >> LETTER | behind << (u64::BITS as usize - LETTER);
        let words = if whole < WORD {
            let first = first & before | moved(first, second) & !before;
            [first, moved(second, third), third >> LETTER]
        } else {
            [
                first,
                second & before | moved(second, third) & !before,
                third >> LETTER,
            ]
        };
        (digits(words, length - 1)?, length - whole - 1, None)
    };
    let number = if number <= EXACT {
        // One division of numbers that are exact, rounded once (Clinger 1990, "How to Read Floating Point Numbers
        // Accurately").
        number as i64 as f64 / REAL_TENS[power]
    } else {
        quotient(number, TENS[power])
    };
    Some((if negative { -number } else { number }, without_mark))
}

/// The real number nearest to a quotient of whole ones that aren't zero.
///
/// Both are shifted up to 64 bits, so that the whole part of `dividend · 2^62 / divisor` has 62 or 63 bits. That is more
/// than a real number's 53, and a last bit which stands for all that is left decides what lies in the middle: the only
/// rounding is that of the conversion.
#[inline]
fn quotient(dividend: u64, divisor: u64) -> f64 {
    let (up, down) = (dividend.leading_zeros() as i32, divisor.leading_zeros() as i32);
    let dividend = u128::from(dividend << up) << 62;
    let divisor = u128::from(divisor << down);
    let whole = (dividend / divisor) as u64;
    let has_rest = u128::from(whole) * divisor != dividend;
    let power = f64::MAX_EXP - 1 + down - up - 62;
    (whole | u64::from(has_rest)) as i64 as f64 * f64::from_bits((power as u64) << (f64::MANTISSA_DIGITS - 1))
}

/// The first 24 letters of a value behind its sign, with others behind a shorter one, and how many of them are its own.
/// Whether the sign is a minus. `None` at the very end of the bytes.
#[inline(always)]
fn letters(bytes: &[u8], value: &Range<usize>) -> Option<(bool, [u64; 3], usize)> {
    let negative = bytes.get(value.start) == Some(&b'-');
    let start = value.start + usize::from(negative);
    let letters = bytes.get(start..)?.first_chunk::<{ 3 * WORD }>()?;
    let (words, _) = letters.as_chunks::<WORD>();
    let word = |number: usize| u64::from_le_bytes(words[number]);
    Some((
        negative,
        [word(0), word(1), word(2)],
        value.end.checked_sub(start)?,
    ))
}

/// How many digits eight letters begin with.
#[inline(always)]
fn leading_digits(letters: u64) -> usize {
    non_digits(letters).trailing_zeros() as usize / LETTER
}

/// The number of one to nineteen digits; `None` for more, and for anything else.
#[inline(always)]
fn digits([first, second, third]: [u64; 3], length: usize) -> Option<u64> {
    let behind = length.saturating_sub(WORD);
    match length {
        1..=8 => of_word(first, length),
        9..=16 => Some(of_word(first, WORD)? * TENS[behind] + of_word(second, behind)?),
        17..=19 => {
            let first = of_word(first, WORD)? * TENS[WORD] + of_word(second, WORD)?;
            let behind = behind - WORD;
            Some(first * TENS[behind] + of_word(third, behind)?)
        }
        _ => None,
    }
}

/// The number of the first one to eight letters of a word.
#[inline(always)]
fn of_word(word: u64, length: usize) -> Option<u64> {
    // What lies behind the digits is pushed out; zeros come before them.
    let word = (word ^ 0x3030_3030_3030_3030) << (LETTER * (WORD - length));
    if non_digits(word ^ 0x3030_3030_3030_3030) != 0 {
        return None;
    }
    // Neighbours are joined: digits to pairs, pairs to fours, fours to eight.
    let pairs = (word.wrapping_mul(10) + (word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff)
}

fn text(bytes: &[u8], value: Range<usize>) -> Option<&str> {
    let text = std::str::from_utf8(bytes.get(value)?).ok()?;
    Some(text.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(
            value in "-?[0-9]{0,20}|-?922337203685477580[0-9]|-?[0-9]{1,18}\\.[0-9]{1,18}|-?[0-9]{0,17}\\.[0-9]{0,17}|[-+]?[0-9]{1,3}(\\.[0-9]{1,2})?(e-?[0-9]{1,2})?|[0-9.,x-]{0,9}",
            after in "[,\n0-9]{0,9}",
        ) {
            let bytes = format!("7,{value}{after}");
            let place = 2..2 + value.len();
            prop_assert_eq!(integer(bytes.as_bytes(), place.clone()), value.parse().ok());
            let of = |number: Option<f64>| number.map(f64::to_bits);
            prop_assert_eq!(of(real(bytes.as_bytes(), place.clone(), b'.')), of(value.parse().ok()));
            if !value.contains(['.', ',']) || value.matches(',').count() == 1 && !value.contains('.') {
                let comma = value.replace(',', ".").parse().ok();
                prop_assert_eq!(of(real(bytes.as_bytes(), place, b',')), of(comma));
            }
        }
    }

    #[test]
    fn spaces_may_stand_before_numbers() {
        assert_eq!(integer(b" 12,  ", 0..3), Some(12));
        assert_eq!(real(b"  1,5;        ", 0..5, b','), Some(1.5));
        assert_eq!(integer(b"9223372036854775807", 0..19), Some(i64::MAX));
        assert_eq!(real(b"inf", 0..3, b'.'), Some(f64::INFINITY));
    }
}
