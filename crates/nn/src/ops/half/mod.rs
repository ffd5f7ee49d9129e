//! Products of numbers that are rounded to bf16 while they are put into the order of the loop, and added up in f32. Weights,
//! what ops hand on, and gradients stay f32.
//!
//! A sum goes through its pairs in their order, whichever tile it is in: the bits don't depend on how many rows there are, and
//! a machine without the instructions has the same ones (but for what is below the smallest normal number).

mod pairs;
mod space;
mod unit;

use super::{
    ahead::Ahead,
    each_row::each_row,
    matmul::{Matrix, MatrixMut},
    windows::Windows,
};
use pairs::{across, round_across, round_along};
use space::Space;
use std::ops::Range;
use unit::{LANES, Pair, Pairs, Unit, Work, dispatch};

pub use unit::has_instructions;

/// Numbers of the left side that are rounded at a time: they stay in a core's second cache while one panel after the other
/// goes over them.
const BLOCK: usize = 65_536;
/// Sums of a tile: AVX-512 has 32 registers, for these, a vector of each column and one of pairs.
const SUMS: usize = 24;
/// Columns of the widest panel.
const WIDEST: usize = 4 * LANES;

/// A matrix [inner, columns] as the right side of products: panels as wide as a tile, pairs of rows in each.
#[derive(Debug)]
pub struct Panels {
    space: Space,
    inner: usize,
    columns: usize,
    // Vectors of a panel's row.
    vectors: usize,
}

impl Panels {
    /// The matrix, rounded.
    pub fn new(matrix: Matrix<'_>) -> Self {
        let (inner, columns) = matrix.shape();
        assert!(inner > 0 && columns > 0, "a product over nothing");
        let panels = columns.div_ceil(WIDEST);
        // Panels of one width, so that none is filled up more than it must be.
        let vectors = columns.div_ceil(LANES).div_ceil(panels).max(2);
        let size = inner.div_ceil(2) * vectors * LANES;
        let mut space = Space::new(columns.div_ceil(vectors * LANES) * size);
        dispatch(Pack {
            matrix,
            panels: &mut space,
            width: vectors * LANES,
        });
        Self {
            space,
            inner,
            columns,
            vectors,
        }
    }

    /// Rows of the matrix.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `out = left * self`, or `out += left * self` when `accumulate`, on one thread; numbers of a row of `out` lie side by
    /// side. Meanwhile what is needed next is brought into the cache.
    pub fn multiply(&self, out: MatrixMut<'_>, left: Windows<'_>, accumulate: bool, next: [&[f32]; 3]) {
        let (rows, pairs) = (left.rows(), self.inner.div_ceil(2));
        assert_eq!(left.inner(), self.inner, "inner dimensions of a product");
        assert_eq!(out.shape(), (rows, self.columns), "the result of a product");
        let Some((out, stride)) = out.by_rows() else {
            unreachable!("a result of rows")
        };
        if out.is_empty() {
            return;
        }
        let block = (BLOCK / self.inner).max(SUMS);
        let mut ahead = Ahead::new(next, self.tiles(block) * rows.div_ceil(block));
        let mut space = Space::new(block.min(rows) * pairs);
        let mut starts = left.starts();
        for (index, out) in out.chunks_mut(block * stride).enumerate() {
            let rows = block.min(rows - index * block);
            let rounded = &mut space[..rows * pairs];
            dispatch(round_along(rounded, left, &mut starts));
            dispatch(Product {
                left: Left {
                    pairs: rounded,
                    row_step: pairs,
                    pair_step: 1,
                },
                rows,
                right: self,
                out,
                stride,
                accumulate,
                ahead: &mut ahead,
            });
        }
    }

    /// Tiles of so many rows.
    fn tiles(&self, rows: usize) -> usize {
        rows.div_ceil(SUMS / self.vectors) * self.columns.div_ceil(self.vectors * LANES)
    }
}

