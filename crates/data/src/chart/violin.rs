//! Densities of a number for each category.

use super::{
    Drawing, axis_of_names, axis_over, counted,
    groups::{beside, grouped, key, omitted_note},
    histogram::bin,
    numbers::{indices, position, reals, scale},
    rows::Rows,
};
use crate::{bins::Bins, error::Result};
use aloft_spec::{
    chart::{Marks, Violin},
    table::Field,
};
use polars::prelude::*;
use std::collections::HashMap;

/// Width of a category's violins.
const WIDTH: f64 = 0.84;
/// Bins in which the values of a violin are counted before they are smoothed.
const FINE_BINS: usize = 512;
/// Positions at which a violin's density is given.
const POSITIONS: usize = 96;

pub(super) fn draw(rows: &Rows<'_>, x: &Field, y: &Field) -> Result<Drawing> {
    let position = position(y, rows.spec.log_y, "choose a column of numbers as `y`")?;
    let quantile = |share: f64| col("y").quantile(lit(share), QuantileMethod::Linear);
    let aggregates = [
        ("low", col("y").min()),
        ("q1", quantile(0.25)),
        ("q2", quantile(0.5)),
        ("q3", quantile(0.75)),
        ("high", col("y").max()),
        ("std", col("y").std(1)),
        ("count", len().cast(DataType::Float64)),
    ];
    let (groups, categories) = grouped(rows, x, Some(position.clone()), &aggregates)?;
    let low = groups
        .iter()
        .map(|group| group.numbers[0])
        .fold(f64::INFINITY, f64::min);
    let high = groups
        .iter()
        .map(|group| group.numbers[4])
        .fold(f64::NEG_INFINITY, f64::max);
    let mut panels: Vec<Vec<Violin>> = vec![Vec::new(); rows.panels()];
    if low <= high {
        let bins = Bins::new(low, high, false, FINE_BINS);
        let counts = counts(rows, x, position, &bins, &categories)?;
        let mut most = 0.0_f64;
        for group in &groups {
            let (at, width) = beside(group.category, group.class, rows.classes.names.len(), WIDTH);
            let [low, q1, q2, q3, high, std, count] = std::array::from_fn(|index| group.numbers[index]);
            let bandwidth = bandwidth(std, q3 - q1, count).max(bins.width);
            let none = vec![0.0; bins.count];
            let counts = counts
                .get(&(group.facet, group.class, group.category))
                .unwrap_or(&none);
            let density = density(counts, &bins, bandwidth, (low, high));
            most = density.iter().map(|[_, density]| *density).fold(most, f64::max);
            panels[group.facet].push(Violin {
                at,
                width,
                class: group.class,
                density,
                quartiles: [q1, q2, q3],
            });
        }
        for [_, density] in panels.iter_mut().flatten().flat_map(|violin| &mut violin.density) {
            *density /= most.max(f64::MIN_POSITIVE);
        }
    }
    let all = || panels.iter().flatten();
    let description = format!(
        "Violin plot of {} by {}, {}",
        y.name,
        x.name,
        counted(all().count(), "violin")
    );
    let ends = all().flat_map(|violin| violin.density.iter().map(|[at, _]| *at));
    Ok(Drawing {
        description,
        y: axis_over(&*y.name, scale(y, rows.spec.log_y), ends, 0.02),
        panels: panels
            .into_iter()
            .map(|violins| Marks::Violins { violins })
            .collect(),
        x: axis_of_names(&*x.name, categories.names.clone()),
        ramp: None,
        notes: omitted_note(&categories),
    })
}

/// Rows in each fine bin, by facet, class and category.
fn counts(
    rows: &Rows<'_>,
    x: &Field,
    position: Expr,
    bins: &Bins,
    categories: &super::groups::Categories,
) -> Result<HashMap<(usize, usize, usize), Vec<f64>>> {
    let plan = rows.relation.plan.clone().select([
        rows.classes.index.clone().alias("class"),
        rows.facets.index.clone().alias("facet"),
        key(x)?.alias("key"),
        position.alias("y"),
    ]);
    let keep = col("y")
        .is_not_null()
        .and(col("facet").lt(lit(rows.panels() as u32)));
    let frame = rows.relation.run(
        plan.filter(keep)
            .select([
                col("class"),
                col("facet"),
                col("key"),
                bin("y", bins).alias("bin"),
            ])
            .group_by([col("facet"), col("class"), col("key"), col("bin")])
            .agg([len().alias("rows")]),
    )?;
    let places = categories.places(&frame, "key")?;
    let (facets, classes) = (indices(&frame, "facet")?, indices(&frame, "class")?);
    let (at, numbers) = (indices(&frame, "bin")?, reals(&frame, "rows")?);
    let mut counts = HashMap::new();
    for row in 0..frame.height() {
        if let Some(category) = places[row] {
            let of = (facets[row], classes[row], category);
            counts.entry(of).or_insert_with(|| vec![0.0; bins.count])[at[row]] += numbers[row];
        }
    }
    Ok(counts)
}

/// Silverman's rule of thumb (1986, eq. 3.31).
fn bandwidth(std: f64, quartile_range: f64, count: f64) -> f64 {
    let spread = match (std, quartile_range / 1.34) {
        (std, range) if range > 0.0 && range < std => range,
        (std, _) if std.is_finite() => std,
        _ => 0.0,
    };
    0.9 * spread * count.powf(-0.2)
}

/// A Gaussian kernel density estimate from counts, between the smallest and the largest value.
fn density(counts: &[f64], bins: &Bins, bandwidth: f64, (low, high): (f64, f64)) -> Vec<[f64; 2]> {
    let total: f64 = counts.iter().sum();
    let step = (high - low) / (POSITIONS - 1) as f64;
    let occupied: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0.0)
        .map(|(index, count)| (bins.edge(index) + bins.width / 2.0, *count))
        .collect();
    let height = total * bandwidth * std::f64::consts::TAU.sqrt();
    (0..if step > 0.0 { POSITIONS } else { 1 })
        .map(|index| {
            let at = low + step * index as f64;
            let sum: f64 = occupied
                .iter()
                .map(|(middle, count)| count * (-0.5 * ((at - middle) / bandwidth).powi(2)).exp())
                .sum();
            [at, sum / height.max(f64::MIN_POSITIVE)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_is_one_in_all() {
        let bins = Bins::new(-4.0, 4.0, false, FINE_BINS);
        let counts: Vec<f64> = (0..FINE_BINS)
            .map(|index| 1e4 * (-0.5 * (bins.edge(index) + bins.width / 2.0).powi(2)).exp())
            .collect();
        let density = density(&counts, &bins, 0.1, (-4.0, 4.0));
        let step = 8.0 / (POSITIONS - 1) as f64;
        let area: f64 = density.iter().map(|[_, density]| density * step).sum();
        assert!((area - 1.0).abs() < 0.01, "{area}");
        let peak = density.iter().map(|[_, density]| *density).fold(0.0, f64::max);
        // The normal density at 0, a little lower by the smoothing.
        assert!((peak - 0.397).abs() < 0.004, "{peak}");
        assert!((bandwidth(1.0, 1.34, 100_000.0) - 0.09).abs() < 1e-12);
    }
}
