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
    /// Decimals that say something: the last is worth a third of the interval at the most. `None` where it is a point.
    fn decimals(&self) -> Option<usize> {
        let width = self.high - self.low;
        (width > 0.0).then(|| (-(width / 3.0).log10()).ceil().clamp(0.0, 8.0) as usize)
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
        let Some(decimals) = self.decimals() else {
            return self.value_text();
        };
        let (low, high) = (fixed(self.low, decimals), fixed(self.high, decimals));
        match low.starts_with('−') || high.starts_with('−') {
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
