//! How a table becomes the rows of a model. What was fitted on the training part is stored with the model, so that a
//! prediction reads its table in the same way.
//!
//! | inputs | a row of the model is |
//! |---|---|
//! | [`Preprocessing`] | a row of the table: numbers and categories |
//! | [`windows`] | the last steps of a series, to predict the next ones |
//! | [`images`] | a picture |
//! | [`text`] | the tokens of a text |

pub mod images;
pub mod text;
pub mod windows;

use crate::{
    batch::{Batch, Encoded},
    error::Result,
    preprocess::Preprocessing,
};
use aloft_nn::rng::Random;
use images::{Images, Size};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use text::Texts;
use windows::Windows;

/// What was fitted, by what the model's rows are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rows", rename_all = "lowercase")]
pub enum Inputs {
    /// Rows of the table.
    Table(Preprocessing),
    /// Rows of the table, each category a zero-or-one column.
    Numbers(Preprocessing),
    /// Windows of series.
    Windows(Windows),
    /// Pictures.
    Images(Images),
    /// Texts.
    Text(Texts),
}

impl Inputs {
    /// Names of the columns that the model learns from.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Table(table) | Self::Numbers(table) => table.names(),
            Self::Windows(windows) => windows.names(),
            Self::Images(images) => vec![images.column.clone()],
            Self::Text(texts) => vec![texts.column.clone()],
        }
    }

    /// What a row looks like to a model.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Table(table) => Shape::Flat {
                numbers: table.numeric_width(),
                continuous: table.continuous(),
                categories: table.category_values(),
            },
            Self::Numbers(table) => Shape::Flat {
                numbers: table.spread_width(),
                continuous: Vec::new(),
                categories: Vec::new(),
            },
            Self::Windows(windows) => windows.shape(),
            Self::Images(images) => Shape::Image(images.size),
            Self::Text(texts) => texts.shape(),
        }
    }
}

/// What a model's row looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Numbers without an order, and categories of so many values each, the bucket of unknown ones counted.
    Flat {
        /// Numbers.
        numbers: usize,
        /// Those of them that may be learned in waves: columns of a table that are points on a line.
        continuous: Vec<usize>,
        /// Values of each category.
        categories: Vec<usize>,
    },
    /// So many numbers at each of so many positions.
    Sequence {
        /// Positions.
        positions: usize,
        /// Numbers at a position.
        inputs: usize,
    },
    /// Numbers of each pixel.
    Image(Size),
    /// Up to so many tokens.
    Tokens {
        /// Positions.
        positions: usize,
        /// Tokens that there are; 0 is none.
        tokens: usize,
        /// Whether their order counts; otherwise each has a weight.
        order: bool,
    },
}

/// Rows that a model can be given, wherever they lie.
pub trait Examples: Debug + Send + Sync {
    /// How many.
    fn count(&self) -> usize;

    /// Bytes of a row as the model reads it.
    fn row_bytes(&self) -> usize;

    /// Bytes of all rows as they are kept.
    fn bytes(&self) -> usize {
        self.count() * self.row_bytes()
    }

    /// The rows as one matrix of numbers and one of categories, where they are kept as that.
    fn encoded(&self) -> Option<&Encoded> {
        None
    }

    /// The rows as windows of series, where they are that.
    fn windows(&self) -> Option<&windows::WindowRows> {
        None
    }

    /// Puts the rows of these indices side by side, in their order.
    ///
    /// # Errors
    /// Those of reading a file, where the rows lie in one.
    fn gather(&self, indices: &[u32], batch: &mut Batch) -> Result<()>;

    /// Puts rows to learn from into a random order.
    fn shuffle(&self, rows: &mut Vec<u32>, random: &mut Random) {
        random.shuffle(rows);
    }

    /// Makes rows to learn from a little different each time, where that leaves what they are.
    fn vary(&self, _batch: &mut Batch, _random: &mut Random) {}

    /// Gives back memory that is kept from epoch to epoch: no more rows are learned from.
    fn end_learning(&self) {}

    /// Where the numbers that a model gives for a row begin, and what they are multiplied by, in the target's unit:
    /// `None` where the task says it for all rows.
    fn unit(&self, _row: u32) -> Option<Unit> {
        None
    }

    /// What could be said of some rows without a model, by the name of the base line: [rows, outputs].
    fn base_lines(&self, _rows: &[u32]) -> Vec<(&'static str, Vec<f64>)> {
        Vec::new()
    }
}

/// `start + size * number` is in the target's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// What 0 means.
    pub start: f64,
    /// What 1 adds.
    pub size: f64,
}

impl Default for Unit {
    fn default() -> Self {
        Self {
            start: 0.0,
            size: 1.0,
        }
    }
}
