//! Numbers, dates and times: values with an order, as 64-bit keys in that order.

use super::{
    BINS, QUANTILES,
    meaning::Meaning,
    tally::{EXACT_VALUES, Tally},
    top,
};
use crate::{
    bins::Bins,
    sketch::{Days, Moments, Quantiles, Ranked},
};
use aloft_spec::{
    profile::{ColumnProfile, Gaps, Histogram},
    table::ColumnKind,
};

/// Different values up to which all of them are worth showing.
const FEW_VALUES: u64 = 50;
/// Beyond, a value is shown when at least one row in so many has it.
const NOTABLE: u64 = 100;

/// What is known about a column of ordered values so far.
#[derive(Clone)]
pub(super) struct Ordered {
    meaning: Meaning,
    /// Different values that are held exactly.
    exact_values: usize,
    tally: Tally,
    /// Once the tally no longer holds all values.
    sketch: Option<Sketch>,
    numbers: Vec<f64>,
}

#[derive(Clone)]
struct Sketch {
    min: i64,
    max: i64,
    moments: Moments,
    quantiles: Quantiles,
    days: Days,
}

impl Ordered {
    pub(super) fn new(meaning: Meaning, exact: bool) -> Self {
        Self {
            meaning,
            exact_values: if exact { usize::MAX } else { EXACT_VALUES },
            tally: Tally::new(),
            sketch: None,
            numbers: Vec::new(),
        }
    }

    /// Adds some hundred keys.
    pub(super) fn add(&mut self, keys: &[i64]) {
        for key in keys {
            self.tally.add(*key as u64);
        }
        if let Some(sketch) = &mut self.sketch {
            sketch.add(keys, &self.meaning, &mut self.numbers);
        } else if self.tally.held() > self.exact_values {
            self.approximate();
        }
    }

    /// Adds all that another one has seen.
    pub(super) fn merge(&mut self, mut other: Self) {
        if self.sketch.is_some() || other.sketch.is_some() {
            self.approximate();
            other.approximate();
        }
        self.tally.merge(&other.tally);
        match (&mut self.sketch, other.sketch) {
            (Some(sketch), Some(other)) => sketch.merge(other),
            _ if self.tally.held() > self.exact_values => self.approximate(),
            _ => {}
        }
    }

    fn approximate(&mut self) {
        if self.sketch.is_none() {
            self.sketch = Some(Sketch::of(&self.tally, &self.meaning));
            self.tally.approximate();
        }
    }

    /// Puts what is known into a profile; `rows` have a value.
    pub(super) fn put(&self, profile: &mut ColumnProfile, rows: u64) {
        profile.distinct = self.tally.distinct(rows);
        profile.distinct_approximate = !self.tally.is_exact();
        if rows == 0 {
            return;
        }
        let exact;
        let sketch = match &self.sketch {
            Some(sketch) => sketch,
            None => {
                exact = Sketch::of(&self.tally, &self.meaning);
                &exact
            }
        };
        profile.min = Some(self.meaning.text(sketch.min));
        profile.max = Some(self.meaning.text(sketch.max));
        let ranked = match self.sketch {
            Some(_) => sketch.quantiles.ranked(),
            None => Ranked::new(
                self.tally
                    .counts()
                    .map(|(key, count)| (key as i64, count))
                    .collect(),
            ),
        };
        let error = self.sketch.as_ref().map(|sketch| sketch.quantiles.rank_error());
        profile.rank_error = error.filter(|error| *error > 0.0);
        profile.histogram = self.histogram(profile.field.kind, &ranked, rows);
        if self.meaning.is_number() {
            profile.mean = sketch.moments.mean();
            profile.std = profile.mean.and(sketch.moments.deviation());
            let quantiles = QUANTILES.map(|share| ranked.quantile(share, |key| self.meaning.number(key)));
            let finite = quantiles.iter().all(|value| value.is_finite());
            profile.quantiles = finite.then_some(quantiles);
        }
        profile.gaps = sketch.days.missing().map(|found| Gaps {
            days: found.days,
            missing: found.missing,
            longest: found.longest,
            longest_from: (found.longest > 0)
                .then(|| self.meaning.day_text(found.longest_from))
                .flatten(),
        });
        let (counts, error) = self.tally.frequent();
        let few = !profile.distinct_approximate && profile.distinct <= FEW_VALUES;
        let counts = counts
            .into_iter()
            .filter(|(_, count)| few || *count >= rows.div_ceil(NOTABLE))
            .map(|(key, count)| (key as i64, count));
        profile.top = top(counts.collect(), |key| self.meaning.text(*key));
        profile.top_error = (error > 0 && !profile.top.is_empty()).then_some(error);
    }

