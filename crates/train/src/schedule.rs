//! How the learning rate changes from step to step. What it depends on, the steps done and the losses of the epochs done,
//! is in every checkpoint, so that a resumed run has the rates of one that never stopped.

use aloft_spec::train::{ScheduleKind, ScheduleSpec, TrainSpec};
use std::f64::consts::PI;

/// One-cycle begins at this share of the highest rate, and ends at this share of where it began.
const ONE_CYCLE: (f64, f64) = (1.0 / 25.0, 1e-4);

/// A learning rate over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    spec: ScheduleSpec,
    highest: f64,
    steps: u64,
    /// Steps over which the rate rises.
    rise: f64,
    /// What a plateau has left of it.
    left: f64,
}

impl Schedule {
    /// That of a training of so many steps.
    pub fn new(spec: &TrainSpec, steps: u64) -> Self {
        let rise = (steps as f64 * spec.schedule.warmup_share()).floor();
        Self {
            spec: spec.schedule.clone(),
            highest: spec.highest_rate(steps),
            steps,
            rise: rise.max(1.0),
            left: 1.0,
        }
    }

    /// Takes note of the validation losses of all epochs done, in their order.
    pub fn begin_epoch(&mut self, losses: &[f64]) {
        self.left = match self.spec.kind {
            ScheduleKind::Plateau => self.spec.factor.powi(plateaus(losses, self.spec.wait) as i32),
            _ => 1.0,
        };
    }

    /// The rate of a step, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        let done = (step as f64 / self.steps.max(1) as f64).min(1.0);
        let risen = ((step + 1) as f64 / self.rise).min(1.0);
        let share = match self.spec.kind {
            ScheduleKind::Constant | ScheduleKind::Plateau => risen * self.left,
            ScheduleKind::Cosine => risen * half_wave(done),
            ScheduleKind::OneCycle => {
                let (first, last) = (ONE_CYCLE.0, ONE_CYCLE.0 * ONE_CYCLE.1);
                let after = (step + 1) as f64 - self.rise;
                match after > 0.0 {
                    true => {
                        last + (1.0 - last)
                            * half_wave((after / (self.steps as f64 - self.rise).max(1.0)).min(1.0))
                    }
                    false => 1.0 + (first - 1.0) * half_wave(risen),
                }
            }
        };
        self.highest * share
    }
}

/// From 1 to 0 along a cosine, for 0 to 1.
fn half_wave(done: f64) -> f64 {
    0.5 * (1.0 + (PI * done).cos())
}

/// How often the loss has not fallen for so many epochs since it last fell, or since the last such time.
fn plateaus(losses: &[f64], wait: u32) -> u32 {
    let (mut best, mut waited, mut count) = (f64::INFINITY, 0, 0);
    for loss in losses {
        if *loss < best {
            (best, waited) = (*loss, 0);
        } else {
            waited += 1;
        }
        if waited >= wait.max(1) {
            (count, waited) = (count + 1, 0);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::train::ModelKind;

    fn rates(kind: ScheduleKind, warmup: Option<f64>) -> Vec<f64> {
        let mut spec = TrainSpec::new("t", "y");
        spec.optimizer.learning_rate = Some(0.1);
        spec.schedule.kind = kind;
        spec.schedule.warmup = warmup;
        let schedule = Schedule::new(&spec, 1000);
        (0..=1000).map(|step| schedule.rate(step)).collect()
    }

    #[test]
    fn rates_rise_and_fall() {
        let cosine = rates(ScheduleKind::Cosine, None);
        assert!(cosine[0] < 0.003 && cosine[49] > 0.099 && cosine[1000] < 1e-9);
        assert!(cosine[..49].is_sorted() && cosine[50..].is_sorted_by(|a, b| a >= b));
        let cycle = rates(ScheduleKind::OneCycle, None);
        assert!((cycle[0] - 0.004).abs() < 1e-4 && (cycle[299] - 0.1).abs() < 1e-9);
        assert!(cycle[..300].is_sorted() && cycle[300..].is_sorted_by(|a, b| a >= b) && cycle[999] < 1e-5);
        assert!(
            rates(ScheduleKind::Constant, None)
                .iter()
                .all(|rate| *rate == 0.1)
        );
        let warm = rates(ScheduleKind::Constant, Some(0.5));
        assert!(warm[..500].is_sorted_by(|a, b| a < b) && warm[500..].iter().all(|rate| *rate == 0.1));
        assert!(Schedule::new(&TrainSpec::new("t", "y"), 1).rate(0) > 0.0);
    }

    #[test]
    fn a_linear_model_gets_as_far_in_few_steps_as_in_many() {
        let mut spec = TrainSpec::new("t", "y");
        assert_eq!(spec.highest_rate(900), spec.highest_rate(90_000));
        spec.model.kind = ModelKind::Linear;
        assert_eq!(
            [100, 1200, 60_000].map(|steps| spec.highest_rate(steps)),
            [1e-1, 5e-2, 1e-2]
        );
        spec.optimizer.learning_rate = Some(3e-4);
        assert_eq!(spec.highest_rate(100), 3e-4);
    }

    #[test]
    fn a_plateau_lowers_the_rate_and_forgets_nothing() {
        let mut spec = TrainSpec::new("t", "y");
        spec.optimizer.learning_rate = Some(1.0);
        spec.schedule.kind = ScheduleKind::Plateau;
        spec.schedule.wait = 2;
        let losses = [1.0, 0.5, 0.6, 0.6, 0.4, 0.4, 0.5, 0.5, 0.6];
        let expected = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125];
        let mut schedule = Schedule::new(&spec, 100);
        for (epoch, expected) in expected.into_iter().enumerate() {
            schedule.begin_epoch(&losses[..epoch]);
            assert_eq!(schedule.rate(7), expected, "after {epoch} epochs");
        }
    }
}
