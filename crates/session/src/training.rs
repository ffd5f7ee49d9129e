//! A run's events, folded into the curves and facts that the window shows.

use aloft_protocol::snapshot::{FoldView, TrainingView};
use aloft_spec::{
    event::{Event, EventKind},
    report::Report,
    run::{RunRecord, RunStatus},
    text::thousands,
    train::TrainingUnit,
    verdict::Verdict,
};
use std::sync::Arc;

/// Points of a curve that are kept: more than a screen has pixels, few enough for a frame.
const CURVE_POINTS: usize = 2_000;
/// Log lines that are kept.
const LOG_LINES: usize = 200;

/// A run as far as its events have been read.
#[derive(Debug, Clone)]
pub struct Training {
    /// What the window shows of it.
    pub view: TrainingView,
    /// The latest verdict of the run itself.
    pub verdict: Option<Verdict>,
    /// How it ended, once it has.
    pub ended: Option<(RunStatus, Option<aloft_spec::Problem>)>,
    steps_per_epoch: u64,
}

impl Training {
    /// Nothing has happened yet.
    pub fn new(record: &RunRecord, target: Option<String>, previous_best: Option<f64>) -> Self {
        let unit = TrainingUnit::of(record.train.model.kind);
        Self {
            view: TrainingView {
                run: record.id.clone(),
                target,
                unit,
                epochs: unit.count(record.train.epochs.unwrap_or_default()),
                previous_best,
                extent: record.data.extent.to_string(),
                ..TrainingView::default()
            },
            verdict: None,
            ended: None,
            steps_per_epoch: 0,
        }
    }

    /// The report of the run is there.
    pub fn report(&mut self, report: Report) {
        self.view.best_epoch = Some(self.view.unit.count(report.best_epoch));
        self.view.report = Some(Arc::new(report));
    }

    /// Share of the epochs that is done; of the folds, once these are trained.
    pub fn fraction(&self) -> f32 {
        if let Some(fold) = self.view.fold {
            let epochs = f64::from(fold.epoch.saturating_sub(1)) / f64::from(fold.epochs.max(1));
            let folds = f64::from(fold.fold.saturating_sub(1)) + epochs;
            return (folds / f64::from(fold.folds.max(1))).clamp(0.0, 1.0) as f32;
        }
        let done = self
            .view
            .train_loss
            .last()
            .map_or(0.0, |point| point[0])
            .max(f64::from(self.view.epoch));
        (done / f64::from(self.view.epochs.max(1))).clamp(0.0, 1.0) as f32
    }

