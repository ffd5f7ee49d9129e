//! Which columns a query hands on as it found them.

use crate::sql;
use sqlparser::ast::{Expr, SelectItem, SetExpr, TableFactor, WildcardAdditionalOptions};

/// Whether the result of a statement has a column as the tables have it that it reads: named in its SELECT, or part of a
/// `*`, and in FROM nothing but tables by name. False where that isn't sure.
pub(crate) fn passes_column(sql: &str, name: &str) -> bool {
    let Ok(query) = sql::parse(sql) else { return false };
    let (SetExpr::Select(select), None) = (&*query.body, &query.with) else {
        return false;
    };
    let is_table = |factor: &TableFactor| matches!(factor, TableFactor::Table { args: None, .. });
    let plain = select
        .from
        .iter()
        .all(|from| is_table(&from.relation) && from.joins.iter().all(|join| is_table(&join.relation)));
    let is_column = |expr: &Expr| match expr {
        Expr::Identifier(ident) => ident.value == name,
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|ident| ident.value == name),
        _ => false,
    };
    let has_all =
        |options: &WildcardAdditionalOptions| options.opt_replace.is_none() && options.opt_rename.is_none();
    plain
        && select.projection.iter().any(|item| match item {
            SelectItem::UnnamedExpr(expr) => is_column(expr),
            SelectItem::ExprWithAlias { expr, alias } => alias.value == name && is_column(expr),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => has_all(options),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_passes_where_nothing_changes_it() {
        let passes = |sql: &str| passes_column(sql, "distance");
        for sql in [
            "SELECT * FROM flights",
            "SELECT carrier, distance FROM flights WHERE x > 1 ORDER BY distance LIMIT 5",
            "SELECT f.distance AS distance FROM flights f LEFT JOIN weather w USING (hour)",
            "SELECT f.*, w.temp FROM flights f JOIN weather w USING (hour)",
            "SELECT distance, COUNT(*) FROM flights GROUP BY distance",
        ] {
            assert!(passes(sql), "{sql}");
        }
        for sql in [
            "SELECT distance / 2 AS distance FROM flights",
            "SELECT hours AS distance FROM flights",
            "SELECT * REPLACE (distance / 2 AS distance) FROM flights",
            "SELECT distance FROM (SELECT hours AS distance FROM flights) f",
            "WITH f AS (SELECT hours AS distance FROM flights) SELECT distance FROM f",
            "SELECT distance FROM flights UNION ALL SELECT hours FROM flights",
            "SELECT carrier FROM flights",
            "SELECT",
        ] {
            assert!(!passes(sql), "{sql}");
        }
    }
}
