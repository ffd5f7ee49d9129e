//! Numbers as people read them. One place, so that the window and the command line say the same.

/// `84313201` as `84,313,201`.
pub fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `rows 50,001–100,000 of 327,346`: some rows from the row `first` on, which counts from 0.
pub fn row_range(first: u64, rows: u64, of: u64) -> String {
    if rows == 0 {
        return format!("no rows from {} on, of {}", thousands(first + 1), thousands(of));
    }
    let (from, to) = (thousands(first + 1), thousands(first + rows));
    format!("rows {from}–{to} of {}", thousands(of))
}

/// A real number with at most six significant digits and no trailing zeros: `0.348123`, `1400`, `1.2e-7`.
pub fn significant(value: f64) -> String {
    significant_digits(value, 6)
}

/// A real number of data: at most six significant digits, or four decimals where that is more, and no trailing zeros: `0.348123`,
/// `12499750.55`. Sums of money and coordinates keep what tells them apart.
pub fn real(value: f64) -> String {
    let whole = value.abs().log10().floor();
    // Beyond fifteen digits a number has none of its own.
    let digits = match whole > 0.0 && whole < 15.0 {
        true => (whole as usize + 5).clamp(6, 15),
        false => 6,
    };
    significant_digits(value, digits)
}

/// A real number with at most `digits` significant digits and no trailing zeros.
pub fn significant_digits(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "∞".into()
        } else {
            "−∞".into()
        };
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-5..15).contains(&magnitude) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    let decimals = (digits as i32 - 1 - magnitude).clamp(0, 17) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A real number of a column whose numbers stand below each other: as [`significant_digits`], with zeros at its end, and of
/// what is below 1 so many decimals. A number too small for that keeps its digits.
pub fn aligned(value: f64, digits: usize) -> String {
    aligned_beside(value, value, digits)
}

/// The same in a row with a larger number: with as many decimals as that has.
pub fn aligned_beside(value: f64, largest: f64, digits: usize) -> String {
    let least = 10_f64.powi(1 - digits as i32);
    let size = largest.abs();
    let decimals = if size > 1.0 && size < 1e15 {
        (digits as i32 - 1 - size.log10().floor() as i32).max(0) as usize
    } else if size == 0.0 || (least..=1.0).contains(&size) {
        digits
    } else {
        return significant_digits(value, digits);
    };
    match value.is_finite() {
        true => format!("{value:.decimals$}"),
        false => significant_digits(value, digits),
    }
}

/// A share of a whole: `17.4 %`, and never `0.0 %` of something or `100.0 %` where something is left.
pub fn percent(part: u64, whole: u64) -> String {
    let share = part as f64 / whole.max(1) as f64 * 100.0;
    match format!("{share:.1}").as_str() {
        "0.0" if part > 0 => "< 0.1 %".into(),
        "100.0" if part < whole => "> 99.9 %".into(),
        text => format!("{text} %"),
    }
}

/// Seconds as `0.21 s`, `12 s`, `3 min 20 s`, `6.4 h`, `2.1 days`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "unknown".into();
    }
    if seconds < 0.0095 {
        format!("{:.1} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 99.5 {
        format!("{seconds:.0} s")
    } else if seconds < 3600.0 {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    } else if seconds < 48.0 * 3600.0 {
        format!("{:.1} h", seconds / 3600.0)
    } else {
        format!("{:.1} days", seconds / 86_400.0)
    }
}

/// Bytes as `31.2 GB`, in powers of ten as disks and networks count.
pub fn bytes(value: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if value < 1000 {
        return format!("{value} B");
    }
    let mut scaled = value as f64;
    let mut unit = "B";
    for next in UNITS {
        if scaled < 999.5 {
            break;
        }
        scaled /= 1000.0;
        unit = next;
    }
    if scaled < 10.0 {
        format!("{scaled:.1} {unit}")
    } else {
        format!("{scaled:.0} {unit}")
    }
}

/// At most three of `names` that someone may have meant by `wanted`, nearest first: equal but for case, one within the
/// other, or a few typing errors away (a third of the letters at the most).
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let allowed = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let distance = edit_distance(&wanted, &lower);
            let contained =
                wanted.len() >= 3 && lower.contains(&wanted) || lower.len() >= 3 && wanted.contains(&lower);
            (distance <= allowed || contained).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.truncate(3);
    near.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// Insertions, deletions and substitutions that make `a` of `b` (Levenshtein, 1966).
/// How many letters have to be put in, left out, replaced, or swapped with their neighbour (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut next = vec![i + 1; b.len() + 1];
        for (j, to) in b.iter().enumerate() {
            let substituted = row[j] + usize::from(from != to);
            next[j + 1] = substituted.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_meant_are_found() {
        let names = ["dep_delay", "arr_delay", "carrier", "late", "day"];
        assert_eq!(nearest("dep_dely", names), ["dep_delay"]);
        assert_eq!(nearest("LATE", names), ["late"]);
        assert_eq!(nearest("dya", names), ["day"]);
        assert_eq!(nearest("delay", names), ["arr_delay", "dep_delay"]);
        assert_eq!(nearest("temperature", names), Vec::<String>::new());
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(84_313_201), "84,313,201");
        assert_eq!(
            row_range(50_000, 50_000, 327_346),
            "rows 50,001–100,000 of 327,346"
        );
        assert_eq!(row_range(10, 0, 3), "no rows from 11 on, of 3");
        assert_eq!(significant(1400.0), "1400");
        assert_eq!(significant(0.348_123_4), "0.348123");
        assert_eq!(significant(-11.7), "-11.7");
        assert_eq!(significant(1.2e-7), "1.20000e-7");
        for (value, shown) in [
            (12_499_750.55, "12499750.55"),
            (-122.419_416_12, "-122.4194"),
            (12.345_678, "12.3457"),
            (0.1 + 0.2, "0.3"),
            (1e12 + 0.25, "1000000000000.25"),
            (3.689_348_8e19, "3.68935e19"),
            (f64::NAN, "NaN"),
            (0.0, "0"),
        ] {
            assert_eq!(real(value), shown);
        }
        assert_eq!(duration(0.21), "0.21 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(23_040.0), "6.4 h");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_966_699), "2.0 MB");
        assert_eq!(bytes(31_000_000_000), "31 GB");
    }

    #[test]
    fn numbers_of_a_column_line_up() {
        let of = |value| aligned(value, 4);
        assert_eq!(
            [0.9061, 0.25, 0.00936, 1.0, 0.0].map(of),
            ["0.9061", "0.2500", "0.0094", "1.0000", "0.0000"]
        );
        assert_eq!([12.5, -7.0, 123_456.7].map(of), ["12.50", "-7.000", "123457"]);
        assert_eq!(
            [0.000_123_4, f64::NAN, f64::INFINITY].map(of),
            ["0.0001234", "NaN", "∞"]
        );
        let beside = |value| aligned_beside(value, 0.0103, 3);
        assert_eq!(
            [0.0103, 0.007_05, f64::NAN].map(beside),
            ["0.010", "0.007", "NaN"]
        );
        assert_eq!(aligned_beside(0.7, 12.5, 4), "0.70");
    }

    #[test]
    fn shares_never_claim_all_or_nothing() {
        assert_eq!(percent(174, 1000), "17.4 %");
        assert_eq!(
            (percent(1, 26_115), percent(0, 26_115)),
            ("< 0.1 %".into(), "0.0 %".into())
        );
        assert_eq!(
            (percent(26_114, 26_115), percent(3, 3)),
            ("> 99.9 %".into(), "100.0 %".into())
        );
        assert_eq!(percent(0, 0), "0.0 %");
    }
}
