//! Small pictures of the rows of a table: which are there, which are in view, and which are being made.

use crate::state::OpenNotebook;
use aloft_data::Cancel;
use aloft_protocol::snapshot::{THUMBNAILS, Thumbnails};
use aloft_spec::table::{Column, ColumnKind};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Stretches of rows whose pictures are kept for a table that has fewer in view; those that were looked at first go first.
const KEPT: usize = 8;

/// A column, and the first of [`THUMBNAILS`] rows.
pub type Stretch = (String, u64);

/// The pictures of a table.
#[derive(Debug, Default)]
pub struct RowPictures {
    /// The key of the output that they are of.
    of: Option<String>,
    /// Those that are there, latest looked at last.
    there: Vec<Arc<Thumbnails>>,
    in_view: Vec<Stretch>,
    /// Those that are being made; the flag ends that.
    asked: Vec<(Stretch, Cancel)>,
}

impl RowPictures {
    /// Other rows or columns of a table are in view; what has to be made for that. What isn't in view any more isn't made.
    pub fn look(
        &mut self,
        key: &str,
        columns: &[String],
        rows: RangeInclusive<u64>,
    ) -> Vec<(Stretch, Cancel)> {
        if self.of.as_deref() != Some(key) {
            self.forget();
            self.of = Some(key.to_owned());
        }
        let stretches = rows.start() / THUMBNAILS..=rows.end() / THUMBNAILS;
        let of_column = |column: &String| {
            let column = column.clone();
            stretches
                .clone()
                .map(move |number| (column.clone(), number * THUMBNAILS))
        };
        let in_view: Vec<Stretch> = columns.iter().flat_map(of_column).collect();
        self.cancel(|stretch| !in_view.contains(stretch));
        self.there
            .sort_by_key(|there| in_view.contains(&stretch_of(there)));
        let is_new = |stretch: &&Stretch| {
            self.there.iter().all(|there| stretch_of(there) != **stretch)
                && self.asked.iter().all(|(asked, _)| asked != *stretch)
        };
        let new = in_view.iter().filter(is_new);
        let new: Vec<_> = new.map(|stretch| (stretch.clone(), Cancel::new())).collect();
        self.asked.extend(new.iter().cloned());
        self.in_view = in_view;
        new
    }

    /// Some were made. Those of another output are of no use any more.
    pub fn take(&mut self, key: &str, made: Thumbnails) {
        if self.of.as_deref() != Some(key) {
            return;
        }
        let stretch = stretch_of(&made);
        self.asked.retain(|(asked, _)| *asked != stretch);
        self.there.retain(|there| stretch_of(there) != stretch);
        self.there.push(Arc::new(made));
        let is_spare = |there: &Arc<Thumbnails>| !self.in_view.contains(&stretch_of(there));
        while self.there.len() > KEPT
            && let Some(first) = self.there.iter().position(is_spare)
        {
            self.there.remove(first);
        }
    }

    /// Those of an output.
    pub fn of(&self, key: &str) -> &[Arc<Thumbnails>] {
        match &self.of {
            Some(of) if of == key => &self.there,
            _ => &[],
        }
    }

    /// The table is another one.
    pub fn forget(&mut self) {
        self.cancel(|_| true);
        *self = Self::default();
    }

    fn cancel(&mut self, is_wanted_no_more: impl Fn(&Stretch) -> bool) {
        self.asked.retain(|(stretch, cancel)| {
            let ends = is_wanted_no_more(stretch);
            if ends {
                cancel.cancel();
            }
            !ends
        });
    }
}

fn stretch_of(thumbnails: &Thumbnails) -> Stretch {
    (thumbnails.column.clone(), thumbnails.first)
}

impl OpenNotebook {
    /// The columns of a cell's table that hold pictures: bytes, or names of files that a folder of pictures has handed on.
    pub fn picture_columns(&self, cell: &str) -> Vec<String> {
        let Some(output) = self.table(cell) else {
            return Vec::new();
        };
        let holds = |column: &&Column| match column.field.kind {
            ColumnKind::Text => self.names_pictures(cell, &column.field.name),
            _ => column.field.dtype == "binary",
        };
        let columns = output.table.columns.iter().filter(holds);
        columns.map(|column| column.field.name.clone()).collect()
    }

    fn names_pictures(&self, cell: &str, column: &str) -> bool {
        let has = |table: &str| {
            let reading = self.table(table).and_then(|output| output.reading.as_ref());
            reading.is_some_and(|reading| reading.pictures.iter().any(|name| name == column))
        };
        // Most notebooks have no such folder; then no statement is looked into.
        self.cells.keys().any(|table| has(table))
            && self
                .tables_with(cell, column)
                .and_then(|tables| tables.first().map(|source| has(source)))
                .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(column: &str, first: u64) -> Thumbnails {
        Thumbnails {
            column: column.into(),
            first,
            pictures: Vec::new(),
        }
    }

    fn firsts(pictures: &RowPictures) -> Vec<u64> {
        pictures
            .of("k")
            .iter()
            .map(|there| there.first / THUMBNAILS)
            .collect()
    }

    #[test]
    fn what_is_in_view_is_kept_and_what_has_left_it_is_not_made() {
        let mut pictures = RowPictures::default();
        let columns: Vec<String> = (0..10).map(|column| format!("c{column}")).collect();
        let asked = pictures.look("k", &columns, 30..=40);
        assert_eq!(asked.len(), 20, "two stretches of each column");
        for (stretch, _) in &asked {
            pictures.take("k", made(&stretch.0, stretch.1));
        }
        assert_eq!(
            pictures.of("k").len(),
            20,
            "more than are kept of what isn't in view"
        );
        assert!(pictures.look("k", &columns, 31..=41).is_empty(), "they are there");

        let asked = pictures.look("k", &columns[..1], 320..=330);
        assert_eq!(asked.len(), 1);
        assert!(
            pictures.look("k", &columns[..1], 321..=331).is_empty(),
            "it is being made"
        );
        let gone = pictures.look("k", &columns[..1], 640..=650);
        assert!(asked[0].1.is_cancelled() && !gone[0].1.is_cancelled());
        pictures.take("k", made("c0", 640));
        assert_eq!((pictures.of("k").len(), firsts(&pictures)[KEPT - 1]), (KEPT, 20));
    }

    #[test]
    fn pictures_of_another_output_are_of_no_use() {
        let mut pictures = RowPictures::default();
        let column = ["c".to_owned()];
        let asked = pictures.look("k", &column, 0..=10);
        pictures.look("other", &column, 0..=10);
        assert!(asked[0].1.is_cancelled());
        pictures.take("k", made("c", 0));
        assert!(pictures.of("k").is_empty() && pictures.of("other").is_empty());
        pictures.take("other", made("c", 0));
        assert_eq!(pictures.of("other").len(), 1);
    }
}
