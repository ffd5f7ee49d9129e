//! What the texts of a column have in common: numbers, dates, or just text.

use super::moment::Moment;
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Which kinds of texts a column holds, one bit a kind. Every row of a file is looked at, so that a type never fails
/// later and doesn't depend on which rows come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::source) struct Kinds(u16);

const TEXT: u16 = 1;
const INTEGER: u16 = 1 << 1;
/// Whole numbers that 64 bits don't hold.
const LONG_INTEGER: u16 = 1 << 2;
const REAL: u16 = 1 << 3;
const BOOLEAN: u16 = 1 << 4;
const DATE: u16 = 1 << 5;
/// The first of eight bits for points in time: `T` between date and time, seconds, an offset from UTC.
const DATETIME_SHIFT: u16 = 6;
const WITH_T: u16 = 1;
const WITH_SECONDS: u16 = 2;
const WITH_OFFSET: u16 = 4;
/// Numbers with a comma before the fraction. Whether these are numbers is decided for the file as a whole.
const COMMA_REAL: u16 = 1 << 14;

pub(super) const UNIT: TimeUnit = TimeUnit::Microseconds;

/// The type of a CSV column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum ColumnType {
    /// One that polars parses by itself.
    Plain(DataType),
    /// Numbers with a comma before the fraction.
    CommaReal,
    /// `2013-01-31`
    Date,
    /// A point in time in this notation of `strftime`; with an offset it becomes UTC.
    Datetime { format: &'static str, offset: bool },
}

impl Kinds {
    /// Takes note of one more value; missing ones aren't given here.
    pub(in crate::source) fn add(&mut self, value: &[u8]) {
        if self.0 & TEXT == 0 {
            self.merge(Self(kind(value)));
        }
    }

    /// Takes note of a value within other bytes, if it is a plain number. Most values are such numbers; they are told eight
    /// letters at a time. There must be no text yet.
    #[inline]
    pub(in crate::source) fn add_plain(&mut self, bytes: &[u8], value: Range<usize>) -> bool {
        let plain = plain_number(bytes, value);
        self.0 |= plain.unwrap_or(0);
        plain.is_some()
    }

    /// Of a whole number that 64 bits hold.
    pub(super) const INTEGER: Self = Self(INTEGER);
    /// Of a number with a point before its fraction.
    pub(super) const REAL: Self = Self(REAL);
    /// Of a truth value.
    pub(super) const BOOLEAN: Self = Self(BOOLEAN);

    /// Of a date, or of a point in time in its notation.
    #[inline]
    pub(super) fn of_moment(moment: &Moment) -> Self {
        Self(bit_of_moment(moment))
    }

    /// Whether some value is a text; other kinds don't matter then.
    #[inline]
    pub(in crate::source) fn is_text(self) -> bool {
        self.0 & TEXT != 0
    }

    /// Takes note of all values of another part of the same column. Beside a text other kinds don't matter.
    #[inline]
    pub(in crate::source) fn merge(&mut self, other: Self) {
        self.0 |= other.0;
        if self.0 & TEXT != 0 {
            self.0 = TEXT;
        }
    }

    /// Whether all values are numbers, and some have a comma before the fraction.
    pub(in crate::source) fn has_comma(self) -> bool {
        self.0 & COMMA_REAL != 0 && self.0 & !(INTEGER | LONG_INTEGER | COMMA_REAL) == 0
    }

    /// The type that all values have, where `comma` says whether a comma can stand before a fraction. A column without
    /// values is text.
    pub(in crate::source) fn column_type(self, comma: bool) -> ColumnType {
        let numbers = INTEGER | LONG_INTEGER | REAL;
        match self.0 {
            _ if comma && self.has_comma() => ColumnType::CommaReal,
            INTEGER => ColumnType::Plain(DataType::Int64),
            // Numbers too long for 64 bits are most often names of things: as text no digit is lost.
            bits if bits & !numbers == 0 && bits & REAL != 0 => ColumnType::Plain(DataType::Float64),
            BOOLEAN => ColumnType::Plain(DataType::Boolean),
            DATE => ColumnType::Date,
            bits if bits.is_power_of_two() && (1 << DATETIME_SHIFT..COMMA_REAL).contains(&bits) => {
                let variant = bits.trailing_zeros() as u16 - DATETIME_SHIFT;
                let format = match (
                    variant & WITH_T != 0,
                    variant & WITH_SECONDS != 0,
                    variant & WITH_OFFSET != 0,
                ) {
                    (false, false, false) => "%Y-%m-%d %H:%M",
                    (true, false, false) => "%Y-%m-%dT%H:%M",
                    (false, true, false) => "%Y-%m-%d %H:%M:%S%.f",
                    (true, true, false) => "%Y-%m-%dT%H:%M:%S%.f",
                    (false, false, true) => "%Y-%m-%d %H:%M%#z",
                    (true, false, true) => "%Y-%m-%dT%H:%M%#z",
                    (false, true, true) => "%Y-%m-%d %H:%M:%S%.f%#z",
                    (true, true, true) => "%Y-%m-%dT%H:%M:%S%.f%#z",
                };
                ColumnType::Datetime {
                    format,
                    offset: variant & WITH_OFFSET != 0,
                }
            }
            _ => ColumnType::Plain(DataType::String),
        }
    }
}

