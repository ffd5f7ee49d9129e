//! Plans with their groupings replaced by ours.

use super::{
    block::MOST_ARGUMENTS,
    input::Input,
    key::Layout,
    scan::Grouping,
    totals::{Kind, Wanted},
};
use crate::{
    Cancel,
    error::{Result, guarded},
    execute::EngineChoice,
    plans::{bare, inputs, type_of},
};
use polars::prelude::*;
use polars_plan::{
    dsl::{AggExpr, DslPlan, FunctionExpr},
    plans::{AExpr, ExprToIRContext, is_elementwise_rec, to_expr_ir},
    prelude::{Arena, GroupbyOptions},
};

/// A plan for the engine in memory that gives the same rows, with groupings by our own table; their rows are read by this
/// engine. `None` where there is nothing to gain: without a grouping that our table can do, or, for the streaming engine,
/// where rows get past all of them. `cancel` stops it.
pub(crate) fn grouped(plan: &LazyFrame, engine: EngineChoice, cancel: &Cancel) -> Result<Option<LazyFrame>> {
    let mut search = Search {
        engine,
        cancel,
        groupings: 0,
        others: 0,
    };
    let replaced = search.plan(&plan.logical_plan)?;
    let is_whole = engine == EngineChoice::InMemory || search.others == 0;
    Ok((search.groupings > 0 && is_whole).then(|| LazyFrame::from(replaced)))
}

struct Search<'a> {
    engine: EngineChoice,
    cancel: &'a Cancel,
    /// How many were replaced.
    groupings: usize,
    /// How many tables are read without one.
    others: usize,
}

impl Search<'_> {
    fn plan(&mut self, plan: &DslPlan) -> Result<DslPlan> {
        if let Some(grouping) = self.grouping(plan)? {
            self.groupings += 1;
            return Ok(grouping);
        }
        let mut replaced = match plan {
            // What polars has found out about a plan holds for this plan alone.
            DslPlan::IR { dsl, .. } => return self.plan(dsl),
            plan => plan.clone(),
        };
        match inputs(&mut replaced) {
            Some(inputs) => {
                for input in inputs {
                    *input = Arc::new(self.plan(input)?);
                }
            }
            None => self.others += 1,
        }
        Ok(replaced)
    }

    /// A grouping by our table; `None` where it can't do that.
    fn grouping(&self, plan: &DslPlan) -> Result<Option<DslPlan>> {
        let DslPlan::GroupBy {
            input,
            keys,
            predicates,
            aggs,
            maintain_order: false,
            options,
            apply: None,
        } = plan
        else {
            return Ok(None);
        };
        if **options != GroupbyOptions::default() {
            return Ok(None);
        }
        let mut rows = LazyFrame::from(bare(input));
        let (input, output) = guarded(|| {
            let output = LazyFrame::from(bare(plan)).collect_schema()?;
            Ok((rows.collect_schema()?, output))
        })?;
        let Some(mut grouping) = Parted::by(keys, &input) else {
            return Ok(None);
        };
        let predicates: Option<Vec<Expr>> = predicates.iter().map(|expr| grouping.result(expr)).collect();
        let results: Option<Vec<Expr>> = aggs.iter().map(|expr| grouping.result(expr)).collect();
        let (Some(predicates), Some(results)) = (predicates, results) else {
            return Ok(None);
        };
        let Some(mut groups) = grouping.plan(rows, self.engine, self.cancel)? else {
            return Ok(None);
        };
        for predicate in predicates {
            groups = groups.filter(predicate);
        }
        let names = output.iter_names().cloned();
        let columns = (0..keys.len()).map(key_column).chain(results).zip(names);
        let mut groups = groups.select(
            columns
                .map(|(column, name)| column.alias(name))
                .collect::<Vec<_>>(),
        );
        let is_same = guarded(|| Ok(groups.collect_schema()? == output))?;
        Ok(is_same.then_some(groups.logical_plan))
    }
}

/// A grouping taken apart: what is read of each row, and what is told of each group.
struct Parted<'a> {
    input: &'a Schema,
    keys: Vec<(Expr, DataType)>,
    arguments: Vec<Expr>,
    totals: Vec<Wanted>,
}

fn key_column(number: usize) -> Expr {
    col(key_name(number))
}

fn key_name(number: usize) -> String {
    format!("\u{0}key {number}")
}

fn total_column(number: usize) -> Expr {
    col(total_name(number))
}

/// No column of a table is named so.
fn total_name(number: usize) -> String {
    format!("\u{0}total {number}")
}

impl<'a> Parted<'a> {
    fn by(keys: &[Expr], input: &'a Schema) -> Option<Self> {
        let keys = keys.iter().map(|key| {
            let dtype = of_each_row(key, input)?;
            Some((key.clone(), dtype))
        });
        Some(Self {
            input,
            keys: keys.collect::<Option<_>>()?,
            arguments: Vec::new(),
            totals: Vec::new(),
        })
    }

    /// An expression over the totals of a group, in place of one over its rows; totals that it needs are added.
    fn result(&mut self, expression: &Expr) -> Option<Expr> {
        let mut is_known = true;
        let result = expression.clone().map_expr(|part| match self.total(&part) {
            Some(Some(total)) => total,
            Some(None) => {
                is_known = false;
                part
            }
            None => part,
        });
        if !is_known {
            return None;
        }
        let totals = self.totals.iter().enumerate();
        let schema = totals.map(|(number, total)| Field::new(total_name(number).into(), total.dtype.clone()));
        of_each_row(&result, &schema.collect())?;
        Some(result)
    }

