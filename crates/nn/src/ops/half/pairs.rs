//! Left sides of products, rounded: pairs along their rows, or of each two rows.

use super::unit::{LANES, Pair, Unit, Work};
use crate::ops::windows::{Starts, Windows};

/// Each number of a row with its neighbour; an odd last one with zero.
#[inline(always)]
pub fn along<U: Unit>(unit: U, to: &mut [Pair], numbers: &[f32]) {
    let (vectors, rest) = numbers.as_chunks::<{ 2 * LANES }>();
    let (to, last) = to.split_at_mut(vectors.len() * LANES);
    for (to, numbers) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(vectors) {
        *to = unit.along(numbers);
    }
    if !rest.is_empty() {
        let mut numbers = [0.0; 2 * LANES];
        numbers[..rest.len()].copy_from_slice(rest);
        last.copy_from_slice(&unit.along(&numbers)[..last.len()]);
    }
}

/// Each number of one row with that of another, which is as long; zeros behind them.
#[inline(always)]
pub fn across<U: Unit>(unit: U, to: &mut [Pair], first: &[f32], second: &[f32]) {
    let ((vectors, rest), (others, other_rest)) = (first.as_chunks::<LANES>(), second.as_chunks::<LANES>());
    let (to, last) = to.split_at_mut(vectors.len() * LANES);
    for ((to, first), second) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(vectors).zip(others) {
        *to = unit.across(first, second);
    }
    let [mut first, mut second] = [[0.0; LANES]; 2];
    first[..rest.len()].copy_from_slice(rest);
    second[..other_rest.len()].copy_from_slice(other_rest);
    for to in last.chunks_mut(LANES) {
        to.copy_from_slice(&unit.across(&first, &second)[..to.len()]);
        (first, second) = ([0.0; LANES], [0.0; LANES]);
    }
}

/// Rounds the next rows, as many as there is space for, along each: [rows, pairs].
pub fn round_along<'a>(to: &'a mut [Pair], left: Windows<'a>, starts: &'a mut Starts) -> impl Work + 'a {
    Along { to, left, starts }
}

struct Along<'a> {
    to: &'a mut [Pair],
    left: Windows<'a>,
    starts: &'a mut Starts,
}

impl Work for Along<'_> {
    #[inline(always)]
    fn run<U: Unit>(self, unit: U) {
        let (numbers, offsets, length) = (self.left.numbers(), self.left.offsets(), self.left.length());
        if length % 2 == 0 && self.left.are_side_by_side() {
            // One row, as it were; none of them has a last pair of its own.
            let start = self.starts.next() + offsets[0];
            for _ in 1..2 * self.to.len() / length {
                self.starts.next();
            }
            return along(unit, self.to, &numbers[start..][..2 * self.to.len()]);
        }
        let rows = self.to.chunks_exact_mut(self.left.inner().div_ceil(2));
        // Where runs are odd, a pair may be of the end of one and the beginning of the next.
        let mut whole = match length % 2 == 1 && offsets.len() > 1 {
            true => vec![0.0; self.left.inner()],
            false => Vec::new(),
        };
        for to in rows {
            let start = self.starts.next();
            let runs = offsets.iter().map(|offset| &numbers[start + offset..][..length]);
            if whole.is_empty() {
                for (to, run) in to.chunks_mut(length.div_ceil(2)).zip(runs) {
                    along(unit, to, run);
                }
            } else {
                for (whole, run) in whole.chunks_exact_mut(length).zip(runs) {
                    whole.copy_from_slice(run);
                }
                along(unit, to, &whole);
            }
        }
    }
}

/// Rounds all rows, each number with that of the next row: [pairs of rows, inner].
pub fn round_across<'a>(to: &'a mut [Pair], left: Windows<'a>) -> impl Work + 'a {
    Across { to, left }
}

struct Across<'a> {
    to: &'a mut [Pair],
    left: Windows<'a>,
}

impl Work for Across<'_> {
    #[inline(always)]
    fn run<U: Unit>(self, unit: U) {
        let (numbers, offsets, length) = (self.left.numbers(), self.left.offsets(), self.left.length());
        let rows = self.left.rows();
        let zeros = vec![0.0; if rows % 2 == 1 { length } else { 0 }];
        let mut starts = self.left.starts();
        for (index, to) in self.to.chunks_exact_mut(self.left.inner()).enumerate() {
            let first = starts.next();
            let second = (2 * index + 1 < rows).then(|| starts.next());
            for (to, offset) in to.chunks_exact_mut(length).zip(offsets) {
                let run = |start: usize| &numbers[start + offset..][..length];
                across(unit, to, run(first), second.map_or(&zeros, run));
            }
        }
    }
}
