//! The minimum of a smooth convex function: L-BFGS (Nocedal, 1980) with a backtracking line search.

use std::collections::VecDeque;

/// Steps whose curvature is kept.
const KEPT: usize = 10;
/// Share of the expected decrease that a step must bring (Armijo).
const DECREASE: f64 = 1e-4;
/// Steps of which it is asked what they have brought together.
const SLOW: usize = 3;
/// Times that a step is halved before the search gives up.
const HALVINGS: u32 = 30;

/// When a search ends.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// After so many steps at the latest.
    pub steps: usize,
    /// Where no slope is steeper than this.
    pub slope: f64,
    /// Once [`SLOW`] steps together have brought less than this.
    pub gain: f64,
}

/// Goes down from `at` to where the search is to end, or a step brings nothing. `value` returns the function's value and
/// writes its gradient.
pub fn minimize(at: &mut Vec<f64>, end: End, mut value: impl FnMut(&[f64], &mut [f64]) -> f64) {
    let mut gradient = vec![0.0; at.len()];
    let mut current = value(at, &mut gradient);
    let mut memory: VecDeque<Curvature> = VecDeque::new();
    // The latest values, the last one first.
    let mut values: VecDeque<f64> = VecDeque::new();
    for _ in 0..end.steps {
        let slow = values.len() > SLOW && values[SLOW] - current < end.gain;
        if slow || gradient.iter().all(|slope| slope.abs() <= end.slope) {
            return;
        }
        values.push_front(current);
        values.truncate(SLOW + 1);
        let mut direction = direction(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding has spoilt what was remembered.
            memory.clear();
            direction = gradient.iter().map(|slope| -slope).collect();
            slope = dot(&direction, &gradient);
        }
        // Nothing is known of the curvature yet: a first step of length one at the most.
        let mut length = match memory.is_empty() {
            true => (1.0 / dot(&gradient, &gradient).sqrt()).min(1.0),
            false => 1.0,
        };
        let mut next_gradient = vec![0.0; at.len()];
        let mut found = None;
        for _ in 0..HALVINGS {
            let next: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let reached = value(&next, &mut next_gradient);
            if reached <= current + DECREASE * length * slope {
                found = Some((next, reached));
                break;
            }
            length /= 2.0;
        }
        let Some((next, reached)) = found else {
            return;
        };
        let moved: Vec<f64> = next.iter().zip(&*at).map(|(new, old)| new - old).collect();
        let bent: Vec<f64> = next_gradient
            .iter()
            .zip(&gradient)
            .map(|(new, old)| new - old)
            .collect();
        let curvature = dot(&moved, &bent);
        if curvature > 1e-12 * dot(&bent, &bent).sqrt() * dot(&moved, &moved).sqrt() {
            memory.push_front(Curvature {
                moved,
                bent,
                inverse: 1.0 / curvature,
            });
            memory.truncate(KEPT);
        }
        (*at, gradient, current) = (next, next_gradient, reached);
    }
}

/// A step and what it did to the gradient.
struct Curvature {
    moved: Vec<f64>,
    bent: Vec<f64>,
    inverse: f64,
}

/// The direction of the next step: minus the gradient, bent by what is remembered (the two-loop recursion).
fn direction(gradient: &[f64], memory: &VecDeque<Curvature>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for of in memory {
        let share = of.inverse * dot(&of.moved, &direction);
        add(&mut direction, -share, &of.bent);
        shares.push(share);
    }
    if let Some(latest) = memory.front() {
        let scale = 1.0 / (latest.inverse * dot(&latest.bent, &latest.bent));
        direction.iter_mut().for_each(|number| *number *= scale);
    }
    for (of, share) in memory.iter().zip(shares).rev() {
        let correction = share - of.inverse * dot(&of.bent, &direction);
        add(&mut direction, correction, &of.moved);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_valley_is_followed_to_its_end() {
        let mut at = vec![-1.2, 1.0, 5.0];
        let valley = |x: &[f64], gradient: &mut [f64]| {
            let (a, b, c) = (x[0] - 3.0, x[1] + 1.0, x[2] - x[0] / 100.0);
            gradient.copy_from_slice(&[2.0 * a - 200.0 * c, 200.0 * b, 2e4 * c]);
            a * a + 100.0 * b * b + 1e4 * c * c
        };
        let end = End {
            steps: 500,
            slope: 1e-9,
            gain: 0.0,
        };
        minimize(&mut at, end, valley);
        for (found, expected) in at.iter().zip([3.0, -1.0, 0.03]) {
            assert!((found - expected).abs() < 1e-6, "{at:?}");
        }
        // Who is content with less asks less often, and is as near as was asked for.
        let (mut near, mut asked) = (vec![-1.2, 1.0, 5.0], 0);
        minimize(&mut near, End { gain: 1e-3, ..end }, |x, gradient| {
            asked += 1;
            valley(x, gradient)
        });
        let left = valley(&near, &mut [0.0; 3]);
        assert!((0.0..1e-2).contains(&left) && asked < 100, "{left} after {asked}");
    }
}
