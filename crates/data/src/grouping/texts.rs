//! Numbers for texts that are too long to lie in a key.

use polars::polars_utils::aliases::PlIndexSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Texts are kept in so many parts, so that threads seldom wait for each other.
const PARTS: u64 = 64;

/// Each different text once, with a number for it. Shared by threads.
pub(super) struct Texts(Vec<Mutex<PlIndexSet<Box<str>>>>);

impl Texts {
    pub fn new() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }

    /// The number of a text; a new one where it wasn't seen before.
    pub fn number(&self, text: &str) -> u64 {
        let part = part(text);
        let mut texts = self.lock(part);
        let index = match texts.get_index_of(text) {
            Some(index) => index,
            None => texts.insert_full(text.into()).0,
        };
        index as u64 * PARTS + part
    }

    /// Does something with the text of a number.
    pub fn with(&self, number: u64, take: impl FnOnce(&str)) {
        let texts = self.lock(number % PARTS);
        // There is one for every number that was handed out.
        if let Some(text) = texts.get_index((number / PARTS) as usize) {
            take(text);
        }
    }

    fn lock(&self, part: u64) -> MutexGuard<'_, PlIndexSet<Box<str>>> {
        let part = &self.0[part as usize];
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ends of long texts differ more than their beginnings.
fn part(text: &str) -> u64 {
    let end = text.bytes().rev().take(8);
    end.fold(text.len() as u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u64::from(byte))
    }) % PARTS
}
