//! How persons are reached: e-mail addresses and telephone numbers.

use super::digits;

/// Whether there is an e-mail address in a text: `name@host.tld`.
pub(super) fn has_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%');
        let name = text[..at].chars().rev().take_while(|c| in_name(*c)).count();
        let host: String = text[at + 1..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            .collect();
        let host = host.trim_end_matches(['.', '-']);
        let parts: Vec<&str> = host.split('.').collect();
        let ending = parts.last().copied().unwrap_or_default();
        name > 0
            && parts.len() > 1
            && parts.iter().all(|part| !part.is_empty())
            && ending.len() >= 2
            && ending.chars().all(char::is_alphabetic)
    })
}

/// Whether a text is a telephone number: with a country (`+49 30 901820`, at most 15 digits by ITU-T E.164), or seven to
/// twelve digits in groups as they are written in a country. Digits alone are numbers like others, and `2013-06-30` is a
/// date.
pub(super) fn is_phone(text: &str) -> bool {
    let text = text.trim();
    let Some(found) = digits(text.trim_start_matches('+'), &[' ', '-', '.', '/', '(', ')']) else {
        return false;
    };
    if text.starts_with('+') {
        return (8..=15).contains(&found.len()) && found[0] != 0;
    }
    let groups: Vec<usize> = text
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .filter(|length| *length > 0)
        .collect();
    let is_written_so = match groups[..] {
        // (212) 555-0123 and 555-0123
        [3, 3, 4] | [1, 3, 3, 4] | [3, 4] => true,
        // 030 901820, 01 42 68 53 00
        [first, ..] if text.starts_with('0') && first >= 2 => groups.len() >= 2,
        _ => false,
    };
    is_written_so && (7..=12).contains(&found.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known() {
        for text in [
            "ada@example.org",
            "Ada <a.l+x@mail.example.co.uk>, or call",
            "x@y.de.",
        ] {
            assert!(has_email(text), "{text}");
        }
        for text in ["@ada", "ada@", "ada@home", "3 @ 4.50", "a@b..c", "5@1.25"] {
            assert!(!has_email(text), "{text}");
        }
    }

    #[test]
    fn telephone_numbers_are_known() {
        for text in [
            "+49 30 901820",
            "+14155550123",
            "(212) 555-0123",
            "212-555-0123",
            "01 42 68 53 00",
            "030/901820",
        ] {
            assert!(is_phone(text), "{text}");
        }
        for text in [
            "2013-06-30",
            "30.06.2013",
            "4155550123",
            "12.5",
            "192.168.0.1",
            "12-34",
            "+12",
            "1,000,000",
        ] {
            assert!(!is_phone(text), "{text}");
        }
    }
}
