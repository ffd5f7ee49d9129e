//! Dates and points in time as CSV files write them: `2013-01-31`, `2013-01-31 10:00`, `2013-01-31T10:00:00.25+02:00`.

use super::kind::digits;

const DAY_SECONDS: i64 = 86_400;

/// A date, or a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    year: u32,
    month: u32,
    day: u32,
    /// What stands behind the date.
    pub clock: Option<Clock>,
}

/// A time of day, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// Whether a `T` stands before it, not a space.
    pub with_t: bool,
    pub with_seconds: bool,
    /// How many minutes it is ahead of UTC, where it says so.
    pub offset: Option<i32>,
    seconds: u32,
    micros: u32,
}

impl Moment {
    /// Of a text that is nothing else.
    #[inline]
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_first_chunk::<10>()?;
        let first = pairs(date.first_chunk()?, b"0000-00-")?;
        let last = pairs(date.last_chunk()?, b"00-00-00")?;
        let (year, month, day) = (first[0] * 100 + first[2], first[5], last[6]);
        let known = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        let clock = match rest {
            [] => None,
            _ => Some(Clock::of(rest)?),
        };
        known.then_some(Self {
            year,
            month,
            day,
            clock,
        })
    }

    /// Days from 1970-01-01 to its date, in the Gregorian calendar (Hinnant 2013, "chrono-Compatible Low-Level Date
    /// Algorithms"): a year begins in March, so that a leap day is its last.
    #[inline]
    pub(super) fn days(self) -> i32 {
        // From 400 years before, so that nothing is negative: the calendar is the same then.
        let year = self.year + 400 - u32::from(self.month <= 2);
        let (era, of_era) = (year / 400, year % 400);
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        days as i32 - 146_097 - 719_468
    }

    /// Microseconds from 1970-01-01 00:00, in UTC where it says how far it is ahead of that.
    #[inline]
    pub(super) fn micros(self) -> i64 {
        let days = i64::from(self.days()) * DAY_SECONDS;
        let Some(clock) = self.clock else {
            return days * 1_000_000;
        };
        let seconds = days + i64::from(clock.seconds) - i64::from(clock.offset.unwrap_or(0)) * 60;
        seconds * 1_000_000 + i64::from(clock.micros)
    }
}

impl Clock {
    #[inline]
    fn of(text: &[u8]) -> Option<Self> {
        let (between, rest) = text.split_first()?;
        let with_t = match between {
            b' ' => false,
            b'T' => true,
            _ => return None,
        };
        let whole = rest.split_first_chunk::<8>();
        let whole = whole.and_then(|(clock, rest)| Some((pairs(clock, b"00:00:00")?, rest)));
        let (hours, minutes, seconds, rest) = match whole {
            Some((clock, rest)) => (clock[0], clock[3], Some(clock[6]), rest),
            None => {
                let (clock, rest) = rest.split_first_chunk::<5>()?;
                if clock[2] != b':' || rest.first() == Some(&b':') {
                    return None;
                }
                (two(&clock[0..2])?, two(&clock[3..5])?, None, rest)
            }
        };
        if hours > 23 || minutes > 59 || seconds.is_some_and(|seconds| seconds > 59) {
            return None;
        }
        let (micros, rest) = match rest {
            [b'.', fraction @ ..] if seconds.is_some() => micros(fraction)?,
            _ => (0, rest),
        };
        Some(Self {
            with_t,
            with_seconds: seconds.is_some(),
            offset: if rest.is_empty() {
                None
            } else {
                Some(offset(rest)?)
            },
            seconds: hours * 3600 + minutes * 60 + seconds.unwrap_or(0),
            micros,
        })
    }
}

/// Digits of which a fraction of a second begins, as microseconds, and what follows. What is finer is cut off.
fn micros(text: &[u8]) -> Option<(u32, &[u8])> {
    let (count, rest) = digits(text);
    if !(1..=9).contains(&count) {
        return None;
    }
    let digit = |place| {
        text[..count]
            .get(place)
            .map_or(0, |digit| u32::from(digit - b'0'))
    };
    Some(((0..6).fold(0, |micros, place| micros * 10 + digit(place)), rest))
}

/// How many days a month has.
#[inline]
fn days_of(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Minutes ahead of UTC: `Z`, `+02`, `+0230` or `+02:30`.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, rest) = text.split_first()?;
    let (hours, minutes) = match rest {
        [] if *sign == b'Z' => return Some(0),
        [_, _] => (two(rest)?, 0),
        [_, _, minutes @ ..] if minutes.len() == 2 => (two(&rest[..2])?, two(minutes)?),
        [_, _, b':', minutes @ ..] if minutes.len() == 2 => (two(&rest[..2])?, two(minutes)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = (hours * 60 + minutes) as i32;
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

/// Of eight letters the numbers that two neighbours are together, by the place of the first; where a letter of `shape` is
/// 0 there must be a digit, and the same letter elsewhere. All are looked at together.
#[inline]
fn pairs(text: &[u8; 8], shape: &[u8; 8]) -> Option<[u32; 8]> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // What is added to a letter's distance from that of the shape reaches the high bit where this is too far.
    let room = u64::from_le_bytes(shape.map(|letter| if letter == b'0' { 0x7f - 9 } else { 0x7f }));
    let away = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*shape);
    if (((away & !HIGH) + room) | away) & HIGH != 0 {
        return None;
    }
    let pairs = away.wrapping_mul(10) + (away >> 8);
    Some(pairs.to_le_bytes().map(u32::from))
}

