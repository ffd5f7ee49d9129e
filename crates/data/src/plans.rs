//! Plans of polars as trees, for what replaces parts of them.

use polars::prelude::*;
use polars_plan::dsl::DslPlan;

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
