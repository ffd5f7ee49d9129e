//! Reading chosen rows, and as little else as the format allows.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
};
use aloft_spec::profile::Scan;
use polars::prelude::*;
use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// The name of a column of row numbers; no file has one of this name.
const ROW: &str = "\u{1}row";

/// A part of a Parquet file that is read or left out as a whole.
#[derive(Debug, Clone)]
pub(crate) struct RowGroup {
    pub rows: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes of each column that isn't nested.
    columns: Vec<(String, u64)>,
}

/// The row groups of a Parquet file.
pub(crate) fn row_groups(file: &Path) -> Result<Vec<RowGroup>> {
    let source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
    let groups = guarded(|| {
        let mut reader = ParquetReader::new(source);
        let groups = reader.get_metadata()?.row_groups.iter().map(|group| RowGroup {
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
        Ok(groups.collect())
    });
    groups.map_err(|error| error.in_file(file))
}

/// The rows at `indices` (ascending, from 0) of a plan that scans Parquet files of these row groups, in their order.
///
/// Row groups without a chosen row aren't read where that saves at least half of the bytes. Otherwise every column is
/// decompressed, but only the chosen rows are decoded.
pub(crate) fn rows_of_groups(
    plan: LazyFrame,
    groups: &[RowGroup],
    indices: &[u64],
    cancel: &Cancel,
) -> Result<(DataFrame, Scan)> {
    let all = Run::of(0, groups);
    let touched = touched(groups, indices);
    let bytes: u64 = touched.iter().map(|run| run.bytes).sum();
    let (frame, read) = if bytes <= all.bytes / 2 {
        (rows_of_runs(&plan, &touched, indices, cancel)?, touched)
    } else {
        (rows_by_number(plan, groups, indices, cancel)?, vec![all.clone()])
    };
    let scan = Scan {
        bytes_read: read.iter().map(|run| run.bytes).sum(),
        bytes_total: all.bytes,
        rows_read: read.iter().map(|run| run.rows).sum(),
        row_groups_read: Some(read.iter().map(|run| run.groups).sum()),
        row_groups: Some(all.groups),
    };
    Ok((frame, scan))
}

/// Row groups side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    first_row: u64,
    rows: u64,
    bytes: u64,
    groups: u64,
}

impl Run {
    fn of(first_row: u64, groups: &[RowGroup]) -> Self {
        Self {
            first_row,
            rows: groups.iter().map(|group| group.rows).sum(),
            bytes: groups.iter().map(|group| group.bytes).sum(),
            groups: groups.len() as u64,
        }
    }

    fn end(&self) -> u64 {
        self.first_row + self.rows
    }
}

/// The row groups in which the rows at `indices` lie.
fn touched(groups: &[RowGroup], indices: &[u64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut first_row, mut rest) = (0, indices);
    for group in groups {
        let end = first_row + group.rows;
        let (within, behind) = rest.split_at(rest.partition_point(|index| *index < end));
        rest = behind;
        if !within.is_empty() {
            match runs.last_mut() {
                Some(run) if run.end() == first_row => {
                    run.rows += group.rows;
                    run.bytes += group.bytes;
                    run.groups += 1;
                }
                _ => runs.push(Run::of(first_row, std::slice::from_ref(group))),
            }
        }
        first_row = end;
    }
    runs
}

/// Reads only some row groups, those wholly.
fn rows_of_runs(plan: &LazyFrame, runs: &[Run], indices: &[u64], cancel: &Cancel) -> Result<DataFrame> {
    let mut chosen = rows(plan.clone().slice(0, 0), Vec::new(), cancel)?;
    let mut rest = indices;
    for run in runs {
        let (within, behind) = rest.split_at(rest.partition_point(|index| *index < run.end()));
        rest = behind;
        let within = within.iter().map(|index| index - run.first_row).collect();
        // polars counts rows with 32 bits; a file with more of them isn't scanned by it.
        let part = plan.clone().slice(run.first_row as i64, run.rows as IdxSize);
        let part = rows(part, within, cancel)?;
        guarded(|| chosen.vstack_mut_owned(part).map(drop))?;
    }
    chosen.rechunk_mut();
    Ok(chosen)
}

/// Reads all row groups, but decodes only the chosen rows: polars does so for rows that a filter on one column chooses.
/// The filter looks at the row's number, and says that it looks at a column which takes little room.
fn rows_by_number(
    plan: LazyFrame,
    groups: &[RowGroup],
    indices: &[u64],
    cancel: &Cancel,
) -> Result<DataFrame> {
    let Some(column) = smallest_column(groups) else {
        return rows(plan, indices.to_vec(), cancel);
    };
    let indices: Arc<[u64]> = indices.into();
    let is_chosen = map_multiple(
        move |columns: &mut [Column]| {
            let numbers = columns[0].as_materialized_series().cast(&DataType::UInt64)?;
            Ok(membership(numbers.u64()?, &indices).into_column())
        },
        [col(ROW), col(column.as_str())],
        |_, _| Ok(Field::new(ROW.into(), DataType::Boolean)),
    );
    let chosen = plan.with_row_index(ROW, None).filter(is_chosen);
    let columns = chosen.drop(by_name([ROW], true, false));
    cancel.step()?;
    let gathered = Arc::new(Mutex::new(None::<DataFrame>));
    let into = gathered.clone();
    execute::batches(columns.clone(), cancel, move |batch| {
        let mut gathered = into.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = guarded(|| compact(&batch))?;
        match &mut *gathered {
            Some(frame) => guarded(|| frame.vstack_mut_owned(batch).map(drop))?,
            None => *gathered = Some(batch),
        }
        Ok(true)
    })?;
    let frame = gathered.lock().unwrap_or_else(PoisonError::into_inner).take();
    match frame {
        Some(mut frame) => {
            frame.rechunk_mut();
            Ok(frame)
        }
        None => execute::collect(columns.slice(0, 0), EngineChoice::Streaming),
    }
}

/// The same rows with texts and bytes of their own: those of chosen rows would hold the memory of all rows around them.
fn compact(rows: &DataFrame) -> PolarsResult<DataFrame> {
    let columns = rows.columns().iter().map(|column| {
        let name = column.name().clone();
        Ok(match column.dtype() {
            DataType::String => {
                let chunks = column.str()?.downcast_iter().map(|chunk| chunk.clone().gc());
                StringChunked::from_chunk_iter(name, chunks).into_column()
            }
            DataType::Binary => {
                let chunks = column.binary()?.downcast_iter().map(|chunk| chunk.clone().gc());
                BinaryChunked::from_chunk_iter(name, chunks).into_column()
            }
            _ => column.clone(),
        })
    });
    DataFrame::new(rows.height(), columns.collect::<PolarsResult<_>>()?)
}

/// Which of ascending numbers are among ascending others.
fn membership(numbers: &UInt64Chunked, chosen: &[u64]) -> BooleanChunked {
    let mut rest = numbers.first().map_or(chosen, |first| {
        &chosen[chosen.partition_point(|index| *index < first)..]
    });
    let mut is_next = |number: Option<u64>| {
        let found = number.is_some() && rest.first().copied() == number;
        if found {
            rest = &rest[1..];
        }
        found
    };
    BooleanChunked::from_iter_values(ROW.into(), numbers.iter().map(&mut is_next))
}

/// The column that takes the least room in all row groups.
fn smallest_column(groups: &[RowGroup]) -> Option<String> {
    let first = groups.first()?;
    let bytes = |name: &str| -> u64 {
        let columns = groups.iter().flat_map(|group| &group.columns);
        columns
            .filter(|(other, _)| other == name)
            .map(|(_, bytes)| bytes)
            .sum()
    };
    let names = first.columns.iter().map(|(name, _)| name);
    names.min_by_key(|name| bytes(name)).cloned()
}

/// The rows at `indices` (ascending, from 0) of a plan, in its order. One pass; a batch and the chosen rows are in
/// memory.
pub(crate) fn rows(plan: LazyFrame, indices: Vec<u64>, cancel: &Cancel) -> Result<DataFrame> {
    let empty = guarded(|| {
        let schema = plan.clone().collect_schema()?;
        Ok(DataFrame::empty_with_schema(&schema))
    })?;
    if indices.is_empty() {
        return Ok(empty);
    }
    let chosen = Arc::new(Mutex::new(empty));
    let into = chosen.clone();
    let mut before = 0;
    let mut next = 0;
    execute::batches(plan, cancel, move |batch| {
        let after = before + batch.height() as u64;
        let end = next + indices[next..].partition_point(|index| *index < after);
        let within: Vec<IdxSize> = indices[next..end]
            .iter()
            .map(|index| (index - before) as IdxSize)
            .collect();
        if !within.is_empty() {
            guarded(|| {
                let rows = compact(&batch.take(&IdxCa::from_vec(PlSmallStr::EMPTY, within))?)?;
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .vstack_mut_owned(rows)
                    .map(drop)
            })?;
        }
        (before, next) = (after, end);
        Ok(next < indices.len())
    })?;
    let mut chosen = std::mem::take(&mut *chosen.lock().unwrap_or_else(PoisonError::into_inner));
    chosen.rechunk_mut();
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(rows: u64) -> RowGroup {
        RowGroup {
            rows,
            bytes: rows * 10,
            columns: vec![("a".into(), rows * 9), ("b".into(), rows)],
        }
    }

    #[test]
    fn only_row_groups_with_chosen_rows_are_touched() {
        let groups = [5, 5, 10, 3].map(group);
        let runs = |indices: &[u64]| {
            let runs = touched(&groups, indices);
            runs.iter()
                .map(|run| (run.first_row, run.rows, run.bytes, run.groups))
                .collect::<Vec<_>>()
        };
        assert_eq!(runs(&[0, 4]), [(0, 5, 50, 1)]);
        assert_eq!(runs(&[4, 5, 22]), [(0, 10, 100, 2), (20, 3, 30, 1)]);
        assert!(runs(&[]).is_empty());
        assert_eq!(smallest_column(&groups).as_deref(), Some("b"));
    }

    #[test]
    fn members_are_found_from_anywhere() {
        let numbers = UInt64Chunked::from_vec("n".into(), (100..110).collect());
        let found = membership(&numbers, &[3, 99, 100, 104, 109, 200]);
        let found: Vec<usize> = found
            .iter()
            .flatten()
            .enumerate()
            .filter(|(_, is)| *is)
            .map(|(at, _)| at)
            .collect();
        assert_eq!(found, [0, 4, 9]);
    }
}
