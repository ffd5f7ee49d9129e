//! Counts in bins.

use super::{
    Drawing, axis_over, counted,
    numbers::{has_zone, indices, is_whole, on, rough_position, scale},
    rows::Rows,
};
use crate::{
    bins::Bins,
    error::{Result, guarded},
    execute::{self, EngineChoice},
};
use aloft_spec::{
    chart::{Bar, Marks, Scale},
    table::Field,
};
use polars::prelude::*;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const DEFAULT_BINS: usize = 40;
const MOST_BINS: usize = 500;
/// Bytes of rows that are kept from finding the ends to counting: 32 million values.
const KEPT_BYTES: usize = 256 << 20;

pub(super) fn draw(rows: &Rows<'_>, x: &Field) -> Result<Drawing> {
    let spec = rows.spec;
    let most = spec.bins.unwrap_or(DEFAULT_BINS).clamp(1, MOST_BINS);
    let values = rough_position(x, spec.log_x, "choose mark = \"bar\"")?.alias("x");
    let Seen { low, high, kept } = match noted_ends(rows, x, values.clone())? {
        Some((low, high)) => Seen {
            low,
            high,
            kept: None,
        },
        None => see(rows, values.clone(), KEPT_BYTES)?,
    };
    let mut panels = vec![Vec::new(); rows.panels()];
    let mut edges = Vec::new();
    if low.is_finite() && high.is_finite() {
        let bins = Bins::new(low, high, is_whole(x, spec.log_x), most);
        edges = (0..=bins.count).map(|index| bins.edge(index)).collect();
        for (panel, counts) in panels.iter_mut().zip(count(rows, values, &bins, kept)?) {
            *panel = bars(&counts, &edges, spec.log_y);
        }
    }
    let tops = panels.iter().flatten().map(|bar: &Bar| bar.top);
    let y_scale = if spec.log_y { Scale::Log } else { Scale::Linear };
    let mut y = axis_over("rows", y_scale, tops.chain([0.0]), 0.0);
    // A bar of one row has to be seen on a logarithmic axis too.
    y.low = if spec.log_y { LOG_FLOOR } else { 0.0 };
    let mut x_axis = axis_over(&*x.name, scale(x, spec.log_x), edges.iter().copied(), 0.0);
    if edges.is_empty() {
        x_axis.scale = scale(x, spec.log_x);
    }
    Ok(Drawing {
        description: format!(
            "Histogram of {}, {}",
            x.name,
            counted(edges.len().saturating_sub(1), "bin")
        ),
        panels: panels.into_iter().map(|bars| Marks::Bars { bars }).collect(),
        x: x_axis,
        y,
        ramp: None,
        notes: Vec::new(),
    })
}

/// Where bars of counts begin on a logarithmic axis: below one row.
pub(super) const LOG_FLOOR: f64 = -std::f64::consts::LOG10_2;

/// The smallest and the largest value as a file has noted them, if it has and if they are finite; of all rows only.
fn noted_ends(rows: &Rows<'_>, x: &Field, values: Expr) -> Result<Option<(f64, f64)>> {
    // Where clocks are put back, the last point in time isn't the latest that they show.
    if !rows.are_all() || has_zone(x) {
        return Ok(None);
    }
    let Some(noted) = rows.relation.noted_ends(&x.name)? else {
        return Ok(None);
    };
    let frame = noted.with_name(x.name.as_str().into()).into_frame();
    let frame = execute::collect(frame.lazy().select([values]), EngineChoice::InMemory)?;
    let (mut low, mut high, mut finite) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    for_each_finite(&frame, |_, value| {
        (low, high) = (low.min(value), high.max(value));
        finite += 1;
    })?;
    // Beside a value that isn't, the smallest or largest that is finite isn't noted.
    Ok((finite == frame.height()).then_some((low, high)))
}

/// What a first pass over the rows found.
struct Seen {
    /// The smallest finite value, or infinity where there is none.
    low: f64,
    /// The largest, or negative infinity.
    high: f64,
    /// All batches, where they have room: a second pass would read and compute them anew.
    kept: Option<Vec<DataFrame>>,
}

/// The ends of the values, and the rows themselves if `room` bytes are enough for them.
fn see(rows: &Rows<'_>, values: Expr, mut room: usize) -> Result<Seen> {
    let seen = Arc::new(Mutex::new(Seen {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
        kept: Some(Vec::new()),
    }));
    let into = seen.clone();
    rows.each([values], move |batch| {
        let mut seen = lock(&into);
        let (mut low, mut high) = (seen.low, seen.high);
        for_each_finite(batch, |_, value| (low, high) = (low.min(value), high.max(value)))?;
        (seen.low, seen.high) = (low, high);
        match room.checked_sub(batch.estimated_size()) {
            Some(left) => {
                room = left;
                seen.kept.iter_mut().for_each(|kept| kept.push(batch.clone()));
            }
            None => seen.kept = None,
        }
        Ok(())
    })?;
    let mut seen = lock(&seen);
    Ok(Seen {
        low: seen.low,
        high: seen.high,
        kept: seen.kept.take(),
    })
}

