//! Numbers by which countries know persons. Where a number has check digits, they have to be right.

use super::digits;

fn exactly(text: &str, separators: &[char], length: usize) -> Option<Vec<u32>> {
    digits(text, separators).filter(|digits| digits.len() == length)
}

fn number(digits: &[u32]) -> u64 {
    digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(*digit))
}

fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

fn is_month_and_day(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// `123-45-6789`, written with its dashes; it has no check digit, and areas that were never given away.
pub(super) fn is_us_ssn(text: &str) -> bool {
    let groups: Vec<&str> = text.trim().split('-').collect();
    let [area, group, serial] = groups[..] else {
        return false;
    };
    let number = |text: &str, length: usize| -> Option<u32> {
        let plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    match (number(area, 3), number(group, 2), number(serial, 4)) {
        (Some(area), Some(group), Some(serial)) => {
            area > 0 && area != 666 && area < 900 && group > 0 && serial > 0
        }
        _ => false,
    }
}

/// `12345678Z`, `X1234567L`: the letter is the number modulo 23.
pub(super) fn is_spanish_dni(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let bare: String = text.trim().chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let bytes = bare.to_ascii_uppercase().into_bytes();
    let [first, middle @ .., letter] = &bytes[..] else {
        return false;
    };
    if bytes.len() != 9 || !middle.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let lead = match first {
        b'0'..=b'9' => u64::from(first - b'0'),
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        _ => return false,
    };
    let number = middle
        .iter()
        .fold(lead, |number, digit| number * 10 + u64::from(digit - b'0'));
    LETTERS[(number % 23) as usize] == *letter
}

/// `RSSMRA85T10A562S`: sixteen letters and digits; the last letter is made of the others (decree of 23 December 1976).
pub(super) fn is_italian_code(text: &str) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ];
    let code = text.trim().to_ascii_uppercase().into_bytes();
    let pattern = b"LLLLLLDDLDDLDDDL";
    // Where two persons would have the same code, digits become letters; these are let through.
    let fits = |(byte, kind): (&u8, &u8)| match kind {
        b'L' => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
    };
    if code.len() != pattern.len() || !code.iter().zip(pattern).all(fits) {
        return false;
    }
    let place = |byte: u8| {
        u32::from(if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            byte - b'A'
        })
    };
    let sum: u32 = code[..15]
        .iter()
        .enumerate()
        .map(|(index, &byte)| {
            if index % 2 == 0 {
                ODD[place(byte) as usize]
            } else {
                place(byte)
            }
        })
        .sum();
    sum % 26 == place(code[15])
}

/// Fifteen digits: sex, year, month, place, order, and 97 minus the rest modulo 97.
pub(super) fn is_french_nir(text: &str) -> bool {
    exactly(text, &[' '], 15).is_some_and(|digits| {
        let month = number(&digits[3..5]);
        matches!(digits[0], 1 | 2)
            && ((1..=12).contains(&month) || (20..=42).contains(&month))
            && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
    })
}

/// Eleven digits with a check digit by ISO 7064, MOD 11,10; of the first ten one occurs twice or three times.
pub(super) fn is_german_idnr(text: &str) -> bool {
    exactly(text, &[' '], 11).is_some_and(|digits| {
        let mut counts = [0; 10];
        digits[..10].iter().for_each(|digit| counts[*digit as usize] += 1);
        let repeated = counts.iter().filter(|count| **count > 1).count();
        let product = digits[..10].iter().fold(10, |product, digit| {
            let sum = match (digit + product) % 10 {
                0 => 10,
                sum => sum,
            };
            sum * 2 % 11
        });
        digits[0] != 0
            && repeated == 1
            && counts.iter().all(|count| *count <= 3)
            && (11 - product) % 10 == digits[10]
    })
}

/// Eleven digits: day of birth with the century in its month, order, and a weighted check digit.
pub(super) fn is_polish_pesel(text: &str) -> bool {
    exactly(text, &[], 11).is_some_and(|digits| {
        let sum = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
        is_month_and_day(number(&digits[2..4]) % 20, number(&digits[4..6]))
            && (10 - sum % 10) % 10 == digits[10]
    })
}

