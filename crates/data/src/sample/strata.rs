//! Stratified samples: of each different value of some columns in proportion to how often it occurs.

use super::draw_of;
use crate::{
    Cancel,
    error::{DataError, Result, guarded},
    execute,
};
use aloft_spec::{source::SampleSpec, text::thousands};
use polars::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// The rows of a stratified sample. Two passes over the columns `by`: how many rows each stratum has, then where the
/// drawn ones of each lie. Strata are numbered as they first occur, and each has a draw of its own.
pub(super) fn choose(plan: &LazyFrame, sample: &SampleSpec, cancel: &Cancel) -> Result<Vec<u64>> {
    if sample.by.is_empty() {
        return Err(DataError::BadValue {
            what: "a stratified sample needs columns".into(),
            hint: "add `by = \"a column\"` to `sample`".into(),
        });
    }
    let schema = guarded(|| plan.clone().collect_schema())?;
    if let Some(name) = sample.by.iter().find(|name| !schema.contains(name)) {
        return Err(DataError::UnknownColumn {
            name: name.clone(),
            columns: schema.iter_names().map(ToString::to_string).collect(),
        });
    }
    let strata = count(plan, sample, cancel)?;
    let shares = shares(&strata.counts, sample.rows);
    let waiting = strata
        .counts
        .iter()
        .zip(shares)
        .enumerate()
        .map(|(number, (count, share))| {
            let mut waiting = draw_of(*count, share, sample.seed, number as u64 + 1);
            // The next one is popped from the end.
            waiting.reverse();
            waiting
        })
        .collect();
    let places = Places {
        seen: vec![0; strata.counts.len()],
        waiting,
        rows: Vec::new(),
        row: 0,
    };
    let numbers = strata.numbers;
    let places = over_hashes(plan, &sample.by, cancel, places, move |places, hashes| {
        for hash in hashes {
            if let Some(number) = numbers.get(hash).copied() {
                let within = places.seen[number];
                places.seen[number] += 1;
                if places.waiting[number].last() == Some(&within) {
                    places.waiting[number].pop();
                    places.rows.push(places.row);
                }
            }
            places.row += 1;
        }
        Ok(())
    })?;
    Ok(places.rows)
}

#[derive(Default)]
struct Strata {
    /// The number of a stratum by the hash of its values.
    numbers: PlHashMap<u64, usize>,
    counts: Vec<u64>,
}

#[derive(Default)]
struct Places {
    /// Rows of each stratum so far.
    seen: Vec<u64>,
    /// Drawn rows of each stratum that are still to come, counted within it, the next one last.
    waiting: Vec<Vec<u64>>,
    rows: Vec<u64>,
    row: u64,
}

fn count(plan: &LazyFrame, sample: &SampleSpec, cancel: &Cancel) -> Result<Strata> {
    let (by, most) = (names(&sample.by), sample.rows);
    over_hashes(
        plan,
        &sample.by,
        cancel,
        Strata::default(),
        move |strata, hashes| {
            for hash in hashes {
                let next = strata.counts.len();
                let number = *strata.numbers.entry(*hash).or_insert(next);
                if number == next {
                    strata.counts.push(0);
                }
                strata.counts[number] += 1;
            }
            if strata.counts.len() as u64 > most {
                return Err(DataError::BadValue {
                    what: format!(
                        "{by} has more different values than the sample has rows, {}",
                        thousands(most)
                    ),
                    hint: "stratify by columns with fewer values, or take more rows".into(),
                });
            }
            Ok(())
        },
    )
}

/// Hands the hash of each row's values in `columns` to `take`, batch by batch; returns what that has gathered.
fn over_hashes<T: Default + Send + 'static>(
    plan: &LazyFrame,
    columns: &[String],
    cancel: &Cancel,
    gathered: T,
    mut take: impl FnMut(&mut T, &[u64]) -> Result<()> + Send + 'static,
) -> Result<T> {
    let gathered = Arc::new(Mutex::new(gathered));
    let into = gathered.clone();
    let mut hashes = Vec::new();
    let chosen: Vec<Expr> = columns.iter().map(|name| col(name.as_str())).collect();
    execute::batches(plan.clone().select(chosen), cancel, move |batch| {
        guarded(|| {
            for (index, column) in batch.columns().iter().enumerate() {
                let state = PlSeedableRandomStateQuality::fixed();
                let series = column.as_materialized_series();
                match index {
                    0 => series.vec_hash(state, &mut hashes)?,
                    _ => series.vec_hash_combine(state, &mut hashes)?,
                }
            }
            Ok(())
        })?;
        take(&mut into.lock().unwrap_or_else(PoisonError::into_inner), &hashes)?;
        Ok(true)
    })?;
    Ok(std::mem::take(
        &mut *gathered.lock().unwrap_or_else(PoisonError::into_inner),
    ))
}

/// How many rows each stratum gives: one, and of the others its part (by largest remainders, the first ones first).
/// There must be no more strata than rows are wanted, and at least as many rows as are.
fn shares(counts: &[u64], wanted: u64) -> Vec<u64> {
    let total: u64 = counts.iter().sum();
    let strata = counts.len() as u64;
    let (left, others) = (u128::from(wanted - strata), u128::from(total - strata));
    if others == 0 {
        return vec![1; counts.len()];
    }
    let products: Vec<u128> = counts.iter().map(|count| left * u128::from(count - 1)).collect();
    let mut shares: Vec<u64> = products
        .iter()
        .map(|product| 1 + (product / others) as u64)
        .collect();
    let missing = wanted - shares.iter().sum::<u64>();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(products[*index] % others));
    for index in order.into_iter().take(missing as usize) {
        shares[index] += 1;
    }
    shares
}

fn names(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" with ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_are_in_proportion_and_never_none(
            counts in prop::collection::vec(1_u64..10_000, 1..40),
            more in 0.0..1.0_f64,
        ) {
            let (total, strata) = (counts.iter().sum::<u64>(), counts.len() as u64);
            let wanted = strata + (more * (total - strata) as f64) as u64;
            let shares = shares(&counts, wanted);
            prop_assert_eq!(shares.iter().sum::<u64>(), wanted);
            for (count, share) in counts.iter().zip(&shares) {
                prop_assert!(*share >= 1 && share <= count);
                let ideal = wanted as f64 * *count as f64 / total as f64;
                prop_assert!((*share as f64 - ideal).abs() <= strata as f64 + 1.0);
            }
        }
    }
}
