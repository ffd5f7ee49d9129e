//! Encoded rows that lie in a file, for tables that don't fit into memory: row after row, of which a window of blocks is in
//! memory.

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
use std::{
    collections::VecDeque,
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// So many rows that rise are no accident: they are evaluated one after the other, each once, and nothing but the last of
/// their blocks is needed again.
const IN_ORDER: usize = 32;

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
    /// The values of each block of the file, none where it isn't in memory.
    blocks: Vec<Vec<f32>>,
    order: VecDeque<usize>,
    /// The memory of blocks that have left: to ask the system for it anew takes longer than reading does.
    spare: Vec<Vec<f32>>,
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
        let parts = [&split.train, &split.validation, &split.test];
        for (at, row) in (0..).zip(parts.into_iter().flatten()) {
            stored.places[*row as usize] = at;
        }
        let planes = Planes::create(&table.folder, kept.len())?;
        let mut values = vec![0; kept.len()];
        table.encode(preprocessing, &mut |output, bits| {
            for (row, place) in kept.iter().zip(&stored.places) {
                values[*place as usize] = bits(*row);
            }
            planes.write(output, &values)
        })?;
        let (numeric_width, category_width) = preprocessing.widths();
        planes.write_rows(numeric_width + category_width, &stored.file)?;
        Ok(stored)
    }

    /// Room for so many rows of these widths, in a file in `folder`.
    fn create(folder: &Path, rows: usize, (numeric_width, category_width): (usize, usize)) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(TrainError::io("creating a file in", folder))?;
        let row_bytes = 4 * (numeric_width + category_width);
        let shuffle = Shuffle::new(row_bytes);
        let window = Window {
            blocks: vec![Vec::new(); rows.div_ceil(shuffle.block)],
            ..Window::default()
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

    /// Values of a row.
    fn width(&self) -> usize {
        self.numeric_width + self.category_width
    }

    /// Reads a block into the memory of another.
    fn read(&self, block: usize, values: &mut Vec<f32>) -> Result<()> {
        let first = block * self.shuffle.block;
        let rows = self.shuffle.block.min(self.places.len() - first);
        values.resize(rows * self.width(), 0.0);
        self.file
            .read_exact_at(
                bytemuck::cast_slice_mut(values),
                (first * self.row_bytes()) as u64,
            )
            .map_err(TrainError::io("reading rows from a file in", &self.folder))
    }

    /// Appends the numbers and the categories of some rows.
    fn append(
        &self,
        window: &mut Window,
        indices: &[u32],
        numeric: &mut Vec<f32>,
        categories: &mut Vec<u32>,
    ) -> Result<()> {
        let width = self.width();
        // Growing by doubling would take up to three times as much.
        numeric.reserve_exact(indices.len() * self.numeric_width);
        categories.reserve_exact(indices.len() * self.category_width);
        for index in indices {
            let place = self.places[*index as usize] as usize;
            let (block, row) = (place / self.shuffle.block, place % self.shuffle.block);
            let row = &window.block(self, block)?[row * width..][..width];
            let (numbers, codes) = row.split_at(self.numeric_width);
            numeric.extend_from_slice(numbers);
            categories.extend_from_slice(bytemuck::cast_slice(codes));
        }
        Ok(())
    }
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
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outcome = Ok(());
        batch.fill(indices.len(), |numeric, categories| {
            outcome = self.append(&mut window, indices, numeric, categories);
        });
        if indices.len() >= IN_ORDER && indices.is_sorted() {
            window.keep_last();
        }
        outcome
    }

    fn shuffle(&self, rows: &mut Vec<u32>, random: &mut Random) {
        self.shuffle.shuffle(rows, random);
    }

    fn end_learning(&self) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.keep_last();
        window.spare = Vec::new();
    }
}

impl Window {
    fn block(&mut self, stored: &Stored, block: usize) -> Result<&[f32]> {
        if self.blocks[block].is_empty() {
            if self.order.len() >= stored.shuffle.window
                && let Some(first) = self.order.pop_front()
            {
                self.spare.push(std::mem::take(&mut self.blocks[first]));
            }
            let mut values = self.spare.pop().unwrap_or_default();
            stored.read(block, &mut values)?;
            self.blocks[block] = values;
            self.order.push_back(block);
        }
        Ok(&self.blocks[block])
    }

    /// Forgets all blocks but the one that was read last.
    fn keep_last(&mut self) {
        let last = self.order.pop_back();
        for block in self.order.drain(..) {
            self.spare.push(std::mem::take(&mut self.blocks[block]));
        }
        self.order.extend(last);
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
        let mut stored = Stored::create(folder.path(), rows, (3, 1)).unwrap();
        // A window of two blocks, so that blocks come and go.
        stored.shuffle = Shuffle {
            block: 100,
            window: 2,
        };
        stored.window.get_mut().unwrap().blocks = vec![Vec::new(); 400];
        // Even rows first, then odd ones.
        let planes = Planes::create(folder.path(), rows).unwrap();
        let mut columns = vec![vec![0; rows]; 4];
        for row in 0..rows {
            let place = row / 2 + row % 2 * rows / 2;
            stored.places[row] = place as u32;
            for (column, value) in columns.iter_mut().zip(&encoded.numeric[row * 3..][..3]) {
                column[place] = value.to_bits();
            }
            columns[3][place] = encoded.categories[row];
        }
        for (column, values) in columns.iter().enumerate() {
            planes.write(column, values).unwrap();
        }
        planes.write_rows(4, &stored.file).unwrap();
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
        let kept = || {
            let blocks = &stored.window.lock().unwrap().blocks;
            blocks.iter().filter(|block| !block.is_empty()).count()
        };
        assert_eq!(kept(), 1, "rows in their order are needed once");
        stored.gather(&[300, 5, 10_000, 301, 6], &mut batch).unwrap();
        assert_eq!(kept(), 2);
        let spare = || stored.window.lock().unwrap().spare.len();
        stored.gather(&(0..1000).collect::<Vec<_>>(), &mut batch).unwrap();
        assert!(spare() > 0, "their memory is for other blocks");
        stored.end_learning();
        assert_eq!((kept(), spare()), (1, 0));
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 0, "no name is left behind");
    }
}
