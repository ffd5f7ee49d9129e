//! Where the record batches of an Arrow IPC file lie, and how many rows each has.
//!
//! The footer lists the batches, the header of each has its number of rows; both are flatbuffers. See
//! <https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format>, `File.fbs` and `Message.fbs` beside it, and
//! <https://flatbuffers.dev/internals/>.

use super::row_groups::RowGroup;
use crate::error::{DataError, Result};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// At the end of a file: the length of the footer as an `i32`, then the mark.
const MARK: &[u8] = b"ARROW1";
const ENDING: u64 = 4 + MARK.len() as u64;
/// Before a header that is written as newer versions of the format want it.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The record batches of a file.
#[derive(Debug)]
pub(crate) struct RecordBatches {
    pub list: Vec<RowGroup>,
    /// Bytes of the file that were read to know them.
    pub bytes: u64,
}

/// Looks for them by the file's footer and their headers.
pub(crate) fn of_file(file: &Path) -> Result<RecordBatches> {
    let failed = |error| DataError::reading(file, &error);
    let damaged = || {
        DataError::unreadable(
            file,
            "the Arrow IPC file is damaged: what it says of its record batches doesn't fit together",
            "copy or download it again",
        )
    };
    let mut source = File::open(file).map_err(failed)?;
    let size = source.metadata().map_err(failed)?.len();
    let mut bytes_of = |from: Option<u64>, length: u64| {
        let from = from.filter(|from| from.checked_add(length).is_some_and(|end| end <= size));
        let mut bytes = vec![0; from.map_or(0, |_| length as usize)];
        source
            .seek(SeekFrom::Start(from.ok_or_else(damaged)?))
            .map_err(failed)?;
        source.read_exact(&mut bytes).map_err(failed)?;
        Ok::<_, DataError>(bytes)
    };
    let ending = bytes_of(size.checked_sub(ENDING), ENDING)?;
    let length = int32(&ending, 0).and_then(|length| u64::try_from(length).ok());
    let length = length.ok_or_else(damaged)?;
    let footer = bytes_of(
        size.checked_sub(ENDING).and_then(|end| end.checked_sub(length)),
        length,
    )?;
    let mut read = ENDING + length;
    let mut list = Vec::new();
    for block in blocks(&footer).ok_or_else(damaged)? {
        let header = bytes_of(Some(block.offset), block.header)?;
        read += block.header;
        let bytes = block.header + block.body;
        // polars counts rows with 32 bits.
        let rows = rows(&header).filter(|rows| *rows <= u32::MAX.into() && bytes <= size - block.offset);
        list.push(RowGroup {
            file: 0,
            rows: rows.ok_or_else(damaged)?,
            bytes,
            columns: Vec::new(),
        });
    }
    Ok(RecordBatches { list, bytes: read })
}

/// Where a record batch lies: a header, and its rows behind it.
struct Block {
    offset: u64,
    header: u64,
    body: u64,
}

/// The blocks that a footer lists as record batches.
fn blocks(footer: &[u8]) -> Option<Vec<Block>> {
    /// The number of the field, and bytes of a block: `i64`, `i32`, four to fill up, `i64`.
    const RECORD_BATCHES: usize = 3;
    const BLOCK: usize = 24;
    let Some(field) = Table::root(footer)?.field(RECORD_BATCHES)? else {
        return Some(Vec::new());
    };
    let vector = at_offset(footer, field)?;
    let count = usize::try_from(int32(footer, vector)?).ok()?;
    let first = vector.checked_add(4)?;
    let listed = footer.get(first..first.checked_add(count.checked_mul(BLOCK)?)?)?;
    let blocks = listed.chunks_exact(BLOCK).map(|block| {
        Some(Block {
            offset: u64::try_from(int64(block, 0)?).ok()?,
            header: u64::try_from(int32(block, 8)?).ok()?,
            body: u64::try_from(int64(block, 16)?).ok()?,
        })
    });
    blocks.collect()
}

