//! Clicks on tables become SQL that a person could have written: plain, one clause a line, without a trace of the click.
//!
//! Pure functions over what is known of a table: its columns and their profile. That polars runs what they write is
//! tested in `crates/engine/tests/engine/clicks.rs`.

mod join;
mod literal;

pub use join::join_keys;

use aloft_spec::ask::{Ask, Condition, JoinKeys};
use aloft_spec::output::TableOutput;
use aloft_spec::profile::ColumnProfile;
use aloft_spec::table::{ColumnKind, Field};
use aloft_spec::{Code, Problem};
use literal::{ident, literal};

/// Stretches that a range is cut into, roughly.
const BINS: f64 = 20.0;
const MILLISECONDS_A_DAY: f64 = 86_400_000.0;

/// A table that has been shown, by the name of its cell.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The cell.
    pub name: &'a str,
    /// What it showed.
    pub output: &'a TableOutput,
}

impl<'a> Subject<'a> {
    fn column(&self, name: &str) -> Result<&'a ColumnProfile, Problem> {
        let mut columns = self.output.profile.columns.iter();
        columns
            .find(|column| column.field.name == name)
            .ok_or_else(|| Problem::new(Code::UnknownColumn, format!("there is no column `{name}`")))
    }

    /// A name that none of its columns has.
    fn unused(&self, wanted: &[&str]) -> String {
        let free = |name: &str| {
            let mut columns = self.output.profile.columns.iter();
            columns.all(|column| !column.field.name.eq_ignore_ascii_case(name))
        };
        let found = wanted.iter().find(|name| free(name));
        found
            .or(wanted.last())
            .map(|name| (*name).to_owned())
            .unwrap_or_default()
    }
}

/// The name that a cell with this question is given; where it is taken, a number follows.
pub fn stem(table: &str, ask: &Ask) -> String {
    match ask {
        Ask::Filter { .. } => format!("{table}_filtered"),
        Ask::Sort { .. } => format!("{table}_sorted"),
        Ask::Group { column } => format!("{table}_by_{column}"),
        Ask::Bin { column } => format!("{column}_bins"),
        Ask::Join(join) => format!("{table}_{}", join.table),
    }
}

/// The statement that asks this of a table; `other` is the table that it is joined with.
///
/// # Errors
/// `UnknownColumn`; `BadValue` for a value that the column can't have; `Unsupported` for a column whose values have no
/// literals or no stretches.
pub fn compose(subject: Subject<'_>, ask: &Ask, other: Option<Subject<'_>>) -> Result<String, Problem> {
    let table = ident(subject.name);
    Ok(match ask {
        Ask::Filter { column, condition } => {
            let condition = condition_of(subject.column(column)?, condition)?;
            format!("SELECT *\nFROM {table}\nWHERE {condition}\n")
        }
        Ask::Sort { column, descending } => {
            let order = order_of(subject.column(column)?, *descending);
            format!("SELECT *\nFROM {table}\n{order}\n")
        }
        Ask::Group { column } => {
            let column = ident(&subject.column(column)?.field.name);
            let count = ident(&subject.unused(&["count", "rows", "row_count"]));
            format!(
                "SELECT {column}, COUNT(*) AS {count}\nFROM {table}\nGROUP BY {column}\nORDER BY {count} DESC, {column}\n"
            )
        }
        Ask::Bin { column } => bins(subject, subject.column(column)?)?,
        Ask::Join(join) => joined(subject, join, other)?,
    })
}

