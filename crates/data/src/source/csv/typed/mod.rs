//! Values of a column as polars holds them: vectors, with a bit a row once a row has no value.

mod noting;

use super::{
    fields,
    kind::{ColumnType, UNIT},
    moment::Moment,
    values::{integer, real},
};
use memchr::{memchr, memchr2};
use polars::prelude::*;
use polars_arrow::{
    array::{MutableBinaryViewArray, View},
    bitmap::{Bitmap, MutableBitmap},
};
use std::ops::Range;

/// A text whose fields are values.
pub(super) struct Text<'a> {
    text: &'a str,
    quote: Option<u8>,
    /// Whether each field is its value as it stands: there is no quote anywhere, and no carriage return.
    plain: bool,
    nulls: NullTexts<'a>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str, quote: Option<u8>, null_values: &'a [String]) -> Self {
        let bytes = text.as_bytes();
        let other = match quote {
            Some(quote) => memchr2(quote, b'\r', bytes),
            None => memchr(b'\r', bytes),
        };
        Self {
            text,
            quote,
            plain: other.is_none(),
            nulls: NullTexts::new(null_values),
        }
    }

    /// A field without the quotes around it. polars leaves out a carriage return at the end of any.
    #[inline]
    fn value(&self, field: Range<usize>) -> Range<usize> {
        fields::text(self.text.as_bytes(), field, self.quote, true)
    }

    /// Whether each field is its value as it stands.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    fn is_quoted(&self, field: &Range<usize>) -> bool {
        !field.is_empty() && self.quote == Some(self.text.as_bytes()[field.start])
    }

    #[inline]
    fn is_null(&self, value: &Range<usize>) -> bool {
        value.is_empty() || self.means_null(value)
    }

    #[inline]
    fn means_null(&self, value: &Range<usize>) -> bool {
        self.nulls.has(&self.text.as_bytes()[value.clone()])
    }
}

/// Texts that mean "no value".
struct NullTexts<'a> {
    texts: &'a [String],
    /// By their first letter: nearly all values are told by this.
    firsts: [bool; 256],
}

impl<'a> NullTexts<'a> {
    fn new(texts: &'a [String]) -> Self {
        let mut firsts = [false; 256];
        let letters = texts.iter().filter_map(|text| text.as_bytes().first());
        letters.for_each(|first| firsts[usize::from(*first)] = true);
        Self { texts, firsts }
    }

    #[inline]
    fn has(&self, value: &[u8]) -> bool {
        value.first().is_none_or(|first| self.firsts[usize::from(*first)])
            && self.texts.iter().any(|text| text.as_bytes() == value)
    }
}

/// The values of a column so far.
pub(super) enum Column {
    Integers(Values<i64>),
    Reals { values: Values<f64>, point: u8 },
    Booleans(Values<bool>),
    Days(Values<i32>),
    Micros(Values<i64>),
    Texts(Texts),
}

impl Column {
    /// Without values, and room for so many.
    pub(super) fn new(kind: &ColumnType, rows: usize) -> Self {
        match kind {
            ColumnType::Plain(DataType::Int64) => Self::Integers(Values::new(rows)),
            ColumnType::Plain(DataType::Float64) => Self::Reals {
                values: Values::new(rows),
                point: b'.',
            },
            ColumnType::CommaReal => Self::Reals {
                values: Values::new(rows),
                point: b',',
            },
            ColumnType::Plain(DataType::Boolean) => Self::Booleans(Values::new(rows)),
            ColumnType::Date => Self::Days(Values::new(rows)),
            ColumnType::Datetime { .. } => Self::Micros(Values::new(rows)),
            ColumnType::Plain(_) => Self::Texts(Texts::new(rows)),
        }
    }

    /// Adds the values of some fields, which begin and end where these places do; `None` when one isn't of the column's
    /// type.
    pub(super) fn add(&mut self, text: &Text<'_>, fields: impl Iterator<Item = Range<usize>>) -> Option<()> {
        match self {
            Self::Texts(values) => values.add(text, fields),
            _ if text.plain => self.add_values(text, fields),
            _ => self.add_values(text, fields.map(|field| text.value(field))),
        }
    }

    #[inline]
    fn add_values(&mut self, text: &Text<'_>, places: impl Iterator<Item = Range<usize>>) -> Option<()> {
        let bytes = text.text.as_bytes();
        match self {
            Self::Integers(values) => values.add(text, places, |place| integer(bytes, place)),
            Self::Reals { values, point } => {
                let point = *point;
                values.add(text, places, |place| real(bytes, place, point))
            }
            Self::Booleans(values) => values.add(text, places, |place| truth(&bytes[place])),
            Self::Days(values) => values.add(text, places, |place| Some(Moment::of(&bytes[place])?.days())),
            Self::Micros(values) => {
                values.add(text, places, |place| Some(Moment::of(&bytes[place])?.micros()))
            }
            Self::Texts(_) => None,
        }
    }

    /// All of them as a column of this name.
    pub(super) fn series(self, name: PlSmallStr, kind: &ColumnType) -> Series {
        fn numbers<T: PolarsNumericType>(name: PlSmallStr, values: Values<T::Native>) -> ChunkedArray<T> {
            ChunkedArray::from_vec_validity(name, values.values, values.present.bits())
        }
        match self {
            Self::Integers(values) => numbers::<Int64Type>(name, values).into_series(),
            Self::Reals { values, .. } => numbers::<Float64Type>(name, values).into_series(),
            Self::Booleans(values) => {
                let truths = Bitmap::from_iter(values.values);
                BooleanChunked::from_bitmap(name, truths)
                    .with_validity(values.present.bits())
                    .into_series()
            }
            Self::Days(values) => numbers::<Int32Type>(name, values).into_date().into_series(),
            Self::Micros(values) => {
                let zone = match kind.dtype() {
                    DataType::Datetime(_, zone) => zone,
                    _ => None,
                };
                let micros = numbers::<Int64Type>(name, values);
                micros.into_datetime(UNIT, zone).into_series()
            }
            Self::Texts(texts) => {
                let values = texts.values.freeze().with_validity(texts.present.bits());
                StringChunked::with_chunk(name, values).into_series()
            }
        }
    }
}

