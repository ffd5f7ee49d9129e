//! Where a column lies in encoded rows, and its values as people read them.

use super::{Encoding, FittedColumn, Preprocessing, values};
use crate::error::Result;
use polars::prelude::Series;
use std::ops::Range;

/// Where a column lies in the rows of [`crate::batch::Encoded`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its name in the table.
    pub name: String,
    /// Its numbers.
    pub numbers: Range<usize>,
    /// Its categories.
    pub categories: Range<usize>,
}

/// The values of a column as people read them.
#[derive(Debug, Clone, PartialEq)]
pub enum Readable {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Milliseconds since 1970-01-01 UTC.
    Moments(Vec<Option<i64>>),
    /// Names.
    Names(Vec<Option<String>>),
}

impl Preprocessing {
    /// Where each column lies.
    pub fn blocks(&self) -> Vec<Block> {
        let (mut number, mut category) = (0, 0);
        let block = |column: &FittedColumn| {
            let (numbers, categories) = (number, category);
            number += column.encoding.width(self.form);
            category += usize::from(matches!(column.encoding, Encoding::Category(_)));
            Block {
                name: column.name.clone(),
                numbers: numbers..number,
                categories: categories..category,
            }
        };
        self.columns.iter().map(block).collect()
    }
}

impl Encoding {
    /// The values of a column of this encoding.
    pub fn readable(&self, series: &Series) -> Result<Readable> {
        Ok(match self {
            Self::Number(_) => Readable::Numbers(
                values::numbers(series)?
                    .into_iter()
                    .map(|number| Some(number).filter(|number| !number.is_nan()))
                    .collect(),
            ),
            Self::Moment(_) => Readable::Moments(values::moments(series)?),
            Self::Flag(_) => {
                let name = |flag: Option<bool>| flag.map(|flag| flag.to_string());
                Readable::Names(values::flags(series)?.into_iter().map(name).collect())
            }
            Self::Category(_) | Self::Target(_) => {
                let texts = values::texts(series)?;
                Readable::Names(texts.iter().map(|text| text.map(str::to_owned)).collect())
            }
        })
    }
}