/// `out = left^T * right`, or `out += left^T * right` when `accumulate`, on one thread: for `left` [rows, inner] and `right`
/// [rows, columns] it is [inner, columns]. Numbers of a row lie side by side, and there is a row.
pub fn multiply_transposed(out: MatrixMut<'_>, left: Windows<'_>, right: Matrix<'_>, accumulate: bool) {
    let (rows, inner) = (left.rows(), left.inner());
    assert_eq!(right.shape().0, rows, "the rows of a product");
    assert_eq!(out.shape(), (inner, right.shape().1), "the result of a product");
    let Some((out, stride)) = out.by_rows() else {
        unreachable!("a result of rows")
    };
    let mut space = Space::new(rows.div_ceil(2) * inner);
    dispatch(round_across(&mut space, left));
    dispatch(Product {
        left: Left {
            pairs: &space,
            row_step: 1,
            pair_step: inner,
        },
        rows: inner,
        right: &Panels::new(right),
        out,
        stride,
        accumulate,
        ahead: &mut Ahead::new([&[]; 3], 0),
    });
}

/// Puts a matrix into panels of so many columns.
struct Pack<'a> {
    matrix: Matrix<'a>,
    panels: &'a mut [Pair],
    width: usize,
}

impl Work for Pack<'_> {
    #[inline(always)]
    fn run<U: Unit>(self, unit: U) {
        const ZEROS: [f32; WIDEST] = [0.0; WIDEST];
        let (inner, columns) = self.matrix.shape();
        let (width, size) = (self.width, inner.div_ceil(2) * self.width);
        if let Some((numbers, stride)) = self.matrix.by_rows() {
            for first in (0..inner).step_by(2) {
                let row = |row: usize| &numbers[row * stride..][..columns];
                for (from, panel) in (0..columns)
                    .step_by(width)
                    .zip(self.panels.chunks_exact_mut(size))
                {
                    let part = from..columns.min(from + width);
                    let second = match first + 1 < inner {
                        true => &row(first + 1)[part.clone()],
                        false => &ZEROS[..part.len()],
                    };
                    let to = &mut panel[first / 2 * width..][..width];
                    across(unit, to, &row(first)[part], second);
                }
            }
            return;
        }
        for (from, panel) in (0..columns)
            .step_by(width)
            .zip(self.panels.chunks_exact_mut(size))
        {
            for vector in (0..width).step_by(LANES) {
                for first in (0..inner).step_by(2 * LANES) {
                    let mut lines = [[0; LANES]; LANES];
                    for (line, column) in lines.iter_mut().zip(from + vector..columns) {
                        *line = unit.along(part_of_column(self.matrix, column, first, &mut [0.0; 2 * LANES]));
                    }
                    let panel = &mut panel[first / 2 * width..];
                    for (to, line) in panel.chunks_exact_mut(width).zip(unit.turned(lines)) {
                        to[vector..][..LANES].copy_from_slice(&line);
                    }
                }
            }
        }
    }
}

/// Numbers of a matrix's column from `first` on; behind the last one what is in `space`.
#[inline(always)]
fn part_of_column<'a>(
    matrix: Matrix<'a>,
    column: usize,
    first: usize,
    space: &'a mut [f32; 2 * LANES],
) -> &'a [f32; 2 * LANES] {
    let rows = first..matrix.shape().0.min(first + 2 * LANES);
    if let Some((numbers, stride)) = matrix.transposed().by_rows() {
        let part = &numbers[column * stride..][rows];
        if let Some(whole) = part.first_chunk() {
            return whole;
        }
        space[..part.len()].copy_from_slice(part);
    } else {
        for (number, row) in space.iter_mut().zip(rows) {
            *number = matrix.at(row, column);
        }
    }
    space
}

/// The left side of a product.
#[derive(Clone, Copy)]
struct Left<'a> {
    pairs: &'a [Pair],
    // From row to row of the result, and along the inner dimension.
    row_step: usize,
    pair_step: usize,
}

struct Product<'a, 'b> {
    left: Left<'a>,
    rows: usize,
    right: &'a Panels,
    out: &'a mut [f32],
    // From row to row of the result.
    stride: usize,
    accumulate: bool,
    ahead: &'a mut Ahead<'b>,
}

