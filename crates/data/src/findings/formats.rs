//! How numbers and dates are written in texts.

/// A way to write a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum NumberFormat {
    /// `-12.5`, `3e8`: as SQL casts it.
    Plain,
    /// `1,234.5`
    CommaThousands,
    /// `1.234,5` and `12,5`
    CommaDecimal,
}

/// How a text is a number; `None` where it is none. A blank text is none, and one with zeros in front (a code) too.
pub(super) fn number(text: &str) -> Option<NumberFormat> {
    let text = text.trim();
    let digits = text.trim_start_matches(['-', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || is_code(digits) {
        return None;
    }
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Some(NumberFormat::Plain);
    }
    let grouped = |text: &str, group: char| {
        let mut parts = text.split(group);
        let first = parts.next().unwrap_or_default();
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        (1..=3).contains(&first.len()) && digits(first) && parts.all(|part| part.len() == 3 && digits(part))
    };
    let fraction = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.contains(',') && grouped(whole, ',') && fraction(rest) {
        return Some(NumberFormat::CommaThousands);
    }
    let (whole, rest) = digits.split_once(',')?;
    let sound = grouped(whole, '.') || (!whole.is_empty() && fraction(whole));
    (sound && !rest.is_empty() && fraction(rest)).then_some(NumberFormat::CommaDecimal)
}

/// `007` and `01234` are codes: as numbers they would lose their zeros.
fn is_code(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A way to write a date. Month and day are told apart where the values allow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum DateFormat {
    /// `2013-06-30`
    Iso,
    /// `2013-06-30 12:00:00`, `2013-06-30T12:00`
    IsoTime,
    /// `2013/06/30`
    YearSlash,
    /// `30.06.2013`
    DayDot,
    /// `30/06/2013`
    DaySlash,
    /// `06/30/2013`
    MonthSlash,
    /// `06/07/2013`: either.
    EitherSlash,
    /// `30-06-2013`
    DayDash,
    /// `30 Jun 2013`
    DayName,
    /// `Jun 30, 2013`
    NameDay,
}

impl DateFormat {
    /// The format as `strptime` says it; `None` for what `CAST` reads, and for what isn't clear.
    fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Iso | Self::IsoTime | Self::EitherSlash => None,
            Self::YearSlash => Some("%Y/%m/%d"),
            Self::DayDot => Some("%d.%m.%Y"),
            Self::DaySlash => Some("%d/%m/%Y"),
            Self::MonthSlash => Some("%m/%d/%Y"),
            Self::DayDash => Some("%d-%m-%Y"),
            Self::DayName => Some("%d %b %Y"),
            Self::NameDay => Some("%b %d, %Y"),
        }
    }

    /// SQL that reads a column (as SQL names it) as dates; with `others` in it, these have no date. `None` where the
    /// format doesn't say which is the day.
    pub fn sql(self, column: &str, others: bool) -> Option<String> {
        let Some(pattern) = self.pattern() else {
            let of = if self == Self::IsoTime {
                "TIMESTAMP"
            } else {
                "DATE"
            };
            return (self != Self::EitherSlash).then(|| format!("TRY_CAST({column} AS {of})"));
        };
        if others {
            let form = self.form()?;
            return Some(format!(
                "DATE(CASE WHEN {column} LIKE '{form}' THEN {column} END, '{pattern}')"
            ));
        }
        Some(format!("DATE({column}, '{pattern}')"))
    }

    /// The format as `LIKE` says it.
    fn form(self) -> Option<&'static str> {
        match self {
            Self::Iso => Some("____-__-__"),
            Self::YearSlash => Some("____/__/__"),
            Self::DayDot => Some("__.__.____"),
            Self::DaySlash | Self::MonthSlash => Some("__/__/____"),
            Self::DayDash => Some("__-__-____"),
            Self::DayName => Some("__ ___ ____"),
            Self::NameDay => Some("___ __, ____"),
            Self::IsoTime | Self::EitherSlash => None,
        }
    }

    /// An example of it, for people.
    pub fn example(self) -> &'static str {
        match self {
            Self::Iso => "2013-06-30",
            Self::IsoTime => "2013-06-30 12:00",
            Self::YearSlash => "2013/06/30",
            Self::DayDot => "30.06.2013",
            Self::DaySlash => "30/06/2013",
            Self::MonthSlash => "06/30/2013",
            Self::EitherSlash => "06/07/2013",
            Self::DayDash => "30-06-2013",
            Self::DayName => "30 Jun 2013",
            Self::NameDay => "Jun 30, 2013",
        }
    }
}

