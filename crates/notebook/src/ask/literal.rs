//! Names and values as SQL writes them.

use crate::sql;
use aloft_spec::date::Date;
use aloft_spec::table::{ColumnKind, Field};
use aloft_spec::{Code, Problem};
use sqlparser::ast::{Expr, SelectItem, SetExpr};

/// A name, in quotes where it needs them: where a statement with the bare name would mean something else, or nothing.
pub fn ident(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && !name.is_empty() && means_itself(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn means_itself(name: &str) -> bool {
    let Ok(query) = sql::parse(&format!(
        "SELECT {name}, {name} AS {name} FROM {name} WHERE {name} > 1 GROUP BY {name} ORDER BY {name} DESC"
    )) else {
        return false;
    };
    let SetExpr::Select(select) = &*query.body else {
        return false;
    };
    matches!(select.projection.first(), Some(SelectItem::UnnamedExpr(Expr::Identifier(ident))) if ident.value == name)
}

/// A value that a table shows as a text, as a literal of the column's type.
///
/// # Errors
/// `BadValue` for a text that isn't a value of that type; `Unsupported` where the type has no literals.
pub fn literal(field: &Field, text: &str) -> Result<String, Problem> {
    let bad = |what: &str| {
        Problem::new(Code::BadValue, format!("`{text}` is no {what}")).with_hint(format!(
            "`{}` holds values of the type {}",
            field.name, field.dtype
        ))
    };
    let is_day = |text: &str| text.parse::<Date>().is_ok();
    Ok(match field.kind {
        ColumnKind::Integer => {
            let number: i128 = text.trim().parse().map_err(|_| bad("whole number"))?;
            number.to_string()
        }
        ColumnKind::Float => {
            let number: f64 = text.trim().parse().map_err(|_| bad("number"))?;
            if !number.is_finite() {
                return Err(bad("number"));
            }
            // Rust writes no exponents, which polars wouldn't take.
            number.to_string()
        }
        ColumnKind::Text => format!("'{}'", text.replace('\'', "''")),
        ColumnKind::Boolean => match text {
            "true" | "false" => text.to_uppercase(),
            _ => return Err(bad("truth value")),
        },
        ColumnKind::Date if is_day(text) => format!("DATE '{text}'"),
        ColumnKind::Date => return Err(bad("day as 2013-06-30")),
        ColumnKind::Datetime => {
            let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
            let plain = time
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
            if !is_day(day) || !plain || time.len() < 5 {
                return Err(bad("point in time as 2013-06-30 14:30:00"));
            }
            let seconds = if time.len() == 5 { ":00" } else { "" };
            // polars knows no literal of a time with a zone, and reads a text beside such a column as one.
            let zone = field.dtype.contains(", ");
            let word = if zone { "" } else { "TIMESTAMP " };
            format!("{word}'{day} {time}{seconds}'")
        }
        ColumnKind::Time | ColumnKind::Other => {
            return Err(Problem::new(
                Code::Unsupported,
                format!("values of the type {} can't be written in SQL", field.dtype),
            )
            .with_hint("write the condition by hand"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_quotes_where_they_need_them() {
        for plain in [
            "dep_delay",
            "hour",
            "year",
            "count",
            "name",
            "Late",
            "x1",
            "value",
            "date",
            "first",
        ] {
            assert_eq!(ident(plain), plain);
        }
        for (name, quoted) in [
            ("dep delay", "\"dep delay\""),
            ("order", "\"order\""),
            ("select", "\"select\""),
            ("null", "\"null\""),
            ("true", "\"true\""),
            ("current_date", "\"current_date\""),
            ("2013", "\"2013\""),
            ("a\"b", "\"a\"\"b\""),
            ("ö", "\"ö\""),
            ("", "\"\""),
        ] {
            assert_eq!(ident(name), quoted);
        }
    }

    #[test]
    fn values_are_literals_of_their_column() {
        let of = |kind, text| {
            let field = Field {
                name: "x".into(),
                dtype: "t".into(),
                kind,
            };
            literal(&field, text).map_err(|problem| problem.code)
        };
        use ColumnKind::{Boolean, Date, Datetime, Float, Integer, Text, Time};
        assert_eq!(of(Text, "it's"), Ok("'it''s'".into()));
        assert_eq!(of(Integer, " -5"), Ok("-5".into()));
        assert_eq!(of(Integer, "5; DROP"), Err(Code::BadValue));
        assert_eq!(of(Float, "1e-7"), Ok("0.0000001".into()));
        assert_eq!(of(Float, "inf"), Err(Code::BadValue));
        assert_eq!(of(Boolean, "true"), Ok("TRUE".into()));
        assert_eq!(of(Date, "2013-06-30"), Ok("DATE '2013-06-30'".into()));
        assert_eq!(of(Date, "30.6.2013"), Err(Code::BadValue));
        assert_eq!(
            of(Datetime, "2013-06-30 14:30:00"),
            Ok("TIMESTAMP '2013-06-30 14:30:00'".into())
        );
        assert_eq!(
            of(Datetime, "2013-06-30"),
            Ok("TIMESTAMP '2013-06-30 00:00:00'".into())
        );
        assert_eq!(of(Datetime, "2013-06-30 1' OR"), Err(Code::BadValue));
        let with_zone = Field {
            name: "x".into(),
            dtype: "datetime[ms, UTC]".into(),
            kind: Datetime,
        };
        assert_eq!(
            literal(&with_zone, "2013-06-30").unwrap(),
            "'2013-06-30 00:00:00'"
        );
        assert_eq!(of(Time, "14:30:00"), Err(Code::Unsupported));
    }
}
