//! The first rows of a large CSV file at an address, by its first bytes: it isn't fetched as a whole for them.

use super::{Kind, Objects};
use crate::{
    Cancel,
    error::Result,
    source::{access::Access, csv, format_of},
};
use aloft_spec::{
    profile::Scan,
    reading::Reading,
    source::{Format, SourceSpec},
};
use polars::{io::utils::compression::SupportedCompression, prelude::*};
use std::path::Path;

/// A smaller file is fetched as a whole; the copy serves what comes next too.
const SMALL_BYTES: u64 = 4 << 20;
/// What is fetched first. By that it is known how long rows are.
const FIRST_BYTES: u64 = 256 << 10;

/// The first `wanted` rows of a CSV file, their types being those of the rows that were fetched. `None` for other sources,
/// for small files and those that were fetched already, and where the first bytes aren't enough to go by: the server
/// sends no ranges, the file is compressed, a row doesn't fit. Who fetches it as a whole can say more.
pub(crate) fn first_rows(
    spec: &SourceSpec,
    objects: &Objects,
    wanted: u64,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading, Scan)>> {
    let [object] = objects.list.as_slice() else {
        return Ok(None);
    };
    let format = match spec.format {
        Some(format) => format,
        None => format_of(Path::new(objects.name()))?,
    };
    let fetched = objects.copy_of(object, access)?.is_some_and(|(_, there)| there);
    if objects.kind != Kind::One || format != Format::Csv || object.size < SMALL_BYTES || fetched {
        return Ok(None);
    }
    let mut most = FIRST_BYTES;
    // Once to see how long rows are, once for all that are wanted.
    for _ in 0..2 {
        let Ok(heads) = objects.heads(&objects.list, most, cancel) else {
            cancel.step()?;
            return Ok(None);
        };
        let head = heads.concat();
        if SupportedCompression::check(&head).is_some() {
            return Ok(None);
        }
        let Some((frame, reading)) = csv::rows_of_head(spec, objects.name(), &head, cancel)? else {
            return Ok(None);
        };
        let rows = frame.height() as u64;
        if rows >= wanted {
            let scan = Scan {
                bytes_read: head.len() as u64,
                bytes_total: object.size,
                rows_read: rows,
                ..Scan::default()
            };
            let reading = Reading {
                bytes: object.size,
                bytes_read: Some(head.len() as u64),
                ..reading
            };
            return Ok(Some((frame.head(Some(wanted as usize)), reading, scan)));
        }
        most = (most / rows.max(1)).saturating_mul(wanted + wanted / 4 + 100);
        if most > object.size / 2 {
            return Ok(None);
        }
    }
    Ok(None)
}
