//! The table that a run learns from: in memory, or in its file where it is more than it may take of memory.

use crate::{
    batch::Encoded,
    error::{Result, TrainError},
    memory,
    preprocess::Preprocessing,
};
use aloft_data::{Cancel, Relation, source};
use aloft_spec::{
    source::SourceSpec,
    table::Scope,
    text::{bytes, thousands},
    train::TrainSpec,
};
use polars::prelude::*;
use std::path::{Path, PathBuf};

/// A table, wherever it lies.
pub trait Table {
    /// Names of the columns, in their order.
    fn names(&self) -> Vec<&str>;

    /// Rows.
    fn height(&self) -> usize;

    /// One column as a whole; its name is one of [`names`](Self::names).
    fn column(&self, name: &str) -> Result<Column>;

    /// Some rows with some columns, in the order of these indices.
    fn rows(&self, names: &[String], rows: &[u32]) -> Result<DataFrame>;

    /// Where it lies.
    fn place(&self) -> Place<'_>;
}

/// Where a table lies.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// In memory.
    Memory(&'a DataFrame),
    /// In its file.
    File(&'a StoredTable),
}

/// Opens the rows of a file: in memory, unless they are more than the run gives them.
pub fn open(path: &Path, spec: &TrainSpec) -> Result<Box<dyn Table>> {
    let source_spec = SourceSpec::new(path.to_string_lossy());
    let rows = source(&source_spec, path, Scope::All, &Cancel::new())?;
    let height = rows.rows()?;
    let (needed, allowed) = (
        memory::table_bytes(height, rows.schema().len()),
        memory::allowed(spec.memory_mb),
    );
    if needed <= allowed {
        return Ok(Box::new(rows.collect()?));
    }
    let height = u32::try_from(height).map_err(|_| {
        TrainError::bad_value(
            format!(
                "the table has {} rows, more than can be told apart",
                thousands(height)
            ),
            "take a sample of them in a query",
        )
    })?;
    Ok(Box::new(StoredTable {
        rows,
        height: height as usize,
        folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
        needed,
        allowed,
    }))
}

/// Refuses a table without a column.
pub fn require(table: &dyn Table, role: &'static str, name: &str) -> Result<()> {
    let names = table.names();
    match names.contains(&name) {
        true => Ok(()),
        false => Err(TrainError::unknown_column(role, name, names)),
    }
}

/// The frame of a table that is in memory; `what` is refused otherwise, as in "windows of series".
pub fn whole<'a>(table: &'a dyn Table, what: &str) -> Result<&'a DataFrame> {
    match table.place() {
        Place::Memory(frame) => Ok(frame),
        Place::File(stored) => Err(TrainError::TooLarge {
            what: format!("{what} need all rows in memory, which"),
            needed: stored.needed,
            allowed: stored.allowed,
        }),
    }
}

impl Table for DataFrame {
    fn names(&self) -> Vec<&str> {
        self.get_column_names()
            .into_iter()
            .map(PlSmallStr::as_str)
            .collect()
    }

    fn height(&self) -> usize {
        Self::height(self)
    }

    fn column(&self, name: &str) -> Result<Column> {
        Ok(Self::column(self, name)?.clone())
    }

    fn rows(&self, names: &[String], rows: &[u32]) -> Result<DataFrame> {
        let taken = IdxCa::from_vec("rows".into(), rows.iter().map(|row| *row as IdxSize).collect());
        Ok(self.select(names)?.take(&taken)?)
    }

    fn place(&self) -> Place<'_> {
        Place::Memory(self)
    }
}

/// A table that stays in its file: columns are read one by one, rows in batches.
#[derive(Debug)]
pub struct StoredTable {
    rows: Relation,
    height: usize,
    /// The folder that the file is in.
    pub folder: PathBuf,
    /// Bytes that it would take of memory.
    needed: u64,
    /// Bytes that it may take.
    allowed: u64,
}

impl StoredTable {
    /// Why it stays there, in words.
    pub fn words(&self) -> String {
        format!(
            "{} rows would take about {} of memory, and {} is what they may take: they stay in their file",
            thousands(self.height as u64),
            bytes(self.needed),
            bytes(self.allowed)
        )
    }
}

impl StoredTable {
    /// Encodes the rows of these places, which rise, into memory: trees learn from all rows at once.
    ///
    /// # Errors
    /// `TooLarge` where that is more than they may take.
    pub fn encode_into_memory(&self, preprocessing: &Preprocessing, kept: &[u32]) -> Result<Encoded> {
        let (numeric_width, category_width) = preprocessing.widths();
        let values = kept.len() * (numeric_width + category_width);
        // Four bytes each, and one for its bin.
        let needed = 5 * values as u64;
        if needed > self.allowed {
            return Err(TrainError::TooLarge {
                what: "trees need all rows in memory, which".into(),
                needed,
                allowed: self.allowed,
            });
        }
        let mut all = Encoded {
            rows: 0,
            numeric_width,
            numeric: Vec::with_capacity(kept.len() * numeric_width),
            category_width,
            categories: Vec::with_capacity(kept.len() * category_width),
        };
        self.encode(preprocessing, kept, &mut |_, encoded, row| {
            all.append(encoded, &[row as u32]);
            Ok(())
        })?;
        Ok(all)
    }

    /// Encodes the rows of these places, which rise, in batches: `take` gets the number of each among them, and the batch
    /// and its place in that.
    pub fn encode(
        &self,
        preprocessing: &Preprocessing,
        kept: &[u32],
        take: &mut dyn FnMut(usize, &Encoded, usize) -> Result<()>,
    ) -> Result<()> {
        let (mut first, mut next) = (0, 0);
        for frame in self.rows.batches()? {
            let encoded = preprocessing
                .encode(&frame?)
                .map_err(|error| error.after_rows(first as u64))?;
            let end = first + encoded.rows;
            while let Some(row) = kept.get(next).filter(|row| (**row as usize) < end) {
                take(next, &encoded, *row as usize - first)?;
                next += 1;
            }
            first = end;
        }
        Ok(())
    }
}

impl Table for StoredTable {
    fn names(&self) -> Vec<&str> {
        self.rows
            .schema()
            .iter()
            .map(|field| field.name.as_str())
            .collect()
    }

    fn height(&self) -> usize {
        self.height
    }

    fn column(&self, name: &str) -> Result<Column> {
        let frame = self.rows.select(&[name.to_owned()])?.collect()?;
        Ok(frame.column(name)?.clone())
    }

    fn rows(&self, names: &[String], rows: &[u32]) -> Result<DataFrame> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| rows[*at]);
        let mut wanted = order.iter().map(|at| rows[*at] as usize).peekable();
        let mut found = None::<DataFrame>;
        let mut first = 0;
        for frame in self.rows.select(names)?.batches()? {
            let frame = frame?;
            let end = first + frame.height();
            let here = std::iter::from_fn(|| wanted.next_if(|row| *row < end));
            let here: Vec<IdxSize> = here.map(|row| (row - first) as IdxSize).collect();
            let taken = frame.take(&IdxCa::from_vec("rows".into(), here))?;
            match &mut found {
                Some(found) => _ = found.vstack_mut_owned(taken)?,
                None => found = Some(taken),
            }
            first = end;
        }
        // The place of each row among those found.
        let mut places = vec![0; rows.len()];
        order
            .iter()
            .enumerate()
            .for_each(|(place, at)| places[*at] = place as IdxSize);
        Ok(found
            .unwrap_or_default()
            .take(&IdxCa::from_vec("rows".into(), places))?)
    }

    fn place(&self) -> Place<'_> {
        Place::File(self)
    }
}
