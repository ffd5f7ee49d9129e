//! Bins of equal width.

/// Edges of bins over a range of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bins {
    pub low: f64,
    pub width: f64,
    pub count: usize,
}

impl Bins {
    /// At most `most` bins from `low` to `high`. Those of whole numbers hold equally many of them each, so that no bin
    /// looks fuller only because of its edges; they begin and end between two numbers.
    pub(crate) fn new(low: f64, high: f64, whole: bool, most: usize) -> Self {
        let most = most.max(1);
        if whole {
            let values = high - low + 1.0;
            let width = (values / most as f64).ceil();
            let count = (values / width).ceil() as usize;
            return Self {
                low: low - 0.5,
                width,
                count,
            };
        }
        if low == high {
            // One value: a bin around it, wide enough to tell its edges apart.
            let width = (low.abs() * 1e-6).max(1e-6);
            return Self {
                low: low - width / 2.0,
                width,
                count: 1,
            };
        }
        // Half of each end at a time, because the whole range of floats is no float.
        Self {
            low,
            width: high / most as f64 - low / most as f64,
            count: most,
        }
    }

    /// Lower edge of bin `index`; the upper edge of the last at `count`.
    pub(crate) fn edge(&self, index: usize) -> f64 {
        self.low + self.width * index as f64
    }

    /// Upper edge of the last bin.
    pub(crate) fn high(&self) -> f64 {
        self.edge(self.count)
    }

    /// Counts of the numbers `from..to` of an ascending list, by how many of them are below an edge; the last bin holds
    /// its upper edge.
    pub(crate) fn counts(&self, from: u64, to: u64, below: impl Fn(f64) -> u64) -> Vec<u64> {
        let mut before = from;
        (1..=self.count)
            .map(|index| {
                let end = if index == self.count {
                    to
                } else {
                    below(self.edge(index)).clamp(before, to)
                };
                let count = end - before;
                before = end;
                count
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_cover_the_range() {
        let bins = Bins::new(0.0, 10.0, false, 5);
        let counts = |bins: Bins, sorted: &[f64]| {
            let below = |edge| sorted.partition_point(|value| *value < edge) as u64;
            bins.counts(0, sorted.len() as u64, below)
        };
        assert_eq!(counts(bins, &[0.0, 1.9, 2.0, 10.0]), [2, 1, 0, 0, 1]);
        assert_eq!(bins.high(), 10.0);
        // Months: a bin each, not 24 of which half are empty.
        let months = Bins::new(1.0, 12.0, true, 24);
        assert_eq!(
            (months.low, months.width, months.count, months.high()),
            (0.5, 1.0, 12, 12.5)
        );
        let days = Bins::new(1.0, 365.0, true, 24);
        assert_eq!((days.width, days.count), (16.0, 23));
        assert_eq!(counts(Bins::new(3.0, 3.0, false, 24), &[3.0, 3.0]), [2]);
        assert!(Bins::new(f64::MIN, f64::MAX, false, 24).width.is_finite());
    }
}