/// The text of a query that clicks have written, with one more question in it: another condition, or another order.
/// `None` where the text isn't one of theirs, or the question needs a statement of its own. `subject` is the query's own
/// table.
pub fn refine(text: &str, subject: Subject<'_>, ask: &Ask) -> Option<Result<String, Problem>> {
    let mut lines: Vec<String> = text.trim_end().lines().map(str::to_owned).collect();
    let is_order = |line: &String| line.starts_with("ORDER BY ");
    let written = match &lines[..] {
        [select, from, rest @ ..] => {
            let conditions = rest.iter().take_while(|line| !is_order(line)).count();
            let sound = rest[..conditions].iter().enumerate().all(|(index, line)| {
                let opens = if index == 0 { "WHERE " } else { "  AND " };
                // A condition that a person wrote may have an OR in it, which another AND would change.
                line.starts_with(opens) && !line.to_uppercase().contains(" OR ")
            });
            let ends = rest.len() - conditions <= 1;
            select == "SELECT *" && plain_from(from) && sound && ends
        }
        _ => false,
    };
    if !written {
        return None;
    }
    let done = |lines: Vec<String>| Some(Ok(lines.join("\n") + "\n"));
    match ask {
        Ask::Filter { column, condition } => {
            let condition = match subject.column(column).and_then(|of| condition_of(of, condition)) {
                Ok(condition) => condition,
                Err(problem) => return Some(Err(problem)),
            };
            let at = lines.iter().position(is_order).unwrap_or(lines.len());
            let opens = if at == 2 { "WHERE " } else { "  AND " };
            let is_there = lines[2..at].iter().any(|line| line[6..] == condition);
            if !is_there {
                lines.insert(at, format!("{opens}{condition}"));
            }
            done(lines)
        }
        Ask::Sort { column, descending } => {
            let order = match subject.column(column) {
                Ok(of) => order_of(of, *descending),
                Err(problem) => return Some(Err(problem)),
            };
            lines.retain(|line| !is_order(line));
            lines.push(order);
            done(lines)
        }
        Ask::Group { .. } | Ask::Bin { .. } | Ask::Join(_) => None,
    }
}

/// `FROM flights`: one table and nothing else.
fn plain_from(line: &str) -> bool {
    line.strip_prefix("FROM ")
        .is_some_and(|table| ident(table) == table || table.starts_with('"') && table.ends_with('"'))
}

fn condition_of(column: &ColumnProfile, asked: &Condition) -> Result<String, Problem> {
    condition(&column.field, asked)
}

/// A condition on a column as SQL writes it.
///
/// # Errors
/// As [`compose`].
pub fn condition(field: &Field, condition: &Condition) -> Result<String, Problem> {
    let name = ident(&field.name);
    let value = |text: &String| literal(field, text);
    Ok(match condition {
        Condition::Is { value } if field.kind == ColumnKind::Boolean => match value.as_str() {
            "true" => name,
            _ => format!("NOT {name}"),
        },
        Condition::IsNot { value } if field.kind == ColumnKind::Boolean => match value.as_str() {
            "true" => format!("NOT {name}"),
            _ => name,
        },
        Condition::Is { value: text } => format!("{name} = {}", value(text)?),
        Condition::IsNot { value: text } => format!("{name} <> {}", value(text)?),
        Condition::Between {
            min: Some(min),
            max: Some(max),
        } => format!("{name} BETWEEN {} AND {}", value(min)?, value(max)?),
        Condition::Between { min: Some(min), .. } => format!("{name} >= {}", value(min)?),
        Condition::Between { max: Some(max), .. } => format!("{name} <= {}", value(max)?),
        Condition::Between { .. } => {
            return Err(Problem::new(Code::BadValue, "the range has no end")
                .with_hint("give the least or the greatest value"));
        }
        Condition::Missing => format!("{name} IS NULL"),
        Condition::Present => format!("{name} IS NOT NULL"),
    })
}

/// Rows without a value come last, so that the first rows show something.
fn order_of(column: &ColumnProfile, descending: bool) -> String {
    let name = ident(&column.field.name);
    let way = if descending { " DESC" } else { "" };
    let nulls = if column.nulls > 0 { " NULLS LAST" } else { "" };
    format!("ORDER BY {name}{way}{nulls}")
}

