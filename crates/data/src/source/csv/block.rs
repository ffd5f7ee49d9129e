//! Rows of a text, some at a time: where their fields are, so that values are read column by column.

use super::fields::{Field, Splitter};
use std::ops::Range;

/// Fields that are found before their values are looked at. Their places fit the first cache.
const FIELDS: usize = 2048;
/// Of a wide table so many rows are, so that a column is worth a loop.
const FEWEST_ROWS: usize = 64;

/// Some rows, each of as many fields as a table has columns.
pub(super) struct Block {
    width: usize,
    rows: usize,
    /// Of each row where each field begins, and one place behind the end of the last; room for as many rows as it takes.
    places: Vec<usize>,
}

impl Block {
    /// Without rows, which will have so many fields.
    pub(super) fn new(width: usize) -> Self {
        let most = (FIELDS / width.max(1)).max(FEWEST_ROWS);
        Self {
            width,
            rows: 0,
            places: vec![0; most * (width + 1)],
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.used() == self.places.len()
    }

    pub(super) fn clear(&mut self) {
        self.rows = 0;
    }

    /// Adds the next records until it is full, or one comes that is no row.
    pub(super) fn fill(&mut self, records: &mut Splitter<'_>) {
        let used = self.used();
        let free = self.places[used..].chunks_exact_mut(self.width + 1);
        self.rows += free.map_while(|places| records.row(places).then_some(())).count();
    }

    /// Adds a record that is as wide as its rows, if there is room.
    pub(super) fn push(&mut self, record: &[Field]) {
        let used = self.used();
        let ends = record.last().map(|field| field.end() + 1);
        let places = record.iter().map(|field| field.start).chain(ends);
        let free = self.places[used..].iter_mut();
        free.zip(places).for_each(|(free, place)| *free = place);
        self.rows += usize::from(used < self.places.len());
    }

    /// Where its row number `first` and those behind it begin.
    pub(super) fn starts(&self, first: usize) -> impl Iterator<Item = usize> + '_ {
        self.each().skip(first).map(|places| places[0])
    }

    /// The places of a column's fields, the quotes around them included.
    #[inline]
    pub(super) fn column(&self, number: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        self.each()
            .map(move |places| places[number]..places[number + 1] - 1)
    }

    #[inline]
    fn each(&self) -> impl Iterator<Item = &[usize]> + '_ {
        self.places[..self.used()].chunks_exact(self.width + 1)
    }

    fn used(&self) -> usize {
        self.rows * (self.width + 1)
    }
}
