//! The row groups of Parquet files: parts that are read or left out as a whole.

use crate::error::{DataError, Result, guarded};
use polars::{io::parquet::read::FileMetadata, prelude::*};
use std::{fs::File, path::Path, sync::Arc};

/// A part of a Parquet file that is read or left out as a whole.
#[derive(Debug, Clone)]
pub(crate) struct RowGroup {
    /// The number of its file.
    pub file: usize,
    pub rows: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes of each column that isn't nested.
    pub columns: Vec<(String, u64)>,
}

/// The row groups of the files of a plan.
#[derive(Clone)]
pub(crate) struct RowGroups {
    /// In the order of their rows.
    pub list: Vec<RowGroup>,
    /// The rows of a file, as the plan of all files has them.
    pub one_file: OneFile,
    /// Whether they are read over a network.
    pub distant: bool,
}

/// The rows of a file by its number.
pub(crate) type OneFile = Arc<dyn Fn(usize) -> Result<LazyFrame> + Send + Sync>;

impl RowGroups {
    /// Of a plan that scans one file on this machine.
    pub(crate) fn of_plan(plan: &LazyFrame, list: Vec<RowGroup>) -> Self {
        let plan = plan.clone();
        Self {
            list,
            one_file: Arc::new(move |_| Ok(plan.clone())),
            distant: false,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.list.iter().map(|group| group.rows).sum()
    }
}

/// The row groups of file number `number`, by its footer.
pub(crate) fn of_file(file: &Path, number: usize) -> Result<Vec<RowGroup>> {
    let source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
    let groups = guarded(|| {
        let mut reader = ParquetReader::new(source);
        Ok(of_metadata(&**reader.get_metadata()?, number))
    });
    groups.map_err(|error| error.in_file(file))
}

/// The same by the metadata in its footer.
pub(crate) fn of_metadata(metadata: &FileMetadata, number: usize) -> Vec<RowGroup> {
    let groups = metadata.row_groups.iter().map(|group| RowGroup {
        file: number,
        rows: group.num_rows() as u64,
        bytes: group.compressed_size() as u64,
        columns: group
            .parquet_columns()
            .iter()
            .filter(|column| column.descriptor().path_in_schema.len() == 1)
            .map(|column| {
                let name = column.descriptor().path_in_schema[0].to_string();
                (name, column.compressed_size().max(0) as u64)
            })
            .collect(),
    });
    groups.collect()
}
