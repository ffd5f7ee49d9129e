//! How strongly columns go together.

use super::row_sample::{SampledColumn, SampledValues};
use aloft_spec::profile::{Association, Associations, ColumnProfile, Measure};
use polars::prelude::PlHashMap;
use rayon::prelude::*;

/// Pairs that are told.
const MOST_PAIRS: usize = 40;
/// Weaker pairs aren't told.
const WEAKEST: f64 = 0.1;
/// Texts with more different values aren't categories.
const MOST_CATEGORIES: usize = 100;
/// Fewer rows with both values say nothing.
const FEWEST_ROWS: usize = 20;

/// A column ready to be held against others.
enum Side {
    /// Distances from the mean; NaN is none.
    Numbers(Vec<f64>),
    /// The number of a category for each row; none is `u32::MAX`.
    Categories { codes: Vec<u32>, count: usize },
    /// Nothing to hold against: one value, or too many texts.
    Nothing,
}

/// The strongest associations between the columns of a table of `rows` rows, of which some are in `sample`.
pub(super) fn strongest(sample: &[SampledColumn], profiles: &[ColumnProfile], rows: u64) -> Associations {
    let sides: Vec<Side> = sample.par_iter().map(|column| side(&column.values)).collect();
    let pairs: Vec<(usize, usize)> = (0..sides.len())
        .flat_map(|a| (a + 1..sides.len()).map(move |b| (a, b)))
        .collect();
    let name = |index: usize| profiles[sample[index].place].field.name.clone();
    let mut found: Vec<Association> = pairs
        .into_par_iter()
        .filter_map(|(a, b)| {
            let (measure, value) = associate(&sides[a], &sides[b])?;
            (value.abs() >= WEAKEST).then(|| Association {
                a: name(a),
                b: name(b),
                measure,
                value,
            })
        })
        .collect();
    // Pairs come in the order of the table, which a stable sort keeps among equals.
    found.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
    found.truncate(MOST_PAIRS);
    let sampled = sample.first().map_or(0, |column| column.values.len()) as u64;
    Associations {
        rows: sampled.min(rows),
        columns: sample.len() as u64,
        strongest: found,
    }
}

fn side(values: &SampledValues) -> Side {
    match values {
        SampledValues::Numbers(values) => {
            let present = values.iter().filter(|value| value.is_finite());
            let (sum, count) = present.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
            let mean = sum / f64::from(count.max(1));
            Side::Numbers(values.iter().map(|value| value - mean).collect())
        }
        SampledValues::Texts(hashes) => {
            let mut numbers: PlHashMap<u64, u32> = PlHashMap::default();
            let mut codes = Vec::with_capacity(hashes.len());
            for hash in hashes {
                if *hash == 0 {
                    codes.push(u32::MAX);
                    continue;
                }
                let next = numbers.len() as u32;
                codes.push(*numbers.entry(*hash).or_insert(next));
                if numbers.len() > MOST_CATEGORIES {
                    return Side::Nothing;
                }
            }
            Side::Categories {
                codes,
                count: numbers.len(),
            }
        }
    }
}

fn associate(a: &Side, b: &Side) -> Option<(Measure, f64)> {
    match (a, b) {
        (Side::Numbers(a), Side::Numbers(b)) => Some((Measure::Pearson, pearson(a, b)?)),
        (Side::Categories { codes, count }, Side::Numbers(numbers))
        | (Side::Numbers(numbers), Side::Categories { codes, count }) => Some((
            Measure::CorrelationRatio,
            correlation_ratio(codes, *count, numbers)?,
        )),
        (
            Side::Categories {
                codes: a,
                count: rows,
            },
            Side::Categories {
                codes: b,
                count: columns,
            },
        ) => Some((Measure::CramersV, cramers_v(a, *rows, b, *columns)?)),
        _ => None,
    }
}

/// Pearson's correlation of the rows that have both numbers, which are distances from a mean.
fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let (mut count, mut sums) = (0.0, [0.0; 5]);
    for (a, b) in a.iter().zip(b) {
        if (a + b).is_finite() {
            count += 1.0;
            for (sum, value) in sums.iter_mut().zip([*a, *b, a * a, b * b, a * b]) {
                *sum += value;
            }
        }
    }
    let [a, b, aa, bb, ab] = sums;
    let spread = (aa - a * a / count) * (bb - b * b / count);
    let value = (ab - a * b / count) / spread.sqrt();
    (count >= FEWEST_ROWS as f64 && value.is_finite()).then(|| value.clamp(-1.0, 1.0))
}

