//! A run's events as progress on standard error: a bar on a terminal, lines elsewhere.

use crate::{
    report::{headline, status_word},
    screen::Screen,
};
use aloft_spec::{
    Event, EventKind, event::Phase, run::RunRecord, text, train::TrainingUnit, verdict::Placement,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows the progress of one run.
pub struct RunProgress {
    screen: Screen,
    bar: Option<ProgressBar>,
    count: Count,
    /// What trainings after the first one are.
    later: &'static str,
}

impl RunProgress {
    /// Shows nothing until the first event of a run.
    pub fn new(screen: Screen, run: &RunRecord) -> Self {
        Self {
            screen,
            bar: None,
            count: Count::of(run),
            later: "fold",
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        if let Some(line) = line(&event.kind, &mut self.count) {
            self.say(&line);
        }
        match &event.kind {
            EventKind::Prepared {
                epochs,
                steps_per_epoch,
                ..
            } => {
                self.start_bar(u64::from(*epochs) * steps_per_epoch);
            }
            EventKind::Step {
                step,
                epoch,
                loss,
                samples_per_second,
                seconds_left,
            } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*step);
                    bar.set_message(format!(
                        "{} · loss {} · {} rows/s · {} left",
                        self.count.far(*epoch, self.count.epochs),
                        text::significant_digits(*loss, 4),
                        text::thousands(samples_per_second.round() as u64),
                        text::duration(*seconds_left)
                    ));
                }
            }
            EventKind::Fold {
                fold,
                folds,
                epoch,
                epochs,
                loss,
                samples_per_second,
                seconds_left,
            } => {
                if let Some(bar) = &self.bar {
                    // Each of these draws: the words first, so that a new length never stands beside old words.
                    bar.set_message(format!(
                        "{} {fold}/{folds} · {} · loss {} · {} rows/s · {} left",
                        self.later,
                        self.count.far(*epoch, *epochs),
                        text::significant_digits(*loss, 4),
                        text::thousands(samples_per_second.round() as u64),
                        text::duration(*seconds_left)
                    ));
                    bar.set_length(u64::from(*folds) * u64::from(*epochs));
                    bar.set_position(u64::from(fold - 1) * u64::from(*epochs) + u64::from(epoch - 1));
                }
            }
            EventKind::Phase { phase } => {
                self.later = match phase {
                    Phase::Refit => "learning anew, training",
                    _ => "fold",
                };
            }
            EventKind::Finished { .. } => self.clear(),
            _ => {}
        }
    }

    /// A line above the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.screen.note(line)),
            None => self.screen.note(line),
        }
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn start_bar(&mut self, steps: u64) {
        self.clear();
        if !self.screen.draws() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("  {bar:24} {percent:>3}%  {msg}") {
            bar.set_style(style);
        }
        self.bar = Some(bar);
    }
}

impl Drop for RunProgress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What a run counts, and how many epochs it has at the most, once that is told.
pub struct Count {
    unit: TrainingUnit,
    epochs: u32,
}

impl Count {
    /// Of a run of which nothing was told yet.
    pub fn of(run: &RunRecord) -> Self {
        Self {
            unit: TrainingUnit::of(run.train.model.kind),
            epochs: 0,
        }
    }

    /// `epoch  7/60`, `round  70/500`: numbers of the same length in all lines.
    fn far(&self, epoch: u32, epochs: u32) -> String {
        let [epoch, epochs] = [epoch, epochs].map(|epochs| self.unit.count(epochs));
        format!("{} {epoch:>3}/{epochs}", self.unit.word())
    }
}