/// Rows in each bin, by facet and class; of batches that were kept, or else of the rows read once more.
fn count(
    rows: &Rows<'_>,
    values: Expr,
    bins: &Bins,
    kept: Option<Vec<DataFrame>>,
) -> Result<Vec<Vec<Vec<u64>>>> {
    let classes = rows.classes.names.len();
    let mut counts = vec![0_u64; rows.panels() * classes * bins.count];
    match kept {
        Some(batches) => {
            for batch in &batches {
                count_batch(batch, bins, classes, &mut counts)?;
            }
        }
        None => {
            let (into, bins) = (Arc::new(Mutex::new(counts)), *bins);
            let shared = into.clone();
            rows.each([values], move |batch| {
                count_batch(batch, &bins, classes, &mut lock(&shared))
            })?;
            counts = std::mem::take(&mut lock(&into));
        }
    }
    let of_panels = counts.chunks(classes * bins.count);
    Ok(of_panels
        .map(|counts| counts.chunks(bins.count).map(<[u64]>::to_vec).collect())
        .collect())
}

/// Adds the rows of a batch to counts of bins, by facet and in it by class.
fn count_batch(batch: &DataFrame, bins: &Bins, classes: usize, counts: &mut [u64]) -> Result<()> {
    if batch.width() == 1 {
        return for_each_finite(batch, |_, value| counts[place(value, bins)] += 1);
    }
    let (of_panel, of_class) = (indices(batch, "facet")?, indices(batch, "class")?);
    for_each_finite(batch, |row, value| {
        let list = of_panel[row] * classes + of_class[row];
        counts[list * bins.count + place(value, bins)] += 1;
    })
}

/// Does something with each finite value of the column `x` and the number of its row.
fn for_each_finite(batch: &DataFrame, mut each: impl FnMut(usize, f64)) -> Result<()> {
    let column = guarded(|| batch.column("x")?.as_materialized_series().f64().cloned())?;
    let mut first = 0;
    for values in column.downcast_iter() {
        let rows = values.values().iter().enumerate();
        match values.validity().filter(|validity| validity.unset_bits() > 0) {
            None => {
                rows.filter(|(_, value)| value.is_finite())
                    .for_each(|(row, value)| each(first + row, *value));
            }
            Some(validity) => {
                rows.zip(validity)
                    .filter(|((_, value), is_valid)| *is_valid && value.is_finite())
                    .for_each(|((row, value), _)| each(first + row, *value));
            }
        }
        first += values.len();
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bin of a value. The largest lies on the last edge, and rounding may put a value beside its bin.
fn place(value: f64, bins: &Bins) -> usize {
    // Casts hold at zero what is below it.
    (((value - bins.low) / bins.width) as usize).min(bins.count - 1)
}

/// The bin of a column. The largest value lies on the last edge, and rounding may put a value beside its bin.
pub(super) fn bin(column: &str, bins: &Bins) -> Expr {
    let place = ((col(column) - lit(bins.low)) / lit(bins.width)).floor();
    let last = (bins.count - 1) as f64;
    when(place.clone().lt(lit(0.0)))
        .then(lit(0.0))
        .when(place.clone().gt(lit(last)))
        .then(lit(last))
        .otherwise(place)
        .cast(DataType::UInt32)
}

/// Bars of each bin, those of classes on each other; on a logarithmic axis, where heights don't add, before each other.
fn bars(counts: &[Vec<u64>], edges: &[f64], log: bool) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (index, edge) in edges.windows(2).enumerate() {
        let mut below = 0;
        for (class, counts) in counts.iter().enumerate() {
            let count = counts[index];
            // A bin without rows is one bar without height, not one for each class.
            if count == 0 && class > 0 {
                continue;
            }
            let bottom = if log { LOG_FLOOR } else { below as f64 };
            let top = if log {
                on(true, count as f64).max(LOG_FLOOR)
            } else {
                (below + count) as f64
            };
            bars.push(Bar {
                left: edge[0],
                right: edge[1],
                bottom,
                top,
                class,
                value: count as f64,
            });
            below += count;
        }
    }
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cancel;
    use aloft_spec::{
        chart::{ChartSpec, Mark},
        source::SourceSpec,
        table::Scope,
    };

    #[test]
    fn rows_without_room_are_read_once_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.csv");
        let lines: String = (0..500)
            .map(|row| format!("{},{}\n", row % 97, row % 3))
            .collect();
        std::fs::write(&file, format!("x,class\n{lines}")).unwrap();
        let table = crate::source(&SourceSpec::new("t.csv"), &file, Scope::All, &Cancel::new()).unwrap();
        for engine in [EngineChoice::InMemory, EngineChoice::Streaming] {
            for color in [None, Some("class".to_owned())] {
                let mut relation = table.clone();
                relation.engine = engine;
                let spec = ChartSpec {
                    color,
                    ..ChartSpec::new("t", Mark::Histogram)
                };
                let rows = Rows::of(&relation, &spec).unwrap();
                let values = || col("x").cast(DataType::Float64);
                let counted = |room| {
                    let seen = see(&rows, values(), room).unwrap();
                    let bins = Bins::new(seen.low, seen.high, true, 10);
                    let is_kept = seen.kept.is_some();
                    (is_kept, count(&rows, values(), &bins, seen.kept).unwrap())
                };
                let ((kept, first), (all, again)) = (counted(usize::MAX), counted(100));
                assert!(kept && !all);
                assert_eq!(first, again);
                assert_eq!(first.iter().flatten().flatten().sum::<u64>(), 500);
            }
        }
    }
}
