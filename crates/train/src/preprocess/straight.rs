//! Numbers that aren't clipped. What is far out says little more than that it is far out, as a rule, and clipping keeps it
//! from drowning the rest. But minutes of delay at the arrival are those at the departure, however many they are.

use super::{Encoding, Preprocessing, mean_and_deviation, scale::Scale, values};
use crate::{error::Result, table::Table};
use polars::prelude::*;

/// The share of the target's variance that the number itself has to explain beyond what the clipped number does.
const BETTER: f64 = 0.01;

impl Preprocessing {
    /// Leaves those numbers unclipped, and scaled by mean and standard deviation, that explain more of a numeric target by a
    /// straight line when they are: `targets` are those of the training rows (indices into the table).
    pub fn straighten(mut self, table: &dyn Table, train: &[u32], targets: &[f64]) -> Result<Self> {
        let rows = IdxCa::from_vec("rows".into(), train.iter().map(|row| *row as IdxSize).collect());
        for column in &mut self.columns {
            let Encoding::Number(number) = &mut column.encoding else {
                continue;
            };
            let Scale::Linear { .. } = number.scale else {
                continue;
            };
            let taken = table.column(&column.name)?;
            let taken = taken.as_materialized_series().take(&rows)?;
            let mut numbers = values::numbers(&taken)?;
            for value in &mut numbers {
                if value.is_nan() {
                    *value = number.fill;
                }
            }
            let clipped: Vec<f64> = numbers.iter().map(|value| number.scale.apply(*value)).collect();
            if explained(&numbers, targets) > explained(&clipped, targets) + BETTER {
                let (center, width) = mean_and_deviation(numbers.iter().copied());
                number.scale = Scale::Linear {
                    center,
                    width,
                    straight: true,
                };
            }
        }
        Ok(self)
    }
}

/// The share of the variance of `y` that a straight line in `x` explains.
fn explained(x: &[f64], y: &[f64]) -> f64 {
    let ((mean_x, deviation_x), (mean_y, deviation_y)) = (
        mean_and_deviation(x.iter().copied()),
        mean_and_deviation(y.iter().copied()),
    );
    let products = x
        .iter()
        .zip(y)
        .map(|(x, y)| (x - mean_x) / deviation_x * ((y - mean_y) / deviation_y));
    (products.sum::<f64>() / x.len().max(1) as f64).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::train::{PreprocessSpec, Scaling};

    /// For each column whether it is clipped, and what becomes of its largest number.
    fn straightened(scaling: Scaling) -> Vec<(bool, f64)> {
        let minutes: Vec<Option<f64>> = (0..400)
            .map(|row| match row {
                7 => None,
                row if row % 20 == 0 => Some(f64::from(row) * 10.0),
                row => Some(f64::from(row % 13)),
            })
            .collect();
        let targets: Vec<f64> = minutes
            .iter()
            .map(|minutes| minutes.unwrap_or(6.0) + 3.0)
            .collect();
        // As far out, in rows of which the target knows nothing.
        let far: Vec<f64> = (0..400)
            .map(|row| match row % 20 {
                10 => 1e6 + f64::from(row),
                _ => f64::from(row % 11),
            })
            .collect();
        let near: Vec<f64> = (0..400).map(|row| f64::from(row % 17)).collect();
        let frame = df!("minutes" => minutes, "far" => far, "near" => near).unwrap();
        let names = ["minutes", "far", "near"].map(String::from);
        let spec = PreprocessSpec {
            scaling,
            ..PreprocessSpec::default()
        };
        let train: Vec<u32> = (0..300).collect();
        let (fitted, _) = Preprocessing::fit(&frame, &names, &train, &spec, None).unwrap();
        let fitted = fitted.straighten(&frame, &train, &targets[..300]).unwrap();
        let encoded = fitted.encode(&frame).unwrap();
        let mut at = 0;
        fitted
            .columns
            .iter()
            .map(|column| {
                let Encoding::Number(number) = &column.encoding else {
                    unreachable!("a column of numbers")
                };
                let largest = encoded
                    .numeric
                    .chunks_exact(encoded.numeric_width)
                    .map(|row| f64::from(row[at]));
                let largest = largest.fold(f64::MIN, f64::max);
                at += number.width();
                (
                    matches!(number.scale, Scale::Linear { straight: true, .. }),
                    largest,
                )
            })
            .collect()
    }

    #[test]
    fn a_number_that_the_target_follows_far_out_is_straight() {
        let [minutes, far, near] = straightened(Scaling::Robust)[..] else {
            unreachable!("three columns")
        };
        // Clipped, the largest would come to 9.6.
        assert!(minutes.0 && minutes.1 > 10.0 && minutes.1 < 11.0, "{minutes:?}");
        assert!(!far.0 && far.1 > 3.0 && far.1 < 20.0, "{far:?}");
        assert!(!near.0 && near.1 < 3.0, "{near:?}");
        let by_rank = straightened(Scaling::Quantile);
        assert!(by_rank.iter().all(|(straight, _)| !straight), "{by_rank:?}");
    }

    #[test]
    fn a_stored_scale_without_the_word_is_clipped() {
        let scale: Scale =
            serde_json::from_str(r#"{"scaling": "linear", "center": 1.0, "width": 2.0}"#).unwrap();
        assert_eq!(
            scale,
            Scale::Linear {
                center: 1.0,
                width: 2.0,
                straight: false
            }
        );
        assert!(!serde_json::to_string(&scale).unwrap().contains("straight"));
    }
}