fn bins(subject: Subject<'_>, column: &ColumnProfile) -> Result<String, Problem> {
    let (table, name) = (ident(subject.name), ident(&column.field.name));
    let unsupported = || {
        Problem::new(
            Code::Unsupported,
            format!(
                "`{}` has no range that could be cut into stretches",
                column.field.name
            ),
        )
        .with_hint("group by its values instead")
    };
    let histogram = column.histogram.as_ref().ok_or_else(unsupported)?;
    let range = histogram.high - histogram.low;
    let (from, expression) = match column.field.kind {
        ColumnKind::Integer | ColumnKind::Float => {
            let whole = column.field.kind == ColumnKind::Integer;
            let from = format!("{}_from", column.field.name);
            (from, stretch(&name, nice_step(range / BINS, whole)))
        }
        ColumnKind::Date | ColumnKind::Datetime => {
            let days = range / MILLISECONDS_A_DAY;
            let (unit, format) = match days {
                days if days > 6.0 * 365.0 => ("year", "%Y"),
                days if days > 90.0 => ("month", "%Y-%m"),
                days if days > 3.0 || column.field.kind == ColumnKind::Date => ("day", "%Y-%m-%d"),
                _ => ("hour", "%Y-%m-%d %H:00"),
            };
            let from = format!("{}_{unit}", column.field.name);
            (from, format!("STRFTIME({name}, '{format}')"))
        }
        _ => return Err(unsupported()),
    };
    let from = ident(&subject.unused(&[&from, &format!("{from}_bin")]));
    let count = ident(&subject.unused(&["count", "rows", "row_count"]));
    Ok(format!(
        "SELECT {expression} AS {from}, COUNT(*) AS {count}\nFROM {table}\nWHERE {name} IS NOT NULL\nGROUP BY {from}\nORDER \
         BY {from}\n"
    ))
}

/// The lower end of the stretch that a number lies in. Steps below 1 multiply, so that ends have no rounding errors.
fn stretch(name: &str, step: f64) -> String {
    if step < 1.0 {
        let parts = (1.0 / step).round();
        format!("FLOOR({name} * {parts}) / {parts:.1}")
    } else {
        format!("FLOOR({name} / {step:.1}) * {step}")
    }
}

/// The least of 1, 2 and 5 times a power of ten that is at least as large as `wanted`.
fn nice_step(wanted: f64, whole: bool) -> f64 {
    if !(wanted > 0.0 && wanted.is_finite()) || (whole && wanted <= 1.0) {
        return 1.0;
    }
    let power = 10_f64.powi(wanted.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    step.into_iter()
        .find(|step| *step >= wanted * 0.999)
        .unwrap_or(10.0 * power)
}

fn joined(subject: Subject<'_>, join: &JoinKeys, other: Option<Subject<'_>>) -> Result<String, Problem> {
    let Some(other) = other else {
        return Err(Problem::new(
            Code::UnknownName,
            format!("the table `{}` hasn't been shown yet", join.table),
        )
        .with_hint("run its cell first"));
    };
    for key in &join.keys {
        subject.column(key)?;
        other.column(key)?;
    }
    let (left, right) = (ident(subject.name), ident(other.name));
    // Columns that both have would come twice; the left one's stay.
    let added = other
        .output
        .profile
        .columns
        .iter()
        .map(|column| &column.field.name)
        .filter(|name| subject.column(name).is_err())
        .map(|name| format!(", {right}.{}", ident(name)));
    let keys: Vec<String> = join.keys.iter().map(|key| ident(key)).collect();
    Ok(format!(
        "SELECT {left}.*{}\nFROM {left}\nLEFT JOIN {right} USING ({})\n",
        added.collect::<String>(),
        keys.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_numbers() {
        assert_eq!(nice_step(67.2, true), 100.0);
        assert_eq!(nice_step(0.3, true), 1.0);
        assert_eq!(nice_step(0.3, false), 0.5);
        assert_eq!(nice_step(2.0, false), 2.0);
        assert_eq!(nice_step(0.0, false), 1.0);
        assert_eq!(stretch("x", 0.2), "FLOOR(x * 5) / 5.0");
        assert_eq!(stretch("x", 50.0), "FLOOR(x / 50.0) * 50");
    }
}