/// Eleven digits, the last two of them check digits modulo 11; not all the same.
pub(super) fn is_brazilian_cpf(text: &str) -> bool {
    exactly(text, &['.', '-'], 11).is_some_and(|digits| {
        let check = |count: u32| {
            let weights: Vec<u32> = (2..=count + 1).rev().collect();
            weighted(&digits, &weights) * 10 % 11 % 10
        };
        digits.iter().any(|digit| *digit != digits[0]) && check(9) == digits[9] && check(10) == digits[10]
    })
}

/// Seventeen digits with the day of birth, and a check character by ISO 7064, MOD 11-2.
pub(super) fn is_chinese_id(text: &str) -> bool {
    let text = text.trim();
    let (Some(digits), Some(last)) = (
        text.get(..17).and_then(|start| digits(start, &[])),
        text.get(17..),
    ) else {
        return false;
    };
    let (year, month, day) = (
        number(&digits[6..10]),
        number(&digits[10..12]),
        number(&digits[12..14]),
    );
    let sum = weighted(&digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let expected = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
    digits[0] != 0
        && (1900..2100).contains(&year)
        && is_month_and_day(month, day)
        && last.eq_ignore_ascii_case(expected)
}

/// Twelve digits from 2 on with a check digit by Verhoeff (1969).
pub(super) fn is_indian_aadhaar(text: &str) -> bool {
    exactly(text, &[' ', '-'], 12).is_some_and(|digits| digits[0] >= 2 && verhoeff(&digits))
}

/// Verhoeff's scheme: the digits, each turned by its place, multiply to 0 in the group of a pentagon's symmetries.
fn verhoeff(digits: &[u32]) -> bool {
    const TURN: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let turned = |place: usize, digit: u32| (0..place % 8).fold(digit, |digit, _| TURN[digit as usize]);
    let digits = digits.iter().rev().enumerate();
    digits.fold(0, |so_far, (place, digit)| product(so_far, turned(place, *digit))) == 0
}

/// `QQ 12 34 56 C`: letters that are in use, six digits, one of four letters.
pub(super) fn is_british_nino(text: &str) -> bool {
    let bare: Vec<u8> = text.trim().bytes().filter(|byte| *byte != b' ').collect();
    let [first, second, digits @ .., suffix] = &bare[..] else {
        return false;
    };
    bare.len() == 9
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(first)
        && !b"DFIOQUV".contains(second)
        && digits.iter().all(u8::is_ascii_digit)
        && b"ABCD".contains(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str) -> bool;

    #[test]
    fn national_ids_are_known_by_their_checks() {
        // Published specimens.
        let sound: [(Check, &str); 12] = [
            (is_us_ssn, "219-09-9999"),
            (is_spanish_dni, "12345678Z"),
            (is_spanish_dni, "X-1234567-L"),
            (is_italian_code, "RSSMRA85T10A562S"),
            (is_french_nir, "2 55 08 14 168 025 38"),
            (is_german_idnr, "86 095 742 719"),
            (is_polish_pesel, "44051401359"),
            (is_brazilian_cpf, "529.982.247-25"),
            (is_chinese_id, "11010519491231002X"),
            (is_indian_aadhaar, "2341 2341 2346"),
            (is_british_nino, "AB 12 34 56 C"),
            (is_german_idnr, "47036892816"),
        ];
        for (is, text) in sound {
            assert!(is(text), "{text}");
        }
        let wrong: [(Check, &str); 11] = [
            (is_us_ssn, "000-12-3456"),
            (is_us_ssn, "2013-06-30"),
            (is_spanish_dni, "12345678A"),
            (is_italian_code, "RSSMRA85T10A562T"),
            (is_french_nir, "255081416802539"),
            (is_german_idnr, "86095742718"),
            (is_polish_pesel, "44051401358"),
            (is_brazilian_cpf, "111.111.111-11"),
            (is_chinese_id, "110105194912310021"),
            (is_indian_aadhaar, "234123412347"),
            (is_british_nino, "QQ123456C"),
        ];
        for (is, text) in wrong {
            assert!(!is(text), "{text}");
        }
    }
}