/// The correlation ratio η of numbers by category, its square corrected for chance (Kelley 1935): the share of the
/// numbers' variance that lies between categories, as a root.
fn correlation_ratio(codes: &[u32], categories: usize, numbers: &[f64]) -> Option<f64> {
    let mut groups = vec![(0.0, 0.0); categories];
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (code, number) in codes.iter().zip(numbers) {
        if let Some(group) = groups.get_mut(*code as usize)
            && number.is_finite()
        {
            group.0 += 1.0;
            group.1 += number;
            count += 1.0;
            sum += number;
            squares += number * number;
        }
    }
    let filled = groups.iter().filter(|(rows, _)| *rows > 0.0);
    let used = filled.clone().count() as f64;
    let all = squares - sum * sum / count;
    let between: f64 = filled.map(|(rows, sum)| sum * sum / rows).sum::<f64>() - sum * sum / count;
    if count < FEWEST_ROWS as f64 || used < 2.0 || count <= used || all <= 0.0 {
        return None;
    }
    let corrected = 1.0 - (1.0 - between / all) * (count - 1.0) / (count - used);
    Some(corrected.clamp(0.0, 1.0).sqrt())
}

/// Cramér's V, corrected for chance (Bergsma 2013).
fn cramers_v(a: &[u32], rows: usize, b: &[u32], columns: usize) -> Option<f64> {
    let mut cells = vec![0.0; rows * columns];
    let (mut of_rows, mut of_columns) = (vec![0.0; rows], vec![0.0; columns]);
    let mut count = 0.0;
    for (a, b) in a.iter().zip(b) {
        if *a != u32::MAX && *b != u32::MAX {
            cells[*a as usize * columns + *b as usize] += 1.0;
            of_rows[*a as usize] += 1.0;
            of_columns[*b as usize] += 1.0;
            count += 1.0;
        }
    }
    let filled = |counts: &[f64]| counts.iter().filter(|count| **count > 0.0).count() as f64;
    let (r, c) = (filled(&of_rows), filled(&of_columns));
    if count < FEWEST_ROWS as f64 || r < 2.0 || c < 2.0 {
        return None;
    }
    // χ² / n = Σ cell² / (row · column) − 1
    let mut square = -1.0;
    for (row, in_row) in of_rows.iter().enumerate() {
        for (column, in_column) in of_columns.iter().enumerate() {
            let cell: f64 = cells[row * columns + column];
            if cell > 0.0 {
                square += cell * cell / (in_row * in_column);
            }
        }
    }
    let corrected = (square - (r - 1.0) * (c - 1.0) / (count - 1.0)).max(0.0);
    let less = |size: f64| size - (size - 1.0).powi(2) / (count - 1.0) - 1.0;
    let most = less(r).min(less(c));
    (most > 0.0).then(|| (corrected / most).min(1.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::mixed;

    fn noise(row: u64) -> f64 {
        mixed(row) as f64 / u64::MAX as f64 - 0.5
    }

    #[test]
    fn numbers_that_go_together_correlate() {
        let a: Vec<f64> = (0..1000).map(noise).collect();
        let b: Vec<f64> = a.iter().map(|value| 3.0 - 2.0 * value).collect();
        assert!((pearson(&a, &b).unwrap() + 1.0).abs() < 1e-12);
        let other: Vec<f64> = (5000..6000).map(noise).collect();
        assert!(pearson(&a, &other).unwrap().abs() < 0.1);
        // Numpy: corrcoef of [1, 2, 4, 8] * 5 and [1, 3, 2, 5] * 5.
        let (x, y) = ([1.0, 2.0, 4.0, 8.0].repeat(5), [1.0, 3.0, 2.0, 5.0].repeat(5));
        assert!((pearson(&x, &y).unwrap() - 0.866_921_446_863).abs() < 1e-9);
        assert_eq!(
            pearson(&[1.0; 30], &a[..30]),
            None,
            "a constant goes with nothing"
        );
    }

    #[test]
    fn categories_explain_numbers_and_each_other() {
        let codes: Vec<u32> = (0..1000).map(|row| row % 4).collect();
        let by_code: Vec<f64> = codes.iter().map(|code| f64::from(*code)).collect();
        assert_eq!(correlation_ratio(&codes, 4, &by_code), Some(1.0));
        let unrelated: Vec<f64> = (0..1000).map(noise).collect();
        assert!(correlation_ratio(&codes, 4, &unrelated).unwrap() < 0.1);
        let halves: Vec<u32> = codes.iter().map(|code| code / 2).collect();
        assert!(cramers_v(&codes, 4, &halves, 2).unwrap() > 0.99);
        let chance: Vec<u32> = (0..1000).map(|row| (mixed(row) % 3) as u32).collect();
        assert!(cramers_v(&codes, 4, &chance, 3).unwrap() < 0.1);
        assert_eq!(cramers_v(&codes, 4, &[0; 1000], 1), None);
    }
}
