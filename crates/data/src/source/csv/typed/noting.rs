//! Values that are read while it is still found out of which kinds they are.

use super::{Column, Text, Texts, Values, truth};
use crate::source::csv::{
    kind::Kinds,
    moment::Moment,
    nulls::may_be_null,
    values::{integer, plain_integer, plain_real, real},
};
use std::ops::Range;

impl Column {
    /// Adds the values of some fields, which are these as they stand, and merges their kinds into those of values before.
    /// Most tell it when they are read, the others `note` is told. `None` when one isn't of the column's type; also then all
    /// were noted.
    pub(in crate::source::csv) fn add_noting(
        &mut self,
        text: &Text<'_>,
        fields: impl Iterator<Item = Range<usize>>,
        kinds: &mut Kinds,
        note: impl FnMut(&mut Kinds, &[u8]),
    ) -> Option<()> {
        let bytes = text.text.as_bytes();
        let moment = |place: &Range<usize>| {
            let moment = Moment::of(&bytes[place.clone()])?;
            Some((moment, Kinds::of_moment(&moment)))
        };
        match self {
            Self::Integers(values) => values.add_noting(
                text,
                fields,
                kinds,
                note,
                |place| Some((plain_integer(bytes, place)?, Kinds::INTEGER)),
                |place| integer(bytes, place),
            ),
            Self::Reals { values, point } => {
                let point = *point;
                values.add_noting(
                    text,
                    fields,
                    kinds,
                    note,
                    |place| match plain_real(bytes, place, b'.')? {
                        (number, None) if point == b'.' => Some((number, Kinds::REAL)),
                        (number, Some(digits)) if digits < 19 => Some((number, Kinds::INTEGER)),
                        _ => None,
                    },
                    |place| real(bytes, place, point),
                )
            }
            Self::Booleans(values) => values.add_noting(
                text,
                fields,
                kinds,
                note,
                |place| Some((truth(&bytes[place.clone()])?, Kinds::BOOLEAN)),
                |_| None,
            ),
            Self::Days(values) => {
                let day = |place: &_| moment(place).map(|(moment, kind)| (moment.days(), kind));
                values.add_noting(text, fields, kinds, note, day, |_| None)
            }
            Self::Micros(values) => {
                let micros = |place: &_| moment(place).map(|(moment, kind)| (moment.micros(), kind));
                values.add_noting(text, fields, kinds, note, micros, |_| None)
            }
            Self::Texts(values) => values.add_noting(text, fields, kinds, note),
        }
    }
}

impl<T: Default> Values<T> {
    /// `plain` reads most values and tells their kind, `read` what it doesn't.
    #[inline(always)]
    fn add_noting(
        &mut self,
        text: &Text<'_>,
        mut places: impl Iterator<Item = Range<usize>>,
        kinds: &mut Kinds,
        mut note: impl FnMut(&mut Kinds, &[u8]),
        plain: impl Fn(&Range<usize>) -> Option<(T, Kinds)>,
        read: impl Fn(Range<usize>) -> Option<T>,
    ) -> Option<()> {
        let bytes = text.text.as_bytes();
        let mut all_read = true;
        for place in places.by_ref() {
            if place.is_empty() {
                self.add_null();
            } else if let Some((value, kind)) = plain(&place) {
                kinds.merge(kind);
                self.add_value(value);
            } else {
                note(kinds, &bytes[place.clone()]);
                if text.means_null(&place) {
                    self.add_null();
                } else if let Some(value) = read(place) {
                    self.add_value(value);
                } else {
                    all_read = false;
                    break;
                }
            }
        }
        for place in places {
            note(kinds, &bytes[place]);
        }
        all_read.then_some(())
    }
}

impl Texts {
    fn add_noting(
        &mut self,
        text: &Text<'_>,
        places: impl Iterator<Item = Range<usize>>,
        kinds: &mut Kinds,
        mut note: impl FnMut(&mut Kinds, &[u8]),
    ) -> Option<()> {
        let mut all_read = Some(());
        for place in places {
            let value = &text.text.as_bytes()[place.clone()];
            // Beside a text it only matters which of them mean nothing.
            if !value.is_empty() && (!kinds.is_text() || may_be_null(value)) {
                note(kinds, value);
            }
            if text.is_null(&place) {
                self.add_null();
            } else if all_read.is_some() {
                all_read = self.add_value(text.text, place);
            }
        }
        all_read
    }
}
