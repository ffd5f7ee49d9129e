//! Dividing the rows of a leaf among its children; rows keep their order.

use crate::binning::{Binned, LANES};
use rayon::prelude::*;

/// Rows that one thread divides at a time.
const BLOCK: usize = 1 << 15;

/// Puts the rows that go left before the others and returns how many they are. `room` is as long as the rows.
pub fn partition(
    binned: &Binned,
    feature: usize,
    sides: &[bool; 256],
    rows: &mut [u32],
    room: &mut [u32],
) -> usize {
    let tile = &binned.tiles[feature / LANES];
    let (bins, lanes, lane) = (&tile.bins[..], tile.lanes, feature % LANES);
    let divide = |rows: &mut [u32], room: &mut [u32]| {
        let (mut left, mut right) = (0, 0);
        for place in 0..rows.len() {
            let row = rows[place];
            let goes_left = sides[usize::from(bins[row as usize * lanes + lane])];
            // Both are written and one counts, which costs less than a branch that can't be foreseen. What is overwritten
            // has been read: `left` is at most `place`.
            rows[left] = row;
            room[right] = row;
            left += usize::from(goes_left);
            right += usize::from(!goes_left);
        }
        left
    };
    if rows.len() <= BLOCK {
        let left = divide(rows, room);
        let right = rows.len() - left;
        rows[left..].copy_from_slice(&room[..right]);
        return left;
    }
    let lefts: Vec<usize> = rows
        .par_chunks_mut(BLOCK)
        .zip(room.par_chunks_mut(BLOCK))
        .map(|(rows, room)| divide(rows, room))
        .collect();
    // The left rows move together; each block's right rows wait in its room.
    let mut left = 0;
    for (block, count) in lefts.iter().enumerate() {
        rows.copy_within(block * BLOCK..block * BLOCK + count, left);
        left += count;
    }
    let mut at = left;
    for (block, count) in lefts.iter().enumerate() {
        let here = BLOCK.min(rows.len() - block * BLOCK) - count;
        rows[at..at + here].copy_from_slice(&room[block * BLOCK..][..here]);
        at += here;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{binning::Binning, options::Options, rows::Rows};

    #[test]
    fn rows_keep_their_order_on_both_sides() {
        for count in [0usize, 1, 10, BLOCK, BLOCK + 1, 3 * BLOCK + 77] {
            let numbers: Vec<f32> = (0..count * 2).map(|i| (i * 7919 % 101) as f32).collect();
            let rows = Rows {
                rows: count,
                number_width: 2,
                numbers: &numbers,
                category_width: 0,
                categories: &[],
            };
            let all: Vec<u32> = (0..count as u32).collect();
            let binned = Binning::fit(&rows, &all, &Options::default()).apply(&rows, &all);
            let sides: [bool; 256] = std::array::from_fn(|bin| bin % 3 == 1);
            let goes_left = |row: &u32| sides[usize::from(binned.tiles[0].bins[*row as usize * 2 + 1])];
            let (expected, others): (Vec<u32>, Vec<u32>) = all.iter().partition(|row| goes_left(row));
            let mut parted = all.clone();
            let left = partition(&binned, 1, &sides, &mut parted, &mut vec![0; count]);
            assert_eq!((&parted[..left], &parted[left..]), (&expected[..], &others[..]));
        }
    }
}
