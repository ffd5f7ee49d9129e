//! Tree-structured Parzen estimators (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011): the results so far
//! are divided into the best few and the others, the density of each is estimated along each dimension, and what is tried next
//! is the most likely among the good relative to the others, out of some draws from the good.
//!
//! Each dimension is taken by itself. A density is a mixture of a normal distribution around each result and a wide one in the
//! middle, the prior, all cut off at the bounds; of a choice it is how often each value was there, each once more than it was.

use crate::{Space, draws::Draws, space::Domain};

/// Draws from the good for each dimension.
const CANDIDATES: usize = 24;
/// Share of the results that are good.
const GOOD: f64 = 0.15;
/// Good results at the most: more of them say no more.
const MOST_GOOD: usize = 25;

/// A result as a point of the space; without a score it is in the making, or failed.
pub(crate) struct Result {
    pub point: Vec<f64>,
    pub score: Option<f64>,
}

/// The point to try next. `results` holds at least one score.
pub(crate) fn next(space: &Space, results: &[Result], draws: &mut Draws) -> Vec<f64> {
    let mut order: Vec<&Result> = results.iter().collect();
    // What has no score is among the others: what fails isn't good, and what is being tried isn't tried again next to it.
    order.sort_by(|a, b| {
        let score = |result: &Result| result.score.unwrap_or(f64::INFINITY);
        score(a).total_cmp(&score(b))
    });
    let scored = results.iter().filter(|result| result.score.is_some()).count();
    let good = ((scored as f64 * GOOD).ceil() as usize).clamp(1, MOST_GOOD);
    let (good, others) = order.split_at(good.min(order.len()));
    let along = |results: &[&Result], index: usize| -> Vec<f64> {
        results.iter().map(|result| result.point[index]).collect()
    };
    let dimensions = space.dimensions().iter().enumerate();
    dimensions
        .map(|(index, dimension)| {
            let (good, others) = (along(good, index), along(others, index));
            match &dimension.domain {
                Domain::Choice(values) => likeliest(
                    &Shares::new(values.len(), &good),
                    &Shares::new(values.len(), &others),
                    draws,
                ),
                Domain::Range(_) => likeliest(&Mixture::new(&good), &Mixture::new(&others), draws),
            }
        })
        .collect()
}

/// A distribution of coordinates along a dimension.
trait Density {
    fn draw(&self, draws: &mut Draws) -> f64;
    /// Logarithm of the density at a coordinate.
    fn log_density(&self, at: f64) -> f64;
}

/// Out of some draws from the good, that which is likeliest relative to the others.
fn likeliest(good: &impl Density, others: &impl Density, draws: &mut Draws) -> f64 {
    let mut best = (f64::NEG_INFINITY, 0.0);
    for _ in 0..CANDIDATES {
        let at = good.draw(draws);
        let gain = good.log_density(at) - others.log_density(at);
        if gain > best.0 {
            best = (gain, at);
        }
    }
    best.1
}

/// How often each value of a choice was there.
struct Shares(Vec<f64>);

impl Shares {
    fn new(count: usize, seen: &[f64]) -> Self {
        let mut shares = vec![1.0; count];
        for at in seen {
            shares[*at as usize] += 1.0;
        }
        let sum: f64 = shares.iter().sum();
        Self(shares.into_iter().map(|share| share / sum).collect())
    }
}

impl Density for Shares {
    fn draw(&self, draws: &mut Draws) -> f64 {
        draws.weighted(&self.0) as f64
    }

    fn log_density(&self, at: f64) -> f64 {
        self.0[at as usize].ln()
    }
}

/// Normal distributions, cut off at 0 and 1, all with the same weight.
struct Mixture(Vec<Normal>);

struct Normal {
    mean: f64,
    deviation: f64,
    /// What is left of it between 0 and 1.
    mass: f64,
}

