//! Where the rows of a CSV file are, so that some of them can be read without the others.

use super::fields::{Marks, Split, Splitter};
use crate::{
    Cancel,
    error::{DataError, Result},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

/// Rows whose start is noted, about, over the whole file.
const MOST_STARTS: u64 = 1 << 20;
/// At least so many rows are between two of them.
const SMALLEST_STRIDE: u64 = 16;

/// Where the rows of a file are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Bytes before the first row.
    pub first: u64,
    /// The start of one in so many rows of a part is noted, beginning with its first.
    pub stride: u64,
    pub parts: Vec<Part>,
}

/// Rows side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Bytes from the first row to this part.
    pub offset: u64,
    pub bytes: u64,
    pub rows: u64,
    /// Bytes from the beginning of the part to each `stride`th row.
    #[serde(skip)]
    pub starts: Vec<u32>,
}

impl Index {
    /// The stride for about so many rows.
    pub(super) fn stride(rows: u64) -> u64 {
        (rows / MOST_STARTS).next_power_of_two().max(SMALLEST_STRIDE)
    }

    /// The text of part number `number`, and how many rows it has. The file must be the one of which this was made.
    pub(super) fn part(&self, file: &Path, number: usize) -> Result<(Vec<u8>, u64)> {
        let Some(part) = self.parts.get(number) else {
            return Ok((Vec::new(), 0));
        };
        let mut source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
        let mut text = Vec::with_capacity(part.bytes as usize);
        source
            .seek(SeekFrom::Start(self.first + part.offset))
            .and_then(|_| source.take(part.bytes).read_to_end(&mut text))
            .map_err(|error| DataError::reading(file, &error))?;
        Ok((text, part.rows))
    }

    /// The text of the rows at `indices` (ascending, from 0), a line feed behind each, and how many bytes were read for
    /// that. The file must be the one of which this was made.
    pub(super) fn rows(
        &self,
        file: &Path,
        marks: Marks,
        indices: &[u64],
        cancel: &Cancel,
    ) -> Result<(Vec<u8>, u64)> {
        let (mut first_row, mut rest) = (0, indices);
        let mut wanted = Vec::new();
        for part in &self.parts {
            let end = first_row + part.rows;
            let (within, behind) = rest.split_at(rest.partition_point(|index| *index < end));
            if !within.is_empty() {
                wanted.push((part, first_row, within));
            }
            (first_row, rest) = (end, behind);
        }
        let read = wanted
            .into_par_iter()
            .map(|(part, first_row, indices)| {
                cancel.step()?;
                let mut source = File::open(file).map_err(|error| DataError::reading(file, &error))?;
                let mut chosen = (Vec::new(), 0);
                for run in part.runs(self.stride, first_row, indices) {
                    let mut bytes = vec![0; run.bytes.len()];
                    source
                        .seek(SeekFrom::Start(self.first + part.offset + run.bytes.start as u64))
                        .and_then(|_| source.read_exact(&mut bytes))
                        .map_err(|_| changed(file))?;
                    chosen.1 += bytes.len() as u64;
                    run.rows(&bytes, self.stride, marks, &mut chosen.0)
                        .ok_or_else(|| changed(file))?;
                }
                Ok(chosen)
            })
            .collect::<Result<Vec<_>>>()?;
        let bytes = read.iter().map(|(_, bytes)| bytes).sum();
        let texts: Vec<&[u8]> = read.iter().map(|(text, _)| text.as_slice()).collect();
        Ok((texts.concat(), bytes))
    }
}

pub(super) fn changed(file: &Path) -> DataError {
    DataError::unreadable(file, "the file was changed while it was read", "run it again")
}

/// Bytes of a part that are read at once, and the chosen rows in them.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    bytes: Range<usize>,
    /// For each stretch of rows with a noted start: where it begins within the run, and which of its rows are chosen.
    stretches: Vec<(usize, Vec<u64>)>,
}

impl Part {
    /// What is to be read for the rows at `indices` of the file, where `first_row` is the first of this part: only the
    /// stretches in which they lie, or all of it where that isn't much more.
    fn runs(&self, stride: u64, first_row: u64, indices: &[u64]) -> Vec<Run> {
        let mut stretches: Vec<(usize, Vec<u64>)> = Vec::new();
        for index in indices {
            let row = index - first_row;
            let stretch = (row / stride) as usize;
            match stretches.last_mut() {
                Some((last, rows)) if *last == stretch => rows.push(row % stride),
                _ => stretches.push((stretch, vec![row % stride])),
            }
        }
        let start = |stretch: usize| {
            self.starts
                .get(stretch)
                .map_or(self.bytes as usize, |start| *start as usize)
        };
        if stretches.len() * 3 > self.starts.len() {
            let stretches = stretches
                .into_iter()
                .map(|(stretch, rows)| (start(stretch), rows));
            return vec![Run {
                bytes: 0..self.bytes as usize,
                stretches: stretches.collect(),
            }];
        }
        let runs = stretches.into_iter().map(|(stretch, rows)| Run {
            bytes: start(stretch)..start(stretch + 1),
            stretches: vec![(0, rows)],
        });
        runs.collect()
    }
}

impl Run {
    /// Appends the chosen rows; `None` when they aren't there.
    fn rows(&self, bytes: &[u8], stride: u64, marks: Marks, into: &mut Vec<u8>) -> Option<()> {
        let mut fields = Vec::new();
        for (start, rows) in &self.stretches {
            let mut records = Splitter::new(bytes.get(*start..)?, marks);
            let mut wanted = rows.iter().peekable();
            for row in 0..stride {
                let Some(next) = wanted.peek() else { break };
                let from = start + records.position();
                let end = match records.next(&mut fields) {
                    Split::Record { end } => start + end,
                    // The last row of a file may end without a line feed.
                    Split::Unfinished { open_quote: false } if from < bytes.len() => bytes.len(),
                    Split::Unfinished { .. } => return None,
                };
                if **next == row {
                    into.extend_from_slice(&bytes[from..end]);
                    into.push(b'\n');
                    wanted.next();
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stretches_of_chosen_rows_are_read() {
        let part = Part {
            offset: 0,
            bytes: 900,
            rows: 85,
            starts: (0..9).map(|stretch| stretch * 100).collect(),
        };
        let runs = |indices: &[u64]| -> Vec<(Range<usize>, usize)> {
            let runs = part.runs(10, 1000, indices);
            runs.into_iter()
                .map(|run| (run.bytes, run.stretches.len()))
                .collect()
        };
        assert_eq!(runs(&[1003, 1004, 1084]), [(0..100, 1), (800..900, 1)]);
        assert_eq!(runs(&[1000, 1010, 1020, 1030]), [(0..900, 4)]);
        assert_eq!(Index::stride(14_000_000), 16);
        assert_eq!(Index::stride(1_000_000_000), 1024);
    }
}