/// Two digits as a number.
fn two(text: &[u8]) -> Option<u32> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a `T` stands in a text, whether seconds do, and the offset.
    type Written = (bool, bool, Option<i32>);

    /// The same by letters: microseconds, and how the text is written.
    fn reference(text: &str) -> Option<(i64, Option<Written>)> {
        let number = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse::<i64>().ok())?
        };
        let (date, rest) = text.split_at_checked(10)?;
        let (year, month, day) = (number(&date[0..4])?, number(&date[5..7])?, number(&date[8..10])?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let lengths = [
            31,
            if leap { 29 } else { 28 },
            31,
            30,
            31,
            30,
            31,
            31,
            30,
            31,
            30,
            31,
        ];
        let length = *lengths.get(usize::try_from(month - 1).ok()?)?;
        if &date[4..5] != "-" || &date[7..8] != "-" || !(1..=length).contains(&day) {
            return None;
        }
        let before: i64 = (0..year)
            .map(|year| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
            .sum();
        let days = before + lengths[..month as usize - 1].iter().sum::<i64>() + day - 1 - 719_528;
        if rest.is_empty() {
            return Some((days * 86_400_000_000, None));
        }
        let with_t = rest.starts_with('T');
        let rest = rest.strip_prefix(['T', ' '])?;
        let (hours, rest) = rest.split_at_checked(2)?;
        let (minutes, mut rest) = rest.strip_prefix(':')?.split_at_checked(2)?;
        let (mut seconds, mut micros, mut with_seconds) = (0, 0, false);
        if let Some(after) = rest.strip_prefix(':') {
            let (whole, after) = after.split_at_checked(2)?;
            (seconds, with_seconds, rest) = (number(whole)?, true, after);
            if let Some(after) = rest.strip_prefix('.') {
                let end = after
                    .find(|letter: char| !letter.is_ascii_digit())
                    .unwrap_or(after.len());
                micros = number(&format!("{:0<6}", &after[..end])[..6]).filter(|_| (1..=9).contains(&end))?;
                rest = &after[end..];
            }
        }
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        if hours > 23 || minutes > 59 || seconds > 59 {
            return None;
        }
        let offset = if rest.is_empty() {
            None
        } else {
            Some(super::offset(rest.as_bytes())?)
        };
        let minutes = hours * 60 + minutes - i64::from(offset.unwrap_or(0));
        let micros = ((days * 1440 + minutes) * 60 + seconds) * 1_000_000 + micros;
        Some((micros, Some((with_t, with_seconds, offset))))
    }

    proptest! {
        #[test]
        fn texts_mean_what_a_plain_reading_says(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{0,10})?)?)?(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?",
            place in 0_usize..40,
            letter in "[0-9:/. TZ+-]",
            change: bool,
        ) {
            let mut text = text;
            if change && place < text.len() {
                text.replace_range(place..=place, &letter);
            }
            let found = Moment::of(text.as_bytes());
            let clock = |clock: Clock| (clock.with_t, clock.with_seconds, clock.offset);
            let found = found.map(|found| (found.micros(), found.clock.map(clock)));
            prop_assert_eq!(found, reference(&text), "{}", text);
        }
    }

    fn micros(text: &str) -> Option<i64> {
        Moment::of(text.as_bytes()).map(Moment::micros)
    }

    #[test]
    fn moments_are_counted_from_1970() {
        assert_eq!(micros("1970-01-01"), Some(0));
        assert_eq!(micros("1969-12-31T23:59:59.999999"), Some(-1));
        // `date -u -d "2013-02-28 10:05:07" +%s` says 1362045907.
        assert_eq!(micros("2013-02-28 10:05:07.25"), Some(1_362_045_907_250_000));
        assert_eq!(micros("2013-02-28T12:05+02:00"), micros("2013-02-28 10:05"));
        assert_eq!(micros("2013-02-28 05:35:07-0430"), micros("2013-02-28 10:05:07"));
        assert_eq!(Moment::of(b"0000-03-01").map(Moment::days), Some(-719_468));
        assert_eq!(Moment::of(b"2400-02-29").map(Moment::days), Some(157_113));
        for text in [
            "2013-02-29",
            "2013-01-01 24:00",
            "2013-01-01 10:00+",
            "2013-01-01 10:00:00.",
            "2013-01-01 10:00Z1",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
