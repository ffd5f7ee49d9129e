//! A trained forest: prediction, importance of features, and the arrays that it is stored as.

use crate::{
    error::TreesError,
    objective::Objective,
    rows::Rows,
    split::Set,
    tree::{Node, Question, Tree},
};
use rayon::prelude::*;

/// Rows that go through all trees together.
const BLOCK: usize = 256;

/// Trees whose sum scores rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// What the scores mean.
    pub objective: Objective,
    /// The scores before the first tree.
    pub base: Vec<f64>,
    /// The trees: a round has one for each score, in their order.
    pub trees: Vec<Tree>,
}

impl Forest {
    /// One without trees.
    pub fn new(objective: Objective, base: Vec<f64>) -> Self {
        Self {
            objective,
            base,
            trees: Vec::new(),
        }
    }

    /// Rounds of trees.
    pub fn rounds(&self) -> usize {
        self.trees.len() / self.base.len().max(1)
    }

    /// Keeps the first rounds alone.
    pub fn truncate(&mut self, rounds: usize) {
        self.trees.truncate(rounds * self.base.len());
    }

    /// Numbers that were learned: thresholds and leaves.
    pub fn parameters(&self) -> usize {
        self.trees
            .iter()
            .map(|tree| tree.nodes.len() + tree.leaves.len())
            .sum()
    }

    /// The scores of the chosen rows, [rows, scores]. A row's scores don't depend on the others.
    pub fn scores(&self, rows: &Rows<'_>, chosen: &[u32]) -> Vec<f64> {
        let width = self.base.len();
        let mut scores = vec![0.0; chosen.len() * width];
        let blocks = scores.par_chunks_mut(BLOCK * width).zip(chosen.par_chunks(BLOCK));
        blocks.for_each(|(scores, chosen)| {
            scores
                .chunks_exact_mut(width)
                .for_each(|scores| scores.copy_from_slice(&self.base));
            for (index, tree) in self.trees.iter().enumerate() {
                let own = scores.iter_mut().skip(index % width).step_by(width);
                for (score, row) in own.zip(chosen) {
                    *score += tree.value(rows.row(*row as usize));
                }
            }
        });
        scores
    }

