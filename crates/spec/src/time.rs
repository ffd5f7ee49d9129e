//! Points in time as people read them.

use crate::date::Date;

/// `2013-07-04` of milliseconds since 1970-01-01 UTC, with hours where it isn't midnight.
pub fn date(milliseconds: f64) -> String {
    if !milliseconds.is_finite() || milliseconds.abs() > 1e15 {
        return String::new();
    }
    let seconds = (milliseconds / 1000.0).floor() as i64;
    let Date { year, month, day } = Date::from_days(seconds.div_euclid(86_400));
    let minutes = seconds.rem_euclid(86_400) / 60;
    if minutes == 0 {
        format!("{year}-{month:02}-{day:02}")
    } else {
        format!(
            "{year}-{month:02}-{day:02} {:02}:{:02}",
            minutes / 60,
            minutes % 60
        )
    }
}

/// `2013-07` of milliseconds since 1970-01-01 UTC.
pub fn month(milliseconds: f64) -> String {
    date(milliseconds).get(..7).unwrap_or_default().to_owned()
}

/// Milliseconds of a day.
pub const DAY: f64 = 86_400_000.0;

/// The starts of every so many months within a stretch of milliseconds since 1970-01-01 UTC.
pub fn months(from: f64, to: f64, every: i64) -> Vec<f64> {
    let Date { year, month, .. } = Date::from_days((from / DAY).floor() as i64);
    let first = (year * 12 + month - 1).div_euclid(every) * every;
    (0..400)
        .map(|index| first + index * every)
        .map(|months| Date {
            year: months.div_euclid(12),
            month: months.rem_euclid(12) + 1,
            day: 1,
        })
        .map(|first| first.days() as f64 * DAY)
        .skip_while(|start| *start < from)
        .take_while(|start| *start <= to)
        .collect()
}

/// `2025-11-22 04:33` of an RFC 3339 text in UTC; other texts stay as they are.
pub fn minute(rfc3339: &str) -> String {
    match rfc3339.get(..16) {
        Some(start) if start.as_bytes().get(10) == Some(&b'T') => start.replace('T', " "),
        _ => rfc3339.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0.0), "1970-01-01");
        assert_eq!(date(951_782_400_000.0), "2000-02-29");
        assert_eq!(date(1_372_942_800_000.0), "2013-07-04 13:00");
        assert_eq!(date(-86_400_000.0), "1969-12-31");
        assert_eq!(date(f64::NAN), "");
    }

    #[test]
    fn months_start_on_their_first_day() {
        let day = |days: f64| days * DAY;
        let starts: Vec<String> = months(day(15_700.0), day(16_071.0), 3)
            .into_iter()
            .map(date)
            .collect();
        assert_eq!(
            starts,
            [
                "2013-01-01",
                "2013-04-01",
                "2013-07-01",
                "2013-10-01",
                "2014-01-01"
            ]
        );
        assert_eq!(month(day(15_706.0)), "2013-01");
    }

    #[test]
    fn minutes_are_cut_from_rfc_3339() {
        assert_eq!(minute("2025-11-22T04:33:29Z"), "2025-11-22 04:33");
        assert_eq!(minute("soon"), "soon");
    }
}
