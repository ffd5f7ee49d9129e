//! What a statement means before polars reads it. Some of SQL polars takes without a word and means something else by it: that is
//! written in a way that it reads right, or refused with what to write in its place.

use crate::error::DataError;
use sqlparser::ast::{
    Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, OrderByKind, Query, Select,
    SelectItem, SetExpr, Statement, TableAlias, TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use std::{collections::BTreeMap, ops::ControlFlow};

/// Functions that make one value of many rows.
const AGGREGATES: &[&str] = &[
    "avg",
    "mean",
    "sum",
    "min",
    "max",
    "count",
    "median",
    "stddev",
    "stddev_samp",
    "stdev",
    "stdev_samp",
    "variance",
    "var",
    "var_samp",
    "first",
    "last",
    "mode",
    "quantile_cont",
    "quantile_disc",
    "corr",
    "covar",
    "covar_pop",
    "covar_samp",
    "array_agg",
    "string_agg",
    "listagg",
    "bit_and",
    "bit_or",
    "bit_xor",
];

/// Writes a statement as polars reads it right.
///
/// # Errors
/// `Unsupported` for what can't be written so.
pub(crate) fn made_plain(statement: &mut Statement) -> Result<(), DataError> {
    match VisitMut::visit(statement, &mut Plain) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Plain;

impl VisitorMut for Plain {
    type Break = DataError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<DataError> {
        let SetExpr::Select(select) = query.body.as_mut() else {
            return ControlFlow::Continue(());
        };
        name_apart(select);
        let made = filters(select)
            .and_then(|()| joins(select))
            .and_then(|()| groups(select));
        if let Err(error) = made {
            return ControlFlow::Break(error);
        }
        if let Some(OrderByKind::Expressions(by)) = query.order_by.as_mut().map(|by| &mut by.kind) {
            for by in by {
                if let Err(error) = sort_by_place(&mut by.expr, select) {
                    return ControlFlow::Break(error);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<DataError> {
        match expr {
            Expr::Subquery(query) => ControlFlow::Break(refused(
                format!("a query can't stand in place of a value: `({query})`"),
                "name it as a table of one row: FROM t CROSS JOIN (SELECT AVG(x) AS mean FROM t) AS m, and use m.mean",
            )),
            Expr::Function(function) if is_aggregate(&function.name) && function.over.is_none() => {
                let inner = aggregate_in(&function.args);
                match inner {
                    Some(inner) => ControlFlow::Break(refused(
                        format!("`{function}` makes one value of `{inner}`, which is one value already"),
                        "compute the inner one in a query of its own",
                    )),
                    None => ControlFlow::Continue(()),
                }
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn refused(what: String, hint: &str) -> DataError {
    DataError::Unsupported {
        what,
        hint: hint.into(),
    }
}

fn is_aggregate(name: &ObjectName) -> bool {
    AGGREGATES.contains(&name.to_string().to_lowercase().as_str())
}

/// The first aggregate in an expression, those over a window and those of queries within it left out.
fn aggregate_in(part: &impl Visit) -> Option<String> {
    struct Find(u32);
    impl Visitor for Find {
        type Break = String;
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
            match expr {
                Expr::Function(function)
                    if self.0 == 0 && function.over.is_none() && is_aggregate(&function.name) =>
                {
                    ControlFlow::Break(function.to_string())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match part.visit(&mut Find(0)) {
        ControlFlow::Break(found) => Some(found),
        ControlFlow::Continue(()) => None,
    }
}

/// polars calls `min(a)` and `max(a)` both `a`. Where that would be said twice, what has no name is called as it is written.
fn name_apart(select: &mut Select) {
    let name = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => first_column(expr),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    };
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in select.projection.iter().filter_map(name) {
        *times.entry(name).or_default() += 1;
    }
    for item in &mut select.projection {
        let twice = name(item).is_some_and(|name| times[&name] > 1);
        if let SelectItem::UnnamedExpr(expr) = item
            && twice
            && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            let alias = Ident::with_quote('"', expr.to_string().replace('"', ""));
            *item = SelectItem::ExprWithAlias {
                expr: expr.clone(),
                alias,
            };
        }
    }
}

/// The column that polars names an expression by.
fn first_column(expr: &Expr) -> Option<String> {
    struct First;
    impl Visitor for First {
        type Break = String;
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
            match expr {
                Expr::Identifier(name) => ControlFlow::Break(name.value.clone()),
                Expr::CompoundIdentifier(names) => match names.last() {
                    Some(name) => ControlFlow::Break(name.value.clone()),
                    None => ControlFlow::Continue(()),
                },
                _ => ControlFlow::Continue(()),
            }
        }
    }
    match expr.visit(&mut First) {
        ControlFlow::Break(name) => Some(name),
        ControlFlow::Continue(()) => None,
    }
}

/// polars would compare each row with a value of all of them.
fn filters(select: &Select) -> Result<(), DataError> {
    match select.selection.as_ref().and_then(aggregate_in) {
        Some(aggregate) => Err(refused(
            format!("WHERE looks at each row by itself, and `{aggregate}` is of many"),
            "put a condition on groups behind HAVING, or compute the value in a query of its own",
        )),
        None => Ok(()),
    }
}

/// polars has no such groups, and shows what it read of the statement.
fn groups(select: &Select) -> Result<(), DataError> {
    let GroupByExpr::Expressions(by, _) = &select.group_by else {
        return Ok(());
    };
    match by
        .iter()
        .find(|by| matches!(by, Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_)))
    {
        Some(by) => Err(refused(
            format!("groups of groups aren't known here: `{by}`"),
            "write a query for each of them, and put UNION ALL between",
        )),
        None => Ok(()),
    }
}

/// polars joins by the columns that are equal and puts the other conditions of ON on what comes out, which drops the rows that
/// an outer join would keep.
fn joins(select: &mut Select) -> Result<(), DataError> {
    for table in &mut select.from {
        for join in &mut table.joins {
            outer_join(join)?;
        }
    }
    Ok(())
}

fn outer_join(join: &mut Join) -> Result<(), DataError> {
    use JoinOperator::{FullOuter, Left, LeftOuter, Right, RightOuter};
    let (is_left, constraint) = match &mut join.join_operator {
        Left(constraint) | LeftOuter(constraint) => (true, constraint),
        Right(constraint) | RightOuter(constraint) | FullOuter(constraint) => (false, constraint),
        _ => return Ok(()),
    };
    let on = match constraint {
        JoinConstraint::On(on) => on,
        JoinConstraint::Using(_) | JoinConstraint::Natural if !is_left => {
            return Err(refused(
                "a RIGHT or FULL JOIN … USING has no key for rows of the right table alone".into(),
                "join ON a.key = b.key, and select COALESCE(a.key, b.key) AS key",
            ));
        }
        _ => return Ok(()),
    };
    let mut conditions = Vec::new();
    split(on.clone(), &mut conditions);
    let (equal, others): (Vec<Expr>, Vec<Expr>) = conditions.into_iter().partition(is_equality);
    if others.is_empty() {
        return Ok(());
    }
    let name = table_name(&join.relation);
    let of_right = |condition: &Expr| name.as_ref().is_some_and(|name| is_about(condition, name));
    let equal = equal.into_iter().reduce(and);
    match (
        others.iter().all(of_right),
        equal,
        others.iter().cloned().reduce(and),
    ) {
        // Rows of the right table that don't meet them are no partners: they may as well not be there.
        (true, Some(equal), Some(others)) if is_left => {
            *on = equal;
            join.relation = only_where(&join.relation, name.as_deref().unwrap_or_default(), &others)?;
            Ok(())
        }
        _ => Err(refused(
            format!(
                "an outer join is by equal columns alone, and ON says `{}` too",
                others[0]
            ),
            "put conditions on one table into a query of its own: LEFT JOIN (SELECT * FROM b WHERE …) AS b ON a.key = b.key",
        )),
    }
}

fn and(a: Expr, b: Expr) -> Expr {
    Expr::BinaryOp {
        left: Box::new(a),
        op: sqlparser::ast::BinaryOperator::And,
        right: Box::new(b),
    }
}

/// The conditions that a condition is made of.
fn split(condition: Expr, into: &mut Vec<Expr>) {
    match condition {
        Expr::BinaryOp {
            left,
            op: sqlparser::ast::BinaryOperator::And,
            right,
        } => {
            split(*left, into);
            split(*right, into);
        }
        Expr::Nested(inner) => split(*inner, into),
        other => into.push(other),
    }
}

fn is_equality(condition: &Expr) -> bool {
    let is_column = |expr: &Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    match condition {
        Expr::BinaryOp {
            left,
            op: sqlparser::ast::BinaryOperator::Eq,
            right,
        } => is_column(left) && is_column(right),
        _ => false,
    }
}

/// What a table is called in the statement.
fn table_name(table: &TableFactor) -> Option<String> {
    match table {
        TableFactor::Table {
            alias: Some(alias), ..
        }
        | TableFactor::Derived {
            alias: Some(alias), ..
        } => Some(alias.name.value.clone()),
        TableFactor::Table { name, .. } => name
            .0
            .last()
            .and_then(|part| part.as_ident())
            .map(|name| name.value.clone()),
        _ => None,
    }
}

/// Whether all columns of a condition are said to be of a table, and there is one.
fn is_about(condition: &Expr, table: &str) -> bool {
    struct Columns<'a>(&'a str, usize);
    impl Visitor for Columns<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::CompoundIdentifier(names) if names.len() == 2 && names[0].value == self.0 => {
                    self.1 += 1;
                    ControlFlow::Continue(())
                }
                Expr::Identifier(_)
                | Expr::CompoundIdentifier(_)
                | Expr::Subquery(_)
                | Expr::InSubquery { .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let mut columns = Columns(table, 0);
    condition.visit(&mut columns).is_continue() && columns.1 > 0
}

/// The rows of a table that meet a condition, under the same name.
fn only_where(table: &TableFactor, name: &str, condition: &Expr) -> Result<TableFactor, DataError> {
    let name = Ident::with_quote('"', name);
    let sql = format!("SELECT * FROM {table} WHERE {condition}");
    let statements = sqlparser::parser::Parser::parse_sql(&sqlparser::dialect::GenericDialect {}, &sql);
    match statements
        .ok()
        .and_then(|statements| statements.into_iter().next())
    {
        Some(Statement::Query(subquery)) => Ok(TableFactor::Derived {
            lateral: false,
            subquery,
            alias: Some(TableAlias {
                explicit: true,
                name,
                columns: Vec::new(),
                at: None,
            }),
            sample: None,
        }),
        // It was read of the same words before.
        _ => Err(DataError::broken()),
    }
}

/// polars doesn't know an aggregate behind ORDER BY, but the place of one that is selected.
fn sort_by_place(by: &mut Expr, select: &Select) -> Result<(), DataError> {
    let Some(aggregate) = aggregate_in(by) else {
        return Ok(());
    };
    let is_plain = |item: &SelectItem| {
        matches!(
            item,
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }
        )
    };
    let place = select.projection.iter().position(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr == by,
        _ => false,
    });
    match place.filter(|place| select.projection[..*place].iter().all(is_plain)) {
        Some(place) => {
            *by = Expr::value(Value::Number((place + 1).to_string(), false));
            Ok(())
        }
        None => Err(refused(
            format!("what rows are sorted by has to be selected too: `{aggregate}`"),
            "give it a name, and sort by that: SELECT …, COUNT(*) AS n … ORDER BY n",
        )),
    }
}
