//! CSV and TSV: how the file is written is found out from its first lines, then one pass over the bytes finds ragged
//! rows, bad text, where the rows are, the type of each column and what means "no value".
//!
//! polars pads short rows silently and guesses types from the first rows. Here the whole file is looked at once, on all
//! cores and within a bounded memory, before anything is built on it; what was found in a large file is remembered. What
//! polars can't read as it is (another encoding, rows that need repair) becomes a copy that it can. Only who asks for
//! the first rows of a large file gets them without a look at the rest, and is told so.

mod block;
mod columns;
mod fields;
mod findings;
mod first_rows;
mod guess;
mod header;
mod index;
pub(super) mod kind;
mod layout;
mod moment;
mod nulls;
mod pieces;
mod records;
mod remembered;
mod repair;
mod rules;
mod scan;
mod sniff;
#[cfg(test)]
mod tests;
mod typed;
mod values;

use super::{
    Opened,
    access::Access,
    columnar,
    content::{Content, Plain},
    encoding::Text,
};
use crate::{
    Cancel,
    error::{DataError, Result},
    parts::Parts as _,
    profile::{Running, Seen, watched},
};
use aloft_spec::{
    profile::Scan,
    reading::{self, Reading},
    source::{Format, Ragged, SourceSpec},
    text::thousands,
};
use first_rows::FirstRows;
use guess::Guess;
use kind::ColumnType;
use polars::prelude::DataFrame;
use remembered::Remembered;
use rules::Rules;
use scan::{Failed, Scanned};
use std::{path::Path, sync::Arc};

pub(crate) use layout::{Layout, rows};

/// The first rows of a file of so many bytes are read without a look at the rest.
const LARGE_BYTES: u64 = 64 << 20;
/// By so many first rows, and some further behind, types are guessed.
const GUESSED_ROWS: u64 = 1000;
/// How often a long pass over records asks whether it is cancelled.
const RECORDS_BETWEEN_CHECKS: u64 = 4096;

/// Opens a CSV file: checks all of it and makes a lazy plan of its rows.
pub(crate) fn open(spec: &SourceSpec, file: &Path, access: &Access, cancel: &Cancel) -> Result<Opened> {
    let mut text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    loop {
        let rules = Rules::of(spec, file, &text.content)?;
        match look(file, &text, &rules, access, cancel) {
            Ok((scanned, looked_at)) => {
                return finish(file, &text, &rules, &scanned, looked_at, access, cancel);
            }
            Err(Failed::Error(error)) => return Err(error),
            Err(Failed::NotUtf8 { bytes, .. })
                if text.guessed && matches!(&text.content, Content::File(path) if path == file) =>
            {
                text = Text::reopen(file, &bytes, access, cancel)?;
            }
            Err(Failed::NotUtf8 { line, .. }) => {
                return Err(DataError::unreadable_at(
                    file,
                    line,
                    "this row isn't valid UTF-8",
                    "set `encoding` to the one that the file was saved in, for instance `windows-1252`",
                ));
            }
        }
    }
}

/// Opens a large file that is new and makes the profile of its rows in the same pass, by the types of the first rows and of
/// some further behind; `on_partial` is told what is known so far, with the first `head_rows` rows. The profile is made later where these aren't those of
/// all rows. `None` for other files, and where something is wrong: [`open`] says it.
pub(crate) fn open_and_profile(
    spec: &SourceSpec,
    file: &Path,
    head_rows: usize,
    access: &Access,
    cancel: &Cancel,
    on_partial: &mut dyn FnMut(Seen),
) -> Result<Option<Opened>> {
    open_and_profile_beyond(LARGE_BYTES, spec, file, head_rows, access, cancel, on_partial)
}

