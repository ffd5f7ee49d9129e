//! `aloft plan NOTEBOOK --cell NAME`

use crate::{Result, interrupt::Interrupt, locate, param::Parameters, screen::Screen, table::wrap, warnings};
use aloft_engine::{Evaluator, Workspace};
use aloft_spec::{
    text,
    verdict::{Placement, ReasonKind, ReasonState, Verdict},
};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// The notebook
    notebook: PathBuf,
    /// Its train cell
    #[arg(long, value_name = "NAME")]
    cell: String,
    /// For all rows instead of the samples of the sources
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    parameters: Parameters,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let interrupt = Interrupt::listen()?;
        let workspace = self.parameters.apply(Workspace::open(&self.notebook)?)?;
        warnings::tell(screen, &workspace, &self.cell);
        screen.note(format_args!("measuring the first steps of `{}`", self.cell));
        let verdict = aloft_engine::plan(
            &Evaluator::new(),
            &workspace,
            &self.cell,
            locate::scope(self.full),
            &interrupt.cancel(),
        )?;
        screen.result(&verdict, |screen| print(screen, &verdict));
        Ok(0)
    }
}

/// Where the text of a reason begins.
const TEXT_COLUMN: usize = 19;

/// The verdict in a few lines.
fn print(screen: &Screen, verdict: &Verdict) {
    screen.line(match verdict.placement {
        Placement::Here => "here: within all limits",
        Placement::Cloud => "cloud: over a limit of this machine",
        Placement::Blocked => "blocked: over a limit of this machine, and the data may not leave it",
    });
    for reason in &verdict.reasons {
        let state = match reason.state {
            ReasonState::Ok => "ok",
            ReasonState::Near => "near",
            ReasonState::Over => "OVER",
            ReasonState::Unknown => "?",
        };
        let mut text = reason.text.clone();
        if matches!(reason.state, ReasonState::Near | ReasonState::Over) && !reason.setting.is_empty() {
            text.push_str(&format!(" ({})", reason.setting));
        }
        let text = wrap(&text, TEXT_COLUMN, screen.width());
        screen.line(format_args!(
            "  {state:<4}  {:<9}  {text}",
            kind_word(reason.kind)
        ));
    }
    let forecast = &verdict.forecast;
    screen.line(format_args!(
        "forecast {} ({} to {}) · {} memory · {} disk",
        text::duration(forecast.seconds.mid),
        text::duration(forecast.seconds.low),
        text::duration(forecast.seconds.high),
        text::bytes(forecast.memory_bytes),
        text::bytes(forecast.disk_bytes),
    ));
    screen.line(format_args!(
        "{} rows · {} steps of {} ms, {} of them measured · {}",
        text::thousands(forecast.rows),
        text::thousands(forecast.steps),
        text::significant_digits(forecast.seconds_per_step * 1000.0, 3),
        text::thousands(forecast.steps_measured),
        forecast.device
    ));
}

fn kind_word(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Privacy => "privacy",
        ReasonKind::Storage => "storage",
        ReasonKind::Memory => "memory",
        ReasonKind::Time => "time",
        ReasonKind::Queue => "queue",
        ReasonKind::Stability => "stability",
    }
}
