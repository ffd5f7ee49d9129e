//! A run's events as progress on standard error: a bar on a terminal, lines elsewhere.

use crate::{
    report::{headline, status_word},
    screen::Screen,
};
use aloft_spec::{Event, EventKind, event::Phase, text, verdict::Placement};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows the progress of one run.
pub struct RunProgress {
    screen: Screen,
    bar: Option<ProgressBar>,
    epochs: u32,
    /// What trainings after the first one are.
    later: &'static str,
}

impl RunProgress {
    /// Shows nothing until the first event.
    pub fn new(screen: Screen) -> Self {
        Self {
            screen,
            bar: None,
            epochs: 0,
            later: "fold",
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event) {
        if let Some(line) = line(&event.kind, self.epochs) {
            self.say(&line);
        }
        match &event.kind {
            EventKind::Prepared {
                epochs,
                steps_per_epoch,
                ..
            } => {
                self.epochs = *epochs;
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
                        "epoch {epoch}/{} · loss {} · {} rows/s · {} left",
                        self.epochs,
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
                        "{} {fold}/{folds} · epoch {epoch}/{epochs} · loss {} · {} rows/s · {} left",
                        self.later,
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

/// An event as a line for people; steps, folds in the making and phases have none.
pub fn line(event: &EventKind, epochs: u32) -> Option<String> {
    Some(match event {
        EventKind::Started {
            device,
            host,
            resumed_epochs,
            ..
        } => {
            let resumed = match resumed_epochs {
                0 => String::new(),
                epochs => format!(", goes on after epoch {epochs}"),
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
            format!(
                "  {task} · {} + {} + {} rows{watched} · {} columns · {} parameters{dropped}",
                text::thousands(*train_rows),
                text::thousands(*validation_rows),
                text::thousands(*test_rows),
                features.len(),
                text::thousands(*parameters),
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
            "  epoch {epoch:>3}/{epochs}  loss {}  validation {}  {}{}",
            text::significant_digits(*train_loss, 4),
            text::significant_digits(*validation_loss, 4),
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
