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
        // Not by a plan of polars: where memory runs out, that waits for ever instead of ending the process.
        let names: Vec<String> = rows.schema().iter().map(|field| field.name.clone()).collect();
        let mut columns = Vec::with_capacity(names.len());
        for frame in rows.columns(&names)? {
            columns.extend(frame?.into_columns());
        }
        return Ok(Box::new(DataFrame::new(height as usize, columns)?));
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

/// A table that stays in its file: its columns are read one by one, each as a whole.
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

/// The bits of an encoded value by the number of its row.
type Bits<'a> = dyn Fn(u32) -> u32 + 'a;

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
    /// Encodes the rows of these places into memory: trees learn from all rows at once.
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
            rows: kept.len(),
            numeric_width,
            numeric: vec![0.0; kept.len() * numeric_width],
            category_width,
            categories: vec![0; kept.len() * category_width],
        };
        self.encode(preprocessing, &mut |output, bits| {
            for (row, place) in kept.iter().enumerate() {
                let value = bits(*place);
                match output.checked_sub(numeric_width) {
                    None => all.numeric[row * numeric_width + output] = f32::from_bits(value),
                    Some(category) => all.categories[row * category_width + category] = value,
                }
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Encodes all rows, column by column: `take` gets the place of a value among those of a row, numbers before
    /// categories, and that value's bits by the number of the row. Only a column is in memory at a time.
    pub fn encode(
        &self,
        preprocessing: &Preprocessing,
        take: &mut dyn FnMut(usize, &Bits<'_>) -> Result<()>,
    ) -> Result<()> {
        let numeric_width = preprocessing.numeric_width();
        let columns = self.rows.columns(&preprocessing.names())?;
        for ((frame, block), own) in columns.zip(preprocessing.blocks()).zip(preprocessing.singly()) {
            let encoded = own.encode(&frame?)?;
            let (width, of_row) = (encoded.numeric_width, &encoded.numeric);
            for (at, output) in block.numbers.enumerate() {
                take(output, &|row| of_row[row as usize * width + at].to_bits())?;
            }
            for output in block.categories {
                take(numeric_width + output, &|row| encoded.categories[row as usize])?;
            }
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
        let frame = self.rows.columns(&[name.to_owned()])?.next().transpose()?;
        Ok(frame.unwrap_or_default().column(name)?.clone())
    }

    fn rows(&self, names: &[String], rows: &[u32]) -> Result<DataFrame> {
        let taken = IdxCa::from_vec("rows".into(), rows.iter().map(|row| *row as IdxSize).collect());
        let mut columns = Vec::with_capacity(names.len());
        for frame in self.rows.columns(names)? {
            columns.extend(frame?.take(&taken)?.into_columns());
        }
        Ok(DataFrame::new(rows.len(), columns)?)
    }

    fn place(&self) -> Place<'_> {
        Place::File(self)
    }
}
