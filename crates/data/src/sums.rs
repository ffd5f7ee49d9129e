//! Whole numbers that are computed right. polars adds, multiplies and sums in the type of the column, of 8 to 64 bits, and says
//! nothing when that overflows: here what is narrower is computed in 64 bits, and sums of these are checked.

use crate::{
    error::{Result, guarded},
    plans::{inputs, type_of},
};
use polars::prelude::*;
use polars_plan::dsl::{AggExpr, DslPlan};

/// The same plan with arithmetic and sums of fewer bits in 64, and with sums of 64 bits checked. Those of groups aren't where they will be
/// `grouped` by a table of our own, which checks them itself.
pub(crate) fn with_safe_sums(plan: &LazyFrame, grouped: bool) -> Result<LazyFrame> {
    safe(&plan.logical_plan, grouped).map(LazyFrame::from)
}

fn safe(plan: &DslPlan, grouped: bool) -> Result<DslPlan> {
    let mut plan = match plan {
        DslPlan::IR { dsl, .. } => return safe(dsl, grouped),
        plan => plan.clone(),
    };
    for input in inputs(&mut plan).into_iter().flatten() {
        *input = Arc::new(safe(input, grouped)?);
    }
    let mut checked = true;
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
        } => {
            checked = !grouped;
            (input, aggs.iter_mut().chain(predicates).collect())
        }
        _ => return Ok(plan),
    };
    if expressions.iter().any(|expression| computes(expression)) {
        let schema = guarded(|| LazyFrame::from((**input).clone()).collect_schema())?;
        for expression in expressions {
            *expression = expression.clone().map_expr(|part| match &part {
                Expr::BinaryExpr { left, op, right } if is_narrow(&part, &schema) => Expr::BinaryExpr {
                    left: Arc::new((**left).clone().cast(DataType::Int64)),
                    op: *op,
                    right: Arc::new((**right).clone().cast(DataType::Int64)),
                },
                Expr::Agg(AggExpr::Sum(of)) => match type_of(of, &schema) {
                    Some(DataType::Int32 | DataType::UInt32) => (**of).clone().cast(DataType::Int64).sum(),
                    Some(DataType::Int64 | DataType::UInt64) if checked => checked_sum(of),
                    _ => part,
                },
                _ => part,
            });
        }
    }
    Ok(plan)
}

fn computes(expression: &Expr) -> bool {
    expression
        .into_iter()
        .any(|part| matches!(part, Expr::Agg(AggExpr::Sum(_))) || is_arithmetic(part))
}

fn is_arithmetic(part: &Expr) -> bool {
    use Operator::{Minus, Multiply, Plus};
    matches!(
        part,
        Expr::BinaryExpr {
            op: Plus | Minus | Multiply,
            ..
        }
    )
}

/// Whether its result would be a whole number of fewer than 64 bits.
fn is_narrow(part: &Expr, schema: &Schema) -> bool {
    use DataType::{Int8, Int16, Int32, UInt8, UInt16, UInt32};
    let narrow = |dtype| matches!(dtype, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32);
    is_arithmetic(part) && type_of(part, schema).is_some_and(narrow)
}

/// A sum that is an error where 64 bits don't hold it. One that overflowed is off by a multiple of 2^64, so it is told by
/// the sum of the same values as real numbers, however roughly that is known.
fn checked_sum(of: &Expr) -> Expr {
    /// Half of the least that an overflow is off by.
    const FAR: f64 = 9_223_372_036_854_775_808.0;
    let check = |sums: &mut [Column]| {
        let [wrapped, rough] = [&sums[0], &sums[1]].map(|sums| sums.cast(&DataType::Float64));
        let (wrapped, rough) = (wrapped?, rough?);
        let pairs = wrapped.f64()?.iter().zip(rough.f64()?.iter());
        for (wrapped, rough) in pairs {
            if let (Some(wrapped), Some(rough)) = (wrapped, rough)
                && (wrapped - rough).abs() > FAR
            {
                polars_bail!(ComputeError: "the sum of `{}` is beyond what whole numbers of 64 bits hold: it is about {rough:e}", sums[0].name());
            }
        }
        Ok(sums[0].clone())
    };
    let sums = [of.clone().sum(), of.clone().cast(DataType::Float64).sum()];
    map_multiple(check, sums, |_, fields| Ok(fields[0].clone()))
}