impl ColumnType {
    /// The type that the CSV reader is asked for; dates are parsed in a second step.
    pub(in crate::source) fn read_as(&self) -> DataType {
        match self {
            Self::Plain(dtype) => dtype.clone(),
            Self::CommaReal | Self::Date | Self::Datetime { .. } => DataType::String,
        }
    }

    /// The type that a column has in the end. Points in time count microseconds.
    pub(in crate::source) fn dtype(&self) -> DataType {
        match self {
            Self::Plain(dtype) => dtype.clone(),
            Self::CommaReal => DataType::Float64,
            Self::Date => DataType::Date,
            Self::Datetime { offset, .. } => DataType::Datetime(UNIT, offset.then_some(TimeZone::UTC)),
        }
    }

    /// What makes that type of texts, where polars doesn't do it while reading.
    pub(in crate::source) fn conversion(&self, name: &str) -> Option<Expr> {
        let text = || col(name).str();
        let options = |format: &str| StrptimeOptions {
            format: Some(format.into()),
            ..Default::default()
        };
        match self {
            Self::Plain(_) => None,
            Self::CommaReal => Some(
                text()
                    .replace(lit(","), lit("."), true)
                    .strict_cast(DataType::Float64),
            ),
            Self::Date => Some(text().to_date(options("%Y-%m-%d"))),
            Self::Datetime { format, offset } => {
                let zone = offset.then_some(TimeZone::UTC);
                Some(text().to_datetime(Some(UNIT), zone, options(format), lit("raise")))
            }
        }
    }
}

/// The bit of one value's kind. It admits no more than what polars parses to that type.
fn kind(value: &[u8]) -> u16 {
    // polars skips spaces in front of a number, as in `1, 2, 3`.
    let trimmed = value.trim_ascii_start();
    match trimmed.first() {
        // No number has these letters there.
        Some(b'0'..=b'9') if value.get(4) == Some(&b'-') && value.get(7) == Some(&b'-') => {
            time(value).unwrap_or(TEXT)
        }
        Some(b'0'..=b'9') => number(trimmed).or_else(|| comma_number(value)).unwrap_or(TEXT),
        Some(b'-') => number(&trimmed[1..])
            .or_else(|| comma_number(value))
            .unwrap_or(TEXT),
        Some(b'+') => number(&trimmed[1..]).unwrap_or(TEXT),
        Some(b'.') => number(trimmed).unwrap_or(TEXT),
        Some(b'N' | b'i') if matches!(value, b"NaN" | b"inf") => REAL,
        Some(b't' | b'T' | b'f' | b'F')
            if value.eq_ignore_ascii_case(b"true") || value.eq_ignore_ascii_case(b"false") =>
        {
            BOOLEAN
        }
        _ => TEXT,
    }
}

/// The bit of a short number of digits alone, or with a point among or around them; `None` for any other value, which
/// may be a number too.
#[inline]
fn plain_number(bytes: &[u8], value: Range<usize>) -> Option<u16> {
    const WORD: usize = 8;
    let start = value.start + usize::from(bytes.get(value.start) == Some(&b'-'));
    let length = value.end.checked_sub(start)?;
    // Eighteen digits always fit 64 bits, and so do nineteen that begin with less than 9.
    if !(1..=19).contains(&length) || length == 19 && bytes[start] >= b'9' {
        return None;
    }
    let mut point = None;
    let mut at = start;
    while at < value.end {
        let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<WORD>()?);
        let behind = WORD.saturating_sub(value.end - at) as u32;
        // What lies behind the value counts as digits.
        let others = non_digits(word) << (8 * behind) >> (8 * behind);
        if others != 0 {
            let first = at + (others.trailing_zeros() / 8) as usize;
            if !others.is_power_of_two() || point.is_some() || bytes[first] != b'.' || length == 1 {
                return None;
            }
            point = Some(first);
        }
        at += WORD;
    }
    Some(if point.is_some() { REAL } else { INTEGER })
}

/// The high bit of each byte that is no digit.
#[inline]
pub(super) fn non_digits(word: u64) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Digits become 0 to 9, and ten and more reach the high bit when 118 is added.
    let word = word ^ 0x3030_3030_3030_3030;
    (((word & !HIGH) + 0x7676_7676_7676_7676) | word) & HIGH
}

