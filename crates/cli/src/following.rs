//! A run on this machine from its start to its end, with progress.

use crate::{Result, interrupt::Interrupt, progress::RunProgress, report::RunReport, screen::Screen};
use aloft_engine::{Evaluator, Following, Progress, Workspace};
use aloft_spec::table::Scope;
use std::path::Path;
use std::time::Duration;

const GLANCE: Duration = Duration::from_millis(200);

/// Trains a cell in a child process and follows it to its end.
pub fn train(
    screen: &Screen,
    evaluator: &Evaluator,
    workspace: &Workspace,
    cell: &str,
    scope: Scope,
    interrupt: &Interrupt,
) -> Result<RunReport> {
    let run_dir = aloft_engine::prepare_run(evaluator, workspace, cell, scope, &interrupt.cancel())?;
    screen.note(format_args!("training `{cell}` in {}", run_dir.display()));
    aloft_engine::start(&run_dir)?;
    follow(screen, &run_dir, interrupt)?;
    RunReport::read(&run_dir)
}

/// Shows a run's events until it has ended; Ctrl+C stops the run.
fn follow(screen: &Screen, run_dir: &Path, interrupt: &Interrupt) -> Result<()> {
    let mut following = Following::new(run_dir);
    let mut progress = RunProgress::new(*screen, &aloft_runs::read(run_dir)?);
    let mut stopping = false;
    loop {
        match following.wait(GLANCE)? {
            Progress::Event(event) => progress.show(&event),
            Progress::Ended(_) => return Ok(()),
            Progress::Quiet => {}
        }
        if interrupt.requested() && !stopping {
            stopping = true;
            aloft_runs::request_stop(run_dir)?;
            progress.say("  stopping after this step; Ctrl+C again leaves without waiting");
        }
    }
}
