//! Texts: how often each occurs, how long they are, the first and the last in order.

use super::{
    shown,
    tally::{EXACT_VALUES, Tally},
    top,
};
use crate::sketch::{hash_bytes, mixed};
use aloft_spec::profile::{ColumnProfile, Lengths};
use polars::prelude::*;

/// Letters that are kept of a text once not all texts are.
const KEPT_LETTERS: usize = 256;
/// Bytes of texts that are held exactly in a profile of bounded memory.
const EXACT_BYTES: usize = 4 << 20;

/// What is known about a column of texts so far. Texts are told apart by 64 bits of hash: that two of a million have the
/// same happens in one of 37 million tables.
#[derive(Clone)]
pub(super) struct Texts {
    exact: bool,
    tally: Tally,
    /// The texts of keys that the tally holds.
    texts: PlHashMap<u64, Box<str>>,
    held_bytes: usize,
    /// Once the tally no longer holds all texts.
    sketch: Option<Sketch>,
    /// Keys whose texts are to be kept, with their rows of a chunk.
    new: Vec<(u64, usize)>,
}

#[derive(Clone, Default)]
struct Sketch {
    min: Option<String>,
    max: Option<String>,
    count: u64,
    shortest: Option<u64>,
    longest: u64,
    letters: u64,
}

impl Texts {
    pub(super) fn new(exact: bool) -> Self {
        Self {
            exact,
            tally: Tally::new(),
            texts: PlHashMap::default(),
            held_bytes: 0,
            sketch: None,
            new: Vec::new(),
        }
    }

    /// Adds the texts that aren't null.
    pub(super) fn add(&mut self, texts: &StringChunked) {
        for (chunk, array) in texts.downcast_iter().zip(texts.chunks()) {
            let views = chunk.views();
            match array.validity().filter(|validity| validity.unset_bits() > 0) {
                None => self.add_rows(0..chunk.len(), |row| views[row].as_u128(), |row| chunk.value(row)),
                Some(validity) => {
                    let present = (0..chunk.len()).filter(|row| validity.get_bit(*row));
                    self.add_rows(present, |row| views[row].as_u128(), |row| chunk.value(row));
                }
            }
        }
    }

    fn add_rows<'a>(
        &mut self,
        rows: impl Iterator<Item = usize>,
        view: impl Fn(usize) -> u128,
        text: impl Fn(usize) -> &'a str,
    ) {
        for row in rows {
            let key = key(view(row), || text(row));
            let count = self.tally.add(key);
            match &mut self.sketch {
                Some(sketch) => {
                    // What comes once among too many different texts is soon dropped, and is never told. Merging may
                    // have passed by a count of 2.
                    if count.is_power_of_two() && (count > 1 || self.tally.holds_all()) {
                        self.new.push((key, row));
                    }
                    sketch.add(text(row), 1);
                }
                None if count == 1 => {
                    self.new.push((key, row));
                    self.keep_new(&text);
                }
                None => {}
            }
        }
        self.keep_new(&text);
    }

    /// Keeps the texts of those keys that haven't been dropped again.
    fn keep_new<'a>(&mut self, text: &impl Fn(usize) -> &'a str) {
        for (key, row) in std::mem::take(&mut self.new) {
            if self.tally.holds(key) && !self.texts.contains_key(&key) {
                let text = text(row);
                let kept = if self.sketch.is_some() {
                    first_letters(text)
                } else {
                    text
                };
                self.held_bytes += kept.len();
                self.texts.insert(key, kept.into());
            }
        }
        self.settle();
    }

    /// Lets go of what needs not be held.
    fn settle(&mut self) {
        if self.sketch.is_some() {
            if self.texts.len() > 2 * self.tally.held() {
                self.texts.retain(|key, _| self.tally.holds(*key));
            }
        } else if !self.exact && (self.tally.held() > EXACT_VALUES || self.held_bytes > EXACT_BYTES) {
            self.approximate();
        }
    }

    /// Adds all that another one has seen.
    pub(super) fn merge(&mut self, mut other: Self) {
        if self.sketch.is_some() || other.sketch.is_some() {
            self.approximate();
            other.approximate();
        }
        self.tally.merge(&other.tally);
        for (key, text) in other.texts {
            self.held_bytes += text.len();
            self.texts.insert(key, text);
        }
        if let (Some(sketch), Some(other)) = (&mut self.sketch, other.sketch) {
            sketch.merge(other);
        }
        self.settle();
    }

    fn approximate(&mut self) {
        if self.sketch.is_some() {
            return;
        }
        self.sketch = Some(self.exact_sketch());
        self.tally.approximate();
        self.texts.retain(|key, _| self.tally.holds(*key));
        for text in self.texts.values_mut() {
            let kept = first_letters(text);
            if kept.len() < text.len() {
                *text = kept.into();
            }
        }
    }

    fn exact_sketch(&self) -> Sketch {
        let mut sketch = Sketch::default();
        for (key, count) in self.tally.counts() {
            if let Some(text) = self.texts.get(&key) {
                sketch.add(text, count);
            }
        }
        sketch
    }

    /// Puts what is known into a profile; `rows` have a value.
    pub(super) fn put(&self, profile: &mut ColumnProfile, rows: u64) {
        profile.distinct = self.tally.distinct(rows);
        profile.distinct_approximate = !self.tally.is_exact();
        let exact;
        let sketch = match &self.sketch {
            Some(sketch) => sketch,
            None => {
                exact = self.exact_sketch();
                &exact
            }
        };
        profile.min = sketch.min.clone().map(shown);
        profile.max = sketch.max.clone().map(shown);
        profile.lengths = sketch.shortest.map(|min| Lengths {
            min,
            mean: sketch.letters as f64 / sketch.count as f64,
            max: sketch.longest,
        });
        let (counts, error) = self.tally.frequent();
        let with_texts = counts
            .into_iter()
            .filter_map(|(key, count)| Some((&**self.texts.get(&key)?, count)));
        profile.top = top(with_texts.collect(), |text| shown((*text).to_owned()));
        profile.top_error = (error > 0 && !profile.top.is_empty()).then_some(error);
    }
}

impl Sketch {
    fn add(&mut self, text: &str, times: u64) {
        let letters = text.chars().count() as u64;
        self.count += times;
        self.letters += letters * times;
        self.shortest = Some(self.shortest.map_or(letters, |shortest| shortest.min(letters)));
        self.longest = self.longest.max(letters);
        self.extend(text);
    }

    fn extend(&mut self, text: &str) {
        if self.min.as_deref().is_none_or(|min| text < min) {
            self.min = Some(text.to_owned());
        }
        if self.max.as_deref().is_none_or(|max| text > max) {
            self.max = Some(text.to_owned());
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.letters += other.letters;
        self.longest = self.longest.max(other.longest);
        self.shortest = match (self.shortest, other.shortest) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        [other.min, other.max]
            .into_iter()
            .flatten()
            .for_each(|text| self.extend(&text));
    }
}

/// The hash of a text. One of up to 12 bytes lies within its view (Arrow's `Utf8View`), whose 128 bits are its own.
#[inline]
fn key<'a>(view: u128, text: impl Fn() -> &'a str) -> u64 {
    const MOST_INLINE: u32 = 12;
    if view as u32 <= MOST_INLINE {
        mixed(view as u64 ^ mixed((view >> 64) as u64))
    } else {
        hash_bytes(text().as_bytes())
    }
}

/// The first letters of a text, one more than are shown.
fn first_letters(text: &str) -> &str {
    text.char_indices()
        .nth(KEPT_LETTERS)
        .map_or(text, |(end, _)| &text[..end])
}
