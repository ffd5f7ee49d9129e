//! Asynchronous successive halving in its stopping variant (Li et al., "A System for Massively Parallel Hyperparameter Tuning",
//! 2020): at each rung a trial goes on only where it is among the best of those that have come to the rung so far. Nobody waits
//! for anybody, and a trial that is stopped stays so.

use aloft_spec::sweep::HalvingSpec;

/// Who goes on at a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halving {
    factor: u32,
    epochs: u32,
}

impl Halving {
    /// As a sweep says; one in at least two goes on, the first rung is after at least one epoch.
    pub fn new(spec: &HalvingSpec) -> Self {
        Self {
            factor: spec.factor.max(2),
            epochs: spec.epochs.max(1),
        }
    }

    /// The epochs after which a trial of so many epochs is looked at, rising: all before its last.
    pub fn rungs(self, epochs: u32) -> Vec<u32> {
        let rungs = std::iter::successors(Some(self.epochs), |rung| rung.checked_mul(self.factor));
        rungs.take_while(|rung| *rung < epochs).collect()
    }

    /// Whether a trial with this score goes on, given the scores of others that were at the same rung before it: it is among
    /// the best one in `factor`. The best so far always goes on.
    pub fn goes_on(self, own: f64, others: &[f64]) -> bool {
        let better = others.iter().filter(|other| **other < own).count();
        let places = (others.len() + 1) / self.factor as usize;
        better < places.max(1)
    }
}