/// An event as a line for people; steps, folds in the making and phases have none.
pub fn line(event: &EventKind, count: &mut Count) -> Option<String> {
    if let EventKind::Prepared { epochs, .. } = event {
        count.epochs = *epochs;
    }
    Some(match event {
        EventKind::Started {
            device,
            host,
            resumed_epochs,
            ..
        } => {
            let resumed = match resumed_epochs {
                0 => String::new(),
                epochs => format!(
                    ", goes on after {} {}",
                    count.unit.word(),
                    count.unit.count(*epochs)
                ),
            };
            format!("  started on {host} · {device}{resumed}")
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
            ..
        } => {
            let watched = match (1..*validation_rows).contains(watched_rows) {
                true => format!(" · {} watched", text::thousands(*watched_rows)),
                false => String::new(),
            };
            let dropped = match dropped_rows {
                0 => String::new(),
                rows => format!(" · {} rows without a target left out", text::thousands(*rows)),
            };
            // Trees have none before the first of them.
            let parameters = match parameters {
                0 => String::new(),
                parameters => format!(" · {} parameters", text::thousands(*parameters)),
            };
            format!(
                "  {task} · {} + {} + {} rows{watched} · {} columns{parameters}{dropped}",
                text::thousands(*train_rows),
                text::thousands(*validation_rows),
                text::thousands(*test_rows),
                features.len(),
            )
        }
        EventKind::Verdict { verdict } => {
            let seconds = verdict.forecast.seconds;
            let mut line = format!(
                "  forecast {} ({} to {}) · {} memory",
                text::duration(seconds.mid),
                text::duration(seconds.low),
                text::duration(seconds.high),
                text::bytes(verdict.forecast.memory_bytes)
            );
            if verdict.placement != Placement::Here {
                for reason in verdict.exceeded() {
                    line.push_str(&format!("\n  over a limit: {}", reason.text));
                }
            }
            line
        }
        EventKind::Epoch {
            epoch,
            train_loss,
            validation_loss,
            metrics,
            best,
            ..
        } => format!(
            "  {}  loss {}  validation {}  {}{}",
            count.far(*epoch, count.epochs),
            text::aligned(*train_loss, 4),
            text::aligned(*validation_loss, 4),
            headline(metrics),
            if *best { "  best" } else { "" }
        ),
        EventKind::Metrics { split, metrics } => format!("  {split}: {}", headline(metrics)),
        EventKind::Log { level, message } => format!("  {level}: {message}"),
        EventKind::Finished { status, outcome, .. } => {
            let seconds = outcome.map_or(String::new(), |o| format!(" after {}", text::duration(o.seconds)));
            format!("  {}{seconds}", status_word(*status))
        }
        EventKind::Phase { .. }
        | EventKind::Measured { .. }
        | EventKind::Step { .. }
        | EventKind::Fold { .. } => return None,
    })
}

/// An amount that grows to a total, as a bar on a terminal; quiet elsewhere but for its first word.
pub struct AmountProgress {
    screen: Screen,
    label: &'static str,
    words: fn(u64) -> String,
    bar: Option<ProgressBar>,
    told: bool,
}

impl AmountProgress {
    /// Bytes on their way. Shows nothing until the first.
    pub fn of_bytes(screen: Screen, label: &'static str) -> Self {
        Self::new(screen, label, text::bytes)
    }

    /// Rows that are worked on.
    pub fn of_rows(screen: Screen, label: &'static str) -> Self {
        Self::new(screen, label, |rows| format!("{} rows", text::thousands(rows)))
    }

    fn new(screen: Screen, label: &'static str, words: fn(u64) -> String) -> Self {
        Self {
            screen,
            label,
            words,
            bar: None,
            told: false,
        }
    }

    /// So much of so much is there.
    pub fn show(&mut self, done: u64, total: u64) {
        if !self.screen.draws() {
            if !self.told {
                self.told = true;
                self.screen
                    .note(format_args!("  {} {}", self.label, (self.words)(total)));
            }
            return;
        }
        let label = self.label;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("  {msg} {bar:24} {percent:>3}%") {
                bar.set_style(style);
            }
            bar.set_message(label);
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }

    /// Takes the bar away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_counted_in_rounds() {
        let event = EventKind::Epoch {
            epoch: 7,
            train_loss: 0.5,
            validation_loss: 0.25,
            metrics: [("accuracy".to_owned(), 0.75)].into(),
            best: true,
            samples_per_second: 1000.0,
        };
        for (unit, expected) in [
            (
                TrainingUnit::Epoch,
                "  epoch   7/50  loss 0.5000  validation 0.2500",
            ),
            (
                TrainingUnit::Round,
                "  round  70/500  loss 0.5000  validation 0.2500",
            ),
        ] {
            let line = line(&event, &mut Count { unit, epochs: 50 }).unwrap();
            assert!(line.starts_with(expected) && line.ends_with("best"), "{line}");
        }
    }
}