fn open_and_profile_beyond(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    head_rows: usize,
    access: &Access,
    cancel: &Cancel,
    on_partial: &mut dyn FnMut(Seen),
) -> Result<Option<Opened>> {
    let Some((text, rules, plain)) = new_and_large(large, spec, file, access, cancel)? else {
        return Ok(None);
    };
    let Some(first) = first_rows::first_rows(file, &plain, &rules, GUESSED_ROWS, cancel)? else {
        return Ok(None);
    };
    let layout = Layout::new(text.content.clone(), &rules, &first.scanned);
    let running = Running::new(&layout.schema(), head_rows, cancel);
    let guess = Guess::new(&layout, &running);
    let look = || scan::scan_and_profile(file, &text.content, &rules, &guess, cancel);
    let scanned = match watched(&running, look, on_partial) {
        Ok(scanned) => scanned,
        Err(Failed::Error(DataError::Stopped)) => return Err(DataError::Stopped),
        Err(_) => return Ok(None),
    };
    if let Some(remembered) = Remembered::of(file, &text, &rules, access)? {
        remembered.put(file, &scanned)?;
    }
    let holds = guess.holds() && layout.fits(&scanned, &rules);
    let mut opened = finish(file, &text, &rules, &scanned, true, access, cancel)?;
    if let Some(layout) = opened.layout.as_mut().filter(|_| holds) {
        layout.seen = Some(Arc::new(running.ended()));
    }
    Ok(Some(opened))
}

/// What is in a text, and whether it was looked at for that now: what was found in a large file is remembered.
fn look(
    file: &Path,
    text: &Text,
    rules: &Rules,
    access: &Access,
    cancel: &Cancel,
) -> std::result::Result<(Scanned, bool), Failed> {
    let remembered = Remembered::of(file, text, rules, access)?;
    if let Some(remembered) = &remembered
        && let Some(scanned) = remembered.get()?
    {
        return Ok((scanned, false));
    }
    let scanned = scan::scan(file, &text.content, rules, cancel)?;
    if let Some(remembered) = remembered {
        remembered.put(file, &scanned)?;
    }
    Ok((scanned, true))
}

/// The first `wanted` rows of a large file with how they were read, without a look at all of it. `None` for smaller
/// files, for those that are remembered, and where there is something to say of the file that needs a look at all of it.
pub(crate) fn first_rows(
    spec: &SourceSpec,
    file: &Path,
    wanted: u64,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading, Scan)>> {
    first_rows_beyond(LARGE_BYTES, spec, file, wanted, access, cancel)
}

fn first_rows_beyond(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    wanted: u64,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading, Scan)>> {
    let Some((text, rules, plain)) = new_and_large(large, spec, file, access, cancel)? else {
        return Ok(None);
    };
    let Some(FirstRows {
        frame,
        scanned,
        bytes_read,
    }) = first_rows::first_rows(file, &plain, &rules, wanted, cancel)?
    else {
        return Ok(None);
    };
    let mut reading = reading(columnar::size(file)?, &text, &rules, &scanned);
    reading.bytes_read = Some(bytes_read);
    let scan = Scan {
        bytes_read,
        bytes_total: plain.bytes,
        rows_read: scanned.rows,
        ..Scan::default()
    };
    Ok(Some((frame, reading, scan)))
}

/// How a large file is read of which nothing is remembered, and which isn't compressed or in another encoding.
fn new_and_large(
    large: u64,
    spec: &SourceSpec,
    file: &Path,
    access: &Access,
    cancel: &Cancel,
) -> Result<Option<(Text, Rules, Plain)>> {
    let metadata = std::fs::metadata(file).map_err(|error| DataError::reading(file, &error))?;
    if metadata.len() < large {
        return Ok(None);
    }
    let text = Text::open(file, spec.encoding.as_deref(), access, cancel)?;
    let rules = Rules::of(spec, file, &text.content)?;
    let Some(plain) = text.content.plain()?.filter(|plain| plain.path == file) else {
        return Ok(None);
    };
    let is_known = match Remembered::of(file, &text, &rules, access)? {
        Some(remembered) => remembered.is_there()?,
        None => false,
    };
    Ok((!is_known).then_some((text, rules, plain)))
}