    /// Counts in bins; infinite numbers are left out.
    fn histogram(&self, kind: ColumnKind, ranked: &Ranked, rows: u64) -> Option<Histogram> {
        let number = |key| self.meaning.number(key);
        let from = ranked.count(|key| number(key) == f64::NEG_INFINITY);
        let to = ranked.count(|key| number(key) < f64::INFINITY);
        if from == to {
            return None;
        }
        // Days are whole: bins of equally many days each.
        let unit = self.meaning.unit();
        let whole = matches!(kind, ColumnKind::Integer | ColumnKind::Date) && !self.meaning.is_real();
        let (low, high) = self.finite_ends(ranked);
        let bins = Bins::new(low / unit, high / unit, whole, BINS);
        // A sketch stands for nearly as many values as there are.
        let scale = rows as f64 / ranked.total() as f64;
        let scaled = |count: u64| (count as f64 * scale).round() as u64;
        let is_below = |key, edge| number(key) == f64::NEG_INFINITY || number(key) / unit < edge;
        let below = |edge| scaled(ranked.count(|key| is_below(key, edge)));
        let counts = bins.counts(scaled(from), scaled(to), below);
        Some(Histogram {
            low: bins.low * unit,
            high: bins.high() * unit,
            counts,
        })
    }

    /// The smallest and the largest finite number.
    fn finite_ends(&self, ranked: &Ranked) -> (f64, f64) {
        let number = |key| self.meaning.number(key);
        let of_sketch = self
            .sketch
            .as_ref()
            .map(|sketch| (number(sketch.min), number(sketch.max)));
        if let Some((low, high)) = of_sketch
            && low.is_finite()
            && high.is_finite()
        {
            return (low, high);
        }
        let finite = ranked.values().map(number).filter(|value| value.is_finite());
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    }
}

impl Sketch {
    /// Of what a tally holds, which must be exact.
    fn of(tally: &Tally, meaning: &Meaning) -> Self {
        let mut counts: Vec<(i64, u64)> = tally.counts().map(|(key, count)| (key as i64, count)).collect();
        counts.sort_unstable();
        let mut sketch = Self {
            min: counts.first().map_or(i64::MAX, |(key, _)| *key),
            max: counts.last().map_or(i64::MIN, |(key, _)| *key),
            moments: Moments::default(),
            quantiles: Quantiles::new(),
            days: Days::default(),
        };
        for (key, count) in &counts {
            sketch.quantiles.add_repeated(*key, *count);
            if let Some(day) = meaning.day(*key) {
                sketch.days.add(day);
            }
        }
        sketch.quantiles.compress();
        let numbers: Vec<(f64, u64)> = counts
            .iter()
            .map(|(key, count)| (meaning.number(*key), *count))
            .collect();
        sketch.moments = Moments::of_counts(&numbers);
        sketch
    }

    fn add(&mut self, keys: &[i64], meaning: &Meaning, numbers: &mut Vec<f64>) {
        for key in keys {
            self.min = self.min.min(*key);
            self.max = self.max.max(*key);
        }
        self.quantiles.add(keys);
        if meaning.is_number() {
            meaning.numbers(keys, numbers);
            self.moments.add(numbers);
        }
        meaning.days(keys, |day| self.days.add(day));
    }

    fn merge(&mut self, other: Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.moments.merge(other.moments);
        self.quantiles.merge(other.quantiles);
        self.days.merge(&other.days);
    }
}