impl Mixture {
    /// One around each coordinate, as wide as the gap to its farther neighbour, and the prior.
    fn new(seen: &[f64]) -> Self {
        const PRIOR: f64 = 0.5;
        let mut means: Vec<f64> = seen.to_vec();
        means.push(PRIOR);
        means.sort_by(f64::total_cmp);
        // Many results may be narrow, few must not be.
        let narrowest = 1.0 / (means.len() as f64).min(100.0);
        let normal = |(index, mean): (usize, &f64)| {
            let before = index.checked_sub(1).map_or(0.0, |index| means[index]);
            let after = means.get(index + 1).copied().unwrap_or(1.0);
            let deviation = (mean - before).max(after - mean).clamp(narrowest, 1.0);
            Normal::new(*mean, deviation)
        };
        let mut normals: Vec<Normal> = means.iter().enumerate().map(normal).collect();
        if let Some(at) = means.iter().position(|mean| *mean == PRIOR) {
            normals[at] = Normal::new(PRIOR, 1.0);
        }
        Self(normals)
    }
}

impl Density for Mixture {
    fn draw(&self, draws: &mut Draws) -> f64 {
        let normal = &self.0[draws.below(self.0.len())];
        draws.normal_within_unit(normal.mean, normal.deviation)
    }

    fn log_density(&self, at: f64) -> f64 {
        let densities = self.0.iter().map(|normal| {
            let distance = (at - normal.mean) / normal.deviation;
            (-0.5 * distance * distance).exp()
                / (std::f64::consts::TAU.sqrt() * normal.deviation * normal.mass)
        });
        let sum: f64 = densities.sum();
        // Far from all of them the sum may be 0: that is unlikely, not impossible.
        (sum / self.0.len() as f64).max(f64::MIN_POSITIVE).ln()
    }
}

impl Normal {
    fn new(mean: f64, deviation: f64) -> Self {
        let mass = cumulative((1.0 - mean) / deviation) - cumulative(-mean / deviation);
        Self {
            mean,
            deviation,
            mass,
        }
    }
}

/// The chance that a standard normal number is below `x`, within 1e-7 (Abramowitz and Stegun, 1964, formula 7.1.26).
fn cumulative(x: f64) -> f64 {
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let polynomial = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let error_function = 1.0 - polynomial * (-z * z).exp();
    0.5 * (1.0 + error_function.copysign(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (x, chance) in [
            (0.0, 0.5),
            (1.0, 0.841_344_7),
            (-1.96, 0.024_997_9),
            (3.0, 0.998_650_1),
        ] {
            assert!((cumulative(x) - chance).abs() < 1e-6, "{x}");
        }
    }

    #[test]
    fn a_mixture_is_a_density() {
        for seen in [vec![], vec![0.0, 0.0, 1.0], vec![0.2, 0.21, 0.7, 0.9]] {
            let mixture = Mixture::new(&seen);
            let steps = 2000;
            let density = |step| {
                mixture
                    .log_density((f64::from(step) + 0.5) / f64::from(steps))
                    .exp()
            };
            let sum: f64 = (0..steps).map(density).sum::<f64>() / f64::from(steps);
            assert!((sum - 1.0).abs() < 1e-3, "{seen:?}: {sum}");
        }
    }

    #[test]
    fn draws_are_where_the_good_are_and_the_others_are_not() {
        let mut draws = Draws::new(1, 1);
        let (good, others) = (
            Mixture::new(&[0.8, 0.82]),
            Mixture::new(&[0.1, 0.2, 0.3, 0.5, 0.6]),
        );
        for _ in 0..50 {
            let at = likeliest(&good, &others, &mut draws);
            assert!(at > 0.6, "{at}");
        }
        let (good, others) = (Shares::new(3, &[2.0, 2.0]), Shares::new(3, &[0.0, 1.0, 0.0]));
        assert_eq!(likeliest(&good, &others, &mut draws), 2.0);
    }
}
