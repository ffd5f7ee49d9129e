//! The expressions of a query one by one, to find the one that doesn't work: polars says what is wrong with types, and not
//! where.

use crate::sql;
use sqlparser::ast::{Expr, Select, SetExpr, Spanned, Visit, Visitor};
use std::ops::ControlFlow;

/// Statements at most; a longer query is told as a whole.
const MOST: usize = 200;

/// An expression of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expression {
    /// Where it begins: line and column of the statement, both from 1.
    pub line: usize,
    pub column: usize,
    /// A statement with this expression alone, over the same tables: in SELECT, or in WHERE.
    pub statement: String,
}

/// The expressions of a statement that is a plain SELECT, each before those that it is a part of.
pub(crate) fn expressions(sql: &str) -> Vec<Expression> {
    let Ok(query) = sql::parse(sql) else {
        return Vec::new();
    };
    let SetExpr::Select(select) = &*query.body else {
        return Vec::new();
    };
    let mut collector = Collector {
        before: query
            .with
            .as_ref()
            .map(|with| format!("{with} "))
            .unwrap_or_default(),
        from: from(select),
        found: Vec::new(),
    };
    let _ = select.projection.visit(&mut collector);
    let _ = select.selection.visit(&mut collector);
    let _ = select.group_by.visit(&mut collector);
    let _ = select.having.visit(&mut collector);
    let _ = query.order_by.visit(&mut collector);
    collector.found
}

fn from(select: &Select) -> String {
    let tables: Vec<String> = select.from.iter().map(ToString::to_string).collect();
    match tables.is_empty() {
        true => String::new(),
        false => format!(" FROM {}", tables.join(", ")),
    }
}

struct Collector {
    before: String,
    from: String,
    found: Vec<Expression>,
}

impl Visitor for Collector {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let start = expr.span().start;
        if start.line > 0 {
            // polars looks at the types of a condition in WHERE alone.
            for statement in [
                format!("{}SELECT {expr} AS part{}", self.before, self.from),
                format!("{}SELECT 1 AS part{} WHERE {expr}", self.before, self.from),
            ] {
                self.found.push(Expression {
                    line: start.line as usize,
                    column: start.column as usize,
                    statement,
                });
            }
        }
        if self.found.len() < MOST {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_before_the_whole() {
        let sql =
            "SELECT carrier,\n  AVG(delay + $x) AS a\nFROM flights f\nWHERE carrier > 3 GROUP BY carrier";
        let found = expressions(sql);
        let said: Vec<(usize, usize, &str)> = found
            .iter()
            .map(|part| (part.line, part.column, part.statement.as_str()))
            .collect();
        assert!(
            said.contains(&(2, 3, "SELECT AVG(delay + $x) AS part FROM flights f")),
            "{said:?}"
        );
        let at = |statement: &str| said.iter().position(|(.., said)| *said == statement).unwrap();
        let (part, whole) = (
            at("SELECT delay + $x AS part FROM flights f"),
            at("SELECT AVG(delay + $x) AS part FROM flights f"),
        );
        assert!(part < whole);
        assert!(said.contains(&(4, 7, "SELECT carrier > 3 AS part FROM flights f")));
        let with = expressions("WITH t AS (SELECT 1 AS a) SELECT a + 1 FROM t");
        assert!(
            with.iter()
                .any(|part| part.statement == "WITH t AS (SELECT 1 AS a) SELECT a + 1 AS part FROM t")
        );
        assert_eq!(expressions("SELECT 1 UNION SELECT 2"), []);
        assert_eq!(expressions("SELECT"), []);
    }
}
