//! Encoded rows that lie in a file, for tables that don't fit into memory: row after row, mapped, of which a window of blocks
//! is in memory.
//!
//! A batch takes its rows from the system's own copy of the file. Reading blocks into memory of ours first copied each row
//! once more, and all blocks of a window at its first batch, which a model that learns fast had to wait for.

use crate::{
    batch::Batch,
    error::{Result, TrainError},
    inputs::Examples,
    planes::Planes,
    preprocess::Preprocessing,
    shuffle::Shuffle,
    split::Split,
    table::StoredTable,
};
use aloft_nn::rng::Random;
use memmap2::{Mmap, UncheckedAdvice};
use std::{
    fs::File,
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Encoded rows in a file without a name, which the system removes with the process.
#[derive(Debug)]
pub struct Stored {
    map: Mmap,
    numeric_width: usize,
    category_width: usize,
    /// The place of each row in the file: those of a part are together, in their order, so that an epoch reads nothing that
    /// it doesn't need.
    places: Vec<u32>,
    shuffle: Shuffle,
    window: Mutex<Window>,
}

/// The blocks that were read since all were left. An epoch goes from window to window and comes back to none.
#[derive(Debug)]
struct Window {
    read: Vec<bool>,
    count: usize,
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
        let mut places = vec![0; kept.len()];
        let parts = [&split.train, &split.validation, &split.test];
        for (at, row) in (0..).zip(parts.into_iter().flatten()) {
            places[*row as usize] = at;
        }
        let planes = Planes::create(&table.folder, kept.len())?;
        let mut values = vec![0; kept.len()];
        table.encode(preprocessing, &mut |output, bits| {
            for (row, place) in kept.iter().zip(&places) {
                values[*place as usize] = bits(*row);
            }
            planes.write(output, &values)
        })?;
        Self::of(&planes, places, preprocessing.widths(), &table.folder)
    }

    /// The columns as rows of these widths, each at its place, in a file in `folder`.
    fn of(planes: &Planes, places: Vec<u32>, widths: (usize, usize), folder: &Path) -> Result<Self> {
        let (numeric_width, category_width) = widths;
        let width = numeric_width + category_width;
        let file = tempfile::tempfile_in(folder).map_err(TrainError::io("creating a file in", folder))?;
        planes.write_rows(width, &file)?;
        let map = mapped(&file).map_err(TrainError::io("mapping a file in", folder))?;
        let shuffle = Shuffle::new(4 * width);
        Ok(Self {
            map,
            numeric_width,
            category_width,
            window: Mutex::new(Window::new(places.len().div_ceil(shuffle.block))),
            places,
            shuffle,
        })
    }

    /// Values of a row.
    fn width(&self) -> usize {
        self.numeric_width + self.category_width
    }

    /// Takes note of the blocks that these rows are read from; all blocks are left before there are more than a window of
    /// them.
    fn pass(&self, indices: &[u32]) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        for index in indices {
            let block = self.places[*index as usize] as usize / self.shuffle.block;
            if !window.read[block] {
                if window.count == self.shuffle.window {
                    self.leave(&mut window);
                }
                window.read[block] = true;
                window.count += 1;
            }
        }
    }

    /// Gives the memory of all blocks back: they are the system's, which may keep them as long as nobody else needs it.
    #[expect(
        unsafe_code,
        reason = "for other mappings than this one it would change what they hold"
    )]
    fn leave(&self, window: &mut Window) {
        *window = Window::new(window.read.len());
        // SAFETY: the mapping is shared and only read, so that its pages hold what the file does whenever they are back.
        let left = unsafe { self.map.unchecked_advise(UncheckedAdvice::DontNeed) };
        // It is no more than advice.
        let _ = left;
    }
}

/// A file as memory.
#[expect(unsafe_code, reason = "who writes to the file would change what is borrowed")]
fn mapped(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the file has no name, this process has it open nowhere else, and nothing is written to it any more.
    unsafe { Mmap::map(file) }
}

impl Examples for Stored {
    fn count(&self) -> usize {
        self.places.len()
    }

