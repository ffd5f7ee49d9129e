//! What the 64-bit keys of ordered values mean.

use crate::table;
use aloft_spec::text::real;
use polars::prelude::*;

const DAY_MS: f64 = 86_400_000.0;

/// What a key means. Keys are in the order of the values they stand for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// A whole number.
    Signed,
    /// A whole number beyond 63 bits, its highest bit flipped.
    Unsigned,
    /// The bits of a real number, those of negative ones flipped but for the sign.
    Real,
    /// A date or a time: the whole number that polars holds for this type.
    Time(DataType),
}

impl Meaning {
    /// The key of a real number that is one; −0 is 0.
    #[inline]
    pub(super) fn key_of_real(value: f64) -> i64 {
        flip((value + 0.0).to_bits() as i64)
    }

    /// The key of a whole number without a sign.
    #[inline]
    pub(super) fn key_of_unsigned(value: u64) -> i64 {
        (value ^ 1 << 63) as i64
    }

    pub(super) fn is_real(&self) -> bool {
        *self == Self::Real
    }

    /// Whether means and quantiles make sense.
    pub(super) fn is_number(&self) -> bool {
        !matches!(self, Self::Time(_))
    }

    /// The number of a key; of dates and times milliseconds.
    #[inline]
    pub(super) fn number(&self, key: i64) -> f64 {
        match self {
            Self::Signed => key as f64,
            Self::Unsigned => (key as u64 ^ 1 << 63) as f64,
            Self::Real => f64::from_bits(flip(key) as u64),
            Self::Time(dtype) => key as f64 * milliseconds(dtype),
        }
    }

    /// The numbers of keys. The choice of what they mean is made once, so that the loops are short.
    pub(super) fn numbers(&self, keys: &[i64], numbers: &mut Vec<f64>) {
        numbers.clear();
        match self {
            Self::Signed => numbers.extend(keys.iter().map(|key| *key as f64)),
            Self::Real => numbers.extend(keys.iter().map(|key| f64::from_bits(flip(*key) as u64))),
            other => numbers.extend(keys.iter().map(|key| other.number(*key))),
        }
    }

    /// What bins are counted in: days of dates, otherwise one.
    pub(super) fn unit(&self) -> f64 {
        if *self == Self::Time(DataType::Date) {
            DAY_MS
        } else {
            1.0
        }
    }

    /// Keys a day, of dates and points in time.
    fn per_day(&self) -> Option<i64> {
        match self {
            Self::Time(DataType::Date) => Some(1),
            Self::Time(DataType::Datetime(unit, _)) => Some(86_400 * per_second(*unit)),
            _ => None,
        }
    }

    /// The day of a date or a point in time.
    pub(super) fn day(&self, key: i64) -> Option<i64> {
        self.per_day().map(|per_day| key.div_euclid(per_day))
    }

    /// The days of keys.
    pub(super) fn days(&self, keys: &[i64], mut each: impl FnMut(i64)) {
        if let Some(per_day) = self.per_day() {
            keys.iter().for_each(|key| each(key.div_euclid(per_day)));
        }
    }

    /// A day as text.
    pub(super) fn day_text(&self, day: i64) -> Option<String> {
        let date = Self::Time(DataType::Date);
        i32::try_from(day).ok().map(|day| date.text(day.into()))
    }

    /// A value as text.
    pub(super) fn text(&self, key: i64) -> String {
        match self {
            Self::Signed => key.to_string(),
            Self::Unsigned => (key as u64 ^ 1 << 63).to_string(),
            Self::Real => real(self.number(key)),
            Self::Time(dtype) => {
                let series = Series::new(PlSmallStr::EMPTY, [key]);
                let texts = series.cast(dtype).and_then(|series| table::texts(&series));
                texts
                    .ok()
                    .and_then(|mut texts| texts.pop().flatten())
                    .unwrap_or_else(|| key.to_string())
            }
        }
    }
}

/// Between the bits of a real number and its key, both ways.
#[inline]
fn flip(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Nanoseconds => 1_000_000_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Milliseconds => 1000,
    }
}

/// Milliseconds that one of a type's whole numbers is.
fn milliseconds(dtype: &DataType) -> f64 {
    match dtype {
        DataType::Date => DAY_MS,
        DataType::Datetime(unit, _) | DataType::Duration(unit) => 1000.0 / per_second(*unit) as f64,
        // Times of day count nanoseconds.
        _ => 1e-6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_have_the_order_of_their_values(a: f64, b: f64, c: u64, d: u64) {
            let keys = [a, b].map(Meaning::key_of_real);
            prop_assert_eq!(keys[0].cmp(&keys[1]), (a + 0.0).total_cmp(&(b + 0.0)));
            prop_assert_eq!(Meaning::Real.number(keys[0]), a);
            let keys = [c, d].map(Meaning::key_of_unsigned);
            prop_assert_eq!(keys[0].cmp(&keys[1]), c.cmp(&d));
            prop_assert_eq!(Meaning::Unsigned.text(keys[0]), c.to_string());
        }
    }
}
