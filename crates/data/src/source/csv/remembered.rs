//! What was found in large files, kept for the next time that they are opened: a line of JSON, and where rows begin in
//! as many bytes as they have, because there are so many of them.

use super::{rules::Rules, scan::Scanned};
use crate::{
    error::{DataError, Result},
    fingerprint,
    source::{access::Access, encoding::Text},
};
use std::{
    io::{self, Write},
    path::Path,
};

/// What is found in a file of so many bytes is kept; a look at smaller ones takes no time.
const LEAST_BYTES: u64 = 16 << 20;
/// To be counted up when something else is found in the same file.
const VERSION: u32 = 2;

const ENDING: &str = "rows";

/// What was found in a file that was read like this.
pub(super) struct Remembered<'a> {
    access: &'a Access,
    key: [String; 3],
}

impl<'a> Remembered<'a> {
    /// The place for it; `None` for small files, for compressed ones, and without a folder for copies.
    pub(super) fn of(file: &Path, text: &Text, rules: &Rules, access: &'a Access) -> Result<Option<Self>> {
        let large = text
            .content
            .plain()?
            .is_some_and(|plain| plain.bytes >= LEAST_BYTES);
        if !large || !access.keeps_copies() {
            return Ok(None);
        }
        let key = [
            format!("csv {VERSION} {}", text.encoding.name()),
            format!("{rules:?}"),
            fingerprint::of_file(file)?,
        ];
        Ok(Some(Self { access, key }))
    }

    /// Whether something is kept.
    pub(super) fn is_there(&self) -> Result<bool> {
        let place = self.access.place(&self.key(), ENDING)?;
        Ok(place.is_some_and(|(_, there)| there))
    }

    /// What is kept.
    pub(super) fn get(&self) -> Result<Option<Scanned>> {
        let Some((place, true)) = self.access.place(&self.key(), ENDING)? else {
            return Ok(None);
        };
        // What can't be read is found out again.
        Ok(of_bytes(&std::fs::read(place).unwrap_or_default()))
    }

    /// Keeps what was found.
    pub(super) fn put(&self, file: &Path, scanned: &Scanned) -> Result<()> {
        let written = self.access.copy(&self.key(), ENDING, |out| {
            write(scanned, out).map_err(|error| DataError::writing(file, error))
        });
        written.map(drop)
    }

    fn key(&self) -> [&str; 3] {
        self.key.each_ref().map(String::as_str)
    }
}

fn write(scanned: &Scanned, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, scanned)?;
    out.write_all(b"\n")?;
    let starts = scanned.index.parts.iter().flat_map(|part| &part.starts);
    starts
        .into_iter()
        .try_for_each(|start| out.write_all(&start.to_le_bytes()))
}

/// `None` for anything else than what [`write`] has written.
fn of_bytes(bytes: &[u8]) -> Option<Scanned> {
    let (found, rest) = bytes.split_at(memchr::memchr(b'\n', bytes)? + 1);
    let mut scanned: Scanned = serde_json::from_slice(found).ok()?;
    let (mut starts, rest) = rest.as_chunks::<4>();
    let stride = Some(scanned.index.stride).filter(|stride| *stride > 0)?;
    for part in &mut scanned.index.parts {
        let (of_part, behind) = starts.split_at_checked(part.rows.div_ceil(stride) as usize)?;
        part.starts = of_part.iter().map(|start| u32::from_le_bytes(*start)).collect();
        starts = behind;
    }
    (starts.is_empty() && rest.is_empty()).then_some(scanned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::csv::index::{Index, Part};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_kept_is_what_was_found(rows in prop::collection::vec(0_u64..50, 0..9), cut in 0_usize..400) {
            let part = |rows: &u64| Part {
                offset: 7 * rows,
                bytes: *rows,
                rows: *rows,
                starts: (0..rows.div_ceil(16) as u32).map(|start| start * 1000).collect(),
            };
            let scanned = Scanned {
                names: vec!["two\nlines".into()],
                kinds: Vec::new(),
                rows: rows.iter().sum(),
                null_values: vec!["NA".into()],
                ragged: 0,
                ragged_rows: Vec::new(),
                trailing_blanks: false,
                index: Index { first: 3, stride: 16, parts: rows.iter().map(part).collect() },
            };
            let mut bytes = Vec::new();
            write(&scanned, &mut bytes).unwrap();
            prop_assert_eq!(of_bytes(&bytes), Some(scanned));
            bytes.push(0);
            prop_assert_eq!(of_bytes(&bytes), None);
            bytes.truncate(bytes.len().saturating_sub(2 + cut));
            prop_assert_eq!(of_bytes(&bytes), None);
        }
    }
}
