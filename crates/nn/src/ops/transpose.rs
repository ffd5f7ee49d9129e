//! Rows into columns, in squares as large as AVX-512 has registers for where it is there.

use pulp::{Simd, WithSimd};

/// Side of a square: numbers of a line of the cache, and of a vector of AVX-512.
const SIDE: usize = 16;

/// `to[column * to_stride + row] = from[row * from_stride + column]` for a matrix of so many rows and columns.
pub fn transpose(
    to: &mut [f32],
    to_stride: usize,
    from: &[f32],
    from_stride: usize,
    [rows, columns]: [usize; 2],
) {
    // Square after square across the rows, so that whole lines of `to` are written.
    for first_column in (0..columns).step_by(SIDE) {
        for first_row in (0..rows).step_by(SIDE) {
            let square = [SIDE.min(rows - first_row), SIDE.min(columns - first_column)];
            let to = &mut to[first_column * to_stride + first_row..];
            let from = &from[first_row * from_stride + first_column..];
            match pulp::Arch::new() {
                #[cfg(target_arch = "x86_64")]
                pulp::Arch::V4(simd) if square == [SIDE; 2] => Simd::vectorize(
                    simd,
                    Square {
                        simd,
                        to,
                        to_stride,
                        from,
                        from_stride,
                    },
                ),
                _ => {
                    for column in 0..square[1] {
                        for row in 0..square[0] {
                            to[column * to_stride + row] = from[row * from_stride + column];
                        }
                    }
                }
            }
        }
    }
}

/// A whole square.
#[cfg(target_arch = "x86_64")]
struct Square<'a> {
    simd: pulp::x86::V4,
    to: &'a mut [f32],
    to_stride: usize,
    from: &'a [f32],
    from_stride: usize,
}

#[cfg(target_arch = "x86_64")]
impl WithSimd for Square<'_> {
    type Output = ();

    /// Shuffles rows 0 and 8, 1 and 9, .. like cards, four times: each time the bits of a number's row and column within
    /// the square move on by one, so that in the end they have changed places.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        const LOW: [i32; SIDE] = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
        const HIGH: [i32; SIDE] = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
        let (low, high) = (pulp::cast(LOW), pulp::cast(HIGH));
        let avx = self.simd.avx512f;
        let mut lines = [pulp::cast([0.0f32; SIDE]); SIDE];
        for (row, line) in lines.iter_mut().enumerate() {
            let from: &[f32] = &self.from[row * self.from_stride..][..SIDE];
            if let [from] = from.as_chunks::<SIDE>().0 {
                *line = pulp::cast(*from);
            }
        }
        for _ in 0..4 {
            lines = std::array::from_fn(|place| {
                let (one, other) = (lines[place / 2], lines[SIDE / 2 + place / 2]);
                let order = if place % 2 == 0 { low } else { high };
                avx._mm512_permutex2var_ps(one, order, other)
            });
        }
        for (column, line) in lines.into_iter().enumerate() {
            let to = &mut self.to[column * self.to_stride..][..SIDE];
            if let [to] = to.as_chunks_mut::<SIDE>().0 {
                *to = pulp::cast(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_finds_its_place(
            (rows, columns) in (0..40usize, 0..40usize), (gap_from, gap_to) in (0..5usize, 0..5usize),
        ) {
            let (from_stride, to_stride) = (columns + gap_from, rows + gap_to);
            let from: Vec<f32> = (0..rows * from_stride).map(|place| place as f32).collect();
            let mut to = vec![-1.0; columns * to_stride];
            transpose(&mut to, to_stride, &from, from_stride, [rows, columns]);
            for (place, number) in to.iter().enumerate() {
                let (column, row) = (place / to_stride.max(1), place % to_stride.max(1));
                let expected = if row < rows { from[row * from_stride + column] } else { -1.0 };
                prop_assert_eq!(*number, expected);
            }
        }
    }
}
