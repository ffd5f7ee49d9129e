//! How persons pay: cards and accounts.

use super::{digits, luhn};

/// Whether a text is the number of a payment card: the length and the first digits of a known network (ISO/IEC 7812), and
/// Luhn's check digit.
pub(super) fn is_card(text: &str) -> bool {
    let Some(found) = digits(text, &[' ', '-']) else {
        return false;
    };
    if !(13..=19).contains(&found.len()) {
        return false;
    }
    let first = |count: usize| found[..count].iter().fold(0, |number, digit| number * 10 + digit);
    let known = match found.len() {
        15 => matches!(first(2), 34 | 37),
        14 => matches!(first(2), 30 | 36 | 38 | 39),
        13 | 19 => first(1) == 4 || matches!(first(2), 50 | 56..=69),
        16 => {
            first(1) == 4
                || matches!(first(2), 50..=69)
                || matches!(first(4), 2221..=2720 | 3528..=3589 | 2200..=2204)
        }
        _ => matches!(first(2), 50 | 56..=69),
    };
    known && luhn(&found)
}

/// Lengths of the account numbers of the countries with the most of them (SWIFT's IBAN registry).
const IBAN_LENGTHS: [(&str, usize); 40] = [
    ("AD", 24),
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("BR", 29),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("TR", 26),
];

/// Whether a text is an international account number: a country, its length, and the remainder 1 of the number that the
/// letters and digits make, modulo 97 (ISO 13616).
pub(super) fn is_iban(text: &str) -> bool {
    let bare: Vec<u8> = text.trim().bytes().filter(|byte| *byte != b' ').collect();
    if !bare.iter().all(u8::is_ascii_alphanumeric) || bare.len() < 15 {
        return false;
    }
    let country = &bare[..2];
    let known = IBAN_LENGTHS
        .iter()
        .any(|(code, length)| code.as_bytes() == country && *length == bare.len());
    if !known || !bare[2..4].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let turned = bare[4..].iter().chain(&bare[..4]);
    let remainder = turned.fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_known() {
        // The networks' numbers for tests.
        for text in [
            "4111 1111 1111 1111",
            "5555555555554444",
            "378282246310005",
            "2223003122003222",
            "30569309025904",
        ] {
            assert!(is_card(text), "{text}");
        }
        for text in [
            "4111 1111 1111 1112",
            "1234567812345670",
            "411111111111",
            "not a card",
        ] {
            assert!(!is_card(text), "{text}");
        }
    }

    #[test]
    fn accounts_are_known() {
        // From SWIFT's registry.
        for text in [
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "FR1420041010050500013M02606",
            "NL91ABNA0417164300",
        ] {
            assert!(is_iban(text), "{text}");
        }
        for text in [
            "DE89 3704 0044 0532 0130 01",
            "XX89370400440532013000",
            "DE8937040044053201300",
            "hello",
        ] {
            assert!(!is_iban(text), "{text}");
        }
    }
}