/// How many rows the record batch behind this header has.
fn rows(header: &[u8]) -> Option<u64> {
    /// Fields of a message by their numbers: what kind of thing it is about, and that thing.
    const KIND: usize = 1;
    const ABOUT: usize = 2;
    /// The kind of a record batch, and its field with the number of its rows.
    const RECORD_BATCH: u8 = 3;
    const LENGTH: usize = 0;
    let prefix = if header.starts_with(&CONTINUATION) { 8 } else { 4 };
    let header = header.get(prefix..)?;
    let message = Table::root(header)?;
    if *header.get(message.field(KIND)??)? != RECORD_BATCH {
        return None;
    }
    let batch = Table::at(header, at_offset(header, message.field(ABOUT)??)?);
    match batch.field(LENGTH)? {
        Some(place) => u64::try_from(int64(header, place)?).ok(),
        // What is zero may be left out.
        None => Some(0),
    }
}

/// A table of a flatbuffer: numbered fields, each of which may be missing.
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Option<Self> {
        Some(Self::at(bytes, at_offset(bytes, 0)?))
    }

    fn at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The place of a field; `Some(None)` where it is missing, `None` where the bytes are no such table.
    fn field(&self, number: usize) -> Option<Option<usize>> {
        let places = i64::try_from(self.at).ok()? - i64::from(int32(self.bytes, self.at)?);
        let places = usize::try_from(places).ok()?;
        let length = usize::from(uint16(self.bytes, places)?);
        let entry = 4 + 2 * number;
        if entry + 2 > length {
            return Some(None);
        }
        let offset = usize::from(uint16(self.bytes, places.checked_add(entry)?)?);
        Some((offset > 0).then(|| self.at + offset))
    }
}

/// The place that the offset at a place means.
fn at_offset(bytes: &[u8], place: usize) -> Option<usize> {
    place.checked_add(usize::try_from(int32(bytes, place)?).ok()?)
}

fn uint16(bytes: &[u8], place: usize) -> Option<u16> {
    bytes
        .get(place..)?
        .first_chunk()
        .map(|bytes| u16::from_le_bytes(*bytes))
}

fn int32(bytes: &[u8], place: usize) -> Option<i32> {
    bytes
        .get(place..)?
        .first_chunk()
        .map(|bytes| i32::from_le_bytes(*bytes))
}

fn int64(bytes: &[u8], place: usize) -> Option<i64> {
    bytes
        .get(place..)?
        .first_chunk()
        .map(|bytes| i64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::*;
    use proptest::prelude::*;

    fn written(rows: usize, batch: usize, compression: Option<IpcCompression>) -> Vec<u8> {
        let numbers: Vec<i64> = (0..rows as i64).collect();
        let words: Vec<String> = numbers.iter().map(|number| format!("word {number}")).collect();
        let whole = df!("n" => numbers, "word" => words).unwrap();
        // Each chunk of a table becomes a record batch.
        let mut frame = whole.head(Some(0));
        for first in (0..rows).step_by(batch) {
            frame.vstack_mut(&whole.slice(first as i64, batch)).unwrap();
        }
        let mut bytes = Vec::new();
        let mut writer = IpcWriter::new(&mut bytes).with_compression(compression);
        writer.finish(&mut frame).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<RecordBatches> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.arrow");
        std::fs::write(&file, bytes).unwrap();
        of_file(&file)
    }

    #[test]
    fn batches_are_those_that_were_written() {
        for compression in [None, Some(IpcCompression::LZ4)] {
            let bytes = written(1000, 300, compression);
            let found = read(&bytes).unwrap();
            let rows: Vec<u64> = found.list.iter().map(|group| group.rows).collect();
            assert_eq!(rows, [300, 300, 300, 100]);
            let bodies: u64 = found.list.iter().map(|group| group.bytes).sum();
            let size = bytes.len() as u64;
            assert!(
                bodies < size && bodies > size / 2 && found.bytes < size / 2,
                "{found:?} of {size}"
            );
        }
        let none = read(&written(0, 1, None)).unwrap();
        assert_eq!(none.list.iter().map(|group| group.rows).sum::<u64>(), 0);
    }

    proptest! {
        #[test]
        fn damage_is_never_a_panic(place in 0.0..1.0_f64, value: u8, cut in 0_usize..40) {
            let mut bytes = written(30, 10, None);
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = value;
            let _ = read(&bytes);
            bytes.truncate(bytes.len() - cut);
            let _ = read(&bytes);
        }
    }
}
