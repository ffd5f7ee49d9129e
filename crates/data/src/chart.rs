//! What charts draw: bins and aggregates, computed by polars, never more of them than a screen can show.

use crate::{
    Relation,
    bins::Bins,
    error::{DataError, Result, guarded},
    execute::{self, EngineChoice},
    profile::{QUANTILES, milliseconds},
    sample, table,
};
use aloft_spec::{
    chart::{ChartData, ChartSpec, Mark, Marks},
    table::{ColumnKind, Field},
};
use polars::prelude::*;

const DEFAULT_BINS: usize = 40;
const MOST_BINS: usize = 500;
const MOST_CATEGORIES: usize = 40;
const MOST_LINE_POINTS: usize = 2000;
const MOST_SCATTER_POINTS: u64 = 5000;
/// Seed of the points that a scatter plot shows, so that it looks the same each time.
const SCATTER_SEED: u64 = 7;
/// The category of rows without a value.
const NO_VALUE: &str = "no value";

/// Computes what a chart of `relation` draws.
pub(crate) fn chart(relation: &Relation, spec: &ChartSpec) -> Result<ChartData> {
    let x = relation.field(&spec.x)?;
    let y = spec.y.as_deref().map(|name| relation.field(name)).transpose()?;
    let marks = match spec.mark {
        Mark::Histogram => histogram(relation, x, spec.bins)?,
        Mark::Bar => bar(relation, x, y)?,
        Mark::Line => line(relation, x, y)?,
        Mark::Scatter => scatter(relation, x, needed(y, "scatter")?)?,
        Mark::Box => boxes(relation, x, needed(y, "box")?)?,
    };
    let y_label = match (spec.mark, y) {
        (Mark::Bar | Mark::Line, Some(y)) => format!("mean of {}", y.name),
        (Mark::Scatter | Mark::Box, Some(y)) => y.name.clone(),
        _ => "rows".into(),
    };
    let extent = relation.extent(relation.count()?);
    Ok(ChartData {
        x_label: spec.x.clone(),
        y_label,
        marks,
        extent,
    })
}

fn needed<'a>(y: Option<&'a Field>, mark: &str) -> Result<&'a Field> {
    y.ok_or_else(|| DataError::BadValue {
        what: format!("a {mark} chart needs a `y`"),
        hint: "name the column of the vertical axis: y = \"…\"".into(),
    })
}

/// A column as real numbers: truth values are 0 and 1, dates and times milliseconds. NaN and infinite values are null.
fn number(field: &Field, instead: &str) -> Result<Expr> {
    let column = || col(field.name.as_str());
    let milliseconds = |column: Expr| {
        column.map(
            |column| Ok(milliseconds(column.as_materialized_series())?.into_column()),
            |_, field| {
                Ok(polars::prelude::Field::new(
                    field.name().clone(),
                    DataType::Float64,
                ))
            },
        )
    };
    match field.kind {
        ColumnKind::Integer | ColumnKind::Boolean => Ok(column().cast(DataType::Float64)),
        ColumnKind::Float => {
            let real = column().cast(DataType::Float64);
            Ok(when(real.clone().is_finite()).then(real).otherwise(lit(NULL)))
        }
        ColumnKind::Date | ColumnKind::Datetime | ColumnKind::Time => Ok(milliseconds(column())),
        ColumnKind::Text | ColumnKind::Other => Err(DataError::BadValue {
            what: format!("`{}` holds {}, not numbers", field.name, field.dtype),
            hint: instead.into(),
        }),
    }
}

fn is_time(field: &Field) -> bool {
    matches!(field.kind, ColumnKind::Date | ColumnKind::Datetime)
}

/// The values of a column of numbers; nulls are left out.
fn reals(frame: &DataFrame, name: &str) -> Result<Vec<f64>> {
    guarded(|| {
        Ok(frame
            .column(name)?
            .cast(&DataType::Float64)?
            .f64()?
            .iter()
            .flatten()
            .collect())
    })
}

