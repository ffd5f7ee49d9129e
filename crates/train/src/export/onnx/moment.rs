//! Dates and times in nodes: whole-number arithmetic on milliseconds, and places on circles.

use super::columns::{cast, indicator, standardized};
use crate::preprocess::Moment;
use aloft_onnx::{ElementType, Model};
use std::f64::consts::TAU;

const DAY: i64 = 24 * 3600 * 1000;

/// Whole numbers, [rows, 1], with the operations that calendars need.
struct Whole<'a> {
    model: &'a mut Model,
}

impl Whole<'_> {
    fn with(&mut self, op: &str, a: &str, b: i64) -> String {
        let b = self.model.ints("whole", &[], &[b]);
        self.model.apply(op, &[a, &b], &[])
    }

    fn both(&mut self, op: &str, a: &str, b: &str) -> String {
        self.model.apply(op, &[a, b], &[])
    }

    /// The remainder, of the divisor's sign.
    fn remainder(&mut self, a: &str, divisor: i64) -> String {
        self.with("Mod", a, divisor)
    }

    /// Rounded down also below 0, where the operator `Div` rounds up.
    fn quotient(&mut self, a: &str, divisor: i64) -> String {
        let rest = self.remainder(a, divisor);
        let multiple = self.both("Sub", a, &rest);
        self.with("Div", &multiple, divisor)
    }

    /// Days since the first of January, of a day counted from 1970-01-01, as `preprocess::moment` has them.
    fn day_of_year(&mut self, days: &str) -> String {
        let shifted = self.with("Add", days, 719_468);
        let day_of_era = self.remainder(&shifted, 146_097);
        let [leaps, centuries, eras] =
            [1460, 36_524, 146_096].map(|days| self.with("Div", &day_of_era, days));
        let without_leaps = self.both("Sub", &day_of_era, &leaps);
        let with_centuries = self.both("Add", &without_leaps, &centuries);
        let of_years = self.both("Sub", &with_centuries, &eras);
        let year_of_era = self.with("Div", &of_years, 365);
        let [days_of_years, leaps, centuries] =
            [("Mul", 365), ("Div", 4), ("Div", 100)].map(|(op, by)| self.with(op, &year_of_era, by));
        let sum = self.both("Add", &days_of_years, &leaps);
        let before = self.both("Sub", &sum, &centuries);
        let since_march = self.both("Sub", &day_of_era, &before);
        let leap = self.leap(&year_of_era);
        let from_march = self.with("Add", &since_march, 59);
        let from_march = self.both("Add", &from_march, &leap);
        let from_january = self.with("Sub", &since_march, 306);
        let this_year = self.with("Less", &since_march, 306);
        self.model
            .apply("Where", &[&this_year, &from_march, &from_january], &[])
    }

    /// 1 for a leap year.
    fn leap(&mut self, year: &str) -> String {
        let [of_4, of_100, of_400] = [4, 100, 400].map(|years| {
            let rest = self.remainder(year, years);
            self.with("Equal", &rest, 0)
        });
        let ordinary_century = self.model.apply("Not", &[&of_400], &[]);
        let left_out = self.both("And", &of_100, &ordinary_century);
        let kept = self.model.apply("Not", &[&left_out], &[]);
        let leap = self.both("And", &of_4, &kept);
        cast(self.model, &leap, ElementType::Int64)
    }
}

/// Appends a column of dates or times.
pub fn append(model: &mut Model, fitted: &Moment, x: &str, out: &mut Vec<String>) {
    let missing = model.ints("missing", &[], &[i64::MIN]);
    let median = model.ints("median", &[], &[fitted.median]);
    let unknown = model.apply("Equal", &[x, &missing], &[]);
    let known = model.apply("Not", &[&unknown], &[]);
    let milliseconds = model.apply("Where", &[&known, x, &median], &[]);
    if fitted.date {
        let exact = cast(model, &milliseconds, ElementType::Double);
        let score = standardized(model, &exact, fitted.mean, fitted.deviation);
        out.push(cast(model, &score, ElementType::Float));
        let mut whole = Whole { model };
        let days = whole.quotient(&milliseconds, DAY);
        let day_of_year = whole.day_of_year(&days);
        let weekday = whole.remainder(&days, 7);
        circle(model, &day_of_year, 366, out);
        circle(model, &weekday, 7, out);
    }
    if fitted.time {
        let of_day = Whole { model }.remainder(&milliseconds, DAY);
        circle(model, &of_day, DAY, out);
    }
    if fitted.indicator {
        out.push(indicator(model, &known));
    }
}

/// Sine and cosine of a whole number that is `turn` after one turn.
fn circle(model: &mut Model, number: &str, turn: i64, out: &mut Vec<String>) {
    let exact = cast(model, number, ElementType::Double);
    let factor = model.doubles("turn", &[], &[TAU / turn as f64]);
    let angle = model.apply("Mul", &[&exact, &factor], &[]);
    // Not every program has the functions of doubles.
    let angle = cast(model, &angle, ElementType::Float);
    out.push(model.apply("Sin", &[&angle], &[]));
    out.push(model.apply("Cos", &[&angle], &[]));
}