    /// The share that each feature has in all gains: the numbers, then the categories, of which there are so many.
    pub fn importance(&self, numbers: usize, categories: usize) -> Vec<f64> {
        let mut gains = vec![0.0; numbers + categories];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes) {
            let feature = match node.question {
                Question::Below { column, .. } => column as usize,
                Question::Among { column, .. } => numbers + column as usize,
            };
            gains[feature] += f64::from(node.gain);
        }
        let all: f64 = gains.iter().sum();
        if all > 0.0 {
            gains.iter_mut().for_each(|gain| *gain /= all);
        }
        gains
    }

    /// The forest as named arrays, the form in which it is stored:
    ///
    /// | name | numbers |
    /// |---|---|
    /// | `base` | the scores before the first tree |
    /// | `tree_nodes`, `tree_leaves` | nodes and leaves of each tree; a round has one tree for each score |
    /// | `column` | of each node, trees one after the other: the column of numbers it asks about, or `!column` of categories |
    /// | `threshold` | of each node: numbers up to it go left; for categories the set's place in `sets` |
    /// | `missing` | of each node: 1 where missing numbers go left |
    /// | `left`, `right` | of each node: the child, a node of the tree or `!leaf` |
    /// | `gain` | of each node: twice what the training loss fell by |
    /// | `sets` | four numbers a set: codes that go left as bits, the lowest code in the lowest bit |
    /// | `leaf`, `leaf_rows` | of each leaf: what it adds to the score, and its training rows |
    ///
    /// Where `!x` is `-x - 1`.
    pub fn arrays(&self) -> Vec<(&'static str, Array)> {
        let nodes = || self.trees.iter().flat_map(|tree| &tree.nodes);
        let (mut column, mut threshold, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let mut sets: Vec<i64> = Vec::new();
        for node in nodes() {
            let (own_column, own_threshold, own_missing) = match node.question {
                Question::Below {
                    column,
                    threshold,
                    missing,
                } => (column as i32, threshold, missing),
                Question::Among { column, set } => {
                    let place = sets.len() / 4;
                    sets.extend(set.0.map(u64::cast_signed));
                    (!(column as i32), place as f32, false)
                }
            };
            column.push(own_column);
            threshold.push(own_threshold);
            missing.push(i32::from(own_missing));
        }
        let counts = |count: fn(&Tree) -> usize| self.trees.iter().map(|tree| count(tree) as i32).collect();
        let leaves = self.trees.iter().flat_map(|tree| tree.leaves.iter().copied());
        let leaf_rows = self.trees.iter().flat_map(|tree| &tree.leaf_rows);
        vec![
            ("base", Array::F64(self.base.clone())),
            ("tree_nodes", Array::I32(counts(|tree| tree.nodes.len()))),
            ("tree_leaves", Array::I32(counts(|tree| tree.leaves.len()))),
            ("column", Array::I32(column)),
            ("threshold", Array::F32(threshold)),
            ("missing", Array::I32(missing)),
            ("left", Array::I32(nodes().map(|node| node.left).collect())),
            ("right", Array::I32(nodes().map(|node| node.right).collect())),
            ("gain", Array::F32(nodes().map(|node| node.gain).collect())),
            ("sets", Array::I64(sets)),
            ("leaf", Array::F64(leaves.collect())),
            (
                "leaf_rows",
                Array::I32(leaf_rows.map(|rows| *rows as i32).collect()),
            ),
        ]
    }

    /// The forest of stored arrays, for rows with so many numbers and categories; `array` gives one by its name.
    ///
    /// # Errors
    /// [`TreesError::Format`] where an array is missing, too short, or points to what isn't there.
    pub fn from_arrays(
        objective: Objective,
        (numbers, categories): (usize, usize),
        array: impl Fn(&str) -> Option<Array>,
    ) -> Result<Self, TreesError> {
        let wrong = |name: &str| TreesError::format(format!("`{name}` isn't as it should be"));
        let f32s = |name: &str| match array(name) {
            Some(Array::F32(values)) => Ok(values),
            _ => Err(wrong(name)),
        };
        let f64s = |name: &str| match array(name) {
            Some(Array::F64(values)) => Ok(values),
            _ => Err(wrong(name)),
        };
        let i32s = |name: &str| match array(name) {
            Some(Array::I32(values)) => Ok(values),
            _ => Err(wrong(name)),
        };
        let Some(Array::I64(sets)) = array("sets") else {
            return Err(wrong("sets"));
        };
        let (columns, thresholds, missing) = (i32s("column")?, f32s("threshold")?, i32s("missing")?);
        let (left, right, gain) = (i32s("left")?, i32s("right")?, f32s("gain")?);
        let (leaf, leaf_rows) = (f64s("leaf")?, i32s("leaf_rows")?);
        let mut forest = Self::new(objective, f64s("base")?);
        if forest.base.is_empty() || forest.base.len() != forest.objective.scores() {
            return Err(wrong("base"));
        }
        let (mut node_at, mut leaf_at) = (0, 0);
        for (nodes, leaves) in i32s("tree_nodes")?.into_iter().zip(i32s("tree_leaves")?) {
            // A tree with n nodes has n + 1 leaves.
            let count = usize::try_from(nodes).map_err(|_| wrong("tree_nodes"))?;
            if leaves != nodes.saturating_add(1) {
                return Err(wrong("tree_leaves"));
            }
            let mut tree = Tree::default();
            for own in 0..count {
                let at = node_at + own;
                let (Some(&column), Some(&threshold), Some(&gain)) =
                    (columns.get(at), thresholds.get(at), gain.get(at))
                else {
                    return Err(wrong("column"));
                };
                let question = match column >= 0 {
                    true => Question::Below {
                        column: column as u32,
                        threshold,
                        missing: missing.get(at).is_some_and(|missing| *missing == 1),
                    },
                    false => {
                        // A threshold that was one of numbers may be any.
                        let set = (threshold as usize)
                            .checked_mul(4)
                            .and_then(|at| sets.get(at..))
                            .and_then(|set| set.first_chunk::<4>());
                        Question::Among {
                            column: !column as u32,
                            set: Set(set.ok_or_else(|| wrong("sets"))?.map(i64::cast_unsigned)),
                        }
                    }
                };
                let known = match question {
                    Question::Below { column, .. } => (column as usize) < numbers,
                    Question::Among { column, .. } => (column as usize) < categories,
                };
                let child = |children: &[i32]| {
                    // Children come after their parents, so that no way through a tree is endless.
                    let sound =
                        |child: i32| (child > own as i32 && child < nodes) || (child < 0 && !child < leaves);
                    children.get(at).copied().filter(|child| sound(*child))
                };
                let (Some(left), Some(right), true) = (child(&left), child(&right), known) else {
                    return Err(wrong("left"));
                };
                tree.nodes.push(Node {
                    question,
                    left,
                    right,
                    gain,
                });
            }
            let own = leaf_at..leaf_at + count + 1;
            let (Some(values), Some(rows)) = (leaf.get(own.clone()), leaf_rows.get(own)) else {
                return Err(wrong("leaf"));
            };
            tree.leaves = values.to_vec();
            tree.leaf_rows = rows.iter().map(|rows| *rows as u32).collect();
            node_at += count;
            leaf_at += count + 1;
            forest.trees.push(tree);
        }
        if node_at != columns.len() || leaf_at != leaf.len() || forest.trees.len() % forest.base.len() != 0 {
            return Err(wrong("tree_nodes"));
        }
        Ok(forest)
    }
}

/// A stored array of one dimension.
#[derive(Debug, Clone, PartialEq)]
pub enum Array {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// 32-bit whole numbers.
    I32(Vec<i32>),
    /// 64-bit whole numbers.
    I64(Vec<i64>),
}
