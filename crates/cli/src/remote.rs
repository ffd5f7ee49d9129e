//! Following a job on its target, and what is said about it.

use crate::{
    Result,
    interrupt::Interrupt,
    progress::{AmountProgress, RunProgress},
    report::RunReport,
    screen::Screen,
};
use aloft_engine::News;
use aloft_project::Project;
use aloft_runs::Follow;
use aloft_spec::job::{JobRecord, JobState, Preflight};
use serde::Serialize;
use std::path::Path;

/// A job and the run that it executes.
#[derive(Serialize)]
pub struct JobReport {
    #[serde(flatten)]
    run: RunReport,
    job: Option<JobRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preflight: Option<Preflight>,
}

impl JobReport {
    /// Reads what is known about a job here.
    pub fn read(run_dir: &Path, preflight: Option<Preflight>) -> Result<Self> {
        Ok(Self {
            run: RunReport::read(run_dir)?,
            job: aloft_runs::read_job(run_dir)?,
            preflight,
        })
    }

    /// As the run's.
    pub fn exit_code(&self) -> u8 {
        self.run.exit_code()
    }

    /// Says why the run isn't done.
    pub fn note_error(&self, screen: &Screen) {
        self.run.note_error(screen);
    }

    /// The job in a few lines.
    pub fn print(&self, screen: &Screen) {
        self.run.print(screen);
        if let Some(job) = &self.job {
            screen.line(format_args!(
                "  {:<10}  {} · {}",
                "target",
                job.target,
                state_word(job.state)
            ));
        }
    }
}

/// Follows a job until its outcome is home, and says whether it is; Ctrl+C detaches.
pub fn attach(screen: &Screen, project: &Project, run_dir: &Path, interrupt: &Interrupt) -> Result<bool> {
    let mut log = Follow::new(run_dir);
    let mut progress = RunProgress::new(*screen, &aloft_runs::read(run_dir)?);
    let mut download = AmountProgress::of_bytes(*screen, "fetching");
    let mut unreachable = false;
    let job = aloft_engine::attach(project, run_dir, &interrupt.cancel(), &mut |news| match news {
        News::Polled(_) => {
            unreachable = false;
            // What can't be read now is read at the next poll.
            for event in log.poll().unwrap_or_default() {
                progress.show(&event);
            }
        }
        News::Unreachable(problem) => {
            if !unreachable {
                progress.say(&format!(
                    "  {}; it is tried again, the job goes on",
                    problem.message
                ));
            }
            unreachable = true;
        }
        News::Fetching(done, total) => download.show(done, total),
    })?;
    progress.clear();
    download.clear();
    if !job.state.is_final() {
        screen.note(format_args!(
            "detached; `aloft jobs logs --follow {}` attaches again, `aloft jobs stop {0}` stops it",
            job.run
        ));
    }
    Ok(job.state.is_final())
}

/// `running`, `home`.
pub fn state_word(state: JobState) -> &'static str {
    match state {
        JobState::Uploading => "uploading",
        JobState::Running => "running",
        JobState::Ended => "ended, not fetched yet",
        JobState::Home => "home",
        JobState::Failed => "failed",
        JobState::Stopped => "stopped",
    }
}
