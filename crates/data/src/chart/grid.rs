//! Counts and means in rectangles.

use super::numbers::{indices, reals};
use crate::{bins::Bins, error::Result};
use aloft_spec::chart::{Marks, Ramp};
use polars::prelude::*;

/// The edges of bins.
pub(super) fn edges(bins: &Bins) -> Vec<f64> {
    (0..=bins.count).map(|index| bins.edge(index)).collect()
}

/// The edges of names: half before the first to half after the last.
pub(super) fn edges_of_names(count: usize) -> Vec<f64> {
    (0..=count).map(|index| index as f64 - 0.5).collect()
}

/// The numbers of the rectangles of each panel, from rows with the columns `facet`, `column`, `row` and `value`.
pub(super) fn fill(
    frame: &DataFrame,
    panels: usize,
    columns: usize,
    rows: usize,
) -> Result<Vec<Vec<Option<f64>>>> {
    let mut filled = vec![vec![None; columns * rows]; panels];
    let (facets, values) = (indices(frame, "facet")?, reals(frame, "value")?);
    let (xs, ys) = (indices(frame, "column")?, indices(frame, "row")?);
    for at in 0..frame.height() {
        if xs[at] < columns && ys[at] < rows && values[at].is_finite() {
            filled[facets[at]][ys[at] * columns + xs[at]] = Some(values[at]);
        }
    }
    Ok(filled)
}

/// What colours of numbers stand for: from 0, or from the least where that isn't far from the most. `diverging` where
/// they lie on both sides of 0.
pub(super) fn ramp(label: impl Into<String>, panels: &[Marks]) -> Ramp {
    let values = panels.iter().flat_map(|marks| match marks {
        Marks::Cells { values, .. } => values.as_slice(),
        _ => &[],
    });
    let (low, high) = values
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(*value), high.max(*value))
        });
    let label = label.into();
    if low > high {
        return Ramp {
            label,
            low: 0.0,
            high: 1.0,
            diverging: false,
        };
    }
    if low < 0.0 && high > 0.0 {
        let most = high.max(-low);
        return Ramp {
            label,
            low: -most,
            high: most,
            diverging: true,
        };
    }
    Ramp {
        label,
        low: if low > 0.0 && low <= 0.5 * high { 0.0 } else { low },
        high,
        diverging: false,
    }
}
