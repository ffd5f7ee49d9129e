//! One tree.

pub use crate::split::Set;

use crate::rows::category_bin;

/// A tree: the root is node 0; without nodes there is one leaf.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tree {
    /// The nodes; a child comes after its parent.
    pub nodes: Vec<Node>,
    /// What each leaf adds to a score.
    pub leaves: Vec<f64>,
    /// Training rows of each leaf.
    pub leaf_rows: Vec<u32>,
}

/// A node that asks about one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// What it asks.
    pub question: Question,
    /// The child for yes: a node, or `!leaf`, which is negative.
    pub left: i32,
    /// The child for no.
    pub right: i32,
    /// What it gained in training; twice what the loss fell by.
    pub gain: f32,
}

/// What a node asks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Question {
    /// Whether a number is at most a threshold.
    Below {
        /// The column among those of numbers.
        column: u32,
        /// The threshold.
        threshold: f32,
        /// The answer for a missing number.
        missing: bool,
    },
    /// Whether a category is one of a set.
    Among {
        /// The column among those of categories.
        column: u32,
        /// Codes; 0 stands for all without a bin of their own.
        set: Set,
    },
}

impl Question {
    #[inline]
    fn answer(&self, numbers: &[f32], categories: &[u32]) -> bool {
        match self {
            Self::Below {
                column,
                threshold,
                missing,
            } => {
                let value = numbers[*column as usize];
                value <= *threshold || (value.is_nan() && *missing)
            }
            Self::Among { column, set } => set.has(category_bin(categories[*column as usize])),
        }
    }
}

impl Tree {
    /// The leaf of a row.
    #[inline]
    pub fn leaf(&self, (numbers, categories): (&[f32], &[u32])) -> usize {
        if self.nodes.is_empty() {
            return 0;
        }
        let mut at = 0;
        loop {
            let node = &self.nodes[at as usize];
            at = match node.question.answer(numbers, categories) {
                true => node.left,
                false => node.right,
            };
            if at < 0 {
                return !at as usize;
            }
        }
    }

    /// What it adds to the score of a row.
    #[inline]
    pub fn value(&self, row: (&[f32], &[u32])) -> f64 {
        self.leaves[self.leaf(row)]
    }
}
