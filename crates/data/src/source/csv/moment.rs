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
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let year = two(&date[0..2])? * 100 + two(&date[2..4])?;
        let (month, day) = (two(&date[5..7])?, two(&date[8..10])?);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if date[4] != b'-' || date[7] != b'-' || !(1..=days).contains(&day) {
            return None;
        }
        Some(Self {
            year,
            month,
            day,
            clock: if rest.is_empty() {
                None
            } else {
                Some(Clock::of(rest)?)
            },
        })
    }

    /// Days from 1970-01-01 to its date, in the Gregorian calendar (Hinnant 2013, "chrono-Compatible Low-Level Date
    /// Algorithms"): a year begins in March, so that a leap day is its last.
    pub(super) fn days(self) -> i32 {
        let (year, month, day) = (self.year as i32, self.month as i32, self.day as i32);
        let year = year - i32::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    /// Microseconds from 1970-01-01 00:00, in UTC where it says how far it is ahead of that.
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
    fn of(text: &[u8]) -> Option<Self> {
        let (between, rest) = text.split_first()?;
        let with_t = match between {
            b' ' => false,
            b'T' => true,
            _ => return None,
        };
        let (clock, mut rest) = rest.split_at_checked(5)?;
        let (hours, minutes) = (two(&clock[0..2])?, two(&clock[3..5])?);
        if hours > 23 || clock[2] != b':' || minutes > 59 {
            return None;
        }
        let (mut seconds, mut micros) = (hours * 3600 + minutes * 60, 0);
        let with_seconds = rest.first() == Some(&b':');
        if with_seconds {
            let (more, after) = rest[1..].split_at_checked(2)?;
            let more = two(more).filter(|seconds| *seconds <= 59)?;
            seconds += more;
            rest = after;
            if let [b'.', fraction @ ..] = rest {
                let (count, after) = digits(fraction);
                if !(1..=9).contains(&count) {
                    return None;
                }
                // What is finer than a microsecond is cut off.
                micros = (0..6).fold(0, |micros, place| {
                    let digit = fraction[..count]
                        .get(place)
                        .map_or(0, |digit| u32::from(digit - b'0'));
                    micros * 10 + digit
                });
                rest = after;
            }
        }
        Some(Self {
            with_t,
            with_seconds,
            offset: if rest.is_empty() {
                None
            } else {
                Some(offset(rest)?)
            },
            seconds,
            micros,
        })
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
