//! Mean and spread of a stream.

/// Number, mean and sum of squared distances from it; parts are joined as in Chan, Golub and LeVeque 1979, so that
/// large means lose no digits of small spreads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of a short list of numbers, each so many times.
    pub(crate) fn of_counts(numbers: &[(f64, u64)]) -> Self {
        let count = numbers.iter().map(|(_, times)| *times).sum::<u64>() as f64;
        if count == 0.0 {
            return Self::default();
        }
        let mean = numbers
            .iter()
            .map(|(number, times)| number * *times as f64)
            .sum::<f64>()
            / count;
        let squares = numbers
            .iter()
            .map(|(number, times)| (number - mean).powi(2) * *times as f64)
            .sum();
        Self { count, mean, squares }
    }

    /// Adds some hundred numbers; they should fit the cache, because they are read twice.
    pub(crate) fn add(&mut self, numbers: &[f64]) {
        if numbers.is_empty() {
            return;
        }
        let count = numbers.len() as f64;
        let mean = sum(numbers, |number| number) / count;
        let squares = sum(numbers, |number| (number - mean) * (number - mean));
        self.merge(Self { count, mean, squares });
    }

    /// Adds all that another one has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.count == 0.0 {
            return;
        }
        let (count, apart) = (self.count + other.count, other.mean - self.mean);
        self.squares += other.squares + apart * apart * (self.count * other.count / count);
        self.mean += apart * (other.count / count);
        self.count = count;
    }

    /// The arithmetic mean; none without numbers, or where it isn't finite.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0.0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// The sample standard deviation (n − 1 below the line); none for fewer than two numbers.
    pub(crate) fn deviation(&self) -> Option<f64> {
        let deviation = (self.squares / (self.count - 1.0)).sqrt();
        (self.count > 1.0 && deviation.is_finite()).then_some(deviation)
    }
}

/// A sum in eight parts, which a processor adds side by side.
fn sum(numbers: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let (eights, rest) = numbers.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for eight in eights {
        for (sum, number) in sums.iter_mut().zip(eight) {
            *sum += of(*number);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|number| of(*number)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_have_the_moments_of_the_whole(
            numbers in prop::collection::vec(-1e3..1e3_f64, 2..400),
            offset in prop::sample::select(vec![0.0, 1e6, -1e9]),
            cut in 0.0..1.0_f64,
        ) {
            let numbers: Vec<f64> = numbers.iter().map(|number| number + offset).collect();
            let (a, b) = numbers.split_at((cut * numbers.len() as f64) as usize);
            let mut joined = Moments::default();
            joined.add(a);
            let mut other = Moments::default();
            other.add(b);
            joined.merge(other);
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
            let deviation = (squares / (numbers.len() - 1) as f64).sqrt();
            prop_assert!((joined.mean().unwrap() - mean).abs() <= 1e-12 * (1e3 + offset.abs()));
            prop_assert!((joined.deviation().unwrap() - deviation).abs() <= 1e-6 * (deviation + 1.0));
            let counted: Vec<(f64, u64)> = numbers.iter().map(|number| (*number, 1)).collect();
            prop_assert_eq!(Moments::of_counts(&counted).mean().unwrap(), mean);
        }
    }

    #[test]
    fn there_is_no_mean_of_nothing() {
        assert_eq!(
            (Moments::default().mean(), Moments::default().deviation()),
            (None, None)
        );
        assert_eq!(Moments::of_counts(&[(3.0, 1)]).deviation(), None);
    }
}
