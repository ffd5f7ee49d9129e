//! The latest rows by a column of time.

use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute,
    near::suggestion,
    table,
};
use aloft_spec::{source::SampleSpec, table::ColumnKind};
use polars::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// The rows with the largest values in the column `by`; of equal ones those that come later. Rows without a value aren't
/// among them. One pass over that column.
pub(super) fn choose(plan: &LazyFrame, sample: &SampleSpec, cancel: &Cancel) -> Result<Vec<u64>> {
    let [by] = sample.by.as_slice() else {
        return Err(DataError::BadValue {
            what: "the latest rows need one column of time".into(),
            hint: "add `by = \"a date\"` to `sample`".into(),
        });
    };
    let schema = guarded(|| plan.clone().collect_schema())?;
    check(by, &schema)?;
    let latest = Arc::new(Mutex::new(Latest::new(sample.rows as usize)));
    let into = latest.clone();
    let column = plan.clone().select([col(by.as_str())]);
    execute::batches(column, cancel, move |batch| {
        let mut latest = into.lock().unwrap_or_else(PoisonError::into_inner);
        guarded(|| latest.add(batch.columns()[0].as_materialized_series()))?;
        Ok(true)
    })?;
    let latest = std::mem::replace(
        &mut *latest.lock().unwrap_or_else(PoisonError::into_inner),
        Latest::new(0),
    );
    Ok(latest.rows())
}

fn check(by: &str, schema: &Schema) -> Result<()> {
    let Some(dtype) = schema.get(by) else {
        return Err(DataError::UnknownColumn {
            name: by.to_owned(),
            columns: schema.iter_names().map(ToString::to_string).collect(),
        });
    };
    match table::kind(dtype) {
        ColumnKind::Text | ColumnKind::Boolean | ColumnKind::Other => {
            let times: Vec<&str> = schema
                .iter()
                .filter(|(_, dtype)| matches!(table::kind(dtype), ColumnKind::Date | ColumnKind::Datetime))
                .map(|(name, _)| name.as_str())
                .collect();
            Err(DataError::BadValue {
                what: format!("`{by}` holds {dtype}, which has no latest"),
                hint: suggestion(by, "columns of time", times),
            })
        }
        _ => Ok(()),
    }
}

/// The largest of a stream, in twice their number of places.
struct Latest {
    most: usize,
    /// A value's place in the order, and its row.
    kept: Vec<(u64, u64)>,
    /// The smallest that is worth keeping.
    least: (u64, u64),
    row: u64,
}

impl Latest {
    fn new(most: usize) -> Self {
        Self {
            most,
            kept: Vec::new(),
            least: (0, 0),
            row: 0,
        }
    }

    fn add(&mut self, series: &Series) -> PolarsResult<()> {
        const SIGN: u64 = 1 << 63;
        if series.dtype().is_temporal() || series.dtype().is_signed_integer() {
            let whole = series.to_physical_repr().cast(&DataType::Int64)?;
            whole
                .i64()?
                .iter()
                .for_each(|value| self.take(value.map(|value| value as u64 ^ SIGN)));
        } else if series.dtype().is_unsigned_integer() {
            let whole = series.cast(&DataType::UInt64)?;
            whole.u64()?.iter().for_each(|value| self.take(value));
        } else {
            let place = |value: f64| match (value + 0.0).to_bits() {
                bits if bits & SIGN == 0 => bits | SIGN,
                bits => !bits,
            };
            let real = series.cast(&DataType::Float64)?;
            real.f64()?
                .iter()
                .for_each(|value| self.take(value.filter(|value| !value.is_nan()).map(place)));
        }
        Ok(())
    }

    fn take(&mut self, place: Option<u64>) {
        if let Some(place) = place
            && (place, self.row) >= self.least
        {
            self.kept.push((place, self.row));
            if self.kept.len() >= 2 * self.most.max(1) {
                self.cut();
            }
        }
        self.row += 1;
    }

    fn cut(&mut self) {
        if self.kept.len() > self.most && self.most > 0 {
            let (_, least, _) = self.kept.select_nth_unstable_by(self.most - 1, |a, b| b.cmp(a));
            self.least = *least;
        }
        self.kept.truncate(self.most);
    }

    fn rows(mut self) -> Vec<u64> {
        self.cut();
        let mut rows: Vec<u64> = self.kept.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_latest_are_the_largest(values in prop::collection::vec(prop::option::of(-50_i64..50), 0..300), most in 0_usize..40) {
            let mut latest = Latest::new(most);
            for part in values.chunks(7) {
                latest.add(&Series::new("t".into(), part)).unwrap();
            }
            let mut sorted: Vec<(i64, u64)> = values
                .iter()
                .zip(0..)
                .filter_map(|(value, row)| value.map(|value| (value, row)))
                .collect();
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            let mut expected: Vec<u64> = sorted.into_iter().take(most).map(|(_, row)| row).collect();
            expected.sort_unstable();
            prop_assert_eq!(latest.rows(), expected);
        }
    }

    #[test]
    fn real_numbers_have_their_order() {
        let mut latest = Latest::new(2);
        let values = [-1.5, f64::NAN, -0.5, 3.0, f64::NEG_INFINITY, 0.0];
        latest.add(&Series::new("t".into(), values)).unwrap();
        assert_eq!(latest.rows(), [3, 5]);
    }
}
