//! Columns of encoded values in a file, to be turned into rows: a table is read column by column, and learned from row by
//! row.

use crate::error::{Result, TrainError};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes of rows that are put together at a time.
const TOGETHER: usize = 4 << 20;

/// Columns of four-byte values, one after the other in a file without a name, which the system removes with the process.
#[derive(Debug)]
pub struct Planes {
    file: File,
    folder: PathBuf,
    rows: usize,
}

impl Planes {
    /// Room for columns of so many rows, in a file in `folder`.
    pub fn create(folder: &Path, rows: usize) -> Result<Self> {
        Ok(Self {
            file: tempfile::tempfile_in(folder).map_err(TrainError::io("creating a file in", folder))?,
            folder: folder.to_owned(),
            rows,
        })
    }

    /// Writes the values of a column by its number, as bits.
    pub fn write(&self, column: usize, values: &[u32]) -> Result<()> {
        self.file
            .write_all_at(bytemuck::cast_slice(values), (4 * column * self.rows) as u64)
            .map_err(TrainError::io("writing columns to a file in", &self.folder))
    }

    /// Writes the rows of so many columns to a file, from its beginning on: row after row, each value as this machine has it
    /// in memory.
    pub fn write_rows(&self, columns: usize, to: &File) -> Result<()> {
        let row_bytes = 4 * columns;
        let together = (TOGETHER / row_bytes.max(1)).max(1);
        let (mut values, mut table): (Vec<u32>, Vec<u32>) = Default::default();
        for first in (0..self.rows).step_by(together) {
            let rows = together.min(self.rows - first);
            values.resize(rows, 0);
            table.resize(rows * columns, 0);
            for column in 0..columns {
                self.file
                    .read_exact_at(
                        bytemuck::cast_slice_mut(&mut values),
                        (4 * (column * self.rows + first)) as u64,
                    )
                    .map_err(TrainError::io("reading columns from a file in", &self.folder))?;
                for (row, value) in table.chunks_exact_mut(columns).zip(&values) {
                    row[column] = *value;
                }
            }
            to.write_all_at(bytemuck::cast_slice(&table), (first * row_bytes) as u64)
                .map_err(TrainError::io("writing rows to a file in", &self.folder))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn columns_become_rows() {
        let folder = tempfile::tempdir().unwrap();
        // More than are put together at a time, and a rest.
        let (rows, columns) = (TOGETHER / 12 * 2 + 5, 3);
        let value = |row: usize, column: usize| (row * 7 + column) as u32;
        let planes = Planes::create(folder.path(), rows).unwrap();
        for column in [1, 0, 2] {
            let values: Vec<u32> = (0..rows).map(|row| value(row, column)).collect();
            planes.write(column, &values).unwrap();
        }
        let path = folder.path().join("rows");
        planes.write_rows(columns, &File::create(&path).unwrap()).unwrap();
        let expected = (0..rows).flat_map(|row| (0..columns).map(move |column| value(row, column)));
        let bytes: Vec<u8> = expected.flat_map(u32::to_ne_bytes).collect();
        assert!(fs::read(&path).unwrap() == bytes);
    }
}
