//! Columns of texts that hold something else: numbers, dates, or a mixture.

use super::{
    formats::{DateFormat, NumberFormat, date, number},
    looked::{Column, Looked, examples, of, sql_name},
};
use crate::error::Result;
use aloft_spec::{Finding, FindingCode, Severity, text::thousands};
use std::collections::BTreeMap;

/// Share of the values from which a column is meant to hold what they are.
const MOST: f64 = 0.9;
/// Share of the values from which a mixture isn't an accident of a few names.
const SOME: f64 = 0.1;
/// Fewer values say nothing about a column's type.
const LEAST_VALUES: usize = 10;

/// At most one finding.
pub(super) fn findings(looked: &Looked, column: &Column<'_>) -> Result<Vec<Finding>> {
    let Some(texts) = column.texts()? else {
        return Ok(Vec::new());
    };
    let mut numbers: BTreeMap<NumberFormat, usize> = BTreeMap::new();
    let mut dates: BTreeMap<DateFormat, usize> = BTreeMap::new();
    // Those that are neither, with their counts; few are needed, as examples.
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut values, mut words) = (0, 0);
    for text in texts.iter().flatten() {
        values += 1;
        if let Some(format) = number(text) {
            *numbers.entry(format).or_default() += 1;
        } else if let Some(format) = date(text) {
            *dates.entry(format).or_default() += 1;
        } else {
            words += 1;
            if others.len() < 20 || others.contains_key(text) {
                *others.entry(text).or_default() += 1;
            }
        }
    }
    if values < LEAST_VALUES {
        return Ok(Vec::new());
    }
    let seen = Seen {
        looked,
        name: column.name,
        values,
        words,
        others: by_count(&others),
    };
    let share = |count: usize| count as f64 / values as f64;
    let (numeric, dated) = (numbers.values().sum::<usize>(), dates.values().sum::<usize>());
    let found = if share(dated) >= MOST {
        Some(seen.dates(dated, &merged(dates)))
    } else if share(numeric) >= MOST {
        Some(seen.numbers(numeric, &numbers))
    } else if share(numeric) >= SOME && share(words) >= SOME {
        Some(seen.mixture(numeric))
    } else {
        None
    };
    Ok(found.into_iter().collect())
}

/// A date that can be read both ways is read as the others are, where they agree.
fn merged(mut dates: BTreeMap<DateFormat, usize>) -> BTreeMap<DateFormat, usize> {
    let sure: Vec<DateFormat> = [DateFormat::DaySlash, DateFormat::MonthSlash]
        .into_iter()
        .filter(|format| dates.contains_key(format))
        .collect();
    if let [format] = sure[..]
        && let Some(either) = dates.remove(&DateFormat::EitherSlash)
    {
        *dates.entry(format).or_default() += either;
    }
    dates
}

fn by_count<'a>(others: &BTreeMap<&'a str, usize>) -> Vec<&'a str> {
    let mut sorted: Vec<(&str, usize)> = others.iter().map(|(text, count)| (*text, *count)).collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    sorted.into_iter().map(|(text, _)| text).collect()
}

/// What was seen in a column.
struct Seen<'a> {
    looked: &'a Looked,
    name: &'a str,
    values: usize,
    words: usize,
    others: Vec<&'a str>,
}

impl Seen<'_> {
    /// What the few values are that are neither number nor date.
    fn exceptions(&self) -> String {
        match self.words {
            0 => String::new(),
            count => format!(
                "; {} others, such as {}",
                thousands(count as u64),
                examples(self.others.iter().copied())
            ),
        }
    }

    fn numbers(&self, numeric: usize, formats: &BTreeMap<NumberFormat, usize>) -> Finding {
        let sql = sql_name(self.name);
        let cast = match formats
            .iter()
            .max_by_key(|(_, count)| **count)
            .map(|(format, _)| *format)
        {
            Some(NumberFormat::CommaThousands) => format!("TRY_CAST(REPLACE({sql}, ',', '') AS DOUBLE)"),
            Some(NumberFormat::CommaDecimal) => {
                format!("TRY_CAST(REPLACE(REPLACE({sql}, '.', ''), ',', '.') AS DOUBLE)")
            }
            Some(NumberFormat::Plain) | None => format!("TRY_CAST({sql} AS DOUBLE)"),
        };
        let mut hint = format!("make numbers of it: `{cast} AS {sql}`");
        // Two or three words among numbers are how this file says that there is no value.
        if (1..=3).contains(&self.others.len()) && self.words > self.others.len() {
            let markers: Vec<String> = self.others.iter().map(|text| format!("{text:?}")).collect();
            hint.push_str(&format!(
                ", or say in the source what means no value: `null_values = [{}]`",
                markers.join(", ")
            ));
        }
        self.looked.finding(
            FindingCode::NumbersAsText,
            Severity::Warning,
            &[self.name],
            format!(
                "`{}` holds numbers as text: {}{}",
                self.name,
                of(numeric, self.values, "values"),
                self.exceptions()
            ),
            hint,
        )
    }

    fn mixture(&self, numeric: usize) -> Finding {
        let sql = sql_name(self.name);
        self.looked.finding(
            FindingCode::MixedTypes,
            Severity::Warning,
            &[self.name],
            format!(
                "`{}` mixes numbers ({}) with other texts ({}), such as {}",
                self.name,
                thousands(numeric as u64),
                thousands((self.values - numeric) as u64),
                examples(self.others.iter().copied())
            ),
            format!(
                "take them apart: `TRY_CAST({sql} AS DOUBLE)` is the number, and no value for the others"
            ),
        )
    }

    fn dates(&self, dated: usize, formats: &BTreeMap<DateFormat, usize>) -> Finding {
        let (name, sql) = (self.name, sql_name(self.name));
        if formats.len() > 1 {
            let counts: Vec<String> = formats
                .iter()
                .map(|(format, count)| format!("{} as {}", thousands(*count as u64), format.example()))
                .collect();
            let both =
                formats.contains_key(&DateFormat::DaySlash) && formats.contains_key(&DateFormat::MonthSlash);
            let reads: Option<Vec<String>> = formats.keys().map(|format| format.sql(&sql, true)).collect();
            let hint = match reads.filter(|_| !both) {
                Some(reads) => format!("read each form: `COALESCE({}) AS {sql}`", reads.join(", ")),
                None => "nothing says which is the day and which the month; find out who wrote them".into(),
            };
            let message = format!(
                "`{name}` has dates in {} formats: {}{}",
                formats.len(),
                counts.join(", "),
                self.exceptions()
            );
            return self.looked.finding(
                FindingCode::MixedDateFormats,
                Severity::Warning,
                &[name],
                message,
                hint,
            );
        }
        let hint = match formats
            .keys()
            .next()
            .and_then(|format| format.sql(&sql, self.words > 0))
        {
            Some(read) => format!("make dates of it: `{read} AS {sql}`"),
            None => format!(
                "nothing says which is the day: `DATE({sql}, '%d/%m/%Y')` or `DATE({sql}, '%m/%d/%Y')`"
            ),
        };
        let example = formats.keys().next().map_or("", |format| format.example());
        let message = format!(
            "`{name}` holds dates as text, as {example}: {}{}",
            of(dated, self.values, "values"),
            self.exceptions()
        );
        self.looked.finding(
            FindingCode::DatesAsText,
            Severity::Warning,
            &[name],
            message,
            hint,
        )
    }
}