fn histogram(relation: &Relation, x: &Field, bins: Option<usize>) -> Result<Marks> {
    let most = bins.unwrap_or(DEFAULT_BINS).clamp(1, MOST_BINS);
    let values = relation
        .plan
        .clone()
        .select([number(x, "choose mark = \"bar\"")?.alias("x")])
        .filter(col("x").is_not_null());
    let ends = relation.run(
        values
            .clone()
            .select([col("x").min().alias("low"), col("x").max().alias("high")]),
    )?;
    let time = is_time(x);
    let (Some(low), Some(high)) = (reals(&ends, "low")?.pop(), reals(&ends, "high")?.pop()) else {
        return Ok(Marks::Histogram {
            edges: vec![],
            counts: vec![],
            time,
        });
    };
    let whole = matches!(x.kind, ColumnKind::Integer | ColumnKind::Boolean);
    let bins = Bins::new(low, high, whole, most);
    let index = ((col("x") - lit(bins.low)) / lit(bins.width))
        .floor()
        .cast(DataType::Int64)
        .alias("bin");
    let counted = relation.run(
        values
            .select([index])
            .group_by([col("bin")])
            .agg([len().alias("rows")]),
    )?;
    let mut counts = vec![0; bins.count];
    for (bin, rows) in reals(&counted, "bin")?.into_iter().zip(reals(&counted, "rows")?) {
        // The largest value lies on the last edge, and rounding may put a value beside its bin.
        counts[(bin.max(0.0) as usize).min(bins.count - 1)] += rows as u64;
    }
    Ok(Marks::Histogram {
        edges: (0..=bins.count).map(|index| bins.edge(index)).collect(),
        counts,
        time,
    })
}

fn bar(relation: &Relation, x: &Field, y: Option<&Field>) -> Result<Marks> {
    let mut rows = relation.plan.clone();
    let value = match y {
        None => len().cast(DataType::Float64),
        Some(y) => {
            let y = number(y, "leave out `y` to count rows")?;
            rows = rows.filter(y.clone().is_not_null());
            y.mean()
        }
    };
    let (groups, categories, omitted) = categories(relation, rows, x, [value.alias("value")])?;
    Ok(Marks::Bar {
        categories,
        values: reals(&groups, "value")?,
        omitted,
    })
}

fn boxes(relation: &Relation, x: &Field, y: &Field) -> Result<Marks> {
    let y = number(y, "choose a column of numbers as `y`")?;
    let rows = relation.plan.clone().filter(y.clone().is_not_null());
    let name = |index: usize| format!("q{index}");
    let quantiles = QUANTILES.iter().enumerate().map(|(index, share)| {
        y.clone()
            .quantile(lit(*share), QuantileMethod::Linear)
            .alias(name(index))
    });
    let (groups, categories, omitted) = categories(relation, rows, x, quantiles)?;
    let columns = (0..QUANTILES.len())
        .map(|index| reals(&groups, &name(index)))
        .collect::<Result<Vec<_>>>()?;
    let quantiles = (0..categories.len())
        .map(|group| std::array::from_fn(|index| columns[index][group]))
        .collect();
    Ok(Marks::Box {
        categories,
        quantiles,
        omitted,
    })
}

