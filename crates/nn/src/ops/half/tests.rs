use super::{
    unit::{Portable, both},
    *,
};
use proptest::prelude::*;

/// A number as the products see it.
fn rounded(number: f32) -> f64 {
    let mut numbers = [0.0; LANES];
    numbers[0] = number;
    f64::from(both(Portable.across(&numbers, &[0.0; LANES])[0])[0])
}

fn numbers(count: usize, seed: u32) -> Vec<f32> {
    (0..count as u32)
        .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed) % 20_011) as f32 / 10_000.0 - 1.0)
        .collect()
}

/// Fails where a number isn't the sum of the products of rounded numbers, in double precision, on top of what was there.
fn check(out: &[f32], stride: usize, before: f32, [left, right]: [Matrix<'_>; 2]) {
    let ((rows, inner), (_, columns)) = (left.shape(), right.shape());
    for row in 0..rows {
        for column in 0..columns {
            let products = |inner| rounded(left.at(row, inner)) * rounded(right.at(inner, column));
            let expected = f64::from(before) + (0..inner).map(products).sum::<f64>();
            let out = f64::from(out[row * stride + column]);
            // Products are exact in f32, and so many sums of numbers below 1 are each rounded by 2^-24 of what they have come
            // to, which is less than `inner` and mostly much less.
            let tolerance = 1e-6 * (inner as f64 + 1.0);
            assert!(
                (out - expected).abs() < tolerance,
                "{row}, {column}: {out} and {expected}"
            );
        }
        let gap = &out[row * stride + columns..out.len().min((row + 1) * stride)];
        assert!(gap.iter().all(|number| *number == before), "beside row {row}");
    }
}

proptest! {
    #[test]
    fn products_are_those_of_rounded_numbers(
        (rows, inner, columns) in (0..40usize, 1..80usize, 1..200usize),
        (turned, accumulate, gap) in (any::<bool>(), any::<bool>(), 0..5usize), seed: u32,
    ) {
        let (left, right) = (numbers(rows * inner, seed), numbers(inner * columns, !seed));
        let right = match turned {
            true => Matrix::new(&right, columns, inner).transposed(),
            false => Matrix::new(&right, inner, columns),
        };
        let stride = columns + gap;
        let mut out = vec![7.0; rows * stride];
        let result = MatrixMut::strided(&mut out, rows, columns, stride, 1);
        let windows = Windows::matrix(&left, inner);
        Panels::new(right).multiply(result, windows, accumulate, [&[]; 3]);
        if !accumulate {
            for number in out.chunks_mut(stride).flat_map(|row| &mut row[..columns]) {
                *number += 7.0;
            }
        }
        check(&out, stride, 7.0, [Matrix::new(&left, rows, inner), right]);
    }

    #[test]
    fn windows_are_rows_too(
        (lines, per_line, length) in (1..4usize, 1..9usize, 1..9usize), columns in 1..70usize, seed: u32,
    ) {
        // Windows of three runs each, which overlap.
        let width = per_line + length;
        let image = numbers((lines + 2) * width, seed);
        let offsets = [0, width, 2 * width];
        let windows = Windows::new(&image, [lines, per_line], [width, 1], &offsets, length);
        let mut rows = Vec::new();
        for line in 0..lines {
            for place in 0..per_line {
                for offset in offsets {
                    rows.extend_from_slice(&image[line * width + place + offset..][..length]);
                }
            }
        }
        let (count, inner) = (lines * per_line, 3 * length);
        let left = Matrix::new(&rows, count, inner);
        let right = numbers(inner * columns, !seed);
        let right = Matrix::new(&right, inner, columns);
        let mut out = vec![0.0; count * columns];
        let result = MatrixMut::new(&mut out, count, columns);
        Panels::new(right).multiply(result, windows, false, [&[]; 3]);
        check(&out, columns, 0.0, [left, right]);

        let gradient = numbers(count * columns, seed ^ 7);
        let gradient = Matrix::new(&gradient, count, columns);
        let mut out = vec![1.0; inner * columns];
        multiply_transposed(MatrixMut::new(&mut out, inner, columns), windows, gradient, true);
        check(&out, columns, 1.0, [left.transposed(), gradient]);
    }

    #[test]
    fn a_row_has_the_same_bits_whatever_is_beside_it(
        (rows, inner, columns) in (1..60usize, 1..80usize, 1..150usize), seed: u32,
    ) {
        let (left, right) = (numbers(rows * inner, seed), numbers(inner * columns, !seed));
        let panels = Panels::new(Matrix::new(&right, inner, columns));
        let product = |left: &[f32]| {
            let mut out = vec![0.0; left.len() / inner * columns];
            let result = MatrixMut::new(&mut out, left.len() / inner, columns);
            panels.multiply(result, Windows::matrix(left, inner), false, [&[]; 3]);
            out
        };
        let all = product(&left);
        for (row, out) in left.chunks(inner).zip(all.chunks(columns)) {
            prop_assert_eq!(&product(row), out);
        }
    }
}

#[test]
fn more_rows_than_stay_in_the_cache_agree_too() {
    let (rows, inner, columns) = (BLOCK / 64 + 7, 64, 70);
    let (left, right) = (numbers(rows * inner, 1), numbers(inner * columns, 2));
    let (left, right) = (
        Matrix::new(&left, rows, inner),
        Matrix::new(&right, inner, columns),
    );
    let mut out = vec![0.0; rows * columns];
    let Some((numbers, _)) = left.by_rows() else {
        unreachable!("a matrix of rows")
    };
    let result = MatrixMut::new(&mut out, rows, columns);
    Panels::new(right).multiply(result, Windows::matrix(numbers, inner), false, [&[]; 3]);
    check(&out, columns, 0.0, [left, right]);
}
