//! Encoded rows that lie in a file, for tables that don't fit into memory: row after row, little-endian, of which a window
//! of blocks is in memory.

use crate::{
    batch::{Batch, Encoded},
    error::{Result, TrainError},
    inputs::Examples,
    preprocess::Preprocessing,
    shuffle::Shuffle,
    split::Split,
    table::StoredTable,
};
use aloft_nn::rng::Random;
use std::{
    collections::VecDeque,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Bytes that are gathered before they are written.
const BUFFER: usize = 1 << 20;

/// Encoded rows in a file without a name, which the system removes with the process.
#[derive(Debug)]
pub struct Stored {
    file: File,
    folder: PathBuf,
    numeric_width: usize,
    category_width: usize,
    /// The place of each row in the file: those of a part are together, in their order, so that an epoch reads nothing that
    /// it doesn't need.
    places: Vec<u32>,
    shuffle: Shuffle,
    window: Mutex<Window>,
}

/// Blocks in memory. The one that was read first leaves first: an epoch goes from window to window and comes back to none.
#[derive(Debug, Default)]
struct Window {
    /// The bytes of each block of the file, none where it isn't in memory.
    blocks: Vec<Vec<u8>>,
    order: VecDeque<usize>,
}

impl Stored {
    /// Encodes the rows of a table that are kept: row `i` is the table's row `kept[i]`, and the indices of `split` are of
    /// such rows.
    pub fn encode(
        table: &StoredTable,
        preprocessing: &Preprocessing,
        kept: &[u32],
        split: &Split,
    ) -> Result<Self> {
        let mut stored = Self::create(&table.folder, kept.len(), preprocessing.widths())?;
        let mut at = 0;
        let mut part_of = vec![0_u8; kept.len()];
        let mut writers = Vec::new();
        for (number, part) in (0..).zip([&split.train, &split.validation, &split.test]) {
            writers.push(Appender::new(at as usize));
            for row in part {
                stored.places[*row as usize] = at;
                part_of[*row as usize] = number;
                at += 1;
            }
        }
        table.encode(preprocessing, kept, &mut |row, encoded, place| {
            writers[usize::from(part_of[row])].append(&stored, encoded, place)
        })?;
        writers.iter_mut().try_for_each(|writer| writer.flush(&stored))?;
        Ok(stored)
    }

    /// Room for so many rows of these widths, in a file in `folder`.
    fn create(folder: &Path, rows: usize, (numeric_width, category_width): (usize, usize)) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(TrainError::io("creating a file in", folder))?;
        let row_bytes = 4 * (numeric_width + category_width);
        let shuffle = Shuffle::new(row_bytes);
        let window = Window {
            blocks: vec![Vec::new(); rows.div_ceil(shuffle.block)],
            order: VecDeque::new(),
        };
        Ok(Self {
            file,
            folder: folder.to_owned(),
            numeric_width,
            category_width,
            places: vec![0; rows],
            shuffle,
            window: Mutex::new(window),
        })
    }

    fn read(&self, block: usize) -> Result<Vec<u8>> {
        let first = block * self.shuffle.block;
        let rows = self.shuffle.block.min(self.places.len() - first);
        let mut bytes = vec![0; rows * self.row_bytes()];
        self.file
            .read_exact_at(&mut bytes, (first * self.row_bytes()) as u64)
            .map_err(TrainError::io("reading rows from a file in", &self.folder))?;
        Ok(bytes)
    }

    /// Appends the numbers and the categories of some rows.
    fn append(
        &self,
        window: &mut Window,
        indices: &[u32],
        numeric: &mut Vec<f32>,
        categories: &mut Vec<u32>,
    ) -> Result<()> {
        let row_bytes = self.row_bytes();
        for index in indices {
            let place = self.places[*index as usize] as usize;
            let (block, row) = (place / self.shuffle.block, place % self.shuffle.block);
            let row = &window.block(self, block)?[row * row_bytes..][..row_bytes];
            let (numbers, codes) = row.split_at(4 * self.numeric_width);
            numeric.extend(numbers.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)));
            categories.extend(codes.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)));
        }
        Ok(())
    }
}