/// A number without its sign: digits, with a decimal point, an exponent or both.
fn number(text: &[u8]) -> Option<u16> {
    if text == b"inf" {
        return Some(REAL);
    }
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.split_first() {
        None if whole > 0 => {
            let fits = whole < 19 || whole == 19 && text <= b"9223372036854775807".as_slice();
            return Some(if fits { INTEGER } else { LONG_INTEGER });
        }
        Some((b'.', rest)) => digits(rest),
        _ => (0, rest),
    };
    if whole + fraction == 0 {
        return None;
    }
    match rest.split_first() {
        None => Some(REAL),
        Some((b'e' | b'E', exponent)) => {
            let exponent = match exponent.split_first() {
                Some((b'+' | b'-', rest)) => rest,
                _ => exponent,
            };
            let (count, rest) = digits(exponent);
            (count > 0 && rest.is_empty()).then_some(REAL)
        }
        Some(_) => None,
    }
}

/// A number with a comma before its fraction, digits on both sides: `-1,5`.
fn comma_number(text: &[u8]) -> Option<u16> {
    let (whole, rest) = digits(text.strip_prefix(b"-").unwrap_or(text));
    let (fraction, rest) = digits(rest.strip_prefix(b",")?);
    (whole > 0 && fraction > 0 && rest.is_empty()).then_some(COMMA_REAL)
}

/// How many digits a text begins with, and what follows.
pub(super) fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, &text[count..])
}

/// The bit of a date, or of a point in time in its notation.
fn time(text: &[u8]) -> Option<u16> {
    Moment::of(text).as_ref().map(bit_of_moment)
}

#[inline]
fn bit_of_moment(moment: &Moment) -> u16 {
    let Some(clock) = moment.clock else {
        return DATE;
    };
    let bit = |is: bool, bit: u16| if is { bit } else { 0 };
    let variant = bit(clock.with_t, WITH_T)
        | bit(clock.with_seconds, WITH_SECONDS)
        | bit(clock.offset.is_some(), WITH_OFFSET);
    1 << (DATETIME_SHIFT + variant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn type_of(values: &[&str]) -> String {
        let mut kinds = Kinds::default();
        for value in values {
            kinds.add(value.as_bytes());
        }
        match kinds.column_type(true) {
            ColumnType::Plain(dtype) => dtype.to_string(),
            ColumnType::CommaReal => "comma".into(),
            ColumnType::Date => "date".into(),
            ColumnType::Datetime { format, .. } => format.into(),
        }
    }

    proptest! {
        #[test]
        fn values_are_told_within_other_bytes_as_alone(value in "[-+]?[0-9.eE ,:T]{0,21}|-?[0-9.]{17,20}|[ -~]{0,12}", after in "[ -~]{0,9}") {
            let mut alone = Kinds::default();
            alone.add(value.as_bytes());
            let bytes = format!("12{value}{after}");
            let mut within = Kinds::default();
            if within.add_plain(bytes.as_bytes(), 2..2 + value.len()) {
                prop_assert_eq!(alone, within);
            }
        }
    }

    #[test]
    fn types_hold_for_all_values() {
        assert_eq!(type_of(&["1", "-2", "+3", " 4"]), "i64");
        assert_eq!(type_of(&["1", "2.5", "1e5", ".5", "5.", "NaN", "-inf"]), "f64");
        assert_eq!(type_of(&["1", "two"]), "str");
        assert_eq!(type_of(&["9223372036854775807", "1"]), "i64");
        assert_eq!(type_of(&["9223372036854775808", "1"]), "str");
        assert_eq!(type_of(&["9223372036854775808", "1.5"]), "f64");
        assert_eq!(type_of(&["true", "FALSE"]), "bool");
        assert_eq!(type_of(&["true", "1"]), "str");
        assert_eq!(type_of(&["1", "-2,5"]), "comma");
        assert_eq!(type_of(&["1.5", "2,5"]), "str");
        assert_eq!(type_of(&["1,234,567"]), "str");
        assert_eq!(type_of(&["2013-01-31", "2012-02-29"]), "date");
        assert_eq!(type_of(&["2013-02-29"]), "str");
        assert_eq!(type_of(&["2013-01-31", "2013-01-31 10:00"]), "str");
        assert_eq!(
            type_of(&["2013-01-31 10:00:00", "2013-01-31 10:00:00.25"]),
            "%Y-%m-%d %H:%M:%S%.f"
        );
        assert_eq!(
            type_of(&["2013-01-31T10:00Z", "2013-01-31T10:00+02:00"]),
            "%Y-%m-%dT%H:%M%#z"
        );
        assert_eq!(type_of(&["-", "."]), "str");
        assert_eq!(type_of(&[]), "str");
    }
}
