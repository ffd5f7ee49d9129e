//! The values of the columns that groups are made by, as one key of a few machine words.

use super::{texts::Texts, values::Values};
use crate::error::{DataError, Result, guarded};
use polars::prelude::*;

/// Of a text in the words of a key: no length is so large.
const NO_TEXT: u64 = u32::MAX as u64;
/// Texts of so many bytes lie in the words themselves, as in a view of Arrow.
const INLINE: u64 = 12;

/// Where a column's values lie in the words of a key.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    dtype: DataType,
    kind: Kind,
    word: usize,
    shift: u32,
    /// Word and bit that say that there is no value.
    null: (usize, u32),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Whole numbers and truth values in so many bits, dates and times by what they count.
    Whole(u32),
    /// One value for all that compare as equal: zero has no sign, and there is one `NaN`.
    Real,
    /// Two words: length, first bytes and the rest, or the number of a long text.
    Text,
}

impl Kind {
    fn of(dtype: &DataType) -> Option<Self> {
        Some(match dtype {
            DataType::Boolean => Self::Whole(1),
            DataType::Int8 | DataType::UInt8 => Self::Whole(8),
            DataType::Int16 | DataType::UInt16 => Self::Whole(16),
            DataType::Int32 | DataType::UInt32 | DataType::Date => Self::Whole(32),
            DataType::Int64 | DataType::UInt64 => Self::Whole(64),
            DataType::Datetime(..) | DataType::Duration(_) | DataType::Time => Self::Whole(64),
            DataType::Float32 | DataType::Float64 => Self::Real,
            DataType::String => Self::Text,
            _ => return None,
        })
    }

    fn bits(self) -> u32 {
        match self {
            Self::Whole(bits) => bits,
            Self::Real => 64,
            Self::Text => 128,
        }
    }
}

/// How keys of some columns are built.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    places: Vec<Place>,
    pub words: usize,
    /// How many bits of the last word are taken at most.
    pub bits: u32,
}