    /// What an expression that makes one value of a group's rows becomes: `Some(None)` where our table can't do it, `None`
    /// where it isn't one.
    fn total(&mut self, expression: &Expr) -> Option<Option<Expr>> {
        let (kind, of) = match expression {
            Expr::Len => (Kind::Rows, None),
            Expr::Agg(total) => match total {
                AggExpr::Count { input, include_nulls } => match include_nulls {
                    true => (Kind::Rows, Some(input)),
                    false => (Kind::Values, Some(input)),
                },
                AggExpr::Sum(input) => (Kind::Sum, Some(input)),
                AggExpr::Mean(input) => (Kind::Mean, Some(input)),
                AggExpr::Min {
                    input,
                    propagate_nans: false,
                } => (Kind::Least, Some(input)),
                AggExpr::Max {
                    input,
                    propagate_nans: false,
                } => (Kind::Most, Some(input)),
                AggExpr::Var(input, less) => (Kind::Variance(*less), Some(input)),
                AggExpr::Std(input, less) => (Kind::Deviation(*less), Some(input)),
                _ => return Some(None),
            },
            Expr::Function {
                input,
                function: FunctionExpr::NullCount,
            } => {
                let rows = self.total(&Expr::Len)?;
                let values = self.total(&input.first()?.clone().count())?;
                return Some(rows.zip(values).map(|(rows, values)| rows - values));
            }
            _ => return None,
        };
        Some(self.wanted(kind, of.map(|input| &**input), expression))
    }

    fn wanted(&mut self, mut kind: Kind, of: Option<&Expr>, expression: &Expr) -> Option<Expr> {
        let dtype = type_of(expression, self.input)?;
        let (mut argument, mut is_whole) = (0, true);
        if let Some(of) = of {
            let values = of_each_row(of, self.input)?;
            if kind == Kind::Values && !is_number(&values) {
                // Of what can't be a word it is enough to know whether it is there.
                kind = Kind::Sum;
                argument = self.argument(of.clone().is_not_null())?;
            } else if kind != Kind::Rows {
                let can = match kind {
                    Kind::Least | Kind::Most => is_number(&values) || is_time(&values),
                    _ => is_number(&values) || values.is_bool(),
                };
                argument = can.then(|| self.argument(of.clone()))??;
                is_whole = !values.is_float();
            }
        }
        let wanted = Wanted {
            kind,
            argument,
            is_whole,
            dtype,
        };
        let number = self.totals.iter().position(|total| *total == wanted);
        Some(total_column(number.unwrap_or_else(|| {
            self.totals.push(wanted);
            self.totals.len() - 1
        })))
    }

    fn argument(&mut self, argument: Expr) -> Option<usize> {
        let known = self.arguments.iter().position(|known| *known == argument);
        if known.is_none() {
            self.arguments.push(argument);
        }
        Some(known.unwrap_or(self.arguments.len() - 1)).filter(|number| *number < MOST_ARGUMENTS)
    }

    /// The table of groups: its columns are those of the keys and the totals.
    fn plan(self, rows: LazyFrame, engine: EngineChoice, cancel: &Cancel) -> Result<Option<LazyFrame>> {
        let layout = Layout::of(self.keys.iter().map(|(_, dtype)| dtype));
        let Some(layout) = layout.filter(|layout| layout.words <= Grouping::MOST_WORDS) else {
            return Ok(None);
        };
        let keys = self.keys.iter().enumerate();
        let fields = keys.map(|(number, (_, dtype))| Field::new(key_name(number).into(), dtype.clone()));
        let totals = self.totals.iter().enumerate();
        let fields = fields
            .chain(totals.map(|(number, total)| Field::new(total_name(number).into(), total.dtype.clone())));
        let schema: Schema = fields.collect();
        let (keys, arguments) = (self.keys.into_iter(), self.arguments.len());
        let read = keys
            .map(|(key, _)| key)
            .chain(self.arguments)
            .enumerate()
            .map(|(number, read)| read.alias(format!("{number}")));
        let grouping = Grouping {
            rows: Input::of(rows.select(read.collect::<Vec<_>>()), engine),
            cancel: cancel.clone(),
            keys: layout,
            arguments,
            wanted: self.totals,
            schema: Arc::new(schema),
        };
        grouping.plan().map(Some)
    }
}

/// The type of an expression that gives one value for each row, and nothing that depends on other rows.
pub(super) fn of_each_row(expression: &Expr, input: &Schema) -> Option<DataType> {
    let mut arena = Arena::<AExpr>::new();
    let node = to_expr_ir(expression.clone(), &mut ExprToIRContext::new(&mut arena, input)).ok()?;
    is_elementwise_rec(node.node(), &arena).then_some(())?;
    type_of(expression, input)
}

/// Whether values are numbers that fit into words with their signs.
fn is_number(dtype: &DataType) -> bool {
    (dtype.is_integer() && *dtype != DataType::UInt64 && *dtype != DataType::Int128) || dtype.is_float()
}

fn is_time(dtype: &DataType) -> bool {
    matches!(
        dtype,
        DataType::Date | DataType::Datetime(..) | DataType::Duration(_) | DataType::Time
    )
}