/// How a text is a date; `None` where it is none.
pub(super) fn date(text: &str) -> Option<DateFormat> {
    let text = text.trim();
    if !(8..=35).contains(&text.len()) || !text.is_ascii() {
        return None;
    }
    if let Some((day, time)) = text.split_once(['T', ' '])
        && time.as_bytes().get(2) == Some(&b':')
    {
        let clock = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | 'Z' | '+' | '-' | ' ');
        return (date(day)? == DateFormat::Iso && time.chars().all(clock)).then_some(DateFormat::IsoTime);
    }
    for (separator, year_first) in [('-', DateFormat::Iso), ('/', DateFormat::YearSlash)] {
        if let Some([year, month, day]) = three(text, separator)
            && year.len() == 4
        {
            return (is_year(year) && is_month(month) && is_day(day)).then_some(year_first);
        }
    }
    if let Some([first, second, _]) = three(text, '/').filter(|[_, _, year]| is_year(year)) {
        return match (
            is_month(first) && is_day(second),
            is_day(first) && is_month(second),
        ) {
            (true, true) => Some(DateFormat::EitherSlash),
            (true, false) => Some(DateFormat::MonthSlash),
            (false, true) => Some(DateFormat::DaySlash),
            (false, false) => None,
        };
    }
    for (separator, format) in [('.', DateFormat::DayDot), ('-', DateFormat::DayDash)] {
        if let Some([day, month, year]) = three(text, separator) {
            return (is_day(day) && is_month(month) && is_year(year)).then_some(format);
        }
    }
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        [day, month, year] if is_day(day) && is_month_name(month) && is_year(year) => {
            Some(DateFormat::DayName)
        }
        [month, day, year] if is_month_name(month) && is_year(year) => {
            is_day(day.strip_suffix(',')?).then_some(DateFormat::NameDay)
        }
        _ => None,
    }
}

fn three(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

fn within(
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
    values: std::ops::RangeInclusive<u32>,
) -> bool {
    lengths.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|value| values.contains(&value))
}

fn is_year(text: &str) -> bool {
    within(text, 4..=4, 1000..=9999)
}

fn is_month(text: &str) -> bool {
    within(text, 1..=2, 1..=12)
}

fn is_day(text: &str) -> bool {
    within(text, 1..=2, 1..=31)
}

fn is_month_name(text: &str) -> bool {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    text.len() == 3 && NAMES.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known() {
        for (text, format) in [
            ("12", Some(NumberFormat::Plain)),
            (" -0.5 ", Some(NumberFormat::Plain)),
            ("3e8", Some(NumberFormat::Plain)),
            ("0", Some(NumberFormat::Plain)),
            ("0.5", Some(NumberFormat::Plain)),
            ("1,234,567.5", Some(NumberFormat::CommaThousands)),
            ("1.234,5", Some(NumberFormat::CommaDecimal)),
            ("12,5", Some(NumberFormat::CommaDecimal)),
            ("007", None),
            ("", None),
            ("nan", None),
            ("inf", None),
            ("N14228", None),
            ("1,2,3", None),
            ("12,", None),
        ] {
            assert_eq!(number(text), format, "{text:?}");
        }
    }

    #[test]
    fn dates_are_known() {
        for (text, format) in [
            ("2013-06-30", Some(DateFormat::Iso)),
            ("2013-06-30T12:00:00Z", Some(DateFormat::IsoTime)),
            ("2013-06-30 12:00", Some(DateFormat::IsoTime)),
            ("2013/06/30", Some(DateFormat::YearSlash)),
            ("30.06.2013", Some(DateFormat::DayDot)),
            ("30/06/2013", Some(DateFormat::DaySlash)),
            ("06/30/2013", Some(DateFormat::MonthSlash)),
            ("6/7/2013", Some(DateFormat::EitherSlash)),
            ("30-06-2013", Some(DateFormat::DayDash)),
            ("30 Jun 2013", Some(DateFormat::DayName)),
            ("Jun 30, 2013", Some(DateFormat::NameDay)),
            ("2013-13-30", None),
            ("32/13/2013", None),
            ("192.168.2013", None),
            ("hello world", None),
            ("2013", None),
        ] {
            assert_eq!(date(text), format, "{text:?}");
        }
    }
}
