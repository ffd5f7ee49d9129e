//! Rows in groups by the values of a column: bars, boxes, violins, the sides of a heatmap.

use super::{
    numbers::{indices, reals},
    rows::Rows,
};
use crate::{
    error::{DataError, Result, guarded},
    table,
};
use aloft_spec::{
    chart::NO_VALUE,
    table::{ColumnKind, Field},
};
use polars::prelude::*;
use std::collections::HashMap;

/// Categories that are shown, at most.
pub(super) const MOST_CATEGORIES: usize = 40;

/// A column as the key of groups.
pub(super) fn key(field: &Field) -> Result<Expr> {
    match field.kind {
        ColumnKind::Other => Err(DataError::BadValue {
            what: format!(
                "`{}` holds {}, which can't be categories",
                field.name, field.dtype
            ),
            hint: "choose a column of texts, numbers or dates".into(),
        }),
        ColumnKind::Text => Ok(col(field.name.as_str()).cast(DataType::String)),
        _ => Ok(col(field.name.as_str())),
    }
}

/// The categories of a column, and where each is.
pub(super) struct Categories {
    /// Their names in order: texts by size, what has an order of its own by that.
    pub names: Vec<String>,
    /// Further ones, which aren't shown.
    pub omitted: usize,
    places: HashMap<Option<String>, usize>,
}

impl Categories {
    /// The largest categories among groups with the columns `key` and `rows`.
    pub fn of(groups: &DataFrame, key: &str, field: &Field, most: usize) -> Result<Self> {
        let (largest, found) = guarded(|| {
            let sizes = groups
                .clone()
                .lazy()
                .group_by([col(key)])
                .agg([col("rows").sum()])
                .collect()?;
            let by_size = SortMultipleOptions::default()
                .with_order_descending_multi([true, false])
                .with_nulls_last(true);
            let found = sizes.height();
            let mut largest = sizes
                .sort([PlSmallStr::from("rows"), key.into()], by_size)?
                .head(Some(most));
            if field.kind != ColumnKind::Text {
                largest = largest.sort([key], SortMultipleOptions::default().with_nulls_last(true))?;
            }
            Ok((largest, found))
        })?;
        let texts = texts(&largest, key)?;
        let names: Vec<String> = texts
            .iter()
            .map(|name| name.clone().unwrap_or_else(|| NO_VALUE.into()))
            .collect();
        Ok(Self {
            omitted: found - names.len(),
            names,
            places: texts
                .into_iter()
                .enumerate()
                .map(|(place, text)| (text, place))
                .collect(),
        })
    }

    /// The place of each row's category in the names.
    pub fn places(&self, groups: &DataFrame, key: &str) -> Result<Vec<Option<usize>>> {
        let texts = texts(groups, key)?;
        Ok(texts.iter().map(|text| self.places.get(text).copied()).collect())
    }
}

fn texts(frame: &DataFrame, key: &str) -> Result<Vec<Option<String>>> {
    let values = guarded(|| Ok(frame.column(key)?.as_materialized_series().clone()))?;
    let values = table::values(&values)?;
    Ok((0..frame.height()).map(|row| values.format(row)).collect())
}

/// A group: its panel, class, category and numbers.
pub(super) struct Group {
    pub facet: usize,
    pub class: usize,
    pub category: usize,
    pub numbers: Vec<f64>,
}

/// Groups of rows by facet, class and the category of `x`, with `aggregates` (named) over those where `y` has a value.
/// Groups come in the order of panel, category and class.
pub(super) fn grouped(
    rows: &Rows<'_>,
    x: &Field,
    y: Option<Expr>,
    aggregates: &[(&str, Expr)],
) -> Result<(Vec<Group>, Categories)> {
    let mut columns = vec![
        rows.classes.index.clone().alias("class"),
        rows.facets.index.clone().alias("facet"),
        key(x)?.alias("key"),
    ];
    let mut keep = col("facet").lt(lit(rows.panels() as u32));
    if let Some(y) = y {
        columns.push(y.alias("y"));
        keep = keep.and(col("y").is_not_null());
    }
    let mut wanted: Vec<Expr> = aggregates
        .iter()
        .map(|(name, value)| value.clone().alias(*name))
        .collect();
    wanted.push(len().alias("rows"));
    let plan = rows.relation.plan.clone().select(columns).filter(keep);
    let frame = rows.relation.run(
        plan.group_by([col("facet"), col("class"), col("key")])
            .agg(wanted),
    )?;
    let categories = Categories::of(&frame, "key", x, MOST_CATEGORIES)?;
    let places = categories.places(&frame, "key")?;
    let (facets, classes) = (indices(&frame, "facet")?, indices(&frame, "class")?);
    let numbers = aggregates
        .iter()
        .map(|(name, _)| reals(&frame, name))
        .collect::<Result<Vec<_>>>()?;
    let mut groups: Vec<Group> = (0..frame.height())
        .filter_map(|row| {
            Some(Group {
                facet: facets[row],
                class: classes[row],
                category: places[row]?,
                numbers: numbers.iter().map(|values| values[row]).collect(),
            })
        })
        .collect();
    groups.sort_by_key(|group| (group.facet, group.category, group.class));
    Ok((groups, categories))
}

/// Where the marks of a class stand beside those of others in a category: their middle and width.
pub(super) fn beside(category: usize, class: usize, classes: usize, width: f64) -> (f64, f64) {
    let each = width / classes.max(1) as f64;
    (
        category as f64 - width / 2.0 + each * (class as f64 + 0.5),
        each * 0.92,
    )
}

/// What is said of categories that aren't shown.
pub(super) fn omitted_note(categories: &Categories) -> Vec<String> {
    match categories.omitted {
        0 => Vec::new(),
        more => vec![format!(
            "{} more not shown",
            aloft_spec::text::thousands(more as u64)
        )],
    }
}
