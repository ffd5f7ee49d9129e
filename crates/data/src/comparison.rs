//! Comparisons that polars makes without a word and nobody means: a date with a number, which it takes for days or
//! microseconds since 1970.

use crate::error::DataError;
use sqlparser::ast::{BinaryOperator, Expr, Select, SelectItem, UnaryOperator, Value, Visit, Visitor};
use std::{collections::BTreeSet, ops::ControlFlow};

/// Says of the first comparison of a date with a number that it is one. `dates` are the columns that hold dates or points
/// in time, whatever table they are of.
pub(crate) fn check(statement: &impl Visit, dates: &BTreeSet<String>) -> Result<(), DataError> {
    let mut comparisons = Comparisons {
        dates,
        aliases: BTreeSet::new(),
        found: None,
    };
    // It never breaks off.
    let _ = statement.visit(&mut comparisons);
    match comparisons.found {
        // What the statement calls so itself may be anything.
        Some((column, number)) if !comparisons.aliases.contains(&column) => Err(DataError::BadValue {
            what: format!("`{column}` is a point in time, and {number} is a number: they can't be compared"),
            hint: format!(
                "write a date, as in {column} >= DATE '2024-01-31', or take a part of it, as in \
                 EXTRACT(YEAR FROM {column}) >= 2024"
            ),
        }),
        _ => Ok(()),
    }
}

struct Comparisons<'a> {
    dates: &'a BTreeSet<String>,
    /// Names that the statement gives.
    aliases: BTreeSet<String>,
    found: Option<(String, String)>,
}

impl Comparisons<'_> {
    fn compare(&mut self, a: &Expr, b: &Expr) {
        for (column, number) in [(a, b), (b, a)] {
            let (Some(column), Some(number)) = (column_name(column), number_text(number)) else {
                continue;
            };
            if self.dates.contains(column) && self.found.is_none() {
                self.found = Some((column.to_owned(), number));
            }
        }
    }
}

impl Visitor for Comparisons<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                self.aliases.insert(alias.value.clone());
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
        match expr {
            Expr::BinaryOp {
                left,
                op: Eq | NotEq | Gt | GtEq | Lt | LtEq,
                right,
            } => {
                self.compare(left, right);
            }
            Expr::Between {
                expr: value,
                low,
                high,
                ..
            } => {
                self.compare(value, low);
                self.compare(value, high);
            }
            Expr::InList {
                expr: value, list, ..
            } => {
                list.iter().for_each(|other| self.compare(value, other));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn column_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.as_str()),
        Expr::Nested(inner) => column_name(inner),
        _ => None,
    }
}

fn number_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => Some(number.to_string()),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => number_text(expr).map(|number| format!("-{number}")),
        Expr::Nested(inner) => number_text(inner),
        _ => None,
    }
}
