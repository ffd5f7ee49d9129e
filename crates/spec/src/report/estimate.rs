//! Numbers with their intervals.

use crate::text::significant_digits;
use serde::{Deserialize, Serialize};

/// A number with its interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Name of the metric.
    pub name: String,
    /// Its value on the rows.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How an interval of a gain lies to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The model is better, beyond chance.
    Better,
    /// The interval holds zero.
    Same,
    /// The model is worse, beyond chance.
    Worse,
}

impl Estimate {
    /// Decimals that say something: the last is worth a third of the interval at the most. `None` where it is a point, or its numbers are so small or large
    /// that none does.
    fn decimals(&self) -> Option<usize> {
        let width = self.high - self.low;
        let decimals = (-(width / 3.0).log10()).ceil();
        // Numbers beyond these are written with an exponent.
        let largest = [self.value, self.low, self.high]
            .map(f64::abs)
            .into_iter()
            .fold(0.0, f64::max);
        let is_plain = width > 0.0 && decimals <= 8.0 && largest < 1e15;
        is_plain.then(|| decimals.max(0.0) as usize)
    }

    /// The value with as many digits as the interval allows: `0.93`.
    pub fn value_text(&self) -> String {
        match self.decimals() {
            Some(decimals) => fixed(self.value, decimals),
            None => significant_digits(self.value, 4).replace('-', "−"),
        }
    }

    /// The interval with the same digits: `0.91–0.95`, `−0.02 to 0.03`; of a point that alone.
    pub fn interval_text(&self) -> String {
        let number = |value: f64| match self.decimals() {
            Some(decimals) => fixed(value, decimals),
            None => significant_digits(value, 4).replace('-', "−"),
        };
        let (low, high) = (number(self.low), number(self.high));
        if low == high {
            return self.value_text();
        }
        match low.contains('−') || high.contains('−') {
            true => format!("{low} to {high}"),
            false => format!("{low}–{high}"),
        }
    }

    /// Where an interval of a gain lies.
    pub fn verdict(&self) -> Verdict {
        match (self.low > 0.0, self.high < 0.0) {
            (true, _) => Verdict::Better,
            (_, true) => Verdict::Worse,
            _ => Verdict::Same,
        }
    }
}

/// With so many decimals; a true minus sign, and none before a zero.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    match value < 0.0 && text.contains(|digit: char| ('1'..='9').contains(&digit)) {
        true => format!("−{text}"),
        false => text,
    }
}

/// The estimate of a name.
pub fn estimate<'a>(of: &'a [Estimate], name: &str) -> Option<&'a Estimate> {
    of.iter().find(|estimate| estimate.name == name)
}

/// The metric by which a model and its base lines are compared in words.
pub fn headline(task: &str) -> &'static str {
    match task {
        "regression" | "forecast" | "anomaly" => "rmse",
        "quantiles" => "pinball",
        "multilabel" => "micro_f1",
        _ => "accuracy",
    }
}

/// Whether less of a metric is better.
pub fn is_error(metric: &str) -> bool {
    [
        "log_loss",
        "brier",
        "calibration_error",
        "rmse",
        "mae",
        "pinball",
        "hamming_loss",
        "base_rmse",
        "base_pinball",
        "base_log_loss",
    ]
    .iter()
    .any(|name| metric.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_follow_from_the_interval() {
        let texts = |value, low, high| {
            let of = Estimate {
                name: "accuracy".into(),
                value,
                low,
                high,
            };
            (of.value_text(), of.interval_text())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(texts(0.9312, 0.912, 0.951), pair("0.93", "0.91–0.95"));
        assert_eq!(texts(0.004, -0.0213, 0.031), pair("0.00", "−0.02 to 0.03"));
        assert_eq!(texts(812.3, 780.0, 840.0), pair("812", "780–840"));
        assert_eq!(texts(0.5, 0.5, 0.5), pair("0.5", "0.5"));
        assert_eq!(texts(-0.001, -0.09, 0.09), pair("0.00", "−0.09 to 0.09"));
        let tiny = texts(1.173e-9, 1.1e-9, 1.25e-9);
        assert_eq!(tiny, pair("1.173e−9", "1.100e−9 to 1.250e−9"));
        let large = texts(1.172_697e30, 1.1e30, 1.2e30);
        assert_eq!(large, pair("1.173e30", "1.100e30–1.200e30"));
    }

    #[test]
    fn intervals_lie_to_zero() {
        let verdict = |low, high| {
            let name = "accuracy".into();
            Estimate {
                name,
                value: 0.0,
                low,
                high,
            }
            .verdict()
        };
        assert_eq!(verdict(0.1, 0.2), Verdict::Better);
        assert_eq!(verdict(-0.1, 0.2), Verdict::Same);
        assert_eq!(verdict(-0.2, -0.1), Verdict::Worse);
    }
}