/// Which rows have a value; nothing is held as long as all have.
struct Present(Option<MutableBitmap>);

impl Present {
    #[inline]
    fn add_value(&mut self) {
        if let Some(bits) = &mut self.0 {
            bits.push(true);
        }
    }

    /// Adds a row without one, behind so many others.
    #[inline]
    fn add_null(&mut self, rows: usize) {
        let bits = self.0.get_or_insert_with(|| MutableBitmap::from_len_set(rows));
        bits.push(false);
    }

    fn bits(self) -> Option<Bitmap> {
        self.0.map(MutableBitmap::freeze)
    }
}

/// Values of one size.
pub(super) struct Values<T> {
    values: Vec<T>,
    present: Present,
}

impl<T: Default> Values<T> {
    fn new(rows: usize) -> Self {
        Self {
            values: Vec::with_capacity(rows),
            present: Present(None),
        }
    }

    #[inline]
    fn add(
        &mut self,
        text: &Text<'_>,
        places: impl Iterator<Item = Range<usize>>,
        read: impl Fn(Range<usize>) -> Option<T>,
    ) -> Option<()> {
        for place in places {
            if text.is_null(&place) {
                self.add_null();
            } else {
                self.add_value(read(place)?);
            }
        }
        Some(())
    }

    #[inline]
    fn add_value(&mut self, value: T) {
        self.present.add_value();
        self.values.push(value);
    }

    #[inline]
    fn add_null(&mut self) {
        self.present.add_null(self.values.len());
        self.values.push(T::default());
    }
}

/// Texts, short ones within their views.
pub(super) struct Texts {
    values: MutableBinaryViewArray<str>,
    present: Present,
    /// The last that had doubled quotes, with one for two.
    unescaped: String,
}

impl Texts {
    fn new(rows: usize) -> Self {
        Self {
            values: MutableBinaryViewArray::with_capacity(rows),
            present: Present(None),
            unescaped: String::new(),
        }
    }

    fn add(&mut self, text: &Text<'_>, fields: impl Iterator<Item = Range<usize>>) -> Option<()> {
        for field in fields {
            if text.plain || !text.is_quoted(&field) {
                let place = if text.plain { field } else { text.value(field) };
                if text.is_null(&place) {
                    self.add_null();
                } else {
                    self.add_value(text.text, place)?;
                }
                continue;
            }
            let place = text.value(field.clone());
            if text.means_null(&place) {
                self.add_null();
                continue;
            }
            // Something stands behind the closing quote.
            if place.start == field.start {
                return None;
            }
            let value = text.text.get(place.clone())?;
            match text.quote {
                Some(quote) if value.as_bytes().contains(&quote) => {
                    unescape(value, char::from(quote), &mut self.unescaped);
                    self.present.add_value();
                    self.values.push_value_ignore_validity(&self.unescaped);
                }
                _ => self.add_value(text.text, place)?,
            }
        }
        Some(())
    }

    #[inline]
    fn add_null(&mut self) {
        self.present.add_null(self.values.len());
        self.values.push_view(View::default(), &[]);
    }

    #[inline]
    fn add_value(&mut self, text: &str, place: Range<usize>) -> Option<()> {
        let value = text.get(place.clone())?;
        self.present.add_value();
        match short_view(text.as_bytes(), place) {
            Some(view) => self.values.push_view(view, &[]),
            None => self.values.push_value_ignore_validity(value),
        }
        Some(())
    }
}

/// The view of a text that lies within it as a whole. Sixteen bytes are read at once, and those behind the text cut off;
/// `None` for a longer one, and at the very end of the bytes.
#[inline]
fn short_view(bytes: &[u8], place: Range<usize>) -> Option<View> {
    let length = place.len() as u32;
    if length > View::MAX_INLINE_SIZE {
        return None;
    }
    let word = u128::from_le_bytes(*bytes.get(place.start..)?.first_chunk()?);
    let letters = (word & ((1 << (u8::BITS * length)) - 1)).to_le_bytes();
    let (words, _) = letters.as_chunks::<4>();
    Some(View {
        length,
        prefix: u32::from_ne_bytes(words[0]),
        buffer_idx: u32::from_ne_bytes(words[1]),
        offset: u32::from_ne_bytes(words[2]),
    })
}

fn truth(value: &[u8]) -> Option<bool> {
    if value.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else {
        value.eq_ignore_ascii_case(b"false").then_some(false)
    }
}

/// A quoted text with one quote for two; one that stands alone is left out, as polars does.
fn unescape(text: &str, quote: char, into: &mut String) {
    into.clear();
    let mut after_quote = false;
    for letter in text.chars() {
        if letter != quote || after_quote {
            into.push(letter);
            after_quote = false;
        } else {
            after_quote = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn views_are_those_of_polars(before in ".{0,3}", value in "[a-zé€]{0,14}", after in ".{0,20}") {
            let text = format!("{before}{value}{after}");
            let view = short_view(text.as_bytes(), before.len()..before.len() + value.len());
            if value.len() <= 12 && value.len() + after.len() >= 16 {
                prop_assert_eq!(view.map(View::as_u128), Some(View::new_inline(value.as_bytes()).as_u128()));
            } else {
                prop_assert!(value.len() <= 12 || view.is_none());
            }
        }
    }
}
