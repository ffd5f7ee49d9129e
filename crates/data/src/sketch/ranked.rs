//! Weighted values in ascending order.

/// Values in ascending order, each with how many it and those before it stand for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ranked {
    values: Vec<i64>,
    ends: Vec<u64>,
}

impl Ranked {
    /// Of values with their weights, in any order.
    pub(crate) fn new(mut pairs: Vec<(i64, u64)>) -> Self {
        pairs.sort_unstable_by_key(|(value, _)| *value);
        let mut ranked = Self::default();
        let mut end = 0;
        for (value, weight) in pairs {
            end += weight;
            if ranked.values.last() == Some(&value)
                && let Some(last) = ranked.ends.last_mut()
            {
                *last = end;
                continue;
            }
            ranked.values.push(value);
            ranked.ends.push(end);
        }
        ranked
    }

    /// How many values they stand for.
    pub(crate) fn total(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Each different value, ascending.
    pub(crate) fn values(&self) -> impl Iterator<Item = i64> + '_ {
        self.values.iter().copied()
    }

    /// How many values are before the first for which `below` is false; it must be true for all smaller ones.
    pub(crate) fn count(&self, below: impl Fn(i64) -> bool) -> u64 {
        let values = self.values.partition_point(|value| below(*value));
        values.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// Linear interpolation between the two values next to a share of them (Hyndman and Fan's type 7). There must be a
    /// value.
    pub(crate) fn quantile(&self, share: f64, number: impl Fn(i64) -> f64) -> f64 {
        let position = share * (self.total() - 1) as f64;
        let at = |position: f64| {
            let index = self.ends.partition_point(|end| *end <= position as u64);
            number(self.values[index.min(self.values.len() - 1)])
        };
        let (low, high) = (at(position.floor()), at(position.ceil()));
        if low == high {
            low
        } else {
            low + (high - low) * position.fract()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_as_repetitions() {
        let ranked = Ranked::new(vec![(12, 1), (1, 1), (2, 1), (2, 1)]);
        assert_eq!(ranked.total(), 4);
        assert_eq!(ranked.count(|value| value < 2), 1);
        assert_eq!(ranked.count(|value| value <= 2), 3);
        // Numpy: quantile([1, 2, 2, 12], [.25, .5, .75]).
        let quantiles = [0.25, 0.5, 0.75].map(|share| ranked.quantile(share, |value| value as f64));
        assert_eq!(quantiles, [1.75, 2.0, 4.5]);
        assert_eq!(Ranked::default().total(), 0);
    }
}
