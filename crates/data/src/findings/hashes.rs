//! Hashes of cells and rows, wide enough that equal hashes mean equal cells.
//!
//! A row's hash is the XOR of its cells' (Zobrist, 1970), so that the hash of a row without one column is one XOR away.

use super::looked::Column;
use crate::{
    error::{Result, guarded},
    table,
};
use aloft_spec::table::ColumnKind;
use polars::prelude::*;

/// The hash of each cell of a column. The same value has the same hash in columns of whole and of real numbers, and
/// another one under another `seed`. No value is a value here, and NaN is none.
pub(super) fn cells(column: &Column<'_>, seed: u64) -> Result<Vec<u128>> {
    let none = mixed(seed, u64::MAX, 0);
    let series = column.series;
    guarded(|| {
        Ok(match column.kind {
            ColumnKind::Integer | ColumnKind::Date | ColumnKind::Datetime | ColumnKind::Time => series
                .to_physical_repr()
                .cast(&DataType::Int64)?
                .i64()?
                .iter()
                .map(|value| value.map_or(none, |value| mixed(seed, 0, value as u64)))
                .collect(),
            ColumnKind::Float => series
                .cast(&DataType::Float64)?
                .f64()?
                .iter()
                .map(|value| {
                    value
                        .filter(|value| !value.is_nan())
                        .map_or(none, |value| real(seed, value))
                })
                .collect(),
            ColumnKind::Boolean => series
                .bool()?
                .iter()
                .map(|value| value.map_or(none, |value| mixed(seed, 0, u64::from(value))))
                .collect(),
            ColumnKind::Text => series
                .cast(&DataType::String)?
                .str()?
                .iter()
                .map(|value| value.map_or(none, |value| text(seed, value.as_bytes())))
                .collect(),
            ColumnKind::Other => table::texts(series)?
                .iter()
                .map(|value| value.as_ref().map_or(none, |value| text(seed, value.as_bytes())))
                .collect(),
        })
    })
}

/// The hash of each row of `columns`.
pub(super) fn rows(columns: &[Vec<u128>]) -> Vec<u128> {
    let length = columns.first().map_or(0, Vec::len);
    let mut rows = vec![0; length];
    for column in columns {
        for (row, cell) in rows.iter_mut().zip(column) {
            *row ^= cell;
        }
    }
    rows
}

fn real(seed: u64, value: f64) -> u128 {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        mixed(seed, 0, value as i64 as u64)
    } else {
        mixed(seed, 1, value.to_bits())
    }
}

fn text(seed: u64, bytes: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(bytes);
    let hash = hasher.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_le_bytes(half)
}

/// 128 well-mixed bits of a value: SplitMix64 (Steele, Lea and Flood, 2014) from two starts.
fn mixed(seed: u64, kind: u64, value: u64) -> u128 {
    let step = |start: u64| {
        let mut x = start.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    let place = step(seed ^ step(kind));
    let (low, high) = (step(value ^ place), step(value.wrapping_add(step(place))));
    u128::from(high) << 64 | u128::from(low)
}
