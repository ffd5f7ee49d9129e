//! Sorting more rows than fit into memory: parts of them are sorted, lie on the disk, and are merged.

use super::{order, zstd};
use crate::{
    error::{DataError, Result, guarded},
    replace::Replacement,
};
use polars::{io::parquet::read::FileMetadata, prelude::*};
use std::{
    cmp::Ordering,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Rows of a row group of a part: the least that is read of it at a time.
const PART_GROUP: usize = 4096;

/// Takes rows in any order.
pub(super) struct Sorter {
    dir: PathBuf,
    /// Bytes of rows that are kept in memory.
    in_memory: usize,
    frames: Vec<DataFrame>,
    bytes: usize,
    parts: Vec<Part>,
}

impl Sorter {
    /// Keeps so many bytes of rows in memory, and the others in files in `dir` that end with it.
    pub fn new(dir: &Path, in_memory: usize) -> Self {
        Self {
            dir: dir.to_owned(),
            in_memory,
            frames: Vec::new(),
            bytes: 0,
            parts: Vec::new(),
        }
    }

    /// Takes rows; all have the same columns.
    pub fn push(&mut self, frame: DataFrame) -> Result<()> {
        self.bytes += frame.estimated_size();
        self.frames.push(frame);
        match self.bytes > self.in_memory {
            true => self.put_away(),
            false => Ok(()),
        }
    }

    /// All rows that it took; `None` where there were none.
    pub fn finish(mut self) -> Result<Option<Sorted>> {
        if self.parts.is_empty() {
            return match self.frames.is_empty() {
                true => Ok(None),
                false => Ok(Some(Sorted::of(self.sorted()?))),
            };
        }
        if !self.frames.is_empty() {
            self.put_away()?;
        }
        Ok(Some(Sorted::merged(self.parts, self.in_memory)))
    }

    fn sorted(&mut self) -> Result<DataFrame> {
        self.bytes = 0;
        order::canonical(&guarded(|| joined(std::mem::take(&mut self.frames)))?)
    }

    fn put_away(&mut self) -> Result<()> {
        let frame = self.sorted()?;
        self.parts.push(Part::write(frame, &self.dir)?);
        Ok(())
    }
}

/// Rows in canonical order, in pieces.
pub(super) struct Sorted {
    /// Names and types of the columns.
    pub schema: Schema,
    /// All rows.
    pub rows: usize,
    pieces: Box<dyn Iterator<Item = Result<DataFrame>>>,
}

impl Sorted {
    /// Those of a frame that is in that order.
    pub fn of(frame: DataFrame) -> Self {
        Self {
            schema: frame.schema().as_ref().clone(),
            rows: frame.height(),
            pieces: Box::new(std::iter::once(Ok(frame))),
        }
    }

    /// Those of parts, of which about so many bytes are in memory at a time.
    fn merged(parts: Vec<Part>, in_memory: usize) -> Self {
        let row_bytes: usize = parts.iter().map(|part| part.row_bytes).sum();
        Self {
            schema: parts
                .first()
                .map_or_else(Schema::default, |part| part.ahead.schema().as_ref().clone()),
            rows: parts.iter().map(|part| part.rows).sum(),
            pieces: Box::new(Merge {
                // In whole row groups.
                rows: (in_memory / row_bytes.max(1)).next_multiple_of(PART_GROUP),
                parts,
            }),
        }
    }

    /// The rows in groups of equal length, of `rows` rows or of fewer than twice as many; the last one also has what is left
    /// over by the division.
    pub fn groups(mut self, rows: usize) -> impl Iterator<Item = Result<DataFrame>> {
        let count = (self.rows / rows).max(1);
        let length = self.rows / count;
        let last = self.rows - length * (count - 1);
        let mut ahead = None::<DataFrame>;
        (0..count).map(move |group| {
            let length = if group + 1 == count { last } else { length };
            let mut pieces: Vec<DataFrame> = ahead.take().into_iter().collect();
            let mut height: usize = pieces.iter().map(DataFrame::height).sum();
            while height < length
                && let Some(piece) = self.pieces.next()
            {
                pieces.push(piece?);
                height = pieces.iter().map(DataFrame::height).sum();
            }
            let whole = guarded(|| joined(pieces))?;
            ahead = Some(whole.slice(length as i64, whole.height()));
            Ok(whole.slice(0, length))
        })
    }
}

/// Frames with the same columns, one below the other, each column in one piece.
fn joined(frames: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut frames = frames.into_iter();
    let mut all = frames.next().unwrap_or_default();
    for frame in frames {
        all.vstack_mut_owned(frame)?;
    }
    all.rechunk_mut();
    Ok(all)
}

/// Sorted rows in a file that ends with this.
struct Part {
    file: Replacement,
    metadata: Arc<FileMetadata>,
    rows: usize,
    /// Rows that were read.
    read: usize,
    /// Bytes of a row in memory, roughly.
    row_bytes: usize,
    /// Rows that were read and not yet merged.
    ahead: DataFrame,
}

impl Part {
    fn write(mut frame: DataFrame, dir: &Path) -> Result<Self> {
        let file = Replacement::in_dir(dir)?;
        let failed = |error: PolarsError| DataError::writing(file.path(), io::Error::other(error));
        let mut write = || {
            ParquetWriter::new(&file.file)
                .with_compression(zstd()?)
                .with_statistics(StatisticsOptions::empty())
                .with_row_group_size(Some(PART_GROUP))
                .finish(&mut frame)?;
            let mut reader = ParquetReader::new(File::open(file.path())?);
            Ok(reader.get_metadata()?.clone())
        };
        let metadata = write().map_err(failed)?;
        Ok(Self {
            metadata,
            rows: frame.height(),
            read: 0,
            row_bytes: frame.estimated_size() / frame.height().max(1),
            ahead: frame.clear(),
            file,
        })
    }

    /// Reads so many further rows, if there are any and the ones before are used up.
    fn read(&mut self, rows: usize) -> Result<()> {
        if self.ahead.height() > 0 || self.read == self.rows {
            return Ok(());
        }
        let rows = rows.min(self.rows - self.read);
        let file =
            File::open(self.file.path()).map_err(|error| DataError::reading(self.file.path(), &error))?;
        self.ahead = guarded(|| {
            let mut reader = ParquetReader::new(file).with_slice(Some((self.read, rows)));
            reader.set_metadata(self.metadata.clone());
            reader.set_rechunk(true).finish()
        })?;
        self.read += rows;
        Ok(())
    }

    /// Takes the rows that don't come after a row of a part.
    fn until(&mut self, row: Option<(&DataFrame, usize)>) -> PolarsResult<DataFrame> {
        let mut count = self.ahead.height();
        if let Some(row) = row {
            let (mut from, mut to) = (0, count);
            while from < to {
                let middle = usize::midpoint(from, to);
                match order::compare((&self.ahead, middle), row)? {
                    Ordering::Greater => to = middle,
                    Ordering::Less | Ordering::Equal => from = middle + 1,
                }
            }
            count = from;
        }
        let taken = self.ahead.slice(0, count);
        self.ahead = self.ahead.slice(count as i64, usize::MAX);
        Ok(taken)
    }
}

/// Goes through parts side by side.
struct Merge {
    parts: Vec<Part>,
    /// Rows that are read of a part at a time.
    rows: usize,
}

impl Merge {
    /// The next rows: those of all parts that can't come after a row that isn't read yet.
    fn piece(&mut self) -> Result<DataFrame> {
        for part in &mut self.parts {
            part.read(self.rows)?;
        }
        guarded(|| {
            let mut last = None::<(DataFrame, usize)>;
            for part in self.parts.iter().filter(|part| part.read < part.rows) {
                let own = (part.ahead.clone(), part.ahead.height().saturating_sub(1));
                let earlier = match &last {
                    None => true,
                    Some((frame, row)) => order::compare((&own.0, own.1), (frame, *row))?.is_lt(),
                };
                if earlier {
                    last = Some(own);
                }
            }
            let last = last.as_ref().map(|(frame, row)| (frame, *row));
            let pieces = self.parts.iter_mut().map(|part| part.until(last));
            order::sort(&joined(pieces.collect::<PolarsResult<_>>()?)?)
        })
    }
}

impl Iterator for Merge {
    type Item = Result<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.piece() {
            Ok(piece) if piece.height() == 0 => None,
            piece => Some(piece),
        }
    }
}