impl Layout {
    /// Of columns of these types; `None` where one of them can't be part of a key.
    pub fn of<'a>(dtypes: impl IntoIterator<Item = &'a DataType>) -> Option<Self> {
        // Bits that are taken in each word. What is wider than the rest of every word begins a new one.
        let mut taken: Vec<u32> = Vec::new();
        let mut room = |bits: u32| {
            let word = taken.iter().position(|taken| taken + bits.min(64) <= 64);
            let word = word.filter(|_| bits <= 64).unwrap_or_else(|| {
                taken.extend(std::iter::repeat_n(0, bits.div_ceil(64) as usize));
                taken.len() - bits.div_ceil(64) as usize
            });
            let shift = taken[word];
            taken[word..word + bits.div_ceil(64) as usize]
                .iter_mut()
                .for_each(|taken| *taken += bits.min(64));
            (word, shift)
        };
        let mut places = Vec::new();
        for dtype in dtypes {
            let kind = Kind::of(dtype)?;
            let (word, shift) = room(kind.bits());
            let null = match kind {
                Kind::Text => (word, 0),
                _ => room(1),
            };
            places.push(Place {
                dtype: dtype.clone(),
                kind,
                word,
                shift,
                null,
            });
        }
        let words = taken.len();
        let bits = taken.last().copied().unwrap_or_default();
        Some(Self { places, words, bits })
    }

    /// Writes the keys of the rows of a batch, whose first columns are those of the key, each in one chunk.
    pub fn pack<const W: usize>(
        &self,
        columns: &[Values<'_>],
        rows: std::ops::Range<usize>,
        texts: &Texts,
        keys: &mut Vec<[u64; W]>,
        scratch: &mut Vec<u64>,
    ) {
        keys.clear();
        keys.resize(rows.len(), [0; W]);
        for (place, column) in self.places.iter().zip(columns) {
            if let Values::Text(values) = column {
                pack_texts(place.word, values, rows.clone(), texts, keys);
                column.each_null(rows.clone(), |row| {
                    (keys[row][place.word], keys[row][place.word + 1]) = (NO_TEXT, 0);
                });
                continue;
            }
            column.words(rows.clone(), scratch);
            match place.kind {
                Kind::Whole(bits) if bits < 64 => {
                    let mask = (1_u64 << bits) - 1;
                    for (key, value) in keys.iter_mut().zip(&*scratch) {
                        key[place.word] |= (value & mask) << place.shift;
                    }
                }
                Kind::Real => {
                    for (key, value) in keys.iter_mut().zip(&*scratch) {
                        key[place.word] = one_of_equals(f64::from_bits(*value)).to_bits();
                    }
                }
                Kind::Whole(_) | Kind::Text => {
                    for (key, value) in keys.iter_mut().zip(&*scratch) {
                        key[place.word] = *value;
                    }
                }
            }
            let (word, bit) = place.null;
            let kept = match place.kind {
                Kind::Whole(bits) if bits < 64 => !(((1_u64 << bits) - 1) << place.shift),
                _ => 0,
            };
            column.each_null(rows.clone(), |row| {
                // Whatever lies below a missing value isn't part of the key.
                keys[row][place.word] &= kept;
                keys[row][word] |= 1 << bit;
            });
        }
    }

    /// The columns that keys were made of.
    pub fn unpack<const W: usize>(&self, keys: &[[u64; W]], texts: &Texts) -> Result<Vec<Series>> {
        let name = PlSmallStr::EMPTY;
        let column = |place: &Place| {
            let raw =
                |key: &[u64; W]| (key[place.null.0] >> place.null.1 & 1 == 0).then_some(key[place.word]);
            let column = match place.kind {
                Kind::Whole(1) => {
                    let values = keys
                        .iter()
                        .map(|key| raw(key).map(|value| value >> place.shift & 1 == 1));
                    BooleanChunked::from_iter_options(name.clone(), values).into_series()
                }
                Kind::Whole(bits) => {
                    // Values are shifted up and down again so that signs come back.
                    let up = 64 - bits;
                    let value = |word: u64| word >> place.shift << up;
                    if place.dtype.is_unsigned_integer() {
                        let values = keys.iter().map(|key| raw(key).map(|word| value(word) >> up));
                        UInt64Chunked::from_iter_options(name.clone(), values).into_series()
                    } else {
                        let values = keys
                            .iter()
                            .map(|key| raw(key).map(|word| value(word) as i64 >> up));
                        Int64Chunked::from_iter_options(name.clone(), values).into_series()
                    }
                }
                Kind::Real => {
                    let values = keys.iter().map(|key| raw(key).map(f64::from_bits));
                    Float64Chunked::from_iter_options(name.clone(), values).into_series()
                }
                Kind::Text => {
                    let (mut builder, mut buffer) = (
                        StringChunkedBuilder::new(name.clone(), keys.len()),
                        Vec::with_capacity(INLINE as usize),
                    );
                    for key in keys {
                        let (low, high) = (key[place.word], key[place.word + 1]);
                        match low & NO_TEXT {
                            NO_TEXT => builder.append_null(),
                            length if length <= INLINE => {
                                buffer.clear();
                                buffer.extend_from_slice(&low.to_le_bytes()[4..]);
                                buffer.extend_from_slice(&high.to_le_bytes());
                                buffer.truncate(length as usize);
                                let text = std::str::from_utf8(&buffer).map_err(|_| DataError::broken())?;
                                builder.append_value(text);
                            }
                            _ => texts.with(high, |text| builder.append_value(text)),
                        }
                    }
                    builder.finish().into_series()
                }
            };
            guarded(|| match place.dtype {
                // Dates count days in 32 bits.
                DataType::Date => column.strict_cast(&DataType::Int32)?.cast(&place.dtype),
                _ => column.strict_cast(&place.dtype),
            })
        };
        self.places.iter().map(column).collect()
    }
}

fn one_of_equals(value: f64) -> f64 {
    if value == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::NAN
    } else {
        value
    }
}

fn pack_texts<const W: usize>(
    word: usize,
    values: &StringChunked,
    rows: std::ops::Range<usize>,
    texts: &Texts,
    keys: &mut [[u64; W]],
) {
    // Values are of one chunk.
    let Some(array) = values.downcast_iter().next() else {
        return;
    };
    let views = &array.views()[rows.clone()];
    for (row, (key, view)) in keys.iter_mut().zip(views).enumerate() {
        let bits = view.as_u128();
        key[word] = bits as u64;
        key[word + 1] = if u64::from(view.length) <= INLINE {
            (bits >> 64) as u64
        } else {
            texts.number(array.value(rows.start + row))
        };
    }
}
