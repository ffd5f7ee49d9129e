//! The values of a column as machine words.

use polars::prelude::*;
use std::ops::Range;

/// The values of a column, which lies in one chunk, by how they are stored.
pub(super) enum Values<'a> {
    Bool(&'a BooleanChunked),
    I8(&'a Int8Chunked),
    I16(&'a Int16Chunked),
    I32(&'a Int32Chunked),
    I64(&'a Int64Chunked),
    U8(&'a UInt8Chunked),
    U16(&'a UInt16Chunked),
    U32(&'a UInt32Chunked),
    U64(&'a UInt64Chunked),
    F32(&'a Float32Chunked),
    F64(&'a Float64Chunked),
    Text(&'a StringChunked),
}

/// Does the same with a column of any type but text.
macro_rules! each_kind {
    ($values:expr, $column:ident => $work:expr, bool: $bool:expr, text: $text:expr) => {
        match $values {
            Values::Bool($column) => $bool,
            Values::I8($column) => $work,
            Values::I16($column) => $work,
            Values::I32($column) => $work,
            Values::I64($column) => $work,
            Values::U8($column) => $work,
            Values::U16($column) => $work,
            Values::U32($column) => $work,
            Values::U64($column) => $work,
            Values::F32($column) => $work,
            Values::F64($column) => $work,
            Values::Text($column) => $text,
        }
    };
}

/// A number in a word: whole ones with their sign, the others as the bits of an `f64`.
trait Word: Copy {
    fn word(self) -> u64;
}

macro_rules! words {
    ($($number:ty => |$value:ident| $word:expr),+ $(,)?) => {
        $(impl Word for $number {
            fn word(self) -> u64 {
                let $value = self;
                $word
            }
        })+
    };
}

words! {
    i8 => |value| i64::from(value) as u64,
    i16 => |value| i64::from(value) as u64,
    i32 => |value| i64::from(value) as u64,
    i64 => |value| value as u64,
    u8 => |value| u64::from(value),
    u16 => |value| u64::from(value),
    u32 => |value| u64::from(value),
    u64 => |value| value,
    f32 => |value| f64::from(value).to_bits(),
    f64 => |value| value.to_bits(),
}

impl<'a> Values<'a> {
    /// Of a column as it is stored, in one chunk; `None` for types that aren't numbers, truth values or texts.
    pub fn of(column: &'a Series) -> Option<Self> {
        Some(match column.dtype() {
            DataType::Boolean => Self::Bool(column.bool().ok()?),
            DataType::Int8 => Self::I8(column.i8().ok()?),
            DataType::Int16 => Self::I16(column.i16().ok()?),
            DataType::Int32 => Self::I32(column.i32().ok()?),
            DataType::Int64 => Self::I64(column.i64().ok()?),
            DataType::UInt8 => Self::U8(column.u8().ok()?),
            DataType::UInt16 => Self::U16(column.u16().ok()?),
            DataType::UInt32 => Self::U32(column.u32().ok()?),
            DataType::UInt64 => Self::U64(column.u64().ok()?),
            DataType::Float32 => Self::F32(column.f32().ok()?),
            DataType::Float64 => Self::F64(column.f64().ok()?),
            DataType::String => Self::Text(column.str().ok()?),
            _ => return None,
        })
    }

    /// Some of the values as words; texts have none. Below a missing value there is any word.
    pub fn words(&self, rows: Range<usize>, words: &mut Vec<u64>) {
        words.clear();
        each_kind!(self, column => {
            if let Some(array) = column.downcast_iter().next() {
                words.extend(array.values()[rows].iter().map(|value| value.word()));
            }
        }, bool: {
            if let Some(array) = column.downcast_iter().next() {
                words.extend(rows.map(|row| u64::from(array.values().get_bit(row))));
            }
        }, text: {
            let _ = column;
        });
    }

    /// Does something with each row, counted from the first of these, that has no value.
    pub fn each_null(&self, rows: Range<usize>, mut take: impl FnMut(usize)) {
        let validity = each_kind!(self, column => column.rechunk_validity(),
            bool: column.rechunk_validity(), text: column.rechunk_validity());
        if let Some(validity) = validity.filter(|validity| validity.unset_bits() > 0) {
            let first = rows.start;
            rows.filter(|row| !validity.get_bit(*row))
                .for_each(|row| take(row - first));
        }
    }
}
