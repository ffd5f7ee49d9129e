//! Boosting: a round of trees after another, each along the gradient that those before have left.

use crate::{
    binning::{Binned, Binning},
    error::TreesError,
    forest::Forest,
    gradients::Gradient,
    grow::{Ground, Grower},
    objective::{Objective, Targets},
    options::Options,
    random::{self, Purpose},
    rows::Rows,
    tree::Tree,
};
use rayon::prelude::*;

/// A forest in training.
#[derive(Debug)]
pub struct Booster<'a> {
    rows: Rows<'a>,
    train: &'a [u32],
    watched: &'a [u32],
    targets: Vec<f32>,
    weights: Vec<f32>,
    options: Options,
    binning: Binning,
    binned: Binned,
    forest: Forest,
    /// Scores of the training rows, [scores, rows].
    scores: Vec<f64>,
    /// Scores of the watched rows, [rows, scores].
    watched_scores: Vec<f64>,
    gradients: Vec<Gradient>,
    /// One for each score.
    growers: Vec<Grower>,
}

/// The tree of a score to be grown: which score, what grows it, the scores of all rows, and their gradients.
type Job<'b> = (usize, ((&'b mut Grower, &'b mut [f64]), &'b [Gradient]));

/// What a forest learns from and is held against.
#[derive(Debug, Clone, Copy)]
pub struct Learning<'a, 't> {
    /// All rows.
    pub rows: Rows<'a>,
    /// Those to learn from.
    pub train: &'a [u32],
    /// Those whose scores are kept up to date without learning from them.
    pub watched: &'a [u32],
    /// Their numbers or classes, for each of all rows, or their labels, [labels, rows]; those of rows that aren't learned
    /// from don't matter.
    pub targets: &'t [f32],
    /// What each of all rows counts; empty for 1.
    pub weights: &'t [f32],
}

impl<'a> Booster<'a> {
    /// Finds the bins of the training rows and starts with no tree.
    ///
    /// # Errors
    /// [`TreesError`] where an option is out of its range or a target doesn't fit the objective.
    pub fn new(
        learning: Learning<'a, '_>,
        objective: Objective,
        options: Options,
    ) -> Result<Self, TreesError> {
        options.check()?;
        let Learning {
            rows, train, watched, ..
        } = learning;
        let of_train = |values: &[f32]| {
            let each = values.chunks(rows.rows.max(1));
            each.flat_map(|values| train.iter().map(|row| values[*row as usize]))
                .collect()
        };
        let (values, weights): (Vec<f32>, Vec<f32>) =
            (of_train(learning.targets), of_train(learning.weights));
        let targets = Targets {
            values: &values,
            weights: &weights,
        };
        objective.check(targets)?;
        let base = objective.base(targets);
        let binning = Binning::fit(&rows, train, &options);
        let scores = base.iter().flat_map(|base| vec![*base; train.len()]).collect();
        let watched_scores = watched.iter().flat_map(|_| base.iter().copied()).collect();
        Ok(Self {
            binned: binning.apply(&rows, train),
            gradients: vec![[0.0; 2]; train.len() * objective.scores()],
            growers: base.iter().map(|_| Grower::default()).collect(),
            forest: Forest::new(objective, base),
            targets: values,
            weights,
            rows,
            train,
            watched,
            options,
            binning,
            scores,
            watched_scores,
        })
    }

    /// Goes on from an earlier forest of the same rows and options, with the same trees to come as if it had never stopped.
    ///
    /// # Errors
    /// As [`Booster::new`]; [`TreesError::Format`] where the forest has another objective or other first scores.
    pub fn resume(learning: Learning<'a, '_>, options: Options, forest: Forest) -> Result<Self, TreesError> {
        let mut booster = Self::new(learning, forest.objective.clone(), options)?;
        if booster.forest.base != forest.base {
            return Err(TreesError::format("its first scores are not those of these rows"));
        }
        let scores = booster.scores_per_row();
        for (index, tree) in forest.trees.iter().enumerate() {
            let rows = booster.rows;
            let of_score = index % scores * booster.train.len();
            for (score, row) in booster.scores[of_score..].iter_mut().zip(booster.train) {
                *score += tree.value(rows.row(*row as usize));
            }
            booster.watch(tree, index % scores);
        }
        booster.forest = forest;
        Ok(booster)
    }

    fn scores_per_row(&self) -> usize {
        self.forest.base.len()
    }

    /// The forest so far.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// The scores of the watched rows, [rows, scores]: what [`Forest::scores`] gives for them.
    pub fn watched_scores(&self) -> &[f64] {
        &self.watched_scores
    }

    /// Adds a tree for each score; returns the mean loss of the training rows before.
    pub fn round(&mut self) -> f64 {
        let targets = Targets {
            values: &self.targets,
            weights: &self.weights,
        };
        let loss = self
            .forest
            .objective
            .derive(&self.scores, targets, &mut self.gradients);
        let (count, round) = (self.train.len(), self.forest.rounds() as u64);
        let (options, objective) = (&self.options, &self.forest.objective);
        let drawn = random::some(options.seed, Purpose::Rows, round, count, options.row_share);
        let (features, scores) = (self.binned.features.len(), self.growers.len());
        let ground = Ground {
            options,
            binning: &self.binning,
            binned: &self.binned,
        };
        let (rows, train) = (self.rows, self.train);
        let grow = |(index, ((grower, scores), gradients)): Job<'_>| {
            let tree = round * self.forest.base.len() as u64 + index as u64;
            let columns = random::exactly(
                options.seed,
                Purpose::Columns,
                tree,
                features,
                options.column_share,
            );
            let own_value = |rows: &[u32]| objective.leaf_value(index, rows, scores, targets);
            let grown = grower.grow(ground, gradients, &drawn, &columns, &own_value);
            for (places, value) in grown.leaves.iter().zip(&grown.tree.leaves) {
                for row in &grower.rows()[places.clone()] {
                    scores[*row as usize] += value;
                }
            }
            if drawn.len() < count {
                let mut drawn = drawn.iter().copied().peekable();
                for (place, score) in (0..).zip(scores.iter_mut()) {
                    if drawn.next_if_eq(&place).is_none() {
                        *score += grown.tree.value(rows.row(train[place as usize] as usize));
                    }
                }
            }
            grown.tree
        };
        let trees: Vec<Tree> = match scores == 1 {
            true => {
                let of_score = self.growers.iter_mut().zip(self.scores.chunks_mut(count));
                of_score
                    .zip(self.gradients.chunks(count))
                    .enumerate()
                    .map(grow)
                    .collect()
            }
            false => {
                let of_score = self.growers.par_iter_mut().zip(self.scores.par_chunks_mut(count));
                of_score
                    .zip(self.gradients.par_chunks(count))
                    .enumerate()
                    .map(grow)
                    .collect()
            }
        };
        for (index, tree) in trees.into_iter().enumerate() {
            self.watch(&tree, index);
            self.forest.trees.push(tree);
        }
        loss
    }

    /// Adds a tree to the scores of the watched rows.
    fn watch(&mut self, tree: &Tree, index: usize) {
        let (rows, scores) = (self.rows, self.scores_per_row());
        let add = |(scores, row): (&mut [f64], &u32)| scores[index] += tree.value(rows.row(*row as usize));
        match self.watched.len() < 10_000 {
            true => self
                .watched_scores
                .chunks_mut(scores)
                .zip(self.watched)
                .for_each(add),
            false => self
                .watched_scores
                .par_chunks_mut(scores)
                .zip(self.watched)
                .for_each(add),
        }
    }
}