/// The whole rows in the first bytes of a file that goes on behind them, with how they were read. `None` where the bytes
/// aren't enough to go by.
pub(crate) fn rows_of_head(
    spec: &SourceSpec,
    name: &str,
    head: &[u8],
    cancel: &Cancel,
) -> Result<Option<(DataFrame, Reading)>> {
    let Some(text) = Text::of_head(head, spec.encoding.as_deref())? else {
        return Ok(None);
    };
    let file = Path::new(name);
    let rules = Rules::of(spec, file, &text.content)?;
    let Some(first) = first_rows::of_head(file, &text.content, &rules, cancel)? else {
        return Ok(None);
    };
    let reading = reading(head.len() as u64, &text, &rules, &first.scanned);
    Ok(Some((first.frame, reading)))
}

fn finish(
    file: &Path,
    text: &Text,
    rules: &Rules,
    scanned: &Scanned,
    looked_at: bool,
    access: &Access,
    cancel: &Cancel,
) -> Result<Opened> {
    let bytes = columnar::size(file)?;
    let mut reading = reading(bytes, text, rules, scanned);
    if !looked_at {
        reading.bytes_read = Some(0);
    }
    let mut layout = Layout {
        looked_at,
        ..Layout::new(text.content.clone(), rules, scanned)
    };
    let mut index = scanned.index.clone();
    if scanned.ragged > 0 {
        layout.content = repair::repaired(file, &text.content, rules, scanned.names.len(), access, cancel)?;
        layout.trailing_blanks = false;
        // Rows are elsewhere in the copy, which fits the rules and is remembered as other files are.
        if let Some(plain) = layout.content.plain()? {
            let copy = Text {
                content: layout.content.clone(),
                ..text.clone()
            };
            index = match look(&plain.path, &copy, rules, access, cancel) {
                Ok((scanned, _)) => scanned.index,
                Err(Failed::Error(error)) => return Err(error),
                Err(Failed::NotUtf8 { .. }) => return Err(index::changed(file)),
            };
        }
    }
    layout.index = layout.content.plain()?.map(|plain| (plain.path, index));
    Ok(Opened {
        plan: layout.plan()?,
        rows: layout.rows,
        reading,
        layout: Some(layout),
        row_groups: None,
    })
}

/// How a file of so many bytes was read.
fn reading(bytes: u64, text: &Text, rules: &Rules, scanned: &Scanned) -> Reading {
    let mut reading = Reading::new(Format::Csv, 1, bytes);
    reading.bytes_read = Some(bytes);
    reading.encoding = Some(text.reading());
    let comma = scanned
        .columns(rules)
        .iter()
        .any(|(_, kind)| *kind == ColumnType::CommaReal);
    let lines: Vec<u64> = scanned.ragged_rows.iter().map(|row| row.line as u64).collect();
    if scanned.ragged > 0 {
        let named: Vec<String> = lines.iter().map(|line| thousands(*line)).collect();
        let done = match rules.ragged {
            Ragged::Fill => "were filled or cut off",
            Ragged::Skip | Ragged::Error => "were left out",
        };
        let more = if scanned.ragged > lines.len() as u64 {
            ", …"
        } else {
            ""
        };
        reading.warnings.push(format!(
            "{} {} with another number of fields than the header {done} (line {}{more})",
            thousands(scanned.ragged),
            if scanned.ragged == 1 { "row" } else { "rows" },
            named.join(", ")
        ));
    }
    for name in scanned.pointed(rules) {
        reading.warnings.push(format!(
            "`{name}` stays text: its numbers have a point, which beside a decimal comma may stand between thousands"
        ));
    }
    reading.dialect = Some(reading::Dialect {
        separator: rules.marks.separator.into(),
        quote: rules.marks.quote.map(char::from),
        header: rules.header,
        decimal: if comma { ',' } else { '.' },
        null_values: scanned.null_values.clone(),
        ragged: rules.ragged,
        ragged_rows: scanned.ragged,
        ragged_lines: lines,
    });
    reading
}
