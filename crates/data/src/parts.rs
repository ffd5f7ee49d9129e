//! Tables in parts, each of which is read without the others, and plans over them.
//!
//! The streaming engine of polars has no sources but its own. A plan over parts is for its engine in memory: the columns
//! that the plan needs are read on all cores, unless they are too large for that.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    in_order::in_order,
    profile::Seen,
};
use polars::prelude::*;
use std::{
    any::Any,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Columns that take more memory than this aren't read at once.
const MOST_BYTES: u64 = 1 << 30;

/// A table in parts.
pub(crate) trait Parts: Send + Sync {
    fn count(&self) -> usize;

    /// How many rows a part has, by its number.
    fn rows(&self, number: usize) -> u64;

    fn schema(&self) -> SchemaRef;

    /// The rows of a part; of these columns alone where they are given, in that order.
    fn read(&self, number: usize, columns: Option<&[PlSmallStr]>) -> Result<DataFrame>;

    /// About how many bytes so many rows of these columns take in memory.
    fn bytes(&self, columns: Option<&[PlSmallStr]>, rows: u64) -> u64;

    /// What is known of all rows, where they were looked at when they were found.
    fn seen(&self) -> Option<&Seen> {
        None
    }
}

/// Hands the rows of parts to `take` in their order, until it returns false. They are read side by side.
pub(crate) fn batches(
    parts: &dyn Parts,
    columns: Option<&[PlSmallStr]>,
    cancel: &Cancel,
    mut take: impl FnMut(DataFrame) -> Result<bool> + Send,
) -> Result<()> {
    let wanted = AtomicBool::new(true);
    let mut numbers = 0..parts.count();
    in_order(
        || {
            cancel.step()?;
            Ok(numbers.next().filter(|_| wanted.load(Ordering::Relaxed)))
        },
        |number| parts.read(number, columns),
        |part: Result<DataFrame>| {
            if wanted.load(Ordering::Relaxed) {
                wanted.store(take(part?)?, Ordering::Relaxed);
            }
            Ok(())
        },
    )
}

/// At most `rows` rows from the row `first` on; only the parts that they lie in are read.
pub(crate) fn slice(parts: &dyn Parts, first: u64, rows: u64) -> Result<DataFrame> {
    let mut found = DataFrame::empty_with_schema(&parts.schema());
    let (mut before, end) = (0, first.saturating_add(rows));
    for number in 0..parts.count() {
        let behind = before + parts.rows(number);
        if behind > first && before < end {
            let (from, to) = (first.max(before) - before, end.min(behind) - before);
            let part = parts.read(number, None)?;
            let part = part.slice(from as i64, (to - from) as usize);
            guarded(|| found.vstack_mut_owned(part).map(drop))?;
        }
        before = behind;
    }
    Ok(found)
}

/// A plan over all rows, for the engine in memory alone. Where what it needs is too large it ends with
/// [`DataError::TooLarge`]. `cancel` stops it on whatever thread of polars it runs.
pub(crate) fn plan(parts: &Arc<dyn Parts>, cancel: &Cancel) -> Result<LazyFrame> {
    let arguments = ScanArgsAnonymous {
        schema: Some(parts.schema()),
        name: "PARTS",
        ..Default::default()
    };
    let scan = Scan {
        parts: parts.clone(),
        cancel: cancel.clone(),
    };
    guarded(|| LazyFrame::anonymous_scan(Arc::new(scan), arguments))
}

struct Scan {
    parts: Arc<dyn Parts>,
    cancel: Cancel,
}

/// The parts that a plan made by [`plan`] reads.
pub(crate) fn parts(scan: &dyn AnonymousScan) -> Option<Arc<dyn Parts>> {
    scan.as_any()
        .downcast_ref::<Scan>()
        .map(|scan| scan.parts.clone())
}

impl AnonymousScan for Scan {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn allows_projection_pushdown(&self) -> bool {
        true
    }

    fn scan(&self, wanted: AnonymousScanArgs) -> PolarsResult<DataFrame> {
        let rows = wanted.n_rows.map_or(u64::MAX, |rows| rows as u64);
        self.read(wanted.with_columns.as_deref(), rows)
            // It comes out of polars as what it is: see `From<PolarsError>`.
            .map_err(|error| PolarsError::from(io::Error::other(error)))
    }
}

impl Scan {
    /// The first `rows` rows of some columns.
    fn read(&self, columns: Option<&[PlSmallStr]>, rows: u64) -> Result<DataFrame> {
        let parts = &*self.parts;
        let all: u64 = (0..parts.count()).map(|number| parts.rows(number)).sum();
        let rows = rows.min(all);
        if parts.bytes(columns, rows) > MOST_BYTES {
            return Err(DataError::TooLarge);
        }
        let (mut height, mut read) = (0, Vec::new());
        batches(parts, columns, &self.cancel, |part| {
            height += part.height() as u64;
            read.push(part.into_columns().into_iter());
            Ok(height < rows)
        })?;
        let width = read.first().map_or(0, ExactSizeIterator::len);
        let mut joined = Vec::with_capacity(width);
        for _ in 0..width {
            // Column by column, so that never more than one of them is there twice.
            let mut pieces = read.iter_mut().filter_map(Iterator::next);
            let Some(mut column) = pieces.next() else { break };
            guarded(|| {
                pieces.try_for_each(|piece| column.append_owned(piece).map(drop))?;
                Ok(())
            })?;
            joined.push(column.rechunk());
        }
        let frame = if read.is_empty() {
            let schema = parts.schema();
            match columns {
                Some(columns) => guarded(|| Ok(DataFrame::empty_with_schema(&schema.try_project(columns)?)))?,
                None => DataFrame::empty_with_schema(&schema),
            }
        } else {
            guarded(|| DataFrame::new(height as usize, joined))?
        };
        Ok(frame.head(Some(rows as usize)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    /// Three numbers and their texts in each part; whoever reads part number `stops` is stopped.
    struct Numbers {
        parts: usize,
        read: AtomicUsize,
        stops: Option<(usize, Cancel)>,
        bytes: u64,
    }

    impl Parts for Numbers {
        fn count(&self) -> usize {
            self.parts
        }

        fn rows(&self, _: usize) -> u64 {
            3
        }

        fn schema(&self) -> SchemaRef {
            let field = |name: &str, dtype| Field::new(name.into(), dtype);
            Arc::new(
                [field("n", DataType::UInt64), field("text", DataType::String)]
                    .into_iter()
                    .collect(),
            )
        }

        fn read(&self, number: usize, columns: Option<&[PlSmallStr]>) -> Result<DataFrame> {
            self.read.fetch_add(1, Ordering::Relaxed);
            if let Some((_, cancel)) = self.stops.as_ref().filter(|(stops, _)| *stops == number) {
                cancel.cancel();
            }
            let numbers: Vec<u64> = (0..3).map(|row| (3 * number + row) as u64).collect();
            let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
            guarded(|| {
                let frame = df!("n" => numbers, "text" => texts)?;
                match columns {
                    Some([]) => Ok(DataFrame::empty_with_height(3)),
                    Some(columns) => frame.select(columns.iter().cloned()),
                    None => Ok(frame),
                }
            })
        }

        fn bytes(&self, columns: Option<&[PlSmallStr]>, rows: u64) -> u64 {
            columns.map_or(2, <[_]>::len) as u64 * rows * self.bytes
        }
    }

    fn numbers(parts: usize, bytes: u64, stops: Option<(usize, Cancel)>) -> Arc<Numbers> {
        let read = AtomicUsize::new(0);
        Arc::new(Numbers {
            parts,
            read,
            stops,
            bytes,
        })
    }

    fn planned(parts: &Arc<Numbers>, cancel: &Cancel) -> LazyFrame {
        let parts: Arc<dyn Parts> = parts.clone();
        plan(&parts, cancel).unwrap()
    }

    fn collected(parts: &Arc<Numbers>, build: impl FnOnce(LazyFrame) -> LazyFrame) -> Result<DataFrame> {
        let plan = build(planned(parts, &Cancel::new()));
        guarded(|| plan.collect())
    }

    #[test]
    fn plans_read_what_they_need() {
        let parts = numbers(50, 8, None);
        let all = collected(&parts, |plan| plan).unwrap();
        let whole: Vec<u64> = (0..150).collect();
        assert_eq!(
            all.column("n").unwrap().u64().unwrap().to_vec_null_aware().left(),
            Some(whole)
        );
        assert_eq!((all.width(), all.first_col_n_chunks()), (2, 1));
        let sum = collected(&parts, |plan| {
            plan.filter(col("n").gt(lit(147))).select([col("n").sum()])
        })
        .unwrap();
        assert_eq!(sum.column("n").unwrap().u64().unwrap().get(0), Some(297));
        let count = collected(&parts, |plan| plan.select([len()])).unwrap();
        assert_eq!(count.columns()[0].get(0).unwrap().extract::<u64>(), Some(150));
        parts.read.store(0, Ordering::Relaxed);
        let first = collected(&parts, |plan| plan.slice(0, 4)).unwrap();
        assert_eq!((first.height(), first.width()), (4, 2));
        assert!(parts.read.load(Ordering::Relaxed) < 25);
        assert_eq!(
            collected(&numbers(0, 8, None), |plan| plan.select([col("text")]))
                .unwrap()
                .shape(),
            (0, 1)
        );
    }

    #[test]
    fn slices_read_the_parts_that_they_lie_in() {
        let parts = numbers(50, 8, None);
        let of = |first, rows| {
            let found = slice(&*parts, first, rows).unwrap();
            found
                .column("n")
                .unwrap()
                .u64()
                .unwrap()
                .iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        assert_eq!(of(4, 4), [4, 5, 6, 7]);
        assert_eq!(parts.read.load(Ordering::Relaxed), 2);
        assert_eq!(of(148, 9), [148, 149]);
        assert!(of(150, 1).is_empty() && of(0, 0).is_empty());
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        // Of both columns it is more than is read at once, of one it isn't.
        let parts = numbers(50, MOST_BYTES / 200, None);
        let error = collected(&parts, |plan| plan).unwrap_err();
        assert!(matches!(error, DataError::TooLarge), "{error}");
        assert_eq!(parts.read.load(Ordering::Relaxed), 0);
        assert_eq!(
            collected(&parts, |plan| plan.select([col("n")]))
                .unwrap()
                .height(),
            150
        );
    }

    #[test]
    fn a_plan_stops_wherever_it_runs() {
        let cancel = Cancel::new();
        let parts = numbers(50, 8, Some((3, cancel.clone())));
        let error = guarded(|| planned(&parts, &cancel).collect()).unwrap_err();
        assert!(matches!(error, DataError::Stopped), "{error}");
        assert!(parts.read.load(Ordering::Relaxed) < 25);
        // The same rows for somebody else aren't stopped.
        assert!(collected(&parts, |plan| plan).is_ok());
        // polars reads both sides of a join on threads of its own.
        for stops_left in [false, true] {
            let cancel = Cancel::new();
            let side = |stops: bool| {
                let parts = numbers(50, 8, stops.then(|| (3, cancel.clone())));
                planned(&parts, &cancel)
            };
            let by = [col("n")];
            let joined = side(stops_left).join(side(!stops_left), &by, &by, JoinArgs::new(JoinType::Inner));
            let error = guarded(|| joined.collect()).unwrap_err();
            assert!(matches!(error, DataError::Stopped), "{error}");
        }
    }
}
