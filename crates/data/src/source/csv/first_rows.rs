//! The first rows of a large file, without a look at all of it.

use super::{
    fields::{Split, Splitter},
    findings::Findings,
    header::Head,
    index::Index,
    layout::Layout,
    pieces::likely_start,
    rules::Rules,
    scan::{Failed, Scanned},
};
use crate::{
    Cancel,
    error::{DataError, Result},
    source::content::{Content, Plain},
};
use polars::prelude::DataFrame;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Places behind the first rows that are looked at, so that types hold for more than these.
const PLACES: u64 = 16;
const PLACE_BYTES: u64 = 64 << 10;

/// The first rows, and what is known of the file by them.
pub(super) struct FirstRows {
    pub frame: DataFrame,
    pub scanned: Scanned,
    pub bytes_read: u64,
}

/// The first `wanted` rows of a file, their types being those of its first rows and of some at other places. `None`
/// where that isn't enough to go by: a row doesn't fit, there aren't as many, or a letter isn't UTF-8. Who looks at the
/// whole file then can say more.
pub(super) fn first_rows(
    file: &Path,
    plain: &Plain,
    rules: &Rules,
    wanted: u64,
    cancel: &Cancel,
) -> Result<Option<FirstRows>> {
    let content = Content::File(plain.path.clone());
    let head = match Head::read(file, &content, rules) {
        Ok(head) => head,
        Err(Failed::Error(error)) => return Err(error),
        Err(Failed::NotUtf8 { .. }) => return Ok(None),
    };
    let width = head.names.len();
    let found_in = |bytes: &[u8]| {
        let found = Findings::of(bytes, false, width, u64::MAX, rules, cancel);
        found
            .ok()
            .map(|(found, _)| found)
            .filter(|found| found.ragged.count + found.blanks.count == 0)
    };
    let first = plain.mark_bytes + head.bytes;
    let mut likely = (wanted + wanted / 4 + 100).saturating_mul(rules.record_bytes);
    let (mut found, text) = loop {
        cancel.step()?;
        if first + likely >= plain.bytes {
            return Ok(None);
        }
        let mut text = read(file, &plain.path, first, likely)?;
        text.truncate(rows_length(&text, wanted, rules));
        match found_in(&text) {
            Some(found) if found.rows == wanted => break (found, text),
            Some(found) if found.rows > 0 => likely = likely.saturating_mul(2),
            _ => return Ok(None),
        }
    };
    let mut bytes_read = likely;
    for place in 1..=PLACES {
        let offset = plain.bytes.saturating_sub(PLACE_BYTES) * place / PLACES;
        let text = read(file, &plain.path, offset, PLACE_BYTES)?;
        bytes_read += text.len() as u64;
        // Where the guess of a row's start is wrong, the rows don't fit.
        let start = likely_start(&text, rules.marks, width);
        if let Some(other) = start.and_then(|start| found_in(&text[start..])) {
            found.nulls.merge(&other.nulls);
            for (kinds, other) in found.kinds.iter_mut().zip(&other.kinds) {
                kinds.merge(*other);
            }
        }
    }
    let scanned = Scanned::new(head.names, found, rules.comma, Index::default());
    let layout = Layout::new(content, rules, &scanned);
    Ok(Some(FirstRows {
        frame: layout.parse(text, None)?,
        scanned,
        bytes_read,
    }))
}

/// The whole rows in the first bytes of a text that goes on behind them; `None` as above.
pub(super) fn of_head(
    file: &Path,
    content: &Content,
    rules: &Rules,
    cancel: &Cancel,
) -> Result<Option<FirstRows>> {
    // A header alone that is cut off can't be told from one that isn't.
    let Ok(head) = Head::read(file, content, rules) else {
        return Ok(None);
    };
    let mut text = Vec::new();
    content
        .reader()?
        .read_to_end(&mut text)
        .map_err(|error| DataError::decompressing(file, &error))?;
    let bytes_read = text.len() as u64;
    text.drain(..text.len().min(head.bytes as usize));
    let width = head.names.len();
    let (found, length) = match Findings::of(&text, false, width, u64::MAX, rules, cancel) {
        Ok((found, length)) if found.ragged.count + found.blanks.count == 0 => (found, length),
        Err(Failed::Error(error)) => return Err(error),
        _ => return Ok(None),
    };
    text.truncate(length);
    let scanned = Scanned::new(head.names, found, rules.comma, Index::default());
    let layout = Layout::new(content.clone(), rules, &scanned);
    Ok(Some(FirstRows {
        frame: layout.parse(text, None)?,
        scanned,
        bytes_read,
    }))
}

/// The length of the first `wanted` rows of a text, or of all whole ones where there are fewer.
fn rows_length(text: &[u8], wanted: u64, rules: &Rules) -> usize {
    let mut records = Splitter::new(text, rules.marks);
    let mut fields = Vec::new();
    for _ in 0..wanted {
        if !matches!(records.next(&mut fields), Split::Record { .. }) {
            break;
        }
    }
    records.position()
}

fn read(file: &Path, path: &Path, offset: u64, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut source| {
            source.seek(SeekFrom::Start(offset))?;
            source.take(most).read_to_end(&mut bytes)
        })
        .map_err(|error| DataError::reading(file, &error))?;
    Ok(bytes)
}
