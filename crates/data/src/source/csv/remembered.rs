//! What was found in large files, kept for the next time that they are opened.

use super::scan::{Rules, Scanned};
use crate::{
    error::{DataError, Result},
    fingerprint,
    source::{access::Access, encoding::Text},
};
use std::path::Path;

/// What is found in a file of so many bytes is kept; a look at smaller ones takes no time.
const LEAST_BYTES: u64 = 16 << 20;
/// To be counted up when something else is found in the same file.
const VERSION: u32 = 1;

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

    /// What is kept.
    pub(super) fn get(&self) -> Result<Option<Scanned>> {
        let Some((place, true)) = self.access.place(&self.key(), "json")? else {
            return Ok(None);
        };
        // What can't be read is found out again.
        let bytes = std::fs::read(place).unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).ok())
    }

    /// Keeps what was found.
    pub(super) fn put(&self, file: &Path, scanned: &Scanned) -> Result<()> {
        let written = self.access.copy(&self.key(), "json", |out| {
            serde_json::to_writer(out, scanned).map_err(|error| DataError::writing(file, error.into()))
        });
        written.map(drop)
    }

    fn key(&self) -> [&str; 3] {
        self.key.each_ref().map(String::as_str)
    }
}
