//! The numbers that texts of a CSV file stand for. Most are short and plain: these are read eight letters at a time.

use super::kind::non_digits;
use std::ops::Range;

const WORD: usize = 8;
/// Powers of ten; each is a real number exactly.
const TENS: [u64; 19] = {
    let mut tens = [1; 19];
    let mut power = 1;
    while power < tens.len() {
        tens[power] = tens[power - 1] * 10;
        power += 1;
    }
    tens
};
/// Whole numbers up to this are real numbers exactly.
const EXACT: u64 = 1 << 53;

/// A whole number of 64 bits, the place of which is given; spaces may stand before it.
#[inline]
pub(super) fn integer(bytes: &[u8], value: Range<usize>) -> Option<i64> {
    let negative = bytes.get(value.start) == Some(&b'-');
    match digits(bytes, value.start + usize::from(negative)..value.end) {
        Some(number) if negative => Some(-(number as i64)),
        Some(number) => Some(number as i64),
        None => text(bytes, value)?.parse().ok(),
    }
}

/// The real number nearest to a decimal one with this mark before its fraction; spaces may stand before it.
#[inline]
pub(super) fn real(bytes: &[u8], value: Range<usize>, point: u8) -> Option<f64> {
    match plain_real(bytes, value.clone(), point) {
        Some(number) => Some(number),
        None if point == b'.' => text(bytes, value)?.parse().ok(),
        None => text(bytes, value)?
            .replacen(char::from(point), ".", 1)
            .parse()
            .ok(),
    }
}

/// The same for a number of which all digits together are a real number exactly. Then it is one division away from the
/// result, which is rounded once (Clinger 1990, "How to Read Floating Point Numbers Accurately").
#[inline]
fn plain_real(bytes: &[u8], value: Range<usize>, point: u8) -> Option<f64> {
    let negative = bytes.get(value.start) == Some(&b'-');
    let start = value.start + usize::from(negative);
    let all = bytes.get(start..value.end)?;
    let (number, tens) = match all.iter().position(|byte| *byte == point) {
        None => (digits(bytes, start..value.end)?, 0),
        Some(at) => {
            let behind = all.len() - at - 1;
            if at + behind >= TENS.len() {
                return None;
            }
            let whole = if at == 0 {
                0
            } else {
                digits(bytes, start..start + at)?
            };
            let fraction = if behind == 0 {
                0
            } else {
                digits(bytes, start + at + 1..value.end)?
            };
            if at + behind == 0 {
                return None;
            }
            (whole * TENS[behind] + fraction, behind)
        }
    };
    if number > EXACT {
        return None;
    }
    let number = number as f64 / TENS[tens] as f64;
    Some(if negative { -number } else { number })
}

/// Up to sixteen digits; `None` for more, for anything else, and at the very end of the bytes.
#[inline]
fn digits(bytes: &[u8], place: Range<usize>) -> Option<u64> {
    let length = place.end.checked_sub(place.start)?;
    match length {
        1..=WORD => word(bytes, place.start, length),
        9..=16 => {
            let behind = length - WORD;
            let low = word(bytes, place.start + WORD, behind)?;
            Some(word(bytes, place.start, WORD)? * TENS[behind] + low)
        }
        _ => None,
    }
}

/// One to eight digits.
#[inline]
fn word(bytes: &[u8], start: usize, length: usize) -> Option<u64> {
    let word = u64::from_le_bytes(*bytes.get(start..)?.first_chunk::<WORD>()?);
    // What lies behind the digits is pushed out; zeros come before them.
    let word = (word ^ 0x3030_3030_3030_3030) << (8 * (WORD - length));
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
            value in "-?[0-9]{0,19}|-?[0-9]{0,17}\\.[0-9]{0,17}|[-+]?[0-9]{1,3}(\\.[0-9]{1,2})?(e-?[0-9]{1,2})?|[0-9.,x-]{0,9}",
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
