//! The rows of a chart with their class and facet.

use super::classes::Classes;
use crate::{
    Relation,
    error::{Result, guarded},
    execute::{self, EngineChoice},
    sample,
};
use aloft_spec::chart::ChartSpec;
use polars::prelude::*;

/// Classes of a colour: as many as the palette has.
const MOST_CLASSES: usize = 8;
/// Panels of a facet.
const MOST_FACETS: usize = 12;
/// Seed of the rows that are drawn as points, so that a chart looks the same each time.
const SEED: u64 = 7;

/// Rows to draw.
pub(super) struct Rows<'a> {
    pub relation: &'a Relation,
    pub spec: &'a ChartSpec,
    pub classes: Classes,
    pub facets: Classes,
}

impl<'a> Rows<'a> {
    /// The rows of a relation with what `color` and `facet` make of them.
    pub fn of(relation: &'a Relation, spec: &'a ChartSpec) -> Result<Self> {
        let classes = match &spec.color {
            Some(column) => Classes::of(relation, relation.field(column)?, MOST_CLASSES, true)?,
            None => Classes::one(),
        };
        let facets = match &spec.facet {
            Some(column) => Classes::of(relation, relation.field(column)?, MOST_FACETS, false)?,
            None => Classes::one(),
        };
        Ok(Self {
            relation,
            spec,
            classes,
            facets,
        })
    }

    /// A plan with the columns `class` and `facet` and those given; rows that lack one of these are left out, and rows
    /// without a panel.
    pub fn select(&self, columns: impl IntoIterator<Item = Expr>) -> LazyFrame {
        let mut all = vec![
            self.classes.index.clone().alias("class"),
            self.facets.index.clone().alias("facet"),
        ];
        all.extend(columns);
        self.relation
            .plan
            .clone()
            .select(all)
            .filter(col("facet").lt(lit(self.facets.names.len() as u32)))
            .drop_nulls(None)
    }

    /// Hands batches with the columns `class` and `facet` and those given to `take`, as [`Self::select`] chooses them. Where
    /// all rows are of one class and one panel, these two columns aren't there, and no row is left out.
    pub fn each(
        &self,
        columns: impl IntoIterator<Item = Expr>,
        mut take: impl FnMut(&DataFrame) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let plan = if self.are_all() {
            self.relation
                .plan
                .clone()
                .select(columns.into_iter().collect::<Vec<_>>())
        } else {
            self.select(columns)
        };
        match self.relation.engine {
            EngineChoice::InMemory => take(&self.relation.run(plan)?),
            EngineChoice::Streaming => {
                let each = move |batch: DataFrame| take(&batch).map(|()| true);
                self.relation
                    .about_file(execute::batches(plan, &self.relation.cancel, each))
            }
        }
    }

    /// Whether all rows of the relation are of one class and one panel, so that none is left out.
    pub fn are_all(&self) -> bool {
        self.spec.color.is_none() && self.spec.facet.is_none()
    }

    /// How many panels there are.
    pub fn panels(&self) -> usize {
        self.facets.names.len()
    }

    /// At most `most` rows of a plan, drawn by chance and the same each time, and how many there are.
    pub fn draw(&self, rows: LazyFrame, most: u64) -> Result<(DataFrame, u64)> {
        draw(self.relation, rows, most)
    }
}

/// At most `most` rows of a plan over a relation, drawn by chance and the same each time, and how many there are.
pub(super) fn draw(relation: &Relation, rows: LazyFrame, most: u64) -> Result<(DataFrame, u64)> {
    match relation.engine {
        EngineChoice::InMemory => {
            let all = relation.run(rows)?;
            let total = all.height() as u64;
            let chosen: Vec<IdxSize> = sample::draw(total, most, SEED)
                .into_iter()
                .map(|row| row as IdxSize)
                .collect();
            let drawn = guarded(|| all.take(&IdxCa::from_vec(PlSmallStr::EMPTY, chosen)))?;
            Ok((drawn, total))
        }
        EngineChoice::Streaming => {
            let total = relation.about_file(execute::count(rows.clone(), relation.engine))?;
            let chosen = sample::draw(total, most, SEED);
            Ok((
                relation.about_file(sample::rows(rows, chosen, &relation.cancel))?,
                total,
            ))
        }
    }
}