    /// Takes the next event.
    pub fn apply(&mut self, event: Event) {
        let view = &mut self.view;
        // How many of what people count an epoch is.
        let units = view.unit.count(1);
        match event.kind {
            EventKind::Started {
                device,
                host,
                resumed_epochs,
                ..
            } => {
                set_fact(view, "device", device);
                set_fact(view, "machine", host);
                // A worker that resumes repeats nothing of the epochs that were finished.
                view.epoch = resumed_epochs * units;
                let resumed = f64::from(view.epoch);
                view.train_loss.retain(|point| point[0] <= resumed);
                view.validation_loss.retain(|point| point[0] <= resumed);
                view.seconds = None;
                view.forecast_seconds = None;
                // What was said of the model that it had when it was stopped.
                view.report = None;
                view.best_epoch = None;
                view.metrics.clear();
                self.ended = None;
            }
            EventKind::Phase { phase } => {
                view.phase = Some(phase);
                view.fold = None;
            }
            EventKind::Prepared {
                train_rows,
                validation_rows,
                watched_rows,
                test_rows,
                dropped_rows,
                features,
                task,
                parameters,
                epochs,
                steps_per_epoch,
                ..
            } => {
                view.epochs = epochs * units;
                self.steps_per_epoch = steps_per_epoch;
                set_fact(view, "task", task);
                set_fact(view, "training rows", thousands(train_rows));
                set_fact(view, "validation rows", thousands(validation_rows));
                if (1..validation_rows).contains(&watched_rows) {
                    set_fact(view, "of them after each epoch", thousands(watched_rows));
                }
                set_fact(view, "test rows", thousands(test_rows));
                if dropped_rows > 0 {
                    set_fact(view, "rows without a target", thousands(dropped_rows));
                }
                set_fact(view, "columns", thousands(features.len() as u64));
                // Trees have none.
                if parameters > 0 {
                    set_fact(view, "parameters", thousands(parameters));
                }
            }
            EventKind::Measured { .. } => {}
            EventKind::Verdict { verdict } => self.verdict = Some(verdict),
            EventKind::Step {
                step,
                loss,
                samples_per_second,
                seconds_left,
                ..
            } => {
                if self.steps_per_epoch > 0 {
                    let epochs = step as f64 / self.steps_per_epoch as f64;
                    push(&mut view.train_loss, [epochs * f64::from(units), loss]);
                }
                view.samples_per_second = samples_per_second;
                view.seconds_left = Some(seconds_left);
            }
            EventKind::Fold {
                fold,
                folds,
                epoch,
                epochs,
                samples_per_second,
                seconds_left,
                ..
            } => {
                view.fold = Some(FoldView {
                    fold,
                    folds,
                    epoch: epoch * units,
                    epochs: epochs * units,
                });
                view.samples_per_second = samples_per_second;
                view.seconds_left = Some(seconds_left);
            }
            EventKind::Epoch {
                epoch,
                train_loss,
                validation_loss,
                samples_per_second,
                ..
            } => {
                view.epoch = epoch * units;
                let x = f64::from(view.epoch);
                // Epochs of a training that is done in a moment are told after a step of the last one.
                let after = view.train_loss.partition_point(|point| point[0] < x);
                let epoch_before = after.checked_sub(1).and_then(|at| view.train_loss.get(at));
                // The mean of an epoch lies far from its last steps, where it would be a peak that never was.
                let has_steps = epoch_before.is_some_and(|point| point[0] > x - f64::from(units));
                match view.train_loss.get_mut(after) {
                    // Where a step is an epoch its loss was smoothed, which the others' isn't.
                    Some(point) if point[0] == x && self.steps_per_epoch == 1 => point[1] = train_loss,
                    Some(point) if point[0] == x => {}
                    _ if has_steps => {}
                    Some(_) => view.train_loss.insert(after, [x, train_loss]),
                    None => push(&mut view.train_loss, [x, train_loss]),
                }
                view.epoch_loss = Some(train_loss);
                push(&mut view.validation_loss, [x, validation_loss]);
                view.samples_per_second = samples_per_second;
            }
            EventKind::Metrics { split, metrics } => {
                // Metrics in the midst of the folds are those of a fold that is done: the next one has begun.
                if let Some(fold) = &mut view.fold
                    && fold.fold < fold.folds
                {
                    fold.fold += 1;
                    fold.epoch = 1;
                }
                view.metrics.insert(split, metrics);
            }
            EventKind::Log { level, message } => {
                view.log.push(if level == "info" {
                    message
                } else {
                    format!("{level}: {message}")
                });
                if view.log.len() > LOG_LINES {
                    view.log.remove(0);
                }
            }
            EventKind::Finished {
                status,
                problem,
                outcome,
            } => {
                view.phase = None;
                view.fold = None;
                view.seconds_left = None;
                if let Some(outcome) = outcome {
                    view.seconds = Some(outcome.seconds);
                    view.samples_per_second = outcome.samples_per_second;
                    view.forecast_seconds = Some(outcome.forecast_seconds).filter(|seconds| *seconds > 0.0);
                }
                self.ended = Some((status, problem));
            }
        }
    }
}

fn set_fact(view: &mut TrainingView, name: &str, value: String) {
    match view.facts.iter_mut().find(|(fact, _)| fact == name) {
        Some(fact) => fact.1 = value,
        None => view.facts.push((name.to_owned(), value)),
    }
}

