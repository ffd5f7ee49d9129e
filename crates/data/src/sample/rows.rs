//! Reading chosen rows, and as little else as the format allows.

use super::row_groups::{RowGroup, RowGroups};
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
};
use aloft_spec::profile::Scan;
use polars::prelude::*;
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// The name of a column of row numbers; no file has one of this name.
const ROW: &str = "\u{1}row";
/// Parts that are asked for at once over a network.
const DISTANT_AT_ONCE: usize = 8;

/// The rows at `indices` (ascending, from 0) of a plan that scans Parquet files of these row groups, in their order.
///
/// Row groups without a chosen row aren't read where that saves at least half of the bytes, and over a network wherever it
/// saves any. Otherwise every column is decompressed, but only the chosen rows are decoded.
pub(crate) fn rows_of_groups(
    plan: LazyFrame,
    groups: &RowGroups,
    indices: &[u64],
    cancel: &Cancel,
) -> Result<(DataFrame, Scan)> {
    let all = Run::of(&groups.list);
    let touched = touched(&groups.list, indices);
    let bytes: u64 = touched.iter().map(|run| run.bytes).sum();
    let saves = bytes <= all.bytes / 2 || groups.distant && bytes < all.bytes;
    let (frame, read) = if saves {
        (rows_of_runs(&plan, groups, &touched, indices, cancel)?, touched)
    } else {
        let frame = rows_by_number(plan, &groups.list, indices, cancel)?;
        (frame, vec![all.clone()])
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

/// Row groups side by side in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Run {
    file: usize,
    /// Its first row, in all files and in its own.
    first_row: u64,
    first_in_file: u64,
    rows: u64,
    bytes: u64,
    groups: u64,
}

impl Run {
    fn of(groups: &[RowGroup]) -> Self {
        let mut run = Self::default();
        groups.iter().for_each(|group| run.add(group));
        run
    }

    fn add(&mut self, group: &RowGroup) {
        self.rows += group.rows;
        self.bytes += group.bytes;
        self.groups += 1;
    }

    fn end(&self) -> u64 {
        self.first_row + self.rows
    }
}

/// The row groups in which the rows at `indices` lie.
fn touched(groups: &[RowGroup], indices: &[u64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut first_row, mut file, mut first_of_file, mut rest) = (0, 0, 0, indices);
    for group in groups {
        if group.file != file {
            (file, first_of_file) = (group.file, first_row);
        }
        let end = first_row + group.rows;
        let (within, behind) = rest.split_at(rest.partition_point(|index| *index < end));
        rest = behind;
        if !within.is_empty() {
            match runs.last_mut() {
                Some(run) if run.end() == first_row && run.file == file => run.add(group),
                _ => {
                    let mut run = Run {
                        file,
                        first_row,
                        first_in_file: first_row - first_of_file,
                        ..Run::default()
                    };
                    run.add(group);
                    runs.push(run);
                }
            }
        }
        first_row = end;
    }
    runs
}

/// Reads only some row groups, those wholly.
fn rows_of_runs(
    plan: &LazyFrame,
    groups: &RowGroups,
    runs: &[Run],
    indices: &[u64],
    cancel: &Cancel,
) -> Result<DataFrame> {
    let mut chosen = rows(plan.clone().slice(0, 0), Vec::new(), cancel)?;
    let names: Vec<String> = chosen
        .get_column_names_owned()
        .into_iter()
        .map(String::from)
        .collect();
    let read = |run: &Run| {
        let from = indices.partition_point(|index| *index < run.first_row);
        let to = indices.partition_point(|index| *index < run.end());
        let within = indices[from..to]
            .iter()
            .map(|index| index - run.first_row)
            .collect();
        // polars counts rows with 32 bits; a file with more of them isn't scanned by it.
        let part = (groups.one_file)(run.file)?.slice(run.first_in_file as i64, run.rows as IdxSize);
        let part = rows(part, within, cancel)?;
        guarded(|| part.select(&names))
    };
    // A server is asked for several at once, so that its answers' ways don't add up.
    let at_once = if groups.distant { DISTANT_AT_ONCE } else { 1 };
    for some in runs.chunks(at_once) {
        let parts: Vec<Result<DataFrame>> = thread::scope(|scope| {
            let others: Vec<_> = some[1..].iter().map(|run| scope.spawn(|| read(run))).collect();
            let first = read(&some[0]);
            let others = others
                .into_iter()
                .map(|other| other.join().unwrap_or_else(|_| Err(DataError::broken())));
            std::iter::once(first).chain(others).collect()
        });
        for part in parts {
            let part = part?;
            guarded(|| chosen.vstack_mut_owned(part).map(drop))?;
        }
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
            file: 0,
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
        // Those of two files are two runs.
        let mut two_files = groups.clone();
        two_files[1..].iter_mut().for_each(|group| group.file = 3);
        let found = touched(&two_files, &[4, 5, 12]);
        let places: Vec<_> = found
            .iter()
            .map(|run| (run.file, run.first_row, run.first_in_file, run.rows))
            .collect();
        assert_eq!(places, [(0, 0, 0, 5), (3, 5, 0, 15)]);
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