/// Groups of rows by the values of `x`, at most [`MOST_CATEGORIES`] of them: the largest. Texts come by size, what has
/// an order of its own by that. Returns the groups, their names, and how many aren't among them.
fn categories(
    relation: &Relation,
    rows: LazyFrame,
    x: &Field,
    aggregates: impl IntoIterator<Item = Expr>,
) -> Result<(DataFrame, Vec<String>, usize)> {
    if x.kind == ColumnKind::Other {
        return Err(DataError::BadValue {
            what: format!("`{}` holds {}, which can't be categories", x.name, x.dtype),
            hint: "choose a column of texts, numbers or dates as `x`".into(),
        });
    }
    let mut aggregates: Vec<Expr> = aggregates.into_iter().collect();
    aggregates.push(len().alias("group rows"));
    let key = if x.kind == ColumnKind::Text {
        col(x.name.as_str()).cast(DataType::String)
    } else {
        col(x.name.as_str())
    };
    let groups = relation.run(rows.group_by([key.alias("group")]).agg(aggregates))?;
    let found = groups.height();
    guarded(|| {
        let by_size = SortMultipleOptions::default()
            .with_order_descending_multi([true, false])
            .with_nulls_last(true);
        let mut groups = groups
            .sort(["group rows", "group"], by_size)?
            .head(Some(MOST_CATEGORIES));
        if x.kind != ColumnKind::Text {
            groups = groups.sort(["group"], SortMultipleOptions::default().with_nulls_last(true))?;
        }
        let names = match table::values(groups.column("group")?.as_materialized_series()) {
            Ok(values) => (0..groups.height())
                .map(|row| values.format(row).unwrap_or_else(|| NO_VALUE.into()))
                .collect(),
            Err(error) => polars_bail!(ComputeError: "{error}"),
        };
        let omitted = found - groups.height();
        Ok((groups, names, omitted))
    })
}

fn line(relation: &Relation, x: &Field, y: Option<&Field>) -> Result<Marks> {
    let at = number(x, "choose mark = \"bar\", or a column of numbers or dates as `x`")?;
    let mut columns = vec![at.alias("x")];
    let value = match y {
        None => len().cast(DataType::Float64),
        Some(y) => {
            columns.push(number(y, "choose a column of numbers as `y`")?.alias("y"));
            col("y").mean()
        }
    };
    let rows = relation.plan.clone().select(columns).drop_nulls(None);
    let groups = relation.run(
        rows.group_by([col("x")])
            .agg([value.alias("value"), len().alias("rows")])
            .sort(["x"], SortMultipleOptions::default()),
    )?;
    let (x_values, values, rows) = (
        reals(&groups, "x")?,
        reals(&groups, "value")?,
        reals(&groups, "rows")?,
    );
    // Neighbours are joined to their mean, weighted by their rows; counts are summed.
    let together = x_values.len().div_ceil(MOST_LINE_POINTS).max(1);
    let points = (0..x_values.len())
        .step_by(together)
        .map(|from| {
            let part = from..(from + together).min(x_values.len());
            let weight: f64 = rows[part.clone()].iter().sum();
            let weighted =
                |values: &[f64]| part.clone().map(|index| values[index] * rows[index]).sum::<f64>() / weight;
            let value = if y.is_some() {
                weighted(&values)
            } else {
                values[part.clone()].iter().sum()
            };
            [weighted(&x_values), value]
        })
        .collect();
    Ok(Marks::Line {
        points,
        time: is_time(x),
    })
}

fn scatter(relation: &Relation, x: &Field, y: &Field) -> Result<Marks> {
    let instead = "choose mark = \"box\", or columns of numbers or dates";
    let rows = relation
        .plan
        .clone()
        .select([number(x, instead)?.alias("x"), number(y, instead)?.alias("y")])
        .drop_nulls(None);
    let (frame, total) = match relation.engine {
        EngineChoice::InMemory => {
            let all = relation.run(rows)?;
            let total = all.height() as u64;
            let chosen: Vec<IdxSize> = sample::draw(total, MOST_SCATTER_POINTS, SCATTER_SEED)
                .into_iter()
                .map(|row| row as IdxSize)
                .collect();
            (
                guarded(|| all.take(&IdxCa::from_vec(PlSmallStr::EMPTY, chosen)))?,
                total,
            )
        }
        EngineChoice::Streaming => {
            let total = relation.about_file(execute::count(rows.clone(), relation.engine))?;
            let chosen = sample::draw(total, MOST_SCATTER_POINTS, SCATTER_SEED);
            (
                relation.about_file(sample::rows(rows, chosen, &relation.cancel))?,
                total,
            )
        }
    };
    let points = reals(&frame, "x")?
        .into_iter()
        .zip(reals(&frame, "y")?)
        .map(|(x, y)| [x, y])
        .collect();
    Ok(Marks::Scatter {
        points,
        total,
        time: is_time(x),
    })
}