/// Adds a point; a curve that has grown too long loses every second one.
fn push(curve: &mut Vec<[f64; 2]>, point: [f64; 2]) {
    curve.push(point);
    if curve.len() > CURVE_POINTS {
        let mut index = 0;
        curve.retain(|_| {
            index += 1;
            index % 2 == 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aloft_spec::{event::Phase, run::Metrics};

    fn training() -> Training {
        Training {
            view: TrainingView {
                epoch: 20,
                epochs: 20,
                ..TrainingView::default()
            },
            verdict: None,
            ended: None,
            steps_per_epoch: 10,
        }
    }

    fn apply(training: &mut Training, kind: EventKind) {
        training.apply(Event {
            at: String::new(),
            kind,
        });
    }

    /// Their losses are 1, 1/2, 1/3 and 1/4.
    fn apply_four_epochs(training: &mut Training) {
        for epoch in 1..=4 {
            let told = EventKind::Epoch {
                epoch,
                train_loss: 1.0 / f64::from(epoch),
                validation_loss: 0.5,
                metrics: Default::default(),
                best: true,
                samples_per_second: 1e3,
            };
            apply(training, told);
        }
    }

    #[test]
    fn the_curve_has_all_epochs_of_a_training_of_a_moment() {
        let mut training = training();
        let step = EventKind::Step {
            step: 25,
            epoch: 3,
            loss: 0.1,
            samples_per_second: 1e3,
            seconds_left: 0.0,
        };
        apply(&mut training, step);
        apply_four_epochs(&mut training);
        let at: Vec<f64> = training.view.train_loss.iter().map(|point| point[0]).collect();
        assert_eq!(at, [1.0, 2.0, 2.5, 4.0], "the third is there by its step");
        assert_eq!(training.view.epoch_loss, Some(0.25));
    }

    #[test]
    fn trees_are_counted_in_rounds() {
        let mut training = training();
        (training.view.unit, training.steps_per_epoch) = (TrainingUnit::Round, 1);
        let step = EventKind::Step {
            step: 3,
            epoch: 3,
            loss: 0.9,
            samples_per_second: 1e3,
            seconds_left: 0.0,
        };
        apply(&mut training, step);
        apply_four_epochs(&mut training);
        let curve = [[10.0, 1.0], [20.0, 0.5], [30.0, 1.0 / 3.0], [40.0, 0.25]];
        assert_eq!(
            training.view.train_loss, curve,
            "the smoothed loss of a step makes room"
        );
        assert_eq!(training.view.epoch, 40);
    }

    #[test]
    fn a_run_that_goes_on_shows_nothing_of_the_model_it_had() {
        let mut training = training();
        let test: Metrics = [("test".to_owned(), [("accuracy".to_owned(), 0.5)].into())].into();
        training.view.metrics = test;
        training.view.best_epoch = Some(3);
        apply_four_epochs(&mut training);
        let resumed = EventKind::Started {
            pid: 1,
            device: "cpu".into(),
            aloft: "0".into(),
            host: "here".into(),
            resumed_epochs: 2,
        };
        apply(&mut training, resumed);
        let view = &training.view;
        assert_eq!((view.metrics.len(), view.best_epoch, view.epoch), (0, None, 2));
        assert_eq!(view.validation_loss, [[1.0, 0.5], [2.0, 0.5]]);
    }

    #[test]
    fn a_fold_that_is_done_hands_over_to_the_next() {
        let mut training = training();
        assert_eq!(training.fraction(), 1.0);
        let fold = EventKind::Fold {
            fold: 1,
            folds: 4,
            epoch: 11,
            epochs: 20,
            loss: 0.5,
            samples_per_second: 1e3,
            seconds_left: 9.0,
        };
        apply(&mut training, fold);
        assert_eq!(training.fraction(), 0.125, "half of the first of four");
        let done = |fold: u32| EventKind::Metrics {
            split: format!("fold {fold} of 4"),
            metrics: Metrics::new().remove("none").unwrap_or_default(),
        };
        apply(&mut training, done(1));
        let stands = training.view.fold.map(|fold| (fold.fold, fold.epoch));
        assert_eq!((stands, training.fraction()), (Some((2, 1)), 0.25));
        for fold in 2..=4 {
            apply(&mut training, done(fold));
        }
        assert_eq!(
            training.view.fold.map(|fold| fold.fold),
            Some(4),
            "there is no fifth"
        );
        apply(
            &mut training,
            EventKind::Phase {
                phase: Phase::Evaluate,
            },
        );
        assert_eq!(training.view.fold, None);
    }
}