impl Work for Product<'_, '_> {
    #[inline(always)]
    fn run<U: Unit>(self, unit: U) {
        match self.right.vectors {
            4 => self.panels::<U, 4>(unit),
            3 => self.panels::<U, 3>(unit),
            _ => self.panels::<U, 2>(unit),
        }
    }
}

impl Product<'_, '_> {
    #[inline(always)]
    fn panels<U: Unit, const V: usize>(mut self, unit: U) {
        let (pairs, width) = (self.right.inner.div_ceil(2), V * LANES);
        // Tiles of nearly the same height, so that the last one isn't too low to keep the processor busy.
        let tiles = self.rows.div_ceil(SUMS / V);
        for (index, panel) in self.right.space.chunks_exact(pairs * width).enumerate() {
            let (panel, _) = panel.as_chunks::<LANES>().0.as_chunks::<V>();
            let columns = index * width..self.right.columns.min((index + 1) * width);
            for tile in 0..tiles {
                self.ahead.fetch_part();
                let rows = self.rows * tile / tiles..self.rows * (tile + 1) / tiles;
                let columns = columns.clone();
                match rows.len() {
                    1 => self.write::<U, 1, V>(unit, panel, rows.start, columns),
                    2 => self.write::<U, 2, V>(unit, panel, rows.start, columns),
                    3 => self.write::<U, 3, V>(unit, panel, rows.start, columns),
                    4 => self.write::<U, 4, V>(unit, panel, rows.start, columns),
                    5 => self.write::<U, 5, V>(unit, panel, rows.start, columns),
                    6 => self.write::<U, 6, V>(unit, panel, rows.start, columns),
                    7 if V < 4 => self.write::<U, 7, V>(unit, panel, rows.start, columns),
                    8 if V < 4 => self.write::<U, 8, V>(unit, panel, rows.start, columns),
                    9 if V < 3 => self.write::<U, 9, V>(unit, panel, rows.start, columns),
                    10 if V < 3 => self.write::<U, 10, V>(unit, panel, rows.start, columns),
                    11 if V < 3 => self.write::<U, 11, V>(unit, panel, rows.start, columns),
                    12 if V < 3 => self.write::<U, 12, V>(unit, panel, rows.start, columns),
                    rows => unreachable!("a tile of {rows} rows"),
                }
            }
        }
    }

    /// `R` rows of the result from `row` on, and the columns of a panel.
    #[inline(always)]
    fn write<U: Unit, const R: usize, const V: usize>(
        &mut self,
        unit: U,
        panel: &[[Pairs; V]],
        row: usize,
        columns: Range<usize>,
    ) {
        let Left {
            pairs,
            row_step,
            pair_step,
        } = self.left;
        let left = &pairs[row * row_step..];
        let mut sums = [[unit.zeros(); V]; R];
        for (pair, vectors) in panel.iter().enumerate() {
            for row in 0..R {
                let left = left[row * row_step + pair * pair_step];
                for vector in 0..V {
                    sums[row][vector] = unit.add(sums[row][vector], left, &vectors[vector]);
                }
            }
        }
        let (first, stride, accumulate) = (row, self.stride, self.accumulate);
        each_row!(row < R, {
            let out = &mut self.out[(first + row) * stride..][columns.clone()];
            store(unit, out, sums[row], accumulate);
        });
    }
}

/// Writes the sums of a row of a tile, or adds them. There may be fewer columns than sums: those of the last panel.
#[inline(always)]
fn store<U: Unit, const V: usize>(unit: U, out: &mut [f32], sums: [U::Sums; V], accumulate: bool) {
    if let Some(out) = out.as_chunks_mut::<LANES>().0.first_chunk_mut::<V>() {
        for vector in 0..V {
            put(&mut out[vector], &unit.numbers(sums[vector]), accumulate);
        }
    } else {
        for (out, sums) in out.chunks_mut(LANES).zip(sums) {
            put(out, &unit.numbers(sums), accumulate);
        }
    }
}

#[inline(always)]
fn put(out: &mut [f32], numbers: &[f32; LANES], accumulate: bool) {
    for (out, number) in out.iter_mut().zip(numbers) {
        *out = if accumulate { *out + number } else { *number };
    }
}

#[cfg(test)]
mod tests;