impl Examples for Stored {
    fn count(&self) -> usize {
        self.places.len()
    }

    fn row_bytes(&self) -> usize {
        4 * (self.numeric_width + self.category_width)
    }

    /// Those in memory.
    fn bytes(&self) -> usize {
        let window = self.shuffle.window * self.shuffle.block * self.row_bytes();
        window.min(self.count() * self.row_bytes()) + size_of_val(self.places.as_slice())
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcome = Ok(());
        batch.fill(indices.len(), |numeric, categories| {
            outcome = self.append(&mut window, indices, numeric, categories);
        });
        outcome
    }

    fn shuffle(&self, rows: &mut Vec<u32>, random: &mut Random) {
        self.shuffle.shuffle(rows, random);
    }
}

impl Window {
    fn block(&mut self, stored: &Stored, block: usize) -> Result<&[u8]> {
        if self.blocks[block].is_empty() {
            if self.order.len() >= stored.shuffle.window
                && let Some(first) = self.order.pop_front()
            {
                self.blocks[first] = Vec::new();
            }
            self.blocks[block] = stored.read(block)?;
            self.order.push_back(block);
        }
        Ok(&self.blocks[block])
    }
}

/// Writes rows one after the other, from some place on.
#[derive(Debug)]
struct Appender {
    at: usize,
    bytes: Vec<u8>,
}

impl Appender {
    /// Begins at the place `at`.
    fn new(at: usize) -> Self {
        Self {
            at,
            bytes: Vec::new(),
        }
    }

    /// Appends a row of some that were encoded together.
    fn append(&mut self, stored: &Stored, rows: &Encoded, row: usize) -> Result<()> {
        let numbers = &rows.numeric[row * rows.numeric_width..][..rows.numeric_width];
        let categories = &rows.categories[row * rows.category_width..][..rows.category_width];
        let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
        self.bytes.extend(numbers);
        let categories = categories.iter().flat_map(|category| category.to_le_bytes());
        self.bytes.extend(categories);
        match self.bytes.len() >= BUFFER {
            true => self.flush(stored),
            false => Ok(()),
        }
    }

    /// Writes what is still in memory.
    fn flush(&mut self, stored: &Stored) -> Result<()> {
        let offset = (self.at * stored.row_bytes()) as u64;
        stored
            .file
            .write_all_at(&self.bytes, offset)
            .map_err(TrainError::io("writing rows to a file in", &stored.folder))?;
        self.at += self.bytes.len() / stored.row_bytes().max(1);
        self.bytes.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let rows = 40_000;
        let encoded = Encoded {
            rows,
            numeric_width: 3,
            numeric: (0..rows * 3).map(|number| number as f32).collect(),
            category_width: 1,
            categories: (0..rows as u32).collect(),
        };
        let mut stored = Stored::create(folder.path(), rows, (3, 1)).unwrap();
        // A window of two blocks, so that blocks come and go.
        stored.shuffle = Shuffle {
            block: 100,
            window: 2,
        };
        stored.window.get_mut().unwrap().blocks = vec![Vec::new(); 400];
        // Even rows first, then odd ones: each from a place of its own.
        let mut parts = [Appender::new(0), Appender::new(rows / 2)];
        for row in 0..rows {
            stored.places[row] = (row / 2 + row % 2 * rows / 2) as u32;
            parts[row % 2].append(&stored, &encoded, row).unwrap();
        }
        parts.iter_mut().for_each(|part| part.flush(&stored).unwrap());
        let mut batch = Batch::default();
        for indices in [
            vec![0, 1, 19_999, 20_000, 39_999],
            vec![300, 5, 10_000, 301, 6],
            (0..1000).collect(),
        ] {
            stored.gather(&indices, &mut batch).unwrap();
            let mut expected = Batch::default();
            encoded.gather(&indices, &mut expected).unwrap();
            assert_eq!(batch.rows().indices, expected.rows().indices);
            assert_eq!(batch.rows().numbers, expected.rows().numbers);
        }
        let kept = &stored.window.lock().unwrap().blocks;
        assert_eq!(kept.iter().filter(|block| !block.is_empty()).count(), 2);
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 0, "no name is left behind");
    }
}