    fn row_bytes(&self) -> usize {
        4 * self.width()
    }

    /// Those in memory.
    fn bytes(&self) -> usize {
        let window = self.shuffle.window * self.shuffle.block * self.row_bytes();
        window.min(self.count() * self.row_bytes()) + size_of_val(self.places.as_slice())
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()> {
        self.pass(indices);
        let (width, all) = (self.width(), bytemuck::cast_slice::<u8, f32>(&self.map));
        batch.fill(indices.len(), |numeric, categories| {
            // Growing by doubling would take up to three times as much.
            numeric.reserve_exact(indices.len() * self.numeric_width);
            categories.reserve_exact(indices.len() * self.category_width);
            for index in indices {
                let row = &all[self.places[*index as usize] as usize * width..][..width];
                let (numbers, codes) = row.split_at(self.numeric_width);
                numeric.extend_from_slice(numbers);
                categories.extend_from_slice(bytemuck::cast_slice(codes));
            }
        });
        Ok(())
    }

    fn shuffle(&self, rows: &mut Vec<u32>, random: &mut Random) {
        self.shuffle.shuffle(rows, random);
    }

    fn end_learning(&self) {
        self.leave(&mut self.window.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Window {
    /// Nothing is read of so many blocks.
    fn new(blocks: usize) -> Self {
        Self {
            read: vec![false; blocks],
            count: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Encoded;

    #[test]
    fn what_is_written_is_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let rows = 40_000;
        let encoded = Encoded {
            rows,
            numeric_width: 3,
            numeric: (0..rows * 3).map(|number| number as f32).collect(),
            category_width: 1,
            categories: (0..rows as u32).collect(),
        };
        // Even rows first, then odd ones.
        let planes = Planes::create(folder.path(), rows).unwrap();
        let mut columns = vec![vec![0; rows]; 4];
        let places: Vec<usize> = (0..rows).map(|row| row / 2 + row % 2 * rows / 2).collect();
        for (row, place) in places.iter().copied().enumerate() {
            for (column, value) in columns.iter_mut().zip(&encoded.numeric[row * 3..][..3]) {
                column[place] = value.to_bits();
            }
            columns[3][place] = encoded.categories[row];
        }
        for (column, values) in columns.iter().enumerate() {
            planes.write(column, values).unwrap();
        }
        let places = places.into_iter().map(|place| place as u32).collect();
        let mut stored = Stored::of(&planes, places, (3, 1), folder.path()).unwrap();
        // A window of two blocks, so that blocks come and go.
        stored.shuffle = Shuffle {
            block: 100,
            window: 2,
        };
        stored.window = Mutex::new(Window::new(400));
        let read = || {
            let window = stored.window.lock().unwrap();
            assert_eq!(window.count, window.read.iter().filter(|read| **read).count());
            window.count
        };
        let mut batch = Batch::default();
        for indices in [
            vec![0, 1, 19_999, 20_000, 39_999],
            vec![300, 5, 10_000, 301, 6],
            (0..1000).collect(),
            (0..40_000).rev().collect(),
        ] {
            stored.gather(&indices, &mut batch).unwrap();
            let mut expected = Batch::default();
            encoded.gather(&indices, &mut expected).unwrap();
            assert_eq!(batch.rows().indices, expected.rows().indices);
            assert_eq!(batch.rows().numbers, expected.rows().numbers);
            assert!((1..=2).contains(&read()), "no more than a window");
        }
        stored.end_learning();
        assert_eq!(read(), 0);
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 0, "no name is left behind");
    }

    #[test]
    fn nothing_to_keep_is_nothing_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let planes = Planes::create(folder.path(), 3).unwrap();
        let stored = Stored::of(&planes, vec![0, 1, 2], (0, 0), folder.path()).unwrap();
        let mut batch = Batch::default();
        stored.gather(&[2, 0], &mut batch).unwrap();
        assert_eq!((batch.rows().rows, batch.rows().numbers.len()), (2, 0));
    }
}
