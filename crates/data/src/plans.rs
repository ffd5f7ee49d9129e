//! Plans of polars as trees, for what replaces parts of them.

use crate::error::{Result, guarded};
use polars::prelude::*;
use polars_plan::dsl::{AggExpr, DslPlan};

/// The plans that a plan reads, where its kind is known here; none of tables in memory.
pub(crate) fn inputs(plan: &mut DslPlan) -> Option<Vec<&mut Arc<DslPlan>>> {
    Some(match plan {
        DslPlan::Filter { input, .. }
        | DslPlan::Select { input, .. }
        | DslPlan::HStack { input, .. }
        | DslPlan::GroupBy { input, .. }
        | DslPlan::Distinct { input, .. }
        | DslPlan::Sort { input, .. }
        | DslPlan::Slice { input, .. }
        | DslPlan::MapFunction { input, .. } => vec![input],
        DslPlan::Join {
            input_left,
            input_right,
            ..
        } => vec![input_left, input_right],
        DslPlan::DataFrameScan { .. } => Vec::new(),
        _ => return None,
    })
}

/// The same plan without what polars has found out about its parts, which holds for the whole alone.
pub(crate) fn bare(plan: &DslPlan) -> DslPlan {
    let mut bare_plan = match plan {
        DslPlan::IR { dsl, .. } => return bare(dsl),
        plan => plan.clone(),
    };
    for input in inputs(&mut bare_plan).into_iter().flatten() {
        *input = Arc::new(bare(input));
    }
    bare_plan
}

/// The type of an expression; literals have one as in a table. `None` where it can't be computed of this table.
pub(crate) fn type_of(expression: &Expr, input: &Schema) -> Option<DataType> {
    let dtype = expression.to_field(input).ok()?.dtype;
    dtype.materialize_unknown(false).ok()
}

/// The same plan with sums of 32 bits in 64: polars sums in the type of the column, and says nothing when that overflows.
pub(crate) fn with_wide_sums(plan: &LazyFrame) -> Result<LazyFrame> {
    wide_sums(&plan.logical_plan).map(LazyFrame::from)
}

fn wide_sums(plan: &DslPlan) -> Result<DslPlan> {
    let mut plan = match plan {
        DslPlan::IR { dsl, .. } => return wide_sums(dsl),
        plan => plan.clone(),
    };
    for input in inputs(&mut plan).into_iter().flatten() {
        *input = Arc::new(wide_sums(input)?);
    }
    let (input, expressions): (_, Vec<&mut Expr>) = match &mut plan {
        DslPlan::Select { input, expr, .. } => (input, expr.iter_mut().collect()),
        DslPlan::HStack { input, exprs, .. } => (input, exprs.iter_mut().collect()),
        DslPlan::Filter { input, predicate } => (input, vec![predicate]),
        DslPlan::Sort { input, by_column, .. } => (input, by_column.iter_mut().collect()),
        DslPlan::GroupBy {
            input,
            aggs,
            predicates,
            ..
        } => (input, aggs.iter_mut().chain(predicates).collect()),
        _ => return Ok(plan),
    };
    if expressions.iter().any(|expression| has_sum(expression)) {
        let schema = guarded(|| LazyFrame::from((**input).clone()).collect_schema())?;
        for expression in expressions {
            *expression = expression.clone().map_expr(|part| match &part {
                Expr::Agg(AggExpr::Sum(of)) => match type_of(of, &schema) {
                    Some(DataType::Int32 | DataType::UInt32) => (**of).clone().cast(DataType::Int64).sum(),
                    _ => part,
                },
                _ => part,
            });
        }
    }
    Ok(plan)
}

fn has_sum(expression: &Expr) -> bool {
    expression
        .into_iter()
        .any(|part| matches!(part, Expr::Agg(AggExpr::Sum(_))))
}
