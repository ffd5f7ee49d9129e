//! Values of a column that have a colour or a panel of their own.

use super::numbers::{indices, number, reals};
use crate::{
    Relation,
    error::{DataError, Result, guarded},
    table,
};
use aloft_spec::{
    chart::NO_VALUE,
    table::{ColumnKind, Field},
    text::significant_digits,
};
use polars::prelude::*;

/// Quarters of the rows are the classes of a number with many values.
const QUARTERS: [f64; 3] = [0.25, 0.5, 0.75];

/// Classes of rows.
pub(super) struct Classes {
    /// Their names, in order.
    pub names: Vec<String>,
    /// The class of a row: an index of the names, and their count for rows of no class.
    pub index: Expr,
    /// Values that have no class.
    pub omitted: usize,
}

impl Classes {
    /// One class with all rows.
    pub fn one() -> Self {
        Self {
            names: vec![String::new()],
            index: lit(0_u32),
            omitted: 0,
        }
    }

    /// The values of a column with the most rows, `most` at the most. With `others` the rest share the last class;
    /// without, they have none. A number with more values than that is cut into quarters.
    pub fn of(relation: &Relation, field: &Field, most: usize, others: bool) -> Result<Self> {
        if field.kind == ColumnKind::Other {
            return Err(DataError::BadValue {
                what: format!("`{}` holds {}, which has no classes", field.name, field.dtype),
                hint: "choose a column of texts, numbers, truth values or dates".into(),
            });
        }
        let column = col(field.name.as_str());
        let name = column.clone().cast(DataType::String);
        let counted = relation.run(
            relation
                .plan
                .clone()
                .group_by([name.clone().alias("name")])
                .agg([len().alias("rows"), column.min().alias("value")]),
        )?;
        let found = counted.height();
        if found > most && matches!(field.kind, ColumnKind::Integer | ColumnKind::Float) {
            return Self::quarters(relation, field);
        }
        let kept = if found > most && others { most - 1 } else { most };
        let names: Vec<Option<String>> = guarded(|| {
            let by_size = SortMultipleOptions::default()
                .with_order_descending_multi([true, false])
                .with_nulls_last(true);
            let mut largest = counted.sort(["rows", "name"], by_size)?.head(Some(kept));
            if field.kind != ColumnKind::Text {
                largest = largest.sort(["value"], SortMultipleOptions::default().with_nulls_last(true))?;
            }
            table::texts(largest.column("name")?.as_materialized_series())
        })?;
        let mut index = lit(names.len() as u32);
        for (class, value) in names.iter().enumerate().rev() {
            let is = match value {
                Some(value) => name.clone().eq(lit(value.as_str())),
                None => name.clone().is_null(),
            };
            // Nothing compares to no value but itself.
            index = when(is.fill_null(lit(false)))
                .then(lit(class as u32))
                .otherwise(index);
        }
        let omitted = found - names.len();
        let mut names: Vec<String> = names
            .into_iter()
            .map(|name| name.unwrap_or_else(|| NO_VALUE.into()))
            .collect();
        if omitted > 0 && others {
            names.push(format!("{omitted} others"));
        }
        Ok(Self {
            names,
            index,
            omitted,
        })
    }

    fn quarters(relation: &Relation, field: &Field) -> Result<Self> {
        let value = number(field, "")?;
        let quantiles = QUARTERS.iter().enumerate().map(|(at, share)| {
            let quantile = value.clone().quantile(lit(*share), QuantileMethod::Linear);
            quantile.alias(format!("q{at}"))
        });
        let frame = relation.run(relation.plan.clone().select(quantiles.collect::<Vec<_>>()))?;
        let mut edges = Vec::new();
        for at in 0..QUARTERS.len() {
            edges.extend(reals(&frame, &format!("q{at}"))?.first().copied());
        }
        edges.dedup();
        let said: Vec<String> = edges.iter().map(|edge| significant_digits(*edge, 3)).collect();
        let mut names = Vec::new();
        for at in 0..=said.len() {
            names.push(
                match (at.checked_sub(1).and_then(|at| said.get(at)), said.get(at)) {
                    (None, Some(high)) => format!("below {high}"),
                    (Some(low), Some(high)) => format!("{low} to {high}"),
                    (Some(low), None) => format!("{low} and more"),
                    (None, None) => "all".into(),
                },
            );
        }
        let mut index = lit(0_u32);
        for edge in edges {
            index = index
                + when(value.clone().gt_eq(lit(edge)))
                    .then(lit(1_u32))
                    .otherwise(lit(0_u32));
        }
        names.push(NO_VALUE.into());
        let none = lit(names.len() as u32 - 1);
        let has_none = relation.run(
            relation
                .plan
                .clone()
                .select([value.clone().is_null().sum().alias("none")]),
        )?;
        if indices(&has_none, "none")?.first() == Some(&0) {
            names.pop();
        }
        Ok(Self {
            names,
            index: when(value.is_null()).then(none).otherwise(index),
            omitted: 0,
        })
    }
}
