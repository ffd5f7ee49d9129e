//! Parts of files that are read or left out as a whole: the row groups of Parquet, the record batches of Arrow IPC.

use crate::error::{DataError, Result, guarded};
use polars::{
    io::parquet::read::{FileMetadata, infer_schema},
    prelude::*,
};
use std::{
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

/// A part of a file that is read or left out as a whole.
#[derive(Debug, Clone)]
pub(crate) struct RowGroup {
    /// The number of its file.
    pub file: usize,
    pub rows: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes of each column that isn't nested, where columns can be read one by one.
    pub columns: Vec<(String, u64)>,
}

/// Those of the files of a plan.
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

/// What the footer of a Parquet file says.
#[derive(Debug, Clone)]
pub(crate) struct Footer {
    pub groups: Vec<RowGroup>,
    /// Names and types of the columns.
    pub schema: ArrowSchema,
    /// Bytes of the file that were read to get at it.
    pub bytes: u64,
}

/// Bytes at the end of a Parquet file: the length of its footer, and a mark.
pub(crate) const ENDING: u64 = 8;

/// How many of the last bytes of a Parquet file are its footer, with the ending; `None` where these bytes don't end as such
/// a file does.
pub(crate) fn footer_length(last: &[u8]) -> Option<u64> {
    let ending = last.last_chunk::<{ ENDING as usize }>()?;
    let (length, mark) = ending.split_first_chunk::<4>()?;
    (mark == b"PAR1").then(|| u64::from(u32::from_le_bytes(*length)) + ENDING)
}

impl Footer {
    /// Of file number `number`, by its last bytes, which hold all of it.
    pub(crate) fn of_bytes(last: Vec<u8>, number: usize) -> PolarsResult<Self> {
        let bytes = last.len() as u64;
        let mut reader = ParquetReader::new(Cursor::new(last));
        let metadata = reader.get_metadata()?;
        Ok(Self {
            groups: of_metadata(metadata, number),
            schema: infer_schema(metadata)?,
            bytes,
        })
    }

    /// Of file number `number`.
    pub(crate) fn of_file(file: &Path, number: usize) -> Result<Self> {
        let failed = |error| DataError::reading(file, &error);
        let mut source = File::open(file).map_err(failed)?;
        let size = source.metadata().map_err(failed)?.len();
        let mut last = |bytes: u64| {
            let mut read = Vec::new();
            source.seek(SeekFrom::Start(size.saturating_sub(bytes)))?;
            source.read_to_end(&mut read)?;
            Ok(read)
        };
        let ending = last(ENDING).map_err(failed)?;
        let footer = last(footer_length(&ending).unwrap_or(ENDING)).map_err(failed)?;
        guarded(|| Self::of_bytes(footer, number)).map_err(|error| error.in_file(file))
    }
}

fn of_metadata(metadata: &FileMetadata, number: usize) -> Vec<RowGroup> {
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
