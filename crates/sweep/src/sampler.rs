//! What to try next.

use crate::{Error, Grid, Space, draws::Draws, tpe};
use aloft_spec::sweep::{SweepMethod, SweepSpec, Values};

/// Results with a score before the good ones say something; until then points are drawn at random.
const AT_RANDOM: usize = 8;
/// Draws until one is new.
const ATTEMPTS: usize = 64;

/// Says what to try next.
#[derive(Debug, Clone)]
pub struct Sampler {
    space: Space,
    method: SweepMethod,
    /// All points, where there is an end of them.
    grid: Option<Grid>,
    seed: u64,
}

/// A trial: what was tried, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What was tried.
    pub values: Values,
    /// What came of it, less is better; `None` while nobody knows, and for ever where it failed.
    pub score: Option<f64>,
}

impl Sampler {
    /// As a sweep says.
    ///
    /// # Errors
    /// The space is empty or a dimension has no values; a grid has no end.
    pub fn new(sweep: &SweepSpec) -> Result<Self, Error> {
        let space = Space::new(&sweep.space)?;
        let grid = match sweep.method {
            SweepMethod::Grid => Some(Grid::new(&space)?),
            SweepMethod::Random | SweepMethod::Bayesian => Grid::new(&space.without_steps()).ok(),
        };
        Ok(Self {
            space,
            method: sweep.method,
            grid,
            seed: sweep.seed,
        })
    }

    /// Points that there are; `None` where there is no end of them.
    pub fn points(&self) -> Option<u64> {
        self.grid.as_ref().map(Grid::len)
    }

    /// So many trials, or as many as there are points.
    pub fn at_most(&self, trials: u32) -> u32 {
        let all = self
            .points()
            .map(|points| u32::try_from(points).unwrap_or(u32::MAX));
        trials.min(all.unwrap_or(u32::MAX))
    }

    /// Values for the trial with this index, from 1, given all trials before it, in their order. `None` when all has been tried.
    pub fn suggest(&self, index: u32, before: &[Tried]) -> Option<Values> {
        if self.method == SweepMethod::Grid {
            return self.grid.as_ref()?.values(u64::from(index).checked_sub(1)?);
        }
        let results: Vec<tpe::Result> = before
            .iter()
            .filter_map(|tried| {
                Some(tpe::Result {
                    point: self.space.coordinates(&tried.values)?,
                    score: tried.score.filter(|score| score.is_finite()),
                })
            })
            .collect();
        let scores = results.iter().filter(|result| result.score.is_some()).count();
        let is_new = |values: &Values| !before.iter().any(|tried| tried.values == *values);
        let mut draws = Draws::new(self.seed, index);
        let mut drawn = Values::new();
        for attempt in 0..ATTEMPTS {
            // What is good may have been tried already; then anything new is better.
            let at_random =
                self.method == SweepMethod::Random || scores < AT_RANDOM || attempt >= ATTEMPTS / 2;
            let point = match at_random {
                true => self.space.draw(&mut draws),
                false => tpe::next(&self.space, &results, &mut draws),
            };
            drawn = self.space.values(&point);
            if is_new(&drawn) {
                return Some(drawn);
            }
        }
        match &self.grid {
            Some(grid) => (0..grid.len())
                .filter_map(|point| grid.values(point))
                .find(is_new),
            None => Some(drawn),
        }
    }
}
